//! What to check, and how.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::conninfo::{ConnInfo, SystemRoots};
use crate::demands::Demands;
use crate::dialect::{Dialect, Input};
use crate::trust::{self, Choice, Chosen, Trust};
use crate::verify::Oldest;

/// The settings for all endpoints of a run.
#[derive(Debug)]
pub struct CheckRequest {
    /// The clock when the run begins, in seconds since 1970-01-01T00:00:00Z.
    pub now: i64,
    /// The time at which certificates are judged, in the same unit; `None` for the present. A password
    /// is sent only if they are valid at present, too.
    pub at: Option<i64>,
    /// How long to try.
    pub patience: Patience,
    /// How many endpoints may be in flight at once.
    pub jobs: NonZeroUsize,
    /// What several hosts in one string mean.
    pub hosts: Hosts,
    /// Whether every address of a host name is an endpoint.
    pub all_addresses: bool,
    /// Whether to log in if everything else passes.
    pub login: bool,
    /// The roots of a future CA, to rehearse the rotation.
    pub new_roots: Option<Arc<NewRoots>>,
}

impl CheckRequest {
    /// A plain check without optional parts.
    pub fn new(now: i64, jobs: NonZeroUsize) -> Self {
        Self {
            now,
            at: None,
            patience: Patience::default(),
            jobs,
            hosts: Hosts::All,
            all_addresses: false,
            login: false,
            new_roots: None,
        }
    }
}

/// How long to try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patience {
    /// Time for one endpoint. It overrides the string.
    pub timeout: Option<Duration>,
    /// How long to retry an endpoint that cannot be reached or is starting up; `None` to try once.
    pub wait: Option<Duration>,
}

impl Patience {
    /// Time for one endpoint: the requested one, or else the string's `connect_timeout`, or else our
    /// default.
    pub fn time_limit(&self, conninfo: &ConnInfo) -> Duration {
        let configured = conninfo.connect_timeout.as_ref();
        let configured = configured.map(|setting| setting.value);
        self.timeout.or(configured).unwrap_or(DEFAULT_TIMEOUT)
    }
}

/// What several hosts in one string mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// Each is an endpoint, and all must pass.
    All,
    /// They are tried in turn, and the first one at which libpq would stay decides.
    Any,
}

/// The roots of a future CA.
#[derive(Debug)]
pub struct NewRoots {
    /// Where they are, as the user wrote it.
    pub file: PathBuf,
    /// The roots.
    pub trust: Trust,
}

impl NewRoots {
    /// Reads them.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn read(file: &Path) -> Result<Self, trust::Error> {
        let file = file.to_owned();
        let choice = Choice::File(file.clone());
        let trust = Trust::offline(Some(&choice), None, &SystemRoots::default())?;
        Ok(Self { file, trust })
    }
}

/// A connection string, and the demands on its endpoints. No `Debug`: it may contain a password.
#[derive(Clone, Default)]
pub struct Source {
    /// The string.
    pub text: Vec<u8>,
    /// Whether there is one: an empty string is not the same as none.
    pub given: Given,
    /// Whose string it is, if the user said so.
    pub dialect: Option<Dialect>,
    /// Its name, and its location.
    pub label: Label,
    /// What must hold in addition to libpq's verdict.
    pub demands: Demands,
    /// The roots to trust instead of those of the string.
    pub trust: Option<Chosen>,
    /// Whether to find out what other client libraries would do.
    pub clients: bool,
    /// The oldest versions that clients may have.
    pub oldest: Oldest,
}

/// Whether a string was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Given {
    /// Yes.
    #[default]
    String,
    /// No: the environment decides.
    Nothing,
}

impl Source {
    /// The string, for a reader.
    pub fn input(&self) -> Input<'_> {
        match self.given {
            Given::String => Input::Given(&self.text),
            Given::Nothing => Input::Environment,
        }
    }

    /// The file of roots that replaces those of the string.
    pub(super) fn roots(&self) -> Option<&Path> {
        match &self.trust.as_ref()?.choice {
            Choice::File(file) => Some(file),
            Choice::Bundled | Choice::BundledRoot(_) | Choice::Mozilla | Choice::System => None,
        }
    }
}

/// The user's name for a connection string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// A name.
    pub name: Option<String>,
    /// Where it was read.
    pub location: Option<Location>,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// As the user wrote it.
    pub file: PathBuf,
    /// Counted from 1.
    pub line: usize,
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::Nowhere;

    #[test]
    fn the_time_limit_is_the_one_asked_for_then_the_strings_then_ten_seconds() {
        let limit = |timeout: Option<u64>, string: &str| {
            let conninfo = ConnInfo::read(string.as_bytes(), &Nowhere).unwrap();
            let patience = Patience {
                timeout: timeout.map(Duration::from_secs),
                wait: None,
            };
            patience.time_limit(&conninfo).as_secs()
        };
        assert_eq!(limit(Some(3), "user=u connect_timeout=5"), 3);
        assert_eq!(limit(None, "user=u connect_timeout=5"), 5);
        assert_eq!(limit(None, "user=u"), 10);
    }
}
