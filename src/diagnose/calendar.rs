//! Times and spans in words.

use time::OffsetDateTime;

/// A span of seconds in its largest whole unit: days, hours or minutes.
pub(super) fn span(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let whole = units.into_iter().find_map(|(unit, name)| {
        let count = seconds.div_euclid(unit);
        (count > 0).then_some((count, name))
    });
    match whole {
        None => "less than a minute".to_owned(),
        Some((1, unit)) => format!("1 {unit}"),
        Some((count, unit)) => format!("{count} {unit}s"),
    }
}

/// The date of an instant, in seconds since 1970-01-01T00:00:00Z.
pub(super) fn day(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds).map_or_else(
        |_| "a date outside the calendar".to_owned(),
        |instant| instant.date().to_string(),
    )
}

/// An instant, in seconds since 1970-01-01T00:00:00Z, to the second.
pub(super) fn moment(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds).map_or_else(
        |_| "a date outside the calendar".to_owned(),
        |instant| {
            let (date, time) = (instant.date(), instant.time());
            let (hour, minute, second) = time.as_hms();
            format!("{date} {hour:02}:{minute:02}:{second:02} UTC")
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_given_in_its_largest_unit() {
        for (seconds, expected) in [
            (0, "less than a minute"),
            (60, "1 minute"),
            (7_199, "1 hour"),
            (86_399, "23 hours"),
            (86_400, "1 day"),
            (864_000, "10 days"),
        ] {
            assert_eq!(span(seconds), expected);
        }
    }

    #[test]
    fn a_time_is_given_to_the_second() {
        assert_eq!(moment(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(moment(i64::MAX), "a date outside the calendar");
    }
}
