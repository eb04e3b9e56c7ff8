//! What can be wrong with a chain, in OpenSSL's terms.

/// One reason to refuse a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Position in the path; 0 is the leaf.
    pub depth: usize,
    /// What is wrong there.
    pub kind: FaultKind,
}

/// The errors of `X509_verify_cert` (`X509_V_ERR_*` in include/openssl/x509_vfy.h.in) that can
/// occur with libpq's flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// More names or constraints than OpenSSL agrees to compare.
    Unspecified,
    /// `X509_V_ERR_UNSPECIFIED`, where a key cannot be decoded (`check_curve`).
    UndecodableKey,
    /// An anchor was found, but not the issuer of that anchor.
    UnableToGetIssuerCert,
    /// No CRL for this certificate.
    UnableToGetCrl,
    /// The issuer's key cannot be read.
    UnableToDecodeIssuerPublicKey,
    /// The issuer's key did not make the signature.
    CertSignatureFailure,
    /// The issuer's key did not make the CRL's signature.
    CrlSignatureFailure,
    /// notBefore is in the future.
    CertNotYetValid,
    /// notAfter is in the past.
    CertHasExpired,
    /// thisUpdate of the CRL is in the future.
    CrlNotYetValid,
    /// nextUpdate of the CRL is in the past.
    CrlHasExpired,
    /// notBefore is not a valid time.
    ErrorInCertNotBefore,
    /// notAfter is not a valid time.
    ErrorInCertNotAfter,
    /// thisUpdate of the CRL is not a valid time.
    ErrorInCrlLastUpdate,
    /// nextUpdate of the CRL is not a valid time.
    ErrorInCrlNextUpdate,
    /// The leaf is self-signed and is not an anchor.
    DepthZeroSelfSignedCert,
    /// The chain ends in a self-signed certificate that is not an anchor.
    SelfSignedCertInChain,
    /// No issuer, neither presented nor among the anchors.
    UnableToGetIssuerCertLocally,
    /// There is only the leaf, and it is not self-signed.
    UnableToVerifyLeafSignature,
    /// More than 100 intermediates.
    CertChainTooLong,
    /// The CRL lists the certificate.
    CertRevoked,
    /// More CAs below than the path length allows.
    PathLengthExceeded,
    /// The key usage, extended key usage or Netscape type excludes TLS servers.
    InvalidPurpose,
    /// The trust settings of the anchor exclude TLS servers.
    CertRejected,
    /// The issuer's key usage lacks keyCertSign.
    KeyUsageNoCertSign,
    /// No certificate that could have signed the CRL.
    UnableToGetCrlIssuer,
    /// A critical extension that OpenSSL does not know.
    UnhandledCriticalExtension,
    /// The CRL issuer's key usage lacks cRLSign.
    KeyUsageNoCrlSign,
    /// A critical CRL extension that OpenSSL does not know.
    UnhandledCriticalCrlExtension,
    /// A CA where the path needs a proxy's end entity.
    InvalidNonCa,
    /// The issuer of a proxy certificate lacks digitalSignature.
    KeyUsageNoDigitalSignature,
    /// A proxy certificate (RFC 3820).
    ProxyCertificatesNotAllowed,
    /// The CRL's issuing distribution point contradicts itself.
    InvalidExtension,
    /// The CRL does not cover this certificate.
    DifferentCrlScope,
    /// A name that is outside the permitted subtrees.
    PermittedViolation,
    /// A name that is in an excluded subtree.
    ExcludedViolation,
    /// A constraint with a minimum or maximum.
    SubtreeMinMax,
    /// A constraint on a kind of name that OpenSSL cannot compare.
    UnsupportedConstraintType,
    /// A name that OpenSSL cannot compare with a constraint.
    UnsupportedNameSyntax,
    /// The leaf's key is below security level 2, or unusable.
    EeKeyTooSmall,
    /// A CA's key is below security level 2.
    CaKeyTooSmall,
    /// A signature's digest is below security level 2.
    CaMdTooWeak,
    /// There is no certificate at all.
    NoCertificate,
    /// Not a CA.
    InvalidCa,
    /// A curve that is spelled out instead of named.
    EcKeyExplicitParams,
    /// OpenSSL can check this, we cannot: a signature algorithm or an extension.
    UnsupportedAlgorithm {
        /// Its object identifier, dotted.
        oid: String,
    },
    /// The rest was not checked: the chain is refused already, and its size is that of an attack.
    GivenUp,
}

impl FaultKind {
    /// OpenSSL's number. `None` if the limitation is ours.
    pub fn openssl_code(&self) -> Option<u32> {
        Some(match self {
            Self::Unspecified | Self::UndecodableKey => 1,
            Self::UnableToGetIssuerCert => 2,
            Self::UnableToGetCrl => 3,
            Self::UnableToDecodeIssuerPublicKey => 6,
            Self::CertSignatureFailure => 7,
            Self::CrlSignatureFailure => 8,
            Self::CertNotYetValid => 9,
            Self::CertHasExpired => 10,
            Self::CrlNotYetValid => 11,
            Self::CrlHasExpired => 12,
            Self::ErrorInCertNotBefore => 13,
            Self::ErrorInCertNotAfter => 14,
            Self::ErrorInCrlLastUpdate => 15,
            Self::ErrorInCrlNextUpdate => 16,
            Self::DepthZeroSelfSignedCert => 18,
            Self::SelfSignedCertInChain => 19,
            Self::UnableToGetIssuerCertLocally => 20,
            Self::UnableToVerifyLeafSignature => 21,
            Self::CertChainTooLong => 22,
            Self::CertRevoked => 23,
            Self::PathLengthExceeded => 25,
            Self::InvalidPurpose => 26,
            Self::CertRejected => 28,
            Self::KeyUsageNoCertSign => 32,
            Self::UnableToGetCrlIssuer => 33,
            Self::UnhandledCriticalExtension => 34,
            Self::KeyUsageNoCrlSign => 35,
            Self::UnhandledCriticalCrlExtension => 36,
            Self::InvalidNonCa => 37,
            Self::KeyUsageNoDigitalSignature => 39,
            Self::ProxyCertificatesNotAllowed => 40,
            Self::InvalidExtension => 41,
            Self::DifferentCrlScope => 44,
            Self::PermittedViolation => 47,
            Self::ExcludedViolation => 48,
            Self::SubtreeMinMax => 49,
            Self::UnsupportedConstraintType => 51,
            Self::UnsupportedNameSyntax => 53,
            Self::EeKeyTooSmall => 66,
            Self::CaKeyTooSmall => 67,
            Self::CaMdTooWeak => 68,
            Self::NoCertificate => 69,
            Self::InvalidCa => 79,
            Self::EcKeyExplicitParams => 94,
            Self::UnsupportedAlgorithm { .. } | Self::GivenUp => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_limitations_have_no_openssl_number() {
        let unsupported = FaultKind::UnsupportedAlgorithm {
            oid: "1.3.101.113".to_owned(),
        };
        assert_eq!(unsupported.openssl_code(), None);
        assert_eq!(FaultKind::GivenUp.openssl_code(), None);
        assert_eq!(FaultKind::CertHasExpired.openssl_code(), Some(10));
    }
}
