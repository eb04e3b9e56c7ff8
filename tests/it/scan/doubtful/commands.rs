//! Commands, and the files of shells, make, images and units.

use super::verdicts;
use crate::scan::repositories::findings;
use crate::support::client::Client;

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
        (
            "su u -c 'PGSSLMODE=disable psql -h db.acme.io'\n",
            vec!["fail"],
        ),
        (
            "export PGSSLMODE=verify-full\nsu - u -c 'psql -h db.acme.io'\n",
            vec!["unknown"],
        ),
        (
            "export PGSSLMODE=verify-full\nexec -cl psql -h db.acme.io\n",
            vec!["unknown"],
        ),
        (
            "export PGSSLMODE=verify-full\necho sslmode=disable | xargs psql -h db.acme.io -d\n",
            vec!["unknown"],
        ),
        (
            "export PGSSLMODE=verify-full PGSERVICE=x\npsql -h db.acme.io\n",
            vec!["unknown"],
        ),
        (
            "docker run --label PGSSLMODE=verify-full img psql -h db.acme.io\n",
            vec!["fail"],
        ),
        // Twice the same words.
        (
            "PGSSLMODE=verify-full psql -h db.acme.io; PGSSLMODE=disable psql -h db.acme.io\n",
            vec!["pass", "fail"],
        ),
        (
            "export PGSSLMODE=verify-full; psql -h db.acme.io; unset PGSSLMODE; psql -h db.acme.io\n",
            vec!["pass", "fail"],
        ),
        // Words that set nothing.
        (
            "export PGHOST=db.acme.io PGUSER=u\necho PGSSLMODE=verify-full\n",
            vec!["fail"],
        ),
        (
            "export PGHOST=db.acme.io PGUSER=u\n[ PGSSLMODE=verify-full = \"$X\" ]\n",
            vec!["fail"],
        ),
        // A sum, which sets something else.
        (
            "export PGHOST=db.acme.io PGUSER=u\n[[ PGSSLMODE=verify-full -eq 1 ]]\n",
            vec!["unknown"],
        ),
        (
            "export PGSSLMODE=verify-full\n[[ PGSSLMODE=1 -eq 1 ]]\npsql -h db.acme.io\n",
            vec!["unknown"],
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
        ("dump: private PGSSLMODE = disable\n", "unknown"),
        ("dump: override PGSSLMODE = disable\n", "unknown"),
        ("dump: private export PGSSLMODE = disable\n", "unknown"),
        ("dump::PGSSLMODE = disable\n", "unknown"),
        (
            "SHELL := env\n.SHELLFLAGS := -u PGSSLMODE sh -c\n",
            "unknown",
        ),
        ("SHELL = env\n", "unknown"),
        ("MAKEFLAGS += -e\n", "unknown"),
        ("MAKEFLAGS = ke\n", "unknown"),
        ("GNUMAKEFLAGS := --environment-overrides\n", "unknown"),
        ("MAKEFLAGS += -j$(nproc) --no-print-directory -s\n", "pass"),
        ("SHELL := /bin/bash\n", "pass"),
        ("OTHER = x\n", "pass"),
    ] {
        let make = format!("{SET}{lines}{RECIPE}");
        assert_eq!(verdicts(&[("Makefile", &make)]), [expected], "{make}");
    }
    for value in [
        "verify-full # x",
        "\"verify-full\"",
        "verify-full;",
        "verify-full ",
    ] {
        for sign in ["=", " = "] {
            let make = format!("export PGSSLMODE{sign}{value}\n{RECIPE}");
            assert_eq!(verdicts(&[("Makefile", &make)]), ["unknown"], "{make}");
        }
    }
    let make = format!("{SET}PSQL = env PGSSLMODE=disable psql\ndump:\n\t$(PSQL) -h db.acme.io\n");
    assert_eq!(verdicts(&[("Makefile", &make)]), ["unknown"]);
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
            "ENTRYPOINT [\"sh\", \"-c\"]\nCMD [\"PGSSLMODE=disable psql -h db.acme.io\"]\n",
            "fail",
        ),
        (
            "CMD [\"sh\", \"-c\", \"PGSSLMODE=disable psql \\\"host=db.acme.io\\\"\"]\n",
            "fail",
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
        ("[Unit]\nEnvironment=PGSSLMODE=disable\n[Service]\n", "pass"),
    ] {
        let unit = format!(
            "[Service]\nEnvironment=PGSSLMODE=verify-full\n{lines}ExecStart=-/usr/bin/psql -h db.acme.io\n"
        );
        assert_eq!(verdicts(&[("a.service", &unit)]), [expected], "{unit}");
    }
}

#[test]
fn what_is_set_where_nothing_reads_it_does_not_count() {
    for section in ["Unit", "Install", "X-Old"] {
        let unit = format!(
            "[{section}]\nEnvironment=PGSSLMODE=verify-full\n[Service]\nExecStart=/usr/bin/psql -h db.acme.io\n"
        );
        assert_eq!(verdicts(&[("a.service", &unit)]), ["fail"], "{unit}");
    }
    for (service, expected) in [
        ("sslmode=verify-full", "pass"),
        ("sslmode = verify-full", "unknown"),
        ("port = 5432\nsslmode=verify-full", "unknown"),
        ("sslmode=\"verify-full\"", "fail"),
        ("SSLMODE=verify-full", "unknown"),
        ("sslmode=verify-full\nPort=5432", "unknown"),
        ("sslmode=verify-full\nservice=b", "unknown"),
        ("sslmode=verify-full\nport", "unknown"),
        ("sslmode=verify-full\nport=5432", "pass"),
    ] {
        let file = format!("# x\n[a]\nhost=db.acme.io\ndbname=d\n{service}\n");
        assert_eq!(
            verdicts(&[("pg_service.conf", &file)]),
            [expected],
            "{file}"
        );
    }
    for step in [
        "echo PGSSLMODE=disable >> $GITHUB_ENV",
        "echo 'export PGSSLMODE=disable' >> $BASH_ENV",
        "echo '##vso[task.setvariable variable=PGSSLMODE]disable'",
        "true",
    ] {
        let workflow = format!(
            "env:\n  PGSSLMODE: verify-full\njobs:\n  a:\n    steps:\n      - run: {step}\n      - run: psql -h db.acme.io -d d\n"
        );
        let expected = if step == "true" { "pass" } else { "unknown" };
        assert_eq!(
            verdicts(&[(".github/workflows/a.yml", &workflow)]),
            [expected],
            "{workflow}"
        );
    }
    let compose = "services:\n  a:\n    environment:\n      PGSSLMODE: !reset verify-full\n    command: psql -h db.acme.io -d d\n";
    assert_eq!(verdicts(&[("compose.yml", compose)]), ["unknown"]);
    let batch = "setlocal\nset PGSSLMODE=verify-full\nendlocal\npsql -h db.acme.io -d d\n";
    assert_eq!(verdicts(&[("a.bat", batch)]), ["unknown"]);
    let python = "import psycopg\npsycopg.connect('postgresql://u@db.acme.io/d', sslmode='verify-full'); psycopg.connect('postgresql://u@db.acme.io/d', sslmode='disable')\n";
    let mut found = verdicts(&[("a.py", python)]);
    found.sort();
    assert_eq!(found, ["fail", "pass"]);
}

#[test]
fn a_line_in_a_value_of_an_env_file_is_no_variable() {
    for (text, expected) in [
        ("X=\"a\nPGSSLMODE=verify-full\n\"\n", "fail"),
        ("X='a\nPGSSLMODE=verify-full'\n", "fail"),
        ("X=\"a\"\nPGSSLMODE=verify-full\n", "pass"),
        ("X=\"a\nb\"\nPGSSLMODE=verify-full\n", "pass"),
        ("X=\"a\nb\" PGSSLMODE=verify-full\n", "fail"),
        // A shell takes the last one.
        (
            "PGSSLMODE=verify-full\nX=\"a\nb\" PGSSLMODE=disable\n",
            "unknown",
        ),
        (
            "PGSSLMODE=verify-full\nX=\"a\" PGSSLMODE=disable\n",
            "unknown",
        ),
    ] {
        let env = format!("PGHOST=db.acme.io\nPGUSER=u\n{text}");
        assert_eq!(verdicts(&[(".env", &env)]), [expected], "{env}");
    }
}

#[test]
fn a_program_without_an_ending_is_read_by_its_first_line() {
    let script = "#!/bin/sh\nPGSSLMODE=disable psql -h db.acme.io -d d\n";
    assert_eq!(verdicts(&[("bin/dump", script)]), ["fail"]);
    let script = "#!/usr/bin/env node\nnew Pool({ host: 'db.acme.io', port: 5432, user: 'u', ssl: { rejectUnauthorized: false } })\n";
    assert_eq!(verdicts(&[("bin/job", script)]), ["fail"]);
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

/// The default counts only where the variable is not set.
#[test]
fn a_mode_that_is_a_default_does_not_pass() {
    for (value, expected) in [
        (
            "postgres://u@db.acme.io/d?sslmode=${M:-verify-full}",
            "unknown",
        ),
        ("postgres://u@db.acme.io/d?sslmode=${M:-disable}", "fail"),
        (
            "host=db.acme.io user=u sslmode=${M:-verify-full}",
            "unknown",
        ),
        (
            "postgres://u@db.acme.io/${D:-d}?sslmode=verify-full",
            "pass",
        ),
    ] {
        let compose =
            format!("services:\n  a:\n    environment:\n      DATABASE_URL: \"{value}\"\n");
        for (name, text) in [
            ("a.sh", format!("DATABASE_URL=\"{value}\"\n")),
            (".env", format!("DATABASE_URL=\"{value}\"\n")),
            ("compose.yml", compose),
        ] {
            assert_eq!(verdicts(&[(name, &text)]), [expected], "{name}: {value}");
        }
    }
}

/// The process has the mode that its own command sets, whatever its container sets.
#[test]
fn a_command_that_is_a_list_is_one_command() {
    const PSQL: &str = "PGSSLMODE=disable psql -h db.acme.io";
    for (command, expected) in [
        (format!("command: [sh, -c, \"{PSQL}\"]"), "fail"),
        (format!("command: [\"/bin/bash\", \"-ec\", '{PSQL}']"), "fail"),
        ("command: [env, PGSSLMODE=disable, psql, -h, db.acme.io]".to_owned(), "fail"),
        ("command: [env, -u, PGSSLMODE, psql, -h, db.acme.io]".to_owned(), "fail"),
        ("command: [psql, -h, db.acme.io]".to_owned(), "pass"),
        (format!("command:\n      - sh\n      - -c\n      - {PSQL}"), "fail"),
        (format!("command:\n    - sh\n    - -c\n    - |\n      true\n      {PSQL}"), "fail"),
        (format!("entrypoint: [\"sh\", \"-c\", \"{PSQL}\"]"), "fail"),
        (format!("entrypoint: [sh, -c]\n    command: [\"{PSQL}\"]"), "fail"),
        (format!("command: [\"{PSQL}\"]\n    entrypoint: [sh, -c]"), "fail"),
        (format!("entrypoint: sh -c\n    command: [\"{PSQL}\"]"), "fail"),
        ("command: [sh, -c]\n    args: [\"export PGSSLMODE=disable; psql -h db.acme.io\"]".to_owned(), "fail"),
        ("command: [sh, -c]\n    args:\n    - |\n      export PGSSLMODE=disable\n      psql -h db.acme.io".to_owned(), "fail"),
        ("args: [psql, \"host=db.acme.io sslmode=disable\"]".to_owned(), "fail"),
        ("script:\n    - export PGSSLMODE=disable\n    - psql -h db.acme.io".to_owned(), "fail"),
        ("script:\n    - psql -h db.acme.io".to_owned(), "pass"),
        ("script:\n    - psql -h db.acme.io\n    before_script:\n    - export PGSSLMODE=disable".to_owned(), "fail"),
    ] {
        let compose = format!(
            "services:\n  a:\n    {command}\n    environment:\n      PGSSLMODE: verify-full\n"
        );
        assert_eq!(verdicts(&[("compose.yml", &compose)]), [expected], "{compose}");
    }
    let task = format!(
        r#"{{"command": ["sh", "-c", "{PSQL}"], "environment": [{{"name": "PGSSLMODE", "value": "verify-full"}}]}}"#
    );
    assert_eq!(verdicts(&[("task.json", &task)]), ["fail"]);
}

#[test]
fn a_string_in_a_list_of_commands_has_the_number_of_its_line() {
    let client = Client::new();
    let script = "true\n        true\n        psql 'host=c.acme.io sslmode=disable'";
    client.write(
        "compose.yml",
        format!(
            "a:\n  script:\n    - true\n\n    - psql 'host=b.acme.io sslmode=disable'\nb:\n  command:\n    - sh\n    - -c\n    - |\n        {script}\n"
        ),
    );
    let found = findings(&client.pgtls(&["scan", "--format", "json"]).json());
    assert_eq!(
        found,
        [
            "error compose.yml:13 plaintext-possible",
            "error compose.yml:5 plaintext-possible"
        ]
    );
}
