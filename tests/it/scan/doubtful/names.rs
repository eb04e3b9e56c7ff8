//! Names of files, programs and keys that say how something is read.

use super::verdicts;
use crate::scan::repositories::findings;
use crate::support::client::Client;

#[test]
fn rules_of_service_files_are_for_no_others() {
    for (name, text, expected) in [
        (
            "pg_service.yml",
            "host: db.acme.io\ndbname: d\nsslmode: disable\n",
            "fail",
        ),
        (
            "pg_service.yml",
            "host: db.acme.io\ndbname: d\nsslmode: verify-full\n",
            "pass",
        ),
        (
            "pg_service.json",
            "{\n  \"host\": \"db.acme.io\",\n  \"dbname\": \"d\",\n  \"sslmode\": \"disable\"\n}\n",
            "fail",
        ),
        (
            "pg_service.py",
            "import psycopg2\npsycopg2.connect(\n    host='db.acme.io',\n    dbname='d',\n    sslmode='verify-full',\n)\n",
            "pass",
        ),
        (
            "pg_service.env",
            "DB_HOST=db.acme.io\nDB_NAME=d\nDB_USER=u\nDB_SSLMODE='verify-full'\n",
            "pass",
        ),
        // Files of services with other endings.
        (
            "pg_service.prod",
            "[a]\nhost=db.acme.io\ndbname=d\nsslmode = verify-full\n",
            "unknown",
        ),
        (
            "pg_service",
            "[a]\nhost=db.acme.io\ndbname=d\nsslmode=verify-full\n",
            "pass",
        ),
    ] {
        assert_eq!(verdicts(&[(name, text)]), [expected], "{name}: {text}");
    }
}

/// `gosu` runs a program, and `su` a script.
#[test]
fn the_name_of_a_program_says_whether_it_runs_scripts() {
    let words = "postgres echo 'a; PGSSLMODE=disable psql -h db.acme.io'";
    for (program, expected) in [
        ("su", vec!["fail"]),
        ("/sbin/runuser", vec!["fail"]),
        ("gosu", vec![]),
    ] {
        let script = format!("export PGSSLMODE=verify-full\n{program} {words}\n");
        assert_eq!(verdicts(&[("a.sh", &script)]), expected, "{script}");
    }
    for (program, expected) in [
        ("/usr/bin/xargs", "unknown"),
        ("gxargs", "unknown"),
        ("run-xargs", "pass"),
    ] {
        let script = format!("echo x | {program} psql 'host=db.acme.io sslmode=verify-full' -d\n");
        assert_eq!(verdicts(&[("a.sh", &script)]), [expected], "{script}");
    }
}

#[test]
fn keys_above_commands_are_those_above_lists() {
    for key in ["run", "Run", "commands", "Command", "before_script"] {
        for command in [
            "PGSSLMODE=disable psql -h db.acme.io -d d",
            "|\n  PGSSLMODE=disable psql -h db.acme.io -d d\n  true",
        ] {
            let text = format!("env:\n  PGSSLMODE: verify-full\n{key}: {command}\n");
            assert_eq!(verdicts(&[("a.yml", &text)]), ["fail"], "{text}");
        }
    }
    // A variable, which a recipe runs with the mode above it.
    let make = "export PGSSLMODE = verify-full\nCMD = psql -h db.acme.io -d d\nrun:\n\t$(CMD)\n";
    assert_eq!(verdicts(&[("Makefile", make)]), ["unknown"]);
}

#[test]
fn variables_in_a_list_on_one_line_are_set() {
    for (mode, expected) in [("disable", "fail"), ("verify-full", "pass")] {
        let compose = format!(
            "services:\n  a:\n    environment: [PGHOST=db.acme.io, PGUSER=u, 'PGSSLMODE={mode}']\n"
        );
        assert_eq!(verdicts(&[("compose.yml", &compose)]), [expected]);
    }
    let compose = "env:\n  PGSSLMODE: verify-full\nservices:\n  a:\n    environment: [PGSSLMODE=disable]\n    command: psql -h db.acme.io -d d\n";
    assert_eq!(verdicts(&[("compose.yml", compose)]), ["fail"]);
}

/// Whatever the key is called.
#[test]
fn a_command_has_the_variables_before_it() {
    let command = "PGSSLMODE=disable psql -h db.acme.io -d d";
    for (name, text) in [
        ("a.yml", format!("x: ['{command}']\n")),
        ("a.yml", format!("x:\n  - {command}\n")),
        ("a.yml", format!("x: {command}\n")),
        ("a.json", format!("{{\"x\": [\"{command}\"]}}\n")),
        ("a.json", format!("{{\"x\": \"{command}\"}}\n")),
    ] {
        assert_eq!(verdicts(&[(name, &text)]), ["fail"], "{text}");
    }
}

/// A password that a sum names is the one of the command all the same.
#[test]
fn the_password_of_a_command_is_in_the_file_whatever_a_sum_names() {
    let client = Client::new();
    let script = "export PGPASSWORD=quietharbour\n: $((x + PGPASSWORD))\npsql -h db.acme.io -d d\n";
    client.write("a.sh", script);
    let run = client.pgtls(&["scan", "--format", "json"]);
    let found = findings(&run.json());
    let secret = "error a.sh:1 committed-secret".to_owned();
    assert!(found.contains(&secret), "{run:?}");
}

/// Where no shell reads the URI, its `&` needs no quotes.
#[test]
fn a_sign_in_a_uri_is_text_where_no_shell_reads_it() {
    let url = "postgresql://u@db.acme.io/d?sslrootcert=/c.crt&sslmode=verify-full";
    for (name, text) in [
        (
            "a.sh",
            format!("cat > .env <<EOF\nDATABASE_URL={url}\nEOF\n"),
        ),
        (
            "compose.yml",
            format!("services:\n  a:\n    command: psql {url} -c x\n"),
        ),
    ] {
        let client = Client::new();
        client.write(name, &text);
        let found = findings(&client.pgtls(&["scan", "--format", "json"]).json());
        assert!(found.is_empty(), "{text}: {found:?}");
        assert_eq!(verdicts(&[(name, &text)]), ["pass"], "{text}");
    }
}

/// What a command, or another spelling, makes of a string that verifies.
#[test]
fn a_string_that_is_changed_where_it_is_used_is_unknown() {
    let url = "postgresql://u@db.acme.io/d?sslmode=verify-full";
    for (name, text) in [
        (
            "a.sh",
            format!("URL='{url}'\npsql \"$URL&sslmode=disable\"\n"),
        ),
        (
            "a.sh",
            format!("URL='{url}'\npsql \"${{URL/verify-full/disable}}\" -c x\n"),
        ),
        ("a.sh", format!("URL='{url}'\npsql \"${{URL%%\\?*}}\"\n")),
        (
            "A.cs",
            "var cs = \"Host=db.acme.io;SSL Mode=VerifyFull\";\ncs += \";SSL Mode=Disable\";\n"
                .to_owned(),
        ),
    ] {
        assert_eq!(verdicts(&[(name, &text)]), ["unknown"], "{text}");
    }
    let same = format!("URL='{url}'\npsql \"$URL\" -c 'select 1'\n");
    assert_eq!(verdicts(&[("a.sh", &same)]), ["pass"]);
    let both =
        "var cs = \"Host=db.acme.io;SSL Mode=VerifyFull\";\nvar more = \"SslMode=VerifyFull\";\n";
    assert_eq!(verdicts(&[("A.cs", both)]), ["pass"]);
}
