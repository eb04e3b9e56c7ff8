//! Metrics for node_exporter's textfile collector, in Prometheus' text exposition format. A metric
//! with the same meaning as in ssl_exporter has the same name.

use std::fmt::Write as _;
use std::io::{self, Write};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::escape::escape;

use super::{
    Answer, AnswerReport, AuditReport, CertificateReport, EndpointReport, Report, Role,
    TimingsReport, Verdict, labels,
};

/// Writes every metric with its help, type and series.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let targets = labels(&report.endpoints);
    let labelled = targets.iter().map(String::as_str).zip(&report.endpoints);
    write_labelled(out, labelled)
}

/// The same for endpoints whose labels are known already. No two may have the same.
///
/// # Errors
/// If `out` cannot be written.
pub(crate) fn write_labelled<'a>(
    out: &mut dyn Write,
    endpoints: impl Iterator<Item = (&'a str, &'a EndpointReport)> + Clone,
) -> io::Result<()> {
    for metric in &METRICS {
        let family = Family {
            name: metric.name,
            help: metric.help,
            kind: Kind::Gauge,
        };
        family.write(out, |sample| {
            for (target, endpoint) in endpoints.clone() {
                let mut line = |labels: &[(&str, &str)], value: f64| {
                    let all: Vec<_> = std::iter::once(&("target", target))
                        .chain(labels)
                        .copied()
                        .collect();
                    sample("", &all, value);
                };
                (metric.series)(endpoint, &mut line);
            }
        })?;
    }
    Ok(())
}

/// A metric with all its series.
#[derive(Clone, Copy)]
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) kind: Kind,
}

/// What a metric counts.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// What is there now.
    Gauge,
    /// What only grows.
    Counter,
    /// How often a value was within each of several bounds.
    Histogram,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
        }
    }
}

/// Takes one sample: what follows the name of the metric, the labels, the value.
pub(crate) type Sample<'a> = dyn FnMut(&str, &[(&str, &str)], f64) + 'a;

impl Family {
    /// Writes help, type and samples; nothing if there is no sample.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub(crate) fn write(
        self,
        out: &mut dyn Write,
        fill: impl FnOnce(&mut Sample<'_>),
    ) -> io::Result<()> {
        let Self { name, help, kind } = self;
        let mut series = String::new();
        fill(&mut |suffix, labels, value| {
            series.push_str(name);
            series.push_str(suffix);
            series.push_str(&braced(labels));
            // Writing to a string cannot fail.
            let _ = writeln!(series, " {}", number(value));
        });
        if series.is_empty() {
            return Ok(());
        }
        writeln!(out, "# HELP {name} {help}")?;
        writeln!(out, "# TYPE {name} {}", kind.word())?;
        out.write_all(series.as_bytes())
    }
}

type Line<'a> = dyn FnMut(&[(&str, &str)], f64) + 'a;

struct Metric {
    name: &'static str,
    help: &'static str,
    series: fn(&EndpointReport, &mut Line<'_>),
}

/// To the millionth: more digits are noise of the arithmetic.
fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

const METRICS: [Metric; 12] = [
    Metric {
        name: "ssl_probe_success",
        help: "Whether the endpoint passed the check",
        series: |endpoint, line| {
            let passed = endpoint.verdict == Verdict::Pass;
            line(&[], if passed { 1.0 } else { 0.0 });
        },
    },
    Metric {
        name: "pgtls_exit_code",
        help: "The exit code of the endpoint alone",
        series: |endpoint, line| line(&[], f64::from(endpoint.exit_code.number())),
    },
    Metric {
        name: "pgtls_error_info",
        help: "The finding that decided about an endpoint that did not pass",
        series: |endpoint, line| {
            if let Some(error) = &endpoint.error {
                line(&[("code", &error.code.to_string())], 1.0);
            }
        },
    },
    Metric {
        name: "pgtls_verified",
        help: "Whether the server proved who it is, whatever else was demanded",
        series: |endpoint, line| line(&[], if endpoint.authenticated { 1.0 } else { 0.0 }),
    },
    Metric {
        name: "pgtls_accepts",
        help: "Whether an audited endpoint accepts something; NaN if that is not known",
        series: |endpoint, line| {
            if let Some(audit) = &endpoint.audit {
                accepts(audit, line);
            }
        },
    },
    Metric {
        name: "ssl_tls_version_info",
        help: "The TLS version that was negotiated",
        series: |endpoint, line| {
            let tls = endpoint.tls.as_ref();
            if let Some(protocol) = tls.and_then(|tls| tls.protocol.as_ref()) {
                let version = protocol.to_string().replace("TLSv", "TLS ");
                line(&[("version", &version)], 1.0);
            }
        },
    },
    Metric {
        name: "pgtls_cipher_info",
        help: "The cipher suite and key exchange group that were negotiated",
        series: |endpoint, line| {
            let Some(tls) = &endpoint.tls else { return };
            if let Some(cipher) = tls.cipher.as_deref() {
                let group = tls.group.as_deref().unwrap_or_default();
                line(&[("cipher", cipher), ("group", group)], 1.0);
            }
        },
    },
    Metric {
        name: "ssl_cert_not_before",
        help: "Start of validity of a presented certificate, in seconds since 1970",
        series: |endpoint, line| {
            certificates(endpoint, Which::All, |c| &c.not_before, line);
        },
    },
    Metric {
        name: "ssl_cert_not_after",
        help: "End of validity of a presented certificate, in seconds since 1970",
        series: |endpoint, line| certificates(endpoint, Which::All, |c| &c.not_after, line),
    },
    Metric {
        name: "ssl_verified_cert_not_after",
        help: "End of validity of a certificate of the verified path, in seconds since 1970",
        series: |endpoint, line| {
            if endpoint.authenticated {
                certificates(endpoint, Which::Path, |c| &c.not_after, line);
            }
        },
    },
    Metric {
        name: "pgtls_client_cert_not_after",
        help: "End of validity of the client's own certificate, in seconds since 1970; sent says whether the server got it",
        series: |endpoint, line| {
            let Some(client) = &endpoint.client_certificate else {
                return;
            };
            let certificate = &client.certificate;
            if let Ok(instant) = OffsetDateTime::parse(&certificate.not_after, &Rfc3339) {
                let labels = [
                    ("subject", &*certificate.subject),
                    ("issuer", &certificate.issuer),
                    ("serial", &certificate.serial),
                    ("sent", if client.sent { "true" } else { "false" }),
                ];
                line(&labels, seconds(instant));
            }
        },
    },
    Metric {
        name: "pgtls_check_duration_seconds",
        help: "How long each step of the check took",
        series: |endpoint, line| {
            let Some(timings) = &endpoint.timings_ms else {
                return;
            };
            for (step, milliseconds) in steps(timings) {
                line(&[("step", step)], milliseconds / 1e3);
            }
        },
    },
];

/// The same series for every server that speaks TLS, whatever it answers.
fn accepts(audit: &AuditReport, line: &mut Line<'_>) {
    let mut answer = |what: &str, answer: &AnswerReport| {
        let value = match answer.outcome.known() {
            Some(Answer::Accepted) => 1.0,
            Some(Answer::Refused) => 0.0,
            Some(Answer::Unknown) | None => f64::NAN,
        };
        line(&[("what", what)], value);
    };
    answer("plaintext", &audit.plaintext);
    answer("gss", &audit.gss);
    answer("direct-tls", &audit.direct_tls);
    let Some(tls) = &audit.tls else { return };
    for protocol in &tls.protocols {
        answer(&protocol.version.to_string(), &protocol.answer);
    }
    answer("direct-tls-without-alpn", &tls.direct_tls_without_alpn);
    answer(
        "plaintext-after-ssl-request",
        &tls.plaintext_behind_ssl_request,
    );
    let accepted = || tls.protocols.iter().filter_map(|one| one.accepted.as_ref());
    let suites = accepted().flat_map(|accepted| &accepted.suites);
    let is_weak = suites.clone().any(|suite| !suite.weaknesses.is_empty());
    let is_quantum = accepted().any(|accepted| accepted.post_quantum);
    for (what, is_accepted) in [("weak-suites", is_weak), ("post-quantum", is_quantum)] {
        line(&[("what", what)], if is_accepted { 1.0 } else { 0.0 });
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    Path,
}

fn certificates(
    endpoint: &EndpointReport,
    which: Which,
    instant: fn(&CertificateReport) -> &str,
    line: &mut Line<'_>,
) {
    let certificates = endpoint.certificates.as_deref().unwrap_or_default();
    for (position, certificate) in certificates.iter().enumerate() {
        if which == Which::Path && certificate.role == Role::Unused {
            continue;
        }
        // A time that cannot be read has no number.
        let Ok(instant) = OffsetDateTime::parse(instant(certificate), &Rfc3339) else {
            continue;
        };
        let (position, role) = (position.to_string(), certificate.role.to_string());
        let labels = [
            ("position", position.as_str()),
            ("role", &role),
            ("subject", &certificate.subject),
            ("issuer", &certificate.issuer),
            ("serial", &certificate.serial),
        ];
        line(&labels, seconds(instant));
    }
}

/// Exact: the calendar ends before 2^53 seconds.
fn seconds(instant: OffsetDateTime) -> f64 {
    #[allow(
        clippy::cast_precision_loss,
        reason = "the year 9999 is below 2^38 seconds"
    )]
    let seconds = instant.unix_timestamp() as f64;
    seconds
}

fn steps(timings: &TimingsReport) -> impl Iterator<Item = (&'static str, f64)> {
    let steps = [
        ("resolve", timings.resolve),
        ("connect", timings.connect),
        ("ssl_request", timings.ssl_request),
        ("handshake", timings.handshake),
        ("total", Some(timings.total)),
    ];
    steps
        .into_iter()
        .filter_map(|(step, time)| Some((step, time?)))
}

fn braced(labels: &[(&str, &str)]) -> String {
    let pairs = labels
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
    match labels {
        [] => String::new(),
        [_, ..] => format!("{{{}}}", pairs.collect::<Vec<_>>().join(",")),
    }
}

fn escaped(value: &str) -> String {
    escape(value)
        .to_string()
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::report::sample;

    fn rendered(report: &Report) -> String {
        let mut out = Vec::new();
        write(&mut out, report).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_metric_comes_with_its_help_and_type() {
        insta::assert_snapshot!(rendered(&sample::report()));
    }

    #[test]
    fn no_series_appears_twice() {
        let report = sample::with(&[sample::passing(), sample::passing()]);
        let text = rendered(&report);
        let mut series: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| Some(line.rsplit_once(' ')?.0))
            .collect();
        let all = series.len();
        series.sort_unstable();
        series.dedup();
        assert_eq!(series.len(), all);
    }

    #[test]
    fn an_audit_has_the_same_series_whatever_the_server_answers() {
        let what = |exit| {
            let text = rendered(&sample::with(&[sample::audited("db", exit)]));
            let lines = text
                .lines()
                .filter(|line| line.starts_with("pgtls_accepts{"));
            let names = lines.map(|line| line.rsplit_once(' ').unwrap());
            names
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .unzip::<_, _, Vec<_>, Vec<_>>()
        };
        let (good, bad) = (what(Exit::Passed), what(Exit::Unmet));
        assert_eq!(good.0, bad.0);
        assert_eq!(good.1.first().map(String::as_str), Some("0"));
        assert_eq!(bad.1.first().map(String::as_str), Some("1"));
    }

    #[test]
    fn numbers_have_no_noise() {
        for (value, text) in [
            (0.000_710_999_999_999_999_9, "0.000711"),
            (1_795_737_600.0, "1795737600"),
            (0.0, "0"),
            (10.0, "10"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn labels_cannot_break_out() {
        assert_eq!(escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\\\x0ad");
    }
}
