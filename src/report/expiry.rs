//! Which certificates end when, each once, with the endpoints that depend on it.

use std::collections::HashMap;

use super::{CertificateReport, EndpointReport, labels};

/// A certificate, and the endpoints that depend on it.
pub(super) struct Expiry<'a> {
    /// As the first of them has it.
    pub(super) certificate: &'a CertificateReport,
    /// Their names, in the order of the report.
    pub(super) users: Vec<String>,
}

/// The certificates of all sessions, the first to end first.
pub(super) fn expiries(endpoints: &[EndpointReport]) -> Vec<Expiry<'_>> {
    let mut all: Vec<Expiry<'_>> = Vec::new();
    let mut known = HashMap::new();
    for (endpoint, label) in endpoints.iter().zip(labels(endpoints)) {
        for certificate in endpoint.session_certificates() {
            let place = *known
                .entry(certificate.sha256_fingerprint.as_str())
                .or_insert_with(|| {
                    all.push(Expiry {
                        certificate,
                        users: Vec::new(),
                    });
                    all.len().saturating_sub(1)
                });
            if let Some(one) = all.get_mut(place)
                && one.users.last() != Some(&label)
            {
                one.users.push(label.clone());
            }
        }
    }
    all.sort_by_key(|one| one.certificate.days_left);
    all
}
