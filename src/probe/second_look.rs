//! A second look at a server: what it chooses for psql, where that may be something else than what it chooses for
//! rustls, or has chosen nothing.
//!
//! libpq's TLS library offers more in TLS 1.2: CBC and DHE suites, X448, keys and signatures that rustls
//! does not have. There the whole first flight of the server is in clear, and its key exchange is signed
//! over the random bytes of both sides. So one more connection, with the ClientHello of libpq, shows the
//! certificates and proves that the server has their key, without finishing the handshake.
//!
//! What it does not prove: that nothing on the way changed the choice of suite, which only a finished
//! handshake shows. A server with TLS 1.3 says in its random bytes that it was made to choose TLS 1.2, and
//! is then refused.

use std::fmt;
use std::net::SocketAddr;

use rustls::pki_types::CertificateDer;
use tokio::time::{Instant, timeout_at};

use super::offers::{line_to, nothing_in_common};
use super::{Progress, Session, Stop, Task, Timings, Witness, offer};
use crate::conninfo::{Limit, OpensslConf, SslNegotiation};
use crate::handshake::{
    self, Approve as _, ClientCertificateRequest, Tls, supports_group, supports_scheme_of_tls12,
    supports_suite,
};
use crate::inquiry::Unknown;
use crate::verify::Judgement;
use crate::verify::flight::{FlightFault, Proven, alpn, check_hello, check_key_exchange};
use crate::wire::tls::flight::{Answer, Flight};
use crate::wire::tls::libpq_hello::{LibpqHello, Lists, Shares, scheme_name};
use crate::wire::tls::{ALPN, Alert, Alpn, Group, Suite, TlsVersion};
use crate::workers::{Weight, aside};

/// How far a server's proof of its key got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A handshake was finished. If psql is shown another certificate, its signed key exchange was checked as well.
    Finished,
    /// The signed key exchange was checked. pgtls cannot finish this handshake.
    KeyExchange(Missing),
}

/// What rustls does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The cipher suite.
    Suite(Suite),
    /// The group.
    Group(Group),
    /// The signature scheme, by IANA's number.
    Scheme(u16),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Suite(suite) => write!(f, "this suite ({})", suite.openssl),
            Self::Group(group) => write!(f, "this group ({})", group.name),
            Self::Scheme(scheme) => match scheme_name(*scheme) {
                Some(name) => write!(f, "this kind of signature ({name})"),
                None => write!(f, "this kind of signature (0x{scheme:04x})"),
            },
        }
    }
}

/// Why the second look is not a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookFault {
    /// The server's first flight.
    #[error(transparent)]
    Flight(#[from] FlightFault),
    /// In TLS 1.3 the server accepts only a group that pgtls does not have. psql has it.
    #[error("the server agrees only to the group {}", .0.name)]
    Group(Group),
    /// The server asks for a client certificate. Whether it requires one, or accepts ours, shows only later.
    #[error("the server asks for a client certificate")]
    ClientCertificate(Missing),
    /// Direct TLS without the ALPN protocol `postgresql`.
    #[error("direct SSL connection was established without ALPN protocol negotiation extension")]
    NoAlpn,
    /// The server accepts a ClientHello only with ALPN, which libpq 16 and older do not send.
    #[error(
        "the server accepts a ClientHello that names PostgreSQL's protocol (ALPN), and not one without, which psql with libpq 16 and older sends: {0}"
    )]
    NeedsAlpn(Silence),
    /// The server did not accept a first offer, and now accepts the same.
    #[error("the server accepts in a second ClientHello what it did not accept in the first")]
    Contradiction,
    /// The server accepts the first offer, and not the one that psql makes.
    #[error("the server accepts what pgtls offers; {0}")]
    Unanswered(Silence),
}

/// What a server does that makes no choice from psql's offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// It refuses.
    #[error("it refuses what psql offers: {0}")]
    Alert(Alert),
    /// It hangs up.
    #[error("it closes the connection on what psql offers")]
    Closed,
    /// It answers with something else.
    #[error("its answer to what psql offers is not one of TLS")]
    NotTls,
    /// Time ran out.
    #[error("it did not answer what psql offers within the time limit")]
    Timeout,
    /// There was no connection, or no permission to start TLS.
    #[error("what psql offers could not be sent, because no other connection was possible")]
    NotReached,
}

impl Silence {
    fn of(unknown: &Unknown) -> Self {
        match unknown {
            Unknown::Closed => Self::Closed,
            Unknown::Timeout | Unknown::OutOfTime => Self::Timeout,
            Unknown::NotTls
            | Unknown::NotPostgres
            | Unknown::Unoffered
            | Unknown::Contradiction
            | Unknown::Handshake(_) => Self::NotTls,
            Unknown::NotAsked
            | Unknown::Connect(_)
            | Unknown::Negotiate(_)
            | Unknown::Busy
            | Unknown::RefusedAnyway(_) => Self::NotReached,
        }
    }
}

/// What became of the offer that psql makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LibpqOffer {
    /// It was not made, or changed nothing; or the string allows no version in which it could be made.
    #[default]
    NotMade,
    /// The server has nothing in common with it either.
    Refused,
    /// The server made a choice, which the outcome describes.
    Answered,
    /// The server accepts ours as well. What it chooses for psql counts, and the outcome describes it.
    Decisive,
    /// The server hung up without a word, as on the first offer.
    HungUp,
    /// There was no answer that we understand, or one that does not fit the first.
    Unclear,
}

/// Takes the look if the handshake failed because nothing was in common. The result replaces the failure if
/// it says more.
pub(super) async fn second_look(
    task: &Task,
    address: Option<SocketAddr>,
    stop: Stop,
    deadline: Instant,
    timings: &mut Timings,
) -> (Result<Session, Stop>, LibpqOffer) {
    let hung_up = hung_up(&stop);
    let Some(address) = address.filter(|_| hung_up || nothing_in_common(&stop)) else {
        return (Err(stop), LibpqOffer::NotMade);
    };
    let began = Instant::now();
    let looked = look(task, address, deadline).await;
    timings.handshake = timings.handshake.map(|took| took + began.elapsed());
    let told = match looked {
        Seen::Chosen(choice) => unfinished(task, *choice).map_err(|stop| *stop),
        Seen::Stopped(told) => Err(*told),
        Seen::Silent(Silence::Alert(_)) => return (Err(stop), refused(task)),
        Seen::Silent(Silence::Closed) if hung_up => return (Err(stop), LibpqOffer::HungUp),
        Seen::Silent(_) => return (Err(stop), LibpqOffer::Unclear),
        Seen::NotAsked => return (Err(stop), LibpqOffer::NotMade),
    };
    match fault(&told) {
        // psql does not accept an older version either.
        Some(LookFault::Flight(FlightFault::Version(_))) => (Err(stop), refused(task)),
        // Only a choice that rustls does not offer explains why it hung up. Where rustls offered nothing, the
        // choice may be one that it has.
        Some(LookFault::Contradiction) if hung_up || is_unasked(&stop) => {
            (Err(stop), LibpqOffer::Unclear)
        }
        Some(_) | None => (told, LibpqOffer::Answered),
    }
}

/// The server refused the offer that was made for psql, which may have more suites to offer than that one.
fn refused(task: &Task) -> LibpqOffer {
    let conf = task.conninfo.openssl_conf.as_ref();
    if conf.is_some_and(OpensslConf::may_add_suites) {
        LibpqOffer::Unclear
    } else {
        LibpqOffer::Refused
    }
}

/// Some servers say nothing at all where they accept nothing of an offer.
fn hung_up(stop: &Stop) -> bool {
    let Stop::Handshake { error, tls, .. } = stop else {
        return false;
    };
    matches!(error, handshake::Error::Closed { received: 0 }) && tls.protocol.is_none()
}

/// Was the server not asked at all, because nothing was left to offer?
fn is_unasked(stop: &Stop) -> bool {
    let Stop::Handshake { error, .. } = stop else {
        return false;
    };
    matches!(error, handshake::Error::NothingToOffer)
}

fn fault(told: &Result<Session, Stop>) -> Option<LookFault> {
    let Err(Stop::SecondLook { fault, .. }) = told else {
        return None;
    };
    Some(*fault)
}

/// What a look shows.
pub(super) enum Seen {
    /// A choice in TLS 1.2, with certificates that the string accepts.
    Chosen(Box<Choice>),
    /// A choice that psql or the string does not accept, or that shows no certificate.
    Stopped(Box<Stop>),
    /// No choice.
    Silent(Silence),
    /// The question could not be asked.
    NotAsked,
}

/// What a server has chosen from psql's offer.
pub(super) struct Choice {
    pub(super) tls: Tls,
    pub(super) judgement: Judgement,
    /// What rustls lacks to finish such a handshake, if the key exchange proves the key.
    pub(super) proven: Result<Option<Missing>, FlightFault>,
}

impl Seen {
    fn fault(fault: impl Into<LookFault>, tls: Tls) -> Self {
        Self::Stopped(Box::new(Stop::SecondLook {
            fault: fault.into(),
            tls,
            judgement: None,
        }))
    }
}

pub(super) async fn look(task: &Task, address: SocketAddr, deadline: Instant) -> Seen {
    let mut random = [0; 32];
    if aws_lc_rs::rand::fill(&mut random).is_err() {
        return Seen::NotAsked;
    }
    let hello = hello(task, random);
    let lists = &hello.lists;
    let is_empty = lists.groups.is_empty()
        || lists.schemes.is_empty()
        || hello.offers(TlsVersion::V1_3) && lists.suites_of_tls13.is_empty();
    // libpq would not get as far as that.
    if hello.max_version < TlsVersion::V1_2 || is_empty {
        return Seen::NotAsked;
    }
    let line = line_to(task, address, task.timeout, deadline);
    match line.first_flight(&hello.encode()).await {
        Ok(Answer::Flight(flight)) => {
            let task = task.clone();
            // A hostile chain must not delay other endpoints.
            let judging = aside(Weight::Heavy, move || judge(&task, &flight, random));
            let judged = timeout_at(deadline, judging).await;
            judged.unwrap_or(Seen::Silent(Silence::Timeout))
        }
        Ok(Answer::Tls13 { suite, group }) => of_tls13(&hello, suite, group),
        Ok(Answer::Alert(alert)) => Seen::Silent(Silence::Alert(alert)),
        Ok(Answer::Malformed) => Seen::Silent(Silence::NotTls),
        Err(unknown) => Seen::Silent(Silence::of(&unknown)),
    }
}

fn hello(task: &Task, random: [u8; 32]) -> LibpqHello<'_> {
    let offer = offer(task);
    let mut lists = Lists::default();
    // The OpenSSL configuration of this machine binds libpq.
    offer.limits.groups.apply(&mut lists.groups, |id| *id);
    offer.limits.signatures.apply(&mut lists.schemes, |id| *id);
    if let Limit::Only(suites) = offer.limits.suites {
        lists.suites_of_tls13 = suites;
    }
    if let Limit::Only(suites) = offer.limits.suites_of_tls12 {
        lists.suites_of_tls12 = suites;
    }
    if let Some(conf) = &task.conninfo.openssl_conf {
        lists.prime_bits = conf.prime_bits();
    }
    LibpqHello {
        max_version: offer.max_version,
        min_version: offer.min_version.max(TlsVersion::V1_2),
        server_name: offer.server_name,
        alpn: match offer.negotiation {
            SslNegotiation::Direct => Alpn::Named,
            SslNegotiation::Postgres => task.oldest.alpn(),
        },
        random,
        lists,
        shares: Shares::None,
    }
}

/// In TLS 1.3 only suite and group are in clear.
fn of_tls13(hello: &LibpqHello<'_>, suite: u16, group: Option<u16>) -> Seen {
    let group = group.filter(|group| hello.lists.groups.contains(group));
    let (Some(group), Some(suite)) = (group.and_then(Group::of), Suite::of(suite)) else {
        return Seen::Silent(Silence::NotTls);
    };
    let offered = hello.lists.suites_of_tls13.contains(&suite.id);
    if !hello.offers(TlsVersion::V1_3) || !offered {
        return Seen::Silent(Silence::NotTls);
    }
    let tls = Tls {
        protocol: Some(TlsVersion::V1_3),
        cipher: Some(suite),
        group: Some(group),
        sni: shown(hello),
        ..Tls::default()
    };
    let fault = match (supports_group(group.id), supports_suite(suite.id)) {
        (false, _) => LookFault::Group(group),
        (true, true) => LookFault::Contradiction,
        (true, false) => return Seen::Silent(Silence::NotTls),
    };
    Seen::fault(fault, tls)
}

fn judge(task: &Task, flight: &Flight, random: [u8; 32]) -> Seen {
    let hello = &hello(task, random);
    let mut tls = Tls {
        protocol: Some(TlsVersion::V1_2),
        cipher: Suite::of(flight.hello.suite),
        alpn: alpn(&flight.hello).map(<[u8]>::to_vec),
        sni: shown(hello),
        ..Tls::default()
    };
    if let Some(authorities) = &flight.authorities {
        tls.client_certificate = ClientCertificateRequest::RequestedNoneSent;
        tls.client_certificate_authorities.clone_from(authorities);
    }
    let suite = match check_hello(&flight.hello, hello) {
        Ok(suite) => suite,
        Err(fault) => return Seen::fault(fault, tls),
    };
    let presented: Vec<CertificateDer<'_>> = flight
        .certificates
        .iter()
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    let witness = Witness::new(task);
    let approved = witness.approve(&presented);
    // It is there after `approve`. Without one, nothing was judged.
    let Some(judgement) = witness.take() else {
        return Seen::Silent(Silence::NotTls);
    };
    if let Err(refusal) = approved {
        return Seen::Stopped(Box::new(Stop::Handshake {
            progress: Progress::Unfinished,
            error: handshake::Error::Refused(refusal),
            tls,
            judgement: Some(Box::new(judgement)),
        }));
    }
    let Some(leaf) = judgement.certificates.first() else {
        return Seen::Silent(Silence::NotTls);
    };
    let proven = check_key_exchange(flight, suite, hello, leaf);
    tls.group = proven.ok().and_then(|proven| proven.group);
    Seen::Chosen(Box::new(Choice {
        tls,
        judgement,
        proven: proven.map(|proven| missing(suite, proven)),
    }))
}

/// Why rustls could not finish the handshake.
fn missing(suite: Suite, proven: Proven) -> Option<Missing> {
    let group = proven.group.filter(|group| !supports_group(group.id));
    if !supports_suite(suite.id) {
        Some(Missing::Suite(suite))
    } else if let Some(group) = group {
        Some(Missing::Group(group))
    } else if !supports_scheme_of_tls12(proven.scheme) {
        Some(Missing::Scheme(proven.scheme))
    } else {
        None
    }
}

/// What a choice is worth that rustls cannot take.
pub(super) fn unfinished(task: &Task, choice: Choice) -> Result<Session, Box<Stop>> {
    let missing = match choice.proven {
        Ok(Some(missing)) => missing,
        Ok(None) => return Err(choice.refused(LookFault::Contradiction)),
        Err(fault) => return Err(choice.refused(fault)),
    };
    let choice = choice.confirmed(task)?;
    match choice.tls.client_certificate {
        ClientCertificateRequest::NotRequested => Ok(Session {
            tls: choice.tls,
            judgement: choice.judgement,
            first_answer: None,
            proof: Proof::KeyExchange(missing),
        }),
        ClientCertificateRequest::RequestedNoneSent
        | ClientCertificateRequest::RequestedNoneFits
        | ClientCertificateRequest::Sent => {
            Err(choice.refused(LookFault::ClientCertificate(missing)))
        }
    }
}

impl Choice {
    pub(super) fn refused(self, fault: impl Into<LookFault>) -> Box<Stop> {
        Box::new(Stop::SecondLook {
            fault: fault.into(),
            tls: self.tls,
            judgement: Some(Box::new(self.judgement)),
        })
    }

    /// Over direct TLS the server must say that it speaks PostgreSQL.
    pub(super) fn confirmed(self, task: &Task) -> Result<Self, Box<Stop>> {
        match task.conninfo.sslnegotiation.value {
            SslNegotiation::Direct if self.tls.alpn.as_deref() != Some(ALPN) => {
                Err(self.refused(LookFault::NoAlpn))
            }
            SslNegotiation::Direct | SslNegotiation::Postgres => Ok(self),
        }
    }
}

fn shown(hello: &LibpqHello<'_>) -> Option<String> {
    let name = hello.server_name?;
    Some(String::from_utf8_lossy(name).into_owned())
}
