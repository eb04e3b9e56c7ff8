//! Turns findings into bytes: the report's own types, which define the JSON schema, and one file per
//! format.
//!
//! An absent field was not reached; `null` was reached and is empty. Fields are only ever added, and
//! readers must expect new enumeration values.

#![deny(clippy::wildcard_enum_match_arm)]

mod accepted;
mod audit;
mod build;
mod check;
pub mod csv;
mod evidence;
mod expiry;
pub(crate) mod exposition;
pub mod github;
pub mod html;
pub mod ics;
pub mod json;
pub mod junit;
mod label;
mod login;
pub mod markdown;
pub mod merge;
pub mod nagios;
mod outcome;
pub mod prometheus;
#[cfg(test)]
pub(crate) mod sample;
pub mod sarif;
mod scan;
#[cfg(test)]
mod scan_tests;
pub mod scan_text;
#[cfg(test)]
pub(crate) mod schema;
pub mod text;
mod times;
mod trace;
pub mod trace_junit;
pub mod trace_markdown;
pub mod trace_text;
mod vocabulary;

pub use audit::{
    AcceptedReport, AnswerReport, AuditReport, ProfileReport, ProtocolReport, RequirementReport,
    ShownReport, SuiteReport, SuiteVerdictReport, TlsAuditReport,
};
pub use evidence::{
    CertificateReport, CertificateRequestReport, ClientCertificateReport, ClientReport,
    LoginReport, NameMatchReport, RehearsalReport, RotationReport, ServerSessionReport,
    TimingsReport, TlsReport, TrustReport,
};
pub use label::labels;
pub(crate) use label::{label, place, unique};
pub use scan::{ScanFindingReport, ScanReport, SkippedReport, StringReport};
pub use times::{day, instant};
pub use trace::{CommandReport, TraceFindingReport, TraceReport};
pub use vocabulary::{
    Answer, ChannelBindingType, ClientCertificateUse, LoginMethod, NameRule, RequestSignature,
    Role, TrustSource, Verdict,
};

use serde::{Deserialize, Serialize};

use crate::conninfo::{SslMode, SslNegotiation};
use crate::diagnose::{Code, FixKind, Hint, Level, Stage};
use crate::dialect::Dialect;
use crate::escape::Shown;
use crate::exit::Exit;
use crate::words::Named;

/// A whole run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// 1.
    pub schema_version: u32,
    /// Whether every endpoint passed.
    pub verdict: Verdict,
    /// The exit code of the run.
    pub exit_code: Exit,
    /// When the run began, RFC 3339 in UTC; of several runs, when the first of them began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Shown>,
    /// What made the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolReport>,
    /// One entry per endpoint, in the order of the input.
    pub endpoints: Vec<EndpointReport>,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ToolReport {
    /// `pgtls`.
    pub name: Shown,
    /// `0.1.0`
    pub version: Shown,
}

/// One endpoint, or one connection string that could not be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EndpointReport {
    /// What the configuration file calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Shown>,
    /// The file with the string; absent if it came from an argument or the environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationReport>,
    /// Whose connection string it is; absent if it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Named<Dialect>>,
    /// The string's own parameters in libpq's words, secrets masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conninfo: Option<Shown>,
    /// The parameters that protect the connection, from the string, the service or the environment, beyond those that have
    /// a field of their own; empty if libpq's defaults count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protection: Option<Shown>,
    /// The host as written; escaped if it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Shown>,
    /// The address of the connection, or the requested one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostaddr: Option<Shown>,
    /// The address and the port that answered: `192.0.2.7:5432`; absent if none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Shown>,
    /// The port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The mode that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sslmode: Option<Named<SslMode>>,
    /// How TLS was requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sslnegotiation: Option<Named<SslNegotiation>>,
    /// Whether this endpoint passed.
    pub verdict: Verdict,
    /// The exit code of this endpoint alone.
    pub exit_code: Exit,
    /// Whether a TLS session was established.
    pub encrypted: bool,
    /// Whether the server proved who it is: its chain and its name hold, whatever the mode and other demands ask for.
    pub authenticated: bool,
    /// Whether TLS was established in a mode that proves nothing: anyone could be answering.
    #[serde(default)]
    pub unverified: bool,
    /// Whether it failed and need not pass: another host of its string passed, and one is enough (`--hosts any`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spare: bool,
    /// Why it failed; `null` on a pass.
    pub error: Option<FindingReport>,
    /// All other findings.
    pub findings: Vec<FindingReport>,
    /// What to change, judged beforehand: each leads to a pass, or to the next fault, which its finding names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<FixReport>,
    /// What was negotiated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsReport>,
    /// The certificates that the server presented, and the anchor that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates: Option<Vec<CertificateReport>>,
    /// The certificate request, if that is what was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_request: Option<CertificateRequestReport>,
    /// The client's own certificate, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<ClientCertificateReport>,
    /// Where trust comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<TrustReport>,
    /// Whether the leaf names the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_match: Option<NameMatchReport>,
    /// The verdicts with other roots, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationReport>,
    /// The result of the login, if it was requested and the check passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<LoginReport>,
    /// What each client library would do, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<Vec<ClientReport>>,
    /// What else the endpoint accepts, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditReport>,
    /// How long each step took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timings_ms: Option<TimingsReport>,
}

/// The last line of a run's JSON lines. Without it the run did not finish.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunEnd {
    /// How many endpoints the run had: one line each.
    pub run_endpoints: usize,
    /// The exit code of the run. Of several hosts one may be enough (`--hosts any`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<Exit>,
    /// When the run began, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Shown>,
    /// What made the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolReport>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LocationReport {
    /// As the user wrote it; `-` is standard input.
    pub file: Shown,
    /// The line, counted from 1.
    pub line: usize,
}

impl EndpointReport {
    /// The certificates that the verdict depends on.
    fn path(&self) -> impl Iterator<Item = &CertificateReport> {
        let certificates = self.certificates.as_deref().unwrap_or_default();
        certificates
            .iter()
            .filter(|certificate| certificate.role != Role::Unused)
    }

    /// Whole days until the first certificate that the session depends on expires: one of the path, or the client's
    /// if the server got it.
    pub fn days_left(&self) -> Option<i64> {
        self.first_to_end().map(|certificate| certificate.days_left)
    }

    /// The first certificate to expire of those that the session depends on.
    fn first_to_end(&self) -> Option<&CertificateReport> {
        self.session_certificates()
            .min_by_key(|certificate| certificate.days_left)
    }

    /// The certificates that the session depends on: the path, and the client's own if the server got them.
    fn session_certificates(&self) -> impl Iterator<Item = &CertificateReport> {
        let sent = self.client_certificate.iter().filter(|client| client.sent);
        let client =
            sent.flat_map(|client| std::iter::once(&client.certificate).chain(&client.chain));
        self.path().chain(client)
    }

    /// The same of the client's certificate alone.
    fn client_days_left(&self) -> Option<i64> {
        let client = self
            .client_certificate
            .as_ref()
            .filter(|client| client.sent)?;
        let own = std::iter::once(&client.certificate).chain(&client.chain);
        own.map(|certificate| certificate.days_left).min()
    }

    /// The error, if there is one, followed by all other findings.
    fn all_findings(&self) -> impl Iterator<Item = &FindingReport> {
        self.error.iter().chain(&self.findings)
    }

    /// The same, those with one code together: for readers that show one result for each.
    fn findings_by_code(&self) -> Vec<Vec<&FindingReport>> {
        let mut all: Vec<Vec<&FindingReport>> = Vec::new();
        for finding in self.all_findings() {
            let same = |group: &&mut Vec<&FindingReport>| {
                group
                    .first()
                    .is_some_and(|first| first.code == finding.code)
            };
            match all.iter_mut().find(same) {
                Some(group) => group.push(finding),
                None => all.push(vec![finding]),
            }
        }
        all
    }
}

/// What was observed and what to do, on as many lines as needed.
fn full_text(findings: &[&FindingReport]) -> String {
    let text = |finding: &&FindingReport| match finding.hint.is_empty() {
        true => finding.message.to_string(),
        false => format!("{}\n{}", finding.message, finding.hint),
    };
    findings.iter().map(text).collect::<Vec<_>>().join("\n")
}

/// An error or another finding.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FindingReport {
    /// Its severity.
    pub level: Named<Level>,
    /// The stable code.
    pub code: Named<Code>,
    /// The stage at which it was found.
    pub stage: Named<Stage>,
    /// What was observed.
    pub message: Shown,
    /// What to do.
    #[serde(default, skip_serializing_if = "Hint::is_empty")]
    pub hint: Hint,
}

/// A change that was judged before it was shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FixReport {
    /// What kind of thing it changes.
    pub kind: Named<FixKind>,
    /// What it changes: the connection string, a file, a setting.
    pub target: Shown,
    /// What is there now; `null` if nothing is, or if it is not known. Secrets are masked.
    pub before: Option<Shown>,
    /// What to write or to run. Secrets are masked.
    pub after: Shown,
    /// `true`: what was not proven is not listed.
    pub proven: bool,
}
