//! The socket below TLS: a bound on what the server may send, and the suite that it chose.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use rustls::CipherSuite;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::handshake::Cipher;

/// A stream that is listened to.
#[derive(Debug)]
pub(super) struct Tap<S> {
    inner: S,
    record: Record,
}

/// What was heard; it outlives the stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Record(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
struct Heard {
    /// The first bytes, as many as it takes to see the ServerHello's suite.
    start: Vec<u8>,
    total: usize,
}

impl<S> Tap<S> {
    /// The stream, and what will have been heard of it.
    pub(super) fn new(inner: S) -> (Self, Record) {
        let record = Record::default();
        let tap = Self {
            inner,
            record: record.clone(),
        };
        (tap, record)
    }
}

impl Record {
    /// The suite of the ServerHello, which rustls, whose handshake is finished by then, has taken
    /// from the very same bytes.
    ///
    /// tokio-postgres-rustls does not give away the rustls connection that knows it.
    pub(super) fn cipher(&self) -> Option<Cipher> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Cipher::of(chosen_suite(&heard.start)?)
    }

    /// Has the server sent more than any login takes?
    pub(super) fn is_full(&self) -> bool {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.total > MAX_TOTAL
    }

    fn hear(&self, bytes: &[u8]) -> io::Result<()> {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.total = heard.total.saturating_add(bytes.len());
        let room = MAX_START.saturating_sub(heard.start.len());
        heard.start.extend(bytes.iter().take(room));
        if heard.total > MAX_TOTAL {
            return Err(io::Error::other("the server sends without end"));
        }
        Ok(())
    }
}

/// Finds the suite in the first handshake record: a ServerHello, or a HelloRetryRequest, which has
/// its shape and names the same suite (RFC 8446 sections 4.1.3 and 4.1.4).
fn chosen_suite(mut records: &[u8]) -> Option<CipherSuite> {
    loop {
        let (header, rest) = records.split_first_chunk::<5>()?;
        let [kind, _, _, high, low] = *header;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if kind == HANDSHAKE_RECORD {
            let hello = rest.get(..length.min(rest.len()))?;
            // Type, length, version and random.
            let behind_random = hello.get(1 + 3 + 2 + 32..)?;
            let (session_id_length, rest) = behind_random.split_first()?;
            let suite = rest.get(usize::from(*session_id_length)..)?;
            let suite = u16::from_be_bytes(*suite.first_chunk::<2>()?);
            return (hello.first() == Some(&SERVER_HELLO)).then(|| CipherSuite::from(suite));
        }
        // A warning alert may come first.
        records = rest.get(length..)?;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(context, buffer))?;
        let new = buffer.filled().get(before..).unwrap_or_default();
        Poll::Ready(this.record.hear(new))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

const HANDSHAKE_RECORD: u8 = 22;
const SERVER_HELLO: u8 = 2;

/// Bytes that are kept for the suite.
const MAX_START: usize = 512;

/// A handshake with large certificates, some settings and one row: no login takes more (bytes).
const MAX_TOTAL: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(session_id: &[u8], suite: [u8; 2]) -> Vec<u8> {
        let mut hello = vec![SERVER_HELLO, 0, 0, 0, 3, 3];
        hello.extend([7; 32]);
        hello.push(u8::try_from(session_id.len()).unwrap());
        hello.extend(session_id);
        hello.extend(suite);
        hello.extend([0; 8]);
        let mut record = vec![
            HANDSHAKE_RECORD,
            3,
            3,
            0,
            u8::try_from(hello.len()).unwrap(),
        ];
        record.append(&mut hello);
        record
    }

    #[test]
    fn the_suite_is_found_behind_the_session_id_and_a_warning() {
        let suite = CipherSuite::TLS13_AES_256_GCM_SHA384;
        let warning = [21, 3, 3, 0, 2, 1, 112];
        let with_id = hello(&[9; 32], [0x13, 0x02]);
        let warned = [&warning[..], &with_id].concat();
        for bytes in [&with_id, &hello(&[], [0x13, 0x02]), &warned] {
            assert_eq!(chosen_suite(bytes), Some(suite));
        }
    }

    #[test]
    fn whatever_is_no_server_hello_has_no_suite() {
        let good = hello(&[], [0x13, 0x02]);
        for end in 0..good.len() - 8 {
            assert_eq!(chosen_suite(&good[..end]), None, "{end}");
        }
        let mut other = good.clone();
        other[5] = 1;
        assert_eq!(chosen_suite(&other), None);
        assert_eq!(chosen_suite(b"HTTP/1.1 400 Bad Request"), None);
    }
}
