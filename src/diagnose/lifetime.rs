//! When a certificate should be renewed.

use crate::x509::Certificate;

/// How long before its end a certificate should be replaced, in seconds: a third of its own lifetime, as ACME
/// clients do, but at least two days and at most a year.
///
/// A certificate of 6 days is due with 2 days left, one of 47 days with 16, one of 90 days with 30, a root of 20
/// years with a year.
pub(super) fn notice(certificate: &Certificate) -> i64 {
    let lifetime = certificate
        .not_before
        .zip(certificate.not_after)
        .map_or(0, |(start, end)| end.saturating_sub(start));
    lifetime.div_euclid(3).clamp(2 * A_DAY, A_YEAR)
}

/// The seconds that are left, if the certificate is still valid but should be replaced.
pub(super) fn ending(certificate: &Certificate, now: i64) -> Option<i64> {
    let left = certificate.not_after?.checked_sub(now)?;
    (left > 0 && left < notice(certificate)).then_some(left)
}

/// In seconds.
const A_DAY: i64 = 86_400;
/// In seconds.
const A_YEAR: i64 = 365 * A_DAY;

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(days: i64) -> Certificate {
        let key = rcgen::KeyPair::generate().unwrap();
        let made = rcgen::CertificateParams::default()
            .self_signed(&key)
            .unwrap();
        Certificate {
            not_before: Some(0),
            not_after: Some(days * A_DAY),
            ..Certificate::parse(made.der()).unwrap()
        }
    }

    #[test]
    fn the_notice_is_a_third_of_the_lifetime_within_bounds() {
        for (days, due) in [(6, 2), (1, 2), (47, 15), (90, 30), (398, 132), (3_650, 365)] {
            let certificate = certificate(days);
            assert_eq!(notice(&certificate) / A_DAY, due, "{days} days");
            let at = |left: i64| ending(&certificate, (days - left) * A_DAY);
            assert_eq!(at(due + 1), None, "{days} days");
            assert_eq!(at(1), Some(A_DAY), "{days} days");
            assert_eq!(at(0), None, "{days} days");
        }
    }
}
