//! Which client libraries would connect with this string to this server, and why not. Pure.
//!
//! Judged is the TLS part of the string, in the form that each client takes: one that reads only
//! URIs is judged as if the string were one. Settings that have nothing to do with TLS are not
//! judged, and neither is the login.

#![deny(clippy::wildcard_enum_match_arm)]

mod anchors;
mod fault;
mod profile;
mod question;
mod roots;
mod rules;
mod table;
mod verifier;

use crate::conninfo::{ConnInfo, Endpoint};
use crate::escape::Shown;
use crate::probe::{Observation, Stop};
use crate::trust::{self, Trust};
use crate::verify::{FaultKind, Judgement, Place};
use crate::words::words;
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
    /// What stands in the way, if anything does.
    pub obstacle: Option<Obstacle>,
    /// Why, in a sentence.
    pub reason: Shown,
    /// How we know.
    pub basis: Basis,
}

/// What stands in a client's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The same as in the way of the check itself.
    OfTheCheck,
    /// A fault of the chain, and where.
    Chain(FaultKind, Place),
    /// A certificate that cannot be parsed.
    MalformedCertificate,
    /// A server without a certificate.
    NoCertificate,
    /// A server without TLS.
    NoTls,
    /// There is no host name to verify.
    NoHost,
    /// The certificate does not name the host.
    WrongHost,
    /// The certificate has no subjectAltName, and the client takes no CN.
    NoSan,
    /// The server's certificate is a CA.
    CaAsLeaf,
    /// The server's certificate is of X.509 version 1.
    Version1,
    /// The server's certificate is not made for this.
    WrongPurpose,
    /// A key that is too small.
    WeakKey,
    /// An algorithm that the client does not have.
    UnsupportedAlgorithm,
    /// A rule that the client has, and libpq has not.
    Stricter,
    /// The client has no roots to verify with.
    NoRoots,
    /// The root file is not there.
    RootFileMissing,
    /// The root file cannot be used.
    RootFileInvalid,
    /// A setting that the client does not know.
    UnknownKeyword,
    /// An sslmode that the client does not know.
    UnknownMode,
}

words! {
    /// What a client does with a string.
    Outcome {
        /// It connects over TLS, and has checked what the mode means to it: chain, or chain and name.
        Verified = "verified",
        /// It connects over TLS with whoever answers.
        Unverified = "unverified",
        /// It connects, or tries to, in plain text.
        Plaintext = "plaintext",
        /// It does not connect.
        Refused = "refused",
        /// The string holds a setting that it cannot take.
        InvalidSetting = "invalid-setting",
    }

    /// What a client's verification says of a server.
    Acceptance {
        /// It accepts it.
        Accepts = "accepts",
        /// It refuses it.
        Refuses = "refuses",
        /// There is no certificate, no root or no host to judge, or nobody has tried.
        Unknown = "unknown",
    }

    /// How we know what a client does.
    Basis {
        /// The tests run the client and compare.
        Measured = "measured",
        /// From its documentation and source.
        Documented = "documented",
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
    /// Why the check failed there, if it did.
    pub failure: Option<Failure<'a>>,
    /// The moment, in seconds since 1970-01-01T00:00:00Z.
    pub now: i64,
}

/// Why the check itself failed, as far as it concerns other clients.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// In a sentence.
    pub words: &'a Shown,
    /// What the server complained of.
    pub blamed: Blamed,
}

/// What a failure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blamed {
    /// Our own certificate, which the server misses or refuses.
    ClientCertificate,
    /// Anything else.
    Other,
}

/// What each client would do, in a fixed order.
pub fn predict(facts: &Facts<'_>) -> Vec<ClientVerdict> {
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
    obstacle: Obstacle,
    reason: String,
}

fn objection(obstacle: Obstacle, reason: impl Into<String>) -> Objection {
    Objection {
        obstacle,
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
            let words = facts.failure.map(|failure| failure.words.as_str());
            objection(
                Obstacle::OfTheCheck,
                words.unwrap_or("no TLS session came about"),
            )
        };
        match &facts.observation.outcome {
            Ok(session) => match facts.failure.map(|failure| failure.blamed) {
                Some(Blamed::ClientCertificate) => Self::Broken(failed(), Some(&session.judgement)),
                Some(Blamed::Other) | None => Self::Tls(&session.judgement),
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
