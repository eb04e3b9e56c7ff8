//! What happened at one endpoint.

use std::net::SocketAddr;
use std::time::Duration;

use super::{LibpqOffer, LookFault, NegotiationFallback, Proof};
use crate::handshake::{ClientCertificateRequest, Tls};
use crate::inquiry::LargeHello;
use crate::trust::Trust;
use crate::verify::Judgement;
use crate::wire::postgres::FirstAnswer;
use crate::workers::Weight;
use crate::{connect, handshake, negotiate};

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
    /// What became of the offer that psql makes, if the server may choose something else for it than for ours.
    pub libpq_offer: LibpqOffer,
    /// The session with a server that has another certificate for OpenSSL 3.5 and newer, which was accepted.
    pub newer: Option<Box<Session>>,
    /// What became of a large ClientHello, if it was asked and answered.
    pub large_hello: Option<LargeHello>,
}

impl Observation {
    /// There was no connection.
    pub fn unreached(error: connect::Error) -> Self {
        Self {
            timings: Timings::default(),
            address: None,
            outcome: Err(Stop::Connect(error)),
            negotiation_fallback: None,
            libpq_offer: LibpqOffer::NotMade,
            newer: None,
            large_hello: None,
        }
    }

    /// The judgement of the certificates, if any were presented.
    pub fn judgement(&self) -> Option<&Judgement> {
        match &self.outcome {
            Ok(session) => Some(&session.judgement),
            Err(stop) => stop.judgement(),
        }
    }

    /// What the server showed, to each kind of client: the judgement of its certificates, and what was negotiated.
    pub fn shown(&self) -> impl Iterator<Item = (&Judgement, &Tls)> {
        let newer = self.newer.as_deref();
        let newer = newer.map(|session| (&session.judgement, &session.tls));
        self.judgement().zip(self.tls()).into_iter().chain(newer)
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
        /// Whether the server had proved its key.
        progress: Progress,
    },
    /// A second look, with libpq's offer, is not a pass.
    SecondLook {
        /// Why.
        fault: LookFault,
        /// What the server chose.
        tls: Tls,
        /// The judgement of the certificates, if any were presented.
        judgement: Option<Box<Judgement>>,
    },
}

impl Stop {
    /// The judgement of the certificates, if any were presented.
    pub fn judgement(&self) -> Option<&Judgement> {
        match self {
            Self::Handshake { judgement, .. } | Self::SecondLook { judgement, .. } => {
                judgement.as_deref()
            }
            Self::Connect(_) | Self::Negotiate(_) => None,
        }
    }
}

/// How far a failed handshake got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It was not finished.
    Unfinished,
    /// It was finished, and the server refused us inside the session.
    Finished,
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
