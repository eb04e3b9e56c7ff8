//! What stands beside a string and decides about it: a mode, a password, the settings of a program.

use serde_json::Value;

use super::repositories::findings;
use crate::support::client::Client;

/// The findings, then the verdict and the mode of each string.
fn judged(name: &str, text: &str) -> (Vec<String>, Vec<String>) {
    let client = Client::new();
    client.write(name, text);
    let run = client.pgtls(&["scan", "--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    let strings = report["strings"].as_array().unwrap().iter();
    let verdicts = strings.map(|one| {
        let mode = one["sslmode"].as_str().unwrap_or("-");
        format!("{} {mode}", one["verdict"].as_str().unwrap())
    });
    (findings(&report), verdicts.collect())
}

#[test]
fn a_mode_of_the_environment_counts_for_psql() {
    for (text, found, verdicts) in [
        (
            "PGSSLMODE=disable psql -h db.acme.io\n",
            vec!["error a.sh:1 plaintext-possible"],
            vec!["fail disable"],
        ),
        (
            "export PGSSLMODE=disable\npsql -h db.acme.io\n",
            vec!["error a.sh:2 plaintext-possible"],
            vec!["fail disable"],
        ),
        (
            "export PGSSLMODE=verify-full\npsql -h db.acme.io\npsql 'host=db.acme.io dbname=d sslmode=require'\n",
            vec!["error a.sh:3 server-not-verified"],
            vec!["pass verify-full", "fail require"],
        ),
        // A setting before a command counts for no other.
        (
            "PGSSLMODE=verify-full psql -h db.acme.io\npsql -h e.acme.io\n",
            vec!["error a.sh:2 plaintext-possible"],
            vec!["pass verify-full", "fail prefer"],
        ),
        (
            "psql -h db.acme.io\nexport PGSSLMODE=verify-full\n",
            vec!["error a.sh:1 plaintext-possible"],
            vec!["fail prefer"],
        ),
        (
            "export PGSSLMODE=require PGSSLROOTCERT=/etc/root.crt\npsql -h db.acme.io\n",
            vec![],
            vec!["pass verify-ca"],
        ),
        (
            "export PGSSLMODE=${MODE}\npsql -h db.acme.io\n",
            vec![],
            vec!["unknown -"],
        ),
    ] {
        let expected = (
            found.into_iter().map(str::to_owned).collect::<Vec<_>>(),
            verdicts.into_iter().map(str::to_owned).collect::<Vec<_>>(),
        );
        assert_eq!(judged("a.sh", text), expected, "{text}");
    }
}

#[test]
fn a_mode_with_the_same_prefix_counts_for_a_string_that_sets_none() {
    for (mode, found, verdict) in [
        (
            "disable",
            vec!["error .env:1 plaintext-possible"],
            "fail disable",
        ),
        (
            "require",
            vec!["error .env:1 server-not-verified"],
            "fail require",
        ),
        ("verify-full", vec![], "pass verify-full"),
        ("${MODE}", vec![], "unknown -"),
    ] {
        let text = format!("DATABASE_URL=postgres://app@db.acme.io/app\nDATABASE_SSLMODE={mode}\n");
        let (findings, verdicts) = judged(".env", &text);
        assert_eq!(
            (findings, verdicts),
            (
                found.into_iter().map(str::to_owned).collect(),
                vec![verdict.to_owned()]
            ),
            "{mode}"
        );
    }
    // The string's own mode is stronger.
    let text = "DATABASE_URL=postgres://app@db.acme.io/app?sslmode=disable\nDATABASE_SSLMODE=verify-full\n";
    assert_eq!(judged(".env", text).1, ["fail disable"]);
}

#[test]
fn settings_that_only_the_program_knows_are_no_pass() {
    for (ssl, verdict) in [
        ("{ rejectUnauthorized: true }", "pass verify-full"),
        ("{ rejectUnauthorized: flag() }", "unknown -"),
        ("{ ca: read('x') }", "pass verify-full"),
        ("{ ca: read('x'), ...more }", "unknown -"),
        (
            "{ ca: read('x'), checkServerIdentity: () => undefined }",
            "unknown -",
        ),
        ("{ servername: 'x' }", "unknown -"),
        ("true", "pass verify-full"),
        ("settings", "unknown -"),
        ("{ rejectUnauthorized: false }", "fail prefer"),
    ] {
        let text = format!(
            "const p = new Pool({{\n  connectionString: 'postgres://u@db.acme.io/d',\n  ssl: {ssl},\n}});\n"
        );
        assert_eq!(judged("a.js", &text).1, [verdict], "{ssl}");
    }
    // For a server on this machine it does not matter.
    let text =
        "const p = new Pool({ connectionString: 'postgres://u@localhost/d', ssl: more() });\n";
    assert_eq!(judged("a.js", text).1, ["pass -"]);
}

/// Scripts of workflows and containers have the environment that stands beside them.
#[test]
fn a_mode_of_a_job_counts_for_its_scripts_alone() {
    let text = "jobs:
  one:
    env:
      PGSSLMODE: verify-full
    steps:
      - run: psql -h db.acme.io
      - env:
          PGSSLMODE: disable
        run: |
          echo
          psql -h disabled.acme.io
  two:
    steps:
      - run: psql -h other.acme.io
";
    let (found, verdicts) = judged("ci.yml", text);
    assert_eq!(
        found,
        [
            "error ci.yml:11 plaintext-possible",
            "error ci.yml:14 plaintext-possible"
        ]
    );
    assert_eq!(
        verdicts,
        ["pass verify-full", "fail disable", "fail prefer"]
    );
    let text = r#"{"containerDefinitions": [{"command": ["sh", "-c", "psql -h db.acme.io"],
 "environment": [{"name": "PGSSLMODE", "value": "verify-full"}]},
 {"command": ["sh", "-c", "psql -h other.acme.io"]}]}"#;
    assert_eq!(
        judged("task.json", text).1,
        ["pass verify-full", "fail prefer"]
    );
    let text =
        "import os\nos.environ['PGSSLMODE'] = 'require'\nc = connect('host=db.acme.io user=u')\n";
    assert_eq!(judged("a.py", text).1, ["fail require"]);
}

/// One that a store fills in does not excuse one that is written out.
#[test]
fn a_password_beside_a_string_does_not_hide_the_one_in_it() {
    let found = |beside: &str| {
        let text = format!(
            "spring.datasource.url=jdbc:postgresql://db.acme.io/d?user=u&password=jd-7714&sslmode=verify-full&sslrootcert=/r\nspring.datasource.password={beside}\n"
        );
        judged("application.properties", &text).0
    };
    let (url, line) = (
        "error application.properties:1 committed-secret".to_owned(),
        "error application.properties:2 committed-secret".to_owned(),
    );
    for beside in ["${DB_PASSWORD}", "changeme"] {
        assert_eq!(found(beside), std::slice::from_ref(&url), "{beside}");
    }
    assert_eq!(found("be-7715"), [url, line.clone()]);
    assert_eq!(found("jd-7714"), [line]);
}

/// Nothing is made up for it.
#[test]
fn a_mode_that_is_a_variable_is_not_known() {
    for text in [
        "A=postgres://u@db.acme.io/d?sslmode=${MODE}\n",
        "A='host=db.acme.io user=u sslmode=$MODE'\n",
        "A='Host=db.acme.io;Username=u;SSL Mode={mode}'\n",
        "A=jdbc:postgresql://db.acme.io/d?user=u&ssl=${SSL}\n",
        "DB_HOST=db.acme.io\nDB_PORT=5432\nDB_SSLMODE=${MODE}\n",
    ] {
        let client = Client::new();
        client.write("a.env", text);
        let run = client.pgtls(&["scan", "--format", "json"]);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        let string = &report["strings"][0];
        assert_eq!(string["verdict"], "unknown", "{text}");
        assert_eq!(string["sslmode"], Value::Null, "{text}");
        let conninfo = string["conninfo"].as_str().unwrap();
        assert!(conninfo.contains("sslmode=${...}"), "{conninfo}");
        assert_eq!(findings(&report), [""; 0], "{text}");
    }
    let text = "A=postgres://u@db.acme.io/d?sslmode=${MODE:-require}\n";
    assert_eq!(judged(".env", text).1, ["fail require"]);
    let text = "DATABASE_URL=postgres://u@db.acme.io/d\nDATABASE_SSLMODE=${MODE:-disable}\n";
    assert_eq!(judged(".env", text).1, ["fail disable"]);
    // No connection is made with it.
    let client = Client::new();
    client.write("a.env", "A=postgres://u@127.0.0.1:1/d?sslmode=${MODE}\n");
    let run = client.pgtls(&["scan", "--check", "--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["endpoints"], Value::Array(Vec::new()), "{run:?}");
}
