//! What libpq's TLS library requires of a server in addition to a good chain: pgtls must refuse what
//! psql refuses.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use rcgen::{
    CertificateParams, CustomExtension, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ED25519,
    PKCS_RSA_SHA256, SignatureAlgorithm,
};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

use crate::support::client::{Answer, Client};
use crate::support::peer::Peer;
use crate::support::pki::{Ca, Served};
use crate::support::postgres::programs;
use crate::support::serving::{TLS12, TLS13, plain};
use crate::support::skip::skip;

/// `ssl_check_srvr_ecc_cert_and_alg`: in TLS 1.2 a certificate with an elliptic-curve key must be
/// allowed to sign.
#[test]
fn a_certificate_that_may_not_sign_is_refused_in_tls_1_2() {
    let root = Ca::root("Root");
    let usage = |kind, usages: &'static [KeyUsagePurpose]| {
        let set = |params: &mut CertificateParams| params.key_usages = usages.to_vec();
        root.leaf_of_with(kind, &["db.example"], set)
    };
    let encipherment: &[KeyUsagePurpose] = &[KeyUsagePurpose::KeyEncipherment];
    let agreement: &[KeyUsagePurpose] = &[KeyUsagePurpose::KeyAgreement];
    let both: &[KeyUsagePurpose] = &[
        KeyUsagePurpose::KeyAgreement,
        KeyUsagePurpose::DigitalSignature,
    ];
    let ecdsa: &SignatureAlgorithm = &PKCS_ECDSA_P256_SHA256;
    let repeated = root.leaf_with(&["db.example"], |params| {
        let again = CustomExtension::from_oid_content(&[2, 5, 29, 17], SAN.to_vec());
        params.custom_extensions.push(again);
    });
    let refused = (5, "key-usage");
    let rows: [(&str, Served, _, &str, (i32, &str)); 10] = [
        (
            "encipherment",
            usage(ecdsa, encipherment),
            TLS12,
            "verify-full",
            refused,
        ),
        (
            "encipherment",
            usage(ecdsa, encipherment),
            TLS12,
            "require",
            refused,
        ),
        (
            "agreement",
            usage(ecdsa, agreement),
            TLS12,
            "verify-ca",
            refused,
        ),
        (
            "Ed25519",
            usage(&PKCS_ED25519, agreement),
            TLS12,
            "require",
            refused,
        ),
        ("name twice", repeated.clone(), TLS12, "require", refused),
        ("name twice", repeated, TLS13, "require", (0, "pass")),
        (
            "both",
            usage(ecdsa, both),
            TLS12,
            "verify-full",
            (0, "pass"),
        ),
        ("none", usage(ecdsa, &[]), TLS12, "verify-full", (0, "pass")),
        (
            "RSA",
            usage(&PKCS_RSA_SHA256, encipherment),
            TLS12,
            "verify-full",
            (0, "pass"),
        ),
        (
            "TLS 1.3",
            usage(ecdsa, encipherment),
            TLS13,
            "verify-full",
            (0, "pass"),
        ),
    ];
    for (name, served, version, mode, expected) in rows {
        hold(name, &root, &served, version, mode, expected);
    }
}

fn hold(
    name: &str,
    root: &Ca,
    served: &Served,
    version: &'static SupportedProtocolVersion,
    mode: &str,
    expected: (i32, &str),
) {
    let config = Arc::new(plain(served, version));
    let peer = Peer::start(move |conversation| {
        conversation.tls(&config)?;
        conversation.finish()
    });
    let client = Client::new();
    let trust = match mode {
        "require" => String::new(),
        _ => {
            client.write("root.crt", &root.pem);
            "sslrootcert=root.crt".to_owned()
        }
    };
    let string = format!(
        "host=db.example hostaddr=127.0.0.1 port={} sslmode={mode} {trust}",
        peer.port
    );
    let reason = ("key-usage", "not for signing");
    compare(&client, &string, name, expected, reason);
}

/// pgtls ends as expected. psql connects nowhere, because the peers here end every session after the handshake or
/// before; it says `reason.1` exactly where pgtls has the code `reason.0`.
fn compare(client: &Client, string: &str, name: &str, expected: (i32, &str), reason: (&str, &str)) {
    let run = client.check(string);
    assert_eq!(
        (run.code, run.outcome().as_str()),
        expected,
        "{name}, {string}: {run:?}"
    );
    if programs().is_none() {
        return skip("PostgreSQL is not installed");
    }
    let Answer::Refused(said) = client.psql(string) else {
        panic!("{name}, {string}: psql connects");
    };
    let (code, words) = reason;
    assert_eq!(
        said.contains(words),
        expected.1 == code,
        "{name}, {string}: {said}"
    );
}

/// RFC 5746: OpenSSL 3.0 and newer refuse a server that chooses TLS 1.2 and does not answer
/// renegotiation_info with an empty value, before they check its certificate.
#[test]
fn tls_1_2_without_secure_renegotiation_is_refused() {
    let refused = (5, "insecure-renegotiation");
    for (name, extensions, expected) in [
        ("answered", &[0xff, 1, 0, 1, 0][..], (5, "closed")),
        ("not answered", &[], refused),
        ("another extension", &[0, 23, 0, 0], refused),
    ] {
        let hello = server_hello(extensions);
        let peer = Peer::start(move |conversation| {
            conversation.hello()?;
            conversation.say(&hello)?;
            conversation.finish()
        });
        for mode in ["require", "verify-ca", "verify-full"] {
            let client = Client::new();
            let string = format!(
                "host=db.example hostaddr=127.0.0.1 port={} sslmode={mode} sslrootcert=root.crt",
                peer.port
            );
            client.write("root.crt", &Ca::root("Root").pem);
            let reason = (refused.1, "unsafe legacy renegotiation disabled");
            compare(&client, &string, name, expected, reason);
        }
    }
}

/// A record with a ServerHello of TLS 1.2 and ECDHE-RSA-AES128-GCM-SHA256, with these extensions.
fn server_hello(extensions: &[u8]) -> Vec<u8> {
    let mut body = [&[3, 3][..], &[9; 32], &[0, 0xc0, 0x2f, 0]].concat();
    if !extensions.is_empty() {
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
    }
    let [_, length @ ..] = u32::try_from(body.len()).unwrap().to_be_bytes();
    let message = [&[2][..], &length, &body].concat();
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    [&[22, 3, 3][..], &length, &message].concat()
}

/// `subjectAltName` with the dNSName `db.example`.
const SAN: &[u8] = b"\x30\x0c\x82\x0adb.example";

/// `initialize_SSL` passes the host as written to OpenSSL, which sends it byte for byte.
#[test]
fn the_server_name_is_sent_byte_for_byte_as_libpq_sends_it() {
    let label = format!("{}.test", "a".repeat(64));
    let longest = format!("{}{}", "a.".repeat(61), "b.");
    let nearly = "a.".repeat(63);
    let too_long = "a".repeat(256);
    for (host, expected) in [
        ("db.example", (5, "closed")),
        ("DB.Example", (5, "closed")),
        ("db.example.", (5, "closed")),
        ("db_1.example..", (5, "closed")),
        ("d\u{fc}.example", (5, "closed")),
        (&label, (5, "closed")),
        (&longest, (5, "closed")),
        // psql sends it, and pgtls must not continue without it.
        (&nearly, (5, "tls-failure")),
        // psql says "ssl3 ext invalid servername".
        (&too_long, (5, "tls-failure")),
    ] {
        let peer = Peer::start(|conversation| {
            conversation.hello()?;
            conversation.finish()
        });
        let client = Client::new();
        let string = format!(
            "host={host} hostaddr=127.0.0.1 port={} sslmode=require",
            peer.port
        );
        let run = client.check(&string);
        let outcome = (run.code, run.outcome());
        assert_eq!((outcome.0, outcome.1.as_str()), expected, "{host}: {run:?}");
        let heard = peer.heard();
        assert_eq!(sends(&heard[0], host), expected.1 == "closed", "{host}");
        if programs().is_none() {
            return skip("PostgreSQL is not installed");
        }
        let Answer::Refused(said) = client.psql(&string) else {
            panic!("{host}: psql connects");
        };
        let sent = peer.heard().iter().skip(1).any(|heard| sends(heard, host));
        assert_eq!(sent, host.len() <= 255, "{host}: {said}");
    }
}

/// Did the client send this name as SNI?
fn sends(heard: &[u8], host: &str) -> bool {
    let length = u16::try_from(host.len()).unwrap().to_be_bytes();
    let entry = [&[0][..], &length, host.as_bytes()].concat();
    heard.windows(entry.len()).any(|window| window == entry)
}

/// The name, which rustls does not know, is part of what both sides hash and sign.
#[test]
fn a_handshake_with_a_final_dot_finishes_in_every_version() {
    let root = Ca::root("Root");
    let served = root.leaf(&["db.example."]);
    let client = Client::trusting(&root);
    let own = root.client("ann");
    client.write("ann.crt", &own.chain);
    client.write("ann.key", &own.key);
    let key = client.home.path().join("ann.key");
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).unwrap();
    for version in [TLS12, TLS13] {
        let retry = CryptoProvider {
            kx_groups: vec![aws_lc_rs::kx_group::SECP384R1],
            ..aws_lc_rs::default_provider()
        };
        for provider in [aws_lc_rs::default_provider(), retry] {
            let provider = Arc::new(provider);
            let mut roots = RootCertStore::empty();
            let anchors = CertificateDer::pem_slice_iter(root.pem.as_bytes());
            roots.add_parsable_certificates(anchors.map(Result::unwrap));
            let builder =
                WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
            let chain = CertificateDer::pem_slice_iter(served.chain.as_bytes());
            let config = ServerConfig::builder_with_provider(provider)
                .with_protocol_versions(&[version])
                .unwrap()
                .with_client_cert_verifier(builder.build().unwrap())
                .with_single_cert(
                    chain.map(Result::unwrap).collect(),
                    PrivateKeyDer::from_pem_slice(served.key.as_bytes()).unwrap(),
                )
                .unwrap();
            let config = Arc::new(config);
            let peer = Peer::start(move |conversation| {
                let mut session = conversation.tls(&config)?;
                session.read_exact(&mut [0; 8])?;
                // AuthenticationOk.
                session.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 0])?;
                session.sock.listen()
            });
            let run = client.check(&format!(
                "host=db.example. hostaddr=127.0.0.1 port={} sslrootcert=root.crt user=ann \
                 sslcert=ann.crt sslkey=ann.key",
                peer.port
            ));
            assert_eq!((run.code, run.outcome().as_str()), (0, "pass"), "{run:?}");
            assert_eq!(run.endpoint()["tls"]["sni"], "db.example.", "{run:?}");
        }
    }
}
