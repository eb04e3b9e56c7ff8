//! Which hosts and addresses count: sockets, random order, kinds of server, `connect_timeout`, names that do not resolve.

use super::script::Answer::{self, Socket, TimedOut, Unasked};
use super::script::Door;
use super::*;

/// The verdict of three hosts of which any will do.
fn of_any(answers: [Answer; 3], more: &str, login: bool) -> (Exit, String) {
    let script = Script::new(&[
        ("a", &answers[..1]),
        ("b", &answers[1..2]),
        ("c", &answers[2..]),
    ]);
    let request = CheckRequest { login, ..any() };
    let (exit, _) = exits(&script, &request, &[&format!("{THREE} {more}")]);
    (exit, script.hosts().concat())
}

#[test]
fn a_socket_that_accepts_ends_it_and_one_that_does_not_is_passed_by() {
    for more in [
        "",
        "sslmode=require sslnegotiation=direct",
        "target_session_attrs=prefer-standby",
    ] {
        let open = of_any([Socket(Door::Open), PASSES, PASSES], more, false);
        assert_eq!(open, (Exit::NoTls, "a".to_owned()), "{more}");
        let (exit, _) = of_any([Socket(Door::Closed), PASSES, PASSES], more, false);
        assert_eq!(exit, Exit::Passed, "{more}");
    }
}

#[test]
fn what_fails_before_the_connection_counts_where_there_would_be_one() {
    let open = of_any(
        [Unasked(Exit::Usage, Door::Open), PASSES, PASSES],
        "",
        false,
    );
    assert_eq!(open, (Exit::Usage, "a".to_owned()));
    let (exit, visited) = of_any(
        [Unasked(Exit::Usage, Door::Closed), PASSES, PASSES],
        "",
        false,
    );
    assert_eq!((exit, visited.as_str()), (Exit::Passed, "ab"));
}

#[test]
fn without_a_login_every_host_must_pass_that_may_be_of_the_wanted_kind() {
    let bad = Connected(Exit::WrongHost);
    for wanted in [
        "standby",
        "prefer-standby",
        "primary",
        "read-only",
        "read-write",
    ] {
        let more = format!("target_session_attrs={wanted}");
        for (answers, exit, visited) in [
            ([PASSES, bad, PASSES], Exit::WrongHost, "ab"),
            ([PASSES, Unreachable, bad], Exit::WrongHost, "abc"),
            ([PASSES, PASSES, Unreachable], Exit::Passed, "abc"),
            ([Unreachable, PASSES, PASSES], Exit::Passed, "abc"),
            ([PASSES, Socket(Door::Open), PASSES], Exit::NoTls, "ab"),
        ] {
            let found = of_any(answers, &more, false);
            assert_eq!(found, (exit, visited.to_owned()), "{wanted} {answers:?}");
        }
        // With a login it is known that libpq stays.
        let found = of_any([Refuses("28P01"), bad, PASSES], &more, true);
        assert_eq!(found, (Exit::Login, "a".to_owned()), "{wanted}");
    }
    let found = of_any([PASSES, bad, bad], "target_session_attrs=any", false);
    assert_eq!(found, (Exit::Passed, "a".to_owned()));
}

#[test]
fn in_random_order_every_host_that_answers_must_pass() {
    let bad = Connected(Exit::Untrusted);
    for (answers, exit) in [
        ([PASSES, bad, PASSES], Exit::Untrusted),
        ([PASSES, PASSES, PASSES], Exit::Passed),
        ([PASSES, Unreachable, PASSES], Exit::Passed),
        ([Unreachable, Unreachable, bad], Exit::Untrusted),
        ([Unreachable, Unreachable, Unreachable], Exit::Unreachable),
        ([PASSES, Socket(Door::Open), PASSES], Exit::Unmet),
    ] {
        let (found, visited) = of_any(answers, "load_balance_hosts=random", false);
        assert_eq!(found == Exit::Passed, exit == Exit::Passed, "{answers:?}");
        // The first that fails does not end it: libpq may begin with any.
        assert!(visited.ends_with('c'), "{visited}");
    }
}

#[test]
fn in_random_order_every_address_that_answers_must_pass() {
    let string = ["user=u host=n load_balance_hosts=random"];
    let addresses: &[u8] = b"pq";
    for request in [request(), any()] {
        for (other, exit) in [
            (PASSES, Exit::Passed),
            (Unreachable, Exit::Passed),
            (Connected(Exit::Untrusted), Exit::Untrusted),
        ] {
            for answers in [[PASSES, other], [other, PASSES]] {
                let script = Script::new(&[("p", &answers[..1]), ("q", &answers[1..])]);
                let script = script.naming("n", &[Some(addresses)]);
                let (found, each) = exits(&script, &request, &string);
                assert_eq!(found, exit, "{answers:?}");
                assert_eq!(each.len(), 2);
            }
        }
    }
}

#[test]
fn a_name_whose_addresses_are_unknown_fails_until_every_one_is_known() {
    let addresses: &[u8] = b"pq";
    let all = CheckRequest {
        all_addresses: true,
        ..request()
    };
    let named = |answers: [Answer; 2], lookups: &[Option<&'static [u8]>]| {
        let script = Script::new(&[("p", &answers[..1]), ("q", &answers[1..])]);
        script.naming("n", lookups)
    };
    let bad = Connected(Exit::Untrusted);
    // It is asked for before the first visit, and again at the visit.
    let script = named([PASSES, PASSES], &[None]);
    let found = exits(&script, &all, &["user=u host=n"]);
    assert_eq!(found, (Exit::Unreachable, vec![Exit::Unreachable]));
    let script = named([PASSES, bad], &[None, Some(addresses)]);
    let found = exits(&script, &all, &["user=u host=n"]);
    assert_eq!(
        found,
        (Exit::Untrusted, vec![Exit::Passed, Exit::Untrusted])
    );
    let script = named([PASSES, bad], &[None, None, None, Some(addresses)]);
    let waiting = CheckRequest {
        patience: Patience {
            wait: Some(Duration::from_secs(60)),
            timeout: None,
        },
        ..all
    };
    let found = exits(&script, &waiting, &["user=u host=n"]);
    assert_eq!(
        found,
        (Exit::Untrusted, vec![Exit::Passed, Exit::Untrusted])
    );
}

#[test]
fn after_connect_timeout_it_goes_on_to_the_next_host() {
    for (more, exit, visited) in [
        ("connect_timeout=3", Exit::Passed, "ab"),
        // Without it libpq waits for ever, and with a longer one longer than we do.
        ("", Exit::Unreachable, "a"),
        ("connect_timeout=30", Exit::Unreachable, "a"),
    ] {
        let script = Script::new(&[("a", &[TimedOut]), ("b", &[PASSES]), ("c", &[PASSES])]);
        let script = script.naming("a", &[Some(b"a")]);
        let request = CheckRequest {
            patience: Patience {
                timeout: Some(Duration::from_secs(20)),
                wait: None,
            },
            ..any()
        };
        let (found, _) = exits(&script, &request, &[&format!("{THREE} {more}")]);
        assert_eq!(
            (found, script.hosts().concat().as_str()),
            (exit, visited),
            "{more}"
        );
    }
}

#[test]
fn after_connect_timeout_the_other_addresses_of_the_name_come_first() {
    let addresses: &[u8] = b"pqr";
    let bad = Connected(Exit::Untrusted);
    for request in [request(), any()] {
        for (answers, exit, visited) in [
            ([TimedOut, PASSES, bad], Exit::Passed, "pq"),
            ([TimedOut, bad, PASSES], Exit::Untrusted, "pq"),
            ([TimedOut, TimedOut, bad], Exit::Untrusted, "pqr"),
            ([PASSES, bad, bad], Exit::Passed, "p"),
        ] {
            let script = Script::new(&[
                ("p", &answers[..1]),
                ("q", &answers[1..2]),
                ("r", &answers[2..]),
                ("b", &[PASSES]),
            ]);
            let script = script.naming("n", &[Some(addresses)]);
            let string = "user=u host=n connect_timeout=3";
            let (found, each) = exits(&script, &request, &[string]);
            assert_eq!((found, each), (exit, vec![exit]), "{answers:?}");
            assert_eq!(script.hosts().concat(), visited, "{answers:?}");
        }
    }
    // If they are unknown, they may be bad, so that no other host can stand for them.
    let script = Script::new(&[("p", &[TimedOut]), ("b", &[PASSES])]);
    let script = script.naming("p", &[None]);
    let (found, _) = exits(&script, &any(), &["user=u host=p,b connect_timeout=3"]);
    assert_eq!(found, Exit::Unreachable);
}
