//! Does `pgtls check` read the CRLs that libpq reads, and reach psql's verdict?
//!
//! One PostgreSQL whose chain has three certificates. A row creates files, and pgtls and psql get
//! the same string. `openssl_verify` tests the contents of CRLs; here the tests are about where the
//! lists come from, end to end.

mod lists;
mod rows;

use crate::support::client::{Answer, Client};
use crate::support::postgres::Postgres;
use crate::support::skip::has_openssl;
use crate::support::tool::Tool;
use lists::{Directory, Lists, PLACES};
use rows::{Libpq, ROWS, Row};

/// How every string starts.
const GOOD: &str = "host=db.example hostaddr=127.0.0.1 user=postgres dbname=postgres";

#[test]
fn revocation_is_judged_as_psql_judges_it() {
    let Some((server, lists)) = ready() else {
        return;
    };
    // The referee of sslrootcert=system, which psql may be too old for.
    let newer = Tool::Libpq18.find();
    let wrong: Vec<String> = ROWS
        .iter()
        .filter_map(|row| {
            let client = laid_out(row, &lists);
            let string = format!("{GOOD} port={} {}", server.port, row.settings);
            let theirs = if row.settings.contains("system") {
                client.libpq(newer.as_ref()?, &string)
            } else {
                client.psql(&string)
            };
            let why = judge(row, &client, &string, &theirs).err()?;
            Some(format!("{}: {why}", row.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} rows", ROWS.len());
}

fn ready() -> Option<(Postgres, Lists)> {
    if !has_openssl() {
        return None;
    }
    let server = Postgres::start(&lists::served())?;
    Some((server, Lists::new()))
}

/// A home directory with the files of every row, and those of this one. Names with `{...}` are
/// those that OpenSSL looks for in a directory.
fn laid_out(row: &Row, lists: &Lists) -> Client {
    let client = Client::new();
    let client_root = client.home.path().join("root.crt");
    let client = client
        .with("SSL_CERT_FILE", client_root)
        .with("SSL_CERT_DIR", "/nonexistent");
    client.write("root.crt", lists.text("root"));
    client.write("other.crt", lists.text("other root"));
    for (path, contents) in row.files {
        let mut path = (*path).to_owned();
        for (place, hash) in PLACES.iter().zip(&lists.hashes) {
            path = path.replace(place, hash);
        }
        match *contents {
            "directory" => std::fs::create_dir_all(client.home.path().join(path)).unwrap(),
            names => client.write(&path, lists.text(names)),
        }
    }
    client
}

fn judge(row: &Row, client: &Client, string: &str, theirs: &Answer) -> Result<(), String> {
    let run = client.check(string);
    if (run.code, run.outcome().as_str()) != row.expected {
        return Err(format!(
            "expected {:?}: {}, psql: {theirs:?}",
            row.expected, run.stdout
        ));
    }
    let as_expected = match row.libpq {
        Libpq::Same => (*theirs == Answer::Tls) == (run.code == 0),
        Libpq::GoesOn => *theirs == Answer::Tls && run.code == 2,
        Libpq::DependsOnOpenssl | Libpq::VersionsDiffer => run.code != 0,
    };
    let named = run
        .findings()
        .contains(&"openssl-versions-differ".to_owned());
    if named != (row.libpq == Libpq::VersionsDiffer) {
        return Err(format!("versions differ: {named}, {}", run.stdout));
    }
    if !as_expected {
        return Err(format!("psql: {theirs:?}"));
    }
    // psql does not report a list that it cannot use, but pgtls must.
    let warned = run.findings().contains(&"crl-file-invalid".to_owned());
    if warned == row.warned {
        Ok(())
    } else {
        Err(format!("warning {warned}: {}", run.stdout))
    }
}

/// What `openssl rehash` makes of a directory is what sslcrldir means.
#[test]
fn a_rehashed_directory_is_found() {
    let Some((server, lists)) = ready() else {
        return;
    };
    for (names, code) in [(["R", "I"], 0), (["R", "I leaf"], 6)] {
        let client = Client::new();
        client.write("root.crt", lists.text("root"));
        client.write("crls/root.pem", lists.text(names[0]));
        client.write("crls/intermediate.pem", lists.text(names[1]));
        let string = format!(
            "{GOOD} port={} sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
            server.port
        );
        assert_eq!(client.check(&string).outcome(), "crl-missing");
        assert!(matches!(client.psql(&string), Answer::Refused(_)));
        Directory(&client.home.path().join("crls")).rehash();
        let run = client.check(&string);
        assert_eq!(run.code, code, "{run:?}");
        assert_eq!(client.psql(&string) == Answer::Tls, code == 0);
    }
}

/// Follows the advice for lists that have the names of certificates, one after the other.
#[cfg(unix)]
#[test]
fn a_list_under_the_name_of_a_certificate_is_renamed() {
    let Some((server, lists)) = ready() else {
        return;
    };
    let client = Client::new();
    client.write("root.crt", lists.text("root"));
    client.write("crls/root.pem", lists.text("R"));
    client.write("crls/intermediate.pem", lists.text("I"));
    let directory = client.home.path().join("crls");
    Directory(&directory).rehash();
    for entry in directory.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if let Some(hash) = name.strip_suffix(".r0") {
            std::fs::rename(&path, directory.join(format!("{hash}.0"))).unwrap();
        }
    }
    let string = format!(
        "{GOOD} port={} sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        server.port
    );
    for _ in 0..2 {
        let run = client.check(&string);
        assert_eq!(run.outcome(), "crl-missing", "{run:?}");
        let hint = run.hint();
        let command = hint.lines().rfind(|line| line.starts_with("    mv "));
        let command = command.unwrap_or_else(|| panic!("{hint}"));
        client.take_command(command.trim());
    }
    assert_eq!(client.check(&string).code, 0);
    // A list that has the right name is not replaced.
    for entry in directory.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "r0") {
            std::fs::rename(&path, path.with_extension("0")).unwrap();
            std::fs::write(&path, "").unwrap();
        }
    }
    let run = client.check(&string);
    assert_eq!(run.outcome(), "crl-missing", "{run:?}");
    assert!(!run.stdout.contains("    mv "), "{run:?}");
}

/// Follows the advice for a list in DER form.
#[test]
fn the_advised_command_fixes_a_list_in_der_form() {
    let Some((server, lists)) = ready() else {
        return;
    };
    let client = Client::new();
    client.write("root.crt", lists.text("root+R"));
    for (names, code) in [("I as DER", 0), ("I leaf as DER", 6)] {
        client.write("my list.crl", lists.text(names));
        let string = format!(
            "{GOOD} port={} sslmode=verify-full sslrootcert=root.crt",
            server.port
        );
        let run = client.check(&format!("{string} sslcrl='my list.crl'"));
        assert_eq!(run.outcome(), "crl-file-invalid", "{run:?}");
        client.take_advice(&run);
        let mended = format!("{string} sslcrl=crl-fixed.pem");
        assert_eq!(client.check(&mended).code, code);
        assert_eq!(client.psql(&mended) == Answer::Tls, code == 0);
    }
}

/// A list that no setting names is told with its path.
#[test]
fn the_list_of_the_home_directory_stands_in_the_report() {
    let Some((server, lists)) = ready() else {
        return;
    };
    let client = Client::new();
    client.write("root.crt", lists.text("root"));
    client.write(".postgresql/root.crl", lists.text("R"));
    let string = format!(
        "{GOOD} port={} sslmode=verify-full sslrootcert=root.crt",
        server.port
    );
    let run = client.check(&string);
    assert_eq!(run.outcome(), "crl-missing", "{run:?}");
    let endpoint = run.endpoint();
    let path = client.home.path().join(".postgresql/root.crl");
    let path = path.to_str().unwrap();
    assert_eq!(endpoint["trust"]["crl"], format!("{path} (home)"));
    let hint = run.hint();
    assert!(hint.contains(path) && hint.contains("remove it"), "{hint}");
    let text = client.pgtls(&["check", &string]).stdout;
    assert!(text.contains("crl    "), "{text}");
}

/// The bad request is explained: the path as written, the absolute path, the fault.
#[test]
fn a_named_list_that_is_unusable_is_reported_with_its_path() {
    if !has_openssl() {
        return;
    }
    let lists = Lists::new();
    let client = Client::new();
    client.write("root.crt", lists.text("root"));
    client.write("der.crl", lists.text("I as DER"));
    for (setting, code, parts) in [
        (
            "sslcrl=rot.crl",
            "crl-file-missing",
            &["\"rot.crl\"", "does not exist", "check no revocation"][..],
        ),
        (
            "sslcrl=der.crl",
            "crl-file-invalid",
            &["\"der.crl\"", "DER", "openssl crl -inform der -in der.crl"],
        ),
        (
            "sslcrldir=crls",
            "crl-file-missing",
            &["\"crls\"", "does not exist"],
        ),
    ] {
        let string = format!("{GOOD} port=1 sslrootcert=root.crt {setting}");
        let run = client.check(&string);
        assert_eq!((run.code, run.outcome().as_str()), (2, code), "{run:?}");
        let error = run.endpoint()["error"].take();
        let text = format!("{} {}", error["message"], error["hint"]).replace("\\\"", "\"");
        let home = client.home.path().to_str().unwrap();
        for part in parts.iter().chain([&home]) {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
