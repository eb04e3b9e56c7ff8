//! Servers with faults.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use pgtls::lab::{Endpoint, Issued};
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{Acceptor, WebPkiClientVerifier};
use rustls::{ConfigBuilder, RootCertStore, ServerConfig, ServerConnection, WantsVerifier};

use crate::support::peer::{Conversation, Peer};
use crate::support::pki::{Ca, Served};

/// A good server with this certificate.
pub(crate) fn serving(served: &Served) -> Endpoint {
    Endpoint::start(Issued {
        chain: chain(served),
        key: key(served),
    })
    .unwrap()
}

/// Answers the SSLRequest with these bytes, and hangs up.
pub(crate) fn answering(answer: &'static [u8]) -> Peer {
    Peer::start(move |peer| {
        peer.request()?;
        peer.say(answer)
    })
}

/// Ends TLS itself, and hangs up on an SSLRequest.
pub(crate) fn front_end(served: &Served) -> Peer {
    let mut config = plain(served);
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    let config = Arc::new(config);
    Peer::start(move |peer| {
        let mut first = [0];
        peer.read_exact(&mut first)?;
        if first == [22] {
            speak(&first[..], peer, &config)
        } else {
            Ok(())
        }
    })
}

/// Ends TLS itself, for the web.
pub(crate) fn web_front_end() -> Peer {
    Peer::start(|peer| {
        let mut first = [0];
        peer.read_exact(&mut first)?;
        if first == [22] {
            peer.say(&NO_APPLICATION_PROTOCOL)?;
            peer.listen()?;
        }
        Ok(())
    })
}

/// Speaks TLS only after an SSLRequest, and takes a ClientHello for a broken startup packet.
pub(crate) fn older(served: &Served) -> Peer {
    let config = Arc::new(plain(served));
    Peer::start(move |peer| {
        let mut first = [0; 8];
        peer.read_exact(&mut first)?;
        if first[0] == 22 {
            return Ok(());
        }
        peer.say(b"S")?;
        speak(&[], peer, &config)
    })
}

/// Accepts only this group.
pub(crate) fn only(group: &'static dyn SupportedKxGroup, served: &Served) -> Peer {
    let provider = CryptoProvider {
        kx_groups: vec![group],
        ..aws_lc_rs::default_provider()
    };
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain(served), key(served))
        .unwrap();
    let config = Arc::new(config);
    Peer::start(move |peer| {
        peer.request()?;
        peer.say(b"S")?;
        speak(&[], peer, &config)
    })
}

/// Which client certificates a server accepts.
#[derive(Clone, Copy)]
pub(crate) enum Wants {
    /// Only those of its authority.
    One,
    /// None, or one from its authority.
    OneOrNone,
}

/// Asks its clients for a certificate from this authority.
pub(crate) fn demanding(served: &Served, authority: &Ca, wants: Wants) -> Peer {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap();
    roots.add(root).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
    let verifier = match wants {
        Wants::One => verifier,
        Wants::OneOrNone => verifier.allow_unauthenticated(),
    };
    let verifier = verifier.build().unwrap();
    let config = builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain(served), key(served))
        .unwrap();
    let config = Arc::new(config);
    Peer::start(move |peer| {
        peer.request()?;
        peer.say(b"S")?;
        speak(&[], peer, &config)
    })
}

/// Selects its server by the SNI, and knows only one name.
pub(crate) fn router(served: &Served, name: &'static str) -> Peer {
    let config = Arc::new(plain(served));
    Peer::start(move |peer| {
        peer.request()?;
        peer.say(b"S")?;
        let mut acceptor = Acceptor::default();
        let accepted = loop {
            acceptor.read_tls(peer)?;
            if let Some(accepted) = acceptor.accept().map_err(|_| io::ErrorKind::InvalidData)? {
                break accepted;
            }
        };
        if accepted.client_hello().server_name() != Some(name) {
            return peer.say(&UNRECOGNIZED_NAME);
        }
        let connection = accepted
            .into_connection(Arc::clone(&config))
            .map_err(|_| io::ErrorKind::InvalidData)?;
        converse(connection, peer)
    })
}

/// Continues after the bytes that have already been read.
fn speak(already: &[u8], peer: &mut Conversation, config: &Arc<ServerConfig>) -> io::Result<()> {
    let mut connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    connection.read_tls(&mut &already[..])?;
    converse(connection, peer)
}

fn converse(mut connection: ServerConnection, peer: &mut Conversation) -> io::Result<()> {
    while connection.is_handshaking() {
        connection.complete_io(peer)?;
    }
    // AuthenticationOk: a server that asks for a client certificate gets a startup packet.
    connection.writer().write_all(b"R\0\0\0\x08\0\0\0\0")?;
    connection.complete_io(peer)?;
    peer.listen()
}

fn plain(served: &Served) -> ServerConfig {
    builder()
        .with_no_client_auth()
        .with_single_cert(chain(served), key(served))
        .unwrap()
}

fn builder() -> ConfigBuilder<ServerConfig, WantsVerifier> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
}

fn chain(served: &Served) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(served.chain.as_bytes())
        .collect::<Result<_, _>>()
        .unwrap()
}

fn key(served: &Served) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(served.key.as_bytes()).unwrap()
}

/// A fatal alert (RFC 7301 section 3.2).
const NO_APPLICATION_PROTOCOL: [u8; 7] = [21, 3, 3, 0, 2, 2, 120];

/// A fatal alert (RFC 6066 section 3).
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];
