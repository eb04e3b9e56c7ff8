//! What was not finished when the run was interrupted, and what was finished too long ago.

use std::time::Duration;

use crate::diagnose::calendar::moment;
use crate::diagnose::{Code, Diagnosis, Finding, Stage};

/// An endpoint that had been waited for this long; `None` if its turn had not come.
pub fn not_finished(waited: Option<Duration>) -> Diagnosis {
    let message = match waited {
        None => "interrupted before its turn came".to_owned(),
        Some(waited) => format!(
            "interrupted after {:.1} s of waiting for it",
            waited.as_secs_f64()
        ),
    };
    Diagnosis::failed(Finding::error(Code::NotFinished, Stage::Connect, message))
}

/// Why no result of a target of a schedule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoResult<'a> {
    /// There was none yet.
    Awaited,
    /// The check of the last one began too long ago.
    TooOld {
        /// How long ago.
        age: Duration,
        /// How long it counts.
        counts_for: Duration,
    },
    /// A date on which the last pass depended is over, in seconds since 1970-01-01T00:00:00Z.
    Ended(i64),
    /// The last check ended without one, for this reason.
    Broken(&'a str),
}

/// A target of a schedule without a result that counts.
pub fn no_result(why: NoResult<'_>) -> Diagnosis {
    let message = match why {
        NoResult::Awaited => "there is no result yet".to_owned(),
        NoResult::TooOld { age, counts_for } => format!(
            "the last check began {} s ago, and its result counts for {} s",
            age.as_secs(),
            counts_for.as_secs()
        ),
        NoResult::Ended(end) => format!(
            "a certificate or CRL on which the last pass depended ended on {}, and the next check is not done",
            moment(end)
        ),
        NoResult::Broken(why) => format!("the last check broke off without a result: {why}"),
    };
    let finding = Finding::error(Code::StaleResult, Stage::Connect, message);
    Diagnosis::failed(finding)
}
