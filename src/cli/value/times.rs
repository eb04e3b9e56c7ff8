//! Durations and times, as people write them.

use std::time::Duration;

use pgtls::demands::Remaining;
use pgtls::serve::SHORTEST_INTERVAL;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::At;

/// A time limit of something that is waited for.
pub(in crate::cli) fn parse_timeout(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration.is_zero() || duration > MAX_TIMEOUT {
        return Err("a timeout must be more than 0 and at most 24h".to_owned());
    }
    Ok(duration)
}

/// How often something is done.
pub(crate) fn parse_interval(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration < SHORTEST_INTERVAL || duration > MAX_TIMEOUT {
        return Err("an interval must be at least 1s and at most 24h".to_owned());
    }
    Ok(duration)
}

/// A duration as people write it: `10` and `10s`, `2m`, `1h30m`, `30d`. An `M` alone can be meant as either of two.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    if text.contains('M') {
        return Err(
            "M can mean minutes or months: write 2m for 2 minutes, 2months for 2 months".to_owned(),
        );
    }
    let seconds = text.parse::<f64>().ok();
    let seconds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .or_else(|| humantime::parse_duration(text).ok())
        .filter(|duration| *duration <= MAX_VALIDITY)
        .ok_or_else(|| {
            "write a duration as 10s, 2m, 1h30m or 30d (10 is 10 seconds), at most 100 years"
                .to_owned()
        })
}

/// The same with a unit: who writes 30 where days are usual means days, and 30 seconds would always pass.
fn parse_duration_with_unit(text: &str) -> Result<Duration, String> {
    if text.parse::<f64>().is_ok() {
        return Err(format!("say the unit: {text}d for days, {text}h for hours"));
    }
    parse_duration(text)
}

pub(crate) fn parse_remaining(text: &str) -> Result<Remaining, String> {
    match text.strip_suffix('%') {
        None => {
            let time = parse_duration_with_unit(text)?;
            // Next to nothing would always pass, and 30m may be meant as months.
            if time < SHORTEST_REMAINING {
                return Err(
                    "it must be at least 1h (m is for minutes), or a part of the lifetime as 33%"
                        .to_owned(),
                );
            }
            Ok(Remaining::Time(time))
        }
        Some(percent) => percent
            .parse()
            .ok()
            .filter(|percent| (1..100).contains(percent))
            .map(Remaining::Percent)
            .ok_or_else(|| "write a part of the lifetime as 33%, from 1% to 99%".to_owned()),
    }
}

pub(in crate::cli) fn parse_at(text: &str) -> Result<At, String> {
    let shift = |text| {
        let duration = parse_duration_with_unit(text)?;
        time::Duration::try_from(duration).map_err(|error| error.to_string())
    };
    if let Some(later) = text.strip_prefix('+') {
        return Ok(At::FromNow(shift(later)?));
    }
    if let Some(earlier) = text.strip_prefix('-') {
        return Ok(At::FromNow(-shift(earlier)?));
    }
    OffsetDateTime::parse(text, &Rfc3339)
        .map(At::Instant)
        .map_err(|_| "write a time as 2027-01-31T12:00:00Z, or +30d from now".to_owned())
}

const SHORTEST_REMAINING: Duration = Duration::from_secs(3_600);
const MAX_VALIDITY: Duration = Duration::from_secs(100 * 366 * 86_400);
const MAX_TIMEOUT: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_absolute_or_from_now() {
        assert_eq!(parse_at("+30d"), Ok(At::FromNow(time::Duration::days(30))));
        assert_eq!(parse_at("-1h"), Ok(At::FromNow(time::Duration::hours(-1))));
        assert!(matches!(
            parse_at("2027-01-31T12:00:00Z"),
            Ok(At::Instant(_))
        ));
        for wrong in ["", "tomorrow", "2027-01-31", "+", "+30", "+999999999d"] {
            assert!(parse_at(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_remains_is_a_time_or_a_part() {
        let time = Duration::from_secs(12 * 3_600);
        assert_eq!(parse_remaining("12h"), Ok(Remaining::Time(time)));
        assert_eq!(parse_remaining("33%"), Ok(Remaining::Percent(33)));
        for wrong in ["", "%", "0%", "100%", "-1%", "33", "33.3%", "256%", "3 %"] {
            assert!(parse_remaining(wrong).is_err(), "{wrong}");
        }
        for nothing in ["0s", "0d", "1us", "30m", "59m 59s"] {
            let error = parse_remaining(nothing).unwrap_err();
            assert!(error.contains("at least 1h"), "{nothing}: {error}");
        }
        let months = parse_remaining("30M").unwrap_err();
        assert!(months.contains("2months for 2 months"), "{months}");
        assert!(parse_remaining("30months").is_ok() && parse_remaining("60m").is_ok());
    }

    #[test]
    fn durations_are_written_in_every_usual_way() {
        for (text, seconds) in [
            ("10", 10),
            ("10s", 10),
            ("2m", 120),
            ("1h30m", 5_400),
            ("30d", 2_592_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)));
        }
        for wrong in ["", "-1", "soon", "10x", "nan", "1e30", "200y"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
        assert!(parse_remaining("30").is_err_and(|error| error.contains("30d")));
    }

    #[test]
    fn timeouts_are_positive_and_bounded() {
        assert_eq!(parse_timeout("2.5"), Ok(Duration::from_millis(2500)));
        assert_eq!(parse_timeout("500ms"), Ok(Duration::from_millis(500)));
        for wrong in ["0", "-1", "nan", "inf", "1e9", "ten", ""] {
            assert!(parse_timeout(wrong).is_err(), "{wrong}");
        }
    }
}
