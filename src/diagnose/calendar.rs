//! Instants and spans in words.

use time::OffsetDateTime;

/// A number of seconds in whole days, for people.
pub(super) fn days(seconds: i64) -> String {
    match seconds.div_euclid(86_400) {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// The date of an instant, in seconds since 1970-01-01T00:00:00Z.
pub(super) fn day(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds).map_or_else(
        |_| "a date beyond the calendar".to_owned(),
        |instant| instant.date().to_string(),
    )
}

/// An instant, in seconds since 1970-01-01T00:00:00Z, to the second.
pub(super) fn moment(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds).map_or_else(
        |_| "a date beyond the calendar".to_owned(),
        |instant| instant.to_string(),
    )
}
