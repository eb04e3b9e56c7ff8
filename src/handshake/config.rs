//! What rustls is told: versions, groups, ALPN, who judges, who answers a CertificateRequest.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::aws_lc_rs::{self, kx_group};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, NamedGroup, ProtocolVersion,
    SignatureScheme, SupportedProtocolVersion,
};

use super::Error;
use crate::conninfo::{SslNegotiation, TlsVersion};
use crate::x509::{Certificate, PublicKey};

/// What the client offers, as far as the connection string decides it.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    /// The name to send as SNI; `None` sends none.
    pub server_name: Option<&'a [u8]>,
    /// Lowest version offered.
    pub min_version: TlsVersion,
    /// Highest version offered.
    pub max_version: TlsVersion,
    /// How the server was asked; decides whether its ALPN answer counts.
    pub negotiation: SslNegotiation,
    /// What to answer to a CertificateRequest.
    pub identity: Option<Arc<CertifiedKey>>,
    /// Which kinds of server key are asked for.
    pub keys: ServerKeys,
    /// Whether the protocol is named.
    pub alpn: Alpn,
}

/// Which kinds of server key are asked for, by the signature schemes that are offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerKeys {
    /// All that we can check.
    #[default]
    Any,
    /// RSA only.
    Rsa,
    /// ECDSA only.
    Ecdsa,
    /// Ed25519 only.
    Ed25519,
}

impl ServerKeys {
    fn include(self, scheme: SignatureScheme) -> bool {
        match self {
            Self::Any => true,
            Self::Rsa => matches!(
                scheme,
                SignatureScheme::RSA_PKCS1_SHA256
                    | SignatureScheme::RSA_PKCS1_SHA384
                    | SignatureScheme::RSA_PKCS1_SHA512
                    | SignatureScheme::RSA_PSS_SHA256
                    | SignatureScheme::RSA_PSS_SHA384
                    | SignatureScheme::RSA_PSS_SHA512
            ),
            Self::Ecdsa => matches!(
                scheme,
                SignatureScheme::ECDSA_NISTP256_SHA256
                    | SignatureScheme::ECDSA_NISTP384_SHA384
                    | SignatureScheme::ECDSA_NISTP521_SHA512
            ),
            Self::Ed25519 => scheme == SignatureScheme::ED25519,
        }
    }
}

/// Whether the client says that it wants to speak PostgreSQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alpn {
    /// It does, as libpq 17 and newer; over direct TLS the server has to say so, too.
    #[default]
    Named,
    /// It does not, as older ones.
    Omitted,
}

/// Decides, inside the handshake, whether the server is to be trusted.
pub trait Judge: fmt::Debug + Send + Sync {
    /// Judges the certificates as presented, leaf first. Who has parsed the leaf for that hands out
    /// its key, so that it need not be parsed again.
    fn judge(&self, presented: &[CertificateDer<'_>]) -> Result<Option<PublicKey>, Refusal>;
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
            Refusal::Other => Self::Other(rustls::OtherError(Arc::new(RefusedByJudge))),
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
            _ => Self::Other,
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("refused by libpq's rules")]
struct RefusedByJudge;

/// Whether the server asked for a client certificate, and what it got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificateRequest {
    /// No CertificateRequest was seen.
    #[default]
    NotRequested,
    /// It asked; we had none to send, or would not send it to a server that we do not trust.
    RequestedNoneSent,
    /// It asked; ours has a key that signs in no way the server takes.
    RequestedNoneFits,
    /// It asked; we sent ours.
    Sent,
}

impl ClientCertificateRequest {
    /// The same after a handshake that ended before we had anything to send.
    pub(super) fn withheld(self) -> Self {
        match self {
            Self::Sent => Self::RequestedNoneSent,
            Self::NotRequested | Self::RequestedNoneSent | Self::RequestedNoneFits => self,
        }
    }
}

pub(super) struct Setup {
    pub(super) config: ClientConfig,
    pub(super) client_certificate: Arc<ClientCertificateWitness>,
}

pub(super) fn client_config(offer: &Offer<'_>, judge: Arc<dyn Judge>) -> Result<Setup, Error> {
    let versions = versions(offer.min_version, offer.max_version);
    if versions.is_empty() {
        return Err(Error::NoCommonVersion);
    }
    let provider = Arc::clone(&PROVIDER);
    let algorithms = provider.signature_verification_algorithms;
    let client_certificate = Arc::new(ClientCertificateWitness {
        identity: offer.identity.clone(),
        seen: Mutex::default(),
    });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier {
            judge,
            algorithms,
            keys: offer.keys,
            leaf_key: OnceLock::new(),
        }))
        .with_client_cert_resolver(Arc::<ClientCertificateWitness>::clone(&client_certificate));
    config.alpn_protocols = match offer.alpn {
        Alpn::Named => vec![ALPN.to_vec()],
        Alpn::Omitted => Vec::new(),
    };
    // Since libpq 17 the protocol is always offered; what comes back counts in direct mode only,
    // where we look at it ourselves.
    config.check_selected_alpn = match offer.negotiation {
        SslNegotiation::Direct => true,
        SslNegotiation::Postgres => false,
    };
    config.enable_sni = offer.server_name.is_some();
    config.resumption = Resumption::disabled();
    Ok(Setup {
        config,
        client_certificate,
    })
}

/// rustls wants a name even where none is sent. One that it cannot hold (raw bytes, a label of
/// more than 63) is left out of the ClientHello; our own rules still compare it.
pub(super) fn server_name(offer: &Offer<'_>) -> ServerName<'static> {
    offer
        .server_name
        .and_then(|name| ServerName::try_from(name).ok())
        .map_or_else(unsent, |name| name.to_owned())
}

/// For an address rustls sends no SNI.
fn unsent() -> ServerName<'static> {
    ServerName::IpAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED).into())
}

pub(super) fn tls_version(version: ProtocolVersion) -> Option<TlsVersion> {
    match version {
        ProtocolVersion::TLSv1_2 => Some(TlsVersion::V1_2),
        ProtocolVersion::TLSv1_3 => Some(TlsVersion::V1_3),
        _ => None,
    }
}

/// A key exchange group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its IANA name.
    pub name: &'static str,
    /// Does it resist quantum computers, too?
    pub post_quantum: bool,
}

pub(super) fn group(group: NamedGroup) -> Option<Group> {
    let (name, post_quantum) = match group {
        NamedGroup::X25519 => ("x25519", false),
        NamedGroup::X25519MLKEM768 => ("X25519MLKEM768", true),
        NamedGroup::secp256r1 => ("secp256r1", false),
        NamedGroup::secp384r1 => ("secp384r1", false),
        NamedGroup::secp521r1 => ("secp521r1", false),
        NamedGroup::secp256r1MLKEM768 => ("SecP256r1MLKEM768", true),
        _ => return None,
    };
    Some(Group { name, post_quantum })
}

fn versions(min: TlsVersion, max: TlsVersion) -> Vec<&'static SupportedProtocolVersion> {
    [
        (TlsVersion::V1_3, &rustls::version::TLS13),
        (TlsVersion::V1_2, &rustls::version::TLS12),
    ]
    .into_iter()
    .filter(|(version, _)| (min..=max).contains(version))
    .map(|(_, supported)| supported)
    .collect()
}

/// aws-lc-rs, with a P-256 key share first: PostgreSQL up to 17 takes no other group by default,
/// and any other first share costs a HelloRetryRequest, which is a round trip.
///
/// All connections share it, and it is most of a configuration; the rest, who judges and who answers
/// a CertificateRequest, is each connection's own.
static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    Arc::new(CryptoProvider {
        kx_groups: vec![
            kx_group::SECP256R1,
            kx_group::X25519MLKEM768,
            kx_group::X25519,
            kx_group::SECP384R1,
        ],
        ..aws_lc_rs::default_provider()
    })
});

#[derive(Debug)]
struct Verifier {
    judge: Arc<dyn Judge>,
    algorithms: WebPkiSupportedAlgorithms,
    keys: ServerKeys,
    /// Of the end entity that was judged, if the judge has told.
    leaf_key: OnceLock<PublicKey>,
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
        match self.judge.judge(&presented) {
            Ok(key) => {
                if let Some(key) = key {
                    // A connection has one handshake, and this is its one end entity.
                    let _ = self.leaf_key.set(key);
                }
                Ok(ServerCertVerified::assertion())
            }
            Err(refusal) => Err(CertificateError::from(refusal).into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        // In TLS 1.2 an ECDSA scheme does not fix the curve: any listed algorithm may fit.
        self.verify_signature(message, cert, signature, usize::MAX)
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
        // RFC 8446 section 4.2.3: the scheme fixes the curve, and that algorithm stands first.
        self.verify_signature(message, cert, signature, 1)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let all = self.algorithms.supported_schemes();
        let wanted = all.into_iter().filter(|scheme| self.keys.include(*scheme));
        wanted.collect()
    }
}

impl Verifier {
    /// Checks that the server holds the leaf's key. rustls' own helpers refuse X.509 version 1
    /// certificates, which libpq takes; hence the key from our own parse.
    fn verify_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
        candidates: usize,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let parsed;
        let key = match self.leaf_key.get() {
            Some(key) => key,
            None => {
                parsed = Certificate::parse(cert).map_err(|_| CertificateError::BadEncoding)?;
                &parsed.public_key
            }
        };
        let algorithm_contents = contents(&key.algorithm);
        self.algorithms
            .mapping
            .iter()
            .filter(|(scheme, _)| *scheme == signature.scheme)
            .flat_map(|(_, algorithms)| algorithms.iter().take(candidates))
            .filter(|algorithm| algorithm.public_key_alg_id().as_ref() == algorithm_contents)
            .any(|algorithm| {
                algorithm
                    .verify_signature(&key.key, message, signature.signature())
                    .is_ok()
            })
            .then(HandshakeSignatureValid::assertion)
            .ok_or_else(|| CertificateError::BadSignature.into())
    }
}

/// What follows tag and length of a DER value; the algorithm identifiers compared here are all
/// short enough for the short form.
fn contents(der: &[u8]) -> &[u8] {
    der.get(2..).unwrap_or_default()
}

/// RFC 8446 section 4.2.3: PKCS#1 v1.5 and SHA-1 are not for handshake signatures.
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
            | SignatureScheme::ML_DSA_44
            | SignatureScheme::ML_DSA_65
            | SignatureScheme::ML_DSA_87
    )
}

/// Answers a CertificateRequest and remembers that there was one.
#[derive(Debug)]
pub(super) struct ClientCertificateWitness {
    identity: Option<Arc<CertifiedKey>>,
    seen: Mutex<Request>,
}

/// A CertificateRequest, or that there was none.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    pub(super) answer: ClientCertificateRequest,
    /// DER of the names of the authorities, the first few.
    pub(super) authorities: Vec<Vec<u8>>,
}

impl ClientCertificateWitness {
    pub(super) fn seen(&self) -> Request {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl ResolvesClientCert for ClientCertificateWitness {
    fn resolve(
        &self,
        root_hint_subjects: &[&[u8]],
        sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        // Without a scheme in common neither OpenSSL nor rustls sends the certificate.
        let usable = self
            .identity
            .clone()
            .filter(|identity| identity.key.choose_scheme(sigschemes).is_some());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let names = root_hint_subjects.iter().take(MAX_AUTHORITIES);
        *seen = Request {
            answer: match (&usable, &self.identity) {
                (Some(_), _) => ClientCertificateRequest::Sent,
                (None, Some(_)) => ClientCertificateRequest::RequestedNoneFits,
                (None, None) => ClientCertificateRequest::RequestedNoneSent,
            },
            authorities: names.map(|name| name.to_vec()).collect(),
        };
        usable
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Authorities of a CertificateRequest that are kept for the report.
const MAX_AUTHORITIES: usize = 5;

/// IANA's ALPN identifier of the PostgreSQL protocol.
pub(super) const ALPN: &[u8] = b"postgresql";
