//! The output during a run: results as they come, changes of state, signs of life.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io::{self, IsTerminal, Write};
use std::pin::pin;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pgtls::check::{Checked, Observer};
use pgtls::escape::escape;
use pgtls::report::{EndpointReport, json};
use tokio::time::{Instant, sleep};

use super::output::{Printed, to_stdout};
use crate::cli::{Format, Output};

/// Prints signs of life on standard error, and JSON lines as they come.
pub(super) struct Live {
    printed: Printed,
    quiet: bool,
    failure: Option<anyhow::Error>,
    progress: Progress,
}

impl Live {
    pub(super) fn new(output: &Output) -> Self {
        Self {
            printed: match output.format {
                Format::Jsonl if !output.quiet => Printed::Lines,
                _ => Printed::Nothing,
            },
            quiet: output.quiet,
            failure: None,
            progress: Progress::new(Manner::of(Noise::unless_quiet(output.quiet))),
        }
    }

    /// The same, with nothing on standard output before the end: what an endpoint's report says is not final.
    pub(super) fn at_the_end(mut self) -> Self {
        self.printed = Printed::Nothing;
        self
    }

    /// Its signs of life.
    pub(super) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// What has been written to standard output.
    ///
    /// # Errors
    /// It could not be written.
    pub(super) fn finish(self) -> anyhow::Result<Printed> {
        self.progress.clear();
        self.failure.map_or(Ok(self.printed), Err)
    }

    /// An endpoint is done, and this is its report.
    pub(super) fn reported(&mut self, report: &EndpointReport) {
        if self.prints_lines() {
            let write = || to_stdout(|out| json::write_line(out, report));
            self.failure = self.progress.aside(write).err();
        }
    }

    fn prints_lines(&self) -> bool {
        self.printed == Printed::Lines && self.failure.is_none()
    }
}

impl Observer for Live {
    fn begin(&mut self, names: &mut dyn ExactSizeIterator<Item = String>) {
        Observer::begin(&mut self.progress, names);
    }

    fn begun(&mut self, place: usize) {
        self.progress.begun(place);
    }

    fn ended(&mut self, place: usize) {
        self.progress.ended(place);
    }

    fn done(&mut self, checked: &Checked<'_>) {
        if self.prints_lines() {
            self.reported(&EndpointReport::of(checked));
        }
    }

    fn changed(&mut self, checked: &Checked<'_>) {
        if self.quiet {
            return;
        }
        let report = EndpointReport::of(checked);
        let state = match &report.error {
            Some(error) => format!("{}: {}", error.code, error.message),
            None => "passes".to_owned(),
        };
        let line = format!("pgtls: {}: {}", report.label(), escape(&state));
        // If standard error is closed, it cannot be reported.
        self.progress
            .aside(|| writeln!(io::stderr(), "{line}").unwrap_or_default());
    }
}

/// Only the signs of life.
impl Observer for Progress {
    fn begin(&mut self, names: &mut dyn ExactSizeIterator<Item = String>) {
        self.expect(names.len());
        if self.manner != Manner::Silent {
            for (place, name) in names.enumerate() {
                self.call(place, name);
            }
        }
    }

    fn begun(&mut self, place: usize) {
        Self::begun(self, place);
    }

    fn ended(&mut self, place: usize) {
        Self::ended(self, place);
    }

    fn done(&mut self, _: &Checked<'_>) {}

    fn changed(&mut self, _: &Checked<'_>) {}
}

/// How a run shows that it is alive.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Not at all.
    Silent,
    /// One line on a terminal, drawn again and again.
    Line,
    /// A line now and then, for a log.
    Log,
}

impl Manner {
    /// What fits standard error.
    pub(super) fn of(noise: Noise) -> Self {
        match (noise, io::stderr().is_terminal()) {
            (Noise::Quiet, _) => Self::Silent,
            (Noise::Usual, true) => Self::Line,
            (Noise::Usual, false) => Self::Log,
        }
    }
}

/// Whether a run may write on standard error what is neither result nor error.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Noise {
    /// It may.
    Usual,
    /// `--quiet`.
    Quiet,
}

impl Noise {
    pub(super) fn unless_quiet(quiet: bool) -> Self {
        if quiet { Self::Quiet } else { Self::Usual }
    }
}

/// The signs of life of a run: how much is done, since when, and what is awaited.
#[derive(Clone)]
pub(super) struct Progress {
    manner: Manner,
    state: Arc<Mutex<State>>,
}

struct State {
    /// What is done; nothing where it is clear.
    doing: Option<&'static str>,
    began: Instant,
    all: usize,
    done: usize,
    names: BTreeMap<usize, String>,
    /// The places of what is awaited. The first one has waited longest.
    awaited: BTreeSet<usize>,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn new(manner: Manner) -> Self {
        let state = State {
            doing: None,
            began: Instant::now(),
            all: 0,
            done: 0,
            names: BTreeMap::new(),
            awaited: BTreeSet::new(),
            bar: None,
        };
        Self {
            manner,
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn manner(&self) -> Manner {
        self.manner
    }

    /// What is being done, where that is not to wait for servers.
    pub(super) fn say(&self, doing: &'static str) {
        self.state().doing = Some(doing);
    }

    /// There is this much to do.
    pub(super) fn expect(&self, all: usize) {
        self.state().all = all;
    }

    /// The name of what has this place.
    pub(super) fn call(&self, place: usize, name: String) {
        self.state().names.insert(place, name);
    }

    /// What has this place is awaited.
    pub(super) fn begun(&self, place: usize) {
        self.state().awaited.insert(place);
    }

    /// What has this place is done.
    pub(super) fn ended(&self, place: usize) {
        let mut state = self.state();
        state.awaited.remove(&place);
        state.done = state.done.saturating_add(1);
    }

    /// Does the work, and shows signs of life until it is done.
    pub(super) async fn beside<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        tokio::select! {
            biased;
            done = &mut work => done,
            never = self.live() => match never {},
        }
    }

    /// The same for work that blocks this thread: another one shows the signs of life.
    pub(super) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        let (done, told) = channel();
        let shown = self.clone();
        // Without a thread there are no signs of life, and the work is done all the same.
        let thread = thread::Builder::new().spawn(move || shown.live_until(&told));
        let result = work();
        drop(done);
        if let Ok(thread) = thread {
            let _ = thread.join();
        }
        self.clear();
        result
    }

    fn live_until(&self, done: &Receiver<Infallible>) {
        let (first, next) = match self.manner() {
            Manner::Silent => return,
            Manner::Line => (PATIENCE, FRAME),
            Manner::Log => (ENTRY, ENTRY),
        };
        let mut wait = first;
        while let Err(RecvTimeoutError::Timeout) = done.recv_timeout(wait) {
            self.show();
            wait = next;
        }
    }

    fn show(&self) {
        match self.manner() {
            Manner::Silent => {}
            Manner::Line => self.draw(),
            Manner::Log => {
                // If standard error is closed, it cannot be reported.
                let _ = writeln!(io::stderr(), "pgtls: {}", self.state().line());
            }
        }
    }

    async fn live(&self) -> Infallible {
        match self.manner() {
            Manner::Silent => std::future::pending().await,
            Manner::Line => {
                sleep(PATIENCE).await;
                loop {
                    self.show();
                    sleep(FRAME).await;
                }
            }
            Manner::Log => loop {
                sleep(ENTRY).await;
                self.show();
            },
        }
    }

    fn draw(&self) {
        let mut state = self.state();
        let line = state.line();
        let bar = state.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner} {wide_msg}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        });
        bar.set_message(line);
        bar.tick();
    }

    /// Writes something while no line is in the way.
    fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        let bar = self.state().bar.clone();
        match bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// The line goes away.
    pub(super) fn clear(&self) {
        if let Some(bar) = self.state().bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl State {
    /// `39/40, 4 s, waiting for orders:5600 and 2 more`.
    fn line(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.doing.map(ToOwned::to_owned));
        if self.all > 1 {
            parts.push(format!("{}/{}", self.done, self.all));
        }
        parts.push(elapsed(self.began.elapsed()));
        let first = self.awaited.iter().find_map(|place| self.names.get(place));
        if let Some(name) = first {
            let more = match self.awaited.len().saturating_sub(1) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            parts.push(format!("waiting for {}{more}", escape(name)));
        }
        parts.join(", ")
    }
}

/// `4 s`, `2 min 5 s`.
fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        ..60 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// What ends sooner shows no sign of life.
const PATIENCE: Duration = Duration::from_millis(500);

/// Between two drawings.
const FRAME: Duration = Duration::from_millis(200);

/// Between two lines of a log.
const ENTRY: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_much_is_done_and_what_is_awaited() {
        let progress = Progress::new(Manner::Log);
        progress.expect(3);
        for (place, name) in ["a:1", "orders:5600", "c:3"].into_iter().enumerate() {
            progress.call(place, name.to_owned());
            progress.begun(place);
        }
        let line = || progress.state().line();
        assert_eq!(line(), "0/3, 0 s, waiting for a:1 and 2 more");
        progress.ended(0);
        progress.ended(2);
        assert_eq!(line(), "2/3, 0 s, waiting for orders:5600");
        progress.ended(1);
        assert_eq!(line(), "3/3, 0 s");
    }

    #[test]
    fn work_that_blocks_is_done_once_with_or_without_signs_of_life() {
        for manner in [Manner::Silent, Manner::Line, Manner::Log] {
            let progress = Progress::new(manner);
            progress.say("searching files");
            let mut done = 0;
            assert_eq!(
                progress.during(|| {
                    done += 1;
                    7
                }),
                7
            );
            assert_eq!(done, 1);
            assert_eq!(progress.state().line(), "searching files, 0 s");
        }
    }

    #[test]
    fn times_are_told_in_minutes_and_seconds() {
        for (seconds, told) in [(4, "4 s"), (59, "59 s"), (125, "2 min 5 s")] {
            assert_eq!(elapsed(Duration::from_secs(seconds)), told);
        }
    }
}
