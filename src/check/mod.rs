//! The main job: every endpoint of every connection string, many at once.
//!
//! Takes a [`CheckRequest`] with its [`Source`]s, and returns what was found at each endpoint, in the order
//! of the input, and the resulting exit code. `hosts.rs` has the order of several hosts, and where libpq
//! stays; `wait.rs` the patience of `--wait`; `cure` judges advice before it is
//! shown; `fleet.rs` and `servers.rs` the limits on endpoints in
//! flight.

mod advice;
mod clients;
mod cure;
mod endpoint;
mod ends;
mod files;
mod fleet;
mod hosts;
mod request;
mod servers;
mod unit;
mod wait;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::conninfo::{ConnInfo, Endpoint, World};
use crate::diagnose::{ClientDiagnosis, Diagnosis, Rotation, client_of, not_finished};
use crate::dialect::{self, Dialect};
use crate::exit::Exit;
use crate::login::Login;
use crate::probe::{Observation, Task};
use crate::trust::{self, SharedTrust};
use crate::x509::Certificate;

pub use advice::{Advisor, with_readable};
pub use files::{Changed, judged_files};
pub use request::{CheckRequest, Given, Hosts, Label, Location, NewRoots, Patience, Source};
pub use unit::{each_address, gather};

use clients::Stores;
use endpoint::Network;
use fleet::Turns;
use hosts::{Done, Next, Visitor, in_turn};
use unit::Unit;

/// Checks everything, until it is done or interrupted by `interruption`.
///
/// # Errors
/// pgtls itself cannot continue. Faults of a string, of a file that it names or of a server are part of the
/// outcome.
pub async fn check<'a>(
    request: &CheckRequest,
    sources: &'a [Source],
    world: &dyn World,
    observer: &mut dyn Observer,
    interruption: impl Future<Output = ()>,
) -> Result<Outcome<'a>, Error> {
    let asks = sources
        .iter()
        .any(|source| source.clients || has_rules_of_its_own(source, world));
    let stores = asks.then(|| Stores::new(world)).transpose()?;
    let turns = Turns::default();
    let run = Run {
        request,
        world,
        turns: &turns,
        visitor: &Network::new(request, stores, &turns, world),
        observer: RefCell::new(observer),
    };
    run.until(sources, interruption).await
}

/// Whether the string is one of a driver whose rules for certificates differ from libpq's.
fn has_rules_of_its_own(source: &Source, world: &dyn World) -> bool {
    let reading = dialect::read(&source.text, source.dialect, world);
    reading.is_ok_and(|reading| reading.is_some_and(|reading| client_of(reading.stack).is_some()))
}

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The built-in roots of client libraries cannot be used.
    #[error(transparent)]
    Stores(#[from] trust::Error),
    /// There is no thread to read files.
    #[error("could not start a thread to read the files that the connection string names")]
    Reading(#[source] std::io::Error),
    /// A bug of pgtls. What was not checked must not pass.
    #[error("not every endpoint was checked")]
    Incomplete,
}

/// Is notified of everything that happens.
pub trait Observer {
    /// These endpoints will be checked. Those that share one verdict have one name.
    fn begin(&mut self, names: &mut dyn ExactSizeIterator<Item = String>);
    /// The check of the endpoint with this place among the names has begun.
    fn begun(&mut self, place: usize);
    /// It has ended.
    fn ended(&mut self, place: usize);
    /// What is known of an endpoint that is done.
    fn done(&mut self, checked: &Checked<'_>);
    /// The state of an endpoint has changed while we wait for it.
    fn changed(&mut self, checked: &Checked<'_>);
    /// Every endpoint of this string is done: these, in the order of the string, whichever was done first. The string is
    /// one of those that were given to [`check`].
    fn completed(&mut self, _: &Source, _: &[&Checked<'_>]) {}
}

/// Ignores all notifications.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Observer for Silent {
    fn begin(&mut self, _: &mut dyn ExactSizeIterator<Item = String>) {}
    fn begun(&mut self, _: usize) {}
    fn ended(&mut self, _: usize) {}
    fn done(&mut self, _: &Checked<'_>) {}
    fn changed(&mut self, _: &Checked<'_>) {}
}

/// How a run ended.
pub struct Outcome<'a> {
    done: Vec<Done<'a>>,
    end: End,
}

/// What ended it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Complete,
    Interrupted,
}

impl<'a> Outcome<'a> {
    /// The exit code of the run.
    pub fn exit(&self) -> Exit {
        match self.end {
            End::Interrupted => Exit::Interrupted,
            End::Complete => Exit::of_all(self.done.iter().map(Done::exit)),
        }
    }

    /// What is known of each endpoint, in the order of the input.
    pub fn checked(&self) -> impl Iterator<Item = &Checked<'a>> {
        self.done.iter().flat_map(|done| &done.checked)
    }

    /// What was not finished: no observer was told that it is done.
    pub fn unfinished(&self) -> impl Iterator<Item = &Checked<'a>> {
        let all = self.checked();
        all.filter(|checked| checked.exit() == Exit::Interrupted)
    }

    /// The same as [`Self::checked`], owned, so that each can be dropped after use: it holds the certificates of its server.
    pub fn into_checked(self) -> impl Iterator<Item = Checked<'a>> {
        self.done.into_iter().flat_map(|done| done.checked)
    }
}

/// What is known of one endpoint, or of a string without any.
pub struct Checked<'a> {
    /// The string that names it.
    pub source: &'a Source,
    /// How far we got.
    pub subject: Subject,
    /// What that means.
    pub diagnosis: Diagnosis,
    /// Whose string it is, if that is known.
    pub dialect: Option<Dialect>,
    /// What other client libraries would do, if that was requested and is known.
    pub clients: Option<Vec<ClientDiagnosis>>,
}

/// How far we got with an endpoint.
pub enum Subject {
    /// The string cannot be read.
    Unread,
    /// There is no reason, or no way, to connect.
    Unchecked {
        /// The string.
        conninfo: Arc<ConnInfo>,
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// It was checked.
    Observed(Box<Observed>),
}

/// What was observed at an endpoint.
pub struct Observed {
    /// What was checked.
    pub task: Task,
    /// The result of TLS.
    pub observation: Arc<Observation>,
    /// The rehearsal of a rotation, if there was one.
    pub rotation: Option<Rotation>,
    /// The login, if there was one.
    pub login: Option<Login>,
}

impl Checked<'_> {
    /// The exit code for this endpoint alone.
    pub fn exit(&self) -> Exit {
        self.diagnosis.exit
    }

    /// The certificates that the server presented, its own first.
    pub fn presented(&self) -> &[Certificate] {
        match &self.subject {
            Subject::Observed(observed) => observed
                .observation
                .judgement()
                .map_or(&[], |judgement| &judgement.certificates),
            Subject::Unread | Subject::Unchecked { .. } => &[],
        }
    }

    fn next(&self) -> Next {
        match &self.subject {
            Subject::Observed(observed) if observed.observation.address.is_some() => {
                observed.login.as_ref().map_or(Next::Stays, Next::after)
            }
            Subject::Observed(_) | Subject::Unread | Subject::Unchecked { .. } => Next::GoesOn,
        }
    }

    /// Would libpq have chosen this one?
    fn is_taken(&self) -> bool {
        self.exit() == Exit::Passed && self.next() == Next::Stays
    }
}

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
        dialect: None,
        clients: None,
    }
}

/// A run in progress.
struct Run<'r, V> {
    request: &'r CheckRequest,
    world: &'r dyn World,
    turns: &'r Turns,
    visitor: &'r V,
    observer: RefCell<&'r mut dyn Observer>,
}

impl<V: Visitor> Run<'_, V> {
    /// Checks everything, until it is done or interrupted by `interruption`. The results so far are kept.
    async fn until<'a>(
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
        if self.request.all_addresses {
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

    /// The same with an endpoint for every address that a name has.
    async fn by_address<'a>(&self, units: Vec<Unit<'a>>) -> Vec<Unit<'a>> {
        let mut resolved: Vec<Vec<Unit<'a>>> = Vec::new();
        resolved.resize_with(units.len(), Vec::new);
        let work = units.into_iter().map(async |unit: Unit<'a>| {
            let mut all = Vec::new();
            if let Ok(readable) = &unit.parsed {
                let limit = self.request.patience.time_limit(&readable.conninfo);
                for endpoint in &readable.endpoints {
                    all.extend(self.visitor.addresses(endpoint, limit).await);
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
                let again = done.exit() == Exit::Unreachable;
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
        if done.exit() == Exit::Unreachable {
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
        in_turn(source, readable, self.request.hosts, limit, self.visitor).await
    }
}
