//! What was not finished when the run was interrupted, and what was finished too long ago.

use std::time::Duration;

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

/// A target of a schedule whose last result began this long ago; `None` if there is none. Results count for
/// `counts_for`. `broken` says why the last check ended without a result, if it did.
pub fn too_old(age: Option<Duration>, counts_for: Duration, broken: Option<&str>) -> Diagnosis {
    let most = counts_for.as_secs();
    let message = match (age, broken) {
        (_, Some(why)) => format!("the last check broke off without a result: {why}"),
        (Some(age), None) => format!(
            "the last check began {} s ago, and its result counts for {most} s",
            age.as_secs()
        ),
        (None, None) => "there is no result yet".to_owned(),
    };
    let finding = Finding::error(Code::StaleResult, Stage::Connect, message);
    Diagnosis::failed(finding)
}
