//! Judges the certificates inside the handshake, and keeps the judgement.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;

use super::Task;
use crate::handshake::{Approve, Refusal};
use crate::verify::{FaultKind, Judgement, Unsatisfied};
use crate::workers::Weight;

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
        let judgement = task.judge(presented);
        // What only older versions refuse does not end the handshake: the report says that newer
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
        Unsatisfied::Name(_) | Unsatisfied::NoHost | Unsatisfied::NewerLibpqOnly(_) => {
            return Refusal::NotForHost;
        }
        Unsatisfied::NewerOpenSslOnly(_) | Unsatisfied::NotForTls(_) => {
            return Refusal::Unsupported;
        }
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
        | FaultKind::UndecodableKey
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
