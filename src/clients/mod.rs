//! Which client libraries would connect with this string to this server, and why not. Pure.
//!
//! Only the TLS part of the string is judged, in the form that each client reads: for one that reads
//! only URIs, as if the string were a URI. Settings that have nothing to do with TLS and the login
//! are not judged.

#![deny(clippy::wildcard_enum_match_arm)]

mod anchors;
mod divided;
mod fault;
mod keys;
mod profile;
mod question;
mod roots;
mod rules;
mod table;
mod verifier;

use crate::conninfo::{ConnInfo, Endpoint};
use crate::escape::Shown;
use crate::inquiry::{LargeHello, Loss};
use crate::probe::{Observation, Stop};
use crate::trust::{self, Trust};
use crate::verify::{FaultKind, Judgement, Place};
use crate::words::words;
use crate::{handshake, negotiate};

pub use keys::KeyReader;
pub use profile::Client;

use divided::Divided;
use profile::Profile;
use question::Question;
use table::{LIBPQ_LINES, NEWER, PROFILES};
use verifier::{Depth, Said};

/// What one client would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientVerdict {
    /// Who.
    pub client: Client,
    /// What it does with exactly this string.
    pub outcome: Outcome,
    /// Whether its verification, with the roots of this check and the host's name, would accept the
    /// server, regardless of the string.
    pub certificate: Acceptance,
    /// The obstacle, if there is one.
    pub obstacle: Option<Obstacle>,
    /// Why, in a sentence.
    pub reason: Shown,
    /// How we know.
    pub basis: Basis,
}

/// What prevents a client from connecting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The same fault as in the check itself.
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
    /// The certificate has no subjectAltName, and the client does not accept the CN.
    NoSan,
    /// The server's certificate is a CA.
    CaAsLeaf,
    /// The server's certificate is of X.509 version 1.
    Version1,
    /// The server's certificate is not meant for TLS servers.
    WrongPurpose,
    /// A key that is too small.
    WeakKey,
    /// An algorithm that the client does not support.
    UnsupportedAlgorithm,
    /// A rule of the client that libpq does not have.
    Stricter,
    /// The client has no roots to verify with.
    NoRoots,
    /// The root file does not exist.
    RootFileMissing,
    /// The root file cannot be used.
    RootFileInvalid,
    /// Its ClientHello gets no answer.
    LargeHello,
    /// It does not read a private key of this form.
    KeyForm,
    /// A setting that the client does not know.
    UnknownKeyword,
    /// An sslmode that the client does not know.
    UnknownMode,
}

words! {
    /// What a client does with a string.
    Outcome {
        /// It connects over TLS, and has checked what the mode means for it: the chain, or chain and
        /// name.
        Verified = "verified",
        /// It connects over TLS with any server that answers.
        Unverified = "unverified",
        /// It connects, or tries to, in plain text.
        Plaintext = "plaintext",
        /// It does not connect.
        Refused = "refused",
        /// We cannot know.
        Unknown = "unknown",
        /// The string has a setting that it does not accept.
        InvalidSetting = "invalid-setting",
    }

    /// What a client's verification says of a server.
    Acceptance {
        /// It accepts it.
        Accepts = "accepts",
        /// It refuses it.
        Refuses = "refuses",
        /// There is no certificate, no root or no host to judge, or it was never tried.
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

/// Everything that the verdicts depend on.
pub struct Facts<'a> {
    /// The string.
    pub conninfo: &'a ConnInfo,
    /// Its endpoint that was checked.
    pub endpoint: &'a Endpoint,
    /// What the string itself trusts, without `--trust`.
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
    /// The time, in seconds since 1970-01-01T00:00:00Z.
    pub now: i64,
}

/// Why the check itself failed, as far as it concerns other clients.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// In a sentence.
    pub words: &'a Shown,
    /// What the server rejected.
    pub blamed: Blamed,
}

/// What a failure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blamed {
    /// Our own certificate: the server requires one, or refuses ours.
    ClientCertificate,
    /// Anything else.
    Other,
}

/// What each client would do, in a fixed order.
pub fn predict(facts: &Facts<'_>) -> Vec<ClientVerdict> {
    let wire = Wire::of(facts);
    let verdict = |profile: &Profile| {
        Question {
            profile,
            facts,
            wire: &wire,
        }
        .verdict()
    };
    let lines: Vec<ClientVerdict> = LIBPQ_LINES.iter().map(verdict).collect();
    let differ = lines.windows(2).any(|pair| match pair {
        [one, other] => (one.outcome, one.certificate) != (other.outcome, other.certificate),
        _ => false,
    });
    let mut verdicts = Vec::new();
    for profile in PROFILES {
        verdicts.push(verdict(profile));
        if profile.client == Client::Libpq && differ {
            verdicts.extend(lines.iter().cloned());
        }
        let newer = NEWER.iter().filter(|(of, _)| *of == profile.client);
        let newer = newer.map(|(_, newer)| verdict(newer));
        if wire.loses_large_hellos() {
            verdicts.extend(newer);
        }
    }
    verdicts
}

/// What the rules of one client for certificates say of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// They accept it.
    Accepts,
    /// They refuse it, for this reason.
    Refuses(Shown),
    /// There is nothing to judge.
    Unknown,
}

/// Whether the client would accept the server with the roots of this check, verifying as much as `level` says. The string
/// does not count.
pub fn verification(facts: &Facts<'_>, client: Client, level: trust::Level) -> Verification {
    let depth = match level {
        trust::Level::Encryption => return Verification::Unknown,
        trust::Level::Chain => Depth::Chain,
        trust::Level::ChainAndName => Depth::ChainAndName,
    };
    let Some(profile) = PROFILES.iter().find(|profile| profile.client == client) else {
        return Verification::Unknown;
    };
    let wire = Wire::of(facts);
    let question = Question {
        profile,
        facts,
        wire: &wire,
    };
    match question.certificate(depth) {
        Ok(Said::Accepts) => Verification::Accepts,
        Ok(Said::Unknown(_)) => Verification::Unknown,
        Err(objection) => Verification::Refuses(objection.reason.into()),
    }
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
    /// The same with a sentence before it.
    fn after(self, preface: &str) -> Self {
        Self {
            reason: format!("{preface}{}", self.reason),
            ..self
        }
    }
}

/// The result of the connection, as far as it is the same for every client, and what becomes of a large ClientHello.
struct Wire<'a> {
    outcome: Reached<'a>,
    lost: Option<(Loss, usize)>,
}

/// The result of the connection with a small ClientHello.
enum Reached<'a> {
    /// No connection.
    Unreachable(Objection),
    /// The server answered that it has no TLS.
    NoTls,
    /// TLS fails regardless of trust; some certificates may have been presented.
    Broken(Objection, Option<&'a Judgement>),
    /// TLS is established, except for the judgement.
    Tls(&'a Judgement),
    /// The same for some clients only.
    Divided(Divided<'a>),
}

impl<'a> Wire<'a> {
    fn of(facts: &Facts<'a>) -> Self {
        Self {
            outcome: Reached::of(facts),
            lost: match facts.observation.large_hello {
                Some(LargeHello::Lost { how, size }) => Some((how, size)),
                Some(LargeHello::Answered) | None => None,
            },
        }
    }

    fn loses_large_hellos(&self) -> bool {
        self.lost.is_some()
    }

    fn judgement(&self) -> Option<&'a Judgement> {
        self.outcome.judgement()
    }
}

impl<'a> Reached<'a> {
    fn of(facts: &Facts<'a>) -> Self {
        let failed = || {
            let words = facts.failure.map(|failure| failure.words.as_str());
            objection(
                Obstacle::OfTheCheck,
                words.unwrap_or("there was no TLS session"),
            )
        };
        let divided = match &facts.observation.outcome {
            Ok(session) => divided::of_session(session, facts.observation.libpq_offer),
            Err(stop) => divided::of_stop(facts, stop),
        };
        if let Some(divided) = divided {
            return Self::Divided(divided);
        }
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
            Err(Stop::Handshake { judgement, .. } | Stop::SecondLook { judgement, .. }) => {
                Self::Broken(failed(), judgement.as_deref())
            }
        }
    }

    fn judgement(&self) -> Option<&'a Judgement> {
        match self {
            Self::Unreachable(_) | Self::NoTls => None,
            Self::Broken(_, judgement) => *judgement,
            Self::Tls(judgement) => Some(judgement),
            Self::Divided(divided) => divided.judgement,
        }
    }
}
