//! A fault of a chain in plain words, for every text that names one.

use super::{Fault, FaultKind, Judgement, PathReport};

/// Where on a path a certificate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The server's own.
    Leaf,
    /// Between leaf and root, sent by the server or held in the root file.
    Intermediate,
    /// One that nobody else issued, trusted or not.
    Root,
}

impl Place {
    /// Its name in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Leaf => "the server certificate",
            Self::Intermediate => "the intermediate certificate",
            Self::Root => "the root certificate",
        }
    }
}

impl Judgement {
    /// Where the certificate with this fault is.
    pub fn place(&self, fault: &Fault) -> Place {
        self.place_at(fault.depth)
    }

    /// What the certificate at this position of the path is.
    pub fn place_at(&self, depth: usize) -> Place {
        self.place_on(&self.path, depth)
    }

    /// The same for another path through the same presented certificates.
    pub fn place_on(&self, path: &PathReport, depth: usize) -> Place {
        let step = path.path.get(depth);
        match (depth, step.and_then(|step| self.certificate(step))) {
            (0, _) => Place::Leaf,
            // Root files often hold intermediates, too, and servers often send their root.
            (_, Some(certificate)) if certificate.is_self_issued() => Place::Root,
            (_, Some(_) | None) => Place::Intermediate,
        }
    }
}

impl FaultKind {
    /// What is wrong with the certificate `who`, without an explanation.
    pub fn sentence(&self, who: &str) -> String {
        let says = |what: &str| format!("{who} {what}");
        match self {
            Self::DepthZeroSelfSignedCert => says("is self-signed and not trusted"),
            Self::UnableToGetIssuerCert
            | Self::UnableToGetIssuerCertLocally
            | Self::UnableToVerifyLeafSignature
            | Self::SelfSignedCertInChain => "the chain reaches no trusted root".to_owned(),
            Self::CertHasExpired => says("has expired"),
            Self::ErrorInCertNotAfter => says("has an end of validity that cannot be read"),
            Self::CertNotYetValid => says("is not valid yet"),
            Self::ErrorInCertNotBefore => says("has a start of validity that cannot be read"),
            Self::CertSignatureFailure => {
                says("was not signed by the key of the CA that it names as its issuer")
            }
            Self::InvalidCa
            | Self::KeyUsageNoCertSign
            | Self::InvalidNonCa
            | Self::UnableToDecodeIssuerPublicKey => {
                says("issued a certificate, but is not a CA (basicConstraints, keyUsage)")
            }
            Self::InvalidPurpose => {
                says("is not meant for TLS servers (extendedKeyUsage, keyUsage or nsCertType)")
            }
            Self::CertRejected => {
                says("is distrusted for TLS servers by the trust settings of its file")
            }
            Self::ProxyCertificatesNotAllowed | Self::KeyUsageNoDigitalSignature => {
                says("is a proxy certificate, which TLS servers cannot use")
            }
            Self::PathLengthExceeded => says("has more CAs below it than it allows"),
            Self::CertChainTooLong => {
                format!("the chain is too long: OpenSSL follows 100 intermediates, up to {who}")
            }
            Self::UnhandledCriticalExtension => {
                says("has a critical extension that OpenSSL does not know")
            }
            Self::EeKeyTooSmall | Self::CaKeyTooSmall => says("has a weak key"),
            Self::EcKeyExplicitParams => {
                says("has explicit curve parameters, which OpenSSL refuses")
            }
            Self::CaMdTooWeak => says("has a weak signature"),
            Self::UnsupportedAlgorithm { oid } => {
                says(&format!("uses {oid}, which pgtls cannot check"))
            }
            Self::GivenUp => says(
                "was not checked completely: the chain is refused already, and is too large to go on",
            ),
            Self::CertRevoked => says("has been revoked"),
            Self::UnableToGetCrl | Self::UnableToGetCrlIssuer | Self::InvalidExtension => {
                format!("no usable CRL covers {who}")
            }
            Self::DifferentCrlScope => format!(
                "the CRL does not cover {who}: it is meant for others (issuing distribution point)"
            ),
            Self::KeyUsageNoCrlSign => {
                format!("the CA that issued {who} must not sign CRLs (its keyUsage lacks cRLSign)")
            }
            Self::CrlSignatureFailure => {
                format!("the CRL for {who} was not signed by the key of its CA")
            }
            Self::UnhandledCriticalCrlExtension => {
                format!("the CRL for {who} has a critical extension that OpenSSL does not know")
            }
            Self::CrlNotYetValid => format!("the CRL that covers {who} is not valid yet"),
            Self::CrlHasExpired | Self::ErrorInCrlLastUpdate | Self::ErrorInCrlNextUpdate => {
                format!("the CRL that covers {who} is out of date")
            }
            Self::PermittedViolation | Self::ExcludedViolation => format!(
                "a name of {who} is outside what a CA above it may issue (name constraints)"
            ),
            Self::SubtreeMinMax => format!(
                "a CA above {who} has name constraints with a minimum or maximum, which OpenSSL refuses"
            ),
            Self::UnsupportedConstraintType => {
                says("has a name of a type whose name constraints OpenSSL does not know")
            }
            Self::UnsupportedNameSyntax => format!(
                "OpenSSL cannot compare the names of {who} with the name constraints of a CA above it: one of them is malformed"
            ),
            Self::Unspecified => format!(
                "the names of {who} cannot be compared with the name constraints of a CA above it: there are too many, or one is internationalized"
            ),
            Self::UndecodableKey => says("has a key that OpenSSL cannot decode"),
            Self::NoCertificate => "the server presented no certificate".to_owned(),
        }
    }
}
