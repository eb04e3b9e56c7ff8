//! The same chain through rustls-webpki: what clients with a stricter verifier report.
//!
//! It refuses much that libpq accepts, and accepts some that libpq refuses. The difference shows which
//! other clients will have trouble with a server.

use std::net::IpAddr;
use std::time::Duration;

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, RootCertStore};

use super::Judgement;
use crate::x509::{AnchorStore, Certificate, Name};

/// What rustls-webpki reports. `Display` is its own sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Strict {
    /// It cannot parse the leaf, for example one of version 1.
    #[error("{0}")]
    Unparsable(String),
    /// It finds no good path.
    #[error("{0}")]
    Chain(String),
    /// It is not called: these certificates would keep it busy for too long.
    #[error("the certificates allow too many possible paths")]
    TooManyPaths,
    /// The leaf does not name the host, by its rules.
    #[error("{0}")]
    Name(String),
}

/// Runs rustls-webpki on a judged chain, with the anchors that could end it.
///
/// # Errors
/// Its first complaint: the chain before the name. [`Strict::TooManyPaths`] is ours, not webpki's.
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
    if glances(leaf, others) > MAX_GLANCES {
        return Err(Strict::TooManyPaths);
    }
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

/// The anchors whose names the chain mentions. Those that webpki cannot parse are left out.
fn roots(certificates: &[Certificate], anchors: &dyn AnchorStore) -> RootCertStore {
    let mut issuers: Vec<&Name> = Vec::new();
    for certificate in certificates {
        if !issuers
            .iter()
            .any(|known| known.der == certificate.issuer.der)
        {
            issuers.push(&certificate.issuer);
        }
    }
    let mut roots = RootCertStore::empty();
    for issuer in issuers {
        for anchor in anchors.by_subject(issuer) {
            // A refusal is part of the answer: the path then has no anchor.
            let _ = roots.add(CertificateDer::from(&*anchor.certificate.der));
        }
    }
    roots
}

/// An upper bound for how often rustls-webpki parses an intermediate while it looks for a path. It
/// follows only names, and parses every intermediate at each step of each path. Its own limit of
/// 200,000 steps (`Budget` in its verify_cert.rs) allows millions of parses.
fn glances(leaf: &Certificate, intermediates: &[Certificate]) -> usize {
    let mut ends: Vec<(&Certificate, usize)> = vec![(leaf, 1)];
    let mut steps: usize = 1;
    for _ in 0..MAX_SUB_CAS {
        ends = intermediates
            .iter()
            .map(|issuer| (issuer, paths_to(issuer, &ends)))
            .filter(|(_, paths)| *paths > 0)
            .collect();
        let paths = ends.iter().map(|(_, paths)| *paths);
        steps = paths.fold(steps, usize::saturating_add);
    }
    steps.saturating_mul(intermediates.len())
}

/// How many paths lead to this issuer from `ends`; each end has the number of paths that lead to it.
fn paths_to(issuer: &Certificate, ends: &[(&Certificate, usize)]) -> usize {
    ends.iter()
        .filter(|(end, _)| end.issuer.der == issuer.subject.der)
        .fold(0, |sum, (_, paths)| sum.saturating_add(*paths))
}

/// The number of intermediates in the longest path that webpki tries (`MAX_SUB_CA_COUNT`).
const MAX_SUB_CAS: usize = 6;

/// Takes some hundredths of a second.
const MAX_GLANCES: usize = 15_000;

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
    } else if matches!(
        error,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
    ) {
        // Its own sentence lists the names as they are in its memory.
        "by their rules it does not hold for this host".to_owned()
    } else if matches!(
        error,
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
    ) {
        // Of these it has no sentence, only their data.
        "they do not know the algorithm of one of its signatures".to_owned()
    } else {
        error.to_string()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    use super::*;
    use crate::verify::{Revocation, Rules, judge};
    use crate::x509::AnchorList;

    /// A leaf and its CAs: one for each name, each with its own key, each issued by the next.
    fn chain(names: &[&str]) -> Vec<Vec<u8>> {
        let key = || KeyPair::generate().unwrap();
        let params = |name: &str| {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, name);
            params
        };
        let authority = |name: &&str| {
            let mut params = params(name);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params
        };
        let issuers: Vec<_> = names
            .iter()
            .map(|name| Issuer::new(authority(name), key()))
            .collect();
        let leaf = params("leaf").signed_by(&key(), &issuers[0]).unwrap();
        let authorities = names.iter().enumerate().map(|(position, name)| {
            let issuer = issuers.get(position + 1).unwrap_or(&issuers[position]);
            let certificate = authority(name).signed_by(&key(), issuer).unwrap();
            certificate.der().to_vec()
        });
        std::iter::once(leaf.der().to_vec())
            .chain(authorities)
            .collect()
    }

    fn ask(chain: &[Vec<u8>]) -> Result<(), Strict> {
        let rules = Rules {
            now: 1_800_000_000,
            revocation: Revocation::Off,
            purpose: Default::default(),
        };
        let nobody = AnchorList::default();
        strict(
            &judge(chain, &nobody, None, &rules),
            &nobody,
            None,
            rules.now,
        )
    }

    #[test]
    fn a_complaint_is_a_sentence() {
        let complained = CertificateError::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: vec![6, 9],
            supported_algorithms: Vec::new(),
        };
        let said = complaint(&rustls::Error::InvalidCertificate(complained));
        assert!(said.ends_with("one of its signatures"), "{said}");
    }

    #[test]
    fn a_maze_of_authorities_is_not_searched() {
        assert_eq!(ask(&chain(&["M"; 130])), Err(Strict::TooManyPaths));
    }

    #[test]
    fn a_long_chain_is_searched_though_each_certificate_is_sent_thrice() {
        let chain = chain(&["A", "B", "C", "D"]);
        let (leaf, authorities) = chain.split_first().unwrap();
        let mut thrice = vec![leaf.clone()];
        for _ in 0..3 {
            thrice.extend_from_slice(authorities);
        }
        assert!(matches!(ask(&thrice), Err(Strict::Chain(_))));
    }
}
