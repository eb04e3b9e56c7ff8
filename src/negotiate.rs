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
use crate::wire::foreign::Protocol;
use crate::wire::postgres::ServerError;
use crate::wire::postgres::error::MAX_ERROR;
use crate::wire::postgres::frame::backend;
use crate::wire::postgres::startup::{NOT_GRANTED, SSL_GRANTED, SSL_REQUEST, request};

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
        Some((&NOT_GRANTED, [])) => Err(Error::NoTls),
        Some((&SSL_GRANTED, behind)) => {
            let bytes = behind.len();
            let looks_like = Protocol::of(behind);
            gather_evidence(stream, &mut answer).await;
            let whole = Protocol::of(&answer);
            if whole == Protocol::Unknown {
                Err(Error::PlaintextInjection { bytes, looks_like })
            } else {
                Err(Error::NotPostgres {
                    answer,
                    looks_like: whole,
                })
            }
        }
        Some((&backend::ERROR_RESPONSE, _)) => {
            read_error(stream, &mut answer, deadline).await;
            let looks_like = Protocol::of(&answer);
            // Old servers, and those that cannot start a process, send a bare string, which ends with a zero byte.
            if looks_like == Protocol::Unknown {
                let body = answer.get(1..).unwrap_or_default();
                Err(Error::ServerError(ServerError::decode(body)))
            } else {
                answer.truncate(MAX_EVIDENCE);
                Err(Error::NotPostgres { answer, looks_like })
            }
        }
        Some(_) => {
            gather_evidence(stream, &mut answer).await;
            let looks_like = Protocol::of(&answer);
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
