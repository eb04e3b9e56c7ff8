//! A server that refuses and closes before the client writes again.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use pgtls::conninfo::{SslNegotiation, TlsVersion};
use pgtls::handshake::{Alpn, Approve, Error, Offer, Refusal, ServerKeys, shake_hands};
use pgtls::negotiate::negotiate;
use rustls::pki_types::CertificateDer;
use rustls::{ServerConfig, ServerConnection};
use tokio::time::Instant;

use super::identities;
use super::peers::{Demand, config};
use crate::support::skip::has_openssl;

/// The alert is in our socket's buffer, and the connection has been reset after it.
#[test]
fn an_alert_is_read_after_the_connection_was_reset() {
    if !has_openssl() {
        return;
    }
    let (_, served) = identities::server();
    let authority = identities::authority();
    let version = &rustls::version::TLS13;
    let config = config(&served, &authority, Demand::Demands, version);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || refuse_and_reset(&listener, config));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let error = runtime.block_on(write_to_the_reset(address, server));
    assert!(
        matches!(&error, Err(Error::Alert(alert)) if alert.name() == Some("certificate_required")),
        "{error:?}"
    );
}

async fn write_to_the_reset(
    address: std::net::SocketAddr,
    server: JoinHandle<()>,
) -> Result<(), Error> {
    let deadline = Instant::now() + Duration::from_secs(60);
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let ready = negotiate(stream, SslNegotiation::Postgres, deadline).await;
    let offer = Offer {
        server_name: None,
        min_version: TlsVersion::V1_3,
        max_version: TlsVersion::V1_3,
        negotiation: SslNegotiation::Postgres,
        identity: None,
        keys: ServerKeys::Any,
        alpn: Alpn::Named,
        groups: Default::default(),
        limits: Default::default(),
    };
    let session = shake_hands(ready.unwrap(), &offer, Arc::new(Credulous), deadline).await;
    let mut session = session.unwrap();
    server.join().unwrap();
    // The reset may arrive a moment after the server is done: until then writing succeeds.
    loop {
        session.send(b"startup packet", deadline).await?;
    }
}

/// Hangs up with a reset, like servers that leave data unread, and some load balancers.
fn refuse_and_reset(listener: &TcpListener, config: Arc<ServerConfig>) {
    let (mut stream, _) = listener.accept().unwrap();
    stream.read_exact(&mut [0; 8]).unwrap();
    stream.write_all(b"S").unwrap();
    let mut connection = ServerConnection::new(config).unwrap();
    while step(&mut connection, &mut stream) {}
    // The standard library has no stable function for it.
    stream.set_nonblocking(true).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _guard = runtime.enter();
    let stream = tokio::net::TcpStream::from_std(stream).unwrap();
    stream.set_zero_linger().unwrap();
}

/// `false` after the client has been refused.
fn step(connection: &mut ServerConnection, stream: &mut TcpStream) -> bool {
    while connection.wants_write() {
        connection.write_tls(stream).unwrap();
    }
    connection.read_tls(stream).unwrap();
    let refused = connection.process_new_packets().is_err();
    while connection.wants_write() {
        connection.write_tls(stream).unwrap();
    }
    !refused
}

#[derive(Debug)]
struct Credulous;

impl Approve for Credulous {
    fn approve(&self, _: &[CertificateDer<'_>]) -> Result<(), Refusal> {
        Ok(())
    }
}
