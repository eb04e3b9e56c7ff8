//! Does `pgtls check` look up revocation where libpq does, and only there?
//!
//! One PostgreSQL, one table of files and strings. psql gets the same string; where the two differ
//! on purpose, the row says why.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/client.rs"]
mod client;
#[path = "support/pki.rs"]
mod pki;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/skip.rs"]
mod skip;

use std::process::Command;

use client::{Answer, Client};
use pki::{Ca, Served, in_days};
use postgres::Postgres;
use skip::skip;

/// The serial numbers of the server certificate and of the intermediate.
const LEAF: u64 = 4711;
const MIDDLE: u64 = 4712;

/// What the string says beside host, port and sslrootcert=root.crt; the exit code and the code of
/// the error; and, where psql connects nevertheless, why.
type Row = (&'static str, (i32, &'static str), Option<&'static str>);

const PASS: (i32, &str) = (0, "pass");
const SILENT: &str =
    "libpq goes on without the CRL that is named but cannot be read; pgtls says so";

const ROWS: &[Row] = &[
    ("sslmode=verify-full", PASS, None),
    ("sslmode=verify-full sslcrl=good.crl", PASS, None),
    ("sslmode=verify-ca sslcrl=good.crl", PASS, None),
    (
        "sslmode=verify-full sslcrl=revoked.crl",
        (6, "revoked"),
        None,
    ),
    ("sslmode=verify-ca sslcrl=revoked.crl", (6, "revoked"), None),
    ("sslmode=require sslcrl=revoked.crl", (6, "revoked"), None),
    (
        "sslmode=verify-full sslcrl=middle-revoked.crl",
        (6, "revoked"),
        None,
    ),
    // Every CA of the chain needs a CRL, the root included.
    (
        "sslmode=verify-full sslcrl=root-only.crl",
        (6, "crl-missing"),
        None,
    ),
    (
        "sslmode=verify-full sslcrl=middle-only.crl",
        (6, "crl-missing"),
        None,
    ),
    (
        "sslmode=verify-full sslcrl=foreign.crl",
        (6, "crl-missing"),
        None,
    ),
    (
        "sslmode=verify-full sslcrl=forged.crl",
        (6, "crl-missing"),
        None,
    ),
    (
        "sslmode=verify-full sslcrl=expired.crl",
        (6, "crl-expired"),
        None,
    ),
    (
        "sslmode=verify-full sslcrl=future.crl",
        (6, "crl-expired"),
        None,
    ),
    // Files that are not there, or are no CRL.
    (
        "sslmode=verify-full sslcrl=missing.crl",
        (2, "crl-file-missing"),
        Some(SILENT),
    ),
    (
        "sslmode=verify-full sslcrl=empty.crl",
        (2, "crl-file-invalid"),
        Some(SILENT),
    ),
    (
        "sslmode=verify-full sslcrl=root.crt",
        (6, "crl-missing"),
        None,
    ),
    // Directories, whose names are hashes.
    ("sslmode=verify-full sslcrldir=good", PASS, None),
    (
        "sslmode=verify-full sslcrldir=revoked",
        (6, "revoked"),
        None,
    ),
    (
        "sslmode=verify-full sslcrldir=unhashed",
        (6, "crl-missing"),
        None,
    ),
    (
        "sslmode=verify-full sslcrldir=missing",
        (2, "crl-file-missing"),
        None,
    ),
    // CRLs in the root file count only if something else turns checking on.
    (
        "sslmode=verify-full sslrootcert=root-and-revoked.crt",
        PASS,
        None,
    ),
    (
        "sslmode=verify-full sslrootcert=root-and-revoked.crt sslcrl=root-only.crl",
        (6, "revoked"),
        None,
    ),
];

/// With ~/.postgresql/root.crl in place, in which the server's certificate is revoked.
const AT_HOME: &[Row] = &[
    ("sslmode=verify-full", (6, "revoked"), None),
    ("sslmode=require", (6, "revoked"), None),
    ("sslmode=verify-full sslcrl=good.crl", PASS, None),
    ("sslmode=verify-full sslcrldir=good", PASS, None),
];

#[test]
fn revocation_is_looked_up_where_libpq_does() {
    let pki = Pki::new();
    if Command::new("openssl").arg("version").output().is_err() {
        skip("the openssl command is not installed");
        return;
    }
    let Some(server) = Postgres::start(&pki.served) else {
        return;
    };
    let mut wrong = Vec::new();
    for (rows, home) in [(ROWS, None), (AT_HOME, Some(&pki.revoked))] {
        let client = pki.client();
        if let Some(crl) = home {
            client.write(".postgresql/root.crl", crl);
        }
        for row in rows {
            if let Err(why) = judge(row, &client, server.port) {
                wrong.push(format!("{} (at home: {}): {why}", row.0, home.is_some()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn without_a_root_file_no_crl_is_looked_at() {
    let pki = Pki::new();
    let Some(server) = Postgres::start(&pki.served) else {
        return;
    };
    let client = Client::new();
    client.write("revoked.crl", &pki.revoked);
    let string = format!(
        "host=db.example hostaddr=127.0.0.1 port={} user=postgres dbname=postgres sslmode=require \
         sslcrl=revoked.crl",
        server.port
    );
    let run = client.check(&string);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(client.psql(&string), Answer::Tls);
}

fn judge(row: &Row, client: &Client, port: u16) -> Result<(), String> {
    let string = format!(
        "host=db.example hostaddr=127.0.0.1 port={port} user=postgres dbname=postgres \
         sslrootcert=root.crt {}",
        row.0
    );
    let ours = client.check(&string);
    let theirs = client.psql(&string);
    let came = (ours.code, ours.outcome());
    if came != (row.1.0, row.1.1.to_owned()) {
        return Err(format!(
            "expected {:?}, came {came:?}, psql: {theirs:?}",
            row.1
        ));
    }
    let expected = ours.code == 0 || row.2.is_some();
    if (theirs == Answer::Tls) == expected {
        Ok(())
    } else {
        Err(format!("pgtls exits {}, psql: {theirs:?}", ours.code))
    }
}

/// Root, intermediate, server certificate, and lists of what is revoked.
struct Pki {
    root: Ca,
    middle: Ca,
    served: Served,
    revoked: String,
}

impl Pki {
    fn new() -> Self {
        let root = Ca::root("root");
        let middle = root.intermediate_with("intermediate", |params| {
            params.serial_number = Some(MIDDLE.into());
        });
        let leaf = middle.leaf_with(&["db.example"], |params| {
            params.serial_number = Some(LEAF.into());
        });
        let revoked = root.crl(&[]) + &middle.crl(&[LEAF]);
        Self {
            served: leaf.and(&middle.pem),
            root,
            middle,
            revoked,
        }
    }

    fn client(&self) -> Client {
        let Self {
            root,
            middle,
            revoked,
            ..
        } = self;
        let (of_root, of_middle) = (root.crl(&[]), middle.crl(&[]));
        let good = of_root.clone() + &of_middle;
        let forged = Ca::root("root").crl(&[]) + &of_middle;
        let foreign = Ca::root("other").crl(&[]) + &of_middle;
        let expired = of_root.clone()
            + &middle.crl_with(&[], |crl| {
                crl.this_update = in_days(-20);
                crl.next_update = in_days(-10);
            });
        let future = of_root.clone()
            + &middle.crl_with(&[], |crl| {
                crl.this_update = in_days(10);
                crl.next_update = in_days(20);
            });
        let middle_revoked = root.crl(&[MIDDLE]) + &of_middle;

        let client = Client::new();
        for (name, text) in [
            ("root.crt", root.pem.clone()),
            ("root-and-revoked.crt", root.pem.clone() + revoked),
            ("good.crl", good),
            ("revoked.crl", revoked.clone()),
            ("middle-revoked.crl", middle_revoked),
            ("root-only.crl", of_root.clone()),
            ("middle-only.crl", of_middle.clone()),
            ("foreign.crl", foreign),
            ("forged.crl", forged),
            ("expired.crl", expired),
            ("future.crl", future),
            ("empty.crl", String::new()),
            ("unhashed/root.crl", of_root.clone()),
            ("unhashed/middle.crl", of_middle.clone()),
        ] {
            client.write(name, text);
        }
        for (directory, of_middle) in [("good", of_middle), ("revoked", middle.crl(&[LEAF]))] {
            write_hashed(&client, directory, &of_root);
            write_hashed(&client, directory, &of_middle);
        }
        client
    }
}

/// Under the name by which OpenSSL looks for the CRLs of that issuer.
fn write_hashed(client: &Client, directory: &str, crl: &str) {
    client.write("to-hash.crl", crl);
    let output = Command::new("openssl")
        .args(["crl", "-hash", "-noout", "-in", "to-hash.crl"])
        .current_dir(client.home.path())
        .output();
    // Without openssl the test that needs these files is skipped.
    let hash = String::from_utf8(output.unwrap().stdout).unwrap();
    client.write(&format!("{directory}/{}.r0", hash.trim()), crl);
}
