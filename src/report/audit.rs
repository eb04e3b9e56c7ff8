//! The result of an audit, as in JSON.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::{Answer, instant};
use crate::audit::{
    Accepted, Asked, Audit, Circumstance, Direct, Gss, LargeHello, Listing, Login, Loss, Plaintext,
    Preference, Presented, Protocol, Speaks, Stuffed, Unknown,
};
use crate::conninfo::TlsVersion;
use crate::escape::{Shown, escape};
use crate::probe::Task;
use crate::profile::{Compliance, Judged};
use crate::trust;
use crate::wire::tls::{Group, Suite, Weakness};
use crate::words::Named;

/// What else an endpoint accepts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AuditReport {
    /// Sessions without TLS.
    pub plaintext: AnswerReport,
    /// GSSAPI encryption.
    pub gss: AnswerReport,
    /// TLS without an SSLRequest.
    pub direct_tls: AnswerReport,
    /// The details of TLS; absent if the server does not speak it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsAuditReport>,
    /// What became of each requirement of each profile, if profiles were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<ProfileReport>,
}

/// A profile, and what became of each of its requirements.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProfileReport {
    /// Its short name.
    pub name: Shown,
    /// The document.
    pub title: Shown,
    /// Where the document is.
    pub source: Shown,
    /// The date of the document.
    pub date: Shown,
    /// What the rules rely on, if not on the text of the document itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Shown>,
    /// One for each requirement.
    pub requirements: Vec<RequirementReport>,
    /// One for each suite that the server accepts.
    pub suites: Vec<SuiteVerdictReport>,
}

/// What became of a requirement.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RequirementReport {
    /// The place in the document.
    pub clause: Shown,
    /// What it asks.
    pub requirement: Shown,
    /// What became of it.
    pub outcome: Named<Compliance>,
    /// What was observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<Shown>,
}

/// What a profile says of a suite.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SuiteVerdictReport {
    /// The version that accepts it.
    pub version: Named<TlsVersion>,
    /// IANA's name.
    pub cipher_iana: Shown,
    /// Whether the profile allows it; `null` if it has no rule about suites.
    pub allowed: Option<bool>,
}

/// What else an endpoint accepts over TLS.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TlsAuditReport {
    /// TLS 1.0 to 1.3.
    pub protocols: Vec<ProtocolReport>,
    /// TLS without an SSLRequest and without ALPN.
    pub direct_tls_without_alpn: AnswerReport,
    /// A ClientHello of more than one TCP segment; absent in reports of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large_hello: Option<AnswerReport>,
    /// Plaintext after the SSLRequest, taken for part of the session.
    pub plaintext_behind_ssl_request: AnswerReport,
    /// TLS 1.3 tickets that came with one session; `null` if it was of another version, or there was
    /// none.
    pub tls13_tickets: Option<u32>,
    /// The certificates for each kind of key and name.
    pub certificates: Vec<ShownReport>,
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AnswerReport {
    /// Whether it is accepted.
    pub outcome: Named<Answer>,
    /// What was observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Shown>,
}

/// How a server reacts to one version.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProtocolReport {
    /// As psql prints it: `TLSv1.3`.
    pub version: Named<TlsVersion>,
    /// Whether it is accepted.
    #[serde(flatten)]
    pub answer: AnswerReport,
    /// Its details, if it is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<AcceptedReport>,
}

/// The details of an accepted version.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AcceptedReport {
    /// In the order in which the server chose.
    pub suites: Vec<SuiteReport>,
    /// Whether these are all.
    pub suites_complete: bool,
    /// Whose order counts; `null` if that is unknown.
    pub preference: Option<Named<Preference>>,
    /// Key exchange groups in the order in which the server chose; empty before TLS 1.2.
    pub groups: Vec<Shown>,
    /// Whether these are all.
    pub groups_complete: bool,
    /// Whether one of them resists quantum computers.
    pub post_quantum: bool,
    /// The size of the Diffie-Hellman prime; `null` without such suites.
    pub dh_bits: Option<u16>,
    /// TLS compression; absent in TLS 1.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<bool>,
    /// RFC 5746; absent in TLS 1.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure_renegotiation: Option<bool>,
    /// RFC 5077; absent in TLS 1.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_tickets: Option<bool>,
    /// RFC 7627; absent in TLS 1.3, and in reports of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_master_secret: Option<bool>,
}

/// One cipher suite.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SuiteReport {
    /// IANA's number: `0xc030`.
    pub id: Shown,
    /// OpenSSL's name.
    pub cipher: Shown,
    /// IANA's name.
    pub cipher_iana: Shown,
    /// Worst first.
    pub weaknesses: Vec<Named<Weakness>>,
}

/// The certificate for one kind of request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ShownReport {
    /// What was requested.
    pub asked: Named<Circumstance>,
    /// `accepted` if one was presented.
    #[serde(flatten)]
    pub answer: AnswerReport,
    /// The subject of the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Shown>,
    /// `RSA 2048`, `ECDSA P-256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Shown>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Shown>,
    /// Lower-case hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256_fingerprint: Option<Shown>,
    /// Whether the connection string's rules accept it; absent if they verify nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verifies: Option<bool>,
}

impl ProfileReport {
    fn new(judged: &Judged) -> Self {
        let profile = &judged.profile;
        let shown = |text: &str| Shown::new(text);
        Self {
            name: shown(&profile.name),
            title: shown(&profile.title),
            source: shown(&profile.source),
            date: shown(&profile.date),
            note: profile.note.as_deref().map(shown),
            requirements: judged
                .verdicts
                .iter()
                .map(|verdict| RequirementReport {
                    clause: shown(&verdict.clause),
                    requirement: shown(&verdict.requirement),
                    outcome: verdict.outcome.into(),
                    observed: (!verdict.observed.is_empty()).then(|| shown(&verdict.observed)),
                })
                .collect(),
            suites: judged
                .suites
                .iter()
                .map(|verdict| SuiteVerdictReport {
                    version: verdict.version.into(),
                    cipher_iana: verdict.suite.iana.into(),
                    allowed: verdict.allowed,
                })
                .collect(),
        }
    }
}

impl AuditReport {
    pub(super) fn new(
        task: &Task,
        audit: &Audit,
        judged: &[Judged],
        negotiated: Option<TlsVersion>,
    ) -> Self {
        Self {
            plaintext: answer(&audit.plaintext, plaintext),
            gss: answer(&audit.gss, |gss| match gss {
                Gss::Offered => (Answer::Accepted, None),
                Gss::Refused => (Answer::Refused, None),
            }),
            direct_tls: answer(&audit.direct, direct),
            tls: match audit.speaks {
                Speaks::Tls => Some(TlsAuditReport::new(task, audit, negotiated)),
                Speaks::PlaintextOnly => None,
            },
            profiles: judged.iter().map(ProfileReport::new).collect(),
        }
    }
}

impl TlsAuditReport {
    fn new(task: &Task, audit: &Audit, negotiated: Option<TlsVersion>) -> Self {
        let protocols = audit.protocols.iter();
        let certificates = audit.certificates.iter();
        Self {
            protocols: protocols
                .map(|(version, asked)| protocol(version, asked))
                .collect(),
            direct_tls_without_alpn: answer(&audit.direct_without_alpn, direct),
            large_hello: Some(answer(&audit.large_hello, large_hello)),
            plaintext_behind_ssl_request: answer(&audit.stuffed, |stuffed| match stuffed {
                Stuffed::Processed => (Answer::Accepted, None),
                Stuffed::Dropped => (Answer::Refused, Some("it is dropped".into())),
                Stuffed::Refused => (Answer::Refused, None),
            }),
            tls13_tickets: audit
                .encrypted
                .known()
                .filter(|_| negotiated == Some(TlsVersion::V1_3))
                .map(|encrypted| encrypted.tickets),
            certificates: certificates
                .map(|(circumstance, asked)| shown(task, circumstance, asked))
                .collect(),
        }
    }
}

type Told = (Answer, Option<Shown>);

fn answer<T>(asked: &Asked<T>, tell: impl Fn(&T) -> Told) -> AnswerReport {
    let (outcome, detail) = match asked.answer() {
        Ok(known) => tell(known),
        Err(unknown) => (Answer::Unknown, Some(reason(unknown))),
    };
    AnswerReport {
        outcome: outcome.into(),
        detail,
    }
}

fn reason(unknown: &Unknown) -> Shown {
    if let Unknown::RefusedAnyway(answer) = unknown {
        return format!("{unknown}: {}", escape(&answer.message)).into();
    }
    unknown.to_string().into()
}

fn plaintext(plaintext: &Plaintext) -> Told {
    match plaintext {
        Plaintext::Accepted(login) => {
            let kind = match login {
                Login::Trust => "no password asked for".into(),
                Login::Cleartext => "asks for the password in clear".into(),
                Login::Md5 => "asks for the password's MD5".into(),
                Login::Sasl => "asks for a password (SASL)".into(),
                Login::Other(number) => format!("asks for authentication {number}").into(),
            };
            (Answer::Accepted, Some(kind))
        }
        Plaintext::Refused(error) => (Answer::Refused, Some(Shown::new(&error.message))),
        Plaintext::TlsOnly => (Answer::Refused, Some("answers with a TLS alert".into())),
    }
}

fn large_hello(large: &LargeHello) -> Told {
    match large {
        LargeHello::Answered => (Answer::Accepted, None),
        LargeHello::Lost { how, size } => {
            let how = match how {
                Loss::Silence => "no answer",
                Loss::HungUp => "the connection is closed",
            };
            (
                Answer::Refused,
                Some(format!("{how} after {size} bytes").into()),
            )
        }
    }
}

fn direct(direct: &Direct) -> Told {
    match direct {
        Direct::Accepted => (Answer::Accepted, None),
        Direct::Refused => (Answer::Refused, None),
        Direct::NotPostgres => (
            Answer::Refused,
            Some("TLS without the ALPN protocol postgresql".into()),
        ),
    }
}

fn protocol(version: TlsVersion, asked: &Asked<Protocol>) -> ProtocolReport {
    ProtocolReport {
        version: version.into(),
        answer: answer(asked, |protocol| match protocol {
            Protocol::Refused => (Answer::Refused, None),
            Protocol::Accepted(accepted) => (Answer::Accepted, unfinished(accepted)),
        }),
        accepted: match asked.known() {
            Some(Protocol::Accepted(accepted)) => Some(report(accepted)),
            Some(Protocol::Refused) | None => None,
        },
    }
}

/// Why there may be more than is listed.
fn unfinished(accepted: &Accepted) -> Option<Shown> {
    let suites = accepted.suites.unfinished.as_ref();
    let groups = accepted.groups.unfinished.as_ref();
    suites.or(groups).map(reason)
}

fn report(accepted: &Accepted) -> AcceptedReport {
    let Listing { found, unfinished } = &accepted.groups;
    let old = accepted.old;
    AcceptedReport {
        suites: accepted.suites.found.iter().map(suite).collect(),
        suites_complete: accepted.suites.unfinished.is_none(),
        preference: match accepted.preference {
            Ok(Some(preference)) => Some(preference.into()),
            Ok(None) | Err(_) => None,
        },
        groups: found.iter().map(|group| group.name.into()).collect(),
        groups_complete: unfinished.is_none(),
        post_quantum: found.iter().any(|group| Group::is_post_quantum(*group)),
        dh_bits: accepted.prime_bits.clone().ok().flatten(),
        compression: old.map(|old| old.compression),
        secure_renegotiation: old.map(|old| old.secure_renegotiation),
        session_tickets: old.map(|old| old.session_tickets),
        extended_master_secret: old.map(|old| old.extended_master_secret),
    }
}

fn suite(suite: &Suite) -> SuiteReport {
    SuiteReport {
        id: format!("{:#06x}", suite.id).into(),
        cipher: suite.openssl.into(),
        cipher_iana: suite.iana.into(),
        weaknesses: suite
            .weaknesses()
            .into_iter()
            .map(|weakness| weakness.into())
            .collect(),
    }
}

fn shown(task: &Task, circumstance: Circumstance, asked: &Asked<Presented>) -> ShownReport {
    let judgement = asked.known().and_then(Presented::chain);
    let leaf = judgement.and_then(|judgement| judgement.certificates.first());
    ShownReport {
        asked: circumstance.into(),
        answer: answer(asked, |presented| match presented {
            Presented::Chain(_) => (Answer::Accepted, None),
            Presented::Nothing => (Answer::Refused, None),
        }),
        subject: leaf.map(|leaf| Shown::new(&leaf.subject.text)),
        key: leaf.map(|leaf| leaf.key_description().into()),
        not_after: leaf.map(|leaf| instant(leaf.not_after).into()),
        sha256_fingerprint: leaf.map(|leaf| HEXLOWER.encode(&leaf.sha256_fingerprint()).into()),
        verifies: match task.trust.level {
            trust::Level::Encryption => None,
            level @ (trust::Level::Chain | trust::Level::ChainAndName) => {
                judgement.map(|judgement| judgement.satisfies(level).is_ok())
            }
        },
    }
}
