//! The relay: passes bytes in both directions, unchanged, and lets a [`Conversation`] look at them.
//!
//! Every wait of ours has a deadline; a session may last as long as its two ends like. A connection needs a bounded
//! amount of memory, and there is a bounded number of them: more wait in the queue of the system.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::Sender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::connection::{Closer, Connection, To};
use super::conversation::Conversation;
use super::seen::Side;
use crate::connect::{self, connect};
use crate::conninfo::Endpoint;
use crate::escape::Shown;

/// Where the next connections are led.
#[derive(Clone, Debug)]
pub struct Destination {
    /// What that is.
    pub to: To,
    /// The servers, in the order in which they are tried.
    pub endpoints: Vec<Endpoint>,
}

/// A destination that may change while the relay runs.
#[derive(Clone, Debug)]
pub struct Switch(Arc<Mutex<(Destination, Taken)>>);

/// Whether a connection was led to a destination since it was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    No,
    Yes,
}

impl Switch {
    /// Leads all connections there.
    pub fn new(destination: Destination) -> Self {
        Self(Arc::new(Mutex::new((destination, Taken::No))))
    }

    /// From now on, connections are led there.
    pub fn turn(&self, destination: Destination) {
        *lock(&self.0) = (destination, Taken::No);
    }

    /// Was a connection led to the current destination?
    pub fn was_taken(&self) -> bool {
        lock(&self.0).1 == Taken::Yes
    }

    fn take(&self) -> Destination {
        let mut now = lock(&self.0);
        now.1 = Taken::Yes;
        now.0.clone()
    }
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Event {
    /// All that can be read of a connection has been read. It goes on.
    Read(Box<Connection>),
    /// A connection has ended.
    Ended(Box<Connection>),
}

/// The limits of a relay.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long to wait for the server to accept a connection.
    pub patience: Duration,
    /// How many connections may be open at once.
    pub most: usize,
}

/// A relay that listens.
#[derive(Debug)]
pub struct Relay {
    listener: TcpListener,
    /// Where.
    pub address: SocketAddr,
    limits: Limits,
    /// For connections that are not open yet.
    room: Arc<Semaphore>,
}

impl Relay {
    /// Listens on this address.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn bind(address: SocketAddr, limits: Limits) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let room = Arc::new(Semaphore::new(limits.most));
        Ok(Self {
            listener,
            address,
            limits,
            room,
        })
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        let room = self.room.available_permits();
        self.limits.most.saturating_sub(room)
    }

    /// Passes connections until `stop` becomes true. Those that are open then are ended. Returns the most connections
    /// that were open at once.
    pub async fn run(
        &self,
        switch: &Switch,
        events: &Sender<Event>,
        stop: &watch::Receiver<bool>,
    ) -> u64 {
        let began = Instant::now();
        let mut stopping = stop.clone();
        let mut tasks = JoinSet::new();
        let mut number = 0_u64;
        let mut most = 0;
        loop {
            while tasks.try_join_next().is_some() {}
            let accepted = tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => break,
                accepted = self.accept() => accepted,
            };
            let Some((stream, permit)) = accepted else {
                // Probably out of descriptors: some are freed when connections end.
                sleep(BREATH).await;
                continue;
            };
            number = number.saturating_add(1);
            let visit = Visit {
                number,
                began,
                destination: switch.take(),
                patience: self.limits.patience,
                events: events.clone(),
                stop: stop.clone(),
            };
            tasks.spawn(async move {
                visit.pass(stream).await;
                drop(permit);
            });
            most = most.max(u64::try_from(self.open()).unwrap_or(u64::MAX));
        }
        while tasks.join_next().await.is_some() {}
        most
    }

    async fn accept(&self) -> Option<(TcpStream, OwnedSemaphorePermit)> {
        // A permit is taken after the connection, so that only connections have one.
        let (stream, _) = self.listener.accept().await.ok()?;
        let permit = Arc::clone(&self.room).acquire_owned().await.ok()?;
        Some((stream, permit))
    }
}

/// One connection that is being passed.
struct Visit {
    number: u64,
    /// When the trace began.
    began: Instant,
    destination: Destination,
    patience: Duration,
    events: Sender<Event>,
    stop: watch::Receiver<bool>,
}

/// What both directions know.
#[derive(Debug, Default)]
struct Shared {
    conversation: Conversation,
    sent: u64,
    received: u64,
    /// The side that ended first. The other may go on.
    closer: Option<Side>,
    has_told: bool,
}

impl Visit {
    async fn pass(self, client: TcpStream) {
        let accepted = Instant::now();
        let shared = Mutex::new(Shared::default());
        let mut stop = self.stop.clone();
        let reached = tokio::select! {
            biased;
            reached = self.both(client, &shared, accepted) => reached,
            _ = stop.wait_for(|stop| *stop) => Ok(()),
        };
        let connection = self.connection(&lock(&shared), accepted, reached.err());
        // If there is no listener any more, nothing is lost.
        let _ = self.events.send(Event::Ended(Box::new(connection))).await;
    }

    fn connection(
        &self,
        shared: &Shared,
        accepted: Instant,
        unreachable: Option<Shown>,
    ) -> Connection {
        let closed_by = match (&unreachable, shared.closer) {
            (Some(_), _) => Closer::Relay,
            (None, Some(Side::Application)) => Closer::Application,
            (None, Some(Side::Server)) => Closer::Server,
            (None, None) => Closer::Nobody,
        };
        Connection {
            number: self.number,
            to: self.destination.to,
            began_seconds: accepted.duration_since(self.began).as_secs_f64(),
            seconds: accepted.elapsed().as_secs_f64(),
            seen: shared.conversation.seen().clone(),
            bytes_sent: shared.sent,
            bytes_received: shared.received,
            closed_by,
            detail: unreachable,
        }
    }

    /// Passes both directions to their end.
    ///
    /// # Errors
    /// Why no server can be reached.
    async fn both(
        &self,
        client: TcpStream,
        shared: &Mutex<Shared>,
        accepted: Instant,
    ) -> Result<(), Shown> {
        let _ = client.set_nodelay(true);
        let server = self.reach().await?;
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let tell = || self.tell(shared, accepted);
        let out = pump(Side::Application, from_client, to_server, shared, &tell);
        let back = pump(Side::Server, from_server, to_client, shared, &tell);
        tokio::pin!(out, back);
        tokio::select! {
            // Where both have ended, the application has: a server ends in reply.
            biased;
            () = &mut out => linger(back, shared).await,
            () = &mut back => linger(out, shared).await,
        }
        Ok(())
    }

    /// Connects to the first server that accepts.
    async fn reach(&self) -> Result<TcpStream, Shown> {
        let mut why = Shown::new("there is no server");
        for endpoint in &self.destination.endpoints {
            match connect(endpoint, Instant::now() + self.patience).await {
                Ok(connected) => return Ok(connected.stream),
                Err(error) => why = Shown::new(&unreachable(endpoint, &error)),
            }
        }
        Err(why)
    }

    /// Says once that all that can be read has been read.
    async fn tell(&self, shared: &Mutex<Shared>, accepted: Instant) {
        let connection = {
            let mut shared = lock(shared);
            if shared.has_told || !shared.conversation.is_over() {
                return;
            }
            shared.has_told = true;
            self.connection(&shared, accepted, None)
        };
        let _ = self.events.send(Event::Read(Box::new(connection))).await;
    }
}

fn unreachable(endpoint: &Endpoint, error: &connect::Error) -> String {
    let mut text = format!("could not reach {endpoint}: {error}");
    if let connect::Error::Refused { attempts } = error
        && let Some(last) = attempts.last()
    {
        text.push_str(&format!(" ({}: {})", last.address, last.error));
    }
    text
}

/// Passes one direction to its end.
async fn pump<F: Future<Output = ()>>(
    side: Side,
    from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: &Mutex<Shared>,
    tell: &impl Fn() -> F,
) {
    let mut buffer = vec![0; SMALL];
    let closer = loop {
        if from.readable().await.is_err() {
            break side;
        }
        let count = match from.try_read(&mut buffer) {
            Ok(0) => break side,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            // Reset.
            Err(_) => break side,
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        let is_over = {
            let mut shared = lock(shared);
            let total = match side {
                Side::Application => &mut shared.sent,
                Side::Server => &mut shared.received,
            };
            *total = total.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            shared.conversation.hear(side, bytes);
            shared.conversation.is_over() && !shared.has_told
        };
        if to.write_all(bytes).await.is_err() {
            break other(side);
        }
        if is_over {
            tell().await;
        }
        if count == buffer.len() && count < LARGE {
            buffer.resize(LARGE, 0);
        }
    };
    // Before the other side can see it, and close in reply.
    lock(shared).closer.get_or_insert(closer);
    let _ = to.shutdown().await;
}

const fn other(side: Side) -> Side {
    match side {
        Side::Application => Side::Server,
        Side::Server => Side::Application,
    }
}

/// Waits for the direction that is left, as long as something passes.
async fn linger(mut left: impl Future<Output = ()> + Unpin, shared: &Mutex<Shared>) {
    let total = || {
        let shared = lock(shared);
        shared.sent.saturating_add(shared.received)
    };
    let mut before = total();
    while timeout(SILENCE, &mut left).await.is_err() {
        let now = total();
        if now == before {
            return;
        }
        before = now;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The buffer of a direction, before and after more passes at once (bytes).
const SMALL: usize = 8 * 1024;
const LARGE: usize = 64 * 1024;

/// How long one side may be silent after the other has ended. A query may take long.
const SILENCE: Duration = Duration::from_secs(300);

const BREATH: Duration = Duration::from_millis(50);
