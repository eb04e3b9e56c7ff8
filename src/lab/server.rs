//! The server itself: one thread that accepts, and one short-lived thread per connection.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;

use super::Issued;
use super::observation::Observation;
use super::packet::BARRIER;
use super::session::{self, After, Manner, Service};
use crate::os;
use crate::wire::postgres::startup::request;
use crate::wire::tls::ALPN;

/// A running endpoint. It stops when dropped.
#[derive(Debug)]
pub struct Endpoint {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// Called for every connection when it has ended, in that connection's thread.
pub(super) type Observer = Box<dyn Fn(Observation) + Send + Sync>;

/// Why an endpoint does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No port to listen on.
    #[error("could not listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// rustls does not accept the certificate or the key.
    #[error("could not use the certificate")]
    Certificate(#[source] rustls::Error),
}

impl Endpoint {
    /// Starts a good endpoint with this certificate on a free loopback port. It ends every session
    /// with an error message.
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
        postgres_like(&mut config);
        let service = Service {
            config: Arc::new(config),
            manner: Manner::Permit,
            after: After::Refuse,
            asks_for_certificate: false,
        };
        let anywhere = (IpAddr::from(Ipv4Addr::LOCALHOST), 0).into();
        Self::serve(service, anywhere, Box::new(drop))
    }

    pub(super) fn serve(
        service: Service,
        address: SocketAddr,
        observer: Observer,
    ) -> Result<Self, Error> {
        let failed = |error| Error::Listen(address, error);
        let listener = TcpListener::bind(address).map_err(failed)?;
        // Many clients may connect at once.
        os::lengthen_queue(&listener).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(Shared {
            service,
            observer,
            stopping: AtomicBool::new(false),
            open: Mutex::default(),
            closed: Condvar::new(),
        });
        let acceptor = std::thread::Builder::new()
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.accept(&listener)
            })
            .map_err(failed)?;
        Ok(Self {
            address,
            shared,
            acceptor: Some(acceptor),
        })
    }

    /// Waits until every connection that came before this call has ended and been observed. It hangs
    /// up on those that are still open after `patience`.
    pub(super) fn settle(&self, patience: Duration) {
        // Whether it was answered or hung up on, it has been accepted, and so have all connections
        // before it.
        let _ = self.pass_barrier(UNDISTURBED);
        let open = self.shared.lock();
        let (open, _) = self
            .shared
            .closed
            .wait_timeout_while(open, patience, |open| !open.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        hang_up(&open);
        // Connections that we hang up on end by themselves. We wait for them, so that all are
        // observed.
        let ended = self
            .shared
            .closed
            .wait_timeout_while(open, UNDISTURBED, |open| !open.is_empty());
        drop(ended);
    }

    fn pass_barrier(&self, patience: Duration) -> io::Result<()> {
        let mut stream = TcpStream::connect_timeout(&self.reachable(), patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(&request(BARRIER))?;
        stream.read_exact(&mut [0])
    }

    /// An address of this machine at which it answers.
    fn reachable(&self) -> SocketAddr {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        address
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        hang_up(&self.shared.lock());
        // Wakes the acceptor, which then sees that it must stop.
        if TcpStream::connect(self.reachable()).is_ok()
            && let Some(acceptor) = self.acceptor.take()
        {
            let _ = acceptor.join();
        }
    }
}

/// What distinguishes PostgreSQL from other TLS servers: its protocol name, and that it sends
/// nothing after its Finished, because it does not resume sessions. So every connection is judged
/// again.
pub(super) fn postgres_like(config: &mut ServerConfig) {
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
}

/// Connections that are being served, by number.
type Open = HashMap<u64, Arc<TcpStream>>;

fn hang_up(open: &Open) {
    for stream in open.values() {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

struct Shared {
    service: Service,
    observer: Observer,
    stopping: AtomicBool,
    open: Mutex<Open>,
    /// Notified whenever a connection has ended.
    closed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        let mut count = 0_u64;
        for stream in listener.incoming() {
            self.wait_for_room();
            if self.stopping.load(Ordering::Acquire) {
                break;
            }
            let Ok(stream) = stream else {
                // Probably out of descriptors: some are freed when sessions end.
                std::thread::sleep(BREATH);
                continue;
            };
            count = count.saturating_add(1);
            self.spawn(stream, count);
        }
    }

    /// New clients wait in the kernel's queue.
    fn wait_for_room(&self) {
        let is_full = |open: &mut Open| {
            open.len() >= MAX_CONNECTIONS && !self.stopping.load(Ordering::Acquire)
        };
        let guard = self.closed.wait_while(self.lock(), is_full);
        drop(guard);
    }

    /// If no thread can be created, we hang up on the client.
    fn spawn(self: &Arc<Self>, stream: TcpStream, number: u64) {
        let stream = Arc::new(stream);
        self.lock().insert(number, Arc::clone(&stream));
        let shared = Arc::clone(self);
        let entry = Entry { shared, number };
        let spawned = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn(move || {
                let entry = entry;
                let _ = stream.set_nodelay(true);
                let service = &entry.shared.service;
                if let Some(seen) = session::serve(&stream, service, entry.number) {
                    (entry.shared.observer)(seen);
                }
            });
        drop(spawned);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

/// A connection's entry in the list of open ones. It is removed however its thread ends.
struct Entry {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.shared.lock().remove(&self.number);
        self.shared.closed.notify_all();
    }
}

/// The maximum of connections to one endpoint at a time.
const MAX_CONNECTIONS: usize = 2048;

/// Stack size of a connection's thread (bytes): a handshake needs a fraction of it.
const STACK: usize = 512 * 1024;

/// Much more than a thread needs to accept a connection, or to find it closed.
const UNDISTURBED: Duration = Duration::from_secs(30);

const BREATH: Duration = Duration::from_millis(20);
