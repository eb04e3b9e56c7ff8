//! When a certificate is valid.

use crate::x509::Certificate;

use super::fault::FaultKind;

/// `ossl_x509_check_cert_time`. OpenSSL's comparison calls equal times past, so the last second
/// of a certificate is the one before notAfter.
pub(super) fn faults(certificate: &Certificate, now: i64) -> Vec<FaultKind> {
    let mut faults = Vec::new();
    match certificate.not_before {
        None => faults.push(FaultKind::ErrorInCertNotBefore),
        Some(start) if start > now => faults.push(FaultKind::CertNotYetValid),
        Some(_) => {}
    }
    match certificate.not_after {
        None => faults.push(FaultKind::ErrorInCertNotAfter),
        Some(end) if end <= now => faults.push(FaultKind::CertHasExpired),
        Some(_) => {}
    }
    faults
}
