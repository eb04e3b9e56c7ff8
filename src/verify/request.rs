//! Would a certificate made from this request give clients what they need? Only what the request itself says is
//! judged: issuer, validity and signature are the CA's, which may also leave out or add names and usages.

use super::purpose::{Role, suits};
use super::signature::{Check, check_certificate, is_strong};
use super::{
    Fault, FaultKind, Judgement, NameRules, Oldest, PathReport, PostQuantum, Purpose, Step, name,
};
use crate::x509::{CertificateRequest, Curve, KeyKind, PublicKey, Strength};

/// Every fact about a request.
#[derive(Debug)]
pub struct RequestJudgement {
    /// Did the key of the request sign it?
    pub possession: Possession,
    /// Can a TLS server use the key?
    pub key: KeyFitness,
    /// May a certificate with the usages that are asked for be that of a TLS server?
    pub serves_tls: bool,
    /// May its key sign the key exchange of TLS 1.2?
    pub signs_key_exchange: bool,
    /// The certificate that copies the request, as if a server presented it. Its path always has a fault: no issuer
    /// is known.
    pub copied: Judgement,
}

/// Did the key of a request sign it (`X509_REQ_verify`)?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Possession {
    /// It did.
    Proven,
    /// It did not.
    Disproven,
    /// OpenSSL can tell, we cannot.
    Unknown,
}

/// What a key is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFitness {
    /// A TLS server can use it, and every OpenSSL accepts it. The highest security level of OpenSSL that accepts it,
    /// 2 being the usual one; `None` if that is not known.
    Fit(Option<u8>),
    /// It is below OpenSSL's security level 2, or damaged.
    Weak,
    /// It is of a kind that OpenSSL 3.0 offers in no version of TLS.
    NotForTls,
}

/// Judges a request. `host` is the name that clients will connect to, as they write it.
pub fn judge_request(
    request: &CertificateRequest,
    host: Option<&[u8]>,
    oldest: Oldest,
) -> RequestJudgement {
    let certificate = &request.copied;
    let by = |rules: NameRules| {
        let names = certificate.subject_alt_names.as_deref();
        Some(rules(host?, names, &certificate.subject.common_names))
    };
    let name = by(name::match_host);
    let name_before_15 = match &name {
        Some(Ok(_)) => by(name::match_host_before_15).and_then(Result::err),
        Some(Err(_)) | None => None,
    };
    let path = PathReport {
        path: vec![Step::Presented(0)],
        faults: vec![Fault {
            depth: 0,
            kind: FaultKind::UnableToGetIssuerCertLocally,
        }],
        dissent: None,
        signature_checks: 0,
    };
    let certificates = vec![certificate.clone()];
    RequestJudgement {
        possession: possession(request),
        key: KeyFitness::of(&request.copied.public_key),
        serves_tls: suits(certificate, Role::Leaf, Purpose::SslServer, None),
        signs_key_exchange: certificate.may_sign_key_exchange().is_ok(),
        copied: Judgement {
            post_quantum: PostQuantum::find(&certificates, &path),
            certificates,
            unparsable: None,
            path,
            name,
            name_before_15,
            oldest,
        },
    }
}

fn possession(request: &CertificateRequest) -> Possession {
    match check_certificate(&request.copied, &request.copied.public_key) {
        Check::Good => Possession::Proven,
        Check::Bad => Possession::Disproven,
        Check::Unsupported => Possession::Unknown,
    }
}

impl KeyFitness {
    /// What this key is good for.
    pub(super) fn of(key: &PublicKey) -> Self {
        match &key.kind {
            // OpenSSL 3.0 has no suite with DSA at security level 2, and offers none of these curves (the default groups of
            // ssl/t1_lib.c). From 3.2 on, TLS 1.3 has three of brainpool (`tls12_sigalgs`): the refusing answer counts.
            KeyKind::Dsa { .. }
            | KeyKind::EcExplicit(None)
            | KeyKind::SlhDsa(_)
            | KeyKind::Ec(Curve::Secp256k1 | Curve::Other { .. }) => Self::NotForTls,
            KeyKind::Rsa { .. }
            | KeyKind::RsaPss { .. }
            | KeyKind::Ec(Curve::P256 | Curve::P384 | Curve::P521)
            | KeyKind::EcExplicit(Some(_))
            | KeyKind::Ed25519
            | KeyKind::Ed448
            | KeyKind::MlDsa(_)
            | KeyKind::Unusable(_)
                if !is_strong(key) =>
            {
                Self::Weak
            }
            KeyKind::Unusable(_) => Self::Weak,
            kind @ (KeyKind::Rsa { .. }
            | KeyKind::RsaPss { .. }
            | KeyKind::Ec(_)
            | KeyKind::EcExplicit(_)
            | KeyKind::Ed25519
            | KeyKind::Ed448
            | KeyKind::MlDsa(_)) => Self::Fit(level(kind.strength())),
        }
    }
}

/// The highest of OpenSSL's security levels that such a key reaches, of those from 2 (`ssl_security_default_callback`
/// in ssl/ssl_cert.c).
fn level(strength: Strength) -> Option<u8> {
    match strength {
        Strength::Exactly(bits) => [(5, 256), (4, 192), (3, 128), (2, 112)]
            .into_iter()
            .find_map(|(level, needed)| (bits >= needed).then_some(level)),
        Strength::Below(_) => Some(2),
        Strength::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reaches_a_security_level() {
        for (kind, expected) in [
            (KeyKind::Rsa { bits: 2047 }, Some(2)),
            (KeyKind::Rsa { bits: 2048 }, Some(2)),
            (KeyKind::Rsa { bits: 3072 }, Some(3)),
            (KeyKind::Rsa { bits: 4096 }, Some(3)),
            (KeyKind::Rsa { bits: 2560 }, None),
            (KeyKind::Ec(Curve::P256), Some(3)),
            (KeyKind::Ec(Curve::P384), Some(4)),
            (KeyKind::Ec(Curve::P521), Some(5)),
            (KeyKind::Ed448, Some(4)),
        ] {
            assert_eq!(level(kind.strength()), expected, "{kind:?}");
        }
    }
}
