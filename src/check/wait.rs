//! Retries what may pass later.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Tries until `again` accepts the result or the time is over, and returns the last result. The
/// pauses grow and are random, so that many programs that wait for one server do not all return at
/// once.
pub(super) async fn retry<T>(
    until: Instant,
    mut attempt: impl AsyncFnMut() -> T,
    mut again: impl FnMut(&T) -> bool,
) -> T {
    let mut pause = FIRST_PAUSE;
    loop {
        let result = attempt().await;
        let left = until.saturating_duration_since(Instant::now());
        if !again(&result) || left < FIRST_PAUSE {
            return result;
        }
        // At most half of the time that is left, so that the last attempt is close to the end.
        sleep(jittered(pause).min(left / 2)).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

/// Between half and all of it.
fn jittered(pause: Duration) -> Duration {
    // The only randomness in the standard library: the keys of a new hasher.
    let random = RandomState::new().hash_one(()) % 1_000;
    let thousandth = pause / 1_000;
    let extra = thousandth.saturating_mul(u32::try_from(random).unwrap_or_default());
    (pause + extra) / 2
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::tests::block_on;
    use super::*;

    #[test]
    fn it_tries_until_content() {
        block_on(async {
            let tries = Cell::new(0);
            let attempt = async || {
                tries.set(tries.get() + 1);
                tries.get()
            };
            let until = Instant::now() + Duration::from_secs(3_600);
            assert_eq!(retry(until, attempt, |tries| *tries < 5).await, 5);
            assert_eq!(tries.get(), 5);
        });
    }

    #[test]
    fn it_stops_in_time_and_not_long_before() {
        block_on(async {
            let begin = Instant::now();
            let wait = Duration::from_secs(60);
            let last = Cell::new(begin);
            let attempt = async || last.set(Instant::now());
            retry(begin + wait, attempt, |()| true).await;
            assert!(begin.elapsed() <= wait);
            assert!(last.get() - begin > wait - Duration::from_secs(1));
        });
    }

    #[test]
    fn no_time_means_one_attempt() {
        block_on(async {
            let tries = Cell::new(0);
            let attempt = async || tries.set(tries.get() + 1);
            retry(Instant::now(), attempt, |()| true).await;
            assert_eq!(tries.get(), 1);
        });
    }

    #[test]
    fn a_pause_is_at_least_half_and_at_most_all_of_it() {
        let pause = Duration::from_secs(2);
        for _ in 0..1_000 {
            let jittered = jittered(pause);
            assert!(jittered >= pause / 2 && jittered <= pause, "{jittered:?}");
        }
    }
}
