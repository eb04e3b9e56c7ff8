//! Answers requests: who may ask, how much at once, and what.

mod answer;
mod auth;
mod door;
mod route;

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use super::Core;

pub use door::Door;

/// What requests may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections. Others wait in the system's queue.
    pub connections: usize,
    /// Checks that requests asked for, at once.
    pub probes: usize,
    /// Endpoints of one such check that are in flight at once.
    pub probe_endpoints: NonZeroUsize,
    /// Time for a handshake, and for the head of each request; a connection without a request ends after it.
    pub head: Duration,
    /// Time for a connection, however many requests it has.
    pub connection: Duration,
}

impl Limits {
    /// The most descriptors that connections and the checks for them take. An endpoint takes two, one of them for the
    /// resolver.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        let endpoints = self.probes.saturating_mul(self.probe_endpoints.get());
        endpoints.saturating_mul(2).saturating_add(self.connections)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            probes: 32,
            probe_endpoints: NonZeroUsize::MIN.saturating_add(3),
            head: Duration::from_secs(10),
            connection: Duration::from_secs(5 * 60),
        }
    }
}

/// Takes connections and answers what comes over them.
pub(super) struct Gate {
    core: Rc<Core>,
    door: Rc<Door>,
    pages: Rc<Pages>,
    room: Arc<Semaphore>,
    open: Rc<Cell<usize>>,
    closing: Rc<Closing>,
}

/// Pages that were made a moment ago.
#[derive(Default)]
struct Pages {
    metrics: RefCell<Option<Page>>,
    states: RefCell<Option<Page>>,
}

struct Page {
    made: Instant,
    /// How many lines had been logged.
    said: u64,
    bytes: Bytes,
}

#[derive(Default)]
struct Closing {
    asked: Cell<bool>,
    news: Notify,
}

impl Gate {
    pub(super) fn new(core: Rc<Core>, door: Rc<Door>) -> Self {
        let connections = core.settings.limits.connections;
        Self {
            core,
            door,
            pages: Rc::default(),
            room: Arc::new(Semaphore::new(connections)),
            open: Rc::default(),
            closing: Rc::default(),
        }
    }

    /// Takes connections, without an end.
    pub(super) async fn listen(&self, listener: TcpListener) -> Infallible {
        loop {
            // The permit is taken first: what waits in the system's queue costs nothing here.
            let Ok(permit) = Arc::clone(&self.room).acquire_owned().await else {
                std::future::pending::<()>().await;
                continue;
            };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let served = self.serve(stream);
                    let open = Counted::new(&self.open);
                    tokio::task::spawn_local(async move {
                        served.await;
                        drop((permit, open));
                    });
                }
                // The client has gone, or descriptors are short.
                Err(_) => sleep(BREATH).await,
            }
        }
    }

    /// No connection waits for another request.
    pub(super) fn close(&self) {
        self.closing.asked.set(true);
        self.closing.news.notify_waiters();
    }

    /// Whether a connection is open.
    pub(super) fn is_busy(&self) -> bool {
        self.open.get() > 0
    }

    /// One connection, from its first byte to its last.
    fn serve(&self, stream: TcpStream) -> impl Future<Output = ()> + 'static {
        let (core, door, pages) = (
            Rc::clone(&self.core),
            Rc::clone(&self.door),
            Rc::clone(&self.pages),
        );
        let closing = Rc::clone(&self.closing);
        async move {
            // A small answer must not wait for the client's acknowledgement.
            let _ = stream.set_nodelay(true);
            let limits = core.settings.limits;
            let inside = door.inside(&core);
            let client = Client {
                core,
                door,
                pages,
                closing,
            };
            match inside.tls() {
                None => client.talk(stream).await,
                Some(acceptor) => {
                    let session = timeout(limits.head, acceptor.accept(stream)).await;
                    if let Ok(Ok(session)) = session {
                        client.talk(session).await;
                    }
                }
            }
        }
    }
}

/// Counts itself while it is there.
struct Counted(Rc<Cell<usize>>);

impl Counted {
    fn new(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get().saturating_add(1));
        Self(Rc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

struct Client {
    core: Rc<Core>,
    door: Rc<Door>,
    pages: Rc<Pages>,
    closing: Rc<Closing>,
}

impl Client {
    /// Answers requests until the client hangs up, or its time is over.
    async fn talk(self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
        let limits = self.core.settings.limits;
        let closing = Rc::clone(&self.closing);
        let client = Rc::new(self);
        let service = service_fn(move |request: Request<Incoming>| {
            let client = Rc::clone(&client);
            async move { Ok::<_, Infallible>(client.answer(&request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_buf_size(LONGEST_HEAD)
            .max_headers(MOST_HEADERS)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            _ = connection.as_mut() => true,
            () = sleep(limits.connection) => false,
            () = closing.asked() => false,
        };
        if !ended {
            connection.as_mut().graceful_shutdown();
            // An answer that the client does not take must not stay.
            let _ = timeout(limits.head, connection).await;
        }
    }
}

impl Closing {
    async fn asked(&self) {
        let mut news = pin!(self.news.notified());
        news.as_mut().enable();
        if !self.asked.get() {
            news.await;
        }
    }
}

/// A head that is longer is refused.
const LONGEST_HEAD: usize = 16 * 1024;

const MOST_HEADERS: usize = 64;

/// After an error of the system.
const BREATH: Duration = Duration::from_millis(100);
