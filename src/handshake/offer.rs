//! What rustls offers: versions, groups, signature schemes, ALPN, SNI.

use std::sync::{Arc, LazyLock};

use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, kx_group};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, SignatureScheme, SupportedCipherSuite, SupportedProtocolVersion};

use super::Error;
use super::client_certificate::ClientCertificateWitness;
use super::secp521r1::Secp521r1;
use super::server_name::Sni;
use super::verifier::{Approve, RSA_PSS_PSS, Verifier};
use crate::conninfo::{Limit, OpensslConf, SslNegotiation};
use crate::wire::tls::libpq_hello::NEWER_SCHEMES;
use crate::wire::tls::{ALPN, Alpn, TlsVersion};

/// What the client offers, as far as the connection string decides it.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    /// The name to send as SNI; `None` to send none.
    pub server_name: Option<&'a [u8]>,
    /// Lowest version offered.
    pub min_version: TlsVersion,
    /// Highest version offered.
    pub max_version: TlsVersion,
    /// How TLS was requested. It decides whether the server's ALPN answer counts.
    pub negotiation: SslNegotiation,
    /// What to answer to a CertificateRequest.
    pub identity: Option<Arc<CertifiedKey>>,
    /// Which kinds of server key are requested.
    pub keys: ServerKeys,
    /// Whether ALPN names the protocol.
    pub alpn: Alpn,
    /// Which key exchange groups are offered.
    pub groups: Groups,
    /// What this machine's OpenSSL leaves of all that.
    pub limits: Limits,
}

/// What the OpenSSL configuration of this machine allows libpq to offer.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Key exchange groups.
    pub groups: Limit,
    /// Cipher suites of TLS 1.3.
    pub suites: Limit,
    /// Cipher suites of TLS 1.2.
    pub suites_of_tls12: Limit,
    /// Signature schemes.
    pub signatures: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            groups: Limit::None,
            suites: Limit::None,
            suites_of_tls12: Limit::None,
            signatures: Limit::None,
        }
    }
}

impl Limits {
    /// Those of a configuration.
    pub fn of(conf: &OpensslConf) -> Self {
        Self {
            groups: conf.groups(),
            suites: conf.ciphersuites(),
            suites_of_tls12: conf.suites_of_tls12(),
            signatures: conf.signature_algorithms(),
        }
    }

    /// The provider with only what is allowed.
    ///
    /// # Errors
    /// Nothing of ours is left, so that a server would choose from another offer than libpq's.
    fn apply(&self, provider: &mut CryptoProvider, newest: TlsVersion) -> Result<(), Error> {
        provider
            .kx_groups
            .retain(|group| self.groups.allows(group.name().into()));
        let allowed = |suite: &SupportedCipherSuite| {
            let limit = match suite {
                SupportedCipherSuite::Tls13(_) => &self.suites,
                SupportedCipherSuite::Tls12(_) => &self.suites_of_tls12,
            };
            limit.allows(suite.suite().into())
        };
        provider.cipher_suites.retain(allowed);
        // A server that has the newest version chooses it, whatever suites are offered for it. One that does not
        // says that nothing is in common, and then libpq's own offer is made.
        let mut suites = provider.cipher_suites.iter();
        let has_newest = suites.any(|suite| {
            let of_tls13 = suite.tls13().is_some();
            of_tls13 == (newest == TlsVersion::V1_3)
        });
        if provider.kx_groups.is_empty() || !has_newest {
            return Err(Error::NothingToOffer);
        }
        Ok(())
    }
}

/// Which key exchange groups are offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Groups {
    /// Those that every OpenSSL in use offers.
    #[default]
    Classic,
    /// X25519MLKEM768 as well, as OpenSSL 3.5.
    PostQuantumToo,
}

/// Which kinds of server key are requested, by offering only matching signature schemes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerKeys {
    /// All that we can check.
    #[default]
    Any,
    /// All but those of OpenSSL 3.5 and newer, which are ML-DSA.
    Classic,
    /// RSA only.
    Rsa,
    /// ECDSA only.
    Ecdsa,
    /// Ed25519 only.
    Ed25519,
}

impl ServerKeys {
    pub(super) fn include(self, scheme: SignatureScheme) -> bool {
        match self {
            Self::Any => true,
            Self::Classic => !is_post_quantum(scheme),
            Self::Rsa => {
                RSA_PSS_PSS.iter().any(|(known, _)| *known == scheme)
                    || matches!(
                        scheme,
                        SignatureScheme::RSA_PKCS1_SHA256
                            | SignatureScheme::RSA_PKCS1_SHA384
                            | SignatureScheme::RSA_PKCS1_SHA512
                            | SignatureScheme::RSA_PSS_SHA256
                            | SignatureScheme::RSA_PSS_SHA384
                            | SignatureScheme::RSA_PSS_SHA512
                    )
            }
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

/// Schemes that OpenSSL knows from 3.5 on. It names them first.
fn is_post_quantum(scheme: SignatureScheme) -> bool {
    NEWER_SCHEMES.contains(&scheme.into())
}

/// What one connection needs.
pub(super) struct Setup {
    pub(super) config: ClientConfig,
    pub(super) client_certificate: Arc<ClientCertificateWitness>,
    pub(super) sni: Sni,
}

pub(super) fn client_config(offer: &Offer<'_>, approve: Arc<dyn Approve>) -> Result<Setup, Error> {
    let versions = versions(offer.min_version, offer.max_version);
    if versions.is_empty() {
        return Err(Error::NoCommonVersion);
    }
    let sni = Sni::of(offer.server_name).map_err(Error::ServerName)?;
    let provider = sni.provider();
    let verifier = Verifier {
        approve,
        algorithms: provider.signature_verification_algorithms,
        keys: offer.keys,
        signatures: offer.limits.signatures.clone(),
        groups: offer.limits.groups.clone(),
    };
    if verifier.supported_verify_schemes().is_empty() {
        return Err(Error::NothingToOffer);
    }
    let client_certificate = Arc::new(ClientCertificateWitness::new(
        sni.identity(offer.identity.clone()),
    ));
    let provider = match (offer.groups, &offer.limits) {
        (
            Groups::Classic,
            Limits {
                groups: Limit::None,
                suites: Limit::None,
                suites_of_tls12: Limit::None,
                ..
            },
        ) => provider,
        (groups, limits) => {
            let mut provider = CryptoProvider::clone(&provider);
            if groups == Groups::PostQuantumToo {
                provider.kx_groups.push(kx_group::X25519MLKEM768);
            }
            limits.apply(&mut provider, offer.max_version)?;
            Arc::new(provider)
        }
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::<ClientCertificateWitness>::clone(&client_certificate));
    config.alpn_protocols = match offer.alpn {
        Alpn::Named => vec![ALPN.to_vec()],
        Alpn::Omitted => Vec::new(),
    };
    // Since libpq 17 the protocol is always offered. The answer counts only in direct mode, where we
    // check it ourselves.
    config.check_selected_alpn = match offer.negotiation {
        SslNegotiation::Direct => true,
        SslNegotiation::Postgres => false,
    };
    config.enable_sni = offer.server_name.is_some();
    config.resumption = Resumption::disabled();
    Ok(Setup {
        config,
        client_certificate,
        sni,
    })
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

/// aws-lc-rs, with a P-256 key share first: PostgreSQL up to 17 accepts no other group by default,
/// and any other first share costs a HelloRetryRequest, which is a round trip.
///
/// secp521r1 comes last, for servers that accept nothing else.
///
/// X25519MLKEM768 is not among the groups: OpenSSL 3.0 to 3.4 does not offer it, so a server that takes
/// nothing else is none that every psql reaches.
///
/// All connections share it. It is most of a configuration; only the verifier and the answer to a
/// CertificateRequest belong to one connection.
pub(super) static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    Arc::new(CryptoProvider {
        kx_groups: vec![
            kx_group::SECP256R1,
            kx_group::X25519,
            kx_group::SECP384R1,
            &Secp521r1,
        ],
        ..aws_lc_rs::default_provider()
    })
});

/// Can a handshake with this suite be finished?
pub(crate) fn supports_suite(id: u16) -> bool {
    let mut suites = PROVIDER.cipher_suites.iter();
    suites.any(|suite| u16::from(suite.suite()) == id)
}

/// Can a handshake with this group be finished?
pub(crate) fn supports_group(id: u16) -> bool {
    let mut groups = PROVIDER.kx_groups.iter();
    groups.any(|group| u16::from(group.name()) == id)
}

/// Can a handshake of TLS 1.2 with this signature scheme be finished?
pub(crate) fn supports_scheme_of_tls12(id: u16) -> bool {
    let schemes = PROVIDER.signature_verification_algorithms;
    let mut schemes = schemes.supported_schemes().into_iter();
    schemes.any(|scheme| u16::from(scheme) == id)
}
