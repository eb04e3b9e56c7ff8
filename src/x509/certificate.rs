//! One certificate, parsed once, with every field that a verdict or a report needs.

use std::net::IpAddr;
use std::sync::Arc;

use super::Name;

/// A parsed X.509 certificate (RFC 5280 section 4.1), versions 1 to 3. Cheap to clone is not a
/// promise: share it through an [`Arc`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The whole certificate as received.
    pub der: Arc<[u8]>,
    /// The signed part, as signed.
    pub tbs: Vec<u8>,
    /// 1, 2 or 3.
    pub version: u8,
    /// Big-endian two's complement bytes as encoded, leading zeros kept.
    pub serial: Vec<u8>,
    /// Whom the certificate names.
    pub subject: Name,
    /// Who signed it.
    pub issuer: Name,
    /// Seconds since 1970-01-01T00:00:00Z; inclusive.
    pub not_before: i64,
    /// Seconds since 1970-01-01T00:00:00Z; inclusive.
    pub not_after: i64,
    /// The subject's public key.
    pub public_key: PublicKey,
    /// DER of the outer `signatureAlgorithm`.
    pub signature_algorithm: Vec<u8>,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// `None` if the extension is absent.
    pub basic_constraints: Option<BasicConstraints>,
    /// `None` if the extension is absent.
    pub key_usage: Option<KeyUsage>,
    /// Dotted object identifiers; `None` if the extension is absent.
    pub extended_key_usage: Option<Vec<String>>,
    /// First byte of the Netscape certificate type; `None` if the extension is absent.
    pub netscape_cert_type: Option<u8>,
    /// Entries in the order of the certificate; `None` if the extension is absent.
    pub subject_alt_names: Option<Vec<GeneralName>>,
    /// Key identifier of the subject's key.
    pub subject_key_identifier: Option<Vec<u8>>,
    /// Key identifier, issuer and serial of the issuer's key.
    pub authority_key_identifier: Option<KeyIdentifier>,
    /// Dotted object identifiers of critical extensions that OpenSSL does not know.
    pub unknown_critical: Vec<String>,
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

/// The subject's key: what it is and the bytes that prove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// DER of the whole SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    /// DER of its AlgorithmIdentifier, header included.
    pub algorithm: Vec<u8>,
    /// Contents of its bit string.
    pub key: Vec<u8>,
}

/// RFC 5280 section 4.2.1.1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyIdentifier {
    /// Must equal the issuer's subject key identifier, if both are there.
    pub key: Option<Vec<u8>>,
    /// DER of the issuer's issuer name, if given as a directoryName.
    pub issuer: Option<Name>,
    /// Serial number of the issuer's certificate.
    pub serial: Option<Vec<u8>>,
}

/// One entry of a subject alternative name or a name constraint (RFC 5280 section 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GeneralName {
    /// Raw bytes: nothing promises a valid host name, or even the absence of NUL.
    Dns(Vec<u8>),
    /// As many bytes as the certificate holds: 4 and 16 are addresses, others are nonsense.
    Ip(Vec<u8>),
    /// rfc822Name.
    Email(Vec<u8>),
    /// uniformResourceIdentifier.
    Uri(Vec<u8>),
    /// directoryName.
    Directory(Name),
    /// Any other kind, by its context tag number and contents.
    Other(u8, Vec<u8>),
}

impl GeneralName {
    /// The address in an iPAddress entry, if it has the length of one.
    pub fn ip(&self) -> Option<IpAddr> {
        let Self::Ip(bytes) = self else { return None };
        if let Ok(v4) = <[u8; 4]>::try_from(bytes.as_slice()) {
            return Some(IpAddr::from(v4));
        }
        <[u8; 16]>::try_from(bytes.as_slice())
            .ok()
            .map(IpAddr::from)
    }
}
