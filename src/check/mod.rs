//! The main job: every endpoint of every connection string, many at once.
//!
//! Takes a [`CheckRequest`] with its [`Source`]s, and returns what was found at each endpoint, in the order
//! of the input, and the resulting exit code. `run.rs` goes through them; `hosts.rs` has the order of several hosts, and
//! `next.rs` where libpq stays; `wait.rs` the patience of `--wait`; `cure` judges advice before it is shown; `fleet.rs` and
//! `servers.rs` the limits on endpoints in flight.

mod advice;
mod clients;
mod cure;
mod endpoint;
mod ends;
mod files;
mod fleet;
mod hosts;
mod next;
mod outcome;
mod request;
mod run;
mod servers;
mod unit;
mod wait;

#[cfg(test)]
mod tests;

use std::cell::RefCell;

use crate::conninfo::World;
use crate::diagnose::client_of;
use crate::dialect;
use crate::trust;

pub use advice::{Advisor, with_readable};
pub use files::{Changed, judged_files};
pub use outcome::{Checked, Observed, Outcome, Subject};
pub use request::{CheckRequest, Given, Hosts, Label, Location, NewRoots, Patience, Source};
pub use unit::{each_address, gather};

use clients::Stores;
use endpoint::Network;
use fleet::Turns;
use run::Run;

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
