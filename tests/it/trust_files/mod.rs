//! Does `pgtls check` accept and refuse the same root files as libpq?
//!
//! One good PostgreSQL, one root certificate in every form. psql gets the same string, under verify-ca
//! and under require. If pgtls advises a command, the command is run, and the check must pass with its
//! output.

mod rows;

use crate::support::certs::openssl;
use crate::support::client::{Answer, Client};
use crate::support::pki::Ca;
use crate::support::postgres::Postgres;
use crate::support::sample::one_in;
use crate::support::skip::has_openssl;

use rows::Expected::{self, Invalid, Mendable, Passes, Untrusted};
use rows::World;

#[test]
fn root_files_are_read_as_libpq_reads_them() {
    let Some((world, server)) = start() else {
        return;
    };
    let mut rows = world.texts();
    rows.extend(world.blocks());
    rows.extend(world.keys());
    rows.extend(world.headers());
    rows.extend(world.trusted());
    rows.extend(world.other_things());
    let mut wrong = Vec::new();
    let step = one_in(3, "the root files");
    for row in rows.iter().step_by(step) {
        for mode in ["verify-ca", "require"] {
            let client = Client::new();
            client.write("my root.crt", &row.text);
            let string = format!("{GOOD} port={} sslmode={mode}", server.port);
            if let Err(why) = judge(row.expected, &client, &string) {
                wrong.push(format!("{}, {mode}: {why}", row.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} files", rows.len());
}

fn judge(expected: Expected, client: &Client, string: &str) -> Result<(), String> {
    let named = format!("{string} sslrootcert='my root.crt'");
    let run = client.check(&named);
    let theirs = client.psql(&named);
    let came = (run.code, run.outcome());
    let wanted = match expected {
        Passes => (0, "pass"),
        Untrusted(code) => (6, code),
        Invalid(_) | Mendable(_) => (2, "root-file-invalid"),
    };
    if came != (wanted.0, wanted.1.to_owned()) {
        return Err(format!("expected {wanted:?}, came {}", run.stdout));
    }
    if (theirs == Answer::Tls) != (run.code == 0) {
        return Err(format!("psql: {theirs:?}"));
    }
    let (Invalid(says) | Mendable(says)) = expected else {
        return Ok(());
    };
    let Answer::Refused(why) = theirs else {
        return Err("psql connects".to_owned());
    };
    if !why.contains("could not read root certificate file") {
        return Err(format!("psql complains about something else: {why}"));
    }
    let error = run.endpoint()["error"].take();
    let text = format!("{}\n{}", text(&error["message"]), text(&error["hint"]));
    let absolute = client.home.path().join("my root.crt");
    for part in [says, "\"my root.crt\"", absolute.to_str().unwrap()] {
        if !text.contains(part) {
            return Err(format!("{part} is not in {text}"));
        }
    }
    if let Mendable(_) = expected {
        client.take_advice(&run);
        let mended = format!("{string} sslrootcert=root-fixed.pem");
        let run = client.check(&mended);
        if run.code != 0 || client.psql(&mended) != Answer::Tls {
            return Err(format!("the advice mends nothing: {}", run.stdout));
        }
    }
    Ok(())
}

fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Paths that are not files, or cannot be read.
#[test]
fn paths_that_are_not_files_are_refused_as_libpq_refuses_them() {
    let Some((world, server)) = start() else {
        return;
    };
    let client = Client::new();
    client.write("directory/root.crt", &world.root);
    client.write("root.crt", &world.root);
    for (path, expected, says, psql_goes_on) in [
        ("root.crt", (0, "pass"), "", Some("require")),
        (
            "directory",
            (2, "root-file-invalid"),
            "is a directory",
            None,
        ),
        ("/dev/null", (2, "root-file-invalid"), "it is empty", None),
        (
            "rot.crt",
            (2, "root-file-missing"),
            "directory contains root.crt",
            Some("require"),
        ),
        (
            "root.crt/",
            (2, "root-file-missing"),
            "does not exist",
            Some("require"),
        ),
        (
            "~/root.crt",
            (2, "root-file-missing"),
            "does not expand",
            Some("require"),
        ),
    ] {
        for mode in ["verify-ca", "require"] {
            let string = format!(
                "{GOOD} port={} sslmode={mode} sslrootcert={path}",
                server.port
            );
            let run = client.check(&string);
            assert_eq!(
                (run.code, run.outcome().as_str()),
                expected,
                "{string}: {run:?}"
            );
            let goes_on = run.code == 0 || psql_goes_on == Some(mode);
            let theirs = client.psql(&string);
            assert_eq!(theirs == Answer::Tls, goes_on, "{string}: {theirs:?}");
            let error = run.endpoint()["error"].take();
            let told = format!("{}\n{}", text(&error["message"]), text(&error["hint"]));
            assert!(told.contains(says), "{says} is not in {told}");
            let warned = told.contains("would go on without a message and verify nothing");
            assert_eq!(warned, goes_on && run.code != 0, "{string}: {told}");
        }
    }
}

/// The default file is used in every mode, and an unusable one stops every mode.
#[test]
fn the_default_file_is_read_by_the_same_rules() {
    let Some((world, server)) = start() else {
        return;
    };
    for (contents, code) in [(world.root.as_bytes(), 0), (&world.der, 2), (b"", 2)] {
        for mode in ["verify-full", "verify-ca", "require"] {
            let client = Client::new();
            client.write(".postgresql/root.crt", contents);
            let string = format!("{GOOD} port={} sslmode={mode}", server.port);
            let run = client.check(&string);
            assert_eq!(run.code, code, "{mode}: {run:?}");
            assert_eq!(client.psql(&string) == Answer::Tls, code == 0, "{mode}");
        }
    }
}

fn start() -> Option<(World, Postgres)> {
    if !has_openssl() {
        return None;
    }
    let ca = Ca::root("root");
    let served = ca.leaf(&["db.example"]);
    let server = Postgres::start(&served)?;
    let der = openssl(&["x509", "-outform", "DER"], ca.pem.as_bytes());
    let root = ca.pem;
    Some((World { root, der, served }, server))
}

const GOOD: &str = "host=db.example hostaddr=127.0.0.1 user=postgres dbname=postgres";
