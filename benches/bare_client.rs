//! The minimum cost of a check: an SSLRequest and a handshake with rustls, and nothing else.
//!
//! `bare-client PORT ROOT` connects to `127.0.0.1`, asks for TLS and verifies the name `localhost`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use anyhow::Context as _;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().context("name a port")?.parse()?;
    let root = arguments.next().context("name a root certificate")?;

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(root)?)?;
    // PostgreSQL's own choice of a group, so it needs no HelloRetryRequest.
    let provider = rustls::crypto::CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::SECP256R1],
        ..aws_lc_rs::default_provider()
    };
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost")?;
    let mut session = rustls::ClientConnection::new(Arc::new(config), name)?;

    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.write_all(&SSL_REQUEST)?;
    let mut answer = [0];
    socket.read_exact(&mut answer)?;
    anyhow::ensure!(answer == *b"S", "the server takes no TLS");
    while session.is_handshaking() {
        session.complete_io(&mut socket)?;
    }
    session.send_close_notify();
    session.complete_io(&mut socket)?;
    Ok(())
}
