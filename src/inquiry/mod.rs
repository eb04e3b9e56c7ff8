//! An address and an offer in, the server's choice out: one connection with a ClientHello of our own,
//! hung up as soon as the server has chosen.
//!
//! rustls offers what it can do; a ClientHello of our own offers exactly what is to be found out. No
//! session comes of it, and no password and no certificate is ever sent.

#![deny(clippy::wildcard_enum_match_arm)]

mod line;

use crate::wire::postgres::ServerError;
use crate::wire::tls::reply::{Chosen, Want};
use crate::wire::tls::{Group, Suite, TlsVersion};

pub(crate) use line::{Line, read, write};

use line::Reply;

/// Why something did not come to light.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// Nobody asked; a bug of ours, if ever.
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
    #[error("the time for the whole audit was over")]
    OutOfTime,
    /// The answer is no TLS.
    #[error("the answer is not TLS")]
    NotTls,
    /// The answer is not PostgreSQL's.
    #[error("the answer is not PostgreSQL's")]
    NotPostgres,
    /// The server chose what was not offered.
    #[error("the server chose something that was not offered")]
    Unoffered,
    /// Two answers do not go together.
    #[error("the server gives contradictory answers")]
    Contradiction,
    /// The server is busy, or starting up, and says so.
    #[error("the server is busy, or starting up")]
    Busy,
    /// A refusal that has nothing to do with TLS.
    #[error("this user is refused over TLS, too, which says nothing of users who may log in")]
    RefusedAnyway(ServerError),
}

/// What is offered, in the order of preference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer<'a> {
    pub(crate) version: TlsVersion,
    pub(crate) suites: &'a [Suite],
    pub(crate) groups: &'a [Group],
}

/// Everything that a version has.
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

/// What the server chose, its suite known to be one of those offered.
pub(crate) struct Pick {
    pub(crate) suite: Suite,
    pub(crate) chosen: Chosen,
}

/// What the server chooses of an offer; `None` if nothing, or another version.
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
