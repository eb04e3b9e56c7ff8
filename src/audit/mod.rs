//! An address in, what else it accepts out: plaintext, versions, suites, groups, ways to begin.
//!
//! The check answers for one handshake, the best that client and server find together. The audit
//! asks for the worst: each question is a connection of its own, with a hello that offers exactly
//! what is to be found out, and hung up as soon as the server has chosen. A question that gets no
//! answer is [`Unknown`], never "not accepted". No password and no client certificate is ever sent.

mod certificate;
mod line;
mod negotiation;
mod offers;
mod plain;
mod policy;
mod protocol;
mod session;

use std::future::ready;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::time::Instant;

use crate::conninfo::{Endpoint, HostAddr};
use crate::handshake::Alpn;
use crate::negotiate;
use crate::probe::{Observation, Stop, Task, server_name};
use crate::wire::postgres::ServerError;
use crate::wire::tls::TlsVersion;

use line::Line;
use plain::{Asker, Clear};

pub use certificate::{Asked, Shown};
pub use negotiation::{Direct, Gss, Stuffed};
pub use offers::{Offers, Taken, offers};
pub use plain::{Encrypted, Login, Plaintext};
pub use policy::{Category, Policy, Rule};
pub use protocol::{Accepted, Listing, OldFeatures, Preference, Protocol, State};

/// Everything that was found out about one address.
#[derive(Debug)]
pub struct Audit {
    /// Sessions without TLS.
    pub plaintext: Result<Plaintext, Unknown>,
    /// GSSAPI encryption.
    pub gss: Result<Gss, Unknown>,
    /// TLS from the first byte, with ALPN.
    pub direct: Result<Direct, Unknown>,
    /// What TLS itself has to say; nothing where the server does not speak it.
    pub tls: Option<Box<TlsAudit>>,
}

/// Everything that was found out about TLS at one address.
#[derive(Debug)]
pub struct TlsAudit {
    /// Each version, oldest first.
    pub protocols: Vec<Protocol>,
    /// TLS from the first byte, without ALPN.
    pub direct_without_alpn: Result<Direct, Unknown>,
    /// Plaintext behind an SSLRequest.
    pub stuffed: Result<Stuffed, Unknown>,
    /// What an encrypted session comes to.
    pub encrypted: Result<Encrypted, Unknown>,
    /// Certificates.
    pub certificates: Vec<Shown>,
}

/// Why something did not come to light.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// Nobody asked; a bug of ours, if ever.
    #[error("was not asked")]
    NotAsked,
    /// No connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// The SSLRequest was not granted.
    #[error("{0}")]
    Negotiate(String),
    /// No session.
    #[error("{0}")]
    Handshake(String),
    /// The connection ended without an answer.
    #[error("the server closed the connection without an answer")]
    Closed,
    /// No answer in time.
    #[error("no answer within the time limit")]
    Timeout,
    /// The whole audit took too long.
    #[error("the time for the whole audit was over")]
    OutOfTime,
    /// The answer is no TLS.
    #[error("the answer is no TLS")]
    NotTls,
    /// The answer is not PostgreSQL's.
    #[error("the answer is not PostgreSQL's")]
    NotPostgres,
    /// The server chose what was not offered.
    #[error("the server chose something that was not offered")]
    Unoffered,
    /// Two answers do not go together.
    #[error("the server gives contradictory answers")]
    Contradiction,
    /// The server is busy, or starting up, and says so.
    #[error("the server is busy, or starting up")]
    Busy,
    /// A refusal that has nothing to do with TLS.
    #[error("this user is refused over TLS, too, which says nothing of users who may log in")]
    RefusedAnyway(ServerError),
}

/// How gentle to be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub jobs: NonZeroUsize,
    /// Time for one connection.
    pub patience: Duration,
    /// Time for everything.
    pub total: Duration,
}

/// Asks the address that a check has found; `None` if nobody answered there, or not as PostgreSQL
/// does.
pub async fn audit(task: &Task, observation: &Observation, limits: &Limits) -> Option<Audit> {
    let speaks = match &observation.outcome {
        Ok(_) | Err(Stop::Handshake { .. }) => Speaks::Tls,
        Err(Stop::Negotiate(negotiate::Error::NoTls)) => Speaks::PlaintextOnly,
        Err(Stop::Connect(_) | Stop::Negotiate(_)) => return None,
    };
    let line = Line {
        endpoint: pinned(&task.endpoint, observation.address?),
        negotiation: task.conninfo.sslnegotiation.value,
        server_name: server_name(task).map(<[u8]>::to_vec),
        patience: limits.patience,
        deadline: Instant::now() + limits.total,
    };
    let user = task.conninfo.user.value.as_bytes();
    let asker = Asker {
        user,
        database: task.conninfo.dbname.value.as_bytes(),
    };
    let mut answers = Answers::default();
    let questions = questions(speaks);
    let work = questions
        .iter()
        .map(|&question| ask(&line, task, asker, question));
    stream::iter(work)
        .buffer_unordered(limits.jobs.get())
        .for_each(|answer| {
            answers.add(answer);
            ready(())
        })
        .await;
    Some(answers.sum_up(speaks, user, observation))
}

/// The same endpoint, and no other address of it.
fn pinned(endpoint: &Endpoint, address: SocketAddr) -> Endpoint {
    let text = match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
        _ => address.ip().to_string(),
    };
    Endpoint {
        hostaddr: HostAddr::from_bytes(text.as_bytes()).or_else(|| endpoint.hostaddr.clone()),
        ..endpoint.clone()
    }
}

/// What is worth asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    Tls,
    PlaintextOnly,
}

/// One line of inquiry, which takes one connection after the other.
#[derive(Clone, Copy, Debug)]
enum Question {
    Clear,
    Encrypted,
    Gss,
    Direct(Alpn),
    Stuffed,
    Certificate(Asked),
    Protocol(TlsVersion),
}

enum Answer {
    Clear(Result<Clear, Unknown>),
    Encrypted(Result<Encrypted, Unknown>),
    Gss(Result<Gss, Unknown>),
    Direct(Alpn, Result<Direct, Unknown>),
    Stuffed(Result<Stuffed, Unknown>),
    Certificate(Shown),
    Protocol(Protocol),
}

fn questions(speaks: Speaks) -> Vec<Question> {
    let mut all = vec![
        Question::Clear,
        Question::Gss,
        Question::Direct(Alpn::Named),
    ];
    if speaks == Speaks::Tls {
        all.push(Question::Encrypted);
        all.extend(TlsVersion::ALL.iter().copied().map(Question::Protocol));
        all.extend(Asked::ALL.map(Question::Certificate));
        all.push(Question::Direct(Alpn::Omitted));
        all.push(Question::Stuffed);
    }
    all
}

async fn ask(line: &Line, task: &Task, asker: Asker<'_>, question: Question) -> Answer {
    match question {
        Question::Clear => Answer::Clear(plain::ask_clear(line, asker).await),
        Question::Encrypted => Answer::Encrypted(plain::ask_encrypted(line, asker).await),
        Question::Gss => Answer::Gss(negotiation::gss(line).await),
        Question::Direct(alpn) => {
            Answer::Direct(alpn, negotiation::direct(line, alpn, asker).await)
        }
        Question::Stuffed => Answer::Stuffed(negotiation::stuffed(line, asker).await),
        Question::Certificate(asked) => {
            Answer::Certificate(certificate::show(line, task, asked).await)
        }
        Question::Protocol(version) => Answer::Protocol(protocol::protocol(line, version).await),
    }
}

/// What was answered so far. What is never answered stays unknown.
struct Answers {
    clear: Result<Clear, Unknown>,
    encrypted: Result<Encrypted, Unknown>,
    gss: Result<Gss, Unknown>,
    direct: Result<Direct, Unknown>,
    direct_without_alpn: Result<Direct, Unknown>,
    stuffed: Result<Stuffed, Unknown>,
    certificates: Vec<Shown>,
    protocols: Vec<Protocol>,
}

impl Default for Answers {
    fn default() -> Self {
        let protocol = |version| Protocol {
            version,
            state: State::Unknown(Unknown::NotAsked),
        };
        let shown = |asked| Shown {
            asked,
            chain: Err(Unknown::NotAsked),
        };
        Self {
            clear: Err(Unknown::NotAsked),
            encrypted: Err(Unknown::NotAsked),
            gss: Err(Unknown::NotAsked),
            direct: Err(Unknown::NotAsked),
            direct_without_alpn: Err(Unknown::NotAsked),
            stuffed: Err(Unknown::NotAsked),
            certificates: Asked::ALL.map(shown).into(),
            protocols: TlsVersion::ALL.iter().copied().map(protocol).collect(),
        }
    }
}

impl Answers {
    fn add(&mut self, answer: Answer) {
        match answer {
            Answer::Clear(clear) => self.clear = clear,
            Answer::Encrypted(encrypted) => self.encrypted = encrypted,
            Answer::Gss(gss) => self.gss = gss,
            Answer::Direct(Alpn::Named, direct) => self.direct = direct,
            Answer::Direct(Alpn::Omitted, direct) => self.direct_without_alpn = direct,
            Answer::Stuffed(stuffed) => self.stuffed = stuffed,
            Answer::Certificate(shown) => {
                let mut places = self.certificates.iter_mut();
                if let Some(place) = places.find(|place| place.asked == shown.asked) {
                    *place = shown;
                }
            }
            Answer::Protocol(protocol) => {
                let mut places = self.protocols.iter_mut();
                if let Some(place) = places.find(|place| place.version == protocol.version) {
                    *place = protocol;
                }
            }
        }
    }

    fn sum_up(self, speaks: Speaks, user: &[u8], observation: &Observation) -> Audit {
        let mut protocols = self.protocols;
        contradict(&mut protocols, observation);
        Audit {
            plaintext: plain::compare(self.clear, &self.encrypted, user),
            gss: self.gss,
            direct: self.direct,
            tls: (speaks == Speaks::Tls).then(|| {
                Box::new(TlsAudit {
                    protocols,
                    direct_without_alpn: self.direct_without_alpn,
                    stuffed: self.stuffed,
                    encrypted: self.encrypted,
                    certificates: self.certificates,
                })
            }),
        }
    }
}

/// The version and the suite that the check got must be among those found. If they are not, our own
/// hello was refused for another reason, and its refusals prove nothing.
fn contradict(protocols: &mut [Protocol], observation: &Observation) {
    let Some(tls) = observation.tls() else {
        return;
    };
    let Some(version) = tls.protocol else {
        return;
    };
    let mut protocols = protocols.iter_mut();
    let Some(protocol) = protocols.find(|one| one.version == version) else {
        return;
    };
    match &mut protocol.state {
        State::Refused => protocol.state = State::Unknown(Unknown::Contradiction),
        State::Accepted(accepted) => {
            let found = &accepted.suites.found;
            if tls.cipher.is_some_and(|suite| !found.contains(&suite)) {
                let unfinished = &mut accepted.suites.unfinished;
                unfinished.get_or_insert(Unknown::Contradiction);
            }
        }
        State::Unknown(_) => {}
    }
}
