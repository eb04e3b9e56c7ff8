//! Servers whose TLS layer, not PostgreSQL, handles the client's certificate, and servers that send
//! what PostgreSQL sends only under other settings.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion,
};

use crate::support::pki::Served;
use crate::support::port::Port;
use crate::support::postgres::wait_until;

/// Whether a server accepts clients without a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    Asks,
    Demands,
}

/// A server on rustls that answers every startup packet with these bytes and hangs up.
pub(crate) fn on_rustls(
    served: &Served,
    authority: &str,
    demand: Demand,
    version: &'static SupportedProtocolVersion,
    answer: &'static [u8],
) -> u16 {
    let config = config(served, authority, demand, version);
    listen(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        let mut tls = StreamOwned::new(connection, stream);
        let mut length = [0; 4];
        tls.read_exact(&mut length)?;
        let rest = u32::from_be_bytes(length).saturating_sub(4);
        io::copy(&mut (&mut tls).take(rest.into()), &mut io::sink())?;
        tls.write_all(answer)?;
        tls.conn.send_close_notify();
        tls.flush()?;
        finish(&tls.sock)
    })
}

pub(crate) fn config(
    served: &Served,
    authority: &str,
    demand: Demand,
    version: &'static SupportedProtocolVersion,
) -> Arc<ServerConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(der(authority).remove(0)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let verifier = match demand {
        Demand::Asks => verifier.allow_unauthenticated(),
        Demand::Demands => verifier,
    };
    let key = PrivateKeyDer::from_pem_slice(served.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(der(&served.chain), key)
        .unwrap();
    Arc::new(config)
}

/// OpenSSL's own server, which requires a certificate.
pub(crate) struct OnOpenssl {
    process: Child,
    _reserved: Port,
    _files: tempfile::TempDir,
    /// Where its SSLRequest is answered.
    pub(crate) port: u16,
}

impl OnOpenssl {
    pub(crate) fn start(served: &Served, authority: &str, version: &str) -> Self {
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join("crt"), &served.chain).unwrap();
        std::fs::write(files.path().join("key"), &served.key).unwrap();
        std::fs::write(files.path().join("ca"), authority).unwrap();
        let reserved = Port::reserve();
        let inner = reserved.number;
        let process = Command::new("openssl")
            .args([
                "s_server",
                "-quiet",
                "-Verify",
                "1",
                "-verify_return_error",
                version,
            ])
            .args(["-cert", "crt", "-key", "key", "-CAfile", "ca"])
            .args(["-accept", &inner.to_string()])
            .current_dir(files.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("openssl s_server", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, inner)).is_ok()
        });
        let port = listen(move |stream| {
            let server = TcpStream::connect((Ipv4Addr::LOCALHOST, inner))?;
            let (mut from, mut to) = (stream.try_clone()?, server.try_clone()?);
            let there = std::thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
            let _ = io::copy(&mut &server, &mut &stream);
            let _ = stream.shutdown(Shutdown::Write);
            let _ = there.join();
            Ok(())
        });
        Self {
            process,
            _reserved: reserved,
            _files: files,
            port,
        }
    }
}

impl Drop for OnOpenssl {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A FATAL ErrorResponse.
pub(crate) fn fatal(sqlstate: &str, message: &str) -> &'static [u8] {
    let fields = format!("SFATAL\0VFATAL\0C{sqlstate}\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap();
    let message = [b"E", &length.to_be_bytes()[..], fields.as_bytes()].concat();
    message.leak()
}

/// Answers every SSLRequest with S and serves what follows, for as long as the process lives.
fn listen(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                // The client may hang up.
                let _ = stream
                    .read_exact(&mut [0; 8])
                    .and_then(|()| stream.write_all(b"S"))
                    .and_then(|()| serve(stream));
            });
        }
    });
    port
}

/// Hangs up without a reset.
fn finish(mut stream: &TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    io::copy(&mut stream, &mut io::sink()).map(|_| ())
}

fn der(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .unwrap()
}
