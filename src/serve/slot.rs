//! One target: its last result, and how old it is. Pure: the time is an argument.
//!
//! A result counts for two intervals from the moment at which its check began, and a pass no longer than the certificates
//! on which it depends. After that the target counts as failed: it must never look like a fresh pass.

use std::borrow::Cow;
use std::time::Duration;

use crate::diagnose::{Code, NoResult, no_result};
use crate::escape::Shown;
use crate::exit::Exit;
use crate::report::{EndpointReport, Verdict};

use super::change::Change;
use super::histogram::Histogram;
use super::moment::Moment;
use super::schedule::Id;
use super::target::Target;

/// What a check found.
pub(super) struct Found {
    /// The reports of the string's endpoints.
    pub(super) reports: Vec<EndpointReport>,
    /// When the check began.
    pub(super) begun: Moment,
    /// How long it took, from its turn in the schedule.
    pub(super) took: Duration,
    /// When something ends on which a pass among them depends, by the calendar.
    pub(super) ends: Option<i64>,
}

impl Found {
    pub(super) fn exit(&self) -> Exit {
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
    /// How long the last result counts, or how long the first one is awaited.
    counts_for: Duration,
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
    /// No result counts, for this reason.
    Stale(NoResult<'a>),
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
    pub(super) fn new(id: Id, target: Target, now: Moment) -> Self {
        Self {
            id,
            counts_for: twice(&target),
            target,
            added: now,
            last: Last::Nothing,
            counts: Counts::default(),
            durations: Histogram::default(),
            said: None,
        }
    }

    /// The same target, which may be due at other times from now on. With a shorter interval the result is not too old
    /// at once: its next check comes within two of them.
    pub(super) fn kept(self, target: Target, now: Moment) -> Self {
        let from_now = self.waited(now).saturating_add(twice(&target));
        Self {
            counts_for: self.counts_for.min(from_now),
            target,
            ..self
        }
    }

    /// A check has ended.
    pub(super) fn publish(&mut self, found: Found) {
        let count = match Verdict::of(found.exit()) {
            Verdict::Pass => &mut self.counts.passed,
            Verdict::Fail => &mut self.counts.failed,
        };
        *count = count.saturating_add(1);
        self.durations.record(found.took);
        self.last = Last::Found(found);
        self.counts_for = twice(&self.target);
    }

    /// A check has ended without a result.
    pub(super) fn break_off(&mut self, why: &str) {
        self.counts.broken = self.counts.broken.saturating_add(1);
        self.last = Last::Broken(why.to_owned());
    }

    pub(super) fn standing(&self, now: Moment) -> Standing<'_> {
        let counts_for = self.counts_for;
        let found = match &self.last {
            Last::Found(found) => found,
            Last::Nothing if self.added.age(now) <= counts_for => return Standing::Awaited,
            Last::Nothing => return Standing::Stale(NoResult::Awaited),
            Last::Broken(why) => return Standing::Stale(NoResult::Broken(why)),
        };
        let age = found.begun.age(now);
        match found.ends.filter(|end| *end <= now.wall) {
            _ if age > counts_for => Standing::Stale(NoResult::TooOld { age, counts_for }),
            Some(end) => Standing::Stale(NoResult::Ended(end)),
            None => Standing::Fresh(found),
        }
    }

    /// How old the last result is.
    pub(super) fn age(&self, now: Moment) -> Option<Duration> {
        match &self.last {
            Last::Found(found) => Some(found.begun.age(now)),
            Last::Nothing | Last::Broken(_) => None,
        }
    }

    /// How old the last result is, or how long there is none.
    fn waited(&self, now: Moment) -> Duration {
        self.age(now).unwrap_or_else(|| self.added.age(now))
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
            Standing::Stale(why) => self.without_result(why),
        }
    }

    /// Each endpoint as one that failed, because no result counts.
    pub(super) fn without_result(&self, why: NoResult<'_>) -> Vec<Labelled<'_>> {
        let report = EndpointReport::unread(&no_result(why));
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
    pub(super) fn news(&mut self, now: Moment) -> Option<Change> {
        let reports: Cow<'_, [EndpointReport]> = match self.standing(now) {
            Standing::Awaited => return None,
            Standing::Fresh(found) => found.reports.as_slice().into(),
            Standing::Stale(why) => vec![EndpointReport::unread(&no_result(why))].into(),
        };
        let exit = Exit::of_all(reports.iter().map(|report| report.exit_code));
        let errors = || reports.iter().filter_map(|report| report.error.as_ref());
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
        if self.said == Some(state) {
            return None;
        }
        let change = Change {
            target: Shown::new(self.target.name()),
            before: self.said.map(|said| said.exit),
            exit,
            code: error.map(|error| error.code.to_string()),
            message: error.map(|error| error.message.clone()),
        };
        let first_pass = self.said.is_none() && exit == Exit::Passed;
        self.said = Some(state);
        (!first_pass).then_some(change)
    }
}

/// How long a result of a target counts.
fn twice(target: &Target) -> Duration {
    target.wanted.interval.saturating_mul(2)
}
