//! If a server hangs up on one way to ask for TLS, does it answer the other?
//!
//! A front end that terminates TLS itself expects a ClientHello and drops an SSLRequest. PostgreSQL
//! 16 and older take a ClientHello for a broken startup packet and drop it. The other way is tried
//! only if the requested one failed: a check that gets an answer makes one connection.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Session, Stop, Task, meet_again};
use crate::conninfo::{ConnInfo, SslNegotiation};
use crate::handshake::Error as HandshakeError;
use crate::negotiate::Error as NegotiateError;
use crate::wire::foreign::Protocol;
use crate::wire::tls::Alert;

/// The result of asking for TLS the other way.
#[derive(Debug)]
pub struct NegotiationFallback {
    /// The other way.
    pub negotiation: SslNegotiation,
    /// How far it got, by the same trust and rules.
    pub outcome: Result<Session, Stop>,
}

/// Asks the other way, if the failure suggests that it could work.
pub(super) async fn attempt(
    task: &Task,
    stop: &Stop,
    deadline: Instant,
) -> Option<NegotiationFallback> {
    let negotiation = other_way(task.conninfo.sslnegotiation.value, stop)?;
    let mut conninfo = ConnInfo::clone(&task.conninfo);
    conninfo.sslnegotiation.value = negotiation;
    let task = Task {
        conninfo: Arc::new(conninfo),
        ..task.clone()
    };
    let outcome = meet_again(&task, deadline).await;
    Some(NegotiationFallback {
        negotiation,
        outcome,
    })
}

fn other_way(asked: SslNegotiation, stop: &Stop) -> Option<SslNegotiation> {
    match (asked, stop) {
        (SslNegotiation::Postgres, Stop::Negotiate(error)) => {
            drops_ssl_request(error).then_some(SslNegotiation::Direct)
        }
        (SslNegotiation::Direct, Stop::Handshake { error, .. }) => {
            drops_direct_tls(error).then_some(SslNegotiation::Postgres)
        }
        (_, Stop::SecondLook { .. })
        | (SslNegotiation::Postgres, Stop::Connect(_) | Stop::Handshake { .. })
        | (SslNegotiation::Direct, Stop::Connect(_) | Stop::Negotiate(_)) => None,
    }
}

/// The server hung up, or answered in TLS.
const fn drops_ssl_request(error: &NegotiateError) -> bool {
    match error {
        NegotiateError::Closed => true,
        NegotiateError::NotPostgres { looks_like, .. } => matches!(looks_like, Protocol::Tls),
        NegotiateError::NoTls
        | NegotiateError::ServerError(_)
        | NegotiateError::PlaintextInjection { .. }
        | NegotiateError::Io(_)
        | NegotiateError::Timeout => false,
    }
}

/// The answer was not TLS, or not the protocol that we requested.
fn drops_direct_tls(error: &HandshakeError) -> bool {
    match error {
        HandshakeError::Closed { received } => *received == 0,
        HandshakeError::NoAlpn | HandshakeError::NotTls { .. } => true,
        HandshakeError::Alert(alert) => *alert == Alert::NO_APPLICATION_PROTOCOL,
        HandshakeError::Refused(_)
        | HandshakeError::NoCommonVersion
        | HandshakeError::InsecureRenegotiation
        | HandshakeError::ServerName(_)
        | HandshakeError::NoCommonCipher
        | HandshakeError::NothingToOffer
        | HandshakeError::TooMuch
        | HandshakeError::Timeout { .. }
        | HandshakeError::StillJudging
        | HandshakeError::Io(_)
        | HandshakeError::Misbehaved(_)
        | HandshakeError::Other(_) => false,
    }
}
