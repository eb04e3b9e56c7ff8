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
use super::startup::Startup;
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
    startup: Startup,
    sending: Sending,
    frames: Frames,
    state: State,
}

/// What tokio-postgres sends next.
enum Sending {
    /// Its startup packet.
    Startup,
    /// Nothing, until the rest of the packet that takes the place of its own is sent.
    Rest(Vec<u8>),
    /// Messages.
    Messages,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// We are ending the login. TLS is closed properly, so that the server does not log a broken
    /// connection.
    Leaving,
}

impl<S> Watched<S> {
    pub(super) fn new(inner: S, shared: Shared, rules: Rules, startup: Startup) -> Self {
        Self {
            inner,
            shared,
            rules,
            startup,
            sending: Sending::Startup,
            frames: Frames::default(),
            state: State::Open,
        }
    }

    /// Records what the server sends, and returns what of it tokio-postgres may read: it knows no answer about the
    /// protocol, and no key of another length than that of protocol 3.0, which it does not need.
    fn hear(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
        let (shared, rules, startup) = (&self.shared, &self.rules, &mut self.startup);
        let mut passed = Vec::new();
        let pass = |kind: u8, piece: &[u8]| match kind {
            backend::NEGOTIATE_PROTOCOL_VERSION | backend::BACKEND_KEY_DATA => {}
            _ => passed.extend_from_slice(piece),
        };
        self.frames.split(bytes, pass, |kind, body| {
            let mut seen = shared.read();
            match kind {
                backend::NEGOTIATE_PROTOCOL_VERSION if seen.step < Step::Authenticated => {
                    startup.negotiate(body)
                }
                backend::NEGOTIATE_PROTOCOL_VERSION => Err(Refusal::BadNegotiation),
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
        })?;
        Ok(passed)
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
        while this.state == State::Open {
            let before = buffer.filled().len();
            if let Err(error) = ready!(Pin::new(&mut this.inner).poll_read(context, buffer)) {
                return Poll::Ready(Err(this.lost(error)));
            }
            let new = buffer.filled().get(before..).unwrap_or_default();
            if new.is_empty() {
                this.shared.read().closed = true;
                return Poll::Ready(Ok(()));
            }
            let heard = this.hear(new);
            buffer.set_filled(before);
            match heard {
                // No bytes would mean the end of the stream.
                Ok(passed) if passed.is_empty() => {}
                Ok(passed) => {
                    buffer.put_slice(&passed);
                    return Poll::Ready(Ok(()));
                }
                Err(refusal) => {
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
        if let Sending::Startup = this.sending {
            let packet = this.startup.packet(bytes);
            this.sending = Sending::Rest(
                packet.ok_or_else(|| io::Error::other("this is not a startup packet"))?,
            );
        }
        if let Sending::Rest(rest) = &mut this.sending {
            while !rest.is_empty() {
                let sent = ready!(Pin::new(&mut this.inner).poll_write(context, rest))?;
                if sent == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                *rest = rest.split_off(sent.min(rest.len()));
            }
            this.sending = Sending::Messages;
            return Poll::Ready(Ok(bytes.len()));
        }
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
