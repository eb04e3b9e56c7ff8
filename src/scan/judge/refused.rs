//! A string that its reader refuses.

use super::Surroundings;
use super::name::shown_key;
use crate::conninfo::Error;
use crate::diagnose::{Finding, Level, refusal};
use crate::dialect::{Damage, Dialect, Fault, Refusal};
use crate::scan::candidate::Candidate;
use crate::scan::kind::Purpose;
use crate::scan::place::Place;
use crate::scan::{Found, Located, Verdict};

/// A string that its reader refuses.
pub(super) fn of_refusal(
    candidate: &Candidate,
    around: Surroundings<'_>,
    refused: &Refusal,
) -> Option<Found> {
    let (is_certain, dialect) = match refused {
        Refusal::Fault(fault) => match fault {
            Fault::Empty | Fault::OtherDatabase(_) => return None,
            Fault::Damaged(
                Damage::Base64
                | Damage::HostAndPort { .. }
                | Damage::HostAlone { .. }
                | Damage::Path
                | Damage::Lines(_)
                | Damage::Utf16
                | Damage::ByteOrderMark,
            ) => return None,
            Fault::Damaged(
                Damage::Quotes(_)
                | Damage::LineBreak { .. }
                | Damage::Blank
                | Damage::Entity(_)
                | Damage::Scheme { .. }
                | Damage::Semicolons
                | Damage::Ampersand
                | Damage::Fragment
                | Damage::Commas
                | Damage::Capitals(_)
                | Damage::Command
                | Damage::NameInValue
                | Damage::BrokenUri
                | Damage::ShellLine(_),
            )
            | Fault::Ambiguous { .. } => (true, None),
            // Prose has such signs, too.
            Fault::Damaged(Damage::Typographic(_))
            | Fault::Unexpanded(_)
            | Fault::OtherDriver { .. } => (false, None),
            // A variable among them may hold an option, or nothing.
            Fault::TooManyWords { .. } => (
                !candidate.filled.marker.is_in(&candidate.filled.text),
                Some(Dialect::PsqlCommand),
            ),
            Fault::Beyond { dialect, .. } => (false, Some(*dialect)),
            Fault::NoPrefix { dialect, .. }
            | Fault::Refused { dialect, .. }
            | Fault::UnknownSettings { dialect, .. } => (true, Some(*dialect)),
        },
        Refusal::Libpq { error, read_as, .. } => {
            let dialect = read_as
                .as_ref()
                .map_or(Dialect::Libpq, |read_as| read_as.dialect);
            // A service is defined on the machine that runs the program.
            let is_elsewhere = matches!(
                **error,
                Error::ServiceNotFound { .. } | Error::ServiceFileUnreadable { .. } | Error::NoUser
            );
            (!is_elsewhere, Some(dialect))
        }
    };
    let diagnosis = refusal(refused);
    let finding = diagnosis.error.filter(|finding| {
        let marker = candidate.filled.marker;
        // A variable that is filled in later is not the fault.
        is_certain && !marker.is_in(&finding.message) && !marker.is_in(&finding.hint.to_string())
    });
    let level = match around.purpose {
        Purpose::Use => Level::Error,
        Purpose::Example => Level::Warning,
    };
    let findings: Vec<Located> = finding
        .map(|finding| Located {
            line: candidate.line,
            finding: Finding { level, ..finding },
        })
        .into_iter()
        .collect();
    // A string that its reader refuses promises nothing, also where that is only a warning.
    let verdict = if findings.is_empty() {
        Verdict::Unknown
    } else {
        Verdict::Fail
    };
    Some(Found {
        line: candidate.line,
        key: shown_key(candidate, None),
        dialect: candidate.reader.or(dialect),
        host: None,
        conninfo: None,
        sslmode: None,
        place: Place::Variable,
        verdict,
        findings,
        text: None,
        asked: candidate.asked,
    })
}
