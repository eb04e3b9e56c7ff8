//! Which client libraries would connect with this string to this server, and why not. Pure.
//!
//! Judged is the TLS part of the string, in the form that each client takes: one that reads only
//! URIs is judged as if the string were one. Settings that have nothing to do with TLS are not
//! judged, and neither is the login.

mod anchors;
mod fault;
mod profile;
mod question;
mod rules;
mod table;
mod verifier;

use super::{Code, Diagnosis};
use crate::conninfo::{ConnInfo, Endpoint};
use crate::probe::{Observation, Stop};
use crate::trust::{self, Trust};
use crate::verify::Judgement;
use crate::{handshake, negotiate};

pub use profile::Client;

use question::Question;
use table::PROFILES;

/// What one client would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientVerdict {
    /// Who.
    pub client: Client,
    /// What it does with this very string.
    pub outcome: Outcome,
    /// Whether its verification, given the roots of this check and the host's name, would accept
    /// the server, whatever the string asks for.
    pub certificate: Acceptance,
    /// The finding code of what stands in the way, if anything does.
    pub code: Option<Code>,
    /// Why, in a sentence; fit for a terminal.
    pub reason: String,
    /// How we know.
    pub basis: Basis,
}

/// What a client does with a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It connects over TLS, and has checked what the mode means to it: chain, or chain and name.
    Verified,
    /// It connects over TLS with whoever answers.
    Unverified,
    /// It connects, or tries to, in plain text.
    Plaintext,
    /// It does not connect.
    Refused,
    /// The string holds a setting that it cannot take.
    InvalidSetting,
}

/// What a client's verification says of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// It accepts it.
    Accepts,
    /// It refuses it.
    Refuses,
    /// There is no certificate, no root or no host to judge, or nobody has tried.
    Unknown,
}

/// How we know what a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The tests run the client and compare.
    Measured,
    /// From its documentation and source.
    Documented,
}

impl Outcome {
    /// As JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unverified => "unverified",
            Self::Plaintext => "plaintext",
            Self::Refused => "refused",
            Self::InvalidSetting => "invalid-setting",
        }
    }
}

impl Acceptance {
    /// As JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepts => "accepts",
            Self::Refuses => "refuses",
            Self::Unknown => "unknown",
        }
    }
}

impl Basis {
    /// As JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Documented => "documented",
        }
    }
}

/// Everything that the verdicts go by.
pub struct Facts<'a> {
    /// The string.
    pub conninfo: &'a ConnInfo,
    /// The endpoint of it that was looked at.
    pub endpoint: &'a Endpoint,
    /// What the string itself trusts, `--trust` aside.
    pub own: Result<&'a Trust, &'a trust::Error>,
    /// The roots of this check; `None` if there are none that can be used.
    pub given: Option<&'a Trust>,
    /// Mozilla's roots.
    pub mozilla: &'a Trust,
    /// The roots of this machine.
    pub machine: &'a Trust,
    /// What happened at the endpoint.
    pub observation: &'a Observation,
    /// What is to be said of it.
    pub diagnosis: &'a Diagnosis,
    /// The moment, in seconds since 1970-01-01T00:00:00Z.
    pub now: i64,
}

/// What each of the twelve clients would do, in a fixed order.
pub fn clients(facts: &Facts<'_>) -> Vec<ClientVerdict> {
    let wire = Wire::of(facts);
    PROFILES
        .iter()
        .map(|profile| {
            Question {
                profile,
                facts,
                wire: &wire,
            }
            .verdict()
        })
        .collect()
}

/// A reason against.
#[derive(Clone, Debug)]
struct Objection {
    code: Code,
    reason: String,
}

fn objection(code: Code, reason: impl Into<String>) -> Objection {
    Objection {
        code,
        reason: reason.into(),
    }
}

impl Objection {
    /// The same with something said before it.
    fn after(self, preface: &str) -> Self {
        Self {
            reason: format!("{preface}{}", self.reason),
            ..self
        }
    }
}

/// What came of the wire, as far as every client shares it.
enum Wire<'a> {
    /// No connection.
    Unreachable(Objection),
    /// The server answered that it has no TLS.
    NoTls,
    /// TLS fails, whatever is trusted; some certificates may have been seen.
    Broken(Objection, Option<&'a Judgement>),
    /// TLS stands, but for the judgement.
    Tls(&'a Judgement),
}

impl<'a> Wire<'a> {
    fn of(facts: &Facts<'a>) -> Self {
        let failed = || {
            let error = facts.diagnosis.error.as_ref();
            error.map_or_else(
                || objection(Code::TlsFailure, "no TLS session came about"),
                |error| objection(error.code, error.message.clone()),
            )
        };
        let refused_later = || {
            let error = facts.diagnosis.error.as_ref()?;
            let ours = [Code::ClientCertRefused, Code::ClientCertRequired];
            ours.contains(&error.code).then(failed)
        };
        match &facts.observation.outcome {
            Ok(session) => match refused_later() {
                Some(objection) => Self::Broken(objection, Some(&session.judgement)),
                None => Self::Tls(&session.judgement),
            },
            Err(Stop::Connect(_)) => Self::Unreachable(failed()),
            Err(Stop::Negotiate(negotiate::Error::NoTls)) => Self::NoTls,
            Err(Stop::Negotiate(_)) => Self::Broken(failed(), None),
            Err(Stop::Handshake {
                error: handshake::Error::Refused(_),
                judgement: Some(judgement),
                ..
            }) => Self::Tls(judgement),
            Err(Stop::Handshake { judgement, .. }) => Self::Broken(failed(), judgement.as_deref()),
        }
    }

    fn judgement(&self) -> Option<&'a Judgement> {
        match self {
            Self::Unreachable(_) | Self::NoTls => None,
            Self::Broken(_, judgement) => *judgement,
            Self::Tls(judgement) => Some(judgement),
        }
    }
}
