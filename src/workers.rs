//! Threads for work that must not delay deadlines. None is started before there is such work.
//!
//! One thread waits for the network and keeps the deadlines of all endpoints. What may take long, such as
//! the resolver or a large chain, must be done elsewhere: it would delay every other endpoint.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// How much work something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// At most a few milliseconds: another thread would cost more than it saves.
    Light,
    /// It may take longer.
    Heavy,
}

/// Does work that computes, where it delays no deadline if it is heavy.
pub(crate) async fn aside<T: Send + 'static>(
    weight: Weight,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    if weight == Weight::Light {
        return work();
    }
    let (job, done) = job(work);
    if let Err((_, job)) = COMPUTING.hand_over(job) {
        // No thread can be started. To delay the others is better than not to check.
        job();
    }
    match done.await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => resume_unwind(panic),
        Err(lost) => resume_unwind(Box::new(lost)),
    }
}

/// Does work that may wait for a long time: for the resolver, a pipe, a file system.
///
/// # Errors
/// No thread can be started for it.
pub(crate) async fn waiting<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (job, done) = job(work);
    WAITING.hand_over(job).map_err(|(error, _)| error)?;
    match done.await {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(panic)) => resume_unwind(panic),
        Err(lost) => Err(io::Error::other(lost)),
    }
}

/// Runs what both waits and computes on one thread for all of it.
pub(crate) async fn beside<F>(work: F) -> F::Output
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    static OTHER: OnceLock<Option<Handle>> = OnceLock::new();
    let Some(other) = OTHER.get_or_init(|| start_runtime().ok()) else {
        // No thread can be started. To delay the others is better than not to check.
        return work.await;
    };
    match other.spawn(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(lost) => resume_unwind(Box::new(lost)),
        },
    }
}

fn start_runtime() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new().spawn(move || runtime.block_on(pending::<()>()))?;
    Ok(handle)
}

/// How many pieces of work may wait at once.
pub const MOST_WAITING: usize = 512;

static WAITING: Crew = Crew::new(|| MOST_WAITING);

static COMPUTING: Crew = Crew::new(|| thread::available_parallelism().map_or(1, NonZeroUsize::get));

type Job = Box<dyn FnOnce() + Send>;

fn job<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> (Job, oneshot::Receiver<thread::Result<T>>) {
    let (tell, done) = oneshot::channel();
    // The receiver may be gone, if time has run out.
    let job = move || drop(tell.send(catch_unwind(AssertUnwindSafe(work))));
    (Box::new(job), done)
}

/// Threads that share a queue.
struct Crew {
    most: fn() -> usize,
    state: Mutex<State>,
    news: Condvar,
}

struct State {
    queue: VecDeque<Job>,
    threads: usize,
    /// Threads without work.
    idle: usize,
}

impl Crew {
    const fn new(most: fn() -> usize) -> Self {
        Self {
            most,
            state: Mutex::new(State {
                queue: VecDeque::new(),
                threads: 0,
                idle: 0,
            }),
            news: Condvar::new(),
        }
    }

    /// Lets a thread do it, a new one if all are busy. Returns it if there is no thread.
    fn hand_over(&'static self, job: Job) -> Result<(), (io::Error, Job)> {
        let mut state = self.lock();
        state.queue.push_back(job);
        if state.queue.len() > state.idle && state.threads < (self.most)() {
            match thread::Builder::new().spawn(|| self.work()) {
                Ok(_) => state.threads = state.threads.saturating_add(1),
                Err(error) if state.threads == 0 => {
                    return match state.queue.pop_back() {
                        Some(job) => Err((error, job)),
                        None => Ok(()),
                    };
                }
                // Those that there are will do it.
                Err(_) => {}
            }
        }
        self.news.notify_one();
        Ok(())
    }

    /// A thread's life: it ends with the process.
    fn work(&self) {
        loop {
            let mut state = self.lock();
            state.idle = state.idle.saturating_add(1);
            let mut state = self
                .news
                .wait_while(state, |state| state.queue.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
            state.idle = state.idle.saturating_sub(1);
            let job = state.queue.pop_front();
            drop(state);
            if let Some(job) = job {
                job();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = Builder::new_current_thread().build();
        runtime.unwrap().block_on(future)
    }

    #[test]
    fn light_work_is_done_here_and_heavy_work_elsewhere() {
        let here = thread::current().id();
        let place = |weight| block_on(aside(weight, || thread::current().id()));
        assert_eq!(place(Weight::Light), here);
        assert_ne!(place(Weight::Heavy), here);
    }

    #[test]
    fn what_waits_and_computes_is_beside_the_rest() {
        let there = || block_on(beside(async { thread::current().id() }));
        assert_ne!(there(), thread::current().id());
        assert_eq!(there(), there());
    }

    #[test]
    fn a_piece_that_waits_delays_no_other() {
        // Each waits for all the others.
        const PIECES: usize = 20;
        static MET: Barrier = Barrier::new(PIECES);
        let pieces = (0..PIECES).map(|piece| {
            waiting(move || {
                MET.wait();
                piece
            })
        });
        let done = block_on(futures_util::future::join_all(pieces));
        let done: Vec<usize> = done.into_iter().map(Result::unwrap).collect();
        assert_eq!(done, (0..PIECES).collect::<Vec<_>>());
    }

    #[test]
    fn a_crew_is_no_larger_than_it_may_be() {
        static SMALL: Crew = Crew::new(|| 2);
        let mut results = Vec::new();
        for _ in 0..50 {
            let (job, done) = job(|| thread::current().id());
            assert!(SMALL.hand_over(job).is_ok());
            results.push(done);
        }
        let threads = block_on(futures_util::future::join_all(results));
        let threads: std::collections::HashSet<_> =
            threads.into_iter().map(|id| id.unwrap().unwrap()).collect();
        assert!(threads.len() <= 2, "{threads:?}");
    }

    #[test]
    fn a_panic_is_that_of_the_caller() {
        let caught = catch_unwind(|| {
            block_on(aside(Weight::Heavy, || panic!("as expected in this test")));
        });
        assert!(caught.is_err());
        assert_eq!(block_on(aside(Weight::Heavy, || 7)), 7);
    }
}
