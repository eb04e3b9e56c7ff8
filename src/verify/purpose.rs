//! What a certificate may be used for, and who may have issued it.

use crate::x509::{Anchor, Certificate, KeyIdentifier, KeyKind, KeyUsage, SignatureScheme};

use super::fault::FaultKind;
use super::signature;

/// What the leaf is to be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// A TLS server (OpenSSL's `sslserver`), as libpq's client asks.
    #[default]
    SslServer,
}

/// Why one certificate cannot be the issuer of another (`ossl_x509_likely_issued`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The names differ.
    Name,
    /// One of the two is invalid: see [`Certificate::flaws`].
    Flawed,
    /// The key identifiers differ.
    KeyIdentifier,
    /// The issuer and serial number in the authority key identifier belong to another certificate.
    IssuerAndSerial,
    /// The issuer's key cannot be read.
    UnreadableKey,
    /// The signature is not of a kind that the issuer's key makes.
    Algorithm,
}

/// Could `issuer` have signed `subject`, as far as can be seen without checking the signature?
///
/// # Errors
///
/// The first reason against it, in OpenSSL's order.
pub fn likely_issued(issuer: &Certificate, subject: &Certificate) -> Result<(), Mismatch> {
    if !issuer.subject.matches(&subject.issuer) {
        return Err(Mismatch::Name);
    }
    if !issuer.flaws.is_empty() || !subject.flaws.is_empty() {
        return Err(Mismatch::Flawed);
    }
    if let Some(identifier) = &subject.authority_key_identifier {
        matches_identifier(issuer, identifier)?;
    }
    matches_algorithm(issuer, subject)
}

/// Is it its own issuer (OpenSSL's `EXFLAG_SS`)? The signature is not checked.
pub fn is_self_signed(certificate: &Certificate) -> bool {
    likely_issued(certificate, certificate).is_ok()
}

/// `X509_check_akid`.
pub(super) fn matches_identifier(
    issuer: &Certificate,
    identifier: &KeyIdentifier,
) -> Result<(), Mismatch> {
    if let (Some(wanted), Some(key)) = (&identifier.key, &issuer.subject_key_identifier)
        && wanted != key
    {
        return Err(Mismatch::KeyIdentifier);
    }
    let serial = identifier
        .serial
        .as_ref()
        .is_none_or(|serial| *serial == issuer.serial);
    let name = identifier
        .issuer
        .as_ref()
        .is_none_or(|name| name.matches(&issuer.issuer));
    if serial && name {
        Ok(())
    } else {
        Err(Mismatch::IssuerAndSerial)
    }
}

/// `check_sig_alg_match`: an RSA key may make PSS signatures, a PSS key makes only those.
fn matches_algorithm(issuer: &Certificate, subject: &Certificate) -> Result<(), Mismatch> {
    let scheme = &subject.tbs_signature_algorithm.scheme;
    let fits = match &issuer.public_key.kind {
        KeyKind::Unusable(_) => false,
        KeyKind::Rsa { .. } => {
            matches!(
                scheme,
                SignatureScheme::RsaPkcs1(_) | SignatureScheme::RsaPss(_)
            )
        }
        KeyKind::RsaPss { .. } => matches!(scheme, SignatureScheme::RsaPss(_)),
        KeyKind::Ec(_) | KeyKind::EcExplicit(_) => matches!(scheme, SignatureScheme::Ecdsa(_)),
        KeyKind::Ed25519 => matches!(scheme, SignatureScheme::Ed25519),
        KeyKind::Ed448 => matches!(scheme, SignatureScheme::Ed448),
        KeyKind::MlDsa(set) => matches!(scheme, SignatureScheme::MlDsa(stated) if stated == set),
        KeyKind::SlhDsa(set) => matches!(scheme, SignatureScheme::SlhDsa(stated) if stated == set),
        KeyKind::Dsa { .. } => matches!(scheme, SignatureScheme::Dsa(_)),
    };
    if !fits {
        return Err(Mismatch::Algorithm);
    }
    // Last, because it costs most, and a hostile chain has many keys.
    if !signature::is_readable(&issuer.public_key) {
        return Err(Mismatch::UnreadableKey);
    }
    Ok(())
}

/// Why OpenSSL considers a certificate a CA (`check_ca` in crypto/x509/v3_purp.c).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    /// It is not a CA.
    None,
    /// basicConstraints says so.
    BasicConstraints,
    /// Self-signed and of version 1.
    V1Root,
    /// No basicConstraints, but keyUsage has keyCertSign.
    KeyUsage,
    /// Only the Netscape type says so.
    NetscapeType,
}

pub(super) fn authority(certificate: &Certificate) -> Authority {
    if !certificate.flaws.is_empty() || lacks(certificate, &[KeyUsage::KEY_CERT_SIGN]) {
        return Authority::None;
    }
    match certificate.basic_constraints {
        Some(constraints) if constraints.ca => Authority::BasicConstraints,
        Some(_) => Authority::None,
        None if certificate.version == 1 && is_self_signed(certificate) => Authority::V1Root,
        None if certificate.key_usage.is_some() => Authority::KeyUsage,
        None if has_netscape_type(certificate, NETSCAPE_ANY_CA) => Authority::NetscapeType,
        None => Authority::None,
    }
}

/// May the issuer's key sign this certificate (`ossl_x509_signing_allowed`)?
pub(super) fn signing_fault(issuer: &Certificate, subject: &Certificate) -> Option<FaultKind> {
    if is_proxy(subject) {
        lacks(issuer, &[KeyUsage::DIGITAL_SIGNATURE])
            .then_some(FaultKind::KeyUsageNoDigitalSignature)
    } else {
        lacks(issuer, &[KeyUsage::KEY_CERT_SIGN]).then_some(FaultKind::KeyUsageNoCertSign)
    }
}

/// Is it a proxy certificate (RFC 3820)?
pub(super) fn is_proxy(certificate: &Certificate) -> bool {
    certificate
        .extensions
        .iter()
        .any(|oid| oid == crate::x509::oid::PROXY_CERT_INFO)
}

/// The place of a certificate in the path, as far as it matters for the purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The server's own.
    Leaf,
    /// Above a proxy certificate: an end entity is needed.
    EndEntity,
    /// Everything above.
    Issuer,
}

/// May it be used in this place? `anchor` has the trust settings if it is an anchor.
pub(super) fn suits(
    certificate: &Certificate,
    role: Role,
    purpose: Purpose,
    anchor: Option<&Anchor>,
) -> bool {
    match anchor.map(explicit_trust) {
        Some(Trust::Trusted) => true,
        Some(Trust::Rejected) => false,
        Some(Trust::Unsaid) | None => match purpose {
            Purpose::SslServer => suits_ssl_server(certificate, role),
        },
    }
}

/// `check_purpose_ssl_server`.
fn suits_ssl_server(certificate: &Certificate, role: Role) -> bool {
    if let Some(usages) = &certificate.extended_key_usage
        && !usages
            .iter()
            .any(|usage| SSL_SERVER_USAGES.contains(&usage.as_str()))
    {
        return false;
    }
    if role == Role::Issuer {
        return match authority(certificate) {
            Authority::None => false,
            Authority::NetscapeType => has_netscape_type(certificate, NETSCAPE_SSL_CA),
            Authority::BasicConstraints | Authority::V1Root | Authority::KeyUsage => true,
        };
    }
    let usages = [
        KeyUsage::DIGITAL_SIGNATURE,
        KeyUsage::KEY_ENCIPHERMENT,
        KeyUsage::KEY_AGREEMENT,
    ];
    let other_type = certificate.netscape_cert_type.is_some()
        && !has_netscape_type(certificate, NETSCAPE_SSL_SERVER);
    !other_type && !lacks(certificate, &usages)
}

const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
const ANY_EXTENDED_KEY_USAGE: &str = "2.5.29.37.0";
/// serverAuth, and what Microsoft and Netscape used before it.
const SSL_SERVER_USAGES: [&str; 3] = [
    SERVER_AUTH,
    "1.3.6.1.4.1.311.10.3.3",
    "2.16.840.1.113730.4.1",
];

const NETSCAPE_SSL_SERVER: u8 = 1 << 1;
const NETSCAPE_SSL_CA: u8 = 1 << 5;
const NETSCAPE_ANY_CA: u8 = 0b111 << 5;

fn has_netscape_type(certificate: &Certificate, bits: u8) -> bool {
    certificate
        .netscape_cert_type
        .is_some_and(|types| types & bits != 0)
}

/// Is there a key usage without any of these?
pub(super) fn lacks(certificate: &Certificate, usages: &[KeyUsage]) -> bool {
    certificate
        .key_usage
        .is_some_and(|usage| !usage.allows_any(usages))
}

/// What the settings of an anchor say about TLS servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    Trusted,
    Rejected,
    Unsaid,
}

/// `obj_trust` without the rule for self-signed certificates.
fn explicit_trust(anchor: &Anchor) -> Trust {
    let names_us = |usages: &[String]| {
        usages
            .iter()
            .any(|usage| usage == SERVER_AUTH || usage == ANY_EXTENDED_KEY_USAGE)
    };
    match &anchor.settings.trusted {
        _ if names_us(&anchor.settings.rejected) => Trust::Rejected,
        Some(usages) if names_us(usages) => Trust::Trusted,
        Some(_) => Trust::Rejected,
        None => Trust::Unsaid,
    }
}

/// `X509_check_trust`: without settings a self-signed certificate is trusted, others are not.
pub(super) fn trust(anchor: &Anchor) -> Trust {
    match explicit_trust(anchor) {
        Trust::Unsaid if is_self_signed(&anchor.certificate) => Trust::Trusted,
        said @ (Trust::Trusted | Trust::Rejected | Trust::Unsaid) => said,
    }
}
