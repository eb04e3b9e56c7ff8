//! A TLS session in, the server's first answer out: the startup packet and what comes back.
//!
//! Under TLS 1.3 a server refuses a client certificate after the client believes the handshake
//! done, and PostgreSQL asks for a missing one only in its first answer. Silence proves nothing,
//! so a server that requested a certificate is asked. No secret is in the packet.

use tokio::time::Instant;

use crate::handshake::{Error, Session};
use crate::negotiate::{ServerError, parse_error};

/// The first message behind the startup packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstAnswer {
    /// `R`: the server goes on to authenticate us, so TLS is settled.
    Authentication,
    /// `E`: the server's FATAL.
    Error(ServerError),
    /// Something that no PostgreSQL server sends first.
    Unexpected(u8),
    /// The server closed without a word.
    Closed,
}

/// Sends a startup packet for `user` and `database`, and reads the first answer.
///
/// PostgreSQL documentation, "Message Flow", section "Start-up".
///
/// # Errors
/// Whatever TLS reports, an alert about the client certificate above all.
pub async fn first_answer(
    session: &mut Session,
    user: &[u8],
    database: &[u8],
    deadline: Instant,
) -> Result<FirstAnswer, Error> {
    session
        .send(&startup_packet(user, database), deadline)
        .await?;
    let mut answer = Vec::new();
    // Not an array: every endpoint in flight would have it inside, and few come here.
    let mut buffer = vec![0; 4096];
    while !is_decisive(&answer) {
        match session.receive(&mut buffer, deadline).await? {
            0 => break,
            count => answer.extend_from_slice(buffer.get(..count).unwrap_or_default()),
        }
    }
    let first = read_answer(&answer);
    if is_authentication_ok(&answer) {
        // A backend is running for us by now: end it in the way that its log calls normal.
        session.send(&TERMINATE, deadline).await?;
    }
    Ok(first)
}

pub(crate) fn read_answer(answer: &[u8]) -> FirstAnswer {
    match answer.split_first() {
        None => FirstAnswer::Closed,
        Some((b'R', _)) => FirstAnswer::Authentication,
        Some((b'E', body)) => FirstAnswer::Error(parse_error(body)),
        Some((&other, _)) => FirstAnswer::Unexpected(other),
    }
}

/// Enough has arrived: a whole error, the kind of an authentication request, or too much.
pub(crate) fn is_decisive(answer: &[u8]) -> bool {
    let length = answer.get(1..).and_then(|body| body.first_chunk::<4>());
    let length = length.map(|word| u32::from_be_bytes(*word) as usize);
    match (answer.first(), length) {
        (None, _) => false,
        (Some(b'E'), None) | (Some(b'R'), None) => false,
        (Some(b'E'), Some(length)) => answer.len() > length || answer.len() > MAX_ANSWER,
        (Some(b'R'), Some(_)) => answer.len() >= 9,
        (Some(_), _) => true,
    }
}

pub(crate) fn is_authentication_ok(answer: &[u8]) -> bool {
    answer.starts_with(b"R\0\0\0\x08\0\0\0\0")
}

pub(crate) fn startup_packet(user: &[u8], database: &[u8]) -> Vec<u8> {
    let mut body = PROTOCOL_3_0.to_vec();
    for (name, value) in [
        (&b"user"[..], user),
        (b"database", database),
        (b"application_name", b"pgtls"),
    ] {
        // A NUL would end the value early and start another parameter.
        body.extend(name.iter().chain(&[0]));
        body.extend(
            value
                .iter()
                .take_while(|&&byte| byte != 0)
                .take(MAX_VALUE)
                .chain(&[0]),
        );
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &body].concat()
}

const PROTOCOL_3_0: [u8; 4] = [0, 3, 0, 0];
pub(crate) const TERMINATE: [u8; 5] = [b'X', 0, 0, 0, 4];

/// PostgreSQL takes at most 10000 bytes of startup packet.
const MAX_VALUE: usize = 4096;

/// No server says more than this in its first answer (bytes).
const MAX_ANSWER: usize = 30_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_startup_packet_is_that_of_protocol_3() {
        let packet = startup_packet(b"ann", b"db");
        assert_eq!(
            packet,
            b"\0\0\0\x35\0\x03\0\0user\0ann\0database\0db\0application_name\0pgtls\0\0"
        );
        assert_eq!(packet.len(), 0x35);
    }

    #[test]
    fn a_nul_in_a_name_starts_no_new_parameter() {
        let packet = startup_packet(b"ann\0options\0-c x", b"db");
        assert!(!packet.windows(7).any(|window| window == b"options"));
    }

    #[test]
    fn the_first_answer_is_told_by_its_first_byte() {
        assert_eq!(read_answer(b""), FirstAnswer::Closed);
        assert_eq!(
            read_answer(b"R\0\0\0\x0c\0\0\0\x05abcd"),
            FirstAnswer::Authentication
        );
        assert_eq!(read_answer(b"Hello"), FirstAnswer::Unexpected(b'H'));
        // Protocol 3.0 without options leaves nothing to negotiate.
        assert_eq!(read_answer(b"v\0\0\0\x0c"), FirstAnswer::Unexpected(b'v'));
        let FirstAnswer::Error(error) = read_answer(b"E\0\0\0\x1bSFATAL\0C28000\0Mno\0\0") else {
            panic!("an E is an error");
        };
        assert_eq!(error.sqlstate.as_deref(), Some("28000"));
    }

    #[test]
    fn an_error_is_read_to_its_end() {
        assert!(!is_decisive(b"E\0\0\0\x0cMabc"));
        assert!(is_decisive(b"E\0\0\0\x0cMabcdef\0\0"));
        assert!(is_decisive(b"R\0\0\0\x08\0\0\0\0"));
        assert!(!is_decisive(b"R\0\0\0"));
    }
}
