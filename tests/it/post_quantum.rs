//! ML-DSA certificates, against libpq 18 with OpenSSL 3.5, which verifies them, and the system's libpq, whose
//! OpenSSL may be older.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use rcgen::{
    PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_ML_DSA_44, PKCS_ML_DSA_65, PKCS_ML_DSA_87,
    RevokedCertParams, SignatureAlgorithm,
};
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SignatureScheme};

use crate::support::client::{Answer, Client};
use crate::support::libpq;
use crate::support::peer::Peer;
use crate::support::pki::{Ca, Served, expired, in_days};
use crate::support::serving::{TLS13, asking, certified, plain, welcome, with_groups};
use crate::support::tool::Tool;

const HOST: &str = "db.example";

fn serve(config: ServerConfig) -> u16 {
    let config = Arc::new(config);
    Peer::start(move |conversation| welcome(conversation, &config)).port
}

/// What pgtls says, by default and for clients with OpenSSL 3.5, compared with libpq 18 and psql.
fn judge(name: &str, root: &str, served: &Served, mode: &str, old: (i32, &str), new: (i32, &str)) {
    let client = Client::new();
    client.write("root.crt", root);
    let port = serve(plain(served, TLS13));
    let trust = match mode {
        "require" => "",
        _ => "sslrootcert=root.crt",
    };
    let string =
        format!("host={HOST} hostaddr=127.0.0.1 port={port} user=ann sslmode={mode} {trust}");
    let run = client.check(&string);
    assert_eq!((run.code, run.outcome().as_str()), old, "{name}: {run:?}");
    // It is one certificate, whoever asks.
    let other = run.stdout.contains("is shown another certificate");
    assert!(!other, "{name}: {run:?}");
    let run = client.pgtls(&["check", "--format", "json", "--min-openssl", "3.5", &string]);
    assert_eq!((run.code, run.outcome().as_str()), new, "{name}: {run:?}");
    if let Some(library) = Tool::Libpq18.find() {
        let connects = client.libpq(&library, &string) == Answer::Tls;
        assert_eq!(connects, new.0 == 0, "libpq 18: {name}");
    }
    // The system's libpq, whose OpenSSL is of any version.
    if let Some(library) = libpq::library() {
        let connects = client.libpq(library.as_ref(), &string) == Answer::Tls;
        assert!(connects || old.0 != 0, "libpq: {name}");
        assert!(!connects || new.0 == 0, "libpq: {name}");
    }
}

fn write_key(client: &Client, name: &str, key: &str) {
    client.write(name, key);
    let path = client.home.path().join(name);
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

const DIFFERS: (i32, &str) = (5, "openssl-versions-differ");
const CHAIN_DIFFERS: (i32, &str) = (6, "openssl-versions-differ");
const PASS: (i32, &str) = (0, "pass");

#[test]
fn ml_dsa_chains_pass_where_no_client_has_an_older_openssl() {
    let kinds: [&'static SignatureAlgorithm; 3] =
        [&PKCS_ML_DSA_44, &PKCS_ML_DSA_65, &PKCS_ML_DSA_87];
    for kind in kinds {
        let root = Ca::root_of(kind, "Root");
        let served = root.leaf_of(kind, &[HOST]);
        judge("pure", &root.pem, &served, "verify-full", DIFFERS, PASS);
    }
}

#[test]
fn every_place_of_an_ml_dsa_key_counts() {
    let root = Ca::root_of(&PKCS_ML_DSA_65, "Root");
    let old_root = Ca::root("Old root");
    let ecdsa = root.leaf_of(&PKCS_ECDSA_P256_SHA256, &[HOST]);
    let under_ecdsa = old_root.leaf_of(&PKCS_ML_DSA_65, &[HOST]);
    let below = root.intermediate("Sub");
    let through = below.leaf(&[HOST]).and(&below.pem);
    let past = root.leaf_of_with(&PKCS_ML_DSA_65, &[HOST], expired);
    let other = Ca::root_of(&PKCS_ML_DSA_65, "Root");
    let elsewhere = root.leaf_of(&PKCS_ML_DSA_65, &["other.example"]);
    let wrong_host = (7, "host-name-mismatch");
    let unknown = (6, "unknown-issuer");
    let own = Ca::root_of_with(&PKCS_ML_DSA_65, HOST, |params| params.key_usages.clear());
    let itself = own.self_served();
    for (name, root, served, mode, old, new) in [
        (
            "ECDSA below",
            &root,
            &ecdsa,
            "verify-full",
            CHAIN_DIFFERS,
            PASS,
        ),
        ("ECDSA below", &root, &ecdsa, "require", PASS, PASS),
        (
            "ECDSA between",
            &root,
            &through,
            "verify-ca",
            CHAIN_DIFFERS,
            PASS,
        ),
        (
            "ECDSA above",
            &old_root,
            &under_ecdsa,
            "verify-full",
            DIFFERS,
            PASS,
        ),
        (
            "unverified",
            &old_root,
            &under_ecdsa,
            "require",
            DIFFERS,
            PASS,
        ),
        ("the root itself", &own, &itself, "verify-ca", DIFFERS, PASS),
        (
            "expired",
            &root,
            &past,
            "verify-full",
            (6, "expired"),
            (6, "expired"),
        ),
        (
            "another key",
            &other,
            &ecdsa,
            "verify-full",
            unknown,
            unknown,
        ),
        (
            "another host",
            &root,
            &elsewhere,
            "verify-full",
            wrong_host,
            wrong_host,
        ),
    ] {
        judge(name, &root.pem, served, mode, old, new);
    }
}

#[test]
fn damaged_ml_dsa_keys_and_signatures_are_refused() {
    let root = Ca::root_of(&PKCS_ML_DSA_44, "Root");
    let served = root.leaf(&[HOST]);
    let unknown = (6, "unknown-issuer");
    for (name, root, served, expected) in [
        ("key cut", shortened(&root.pem), served.clone(), unknown),
        ("signature", root.pem.clone(), tampered(&served), unknown),
    ] {
        judge(name, &root, &served, "verify-full", expected, expected);
    }
}

/// An ML-DSA certificate for clients that know it, another one for the others.
#[derive(Debug)]
struct Both {
    newer: Arc<CertifiedKey>,
    older: Arc<CertifiedKey>,
}

impl ResolvesServerCert for Both {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let newer = hello
            .signature_schemes()
            .contains(&SignatureScheme::ML_DSA_65);
        Some(Arc::clone(if newer { &self.newer } else { &self.older }))
    }
}

/// A server with two certificates.
fn with_both(newer: &Served, older: &Served) -> ServerConfig {
    let resolver = Both {
        newer: certified(newer),
        older: certified(older),
    };
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver))
}

/// No server can show the expected certificate to every version.
#[test]
fn one_of_two_certificates_is_the_expected_one() {
    let newer = Ca::root_of(&PKCS_ML_DSA_65, "New root");
    let older = Ca::root("Old root");
    let (good, classic) = (newer.leaf_of(&PKCS_ML_DSA_65, &[HOST]), older.leaf(&[HOST]));
    let port = serve(with_both(&good, &classic));
    let client = Client::new();
    client.write("root.crt", format!("{}{}", newer.pem, older.pem));
    client.write("good.crt", &good.chain);
    client.write("classic.crt", &classic.chain);
    client.write("other.crt", &older.leaf(&[HOST]).chain);
    let string = format!(
        "host={HOST} hostaddr=127.0.0.1 port={port} user=ann sslmode=verify-full sslrootcert=root.crt"
    );
    for (file, expected) in [
        ("good.crt", PASS),
        ("classic.crt", PASS),
        ("other.crt", (1, "unexpected-certificate")),
    ] {
        let run = client.pgtls(&["check", "--format", "json", "--expect-cert", file, &string]);
        let said = (run.code, run.outcome());
        assert_eq!((said.0, said.1.as_str()), expected, "{file}: {run:?}");
    }
}

/// The advice is judged by both certificates, as a check is.
#[test]
fn a_root_file_is_offered_that_verifies_both_certificates() {
    let newer = Ca::root_of(&PKCS_ML_DSA_65, "New root");
    let older = Ca::root("Old root");
    let (good, classic) = (newer.leaf_of(&PKCS_ML_DSA_65, &[HOST]), older.leaf(&[HOST]));
    let port = serve(with_both(&good, &classic));
    let client = Client::new();
    client.write("new.crt", &newer.pem);
    client.write("root-of-both.crt", format!("{}{}", newer.pem, older.pem));
    let string = format!(
        "host={HOST} hostaddr=127.0.0.1 port={port} user=ann sslmode=verify-full sslrootcert=new.crt"
    );
    let run = client.check(&string);
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (6, "unknown-issuer"),
        "{run:?}"
    );
    let fixes = run.endpoint()["fixes"].to_string();
    assert!(fixes.contains("root-of-both.crt"), "{run:?}");
    let fixed = string.replace("new.crt", "root-of-both.crt");
    assert_eq!(client.check(&fixed).code, 0);
}

/// Every OpenSSL must be satisfied with what it is shown.
#[test]
fn a_server_with_two_certificates_must_satisfy_every_version() {
    let newer = Ca::root_of(&PKCS_ML_DSA_65, "New root");
    let older = Ca::root("Old root");
    let good = newer.leaf_of(&PKCS_ML_DSA_65, &[HOST]);
    let past = newer.leaf_of_with(&PKCS_ML_DSA_65, &[HOST], expired);
    let classic = older.leaf(&[HOST]);
    let classic_past = older.leaf_with(&[HOST], expired);
    let elsewhere = older.leaf(&["other.example"]);
    let both = format!("{}{}", newer.pem, older.pem);
    for (name, roots, shown_newer, shown_older, by_default, since_3_5) in [
        ("good", &both, &good, &classic, PASS, PASS),
        (
            "new expired",
            &both,
            &past,
            &classic,
            (6, "expired"),
            (6, "expired"),
        ),
        (
            "old expired",
            &both,
            &good,
            &classic_past,
            (6, "expired"),
            PASS,
        ),
        (
            "old elsewhere",
            &both,
            &good,
            &elsewhere,
            (7, "host-name-mismatch"),
            PASS,
        ),
        (
            "old unknown",
            &newer.pem,
            &good,
            &classic,
            (6, "unknown-issuer"),
            PASS,
        ),
        (
            "new unknown",
            &older.pem,
            &good,
            &classic,
            (6, "unknown-issuer"),
            (6, "unknown-issuer"),
        ),
    ] {
        let client = Client::new();
        client.write("root.crt", roots);
        let port = serve(with_both(shown_newer, shown_older));
        let string = format!(
            "host={HOST} hostaddr=127.0.0.1 port={port} user=ann sslmode=verify-full sslrootcert=root.crt"
        );
        let run = client.check(&string);
        let said = (run.code, run.outcome());
        assert_eq!((said.0, said.1.as_str()), by_default, "{name}: {run:?}");
        let run = client.pgtls(&["check", "--format", "json", "--min-openssl", "3.5", &string]);
        let said = (run.code, run.outcome());
        assert_eq!((said.0, said.1.as_str()), since_3_5, "{name}: {run:?}");
        if let Some(library) = Tool::Libpq18.find() {
            let connects = client.libpq(&library, &string) == Answer::Tls;
            assert_eq!(connects, since_3_5.0 == 0, "libpq 18: {name}");
        }
        // Of any version: what pgtls passes, it connects to.
        if let Some(library) = libpq::library() {
            let connects = client.libpq(library.as_ref(), &string) == Answer::Tls;
            assert!(connects || by_default.0 != 0, "libpq: {name}");
        }
    }
}

/// A CRL that a CA with an ML-DSA key has signed.
#[test]
fn crls_with_ml_dsa_signatures_count() {
    let root = Ca::root_of(&PKCS_ML_DSA_65, "Root");
    let served = root.leaf_with(&[HOST], |params| params.serial_number = Some(7.into()));
    let other = Ca::root_of(&PKCS_ML_DSA_65, "Root");
    for (name, crl, expected) in [
        ("none revoked", crl(&root, None), PASS),
        ("revoked", crl(&root, Some(7)), (6, "revoked")),
        ("another revoked", crl(&root, Some(8)), PASS),
        ("another key", crl(&other, None), (6, "crl-missing")),
    ] {
        let client = Client::trusting(&root);
        client.write("root.crl", &crl);
        let port = serve(plain(&served, TLS13));
        let string = format!(
            "host={HOST} hostaddr=127.0.0.1 port={port} user=ann sslmode=verify-full sslrootcert=root.crt sslcrl=root.crl"
        );
        let run = client.pgtls(&["check", "--format", "json", "--min-openssl", "3.5", &string]);
        let outcome = run.outcome();
        assert_eq!((run.code, outcome.as_str()), expected, "{name}: {run:?}");
        if let Some(library) = Tool::Libpq18.find() {
            let connects = client.libpq(&library, &string) == Answer::Tls;
            assert_eq!(connects, expected.0 == 0, "libpq 18: {name}");
        }
    }
}

fn crl(ca: &Ca, revoked: Option<u64>) -> String {
    let revoked = revoked.map(|serial| RevokedCertParams {
        serial_number: serial.into(),
        revocation_time: in_days(0),
        reason_code: None,
        invalidity_date: None,
    });
    ca.crl(1, -1..30, revoked.into_iter().collect())
}

/// The same root with its key identified as ML-DSA-65, whose keys are longer.
fn shortened(pem: &str) -> String {
    let mut der = pem_contents(pem);
    let ml_dsa_44 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17];
    let key = der
        .windows(ml_dsa_44.len())
        .enumerate()
        .filter(|(_, window)| *window == ml_dsa_44)
        .nth(1)
        .map(|(place, _)| place)
        .unwrap();
    der[key + ml_dsa_44.len() - 1] = 18;
    pgtls::trust::encode_pem("CERTIFICATE", &der)
}

/// One bit of the signature is another.
fn tampered(served: &Served) -> Served {
    let mut der = pem_contents(&served.chain);
    *der.last_mut().unwrap() ^= 1;
    Served {
        chain: pgtls::trust::encode_pem("CERTIFICATE", &der),
        key: served.key.clone(),
    }
}

fn pem_contents(pem: &str) -> Vec<u8> {
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    data_encoding::BASE64.decode(text.as_bytes()).unwrap()
}

#[test]
fn a_signature_without_a_digest_is_named_before_the_login() {
    for kind in [&PKCS_ED25519, &PKCS_ML_DSA_87] {
        let root = Ca::root_of(kind, "Root");
        let served = root.leaf(&[HOST]);
        let client = Client::trusting(&root);
        let port = serve(plain(&served, TLS13));
        let check = |more: &str| {
            let string = format!(
                "host={HOST} hostaddr=127.0.0.1 port={port} sslmode=verify-full sslrootcert=root.crt {more}"
            );
            let run = client.pgtls(&["check", "--format", "json", "--min-openssl", "3.5", &string]);
            assert_eq!(run.code, 0, "{run:?}");
            run.findings()
        };
        let named = |codes: &[String]| codes.contains(&"no-channel-binding".to_owned());
        assert!(named(&check("")));
        assert!(!named(&check("channel_binding=disable")));
    }
}

#[test]
fn a_client_certificate_with_such_a_key_needs_a_newer_openssl() {
    let root = Ca::root("Root");
    let own = root.leaf_of(&PKCS_ML_DSA_65, &["ann"]);
    let client = Client::trusting(&root);
    client.write("ann.crt", &own.chain);
    write_key(&client, "ann.key", &own.key);
    let config = asking(&root.leaf(&[HOST]), TLS13);
    let port = serve(config);
    let string = format!(
        "host={HOST} hostaddr=127.0.0.1 port={port} user=ann sslmode=verify-full sslrootcert=root.crt sslcert=ann.crt sslkey=ann.key"
    );
    let run = client.check(&string);
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (2, "openssl-versions-differ")
    );
    let run = client.pgtls(&["check", "--format", "json", "--min-openssl", "3.5", &string]);
    assert_eq!((run.code, run.outcome().as_str()), PASS, "{run:?}");
    if let Some(library) = Tool::Libpq18.find() {
        assert_eq!(client.libpq(&library, &string), Answer::Tls);
    }
}

#[test]
fn a_server_with_a_post_quantum_group_alone_needs_a_newer_openssl() {
    let root = Ca::root("Root");
    let served = root.leaf(&[HOST]);
    let groups = vec![kx_group::X25519MLKEM768];
    let config = with_groups(&served, groups);
    let client = Client::trusting(&root);
    let port = serve(config);
    let string = format!(
        "host={HOST} hostaddr=127.0.0.1 port={port} user=ann sslmode=verify-full sslrootcert=root.crt"
    );
    let run = client.check(&string);
    assert_eq!((run.code, run.outcome().as_str()), (5, "no-common-cipher"));
    assert!(
        run.stdout.contains("psql with OpenSSL 3.5 connects"),
        "{}",
        run.stdout
    );
    let run = client.pgtls(&["check", "--format", "json", "--min-openssl", "3.5", &string]);
    assert_eq!((run.code, run.outcome().as_str()), PASS, "{run:?}");
    if let Some(library) = Tool::Libpq18.find() {
        assert_eq!(client.libpq(&library, &string), Answer::Tls);
    }
}

#[test]
fn verify_compares_an_ml_dsa_certificate_with_its_key() {
    let root = Ca::root_of(&PKCS_ML_DSA_65, "Root");
    let served = root.leaf_of(&PKCS_ML_DSA_65, &[HOST]);
    let other = root.leaf_of(&PKCS_ML_DSA_65, &[HOST]);
    let client = Client::trusting(&root);
    client.write("server.crt", &served.chain);
    write_key(&client, "server.key", &served.key);
    write_key(&client, "other.key", &other.key);
    let verify = |key: &str, more: &[&str]| {
        let files = [
            "verify",
            "--cert",
            "server.crt",
            "--key",
            key,
            "--host",
            HOST,
        ];
        let run = client.pgtls(&[&files[..], &["--sslrootcert", "root.crt"], more].concat());
        (run.code, run.stdout)
    };
    let (code, said) = verify("server.key", &[]);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("openssl-versions-differ"), "{said}");
    assert_eq!(verify("server.key", &["--min-openssl", "3.5"]).0, 0);
    let (code, said) = verify("other.key", &[]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("server-key-mismatch"), "{said}");
}
