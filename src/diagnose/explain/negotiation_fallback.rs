//! What the other way to ask for TLS shows about a server that hung up on the first.

use super::{client_certificate, corrected, from_elsewhere};
use crate::conninfo::{Choice as _, Keyword, SslMode, SslNegotiation};
use crate::diagnose::{Aim, Context, Diagnosis, Fix, Hint, verdict};
use crate::escape::escape;
use crate::handshake::Error as HandshakeError;
use crate::probe::{LibpqOffer, NegotiationFallback, Stop, Task};
use crate::wire::tls::Alert;

/// Adds what is known about the other way to the advice for the failure of the first.
pub(in crate::diagnose) fn advise(
    diagnosis: &mut Diagnosis,
    task: &Task,
    context: &Context<'_>,
    (fallback, aim): (&NegotiationFallback, Aim),
) {
    let Some(error) = &mut diagnosis.error else {
        return;
    };
    let (other, needs) = match fallback.negotiation {
        SslNegotiation::Direct => (
            "TLS from the first byte (sslnegotiation=direct)",
            " (libpq 17 and newer)",
        ),
        SslNegotiation::Postgres => ("TLS by an SSLRequest (sslnegotiation=postgres)", ""),
    };
    let string = string(task, fallback.negotiation);
    let origin = from_elsewhere(&task.conninfo, &[Keyword::SslNegotiation]);
    let advice = match silence(fallback) {
        None => {
            let next = verdict(task, context, &fallback.outcome, LibpqOffer::NotMade);
            let next = match aim {
                Aim::Check => next,
                Aim::Audit => client_certificate::excused(next, &fallback.outcome),
            };
            let sentence = match next.error {
                None => format!("{other} gets an answer there and would pass. Use{needs}:"),
                // What is left is said behind the string.
                Some(_) => {
                    format!("{other} gets an answer there, but that is not all. Use{needs}:")
                }
            };
            Hint::say(sentence).fix(string)
        }
        Some(Silence::NoAlpn) => Hint::say(format!(
            "{other} gets an answer there, but not for PostgreSQL: the ALPN protocol \"postgresql\" does not come back. Check host and port. If a proxy ends TLS there for PostgreSQL, make it offer that protocol, or pass PostgreSQL's own TLS through."
        )),
        Some(Silence::NotKnown(error)) => Hint::say(format!(
            "Check host and port: {other} gets an answer there, and then: {}. Nothing shows that PostgreSQL is behind it. If a proxy ends TLS there for PostgreSQL, make it take TLS 1.2 or 1.3 and offer the ALPN protocol \"postgresql\".",
            escape(&error.to_string())
        )),
        Some(Silence::Nothing) => Hint::say(format!("{other} gets no answer there either."))
            .and(std::mem::take(&mut error.hint)),
    };
    error.hint = origin.and(advice);
}

fn string(task: &Task, negotiation: SslNegotiation) -> Fix {
    let mut changes = vec![(Keyword::SslNegotiation, negotiation.as_str().as_bytes())];
    if task.conninfo.sslmode.value < SslMode::Require {
        // libpq does not accept a weaker mode with sslnegotiation=direct.
        changes.push((Keyword::SslMode, SslMode::Require.as_str().as_bytes()));
    }
    corrected(&task.conninfo, &changes)
}

/// Why the other way does not help.
enum Silence<'a> {
    NoAlpn,
    /// TLS failed before the server said that it is PostgreSQL.
    NotKnown(&'a HandshakeError),
    Nothing,
}

fn silence(fallback: &NegotiationFallback) -> Option<Silence<'_>> {
    match &fallback.outcome {
        Ok(_) | Err(Stop::SecondLook { .. }) => None,
        Err(Stop::Connect(_) | Stop::Negotiate(_)) => Some(Silence::Nothing),
        Err(Stop::Handshake { error, tls, .. }) => match error {
            HandshakeError::NoAlpn => Some(Silence::NoAlpn),
            HandshakeError::Alert(alert) if *alert == Alert::NO_APPLICATION_PROTOCOL => {
                Some(Silence::NoAlpn)
            }
            // The proxy in front may take the bytes and pass them on to nobody.
            HandshakeError::Timeout { received: Some(0) }
            | HandshakeError::Closed { .. }
            | HandshakeError::NotTls { .. }
            | HandshakeError::Io(_) => Some(Silence::Nothing),
            _ if fallback.negotiation == SslNegotiation::Direct && tls.alpn.is_none() => {
                Some(Silence::NotKnown(error))
            }
            HandshakeError::Alert(_)
            | HandshakeError::Refused(_)
            | HandshakeError::NoCommonVersion
            | HandshakeError::InsecureRenegotiation
            | HandshakeError::ServerName(_)
            | HandshakeError::NoCommonCipher
            | HandshakeError::NothingToOffer
            | HandshakeError::TooMuch
            | HandshakeError::Timeout { .. }
            | HandshakeError::StillJudging
            | HandshakeError::Misbehaved(_)
            | HandshakeError::Other(_) => None,
        },
    }
}
