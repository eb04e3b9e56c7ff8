//! The stream between TLS and tokio-postgres. It reads the server's requests as they pass; those that
//! libpq would not answer never reach tokio-postgres.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsStream};

use super::method::Method;
use super::refusal::Refusal;
use super::rules::{Progress, Rules};
use super::{Disclosed, Error, Step};
use crate::connect;
use crate::handshake::{self, Tls};
use crate::wire::postgres::auth::SCRAM_PLUS;
use crate::wire::postgres::frame::{Frames, LENGTH_WORD, backend, frontend};
use crate::wire::postgres::{AuthRequest, ServerError};

/// What was seen so far, and what ended it. It outlives the stream, which tokio-postgres drops.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) step: Step,
    pub(super) method: Option<Method>,
    pub(super) bound: bool,
    pub(super) disclosed: Option<Disclosed>,
    /// The process that BackendKeyData names.
    pub(super) process: Option<u32>,
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

    /// What ended the login, if we noticed it before the crates.
    pub(super) fn take_failure(&self) -> Option<Error> {
        self.read().failure.take()
    }

    /// Keeps the first failure, and returns an error for the crates to pass on.
    pub(super) fn fail(&self, failure: Error) -> io::Error {
        let text = failure.to_string();
        self.read().failure.get_or_insert(failure);
        io::Error::other(text)
    }

    /// TLS is established.
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
    frames: Frames,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// We are ending the login. TLS is closed properly, so that the server does not log a broken
    /// connection.
    Leaving,
}

impl<S> Watched<S> {
    pub(super) fn new(inner: S, shared: Shared, rules: Rules) -> Self {
        Self {
            inner,
            shared,
            rules,
            frames: Frames::default(),
            state: State::Open,
        }
    }

    /// Records what the server sends.
    fn hear(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let (shared, rules) = (&self.shared, &self.rules);
        self.frames.feed(bytes, |kind, body| {
            let mut seen = shared.read();
            match kind {
                backend::AUTHENTICATION if seen.step < Step::Authenticated => {
                    request(&mut seen, rules, body)
                }
                backend::ERROR_RESPONSE => {
                    seen.error = Some(ServerError::decode(body));
                    Ok(())
                }
                backend::BACKEND_KEY_DATA if seen.step == Step::Authenticated => {
                    let number = body.get(LENGTH_WORD..).and_then(|body| body.first_chunk());
                    seen.process = number.map(|number| u32::from_be_bytes(*number));
                    Ok(())
                }
                backend::READY_FOR_QUERY if seen.step == Step::Authenticated => {
                    seen.step = Step::Session;
                    Ok(())
                }
                _ => Ok(()),
            }
        })
    }

    /// Records our own answers: which mechanism tokio-postgres chose, and that a secret was sent.
    fn say(&mut self, bytes: &[u8]) {
        let mut seen = self.shared.read();
        // A server may send request and acceptance together, so the step does not show whether we
        // answered.
        if seen.step < Step::Answer || bytes.first() != Some(&frontend::PASSWORD) {
            return;
        }
        if seen.step == Step::Answer && seen.method == Some(Method::ScramSha256) {
            // The first message of SCRAM contains only a nonce.
            let mechanism = bytes.get(1 + LENGTH_WORD..).unwrap_or_default();
            let mechanism = mechanism.split(|byte| *byte == 0).next();
            seen.bound |= mechanism == Some(SCRAM_PLUS);
        } else {
            seen.disclosed = Some(match seen.method {
                Some(Method::Password) => Disclosed::Password,
                Some(Method::Md5) => Disclosed::Md5Hash,
                Some(Method::ScramSha256 | Method::None | Method::Other) | None => {
                    Disclosed::ScramProof
                }
            });
        }
    }
}

/// `R`: judged by libpq's rules before it is answered.
fn request(seen: &mut Seen, rules: &Rules, body: &[u8]) -> Result<(), Refusal> {
    // The body begins with the length word, as in every message.
    let request = body.get(LENGTH_WORD..).and_then(AuthRequest::decode);
    let request = request.ok_or(Refusal::Invalid)?;
    if seen.method.is_none() {
        seen.method = Some(match request {
            AuthRequest::Ok => Method::None,
            AuthRequest::CleartextPassword => Method::Password,
            AuthRequest::Md5Password => Method::Md5,
            AuthRequest::Sasl(offered) if offered.scram || offered.scram_plus => {
                Method::ScramSha256
            }
            AuthRequest::Gss
            | AuthRequest::GssContinue
            | AuthRequest::Sspi
            | AuthRequest::Sasl(_)
            | AuthRequest::SaslContinue { .. }
            | AuthRequest::SaslFinal
            | AuthRequest::Unknown(_) => Method::Other,
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
        AuthRequest::Ok => Step::Authenticated,
        AuthRequest::SaslContinue { .. } => Step::Proof,
        AuthRequest::SaslFinal => Step::Verified,
        AuthRequest::CleartextPassword
        | AuthRequest::Md5Password
        | AuthRequest::Gss
        | AuthRequest::GssContinue
        | AuthRequest::Sspi
        | AuthRequest::Sasl(_)
        | AuthRequest::Unknown(_) => Step::Answer,
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
        // We end whether or not the closing message arrives.
        let _ = ready!(Pin::new(&mut this.inner).poll_shutdown(context));
        Poll::Ready(Err(io::Error::other("refused")))
    }
}

impl<S> Watched<S> {
    fn lost(&self, error: io::Error) -> io::Error {
        match handshake::Error::of_tls(&error) {
            // An alert about the client certificate can come this late.
            Some(tls_error) => self.shared.fail(Error::Handshake {
                error: tls_error,
                tls: Box::new(self.shared.tls()),
                judgement: None,
            }),
            None => {
                if connect::is_hang_up(&error) {
                    self.shared.read().closed = true;
                }
                error
            }
        }
    }
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
    /// Our own, because tokio-postgres-rustls knows fewer signature algorithms than libpq. Without a
    /// hash it continues unbound, but libpq gives up.
    fn channel_binding(&self) -> ChannelBinding {
        match &self.rules.end_point {
            Some(hash) => ChannelBinding::tls_server_end_point(hash.clone()),
            None => ChannelBinding::none(),
        }
    }
}
