//! Servers that some clients can talk to and others cannot, whatever they verify.

use super::profile::{Client, Profile};
use super::verifier::Engine;
use super::{Facts, Objection, Obstacle, objection};
use crate::handshake::{self, Tls};
use crate::probe::{LibpqOffer, LookFault, Missing, Proof, Session, Silence, Stop};
use crate::verify::Judgement;
use crate::verify::flight::FlightFault;

/// What becomes of each kind of client.
pub(super) struct Divided<'a> {
    /// The judgement of the certificates, if any were presented.
    pub(super) judgement: Option<&'a Judgement>,
    libpq: Fate,
    rustls: Fate,
    others: Fate,
}

/// What becomes of a client.
pub(super) enum Fate {
    /// It gets a TLS session, except for the judgement.
    Session,
    /// It does not.
    Refused(Objection),
    /// It is not known, and why.
    Unknown(Objection),
}

impl Divided<'_> {
    pub(super) fn fate(&self, profile: &Profile) -> &Fate {
        match (profile.client, profile.verifier.engine) {
            (
                Client::Libpq
                | Client::LibpqOpenSsl111
                | Client::LibpqOpenSsl30
                | Client::LibpqOpenSsl35,
                _,
            ) => &self.libpq,
            (_, Engine::Webpki) => &self.rustls,
            (_, Engine::OpenSsl | Engine::DotNet) => &self.others,
        }
    }
}

/// The proof of a server's key, if not every client can get that far.
pub(super) fn of_session(session: &Session, libpq_offer: LibpqOffer) -> Option<Divided<'_>> {
    let judgement = Some(&session.judgement);
    match session.proof {
        Proof::KeyExchange(missing) => Some(Divided {
            judgement,
            libpq: Fate::Session,
            rustls: of_rustls(libpq_offer, lacks(missing)),
            others: unknown(format!(
                "it is not known whether it can use what the server accepts: {missing}"
            )),
        }),
        Proof::Finished if has_rare_group(&session.tls) => Some(Divided {
            judgement,
            libpq: Fate::Session,
            rustls: unknown(
                "rustls does not have the group secp521r1, which the server chose: it connects only if the server accepts another one"
                    .to_owned(),
            ),
            others: Fate::Session,
        }),
        Proof::Finished => None,
    }
}

/// A failure of pgtls that need not be one of every client.
pub(super) fn of_stop<'a>(facts: &Facts<'a>, stop: &'a Stop) -> Option<Divided<'a>> {
    let words = facts.failure.map(|failure| failure.words.as_str());
    let words = words.unwrap_or("there was no TLS session");
    let failed = || Fate::Refused(objection(Obstacle::OfTheCheck, words));
    let perhaps =
        || unknown("it is not known whether it has something in common with the server".to_owned());
    match stop {
        Stop::SecondLook {
            fault, judgement, ..
        } => {
            let judgement = judgement.as_deref();
            let (libpq, others) = match verdict(fault) {
                Verdict::PsqlCan => (unknown(words.to_owned()), perhaps()),
                Verdict::PsqlRefuses => (failed(), perhaps()),
                Verdict::AllRefuse => (failed(), failed()),
            };
            Some(Divided {
                judgement,
                libpq,
                rustls: of_rustls(facts.observation.libpq_offer, failed()),
                others,
            })
        }
        Stop::Handshake {
            error,
            judgement: None,
            ..
        } => {
            let libpq = match facts.observation.libpq_offer {
                // What hangs up on two offers hangs up on others.
                LibpqOffer::NotMade | LibpqOffer::HungUp => return None,
                LibpqOffer::Refused => failed(),
                LibpqOffer::Answered | LibpqOffer::Decisive | LibpqOffer::Unclear => {
                    unknown(words.to_owned())
                }
            };
            // Clients that do not read the string's limits may offer another version.
            let limited = matches!(error, handshake::Error::NoCommonVersion)
                || facts.conninfo.ssl_min_protocol_version.is_some()
                || facts.conninfo.ssl_max_protocol_version.is_some();
            Some(Divided {
                judgement: None,
                libpq,
                rustls: if limited { perhaps() } else { failed() },
                others: perhaps(),
            })
        }
        Stop::Handshake { .. } | Stop::Connect(_) | Stop::Negotiate(_) => None,
    }
}

/// Who is refused after a second look.
enum Verdict {
    /// psql connects, as far as we can see.
    PsqlCan,
    /// psql does not. Others have other rules.
    PsqlRefuses,
    /// The server does not prove its key.
    AllRefuse,
}

fn verdict(fault: &LookFault) -> Verdict {
    match fault {
        LookFault::Group(_)
        | LookFault::ClientCertificate(_)
        | LookFault::Unanswered(Silence::Timeout | Silence::NotReached)
        | LookFault::Flight(FlightFault::StaticKey(_) | FlightFault::Unsupported(_)) => {
            Verdict::PsqlCan
        }
        LookFault::Flight(
            FlightFault::Downgraded
            | FlightFault::Malformed
            | FlightFault::WrongKey
            | FlightFault::Share
            | FlightFault::Signature,
        ) => Verdict::AllRefuse,
        LookFault::NoAlpn
        | LookFault::NeedsAlpn(_)
        | LookFault::Contradiction
        | LookFault::Unanswered(Silence::Alert(_) | Silence::Closed | Silence::NotTls)
        | LookFault::Flight(
            FlightFault::Version(_)
            | FlightFault::Suite(_)
            | FlightFault::Hello
            | FlightFault::Renegotiation
            | FlightFault::MayNotSign(_)
            | FlightFault::Group(_)
            | FlightFault::Curve(_)
            | FlightFault::SmallPrime { .. }
            | FlightFault::Scheme(_),
        ) => Verdict::PsqlRefuses,
    }
}

fn lacks(missing: Missing) -> Fate {
    let reason = format!("rustls does not have what the server accepts: {missing}");
    Fate::Refused(objection(Obstacle::UnsupportedAlgorithm, reason))
}

/// What becomes of rustls. If the server accepts what it offers, too, what it shows then was not kept.
fn of_rustls(libpq_offer: LibpqOffer, otherwise: Fate) -> Fate {
    match libpq_offer {
        LibpqOffer::Decisive => {
            unknown("the server may choose something else for it than for psql".to_owned())
        }
        LibpqOffer::NotMade
        | LibpqOffer::Refused
        | LibpqOffer::Answered
        | LibpqOffer::HungUp
        | LibpqOffer::Unclear => otherwise,
    }
}

fn unknown(reason: String) -> Fate {
    Fate::Unknown(objection(Obstacle::OfTheCheck, reason))
}

/// secp521r1, which rustls has only from us.
fn has_rare_group(tls: &Tls) -> bool {
    tls.group.is_some_and(|group| group.name == "secp521r1")
}
