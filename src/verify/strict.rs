//! The same chain through rustls-webpki: what clients with a stricter engine say.
//!
//! It refuses much that libpq takes, and takes some that libpq refuses; the difference tells which
//! other clients will have trouble with a server.

use std::net::IpAddr;
use std::time::Duration;

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, RootCertStore};

use super::Judgement;
use crate::x509::{AnchorStore, Certificate};

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
    verify_server_cert_signed_by_trust_anchor(
        &parsed,
        &roots(&judgement.certificates, anchors),
        &intermediates,
        UnixTime::since_unix_epoch(seconds),
        default_provider().signature_verification_algorithms.all,
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

fn server_name(host: &[u8]) -> Option<ServerName<'_>> {
    let text = std::str::from_utf8(host).ok()?;
    match text.parse::<IpAddr>() {
        Ok(address) => Some(ServerName::IpAddress(address.into())),
        Err(_) => ServerName::try_from(text).ok(),
    }
}

fn complaint(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) => other.to_string(),
        rustls::Error::InvalidCertificate(error) => error.to_string(),
        other => other.to_string(),
    }
}
