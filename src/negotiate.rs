//! Asks for TLS on a socket, by SSLRequest or directly, so that the handshake can start.
//!
//! PostgreSQL documentation, "Message Flow", section "SSL Session Encryption".

#![deny(clippy::wildcard_enum_match_arm)]

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, timeout_at};

use crate::connect;
use crate::conninfo::SslNegotiation;
use crate::wire::postgres::ServerError;
use crate::wire::postgres::error::MAX_ERROR;
use crate::wire::postgres::frame::backend;
use crate::wire::postgres::startup::{NOT_GRANTED, SSL_GRANTED, SSL_REQUEST, request};
use crate::wire::tls::record;

/// Proof that the server waits for a ClientHello and has sent nothing yet: only [`negotiate`] and
/// functions like it make one.
#[derive(Debug)]
pub struct Ready {
    stream: TcpStream,
    negotiation: SslNegotiation,
}

impl Ready {
    /// The socket, and how the server was asked.
    pub(crate) fn into_parts(self) -> (TcpStream, SslNegotiation) {
        (self.stream, self.negotiation)
    }
}

/// Why TLS cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server answered `N`.
    #[error("server does not support SSL, but SSL was required")]
    NoTls,
    /// The server answered with an ErrorResponse (or, if ancient, with a bare string).
    #[error("server sent an error response during SSL exchange")]
    ServerError(ServerError),
    /// The first byte was none of `S`, `N` and `E`.
    #[error("received invalid response to SSL negotiation")]
    NotPostgres {
        /// The first bytes of the answer, at most [`MAX_EVIDENCE`].
        answer: Vec<u8>,
        /// What those bytes look like.
        looks_like: Protocol,
    },
    /// There was more data after the `S`: an attacker may have injected it (CVE-2021-23222).
    #[error("received unencrypted data after SSL response")]
    PlaintextInjection {
        /// How many bytes came with the `S`.
        bytes: usize,
        /// What they look like.
        looks_like: Protocol,
    },
    /// The connection ended instead of an answer.
    #[error("server closed the connection instead of answering the SSLRequest")]
    Closed,
    /// The connection broke.
    #[error("connection lost during SSL negotiation")]
    Io(#[source] io::Error),
    /// Time ran out before the answer.
    #[error("no answer to the SSLRequest within the time limit")]
    Timeout,
}

/// What an answer that is not PostgreSQL's looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `HTTP/1.1 400 ...`
    Http,
    /// `SSH-2.0-...`
    Ssh,
    /// A MySQL or MariaDB greeting.
    MySql,
    /// A TLS alert or handshake record: the port speaks TLS from the first byte.
    Tls,
    /// `220 ...`, the greeting of SMTP and FTP servers.
    Smtp,
    /// None that we know.
    Unknown,
}

/// Asks for TLS, and checks that nothing but the permission to start it has arrived.
pub async fn negotiate(
    mut stream: TcpStream,
    negotiation: SslNegotiation,
    deadline: Instant,
) -> Result<Ready, Error> {
    match negotiation {
        SslNegotiation::Direct => {}
        SslNegotiation::Postgres => {
            let packet = request(SSL_REQUEST);
            let exchange = ask(&mut stream, &packet, deadline);
            timeout_at(deadline, exchange)
                .await
                .map_err(|_| Error::Timeout)??;
        }
    }
    Ok(Ready {
        stream,
        negotiation,
    })
}

/// Asks for TLS with extra bytes directly after the request, as an attacker could. No server may
/// take them for part of the session (CVE-2021-23214).
pub(crate) async fn negotiate_stuffed(
    mut stream: TcpStream,
    behind: &[u8],
    deadline: Instant,
) -> Result<Ready, Error> {
    let packet = [&request(SSL_REQUEST), behind].concat();
    let exchange = ask(&mut stream, &packet, deadline);
    timeout_at(deadline, exchange)
        .await
        .map_err(|_| Error::Timeout)??;
    Ok(Ready {
        stream,
        negotiation: SslNegotiation::Postgres,
    })
}

async fn ask(stream: &mut TcpStream, packet: &[u8], deadline: Instant) -> Result<(), Error> {
    stream.write_all(packet).await.map_err(lost)?;
    let mut answer = Vec::with_capacity(MAX_EVIDENCE);
    read_some(stream, &mut answer).await?;
    match answer.split_first() {
        None => Err(Error::Closed),
        Some((&SSL_GRANTED, [])) => Ok(()),
        // An SSH server's greeting also begins with the byte that permits TLS.
        Some((&SSL_GRANTED, behind)) if !behind.starts_with(b"SH-") => {
            Err(Error::PlaintextInjection {
                bytes: behind.len(),
                looks_like: recognise(behind),
            })
        }
        Some((&NOT_GRANTED, [])) => Err(Error::NoTls),
        Some((&backend::ERROR_RESPONSE, _)) => {
            read_error(stream, &mut answer, deadline).await;
            Err(Error::ServerError(ServerError::decode(
                answer.get(1..).unwrap_or_default(),
            )))
        }
        Some(_) => {
            gather_evidence(stream, &mut answer).await;
            let looks_like = recognise(&answer);
            Err(Error::NotPostgres { answer, looks_like })
        }
    }
}

/// One read of everything that has arrived, so that bytes after the answer are noticed at once.
async fn read_some(stream: &mut TcpStream, into: &mut Vec<u8>) -> Result<usize, Error> {
    let mut buffer = [0; MAX_EVIDENCE];
    let count = stream.read(&mut buffer).await.map_err(lost)?;
    into.extend_from_slice(buffer.get(..count).unwrap_or_default());
    Ok(count)
}

/// Reads until the ErrorResponse is complete, the peer stops, or there is more than any server
/// sends. What has arrived by then is used: an incomplete error is still the server's answer.
async fn read_error(stream: &mut TcpStream, answer: &mut Vec<u8>, deadline: Instant) {
    let patience = deadline.min(Instant::now() + EVIDENCE_PATIENCE);
    while answer.len() < MAX_ERROR && !ServerError::is_whole(answer.get(1..).unwrap_or_default()) {
        match timeout_at(patience, read_some(stream, answer)).await {
            Ok(Ok(count)) if count > 0 => {}
            _ => return,
        }
    }
}

/// Reads a little more of an answer that is not PostgreSQL's, to identify the protocol.
async fn gather_evidence(stream: &mut TcpStream, answer: &mut Vec<u8>) {
    let patience = Instant::now() + EVIDENCE_PATIENCE;
    while answer.len() < ENOUGH_EVIDENCE {
        match timeout_at(patience, read_some(stream, answer)).await {
            Ok(Ok(count)) if count > 0 => {}
            _ => break,
        }
    }
    answer.truncate(MAX_EVIDENCE);
}

fn recognise(answer: &[u8]) -> Protocol {
    match answer {
        [b'H', b'T', b'T', b'P', b'/', ..] => Protocol::Http,
        [b'S', b'S', b'H', b'-', ..] => Protocol::Ssh,
        _ if record::begins(answer) => Protocol::Tls,
        // Three bytes of length, sequence number 0, then protocol version 10 or an error packet.
        [_, _, 0, 0, 10 | 0xff, ..] => Protocol::MySql,
        [b'2', b'2', b'0', b' ' | b'-', ..] => Protocol::Smtp,
        _ => Protocol::Unknown,
    }
}

fn lost(error: io::Error) -> Error {
    if connect::is_hang_up(&error) {
        Error::Closed
    } else {
        Error::Io(error)
    }
}

/// How much of a foreign answer is kept (bytes).
pub const MAX_EVIDENCE: usize = 512;

/// This many bytes are enough to identify every protocol that we know.
const ENOUGH_EVIDENCE: usize = 8;

/// How long to wait for the rest of an answer when its first byte has decided the verdict.
const EVIDENCE_PATIENCE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_protocols_by_their_first_bytes() {
        for (answer, expected) in [
            (&b"HTTP/1.1 400 Bad Request\r\n"[..], Protocol::Http),
            (b"SSH-2.0-OpenSSH_9.2", Protocol::Ssh),
            (b"\x15\x03\x01\x00\x02\x02\x46", Protocol::Tls),
            (b"J\0\0\0\x0a8.0.36", Protocol::MySql),
            (b"220 mail ESMTP", Protocol::Smtp),
            (b"hello", Protocol::Unknown),
            (b"", Protocol::Unknown),
        ] {
            assert_eq!(recognise(answer), expected, "{answer:?}");
        }
    }
}
