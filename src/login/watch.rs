//! The stream between TLS and tokio-postgres: what the server asks for is read as it passes, and what
//! libpq would not answer never reaches tokio-postgres.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsStream};

use super::refusal::Refusal;
use super::request::{Method, Request, SCRAM_PLUS};
use super::rules::{Progress, Rules};
use super::{Error, SecretSent, Step};
use crate::handshake::{self, Tls};
use crate::negotiate::{ServerError, parse_error};

/// What was seen so far, and what ended it. It outlives the stream, which tokio-postgres drops.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) step: Step,
    pub(super) method: Option<Method>,
    pub(super) bound: bool,
    pub(super) secret: SecretSent,
    /// The last ErrorResponse.
    pub(super) error: Option<ServerError>,
    /// The server hung up.
    pub(super) closed: bool,
    tls: Tls,
    failure: Option<Error>,
}

impl Shared {
    pub(super) fn read(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was negotiated.
    pub(super) fn tls(&self) -> Tls {
        self.read().tls.clone()
    }

    /// What ended the login, if it was not the crates that noticed.
    pub(super) fn take_failure(&self) -> Option<Error> {
        self.read().failure.take()
    }

    /// Keeps the first failure, and gives an error for the crates to pass on.
    pub(super) fn fail(&self, failure: Error) -> io::Error {
        let text = failure.to_string();
        self.read().failure.get_or_insert(failure);
        io::Error::other(text)
    }

    /// TLS stands.
    pub(super) fn begin(&self, tls: Tls) {
        let mut seen = self.read();
        seen.tls = tls;
        seen.step = Step::Startup;
    }
}

/// A TLS stream that is watched.
pub(super) struct Watched<S> {
    inner: S,
    shared: Shared,
    rules: Rules,
    /// `tls-server-end-point` (RFC 5929 section 4).
    end_point: Option<Vec<u8>>,
    messages: Messages,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// We will not go on; TLS is to be closed in order, so that the server logs no broken connection.
    Leaving,
}

impl<S> Watched<S> {
    pub(super) fn new(inner: S, shared: Shared, rules: Rules, end_point: Option<Vec<u8>>) -> Self {
        Self {
            inner,
            shared,
            rules,
            end_point,
            messages: Messages::default(),
            state: State::Open,
        }
    }

    /// Takes note of what the server says.
    fn hear(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let (shared, rules) = (&self.shared, &self.rules);
        self.messages.feed(bytes, |kind, body| {
            let mut seen = shared.read();
            match kind {
                b'R' if seen.step < Step::Authenticated => request(&mut seen, rules, body),
                b'E' => {
                    seen.error = Some(parse_error(body));
                    Ok(())
                }
                b'Z' if seen.step == Step::Authenticated => {
                    seen.step = Step::Session;
                    Ok(())
                }
                _ => Ok(()),
            }
        })
    }

    /// Takes note of our own answers: which mechanism tokio-postgres chose, and that a secret left.
    fn say(&mut self, bytes: &[u8]) {
        let mut seen = self.shared.read();
        // A server may consent in the same breath in which it asks, so the step says nothing about this.
        if seen.step < Step::Answer || !bytes.starts_with(b"p") {
            return;
        }
        if seen.step == Step::Answer && seen.method == Some(Method::ScramSha256) {
            // The first message of SCRAM holds a nonce, and no more.
            let mechanism = bytes.get(5..).unwrap_or_default();
            let mechanism = mechanism.split(|byte| *byte == 0).next();
            seen.bound |= mechanism == Some(SCRAM_PLUS);
        } else {
            seen.secret = SecretSent::Yes;
        }
    }
}

/// `R`: judged by libpq's rules before anybody answers it.
fn request(seen: &mut Seen, rules: &Rules, body: &[u8]) -> Result<(), Refusal> {
    // The length word is the first of the body here, as of every message.
    let request = body.get(4..).and_then(Request::parse);
    let request = request.ok_or(Refusal::Invalid)?;
    if seen.method.is_none() {
        seen.method = Some(match request {
            Request::Ok => Method::None,
            Request::Cleartext => Method::Password,
            Request::Md5 => Method::Md5,
            Request::Sasl(offered) if offered.scram || offered.scram_plus => Method::ScramSha256,
            _ => Method::Other,
        });
    }
    let progress = match (seen.step, seen.method) {
        (Step::Verified, _) if seen.bound => Progress::FinishedBound,
        (Step::Verified, _) | (Step::Answer, Some(Method::Password | Method::Md5)) => {
            Progress::Finished
        }
        _ => Progress::Unfinished,
    };
    rules.judge(request, progress)?;
    seen.step = match request {
        Request::Ok => Step::Authenticated,
        Request::SaslContinue { .. } => Step::Proof,
        Request::SaslFinal => Step::Verified,
        _ => Step::Answer,
    };
    Ok(())
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.state == State::Open {
            let before = buffer.filled().len();
            if let Err(error) = ready!(Pin::new(&mut this.inner).poll_read(context, buffer)) {
                return Poll::Ready(Err(this.lost(error)));
            }
            let new = buffer.filled().get(before..).unwrap_or_default();
            if new.is_empty() {
                this.shared.read().closed = true;
            }
            match this.hear(new) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(refusal) => {
                    buffer.set_filled(before);
                    this.shared.fail(Error::Refused(refusal));
                    this.state = State::Leaving;
                }
            }
        }
        // Whether or not the goodbye gets through, we are gone.
        let _ = ready!(Pin::new(&mut this.inner).poll_shutdown(context));
        Poll::Ready(Err(io::Error::other("refused")))
    }
}

impl<S> Watched<S> {
    fn lost(&self, error: io::Error) -> io::Error {
        match handshake::Error::of_tls(&error) {
            // An alert about the client certificate may come as late as this.
            Some(tls_error) => self.shared.fail(Error::Handshake {
                error: tls_error,
                tls: Box::new(self.shared.tls()),
                judgement: None,
            }),
            None => {
                if is_end(&error) {
                    self.shared.read().closed = true;
                }
                error
            }
        }
    }
}

fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.say(bytes);
        Pin::new(&mut this.inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Watched<S> {
    /// Ours, since tokio-postgres-rustls knows fewer signature algorithms than libpq, and without a
    /// hash goes on unbound where libpq gives up.
    fn channel_binding(&self) -> ChannelBinding {
        match &self.end_point {
            Some(hash) => ChannelBinding::tls_server_end_point(hash.clone()),
            None => ChannelBinding::none(),
        }
    }
}

/// Cuts the stream into messages: a byte of kind, then a length word that counts itself.
#[derive(Debug, Default)]
struct Messages {
    kind: Option<u8>,
    /// The length word and the body, of messages that are looked into.
    body: Vec<u8>,
    /// Bytes that are still to come; known with the length word.
    left: Option<usize>,
}

impl Messages {
    fn feed(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(u8, &[u8]) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let Some(kind) = self.kind else {
                self.kind = rest.first().copied();
                rest = rest.get(1..).unwrap_or_default();
                continue;
            };
            let wanted = self
                .left
                .unwrap_or_else(|| LENGTH_WORD.saturating_sub(self.body.len()));
            let (part, behind) = rest.split_at_checked(wanted).unwrap_or((rest, &[]));
            rest = behind;
            if self.left.is_none() || is_read(kind) {
                self.body.extend_from_slice(part);
            }
            match self.left {
                Some(left) => self.left = Some(left.saturating_sub(part.len())),
                None => self.left = self.length(kind)?,
            }
            if self.left == Some(0) {
                each(kind, &self.body)?;
                *self = Self::default();
            }
        }
        Ok(())
    }

    /// What is to come behind the length word, once that is whole.
    fn length(&self, kind: u8) -> Result<Option<usize>, Refusal> {
        let Some(word) = self.body.first_chunk::<LENGTH_WORD>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*word)).unwrap_or(usize::MAX);
        match (kind, length) {
            // The bounds of `PQconnectPoll`.
            (b'R', 8..=2_000) | (b'E', 4..=30_000) => {}
            (b'R' | b'E', _) | (_, 0..4) => return Err(Refusal::Invalid),
            _ => {}
        }
        Ok(Some(length.saturating_sub(LENGTH_WORD)))
    }
}

/// Messages whose content counts; the others pass unread, and unkept.
fn is_read(kind: u8) -> bool {
    matches!(kind, b'R' | b'E')
}

const LENGTH_WORD: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(bytes: &[u8], size: usize) -> Result<Vec<(u8, Vec<u8>)>, Refusal> {
        let mut messages = Messages::default();
        let mut found = Vec::new();
        for chunk in bytes.chunks(size) {
            messages.feed(chunk, |kind, body| {
                found.push((kind, body.to_vec()));
                Ok(())
            })?;
        }
        Ok(found)
    }

    #[test]
    fn messages_are_cut_wherever_the_reads_fall() {
        let bytes = b"R\0\0\0\x08\0\0\0\0S\0\0\0\x08a\0b\0Z\0\0\0\x05IE\0\0\0\x08Mx\0\0C\0\0\0\x04";
        for size in 1..=bytes.len() {
            let found = cut(bytes, size).unwrap();
            let kinds: Vec<u8> = found.iter().map(|(kind, _)| *kind).collect();
            assert_eq!(kinds, b"RSZEC", "{size}");
            assert_eq!(found[0].1, b"\0\0\0\x08\0\0\0\0", "{size}");
            assert_eq!(found[1].1, b"\0\0\0\x08", "what is not read is not kept");
            assert_eq!(found[3].1, b"\0\0\0\x08Mx\0\0", "{size}");
        }
    }

    #[test]
    fn lengths_that_libpq_refuses_are_refused_before_anything_is_kept() {
        for bytes in [
            &b"R\0\0\0\x07"[..],
            b"R\0\0\x10\0",
            b"R\x7f\xff\xff\xff",
            b"E\x7f\xff\xff\xff",
            b"S\0\0\0\x03",
        ] {
            assert_eq!(cut(bytes, 3), Err(Refusal::Invalid), "{bytes:?}");
        }
        assert_eq!(cut(b"D\x7f\xff\xff\xffabc", 4), Ok(Vec::new()));
    }
}
