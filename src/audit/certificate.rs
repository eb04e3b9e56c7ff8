//! Which certificates a server has: one for each kind of key, and for each name that it is asked by.

use super::Unknown;
use super::line::Line;
use super::session::{Circumstance, Shaken, shake};
use crate::conninfo::Host;
use crate::handshake::ServerKeys;
use crate::probe::Task;
use crate::verify::{Judgement, judge};

/// Under what circumstance a certificate was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// RSA signatures only.
    Rsa,
    /// ECDSA signatures only.
    Ecdsa,
    /// Ed25519 signatures only.
    Ed25519,
    /// No SNI, as clients before libpq 14 connect, and those with `sslsni=0`.
    NoName,
    /// The SNI of a host that does not exist.
    OtherName,
}

impl Asked {
    /// Every circumstance.
    pub const ALL: [Self; 5] = [
        Self::Rsa,
        Self::Ecdsa,
        Self::Ed25519,
        Self::NoName,
        Self::OtherName,
    ];

    /// Is it about the kind of key, rather than the name?
    pub fn is_about_key(self) -> bool {
        match self {
            Self::Rsa | Self::Ecdsa | Self::Ed25519 => true,
            Self::NoName | Self::OtherName => false,
        }
    }
}

/// What was shown.
#[derive(Debug)]
pub struct Shown {
    /// Under what circumstance.
    pub asked: Asked,
    /// The chain, judged for the host of the string; nothing where the server refuses to show one.
    pub chain: Result<Option<Box<Judgement>>, Unknown>,
}

/// Asks for the certificate under one circumstance.
pub(super) async fn show(line: &Line, task: &Task, asked: Asked) -> Shown {
    Shown {
        asked,
        chain: chain(line, task, asked).await,
    }
}

async fn chain(line: &Line, task: &Task, asked: Asked) -> Result<Option<Box<Judgement>>, Unknown> {
    let usual = Circumstance::usual(line);
    let keys = |keys| Circumstance { keys, ..usual };
    let named = |server_name| Circumstance {
        server_name,
        ..usual
    };
    let circumstance = match asked {
        Asked::Rsa => keys(ServerKeys::Rsa),
        Asked::Ecdsa => keys(ServerKeys::Ecdsa),
        Asked::Ed25519 => keys(ServerKeys::Ed25519),
        Asked::NoName => named(None),
        Asked::OtherName => named(Some(OTHER_NAME)),
    };
    let until = line.until()?;
    match shake(line, circumstance, until).await? {
        Shaken::Refused(_) => Ok(None),
        Shaken::Session { session, presented } => {
            session.close(until).await;
            let host = task.endpoint.host.as_ref().map(Host::as_bytes);
            let judgement = judge(&presented, &*task.trust, host, &task.rules());
            Ok(Some(Box::new(judgement)))
        }
    }
}

/// RFC 6761 section 6.4: never the name of anything.
const OTHER_NAME: &[u8] = b"pgtls-audit.invalid";
