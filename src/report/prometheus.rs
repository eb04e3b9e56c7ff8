//! Metrics for node_exporter's textfile collector, in Prometheus' text exposition format. A metric
//! with the same meaning as in ssl_exporter has the same name.

use std::io::{self, Write};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::conninfo::TlsVersion;
use crate::words::Named;

use super::exposition::{Family, Kind, Samples, Text, ready};
use super::{
    AcceptedReport, Answer, AnswerReport, AuditReport, CertificateReport, EndpointReport,
    ProtocolReport, Report, Role, TimingsReport, Verdict, labels,
};

/// Writes every metric with its help, type and series.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let targets = labels(&report.endpoints);
    let labelled = targets.iter().map(String::as_str).zip(&report.endpoints);
    let mut text = Text::default();
    text.endpoints(labelled);
    out.write_all(text.0.as_bytes())
}

impl Text {
    /// Adds all metrics of these endpoints, each with its label. No two may have the same.
    pub(crate) fn endpoints<'a>(
        &mut self,
        endpoints: impl Iterator<Item = (&'a str, &'a EndpointReport)>,
    ) {
        let all: Vec<Subject<'_>> = endpoints
            .map(|(target, endpoint)| Subject::new(target, endpoint))
            .collect();
        for metric in &METRICS {
            let family = Family {
                name: metric.name,
                help: metric.help,
                kind: Kind::Gauge,
            };
            self.family(family, |samples| {
                for one in &all {
                    (metric.series)(one, &mut samples.with(&one.target));
                }
            });
        }
    }
}

/// An endpoint, with what several metrics say of it.
struct Subject<'a> {
    endpoint: &'a EndpointReport,
    /// Its label.
    target: String,
    certificates: Vec<Dates>,
}

/// A certificate's dates, as far as they can be read.
struct Dates {
    role: Named<Role>,
    labels: String,
    not_before: Option<f64>,
    not_after: Option<f64>,
}

impl<'a> Subject<'a> {
    fn new(target: &str, endpoint: &'a EndpointReport) -> Self {
        let certificates = endpoint.certificates.iter().flatten().enumerate();
        Self {
            endpoint,
            certificates: certificates
                .map(|(position, certificate)| Dates::new(target, position, certificate))
                .collect(),
            target: ready(&[("target", target)]),
        }
    }
}

impl Dates {
    fn new(target: &str, position: usize, certificate: &CertificateReport) -> Self {
        Self {
            role: certificate.role.clone(),
            labels: ready(&[
                ("target", target),
                ("position", &position.to_string()),
                ("role", &certificate.role.to_string()),
                ("subject", &certificate.subject),
                ("issuer", &certificate.issuer),
                ("serial", &certificate.serial),
            ]),
            not_before: seconds(&certificate.not_before),
            not_after: seconds(&certificate.not_after),
        }
    }
}

struct Metric {
    name: &'static str,
    help: &'static str,
    series: fn(&Subject<'_>, &mut Samples<'_>),
}

const METRICS: [Metric; 12] = [
    Metric {
        name: "ssl_probe_success",
        help: "Whether the endpoint passed the check",
        series: |Subject { endpoint, .. }, samples| {
            let passed = endpoint.verdict == Verdict::Pass;
            samples.add(&[], if passed { 1.0 } else { 0.0 });
        },
    },
    Metric {
        name: "pgtls_exit_code",
        help: "The exit code of the endpoint alone",
        series: |Subject { endpoint, .. }, samples| {
            samples.add(&[], f64::from(endpoint.exit_code.number()))
        },
    },
    Metric {
        name: "pgtls_error_info",
        help: "The finding that decided about an endpoint that did not pass",
        series: |Subject { endpoint, .. }, samples| {
            if let Some(error) = &endpoint.error {
                samples.add(&[("code", &error.code.to_string())], 1.0);
            }
        },
    },
    Metric {
        name: "pgtls_verified",
        help: "Whether the server proved who it is, whatever else was demanded",
        series: |Subject { endpoint, .. }, samples| {
            samples.add(&[], if endpoint.authenticated { 1.0 } else { 0.0 })
        },
    },
    Metric {
        name: "pgtls_accepts",
        help: "Whether an audited endpoint accepts something; NaN if that is not known",
        series: |Subject { endpoint, .. }, samples| {
            if let Some(audit) = &endpoint.audit {
                accepts(audit, samples);
            }
        },
    },
    Metric {
        name: "ssl_tls_version_info",
        help: "The TLS version that was negotiated",
        series: |Subject { endpoint, .. }, samples| {
            let tls = endpoint.tls.as_ref();
            if let Some(protocol) = tls.and_then(|tls| tls.protocol.as_ref()) {
                let version = protocol.to_string().replace("TLSv", "TLS ");
                samples.add(&[("version", &version)], 1.0);
            }
        },
    },
    Metric {
        name: "pgtls_cipher_info",
        help: "The cipher suite and key exchange group that were negotiated",
        series: |Subject { endpoint, .. }, samples| {
            let Some(tls) = &endpoint.tls else { return };
            if let Some(cipher) = tls.cipher.as_deref() {
                let group = tls.group.as_deref().unwrap_or_default();
                samples.add(&[("cipher", cipher), ("group", group)], 1.0);
            }
        },
    },
    Metric {
        name: "ssl_cert_not_before",
        help: "Start of validity of a presented certificate, in seconds since 1970",
        series: |one, samples| dates(&one.certificates, |date| date.not_before, samples),
    },
    Metric {
        name: "ssl_cert_not_after",
        help: "End of validity of a presented certificate, in seconds since 1970",
        series: |one, samples| dates(&one.certificates, |date| date.not_after, samples),
    },
    Metric {
        name: "ssl_verified_cert_not_after",
        help: "End of validity of a certificate of the verified path, in seconds since 1970",
        series: |one, samples| {
            if has_verified_path(one.endpoint) {
                let path = one
                    .certificates
                    .iter()
                    .filter(|date| date.role != Role::Unused);
                dates(path, |date| date.not_after, samples);
            }
        },
    },
    Metric {
        name: "pgtls_client_cert_not_after",
        help: "End of validity of the client's own certificate, in seconds since 1970; sent says whether the server got it",
        series: |Subject { endpoint, .. }, samples| {
            let Some(client) = &endpoint.client_certificate else {
                return;
            };
            let certificate = &client.certificate;
            if let Some(end) = seconds(&certificate.not_after) {
                let labels = [
                    ("subject", &*certificate.subject),
                    ("issuer", &certificate.issuer),
                    ("serial", &certificate.serial),
                    ("sent", if client.sent { "true" } else { "false" }),
                ];
                samples.add(&labels, end);
            }
        },
    },
    Metric {
        name: "pgtls_check_duration_seconds",
        help: "How long each step of the check took",
        series: |Subject { endpoint, .. }, samples| {
            let Some(timings) = &endpoint.timings_ms else {
                return;
            };
            for (step, milliseconds) in steps(timings) {
                samples.add(&[("step", step)], milliseconds / 1e3);
            }
        },
    },
];

/// Whether a session with the server reached a root that is trusted, whatever demands say, and a name that the mode does
/// not ask for.
fn has_verified_path(endpoint: &EndpointReport) -> bool {
    endpoint.exit_code.is_sound() && endpoint.tls.is_some() && endpoint.trust.is_some()
}

/// The same series for every server that speaks TLS, whatever it answers.
fn accepts(audit: &AuditReport, samples: &mut Samples<'_>) {
    let mut answer = |what: &str, answer: &AnswerReport| {
        let value = match answer.outcome.known() {
            Some(Answer::Accepted) => 1.0,
            Some(Answer::Refused) => 0.0,
            Some(Answer::Unknown) | None => f64::NAN,
        };
        samples.add(&[("what", what)], value);
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
    let weak = any_of(&tls.protocols, |accepted| Listed {
        is_found: accepted.suites.iter().any(|one| !one.weaknesses.is_empty()),
        is_complete: accepted.suites_complete,
    });
    samples.add(&[("what", "weak-suites")], weak);
    // No older version has such groups.
    let newest = tls.protocols.iter();
    let newest = newest.filter(|one| one.version == TlsVersion::V1_3);
    let quantum = any_of(newest, |accepted| Listed {
        is_found: accepted.post_quantum,
        is_complete: accepted.groups_complete,
    });
    samples.add(&[("what", "post-quantum")], quantum);
}

/// What a list of a version says of something.
struct Listed {
    is_found: bool,
    is_complete: bool,
}

/// 1 if one of the versions has it, 0 if none does, NaN if it is not known of one of them.
fn any_of<'a>(
    protocols: impl IntoIterator<Item = &'a ProtocolReport>,
    list: impl Fn(&AcceptedReport) -> Listed,
) -> f64 {
    let mut value = 0.0;
    for protocol in protocols {
        let listed = protocol.accepted.as_ref().map(&list);
        match listed {
            Some(Listed { is_found: true, .. }) => return 1.0,
            Some(listed) if listed.is_complete => {}
            None if protocol.answer.outcome == Answer::Refused => {}
            Some(_) | None => value = f64::NAN,
        }
    }
    value
}

/// A time that cannot be read has no number.
fn dates<'a>(
    dates: impl IntoIterator<Item = &'a Dates>,
    date: fn(&Dates) -> Option<f64>,
    samples: &mut Samples<'_>,
) {
    for one in dates {
        if let Some(date) = date(one) {
            samples.with(&one.labels).add(&[], date);
        }
    }
}

/// In seconds since 1970-01-01T00:00:00Z. Exact: the calendar ends before 2^53 seconds.
fn seconds(instant: &str) -> Option<f64> {
    let instant = OffsetDateTime::parse(instant, &Rfc3339).ok()?;
    #[allow(
        clippy::cast_precision_loss,
        reason = "the year 9999 is below 2^38 seconds"
    )]
    let seconds = instant.unix_timestamp() as f64;
    Some(seconds)
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

    /// What was not answered is not refused.
    #[test]
    fn a_list_that_is_not_known_has_no_number() {
        let metric = |version: usize, change: fn(&mut ProtocolReport)| {
            let mut endpoint = sample::audited("db", Exit::Passed);
            let tls = endpoint.audit.as_mut().unwrap().tls.as_mut().unwrap();
            for protocol in &mut tls.protocols {
                let accepted = protocol.accepted.iter_mut();
                accepted.for_each(|accepted| {
                    accepted.suites.truncate(1);
                    accepted.post_quantum = false;
                });
            }
            change(tls.protocols.get_mut(version).unwrap());
            let text = rendered(&sample::with(&[endpoint]));
            ["weak-suites", "post-quantum"].map(|what| {
                let what = format!("what=\"{what}\"");
                let line = text.lines().find(|line| line.contains(&what)).unwrap();
                line.rsplit_once(' ').unwrap().1.to_owned()
            })
        };
        assert_eq!(metric(1, |_| {}), ["0", "0"]);
        let silent = |protocol: &mut ProtocolReport| {
            protocol.answer.outcome = Answer::Unknown.into();
            protocol.accepted = None;
        };
        assert_eq!(metric(1, silent), ["NaN", "0"]);
        assert_eq!(metric(2, silent), ["NaN", "NaN"]);
        let cut = |protocol: &mut ProtocolReport| {
            let accepted = protocol.accepted.as_mut().unwrap();
            accepted.suites_complete = false;
            accepted.groups_complete = false;
        };
        assert_eq!(metric(1, cut), ["NaN", "0"]);
        assert_eq!(metric(2, cut), ["NaN", "NaN"]);
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
}
