//! Trees that look as if every connection were verified, and are not: none of them passes.

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

#[test]
fn options_of_node_that_are_not_surely_on_do_not_pass() {
    for (ssl, verdict) in [
        ("ssl: { rejectUnauthorized: !isDevelopment }", "unknown"),
        ("ssl: { ca, rejectUnauthorized: !isDevelopment }", "unknown"),
        ("ssl: { ca, rejectUnauthorized }", "unknown"),
        ("ssl: { rejectUnauthorized: true === flag }", "unknown"),
        ("ssl: { rejectUnauthorized: true && flag }", "unknown"),
        ("ssl: { rejectUnauthorized: flag === true }", "unknown"),
        ("ssl", "unknown"),
        (
            "ssl: { rejectUnauthorized: true, checkServerIdentity: () => undefined }",
            "unknown",
        ),
        (
            "ssl: { rejectUnauthorized: true, checkServerIdentity() { return undefined } }",
            "unknown",
        ),
        ("ssl: { rejectUnauthorized: true, ...more }", "unknown"),
        ("ssl: { rejectUnauthorized: true }, ...more", "unknown"),
        ("...more, \n ssl: { rejectUnauthorized: true }", "pass"),
        (
            "ssl: { rejectUnauthorized: true, servername: 'x' }",
            "unknown",
        ),
        (
            "ssl: production ? { rejectUnauthorized: true } : false",
            "unknown",
        ),
        ("ssl: production && { rejectUnauthorized: true }", "unknown"),
        (
            "ssl: !development ? { rejectUnauthorized: false } : true",
            "fail",
        ),
        (
            "ssl: { rejectUnauthorized: true, rejectUnauthorized: false }",
            "fail",
        ),
        ("ssl: true && flag", "unknown"),
        ("ssl: 'require'", "fail"),
        ("ssl: false", "fail"),
        ("ssl: { rejectUnauthorized: true, ca: read('x') }", "pass"),
    ] {
        let text = format!(
            "const p = new Pool({{\n  connectionString: 'postgres://u@db.acme.io/d',\n  {ssl}\n}});\n"
        );
        assert_eq!(verdicts(&[("a.js", &text)]), [verdict], "{ssl}");
    }
}

/// Sequelize hands on to its driver what stands in `dialectOptions`.
#[test]
fn options_of_sequelize_count_only_where_it_reads_them() {
    for (settings, verdict) in [
        ("ssl: true", "unknown"),
        ("ssl: { rejectUnauthorized: true }", "unknown"),
        ("dialectOptions: { ssl: true }", "unknown"),
        (
            "dialectOptions: { ssl: { rejectUnauthorized: true } }",
            "pass",
        ),
        (
            "dialectOptions: { ssl: { rejectUnauthorized: false } }",
            "fail",
        ),
    ] {
        let text = format!(
            "const s = new Sequelize('d', 'u', process.env.PW, {{ dialect: 'postgres', host: 'db.acme.io', port: 5432, {settings} }});\n"
        );
        assert_eq!(verdicts(&[("a.js", &text)]), [verdict], "{settings}");
    }
}

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

#[test]
fn node_verifies_nothing_if_its_environment_says_so() {
    let env = format!("DATABASE_URL={VERIFIED}\nNODE_TLS_REJECT_UNAUTHORIZED=");
    for (value, verdict) in [("0", "fail"), ("1", "pass"), ("${X}", "unknown")] {
        let text = format!("{env}{value}\n");
        assert_eq!(verdicts(&[(".env", &text)]), [verdict], "{value}");
    }
    let text = "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';\nnew Pool({ connectionString: 'postgres://u@db.acme.io/d', ssl: true });\n";
    assert_eq!(verdicts(&[("a.js", text)]), ["fail"]);
}

#[test]
fn elixir_verifies_only_if_nothing_ends_that() {
    for (settings, verdict) in [
        ("ssl: true", "pass"),
        ("ssl: [verify: :verify_none]", "fail"),
        ("ssl: true, ssl_opts: [verify: :verify_none]", "fail"),
        ("ssl: true, ssl_opts: [cacertfile: \"x\"]", "unknown"),
        ("ssl: true && flag", "unknown"),
    ] {
        let text = format!(
            "import Config\nconfig :app, App.Repo,\n  url: \"ecto://u@db.acme.io/d\",\n  {settings}\nconfig :other, x: 1\n"
        );
        assert_eq!(
            verdicts(&[("config/prod.exs", &text)]),
            [verdict],
            "{settings}"
        );
        let text = format!(
            "x = [hostname: \"db.acme.io\", database: \"d\", username: \"u\", port: 5432, {settings}]\n"
        );
        let found = verdicts(&[("lib/a.ex", &text)]);
        assert!(
            verdict == "pass" || !found.contains(&"pass".to_owned()),
            "{settings}: {found:?}"
        );
    }
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

#[test]
fn a_command_gets_only_the_mode_that_surely_reaches_it() {
    let verified = "PGSSLMODE=verify-full PGSSLROOTCERT=/r";
    for (script, expected) in [
        // Not exported.
        ("PGSSLMODE=verify-full\npsql -h db.acme.io\n", vec!["fail"]),
        ("PGSSLMODE=verify-full; psql -h db.acme.io\n", vec!["fail"]),
        (
            "PGSSLMODE=verify-full\nexport PGSSLMODE\npsql -h db.acme.io\n",
            vec!["pass"],
        ),
        (
            "set -a\nPGSSLMODE=verify-full\npsql -h db.acme.io\n",
            vec!["pass"],
        ),
        (
            "declare -x PGSSLMODE=verify-full\npsql -h db.acme.io\n",
            vec!["pass"],
        ),
        // Removed.
        (
            "export PGSSLMODE=verify-full\nunset PGSSLMODE\npsql -h db.acme.io\n",
            vec!["fail"],
        ),
        (
            "export PGSSLMODE=verify-full\nenv -u PGSSLMODE psql -h db.acme.io\n",
            vec!["fail"],
        ),
        (
            "export PGSSLMODE=verify-full\nenv -i psql -h db.acme.io\n",
            vec!["fail"],
        ),
        // Under a condition.
        (
            "if x; then\n  export PGSSLMODE=verify-full\nfi\npsql -h db.acme.io\n",
            vec!["unknown"],
        ),
        (
            "if x; then\n  export PGSSLMODE=verify-full\n  psql -h db.acme.io\nelse\n  psql -h e.acme.io\nfi\n",
            vec!["pass", "fail"],
        ),
        (
            "x && export PGSSLMODE=verify-full\npsql -h db.acme.io\n",
            vec!["unknown"],
        ),
        (
            "x && export PGSSLMODE=verify-full && psql -h db.acme.io\n",
            vec!["pass"],
        ),
        (
            "f() {\n  export PGSSLMODE=verify-full\n}\npsql -h db.acme.io\n",
            vec!["unknown"],
        ),
        (
            "case $1 in\n  a)\n    export PGSSLMODE=verify-full\n    ;;\n  b)\n    psql -h db.acme.io\n    ;;\nesac\n",
            vec!["fail"],
        ),
        (
            "(export PGSSLMODE=verify-full)\npsql -h db.acme.io\n",
            vec!["fail"],
        ),
        (
            "cat > x <<EOF\nexport PGSSLMODE=verify-full\nEOF\npsql -h db.acme.io\n",
            vec!["fail"],
        ),
        // Elsewhere.
        (
            "export PGSSLMODE=verify-full\nssh h psql -h db.acme.io\n",
            vec!["fail"],
        ),
        (
            "export PGSSLMODE=verify-full\ndocker exec c psql -h db.acme.io\n",
            vec!["fail"],
        ),
        (
            "docker exec -e PGSSLMODE=verify-full c psql -h db.acme.io\n",
            vec!["pass"],
        ),
        (
            "export PGSSLMODE=verify-full\nsudo -u postgres psql -h db.acme.io\n",
            vec!["unknown"],
        ),
        (
            "export PGSSLMODE=verify-full\nsudo -E psql -h db.acme.io\n",
            vec!["pass"],
        ),
        (
            "sudo PGSSLMODE=verify-full psql -h db.acme.io\n",
            vec!["pass"],
        ),
        // Each command of a line.
        (
            "PGSSLMODE=disable psql -h db.acme.io; PGSSLMODE=verify-full psql -h e.acme.io\n",
            vec!["fail", "pass"],
        ),
        (
            "PGSSLMODE=verify-full psql -h db.acme.io && psql -h e.acme.io\n",
            vec!["pass", "fail"],
        ),
        (
            "psql -h db.acme.io | psql -h e.acme.io\n",
            vec!["fail", "fail"],
        ),
        (
            "N=$(PGSSLMODE=disable psql -h db.acme.io -c 'select 1')\n",
            vec!["fail"],
        ),
        ("echo `psql -h db.acme.io`\n", vec!["fail"]),
        // A root counts for the command that gets it.
        (
            "PGSSLROOTCERT=/r psql -h localhost\nPGSSLMODE=require psql -h db.acme.io\n",
            vec!["pass", "fail"],
        ),
        // Settings of the environment are one string, and each command has its own.
        (
            "export PGHOST=db.acme.io PGUSER=u\nPGSSLMODE=verify-full psql -c x\npsql -c y\n",
            vec!["fail"],
        ),
        (
            "export PGHOST=db.acme.io PGUSER=u\npsql -c y\nexport PGSSLMODE=verify-full\n",
            vec!["fail"],
        ),
        (
            "export PGHOST=db.acme.io PGUSER=u\nif x; then export PGSSLMODE=verify-full; fi\n",
            vec!["unknown"],
        ),
    ] {
        assert_eq!(verdicts(&[("a.sh", script)]), expected, "{script}");
    }
    let script = format!("export PGHOST=db.acme.io PGUSER=u {verified}\npsql -c y\n");
    assert_eq!(verdicts(&[("a.sh", &script)]), ["pass"]);
    // Every line of a recipe, and every RUN, is a shell of its own.
    let make = "dump:\n\texport PGSSLMODE=verify-full\n\tpsql -h db.acme.io\n";
    assert_eq!(verdicts(&[("Makefile", make)]), ["fail"]);
    let make = "export PGSSLMODE = verify-full\ndump:\n\tpsql -h db.acme.io\n";
    assert_eq!(verdicts(&[("Makefile", make)]), ["pass"]);
    let docker = "FROM postgres\nRUN export PGSSLMODE=verify-full\nRUN psql -h db.acme.io\n";
    assert_eq!(verdicts(&[("Dockerfile", docker)]), ["fail"]);
    let docker = "FROM postgres\nENV PGSSLMODE verify-full\nRUN psql -h db.acme.io\n";
    assert_eq!(verdicts(&[("Dockerfile", docker)]), ["pass"]);
}

#[test]
fn settings_of_makefiles_images_and_units_that_may_be_others_do_not_pass() {
    const RECIPE: &str = "dump:\n\tpsql -h db.acme.io\n";
    const SET: &str = "export PGSSLMODE = verify-full\n";
    for (lines, expected) in [
        ("override PGSSLMODE = disable\n", "unknown"),
        ("PGSSLMODE ::= disable\n", "unknown"),
        ("PGSSLMODE != echo disable\n", "unknown"),
        ("define PGSSLMODE\ndisable\nendef\n", "unknown"),
        ("undefine PGSSLMODE\n", "unknown"),
        ("$(eval PGSSLMODE = disable)\n", "unknown"),
        (".ONESHELL:\n", "unknown"),
        ("  export PGSSLMODE = disable\n", "unknown"),
        ("OTHER = x\n", "pass"),
    ] {
        let make = format!("{SET}{lines}{RECIPE}");
        assert_eq!(verdicts(&[("Makefile", &make)]), [expected], "{make}");
    }
    let make = format!("export PGSSLMODE ?= verify-full\n{RECIPE}");
    assert_eq!(verdicts(&[("Makefile", &make)]), ["unknown"]);
    let make = format!("{SET}a: ; psql -h db.acme.io\nexport PGSSLMODE = disable\n");
    assert_eq!(verdicts(&[("Makefile", &make)]), ["fail"]);
    for (lines, expected) in [
        (
            "RUN true \\\n# c\n && PGSSLMODE=disable psql -h db.acme.io\n",
            "fail",
        ),
        ("# escape=`\nRUN psql -h db.acme.io\n", "unknown"),
        (
            "ENTRYPOINT [\"env\", \"-i\"]\nCMD [\"psql\", \"-h\", \"db.acme.io\"]\n",
            "unknown",
        ),
        (
            "SHELL [\"env\", \"-i\", \"sh\", \"-c\"]\nRUN psql -h db.acme.io\n",
            "unknown",
        ),
    ] {
        let docker = format!("FROM postgres\nENV PGSSLMODE=verify-full\n{lines}");
        assert_eq!(verdicts(&[("Dockerfile", &docker)]), [expected], "{docker}");
    }
    for (lines, expected) in [
        ("", "pass"),
        ("Environment=A=b PGSSLMODE=disable\n", "fail"),
        ("Environment=\n", "unknown"),
        ("UnsetEnvironment=PGSSLMODE\n", "unknown"),
        ("EnvironmentFile=/etc/x\n", "unknown"),
    ] {
        let unit = format!(
            "[Service]\nEnvironment=PGSSLMODE=verify-full\n{lines}ExecStart=-/usr/bin/psql -h db.acme.io\n"
        );
        assert_eq!(verdicts(&[("a.service", &unit)]), [expected], "{unit}");
    }
}

#[test]
fn a_program_without_an_ending_is_read_by_its_first_line() {
    let script = "#!/bin/sh\nPGSSLMODE=disable psql -h db.acme.io -d d\n";
    assert_eq!(verdicts(&[("bin/dump", script)]), ["fail"]);
    let script = "#!/usr/bin/env node\nnew Pool({ host: 'db.acme.io', port: 5432, user: 'u', ssl: { rejectUnauthorized: false } })\n";
    assert_eq!(verdicts(&[("bin/job", script)]), ["fail"]);
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

#[test]
fn switches_of_an_environment_are_off_in_every_word() {
    for word in ["false", "False", "no", "off", "0", "disable", "${X:-false}"] {
        let text = format!("DATABASE_URL=postgres://u@db.acme.io/d\nDATABASE_SSL={word}\n");
        assert_eq!(verdicts(&[(".env", &text)]), ["fail"], "{word}");
    }
    for word in ["true", "${X}"] {
        let text = format!("DATABASE_URL=postgres://u@db.acme.io/d\nDATABASE_SSL={word}\n");
        assert_eq!(verdicts(&[(".env", &text)]), ["unknown"], "{word}");
    }
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
