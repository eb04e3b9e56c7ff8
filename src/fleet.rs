//! Many checks at once: a bound on how many, and patience with what may pass later.

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::future::poll_fn;
use std::hash::BuildHasher;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

/// How many pieces of work may be under way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// So many.
    Strict(NonZeroUsize),
    /// So many that keep us busy; those that have been waited for longer than a blink do not count,
    /// so that servers that never answer do not hold up the others.
    Busy {
        /// Those that count.
        busy: NonZeroUsize,
        /// Those that wait included.
        all: NonZeroUsize,
    },
}

impl Bound {
    fn busy(self) -> usize {
        match self {
            Self::Strict(count) | Self::Busy { busy: count, .. } => count.get(),
        }
    }

    fn all(self) -> usize {
        match self {
            Self::Strict(count) | Self::Busy { all: count, .. } => count.get(),
        }
    }
}

/// Does all the work on the calling task. `done` hears of each piece as it ends, with its place in
/// the input.
///
/// A piece begins only when there is nothing to do for those that have begun: however many may be
/// under way, none of them waits for us so long that its own time runs out.
pub async fn each<W, T>(work: W, bound: Bound, mut done: impl FnMut(usize, T))
where
    W: IntoIterator<Item: Future<Output = T>>,
{
    let free = &Cell::new(bound.busy());
    let mut waiting = work.into_iter().enumerate().peekable();
    let mut running = FuturesUnordered::new();
    let mut settled = true;
    loop {
        let may_begin = waiting.peek().is_some() && running.len() < bound.all();
        let next = poll_fn(|context| match running.poll_next_unpin(context) {
            Poll::Ready(Some((place, result))) => Poll::Ready(Next::Done(place, result)),
            _ if may_begin && free.get() > 0 => Poll::Ready(Next::Begin),
            Poll::Ready(None) => Poll::Ready(Next::End),
            Poll::Pending => Poll::Pending,
        });
        match next.await {
            Next::Done(place, result) => done(place, result),
            Next::Begin if settled => {
                settled = false;
                if let Some((place, piece)) = waiting.next() {
                    free.set(free.get().saturating_sub(1));
                    running.push(async move { (place, patiently(piece, bound, free).await) });
                }
            }
            // Lets in the answers that have come by now.
            Next::Begin => {
                yield_now().await;
                settled = true;
            }
            Next::End => return,
        }
    }
}

enum Next<T> {
    Done(usize, T),
    Begin,
    End,
}

/// Does a piece of work, and gives its place away when it ends or has been waited for too long.
async fn patiently<T>(piece: impl Future<Output = T>, bound: Bound, free: &Cell<usize>) -> T {
    let mut piece = pin!(piece);
    let quick = match bound {
        Bound::Strict(_) => Ok(piece.as_mut().await),
        Bound::Busy { .. } => timeout(BLINK, piece.as_mut()).await,
    };
    free.set(free.get().saturating_add(1));
    match quick {
        Ok(result) => result,
        Err(_) => piece.await,
    }
}

/// Tries until `again` is content or the time is over, and returns the last result. The pauses grow,
/// and are random, so that a fleet that waits for one server does not come back all at once.
pub async fn retry<T>(
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
        // Never more than half of what is left: the last attempt comes close to the end.
        sleep(jittered(pause).min(left / 2)).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

/// Between half and all of it.
fn jittered(pause: Duration) -> Duration {
    // The standard library's only randomness: the keys of a fresh hasher.
    let random = RandomState::new().hash_one(()) % 1_000;
    let thousandth = pause / 1_000;
    let extra = thousandth.saturating_mul(u32::try_from(random).unwrap_or_default());
    (pause + extra) / 2
}

/// Who has not ended by then waits for a server, not for us: a handshake across an ocean may take
/// longer, and then merely lets another begin.
const BLINK: Duration = Duration::from_millis(20);

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<F: Future>(future: F) -> F::Output {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build();
        runtime.unwrap().block_on(future)
    }

    fn at_most(jobs: usize) -> Bound {
        Bound::Strict(NonZeroUsize::new(jobs).unwrap())
    }

    fn busy(busy: usize, all: usize) -> Bound {
        Bound::Busy {
            busy: NonZeroUsize::new(busy).unwrap(),
            all: NonZeroUsize::new(all).unwrap(),
        }
    }

    /// The results of so many pieces, and the most that were under way at once.
    fn run(pieces: usize, bound: Bound, piece: impl AsyncFn(usize)) -> (Vec<usize>, usize) {
        let (running, most) = (Cell::new(0), Cell::new(0));
        let watched = async |place: usize| {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            piece(place).await;
            running.set(running.get() - 1);
            place * 10
        };
        let mut results = vec![0; pieces];
        block_on(each((0..pieces).map(watched), bound, |place, result| {
            results[place] = result;
        }));
        (results, most.get())
    }

    #[test]
    fn all_is_done_within_the_bound_and_told_with_its_place() {
        for jobs in [1, 3, 100] {
            for bound in [at_most(jobs), busy(jobs, 1_000)] {
                let soon = async |_| sleep(Duration::from_millis(1)).await;
                let (results, most) = run(20, bound, soon);
                let expected: Vec<usize> = (0..20).map(|place| place * 10).collect();
                assert_eq!((results, most), (expected, jobs.min(20)), "{bound:?}");
            }
        }
    }

    #[test]
    fn who_waits_long_keeps_nobody_else_from_beginning() {
        let long = async |_| sleep(Duration::from_secs(10)).await;
        for (bound, expected) in [(at_most(3), 3), (busy(3, 8), 8), (busy(3, 100), 20)] {
            let (_, most) = run(20, bound, long);
            assert_eq!(most, expected, "{bound:?}");
        }
    }

    #[test]
    fn silent_ones_cost_the_time_of_one() {
        let begin = Cell::new(None);
        let silent = async |_| {
            begin.set(begin.get().or_else(|| Some(Instant::now())));
            sleep(Duration::from_secs(10)).await;
            let elapsed = begin.get().unwrap().elapsed();
            assert!(elapsed < Duration::from_secs(12), "{elapsed:?}");
        };
        run(10_000, busy(256, 20_000), silent);
    }

    #[test]
    fn who_has_begun_is_served_before_another_begins() {
        let order = std::cell::RefCell::new(Vec::new());
        let piece = async |place| {
            order.borrow_mut().push(place);
            yield_now().await;
            order.borrow_mut().push(place);
        };
        run(3, at_most(3), piece);
        assert_eq!(order.into_inner(), [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn results_are_told_as_they_come() {
        let slow_first =
            [30, 10, 20].map(async |seconds| sleep(Duration::from_secs(seconds)).await);
        let mut order = Vec::new();
        block_on(each(slow_first, at_most(3), |place, ()| order.push(place)));
        assert_eq!(order, [1, 2, 0]);
    }

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
