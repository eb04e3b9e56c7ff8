//! The last result of every target, and how old it is. Pure: the time is an argument.
//!
//! A result counts for two intervals from the moment at which its check began. Then it is too old, and the target
//! counts as failed: it must never look like a fresh pass.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::diagnose::{Code, too_old};
use crate::escape::Shown;
use crate::exit::Exit;
use crate::report::{EndpointReport, Report};

use super::histogram::Histogram;
use super::schedule::Id;
use super::target::Target;

/// One moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// By the clock that never jumps, and that stands still while the machine sleeps.
    pub(super) instant: Instant,
    /// By the calendar, in seconds since 1970-01-01T00:00:00Z.
    pub(super) wall: i64,
}

impl Moment {
    /// The time from then until now: the longer one by either clock. So neither a machine that slept nor a calendar
    /// that was set back makes a result look younger.
    pub(super) fn age(self, now: Self) -> Duration {
        let passed = now.instant.saturating_duration_since(self.instant);
        let by_calendar = now.wall.saturating_sub(self.wall);
        let by_calendar = Duration::from_secs(u64::try_from(by_calendar).unwrap_or(0));
        // The calendar is read in whole seconds.
        passed.max(by_calendar.saturating_sub(Duration::from_secs(1)))
    }
}

/// What a check found.
pub(super) struct Found {
    /// The reports of the string's endpoints.
    pub(super) reports: Vec<EndpointReport>,
    /// When the check began.
    pub(super) begun: Moment,
    /// How long it took, from its turn in the schedule.
    pub(super) took: Duration,
}

impl Found {
    fn exit(&self) -> Exit {
        Exit::of_all(self.reports.iter().map(|report| report.exit_code))
    }
}

/// How often a target was checked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
    /// How often there was no result, because the check itself broke.
    pub(super) broken: u64,
}

/// A target with what is known of it.
pub(super) struct Slot {
    pub(super) id: Id,
    pub(super) target: Target,
    /// Since when it is in the configuration as it is.
    added: Moment,
    last: Last,
    pub(super) counts: Counts,
    pub(super) durations: Histogram,
    /// What was said of it last.
    said: Option<State>,
}

enum Last {
    /// There was none yet.
    Nothing,
    Found(Found),
    /// The last check ended without a result, for this reason.
    Broken(String),
}

/// What is known of a target now.
#[derive(Clone, Copy)]
pub(super) enum Standing<'a> {
    /// Its first check is not done, and not overdue.
    Awaited,
    /// The last result counts.
    Fresh(&'a Found),
    /// The last result is too old, or there is none.
    Stale,
}

/// The report of an endpoint, and what metrics call it.
pub(super) type Labelled<'a> = (String, Cow<'a, EndpointReport>);

/// What is worth a line when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    exit: Exit,
    code: Option<Code>,
}

impl Slot {
    pub(super) fn standing(&self, now: Moment) -> Standing<'_> {
        let most = self.counts_for();
        match &self.last {
            Last::Found(found) if found.begun.age(now) <= most => Standing::Fresh(found),
            Last::Nothing if self.added.age(now) <= most => Standing::Awaited,
            Last::Found(_) | Last::Nothing | Last::Broken(_) => Standing::Stale,
        }
    }

    /// How long a result counts.
    fn counts_for(&self) -> Duration {
        self.target.wanted.interval.saturating_mul(2)
    }

    /// How old the last result is.
    pub(super) fn age(&self, now: Moment) -> Option<Duration> {
        match &self.last {
            Last::Found(found) => Some(found.begun.age(now)),
            Last::Nothing | Last::Broken(_) => None,
        }
    }

    /// Each endpoint with its label; none while the first result is awaited. Those whose result is too old have
    /// failed.
    pub(super) fn reports(&self, now: Moment) -> Vec<Labelled<'_>> {
        match self.standing(now) {
            Standing::Awaited => Vec::new(),
            Standing::Fresh(found) => {
                let reports = found.reports.iter().enumerate();
                reports
                    .map(|(place, report)| (self.target.label(place), Cow::Borrowed(report)))
                    .collect()
            }
            Standing::Stale => self.without_result(now),
        }
    }

    /// Each endpoint as one that failed, because no result counts.
    fn without_result(&self, now: Moment) -> Vec<Labelled<'_>> {
        let why = match &self.last {
            Last::Broken(why) => Some(why.as_str()),
            Last::Found(_) | Last::Nothing => None,
        };
        let report = EndpointReport::unread(&too_old(self.age(now), self.counts_for(), why));
        let labels = self.target.labels.iter();
        labels
            .map(|label| {
                let named = EndpointReport {
                    name: Some(Shown::new(label)),
                    ..report.clone()
                };
                (label.clone(), Cow::Owned(named))
            })
            .collect()
    }

    /// What has changed since it was said last. A pass at the beginning is not news.
    fn news(&mut self, now: Moment) -> Option<Change> {
        if matches!(self.standing(now), Standing::Awaited) {
            return None;
        }
        let reports = self.reports(now);
        let exit = Exit::of_all(reports.iter().map(|(_, report)| report.exit_code));
        let errors = || {
            reports
                .iter()
                .filter_map(|(_, report)| report.error.as_ref())
        };
        let error = errors()
            .find(|error| {
                error
                    .code
                    .known()
                    .is_some_and(|code| code.exits().contains(&exit))
            })
            .or_else(|| errors().next());
        let state = State {
            exit,
            code: error.and_then(|error| error.code.known()),
        };
        let change = Change {
            target: Shown::new(self.target.name()),
            before: self.said.map(|said| said.exit),
            exit,
            code: error.map(|error| error.code.to_string()),
            message: error.map(|error| error.message.clone()),
        };
        let first_pass = self.said.is_none() && exit == Exit::Passed;
        let same = self.said.replace(state) == Some(state);
        (!same && !first_pass).then_some(change)
    }
}

/// A target is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub target: Shown,
    /// The exit code before; nothing if this is the first result.
    pub before: Option<Exit>,
    /// The exit code now.
    pub exit: Exit,
    /// The code of the finding that decided.
    pub code: Option<String>,
    /// What was seen.
    pub message: Option<Shown>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            before,
            exit,
            code,
            message,
        } = self;
        match exit {
            Exit::Passed => write!(f, "{target}: PASS")?,
            Exit::Unmet
            | Exit::Usage
            | Exit::Unreachable
            | Exit::NoTls
            | Exit::Handshake
            | Exit::Untrusted
            | Exit::WrongHost
            | Exit::Login
            | Exit::Interrupted => write!(f, "{target}: FAIL, exit {}", exit.number())?,
        }
        if let Some(code) = code {
            write!(f, ", {code}")?;
        }
        if let Some(message) = message {
            write!(f, ": {message}")?;
        }
        match before {
            Some(Exit::Passed) => f.write_str(" (passed before)"),
            Some(before) => write!(f, " (exit {} before)", before.number()),
            None => Ok(()),
        }
    }
}

/// All targets, in the order of the configuration.
pub(super) struct Board {
    slots: Vec<Slot>,
    next: Id,
    /// Grows with every change.
    version: u64,
}

/// What became of the targets when a configuration was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Replaced {
    /// New ones, and those that are not as they were.
    pub(super) added: Vec<Id>,
    pub(super) removed: Vec<Id>,
    /// Those whose results stay, but that may be due at other times.
    pub(super) kept: Vec<Id>,
}

impl Board {
    pub(super) fn new() -> Self {
        Self {
            slots: Vec::new(),
            next: Id::FIRST,
            version: 0,
        }
    }

    /// These are the targets from now on. What is known of one stays only if nothing about it has changed.
    pub(super) fn replace(&mut self, targets: Vec<Target>, now: Moment) -> Replaced {
        let mut old = std::mem::take(&mut self.slots);
        let mut replaced = Replaced::default();
        for target in targets {
            let same = old
                .iter()
                .position(|slot| slot.target.is_checked_like(&target));
            let slot = match same {
                Some(place) => {
                    let slot = old.swap_remove(place);
                    replaced.kept.push(slot.id);
                    Slot { target, ..slot }
                }
                None => {
                    let id = self.next;
                    self.next = id.next();
                    replaced.added.push(id);
                    Slot {
                        id,
                        target,
                        added: now,
                        last: Last::Nothing,
                        counts: Counts::default(),
                        durations: Histogram::default(),
                        said: None,
                    }
                }
            };
            self.slots.push(slot);
        }
        replaced.removed = old.into_iter().map(|slot| slot.id).collect();
        self.version = self.version.saturating_add(1);
        replaced
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn get(&self, id: Id) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.id == id)
    }

    /// The target that `/probe` calls so.
    pub(super) fn named(&self, name: &str) -> Option<&Slot> {
        let mut slots = self.slots.iter();
        slots.find(|slot| slot.target.labels.iter().any(|label| label == name))
    }

    /// A check has ended. If its target is not in the configuration any more, nothing happens.
    pub(super) fn publish(&mut self, id: Id, found: Found) {
        if found.reports.is_empty() {
            // No endpoint would mean that none failed.
            return self.break_off(id, "the check has no result");
        }
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.id == id) else {
            return;
        };
        let count = match found.exit() {
            Exit::Passed => &mut slot.counts.passed,
            Exit::Unmet
            | Exit::Usage
            | Exit::Unreachable
            | Exit::NoTls
            | Exit::Handshake
            | Exit::Untrusted
            | Exit::WrongHost
            | Exit::Login
            | Exit::Interrupted => &mut slot.counts.failed,
        };
        *count = count.saturating_add(1);
        slot.durations.record(found.took);
        slot.last = Last::Found(found);
        self.version = self.version.saturating_add(1);
    }

    /// A check has ended without a result. What was known before does not count any more.
    pub(super) fn break_off(&mut self, id: Id, why: &str) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.id == id) {
            slot.counts.broken = slot.counts.broken.saturating_add(1);
            slot.last = Last::Broken(why.to_owned());
            self.version = self.version.saturating_add(1);
        }
    }

    /// Whether every target has a result, or has been waited for long enough.
    pub(super) fn is_ready(&self, now: Moment) -> bool {
        let mut slots = self.slots.iter();
        slots.all(|slot| !matches!(slot.standing(now), Standing::Awaited))
    }

    /// What has changed since this was called last.
    pub(super) fn news(&mut self, now: Moment) -> Vec<Change> {
        let slots = self.slots.iter_mut();
        slots.filter_map(|slot| slot.news(now)).collect()
    }

    /// How many targets pass, and how many do not.
    pub(super) fn tally(&self, now: Moment) -> (usize, usize) {
        let passes = |slot: &&Slot| match slot.standing(now) {
            Standing::Fresh(found) => found.exit() == Exit::Passed,
            Standing::Awaited | Standing::Stale => false,
        };
        let passed = self.slots.iter().filter(passes).count();
        (passed, self.slots.len().saturating_sub(passed))
    }

    /// A report of all targets. Those without a result have not passed.
    pub(super) fn report(&self, now: Moment) -> Report {
        let all = self.slots.iter().flat_map(|slot| match slot.standing(now) {
            Standing::Awaited => slot.without_result(now),
            Standing::Fresh(_) | Standing::Stale => slot.reports(now),
        });
        let endpoints: Vec<EndpointReport> = all
            .map(|(label, report)| EndpointReport {
                name: Some(Shown::new(&label)),
                ..report.into_owned()
            })
            .collect();
        let exit = Exit::of_all(endpoints.iter().map(|endpoint| endpoint.exit_code));
        Report::new(endpoints, exit, now.wall)
    }
}
