//! Does `pgtls check` judge the certificate of a real PostgreSQL like psql?
//!
//! One server, and a table: for each row the server gets a certificate, pgtls and psql get the same
//! connection string, and both must give the same answer.

use std::process::Command;

use crate::support::client::{Answer, Client};
use crate::support::pki::{Ca, Documented, Served, common_name, expired, not_yet_valid};
use crate::support::postgres::Postgres;
use crate::support::skip::{has_openssl, skip};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512,
};

/// One connection string for one certificate.
struct Row {
    /// What it shows.
    name: &'static str,
    served: Served,
    /// The content of root.crt.
    roots: String,
    /// How the string ends; hostaddr, port, user, dbname and sslrootcert come before it.
    string: &'static str,
    /// The exit code, and the code of the error ("pass" for none).
    expected: (i32, &'static str),
}

#[test]
fn certificates_are_judged_as_psql_judges_them() {
    let directory = tempfile::tempdir().unwrap();
    let Some(documented) = Documented::new(directory.path()) else {
        return;
    };
    let rows: Vec<Row> = [
        documentation(&documented),
        anchors(),
        chains(),
        leaves(&documented),
        names(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let Some(mut server) = Postgres::start(&rows[0].served) else {
        return;
    };

    let mut wrong = Vec::new();
    for row in &rows {
        server.serve(&row.served);
        if let Err(why) = judge(row, server.port) {
            wrong.push(format!("{}: {why}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} rows", rows.len());
}

fn judge(row: &Row, port: u16) -> Result<(), String> {
    let client = Client::new();
    client.write("root.crt", &row.roots);
    let string = format!(
        "hostaddr=127.0.0.1 port={port} user=postgres dbname=postgres sslrootcert=root.crt {}",
        row.string
    );
    let ours = client.check(&string);
    let theirs = client.psql(&string);

    let came = (ours.code, ours.outcome());
    if came != (row.expected.0, row.expected.1.to_owned()) {
        return Err(format!("expected {:?}, came {came:?}", row.expected));
    }
    // The words that distinguish libpq's two kinds of refusal.
    let same = match (&theirs, ours.code) {
        (Answer::Tls, 0) => true,
        (Answer::Refused(why), 6) => why.contains("certificate verify failed"),
        (Answer::Refused(why), 7) => {
            let endpoint = ours.endpoint();
            why.contains(endpoint["error"]["message"].as_str().unwrap())
        }
        _ => false,
    };
    if same {
        Ok(())
    } else {
        Err(format!("pgtls: {}\npsql: {theirs:?}", ours.stdout))
    }
}

fn row(
    name: &'static str,
    served: &Served,
    roots: &str,
    string: &'static str,
    expected: (i32, &'static str),
) -> Row {
    Row {
        name,
        served: served.clone(),
        roots: roots.to_owned(),
        string,
        expected,
    }
}

const FULL: &str = "host=db.example sslmode=verify-full";
const CA: &str = "host=db.example sslmode=verify-ca";
const FULL_TLS12: &str = "host=db.example sslmode=verify-full ssl_max_protocol_version=TLSv1.2";
const REQUIRE: &str = "host=db.example sslmode=require sslrootcert=''";
const REQUIRE_TLS12: &str =
    "host=db.example sslmode=require sslrootcert='' ssl_max_protocol_version=TLSv1.2";
const PASS: (i32, &str) = (0, "pass");

/// The certificates that PostgreSQL's documentation describes.
fn documentation(openssl: &Documented<'_>) -> Vec<Row> {
    let alone = openssl.self_signed("db.example");
    let (top, middle, below) = openssl.chain("db.example");
    let chained = below.clone().and(&middle);
    let root = openssl.root("root");
    let served = openssl.server("root", "db.example");
    let other = Ca::root("root.example").pem;
    let wrong = "host=www.example sslmode=verify-full";
    vec![
        row("X.509 v1, CN only", &served, &root, FULL, PASS),
        row("v1 under verify-ca", &served, &root, CA, PASS),
        row(
            "v1, another host",
            &served,
            &root,
            wrong,
            (7, "host-name-mismatch"),
        ),
        row(
            "v1, another CA of that name",
            &served,
            &other,
            FULL,
            (6, "unknown-issuer"),
        ),
        row(
            "one-liner as its own root",
            &alone,
            &alone.chain,
            FULL,
            PASS,
        ),
        row(
            "one-liner, another host",
            &alone,
            &alone.chain,
            wrong,
            (7, "host-name-mismatch"),
        ),
        row(
            "one-liner, unknown",
            &alone,
            &root,
            FULL,
            (6, "self-signed"),
        ),
        row("with an intermediate", &chained, &top, FULL, PASS),
        row(
            "without the intermediate",
            &below,
            &top,
            FULL,
            (6, "unknown-issuer"),
        ),
        row(
            "the intermediate as root file",
            &chained,
            &middle,
            FULL,
            (6, "unknown-issuer"),
        ),
        row(
            "both CAs as root file",
            &below,
            &(middle.clone() + &top),
            FULL,
            PASS,
        ),
    ]
}

/// What the root file may contain.
fn anchors() -> Vec<Row> {
    let root = Ca::root("root");
    let leaf = root.leaf(&["db.example"]);
    let old = root.reissued(expired);
    let young = root.reissued(not_yet_valid);
    let middle = root.intermediate("intermediate");
    let chained = middle.leaf(&["db.example"]).and(&middle.pem);
    let other = Ca::root("other");
    let namesake = Ca::root("root");
    let no_ca = root.reissued(|params| params.is_ca = IsCa::ExplicitNoCa);
    let no_signing = root.reissued(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
    let both = old.pem.clone() + &root.pem;
    let reversed = root.pem.clone() + &old.pem;
    let crowd = other.pem.clone() + &root.pem;
    vec![
        row("the right root", &leaf, &root.pem, FULL, PASS),
        row("expired root", &leaf, &old.pem, FULL, (6, "root-expired")),
        row(
            "expired root, verify-ca",
            &leaf,
            &old.pem,
            CA,
            (6, "root-expired"),
        ),
        row(
            "root of the future",
            &leaf,
            &young.pem,
            FULL,
            (6, "not-yet-valid"),
        ),
        row("expired and renewed root", &leaf, &both, FULL, PASS),
        row("renewed and expired root", &leaf, &reversed, FULL, PASS),
        row("root among others", &leaf, &crowd, FULL, PASS),
        row("another CA", &leaf, &other.pem, FULL, (6, "unknown-issuer")),
        row(
            "another CA, verify-ca",
            &leaf,
            &other.pem,
            CA,
            (6, "unknown-issuer"),
        ),
        row(
            "another key of that name",
            &leaf,
            &namesake.pem,
            FULL,
            (6, "unknown-issuer"),
        ),
        row(
            "intermediate only",
            &chained,
            &middle.pem,
            FULL,
            (6, "unknown-issuer"),
        ),
        row(
            "the leaf only",
            &leaf,
            &leaf.chain,
            FULL,
            (6, "unknown-issuer"),
        ),
        row(
            "root without CA:TRUE",
            &leaf,
            &no_ca.pem,
            FULL,
            (6, "not-a-ca"),
        ),
        row(
            "root without keyCertSign",
            &leaf,
            &no_signing.pem,
            FULL,
            (6, "not-a-ca"),
        ),
    ]
}

/// What else the server may send, and CAs that exceed what they may do.
fn chains() -> Vec<Row> {
    let root = Ca::root("root");
    let middle = root.intermediate("intermediate");
    let leaf = middle.leaf(&["db.example"]);
    let chained = leaf.clone().and(&middle.pem);
    let stuffed = leaf
        .clone()
        .and(&Ca::root("other").pem)
        .and(&middle.pem)
        .and(&root.pem);
    let with = |change: fn(&mut CertificateParams)| {
        let middle = root.intermediate_with("intermediate", change);
        middle.leaf(&["db.example"]).and(&middle.pem)
    };
    let stale = with(expired);
    let no_ca = with(|params| params.is_ca = IsCa::ExplicitNoCa);
    let clients = with(|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let elsewhere = with(|params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("example.org".to_owned())],
            excluded_subtrees: Vec::new(),
        });
    });
    let narrow = Ca::root_with("narrow", |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    });
    let below = narrow.intermediate("intermediate");
    let too_long = below.leaf(&["db.example"]).and(&below.pem);
    vec![
        row("intermediate sent", &chained, &root.pem, FULL, PASS),
        row(
            "intermediate not sent",
            &leaf,
            &root.pem,
            FULL,
            (6, "unknown-issuer"),
        ),
        row(
            "sent in disorder, with extras",
            &stuffed,
            &root.pem,
            FULL,
            PASS,
        ),
        row(
            "expired intermediate",
            &stale,
            &root.pem,
            FULL,
            (6, "intermediate-expired"),
        ),
        row(
            "intermediate that is no CA",
            &no_ca,
            &root.pem,
            FULL,
            (6, "not-a-ca"),
        ),
        row(
            "intermediate for clients",
            &clients,
            &root.pem,
            FULL,
            (6, "wrong-purpose"),
        ),
        row(
            "outside the name constraints",
            &elsewhere,
            &root.pem,
            FULL,
            (6, "name-constraint"),
        ),
        row(
            "longer than pathlen",
            &too_long,
            &narrow.pem,
            FULL,
            (6, "path-length"),
        ),
    ]
}

/// The server's own certificate.
fn leaves(openssl: &Documented<'_>) -> Vec<Row> {
    let root = Ca::root("root");
    let names = &["db.example"];
    let pem = &root.pem;
    let stale = root.leaf_with(names, expired);
    let young = root.leaf_with(names, not_yet_valid);
    let client = root.leaf_with(names, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let signer = root.leaf_with(names, |params| {
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    });
    let authority = root.leaf_with(names, |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages.clear();
    });
    let p384 = root.leaf_of(&PKCS_ECDSA_P384_SHA384, names);
    let p521 = root.leaf_of(&PKCS_ECDSA_P521_SHA512, names);
    let rsa = openssl.root("rsa");
    let ed25519 = openssl.server_with("rsa", "db.example", "-newkey ed25519", "");
    let pss = openssl.server_with("rsa", "db.example", "", "-sigopt rsa_padding_mode:pss");
    let pss_key = "-newkey rsa-pss -pkeyopt rsa_keygen_bits:2048";
    let pss_key = openssl.server_with("rsa", "db.example", pss_key, "");
    let short = openssl.server_with("rsa", "db.example", "-newkey rsa:1024", "");
    let odd = openssl.server_with("rsa", "db.example", "-newkey rsa:1025", "");
    let nearly = openssl.server_with("rsa", "db.example", "-newkey rsa:2047", "");
    let sha1 = openssl.server_with("rsa", "db.example", "", "-sha1");
    let sha384 = openssl.server_with("rsa", "db.example", "", "-sha384");
    vec![
        row("expired", &stale, pem, FULL, (6, "expired")),
        row("expired, verify-ca", &stale, pem, CA, (6, "expired")),
        row("of the future", &young, pem, FULL, (6, "not-yet-valid")),
        row("for clients only", &client, pem, FULL, (6, "wrong-purpose")),
        row(
            "for signing certificates only",
            &signer,
            pem,
            FULL,
            (6, "wrong-purpose"),
        ),
        row("CA:TRUE", &authority, pem, FULL, PASS),
        row("ECDSA P-384", &p384, pem, FULL, PASS),
        row("ECDSA P-521", &p521, pem, FULL, PASS),
        row("Ed25519", &ed25519, &rsa, FULL, PASS),
        row("signed with RSA-PSS", &pss, &rsa, FULL, PASS),
        row("ECDSA P-521, TLS 1.2", &p521, pem, FULL_TLS12, PASS),
        row("RSA-PSS key", &pss_key, &rsa, FULL, PASS),
        row("RSA-PSS key, not verified", &pss_key, &rsa, REQUIRE, PASS),
        row("RSA 1024", &short, &rsa, FULL, (6, "weak-key")),
        row("RSA 1024, not verified", &short, &rsa, REQUIRE, PASS),
        row("RSA 1024, TLS 1.2", &short, &rsa, REQUIRE_TLS12, PASS),
        row("RSA 1025, not verified", &odd, &rsa, REQUIRE, PASS),
        row("RSA 2047", &nearly, &rsa, FULL, PASS),
        row("RSA 2047, not verified", &nearly, &rsa, REQUIRE, PASS),
        row("RSA 2047, TLS 1.2", &nearly, &rsa, FULL_TLS12, PASS),
        row(
            "signed with SHA-1",
            &sha1,
            &rsa,
            FULL,
            (6, "weak-signature"),
        ),
        row("signed with SHA-384", &sha384, &rsa, FULL, PASS),
    ]
}

/// Which hosts a certificate is for.
fn names() -> Vec<Row> {
    let root = Ca::root("root");
    let pem = &root.pem;
    let no_san = root.leaf_with(&[], |params| {
        params.distinguished_name = common_name("db.example");
    });
    let address_as_cn = root.leaf_with(&[], |params| {
        params.distinguished_name = common_name("127.0.0.1");
    });
    let address = root.leaf(&["127.0.0.1"]);
    let address_as_dns = root.leaf_with(&[], |params| {
        let text = "127.0.0.1".try_into().unwrap();
        params.subject_alt_names = vec![rcgen::SanType::DnsName(text)];
    });
    let wildcard = root.leaf(&["*.example"]);
    let other_cn = root.leaf_with(&["www.example"], |params| {
        params.distinguished_name = common_name("db.example");
    });
    let eight = root.leaf(&["a", "b", "c", "d", "e", "f", "g", "h"]);
    let two = root.leaf(&["a", "b"]);
    let one = root.leaf(&["a"]);
    let by_address = "host=127.0.0.1 sslmode=verify-full";
    let mismatch = (7, "host-name-mismatch");
    vec![
        row("CN, no subjectAltName", &no_san, pem, FULL, PASS),
        row("subjectAltName beats CN", &other_cn, pem, FULL, mismatch),
        row("wrong name, verify-ca", &other_cn, pem, CA, PASS),
        row("address", &address, pem, by_address, PASS),
        row("address as dNSName", &address_as_dns, pem, by_address, PASS),
        row("address as CN", &address_as_cn, pem, by_address, PASS),
        row("no address", &wildcard, pem, by_address, mismatch),
        row("wildcard", &wildcard, pem, FULL, PASS),
        row(
            "wildcard, too deep",
            &wildcard,
            pem,
            "host=a.db.example sslmode=verify-full",
            mismatch,
        ),
        row(
            "case",
            &wildcard,
            pem,
            "host=DB.Example sslmode=verify-full",
            PASS,
        ),
        row(
            "final dot",
            &root.leaf(&["db.example"]),
            pem,
            "host=db.example. sslmode=verify-full",
            mismatch,
        ),
        row("eight names", &eight, pem, FULL, mismatch),
        row("two names", &two, pem, FULL, mismatch),
        row("one name", &one, pem, FULL, mismatch),
    ]
}

/// OpenSSL minds it only in a chain of several certificates.
#[test]
fn a_key_whose_curve_is_spelled_out_is_used_like_one_on_the_curve() {
    if !has_openssl() {
        return skip("openssl is not installed");
    }
    let made = |curve: &str| {
        let directory = tempfile::tempdir().unwrap();
        let output = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-nodes",
                "-subj",
                "/CN=db.example",
            ])
            .args(["-pkeyopt", &format!("ec_paramgen_curve:{curve}")])
            .args([
                "-pkeyopt",
                "ec_param_enc:explicit",
                "-keyout",
                "key",
                "-out",
                "crt",
            ])
            .current_dir(directory.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let read = |name| std::fs::read_to_string(directory.path().join(name)).unwrap();
        Served {
            chain: read("crt"),
            key: read("key"),
        }
    };
    let Some(mut postgres) = Postgres::start(&made("P-256")) else {
        return;
    };
    for curve in ["P-256", "P-384", "P-521"] {
        let served = made(curve);
        postgres.serve(&served);
        let client = Client::new();
        client.write("own.crt", &served.chain);
        for settings in [
            "sslmode=require",
            "sslmode=verify-full sslrootcert=own.crt",
            "sslmode=require ssl_max_protocol_version=TLSv1.2",
        ] {
            let string = format!(
                "host=db.example hostaddr=127.0.0.1 port={} user=postgres {settings}",
                postgres.port
            );
            let run = client.check(&string);
            let connects = client.psql(&string) == Answer::Tls;
            assert_eq!(run.code == 0, connects, "{curve}, {settings}: {run:?}");
            assert!(connects || curve != "P-256", "{settings}");
        }
    }
}
