//! Times and spans in words.

use time::OffsetDateTime;

use crate::probe::Moment;

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

/// What the end of a certificate means at a time after it.
pub(super) fn ended(end: i64, now: i64, chosen: Moment) -> String {
    let (gone, day) = (span(now.saturating_sub(end)), day(end));
    match chosen {
        Moment::Present => format!("expired {gone} ago, on {day}"),
        Moment::Chosen => format!("is valid only until {day}, {gone} before the time of --at"),
    }
}

/// What the beginning of a certificate means at a time before it.
pub(super) fn not_begun(start: i64, now: i64, chosen: Moment) -> String {
    let (until, begins) = (span(start.saturating_sub(now)), moment(start));
    match chosen {
        Moment::Present => format!("is not valid before {begins}, {until} from now"),
        Moment::Chosen => format!("is not valid before {begins}, {until} after the time of --at"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_time_is_not_called_now() {
        let day = 86_400;
        for (text, expected) in [
            (
                ended(0, 2 * day, Moment::Present),
                "expired 2 days ago, on 1970-01-01",
            ),
            (
                ended(0, 2 * day, Moment::Chosen),
                "is valid only until 1970-01-01, 2 days before the time of --at",
            ),
            (
                not_begun(day, 0, Moment::Present),
                "is not valid before 1970-01-02 00:00:00 UTC, 1 day from now",
            ),
            (
                not_begun(day, 0, Moment::Chosen),
                "is not valid before 1970-01-02 00:00:00 UTC, 1 day after the time of --at",
            ),
        ] {
            assert_eq!(text, expected);
        }
    }

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
