//! Why bytes are not a certificate or a CRL.

use std::fmt;

use super::der::Malformed;

/// Why bytes do not parse. OpenSSL refuses to decode them, too.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A field with a wrong encoding.
    #[error("its {0} cannot be read")]
    Field(Field),
    /// Bytes that follow a complete certificate (RFC 8446 section 4.4.2 allows none).
    #[error("{0} bytes follow the certificate")]
    Trailing(usize),
}

/// The parts of a certificate or CRL that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The outermost SEQUENCE, or the order of the parts in it.
    Structure,
    /// The version number.
    Version,
    /// The serial number.
    Serial,
    /// An AlgorithmIdentifier of the signature.
    SignatureAlgorithm,
    /// The bits of the signature.
    Signature,
    /// The issuer's name.
    Issuer,
    /// The subject's name.
    Subject,
    /// notBefore and notAfter, or thisUpdate and nextUpdate.
    Validity,
    /// The SubjectPublicKeyInfo.
    PublicKey,
    /// The list of extensions.
    Extensions,
    /// The entries of a CRL.
    Revocations,
    /// The trust settings of a `TRUSTED CERTIFICATE`.
    TrustSettings,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Structure => "outer structure",
            Self::Version => "version",
            Self::Serial => "serial number",
            Self::SignatureAlgorithm => "signature algorithm",
            Self::Signature => "signature",
            Self::Issuer => "issuer name",
            Self::Subject => "subject name",
            Self::Validity => "validity period",
            Self::PublicKey => "public key",
            Self::Extensions => "list of extensions",
            Self::Revocations => "list of revoked certificates",
            Self::TrustSettings => "trust settings",
        })
    }
}

/// Adds the field that was being read to an error.
pub(super) trait In<T> {
    fn in_field(self, field: Field) -> Result<T, ParseError>;
}

impl<T> In<T> for Result<T, Malformed> {
    fn in_field(self, field: Field) -> Result<T, ParseError> {
        self.map_err(|Malformed| ParseError::Field(field))
    }
}
