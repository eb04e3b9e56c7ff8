//! What some engines require beyond OpenSSL's defaults.

use std::net::IpAddr;

use super::{Objection, Obstacle, objection};
use crate::escape::escape;
use crate::x509::{Certificate, GeneralName, KeyUsage, SignatureScheme, oid};

/// `check_extensions` in OpenSSL's crypto/x509/x509_vfy.c under `X509_V_FLAG_X509_STRICT`.
pub(super) fn rfc5280(links: &[&Certificate]) -> Result<(), Objection> {
    let refuse = |who: &Certificate, what: &str| {
        let subject = escape(&who.subject.text).to_string();
        Err(objection(
            Obstacle::Stricter,
            format!("\"{subject}\" {what} (RFC 5280, checked since Python 3.13)"),
        ))
    };
    if links.len() < 2 {
        // A leaf that is its own root is not checked.
        return Ok(());
    }
    let last = links.len().saturating_sub(1);
    for (depth, link) in links.iter().copied().enumerate() {
        let is_ca = link.basic_constraints.is_some_and(|found| found.ca);
        let critical = |wanted: &str| link.critical.iter().any(|oid| oid == wanted);
        if is_ca && !critical(oid::BASIC_CONSTRAINTS) {
            return refuse(link, "has a basicConstraints that is not critical");
        }
        if is_ca && link.key_usage.is_none() {
            return refuse(link, "is a CA without keyUsage");
        }
        if !is_ca
            && link
                .key_usage
                .is_some_and(|usage| usage.allows_any(&[KeyUsage::KEY_CERT_SIGN]))
        {
            return refuse(link, "is not a CA, but may sign certificates");
        }
        if link.version < 3 {
            continue;
        }
        let key_id = link
            .authority_key_identifier
            .as_ref()
            .and_then(|id| id.key.as_ref());
        if depth < last && key_id.is_none() {
            return refuse(link, "has no authorityKeyIdentifier");
        }
        if is_ca && link.subject_key_identifier.is_none() {
            return refuse(link, "is a CA without subjectKeyIdentifier");
        }
    }
    Ok(())
}

pub(super) fn digital_signature(links: &[&Certificate]) -> Result<(), Objection> {
    let usage = links.first().and_then(|leaf| leaf.key_usage);
    if usage.is_some_and(|usage| !usage.allows_any(&[KeyUsage::DIGITAL_SIGNATURE])) {
        return Err(objection(
            Obstacle::WrongPurpose,
            "the keyUsage of the server certificate lacks digitalSignature, which Java needs",
        ));
    }
    Ok(())
}

pub(super) fn rsa_pss_salt(links: &[&Certificate]) -> Result<(), Objection> {
    let below_the_root = links.len().saturating_sub(1);
    for link in links.iter().take(below_the_root) {
        let odd = match &link.signature_algorithm.scheme {
            SignatureScheme::RsaPss(Some(parameters)) => {
                parameters.salt_length != parameters.digest.length() as u64
                    || parameters.mask_digest != parameters.digest
            }
            SignatureScheme::RsaPss(None) => true,
            SignatureScheme::RsaPkcs1(_)
            | SignatureScheme::Ecdsa(_)
            | SignatureScheme::Dsa(_)
            | SignatureScheme::Ed25519
            | SignatureScheme::Ed448
            | SignatureScheme::MlDsa(_)
            | SignatureScheme::SlhDsa(_)
            | SignatureScheme::Unknown(_) => false,
        };
        if odd {
            return Err(objection(
                Obstacle::UnsupportedAlgorithm,
                "RSA-PSS signatures are accepted here only with a salt as long as the digest",
            ));
        }
    }
    Ok(())
}

/// What Java cannot parse, in any mode (`X509CertInfo.verifyCert` of the JDK).
pub(super) fn java_names(certificates: &[Certificate]) -> Result<(), Objection> {
    for certificate in certificates {
        let critical = certificate
            .critical
            .iter()
            .any(|oid| oid == SUBJECT_ALT_NAME);
        let what = if certificate.issuer.is_empty() {
            "an empty issuer"
        } else if certificate.subject.is_empty() && !critical {
            "an empty subject without a critical subjectAltName"
        } else {
            continue;
        };
        return Err(objection(
            Obstacle::MalformedCertificate,
            format!("a certificate has {what}, which Java cannot parse"),
        ));
    }
    Ok(())
}

const SUBJECT_ALT_NAME: &str = "2.5.29.17";

/// Does only a wildcard cover the host, and something else than letters, digits and hyphens there
/// (`wildcard_match` in OpenSSL's `crypto/x509/v3_utl.c`)?
pub(super) fn needs_odd_wildcard(leaf: &Certificate, host: &[u8]) -> bool {
    let mut entries = leaf.subject_alt_names.iter().flatten();
    let exact = |entry: &GeneralName| matches!(entry, GeneralName::Dns(name) if name.eq_ignore_ascii_case(host));
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let mut label = host.iter().take_while(|byte| **byte != b'.');
    !label.all(plain)
        && !entries.any(exact)
        && !leaf
            .subject
            .common_names
            .iter()
            .any(|name| name.eq_ignore_ascii_case(host))
}

/// An address matches only an iPAddress.
pub(super) fn ip(
    entries: Option<&[GeneralName]>,
    address: IpAddr,
    host: &[u8],
) -> Result<(), Objection> {
    let mut entries = entries.unwrap_or_default().iter();
    if entries.any(|entry| matches!(entry, GeneralName::Ip(_)) && entry.ip() == Some(address)) {
        return Ok(());
    }
    Err(objection(
        Obstacle::WrongHost,
        format!(
            "the certificate has no iPAddress {}, and no other name counts for an address",
            escape(host)
        ),
    ))
}
