//! A run in progress: which endpoints are done, and what is kept if it is interrupted.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use tokio::time::Instant;

use super::fleet::{self, Turns};
use super::hosts::{Done, Visitor, in_turn};
use super::outcome::{Checked, End, Outcome, Subject};
use super::unit::Unit;
use super::{CheckRequest, Error, Hosts, Observer, Source, wait};
use crate::conninfo::World;
use crate::diagnose::not_finished;
use crate::exit::Exit;
use crate::trust::SharedTrust;

/// What is known of a run in progress: each unit, since when it is being checked, and its result.
#[derive(Default)]
struct Known<'a> {
    units: Vec<Unit<'a>>,
    begun: Vec<Option<Instant>>,
    results: Vec<Option<Done<'a>>>,
}

impl<'a> Known<'a> {
    /// These are all units.
    fn insert(&mut self, units: Vec<Unit<'a>>) -> &mut Self {
        self.begun.resize_with(units.len(), || None);
        self.results.resize_with(units.len(), || None);
        self.units = units;
        self
    }

    /// All results, and in their places what there is none of.
    fn with_unfinished(self, sources: &'a [Source]) -> Vec<Done<'a>> {
        if self.units.is_empty() {
            let unread = |source| Done::single(unfinished(source, Subject::Unread, None));
            return sources.iter().map(unread).collect();
        }
        let units = self.units.into_iter().zip(self.begun).zip(self.results);
        units
            .map(|((unit, begun), result)| match result {
                Some(done) => done,
                None => {
                    let waited = begun.map(|begun| begun.elapsed());
                    Done::single(unfinished(unit.source, unit.subject(), waited))
                }
            })
            .collect()
    }
}

/// The strings whose units are not all done yet. Those of one string stand together.
struct Open {
    /// For each unit, the number of its string.
    strings: Vec<usize>,
    /// For each string, the places of its units, and how many of them are not done.
    units: Vec<(Range<usize>, usize)>,
}

impl Open {
    fn of(units: &[Unit<'_>]) -> Self {
        let mut open = Self {
            strings: Vec::new(),
            units: Vec::new(),
        };
        for together in units.chunk_by(|one, next| std::ptr::eq(one.source, next.source)) {
            let (string, first) = (open.units.len(), open.strings.len());
            open.strings.extend(together.iter().map(|_| string));
            let places = first..open.strings.len();
            open.units.push((places, together.len()));
        }
        open
    }

    /// The unit at this place is done. Returns the places of its string if that was the last one of it.
    fn close(&mut self, place: usize) -> Option<Range<usize>> {
        let (places, left) = self.units.get_mut(*self.strings.get(place)?)?;
        *left = left.saturating_sub(1);
        (*left == 0).then(|| places.clone())
    }
}

fn unfinished(source: &Source, subject: Subject, waited: Option<Duration>) -> Checked<'_> {
    Checked {
        source,
        subject,
        diagnosis: not_finished(waited),
        spare: false,
        dialect: None,
        clients: None,
    }
}

/// A run in progress.
pub(super) struct Run<'r, V> {
    pub(super) request: &'r CheckRequest,
    pub(super) world: &'r dyn World,
    pub(super) turns: &'r Turns,
    pub(super) visitor: &'r V,
    pub(super) observer: RefCell<&'r mut dyn Observer>,
}

impl<V: Visitor> Run<'_, V> {
    /// Checks everything, until it is done or interrupted by `interruption`. The results so far are kept.
    pub(super) async fn until<'a>(
        &self,
        sources: &'a [Source],
        interruption: impl Future<Output = ()>,
    ) -> Result<Outcome<'a>, Error> {
        let mut known = Known::default();
        let end = tokio::select! {
            biased;
            () = interruption => End::Interrupted,
            done = self.check_all(sources, &mut known) => {
                done?;
                End::Complete
            }
        };
        let done = match end {
            End::Complete => {
                let all: Option<Vec<Done<'_>>> = known.results.into_iter().collect();
                let all = all.filter(|all| !all.is_empty());
                all.ok_or(Error::Incomplete)?
            }
            End::Interrupted => known.with_unfinished(sources),
        };
        Ok(Outcome { done, end })
    }

    /// `known` always has what is known so far, in the order of the input.
    async fn check_all<'a>(
        &self,
        sources: &'a [Source],
        known: &mut Known<'a>,
    ) -> Result<(), Error> {
        let trusts = SharedTrust::default();
        let mut units = Vec::new();
        for source in sources {
            units.extend(Unit::of(source, self.request, self.world, &trusts).await?);
        }
        // With any host, the addresses are asked for when it is its turn.
        if self.request.all_addresses && self.request.hosts == Hosts::All {
            units = self.by_address(units).await;
        }
        let Known {
            units,
            begun,
            results,
        } = known.insert(units);
        self.observer
            .borrow_mut()
            .begin(&mut units.iter().map(Unit::name));
        // Boxed, because it is large and moved several times.
        let work = units
            .iter()
            .zip(begun)
            .enumerate()
            .map(|(place, (unit, begun))| {
                Box::pin(async move {
                    *begun = Some(Instant::now());
                    self.observer.borrow_mut().begun(place);
                    self.check_patiently(unit).await
                })
            });
        let jobs = self.request.jobs;
        let mut open = Open::of(units);
        fleet::each(work, jobs, self.turns, |place, done: Done<'a>| {
            let mut observer = self.observer.borrow_mut();
            observer.ended(place);
            for one in &done.checked {
                observer.done(one);
            }
            if let Some(result) = results.get_mut(place) {
                *result = Some(done);
            }
            if let (Some(unit), Some(places)) = (units.get(place), open.close(place)) {
                let done = results.get(places).unwrap_or_default().iter().flatten();
                let all: Vec<&Checked<'_>> = done.flat_map(|done| &done.checked).collect();
                observer.completed(unit.source, &all);
            }
        })
        .await;
        Ok(())
    }

    /// The same with an endpoint for every address that a name has. A name that does not resolve yet is kept: its
    /// addresses are asked for again when it is visited.
    async fn by_address<'a>(&self, units: Vec<Unit<'a>>) -> Vec<Unit<'a>> {
        let mut resolved: Vec<Vec<Unit<'a>>> = Vec::new();
        resolved.resize_with(units.len(), Vec::new);
        let work = units.into_iter().map(async |unit: Unit<'a>| {
            let mut all = Vec::new();
            if let Ok(readable) = &unit.parsed {
                let limit = self.request.patience.time_limit(&readable.conninfo);
                for endpoint in &readable.endpoints {
                    match self.visitor.addresses(endpoint, limit).await {
                        Ok(addresses) => all.extend(addresses),
                        Err(_) => all.push(endpoint.clone()),
                    }
                }
            }
            unit.with_endpoints(all, self.request)
        });
        fleet::each(work, self.request.jobs, self.turns, |place, units| {
            if let Some(slot) = resolved.get_mut(place) {
                *slot = units;
            }
        })
        .await;
        resolved.into_iter().flatten().collect()
    }

    /// Checks a unit, with [`Patience::wait`] until it can be reached. Reports each change of its state.
    async fn check_patiently<'a>(&self, unit: &Unit<'a>) -> Done<'a> {
        let Some(wait) = self.request.patience.wait else {
            return self.check_unit(unit, None).await;
        };
        // Counted from here, so that the wait for a turn does not reduce it.
        let until = Instant::now() + wait;
        let mut said = None;
        let mut attempts = 0_usize;
        let mut done = wait::retry(
            until,
            async || {
                attempts = attempts.saturating_add(1);
                self.check_unit(unit, Some(until)).await
            },
            |done: &Done<'_>| {
                let again = done.exit == Exit::Unreachable;
                if let Some(last) = done.checked.last() {
                    let state = last.diagnosis.error.as_ref().map(|error| error.code);
                    if (again || said.is_some()) && said != Some(state) {
                        self.observer.borrow_mut().changed(last);
                        said = Some(state);
                    }
                }
                again
            },
        )
        .await;
        if done.exit == Exit::Unreachable {
            done.gave_up(wait, attempts);
        }
        done
    }

    async fn check_unit<'a>(&self, unit: &Unit<'a>, until: Option<Instant>) -> Done<'a> {
        let source = unit.source;
        let readable = match &unit.parsed {
            Ok(readable) => readable,
            Err(unreadable) => {
                return Done::single(self.visitor.visit_unreadable(source, unreadable).await);
            }
        };
        let limit = || {
            let limit = self.request.patience.time_limit(&readable.conninfo);
            match until {
                Some(until) => limit.min(until.saturating_duration_since(Instant::now())),
                None => limit,
            }
        };
        in_turn(source, readable, self.request, limit, self.visitor).await
    }
}
