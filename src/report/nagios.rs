//! One line for Nagios, Icinga and others, by the plugin guidelines of the Monitoring Plugins
//! project. The state is also the exit code.

use std::io::{self, Write};

use super::outcome::Outcome;
use super::{EndpointReport, Report, Verdict, labels};
use crate::diagnose::Code;
use crate::escape::escape;

/// How many days a path must still be valid. Without a number, the rule of `expires-soon` decides, which knows the
/// lifetime of each certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thresholds {
    /// Fewer days are a warning.
    pub warning: Option<u32>,
    /// Fewer days are critical.
    pub critical: Option<u32>,
}

/// Fewer days than these are a warning without a threshold, however short a lifetime is.
const WARNING: u32 = 3;

/// Fewer days than these are critical if the certificate is due and no threshold is given.
const CRITICAL: u32 = 7;

/// A plugin's state, the worst last.
pub use crate::exit::Nagios as State;

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// The state of the whole run: the worst state of an endpoint.
pub fn state(report: &Report, thresholds: Thresholds) -> State {
    let endpoints = report.endpoints.iter();
    let states = endpoints.map(|one| state_of(one, thresholds));
    // An empty report has checked nothing.
    let worst = states.max().unwrap_or(State::Unknown);
    match report.verdict {
        Verdict::Pass => worst,
        // An interrupted run has not checked everything.
        Verdict::Fail if worst == State::Ok => State::Unknown,
        Verdict::Fail => worst,
    }
}

/// Writes one line: state, endpoints, performance data.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &Report, thresholds: Thresholds) -> io::Result<()> {
    let state = state(report, thresholds);
    let text = match report.endpoints.as_slice() {
        [endpoint] => summary(endpoint, &endpoint.label()),
        _ => fleet(report, thresholds),
    };
    let data = performance_data(&report.endpoints, thresholds);
    let separator = if data.is_empty() { "" } else { " | " };
    writeln!(
        out,
        "PGTLS {} - {}{separator}{data}",
        state.name(),
        line(&text)
    )
}

/// The line if nothing could be checked.
///
/// # Errors
/// If `out` cannot be written.
pub fn write_unknown(out: &mut dyn Write, message: &str) -> io::Result<()> {
    writeln!(out, "PGTLS {} - {}", State::Unknown.name(), line(message))
}

/// Another host was enough where one is not needed.
fn state_of(endpoint: &EndpointReport, thresholds: Thresholds) -> State {
    if endpoint.spare {
        return State::Ok;
    }
    let by_exit = endpoint.exit_code.nagios();
    let due = endpoint
        .all_findings()
        .any(|finding| finding.code == Code::ExpiresSoon);
    let below = |threshold: u32| {
        let days = endpoint.days_left();
        days.is_some_and(|days| days < i64::from(threshold))
    };
    let critical = match thresholds.critical {
        Some(days) => below(days),
        None => due && below(CRITICAL),
    };
    let warning = match thresholds.warning {
        Some(days) => below(days),
        None => due || below(WARNING),
    };
    let by_days = match (critical, warning) {
        (true, _) => State::Critical,
        (false, true) => State::Warning,
        (false, false) => State::Ok,
    };
    by_exit.max(by_days)
}

fn summary(endpoint: &EndpointReport, label: &str) -> String {
    if let Some(error) = &endpoint.error {
        return format!("{label}: {}: {}", error.code, error.message);
    }
    let tls = endpoint.tls.as_ref();
    let protocol = tls.and_then(|tls| tls.protocol.as_ref());
    let days = endpoint.days_left();
    let of_client = days.is_some() && days == endpoint.client_days_left();
    let whose = if of_client {
        " (client certificate)"
    } else {
        ""
    };
    let days = days.map(|days| format!("{days} days left{whose}"));
    let unverified = endpoint.unverified.then(|| UNVERIFIED.to_owned());
    let details: Vec<String> = protocol
        .map(ToString::to_string)
        .into_iter()
        .chain(days)
        .chain(unverified)
        .collect();
    format!("{label}: {}", details.join(", "))
}

const UNVERIFIED: &str = "unverified: the mode proves nothing";

/// What is wrong comes first: the line may be cut.
fn fleet(report: &Report, thresholds: Thresholds) -> String {
    let endpoints = &report.endpoints;
    let labels = labels(endpoints);
    let mut good = 0_usize;
    let mut troubled = Vec::new();
    for (endpoint, label) in endpoints.iter().zip(&labels) {
        let state = state_of(endpoint, thresholds);
        if state == State::Ok && endpoint.verdict == Verdict::Pass {
            good = good.saturating_add(1);
        }
        if state != State::Ok || Outcome::of(endpoint) != Outcome::Pass {
            troubled.push((state, endpoint, label));
        }
    }
    troubled.sort_by_key(|(state, ..)| std::cmp::Reverse(*state));
    let mut text = format!("{good} of {} endpoints OK", endpoints.len());
    for (_, endpoint, label) in troubled {
        text.push_str("; ");
        text.push_str(&summary(endpoint, label));
    }
    text
}

fn performance_data(endpoints: &[EndpointReport], thresholds: Thresholds) -> String {
    let number = |days: Option<u32>| days.map_or_else(String::new, |days| days.to_string());
    let (warning, critical) = (number(thresholds.warning), number(thresholds.critical));
    let single = endpoints.len() == 1;
    let labels = labels(endpoints);
    let values = endpoints
        .iter()
        .zip(&labels)
        .filter_map(|(endpoint, label)| {
            let days = endpoint.days_left()?;
            let label = if single {
                "days".to_owned()
            } else {
                quoted(&format!("{label} days"))
            };
            Some(format!("{label}={days};{warning};{critical}"))
        });
    values.collect::<Vec<_>>().join(" ")
}

/// A label of performance data: no quote, no equals sign, no control character.
fn quoted(label: &str) -> String {
    let plain = line(label).replace(['\'', '='], "_");
    format!("'{plain}'")
}

/// One line without the character that starts performance data.
fn line(text: &str) -> String {
    escape(text).to_string().replace('|', "/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::Level;
    use crate::exit::Exit;
    use crate::report::sample;

    fn rendered(report: &Report, thresholds: Thresholds) -> String {
        let mut out = Vec::new();
        write(&mut out, report, thresholds).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn many_endpoints_make_one_line_with_the_worst_first() {
        let text = rendered(&sample::report(), Thresholds::default());
        assert_eq!(text.lines().count(), 1);
        assert_eq!(text.matches(" | ").count(), 1);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn one_endpoint_that_passes_has_plain_performance_data() {
        let report = sample::with(&[sample::passing()]);
        let text = rendered(&report, Thresholds::default());
        assert_eq!(
            text,
            "PGTLS OK - db.example.com:5432: TLSv1.3, 42 days left | days=42;;\n"
        );
    }

    #[test]
    fn a_pass_that_proves_nothing_says_so() {
        let one = rendered(
            &sample::with(&[sample::unverified()]),
            Thresholds::default(),
        );
        assert!(
            one.starts_with("PGTLS OK - ") && one.contains("unverified"),
            "{one}"
        );
        let both = sample::with(&[sample::passing(), sample::unverified()]);
        let both = rendered(&both, Thresholds::default());
        assert!(
            both.starts_with("PGTLS OK - 2 of 2 endpoints OK; "),
            "{both}"
        );
        assert!(both.contains("unverified"), "{both}");
    }

    /// `--hosts any`: the exit code is 0, and so is the plugin's.
    #[test]
    fn a_run_that_needs_one_host_is_ok_and_names_the_other() {
        let report = sample::of_one_host();
        assert_eq!(state(&report, Thresholds::default()), State::Ok);
        let text = rendered(&report, Thresholds::default());
        assert!(
            text.starts_with("PGTLS OK - 1 of 2 endpoints OK; "),
            "{text}"
        );
        assert!(text.contains("host-name-mismatch"), "{text}");
    }

    #[test]
    fn days_below_a_threshold_change_the_state_and_not_before() {
        let report = sample::with(&[sample::passing()]);
        for (warning, critical, expected) in [
            (30, 7, State::Ok),
            (42, 42, State::Ok),
            (43, 7, State::Warning),
            (43, 43, State::Critical),
        ] {
            let thresholds = Thresholds {
                warning: Some(warning),
                critical: Some(critical),
            };
            assert_eq!(state(&report, thresholds), expected, "{thresholds:?}");
        }
    }

    #[test]
    fn without_thresholds_a_certificate_is_late_when_it_is_due() {
        let mut endpoint = sample::passing();
        let mut finding = sample::wrong_host().error.unwrap();
        finding.code = Code::ExpiresSoon.into();
        finding.level = Level::Warning.into();
        let of = |endpoint: &EndpointReport| {
            state(
                &sample::with(std::slice::from_ref(endpoint)),
                Thresholds::default(),
            )
        };
        assert_eq!(of(&endpoint), State::Ok);
        endpoint.findings.push(finding);
        assert_eq!(of(&endpoint), State::Warning);
    }

    #[test]
    fn every_exit_code_has_its_state() {
        let expected = [0, 1, 3, 2, 2, 2, 2, 2, 2, 3];
        assert_eq!(expected.len(), Exit::ALL.len());
        for (&exit, expected) in Exit::ALL.iter().zip(expected) {
            let mut endpoint = sample::passing();
            endpoint.exit_code = exit;
            let state = state(&sample::with(&[endpoint]), Thresholds::default());
            assert_eq!(state.number(), expected, "{exit:?}");
        }
        assert_eq!(
            state(&sample::with(&[]), Thresholds::default()),
            State::Unknown
        );
    }

    #[test]
    fn what_was_not_checked_outranks_a_warning_and_nothing_outranks_critical() {
        let with_code = |code| {
            let mut endpoint = sample::passing();
            endpoint.exit_code = code;
            endpoint
        };
        for (codes, expected) in [
            ([Exit::Passed, Exit::Unmet], State::Warning),
            ([Exit::Unmet, Exit::Usage], State::Unknown),
            ([Exit::Usage, Exit::Untrusted], State::Critical),
            ([Exit::Passed, Exit::Interrupted], State::Unknown),
            ([Exit::Untrusted, Exit::Interrupted], State::Critical),
        ] {
            let report = sample::with(&codes.map(with_code));
            assert_eq!(state(&report, Thresholds::default()), expected, "{codes:?}");
        }
    }
}
