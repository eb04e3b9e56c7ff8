//! Connects to an endpoint: tries its addresses in order, within one deadline.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::conninfo::{Endpoint, Host, HostAddr, Route};
use crate::escape::escape;
use crate::{os, workers};

/// A connected socket and the time that it took.
#[derive(Debug)]
pub struct Connected {
    /// The socket, with Nagle's algorithm off.
    pub stream: TcpStream,
    /// The address that answered.
    pub address: SocketAddr,
    /// Time spent on name resolution; zero for an address.
    pub resolve: Duration,
    /// Time spent on TCP, including failed addresses.
    pub connect: Duration,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Unix-domain sockets do not support TLS.
    #[error("\"{}\" is a Unix-domain socket, where PostgreSQL does not use TLS", .path)]
    UnixSocket {
        /// The socket's directory or abstract name, escaped.
        path: String,
    },
    /// The name did not resolve.
    #[error("could not translate host name \"{host}\" to address")]
    Resolve {
        /// The name, escaped.
        host: String,
        /// The resolver's own words.
        #[source]
        source: io::Error,
    },
    /// Every address failed.
    #[error("no address of the host accepted the connection")]
    Refused {
        /// Each address tried, in order, and why it failed.
        attempts: Vec<Attempt>,
    },
    /// Time ran out.
    #[error("no answer within the time limit")]
    Timeout {
        /// What we were waiting for.
        waiting_for: Waiting,
        /// Each address that failed before.
        attempts: Vec<Attempt>,
    },
}

/// What a timeout interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Name resolution.
    Resolution,
    /// TCP connection.
    Connection,
}

/// One address that failed.
#[derive(Debug)]
pub struct Attempt {
    /// The address.
    pub address: SocketAddr,
    /// The operating system's error; [`io::ErrorKind::TimedOut`] if the address used up its share of the
    /// time.
    pub error: io::Error,
}

/// All addresses of an endpoint, in the resolver's order. An address that is left out would pass unchecked.
pub async fn resolve(endpoint: &Endpoint, deadline: Instant) -> Result<Vec<SocketAddr>, Error> {
    match endpoint.route() {
        Route::Address(HostAddr { ip, zone: None }) => {
            Ok(vec![SocketAddr::new(*ip, endpoint.port)])
        }
        // The resolver turns the name of an interface into its number.
        Route::Address(zoned) => {
            look_up(zoned.to_string().as_bytes(), endpoint.port, deadline).await
        }
        Route::Name(name) => look_up(name, endpoint.port, deadline).await,
        Route::Socket => {
            let path = endpoint
                .host
                .as_ref()
                .map_or(DEFAULT_SOCKET_DIRECTORY, Host::as_bytes);
            Err(Error::UnixSocket {
                path: escape(path).to_string(),
            })
        }
    }
}

async fn look_up(name: &[u8], port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, Error> {
    let failed = |source| Error::Resolve {
        host: escape(name).to_string(),
        source,
    };
    let text = std::str::from_utf8(name)
        .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let asked = (text.to_owned(), port);
    let asking = workers::waiting(move || asked.to_socket_addrs());
    let looked_up = timeout_at(deadline, asking)
        .await
        .map_err(|_| Error::Timeout {
            waiting_for: Waiting::Resolution,
            attempts: Vec::new(),
        })?;
    let addresses: Vec<SocketAddr> = looked_up.and_then(|found| found).map_err(failed)?.collect();
    if addresses.is_empty() {
        return Err(failed(io::Error::new(
            io::ErrorKind::NotFound,
            "the name has no address",
        )));
    }
    Ok(addresses)
}

/// Does this error on a connected socket mean that the other end has gone?
pub(crate) fn is_hang_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof
    )
}

/// Connects to the first address that accepts, as libpq does.
///
/// The remaining time is shared among the remaining addresses, so that one that drops packets does not use
/// up the time of those after it.
pub async fn connect(endpoint: &Endpoint, deadline: Instant) -> Result<Connected, Error> {
    let started = Instant::now();
    let addresses = resolve(endpoint, deadline).await?;
    let resolve = started.elapsed();

    let mut attempts = Vec::new();
    let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for address in addresses {
        let now = Instant::now();
        let share = deadline.saturating_duration_since(now) / left.max(1);
        left = left.saturating_sub(1);
        match timeout_at(now + share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // We send one flight at a time: waiting to fill a segment would only add a delay. A socket
                // that refuses the option still works.
                let _ = stream.set_nodelay(true);
                let connect = started.elapsed().saturating_sub(resolve);
                return Ok(Connected {
                    stream,
                    address,
                    resolve,
                    connect,
                });
            }
            Ok(Err(error)) => attempts.push(Attempt { address, error }),
            Err(_) => {
                attempts.push(Attempt {
                    address,
                    error: io::ErrorKind::TimedOut.into(),
                });
            }
        }
    }
    if attempts
        .iter()
        .all(|attempt| attempt.error.kind() == io::ErrorKind::TimedOut)
    {
        return Err(Error::Timeout {
            waiting_for: Waiting::Connection,
            attempts,
        });
    }
    Err(Error::Refused { attempts })
}

/// Whether the endpoint accepts a connection, also on a Unix-domain socket. Nothing is sent on it.
///
/// # Errors
/// It does not.
pub async fn knock(endpoint: &Endpoint, deadline: Instant) -> Result<(), Error> {
    if endpoint.route() != Route::Socket {
        return connect(endpoint, deadline).await.map(drop);
    }
    let directories = match &endpoint.host {
        Some(host) => vec![host.as_bytes()],
        None => vec![DEFAULT_SOCKET_DIRECTORY, OWN_SOCKET_DIRECTORY],
    };
    for directory in directories {
        let name = format!("/.s.PGSQL.{}", endpoint.port);
        let socket = [directory, name.as_bytes()].concat();
        let accepts = timeout_at(deadline, os::socket_accepts(&socket)).await;
        if accepts.unwrap_or(true) {
            return Ok(());
        }
    }
    resolve(endpoint, deadline).await.map(drop)
}

/// The socket directory of libpq from a Linux distribution, used if no host is given.
const DEFAULT_SOCKET_DIRECTORY: &[u8] = b"/var/run/postgresql";

/// The same of a libpq that was built without another one.
const OWN_SOCKET_DIRECTORY: &[u8] = b"/tmp";
