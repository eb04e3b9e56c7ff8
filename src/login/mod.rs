//! Logs in after a satisfied judgement: tokio-postgres over tokio-postgres-rustls, guarded.
//!
//! The login is a second connection. tokio-postgres-rustls makes its own TLS session and does not
//! reveal version, suite, group and ALPN, which the report needs and libpq's verdict partly depends
//! on. They can only be read if we drive rustls ourselves, as [`crate::probe`] does. So the first
//! connection decides whether to log in. The second one is judged again by the same rules, inside its
//! own handshake, before any password is sent.
//!
//! Only the first connection checks the ALPN protocol of a direct handshake. Under TLS 1.3 only rustls
//! can see it, and rustls does not refuse a server that selects none.
//!
//! tokio-postgres' own SSLRequest takes any byte but `S` for "no TLS". So we negotiate here, too, and
//! the crates start TLS on a socket that is ready for it.
//!
//! Between TLS and tokio-postgres a stream of ours reads the server's messages as they pass. It sees
//! what the server requests, and refuses what libpq would refuse (`require_auth`, `channel_binding`,
//! `sslcertmode`) before tokio-postgres can answer. It also makes the startup packet that libpq would
//! send, which tokio-postgres cannot (`replication`, protocol 3.2).

#![deny(clippy::wildcard_enum_match_arm)]

mod channel;
mod echo;
mod method;
mod password;
mod questions;
mod refusal;
mod rules;
mod session;
mod settings;
mod startup;
mod tap;
mod watch;

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::conninfo::{ConnInfo, Endpoint, HostAddr, NearLine, Origin, Secret, TargetSessionAttrs};
use crate::demands::Demands;
use crate::handshake::Tls;
use crate::probe::{Missing, Observation, Proof, Task};
use crate::verify::Judgement;
use crate::wire::postgres::ServerError;
use crate::{connect, handshake, negotiate};

pub use method::Method;
pub use password::{IgnoredFile, Unusable};
pub use refusal::Refusal;
pub use session::{Difference, Encryption, Role, ServerSession, Sight, Unread};
pub use settings::Unsupported;

use channel::Connector;
use echo::Echo;
use password::Password;
use questions::{Spoken, Wishes};
use session::Own;
use tap::Tap;
use watch::{Seen, Shared};

/// The result of a login.
#[derive(Debug)]
pub struct Login {
    /// What the server requested; `None` if it did not get that far.
    pub method: Option<Method>,
    /// Whether SCRAM was bound to the TLS channel by the certificate's hash (`tls-server-end-point`).
    pub bound: bool,
    /// What we sent that helps others to log in as this user; `None` if nothing.
    pub disclosed: Option<Disclosed>,
    /// A password file that libpq ignores, as we did.
    pub ignored_file: Option<IgnoredFile>,
    /// A line of the password file that nearly matches.
    pub near_line: Option<NearLine>,
    /// How far it got.
    pub outcome: Result<Entered, Error>,
    /// How long it took, including its own connection.
    pub took: Duration,
}

/// Something that helps to log in as a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosed {
    /// The password itself.
    Password,
    /// Its MD5 hash.
    Md5Hash,
    /// A SCRAM proof, which is derived from it.
    ScramProof,
}

/// A login that the server granted.
#[derive(Debug)]
pub struct Entered {
    /// `server_version`, as the server reports it: untrusted text.
    pub server_version: Option<String>,
    /// What was negotiated on the connection of the login: version, suite, certificate.
    pub tls: Tls,
    /// The server's own view of this session (`pg_stat_ssl`).
    pub session: Result<ServerSession, Unread>,
    /// How that differs from what was negotiated here.
    pub differences: Vec<Difference>,
    /// Whether its process and port are those of this connection.
    pub sight: Sight,
    /// The version of PgBouncer, if it says so itself: untrusted text.
    pub pgbouncer: Option<String>,
    /// `target_session_attrs`, if the server does not match it.
    pub unwanted: Option<(TargetSessionAttrs, Role)>,
}

/// The password that libpq would log in with: the string's, the environment's, or that of the password file.
pub async fn password_of(conninfo: &ConnInfo, endpoint: &Endpoint) -> Option<Secret> {
    password::gather(conninfo, endpoint).await.secret
}

/// Why there is no login.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The string needs something that these crates do not support.
    #[error("pgtls cannot log in with {0}")]
    Unsupported(Unsupported),
    /// The check did not finish the handshake, so no password is safe there.
    #[error("pgtls cannot log in: it does not finish handshakes with {0}")]
    Unfinished(Missing),
    /// A named password file cannot be used. libpq would continue without it.
    #[error("the password file cannot be used: {}", .0.why)]
    PasswordFile(IgnoredFile),
    /// No second connection.
    #[error(transparent)]
    Connect(connect::Error),
    /// No permission to start TLS on it.
    #[error(transparent)]
    Negotiate(negotiate::Error),
    /// No TLS session on it.
    #[error("{error}")]
    Handshake {
        /// Why.
        #[source]
        error: handshake::Error,
        /// What had been negotiated.
        tls: Box<Tls>,
        /// The judgement of the certificates, if any were presented.
        judgement: Option<Box<Judgement>>,
    },
    /// Another server or another of its certificates, which does not meet the demands.
    #[error(
        "the server presented another certificate to the connection for the login, and it fails a requirement"
    )]
    Unmet,
    /// We would not answer.
    #[error(transparent)]
    Refused(Refusal),
    /// The server refused the login.
    #[error("the server refused the login")]
    Server {
        /// The server's message.
        error: ServerError,
        /// The step that the message answered.
        step: Step,
    },
    /// The server hung up.
    #[error("the server closed the connection {0}")]
    Closed(Step),
    /// Time ran out.
    #[error("the login did not finish within the time limit: the server stopped answering {0}")]
    Timeout(Step),
    /// More data than any login needs.
    #[error("the server sends data without end {0}")]
    TooMuch(Step),
    /// The server broke the protocol, in the words of the crates.
    #[error("the server broke the protocol {step}: {reason}")]
    Protocol {
        /// Where.
        step: Step,
        /// How.
        reason: String,
    },
}

/// The steps of a login, as far as we can observe them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// TLS on the second connection.
    #[default]
    Tls,
    /// The startup packet.
    Startup,
    /// A password, or the first message of SCRAM.
    Answer,
    /// The proof that SCRAM asks for.
    Proof,
    /// The server's own proof, or its absence.
    Verified,
    /// AuthenticationOk.
    Authenticated,
    /// ReadyForQuery.
    Session,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tls => "during the TLS handshake of the login",
            Self::Startup => "after the startup packet",
            Self::Answer => "after the answer to its authentication request",
            Self::Proof | Self::Verified => "in the middle of SCRAM",
            Self::Authenticated => "after the authentication",
            Self::Session => "when asked about its own session",
        })
    }
}

/// Logs in to the address of the observation by the rules of the task, and asks the server about the
/// session. Everything ends at the deadline.
///
/// Certificates must be valid at the time of the task, and also at the chosen time of the check, if there is one.
///
/// Call it only if the observation is a pass and all demands are met.
pub async fn login(
    task: &Task,
    chosen: Option<i64>,
    observation: &Observation,
    demands: &Demands,
    deadline: Instant,
) -> Login {
    let started = Instant::now();
    let shared = Shared::default();
    let judgement = observation.judgement();
    let demands = &judgement.map_or_else(
        || demands.clone(),
        |judgement| demands.of_one_shown(observation, judgement),
    );
    let mut ignored_file = None;
    let mut near_line = None;
    let whole = async {
        let password = password::gather(&task.conninfo, &task.endpoint).await;
        near_line = password.near;
        match &password.ignored {
            // A file that is named must be usable.
            Some(file) if file.origin != Origin::Default => {
                return Err(Error::PasswordFile(file.clone()));
            }
            file => ignored_file.clone_from(file),
        }
        let mut outcome = attempt(
            (task, chosen),
            observation,
            demands,
            &password,
            &shared,
            deadline,
        )
        .await;
        Echo::of(&task.conninfo, &password).mask(&mut outcome);
        if let Err(Error::Server { error, .. }) = &mut outcome {
            task.conninfo.hide_names(error);
        }
        outcome
    };
    let outcome = match timeout_at(deadline, whole).await {
        Ok(Ok(entered)) => Ok(entered),
        Ok(Err(error)) => Err(shared.take_failure().unwrap_or(error)),
        Err(_) => Err(Error::Timeout(shared.read().step)),
    };
    let Seen {
        method,
        bound,
        disclosed,
        ..
    } = *shared.read();
    Login {
        method,
        bound,
        disclosed,
        ignored_file,
        near_line,
        outcome,
        took: started.elapsed(),
    }
}

async fn attempt(
    (task, chosen): (&Task, Option<i64>),
    observation: &Observation,
    demands: &Demands,
    password: &Password,
    shared: &Shared,
    deadline: Instant,
) -> Result<Entered, Error> {
    if let Ok(session) = &observation.outcome
        && let Proof::KeyExchange(missing) = session.proof
    {
        return Err(Error::Unfinished(missing));
    }
    let config = settings::config(&task.conninfo, password).map_err(Error::Unsupported)?;
    let wishes = Wishes::of(&task.conninfo).map_err(Error::Unsupported)?;
    let (stream, tap, port) = ready(task, observation, deadline).await?;
    let connector = Connector::new((task, chosen), demands, password, &tap, shared)?;
    let spoken = questions::speak(&config, stream, connector, wishes)
        .await
        .map_err(|error| failure(&error, shared, &tap))?;
    let Spoken {
        server_version,
        pgbouncer,
        rows,
        role,
    } = spoken;
    let tls = shared.tls();
    let session = rows.and_then(questions::read);
    let own = Own {
        tls: &tls,
        process: shared.read().process,
        port,
    };
    let seen = session.as_ref();
    let differences = seen
        .map(|session| session.differences(&own))
        .unwrap_or_default();
    let sight = seen.map_or(Sight::Unknown, |session| session.sight(&own));
    let session = match (session, tls.cipher) {
        (Ok(_), None) => Err(Unread::OwnSideUnknown),
        (session, _) => session,
    };
    Ok(Entered {
        server_version,
        tls,
        session,
        differences,
        sight,
        pgbouncer,
        unwanted: role,
    })
}

/// A second socket to the address that the first one found, ready for TLS, and its own port.
async fn ready(
    task: &Task,
    observation: &Observation,
    deadline: Instant,
) -> Result<(Tap<TcpStream>, tap::Record, Option<u16>), Error> {
    let address = observation.address.map(|address| address.ip());
    let endpoint = Endpoint {
        hostaddr: task
            .endpoint
            .hostaddr
            .clone()
            .or_else(|| address.map(|ip| HostAddr { ip, zone: None })),
        ..task.endpoint.clone()
    };
    let connected = connect::connect(&endpoint, deadline)
        .await
        .map_err(Error::Connect)?;
    let own = connected.stream.local_addr();
    let negotiation = task.conninfo.sslnegotiation.value;
    let ready = negotiate::negotiate(connected.stream, negotiation, deadline)
        .await
        .map_err(Error::Negotiate)?;
    let (stream, _) = ready.into_parts();
    let (stream, tap) = Tap::new(stream);
    Ok((stream, tap, own.ok().map(|own| own.port())))
}

/// What went wrong, from our own observation: the crates' errors say less.
fn failure(error: &tokio_postgres::Error, shared: &Shared, tap: &tap::Record) -> Error {
    let seen = shared.read();
    let step = seen.step;
    if tap.is_full() {
        return Error::TooMuch(step);
    }
    if let Some(error) = seen.error.clone() {
        return Error::Server { error, step };
    }
    if error.is_closed() || (seen.closed && breaks_off(error)) {
        return Error::Closed(step);
    }
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    Error::Protocol {
        step,
        reason: format!("{error}{}", cause.unwrap_or_default()),
    }
}

/// Does the error come from the end of the stream, not from a message before it?
fn breaks_off(error: &tokio_postgres::Error) -> bool {
    let cause = std::error::Error::source(error);
    let cause = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| {
        !matches!(
            cause.kind(),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
        )
    })
}
