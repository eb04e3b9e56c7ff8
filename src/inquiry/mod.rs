//! Makes an offer to an address and returns the server's choice: one connection with our own
//! ClientHello, closed as soon as the server has chosen.
//!
//! rustls offers what it supports; our own ClientHello offers exactly what is to be tested. It never
//! becomes a session, so no password or certificate is sent.

#![deny(clippy::wildcard_enum_match_arm)]

mod flight;
mod large;
mod line;

use crate::wire::postgres::ServerError;
use crate::wire::tls::reply::{Chosen, Want};
use crate::wire::tls::{Group, Suite, TlsVersion};

pub use large::{LargeHello, Loss};
pub(crate) use line::{Line, read, write};

use line::Reply;

/// Why something is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// It was not asked. If this ever occurs, it is a bug of pgtls.
    #[error("was not asked")]
    NotAsked,
    /// No connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// The SSLRequest was not granted.
    #[error("{0}")]
    Negotiate(String),
    /// No session.
    #[error("{0}")]
    Handshake(String),
    /// The connection ended without an answer.
    #[error("the server closed the connection without an answer")]
    Closed,
    /// No answer in time.
    #[error("no answer within the time limit")]
    Timeout,
    /// The whole audit took too long.
    #[error("the time for the whole audit ran out")]
    OutOfTime,
    /// The answer is not TLS.
    #[error("the answer is not TLS")]
    NotTls,
    /// The answer is not PostgreSQL's.
    #[error("the answer is not PostgreSQL's")]
    NotPostgres,
    /// The server chose what was not offered.
    #[error("the server chose something that was not offered")]
    Unoffered,
    /// Two answers contradict each other.
    #[error("the server gives contradictory answers")]
    Contradiction,
    /// The server reports that it is busy or starting up.
    #[error("the server is busy, or starting up")]
    Busy,
    /// A refusal that has nothing to do with TLS.
    #[error("this user is also refused over TLS, which says nothing about users who may log in")]
    RefusedAnyway(ServerError),
}

/// What is offered, in the order of preference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer<'a> {
    pub(crate) version: TlsVersion,
    pub(crate) suites: &'a [Suite],
    pub(crate) groups: &'a [Group],
}

/// Everything that a version supports.
#[derive(Clone, Debug)]
pub(crate) struct Everything {
    version: TlsVersion,
    suites: Vec<Suite>,
    groups: Vec<Group>,
}

impl Everything {
    pub(crate) fn of(version: TlsVersion) -> Self {
        Self {
            version,
            suites: Suite::of_version(version),
            groups: Group::of_version(version),
        }
    }

    pub(crate) fn offer(&self) -> Offer<'_> {
        Offer {
            version: self.version,
            suites: &self.suites,
            groups: &self.groups,
        }
    }
}

/// What the server chose. Its suite is one of those offered.
pub(crate) struct Pick {
    pub(crate) suite: Suite,
    pub(crate) chosen: Chosen,
}

/// What the server chooses from an offer; `None` if nothing, or another version.
pub(crate) async fn choose(
    line: &Line,
    offer: Offer<'_>,
    want: Want,
) -> Result<Option<Pick>, Unknown> {
    let chosen = match line.ask(offer, want).await? {
        Reply::Refused(_) => return Ok(None),
        Reply::Chosen(chosen) => chosen,
    };
    if chosen.version < offer.version.number() {
        return Ok(None);
    }
    let suite = offer.suites.iter().find(|suite| suite.id == chosen.suite);
    match suite {
        Some(&suite) if chosen.version == offer.version.number() => {
            Ok(Some(Pick { suite, chosen }))
        }
        _ => Err(Unknown::Unoffered),
    }
}
