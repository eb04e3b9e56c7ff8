//! Strings that are not what their line seems to say: a shell or a later line takes a part, or the environment adds one.

use super::verdicts;
use crate::scan::repositories::findings;
use crate::support::client::Client;

/// A shell takes what stands behind the sign for the next command.
#[test]
fn a_uri_whose_settings_a_shell_cuts_off_does_not_pass() {
    const URI: &str = "postgresql://u@db.acme.io/d?sslrootcert=/r&sslmode=verify-full";
    for (name, text, expected) in [
        ("a.sh", format!("export DATABASE_URL={URI}\n"), "fail"),
        ("a.sh", format!("DATABASE_URL={URI} ./app\n"), "fail"),
        ("a.sh", format!("psql {URI} -c 'select 1'\n"), "fail"),
        ("a.sh", format!("pg_dump {URI} > x\n"), "fail"),
        ("a.sh", format!("export DATABASE_URL='{URI}'\n"), "pass"),
        (
            "a.sh",
            format!("export DATABASE_URL={}\n", URI.replace('&', "\\&")),
            "pass",
        ),
        (
            "a.sh",
            "psql postgresql://u@db.acme.io/d?sslmode=verify-full& wait\n".to_owned(),
            "pass",
        ),
        ("Dockerfile", format!("FROM x\nCMD psql {URI}\n"), "fail"),
        (
            "Dockerfile",
            format!("FROM x\nENV DATABASE_URL={URI}\n"),
            "pass",
        ),
        ("Makefile", format!("a:\n\tpsql {URI}\n"), "fail"),
        ("Makefile", format!("export DATABASE_URL = {URI}\n"), "pass"),
        (
            "ci.yml",
            format!("jobs:\n  b:\n    steps:\n      - run: psql {URI} -c x\n"),
            "fail",
        ),
        (
            "ci.yml",
            format!("jobs:\n  b:\n    steps:\n      - run: DATABASE_URL={URI} ./app\n"),
            "fail",
        ),
        ("ci.yml", format!("env:\n  DATABASE_URL: {URI}\n"), "pass"),
        (".env", format!("DATABASE_URL={URI}\n"), "pass"),
        (
            "a.service",
            format!("[Service]\nExecStart=/usr/bin/psql {URI} -c x\n"),
            "pass",
        ),
    ] {
        assert_eq!(verdicts(&[(name, &text)]), [expected], "{name}: {text}");
    }
    let client = Client::new();
    client.write(
        "a.sh",
        format!("export U={}\n", URI.replace("u@", "u:quietharbour@")),
    );
    let run = client.pgtls(&["scan", "--format", "json"]);
    assert_eq!(
        findings(&run.json()),
        [
            "error a.sh:1 committed-secret",
            "error a.sh:1 mangled-conninfo"
        ],
        "{run:?}"
    );
}

#[test]
fn a_variable_that_a_later_line_changes_does_not_pass() {
    for (line, expected) in [
        ("URL=\"${URL/verify-full/disable}\"", "unknown"),
        ("URL+=\"&sslmode=disable\"", "unknown"),
        ("URL=\"$URL&sslmode=disable\"", "unknown"),
        ("URL=\"$URL&connect_timeout=3\"", "pass"),
        ("psql \"$URL\"", "pass"),
    ] {
        let script = format!("URL=\"postgresql://u@db.acme.io/d?sslmode=verify-full\"\n{line}\n");
        assert_eq!(verdicts(&[("a.sh", &script)]), [expected], "{script}");
    }
}

/// A string without a server has that of the variables, and is no local one.
#[test]
fn a_string_without_a_server_has_that_of_its_environment() {
    for (name, text, expected) in [
        (
            ".env",
            "PGHOST=db.acme.io\nDATABASE_URL=postgresql:///d\n",
            "fail",
        ),
        (
            ".env",
            "PGHOST=${H}\nDATABASE_URL=postgresql:///d\n",
            "unknown",
        ),
        (
            ".env",
            "PGHOST=/run/postgresql\nDATABASE_URL=postgresql:///d\n",
            "pass",
        ),
        (".env", "DATABASE_URL=postgresql:///d\n", "pass"),
        (
            ".env",
            "PGHOST=db.acme.io\nDATABASE_URL=postgresql://localhost/d\n",
            "pass",
        ),
        (
            ".env",
            "PGHOST=db.acme.io\nDATABASE_URL=postgresql:///d?sslmode=verify-full\n",
            "pass",
        ),
        (
            "compose.yml",
            "services:\n  a:\n    environment:\n      PGHOST: db.acme.io\n      DATABASE_URL: postgresql:///d\n",
            "fail",
        ),
        (
            "ci.yml",
            "env:\n  PGHOST: db.acme.io\njobs:\n  a:\n    steps:\n      - run: psql postgresql:///d\n",
            "fail",
        ),
        (
            "a.sh",
            "export PGHOST=db.acme.io\npsql postgresql:///d\n",
            "fail",
        ),
        ("a.sh", "PGHOST=db.acme.io psql postgresql:///d\n", "fail"),
        (
            "a.sh",
            "psql $MORE 'host=db.acme.io sslmode=verify-full'\n",
            "unknown",
        ),
        (
            "a.sh",
            "psql -d \"$X\" 'host=db.acme.io sslmode=verify-full'\n",
            "unknown",
        ),
    ] {
        assert_eq!(verdicts(&[(name, text)]), [expected], "{name}: {text}");
    }
    let unit = "[Service]\nEnvironment=PGHOST=db.acme.io\nEnvironment=PGSSLMODE=verify-full\nExecStart=/usr/bin/psql";
    for (arguments, expected) in [("sslmode=disable", "fail"), ("-c x", "pass")] {
        let unit = format!("{unit} {arguments}\n");
        assert_eq!(verdicts(&[("a.service", &unit)]), [expected], "{unit}");
    }
}

/// Of psql, in a file with statements.
#[test]
fn a_connection_of_a_file_with_statements_is_found_without_quotes() {
    for (line, expected) in [
        (
            "\\connect postgresql://u@db.acme.io/d?sslmode=disable",
            vec!["fail"],
        ),
        (
            "\\c postgresql://u@db.acme.io/d?sslmode=verify-full",
            vec!["pass"],
        ),
        (
            "\\c 'postgresql://u@db.acme.io/d?sslmode=disable'",
            vec!["fail"],
        ),
        ("\\connect d", vec![]),
        ("-- postgresql://u@db.acme.io/d?sslmode=disable", vec![]),
    ] {
        assert_eq!(
            verdicts(&[("a.sql", &format!("{line}\n"))]),
            expected,
            "{line}"
        );
    }
}

/// A person finds a string in it, and a program takes all of it.
#[test]
fn a_variable_with_more_than_its_string_does_not_pass() {
    const URI: &str = "postgresql://u@db.acme.io/d?sslmode=verify-full";
    for (key, value, expected) in [
        ("DATABASE_URL", format!("psql '{URI}'"), vec!["fail"]),
        ("DATABASE_URL", format!("pg_dump '{URI}'"), vec!["fail"]),
        ("DATABASE_URL", format!("DATABASE_URL={URI}"), vec!["fail"]),
        ("DATABASE_URL", URI.to_owned(), vec!["pass"]),
        ("BACKUP", format!("pg_dump '{URI}'"), vec!["pass"]),
    ] {
        let env = format!("{key}={value}\n");
        assert_eq!(verdicts(&[(".env", &env)]), expected, "{env}");
        let compose = format!("services:\n  a:\n    environment:\n      {key}: {value}\n");
        assert_eq!(
            verdicts(&[("compose.yml", &compose)]),
            expected,
            "{compose}"
        );
    }
}
