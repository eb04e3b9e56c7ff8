//! Checks what is due.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::check::{CheckRequest, Checked, Observer, Patience, Source, check};
use crate::report::EndpointReport;

use super::Core;
use super::http::Gate;
use super::schedule::Id;
use super::state::{Found, Moment};

/// Runs the schedule, without an end.
pub(super) async fn run(core: Rc<Core>) {
    let mut look = Instant::now();
    loop {
        let now = core.now();
        let running = core.totals.borrow().in_flight;
        let room = core.settings.jobs.get().saturating_sub(running);
        let due = core.schedule.borrow_mut().begin(now.instant, room);
        if !due.is_empty() {
            let round = Round::new(&core, &due, now);
            tokio::task::spawn_local(round.check());
        }
        if now.instant >= look {
            // A result that becomes too old is news, too.
            core.tell_news();
            look = now.instant + LOOK;
        }
        let room = room.saturating_sub(due.len());
        let wake = core.schedule.borrow().wake();
        let wake = wake
            .filter(|_| room > 0)
            .map_or(look, |wake| wake.min(look));
        tokio::select! {
            () = sleep_until(wake) => {}
            () = core.turn.notified() => {}
        }
    }
}

/// Completes when nothing is being checked or answered any more.
pub(super) async fn settled(core: &Core, gate: &Gate) {
    gate.close();
    while core.totals.borrow().in_flight > 0 || gate.is_busy() {
        sleep(MOMENT).await;
    }
}

/// Targets that are checked together, so that they read their roots once. When it is dropped, what has no result then
/// is broken: also after a panic.
struct Round {
    core: Rc<Core>,
    begun: Moment,
    sources: Rc<[Source]>,
    /// By the address of the source.
    places: HashMap<usize, usize>,
    entries: Vec<Entry>,
}

struct Entry {
    id: Id,
    /// What is known so far; nothing once it is published.
    reports: Option<Vec<EndpointReport>>,
}

impl Round {
    fn new(core: &Rc<Core>, due: &[Id], begun: Moment) -> Self {
        let board = core.board.borrow();
        let slots: Vec<_> = due.iter().filter_map(|id| board.get(*id)).collect();
        let sources: Rc<[Source]> = slots
            .iter()
            .map(|slot| slot.target.wanted.source.clone())
            .collect();
        let entries: Vec<Entry> = slots
            .iter()
            .map(|slot| Entry {
                id: slot.id,
                reports: Some(Vec::new()),
            })
            .collect();
        let mut totals = core.totals.borrow_mut();
        totals.in_flight = totals.in_flight.saturating_add(entries.len());
        Self {
            core: Rc::clone(core),
            begun,
            places: places_of(&sources),
            sources,
            entries,
        }
    }

    async fn check(mut self) {
        let core = Rc::clone(&self.core);
        let sources = Rc::clone(&self.sources);
        let request = CheckRequest {
            patience: Patience {
                timeout: core.settings.timeout,
                wait: None,
            },
            ..CheckRequest::new(self.begun.wall, core.settings.jobs)
        };
        let world = &*core.world;
        let checked = check(&request, &sources, world, &mut self, sleep(LONGEST)).await;
        match checked {
            Ok(outcome) => {
                // What was not done in all that time.
                for entry in &mut self.entries {
                    if let Some(reports) = &mut entry.reports {
                        reports.clear();
                    }
                }
                for checked in outcome.checked() {
                    self.done(checked);
                }
                for source in sources.iter() {
                    self.completed(source);
                }
            }
            Err(error) => self.break_off(&error.to_string()),
        }
    }

    fn entry(&mut self, source: &Source) -> Option<&mut Entry> {
        let place = self.places.get(&address_of(source))?;
        self.entries.get_mut(*place)
    }

    fn ended(core: &Core, id: Id) {
        let mut totals = core.totals.borrow_mut();
        totals.in_flight = totals.in_flight.saturating_sub(1);
        drop(totals);
        core.schedule.borrow_mut().end(id, Instant::now());
        core.turn.notify_one();
    }

    /// What has no result yet gets none.
    fn break_off(&mut self, why: &str) {
        for entry in &mut self.entries {
            if entry.reports.take().is_some() {
                self.core.board.borrow_mut().break_off(entry.id, why);
                Self::ended(&self.core, entry.id);
            }
        }
    }
}

impl Drop for Round {
    fn drop(&mut self) {
        self.break_off("a bug of pgtls ended it");
    }
}

impl Observer for Round {
    fn begin(&mut self, _: &mut dyn ExactSizeIterator<Item = String>) {}
    fn begun(&mut self, _: usize) {}
    fn ended(&mut self, _: usize) {}
    fn changed(&mut self, _: &Checked<'_>) {}

    fn done(&mut self, checked: &Checked<'_>) {
        let entry = self.entry(checked.source);
        if let Some(reports) = entry.and_then(|entry| entry.reports.as_mut()) {
            reports.push(EndpointReport::of(checked));
        }
    }

    fn completed(&mut self, source: &Source) {
        let core = Rc::clone(&self.core);
        let begun = self.begun;
        let Some(entry) = self.entry(source) else {
            return;
        };
        let Some(reports) = entry.reports.take() else {
            return;
        };
        let id = entry.id;
        let found = Found {
            reports,
            begun,
            took: begun.instant.elapsed(),
        };
        core.board.borrow_mut().publish(id, found);
        Self::ended(&core, id);
    }
}

fn places_of(sources: &[Source]) -> HashMap<usize, usize> {
    let addresses = sources.iter().map(address_of);
    addresses.zip(0..).collect()
}

fn address_of(source: &Source) -> usize {
    std::ptr::from_ref(source).addr()
}

/// A round that takes longer is broken off. Each endpoint has its own time limit, which is far shorter.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// How often old results are looked for.
const LOOK: Duration = Duration::from_secs(1);

const MOMENT: Duration = Duration::from_millis(10);
