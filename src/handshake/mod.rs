//! Turns a ready socket into a TLS session. We drive rustls ourselves.
//!
//! A wrapper would drop the connection on failure, but the version, suite and group of a *refused*
//! handshake belong in the report.

mod client_certificate;
mod drive;
mod error;
mod offer;
mod secp521r1;
mod server_hello;
mod server_name;
mod verifier;

use std::io;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, HandshakeKind};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::conninfo::SslNegotiation;
use crate::negotiate::Ready;
use crate::wire::tls::{ALPN, Group, Suite, TlsVersion};
use crate::x509::Name;

use client_certificate::ClientCertificateWitness;
use drive::{MAX_HANDSHAKE, MAX_READS, drive, flush, read_records};
use offer::client_config;

pub use crate::wire::tls::Alpn;
pub use client_certificate::ClientCertificateRequest;
pub(crate) use drive::LIGHT;
pub use error::Error;
pub use offer::{Groups, Limits, Offer, ServerKeys};
pub(crate) use offer::{supports_group, supports_scheme_of_tls12, supports_suite};
pub(crate) use server_hello::ServerHelloCheck;
pub use server_name::ServerNameFault;
pub(crate) use server_name::Sni;
pub use verifier::{Approve, Refusal};

/// What was negotiated, as far as the handshake got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The version the server chose.
    pub protocol: Option<TlsVersion>,
    /// The cipher suite the server chose.
    pub cipher: Option<Suite>,
    /// The key exchange group.
    pub group: Option<Group>,
    /// The application protocol that the server chose; untrusted bytes.
    pub alpn: Option<Vec<u8>>,
    /// The server name that was sent.
    pub sni: Option<String>,
    /// Did the server ask for another key share, which costs a round trip?
    pub hello_retry_request: bool,
    /// Did the server ask for a client certificate, and what did we do?
    pub client_certificate: ClientCertificateRequest,
    /// The authorities that its request named, as DER of their names: the first few hundred.
    pub client_certificate_authorities: Vec<Vec<u8>>,
}

impl Tls {
    /// The authorities that the server's request named; `None` if it named none, or too many, or one of them is
    /// not a name.
    pub fn authorities(&self) -> Option<Vec<Name>> {
        let named = &self.client_certificate_authorities;
        if named.is_empty() || named.len() >= client_certificate::MAX_AUTHORITIES {
            return None;
        }
        named.iter().map(|der| Name::parse(der)).collect()
    }
}

/// A finished handshake with an approved server.
#[derive(Debug)]
pub struct Session {
    /// What was negotiated.
    pub tls: Tls,
    connection: ClientConnection,
    stream: TcpStream,
}

/// A handshake that did not finish, and what was known by then.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub error: Error,
    /// What had been negotiated.
    pub tls: Tls,
}

/// Performs the handshake. `approve` is called inside it, so that a refused server gets the
/// matching alert, and from us nothing else but the ClientHello.
pub async fn shake_hands(
    ready: Ready,
    offer: &Offer<'_>,
    approve: Arc<dyn Approve>,
    deadline: Instant,
) -> Result<Session, Failure> {
    let (mut stream, negotiation) = ready.into_parts();
    let mut tls = Tls::default();
    let weight = approve.weight();
    let setup = client_config(offer, approve).map_err(|error| Failure {
        error,
        tls: tls.clone(),
    })?;
    tls.sni = offer
        .server_name
        .map(|name| String::from_utf8_lossy(name).into_owned());
    let connection = ClientConnection::new(Arc::new(setup.config), setup.sni.for_rustls())
        .map_err(|error| Failure {
            error: error.into(),
            tls: tls.clone(),
        })?;

    let mut slot = Some(connection);
    let mut received = 0;
    let shaking = drive(&mut slot, &mut stream, &setup.sni, weight, &mut received);
    let result = timeout_at(deadline, shaking).await;
    let result = result.unwrap_or(Err(Error::Timeout {
        received: Some(received),
    }));
    let Some(connection) = slot else {
        // The certificates are still being judged elsewhere.
        let error = Error::StillJudging;
        return Err(Failure { error, tls });
    };
    describe(&connection, &setup.client_certificate, &mut tls);
    match result.and_then(|()| check_alpn(&tls, negotiation, offer.alpn)) {
        Ok(()) => Ok(Session {
            tls,
            connection,
            stream,
        }),
        Err(error) => {
            if matches!(error, Error::Refused(_)) {
                // rustls selects our certificate on request, but the handshake ended before it was
                // sent.
                tls.client_certificate = tls.client_certificate.withheld();
            }
            Err(Failure { error, tls })
        }
    }
}

/// The same offer and approval, for code that drives rustls itself.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The configuration for rustls.
    pub(crate) config: ClientConfig,
    /// The name to pass on; an address if no name must be sent.
    pub(crate) server_name: String,
    /// What must become of it on the wire.
    pub(crate) sni: Sni,
    client_certificate: Arc<ClientCertificateWitness>,
}

/// What [`shake_hands`] would use itself.
pub(crate) fn settings(offer: &Offer<'_>, approve: Arc<dyn Approve>) -> Result<Settings, Error> {
    let setup = client_config(offer, approve)?;
    Ok(Settings {
        config: setup.config,
        server_name: setup.sni.for_rustls().to_str().into_owned(),
        sni: setup.sni,
        client_certificate: setup.client_certificate,
    })
}

impl Settings {
    /// Whether the server asks for a client certificate, and what it gets. Call it after the
    /// handshake.
    pub(crate) fn client_certificate(
        &self,
    ) -> impl Fn() -> ClientCertificateRequest + Send + use<> {
        let witness = Arc::clone(&self.client_certificate);
        move || witness.seen().answer
    }
}

impl Session {
    /// The certificates that the server presented, leaf first.
    pub fn presented(&self) -> &[CertificateDer<'static>] {
        self.connection.peer_certificates().unwrap_or_default()
    }

    /// How many TLS 1.3 tickets have arrived so far. Each could resume the session.
    pub fn tickets(&self) -> u32 {
        self.connection.tls13_tickets_received()
    }

    /// Sends application data.
    ///
    /// # Errors
    /// What the server sent last, if it has closed: a TLS 1.3 server that refuses our certificate
    /// sends an alert and hangs up, sometimes before we get here.
    pub async fn send(&mut self, data: &[u8], deadline: Instant) -> Result<(), Error> {
        io::Write::write_all(&mut self.connection.writer(), data).map_err(Error::Io)?;
        let sent = timeout_at(deadline, flush(&mut self.connection, &mut self.stream))
            .await
            .map_err(|_| Error::Timeout { received: None })?;
        match sent {
            Ok(()) => Ok(()),
            Err(error) => Err(self.last_word(deadline).await.unwrap_or(error)),
        }
    }

    async fn last_word(&mut self, deadline: Instant) -> Option<Error> {
        let reading = read_records(&mut self.connection, &mut self.stream, |_| Ok(()));
        match timeout_at(deadline, reading).await {
            Ok(Err(error @ Error::Alert(_))) => Some(error),
            Ok(Ok(_) | Err(_)) | Err(_) => None,
        }
    }

    /// Receives some application data into `buffer`; 0 bytes mean that the server closed.
    ///
    /// This is where a TLS 1.3 server's refusal of the client certificate arrives: as an alert.
    pub async fn receive(&mut self, buffer: &mut [u8], deadline: Instant) -> Result<usize, Error> {
        timeout_at(deadline, self.receive_some(buffer))
            .await
            .map_err(|_| Error::Timeout { received: None })?
    }

    async fn receive_some(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut received = 0;
        for _ in 0..MAX_READS {
            if received > MAX_HANDSHAKE {
                break;
            }
            match io::Read::read(&mut self.connection.reader(), buffer) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(Error::from_io(error)),
            }
            match read_records(&mut self.connection, &mut self.stream, |_| Ok(())).await? {
                0 => return Ok(0),
                count => received += count,
            }
        }
        Err(Error::TooMuch)
    }

    /// Sends close_notify, so that the server does not log a broken connection.
    pub async fn close(mut self, deadline: Instant) {
        self.connection.send_close_notify();
        let goodbye = async {
            // The verdict is the same. A server that has already gone needs no close_notify.
            let _ = flush(&mut self.connection, &mut self.stream).await;
            let _ = self.stream.shutdown().await;
        };
        let _ = timeout_at(deadline, goodbye).await;
    }
}

fn describe(
    connection: &ClientConnection,
    client_certificate: &ClientCertificateWitness,
    tls: &mut Tls,
) {
    tls.protocol = connection
        .protocol_version()
        .and_then(|version| TlsVersion::of(version.into()));
    tls.cipher = connection
        .negotiated_cipher_suite()
        .and_then(|suite| Suite::of(suite.suite().into()));
    tls.group = connection
        .negotiated_key_exchange_group()
        .and_then(|group| Group::of(group.name().into()));
    tls.alpn = connection.alpn_protocol().map(<[u8]>::to_vec);
    tls.hello_retry_request =
        connection.handshake_kind() == Some(HandshakeKind::FullWithHelloRetryRequest);
    let request = client_certificate.seen();
    tls.client_certificate = request.answer;
    tls.client_certificate_authorities = request.authorities;
}

/// Direct TLS is safe only if the server confirms that it speaks PostgreSQL (PostgreSQL
/// documentation, "SSL Session Encryption": ALPN must be used, to avoid protocol-confusion
/// attacks).
fn check_alpn(tls: &Tls, negotiation: SslNegotiation, alpn: Alpn) -> Result<(), Error> {
    match (negotiation, alpn) {
        (SslNegotiation::Direct, Alpn::Named) if tls.alpn.as_deref() != Some(ALPN) => {
            Err(Error::NoAlpn)
        }
        (SslNegotiation::Direct | SslNegotiation::Postgres, Alpn::Named | Alpn::Omitted) => Ok(()),
    }
}
