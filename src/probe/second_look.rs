//! A second look at a server that has nothing in common with rustls.
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
use crate::conninfo::{Limit, SslNegotiation};
use crate::handshake::{
    self, Approve as _, ClientCertificateRequest, Tls, supports_group, supports_scheme_of_tls12,
    supports_suite,
};
use crate::inquiry::Unknown;
use crate::verify::Judgement;
use crate::verify::flight::{FlightFault, Proven, alpn, check_hello, check_key_exchange};
use crate::wire::tls::flight::{Answer, Flight};
use crate::wire::tls::libpq_hello::{LibpqHello, Lists, Shares, scheme_name};
use crate::wire::tls::{ALPN, Alert, Group, Suite, TlsVersion};
use crate::workers::{Weight, aside};

/// How far a server's proof of its key got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The handshake was finished.
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
    /// In TLS 1.3 the server agrees to what rustls offers as well. What is left is its key, or its signature.
    #[error(
        "the server agrees to {} and {}, which pgtls offers as well, so its key or its signature is of a kind that pgtls does not have", .suite.openssl, .group.name
    )]
    Key {
        /// The suite that it chose.
        suite: Suite,
        /// The group that it chose.
        group: Group,
    },
    /// The server asks for a client certificate. Whether it requires one, or accepts ours, shows only later.
    #[error("the server asks for a client certificate")]
    ClientCertificate,
    /// Direct TLS without the ALPN protocol `postgresql`.
    #[error("direct SSL connection was established without ALPN protocol negotiation extension")]
    NoAlpn,
    /// The server refused a first offer, and now accepts the same.
    #[error(
        "the server refused the first ClientHello, and accepted the same offer in a second one"
    )]
    Contradiction,
}

/// What became of the offer that psql makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LibpqOffer {
    /// It was not made: there was no reason, or the string allows no version in which it could be made.
    #[default]
    NotMade,
    /// The server has nothing in common with it either.
    Refused,
    /// The server made a choice, which the outcome describes.
    Answered,
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
    match looked {
        // Only a choice that rustls does not offer explains why it hung up. Where rustls offered nothing, the
        // choice may be one that it has.
        Seen::Told(told) if (hung_up || is_unasked(&stop)) && is_contradiction(&told) => {
            (Err(stop), LibpqOffer::Unclear)
        }
        Seen::Told(told) if !could_be(&told, &stop) => (Err(stop), LibpqOffer::Unclear),
        Seen::Told(told) => (*told, LibpqOffer::Answered),
        Seen::Refused => (Err(stop), LibpqOffer::Refused),
        Seen::HungUp if hung_up => (Err(stop), LibpqOffer::HungUp),
        Seen::HungUp | Seen::Nothing => (Err(stop), LibpqOffer::Unclear),
        Seen::NotAsked => (Err(stop), LibpqOffer::NotMade),
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

fn is_contradiction(told: &Result<Session, Stop>) -> bool {
    let Err(Stop::SecondLook { fault, .. }) = told else {
        return false;
    };
    *fault == LookFault::Contradiction
}

/// A server refuses a kind of key with the alert that means anything, not with the one about versions.
fn could_be(told: &Result<Session, Stop>, first: &Stop) -> bool {
    let Err(Stop::SecondLook {
        fault: LookFault::Key { .. },
        ..
    }) = told
    else {
        return true;
    };
    let Stop::Handshake { error, .. } = first else {
        return false;
    };
    matches!(error, handshake::Error::Alert(Alert::HANDSHAKE_FAILURE))
}

/// What a look shows.
enum Seen {
    Told(Box<Result<Session, Stop>>),
    /// An alert.
    Refused,
    /// The connection ended without an answer.
    HungUp,
    /// No answer, or none that we understand.
    Nothing,
    /// The question could not be asked.
    NotAsked,
}

impl Seen {
    fn fault(fault: impl Into<LookFault>, tls: Tls, judgement: Option<Judgement>) -> Self {
        Self::Told(Box::new(Err(Stop::SecondLook {
            fault: fault.into(),
            tls,
            judgement: judgement.map(Box::new),
        })))
    }
}

async fn look(task: &Task, address: SocketAddr, deadline: Instant) -> Seen {
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
            judged.unwrap_or(Seen::Nothing)
        }
        Ok(Answer::Tls13 { suite, group }) => of_tls13(&hello, suite, group),
        Ok(Answer::Alert(_)) => Seen::Refused,
        Err(Unknown::Closed) => Seen::HungUp,
        Ok(Answer::Malformed) | Err(_) => Seen::Nothing,
    }
}

fn hello(task: &Task, random: [u8; 32]) -> LibpqHello<'_> {
    let offer = offer(task);
    let mut lists = Lists::default();
    // The OpenSSL configuration of this machine binds libpq.
    lists.groups.retain(|id| offer.limits.groups.allows(*id));
    lists
        .schemes
        .retain(|id| offer.limits.signatures.allows(*id));
    if let Limit::Only(suites) = offer.limits.suites {
        lists.suites_of_tls13 = suites;
    }
    if let Limit::Only(suites) = offer.limits.suites_of_tls12 {
        lists.suites_of_tls12 = suites;
    }
    LibpqHello {
        max_version: offer.max_version,
        min_version: offer.min_version.max(TlsVersion::V1_2),
        server_name: offer.server_name,
        random,
        lists,
        shares: Shares::None,
    }
}

/// In TLS 1.3 only suite and group are in clear.
fn of_tls13(hello: &LibpqHello<'_>, suite: u16, group: Option<u16>) -> Seen {
    let group = group.filter(|group| hello.lists.groups.contains(group));
    let (Some(group), Some(suite)) = (group.and_then(Group::of), Suite::of(suite)) else {
        return Seen::Nothing;
    };
    let offered = hello.lists.suites_of_tls13.contains(&suite.id);
    if !hello.offers(TlsVersion::V1_3) || !offered {
        return Seen::Nothing;
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
        (true, true) => LookFault::Key { suite, group },
        (true, false) => return Seen::Nothing,
    };
    Seen::fault(fault, tls, None)
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
        // psql does not accept an older version either.
        Err(FlightFault::Version(_)) => return Seen::Refused,
        Err(fault) => return Seen::fault(fault, tls, None),
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
        return Seen::Nothing;
    };
    if let Err(refusal) = approved {
        return Seen::Told(Box::new(Err(Stop::Handshake {
            progress: Progress::Unfinished,
            error: handshake::Error::Refused(refusal),
            tls,
            judgement: Some(Box::new(judgement)),
        })));
    }
    let Some(leaf) = judgement.certificates.first() else {
        return Seen::Nothing;
    };
    let proven = match check_key_exchange(flight, suite, hello, leaf) {
        Ok(proven) => proven,
        Err(fault) => return Seen::fault(fault, tls, Some(judgement)),
    };
    tls.group = proven.group;
    match missing(task, suite, proven, &tls) {
        Ok(missing) => Seen::Told(Box::new(Ok(Session {
            tls,
            judgement,
            first_answer: None,
            proof: Proof::KeyExchange(missing),
        }))),
        Err(fault) => Seen::fault(fault, tls, Some(judgement)),
    }
}

/// Why the handshake could not be finished, after a good proof of the key.
fn missing(task: &Task, suite: Suite, proven: Proven, tls: &Tls) -> Result<Missing, LookFault> {
    let group = proven.group.filter(|group| !supports_group(group.id));
    let missing = if !supports_suite(suite.id) {
        Missing::Suite(suite)
    } else if let Some(group) = group {
        Missing::Group(group)
    } else if !supports_scheme_of_tls12(proven.scheme) {
        Missing::Scheme(proven.scheme)
    } else {
        return Err(LookFault::Contradiction);
    };
    let negotiation = task.conninfo.sslnegotiation.value;
    if negotiation == SslNegotiation::Direct && tls.alpn.as_deref() != Some(ALPN) {
        return Err(LookFault::NoAlpn);
    }
    match tls.client_certificate {
        ClientCertificateRequest::NotRequested => Ok(missing),
        ClientCertificateRequest::RequestedNoneSent
        | ClientCertificateRequest::RequestedNoneFits
        | ClientCertificateRequest::Sent => Err(LookFault::ClientCertificate),
    }
}

fn shown(hello: &LibpqHello<'_>) -> Option<String> {
    let name = hello.server_name?;
    Some(String::from_utf8_lossy(name).into_owned())
}
