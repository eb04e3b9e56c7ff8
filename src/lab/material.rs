//! The parts of an endpoint: certificates, the server's behaviour, and the files of its clients.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SignatureScheme, SupportedProtocolVersion};

use super::authority::Issued;
use super::rewrite;
use super::server::postgres_like;
use super::session::{After, Manner, Service};

/// Certificates cannot be made, or rustls does not accept them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// rcgen refused, for example an invalid host name.
    #[error("could not make a certificate")]
    Make(#[from] rcgen::Error),
    /// A certificate of an unusual form could not be signed.
    #[error("could not sign a certificate")]
    Sign,
    /// rustls refused.
    #[error("could not use a certificate")]
    Use(#[from] rustls::Error),
    /// rustls refused the authority of the client certificates.
    #[error("could not use the CA of the client certificates")]
    ClientAuthority(#[source] rustls::server::VerifierBuilderError),
}

impl From<rewrite::Failed> for Error {
    fn from(_: rewrite::Failed) -> Self {
        Self::Sign
    }
}

/// One endpoint before it has a port.
pub(super) struct Material {
    pub(super) service: Service,
    /// The contents of the root file.
    pub(super) roots: RootFile,
    /// Other files that clients need, by the parameter that names them.
    pub(super) files: Vec<ClientFile>,
    /// How clients name the server.
    pub(super) host: HostForm,
    /// Other parameters that clients need.
    pub(super) parameters: Vec<(&'static str, &'static str)>,
}

/// A root file.
pub(super) enum RootFile {
    /// The one that most endpoints share.
    Shared,
    /// One of its own, as PEM.
    Own(String),
}

/// A file of the client's.
pub(super) struct ClientFile {
    /// `sslcrl`, `sslcert` or `sslkey`.
    pub(super) parameter: &'static str,
    pub(super) name: &'static str,
    pub(super) pem: String,
}

/// How clients name the server.
#[derive(Clone, Copy)]
pub(super) enum HostForm {
    /// By the name in its certificate.
    Name,
    /// By its address.
    Address,
}

/// Which clients are shown another certificate.
#[derive(Clone, Debug)]
pub(super) enum Choice {
    /// Those that send this name as SNI.
    Name(String),
    /// Those that know ML-DSA.
    PostQuantum,
}

/// An endpoint under construction: what a fault changes, in addition to what all have.
pub(super) struct Draft {
    pub(super) issued: Issued,
    pub(super) roots: RootFile,
    pub(super) files: Vec<ClientFile>,
    pub(super) host: HostForm,
    pub(super) parameters: Vec<(&'static str, &'static str)>,
    pub(super) versions: &'static [&'static SupportedProtocolVersion],
    pub(super) manner: Manner,
    /// The CA of the certificates that clients must present.
    pub(super) clients: Option<CertificateDer<'static>>,
    /// Another certificate, for some clients.
    pub(super) another: Option<(Choice, Issued)>,
}

impl Draft {
    /// An endpoint like any other, with these certificates.
    pub(super) fn of(issued: Issued) -> Self {
        Self {
            issued,
            roots: RootFile::Shared,
            files: Vec::new(),
            host: HostForm::Name,
            parameters: Vec::new(),
            versions: rustls::ALL_VERSIONS,
            manner: Manner::Permit,
            clients: None,
            another: None,
        }
    }

    /// The same with another certificate for some clients.
    pub(super) fn with_another(mut self, choice: Choice, issued: Issued) -> Self {
        self.another = Some((choice, issued));
        self
    }

    pub(super) fn with_manner(mut self, manner: Manner) -> Self {
        self.manner = manner;
        self
    }

    pub(super) fn with_versions(
        mut self,
        versions: &'static [&'static SupportedProtocolVersion],
    ) -> Self {
        self.versions = versions;
        self
    }

    /// Its own root file, as PEM.
    pub(super) fn with_root(mut self, pem: String) -> Self {
        self.roots = RootFile::Own(pem);
        self
    }

    pub(super) fn with_file(mut self, file: ClientFile) -> Self {
        self.files.push(file);
        self
    }

    pub(super) fn with_parameter(mut self, name: &'static str, value: &'static str) -> Self {
        self.parameters.push((name, value));
        self
    }

    pub(super) fn reached_by(mut self, host: HostForm) -> Self {
        self.host = host;
        self
    }

    pub(super) fn for_clients_of(mut self, authority: CertificateDer<'static>) -> Self {
        self.clients = Some(authority);
        self
    }

    pub(super) fn finish(self) -> Result<Material, Error> {
        Ok(Material {
            service: service(
                Certificates::of(self.issued, self.another)?,
                self.versions,
                self.manner,
                self.clients,
            )?,
            roots: self.roots,
            files: self.files,
            host: self.host,
            parameters: self.parameters,
        })
    }
}

/// Serves the certificate in any form: rustls would refuse to serve some of them.
fn service(
    certificates: Certificates,
    versions: &[&'static SupportedProtocolVersion],
    manner: Manner,
    clients: Option<CertificateDer<'static>>,
) -> Result<Service, Error> {
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)?;
    let asks_for_certificate = clients.is_some();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
                .build()
                .map_err(Error::ClientAuthority)?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_cert_resolver(Arc::new(certificates));
    postgres_like(&mut config);
    Ok(Service {
        config: Arc::new(config),
        manner,
        after: After::LogIn,
        asks_for_certificate,
    })
}

/// The certificate for each client.
#[derive(Debug)]
struct Certificates {
    usual: Arc<CertifiedKey>,
    another: Option<(Choice, Arc<CertifiedKey>)>,
}

impl Certificates {
    fn of(usual: Issued, another: Option<(Choice, Issued)>) -> Result<Self, Error> {
        let another = match another {
            Some((choice, issued)) => Some((choice, certified(issued)?)),
            None => None,
        };
        Ok(Self {
            usual: certified(usual)?,
            another,
        })
    }
}

fn certified(issued: Issued) -> Result<Arc<CertifiedKey>, Error> {
    let key = any_supported_type(&issued.key)?;
    Ok(Arc::new(CertifiedKey::new(issued.chain, key)))
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let another = self.another.as_ref().filter(|(choice, _)| match choice {
            Choice::Name(name) => hello
                .server_name()
                .is_some_and(|sent| sent.eq_ignore_ascii_case(name)),
            Choice::PostQuantum => hello
                .signature_schemes()
                .contains(&SignatureScheme::ML_DSA_65),
        });
        Some(Arc::clone(another.map_or(&self.usual, |(_, key)| key)))
    }
}
