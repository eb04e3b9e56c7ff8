//! How a server takes the ways in which encryption can begin.

use super::Unknown;
use super::line::{Line, read, write};
use super::plain::Asker;
use super::session::{Circumstance, Shaken, shake, shake_stuffed};
use crate::conninfo::SslNegotiation;
use crate::handshake::{Alpn, Error, Session};
use crate::startup::first_answer;
use crate::wire::postgres::FirstAnswer;
use crate::wire::postgres::error::code::PROTOCOL_VIOLATION;
use crate::wire::postgres::frame::backend;
use crate::wire::postgres::startup::{
    GSSENC_GRANTED, GSSENC_REQUEST, NOT_GRANTED, cancel_nobody, request, startup_message,
};

/// What a server makes of TLS without an SSLRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direct {
    /// It speaks PostgreSQL over it.
    Accepted,
    /// It refuses, or hangs up, as servers before PostgreSQL 17 do.
    Refused,
    /// It speaks TLS, but does not say that it speaks PostgreSQL.
    NotPostgres,
}

/// What a server makes of a GSSENCRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gss {
    /// It offers GSSAPI encryption.
    Offered,
    /// It says no, complains, as servers before PostgreSQL 12 do, or hangs up.
    Refused,
}

/// What a server makes of plaintext that stands behind an SSLRequest (CVE-2021-23214).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuffed {
    /// It does not go on.
    Refused,
    /// It goes on without it.
    Dropped,
    /// It takes it for part of the encrypted session.
    Processed,
}

/// Speaks TLS from the first byte.
pub(super) async fn direct(line: &Line, alpn: Alpn, asker: Asker<'_>) -> Result<Direct, Unknown> {
    let until = line.until()?;
    let circumstance = Circumstance {
        negotiation: SslNegotiation::Direct,
        alpn,
        ..Circumstance::usual(line)
    };
    let mut session = match shake(line, circumstance, until).await {
        Ok(Shaken::Session { session, .. }) => session,
        Ok(Shaken::Refused(Error::NoAlpn)) => return Ok(Direct::NotPostgres),
        // To whoever does not know it the hello is a packet of an absurd length, or nonsense.
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
        Err(Error::Timeout) => Err(Unknown::Timeout),
        Err(error) => Err(Unknown::Handshake(error.to_string())),
    }
}

/// Asks for GSSAPI encryption, which pgtls does not speak.
pub(super) async fn gss(line: &Line) -> Result<Gss, Unknown> {
    let until = line.until()?;
    let mut stream = line.connect(until).await?;
    write(&mut stream, &request(GSSENC_REQUEST), until).await?;
    let mut answer = Vec::new();
    match read(&mut stream, &mut answer, until).await {
        Ok(0) | Err(Unknown::Closed) => return Ok(Gss::Refused),
        Ok(_) => {}
        Err(unknown) => return Err(unknown),
    }
    match answer.first() {
        Some(&GSSENC_GRANTED) => Ok(Gss::Offered),
        Some(&(NOT_GRANTED | backend::ERROR_RESPONSE)) => Ok(Gss::Refused),
        _ => Err(Unknown::NotPostgres),
    }
}

/// Puts a whole startup packet behind the SSLRequest, as somebody in the middle could. Only a server
/// that takes it for encrypted answers it: all that is sent inside the session is a request to cancel
/// nobody's query, which no server answers.
pub(super) async fn stuffed(line: &Line, asker: Asker<'_>) -> Result<Stuffed, Unknown> {
    let until = line.until()?;
    let packet = startup_message(asker.user, asker.database);
    let mut session = match shake_stuffed(line, &packet, until).await {
        Ok(Shaken::Session { session, .. }) => session,
        // It met them where TLS should begin, and ended it. A server that is gone or broken gives
        // no session to anybody else either, and is found out by the others.
        Ok(Shaken::Refused(_)) | Err(Unknown::Closed | Unknown::Handshake(_)) => {
            return Ok(Stuffed::Refused);
        }
        Err(unknown) => return Err(unknown),
    };
    // A server that has ended the session by now still may have said something before.
    let _ = session.send(&cancel_nobody(), until).await;
    let answer = last_words(&mut session, until).await?;
    session.close(until).await;
    judge_stuffed(&answer)
}

async fn last_words(
    session: &mut Session,
    until: tokio::time::Instant,
) -> Result<Vec<u8>, Unknown> {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !FirstAnswer::is_decided(&answer) {
        match session.receive(&mut buffer, until).await {
            Ok(0) | Err(Error::Closed { .. } | Error::Alert(_)) => break,
            Ok(count) => answer.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(Error::Timeout) => return Err(Unknown::Timeout),
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
    fn whoever_answers_a_stuffed_packet_has_processed_it() {
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
