//! A check that waits for endpoints, and one that is interrupted.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::*;

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
