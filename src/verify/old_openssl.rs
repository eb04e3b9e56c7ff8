//! Where OpenSSL 1.1.1 reaches another verdict on a chain. pgtls does not answer for it, but says so.

use std::fmt;

use super::constraints::{Subject, names};
use super::fault::{Fault, FaultKind};
use crate::x509::{Certificate, Digest, GeneralName, KeyKind, Reach, SignatureScheme, oid};

/// How OpenSSL 1.1.1 differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldOpenSsl {
    /// It accepts the chain at security level 1, its own default. Some distributions set level 2.
    Accepts(Weakness),
    /// It refuses the chain.
    Refuses(Stricter),
}

/// What OpenSSL 1.1.1 accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// A key of less than 112 bits of security.
    Key,
    /// A signature with SHA-1.
    Sha1,
    /// A curve that is spelled out.
    Curve,
}

/// What OpenSSL 1.1.1 refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stricter {
    /// It does not know this extension, which is critical.
    OcspNoCheck,
    /// A name constraint has a minimum, even if it is 0.
    Minimum,
    /// An otherName under constraints on any otherName.
    OtherName,
    /// A path length above 0 in the certificate of a server that is not a CA.
    PathLength,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "keys of 80 to 111 bits of security, such as RSA 1024",
            Self::Sha1 => "signatures with SHA-1",
            Self::Curve => "keys on a curve that is spelled out",
        })
    }
}

impl fmt::Display for Stricter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OcspNoCheck => "it does not know the critical extension id-pkix-ocsp-nocheck",
            Self::Minimum => "a name constraint has an explicit minimum of 0",
            Self::OtherName => "the certificate has an otherName, and a CA constrains otherNames",
            Self::PathLength => "the server certificate has a path length above 0 and is not a CA",
        })
    }
}

/// Compares with OpenSSL 1.1.1: `path` is the whole path, leaf first, and `faults` are those of OpenSSL 3.
///
/// It knows the common differences, not all. A certificate with a malformed extension, which OpenSSL 1.1.1 treats
/// in its own way, is left out.
#[must_use]
pub fn old_openssl(path: &[&Certificate], faults: &[Fault]) -> Option<OldOpenSsl> {
    if path.iter().any(|certificate| !certificate.flaws.is_empty()) {
        return None;
    }
    let weaknesses: Vec<Weakness> = faults
        .iter()
        .map(|fault| weakness(path, fault))
        .collect::<Option<_>>()?;
    // Only now: a chain without any other fault has no more constraints than can be compared.
    match (weaknesses.first(), refusal(path)) {
        (None, refusal) => refusal.map(OldOpenSsl::Refuses),
        (Some(weakness), None) => Some(OldOpenSsl::Accepts(*weakness)),
        (Some(_), Some(_)) => None,
    }
}

/// What OpenSSL 1.1.1 does not mind; `None` for any other fault. Its level 1 asks for 80 bits, which SHA-1 has.
fn weakness(path: &[&Certificate], fault: &Fault) -> Option<Weakness> {
    let certificate = path.get(fault.depth)?;
    let is_key = matches!(
        fault.kind,
        FaultKind::EeKeyTooSmall | FaultKind::CaKeyTooSmall
    );
    if is_key && has_80_bits(&certificate.public_key.kind) {
        return Some(Weakness::Key);
    }
    let is_digest = fault.kind == FaultKind::CaMdTooWeak;
    if is_digest && is_sha1(&certificate.signature_algorithm.scheme) {
        return Some(Weakness::Sha1);
    }
    (fault.kind == FaultKind::EcKeyExplicitParams).then_some(Weakness::Curve)
}

fn has_80_bits(kind: &KeyKind) -> bool {
    match kind {
        KeyKind::Rsa { bits } | KeyKind::RsaPss { bits, .. } => *bits >= 1024,
        KeyKind::Ec(curve) => curve.bits() >= 160,
        KeyKind::Dsa { bits, order_bits } => *bits >= 1024 && *order_bits >= 160,
        KeyKind::EcExplicit(_)
        | KeyKind::Ed25519
        | KeyKind::Ed448
        | KeyKind::MlDsa(_)
        | KeyKind::SlhDsa(_)
        | KeyKind::Unusable(_) => false,
    }
}

fn is_sha1(scheme: &SignatureScheme) -> bool {
    let digest = match scheme {
        SignatureScheme::RsaPkcs1(digest)
        | SignatureScheme::Ecdsa(digest)
        | SignatureScheme::Dsa(digest) => *digest,
        SignatureScheme::RsaPss(Some(parameters)) => parameters.digest,
        SignatureScheme::RsaPss(None)
        | SignatureScheme::Ed25519
        | SignatureScheme::Ed448
        | SignatureScheme::MlDsa(_)
        | SignatureScheme::SlhDsa(_)
        | SignatureScheme::Unknown(_) => return false,
    };
    digest == Digest::Sha1
}

fn refusal(path: &[&Certificate]) -> Option<Stricter> {
    let is_no_check = |oid: &String| oid == oid::OCSP_NO_CHECK;
    if path
        .iter()
        .any(|certificate| certificate.critical.iter().any(is_no_check))
    {
        return Some(Stricter::OcspNoCheck);
    }
    let constraints = path.first().and_then(|leaf| leaf.basic_constraints);
    let length = constraints.filter(|found| !found.ca);
    if length.is_some_and(|found| found.path_length.is_some_and(|length| length > 0)) {
        return Some(Stricter::PathLength);
    }
    path.iter().enumerate().find_map(|(depth, certificate)| {
        if depth != 0 && certificate.is_self_issued() {
            return None;
        }
        under_constraints(path, certificate, depth)
    })
}

/// `nc_match` of OpenSSL 1.1.1 compares the kinds of names first, and then looks at minimum and maximum.
fn under_constraints(
    path: &[&Certificate],
    certificate: &Certificate,
    depth: usize,
) -> Option<Stricter> {
    let mut above = path.iter().skip(depth.saturating_add(1));
    above.find_map(|issuer| {
        let constraints = issuer.name_constraints.as_ref()?;
        let mut subtrees = constraints.permitted.iter().chain(&constraints.excluded);
        subtrees.find_map(|subtree| {
            let other = matches!(
                subtree.base,
                GeneralName::OtherName(..) | GeneralName::SmtpUtf8(_)
            );
            let is_meant = |name: Subject<'_>| {
                if matches!(name, Subject::OtherName(_) | Subject::SmtpUtf8(_)) {
                    other
                } else {
                    name.is_meant_by(&subtree.base)
                }
            };
            if !names(certificate, depth).any(is_meant) {
                return None;
            }
            match subtree.reach {
                Reach::Explicit => Some(Stricter::Minimum),
                Reach::Whole | Reach::Limited => other.then_some(Stricter::OtherName),
            }
        })
    })
}
