//! A server that presents a certificate to every client and then refuses the login.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::{self, sign::any_supported_type};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::der::Key;

/// What a client reads after a handshake that it accepted.
pub(crate) const WELCOME: &str = "the handshake was welcome";

/// Serves `certificate` on a free loopback port for as long as the process lives.
pub(crate) fn serve(certificate: Vec<u8>, key: &Key) -> u16 {
    let key = any_supported_type(&PrivateKeyDer::Pkcs8(key.pkcs8())).unwrap();
    // Unlike `with_single_cert` this does not check the certificate.
    let certified = CertifiedKey::new(vec![CertificateDer::from(certificate)], key);
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Always(Arc::new(certified))));
    let config = Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // The client may hang up: only its verdict counts.
            let _ = answer(stream.unwrap(), &config);
        }
    });
    port
}

/// SSLRequest, S, handshake, startup packet, ErrorResponse (PostgreSQL documentation, "Message
/// Flow").
fn answer(mut stream: TcpStream, config: &Arc<ServerConfig>) -> io::Result<()> {
    stream.read_exact(&mut [0; 8])?;
    stream.write_all(b"S")?;
    let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let rest = u64::from(u32::from_be_bytes(length)).saturating_sub(4);
    io::copy(&mut (&mut stream).take(rest), &mut io::sink())?;
    let fields = format!("SFATAL\0VFATAL\0C28000\0M{WELCOME}\0\0");
    let length = u32::try_from(fields.len() + 4).map_err(io::Error::other)?;
    stream.write_all(&[b"E", &length.to_be_bytes()[..], fields.as_bytes()].concat())?;
    stream.conn.send_close_notify();
    stream.flush()
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
