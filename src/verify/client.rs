//! What a server will find wrong with a client's certificate, as far as that can be known without its files.

use crate::x509::{Certificate, KeyUsage, Name};

use super::purpose::{self, likely_issued};

/// One reason for a server to refuse a client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientFault {
    /// No authority that the server named issued it, or a certificate above it in the file.
    Stranger {
        /// The subject of the last certificate that the file has, going up from the client's own.
        last: String,
        /// Who issued that one.
        issuer: String,
        /// What is known about that issuer.
        missing: Missing,
    },
    /// Its extensions exclude TLS clients.
    Purpose(Unfit),
    /// notAfter of a certificate in the file is over.
    Expired {
        /// In the path; 0 is the client's own.
        depth: usize,
        /// Seconds since 1970-01-01T00:00:00Z.
        end: i64,
    },
    /// notBefore of a certificate in the file has not come.
    NotYetValid {
        /// In the path; 0 is the client's own.
        depth: usize,
        /// Seconds since 1970-01-01T00:00:00Z.
        start: i64,
    },
}

/// What is known about an issuer whose certificate is not in the client's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is an intermediate under an authority that the server named: its certificate was found elsewhere.
    Intermediate,
    /// It is a root, or another authority issued it: its certificate was found.
    Authority,
    /// Its certificate was not found.
    Unknown,
}

/// Why a certificate cannot be a TLS client's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// extendedKeyUsage lacks clientAuth.
    ExtendedKeyUsage(Vec<String>),
    /// keyUsage has neither digitalSignature nor keyAgreement.
    KeyUsage,
    /// The Netscape type lacks the client.
    NetscapeType,
}

/// What is known when a client's certificate is judged.
#[derive(Clone, Copy, Debug)]
pub struct ClientRules<'a> {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub now: i64,
    /// The authorities that the server named, if it named any and all of them are known.
    pub authorities: Option<&'a [Name]>,
    /// Other certificates that we have, in which an issuer may be found.
    pub others: &'a [&'a Certificate],
}

/// What is wrong, in the order in which OpenSSL would find it: the path, the purpose, then the times.
/// `certificates` is the client's file, its own certificate first.
pub fn client_faults(certificates: &[Certificate], rules: &ClientRules<'_>) -> Vec<ClientFault> {
    let path = client_path(certificates);
    let mut faults = Vec::new();
    faults.extend(
        rules
            .authorities
            .and_then(|named| stranger(&path, named, certificates, rules.others)),
    );
    faults.extend(
        path.first()
            .and_then(|leaf| unfit(leaf))
            .map(ClientFault::Purpose),
    );
    for (depth, certificate) in path.iter().enumerate() {
        if let Some(end) = certificate.not_after.filter(|end| *end <= rules.now) {
            faults.push(ClientFault::Expired { depth, end });
        }
        if let Some(start) = certificate.not_before.filter(|start| *start > rules.now) {
            faults.push(ClientFault::NotYetValid { depth, start });
        }
    }
    faults
}

/// The certificates of a client's file from its own upwards, as far as the file has their issuers. Without the
/// root: the server uses its own copy.
pub fn client_path(certificates: &[Certificate]) -> Vec<&Certificate> {
    let mut path: Vec<&Certificate> = certificates.first().into_iter().collect();
    while let Some(last) = path.last().copied()
        && !last.is_self_issued()
    {
        let above = certificates
            .iter()
            .filter(|issuer| !issuer.is_self_issued())
            .filter(|issuer| path.iter().all(|below| below.der != issuer.der))
            .find(|issuer| likely_issued(issuer, last).is_ok());
        let Some(above) = above else { break };
        path.push(above);
    }
    path
}

fn stranger(
    path: &[&Certificate],
    named: &[Name],
    file: &[Certificate],
    others: &[&Certificate],
) -> Option<ClientFault> {
    let is_named = |name: &Name| named.iter().any(|authority| authority.matches(name));
    let known = |certificate: &&Certificate| {
        is_named(&certificate.issuer) || is_named(&certificate.subject)
    };
    if named.is_empty() || path.iter().any(known) {
        return None;
    }
    let last = path.last()?;
    let missing = match last.is_self_issued() {
        true => Missing::Authority,
        false => {
            let known = file.iter().chain(others.iter().copied());
            issuer_elsewhere(last, known, |issuer| is_named(&issuer.issuer))
        }
    };
    Some(ClientFault::Stranger {
        last: last.subject.text.clone(),
        issuer: last.issuer.text.clone(),
        missing,
    })
}

fn issuer_elsewhere<'a>(
    certificate: &Certificate,
    mut known: impl Iterator<Item = &'a Certificate>,
    is_below_named: impl Fn(&Certificate) -> bool,
) -> Missing {
    let issuer = known.find(|issuer| likely_issued(issuer, certificate).is_ok());
    match issuer {
        None => Missing::Unknown,
        Some(issuer) if is_below_named(issuer) => Missing::Intermediate,
        Some(_) => Missing::Authority,
    }
}

/// `check_purpose_ssl_client` of OpenSSL's crypto/x509/v3_purp.c, for a certificate that is not a CA's.
fn unfit(certificate: &Certificate) -> Option<Unfit> {
    if let Some(usages) = &certificate.extended_key_usage
        && usages.iter().all(|usage| usage != CLIENT_AUTH)
    {
        return Some(Unfit::ExtendedKeyUsage(usages.clone()));
    }
    let usages = [KeyUsage::DIGITAL_SIGNATURE, KeyUsage::KEY_AGREEMENT];
    if purpose::lacks(certificate, &usages) {
        return Some(Unfit::KeyUsage);
    }
    certificate
        .netscape_cert_type
        .is_some_and(|types| types & NETSCAPE_SSL_CLIENT == 0)
        .then_some(Unfit::NetscapeType)
}

const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
const NETSCAPE_SSL_CLIENT: u8 = 1;

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
        KeyPair, KeyUsagePurpose,
    };

    use super::*;

    struct Made {
        params: CertificateParams,
        key: KeyPair,
        parsed: Certificate,
    }

    fn params(name: &str, ca: bool) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        if ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        params
    }

    fn root(name: &str) -> Made {
        let (params, key) = (params(name, true), KeyPair::generate().unwrap());
        let made = params.self_signed(&key).unwrap();
        let parsed = Certificate::parse(made.der()).unwrap();
        Made {
            params,
            key,
            parsed,
        }
    }

    fn issued(params: CertificateParams, by: &Made) -> Made {
        let key = KeyPair::generate().unwrap();
        let made = params
            .signed_by(&key, &Issuer::from_params(&by.params, &by.key))
            .unwrap();
        let parsed = Certificate::parse(made.der()).unwrap();
        Made {
            params,
            key,
            parsed,
        }
    }

    fn faults(certificates: &[&Made], authorities: &[&Made], others: &[&Made]) -> Vec<ClientFault> {
        let certificates: Vec<_> = certificates
            .iter()
            .map(|made| made.parsed.clone())
            .collect();
        let named: Vec<_> = authorities
            .iter()
            .map(|made| made.parsed.subject.clone())
            .collect();
        let others: Vec<_> = others.iter().map(|made| &made.parsed).collect();
        client_faults(
            &certificates,
            &ClientRules {
                now: 1_800_000_000,
                authorities: Some(&named),
                others: &others,
            },
        )
    }

    fn missing(faults: &[ClientFault]) -> Option<Missing> {
        match faults {
            [ClientFault::Stranger { missing, .. }] => Some(*missing),
            [] => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_issuer_that_the_server_does_not_know_is_told_from_a_missing_intermediate() {
        let (good, bad) = (root("good"), root("bad"));
        let middle = issued(params("middle", true), &good);
        let direct = issued(params("a", false), &good);
        let below = issued(params("b", false), &middle);
        let foreign = issued(params("c", false), &bad);
        for (file, others, expected) in [
            (&[&direct][..], &[][..], None),
            (&[&below, &middle], &[], None),
            (&[&below, &bad, &middle, &good], &[], None),
            (&[&below], &[], Some(Missing::Unknown)),
            (&[&below], &[&bad, &middle], Some(Missing::Intermediate)),
            (&[&foreign], &[], Some(Missing::Unknown)),
            (&[&foreign], &[&bad], Some(Missing::Authority)),
            (&[&foreign, &bad], &[], Some(Missing::Authority)),
        ] {
            assert_eq!(missing(&faults(file, &[&good], others)), expected);
        }
        assert_eq!(missing(&faults(&[&below], &[], &[])), None);
    }

    #[test]
    fn the_purpose_is_that_of_a_client() {
        let ca = root("ca");
        for (usages, key_usages, expected) in [
            (vec![], vec![], None),
            (vec![ExtendedKeyUsagePurpose::ClientAuth], vec![], None),
            (vec![], vec![KeyUsagePurpose::KeyAgreement], None),
            (
                vec![],
                vec![KeyUsagePurpose::KeyEncipherment],
                Some(Unfit::KeyUsage),
            ),
            (
                vec![ExtendedKeyUsagePurpose::ServerAuth],
                vec![],
                Some(Unfit::ExtendedKeyUsage(vec![
                    "1.3.6.1.5.5.7.3.1".to_owned(),
                ])),
            ),
        ] {
            let mut params = params("a", false);
            params.extended_key_usages = usages;
            params.key_usages = key_usages;
            let made = issued(params, &ca);
            let expected: Vec<_> = expected.map(ClientFault::Purpose).into_iter().collect();
            assert_eq!(faults(&[&made], &[&ca], &[]), expected);
        }
    }

    #[test]
    fn every_certificate_of_the_path_has_times() {
        let ca = root("ca");
        let mut old = params("old", true);
        old.not_after = rcgen::date_time_ymd(2020, 1, 1);
        let old = issued(old, &ca);
        let mut young = params("young", false);
        young.not_before = rcgen::date_time_ymd(2050, 1, 1);
        let young = issued(young, &old);
        assert!(matches!(
            faults(&[&young, &old], &[&ca], &[])[..],
            [
                ClientFault::NotYetValid { depth: 0, .. },
                ClientFault::Expired { depth: 1, .. }
            ]
        ));
    }
}
