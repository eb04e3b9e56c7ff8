//! Carries the records of a handshake between rustls and the socket, within bounds.

use std::io;

use rustls::ClientConnection;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::error::Error;
use super::server_hello::ServerHelloCheck;
use super::server_name::Sni;
use crate::wire::tls::record;
use crate::workers::{self, Weight};

/// The slot is empty while another thread has the connection. `received` counts the bytes, also where the caller
/// waits no longer.
pub(super) async fn drive(
    slot: &mut Option<ClientConnection>,
    stream: &mut TcpStream,
    sni: &Sni,
    weight: Weight,
    received: &mut usize,
) -> Result<(), Error> {
    let mut hello = ServerHelloCheck::default();
    for _ in 0..MAX_READS {
        let Some(connection) = slot else {
            return Err(Error::StillJudging);
        };
        // After a HelloRetryRequest there is a second ClientHello.
        say_hello(connection, stream, sni).await?;
        if !connection.is_handshaking() {
            return hello.accepted();
        }
        let check = |bytes: &[u8]| {
            if *received == 0 {
                refuse_plaintext(bytes)?;
            }
            hello.hear(bytes)
        };
        let read = match weight {
            Weight::Light if *received <= LIGHT => read_records(connection, stream, check).await,
            Weight::Light | Weight::Heavy => read_many_records(slot, stream, check).await,
        };
        match (read, slot.as_mut()) {
            (Ok(0), _) => {
                return Err(Error::Closed {
                    received: *received,
                });
            }
            (Ok(count), _) => *received += count,
            (Err(error), None) => return Err(error),
            (Err(error), Some(connection)) => {
                // Our alert tells the server's log the reason. If it cannot be sent, the verdict is
                // the same.
                let _ = flush(connection, stream).await;
                return Err(error);
            }
        }
        if *received > MAX_HANDSHAKE {
            return Err(Error::TooMuch);
        }
    }
    Err(Error::TooMuch)
}

/// The first bytes after the `S` must be a TLS record. Plaintext that was injected after our first
/// check is found here (CVE-2021-23222).
fn refuse_plaintext(first: &[u8]) -> Result<(), Error> {
    if record::may_begin(first.get(..2).unwrap_or(first)) {
        return Ok(());
    }
    let first = first.get(..EVIDENCE).unwrap_or(first);
    Err(Error::NotTls {
        first: first.to_vec(),
    })
}

/// How much of an answer that is not TLS is kept, to recognise its protocol (bytes).
const EVIDENCE: usize = 40;

/// Reads what has arrived; `check` sees it before rustls does.
pub(super) async fn read_records(
    connection: &mut ClientConnection,
    stream: &mut TcpStream,
    mut check: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<usize, Error> {
    loop {
        stream.readable().await.map_err(Error::from_io)?;
        match read_ready_records(connection, stream, &mut check) {
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
}

/// Separate from the waiting, so that a waiting endpoint needs no buffer.
fn read_ready_records(
    connection: &mut ClientConnection,
    stream: &TcpStream,
    check: &mut impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<usize, Error> {
    let mut buffer = [0; 4096];
    let count = stream.try_read(&mut buffer).map_err(Error::from_io)?;
    let unread = buffer.get(..count).unwrap_or_default();
    check(unread)?;
    process(connection, unread)?;
    Ok(count)
}

/// Reads what has arrived, which is much, and lets rustls process it where that delays no other endpoint.
async fn read_many_records(
    slot: &mut Option<ClientConnection>,
    stream: &TcpStream,
    mut check: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<usize, Error> {
    let mut bytes = Vec::with_capacity(LARGE_READ);
    loop {
        stream.readable().await.map_err(Error::from_io)?;
        match stream.try_read_buf(&mut bytes) {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(Error::from_io(error)),
        }
    }
    check(&bytes)?;
    let count = bytes.len();
    let Some(mut connection) = slot.take() else {
        return Err(Error::StillJudging);
    };
    let processing = workers::aside(Weight::Heavy, move || {
        let processed = process(&mut connection, &bytes);
        (connection, processed)
    });
    let (connection, processed) = processing.await;
    *slot = Some(connection);
    processed.map(|()| count)
}

fn process(connection: &mut ClientConnection, mut unread: &[u8]) -> Result<(), Error> {
    while !unread.is_empty() {
        // Reading from memory fails only if rustls' own limits are exceeded.
        connection
            .read_tls(&mut unread)
            .map_err(|_| Error::TooMuch)?;
        connection.process_new_packets()?;
    }
    Ok(())
}

pub(super) async fn flush(
    connection: &mut ClientConnection,
    stream: &mut TcpStream,
) -> Result<(), Error> {
    let out = unsent(connection)?;
    stream.write_all(&out).await.map_err(Error::from_io)
}

/// Sends rustls' records, with the name that libpq sends in a ClientHello.
async fn say_hello(
    connection: &mut ClientConnection,
    stream: &mut TcpStream,
    sni: &Sni,
) -> Result<(), Error> {
    let out = unsent(connection)?;
    let out = sni.on_the_wire(&out).unwrap_or(out);
    stream.write_all(&out).await.map_err(Error::from_io)
}

fn unsent(connection: &mut ClientConnection) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    while connection.wants_write() {
        connection.write_tls(&mut out).map_err(Error::Io)?;
    }
    Ok(out)
}

/// No honest handshake is larger (bytes): rustls accepts 64 KiB of certificates.
pub(super) const MAX_HANDSHAKE: usize = 512 * 1024;

/// No honest handshake arrives in more pieces, even with segments of 536 bytes: each costs some microseconds.
pub(super) const MAX_READS: usize = 500;

/// The size of an ordinary handshake, and of ordinary certificates (bytes). They are judged at once. What is
/// larger may take long, so it is judged by another thread.
pub(crate) const LIGHT: usize = 8 * 1024;

/// Bytes that are read at once from a server that sends many.
const LARGE_READ: usize = 64 * 1024;
