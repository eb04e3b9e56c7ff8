use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::conninfo::Nowhere;
use crate::report::{Verdict, sample};
use crate::serve::target::tests::wanted;

/// Two targets with an interval of a minute, `a` and `b`, from this moment.
fn board() -> (Board, Moment, Vec<Id>) {
    let mut board = Board::new();
    let begun = Moment {
        instant: Instant::now(),
        wall: 1_800_000_000,
    };
    let replaced = board.replace(targets(&["a", "b"]), begun);
    (board, begun, replaced.added)
}

fn targets(names: &[&str]) -> Vec<Target> {
    let wanted = names
        .iter()
        .map(|name| wanted(Some(name), &format!("host={name} user=u")));
    Target::all(wanted.collect(), &Nowhere)
}

fn later(moment: Moment, seconds: u64) -> Moment {
    Moment {
        instant: moment.instant + Duration::from_secs(seconds),
        wall: moment.wall + i64::try_from(seconds).unwrap(),
    }
}

fn found(begun: Moment, report: EndpointReport) -> Found {
    Found {
        reports: vec![report],
        begun,
        took: Duration::from_millis(5),
        ends: None,
    }
}

/// Verdict, exit code and error of each target.
fn states(board: &Board, now: Moment) -> Vec<(String, u8, Option<String>)> {
    let all = board.slots().iter().flat_map(|slot| slot.reports(now));
    let states = all.map(|(label, report)| {
        let code = report.error.as_ref().map(|error| error.code.to_string());
        (label, report.exit_code.number(), code)
    });
    states.collect()
}

fn stale(name: &str) -> (String, u8, Option<String>) {
    (name.to_owned(), 3, Some("stale-result".to_owned()))
}

#[test]
fn a_pass_counts_for_two_intervals_and_then_it_is_a_failure() {
    let (mut board, begun, ids) = board();
    assert_eq!(states(&board, begun), []);
    assert!(!board.is_ready(begun));
    board.publish(ids[0], found(begun, sample::passing()));
    board.publish(ids[1], found(later(begun, 60), sample::passing()));
    let pass = |name: &str| (name.to_owned(), 0, None);
    assert_eq!(states(&board, later(begun, 120)), [pass("a"), pass("b")]);
    assert_eq!(states(&board, later(begun, 121)), [stale("a"), pass("b")]);
    assert_eq!(states(&board, later(begun, 181)), [stale("a"), stale("b")]);
    assert_eq!(board.tally(later(begun, 121)), (1, 1));
    let report = board.report(later(begun, 121));
    assert_eq!(report.exit_code, Exit::Unreachable);
    assert_eq!(
        board.slots()[0].age(later(begun, 121)),
        Some(Duration::from_secs(121))
    );
}

#[test]
fn neither_a_machine_that_slept_nor_a_clock_that_was_set_back_makes_a_result_younger() {
    let (mut board, begun, ids) = board();
    board.publish(ids[0], found(begun, sample::passing()));
    let slept = Moment {
        wall: begun.wall + 3_600,
        ..later(begun, 1)
    };
    assert_eq!(states(&board, slept).first(), Some(&stale("a")));
    let set_back = Moment {
        wall: begun.wall - 3_600,
        ..later(begun, 121)
    };
    assert_eq!(states(&board, set_back).first(), Some(&stale("a")));
    let set_back = Moment {
        wall: begun.wall - 3_600,
        ..later(begun, 100)
    };
    assert_eq!(
        states(&board, set_back).first(),
        Some(&("a".to_owned(), 0, None))
    );
}

#[test]
fn a_pass_ends_with_what_it_depends_on() {
    let (mut board, begun, ids) = board();
    let ending = |moment: Moment, ends| Found {
        ends: Some(ends),
        ..found(moment, sample::passing())
    };
    board.publish(ids[0], ending(begun, begun.wall + 30));
    board.publish(ids[1], ending(begun, begun.wall + 3_000));
    let pass = |name: &str| (name.to_owned(), 0, None);
    let last = later(begun, 29);
    assert_eq!(states(&board, last), [pass("a"), pass("b")]);
    assert_eq!(board.ended(last).count(), 0);
    let end = later(begun, 30);
    assert_eq!(states(&board, end), [stale("a"), pass("b")]);
    assert_eq!(board.ended(end).collect::<Vec<_>>(), ids[..1]);
    assert_eq!(board.tally(end), (1, 1));
    let news: Vec<String> = board.news(end).iter().map(ToString::to_string).collect();
    let why = "a certificate or CRL on which the last pass depended ended on 2027-01-15 08:00:30 UTC, and the next \
               check is not done";
    assert_eq!(news, [format!("a: FAIL, exit 3, stale-result: {why}")]);
    // The next check decides.
    board.publish(ids[0], ending(end, begun.wall + 90));
    assert_eq!(states(&board, end), [pass("a"), pass("b")]);
    assert_eq!(board.ended(end).count(), 0);
}

#[test]
fn a_shorter_interval_makes_no_result_too_old_before_its_next_check() {
    let (mut board, begun, ids) = board();
    let hourly = |interval| {
        let mut all = targets(&["a", "b"]);
        all[0].wanted.interval = Duration::from_secs(interval);
        all
    };
    board.replace(hourly(3_600), begun);
    board.publish(ids[0], found(begun, sample::passing()));
    board.publish(ids[1], found(begun, sample::passing()));
    let reload = later(begun, 3_000);
    board.replace(hourly(60), reload);
    let first = |now| states(&board, now).swap_remove(0);
    let pass = ("a".to_owned(), 0, None);
    assert_eq!(first(reload), pass);
    assert_eq!(first(later(reload, 120)), pass);
    assert_eq!(first(later(reload, 121)), stale("a"));
    // To change it again and again keeps no result alive.
    for second in 0..6_000 {
        let interval = if second % 2 == 0 { 3_599 } else { 3_600 };
        board.replace(hourly(interval), later(reload, second));
    }
    assert_eq!(states(&board, later(begun, 7_201))[0], stale("a"));
}

#[test]
fn a_first_result_that_does_not_come_is_a_failure() {
    let (board, begun, _) = board();
    assert_eq!(states(&board, later(begun, 120)), []);
    assert_eq!(states(&board, later(begun, 121)), [stale("a"), stale("b")]);
    assert!(board.is_ready(later(begun, 121)));
    // The page never says that everything passed before it did.
    assert_eq!(board.report(begun).exit_code, Exit::Unreachable);
    assert_eq!(board.report(begun).endpoints.len(), 2);
}

#[test]
fn a_check_that_breaks_off_takes_the_pass_away() {
    let (mut board, begun, ids) = board();
    board.publish(ids[0], found(begun, sample::passing()));
    board.break_off(ids[0], "no thread");
    assert_eq!(states(&board, later(begun, 1)), [stale("a")]);
    let nothing = Found {
        reports: Vec::new(),
        begun,
        took: Duration::ZERO,
        ends: None,
    };
    board.publish(ids[1], nothing);
    assert_eq!(states(&board, later(begun, 1)), [stale("a"), stale("b")]);
    assert_eq!(board.slots()[1].counts.broken, 1);
    assert_eq!(board.slots()[1].counts.passed, 0);
}

#[test]
fn a_new_configuration_keeps_only_what_has_not_changed() {
    let (mut board, begun, ids) = board();
    for id in &ids {
        board.publish(*id, found(begun, sample::passing()));
    }
    let mut targets = targets(&["b", "c"]);
    targets[0].wanted.interval = Duration::from_secs(600);
    let replaced = board.replace(targets, begun);
    assert_eq!(replaced.kept, [ids[1]]);
    assert_eq!(replaced.removed, [ids[0]]);
    assert_eq!(replaced.added.len(), 1);
    assert_eq!(states(&board, begun), [("b".to_owned(), 0, None)]);
    // The result of a check that began before goes nowhere.
    board.publish(ids[0], found(begun, sample::passing()));
    assert_eq!(states(&board, begun).len(), 1);
    // The same name with another string is another target.
    let other = Target::all(vec![wanted(Some("b"), "host=elsewhere user=u")], &Nowhere);
    let replaced = board.replace(other, begun);
    assert_eq!(replaced.removed.len(), 2);
    assert_eq!(states(&board, begun), []);
}

#[test]
fn news_are_told_once() {
    let (mut board, begun, ids) = board();
    assert_eq!(board.news(begun), []);
    let mut failing = sample::passing();
    failing.verdict = Verdict::Fail;
    failing.exit_code = Exit::Untrusted;
    board.publish(ids[0], found(begun, sample::passing()));
    board.publish(ids[1], found(begun, failing.clone()));
    let told =
        |changes: Vec<Change>| -> Vec<String> { changes.iter().map(ToString::to_string).collect() };
    assert_eq!(told(board.news(begun)), ["b: FAIL, exit 6"]);
    assert_eq!(told(board.news(begun)), Vec::<String>::new());
    board.publish(ids[0], found(begun, failing));
    board.publish(ids[1], found(begun, sample::passing()));
    assert_eq!(
        told(board.news(begun)),
        ["a: FAIL, exit 6 (passed before)", "b: PASS (exit 6 before)"]
    );
    let old = told(board.news(later(begun, 121)));
    assert_eq!(
        old[1],
        "b: FAIL, exit 3, stale-result: the last check began 121 s ago, and its result counts for 120 s (passed before)"
    );
}

#[test]
fn metrics_of_an_old_result_have_no_certificates() {
    let (mut board, begun, ids) = board();
    board.publish(ids[0], found(begun, sample::passing()));
    let mut schedule = crate::serve::schedule::Schedule::new(begun.instant);
    let rhythm = crate::serve::schedule::Rhythm::new(Duration::from_secs(60), 1, "a");
    schedule.add(ids[0], rhythm, 1, begun.instant);
    let rendered = |now: Moment| {
        let totals = crate::serve::Totals::default();
        crate::serve::metrics::all(&board, &schedule, &totals, now)
    };
    let fresh = rendered(later(begun, 60));
    assert!(
        fresh.contains("ssl_probe_success{target=\"a\"} 1\n"),
        "{fresh}"
    );
    assert!(fresh.contains("ssl_cert_not_after{target=\"a\""), "{fresh}");
    assert!(
        fresh.contains("pgtls_result_stale{target=\"a\"} 0\n"),
        "{fresh}"
    );
    assert!(
        !fresh.contains("ssl_probe_success{target=\"b\"}"),
        "{fresh}"
    );
    let old = rendered(later(begun, 121));
    assert!(old.contains("ssl_probe_success{target=\"a\"} 0\n"), "{old}");
    assert!(old.contains("ssl_probe_success{target=\"b\"} 0\n"), "{old}");
    assert!(
        old.contains("pgtls_result_age_seconds{target=\"a\"} 121\n"),
        "{old}"
    );
    assert!(!old.contains("ssl_cert_not_after{target=\"a\""), "{old}");
    assert!(!old.contains("pgtls_verified{target=\"a\"} 1"), "{old}");
}
