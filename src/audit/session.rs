//! Whole TLS sessions with one change: other signature schemes, another SNI, no ALPN, bytes after
//! the SSLRequest. They never send our certificate or a password.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;
use tokio::time::Instant;

use crate::conninfo::{SslNegotiation, TlsVersion};
use crate::handshake::{
    self, Alpn, Approve, Error, Groups, Limits, Offer, Refusal, ServerKeys, Session, shake_hands,
};
use crate::inquiry::{Line, Unknown};
use crate::negotiate::{self, Ready};
use crate::wire::foreign::Protocol;

/// What is different.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup<'a> {
    pub(super) negotiation: SslNegotiation,
    pub(super) server_name: Option<&'a [u8]>,
    pub(super) keys: ServerKeys,
    pub(super) alpn: Alpn,
}

impl<'a> Setup<'a> {
    /// No change: as the check does it.
    pub(super) fn usual(line: &'a Line) -> Self {
        Self {
            negotiation: line.negotiation,
            server_name: line.server_name.as_deref(),
            keys: ServerKeys::Any,
            alpn: Alpn::Named,
        }
    }
}

/// How a handshake ended that was decided.
pub(super) enum Shaken {
    /// In a session.
    Session {
        session: Box<Session>,
        presented: Vec<Vec<u8>>,
    },
    /// In a refusal by the server.
    Refused(Error),
}

impl Shaken {
    /// The session. There must be one, because another handshake of the same kind succeeded.
    pub(super) fn session(self) -> Result<Session, Unknown> {
        match self {
            Self::Session { session, .. } => Ok(*session),
            Self::Refused(error) => Err(Unknown::Handshake(error.to_string())),
        }
    }
}

/// Connects and shakes hands. A connection that the server closes without an answer is tried once
/// more.
pub(super) async fn shake(
    line: &Line,
    setup: Setup<'_>,
    until: Instant,
) -> Result<Shaken, Unknown> {
    let once = async || {
        let ready = line.ready(setup.negotiation, until).await?;
        finish(ready, setup, until).await
    };
    match once().await {
        Err(Unknown::Closed | Unknown::Connect(_)) => once().await,
        shaken => shaken,
    }
}

/// Shakes hands after an SSLRequest that is followed by extra bytes.
pub(super) async fn shake_stuffed(
    line: &Line,
    behind: &[u8],
    until: Instant,
) -> Result<Shaken, Unknown> {
    let stream = line.connect(until).await?;
    let ready = negotiate::negotiate_stuffed(stream, behind, until).await;
    match ready {
        Ok(ready) => finish(ready, Setup::usual(line), until).await,
        // Refused before TLS began, or with an alert in answer to what it took for a ClientHello.
        Err(
            negotiate::Error::ServerError(_)
            | negotiate::Error::Closed
            | negotiate::Error::PlaintextInjection {
                looks_like: Protocol::Tls,
                ..
            },
        ) => Ok(Shaken::Refused(Error::Closed { received: 0 })),
        Err(negotiate::Error::Timeout) => Err(Unknown::Timeout),
        Err(error) => Err(Unknown::Negotiate(error.to_string())),
    }
}

async fn finish(ready: Ready, setup: Setup<'_>, until: Instant) -> Result<Shaken, Unknown> {
    let collector = Arc::new(Collector::default());
    let offer = Offer {
        server_name: setup.server_name,
        min_version: TlsVersion::V1_2,
        max_version: TlsVersion::V1_3,
        negotiation: setup.negotiation,
        identity: None,
        keys: setup.keys,
        alpn: setup.alpn,
        groups: Groups::default(),
        limits: Limits::default(),
    };
    let approve = Arc::<Collector>::clone(&collector);
    match shake_hands(ready, &offer, approve, until).await {
        Ok(session) => Ok(Shaken::Session {
            session: Box::new(session),
            presented: collector.take(),
        }),
        Err(handshake::Failure { error, .. }) => match error {
            Error::Alert(_) | Error::NoCommonVersion | Error::NoCommonCipher | Error::NoAlpn => {
                Ok(Shaken::Refused(error))
            }
            Error::Closed { .. } => Err(Unknown::Closed),
            Error::Timeout { .. } | Error::StillJudging => Err(Unknown::Timeout),
            Error::Refused(_)
            | Error::InsecureRenegotiation
            | Error::NothingToOffer
            | Error::ServerName(_)
            | Error::NotTls { .. }
            | Error::TooMuch
            | Error::Io(_)
            | Error::Misbehaved(_)
            | Error::Other(_) => Err(Unknown::Handshake(error.to_string())),
        },
    }
}

/// Accepts every certificate, because we want to see what the server presents. Trust is judged
/// afterwards; nothing secret depends on it here.
#[derive(Debug, Default)]
struct Collector(Mutex<Vec<Vec<u8>>>);

impl Collector {
    fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Approve for Collector {
    fn approve(&self, presented: &[CertificateDer<'_>]) -> Result<(), Refusal> {
        let chain = presented.iter().map(|certificate| certificate.to_vec());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = chain.collect();
        Ok(())
    }
}
