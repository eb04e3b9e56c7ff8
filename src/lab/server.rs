//! The server itself: one thread that accepts, one short-lived thread a connection.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::Issued;

/// A running endpoint; it stops when dropped.
#[derive(Debug)]
pub struct Endpoint {
    /// Where it listens: a free port on the loopback address.
    pub address: SocketAddr,
    stopping: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

/// Why an endpoint does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No port to listen on.
    #[error("could not listen on the loopback address")]
    Listen(#[source] io::Error),
    /// rustls does not take the certificate or the key.
    #[error("could not use the certificate")]
    Certificate(#[source] rustls::Error),
}

impl Endpoint {
    /// Starts an endpoint with this certificate on a free loopback port.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn start(issued: Issued) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::Certificate)?
            .with_no_client_auth()
            .with_single_cert(issued.chain, issued.key)
            .map_err(Error::Certificate)?;
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Self::listen(Arc::new(config)).map_err(Error::Listen)
    }

    fn listen(config: Arc<ServerConfig>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        // A fleet may come all at once; the standard library keeps few waiting.
        #[cfg(unix)]
        nix::sys::socket::listen(&listener, nix::sys::socket::Backlog::MAXALLOWABLE)?;
        let address = listener.local_addr()?;
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let acceptor = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Acquire) {
                    break;
                }
                let config = Arc::clone(&config);
                // A client that breaks off is the client's business.
                let _ = stream.map(|stream| std::thread::spawn(move || serve(stream, config)));
            }
        });
        Ok(Self {
            address,
            stopping,
            acceptor: Some(acceptor),
        })
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        // Wakes the acceptor, which then sees that it is to stop.
        if TcpStream::connect(self.address).is_ok()
            && let Some(acceptor) = self.acceptor.take()
        {
            let _ = acceptor.join();
        }
    }
}

fn serve(mut stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut first = [0; 1];
    if stream.peek(&mut first)? == 0 {
        return Ok(());
    }
    // A TLS record begins with 22; an SSLRequest with the zero of its length.
    if first != [22] {
        let mut request = [0; 8];
        stream.read_exact(&mut request)?;
        if request != SSL_REQUEST {
            return stream.write_all(&error_response("08P01", "only TLS is served here"));
        }
        stream.write_all(b"S")?;
    }
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut tls = StreamOwned::new(connection, stream);
    let mut startup = [0; 1024];
    if tls.read(&mut startup)? > 0 {
        tls.write_all(&error_response(
            "57P03",
            "there is no database behind this endpoint",
        ))?;
    }
    tls.conn.send_close_notify();
    tls.flush()
}

/// PostgreSQL documentation, "Error and Notice Message Fields".
fn error_response(sqlstate: &str, message: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C{sqlstate}\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap_or(u32::MAX);
    [b"E", &length.to_be_bytes()[..], fields.as_bytes()].concat()
}

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// How long a silent client is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
