//! Does `pgtls verify` refuse the files of a server with which no psql can shake hands?

use crate::support::certs::*;
use crate::support::client::{Answer, Client};
use crate::support::pki::Served;
use crate::support::postgres::Postgres;
use crate::support::skip::has_openssl;

const HOST: &str = "db.example";

fn root() -> Cert {
    Cert::new(
        common_name("Root"),
        &ROOT_KEY,
        common_name("Root"),
        &ROOT_KEY,
    )
    .with([ca(None), key_usage(CERT_SIGN)])
}

fn leaf(key: &'static Key) -> Cert {
    Cert::new(common_name(HOST), key, common_name("Root"), &ROOT_KEY)
        .with([key_usage(DIGITAL_SIGNATURE), san(&[dns(HOST)])])
        .serial(2)
}

/// The exit code of `pgtls verify` and the code of its error.
fn verify(leaf: &Cert, options: &[&str]) -> (i32, String) {
    let client = Client::new();
    client.write("server.crt", pem("CERTIFICATE", &leaf.der()));
    client.write("root.crt", pem("CERTIFICATE", &root().der()));
    let fixed = [
        "verify",
        "server.crt",
        "--format",
        "json",
        "--sslrootcert",
        "root.crt",
    ];
    let at = ["--at", "2026-07-01T00:00:00Z"];
    let run = client.pgtls(&[&fixed[..], &at, options].concat());
    (run.code, run.outcome())
}

fn pass() -> (i32, String) {
    (0, "pass".to_owned())
}

fn refused() -> (i32, String) {
    (5, "no-common-cipher".to_owned())
}

/// OpenSSL verifies the chain, and PostgreSQL serves it.
#[test]
fn a_key_with_which_psql_cannot_connect_never_passes() {
    if !has_openssl() {
        return;
    }
    let mut server: Option<Postgres> = None;
    for (name, key, usable) in [
        ("P-256", &P256_CLI, true),
        ("P-384", &P384, true),
        ("P-521", &P521, true),
        ("Ed448", &ED448, true),
        ("secp256k1", &SECP256K1, false),
        ("P-224", &P224, false),
        ("brainpool", &BRAINPOOL, false),
    ] {
        let leaf = leaf(key);
        let expected = if usable { pass() } else { refused() };
        assert_eq!(verify(&leaf, &["--host", HOST]), expected, "{name}");
        // Without a host, too.
        assert_eq!(verify(&leaf, &[]), expected, "{name}");
        let served = Served {
            chain: pem("CERTIFICATE", &leaf.der()),
            key: std::fs::read_to_string(key.pem_file()).unwrap(),
        };
        match &mut server {
            Some(running) => running.serve(&served),
            None => server = Postgres::start(&served),
        }
        let Some(server) = &server else {
            continue;
        };
        // Without verification, because the certificate's year ends.
        let string = format!(
            "host=127.0.0.1 port={} user=postgres dbname=postgres sslmode=require sslrootcert=''",
            server.port
        );
        let connects = Client::new().psql(&string) == Answer::Tls;
        // OpenSSL 3.2 and newer have brainpool in TLS 1.3.
        if name != "brainpool" {
            assert_eq!(connects, usable, "psql: {name}");
        }
        if !usable && !connects {
            let run = Client::new().check(&string);
            assert_eq!((run.code, run.outcome()), refused(), "{name}: {run:?}");
            let hint = run.hint();
            assert!(
                hint.contains("The key of the server's certificate is on"),
                "{hint}"
            );
            assert!(!hint.contains("ssl_ciphers"), "{hint}");
        }
    }
}

/// The openssl program makes no such key in one step.
#[test]
fn a_dsa_key_never_passes() {
    let numbers = [&[0][..], &[0xff; 384]].concat();
    let order = [&[0][..], &[0xff; 32]].concat();
    let parameters = seq(&[&int(&numbers), &int(&order), &int(&[2])]);
    let mut leaf = leaf(&LEAF_KEY);
    assert_eq!(verify(&leaf, &["--host", HOST]), pass());
    leaf.spki = seq(&[
        &seq(&[&oid("1.2.840.10040.4.1"), &parameters]),
        &bits(0, &int(&[4])),
    ]);
    for oldest in ["3.0", "3.5"] {
        let options = ["--host", HOST, "--min-openssl", oldest];
        assert_eq!(verify(&leaf, &options), refused(), "{oldest}");
    }
    // What is wrong with chain and name comes first.
    assert_eq!(verify(&leaf, &["--host", "other.example"]).0, 7);
}

#[test]
fn a_key_that_cannot_be_read_is_no_promise_of_psql() {
    if !has_openssl() {
        return;
    }
    let client = Client::new();
    client.write("a.crt", pem("CERTIFICATE", &leaf(&SECP256K1).der()));
    let key = std::fs::read(SECP256K1.pem_file()).unwrap();
    client.write_private("a.key", key);
    let run = client.pgtls(&["verify", "--cert", "a.crt", "--key", "a.key"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stdout.contains("find no cipher"), "{run:?}");
    assert!(!run.stdout.contains("psql may"), "{run:?}");
}
