//! A good endpoint on loopback, and strings for it.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pgtls::lab::{Authority, Endpoint};
use time::OffsetDateTime;

use super::client::{Client, Run};

/// An endpoint with a certificate for `localhost` that is valid for 90 days, and its client.
pub(crate) struct Lab {
    pub(crate) endpoint: Endpoint,
    pub(crate) authority: Authority,
    /// The certificate, in DER.
    pub(crate) leaf: Vec<u8>,
    pub(crate) client: Client,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let now = OffsetDateTime::now_utc();
        let authority = Authority::new("lab CA", now).unwrap();
        let issued = authority.issue(&["localhost"], now).unwrap();
        let client = Client::new();
        client.write("root.crt", &authority.root_pem);
        Self {
            leaf: issued.chain[0].to_vec(),
            endpoint: Endpoint::start(issued).unwrap(),
            authority,
            client,
        }
    }

    /// A string that passes.
    pub(crate) fn good(&self) -> String {
        at(self.endpoint.address.port())
    }

    /// A string whose host the certificate does not name: exit code 7.
    pub(crate) fn wrong_host(&self) -> String {
        self.good().replace("host=localhost", "host=other.example")
    }

    pub(crate) fn check(&self, arguments: &[&str]) -> Run {
        self.client.pgtls(&[&["check"], arguments].concat())
    }
}

/// A string for this port on loopback.
pub(crate) fn at(port: u16) -> String {
    format!(
        "host=localhost hostaddr=127.0.0.1 port={port} sslmode=verify-full sslrootcert=root.crt"
    )
}

/// Lets no connection through until it is opened.
pub(crate) struct Gate {
    pub(crate) port: u16,
    open: Arc<AtomicBool>,
}

impl Gate {
    /// While it is shut, it hangs up on every connection.
    pub(crate) fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let open = Arc::new(AtomicBool::new(false));
        let is_open = Arc::clone(&open);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                if is_open.load(Ordering::Acquire) {
                    let server = TcpStream::connect(target).unwrap();
                    copy(&client, &server);
                    copy(&server, &client);
                }
            }
        });
        Self { port, open }
    }

    pub(crate) fn open(&self) {
        self.open.store(true, Ordering::Release);
    }
}

fn copy(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    std::thread::spawn(move || {
        // Either side may hang up at any time.
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}
