//! What a report in JSON says, as far as it is compared. Reports of older versions lack fields, and newer ones have words
//! that are not known here: both are read.

use serde::Deserialize;

use crate::conninfo::{SslMode, TlsVersion};
use crate::diagnose::{Code, Level};
use crate::escape::Shown;
use crate::exit::Exit;
use crate::report::json::Version;
use crate::report::{
    Answer, ChannelBindingType, ClientCertificateUse, LocationReport, Report, Role, TrustSource,
    Verdict, label, place, unique,
};
use crate::wire::tls::Weakness;
use crate::words::Named;

/// A run.
#[derive(Clone, Debug)]
pub struct Run {
    /// In the order of the report.
    pub(super) endpoints: Vec<Seen>,
}

/// Why a file is not a report. Nothing of its text is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Damaged, or no JSON at all.
    #[error("it is not a complete JSON document")]
    Json,
    /// Some other JSON.
    #[error("it is not a report of pgtls: write one with --format json or --report json=FILE")]
    Foreign,
    /// A version that cannot be read here.
    #[error("a newer version of pgtls wrote it, in a form that this one cannot read")]
    Newer,
    /// Ctrl-C.
    #[error("its run was interrupted, so it does not have every endpoint")]
    Interrupted,
    /// A verdict that contradicts its exit code or its error.
    #[error("the verdict, the exit code and the error of an endpoint contradict each other")]
    Contradiction,
    /// Nothing to compare.
    #[error("it has no endpoint")]
    Empty,
    /// It failed, and none of its endpoints did.
    #[error("its run did not finish: it does not have every endpoint")]
    Unfinished,
    /// It passed, and none of its endpoints did.
    #[error("its run passed, but none of its endpoints did")]
    NothingPassed,
}

#[derive(Deserialize)]
struct Document {
    exit_code: Exit,
    endpoints: Vec<Seen>,
}

/// An endpoint. The fields are those of `EndpointReport`, which says what they mean.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Seen {
    pub(super) name: Option<Shown>,
    pub(super) location: Option<LocationReport>,
    pub(super) host: Option<Shown>,
    pub(super) hostaddr: Option<Shown>,
    pub(super) port: Option<u16>,
    pub(super) conninfo: Option<Shown>,
    pub(super) protection: Option<Shown>,
    pub(super) sslmode: Option<Named<SslMode>>,
    pub(super) verdict: Verdict,
    pub(super) exit_code: Exit,
    #[serde(default)]
    pub(super) spare: bool,
    pub(super) authenticated: Option<bool>,
    pub(super) error: Option<SeenFinding>,
    #[serde(default)]
    pub(super) findings: Vec<SeenFinding>,
    pub(super) tls: Option<SeenTls>,
    pub(super) certificates: Option<Vec<SeenCertificate>>,
    pub(super) trust: Option<SeenTrust>,
    pub(super) name_match: Option<SeenNames>,
    pub(super) login: Option<SeenLogin>,
    pub(super) audit: Option<SeenAudit>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct SeenFinding {
    pub(super) level: Option<Named<Level>>,
    pub(super) code: Named<Code>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct SeenTls {
    pub(super) protocol: Option<Named<TlsVersion>>,
    pub(super) cipher: Option<Shown>,
    pub(super) group: Option<Shown>,
    pub(super) post_quantum: Option<bool>,
    pub(super) client_certificate: Option<Named<ClientCertificateUse>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct SeenCertificate {
    pub(super) subject: Shown,
    pub(super) issuer: Shown,
    #[serde(default)]
    pub(super) names: Vec<Shown>,
    pub(super) not_after: Option<Shown>,
    pub(super) key: Option<Shown>,
    pub(super) signature_algorithm: Option<Shown>,
    pub(super) sha256_fingerprint: Option<Shown>,
    pub(super) spki_sha256: Option<Shown>,
    pub(super) role: Option<Named<Role>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct SeenTrust {
    pub(super) source: Option<Named<TrustSource>>,
    pub(super) path: Option<Shown>,
    pub(super) crl: Option<Shown>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct SeenNames {
    #[serde(default)]
    pub(super) names: Vec<Shown>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct SeenLogin {
    #[serde(default)]
    pub(super) succeeded: bool,
    pub(super) channel_binding: Option<Named<ChannelBindingType>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct SeenAudit {
    pub(super) plaintext: Option<SeenAnswer>,
    pub(super) tls: Option<SeenTlsAudit>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct SeenTlsAudit {
    #[serde(default)]
    pub(super) protocols: Vec<SeenProtocol>,
    pub(super) plaintext_behind_ssl_request: Option<SeenAnswer>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct SeenAnswer {
    pub(super) outcome: Named<Answer>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct SeenProtocol {
    pub(super) version: Named<TlsVersion>,
    pub(super) outcome: Named<Answer>,
    pub(super) accepted: Option<SeenAccepted>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct SeenAccepted {
    #[serde(default)]
    pub(super) suites: Vec<SeenSuite>,
    /// Whether these are all. `false` if the report does not say it.
    #[serde(default)]
    pub(super) suites_complete: bool,
    pub(super) post_quantum: Option<bool>,
    pub(super) compression: Option<bool>,
    pub(super) secure_renegotiation: Option<bool>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct SeenSuite {
    pub(super) cipher: Shown,
    #[serde(default)]
    pub(super) weaknesses: Vec<Named<Weakness>>,
}

impl Run {
    /// Reads a report in JSON.
    ///
    /// # Errors
    /// It is not a whole report of pgtls.
    pub fn read(text: &[u8]) -> Result<Self, ReadError> {
        // Text is escaped as it is read. serde_json limits the depth.
        let value: serde_json::Value = serde_json::from_slice(text).map_err(|_| ReadError::Json)?;
        match Version::of(&value) {
            Version::Known => {}
            Version::Newer => return Err(ReadError::Newer),
            Version::Foreign => return Err(ReadError::Foreign),
        }
        let mut document: Document =
            serde_json::from_value(value).map_err(|_| ReadError::Foreign)?;
        if document.exit_code == Exit::Interrupted {
            return Err(ReadError::Interrupted);
        }
        for endpoint in &document.endpoints {
            let passed = endpoint.exit_code == Exit::Passed;
            if (endpoint.verdict == Verdict::Pass) != passed || endpoint.error.is_none() != passed {
                return Err(ReadError::Contradiction);
            }
        }
        if document.endpoints.is_empty() {
            return Err(ReadError::Empty);
        }
        let mut endpoints = document.endpoints.iter();
        let passed = document.exit_code == Exit::Passed;
        if passed && endpoints.all(|one| one.verdict == Verdict::Fail) {
            return Err(ReadError::NothingPassed);
        }
        if !passed && endpoints.all(|one| one.verdict == Verdict::Pass) {
            return Err(ReadError::Unfinished);
        }
        // Older versions did not write it.
        for one in &mut document.endpoints {
            one.spare |= passed && one.verdict == Verdict::Fail;
        }
        Ok(Self {
            endpoints: document.endpoints,
        })
    }

    /// A report of this version, by way of its JSON, so that both sides are read alike.
    ///
    /// # Errors
    /// As for [`Run::read`]: the run was interrupted, or checked nothing.
    pub fn of(report: &Report) -> Result<Self, ReadError> {
        let text = serde_json::to_vec(report).map_err(|_| ReadError::Json)?;
        Self::read(&text)
    }
}

impl Run {
    /// What to call each endpoint. No two have the same label.
    pub(super) fn labels(&self) -> Vec<Shown> {
        let labels = unique(self.endpoints.iter().map(Seen::label));
        labels.into_iter().map(Shown::from).collect()
    }
}

impl Seen {
    /// What to call it.
    fn label(&self) -> String {
        let host = self.host.as_ref().or(self.hostaddr.as_ref());
        label(
            self.name.as_deref(),
            place(host.map(Shown::as_str), self.port),
            self.location.as_ref(),
        )
    }

    /// Host and port, if it has a host.
    pub(super) fn place(&self) -> Option<String> {
        let host = self.host.as_ref().or(self.hostaddr.as_ref())?;
        place(Some(host.as_str()), self.port)
    }

    /// The certificates from the server's own up to the root; empty if none are known.
    pub(super) fn path(&self) -> Vec<&SeenCertificate> {
        let certificates = self.certificates.iter().flatten();
        certificates
            .filter(|one| one.role.as_ref().is_none_or(|role| *role != Role::Unused))
            .collect()
    }

    /// Whether TLS and the certificate were as the mode requires.
    pub(super) fn is_sound(&self) -> bool {
        self.exit_code.is_sound()
    }

    /// How it ended, in a word.
    pub(super) fn end(&self) -> String {
        match &self.error {
            Some(error) => error.code.to_string(),
            None => "pass".to_owned(),
        }
    }
}
