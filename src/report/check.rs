//! Turns what a check found into the report.

use crate::check::{Checked, Label, Location, Outcome, Subject};
use crate::conninfo::shown_path;
use crate::dialect::Dialect;
use crate::escape::Shown;
use crate::os::slashed;
use crate::words::Named;

use super::{EndpointReport, LocationReport, Report};

impl Report {
    /// The report of a whole check that began at this time, in seconds since 1970-01-01T00:00:00Z.
    pub fn of(outcome: Outcome<'_>, began: i64) -> Self {
        let exit = outcome.exit();
        let endpoints = outcome
            .into_checked()
            .map(|checked| EndpointReport::of(&checked));
        Self::new(endpoints.collect(), exit, began)
    }
}

impl EndpointReport {
    /// What was found at one endpoint.
    pub fn of(checked: &Checked<'_>) -> Self {
        let diagnosis = &checked.diagnosis;
        let report = match &checked.subject {
            Subject::Unread => Self::unread(diagnosis),
            Subject::Unchecked { conninfo, endpoint } => {
                Self::unchecked(conninfo, endpoint, diagnosis)
            }
            Subject::Observed(observed) => {
                Self::checked(&observed.task, &observed.observation, diagnosis)
                    .with_rotation(observed.rotation.as_ref())
                    .with_login(&observed.task.conninfo, observed.login.as_ref())
            }
        };
        let report = report
            .with_clients(checked.clients.as_deref())
            .labelled(&checked.source.label)
            .in_dialect(checked.dialect);
        Self {
            spare: checked.spare,
            ..report
        }
    }

    /// The same with the dialect of the string.
    #[must_use]
    pub fn in_dialect(self, dialect: Option<Dialect>) -> Self {
        Self {
            dialect: dialect.map(Named::Known),
            ..self
        }
    }

    /// The same with the user's own name for it.
    #[must_use]
    pub fn labelled(self, label: &Label) -> Self {
        Self {
            name: label.name.as_deref().map(Shown::new),
            location: label.location.as_ref().map(LocationReport::of),
            ..self
        }
    }
}

impl LocationReport {
    fn of(location: &Location) -> Self {
        Self {
            file: Shown::new(&slashed(shown_path(&location.file))),
            line: location.line,
        }
    }
}
