//! A complaint of OpenSSL's in a few words, for a table.

use super::verifier::{Case, links};
use super::{Objection, objection};
use crate::diagnose::Code;
use crate::verify::{Fault, FaultKind, PathReport, Step};

/// What a fault is called, in a few words: the error of the check says more.
pub(super) fn of_fault(case: &Case<'_>, path: &PathReport, fault: &Fault) -> Objection {
    let at_anchor = matches!(path.path.get(fault.depth), Some(Step::Anchor(_)));
    let who = match (fault.depth, at_anchor) {
        (0, _) => "the server certificate",
        (_, true) => "the root",
        (_, false) => "an intermediate",
    };
    let (code, what) = match &fault.kind {
        FaultKind::UnableToGetIssuerCert
            if links(case, path)
                .iter()
                .any(|link| case.anchors.contains(link)) =>
        {
            (
                Code::UnknownIssuer,
                "the root file ends at a certificate that is not self-signed",
            )
        }
        FaultKind::DepthZeroSelfSignedCert => (
            Code::SelfSigned,
            "the server certificate signed itself and is not trusted",
        ),
        FaultKind::UnableToGetIssuerCert
        | FaultKind::UnableToGetIssuerCertLocally
        | FaultKind::UnableToVerifyLeafSignature
        | FaultKind::SelfSignedCertInChain => (
            Code::UnknownIssuer,
            "the chain reaches no root that it trusts",
        ),
        FaultKind::CertHasExpired | FaultKind::ErrorInCertNotAfter => {
            match (fault.depth, at_anchor) {
                (0, _) => (Code::Expired, "the server certificate has expired"),
                (_, true) => (Code::RootExpired, "the root has expired"),
                (_, false) => (Code::IntermediateExpired, "an intermediate has expired"),
            }
        }
        FaultKind::CertNotYetValid | FaultKind::ErrorInCertNotBefore => {
            (Code::NotYetValid, "is not valid yet")
        }
        FaultKind::CertSignatureFailure => (
            Code::UnknownIssuer,
            "was not signed by the CA of that name that is trusted",
        ),
        FaultKind::InvalidCa
        | FaultKind::KeyUsageNoCertSign
        | FaultKind::InvalidNonCa
        | FaultKind::UnableToDecodeIssuerPublicKey => (Code::NotACa, "was issued by what is no CA"),
        FaultKind::InvalidPurpose
        | FaultKind::CertRejected
        | FaultKind::ProxyCertificatesNotAllowed => {
            (Code::WrongPurpose, "is not meant for TLS servers")
        }
        FaultKind::PathLengthExceeded | FaultKind::CertChainTooLong => {
            (Code::PathLength, "has more CAs below it than it may")
        }
        FaultKind::UnhandledCriticalExtension => (
            Code::UnknownCriticalExtension,
            "has an unknown critical extension",
        ),
        FaultKind::EeKeyTooSmall | FaultKind::CaKeyTooSmall | FaultKind::EcKeyExplicitParams => {
            (Code::WeakKey, "has a weak key")
        }
        FaultKind::CaMdTooWeak => (Code::WeakSignature, "has a weak signature"),
        FaultKind::CertRevoked => (Code::Revoked, "has been revoked"),
        FaultKind::UnableToGetCrl
        | FaultKind::UnableToGetCrlIssuer
        | FaultKind::DifferentCrlScope => (Code::CrlMissing, "has no CRL"),
        FaultKind::CrlHasExpired | FaultKind::CrlNotYetValid => {
            (Code::CrlExpired, "has no CRL that is valid now")
        }
        FaultKind::PermittedViolation
        | FaultKind::ExcludedViolation
        | FaultKind::SubtreeMinMax
        | FaultKind::UnsupportedConstraintType
        | FaultKind::UnsupportedNameSyntax => (Code::NameConstraint, "breaks a name constraint"),
        FaultKind::UnsupportedAlgorithm { .. } => (
            Code::UnsupportedAlgorithm,
            "is signed in a way that pgtls cannot check",
        ),
        FaultKind::NoCertificate => (Code::TlsFailure, "the server sends no certificate"),
        FaultKind::Unspecified
        | FaultKind::CrlSignatureFailure
        | FaultKind::ErrorInCrlLastUpdate
        | FaultKind::ErrorInCrlNextUpdate
        | FaultKind::KeyUsageNoCrlSign
        | FaultKind::UnhandledCriticalCrlExtension
        | FaultKind::KeyUsageNoDigitalSignature
        | FaultKind::InvalidExtension => (Code::UnknownIssuer, "cannot be verified"),
    };
    let whole_sentence = what.starts_with("the ") || what.starts_with("an ");
    objection(
        code,
        if whole_sentence {
            what.to_owned()
        } else {
            format!("{who} {what}")
        },
    )
}
