//! Checks what is due.

use std::collections::HashMap;
use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::check::{CheckRequest, Checked, Observer, Patience, Source, check};
use crate::report::EndpointReport;

use super::Core;
use super::http::Gate;
use super::moment::Moment;
use super::schedule::Id;
use super::slot::Found;

/// Runs the schedule, without an end.
pub(super) async fn run(core: Rc<Core>) -> Infallible {
    let mut look = Instant::now();
    loop {
        let now = core.now();
        if now.instant >= look {
            // A result that does not count any more is news, too.
            core.tell_news();
            let board = core.board.borrow();
            let mut schedule = core.schedule.borrow_mut();
            board
                .ended(now)
                .for_each(|id| schedule.hurry(id, now.instant));
            look = now.instant + LOOK;
        }
        let taken = core.totals.borrow().room_taken;
        let room = core.settings.jobs.get().saturating_sub(taken);
        let due = core.schedule.borrow_mut().begin(now.instant, room);
        if !due.is_empty() {
            let round = Round::new(&core, &due, now);
            tokio::task::spawn_local(round.check());
        }
        // What is due already waits for room: the next check that ends wakes it.
        let wake = core.schedule.borrow().wake();
        let wake = wake
            .filter(|wake| *wake > now.instant)
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

/// Targets that are checked together, so that they read their roots once.
struct Round {
    core: Rc<Core>,
    begun: Moment,
    sources: Rc<[Source]>,
    /// How many of their endpoints may be in flight at once.
    room: NonZeroUsize,
    /// What has no result yet, by the address of its source.
    open: HashMap<usize, Entry>,
}

struct Entry {
    id: Id,
    room: usize,
}

impl Round {
    fn new(core: &Rc<Core>, due: &[(Id, usize)], begun: Moment) -> Self {
        let board = core.board.borrow();
        let known = due
            .iter()
            .filter_map(|(id, room)| Some((board.get(*id)?, *room)));
        let (sources, entries): (Vec<Source>, Vec<Entry>) = known
            .map(|(slot, room)| {
                let source = slot.target.wanted.source.clone();
                (source, Entry { id: slot.id, room })
            })
            .unzip();
        let sources: Rc<[Source]> = sources.into();
        let room = entries.iter().map(|entry| entry.room).sum();
        let mut totals = core.totals.borrow_mut();
        totals.in_flight = totals.in_flight.saturating_add(entries.len());
        totals.room_taken = totals.room_taken.saturating_add(room);
        Self {
            core: Rc::clone(core),
            begun,
            room: NonZeroUsize::new(room).unwrap_or(NonZeroUsize::MIN),
            open: sources.iter().map(address_of).zip(entries).collect(),
            sources,
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
            ..CheckRequest::new(self.begun.wall, self.room)
        };
        let world = &*core.world;
        let checked = check(&request, &sources, world, &mut self, sleep(LONGEST)).await;
        match checked {
            Ok(outcome) => {
                // What was not done in all that time.
                let all: Vec<&Checked<'_>> = outcome.checked().collect();
                for together in all.chunk_by(|one, next| std::ptr::eq(one.source, next.source)) {
                    if let Some(first) = together.first() {
                        self.completed(first.source, together);
                    }
                }
                self.break_off("not every endpoint was checked");
            }
            Err(error) => self.break_off(&error.to_string()),
        }
    }

    /// What has no result yet gets none.
    fn break_off(&mut self, why: &str) {
        for (_, entry) in self.open.drain() {
            self.core.board.borrow_mut().break_off(entry.id, why);
            entry.ended(&self.core);
        }
    }
}

impl Entry {
    fn ended(self, core: &Core) {
        let mut totals = core.totals.borrow_mut();
        totals.in_flight = totals.in_flight.saturating_sub(1);
        totals.room_taken = totals.room_taken.saturating_sub(self.room);
        drop(totals);
        core.schedule.borrow_mut().end(self.id, Instant::now());
        core.turn.notify_one();
    }
}

impl Observer for Round {
    fn begin(&mut self, _: &mut dyn ExactSizeIterator<Item = String>) {}
    fn begun(&mut self, _: usize) {}
    fn ended(&mut self, _: usize) {}
    fn done(&mut self, _: &Checked<'_>) {}
    fn changed(&mut self, _: &Checked<'_>) {}

    fn completed(&mut self, source: &Source, checked: &[&Checked<'_>]) {
        let Some(entry) = self.open.remove(&address_of(source)) else {
            return;
        };
        let found = Found {
            reports: checked.iter().map(|one| EndpointReport::of(one)).collect(),
            begun: self.begun,
            took: self.begun.instant.elapsed(),
            ends: checked.iter().filter_map(|one| one.ends()).min(),
        };
        self.core.board.borrow_mut().publish(entry.id, found);
        entry.ended(&self.core);
    }
}

fn address_of(source: &Source) -> usize {
    std::ptr::from_ref(source).addr()
}

/// A round that takes longer is broken off. Each endpoint has its own time limit, which is far shorter.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// How often old results are looked for.
const LOOK: Duration = Duration::from_secs(1);

const MOMENT: Duration = Duration::from_millis(10);
