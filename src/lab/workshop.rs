//! The recipe of each fault.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P521_SHA512, PKCS_ED25519, PKCS_ML_DSA_65, PKCS_RSA_SHA256,
    RsaKeySize, SerialNumber,
};
use rustls::SupportedProtocolVersion;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use time::OffsetDateTime;

use super::authority::{Authority, Issued, Period, common_name, server};
use super::fault::Fault;
use super::material::{Choice, ClientFile, Draft, Error, HostForm, Material};
use super::rewrite;
use super::session::Manner;

/// The authorities that the endpoints of one lab share.
pub(super) struct Workshop {
    now: OffsetDateTime,
    /// The name that clients connect to.
    host: String,
    /// Trusted by all clients.
    pub(super) root: Authority,
    intermediate: Authority,
    current: Period,
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
        self.draft(fault)?.finish()
    }

    /// One arm per fault.
    fn draft(&self, fault: Fault) -> Result<Draft, Error> {
        let yesterday = Period::days(self.now, -30, -1);
        let like_any = || self.leaf(|_| {}).map(Draft::of);
        let served = |manner| -> Result<Draft, Error> { Ok(like_any()?.with_manner(manner)) };
        Ok(match fault {
            Fault::Good => like_any()?,
            Fault::IpWithoutSan => like_any()?.reached_by(HostForm::Address),
            Fault::Tls12Only => like_any()?.with_versions(TLS12),
            Fault::Tls13Only => like_any()?.with_versions(TLS13),
            Fault::NoTls => served(Manner::Decline)?,
            Fault::Closes => served(Manner::HangUp)?,
            Fault::ErrorResponse => served(Manner::Complain)?,
            Fault::Injection => served(Manner::Inject)?,
            Fault::DirectOnly => {
                served(Manner::DirectOnly)?.with_parameter("sslnegotiation", "direct")
            }
            Fault::SniRequired => served(Manner::Named)?,
            Fault::SniHosts => {
                let other = self.below(&self.intermediate, self.params_for(ELSEWHERE)?)?;
                Draft::of(other).with_another(Choice::Name(self.host.clone()), self.leaf(|_| {})?)
            }
            Fault::Slow => served(Manner::Slowly)?,
            Fault::NeverAnswers => served(Manner::Silent)?,
            Fault::CnOnly => Draft::of(self.leaf(|params| params.subject_alt_names.clear())?),
            Fault::ExpiredLeaf => {
                Draft::of(self.leaf(|params| params.not_after = yesterday.until)?)
            }
            Fault::NotYetValid => {
                let tomorrow = Period::days(self.now, 1, 90);
                Draft::of(self.leaf(|params| params.not_before = tomorrow.from)?)
            }
            Fault::WrongHost => {
                Draft::of(self.below(&self.intermediate, self.params_for(ELSEWHERE)?)?)
            }
            Fault::ClientAuthOnly => Draft::of(self.leaf(|params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            })?),
            Fault::MissingIntermediate => {
                let mut issued = self.leaf(|params| {
                    params.custom_extensions.push(issued_at());
                })?;
                issued.chain.truncate(1);
                Draft::of(issued)
            }
            Fault::ExpiredIntermediate => {
                let key = self.intermediate.key()?;
                let expired = self.root.subordinate_for(INTERMEDIATE, yesterday, key)?;
                Draft::of(self.below(&expired, self.params()?)?)
            }
            Fault::ExpiredRoot => {
                let root = Authority::root(ROOT, yesterday, self.root.key()?)?;
                like_any()?.with_root(root.root_pem)
            }
            Fault::WrongOrder => {
                let lower = self.intermediate.subordinate(LOWER, self.current)?;
                let mut issued = self.below(&lower, self.params()?)?;
                let upper = self.intermediate.certificate.clone();
                issued.chain.insert(1, upper);
                Draft::of(issued)
            }
            Fault::UnknownCa => self.below_another_root("pgtls lab: an untrusted CA")?,
            Fault::SameNameOtherKey => self.below_another_root(ROOT)?,
            Fault::Revoked => self.revoked()?,
            Fault::ClientCertRequired => self.client_certificate(like_any()?)?,
            Fault::CaLeaf => self.authority_as_leaf()?,
            Fault::X509V1 => {
                let mut issued = self.directly_below(&self.root, &KeyPair::generate()?)?;
                rewrite_leaf(&mut issued, &self.root, rewrite::version_1)?;
                Draft::of(issued)
            }
            Fault::Sha1 => {
                let mut issued = self.directly_below(&self.root, &KeyPair::generate()?)?;
                rewrite_leaf(&mut issued, &self.root, rewrite::sha1_signed)?;
                Draft::of(issued)
            }
            Fault::P521 => {
                let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512)?;
                Draft::of(self.directly_below(&self.root, &key)?)
            }
            Fault::Ed25519 => {
                let key = KeyPair::generate_for(&PKCS_ED25519)?;
                let root = Authority::root("pgtls lab Ed25519 root", self.current, key)?;
                let key = KeyPair::generate_for(&PKCS_ED25519)?;
                Draft::of(self.directly_below(&root, &key)?).with_root(root.root_pem)
            }
            Fault::MlDsa => {
                let (issued, root_pem) = self.post_quantum()?;
                Draft::of(issued).with_root(root_pem)
            }
            Fault::TwoCertificates => {
                let (issued, root_pem) = self.post_quantum()?;
                let roots = format!("{}{root_pem}", self.root.root_pem);
                like_any()?
                    .with_another(Choice::PostQuantum, issued)
                    .with_root(roots)
            }
            Fault::RsaPss => {
                let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
                let root = Authority::root("pgtls lab RSA root", self.current, key)?;
                let mut issued = self.directly_below(&root, &KeyPair::generate()?)?;
                rewrite_leaf(&mut issued, &root, rewrite::pss_signed)?;
                Draft::of(issued).with_root(root.root_pem)
            }
        })
    }

    /// A certificate with an ML-DSA key, and the root that signed it with one.
    fn post_quantum(&self) -> Result<(Issued, String), Error> {
        let key = KeyPair::generate_for(&PKCS_ML_DSA_65)?;
        let root = Authority::root("pgtls lab ML-DSA root", self.current, key)?;
        let key = KeyPair::generate_for(&PKCS_ML_DSA_65)?;
        Ok((self.directly_below(&root, &key)?, root.root_pem))
    }

    /// Signed by a root of that name that is not in the root file.
    fn below_another_root(&self, name: &str) -> Result<Draft, Error> {
        let other = Authority::root(name, self.current, KeyPair::generate()?)?;
        Ok(Draft::of(
            self.directly_below(&other, &KeyPair::generate()?)?,
        ))
    }

    /// A CA's self-signed certificate, which is the root file, too.
    fn authority_as_leaf(&self) -> Result<Draft, Error> {
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
        Ok(Draft::of(issued).with_root(pem))
    }

    /// A revoked certificate, and the CRLs of all CAs above it.
    fn revoked(&self) -> Result<Draft, Error> {
        let serial = SerialNumber::from(REVOKED_SERIAL);
        let issued = self.leaf(|params| params.serial_number = Some(serial.clone()))?;
        let above = self.root.crl(Vec::new(), self.now)?;
        let pem = self.intermediate.crl(vec![serial], self.now)? + &above;
        Ok(Draft::of(issued).with_file(ClientFile {
            parameter: "sslcrl",
            name: "revoked.crl",
            pem,
        }))
    }

    /// Asks for a client certificate, and gives clients one.
    fn client_certificate(&self, draft: Draft) -> Result<Draft, Error> {
        let mut params = self.params()?;
        params.subject_alt_names.clear();
        params.distinguished_name = common_name(super::USER);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.root.issuer)?;
        Ok(draft
            .for_clients_of(self.root.certificate.clone())
            .with_file(ClientFile {
                parameter: "sslcert",
                name: "client.crt",
                pem: certificate.pem(),
            })
            .with_file(ClientFile {
                parameter: "sslkey",
                name: "client.key",
                pem: key.serialize_pem(),
            }))
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

type Rewrite = fn(&CertificateDer<'_>, &[u8]) -> Result<CertificateDer<'static>, rewrite::Failed>;

fn rewrite_leaf(issued: &mut Issued, issuer: &Authority, rewrite: Rewrite) -> Result<(), Error> {
    let key = issuer.issuer.key().serialize_der();
    if let Some(leaf) = issued.chain.first_mut() {
        *leaf = rewrite(leaf, &key)?;
    }
    Ok(())
}

/// Where the CA publishes its certificate (RFC 5280 section 4.2.2.1), as public CAs do. It shows
/// that there is an intermediate. Browsers fetch it, PostgreSQL clients do not.
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
