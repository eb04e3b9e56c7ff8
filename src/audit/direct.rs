//! Does the server accept TLS from the first byte?

use super::session::{Setup, Shaken, shake};
use super::{Asker, Asking, Gaps, Inquiry, asking};
use crate::conninfo::SslNegotiation;
use crate::handshake::{Alpn, Error};
use crate::inquiry::{Line, Unknown};
use crate::startup::first_answer;
use crate::wire::postgres::FirstAnswer;

/// How a server reacts to TLS without an SSLRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direct {
    /// It speaks PostgreSQL over it.
    Accepted,
    /// It refuses, or hangs up, as servers before PostgreSQL 17 do.
    Refused,
    /// It speaks TLS, but does not say that it speaks PostgreSQL.
    NotPostgres,
}

impl Gaps for Direct {}

/// Speaks TLS from the first byte, as libpq 17 does.
pub(super) fn ask<'a>(inquiry: &'a Inquiry<'_>) -> Vec<Asking<'a>> {
    let answer = direct(&inquiry.line, Alpn::Named, inquiry.asker);
    vec![asking(answer, |audit, answer| audit.direct = answer.into())]
}

/// The same without naming PostgreSQL.
pub(super) fn ask_without_alpn<'a>(inquiry: &'a Inquiry<'_>) -> Vec<Asking<'a>> {
    let answer = direct(&inquiry.line, Alpn::Omitted, inquiry.asker);
    vec![asking(answer, |audit, answer| {
        audit.direct_without_alpn = answer.into();
    })]
}

async fn direct(line: &Line, alpn: Alpn, asker: Asker<'_>) -> Result<Direct, Unknown> {
    let until = line.until()?;
    let setup = Setup {
        negotiation: SslNegotiation::Direct,
        alpn,
        ..Setup::usual(line)
    };
    let mut session = match shake(line, setup, until).await {
        Ok(Shaken::Session { session, .. }) => session,
        Ok(Shaken::Refused(Error::NoAlpn)) => return Ok(Direct::NotPostgres),
        // A server without direct TLS takes the hello for an absurdly long packet, or for nonsense.
        Ok(Shaken::Refused(_)) | Err(Unknown::Closed | Unknown::Handshake(_)) => {
            return Ok(Direct::Refused);
        }
        Err(unknown) => return Err(unknown),
    };
    if alpn == Alpn::Named {
        session.close(until).await;
        return Ok(Direct::Accepted);
    }
    // PostgreSQL ends a session without ALPN once the handshake is done.
    let answer = first_answer(&mut session, asker.user, asker.database, until).await;
    session.close(until).await;
    match answer {
        Ok(FirstAnswer::Authentication(_) | FirstAnswer::Error(_)) => Ok(Direct::Accepted),
        Ok(FirstAnswer::Unexpected(_)) => Ok(Direct::NotPostgres),
        Ok(FirstAnswer::Closed) | Err(Error::Closed { .. } | Error::Alert(_)) => {
            Ok(Direct::Refused)
        }
        Err(Error::Timeout { .. }) => Err(Unknown::Timeout),
        Err(error) => Err(Unknown::Handshake(error.to_string())),
    }
}
