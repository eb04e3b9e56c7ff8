//! Does the server take plaintext after an SSLRequest for part of the session?

use tokio::time::Instant;

use super::session::{Shaken, shake_stuffed};
use super::{Asker, Asking, Gaps, Inquiry, asking};
use crate::handshake::{Error, Session};
use crate::inquiry::{Line, Unknown};
use crate::wire::postgres::FirstAnswer;
use crate::wire::postgres::error::sqlstate::PROTOCOL_VIOLATION;
use crate::wire::postgres::startup::{cancel_nobody, startup_message};

/// How a server reacts to plaintext after an SSLRequest (CVE-2021-23214).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuffed {
    /// It ends the connection.
    Refused,
    /// It continues without it.
    Dropped,
    /// It takes it for part of the encrypted session.
    Processed,
}

impl Gaps for Stuffed {}

/// Puts a whole startup packet after the SSLRequest, as an attacker could. Only a server that takes
/// it for encrypted answers it. Inside the session we send only a request to cancel a query that does
/// not exist, which no server answers.
pub(super) fn ask<'a>(inquiry: &'a Inquiry<'_>) -> Vec<Asking<'a>> {
    let answer = stuffed(&inquiry.line, inquiry.asker);
    vec![asking(answer, |audit, answer| {
        audit.stuffed = answer.into()
    })]
}

async fn stuffed(line: &Line, asker: Asker<'_>) -> Result<Stuffed, Unknown> {
    let until = line.until()?;
    let packet = startup_message(asker.user, asker.database);
    let mut session = match shake_stuffed(line, &packet, until).await {
        Ok(Shaken::Session { session, .. }) => session,
        // The server met the bytes where TLS should begin, and ended the connection. A server that is
        // down or broken gives no session to other questions either, and they report it.
        Ok(Shaken::Refused(_)) | Err(Unknown::Closed | Unknown::Handshake(_)) => {
            return Ok(Stuffed::Refused);
        }
        Err(unknown) => return Err(unknown),
    };
    // A server that has ended the session may still have sent something before.
    let _ = session.send(&cancel_nobody(), until).await;
    let answer = last_words(&mut session, until).await?;
    session.close(until).await;
    judge_stuffed(&answer)
}

async fn last_words(session: &mut Session, until: Instant) -> Result<Vec<u8>, Unknown> {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !FirstAnswer::is_decided(&answer) {
        match session.receive(&mut buffer, until).await {
            Ok(0) | Err(Error::Closed { .. } | Error::Alert(_)) => break,
            Ok(count) => answer.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(Error::Timeout { .. }) => return Err(Unknown::Timeout),
            Err(error) => return Err(Unknown::Handshake(error.to_string())),
        }
    }
    Ok(answer)
}

fn judge_stuffed(answer: &[u8]) -> Result<Stuffed, Unknown> {
    match FirstAnswer::decode(answer) {
        FirstAnswer::Closed => Ok(Stuffed::Dropped),
        // "received unencrypted data after SSL request"
        FirstAnswer::Error(error) if error.sqlstate.as_deref() == Some(PROTOCOL_VIOLATION) => {
            Ok(Stuffed::Refused)
        }
        FirstAnswer::Authentication(_) | FirstAnswer::Error(_) => Ok(Stuffed::Processed),
        FirstAnswer::Unexpected(_) => Err(Unknown::NotPostgres),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_answers_a_stuffed_packet_has_processed_it() {
        for (answer, expected) in [
            (&b""[..], Ok(Stuffed::Dropped)),
            (b"R\0\0\0\x08\0\0\0\0", Ok(Stuffed::Processed)),
            (b"R\0\0\0\x0c\0\0\0\x05abcd", Ok(Stuffed::Processed)),
            (b"E\0\0\0\x11SFATAL\0C28000\0\0", Ok(Stuffed::Processed)),
            (b"E\0\0\0\x13SFATAL\0C08P01\0\0", Ok(Stuffed::Refused)),
            (b"HTTP", Err(Unknown::NotPostgres)),
        ] {
            assert_eq!(judge_stuffed(answer), expected, "{answer:?}");
        }
    }
}
