//! Certificates for tests: by the recipes of PostgreSQL's documentation, and by rcgen.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, RevokedCertParams, SignatureAlgorithm,
};
use time::{Duration, OffsetDateTime};

use super::rsa_key;
use super::skip::skip;

/// What a server needs.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    /// PEM: the server's own certificate, and the others that it sends.
    pub(crate) chain: String,
    /// PEM.
    pub(crate) key: String,
}

impl Served {
    /// The same with one more certificate in the chain.
    pub(crate) fn and(mut self, certificate: &str) -> Self {
        self.chain.push_str(certificate);
        self
    }
}

/// A certificate authority.
pub(crate) struct Ca {
    /// Its certificate.
    pub(crate) pem: String,
    params: CertificateParams,
    key: Arc<KeyPair>,
}

impl Ca {
    /// A self-signed root, valid since yesterday.
    pub(crate) fn root(name: &str) -> Self {
        Self::root_with(name, |_| {})
    }

    /// A root with a key of another kind, and so with signatures of that kind.
    pub(crate) fn root_of(kind: &'static SignatureAlgorithm, name: &str) -> Self {
        Self::root_of_with(kind, name, |_| {})
    }

    /// The same after `change`.
    pub(crate) fn root_of_with(
        kind: &'static SignatureAlgorithm,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let key = KeyPair::generate_for(kind).unwrap();
        let mut params = ca_params(name);
        change(&mut params);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            params,
            key: Arc::new(key),
        }
    }

    /// A root after `change`.
    pub(crate) fn root_with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        Self::root_of_with(&PKCS_ECDSA_P256_SHA256, name, change)
    }

    /// The same root, name and key, issued anew after `change`.
    pub(crate) fn reissued(&self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = self.params.clone();
        change(&mut params);
        let pem = params.self_signed(&*self.key).unwrap().pem();
        Self {
            pem,
            params,
            key: Arc::clone(&self.key),
        }
    }

    /// A CA below this one.
    pub(crate) fn intermediate(&self, name: &str) -> Self {
        self.intermediate_with(name, |_| {})
    }

    /// A CA below this one after `change`.
    pub(crate) fn intermediate_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = ca_params(name);
        params.use_authority_key_identifier_extension = true;
        change(&mut params);
        let pem = params.signed_by(&key, &self.issuer()).unwrap().pem();
        Self {
            pem,
            params,
            key: Arc::new(key),
        }
    }

    /// This CA below another, with its key, after `change`.
    pub(crate) fn reissued_below(
        &self,
        authority: &Self,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let mut params = self.params.clone();
        change(&mut params);
        let key = Arc::clone(&self.key);
        let pem = params.signed_by(&*key, &authority.issuer()).unwrap().pem();
        Self { pem, params, key }
    }

    /// A CRL as PEM, valid from one day to another, counted from today.
    pub(crate) fn crl(
        &self,
        number: u64,
        valid: std::ops::Range<i64>,
        revoked: Vec<RevokedCertParams>,
    ) -> String {
        let params = CertificateRevocationListParams {
            this_update: in_days(valid.start),
            next_update: in_days(valid.end),
            crl_number: number.into(),
            issuing_distribution_point: None,
            revoked_certs: revoked,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer()).unwrap().pem().unwrap()
    }

    /// A server certificate with these subject alternative names, the first of which is the CN.
    pub(crate) fn leaf(&self, names: &[&str]) -> Served {
        self.leaf_with(names, |_| {})
    }

    /// A server certificate after `change`.
    pub(crate) fn leaf_with(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Served {
        let key = KeyPair::generate().unwrap();
        self.leaf_for(&key, names, change)
    }

    /// A server certificate for a key of another kind.
    pub(crate) fn leaf_of(&self, kind: &'static SignatureAlgorithm, names: &[&str]) -> Served {
        self.leaf_of_with(kind, names, |_| {})
    }

    /// The same after `change`.
    pub(crate) fn leaf_of_with(
        &self,
        kind: &'static SignatureAlgorithm,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Served {
        let key = KeyPair::generate_for(kind).unwrap();
        self.leaf_for(&key, names, change)
    }

    /// A client certificate with this CN.
    pub(crate) fn client(&self, name: &str) -> Served {
        self.leaf_with(&[], |params| {
            params.distinguished_name = common_name(name);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        })
    }

    /// The authority's own certificate, to be served.
    pub(crate) fn self_served(&self) -> Served {
        Served {
            chain: self.pem.clone(),
            key: self.key.serialize_pem(),
        }
    }

    fn leaf_for(
        &self,
        key: &KeyPair,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Served {
        let params = names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>();
        let mut params = CertificateParams::new(params).unwrap();
        params.distinguished_name = common_name(names.first().copied().unwrap_or_default());
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = in_days(-1);
        params.not_after = in_days(90);
        change(&mut params);
        Served {
            chain: params.signed_by(key, &self.issuer()).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    pub(crate) fn issuer(&self) -> Issuer<'static, &KeyPair> {
        Issuer::new(self.params.clone(), &self.key)
    }
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = in_days(-1);
    params.not_after = in_days(3650);
    params
}

/// A subject with only a CN.
pub(crate) fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// An instant relative to now.
pub(crate) fn in_days(days: i64) -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::days(days)
}

/// Was valid for ten days and is not any more.
pub(crate) fn expired(params: &mut CertificateParams) {
    params.not_before = in_days(-20);
    params.not_after = in_days(-10);
}

/// Will be valid in ten days.
pub(crate) fn not_yet_valid(params: &mut CertificateParams) {
    params.not_before = in_days(10);
    params.not_after = in_days(20);
}

/// Has an unknown critical extension.
pub(crate) fn critical_extension(params: &mut CertificateParams) {
    let mut extension =
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
    extension.set_criticality(true);
    params.custom_extensions.push(extension);
}

/// Authority information access with the address of the issuer's certificate (RFC 5280 section 4.2.2.1).
pub(crate) fn published_at(address: &[u8]) -> CustomExtension {
    let put = |tag: u8, contents: &[u8]| {
        let length = u8::try_from(contents.len()).unwrap();
        [&[tag, length], contents].concat()
    };
    let ca_issuers = put(0x06, &[0x2b, 6, 1, 5, 5, 7, 0x30, 2]);
    let access = put(0x30, &[ca_issuers, put(0x86, address)].concat());
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], put(0x30, &access))
}

/// Is a CA by a basicConstraints extension that is not critical, against RFC 5280 section 4.2.1.9.
pub(crate) fn not_critical_basic_constraints(params: &mut CertificateParams) {
    let ca_true = vec![0x30, 3, 1, 1, 0xff];
    params.is_ca = IsCa::NoCa;
    let extension = CustomExtension::from_oid_content(&[2, 5, 29, 19], ca_true);
    params.custom_extensions.push(extension);
}

/// The certificates of the PostgreSQL documentation ("Secure TCP/IP Connections with SSL",
/// "Creating Certificates"), made with exactly its commands.
pub(crate) struct Documented<'a> {
    directory: &'a Path,
    configuration: String,
}

impl<'a> Documented<'a> {
    /// Works in `directory`; `None`, with a visible line, on a machine without the openssl command.
    pub(crate) fn new(directory: &'a Path) -> Option<Self> {
        let Ok(output) = Command::new("openssl").args(["version", "-d"]).output() else {
            skip("the openssl command is not installed");
            return None;
        };
        let text = String::from_utf8(output.stdout).unwrap();
        let place = text.split('"').nth(1).unwrap();
        Some(Self {
            directory,
            configuration: format!("{place}/openssl.cnf"),
        })
    }

    /// "To create a simple self-signed certificate for the server": CA:TRUE, CN only.
    pub(crate) fn self_signed(&self, host: &str) -> Served {
        self.openssl(&format!(
            "req -new -x509 -days 365 -nodes -text -out self.crt -keyout self.key -subj /CN={host}"
        ));
        self.served("self")
    }

    /// "To create a server certificate whose identity can be validated by clients", first half:
    /// the root.
    pub(crate) fn root(&self, name: &str) -> String {
        let Self { configuration, .. } = self;
        self.openssl("req -new -nodes -text -out root.csr -keyout root.key -subj /CN=root.example");
        self.openssl(&format!(
            "x509 -req -in root.csr -text -days 3650 -extfile {configuration} -extensions v3_ca \
             -signkey root.key -out {name}.crt"
        ));
        self.read(&format!("{name}.crt"))
    }

    /// Second half: the server certificate, X.509 version 1 and CN only.
    pub(crate) fn server(&self, root: &str, host: &str) -> Served {
        self.server_with(root, host, "", "")
    }

    /// The same with options in addition to the documented commands: for the request, which makes
    /// the key, and for the signature.
    pub(crate) fn server_with(
        &self,
        root: &str,
        host: &str,
        request: &str,
        signing: &str,
    ) -> Served {
        self.openssl(&format!(
            "req -new -nodes -text -out server.csr -keyout server.key -subj /CN={host} {request}"
        ));
        self.openssl(&format!(
            "x509 -req -in server.csr -text -days 365 -CA {root}.crt -CAkey root.key \
             -CAcreateserial -out server.crt {signing}"
        ));
        self.served("server")
    }

    /// "You can also create a chain of trust that includes intermediate certificates": root,
    /// intermediate and the server's certificate.
    pub(crate) fn chain(&self, host: &str) -> (String, String, Served) {
        let Self { configuration, .. } = self;
        let root = self.root("root");
        self.openssl(
            "req -new -nodes -text -out intermediate.csr -keyout intermediate.key \
             -subj /CN=intermediate.example",
        );
        self.openssl(&format!(
            "x509 -req -in intermediate.csr -text -days 1825 -extfile {configuration} \
             -extensions v3_ca -CA root.crt -CAkey root.key -CAcreateserial -out intermediate.crt"
        ));
        self.openssl(&format!(
            "req -new -nodes -text -out server.csr -keyout server.key -subj /CN={host}"
        ));
        self.openssl(
            "x509 -req -in server.csr -text -days 365 -CA intermediate.crt \
             -CAkey intermediate.key -CAcreateserial -out server.crt",
        );
        (root, self.read("intermediate.crt"), self.served("server"))
    }

    /// Writes a file beside the certificates.
    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.directory.join(file), text).unwrap();
    }

    fn served(&self, name: &str) -> Served {
        Served {
            chain: self.read(&format!("{name}.crt")),
            key: self.read(&format!("{name}.key")),
        }
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.directory.join(file)).unwrap()
    }

    /// A request for no other kind of key gets one that was made before: OpenSSL searches long for the primes of an RSA key.
    fn openssl(&self, arguments: &str) {
        let mut words: Vec<&str> = arguments.split_whitespace().collect();
        let makes_key = words.first() == Some(&"req") && !words.contains(&"-newkey");
        if makes_key && let Some(at) = words.iter().position(|word| *word == "-keyout") {
            words[at] = "-key";
            rsa_key::put(&self.directory.join(words[at + 1]));
        }
        let output = Command::new("openssl")
            .args(words)
            .current_dir(self.directory)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "openssl {arguments}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
