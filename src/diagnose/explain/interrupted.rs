//! What was not finished when the run was interrupted.

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
