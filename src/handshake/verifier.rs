//! Decides, inside the handshake, whether to trust the server, and checks that it has its key.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime, alg_id};
use rustls::{CertificateError, DigitallySignedStruct, PeerMisbehaved, SignatureScheme};

use super::offer::ServerKeys;
use crate::conninfo::Limit;
use crate::wire::tls::libpq_hello::{NEWER_SCHEMES, SCHEMES};
use crate::workers::Weight;
use crate::x509::{
    Certificate, Curve, Digest, KeyKind, PssParameters, PublicKey, RsaPadding, SigningFault,
    rsa_signed,
};

/// Decides, inside the handshake, whether to trust the server.
pub trait Approve: fmt::Debug + Send + Sync {
    /// Approves the certificates as presented, leaf first.
    ///
    /// # Errors
    /// Why the server is not trusted. The handshake then ends with the matching alert.
    fn approve(&self, presented: &[CertificateDer<'_>]) -> Result<(), Refusal>;

    /// How much work that is even for a small chain.
    fn weight(&self) -> Weight {
        Weight::Light
    }
}

/// Why a certificate is refused, as far as a TLS alert can say it (RFC 8446 section 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Cannot be parsed: `bad_certificate`.
    BadEncoding,
    /// Outside its validity: `certificate_expired`.
    NotCurrent,
    /// A signature is wrong or cannot be checked: `decrypt_error`.
    BadSignature,
    /// Not for servers: `unsupported_certificate`.
    InvalidPurpose,
    /// Not for this host: `bad_certificate`.
    NotForHost,
    /// Revoked: `certificate_revoked`.
    Revoked,
    /// No path to an anchor: `unknown_ca`.
    UnknownIssuer,
    /// Its key may not sign the key exchange of TLS 1.2: `certificate_unknown`.
    MayNotSign(SigningFault),
    /// Its key is of a kind or size that we cannot check; OpenSSL may: `certificate_unknown`.
    Unsupported,
    /// Any other reason: `certificate_unknown`.
    Other,
}

impl From<Refusal> for CertificateError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::BadEncoding => Self::BadEncoding,
            Refusal::NotCurrent => Self::Expired,
            Refusal::BadSignature => Self::BadSignature,
            Refusal::InvalidPurpose => Self::InvalidPurpose,
            Refusal::NotForHost => Self::NotValidForName,
            Refusal::Revoked => Self::Revoked,
            Refusal::UnknownIssuer => Self::UnknownIssuer,
            Refusal::MayNotSign(_) | Refusal::Unsupported | Refusal::Other => {
                Self::Other(rustls::OtherError(Arc::new(Carried(refusal))))
            }
        }
    }
}

impl From<&CertificateError> for Refusal {
    fn from(error: &CertificateError) -> Self {
        match error {
            CertificateError::BadEncoding => Self::BadEncoding,
            CertificateError::Expired => Self::NotCurrent,
            CertificateError::BadSignature => Self::BadSignature,
            CertificateError::InvalidPurpose => Self::InvalidPurpose,
            CertificateError::NotValidForName => Self::NotForHost,
            CertificateError::Revoked => Self::Revoked,
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::Other(other) => match other.0.downcast_ref::<Carried>() {
                Some(Carried(refusal)) => *refusal,
                None => Self::Other,
            },
            _ => Self::Other,
        }
    }
}

/// Carries through rustls an error that rustls does not have.
#[derive(Debug, thiserror::Error)]
#[error("refused by libpq's rules")]
struct Carried(Refusal);

#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) approve: Arc<dyn Approve>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    pub(super) keys: ServerKeys,
    /// The schemes that the machine's OpenSSL configuration allows.
    pub(super) signatures: Limit,
    /// The groups that it allows.
    pub(super) groups: Limit,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let presented: Vec<CertificateDer<'_>> = std::iter::once(end_entity)
            .chain(intermediates)
            .cloned()
            .collect();
        self.approve
            .approve(&presented)
            .map(|()| ServerCertVerified::assertion())
            .map_err(|refusal| CertificateError::from(refusal).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let leaf = leaf(cert)?;
        // ML-DSA is for TLS 1.3 only (draft-ietf-tls-mldsa section 3), and so in OpenSSL.
        if matches!(leaf.public_key.kind, KeyKind::MlDsa(_)) {
            return Err(CertificateError::BadSignature.into());
        }
        // In TLS 1.2 the list of groups is one of curves for keys as well: "wrong curve" (`tls12_check_peer_sigalg`).
        let group = leaf.public_key.curve_group();
        if group.is_some_and(|group| !self.groups.allows(group)) {
            return Err(PeerMisbehaved::SignedKxWithWrongAlgorithm.into());
        }
        // In TLS 1.2 an ECDSA scheme does not fix the curve: any listed algorithm may fit.
        let valid = self.verify_signature(message, &leaf, signature, usize::MAX)?;
        match leaf.may_sign_key_exchange() {
            Ok(()) => Ok(valid),
            Err(fault) => Err(CertificateError::from(Refusal::MayNotSign(fault)).into()),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if !in_tls13(signature.scheme) {
            return Err(CertificateError::BadSignature.into());
        }
        // RFC 8446 section 4.2.3: the scheme fixes the curve, and that algorithm is the first.
        self.verify_signature(message, &leaf(cert)?, signature, 1)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let all = self.algorithms.supported_schemes().into_iter();
        let all = all.chain(RSA_PSS_PSS.map(|(scheme, _)| scheme));
        // We cannot check it. But a server that has such a key shows its certificate to psql.
        let all = all.chain([SignatureScheme::ED448]);
        let mut all: Vec<_> = all.filter(|scheme| self.keys.include(*scheme)).collect();
        // In the order of OpenSSL, by which a server with several certificates may choose.
        let order = || NEWER_SCHEMES.iter().chain(SCHEMES);
        all.sort_by_key(|scheme| order().position(|known| *known == u16::from(*scheme)));
        self.signatures.apply(&mut all, |scheme| (*scheme).into());
        all
    }
}

impl Verifier {
    /// Checks that the server has the leaf's key.
    fn verify_signature(
        &self,
        message: &[u8],
        leaf: &Certificate,
        signature: &DigitallySignedStruct,
        candidates: usize,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let key = &leaf.public_key;
        let algorithm_contents = match key.kind {
            // OpenSSL uses it like one on the named curve.
            KeyKind::EcExplicit(Some(Curve::P256)) => &alg_id::ECDSA_P256,
            KeyKind::EcExplicit(Some(Curve::P384)) => &alg_id::ECDSA_P384,
            KeyKind::EcExplicit(Some(Curve::P521)) => &alg_id::ECDSA_P521,
            _ => contents(&key.algorithm),
        };
        let valid = self
            .algorithms
            .mapping
            .iter()
            .filter(|(scheme, _)| *scheme == signature.scheme)
            .flat_map(|(_, algorithms)| algorithms.iter().take(candidates))
            .filter(|algorithm| algorithm.public_key_alg_id().as_ref() == algorithm_contents)
            .any(|algorithm| {
                algorithm
                    .verify_signature(&key.key, message, signature.signature())
                    .is_ok()
            });
        let refusal = match (valid, &key.kind) {
            (true, _) => return Ok(HandshakeSignatureValid::assertion()),
            // aws-lc-rs accepts 2,048 to 8,192 bits, and webpki refuses keys without parameters.
            (false, KeyKind::Rsa { .. }) => match by_any_rsa(key, message, signature) {
                Some(true) => return Ok(HandshakeSignatureValid::assertion()),
                Some(false) => Refusal::BadSignature,
                None => Refusal::Unsupported,
            },
            (false, KeyKind::RsaPss { restriction, .. }) => {
                match by_pss_key(key, *restriction, message, signature) {
                    Some(true) => return Ok(HandshakeSignatureValid::assertion()),
                    Some(false) => Refusal::BadSignature,
                    None => Refusal::Unsupported,
                }
            }
            (false, KeyKind::Ed448) if signature.scheme == SignatureScheme::ED448 => {
                Refusal::Unsupported
            }
            (false, _) => Refusal::BadSignature,
        };
        Err(CertificateError::from(refusal).into())
    }
}

/// Did this RSA key, of any size, make the signature? `None` if we cannot tell. OpenSSL's security
/// level applies to chains, which are judged elsewhere. It does not apply to a key whose chain is not
/// verified.
fn by_any_rsa(key: &PublicKey, message: &[u8], signature: &DigitallySignedStruct) -> Option<bool> {
    let (padding, digest) = rsa_scheme(signature.scheme)?;
    rsa_signed(&key.key, padding, digest, message, signature.signature())
}

/// Did this key, which is for RSASSA-PSS only, make the signature? Only its own schemes fit it (OpenSSL's
/// `tls12_check_peer_sigalg`). `None` if we cannot tell.
fn by_pss_key(
    key: &PublicKey,
    restriction: Option<PssParameters>,
    message: &[u8],
    signature: &DigitallySignedStruct,
) -> Option<bool> {
    let mut schemes = RSA_PSS_PSS.iter();
    let Some((_, digest)) = schemes.find(|(scheme, _)| *scheme == signature.scheme) else {
        return Some(false);
    };
    if restriction.is_some_and(|restriction| !PssParameters::of_tls(*digest).keeps_to(restriction))
    {
        return Some(false);
    }
    let salt = digest.length();
    let padding = RsaPadding::Pss { salt };
    rsa_signed(&key.key, padding, *digest, message, signature.signature())
}

/// `rsa_pss_pss_sha256` and so on, for keys with the identifier of RSASSA-PSS (RFC 8446 section 4.2.3).
/// rustls has no names for them, and accepts them in TLS 1.3 only.
pub(super) const RSA_PSS_PSS: [(SignatureScheme, Digest); 3] = [
    (SignatureScheme::Unknown(0x0809), Digest::Sha256),
    (SignatureScheme::Unknown(0x080a), Digest::Sha384),
    (SignatureScheme::Unknown(0x080b), Digest::Sha512),
];

fn rsa_scheme(scheme: SignatureScheme) -> Option<(RsaPadding, Digest)> {
    // RFC 8446 section 4.2.3: the salt is as long as the digest.
    let pss = |digest: Digest| {
        let salt = digest.length();
        Some((RsaPadding::Pss { salt }, digest))
    };
    match scheme {
        SignatureScheme::RSA_PKCS1_SHA256 => Some((RsaPadding::Pkcs1, Digest::Sha256)),
        SignatureScheme::RSA_PKCS1_SHA384 => Some((RsaPadding::Pkcs1, Digest::Sha384)),
        SignatureScheme::RSA_PKCS1_SHA512 => Some((RsaPadding::Pkcs1, Digest::Sha512)),
        SignatureScheme::RSA_PSS_SHA256 => pss(Digest::Sha256),
        SignatureScheme::RSA_PSS_SHA384 => pss(Digest::Sha384),
        SignatureScheme::RSA_PSS_SHA512 => pss(Digest::Sha512),
        _ => None,
    }
}

/// rustls' own helpers refuse X.509 version 1 certificates, which libpq accepts, so we parse here.
fn leaf(der: &CertificateDer<'_>) -> Result<Certificate, rustls::Error> {
    Certificate::parse(der).map_err(|_| CertificateError::BadEncoding.into())
}

/// What follows tag and length of a DER value; the algorithm identifiers compared here are all
/// short enough for the short form.
fn contents(der: &[u8]) -> &[u8] {
    der.get(2..).unwrap_or_default()
}

/// RFC 8446 section 4.2.3: PKCS#1 v1.5 and SHA-1 are not allowed in handshake signatures.
fn in_tls13(scheme: SignatureScheme) -> bool {
    matches!(
        scheme,
        SignatureScheme::ECDSA_NISTP256_SHA256
            | SignatureScheme::ECDSA_NISTP384_SHA384
            | SignatureScheme::ECDSA_NISTP521_SHA512
            | SignatureScheme::RSA_PSS_SHA256
            | SignatureScheme::RSA_PSS_SHA384
            | SignatureScheme::RSA_PSS_SHA512
            | SignatureScheme::ED25519
            | SignatureScheme::ED448
            | SignatureScheme::ML_DSA_44
            | SignatureScheme::ML_DSA_65
            | SignatureScheme::ML_DSA_87
    ) || RSA_PSS_PSS.iter().any(|(known, _)| *known == scheme)
}
