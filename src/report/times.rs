//! Times as the report writes them.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// To the microsecond: more digits are noise.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// RFC 3339, or a text for a time that cannot be compared or is outside the calendar.
pub fn instant(seconds: Option<i64>) -> String {
    seconds
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|instant| instant.format(&Rfc3339).ok())
        .unwrap_or_else(|| "unreadable".to_owned())
}

/// The date of an instant in RFC 3339.
pub fn day(instant: &str) -> &str {
    instant.get(..10).unwrap_or(instant)
}
