//! Probes one endpoint: connects, negotiates, shakes hands, verifies, and returns an observation.
//!
//! A bad server is a result, never an error: everything that happened is in the [`Observation`].

#![deny(clippy::wildcard_enum_match_arm)]

mod negotiation_fallback;
mod offers;
mod second_look;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use tokio::time::Instant;

use crate::conninfo::{ConnInfo, Endpoint, Host, OpensslConf, SslSni, TlsVersion};
use crate::handshake::{
    Alpn, Approve, ClientCertificateRequest, Groups, Limits, Offer, Refusal, ServerKeys, Tls,
    shake_hands,
};
use crate::negotiate::Ready;
use crate::startup::first_answer;
use crate::trust::Trust;
use crate::verify::{
    FaultKind, Judgement, OpenSsl, Purpose, Revocation, Rules, Unsatisfied, judge,
};
use crate::wire::postgres::FirstAnswer;
use crate::workers::Weight;
use crate::{connect, handshake, negotiate};

pub use negotiation_fallback::NegotiationFallback;
pub use offers::{Offers, Taken, offers};
pub use second_look::{LibpqOffer, LookFault, Missing, Proof};

pub(crate) use offers::line;

use second_look::second_look;

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
    /// The oldest OpenSSL of the clients.
    pub oldest: OpenSsl,
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
}

/// Which time a judgement is made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Moment {
    /// The present: what the server accepts counts.
    #[default]
    Present,
    /// Another time, at which the server was not asked.
    Chosen,
}

/// What happened at one endpoint.
#[derive(Debug)]
pub struct Observation {
    /// How long each step took, as far as it was reached.
    pub timings: Timings,
    /// The address that accepted the connection.
    pub address: Option<SocketAddr>,
    /// How far we got.
    pub outcome: Result<Session, Stop>,
    /// The result of the other way to ask for TLS, if the server hung up on the requested one.
    pub negotiation_fallback: Option<Box<NegotiationFallback>>,
    /// What became of the offer that psql makes, if ours had nothing in common with the server.
    pub libpq_offer: LibpqOffer,
}

impl Observation {
    /// The judgement of the certificates, if any were presented.
    pub fn judgement(&self) -> Option<&Judgement> {
        match &self.outcome {
            Ok(session) => Some(&session.judgement),
            Err(Stop::Handshake { judgement, .. } | Stop::SecondLook { judgement, .. }) => {
                judgement.as_deref()
            }
            Err(Stop::Connect(_) | Stop::Negotiate(_)) => None,
        }
    }

    /// What happened to our certificate.
    pub fn client_certificate(&self) -> Option<ClientCertificate> {
        let request = self.tls()?.client_certificate;
        Some(match request {
            ClientCertificateRequest::NotRequested => ClientCertificate::NotRequested,
            ClientCertificateRequest::RequestedNoneSent
            | ClientCertificateRequest::RequestedNoneFits => ClientCertificate::NoneSent,
            ClientCertificateRequest::Sent => match &self.outcome {
                // With any answer inside the session, TLS has accepted us.
                Ok(Session {
                    first_answer: Some(FirstAnswer::Authentication(_) | FirstAnswer::Error(_)),
                    ..
                }) => ClientCertificate::Accepted,
                Err(Stop::Handshake { error, .. }) if error.refuses_certificate() => {
                    ClientCertificate::Refused
                }
                Ok(Session {
                    first_answer: Some(FirstAnswer::Unexpected(_) | FirstAnswer::Closed) | None,
                    ..
                })
                | Err(
                    Stop::Handshake { .. }
                    | Stop::SecondLook { .. }
                    | Stop::Connect(_)
                    | Stop::Negotiate(_),
                ) => ClientCertificate::Sent,
            },
        })
    }

    /// How much work it is to judge once more what was presented.
    pub fn weight(&self, trust: &Trust) -> Weight {
        let certificates = self.judgement().map(|judgement| &judgement.certificates);
        let sizes = certificates.into_iter().flatten().map(|one| one.der.len());
        if sizes.sum::<usize>() > handshake::LIGHT {
            return Weight::Heavy;
        }
        trust.weight()
    }

    /// What was negotiated, as far as the handshake got.
    pub fn tls(&self) -> Option<&Tls> {
        match &self.outcome {
            Ok(session) => Some(&session.tls),
            Err(Stop::Handshake { tls, .. } | Stop::SecondLook { tls, .. }) => Some(tls),
            Err(Stop::Connect(_) | Stop::Negotiate(_)) => None,
        }
    }
}

/// What happened to the client's own certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificate {
    /// The server did not ask.
    NotRequested,
    /// It asked, and got none.
    NoneSent,
    /// It asked and got ours; whether it accepted it is unknown.
    Sent,
    /// It asked, and TLS accepted ours.
    Accepted,
    /// It asked, and refused ours with an alert.
    Refused,
}

/// A server that has proved the key of its certificate.
#[derive(Debug)]
pub struct Session {
    /// What was negotiated.
    pub tls: Tls,
    /// The judgement of the certificates.
    pub judgement: Judgement,
    /// The answer to a startup packet, sent only if the server asked for a client certificate.
    pub first_answer: Option<FirstAnswer>,
    /// How the key was proved.
    pub proof: Proof,
}

/// The step that failed.
#[derive(Debug)]
pub enum Stop {
    /// No connection.
    Connect(connect::Error),
    /// No permission to start TLS.
    Negotiate(negotiate::Error),
    /// No TLS session; a certificate refused inside the handshake is here, with the judgement.
    Handshake {
        /// Why.
        error: handshake::Error,
        /// What had been negotiated.
        tls: Tls,
        /// The judgement of the certificates, if any were presented.
        judgement: Option<Box<Judgement>>,
    },
    /// Nothing was in common, and a second look with libpq's offer is not a pass either.
    SecondLook {
        /// Why.
        fault: LookFault,
        /// What the server chose.
        tls: Tls,
        /// The judgement of the certificates, if any were presented.
        judgement: Option<Box<Judgement>>,
    },
}

/// How long each step took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Name resolution.
    pub resolve: Option<Duration>,
    /// TCP connection.
    pub connect: Option<Duration>,
    /// SSLRequest and its answer.
    pub ssl_request: Option<Duration>,
    /// TLS handshake, including verification.
    pub handshake: Option<Duration>,
    /// Everything.
    pub total: Duration,
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
    let outcome = match reach(task, deadline, &mut timings, &mut address).await {
        Ok(ready) => {
            let queued = Instant::now();
            turn.await;
            let queued = queued.elapsed();
            until = deadline + queued;
            let outcome = match meet(task, ready, until, &mut timings).await {
                Ok(session) => Ok(session),
                // On the heap, because few servers need it.
                Err(stop) => {
                    let look = second_look(task, address, stop, until, &mut timings);
                    let outcome;
                    (outcome, libpq_offer) = Box::pin(look).await;
                    outcome
                }
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
    }
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
        }),
        // A session without a judgement would be an unchecked pass.
        (Ok(_), None) => {
            let error = handshake::Error::Other("no certificate was judged".to_owned());
            Err(Stop::Handshake {
                error,
                tls,
                judgement: None,
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
            first_answer(session, user, database, deadline)
                .await
                .map(Some)
        }
    }
}

/// What the client offers at this endpoint.
pub(crate) fn offer(task: &Task) -> Offer<'_> {
    let conf = task.conninfo.openssl_conf.as_ref();
    Offer {
        server_name: server_name(task),
        // OpenSSL's configuration counts where libpq sets nothing after it.
        min_version: task
            .conninfo
            .ssl_min_protocol_version
            .as_ref()
            .map(|setting| setting.value)
            .or_else(|| conf.and_then(OpensslConf::min_version))
            .unwrap_or(TlsVersion::V1_2),
        max_version: task
            .conninfo
            .ssl_max_protocol_version
            .as_ref()
            .map(|setting| setting.value)
            .or_else(|| conf.and_then(OpensslConf::max_version))
            .unwrap_or(TlsVersion::V1_3),
        negotiation: task.conninfo.sslnegotiation.value,
        identity: task.trust.identity.as_ref().map(|identity| {
            let key = Arc::clone(&identity.key);
            Arc::new(CertifiedKey::new(identity.chain.clone(), key))
        }),
        keys: ServerKeys::Any,
        alpn: Alpn::Named,
        groups: match task.oldest {
            OpenSsl::V3_0 => Groups::Classic,
            OpenSsl::V3_5 => Groups::PostQuantumToo,
        },
        limits: conf.map(Limits::of).unwrap_or_default(),
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

/// Approves inside the handshake and keeps the judgement for the report.
#[derive(Debug)]
pub(crate) struct Witness {
    task: Task,
    judgement: Mutex<Option<Judgement>>,
}

impl Witness {
    /// A witness for one handshake.
    pub(crate) fn new(task: &Task) -> Arc<Self> {
        Arc::new(Self {
            task: task.clone(),
            judgement: Mutex::default(),
        })
    }

    /// The judgement, if a certificate was presented.
    pub(crate) fn take(&self) -> Option<Judgement> {
        self.judgement
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl Approve for Witness {
    fn approve(&self, presented: &[CertificateDer<'_>]) -> Result<(), Refusal> {
        let task = &self.task;
        let host = task.endpoint.host.as_ref().map(Host::as_bytes);
        let judgement = judge(presented, &*task.trust, host, &task.rules()).since(task.oldest);
        // What only older versions of OpenSSL refuse does not end the handshake: the report says that newer
        // ones accept the server, so the server must prove that it has its key.
        let verdict = judgement
            .newest_accepts(task.trust.level)
            .map_err(|reason| refusal(&reason));
        *self
            .judgement
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(judgement);
        verdict
    }

    fn weight(&self) -> Weight {
        self.task.trust.weight()
    }
}

/// The reason as an alert. The report has the details.
fn refusal(reason: &Unsatisfied<'_>) -> Refusal {
    let fault = match reason {
        Unsatisfied::Unparsable { .. } => return Refusal::BadEncoding,
        Unsatisfied::Name(_) | Unsatisfied::NoHost => return Refusal::NotForHost,
        Unsatisfied::NewerOpenSslOnly(_) => return Refusal::Unsupported,
        Unsatisfied::Chain(fault) => fault,
    };
    match fault.kind {
        FaultKind::CertHasExpired | FaultKind::CertNotYetValid => Refusal::NotCurrent,
        FaultKind::CertRevoked => Refusal::Revoked,
        FaultKind::CertSignatureFailure | FaultKind::CrlSignatureFailure => Refusal::BadSignature,
        FaultKind::InvalidPurpose => Refusal::InvalidPurpose,
        FaultKind::DepthZeroSelfSignedCert
        | FaultKind::SelfSignedCertInChain
        | FaultKind::UnableToGetIssuerCert
        | FaultKind::UnableToGetIssuerCertLocally
        | FaultKind::UnableToVerifyLeafSignature
        | FaultKind::CertChainTooLong
        | FaultKind::InvalidCa
        | FaultKind::PathLengthExceeded
        | FaultKind::UnableToGetCrl
        | FaultKind::CrlHasExpired
        | FaultKind::CrlNotYetValid => Refusal::UnknownIssuer,
        FaultKind::Unspecified
        | FaultKind::UnableToDecodeIssuerPublicKey
        | FaultKind::ErrorInCertNotBefore
        | FaultKind::ErrorInCertNotAfter
        | FaultKind::ErrorInCrlLastUpdate
        | FaultKind::ErrorInCrlNextUpdate
        | FaultKind::CertRejected
        | FaultKind::KeyUsageNoCertSign
        | FaultKind::UnableToGetCrlIssuer
        | FaultKind::UnhandledCriticalExtension
        | FaultKind::KeyUsageNoCrlSign
        | FaultKind::UnhandledCriticalCrlExtension
        | FaultKind::InvalidNonCa
        | FaultKind::KeyUsageNoDigitalSignature
        | FaultKind::ProxyCertificatesNotAllowed
        | FaultKind::InvalidExtension
        | FaultKind::DifferentCrlScope
        | FaultKind::PermittedViolation
        | FaultKind::ExcludedViolation
        | FaultKind::SubtreeMinMax
        | FaultKind::UnsupportedConstraintType
        | FaultKind::UnsupportedNameSyntax
        | FaultKind::EeKeyTooSmall
        | FaultKind::CaKeyTooSmall
        | FaultKind::CaMdTooWeak
        | FaultKind::NoCertificate
        | FaultKind::EcKeyExplicitParams
        | FaultKind::UnsupportedAlgorithm { .. }
        | FaultKind::GivenUp => Refusal::Other,
    }
}
