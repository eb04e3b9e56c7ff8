//! The socket below TLS: limits what the server may send, and records the suite that it chose.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::handshake::{self, ServerHelloCheck, Sni};
use crate::wire::tls::Suite;

/// A stream that records what it reads.
#[derive(Debug)]
pub(super) struct Tap<S> {
    inner: S,
    record: Record,
    /// The unsent part of a ClientHello with the name that libpq sends.
    hello: Option<Vec<u8>>,
}

/// What was recorded. It outlives the stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Record(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
struct Heard {
    total: usize,
    hello: ServerHelloCheck,
    sni: Option<Sni>,
}

impl<S> Tap<S> {
    /// The stream, and its record.
    pub(super) fn new(inner: S) -> (Self, Record) {
        let record = Record::default();
        let tap = Self {
            inner,
            record: record.clone(),
            hello: None,
        };
        (tap, record)
    }
}

impl Record {
    /// The suite of the ServerHello. rustls has finished the handshake by then, and has read the
    /// suite from the same bytes.
    ///
    /// tokio-postgres-rustls does not expose the rustls connection, which knows it.
    pub(super) fn cipher(&self) -> Option<Suite> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Suite::of(heard.hello.suite()?)
    }

    /// As [`ServerHelloCheck::accepted`]; to be asked when the handshake is finished.
    pub(super) fn server_hello_accepted(&self) -> Result<(), handshake::Error> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.hello.accepted()
    }

    /// Has the server sent more than any login needs?
    pub(super) fn is_full(&self) -> bool {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.total > MAX_TOTAL
    }

    /// Says which name the ClientHello must have on the wire.
    pub(super) fn spell(&self, sni: Sni) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.sni = Some(sni);
    }

    /// The same records with the name that libpq sends, if that is another.
    fn on_the_wire(&self, records: &[u8]) -> Option<Vec<u8>> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.sni.as_ref()?.on_the_wire(records)
    }

    fn hear(&self, bytes: &[u8]) -> io::Result<()> {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.total = heard.total.saturating_add(bytes.len());
        heard.hello.hear(bytes).map_err(io::Error::other)?;
        if heard.total > MAX_TOTAL {
            return Err(io::Error::other("the server sends data without end"));
        }
        Ok(())
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
        let this = self.get_mut();
        if this.hello.is_none() {
            this.hello = this.record.on_the_wire(bytes);
        }
        let Some(hello) = &mut this.hello else {
            return Pin::new(&mut this.inner).poll_write(context, bytes);
        };
        while !hello.is_empty() {
            match ready!(Pin::new(&mut this.inner).poll_write(context, hello))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => drop(hello.drain(..count)),
            }
        }
        this.hello = None;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

/// A handshake with large certificates, some settings and one row: no login needs more (bytes).
const MAX_TOTAL: usize = 1 << 20;
