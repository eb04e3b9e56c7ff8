//! Turns findings into bytes: the report's own types, which define the JSON schema, and one file per
//! format.
//!
//! An absent field was not reached; `null` was reached and is empty. Fields are only ever added, and
//! readers must expect new enumeration values.

#![deny(clippy::wildcard_enum_match_arm)]

mod audit;
mod audit_text;
mod build;
mod check;
mod clients_text;
pub mod github;
pub mod json;
pub mod junit;
mod login;
pub mod merge;
pub mod nagios;
pub mod prometheus;
#[cfg(test)]
mod sample;
pub mod sarif;
#[cfg(test)]
mod schema;
pub mod text;
mod vocabulary;

pub use audit::{
    AcceptedReport, AnswerReport, AuditReport, ProtocolReport, ShownReport, SuiteReport,
    TlsAuditReport,
};
pub use build::instant;
pub use vocabulary::{
    Answer, ChannelBindingType, ClientCertificateUse, LoginMethod, NameRule, Role, TrustSource,
    Verdict,
};

use serde::{Deserialize, Serialize};

use crate::clients::{Acceptance, Basis, Client, Outcome};
use crate::conninfo::{SslMode, SslNegotiation, TlsVersion};
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
    /// One entry per endpoint, in the order of the input.
    pub endpoints: Vec<EndpointReport>,
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
    /// Whose connection string it is; absent if nobody can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Named<Dialect>>,
    /// The string's own parameters in libpq's words, secrets masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conninfo: Option<Shown>,
    /// The host as written; escaped if it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Shown>,
    /// The address of the connection, or the requested one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostaddr: Option<Shown>,
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
    /// Whether the server proved who it is, as far as the mode requires it.
    pub authenticated: bool,
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
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RunEnd {
    /// How many endpoints the run had: one line each.
    pub run_endpoints: usize,
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
    /// What to call the endpoint on one line: its name, or else host and port.
    pub fn label(&self) -> String {
        if let Some(name) = &self.name {
            return name.to_string();
        }
        let host = self.host.as_ref().or(self.hostaddr.as_ref());
        match (host, self.port) {
            (Some(host), Some(port)) if host.contains(':') => format!("[{host}]:{port}"),
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_string(),
            (None, Some(port)) => format!("(no host):{port}"),
            (None, None) => match &self.location {
                Some(location) => format!("{}:{}", location.file, location.line),
                None => "connection string".to_owned(),
            },
        }
    }

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
        let server = self.path().map(|certificate| certificate.days_left);
        server.chain(self.client_days_left()).min()
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
}

impl FindingReport {
    /// What was observed and what to do, on as many lines as needed.
    fn full_text(&self) -> String {
        match self.hint.is_empty() {
            true => self.message.to_string(),
            false => format!("{}\n{}", self.message, self.hint),
        }
    }
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

/// What was negotiated.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TlsReport {
    /// As psql prints it: `TLSv1.3`.
    pub protocol: Option<Named<TlsVersion>>,
    /// OpenSSL's name of the suite.
    pub cipher: Option<Shown>,
    /// IANA's name of the suite.
    pub cipher_iana: Option<Shown>,
    /// Secret bits of the key.
    pub bits: Option<u16>,
    /// The key exchange group.
    pub group: Option<Shown>,
    /// Whether that group resists quantum computers, too.
    pub post_quantum: Option<bool>,
    /// The application protocol that the server chose.
    pub alpn: Option<Shown>,
    /// The server name that was sent.
    pub sni: Option<Shown>,
    /// Whether the server asked for another key share, which costs a round trip.
    pub hello_retry_request: bool,
    /// What happened to the client certificate.
    pub client_certificate: Named<ClientCertificateUse>,
}

/// One certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CertificateReport {
    /// Its subject.
    pub subject: Shown,
    /// Who signed it.
    pub issuer: Shown,
    /// Its subject alternative names.
    pub names: Vec<Shown>,
    /// Serial number, in hexadecimal.
    pub serial: Shown,
    /// RFC 3339.
    pub not_before: Shown,
    /// RFC 3339.
    pub not_after: Shown,
    /// Whole days until `not_after`; negative after it.
    pub days_left: i64,
    /// `RSA 2048`, `ECDSA P-256`.
    pub key: Shown,
    /// OpenSSL's name.
    pub signature_algorithm: Shown,
    /// X.509 version.
    pub version: u8,
    /// Lower-case hexadecimal.
    pub sha256_fingerprint: Shown,
    /// SHA-256 of the public key, lower-case hexadecimal.
    pub spki_sha256: Shown,
    /// Its role in the path.
    pub role: Named<Role>,
}

/// The client's own certificate, by which the server knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientCertificateReport {
    /// The file with it.
    pub file: Shown,
    /// The certificate.
    #[serde(flatten)]
    pub certificate: CertificateReport,
    /// What its extendedKeyUsage allows, by OpenSSL's names; empty if it does not restrict the purpose.
    pub purposes: Vec<Shown>,
    /// The intermediates of the same file, in the order of the path.
    pub chain: Vec<CertificateReport>,
    /// Whether the server asked for it and got it: then it counts for `--valid-for` and for the days left.
    pub sent: bool,
}

/// Where trust comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TrustReport {
    /// Which roots.
    pub source: Named<TrustSource>,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Shown>,
    /// What named the file, if it is not the string: a service, an environment variable, an option or `[policy]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Shown>,
    /// The CRL file or directory in force, named or in its default place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crl: Option<Shown>,
    /// The anchor that the path ends at; `null` if it reaches none.
    pub anchor: Option<Shown>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor_not_after: Option<Shown>,
}

/// Whether the leaf names the host.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NameMatchReport {
    /// The name that matched.
    pub matched: Option<Shown>,
    /// The leaf's names.
    pub names: Vec<Shown>,
    /// How it matched; `null` if nothing did.
    pub rule: Option<Named<NameRule>>,
}

/// The rehearsal of a CA rotation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RotationReport {
    /// The file of new roots.
    pub file: Shown,
    /// With what is trusted today.
    pub today: RehearsalReport,
    /// With the new file alone.
    pub alone: RehearsalReport,
    /// With both together.
    pub both: RehearsalReport,
}

/// The verdict with one set of roots.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RehearsalReport {
    /// Whether the server would pass.
    pub verdict: Verdict,
    /// The exit code of this set of roots.
    pub exit_code: Exit,
    /// The stable code of the obstacle; `null` if there is none.
    pub code: Option<Named<Code>>,
}

/// A login, as far as it got.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LoginReport {
    /// Who logged in.
    pub user: Shown,
    /// To which database.
    pub database: Shown,
    /// Whether the server granted it.
    pub succeeded: bool,
    /// The SQLSTATE of the server's error, five characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<Shown>,
    /// What the server requested, as in `require_auth` (`none` if it requested nothing), or `other`;
    /// `null` if it did not get that far.
    pub method: Option<Named<LoginMethod>>,
    /// `tls-server-end-point`, if SCRAM was bound to the TLS channel; else `null`.
    pub channel_binding: Option<Named<ChannelBindingType>>,
    /// As the server reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_version: Option<Shown>,
    /// The server's own view of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pg_stat_ssl: Option<ServerSessionReport>,
    /// Whether the server's session is the one on the connection of the login. `true` if the login is
    /// bound to it, or if the server's process and its client's port are those of the connection;
    /// `false` if anything differs; `null` if neither is known.
    pub same_session: Option<bool>,
    /// The pooler that answered, if it says so itself: `PgBouncer 1.25.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pooler: Option<Shown>,
    /// How long it took, in milliseconds, including its own connection.
    pub took_ms: f64,
}

/// A row of `pg_stat_ssl`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServerSessionReport {
    /// Whether the server's session has TLS.
    pub ssl: bool,
    /// `TLSv1.3`
    pub version: Option<Shown>,
    /// The suite.
    pub cipher: Option<Shown>,
    /// Secret bits of the key.
    pub bits: Option<Shown>,
    /// The subject of the client certificate.
    pub client_dn: Option<Shown>,
}

/// What one client library would do with this string and this server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientReport {
    /// Its name.
    pub client: Named<Client>,
    /// What it does with this string.
    pub outcome: Named<Outcome>,
    /// Whether its verification, given the same roots and host name, would accept this server.
    pub certificate: Named<Acceptance>,
    /// The stable code of the obstacle; `null` if there is none.
    pub code: Option<Named<Code>>,
    /// Why.
    pub reason: Shown,
    /// How we know.
    pub basis: Named<Basis>,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TimingsReport {
    /// Name resolution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve: Option<f64>,
    /// TCP connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect: Option<f64>,
    /// SSLRequest and its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_request: Option<f64>,
    /// TLS handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handshake: Option<f64>,
    /// Everything.
    pub total: f64,
}
