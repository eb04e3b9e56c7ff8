//! All targets of the configuration with their last results.

use crate::diagnose::NoResult;
use crate::escape::Shown;
use crate::exit::Exit;
use crate::report::{EndpointReport, Report};

use super::change::Change;
use super::moment::Moment;
use super::schedule::Id;
use super::slot::{Found, Slot, Standing};
use super::target::Target;

/// All targets, in the order of the configuration.
pub(super) struct Board {
    slots: Vec<Slot>,
    next: Id,
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
                    slot.kept(target, now)
                }
                None => {
                    let id = self.next;
                    self.next = id.next();
                    replaced.added.push(id);
                    Slot::new(id, target, now)
                }
            };
            self.slots.push(slot);
        }
        replaced.removed = old.into_iter().map(|slot| slot.id).collect();
        replaced
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
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
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.id == id) {
            slot.publish(found);
        }
    }

    /// A check has ended without a result. What was known before does not count any more.
    pub(super) fn break_off(&mut self, id: Id, why: &str) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.id == id) {
            slot.break_off(why);
        }
    }

    /// Those whose last pass has ended, as something has on which it depended.
    pub(super) fn ended(&self, now: Moment) -> impl Iterator<Item = Id> {
        let has_ended =
            move |slot: &&Slot| matches!(slot.standing(now), Standing::Stale(NoResult::Ended(_)));
        self.slots.iter().filter(has_ended).map(|slot| slot.id)
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
            Standing::Awaited | Standing::Stale(_) => false,
        };
        let passed = self.slots.iter().filter(passes).count();
        (passed, self.slots.len().saturating_sub(passed))
    }

    /// A report of all targets. Those without a result have not passed.
    pub(super) fn report(&self, now: Moment) -> Report {
        let all = self.slots.iter().flat_map(|slot| match slot.standing(now) {
            Standing::Awaited => slot.without_result(NoResult::Awaited),
            Standing::Fresh(_) | Standing::Stale(_) => slot.reports(now),
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

#[cfg(test)]
mod tests;
