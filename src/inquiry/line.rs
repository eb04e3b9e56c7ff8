//! One connection at a time to one address, each with its own deadline within the total.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::{Offer, Unknown};
use crate::connect;
use crate::conninfo::{Endpoint, SslNegotiation};
use crate::negotiate::{self, Ready, negotiate};
use crate::wire::tls::alert::Level;
use crate::wire::tls::reply::{self, Chosen, MAX_REPLY, Step, Want};
use crate::wire::tls::{Alert, ClientHello, TlsVersion};

/// The address to ask, and the time limits.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// The endpoint, with the address that the check has found: all answers come from one server.
    pub(crate) endpoint: Endpoint,
    /// How TLS begins there.
    pub(crate) negotiation: SslNegotiation,
    /// The SNI that libpq would send.
    pub(crate) server_name: Option<Vec<u8>>,
    /// Time for one connection.
    pub(crate) patience: Duration,
    /// The end of everything.
    pub(crate) deadline: Instant,
}

/// How a server reacts to an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// It has chosen.
    Chosen(Chosen),
    /// It refuses.
    Refused(Alert),
}

impl Line {
    /// Makes an offer, reads what the server chooses, and hangs up. If the server closes without an
    /// answer or with its own error, we try once more: it may have been busy.
    pub(crate) async fn ask(&self, offer: Offer<'_>, want: Want) -> Result<Reply, Unknown> {
        match self.ask_once(offer, want).await {
            Err(Unknown::Closed | Unknown::Connect(_))
            | Ok(Reply::Refused(Alert::INTERNAL_ERROR)) => self.ask_once(offer, want).await,
            answer => answer,
        }
    }

    async fn ask_once(&self, offer: Offer<'_>, want: Want) -> Result<Reply, Unknown> {
        let until = self.until()?;
        let ready = self.ready(self.negotiation, until).await?;
        exchange(ready, &self.hello(offer), want, offer.version, until).await
    }

    /// The ClientHello of an offer.
    pub(super) fn hello(&self, offer: Offer<'_>) -> Vec<u8> {
        let hello = ClientHello {
            version: offer.version,
            suites: offer.suites,
            groups: offer.groups,
            server_name: self.server_name.as_deref(),
            random: NO_SECRET,
        };
        hello.encode()
    }

    /// The deadline of a connection that begins now.
    pub(crate) fn until(&self) -> Result<Instant, Unknown> {
        let now = Instant::now();
        if now >= self.deadline {
            return Err(Unknown::OutOfTime);
        }
        Ok(self.deadline.min(now + self.patience))
    }

    /// A socket, connected.
    pub(crate) async fn connect(&self, until: Instant) -> Result<TcpStream, Unknown> {
        let error = match connect::connect(&self.endpoint, until).await {
            Ok(connected) => return Ok(connected.stream),
            Err(error) => error,
        };
        // There is only one address, so the first attempt is the only one.
        let told = match &error {
            connect::Error::Timeout { .. } => return Err(Unknown::Timeout),
            connect::Error::Refused { attempts } => attempts.first(),
            connect::Error::UnixSocket { .. } | connect::Error::Resolve { .. } => None,
        };
        let told = told.map_or_else(|| error.to_string(), |attempt| attempt.error.to_string());
        Err(Unknown::Connect(told))
    }

    /// A socket on which TLS may start.
    pub(crate) async fn ready(
        &self,
        negotiation: SslNegotiation,
        until: Instant,
    ) -> Result<Ready, Unknown> {
        let stream = self.connect(until).await?;
        let ready = negotiate(stream, negotiation, until).await;
        ready.map_err(|error| match error {
            negotiate::Error::Closed => Unknown::Closed,
            negotiate::Error::Timeout => Unknown::Timeout,
            negotiate::Error::NoTls
            | negotiate::Error::ServerError(_)
            | negotiate::Error::NotPostgres { .. }
            | negotiate::Error::PlaintextInjection { .. }
            | negotiate::Error::Io(_) => Unknown::Negotiate(error.to_string()),
        })
    }
}

/// Sends a ClientHello, reads what the server chooses, and hangs up.
pub(super) async fn exchange(
    ready: Ready,
    hello: &[u8],
    want: Want,
    version: TlsVersion,
    until: Instant,
) -> Result<Reply, Unknown> {
    let (mut stream, _) = ready.into_parts();
    write(&mut stream, hello, until).await?;
    let mut answer = Vec::new();
    let reply = loop {
        if read(&mut stream, &mut answer, until).await? == 0 {
            return Err(Unknown::Closed);
        }
        match reply::read(&answer, want) {
            Step::More if answer.len() < MAX_REPLY => {}
            Step::More | Step::Malformed => return Err(Unknown::NotTls),
            Step::Alert(alert) => break Reply::Refused(alert),
            Step::Chosen(chosen) => break Reply::Chosen(chosen),
        }
    };
    // The warning `close_notify` (RFC 5246 section 7.2), in clear, in a record of the chosen version, tells the server not to
    // wait for the rest: PostgreSQL then logs "EOF detected" and not a protocol violation. If it has already gone, that does
    // not matter.
    let goodbye = Alert::CLOSE_NOTIFY.encode(Level::Warning, version);
    let _ = write(&mut stream, &goodbye, until).await;
    Ok(reply)
}

/// Reads what has arrived; 0 bytes mean that the server has closed.
pub(crate) async fn read(
    stream: &mut TcpStream,
    into: &mut Vec<u8>,
    until: Instant,
) -> Result<usize, Unknown> {
    let mut buffer = [0; 4096];
    let count = timeout_at(until, stream.read(&mut buffer))
        .await
        .map_err(|_| Unknown::Timeout)?
        .map_err(|error| lost(&error))?;
    into.extend_from_slice(buffer.get(..count).unwrap_or_default());
    Ok(count)
}

/// Writes all of it.
pub(crate) async fn write(
    stream: &mut TcpStream,
    bytes: &[u8],
    until: Instant,
) -> Result<(), Unknown> {
    timeout_at(until, stream.write_all(bytes))
        .await
        .map_err(|_| Unknown::Timeout)?
        .map_err(|error| lost(&error))
}

fn lost(error: &io::Error) -> Unknown {
    if connect::is_hang_up(error) {
        Unknown::Closed
    } else {
        Unknown::Connect(error.to_string())
    }
}

/// Nothing is ever derived from it.
const NO_SECRET: [u8; 32] = *b"pgtls audit: a hello, no session";
