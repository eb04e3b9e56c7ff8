//! Real TLS servers, with any certificates.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme,
    SupportedProtocolVersion,
};

use super::peer::{Any, Conversation};
use super::pki::Served;

pub(crate) const TLS12: &SupportedProtocolVersion = &rustls::version::TLS12;
pub(crate) const TLS13: &SupportedProtocolVersion = &rustls::version::TLS13;

/// A server that asks for a client certificate, and accepts any.
pub(crate) fn asking(served: &Served, version: &'static SupportedProtocolVersion) -> ServerConfig {
    curious(served, version, Curious::Asks)
}

/// A server that refuses clients without a certificate, and accepts any.
pub(crate) fn demanding(
    served: &Served,
    version: &'static SupportedProtocolVersion,
) -> ServerConfig {
    curious(served, version, Curious::Demands)
}

fn curious(
    served: &Served,
    version: &'static SupportedProtocolVersion,
    curious: Curious,
) -> ServerConfig {
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(Arc::new(curious));
    builder.with_cert_resolver(Arc::new(Any(certified(served))))
}

/// A server that does not ask for a client certificate.
pub(crate) fn plain(served: &Served, version: &'static SupportedProtocolVersion) -> ServerConfig {
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth();
    builder.with_cert_resolver(Arc::new(Any(certified(served))))
}

/// A server of TLS 1.3 that accepts only these key exchange groups.
pub(crate) fn with_groups(
    served: &Served,
    groups: Vec<&'static dyn SupportedKxGroup>,
) -> ServerConfig {
    let provider = CryptoProvider {
        kx_groups: groups,
        ..default_provider()
    };
    let builder = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[TLS13])
        .unwrap()
        .with_no_client_auth();
    builder.with_cert_resolver(Arc::new(Any(certified(served))))
}

/// Lets everyone in.
pub(crate) fn welcome(
    conversation: &mut Conversation,
    config: &Arc<ServerConfig>,
) -> io::Result<()> {
    let mut session = conversation.tls(config)?;
    let mut startup = [0; 1000];
    if session.read(&mut startup)? > 0 {
        // AuthenticationOk, and ReadyForQuery.
        session.write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I")?;
        // Its last word, if there is one.
        let _ = session.read(&mut startup)?;
    }
    Ok(())
}

/// Its chain and key.
pub(crate) fn certified(served: &Served) -> Arc<CertifiedKey> {
    let chain = CertificateDer::pem_slice_iter(served.chain.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(served.key.as_bytes()).unwrap();
    Arc::new(CertifiedKey::new(
        chain.map(Result::unwrap).collect(),
        any_supported_type(&key).unwrap(),
    ))
}

#[derive(Debug, PartialEq, Eq)]
enum Curious {
    Asks,
    Demands,
}

impl ClientCertVerifier for Curious {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        *self == Self::Demands
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = default_provider().signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
