//! Which certificates a server has: one for each kind of key, and for each requested name.

use super::session::{Setup, Shaken, shake};
use super::{Asking, Gaps, Inquiry, Variant, asking};
use crate::handshake::ServerKeys;
use crate::inquiry::{Line, Unknown};
use crate::probe::Task;
use crate::verify::Judgement;
use crate::words::words;

words! {
    /// How a certificate was requested.
    Circumstance {
        /// RSA signatures only.
        Rsa = "rsa",
        /// ECDSA signatures only.
        Ecdsa = "ecdsa",
        /// Ed25519 signatures only.
        Ed25519 = "ed25519",
        /// No SNI, as clients before libpq 14 connect, and those with `sslsni=0`.
        NoSni = "no-sni",
        /// The SNI of a host that does not exist.
        OtherSni = "other-sni",
    }
}

impl Circumstance {
    /// Is it about the kind of key, not the name?
    pub fn is_about_key(self) -> bool {
        match self {
            Self::Rsa | Self::Ecdsa | Self::Ed25519 => true,
            Self::NoSni | Self::OtherSni => false,
        }
    }

    /// What a client gets that asks this way, for messages.
    pub fn what(self) -> &'static str {
        match self {
            Self::Rsa => "the RSA certificate",
            Self::Ecdsa => "the ECDSA certificate",
            Self::Ed25519 => "the Ed25519 certificate",
            Self::NoSni => "the certificate without SNI",
            Self::OtherSni => "the certificate for another SNI",
        }
    }
}

impl Variant for Circumstance {
    const ALL: &'static [Self] = Self::ALL;
}

/// What was shown.
#[derive(Debug)]
pub enum Presented {
    /// A chain, judged for the host of the string.
    Chain(Box<Judgement>),
    /// The server refuses to show one.
    Nothing,
}

impl Presented {
    /// The chain, if one was shown.
    pub fn chain(&self) -> Option<&Judgement> {
        match self {
            Self::Chain(judgement) => Some(judgement),
            Self::Nothing => None,
        }
    }
}

impl Gaps for Presented {}

/// Asks for the certificate in each of these ways.
pub(super) fn ask<'a>(inquiry: &'a Inquiry<'_>) -> Vec<Asking<'a>> {
    let each = Circumstance::ALL.iter().map(|&circumstance| {
        let answer = shown(&inquiry.line, inquiry.task, circumstance);
        asking(answer, move |audit, answer| {
            audit.certificates.set(circumstance, answer.into());
        })
    });
    each.collect()
}

async fn shown(line: &Line, task: &Task, circumstance: Circumstance) -> Result<Presented, Unknown> {
    let usual = Setup::usual(line);
    let keys = |keys| Setup { keys, ..usual };
    let named = |server_name| Setup {
        server_name,
        ..usual
    };
    let setup = match circumstance {
        Circumstance::Rsa => keys(ServerKeys::Rsa),
        Circumstance::Ecdsa => keys(ServerKeys::Ecdsa),
        Circumstance::Ed25519 => keys(ServerKeys::Ed25519),
        Circumstance::NoSni => named(None),
        Circumstance::OtherSni => named(Some(OTHER_NAME)),
    };
    let until = line.until()?;
    match shake(line, setup, until).await? {
        Shaken::Refused(_) => Ok(Presented::Nothing),
        Shaken::Session { session, presented } => {
            session.close(until).await;
            Ok(Presented::Chain(Box::new(task.judge(&presented))))
        }
    }
}

/// RFC 6761 section 6.4: a name that never exists.
const OTHER_NAME: &[u8] = b"pgtls-audit.invalid";
