//! Compares two reports: what changed, and whether protection was lost.
//!
//! Takes the JSON of two runs, pairs their endpoints, and gives each pair its [`Change`]s. A renewal is quiet,
//! a new issuer is told, lost protection fails. What one of the reports does not say is not compared: an older version
//! may have written it. But a check that passed and now does not prove anything has lost its protection.

mod audit;
mod baseline;
mod certificate;
mod change;
mod pair;
mod seen;
mod session;
mod settings;
mod strength;
mod write;

pub use baseline::apply;
pub use change::{Change, Kind, Severity};
pub use seen::{ReadError, Run};
pub use write::{github, json, markdown, markdown_within, text};

use crate::escape::Shown;
use crate::exit::Exit;
use seen::Seen;

/// What changed between two runs.
#[derive(Clone, Debug)]
pub struct Diff {
    /// The endpoints of the new run, in its order.
    pub endpoints: Vec<Compared>,
    /// Those that only the old run had.
    pub gone: Vec<Compared>,
}

/// What changed at one endpoint.
#[derive(Clone, Debug)]
pub struct Compared {
    /// What to call it.
    pub label: Shown,
    /// The worst first; empty if nothing changed.
    pub changes: Vec<Change>,
}

impl Diff {
    /// Compares two runs.
    pub fn of(old: &Run, new: &Run) -> Self {
        let pairs = pair::pairs(&old.endpoints, &new.endpoints);
        let endpoints = new.endpoints.iter().zip(&pairs.partners);
        let endpoints = endpoints.zip(new.labels());
        let endpoints = endpoints.map(|((now, before), label)| Compared {
            label,
            changes: match before {
                Some(before) => changes(before, now),
                None => vec![Change::of(Kind::EndpointAdded)],
            },
        });
        let gone = pairs.gone.iter().zip(old.labels());
        let gone = gone.filter(|(before, _)| before.is_some());
        let gone = gone.map(|(_, label)| Compared {
            label,
            changes: vec![Change::of(Kind::EndpointGone)],
        });
        Self {
            endpoints: endpoints.collect(),
            gone: gone.collect(),
        }
    }

    /// Every endpoint of both runs.
    pub fn all(&self) -> impl Iterator<Item = &Compared> {
        self.endpoints.iter().chain(&self.gone)
    }

    /// The endpoints that both runs have.
    pub fn compared(&self) -> impl Iterator<Item = &Compared> {
        self.endpoints.iter().filter(|one| one.is_in_both())
    }

    /// 1 if protection was lost anywhere.
    pub fn exit(&self) -> Exit {
        let lost = |one: &Compared| one.severity() == Some(Severity::Lost);
        match self.all().any(lost) {
            true => Exit::Unmet,
            false => Exit::Passed,
        }
    }
}

impl Compared {
    /// Whether both runs have it.
    fn is_in_both(&self) -> bool {
        let is_in_one =
            |change: &Change| matches!(change.kind, Kind::EndpointAdded | Kind::EndpointGone);
        !self.changes.iter().any(is_in_one)
    }

    /// The severity of its worst change; `None` if nothing changed.
    pub fn severity(&self) -> Option<Severity> {
        self.changes.iter().map(Change::severity).max()
    }
}

fn changes(before: &Seen, now: &Seen) -> Vec<Change> {
    let mut changes = session::verdict(before, now);
    changes.extend(session::changes(before, now));
    changes.extend(settings::changes(before, now, &changes));
    changes.extend(certificate::changes(before, now));
    changes.extend(audit::changes(before, now));
    changes.extend(session::findings(before, now, &changes));
    changes.sort_by_key(|change| std::cmp::Reverse(change.severity()));
    changes
}

#[cfg(test)]
mod tests;
