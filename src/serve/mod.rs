//! The checks of a configuration on a schedule, with their last results for Prometheus.
//!
//! `schedule.rs` says which target is due when, `rounds.rs` checks those that are due, `board.rs` keeps the targets and
//! `slot.rs` the last result of each with its age, `metrics.rs` and `page.rs` show them, `http` answers requests,
//! `probe.rs` checks at once what a request names, and `web_config` is who may ask. Everything runs on one thread; what
//! computes for long is done aside ([`crate::workers`]).

#![deny(clippy::wildcard_enum_match_arm)]

mod board;
mod change;
mod free;
mod histogram;
mod http;
mod metrics;
mod moment;
mod page;
mod probe;
mod rounds;
mod schedule;
mod slot;
mod target;
mod web_config;

use std::cell::RefCell;
use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout};

use crate::conninfo::World;
use crate::escape::Shown;

pub use change::Change;
pub use http::{Door, Limits};
pub use schedule::SHORTEST_INTERVAL;
pub use target::{Target, Wanted};
pub use web_config::Error as DoorError;

use board::Board;
use moment::Moment;
use probe::Probes;
use schedule::{Rhythm, Schedule};
use slot::Slot;

/// How the service works.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many endpoints of the schedule may be in flight at once.
    pub jobs: NonZeroUsize,
    /// Time for one endpoint. It overrides the string.
    pub timeout: Option<Duration>,
    /// Gives each target its place in the interval.
    pub seed: u64,
    /// Reads the calendar, in seconds since 1970-01-01T00:00:00Z.
    pub calendar: fn() -> i64,
    /// Whether requests may name servers that the configuration does not have.
    pub strangers: Strangers,
    /// What requests may take.
    pub limits: Limits,
}

/// Servers that the configuration does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strangers {
    /// Are not checked.
    Refused,
    /// Are checked, if a request names one.
    Allowed,
}

/// Something to log. Its `Display` is one line, without secrets.
#[derive(Clone, Debug)]
pub enum Event {
    /// A target is not as it was.
    Changed(Change),
    /// Every target has been checked once.
    FirstRound {
        /// How many passed.
        passed: usize,
        /// How many did not.
        failed: usize,
    },
    /// The configuration was read again.
    Loaded {
        /// How many targets there are now.
        targets: usize,
        /// How many of them are new or changed.
        added: usize,
        /// How many are gone or were changed.
        removed: usize,
    },
    /// It could not be read, so that the one before stays.
    NotLoaded(Shown),
    /// The service ends.
    Stopping,
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Changed(change) => change.fmt(f),
            Self::FirstRound { passed, failed } => {
                write!(
                    f,
                    "the first round is done: {passed} passed, {failed} failed"
                )
            }
            Self::Loaded {
                targets,
                added,
                removed,
            } => write!(
                f,
                "read the configuration again. Targets: {targets}; new or changed: {added}; gone or changed: {removed}"
            ),
            Self::NotLoaded(why) => {
                write!(
                    f,
                    "the configuration before stays in use, because the new one is wrong: {why}"
                )
            }
            Self::Stopping => f.write_str("stopping"),
        }
    }
}

/// Numbers about the service as a whole.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    /// When it started, by the calendar.
    started: i64,
    /// When the configuration in use was read.
    loaded: i64,
    /// Whether a newer one could not be read.
    load_failed: bool,
    /// Checks of the schedule that are running.
    in_flight: usize,
    /// How many of their endpoints may be in flight, together.
    room_taken: usize,
    /// Probes that are running.
    probes: usize,
    /// Probes that were refused, because too many were running.
    refused: u64,
    /// Whether the end of the first round was said.
    first_round_said: bool,
    /// How many lines were logged. A page that was made before the last one is not shown.
    said: u64,
}

impl Totals {
    /// Whether the first round is done.
    fn is_ready(&self, board: &Board, now: Moment) -> bool {
        self.first_round_said || board.is_ready(now)
    }
}

/// What all parts share.
struct Core {
    settings: Settings,
    world: Box<dyn World>,
    board: RefCell<Board>,
    schedule: RefCell<Schedule>,
    totals: RefCell<Totals>,
    probes: RefCell<Probes>,
    /// Something has changed that the schedule must look at.
    turn: Notify,
    log: Box<dyn Fn(Event)>,
}

impl Core {
    fn now(&self) -> Moment {
        Moment {
            instant: Instant::now(),
            wall: (self.settings.calendar)(),
        }
    }

    /// These are the targets from now on.
    fn replace(&self, targets: Vec<Target>) -> (usize, usize) {
        let now = self.now();
        let replaced = self.board.borrow_mut().replace(targets, now);
        let board = self.board.borrow();
        let mut schedule = self.schedule.borrow_mut();
        let rhythm = |slot: &Slot| {
            let interval = slot.target.wanted.interval;
            Rhythm::new(interval, self.settings.seed, slot.target.name())
        };
        for id in &replaced.removed {
            schedule.remove(*id);
        }
        for slot in replaced.added.iter().filter_map(|id| board.get(*id)) {
            // One with more endpoints than there is room for has all the room, in turn.
            let room = slot.target.labels.len().min(self.settings.jobs.get());
            schedule.add(slot.id, rhythm(slot), room, now.instant);
        }
        for slot in replaced.kept.iter().filter_map(|id| board.get(*id)) {
            schedule.change(slot.id, rhythm(slot), now.instant);
        }
        self.turn.notify_one();
        (replaced.added.len(), replaced.removed.len())
    }

    /// Whether the first round is done.
    fn is_ready(&self) -> bool {
        let totals = self.totals.borrow();
        totals.is_ready(&self.board.borrow(), self.now())
    }

    /// Logs it.
    fn say(&self, event: Event) {
        let mut totals = self.totals.borrow_mut();
        totals.said = totals.said.saturating_add(1);
        drop(totals);
        (self.log)(event);
    }

    /// Logs what has changed.
    fn tell_news(&self) {
        let now = self.now();
        let changes = self.board.borrow_mut().news(now);
        for change in changes {
            self.say(Event::Changed(change));
        }
        let mut totals = self.totals.borrow_mut();
        let board = self.board.borrow();
        if !totals.first_round_said && board.is_ready(now) {
            totals.first_round_said = true;
            drop(totals);
            let (passed, failed) = board.tally(now);
            self.say(Event::FirstRound { passed, failed });
        }
    }
}

/// A service that is ready to run.
pub struct Service {
    core: Rc<Core>,
}

impl Service {
    /// A service for these targets. `log` gets what is worth a line.
    pub fn new(
        settings: Settings,
        targets: Vec<Target>,
        world: Box<dyn World>,
        log: impl Fn(Event) + 'static,
    ) -> Self {
        let started = (settings.calendar)();
        let core = Core {
            settings,
            world,
            board: RefCell::new(Board::new()),
            schedule: RefCell::new(Schedule::new(Instant::now())),
            totals: RefCell::new(Totals {
                started,
                loaded: started,
                ..Totals::default()
            }),
            probes: RefCell::new(Probes::default()),
            turn: Notify::new(),
            log: Box::new(log),
        };
        core.replace(targets);
        Self {
            core: Rc::new(core),
        }
    }

    /// Checks and answers until `end` completes. Whenever `reload` completes, `load` reads the configuration again.
    pub async fn run(
        self,
        listener: TcpListener,
        door: Rc<Door>,
        mut reload: impl AsyncFnMut(),
        mut load: impl FnMut() -> Result<Vec<Target>, String>,
        end: impl Future<Output = ()>,
    ) {
        let core = self.core;
        let set = LocalSet::new();
        let gate = http::Gate::new(Rc::clone(&core), Rc::clone(&door));
        let reloading = async {
            loop {
                reload().await;
                let door_read = door.reload();
                let loaded = load().and_then(|targets| match door_read {
                    Ok(()) => Ok(targets),
                    Err(error) => Err(error.to_string()),
                });
                core.loaded(loaded);
            }
        };
        set.run_until(async {
            tokio::select! {
                biased;
                () = end => {}
                never = rounds::run(Rc::clone(&core)) => match never {},
                never = gate.listen(listener) => match never {},
                () = reloading => {}
            }
        })
        .await;
        core.say(Event::Stopping);
        // What is being answered or checked may end: a connection that breaks off is an error in the server's log.
        let _ = set
            .run_until(timeout(LAST_WORDS, rounds::settled(&core, &gate)))
            .await;
    }
}

impl Core {
    /// The configuration was read again, or could not be.
    fn loaded(&self, loaded: Result<Vec<Target>, String>) {
        match loaded {
            Ok(targets) => {
                let count = targets.len();
                let (added, removed) = self.replace(targets);
                let mut totals = self.totals.borrow_mut();
                totals.loaded = (self.settings.calendar)();
                totals.load_failed = false;
                drop(totals);
                self.say(Event::Loaded {
                    targets: count,
                    added,
                    removed,
                });
            }
            Err(why) => {
                self.totals.borrow_mut().load_failed = true;
                self.say(Event::NotLoaded(Shown::new(&why)));
            }
        }
    }
}

/// Whether anybody but this machine can reach a listener at this address.
#[must_use]
pub fn is_open(address: SocketAddr) -> bool {
    !address.ip().to_canonical().is_loopback()
}

/// At the end.
const LAST_WORDS: Duration = Duration::from_secs(3);
