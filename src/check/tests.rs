//! Tests of a check with scripted endpoints: without a socket, and with a clock that jumps to the end
//! of each wait.

mod hosts;
mod script;
mod time;

use std::future::pending;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::*;
use crate::conninfo::fake::Fake;
use crate::diagnose::OtherHosts;
use crate::exit::Exit;
use script::Answer::{Connected, OfAnotherKind, Refuses, Silent, Unreachable, Wanted};
use script::{PASSES, Script};

/// With a clock that jumps to the end of each wait.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build();
    runtime.unwrap().block_on(future)
}

fn request() -> CheckRequest {
    CheckRequest::new(0, NonZeroUsize::new(100).unwrap())
}

fn any() -> CheckRequest {
    CheckRequest {
        hosts: Hosts::Any,
        ..request()
    }
}

fn sources(strings: &[&str]) -> Vec<Source> {
    let sources = strings.iter().map(|string| Source {
        text: string.as_bytes().to_vec(),
        ..Source::default()
    });
    sources.collect()
}

/// What was reported during the run.
#[derive(Default)]
struct Told {
    begun: Option<usize>,
    awaited: Vec<usize>,
    done: Vec<Exit>,
    changes: Vec<Exit>,
    completed: Vec<Vec<Exit>>,
}

impl Observer for Told {
    fn begin(&mut self, names: &mut dyn ExactSizeIterator<Item = String>) {
        self.begun = Some(names.len());
    }

    fn begun(&mut self, place: usize) {
        self.awaited.push(place);
    }

    fn ended(&mut self, place: usize) {
        self.awaited.retain(|awaited| *awaited != place);
    }

    fn done(&mut self, checked: &Checked<'_>) {
        self.done.push(checked.exit());
    }

    fn changed(&mut self, checked: &Checked<'_>) {
        self.changes.push(checked.exit());
    }

    fn completed(&mut self, source: &Source, checked: &[&Checked<'_>]) {
        let of_others = checked
            .iter()
            .filter(|one| !std::ptr::eq(one.source, source));
        assert_eq!(of_others.count(), 0);
        let exits = checked.iter().map(|one| one.exit());
        self.completed.push(exits.collect());
    }
}

async fn run<'a>(
    script: &Script,
    request: &CheckRequest,
    sources: &'a [Source],
    told: &mut Told,
    interruption: impl Future<Output = ()>,
) -> Result<Outcome<'a>, Error> {
    let run = Run {
        request,
        world: &Fake::without_user(),
        turns: &Turns::default(),
        visitor: script,
        observer: RefCell::new(told),
    };
    run.until(sources, interruption).await
}

/// The exit code, and that of each endpoint.
fn exits(script: &Script, request: &CheckRequest, strings: &[&str]) -> (Exit, Vec<Exit>) {
    let sources = sources(strings);
    let mut told = Told::default();
    let outcome = block_on(run(script, request, &sources, &mut told, pending())).unwrap();
    assert!(told.begun.is_some());
    let each = outcome.checked().map(Checked::exit).collect();
    (outcome.exit(), each)
}

const THREE: &str = "user=u host=a,b,c";

#[test]
fn all_hosts_are_endpoints_of_their_own() {
    let script = Script::new(&[
        ("a", &[Unreachable]),
        ("b", &[PASSES]),
        ("c", &[Connected(Exit::Untrusted)]),
    ]);
    let (exit, each) = exits(&script, &request(), &[THREE]);
    assert_eq!(each, [Exit::Unreachable, Exit::Passed, Exit::Untrusted]);
    assert_eq!(exit, Exit::Unmet);
    let visits = script.visits.borrow();
    assert!(visits.iter().all(|one| one.others == OtherHosts::Fail));
}

#[test]
fn any_host_continues_after_a_failed_connect_and_stays_at_the_first_connection() {
    for (answers, visited, exit) in [
        ([PASSES, PASSES, PASSES], "a", Exit::Passed),
        ([Unreachable, PASSES, PASSES], "ab", Exit::Passed),
        ([Unreachable, Unreachable, PASSES], "abc", Exit::Passed),
        (
            [Unreachable, Connected(Exit::Untrusted), PASSES],
            "ab",
            Exit::Untrusted,
        ),
        ([Connected(Exit::NoTls), PASSES, PASSES], "a", Exit::NoTls),
        (
            [Unreachable, Unreachable, Unreachable],
            "abc",
            Exit::Unreachable,
        ),
        // The server is starting up, and then any other refusal.
        ([Refuses("57P03"), PASSES, PASSES], "ab", Exit::Passed),
        ([Refuses("28P01"), PASSES, PASSES], "a", Exit::Login),
        ([Refuses("53300"), PASSES, PASSES], "a", Exit::Login),
        (
            [Refuses("57P03"), Unreachable, Refuses("57P03")],
            "abc",
            Exit::Unmet,
        ),
    ] {
        let script = Script::new(&[
            ("a", &answers[..1]),
            ("b", &answers[1..2]),
            ("c", &answers[2..]),
        ]);
        assert_eq!(exits(&script, &any(), &[THREE]).0, exit, "{answers:?}");
        assert_eq!(script.hosts().concat(), visited, "{answers:?}");
    }
}

#[test]
fn with_target_session_attrs_a_login_continues_to_a_matching_server() {
    let string = &format!("{THREE} target_session_attrs=standby");
    for hosts in [Hosts::Any, Hosts::All] {
        let request = CheckRequest {
            hosts,
            login: true,
            ..request()
        };
        let other = OfAnotherKind(Exit::Passed);
        let script = Script::new(&[("a", &[other]), ("b", &[Wanted]), ("c", &[other])]);
        let (exit, each) = exits(&script, &request, &[string]);
        assert_eq!(exit, Exit::Passed);
        let visited = match hosts {
            Hosts::Any => 2,
            Hosts::All => 3,
        };
        assert_eq!((script.hosts().len(), each.len()), (visited, visited));
        // The last one knows that another host will do.
        let visits = script.visits.borrow();
        assert!(visits.iter().all(|one| one.others == OtherHosts::Serve));
    }
}

#[test]
fn the_last_host_knows_that_no_other_will_do() {
    let string = &format!("{THREE} target_session_attrs=standby");
    let request = CheckRequest {
        login: true,
        ..any()
    };
    let other = OfAnotherKind(Exit::Passed);
    let last = OfAnotherKind(Exit::Login);
    let script = Script::new(&[("a", &[other]), ("b", &[Unreachable]), ("c", &[last])]);
    assert_eq!(exits(&script, &request, &[string]).0, Exit::Unmet);
    let visits = script.visits.borrow();
    let others: Vec<OtherHosts> = visits.iter().map(|one| one.others).collect();
    assert_eq!(
        others,
        [OtherHosts::Serve, OtherHosts::Serve, OtherHosts::Fail]
    );
}

#[test]
fn prefer_standby_returns_to_a_host_that_was_skipped() {
    let primary = OfAnotherKind(Exit::Passed);
    for (wanted, hosts, exit) in [
        ("prefer-standby", Hosts::Any, Exit::Passed),
        ("standby", Hosts::Any, Exit::Unreachable),
        ("prefer-standby", Hosts::All, Exit::Unreachable),
    ] {
        let script = Script::new(&[
            ("a", &[primary]),
            ("b", &[Unreachable]),
            ("c", &[Unreachable]),
        ]);
        let request = CheckRequest {
            hosts,
            login: true,
            ..request()
        };
        let string = format!("{THREE} target_session_attrs={wanted}");
        assert_eq!(exits(&script, &request, &[&string]).0, exit, "{wanted}");
        assert_eq!(script.hosts().concat(), "abc");
    }
}

#[test]
fn several_strings_share_their_exit_code_or_fail_with_one() {
    for (a, b, exit) in [
        (PASSES, PASSES, Exit::Passed),
        (PASSES, Unreachable, Exit::Unreachable),
        (Unreachable, Unreachable, Exit::Unreachable),
        (Unreachable, Connected(Exit::NoTls), Exit::Unmet),
    ] {
        let script = Script::new(&[("a", &[a]), ("b", &[b])]);
        let strings = ["user=u host=a", "user=u host=b"];
        assert_eq!(exits(&script, &request(), &strings).0, exit, "{a:?} {b:?}");
    }
    let script = Script::new(&[("a", &[PASSES])]);
    let (exit, each) = exits(&script, &request(), &["user=u host=a", "user=u hots=a"]);
    assert_eq!((exit, each), (Exit::Usage, vec![Exit::Passed, Exit::Usage]));
}

#[test]
fn results_are_in_the_order_of_the_input_and_are_reported_as_they_come() {
    let script = Script::new(&[
        ("a", &[Unreachable, Unreachable, PASSES]),
        ("b", &[Connected(Exit::NoTls)]),
    ]);
    let request = CheckRequest {
        patience: Patience {
            wait: Some(Duration::from_secs(60)),
            timeout: None,
        },
        ..request()
    };
    let sources = sources(&["user=u host=a", "user=u host=b"]);
    let mut told = Told::default();
    let outcome = block_on(run(&script, &request, &sources, &mut told, pending())).unwrap();
    let order: Vec<Exit> = outcome.checked().map(Checked::exit).collect();
    assert_eq!(order, [Exit::Passed, Exit::NoTls]);
    assert_eq!(told.done, [Exit::NoTls, Exit::Passed]);
}

#[test]
fn the_results_of_a_string_are_told_in_its_order_whichever_host_answers_first() {
    let script = Script::new(&[
        ("a", &[Unreachable, Unreachable, PASSES]),
        ("b", &[Connected(Exit::NoTls)]),
        ("c", &[Connected(Exit::WrongHost)]),
    ]);
    let request = CheckRequest {
        patience: Patience {
            wait: Some(Duration::from_secs(60)),
            timeout: None,
        },
        ..request()
    };
    let sources = sources(&["user=u host=a,b", "user=u host=c"]);
    let mut told = Told::default();
    block_on(run(&script, &request, &sources, &mut told, pending())).unwrap();
    assert_eq!(told.done, [Exit::NoTls, Exit::WrongHost, Exit::Passed]);
    let in_order = vec![Exit::Passed, Exit::NoTls];
    assert_eq!(told.completed, [vec![Exit::WrongHost], in_order]);
}

#[test]
fn nothing_to_check_is_not_a_pass() {
    let script = Script::new(&[]);
    let outcome = block_on(run(
        &script,
        &request(),
        &[],
        &mut Told::default(),
        pending(),
    ));
    assert!(matches!(outcome, Err(Error::Incomplete)));
}

#[test]
fn every_address_is_an_endpoint_and_any_of_them_will_do_where_any_host_will() {
    let all = CheckRequest {
        all_addresses: true,
        ..request()
    };
    let script = Script::new(&[("a", &[PASSES]), ("b", &[Unreachable])]);
    let (_, each) = exits(&script, &all, &["user=u host=a,b"]);
    let (pass, fail) = (Exit::Passed, Exit::Unreachable);
    assert_eq!(each, [pass, pass, fail, fail]);
    let any = CheckRequest {
        hosts: Hosts::Any,
        ..all
    };
    let script = Script::new(&[("a", &[Unreachable]), ("b", &[PASSES])]);
    let (exit, each) = exits(&script, &any, &["user=u host=a,b"]);
    assert_eq!((exit, each), (pass, vec![fail, fail, pass, pass]));
    // Every address of the host at which libpq stays.
    let addresses: &[u8] = b"pq";
    let bad = Connected(Exit::Untrusted);
    for other in [bad, Unreachable] {
        let script = Script::new(&[("p", &[PASSES]), ("q", &[other]), ("b", &[PASSES])]);
        let script = script.naming("a", &[Some(addresses)]);
        let (exit, _) = exits(&script, &any, &["user=u host=a,b"]);
        assert_ne!(exit, pass, "{other:?}");
        assert_eq!(script.hosts().concat(), "pq");
    }
}

#[test]
fn a_host_that_fails_is_spare_if_its_own_string_passes_with_another() {
    let script = Script::new(&[
        ("a", &[Unreachable]),
        ("b", &[PASSES]),
        ("c", &[Unreachable]),
        ("d", &[Connected(Exit::Untrusted)]),
    ]);
    let sources = sources(&["user=u host=a,b", "user=u host=c,d", "user=u host=c"]);
    for (request, spare) in [
        (any(), [true, false, false, false, false]),
        (request(), [false; 5]),
    ] {
        let told = &mut Told::default();
        let outcome = block_on(run(&script, &request, &sources, told, pending())).unwrap();
        let each: Vec<bool> = outcome.checked().map(|checked| checked.spare).collect();
        assert_eq!(each, spare);
        assert_eq!(outcome.exit(), Exit::Unmet);
    }
}
