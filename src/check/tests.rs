//! Tests of a check with scripted endpoints: without a socket, and with a clock that jumps to the end
//! of each wait.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::time::sleep;

use super::unit::{Readable, Unreadable};
use super::*;
use crate::connect;
use crate::conninfo::TargetSessionAttrs;
use crate::conninfo::fake::Fake;
use crate::diagnose::{Code, Finding, Hint, Level, OtherHosts, Stage};
use crate::handshake::Tls;
use crate::login::{self, Entered, Role, Sight, Step, Unread};
use crate::probe::{LibpqOffer, Moment, Stop, Timings};
use crate::wire::postgres::ServerError;

/// With a clock that jumps to the end of each wait.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build();
    runtime.unwrap().block_on(future)
}

/// How an endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// There is no connection.
    Unreachable,
    /// There is one, and the check ends like this.
    Connected(Exit),
    /// The login fails with this SQLSTATE.
    Refuses(&'static str),
    /// The login succeeds, but `target_session_attrs` does not match.
    OfAnotherKind(Exit),
    /// Nothing comes.
    Silent,
}

use Answer::{Connected, OfAnotherKind, Refuses, Silent, Unreachable};

const PASSES: Answer = Connected(Exit::Passed);

/// Answers by host. The last answer of a host is for all further visits.
struct Script {
    answers: RefCell<HashMap<&'static str, VecDeque<Answer>>>,
    visits: RefCell<Vec<Visit>>,
    /// How long each visit takes.
    takes: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Visit {
    host: String,
    others: OtherHosts,
    limit: Duration,
    at: Instant,
}

impl Script {
    fn new(answers: &[(&'static str, &[Answer])]) -> Self {
        let answers = answers.iter();
        Self {
            answers: RefCell::new(
                answers
                    .map(|(host, answers)| (*host, answers.iter().copied().collect()))
                    .collect(),
            ),
            visits: RefCell::default(),
            takes: Duration::ZERO,
        }
    }

    fn hosts(&self) -> Vec<String> {
        let visits = self.visits.borrow();
        visits.iter().map(|visit| visit.host.clone()).collect()
    }

    fn answer(&self, host: &str) -> Answer {
        let mut answers = self.answers.borrow_mut();
        let answers = answers.get_mut(host).unwrap();
        match answers.len() {
            1 => answers[0],
            _ => answers.pop_front().unwrap(),
        }
    }
}

impl Visitor for Script {
    async fn visit<'a>(
        &self,
        source: &'a Source,
        readable: &Readable,
        endpoint: &Endpoint,
        others: OtherHosts,
        limit: Duration,
    ) -> Checked<'a> {
        let host = endpoint.host.as_ref().unwrap().as_bytes();
        let host = String::from_utf8(host.to_vec()).unwrap();
        self.visits.borrow_mut().push(Visit {
            host: host.clone(),
            others,
            limit,
            at: Instant::now(),
        });
        sleep(self.takes).await;
        let answer = self.answer(&host);
        if answer == Silent {
            pending::<()>().await;
        }
        let exit = match answer {
            Unreachable | Silent => Exit::Unreachable,
            Connected(exit) | OfAnotherKind(exit) => exit,
            Refuses(_) => Exit::Login,
        };
        let task = Task {
            oldest: crate::verify::Oldest::default(),
            keys: crate::handshake::ServerKeys::Any,
            conninfo: Arc::clone(&readable.conninfo),
            endpoint: endpoint.clone(),
            trust: Arc::clone((*readable.trust).as_ref().unwrap()),
            now: 0,
            moment: Moment::Present,
            timeout: limit,
        };
        Checked {
            source,
            subject: Subject::Observed(Box::new(Observed {
                task,
                observation: Arc::new(observation(answer)),
                rotation: None,
                login: login_of(answer),
            })),
            diagnosis: diagnosis(exit),
            clients: None,
            dialect: None,
        }
    }

    async fn visit_unreadable<'a>(
        &self,
        source: &'a Source,
        unreadable: &Unreadable,
    ) -> Checked<'a> {
        Checked {
            source,
            subject: Subject::Unread,
            diagnosis: unreadable.diagnosis.clone(),
            clients: None,
            dialect: None,
        }
    }

    /// A name has two addresses.
    async fn addresses(&self, endpoint: &Endpoint, _: Duration) -> Vec<Endpoint> {
        vec![endpoint.clone(), endpoint.clone()]
    }
}

fn observation(answer: Answer) -> Observation {
    let attempts = Vec::new();
    Observation {
        timings: Timings::default(),
        address: match answer {
            Unreachable | Silent => None,
            Connected(_) | Refuses(_) | OfAnotherKind(_) => Some(([127, 0, 0, 1], 5432).into()),
        },
        outcome: Err(Stop::Connect(connect::Error::Refused { attempts })),
        negotiation_fallback: None,
        newer: None,
        libpq_offer: LibpqOffer::NotMade,
        large_hello: None,
    }
}

fn login_of(answer: Answer) -> Option<Login> {
    let outcome = match answer {
        Unreachable | Connected(_) | Silent => return None,
        Refuses(sqlstate) => Err(login::Error::Server {
            error: ServerError {
                sqlstate: Some(sqlstate.to_owned()),
                ..ServerError::default()
            },
            step: Step::Startup,
        }),
        OfAnotherKind(_) => Ok(Entered {
            server_version: None,
            tls: Tls::default(),
            session: Err(Unread::NoRow),
            differences: Vec::new(),
            sight: Sight::Unknown,
            pgbouncer: None,
            unwanted: Some((TargetSessionAttrs::Standby, Role::ReadWrite)),
        }),
    };
    Some(Login {
        method: None,
        bound: false,
        disclosed: None,
        ignored_file: None,
        outcome,
        took: Duration::ZERO,
    })
}

fn diagnosis(exit: Exit) -> Diagnosis {
    let error = Finding {
        level: Level::Error,
        code: match exit {
            Exit::Unreachable => Code::Refused,
            _ => Code::LoginFailed,
        },
        stage: Stage::Connect,
        message: "".into(),
        hint: Hint::default(),
    };
    Diagnosis {
        exit,
        error: (exit != Exit::Passed).then_some(error),
        findings: Vec::new(),
    }
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
        let script = Script::new(&[("a", &[other]), ("b", &[PASSES]), ("c", &[other])]);
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

/// Waits for these answers for so many seconds.
fn wait(seconds: u64, script: &Script) -> (Exit, Told, Duration) {
    let patience = Patience {
        wait: Some(Duration::from_secs(seconds)),
        timeout: Some(Duration::from_secs(10)),
    };
    let request = CheckRequest {
        patience,
        ..request()
    };
    let sources = sources(&["user=u host=a"]);
    let mut told = Told::default();
    block_on(async {
        let began = Instant::now();
        let outcome = run(script, &request, &sources, &mut told, pending()).await;
        (outcome.unwrap().exit(), told, began.elapsed())
    })
}

#[test]
fn what_cannot_be_reached_is_tried_again_until_it_answers() {
    let script = Script::new(&[("a", &[Unreachable, Unreachable, Unreachable, PASSES])]);
    let (exit, told, took) = wait(60, &script);
    assert_eq!((exit, script.hosts().len()), (Exit::Passed, 4));
    assert!(took < Duration::from_secs(2), "{took:?}");
    // Each change of its state is reported once.
    assert_eq!(told.changes, [Exit::Unreachable, Exit::Passed]);
}

#[test]
fn what_answers_otherwise_is_not_tried_again() {
    for answer in [PASSES, Connected(Exit::Untrusted), Refuses("28P01")] {
        let script = Script::new(&[("a", &[answer])]);
        let (_, told, _) = wait(60, &script);
        assert_eq!(script.hosts().len(), 1, "{answer:?}");
        assert_eq!(told.changes, []);
    }
}

#[test]
fn the_wait_ends_in_time_and_no_visit_outlasts_it() {
    let mut script = Script::new(&[("a", &[Unreachable])]);
    script.takes = Duration::from_secs(3);
    let (exit, _, took) = wait(20, &script);
    assert_eq!(exit, Exit::Unreachable);
    let visits = script.visits.borrow();
    assert_eq!(visits[0].limit, Duration::from_secs(10));
    let end = visits[0].at + Duration::from_secs(20);
    assert!(
        visits.iter().all(|one| one.at + one.limit <= end),
        "{visits:?}"
    );
    let last = visits.last().unwrap();
    assert!(last.limit < Duration::from_secs(10), "{last:?}");
    assert!(took < Duration::from_secs(20) + script.takes, "{took:?}");
}

#[test]
fn an_interruption_keeps_what_is_known() {
    let script = Script::new(&[("a", &[PASSES]), ("b", &[Silent]), ("c", &[PASSES])]);
    let sources = sources(&[THREE]);
    let mut told = Told::default();
    let second = sleep_soon();
    let outcome = block_on(run(&script, &request(), &sources, &mut told, second)).unwrap();
    assert_eq!(outcome.exit(), Exit::Interrupted);
    let known: Vec<&[u8]> = outcome
        .checked()
        .map(|one| match &one.subject {
            Subject::Observed(seen) => seen.task.endpoint.host.as_ref().unwrap().as_bytes(),
            Subject::Unchecked { endpoint, .. } => {
                assert_eq!(one.exit(), Exit::Interrupted);
                endpoint.host.as_ref().unwrap().as_bytes()
            }
            Subject::Unread => b"",
        })
        .collect();
    assert_eq!(known, [b"a", b"b", b"c"]);
    assert_eq!(told.done, [Exit::Passed, Exit::Passed]);
    assert_eq!(told.awaited, [1]);
}

async fn sleep_soon() {
    sleep(Duration::from_secs(1)).await;
}

#[test]
fn an_interruption_before_anything_began_is_not_a_pass() {
    let script = Script::new(&[("a", &[PASSES])]);
    let sources = sources(&["user=u host=a"]);
    let now = std::future::ready(());
    let outcome = block_on(run(
        &script,
        &request(),
        &sources,
        &mut Told::default(),
        now,
    ));
    let outcome = outcome.unwrap();
    assert_eq!(outcome.exit(), Exit::Interrupted);
    let all: Vec<Exit> = outcome.checked().map(Checked::exit).collect();
    assert_eq!(all, [Exit::Interrupted]);
    assert_eq!(script.hosts().len(), 0);
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
    assert_eq!((exit, each), (pass, vec![fail, fail, pass]));
}
