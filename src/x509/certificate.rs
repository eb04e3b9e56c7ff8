//! One certificate, parsed once, with every field that a verdict or a report needs.

use std::sync::Arc;

use aws_lc_rs::digest;

use super::algorithm::SignatureAlgorithm;
use super::anchor::TrustSettings;
use super::der::{Reader, tag};
use super::error::{Field, In, ParseError};
use super::extension::{Extensions, Flaw};
use super::general_name::{DistributionPoint, GeneralName, NameConstraints};
use super::key::{KeyKind, PublicKey};
use super::signed::Signed;
use super::{Name, time};

/// A parsed X.509 certificate (RFC 5280 section 4.1), versions 1 to 3. Cloning may be expensive:
/// share it through an [`Arc`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The whole certificate as received.
    pub der: Arc<[u8]>,
    /// The signed part, as signed.
    pub tbs: Vec<u8>,
    /// 1, 2 or 3; higher if the certificate claims a version that does not exist (255 means any that
    /// does not fit).
    pub version: u8,
    /// Big-endian two's complement bytes as encoded, with leading zeros.
    pub serial: Vec<u8>,
    /// The party that the certificate names.
    pub subject: Name,
    /// Who signed it.
    pub issuer: Name,
    /// Seconds since 1970-01-01T00:00:00Z; `None` if not in a form that can be compared.
    pub not_before: Option<i64>,
    /// Seconds since 1970-01-01T00:00:00Z; `None` if not in a form that can be compared.
    pub not_after: Option<i64>,
    /// The subject's public key.
    pub public_key: PublicKey,
    /// The outer `signatureAlgorithm`, by which the signature is checked.
    pub signature_algorithm: SignatureAlgorithm,
    /// The algorithm named in the signed part. It must be the same.
    pub tbs_signature_algorithm: SignatureAlgorithm,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// How many bits of the signature's last byte are unused: zero in every genuine signature.
    pub signature_unused_bits: u8,
    /// `None` if the extension is absent.
    pub basic_constraints: Option<BasicConstraints>,
    /// `None` if the extension is absent.
    pub key_usage: Option<KeyUsage>,
    /// Dotted object identifiers; `None` if the extension is absent.
    pub extended_key_usage: Option<Vec<String>>,
    /// The Netscape certificate type, bit 0 (SSL client) lowest; `None` if the extension is absent.
    pub netscape_cert_type: Option<u8>,
    /// Entries in the order of the certificate; `None` if the extension is absent.
    pub subject_alt_names: Option<Vec<GeneralName>>,
    /// Key identifier of the subject's key.
    pub subject_key_identifier: Option<Vec<u8>>,
    /// Key identifier, issuer and serial of the issuer's key.
    pub authority_key_identifier: Option<KeyIdentifier>,
    /// The names for which the subject may issue certificates.
    pub name_constraints: Option<NameConstraints>,
    /// Where the CRLs are; empty if the extension is absent.
    pub crl_distribution_points: Vec<DistributionPoint>,
    /// Where the issuer's certificate can be fetched (RFC 5280 section 4.2.2.1, id-ad-caIssuers).
    pub ca_issuers: Vec<String>,
    /// Dotted object identifiers of critical extensions that OpenSSL does not know.
    pub unknown_critical: Vec<String>,
    /// Dotted object identifiers of all critical extensions.
    pub critical: Vec<String>,
    /// Dotted object identifiers of all extensions, in order.
    pub extensions: Vec<String>,
    /// What makes OpenSSL call the certificate invalid (`EXFLAG_INVALID`) although it can decode it.
    /// Such a certificate issues nothing, and no certificate counts as its issuer.
    pub flaws: Vec<Flaw>,
}

/// RFC 5280 section 4.2.1.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// May the subject issue certificates?
    pub ca: bool,
    /// How many non-self-issued intermediates may follow.
    pub path_length: Option<u64>,
}

/// RFC 5280 section 4.2.1.3; bit 0 (digitalSignature) is the lowest bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage(pub u16);

impl KeyUsage {
    /// digitalSignature.
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// keyEncipherment.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// keyAgreement.
    pub const KEY_AGREEMENT: Self = Self(1 << 4);
    /// keyCertSign.
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// cRLSign.
    pub const CRL_SIGN: Self = Self(1 << 6);

    /// Is any of these usages allowed?
    pub fn allows_any(self, usages: &[Self]) -> bool {
        usages.iter().any(|usage| self.0 & usage.0 != 0)
    }
}

/// RFC 5280 section 4.2.1.1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyIdentifier {
    /// Must equal the issuer's subject key identifier, if both are there.
    pub key: Option<Vec<u8>>,
    /// The issuer's issuer name: the first directoryName, if there is one.
    pub issuer: Option<Name>,
    /// Serial number of the issuer's certificate.
    pub serial: Option<Vec<u8>>,
}

/// Why OpenSSL does not let an elliptic-curve certificate sign a TLS 1.2 key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningFault {
    /// It has a key usage without digitalSignature.
    KeyUsage,
    /// OpenSSL calls it invalid, and then allows no use of it ([`Certificate::flaws`]).
    Invalid,
}

impl Certificate {
    /// May the key sign the ServerKeyExchange of TLS 1.2?
    ///
    /// If not, libpq refuses the server in every `sslmode` (`ssl_check_srvr_ecc_cert_and_alg` and
    /// `X509_get_key_usage` of OpenSSL). OpenSSL checks neither RSA keys nor any key in TLS 1.3.
    ///
    /// # Errors
    /// Why it may not.
    pub fn may_sign_key_exchange(&self) -> Result<(), SigningFault> {
        match &self.public_key.kind {
            KeyKind::Ec(_) | KeyKind::EcExplicit(_) | KeyKind::Ed25519 | KeyKind::Ed448 => {}
            KeyKind::Rsa { .. }
            | KeyKind::RsaPss { .. }
            | KeyKind::Dsa { .. }
            // Not for TLS 1.2 at all.
            | KeyKind::MlDsa(_)
            | KeyKind::SlhDsa(_)
            | KeyKind::Unusable(_) => return Ok(()),
        }
        if !self.flaws.is_empty() {
            return Err(SigningFault::Invalid);
        }
        match self.key_usage {
            Some(usage) if !usage.allows_any(&[KeyUsage::DIGITAL_SIGNATURE]) => {
                Err(SigningFault::KeyUsage)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Parses exactly one certificate, as it comes in a TLS handshake.
    ///
    /// # Errors
    ///
    /// What OpenSSL's `d2i_X509` refuses, and bytes after the certificate.
    pub fn parse(der: &[u8]) -> Result<Self, ParseError> {
        match Self::parse_prefix(der)? {
            (certificate, []) => Ok(certificate),
            (_, rest) => Err(ParseError::Trailing(rest.len())),
        }
    }

    /// Parses the certificate that `der` begins with, as OpenSSL reads PEM blocks, and returns what
    /// follows it.
    ///
    /// # Errors
    ///
    /// What OpenSSL's `d2i_X509` refuses.
    pub fn parse_prefix(der: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        let mut outside = Reader::new(der);
        let signed = Signed::read(&mut outside)?;
        Ok((parse_tbs(signed)?, outside.rest()))
    }

    /// Parses the contents of a `TRUSTED CERTIFICATE` PEM block: a certificate, followed by the uses
    /// it is trusted for.
    ///
    /// # Errors
    ///
    /// What OpenSSL's `d2i_X509_AUX` refuses.
    pub fn parse_trusted(der: &[u8]) -> Result<(Self, TrustSettings), ParseError> {
        let (certificate, rest) = Self::parse_prefix(der)?;
        let settings = TrustSettings::parse(rest).in_field(Field::TrustSettings)?;
        Ok((certificate, settings))
    }

    /// Are subject and issuer the same name?
    pub fn is_self_issued(&self) -> bool {
        self.subject.matches(&self.issuer)
    }

    /// SHA-256 of the whole certificate.
    pub fn sha256_fingerprint(&self) -> [u8; 32] {
        sha256(&self.der)
    }

    /// SHA-256 of the public key, as pinned by curl and HPKP (RFC 7469 section 2.4).
    pub fn spki_sha256(&self) -> [u8; 32] {
        sha256(&self.public_key.spki)
    }

    /// For people: `RSA 2048`, `ECDSA P-256`, `Ed25519`.
    pub fn key_description(&self) -> String {
        self.public_key.description()
    }

    /// OpenSSL's long name of the signature algorithm; dotted if it has none.
    pub fn signature_name(&self) -> &str {
        self.signature_algorithm.name()
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, bytes);
    // SHA-256 makes 32 bytes: the zeros are never used.
    digest.as_ref().try_into().unwrap_or([0; 32])
}

fn parse_tbs(signed: Signed<'_>) -> Result<Certificate, ParseError> {
    let mut parts = signed.body.children().in_field(Field::Structure)?;
    let version = version(&mut parts).in_field(Field::Version)?;
    let serial = parts
        .universal(tag::INTEGER)
        .and_then(|element| element.integer())
        .in_field(Field::Serial)?;
    let tbs_signature_algorithm =
        SignatureAlgorithm::read(&mut parts).in_field(Field::SignatureAlgorithm)?;
    let issuer = Name::read(&mut parts).in_field(Field::Issuer)?;
    let mut validity = parts.sequence().in_field(Field::Validity)?;
    let not_before = time::read(&mut validity).in_field(Field::Validity)?;
    let not_after = time::read(&mut validity).in_field(Field::Validity)?;
    validity.finish().in_field(Field::Validity)?;
    let subject = Name::read(&mut parts).in_field(Field::Subject)?;
    let public_key = PublicKey::read(&mut parts).in_field(Field::PublicKey)?;
    for unique_id in [1, 2] {
        if let Some(id) = parts
            .optional_context(unique_id)
            .in_field(Field::Structure)?
        {
            id.bit_string().in_field(Field::Structure)?;
        }
    }
    let extensions = parts.optional_context(3).in_field(Field::Extensions)?;
    parts.finish().in_field(Field::Structure)?;
    let extensions = Extensions::read(extensions, &issuer).in_field(Field::Extensions)?;
    Ok(Certificate {
        der: signed.whole.whole.into(),
        tbs: signed.body.whole.to_vec(),
        version,
        serial: serial.to_vec(),
        subject,
        issuer,
        not_before,
        not_after,
        public_key,
        signature_algorithm: signed.algorithm,
        tbs_signature_algorithm,
        signature: signed.signature.to_vec(),
        signature_unused_bits: signed.signature.unused,
        basic_constraints: extensions.basic_constraints,
        key_usage: extensions.key_usage,
        extended_key_usage: extensions.extended_key_usage,
        netscape_cert_type: extensions.netscape_cert_type,
        subject_alt_names: extensions.subject_alt_names,
        subject_key_identifier: extensions.subject_key_identifier,
        authority_key_identifier: extensions.authority_key_identifier,
        name_constraints: extensions.name_constraints,
        crl_distribution_points: extensions.crl_distribution_points,
        ca_issuers: extensions.ca_issuers,
        unknown_critical: extensions.unknown_critical,
        critical: extensions.critical,
        extensions: extensions.oids,
        flaws: extensions.flaws,
    })
}

/// The field counts from zero and is absent for version 1.
fn version(parts: &mut Reader<'_>) -> super::der::Result<u8> {
    let Some(wrapped) = parts.optional_context(0)? else {
        return Ok(1);
    };
    let number = wrapped.explicit()?;
    if !number.is_universal(tag::INTEGER) {
        return Err(super::der::Malformed);
    }
    Ok(match number.integer()? {
        [value @ 0..0x7f] => value + 1,
        _ => u8::MAX,
    })
}

#[cfg(test)]
mod tests {
    use super::super::KeyKind;
    use super::*;

    fn bundled(name: &str) -> Certificate {
        let path = format!("{}/certs/{name}.crt.pem", env!("CARGO_MANIFEST_DIR"));
        let pem = std::fs::read_to_string(path).unwrap();
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        Certificate::parse(&data_encoding::BASE64.decode(base64.as_bytes()).unwrap()).unwrap()
    }

    /// The expected values are what `openssl x509 -nameopt oneline` prints.
    #[test]
    fn a_genuine_root_is_read_as_openssl_reads_it() {
        let root = bundled("DigiCertGlobalRootG2");
        assert_eq!(
            root.subject.text,
            "C = US, O = DigiCert Inc, OU = www.digicert.com, CN = DigiCert Global Root G2"
        );
        assert_eq!(root.subject.hash(), 0x607986c7);
        assert_eq!(root.version, 3);
        assert_eq!(root.key_description(), "RSA 2048");
        assert_eq!(root.signature_name(), "sha256WithRSAEncryption");
        assert_eq!(root.not_after, Some(2_147_169_600));
        assert!(root.is_self_issued());
        assert!(root.basic_constraints.unwrap().ca);
        assert!(
            root.key_usage
                .unwrap()
                .allows_any(&[KeyUsage::KEY_CERT_SIGN])
        );
        assert!(root.flaws.is_empty() && root.unknown_critical.is_empty());
    }

    #[test]
    fn a_root_on_a_curve_is_read() {
        let root = bundled("MicrosoftECCRootCA2017");
        assert_eq!(root.key_description(), "ECDSA P-384");
        assert!(matches!(root.public_key.kind, KeyKind::Ec(_)));
        assert_eq!(root.signature_name(), "ecdsa-with-SHA384");
    }

    #[test]
    fn bytes_after_a_certificate_are_refused_on_the_wire_and_left_over_in_files() {
        let mut der = bundled("DigiCertGlobalRootG2").der.to_vec();
        der.extend_from_slice(b"more");
        assert_eq!(Certificate::parse(&der), Err(ParseError::Trailing(4)));
        assert_eq!(Certificate::parse_prefix(&der).unwrap().1, b"more");
    }
}
