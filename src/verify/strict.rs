//! The same chain through rustls-webpki: what clients with a stricter engine say.
//!
//! It refuses much that libpq takes, and takes some that libpq refuses; the difference tells which
//! other clients will have trouble with a server.

use std::net::IpAddr;
use std::time::Duration;

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, ServerName,
    SignatureVerificationAlgorithm, UnixTime,
};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, RootCertStore};

use super::Judgement;
use crate::x509::{AnchorStore, Certificate, KeyKind};

/// What rustls-webpki says; `Display` is its own sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Strict {
    /// It cannot parse the leaf: version 1, for one.
    #[error("{0}")]
    Unparsable(String),
    /// It finds no good path.
    #[error("{0}")]
    Chain(String),
    /// The leaf does not name the host, by its rules.
    #[error("{0}")]
    Name(String),
}

/// Asks rustls-webpki about a judged chain, with the anchors that could end it.
///
/// # Errors
/// Its first complaint: the chain before the name.
pub fn strict(
    judgement: &Judgement,
    anchors: &dyn AnchorStore,
    host: Option<&[u8]>,
    now: i64,
) -> Result<(), Strict> {
    let Some((leaf, others)) = judgement.certificates.split_first() else {
        return Ok(());
    };
    let leaf_der = CertificateDer::from(&*leaf.der);
    let parsed = ParsedCertificate::try_from(&leaf_der)
        .map_err(|error| Strict::Unparsable(complaint(&error)))?;
    let intermediates: Vec<CertificateDer<'_>> = others
        .iter()
        .map(|certificate| CertificateDer::from(&*certificate.der))
        .collect();
    let seconds = Duration::from_secs(u64::try_from(now).unwrap_or(0));
    let known = known_signatures(judgement);
    let algorithms: Vec<Remembering<'_>> = default_provider()
        .signature_verification_algorithms
        .all
        .iter()
        .map(|algorithm| Remembering {
            algorithm: *algorithm,
            known: &known,
        })
        .collect();
    let algorithms: Vec<&dyn SignatureVerificationAlgorithm> = algorithms
        .iter()
        .map(|algorithm| -> &dyn SignatureVerificationAlgorithm { algorithm })
        .collect();
    verify_server_cert_signed_by_trust_anchor(
        &parsed,
        &roots(&judgement.certificates, anchors),
        &intermediates,
        UnixTime::since_unix_epoch(seconds),
        &algorithms,
    )
    .map_err(|error| Strict::Chain(complaint(&error)))?;
    let Some(name) = host.and_then(server_name) else {
        return Ok(());
    };
    verify_server_name(&parsed, &name).map_err(|error| Strict::Name(complaint(&error)))
}

/// The anchors whose names the chain mentions; one that webpki cannot take is none to it.
fn roots(certificates: &[Certificate], anchors: &dyn AnchorStore) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        for anchor in anchors.by_subject(&certificate.issuer) {
            // Its refusal is the very thing to be found out: the path then ends nowhere.
            let _ = roots.add(CertificateDer::from(&*anchor.certificate.der));
        }
    }
    roots
}

/// A signature, with all that it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Signature<'a> {
    key: &'a [u8],
    message: &'a [u8],
    bytes: &'a [u8],
}

/// The signatures that make the judged path good; none if anything is wrong with it.
fn known_signatures(judgement: &Judgement) -> Vec<Signature<'_>> {
    if !judgement.path.faults.is_empty() {
        return Vec::new();
    }
    let issuers = judgement.path_certificates().skip(1);
    judgement
        .path_certificates()
        .zip(issuers)
        .filter(|(_, issuer)| has_usual_length(&issuer.public_key.kind))
        .map(|(certificate, issuer)| Signature {
            key: &issuer.public_key.key,
            message: &certificate.tbs,
            bytes: &certificate.signature,
        })
        .collect()
}

/// OpenSSL takes RSA keys a little shorter for strong ones, too; rustls-webpki takes none below 2048 bits.
fn has_usual_length(key: &KeyKind) -> bool {
    match key {
        KeyKind::Rsa { bits } | KeyKind::RsaPss { bits, .. } => *bits >= 2048,
        _ => true,
    }
}

/// An algorithm that does not verify again what the judgement rests on: signatures are most of the
/// work of a check, and a good path has keys and signatures of kinds on which both engines agree.
#[derive(Debug)]
struct Remembering<'a> {
    algorithm: &'a dyn SignatureVerificationAlgorithm,
    known: &'a [Signature<'a>],
}

impl SignatureVerificationAlgorithm for Remembering<'_> {
    fn verify_signature(
        &self,
        key: &[u8],
        message: &[u8],
        bytes: &[u8],
    ) -> Result<(), InvalidSignature> {
        let signature = Signature {
            key,
            message,
            bytes,
        };
        if self.known.contains(&signature) {
            return Ok(());
        }
        self.algorithm.verify_signature(key, message, bytes)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }

    fn fips(&self) -> bool {
        self.algorithm.fips()
    }
}

fn server_name(host: &[u8]) -> Option<ServerName<'_>> {
    let text = std::str::from_utf8(host).ok()?;
    match text.parse::<IpAddr>() {
        Ok(address) => Some(ServerName::IpAddress(address.into())),
        Err(_) => ServerName::try_from(text).ok(),
    }
}

fn complaint(error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(error) = error else {
        return error.to_string();
    };
    if let CertificateError::Other(other) = error {
        other.to_string()
    } else {
        error.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Accepts nothing.
    #[derive(Debug)]
    struct Refusal;

    impl SignatureVerificationAlgorithm for Refusal {
        fn verify_signature(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), InvalidSignature> {
            Err(InvalidSignature)
        }

        fn public_key_alg_id(&self) -> AlgorithmIdentifier {
            rustls::pki_types::alg_id::ECDSA_P256
        }

        fn signature_alg_id(&self) -> AlgorithmIdentifier {
            rustls::pki_types::alg_id::ECDSA_SHA256
        }
    }

    #[test]
    fn only_the_very_same_signature_is_known() {
        let known = [Signature {
            key: b"key",
            message: b"message",
            bytes: b"signature",
        }];
        let algorithm = Remembering {
            algorithm: &Refusal,
            known: &known,
        };
        let accepts = |key: &[u8], message: &[u8], bytes: &[u8]| {
            algorithm.verify_signature(key, message, bytes).is_ok()
        };
        assert!(accepts(b"key", b"message", b"signature"));
        assert!(!accepts(b"kex", b"message", b"signature"));
        assert!(!accepts(b"key", b"messagf", b"signature"));
        assert!(!accepts(b"key", b"message", b"signaturf"));
        assert!(!accepts(b"", b"", b""));
    }
}
