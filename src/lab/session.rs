//! One connection: its start, TLS, and what the client did.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::server::{Accepted, Acceptor};
use rustls::{ServerConfig, ServerConnection};

use super::backend;
use super::deadline::{Deadline, IDLE, PATIENCE, Wire};
use super::hello;
use super::observation::{Channel, ClientCertificate, End, Observation, Opening, Tls};
use super::packet::{self, Packet};
use crate::wire::postgres::error::{self, Severity, sqlstate};
use crate::wire::postgres::startup::{NOT_GRANTED, SSL_GRANTED};
use crate::wire::tls::alert::Level;
use crate::wire::tls::{Alert, Suite, TlsVersion, record};

/// What an endpoint does.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) config: Arc<ServerConfig>,
    pub(super) manner: Manner,
    pub(super) after: After,
    pub(super) asks_for_certificate: bool,
}

/// How it treats its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// TLS for every client that asks, in either way.
    Permit,
    /// The same, with pauses.
    Slowly,
    /// The same, for clients that name the server.
    Named,
    /// TLS, with plain text before it.
    Inject,
    /// Only TLS from the first byte.
    DirectOnly,
    /// No TLS, with a proper refusal.
    Decline,
    /// No TLS, without an answer.
    HangUp,
    /// No TLS, with an error message.
    Complain,
    /// Nothing at all.
    Silent,
}

impl Manner {
    /// The time before every answer.
    const fn pause(self) -> Duration {
        match self {
            Self::Slowly => PAUSE,
            Self::Permit
            | Self::Named
            | Self::Inject
            | Self::DirectOnly
            | Self::Decline
            | Self::HangUp
            | Self::Complain
            | Self::Silent => Duration::ZERO,
        }
    }
}

/// What it does with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Sends an error message.
    Refuse,
    /// Accepts every login.
    LogIn,
}

/// Serves one connection to its end, and returns what happened; `None` for those of the lab itself.
pub(super) fn serve(stream: &TcpStream, service: &Service, connection: u64) -> Option<Observation> {
    let deadline = Deadline::after(PATIENCE);
    let wire = Wire {
        stream,
        deadline: &deadline,
        pause: service.manner.pause(),
        record: None,
    };
    let mut session = Session {
        wire,
        deadline: &deadline,
        service,
        seen: Observation::new(connection),
    };
    match session.run() {
        Ok(Some(end)) => session.seen.end = end,
        Ok(None) => return None,
        Err(error) => session.note(&error),
    }
    Some(session.seen)
}

struct Session<'a> {
    wire: Wire<'a>,
    deadline: &'a Deadline,
    service: &'a Service,
    seen: Observation,
}

impl Session<'_> {
    /// Runs up to the end; `None` for the lab's own connections.
    fn run(&mut self) -> io::Result<Option<End>> {
        for _ in 0..MAX_PACKETS {
            let packet = packet::read(&mut self.wire)?;
            let opening = match packet {
                Packet::Nothing => return Ok(Some(End::HungUp)),
                Packet::Barrier => {
                    self.wire.write_all(b".")?;
                    return Ok(None);
                }
                Packet::Tls => Opening::DirectTls,
                Packet::SslRequest => Opening::SslRequest,
                Packet::CancelRequest => Opening::CancelRequest,
                Packet::Startup(_) => Opening::Plaintext,
                Packet::GssencRequest => {
                    self.seen.gssenc_request = true;
                    Opening::Nothing
                }
                Packet::Nonsense => Opening::Nonsense,
            };
            if self.seen.opening == Opening::Nothing {
                self.seen.opening = opening;
            }
            if let Some(end) = self.answer(packet)? {
                return Ok(Some(end));
            }
        }
        Ok(Some(End::ByServer))
    }

    /// Answers one of the first packets; `None` if another one will follow.
    fn answer(&mut self, packet: Packet) -> io::Result<Option<End>> {
        match packet {
            _ if self.service.manner == Manner::Silent => self.stay_silent(packet).map(Some),
            Packet::GssencRequest => self.wire.write_all(&[NOT_GRANTED]).map(|()| None),
            Packet::SslRequest => self.ssl_request(),
            Packet::Tls => match self.service.manner {
                Manner::Permit | Manner::Slowly | Manner::Named | Manner::DirectOnly => {
                    self.tls(&[record::HANDSHAKE]).map(Some)
                }
                Manner::Inject
                | Manner::Decline
                | Manner::HangUp
                | Manner::Complain
                | Manner::Silent => Ok(Some(End::ByServer)),
            },
            Packet::Startup(startup) => match self.service.after {
                After::LogIn => {
                    let (wire, seen) = (&mut self.wire, &mut self.seen);
                    let channel = Channel::Plaintext;
                    backend::serve(wire, &startup, channel, self.deadline, seen).map(Some)
                }
                After::Refuse => self
                    .complain(sqlstate::PROTOCOL_VIOLATION, "only TLS is served here")
                    .map(Some),
            },
            Packet::Nothing | Packet::Barrier | Packet::CancelRequest => Ok(Some(End::ByServer)),
            Packet::Nonsense => self
                .complain(sqlstate::PROTOCOL_VIOLATION, "only TLS is served here")
                .map(Some),
        }
    }

    fn ssl_request(&mut self) -> io::Result<Option<End>> {
        match self.service.manner {
            Manner::Permit | Manner::Slowly | Manner::Named => {
                self.wire.write_all(&[SSL_GRANTED])?
            }
            // In one write, so that it arrives in one segment.
            Manner::Inject => self.wire.write_all(&INJECTION)?,
            Manner::Decline => return self.wire.write_all(&[NOT_GRANTED]).map(|()| None),
            Manner::DirectOnly | Manner::HangUp => return Ok(Some(End::ByServer)),
            Manner::Complain => {
                return self
                    .complain(
                        sqlstate::TOO_MANY_CONNECTIONS,
                        "sorry, too many clients already",
                    )
                    .map(Some);
            }
            Manner::Silent => return Ok(None),
        }
        self.tls(&[]).map(Some)
    }

    fn complain(&mut self, sqlstate: &str, message: &str) -> io::Result<End> {
        self.wire
            .write_all(&error::encode(Severity::Fatal, sqlstate, message))?;
        Ok(End::ByServer)
    }

    /// Reads everything and sends nothing.
    fn stay_silent(&mut self, packet: Packet) -> io::Result<End> {
        if let Packet::Startup(_) = packet {
            self.seen.startup = Some(Channel::Plaintext);
        }
        self.deadline.extend(IDLE);
        while self.wire.read(&mut [0; 512])? > 0 {}
        Ok(End::HungUp)
    }

    /// Does TLS. These bytes of it have already been read.
    fn tls(&mut self, already: &[u8]) -> io::Result<End> {
        let Some(accepted) = self.hello(already)? else {
            return Ok(End::HungUp);
        };
        if self.service.manner == Manner::Named && accepted.client_hello().server_name().is_none() {
            // RFC 6066 section 3.
            let alert = Alert::UNRECOGNIZED_NAME.encode(Level::Fatal, TlsVersion::V1_2);
            self.wire.write_all(&alert)?;
            self.seen.detail = Some("there was no server name".to_owned());
            return Ok(End::ByServer);
        }
        let connection = accepted.into_connection(Arc::clone(&self.service.config));
        let mut connection = match connection {
            Ok(connection) => connection,
            Err((error, mut alert)) => {
                alert.write_all(&mut self.wire)?;
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
        };
        while connection.is_handshaking() {
            let shaken = connection.complete_io(&mut self.wire);
            self.note_certificate(&connection);
            shaken?;
        }
        self.seen.tls = describe(&connection);
        let end = self.encrypted(&mut connection)?;
        connection.send_close_notify();
        // The client may have gone.
        let _ = connection.complete_io(&mut self.wire);
        Ok(end)
    }

    /// Reads the ClientHello; `None` if the client hangs up before its end.
    fn hello(&mut self, already: &[u8]) -> io::Result<Option<Accepted>> {
        self.wire.record = Some(already.to_vec());
        let mut acceptor = Acceptor::default();
        acceptor.read_tls(&mut { already })?;
        let accepted = loop {
            if acceptor.read_tls(&mut self.wire)? == 0 {
                return Ok(None);
            }
            match acceptor.accept() {
                Ok(None) => {}
                Ok(Some(accepted)) => break accepted,
                Err((error, mut alert)) => {
                    alert.write_all(&mut self.wire)?;
                    return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                }
            }
        };
        let records = self.wire.record.take().unwrap_or_default();
        self.seen.hello = Some(hello::describe(&accepted.client_hello(), &records));
        Ok(Some(accepted))
    }

    fn encrypted(&mut self, connection: &mut ServerConnection) -> io::Result<End> {
        let mut stream = rustls::Stream::new(connection, &mut self.wire);
        if self.service.after == After::Refuse {
            if stream.read(&mut [0; 1024])? > 0 {
                let message = "there is no database behind this endpoint";
                let refusal = error::encode(Severity::Fatal, sqlstate::CANNOT_CONNECT_NOW, message);
                stream.write_all(&refusal)?;
                return Ok(End::ByServer);
            }
            return Ok(End::Terminated);
        }
        match packet::read(&mut stream)? {
            Packet::Startup(startup) => {
                let (deadline, seen) = (self.deadline, &mut self.seen);
                backend::serve(&mut stream, &startup, Channel::Tls, deadline, seen)
            }
            // With a close_notify: without one it is an error.
            Packet::Nothing => Ok(End::Terminated),
            Packet::Barrier
            | Packet::Tls
            | Packet::SslRequest
            | Packet::GssencRequest
            | Packet::CancelRequest
            | Packet::Nonsense => Ok(End::ByServer),
        }
    }

    fn note_certificate(&mut self, connection: &ServerConnection) {
        if self.service.asks_for_certificate {
            self.seen.client_certificate = match connection.peer_certificates() {
                Some([_, ..]) => ClientCertificate::Sent,
                Some([]) | None => ClientCertificate::Missing,
            };
        }
    }

    /// Records why the conversation ended.
    fn note(&mut self, error: &io::Error) {
        use io::ErrorKind::{
            BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof, WouldBlock,
        };
        let tls = error.get_ref().and_then(|error| error.downcast_ref());
        (self.seen.end, self.seen.detail) = match (tls, error.kind()) {
            (Some(rustls::Error::AlertReceived(alert)), _) => {
                (End::Alert, Some(name((*alert).into())))
            }
            (Some(error), _) => (End::ByServer, Some(error.to_string())),
            (None, BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof) => {
                (End::HungUp, None)
            }
            (None, TimedOut | WouldBlock) => (End::Deadline, None),
            (None, _) => (End::ByServer, Some(error.to_string())),
        };
    }
}

fn describe(connection: &ServerConnection) -> Option<Tls> {
    let suite = connection.negotiated_cipher_suite()?.suite();
    let version = connection.protocol_version()?;
    Some(Tls {
        protocol: TlsVersion::of(version.into())?.name(),
        cipher: Suite::of(suite.into())?.iana.to_owned(),
    })
}

/// The alert as RFC 8446 section 6 writes it: `unknown_ca`.
fn name(alert: Alert) -> String {
    alert
        .name()
        .map_or_else(|| format!("alert {}", alert.0), str::to_owned)
}

/// The pause between everything that a slow endpoint sends.
const PAUSE: Duration = Duration::from_millis(500);

/// How many packets may come before TLS or the startup: GSSENCRequest, SSLRequest, and one again.
const MAX_PACKETS: usize = 4;

/// `S`, and an unencrypted AuthenticationOk.
const INJECTION: [u8; 10] = *b"SR\0\0\0\x08\0\0\0\0";

#[cfg(test)]
mod tests {
    use rustls::AlertDescription;

    use super::*;

    #[test]
    fn alerts_have_the_names_of_the_standard() {
        assert_eq!(name(AlertDescription::UnknownCA.into()), "unknown_ca");
        assert_eq!(
            name(AlertDescription::BadCertificate.into()),
            "bad_certificate"
        );
        assert_eq!(name(Alert(200)), "alert 200");
    }
}
