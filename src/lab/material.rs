//! What each fault is made of: certificates, the server's manner, and the files of its clients.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P521_SHA512, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize,
    SerialNumber,
};
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use time::OffsetDateTime;

use super::authority::{Authority, Issued, Period, common_name, server};
use super::fault::Fault;
use super::rewrite;
use super::server::postgres_like;
use super::session::{After, Manner, Service};

/// Certificates cannot be made, or rustls does not take them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// rcgen refused, for example a host name that is none.
    #[error("could not make a certificate")]
    Make(#[from] rcgen::Error),
    /// A certificate of an unusual form could not be signed.
    #[error("could not sign a certificate")]
    Sign,
    /// rustls refused.
    #[error("could not use a certificate")]
    Use(#[from] rustls::Error),
    /// rustls refused the authority of the client certificates.
    #[error("could not use the authority of the client certificates")]
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
    /// What the root file holds.
    pub(super) roots: RootFile,
    /// Other files that clients need, by the parameter that names them.
    pub(super) files: Vec<ClientFile>,
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

/// The authorities that the endpoints of one lab share.
pub(super) struct Workshop {
    now: OffsetDateTime,
    /// The name that clients connect to.
    host: String,
    /// Trusted by everybody.
    pub(super) root: Authority,
    intermediate: Authority,
    current: Period,
}

/// What a server does beside serving its certificate.
struct Terms {
    versions: &'static [&'static SupportedProtocolVersion],
    manner: Manner,
    clients: Option<CertificateDer<'static>>,
}

impl Workshop {
    pub(super) fn new(host: &str, now: OffsetDateTime) -> Result<Self, Error> {
        let current = Period::days(now, -30, 90);
        let root = Authority::root(ROOT, Period::days(now, -30, 3650), KeyPair::generate()?)?;
        let intermediate = root.subordinate(INTERMEDIATE, current)?;
        Ok(Self {
            now,
            host: host.to_owned(),
            root,
            intermediate,
            current,
        })
    }

    /// Everything that an endpoint with this fault needs.
    pub(super) fn make(&self, fault: Fault) -> Result<Material, Error> {
        let mut files = Vec::new();
        let mut terms = Terms {
            versions: rustls::ALL_VERSIONS,
            manner: manner(fault),
            clients: None,
        };
        match fault {
            Fault::Tls12Only => terms.versions = TLS12,
            Fault::Tls13Only => terms.versions = TLS13,
            Fault::ClientCertRequired => {
                terms.clients = Some(self.root.certificate.clone());
                files = self.client_certificate()?;
            }
            _ => {}
        }
        let (issued, roots) = match fault {
            Fault::Revoked => {
                let (issued, crl) = self.revoked()?;
                files.push(crl);
                (issued, RootFile::Shared)
            }
            _ => self.issue(fault)?,
        };
        Ok(Material {
            service: service(issued, terms)?,
            roots,
            files,
        })
    }

    /// The server's certificates, and what its clients trust.
    fn issue(&self, fault: Fault) -> Result<(Issued, RootFile), Error> {
        let yesterday = Period::days(self.now, -30, -1);
        let issued = match fault {
            Fault::CnOnly => self.leaf(|params| params.subject_alt_names.clear())?,
            Fault::ExpiredLeaf => self.leaf(|params| params.not_after = yesterday.until)?,
            Fault::NotYetValid => {
                let tomorrow = Period::days(self.now, 1, 90);
                self.leaf(|params| params.not_before = tomorrow.from)?
            }
            Fault::WrongHost => self.below(&self.intermediate, self.params_for(ELSEWHERE)?)?,
            Fault::ClientAuthOnly => self.leaf(|params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            })?,
            Fault::MissingIntermediate => {
                let mut issued = self.leaf(|params| {
                    params.custom_extensions.push(issued_at());
                })?;
                issued.chain.truncate(1);
                issued
            }
            Fault::ExpiredIntermediate => {
                let key = self.intermediate.key()?;
                let expired = self.root.subordinate_for(INTERMEDIATE, yesterday, key)?;
                self.below(&expired, self.params()?)?
            }
            Fault::WrongOrder => {
                let lower = self.intermediate.subordinate(LOWER, self.current)?;
                let mut issued = self.below(&lower, self.params()?)?;
                issued
                    .chain
                    .insert(1, self.intermediate.certificate.clone());
                issued
            }
            Fault::UnknownCa | Fault::SameNameOtherKey => {
                let name = if fault == Fault::UnknownCa {
                    "pgtls lab: a CA that nobody trusts"
                } else {
                    ROOT
                };
                let other = Authority::root(name, self.current, KeyPair::generate()?)?;
                self.directly_below(&other, &KeyPair::generate()?)?
            }
            Fault::P521 => {
                let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512)?;
                self.directly_below(&self.root, &key)?
            }
            Fault::X509V1 => {
                let mut issued = self.directly_below(&self.root, &KeyPair::generate()?)?;
                rewrite_leaf(&mut issued, &self.root, rewrite::version_1)?;
                issued
            }
            Fault::Sha1 => {
                let mut issued = self.directly_below(&self.root, &KeyPair::generate()?)?;
                rewrite_leaf(&mut issued, &self.root, rewrite::sha1_signed)?;
                issued
            }
            Fault::CaLeaf | Fault::ExpiredRoot | Fault::Ed25519 | Fault::RsaPss => {
                return self.with_own_root(fault, yesterday);
            }
            _ => self.leaf(|_| {})?,
        };
        Ok((issued, RootFile::Shared))
    }

    /// Those that the shared root cannot vouch for.
    fn with_own_root(&self, fault: Fault, yesterday: Period) -> Result<(Issued, RootFile), Error> {
        let (issued, root) = match fault {
            Fault::CaLeaf => {
                let mut params = self.params()?;
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                params.key_usages.push(KeyUsagePurpose::KeyCertSign);
                let key = KeyPair::generate()?;
                let certificate = params.self_signed(&key)?;
                let pem = certificate.pem();
                let issued = Issued {
                    chain: vec![certificate.into()],
                    key: private(&key),
                };
                return Ok((issued, RootFile::Own(pem)));
            }
            Fault::ExpiredRoot => {
                let root = Authority::root(ROOT, yesterday, self.root.key()?)?;
                (self.leaf(|_| {})?, root)
            }
            Fault::Ed25519 => {
                let key = KeyPair::generate_for(&PKCS_ED25519)?;
                let root = Authority::root("pgtls lab Ed25519 root", self.current, key)?;
                let key = KeyPair::generate_for(&PKCS_ED25519)?;
                (self.directly_below(&root, &key)?, root)
            }
            _ => {
                let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
                let root = Authority::root("pgtls lab RSA root", self.current, key)?;
                let mut issued = self.directly_below(&root, &KeyPair::generate()?)?;
                rewrite_leaf(&mut issued, &root, rewrite::pss_signed)?;
                (issued, root)
            }
        };
        Ok((issued, RootFile::Own(root.root_pem)))
    }

    /// A revoked certificate, and the CRLs of everybody above it.
    fn revoked(&self) -> Result<(Issued, ClientFile), Error> {
        let serial = SerialNumber::from(REVOKED_SERIAL);
        let issued = self.leaf(|params| params.serial_number = Some(serial.clone()))?;
        let above = self.root.crl(Vec::new(), self.now)?;
        let pem = self.intermediate.crl(vec![serial], self.now)? + &above;
        let crl = ClientFile {
            parameter: "sslcrl",
            name: "revoked.crl",
            pem,
        };
        Ok((issued, crl))
    }

    fn client_certificate(&self) -> Result<Vec<ClientFile>, Error> {
        let mut params = self.params()?;
        params.subject_alt_names.clear();
        params.distinguished_name = common_name(super::USER);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.root.issuer)?;
        let file = |parameter, name, pem| ClientFile {
            parameter,
            name,
            pem,
        };
        Ok(vec![
            file("sslcert", "client.crt", certificate.pem()),
            file("sslkey", "client.key", key.serialize_pem()),
        ])
    }

    /// Leaf and intermediate, after `change`.
    fn leaf(&self, change: impl FnOnce(&mut CertificateParams)) -> Result<Issued, Error> {
        let mut params = self.params()?;
        change(&mut params);
        self.below(&self.intermediate, params)
    }

    fn below(&self, issuer: &Authority, params: CertificateParams) -> Result<Issued, Error> {
        let mut issued = issuer.sign(params, &KeyPair::generate()?)?;
        issued.chain.push(issuer.certificate.clone());
        Ok(issued)
    }

    fn directly_below(&self, root: &Authority, key: &KeyPair) -> Result<Issued, Error> {
        Ok(root.sign(self.params()?, key)?)
    }

    fn params(&self) -> Result<CertificateParams, Error> {
        self.params_for(&self.host)
    }

    fn params_for(&self, name: &str) -> Result<CertificateParams, Error> {
        Ok(server(&[name], self.current)?)
    }
}

fn manner(fault: Fault) -> Manner {
    match fault {
        Fault::NoTls => Manner::Decline,
        Fault::Closes => Manner::HangUp,
        Fault::ErrorResponse => Manner::Complain,
        Fault::Injection => Manner::Inject,
        Fault::DirectOnly => Manner::DirectOnly,
        Fault::SniRequired => Manner::Named,
        Fault::Slow => Manner::Slowly,
        Fault::NeverAnswers => Manner::Silent,
        _ => Manner::Permit,
    }
}

/// Serves the certificate whatever it looks like: rustls would refuse to serve some of them.
fn service(issued: Issued, terms: Terms) -> Result<Service, Error> {
    let provider = Arc::new(default_provider());
    let key = any_supported_type(&issued.key)?;
    let certified = Arc::new(CertifiedKey::new(issued.chain, key));
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(terms.versions)?;
    let asks_for_certificate = terms.clients.is_some();
    let builder = match terms.clients {
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
    let mut config = builder.with_cert_resolver(Arc::new(Always(certified)));
    postgres_like(&mut config);
    Ok(Service {
        config: Arc::new(config),
        manner: terms.manner,
        after: After::LogIn,
        asks_for_certificate,
    })
}

/// The same certificate for everybody.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

type Rewrite = fn(&CertificateDer<'_>, &[u8]) -> Result<CertificateDer<'static>, rewrite::Failed>;

fn rewrite_leaf(issued: &mut Issued, issuer: &Authority, rewrite: Rewrite) -> Result<(), Error> {
    let key = issuer.issuer.key().serialize_der();
    if let Some(leaf) = issued.chain.first_mut() {
        *leaf = rewrite(leaf, &key)?;
    }
    Ok(())
}

/// Where the CA says that its certificate is to be had (RFC 5280 section 4.2.2.1), as public CAs do:
/// a sign that there is an intermediate, which browsers follow and PostgreSQL clients do not.
fn issued_at() -> CustomExtension {
    const AUTHORITY_INFORMATION: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 1, 1];
    const CA_ISSUERS: &[u8] =
        b"\x30\x2a\x30\x28\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86\x1chttp://ca.example/issuer.cer";
    CustomExtension::from_oid_content(&AUTHORITY_INFORMATION, CA_ISSUERS.to_vec())
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into()
}

const TLS12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
const TLS13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

const ROOT: &str = "pgtls lab root";
const INTERMEDIATE: &str = "pgtls lab intermediate";
const LOWER: &str = "pgtls lab lower intermediate";

/// A host that is not the lab's (RFC 2606 section 2).
const ELSEWHERE: &str = "elsewhere.example";

const REVOKED_SERIAL: u64 = 0x0bad;
