//! Runs many checks at once: limits how many, and orders how they continue.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::timeout;

/// A queue before the expensive part of each piece of work. [`each`] admits one whenever there is
/// nothing else to do.
///
/// Connecting is cheap and handshakes are expensive. With the queue, no endpoint that has answered
/// waits for us until its own time runs out, even if many are in flight.
#[derive(Debug, Default)]
pub(super) struct Turns {
    queue: RefCell<VecDeque<oneshot::Sender<()>>>,
}

impl Turns {
    /// Waits for a turn. It completes only within [`each`], and only if that has this queue.
    pub(super) async fn wait(&self) {
        let (come, turn) = oneshot::channel();
        self.queue.borrow_mut().push_back(come);
        // The queue outlives everything in it.
        let _ = turn.await;
    }

    fn len(&self) -> usize {
        self.queue.borrow().len()
    }

    /// Admits the first one that still waits.
    fn next(&self) {
        while let Some(first) = self.queue.borrow_mut().pop_front() {
            if first.send(()).is_ok() {
                return;
            }
        }
    }
}

/// Does all the work on the calling task, at most `jobs` pieces at once. `done` is called as each piece
/// ends, with its position in the input.
///
/// They do not all begin at once, because few servers accept so many: only a limited number waits for
/// the first answer. A piece that has waited longer than [`BLINK`] does not count, so servers that
/// never answer do not delay the others.
pub(super) async fn each<W, T>(
    work: W,
    jobs: NonZeroUsize,
    turns: &Turns,
    mut done: impl FnMut(usize, T),
) where
    W: IntoIterator<Item: Future<Output = T>>,
{
    let beginning = &Cell::new(0_usize);
    let mut waiting = work.into_iter().enumerate().peekable();
    let mut running = FuturesUnordered::new();
    let mut settled = false;
    loop {
        let may_begin =
            waiting.peek().is_some() && running.len() < jobs.get() && turns.len() < LONGEST_QUEUE;
        let next = poll_fn(|context| match running.poll_next_unpin(context) {
            Poll::Ready(Some((place, result))) => Poll::Ready(Next::Done(place, result)),
            _ if may_begin && beginning.get() < AT_A_TIME => Poll::Ready(Next::Begin),
            _ if turns.len() > 0 => Poll::Ready(Next::Turn),
            Poll::Ready(None) => Poll::Ready(Next::End),
            Poll::Pending => Poll::Pending,
        });
        match next.await {
            Next::Done(place, result) => done(place, result),
            Next::Begin => {
                let Some((place, piece)) = waiting.next() else {
                    continue;
                };
                beginning.set(beginning.get().saturating_add(1));
                // The last one makes no other wait.
                let patience = waiting.peek().is_some().then_some(BLINK);
                running.push(async move { (place, counted(piece, beginning, patience).await) });
                if waiting.peek().is_some() {
                    // Even if many are waiting to begin, those in flight are polled in between.
                    yield_now().await;
                }
            }
            Next::Turn if settled || running.len() == 1 => {
                settled = false;
                turns.next();
            }
            // Polls for answers that have arrived: they come first.
            Next::Turn => {
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
    Turn,
    End,
}

/// Runs a piece of work. It counts as beginning until it ends, or has run for as long as `patience`.
async fn counted<T>(
    piece: impl Future<Output = T>,
    beginning: &Cell<usize>,
    patience: Option<Duration>,
) -> T {
    let mut piece = pin!(piece);
    let quick = match patience {
        Some(patience) => timeout(patience, piece.as_mut()).await.ok(),
        None => None,
    };
    beginning.set(beginning.get().saturating_sub(1));
    match quick {
        Some(result) => result,
        None => piece.await,
    }
}

/// The queue length of a PostgreSQL server with default settings.
const AT_A_TIME: usize = 256;

/// With [`AT_A_TIME`], some 8,000 endpoints begin per second even if none of them ever answers.
const BLINK: Duration = Duration::from_millis(30);

/// Some seconds of handshakes. PostgreSQL closes a connection that has sent no more than the SSLRequest
/// after `authentication_timeout`, which is a minute.
const LONGEST_QUEUE: usize = 4_096;

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::super::tests::block_on;
    use super::*;

    fn at_most(jobs: usize) -> NonZeroUsize {
        NonZeroUsize::new(jobs).unwrap()
    }

    /// The results of this many pieces, and the maximum that was in flight at once.
    fn run(pieces: usize, jobs: usize, piece: impl AsyncFn(usize)) -> (Vec<usize>, usize) {
        let (running, most) = (Cell::new(0), Cell::new(0));
        let watched = async |place: usize| {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            piece(place).await;
            running.set(running.get() - 1);
            place * 10
        };
        let mut results = vec![0; pieces];
        let work = (0..pieces).map(watched);
        block_on(each(
            work,
            at_most(jobs),
            &Turns::default(),
            |place, result| {
                results[place] = result;
            },
        ));
        (results, most.get())
    }

    #[test]
    fn everything_is_done_within_the_limit_and_reported_with_its_place() {
        for jobs in [1, 3, 100] {
            let soon = async |_| sleep(Duration::from_millis(1)).await;
            let (results, most) = run(20, jobs, soon);
            let expected: Vec<usize> = (0..20).map(|place| place * 10).collect();
            assert_eq!((results, most), (expected, jobs.min(20)));
        }
    }

    #[test]
    fn few_begin_at_a_time_but_a_long_wait_delays_no_other() {
        for (wait, expected) in [(BLINK / 2, AT_A_TIME), (BLINK * 200, 1_000)] {
            let (_, most) = run(1_000, 2_000, async |_| sleep(wait).await);
            assert_eq!(most, expected, "{wait:?}");
        }
        let (_, most) = run(1_000, 300, async |_| sleep(BLINK * 200).await);
        assert_eq!(most, 300);
    }

    #[test]
    fn five_thousand_silent_ones_cost_little_more_time_than_one() {
        let begin = Cell::new(None);
        let silent = async |_| {
            begin.set(begin.get().or_else(|| Some(Instant::now())));
            sleep(Duration::from_secs(10)).await;
            // The clock of this test counts waiting only.
            let elapsed = begin.get().unwrap().elapsed();
            assert!(elapsed < Duration::from_secs(11), "{elapsed:?}");
        };
        run(5_000, 10_000, silent);
    }

    #[test]
    fn all_begin_before_the_first_turn_and_each_is_served_before_the_next() {
        let (order, turns) = (RefCell::new(Vec::new()), Turns::default());
        let piece = async |place| {
            order.borrow_mut().push(("begins", place));
            turns.wait().await;
            order.borrow_mut().push(("has its turn", place));
            yield_now().await;
            order.borrow_mut().push(("ends", place));
        };
        block_on(each((0..2).map(piece), at_most(2), &turns, |_, ()| ()));
        let expected = [
            ("begins", 0),
            ("begins", 1),
            ("has its turn", 0),
            ("ends", 0),
            ("has its turn", 1),
            ("ends", 1),
        ];
        assert_eq!(order.into_inner(), expected);
    }

    #[test]
    fn one_that_leaves_the_queue_takes_no_turn() {
        let turns = Turns::default();
        let impatient = async |place| {
            let turn = turns.wait();
            match place {
                0 => timeout(Duration::ZERO, turn).await.is_ok(),
                _ => {
                    turn.await;
                    true
                }
            }
        };
        let mut results = [None; 2];
        block_on(each(
            (0..2).map(impatient),
            at_most(2),
            &turns,
            |place, came| {
                results[place] = Some(came);
            },
        ));
        assert_eq!(results, [Some(false), Some(true)]);
    }

    #[test]
    fn results_are_reported_as_they_come() {
        let slow_first =
            [30, 10, 20].map(async |seconds| sleep(Duration::from_secs(seconds)).await);
        let mut order = Vec::new();
        block_on(each(
            slow_first,
            at_most(3),
            &Turns::default(),
            |place, ()| order.push(place),
        ));
        assert_eq!(order, [1, 2, 0]);
    }
}
