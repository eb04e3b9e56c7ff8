//! Strings of other drivers: what the program says. `compared` has what the drivers' own parsers find in them.

mod compared;
mod driver_files;
mod newcomers;
mod parsers;
mod spied;

use std::sync::Arc;

use rcgen::{DnType, KeyUsagePurpose};

use crate::support::client::{Client, Run};
use crate::support::fed::fed;
use crate::support::peer::Peer;
use crate::support::pki::{Ca, Served};
use crate::support::serving::{TLS13, plain};

#[test]
fn a_report_says_how_the_string_was_read() {
    let port = crate::support::scripted::answering(b"N");
    let client = Client::new();
    let string = format!(
        "jdbc:postgresql://127.0.0.1:{port}/d?sslmode=require&sslrootcert=root.crt&sslMode=x"
    );
    let run = client.check(&string);
    assert_eq!((run.code, run.outcome().as_str()), (4, "no-tls"), "{run:?}");
    assert_eq!(run.endpoint()["dialect"], "jdbc");
    let findings = run.findings();
    assert!(
        findings.contains(&"foreign-dialect".to_owned()),
        "{findings:?}"
    );
    let differs = findings.iter().filter(|code| *code == "setting-differs");
    assert_eq!(differs.count(), 2, "{findings:?}");
    let text = client.pgtls(&["check", &string]);
    assert!(text.stdout.contains("read as a pgjdbc URL"), "{text:?}");
    let short = client.pgtls(&[&string]);
    assert_eq!(short.code, 4, "{short:?}");
    assert!(short.stdout.contains("read as a pgjdbc URL"), "{short:?}");
}

/// Strings that nobody should read as anything, with their codes.
const REFUSED: &[(&str, &str)] = &[
    ("", "empty-conninfo"),
    ("\"postgres://h/d\"", "mangled-conninfo"),
    ("$DATABASE_URL", "mangled-conninfo"),
    ("db.example.com:5432", "mangled-conninfo"),
    ("host=h;port=1;dbname=d", "mangled-conninfo"),
    ("HOST=h", "mangled-conninfo"),
    ("mysql://u@h/d", "other-database"),
    (
        "postgresql://h/d?sslfactory=x&sslaccept=strict",
        "ambiguous-dialect",
    ),
    ("jdbc:postgresql://u:p@h/d", "refused-by-driver"),
    ("Host=h;Database=d;Foo=1", "unknown-keyword"),
    ("host=tcp://h:5432", "invalid-value"),
    ("host=\"h\"", "invalid-value"),
];

#[test]
fn what_nobody_can_mean_is_refused_with_its_name() {
    let client = Client::new();
    for (string, code) in REFUSED {
        for command in ["check", "audit", "conninfo"] {
            let run = client.pgtls(&[command, "--format", "json", string]);
            assert_eq!(
                (run.code, run.outcome().as_str()),
                (2, *code),
                "{command} {string}: {run:?}"
            );
        }
    }
}

#[test]
fn a_string_comes_from_standard_input_from_a_variable_or_from_an_env_file() {
    let client = Client::new()
        .with("APP_URL", "jdbc:postgresql://h/d")
        .with("UNSET", "");
    let dialect = |run: &Run| {
        run.json()["dialect"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let from_variable = client.pgtls(&["conninfo", "--format", "json", "--env", "APP_URL"]);
    assert_eq!(dialect(&from_variable), "jdbc");
    let unset = client.pgtls(&["check", "--format", "json", "--env", "UNSET"]);
    assert_eq!(
        (unset.code, unset.outcome().as_str()),
        (2, "empty-conninfo")
    );
    assert_eq!(client.pgtls(&["check", "--env", "MISSING"]).code, 2);
    let mut command = client.command(&["conninfo", "--format", "json", "-"]);
    let output = fed(&mut command, "ecto://u@h/d?ssl=true\r\n").unwrap();
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("\"ecto\""),
        "{output:?}"
    );

    client.write(".env", "# app\nDEBUG=1\nREDIS_URL=redis://r\nDATABASE_URL=\"postgres://u@127.0.0.1:1/d?sslmode=require\"\nREPORTS='jdbc:postgresql://127.0.0.1:1/r'\n");
    let run = client.pgtls(&["check", "--format", "json", "--from", ".env"]);
    let endpoints = run.json()["endpoints"].clone();
    let lines: Vec<u64> = endpoints
        .as_array()
        .unwrap()
        .iter()
        .map(|endpoint| endpoint["location"]["line"].as_u64().unwrap())
        .collect();
    assert_eq!((run.code, lines), (3, vec![4, 5]), "{run:?}");
}

/// A group of variables, a string and what may be meant as one are endpoints, each with its line.
#[test]
fn no_line_of_an_env_file_is_passed_over() {
    let client = Client::new();
    client.write(
        ".env",
        "PGHOST=127.0.0.1\nPGPORT=1\nPGSSLMODE=require\nDEBUG=1\n\
         DATABASE_URL=postgres://u@127.0.0.1:1/d?sslmode=require\n\
         REPLICA_DSN=host=127.0.0.1 prt=1\nSPARE_DSN=${SPARE}\n",
    );
    let run = client.pgtls(&["check", "--format", "json", "--from", ".env"]);
    let report = run.json();
    let found: Vec<(u64, &str)> = report["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|endpoint| {
            (
                endpoint["location"]["line"].as_u64().unwrap(),
                endpoint["error"]["code"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (1, "refused"),
        (5, "refused"),
        (6, "unknown-keyword"),
        (7, "mangled-conninfo"),
    ];
    assert_eq!(found, expected, "{run:?}");
    let text = client.pgtls(&["check", "--from", ".env"]).stdout;
    assert!(text.contains("FAIL  .env:6  exit 2"), "{text}");
    let misspelt = &report["endpoints"][2]["error"];
    assert!(
        misspelt["message"].as_str().unwrap().contains("\"prt\""),
        "{misspelt}"
    );
}

#[test]
fn quotes_that_a_shell_has_eaten_are_missed() {
    let client = Client::new()
        .with("PGHOST", "127.0.0.1")
        .with("PGPORT", "1");
    let run = client.pgtls(&[
        "check",
        "host=127.0.0.1",
        "port=1",
        "sslmode=require",
        "password=hunter2",
    ]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stderr
            .contains("\"host=127.0.0.1 port=1 sslmode=require password=********\""),
        "{run:?}"
    );
    let two = client.pgtls(&[
        "check",
        "host=127.0.0.1 port=1 sslmode=require",
        "host=127.0.0.1 port=1 sslmode=require",
    ]);
    assert_eq!(two.code, 3, "{two:?}");
}

/// Go takes no common name, libpq does. And a string that a driver means as verify-full is verified.
#[test]
fn what_the_driver_decides_differently_is_said() {
    let root = Ca::root("Test Root");
    let no_san = root.leaf_with(&[], |params| {
        params
            .distinguished_name
            .push(DnType::CommonName, "localhost")
    });
    let peer = serve(&no_san);
    let port = peer.port;
    let client = Client::trusting(&root);
    let place = format!("localhost:{port}/d");
    let go = client.check(&format!(
        "postgres://u@{place}?pool_max_conns=4&sslmode=verify-full&sslrootcert=root.crt"
    ));
    assert_eq!((go.code, go.outcome().as_str()), (0, "pass"), "{go:?}");
    assert!(
        go.findings().contains(&"driver-differs".to_owned()),
        "{go:?}"
    );
    let jdbc = client.check(&format!(
        "jdbc:postgresql://{place}?user=u&ssl=true&sslrootcert=root.crt"
    ));
    assert_eq!(
        (jdbc.code, jdbc.endpoint()["sslmode"].as_str()),
        (0, Some("verify-full")),
        "{jdbc:?}"
    );
    assert!(
        !jdbc.findings().contains(&"driver-differs".to_owned()),
        "{jdbc:?}"
    );
    let other = client.check(&format!(
        "jdbc:postgresql://127.0.0.1:{port}/d?user=u&ssl=true&sslrootcert=root.crt"
    ));
    assert_eq!(other.code, 7, "{other:?}");
    // A class of another package may accept anything, whatever its name.
    for setting in [
        "sslhostnameverifier=com.acme.All",
        "sslfactory=com.acme.All",
        "sslfactory=com.acme.LibPQFactory",
        "sslfactory=org.postgresql.sslx.LibPQFactory",
    ] {
        let string =
            format!("jdbc:postgresql://{place}?user=u&ssl=true&sslrootcert=root.crt&{setting}");
        let run = client.check(&string);
        assert_eq!(run.code, 0, "{run:?}");
        let run = client.pgtls(&["check", "--format", "json", "--require-verified", &string]);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (1, "not-authenticated"),
            "{run:?}"
        );
    }
    let weak = client.check(&format!(
        "jdbc:postgresql://127.0.0.1:{port}/d?user=u&sslmode=require&sslrootcert=root.crt"
    ));
    assert_eq!(
        (weak.code, weak.endpoint()["authenticated"].as_bool()),
        (0, Some(false)),
        "{weak:?}"
    );
}

/// Every driver with rules of its own says so: Java needs digitalSignature, Python takes no address from a common name, and
/// native-tls reads the first certificate of a file only.
#[test]
fn each_drivers_own_rules_count() {
    let root = Ca::root("Test Root");
    let client = Client::trusting(&root);
    client.write(
        "two.crt",
        [Ca::root("Other Root").pem.clone(), root.pem.clone()].concat(),
    );
    let no_signature = root.leaf_with(&["localhost"], |params| {
        params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    });
    let by_common_name = root.leaf_with(&[], |params| {
        params
            .distinguished_name
            .push(DnType::CommonName, "127.0.0.1")
    });
    let good = root.leaf(&["localhost"]);
    let client = client.with("PGSSLROOTCERT", "root.crt");
    for (served, string, expected) in [
        (
            &no_signature,
            "r2dbc:postgresql://u@localhost:PORT/d?sslMode=verify-full&sslRootCert=root.crt",
            "r2dbc-postgresql refuses this server",
        ),
        (
            &good,
            "r2dbc:postgresql://u@localhost:PORT/d?sslMode=verify-full&sslRootCert=root.crt",
            "",
        ),
        (
            &by_common_name,
            "postgresql+asyncpg://u@127.0.0.1:PORT/d?ssl=verify-full",
            "asyncpg refuses this server",
        ),
        (
            &by_common_name,
            "postgresql+psycopg://u@127.0.0.1:PORT/d?sslmode=verify-full",
            "",
        ),
        (
            &good,
            "postgresql://u@localhost:PORT/d?schema=public&sslmode=require&sslaccept=strict&sslcert=two.crt",
            "Prisma refuses this server",
        ),
        (
            &good,
            "postgresql://u@localhost:PORT/d?schema=public&sslmode=require&sslaccept=strict&sslcert=root.crt",
            "",
        ),
        (
            &good,
            "Driver={PostgreSQL Unicode};Server=localhost;Port=PORT;SSLmode=verify-full",
            "",
        ),
    ] {
        let peer = serve(served);
        let string = string.replace("PORT", &peer.port.to_string());
        let run = client.check(&string);
        assert_eq!((run.code, run.outcome().as_str()), (0, "pass"), "{run:?}");
        let differs = run.findings().contains(&"driver-differs".to_owned());
        assert_eq!(differs, !expected.is_empty(), "{string}: {run:?}");
        assert!(run.stdout.contains(expected), "{string}: {run:?}");
    }
}

fn serve(served: &Served) -> Peer {
    let config = Arc::new(plain(served, TLS13));
    Peer::start(move |conversation| {
        let session = conversation.tls(&config)?;
        session.sock.finish()
    })
}

#[cfg(unix)]
#[test]
fn a_translation_says_the_same_or_why_it_cannot() {
    let client = Client::new();
    let string = "host=h port=1 user=u password=hunter2 sslmode=verify-full sslrootcert=/r.crt";
    for (target, expected) in [
        (
            "jdbc",
            "jdbc:postgresql://h:1/?user=u&password=********&sslmode=verify-full&sslrootcert=/r.crt",
        ),
        (
            "adonet",
            "Host=h;Port=1;Username=u;Password=********;SSL Mode=VerifyFull;Root Certificate=/r.crt",
        ),
        (
            "prisma",
            "postgresql://u:********@h:1/?sslmode=require&sslaccept=strict&sslcert=/r.crt",
        ),
        (
            "r2dbc",
            "r2dbc:postgresql://u:********@h:1/?sslMode=VERIFY_FULL&sslRootCert=/r.crt",
        ),
        (
            "psql-command",
            "psql 'host=h port=1 user=u password=******** sslmode=verify-full sslrootcert=/r.crt'",
        ),
    ] {
        let run = client.pgtls(&["translate", "--to", target, string]);
        assert_eq!(
            (run.code, run.stdout.lines().next()),
            (0, Some(expected)),
            "{run:?}"
        );
    }
    // By the root in the home directory, libpq verifies; other drivers must be told.
    client.write(".postgresql/root.crt", &Ca::root("Test Root").pem);
    let file = client.home.path().join(".postgresql/root.crt");
    let home = client.pgtls(&["translate", "--to", "jdbc", "host=h sslmode=require"]);
    let expected = format!(
        "jdbc:postgresql://h:5432/?sslmode=verify-ca&sslrootcert={}",
        file.display()
    );
    assert_eq!(home.stdout.lines().next(), Some(&*expected), "{home:?}");
    let empty = client.pgtls(&[
        "translate",
        "--to",
        "jdbc",
        "host=h sslmode=require sslrootcert=''",
    ]);
    assert_eq!(empty.stdout.lines().next(), Some(&*expected), "{empty:?}");
    // A CRL cannot be said to pgjdbc.
    client.write(".postgresql/root.crl", "");
    let revoked = client.pgtls(&["translate", "--to", "jdbc", "host=h sslmode=require"]);
    assert_eq!(revoked.code, 1, "{revoked:?}");
    let plain = client.pgtls(&["translate", "--to", "jdbc", "host=h sslmode=prefer"]);
    assert!(!plain.stdout.contains("root.crt"), "{plain:?}");
    // libpq takes the key at home for a certificate that is elsewhere, too.
    client.write(".postgresql/postgresql.key", "");
    let key = client.home.path().join(".postgresql/postgresql.key");
    let own = "host=h sslmode=disable sslcert=/c.crt";
    let keyed = client.pgtls(&["translate", "--to", "go", own]);
    let said = format!("sslcert=/c.crt&sslkey={}", key.display());
    assert!(keyed.stdout.contains(&said), "{keyed:?}");
    let keyless = client.pgtls(&["translate", "--to", "go", "host=h sslmode=disable"]);
    assert!(!keyless.stdout.contains("sslkey"), "{keyless:?}");
    let lost = client.pgtls(&["translate", "--to", "ecto", "--format", "json", string]);
    let said = &lost.json()["translations"][0];
    assert_eq!(
        (lost.code, said["kept"].as_bool()),
        (1, Some(false)),
        "{lost:?}"
    );
    assert!(
        said["program"].as_str().unwrap().contains("cacertfile"),
        "{lost:?}"
    );
}
