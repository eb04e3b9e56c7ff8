//! Trees that look as if every connection were verified, and are not: none of them passes.

mod commands;
mod environments;
mod names;
mod programs;
mod strings;

use std::collections::BTreeSet;

use serde_json::Value;

use super::repositories::findings;
use crate::support::client::Client;

/// The verdicts of all strings in these files, in the order of files and lines.
pub(super) fn verdicts(files: &[(&str, &str)]) -> Vec<String> {
    let client = Client::new();
    for (name, text) in files {
        client.write(name, text);
    }
    let run = client.pgtls(&["scan", "--format", "json"]);
    let report: Value = run.json();
    let strings = report["strings"].as_array().unwrap().iter();
    let verdict = |one: &Value| one["verdict"].as_str().unwrap().to_owned();
    strings.map(verdict).collect()
}

const VERIFIED: &str = "postgres://u@db.acme.io/d?sslmode=verify-full&sslrootcert=/r";

/// Each program that uses a string has settings of its own.
#[test]
fn the_less_careful_user_of_a_string_counts() {
    let pool = |ssl: &str| format!("new Pool({{ connectionString: DB_URL, {ssl} }});\n");
    let careful = pool("ssl: { rejectUnauthorized: true }");
    for (other, verdict) in [
        (careful.clone(), "pass"),
        (pool("ssl: { rejectUnauthorized: false }"), "fail"),
        (pool("max: 3"), "fail"),
        (pool("ssl: settings()"), "unknown"),
    ] {
        for pools in [format!("{careful}{other}"), format!("{other}{careful}")] {
            let text = format!("const DB_URL = 'postgres://u@db.acme.io/d';\n{pools}");
            assert_eq!(verdicts(&[("a.js", &text)]), [verdict], "{text}");
        }
    }
    // Two strings with one name belong to the programs behind them.
    let text = format!(
        "DB_URL = 'postgres://u@db.acme.io/d';\n{careful}DB_URL = 'postgres://u@e.acme.io/d';\n{}",
        pool("ssl: { rejectUnauthorized: false }")
    );
    assert_eq!(verdicts(&[("a.js", &text)]), ["pass", "fail"]);
}

/// Node takes `require` for verify-full, and psql does not.
#[test]
fn a_variable_with_two_readers_is_judged_for_the_less_careful() {
    let env = (
        ".env",
        "DATABASE_URL=postgres://u@db.acme.io/d?sslmode=require\n",
    );
    let node = (
        "db.js",
        "import { Pool } from 'pg'\nnew Pool({ connectionString: process.env.DATABASE_URL })\n",
    );
    assert_eq!(verdicts(&[env, node]), ["pass"]);
    for other in [
        ("bin/dump.sh", "pg_dump -f x \"$DATABASE_URL\"\n"),
        ("Makefile", "dump:\n\tpsql $(DATABASE_URL)\n"),
        (
            "job.py",
            "import psycopg2\nc = psycopg2.connect(os.environ['DATABASE_URL'])\n",
        ),
        (
            "prisma/schema.prisma",
            "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n",
        ),
    ] {
        let found = verdicts(&[env, node, other]);
        assert!(found.contains(&"fail".to_owned()), "{other:?}: {found:?}");
    }
}

/// The variable of one string says nothing of another.
#[test]
fn each_string_of_a_text_has_its_own_mode() {
    let text =
        "A='postgres://u@db.acme.io/d?sslmode=${MODE} postgres://u@e.acme.io/d?sslmode=disable'\n";
    assert_eq!(verdicts(&[(".env", text)]), ["unknown", "fail"]);
    let text = format!("A = ['{VERIFIED}', 'postgres://u@db.acme.io/d']\n");
    assert_eq!(verdicts(&[("a.py", &text)]), ["pass", "fail"]);
    let text = format!("A={VERIFIED},postgres://u@e.acme.io/d\n");
    let found: BTreeSet<String> = verdicts(&[(".env", &text)]).into_iter().collect();
    assert!(found.contains("fail"), "{found:?}");
}

/// The last value of a name counts.
#[test]
fn a_name_that_is_set_twice_has_its_last_value() {
    for (name, text) in [
        (
            ".env",
            "DB_HOST=db.acme.io\nDB_PORT=5432\nDB_SSLMODE=verify-full\nDB_SSLMODE=disable\n",
        ),
        (
            "config/database.yml",
            "production:\n  adapter: postgresql\n  host: db.acme.io\n  database: d\n  sslmode: verify-full\n  sslmode: disable\n",
        ),
    ] {
        assert_eq!(verdicts(&[(name, text)]), ["fail"], "{name}");
    }
    // libpq takes the first of a service file.
    let text = "[a]\nhost=db.acme.io\nsslmode=disable\nsslmode=verify-full\n";
    assert_eq!(verdicts(&[("pg_service.conf", text)]), ["fail"]);
}

/// Python reads the second literal, and drops it.
#[test]
fn a_literal_of_the_next_statement_is_no_part_of_a_string() {
    let text = "URL = 'postgres://u@db.acme.io/d'\n'?sslmode=verify-full&sslrootcert=/r'\n";
    assert_eq!(verdicts(&[("a.py", text)]), ["fail"]);
    let text = "URL = ('postgres://u@db.acme.io/d'\n '?sslmode=verify-full&sslrootcert=/r')\n";
    assert_eq!(verdicts(&[("a.py", text)]), ["pass"]);
}

#[test]
fn a_value_under_a_condition_is_not_the_value() {
    for text in [
        "c = psycopg2.connect(host='db.acme.io', port=5432, sslmode='verify-full' if production else 'disable')\n",
        "c = connect(host='db.acme.io', port=5432, user='u', sslmode=mode == 'x' and 'verify-full')\n",
    ] {
        assert_eq!(verdicts(&[("a.py", text)]), ["unknown"], "{text}");
    }
}

/// Arguments of a call replace what the string in it says.
#[test]
fn arguments_beside_a_string_count() {
    for (name, call, verdict) in [
        (
            "a.py",
            "psycopg2.connect('STRING', sslmode='disable')",
            "fail",
        ),
        (
            "a.py",
            "psycopg2.connect('STRING', sslmode=mode)",
            "unknown",
        ),
        (
            "a.py",
            "psycopg2.connect(dsn='STRING', sslmode='prefer')",
            "fail",
        ),
        ("a.py", "asyncpg.connect('STRING', ssl=False)", "fail"),
        ("a.py", "asyncpg.connect('STRING', ssl=context)", "unknown"),
        ("a.py", "asyncpg.connect('STRING', timeout=3)", "pass"),
        (
            "a.py",
            "create_engine('STRING', connect_args={'sslmode': 'disable'})",
            "fail",
        ),
        (
            "a.ts",
            "const sql = postgres('STRING', { ssl: false })",
            "fail",
        ),
        (
            "a.ts",
            "const sql = postgres('STRING', { ssl: { rejectUnauthorized: false } })",
            "fail",
        ),
        ("a.ts", "const sql = postgres('STRING', { max: 3 })", "pass"),
        (
            "a.go",
            "func f() {\n c, _ := pgx.ParseConfig(\"STRING\")\n c.TLSConfig = &tls.Config{InsecureSkipVerify: true}\n}",
            "unknown",
        ),
        (
            "a.go",
            "func f() {\n c, _ := pgx.ParseConfig(\"STRING\")\n c.TLSConfig.InsecureSkipVerify = true\n}",
            "unknown",
        ),
    ] {
        let text = format!("{}\n", call.replace("STRING", VERIFIED));
        assert_eq!(verdicts(&[(name, &text)]), [verdict], "{call}");
    }
}

/// What stands under a condition of a template may not be there.
#[test]
fn a_promise_under_a_condition_of_a_template_does_not_pass() {
    let chart = |mode: &str| {
        format!("database:\n  host: db.acme.io\n  port: 5432\n  user: u\n{mode}x: 1\n")
    };
    for (mode, verdict) in [
        (
            "{{- if .Values.tls }}\n  sslmode: verify-full\n{{- end }}\n",
            "unknown",
        ),
        (
            "{% if tls %}\n  sslmode: verify-full\n{% endif %}\n",
            "unknown",
        ),
        (
            "{{- if .Values.tls }}\n  sslmode: disable\n{{- else }}\n  sslmode: verify-full\n{{- end }}\n",
            "fail",
        ),
        ("  sslmode: verify-full\n", "pass"),
    ] {
        assert_eq!(
            verdicts(&[("values.yaml", &chart(mode))]),
            [verdict],
            "{mode}"
        );
    }
    let whole = format!(
        "{{{{- if .Values.x }}}}\n{}{{{{- end }}}}\n",
        chart("  sslmode: verify-full\n")
    );
    assert_eq!(verdicts(&[("values.yaml", &whole)]), ["pass"]);
}

/// Settings in a map of YAML on one line, and those by index of Python.
#[test]
fn settings_in_other_forms_are_found() {
    let text = "x: {db: {host: db.acme.io, port: 5432, user: u, sslmode: disable}}\n";
    assert_eq!(verdicts(&[("a.yml", text)]), ["fail"]);
    let text = "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': 'db.acme.io', 'NAME': 'd', 'OPTIONS': {'sslmode': 'verify-full', 'sslrootcert': '/r'}}}\n";
    assert_eq!(verdicts(&[("settings.py", text)]), ["pass"]);
    let text = format!("{text}DATABASES['default']['OPTIONS']['sslmode'] = 'disable'\n");
    assert_eq!(verdicts(&[("settings.py", &text)]), ["unknown"]);
    let text = "const is = /[/*]/;\nconst url = 'postgres://u@db.acme.io/d';\n";
    assert_eq!(verdicts(&[("a.js", text)]), ["fail"]);
}

/// The address, and not the name, says where a connection goes.
#[test]
fn a_name_does_not_make_another_server_local() {
    for (text, verdict) in [
        (
            "A='host=localhost hostaddr=198.51.100.7 user=u sslmode=disable'\n",
            "fail",
        ),
        (
            "A='host=db.acme.io hostaddr=127.0.0.1 user=u sslmode=disable'\n",
            "pass",
        ),
        (
            "A='host=a,b hostaddr=127.0.0.1,198.51.100.7 user=u sslmode=disable'\n",
            "fail",
        ),
    ] {
        assert_eq!(verdicts(&[(".env", text)]), [verdict], "{text}");
    }
    let compose = (
        "compose.yml",
        "services:\n  db.acme.io:\n    image: postgres\n",
    );
    let env = (".env", "A=postgres://u@db.acme.io/d\n");
    assert_eq!(verdicts(&[env, compose]), ["fail"]);
}

/// A string that its driver refuses promises nothing, and neither does one whose finding is allowed.
#[test]
fn what_is_refused_or_allowed_does_not_pass() {
    let refused = "# x\n\nA=postgresql://h.acme.io/d?sslmod=require\n";
    assert_eq!(verdicts(&[("README.md", refused)]), ["fail"]);
    let allowed = "A=postgres://h.acme.io/d # pgtls: allow\n";
    assert_eq!(verdicts(&[(".env", allowed)]), ["fail"]);
    let client = Client::new();
    client.write(".env", allowed);
    assert_eq!(client.pgtls(&["scan"]).code, 0);
}

#[test]
fn the_default_of_a_password_beside_a_string_is_in_the_file() {
    let client = Client::new();
    client.write(
        ".env",
        format!(
            "DATABASE_URL={VERIFIED}\nDATABASE_PASSWORD=${{DATABASE_PASSWORD:-quietharbour}}\n"
        ),
    );
    let run = client.pgtls(&["scan", "--format", "json"]);
    assert_eq!(findings(&run.json()), ["error .env:2 committed-secret"]);
    assert!(!run.stdout.contains("quietharbour"), "{run:?}");
}

/// psql ignores a string behind the user, but it is in the file.
#[test]
fn a_password_in_a_word_that_psql_ignores_is_in_the_file() {
    for word in [
        "postgresql://u:quietharbour@db.acme.io/d",
        "'host=db.acme.io user=u password=quietharbour'",
    ] {
        let client = Client::new();
        client.write("run.sh", format!("psql -h db.acme.io -U me app {word}\n"));
        let run = client.pgtls(&["scan", "--format", "json"]);
        let found = findings(&run.json());
        let secret = "error run.sh:1 committed-secret".to_owned();
        assert!(found.contains(&secret), "{run:?}");
        assert!(!run.stdout.contains("quietharbour"), "{run:?}");
    }
}

/// The order of a document does not change from run to run.
#[test]
fn a_list_of_variables_is_read_in_the_same_way_every_time() {
    let pairs: Vec<String> = ["PGHOST", "PGUSER", "PGSSLMODE", "PGPORT", "PGDATABASE"]
        .iter()
        .flat_map(|name| {
            (0..20).map(move |number| format!(r#"{{"name": "{name}", "value": "v{number}"}}"#))
        })
        .collect();
    let text = format!("{{\"x\": [{}]}}", pairs.join(","));
    let client = Client::new();
    client.write("a.json", text);
    let first = client.pgtls(&["scan", "--format", "json"]).stdout;
    for _ in 0..4 {
        assert_eq!(client.pgtls(&["scan", "--format", "json"]).stdout, first);
    }
}

/// Each took minutes where every setting looked at its whole line, or every merge at the whole file.
#[test]
fn many_settings_in_a_line_and_many_merges_end() {
    let line = format!(
        "{} psql -h db.acme.io\n",
        "PGSSLMODE=disable ".repeat(20_000)
    );
    let anchors = format!("a: &a\n{}", "  x: 1\n".repeat(20_000));
    let merges: String = (0..20_000)
        .map(|number| format!("b{number}:\n  <<: *a\n"))
        .collect();
    let merges = format!("{anchors}{merges}# postgres\n");
    for (name, text) in [("a.sh", line), ("a.yml", merges)] {
        let client = Client::new();
        client.write(name, text);
        let run = client.pgtls(&["scan", "--format", "json"]);
        assert!(run.code < 3, "{name}");
    }
}
