//! Does `strict` give the same verdict as rustls-webpki alone?

use std::time::Duration;

use pgtls::verify::{self, Purpose, Revocation, Rules, strict};
use pgtls::x509::AnchorStore as _;
use rustls::RootCertStore;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;

use super::world::Made;

/// Whether the two accept the chain, ours first; `None` if the bytes cannot be read.
pub(crate) fn verdicts(made: &Made) -> Option<(bool, bool)> {
    let (_, anchors, _) = made.read().ok()?;
    let rules = Rules {
        now: made.now,
        revocation: Revocation::Off,
        purpose: Purpose::SslServer,
    };
    let judgement = verify::judge(&made.presented, &anchors, None, &rules);
    let ours = strict(&judgement, &anchors, None, made.now).is_ok();

    let mut roots = RootCertStore::empty();
    for certificate in &judgement.certificates {
        for anchor in anchors.by_subject(&certificate.issuer) {
            let _ = roots.add(CertificateDer::from(&*anchor.certificate.der));
        }
    }
    let (leaf, others) = made.presented.split_first()?;
    let leaf = CertificateDer::from(&**leaf);
    let others: Vec<CertificateDer<'_>> = others
        .iter()
        .map(|der| CertificateDer::from(&**der))
        .collect();
    let seconds = Duration::from_secs(made.now.try_into().unwrap());
    let theirs = ParsedCertificate::try_from(&leaf).is_ok_and(|leaf| {
        verify_server_cert_signed_by_trust_anchor(
            &leaf,
            &roots,
            &others,
            UnixTime::since_unix_epoch(seconds),
            default_provider().signature_verification_algorithms.all,
        )
        .is_ok()
    });
    Some((ours, theirs))
}
