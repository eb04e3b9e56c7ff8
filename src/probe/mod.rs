//! Probes one endpoint: connects, negotiates, shakes hands, verifies, and returns an observation.
//!
//! A bad server is a result, never an error: everything that happened is in the [`Observation`].

#![deny(clippy::wildcard_enum_match_arm)]

mod as_libpq;
mod negotiation_fallback;
mod observation;
mod offers;
mod second_look;
mod without_alpn;
mod witness;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::sign::CertifiedKey;
use tokio::time::Instant;

use crate::conninfo::{ConnInfo, Endpoint, Host, OpensslConf, SslSni, TlsVersion};
use crate::handshake::{
    Alpn, ClientCertificateRequest, Groups, Limits, Offer, ServerKeys, shake_hands,
};
use crate::negotiate::Ready;
use crate::startup::first_answer;
use crate::trust::Trust;
use crate::verify::{Judgement, Oldest, OpenSsl, Purpose, Revocation, Rules, Unsatisfied, judge};
use crate::wire::postgres::FirstAnswer;
use crate::{connect, handshake, negotiate};

pub use negotiation_fallback::NegotiationFallback;
pub use observation::{ClientCertificate, Moment, Observation, Progress, Session, Stop, Timings};
pub use offers::{Offers, Taken, offers};
pub use second_look::{LibpqOffer, LookFault, Missing, Proof, Silence};

pub(crate) use offers::{line, pinned};
pub(crate) use witness::Witness;

use as_libpq::{as_libpq, may_choose_otherwise};
use second_look::second_look;
use without_alpn::{may_need_alpn, without_alpn};

/// What to check, and the rules for it.
#[derive(Clone, Debug)]
pub struct Task {
    /// The whole connection string, parsed.
    pub conninfo: Arc<ConnInfo>,
    /// The endpoint of the string to check.
    pub endpoint: Endpoint,
    /// What to trust.
    pub trust: Arc<Trust>,
    /// The time of the judgement, in seconds since 1970-01-01T00:00:00Z.
    pub now: i64,
    /// Which time that is.
    pub moment: Moment,
    /// Time for the whole endpoint.
    pub timeout: Duration,
    /// The oldest versions that clients may have.
    pub oldest: Oldest,
    /// Which kinds of server key are asked for.
    pub keys: ServerKeys,
    /// Whether ALPN names the protocol.
    pub alpn: Alpn,
}

impl Task {
    /// The rules to judge the chain by.
    pub fn rules(&self) -> Rules {
        Rules {
            now: self.now,
            revocation: self
                .trust
                .crls
                .clone()
                .map_or(Revocation::Off, Revocation::WholeChain),
            purpose: Purpose::SslServer,
        }
    }

    /// Judges what a server presents.
    pub fn judge<D: AsRef<[u8]>>(&self, presented: &[D]) -> Judgement {
        let host = self.endpoint.host.as_ref().map(Host::as_bytes);
        judge(presented, &*self.trust, host, &self.rules()).since(self.oldest)
    }
}

/// Checks one endpoint.
pub async fn probe(task: &Task) -> Observation {
    probe_in_turn(task, std::future::ready(())).await
}

/// Checks one endpoint, and shakes hands only after `turn`. The wait for it does not count.
pub async fn probe_in_turn(task: &Task, turn: impl Future<Output = ()>) -> Observation {
    let started = Instant::now();
    let deadline = started + task.timeout;
    let mut timings = Timings::default();
    let mut address = None;
    let mut until = deadline;
    let mut libpq_offer = LibpqOffer::NotMade;
    let mut newer = None;
    let outcome = match reach(task, deadline, &mut timings, &mut address).await {
        Ok(ready) => {
            let queued = Instant::now();
            turn.await;
            let queued = queued.elapsed();
            until = deadline + queued;
            let met = meet(task, ready, until, &mut timings).await;
            // What few servers need is on the heap.
            let (met, offered) = match address.filter(|_| may_choose_otherwise(&met)) {
                Some(address) => {
                    until = anew(task, until);
                    Box::pin(as_libpq(task, address, met, until)).await
                }
                None => (met, LibpqOffer::NotMade),
            };
            libpq_offer = offered;
            let met = match met {
                Ok(session) => match address.filter(|_| may_need_alpn(task, &session)) {
                    Some(address) => Box::pin(without_alpn(task, address, session, until)).await,
                    None => Ok(session),
                },
                Err(stop) => Err(stop),
            };
            let outcome = match met {
                Ok(session) => match address.filter(|_| refused_by_older(task, &session)) {
                    Some(address) => {
                        until = anew(task, until);
                        let asking = as_older(task, address, session, until);
                        let outcome;
                        (outcome, newer) = Box::pin(asking).await;
                        outcome
                    }
                    None => Ok(session),
                },
                Err(stop) if libpq_offer == LibpqOffer::NotMade => {
                    until = anew(task, until);
                    let look = second_look(task, address, stop, until, &mut timings);
                    let outcome;
                    (outcome, libpq_offer) = Box::pin(look).await;
                    outcome
                }
                Err(stop) => Err(stop),
            };
            timings.total = started.elapsed().saturating_sub(queued);
            outcome
        }
        Err(stop) => {
            timings.total = started.elapsed();
            Err(stop)
        }
    };
    let negotiation_fallback = match &outcome {
        Ok(_) => None,
        Err(stop) => negotiation_fallback::attempt(task, stop, until)
            .await
            .map(Box::new),
    };
    Observation {
        timings,
        address,
        outcome,
        negotiation_fallback,
        libpq_offer,
        newer,
        large_hello: None,
    }
}

/// When a further connection must have ended. It has as much time as the first: psql makes only one, and connects with a
/// server that is slow. After the time of the first there is no other.
fn anew(task: &Task, until: Instant) -> Instant {
    let now = Instant::now();
    if now < until {
        now + task.timeout
    } else {
        until
    }
}

/// Does only an OpenSSL before 3.5 refuse this server, and does it count?
pub(crate) fn refused_by_older(task: &Task, session: &Session) -> bool {
    task.keys == ServerKeys::Any
        && matches!(
            session.judgement.satisfies(task.trust.level),
            Err(Unsatisfied::NewerOpenSslOnly(_))
        )
}

/// Asks again as OpenSSL before 3.5 does, without ML-DSA: a server may have another certificate for it. Then both
/// count, and the other one decides what is reported. If it has none, the first session remains.
async fn as_older(
    task: &Task,
    address: SocketAddr,
    newest: Session,
    deadline: Instant,
) -> (Result<Session, Stop>, Option<Box<Session>>) {
    let older = Task {
        endpoint: pinned(&task.endpoint, address),
        keys: ServerKeys::Classic,
        ..task.clone()
    };
    let met = meet_again(&older, deadline).await;
    let shown = match &met {
        Ok(session) => Some(&session.judgement),
        Err(stop) => stop.judgement(),
    };
    // A server with one certificate shows it to every version.
    if shown.is_some_and(|shown| shown.presents_the_same(&newest.judgement)) {
        return (Ok(newest), None);
    }
    match met {
        Ok(session) => (Ok(session), Some(Box::new(newest))),
        // It showed a certificate, and we refused it.
        Err(
            stop @ Stop::Handshake {
                judgement: Some(_), ..
            },
        ) => (Err(stop), Some(Box::new(newest))),
        Err(_) => (Ok(newest), None),
    }
}

/// Finds out, on further connections, what becomes of a large ClientHello where a small one was answered.
pub async fn ask_large_hello(task: &Task, observation: &mut Observation) {
    let answered = observation.tls().is_some_and(|tls| tls.protocol.is_some());
    let deadline = Instant::now() + task.timeout;
    let line = line(task, observation, task.timeout, deadline).filter(|_| answered);
    if let Some(line) = line {
        observation.large_hello = line.ask_large().await.ok();
    }
}

/// One more connection, whose times are not kept.
async fn meet_again(task: &Task, deadline: Instant) -> Result<Session, Stop> {
    let mut timings = Timings::default();
    let ready = reach(task, deadline, &mut timings, &mut None).await?;
    meet(task, ready, deadline, &mut timings).await
}

/// Connects and asks for TLS.
async fn reach(
    task: &Task,
    deadline: Instant,
    timings: &mut Timings,
    address: &mut Option<SocketAddr>,
) -> Result<Ready, Stop> {
    let connected = connect::connect(&task.endpoint, deadline)
        .await
        .map_err(Stop::Connect)?;
    timings.resolve = Some(connected.resolve);
    timings.connect = Some(connected.connect);
    *address = Some(connected.address);

    let negotiation = task.conninfo.sslnegotiation.value;
    let asked = Instant::now();
    let ready = negotiate::negotiate(connected.stream, negotiation, deadline)
        .await
        .map_err(Stop::Negotiate)?;
    timings.ssl_request = Some(asked.elapsed());
    Ok(ready)
}

/// Shakes hands and verifies.
async fn meet(
    task: &Task,
    ready: Ready,
    deadline: Instant,
    timings: &mut Timings,
) -> Result<Session, Stop> {
    let witness = Witness::new(task);
    let shaking = Instant::now();
    let approve = Arc::<Witness>::clone(&witness);
    let shaken = shake_hands(ready, &offer(task), approve, deadline).await;
    timings.handshake = Some(shaking.elapsed());

    let mut session = match shaken {
        Ok(session) => session,
        Err(failure) => {
            let judgement = witness.take().map(Box::new);
            return Err(Stop::Handshake {
                error: failure.error,
                tls: failure.tls,
                judgement,
                progress: Progress::Unfinished,
            });
        }
    };
    let answer = ask_about_certificate(task, &mut session, deadline).await;
    let tls = session.tls.clone();
    match (answer, witness.take()) {
        (Ok(first_answer), Some(judgement)) => {
            session.close(deadline).await;
            Ok(Session {
                tls,
                judgement,
                first_answer,
                proof: Proof::Finished,
            })
        }
        (Err(error), judgement) => Err(Stop::Handshake {
            error,
            tls,
            judgement: judgement.map(Box::new),
            progress: Progress::Finished,
        }),
        // A session without a judgement would be an unchecked pass.
        (Ok(_), None) => {
            let error = handshake::Error::Other("no certificate was judged".to_owned());
            Err(Stop::Handshake {
                error,
                tls,
                judgement: None,
                progress: Progress::Unfinished,
            })
        }
    }
}

async fn ask_about_certificate(
    task: &Task,
    session: &mut handshake::Session,
    deadline: Instant,
) -> Result<Option<FirstAnswer>, handshake::Error> {
    match session.tls.client_certificate {
        ClientCertificateRequest::NotRequested => Ok(None),
        ClientCertificateRequest::RequestedNoneSent
        | ClientCertificateRequest::RequestedNoneFits
        | ClientCertificateRequest::Sent => {
            let user = task.conninfo.user.value.as_bytes();
            let database = task.conninfo.dbname.value.as_bytes();
            let mut answer = first_answer(session, user, database, deadline).await?;
            if let FirstAnswer::Error(error) = &mut answer {
                task.conninfo.hide_names(error);
            }
            Ok(Some(answer))
        }
    }
}

/// What the client offers at this endpoint.
pub(crate) fn offer(task: &Task) -> Offer<'_> {
    let conf = task.conninfo.openssl_conf.as_ref();
    let (min_version, max_version) = versions(task);
    Offer {
        server_name: server_name(task),
        min_version,
        max_version,
        negotiation: task.conninfo.sslnegotiation.value,
        identity: task.trust.identity.as_ref().map(|identity| {
            let key = Arc::clone(&identity.key);
            Arc::new(CertifiedKey::new(identity.chain.clone(), key))
        }),
        keys: task.keys,
        alpn: task.alpn,
        groups: match task.oldest.openssl {
            OpenSsl::V3_0 => Groups::Classic,
            OpenSsl::V3_5 => Groups::PostQuantumToo,
        },
        limits: conf.map(Limits::of).unwrap_or_default(),
    }
}

/// The oldest and the newest version: of those that are on, the oldest, and what follows it without a gap
/// (`ssl_get_min_max_version` in OpenSSL's ssl/statem/statem_lib.c). From 3.2 on OpenSSL has none before TLS 1.2 at its
/// usual security level.
fn versions(task: &Task) -> (TlsVersion, TlsVersion) {
    let ConnInfo {
        openssl_conf: conf,
        ssl_min_protocol_version: min,
        ssl_max_protocol_version: max,
        ..
    } = &*task.conninfo;
    let conf = conf.as_ref();
    // OpenSSL's configuration counts where libpq sets nothing after it.
    let min = min.as_ref().map(|setting| setting.value);
    let min = min.or_else(|| conf.and_then(OpensslConf::min_version));
    let max = max.as_ref().map(|setting| setting.value);
    let max = max.or_else(|| conf.and_then(OpensslConf::max_version));
    let range = min.unwrap_or(TlsVersion::V1_2)..=max.unwrap_or(TlsVersion::V1_3);
    let is_on = |version: &TlsVersion| {
        let is_known = match task.oldest.openssl {
            OpenSsl::V3_0 => true,
            OpenSsl::V3_5 => !version.is_legacy(),
        };
        is_known && range.contains(version) && conf.is_none_or(|conf| conf.leaves_on(*version))
    };
    let all = TlsVersion::ALL.iter().copied();
    let mut on = all.skip_while(|version| !is_on(version)).take_while(is_on);
    match on.next() {
        Some(oldest) => (oldest, on.last().unwrap_or(oldest)),
        // None is in it.
        None => (TlsVersion::V1_3, TlsVersion::V1_2),
    }
}

/// The SNI that libpq would send: the host as written, unless it is an address in any form
/// (`initialize_SSL` in fe-secure-openssl.c: all digits and dots, or with a colon).
pub(crate) fn server_name(task: &Task) -> Option<&[u8]> {
    match (task.conninfo.sslsni.value, &task.endpoint.host) {
        (SslSni::Send, Some(Host::Name(name))) => {
            let digits = name
                .iter()
                .all(|byte| byte.is_ascii_digit() || *byte == b'.');
            (!digits && !name.contains(&b':')).then_some(name)
        }
        (SslSni::Omit, _) | (_, Some(Host::Directory(_) | Host::Abstract(_)) | None) => None,
    }
}
