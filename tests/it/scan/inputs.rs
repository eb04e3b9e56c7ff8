//! What is searched, what is not, and how that is said.

use std::io::Write as _;
use std::process::Stdio;

use data_encoding::BASE64;
use serde_json::Value;

use super::repositories::{Repository, findings};
use crate::support::client::Client;
use crate::support::fleet_lab::Lab;

/// `pgtls scan --format json OPTIONS` with files in its working directory.
fn scan(files: &[(&str, &str)], options: &[&str]) -> (i32, Vec<String>) {
    let client = Client::new();
    for (name, text) in files {
        client.write(name, text);
    }
    let run = client.pgtls(&[&["scan", "--format", "json"], options].concat());
    let report = run.json();
    assert_eq!(report["exit_code"], run.code);
    (run.code, findings(&report))
}

const WEAK: &str = "URL=postgres://app@db.acme.io/app?sslmode=disable\n";

#[test]
fn nothing_forbidden_is_exit_0_and_a_path_that_is_not_there_is_2() {
    assert_eq!(scan(&[(".env", "A=b\n")], &[]), (0, vec![]));
    let run = Client::new().pgtls(&["scan", "missing"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert_eq!(run.stderr, "pgtls: missing: entity not found\n");
}

#[test]
fn ignored_and_excluded_files_are_left_out() {
    let files = [
        (".gitignore", "secret.env\n"),
        ("secret.env", WEAK),
        ("vendor/x/.env", WEAK),
        (
            ".github/workflows/ci.yml",
            "env:\n  URL: postgres://h.acme.io/d?sslmode=prefer\n",
        ),
    ];
    let own = "error .github/workflows/ci.yml:2 plaintext-possible".to_owned();
    let vendor = "error vendor/x/.env:1 plaintext-possible".to_owned();
    let secret = "error secret.env:1 plaintext-possible".to_owned();
    assert_eq!(scan(&files, &[]), (1, vec![own.clone(), vendor.clone()]));
    assert_eq!(
        scan(&files, &["--exclude", "vendor"]),
        (1, vec![own.clone()])
    );
    assert_eq!(
        scan(&files, &["--no-ignore"]),
        (1, vec![own, secret.clone(), vendor.clone()])
    );
    // A file that is named is searched.
    assert_eq!(
        scan(&files, &["secret.env", "vendor"]),
        (1, vec![secret, vendor])
    );
    assert_eq!(
        scan(&files, &["--ignore", "plaintext-possible"]),
        (0, vec![])
    );
    let run = Client::new().pgtls(&["scan", "--ignore", "plain-text-possible"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("did you mean plaintext-possible"),
        "{run:?}"
    );
}

/// In a `.env` file all URLs look alike.
#[test]
fn a_url_is_judged_for_the_driver_that_reads_its_variable() {
    let verified = (
        ".env",
        "URL=postgres://app@db.acme.io/app?sslmode=verify-full&sslrootcert=/etc/root.crt\n",
    );
    assert_eq!(scan(&[verified], &[]), (0, vec![]));
    let prisma = (
        "prisma/schema.prisma",
        "datasource db {\n  provider = \"postgresql\"\n  url = env(\"URL\")\n}\n",
    );
    let weak = "error .env:1 plaintext-possible";
    let differs = "warning .env:1 setting-differs";
    let expected = [weak, differs, differs, differs].map(str::to_owned);
    assert_eq!(scan(&[verified, prisma], &[]), (1, expected.to_vec()));
    let ecto = (
        "config/runtime.exs",
        "database_url = System.fetch_env!(\"URL\")\nconfig :app, App.Repo, adapter: Ecto.Adapters.Postgres, url: database_url\n",
    );
    assert_eq!(scan(&[verified, ecto], &[]), (1, expected.to_vec()));
    // node-postgres takes `require` for verify-full.
    let require = (
        ".env",
        "URL=postgres://app@db.acme.io/app?sslmode=require\n",
    );
    let unverified = "error .env:1 server-not-verified".to_owned();
    assert_eq!(scan(&[require], &[]), (1, vec![unverified]));
    let node = (
        "db.js",
        "import { Pool } from 'pg'\nexport const pool = new Pool({ connectionString: process.env.URL })\n",
    );
    assert_eq!(scan(&[require, node], &[]), (0, vec![]));
}

#[test]
fn a_file_that_is_too_large_is_not_passed_over_in_silence() {
    let large = format!("{}\n{WEAK}", "x".repeat(2000));
    let (code, found) = scan(&[("large.env", &large)], &["--max-file-size", "1K"]);
    assert_eq!(
        (code, found),
        (2, vec!["error large.env:1 not-searched".to_owned()])
    );
    assert_eq!(
        scan(
            &[("large.env", &large), (".env", WEAK)],
            &["--max-file-size", "1K"],
        ),
        (
            1,
            vec![
                "error .env:1 plaintext-possible".to_owned(),
                "error large.env:1 not-searched".to_owned()
            ]
        )
    );
    let unrelated = "x".repeat(2000);
    assert_eq!(
        scan(&[("large.txt", &unrelated)], &["--max-file-size", "1K"]),
        (0, vec![])
    );
}

#[test]
fn binary_files_and_long_lines_do_no_harm() {
    let long = format!("A={}\n{WEAK}", "postgres://".repeat(20_000));
    let binary = format!("{WEAK}\0");
    let (code, found) = scan(&[("a.bin", &binary), (".env", &long)], &[]);
    assert_eq!(
        (code, found),
        (
            1,
            vec![
                "error .env:2 plaintext-possible".to_owned(),
                "warning .env:1 plaintext-possible".to_owned()
            ]
        )
    );
}

/// Windows refuses such names.
#[cfg(unix)]
#[test]
fn names_of_files_are_escaped() {
    let client = Client::new();
    client.write("a\u{1b}[2J\n.env", WEAK);
    for format in ["text", "json", "sarif", "github"] {
        let run = client.pgtls(&["scan", "--format", format]);
        assert_eq!(run.code, 1);
        assert!(!run.stdout.contains('\u{1b}'), "{run:?}");
    }
    let run = client.pgtls(&["scan"]);
    assert!(
        run.stdout
            .starts_with("a\\x1b[2J\\x0a.env:1: error plaintext-possible URL\n"),
        "{run:?}"
    );
}

#[test]
fn a_comment_allows_a_finding() {
    let text = "# pgtls: allow plaintext-possible\nA=postgres://h.acme.io/d\nB=postgres://h.acme.io/d # pgtls: allow\n";
    assert_eq!(scan(&[(".env", text)], &[]), (0, vec![]));
    let text = "A=postgres://h.acme.io/d # pgtls: allow committed-secret\n";
    assert_eq!(
        scan(&[(".env", text)], &[]),
        (1, vec!["error .env:1 plaintext-possible".to_owned()])
    );
}

#[test]
fn warnings_fail_with_strict() {
    let files = [(".env", "A=postgres://warehouse/d\n")];
    let found = vec!["warning .env:1 plaintext-possible".to_owned()];
    assert_eq!(scan(&files, &[]), (0, found.clone()));
    assert_eq!(scan(&files, &["--strict"]), (1, found));
}

/// What a command prints goes through standard input: nothing of it is committed.
fn piped(text: &str) -> (i32, Value) {
    let client = Client::new();
    let mut command = client.command(&["scan", "--format", "json", "-"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), report)
}

#[test]
fn the_output_of_kubectl_az_and_aws_is_understood() {
    let encoded = |text: &str| BASE64.encode(text.as_bytes());
    let kubectl = format!(
        r#"{{"apiVersion": "v1", "kind": "List", "items": [
  {{"kind": "Secret", "metadata": {{"name": "app"}}, "data": {{
    "url": "{}",
    "token": "{}"}}}},
  {{"kind": "Secret", "metadata": {{"name": "parts"}}, "data": {{
    "DB_HOST": "{}", "DB_PORT": "{}", "DB_PASSWORD": "{}"}}}}]}}"#,
        encoded("postgres://app:kub3-7741@db.acme.io/app?sslmode=require"),
        encoded("other"),
        encoded("parts.acme.io"),
        encoded("5432"),
        encoded("kub3-7742"),
    );
    let (code, report) = piped(&kubectl);
    assert_eq!(code, 1);
    assert_eq!(
        findings(&report),
        [
            "error -:3 server-not-verified",
            "warning -:6 plaintext-possible"
        ]
    );
    assert!(!report.to_string().contains("kub3"));

    let az = r#"{"connectionStrings": {
  "ado.net": "Server=x.postgres.database.azure.com;Database=d;Port=5432;User Id={your_username};Password={your_password};Ssl Mode=Require;",
  "jdbc": "jdbc:postgresql://x.postgres.database.azure.com:5432/d?user={your_username}&password={your_password}&sslmode=require",
  "node.js": "var client = new pg.Client('postgres://{your_username}:{your_password}@x.postgres.database.azure.com:5432/d');",
  "php": "host=x.postgres.database.azure.com port=5432 dbname=d user={your_username} password={your_password}",
  "psql_cmd": "postgresql://{your_username}:{your_password}@x.postgres.database.azure.com/d?sslmode=require"}}"#;
    let (code, report) = piped(az);
    assert_eq!((code, report["strings"].as_array().unwrap().len()), (1, 5));
    assert_eq!(
        findings(&report),
        [
            "error -:2 server-not-verified",
            "error -:3 server-not-verified",
            "error -:4 plaintext-possible",
            "error -:5 plaintext-possible",
            "error -:6 server-not-verified",
        ]
    );

    let aws = r#"{"DBInstances": [{"DBInstanceIdentifier": "orders", "Engine": "postgres", "MasterUsername": "u",
  "Endpoint": {"Address": "orders.x.eu-west-1.rds.amazonaws.com", "Port": 5432}},
  {"Engine": "mysql", "Endpoint": {"Address": "m.x.eu-west-1.rds.amazonaws.com", "Port": 3306}}]}"#;
    let (code, report) = piped(aws);
    assert_eq!((code, findings(&report)), (0, vec![]));
    assert_eq!(report["strings"].as_array().unwrap().len(), 1);
    assert_eq!(
        report["strings"][0]["host"],
        "orders.x.eu-west-1.rds.amazonaws.com"
    );
}

#[test]
fn every_string_is_checked_once_if_that_is_asked_for() {
    let lab = Lab::new();
    let good = lab.good();
    lab.client.write(
        "app.env",
        format!("A='{good}'\nB='{good}'\nC=postgres://${{H}}/d\n"),
    );
    lab.client
        .write("b.py", format!("dsn = \"{}\"\n", lab.wrong_host()));
    let run = lab
        .client
        .pgtls(&["scan", "--check", "--format", "json", "app.env", "b.py"]);
    let report = run.json();
    let endpoints = report["endpoints"].as_array().unwrap();
    let verdicts: Vec<&str> = endpoints
        .iter()
        .map(|one| one["verdict"].as_str().unwrap())
        .collect();
    assert_eq!((run.code, verdicts), (1, vec!["pass", "fail"]), "{run:?}");
    assert_eq!(endpoints[1]["location"]["file"], "b.py");
    let run = lab.client.pgtls(&["scan", "--check", "app.env"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.starts_with("PASS  A  "), "{run:?}");
}

#[test]
fn code_scanning_gets_a_place_for_every_finding() {
    let repository = Repository::new("node");
    let run = repository.scan(&["--format", "sarif"]);
    let log = run.json();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.len() > 5);
    for result in results {
        let place = &result["locations"][0]["physicalLocation"];
        assert!(
            place["artifactLocation"]["uri"].is_string() && place["region"]["startLine"].is_u64()
        );
    }
    let run = repository.scan(&["--format", "github"]);
    assert!(
        run.stdout
            .contains("::error title=committed-secret,file=k8s/secret.yaml,line=7::"),
        "{run:?}"
    );
    assert!(run.stdout.ends_with("files\n"));
}

#[test]
fn a_root_file_must_be_in_the_tree() {
    let url = "A=postgres://h.acme.io/d?sslmode=verify-full&sslrootcert=certs/root.crt\n";
    let missing = vec!["warning app/.env:1 root-not-in-tree".to_owned()];
    assert_eq!(scan(&[("app/.env", url)], &[]), (0, missing));
    for place in ["certs/root.crt", "app/certs/root.crt"] {
        assert_eq!(
            scan(&[("app/.env", url), (place, "")], &[]),
            (0, vec![]),
            "{place}"
        );
    }
    let absolute = url.replace("certs/", "/certs/");
    assert_eq!(scan(&[("app/.env", &absolute)], &[]), (0, vec![]));
}

#[test]
fn strings_that_their_driver_refuses_are_found() {
    let files = [
        ("a.env", "A=postgresql://h.acme.io/d?sslmod=require\n"),
        ("b.env", "B='postgresql://h.acme.io:5432:5433/d'\n"),
        (
            "c.yml",
            "services:\n  a:\n    environment:\n      - U=\"postgres://h.acme.io/d\"\n",
        ),
        ("d.env", "PGHOST=h.acme.io:5432\nPGDATABASE=d\n"),
    ];
    let (code, found) = scan(&files, &[]);
    assert_eq!(code, 1);
    assert_eq!(
        found,
        [
            "error a.env:1 unknown-keyword",
            "error b.env:1 invalid-value",
            "error c.yml:4 mangled-conninfo",
            "error d.env:1 invalid-value",
        ]
    );
}

/// Every code of its own has a string that provokes it.
#[test]
fn each_code_is_provoked() {
    let large = format!("{}\n{WEAK}", "x".repeat(2000));
    let root = "A=postgres://h.acme.io/d?sslmode=verify-full&sslrootcert=root.crt\n";
    for (code, text) in [
        ("plaintext-possible", WEAK),
        (
            "server-not-verified",
            "A=postgres://h.acme.io/d?sslmode=require\n",
        ),
        (
            "committed-secret",
            "A=postgres://u:x9-k2@h.acme.io/d?sslmode=verify-full\n",
        ),
        ("root-not-in-tree", root),
        ("not-searched", large.as_str()),
    ] {
        let (_, found) = scan(&[("a.env", text)], &["--max-file-size", "1K"]);
        let found: Vec<&str> = found
            .iter()
            .filter_map(|one| one.rsplit(' ').next())
            .collect();
        assert_eq!(found, [code]);
    }
}

#[test]
fn what_is_not_text_is_not_passed() {
    let (code, report) = piped(&format!("{WEAK}\0"));
    assert_eq!(code, 2);
    assert_eq!(findings(&report), ["error -:1 not-searched"]);
    let binary = format!("{WEAK}\0");
    assert_eq!(
        scan(&[("a.bin", &binary)], &["a.bin"]),
        (2, vec!["error a.bin:1 not-searched".to_owned()])
    );
}

#[test]
fn a_file_below_two_paths_is_searched_once() {
    let found = vec!["error x/.env:1 plaintext-possible".to_owned()];
    let files = [("x/.env", WEAK)];
    for paths in [&["x", "."][..], &[".", "x/.env", "x/../x/.env"]] {
        assert_eq!(scan(&files, paths), (1, found.clone()), "{paths:?}");
    }
}

/// None of them has a word that only PostgreSQL uses.
#[test]
fn strings_without_a_word_of_postgresql_are_found() {
    for (name, text, code) in [
        (
            ".pgpass",
            "db.acme.io:*:app:app:pg-7716\n",
            "committed-secret",
        ),
        (".pgpass", "*:*:app:app:pg-7716\n", "committed-secret"),
        (
            "a.py",
            "c = connect('hostaddr=198.51.100.7 user=u')\n",
            "plaintext-possible",
        ),
        (
            "a.py",
            "c = connect('host = db.acme.io dbname = d')\n",
            "plaintext-possible",
        ),
        (
            "pg_service.conf",
            "[a]\nhost =db.acme.io\nuser=u\n",
            "plaintext-possible",
        ),
    ] {
        let (_, found) = scan(&[(name, text)], &[]);
        let codes: Vec<&str> = found
            .iter()
            .filter_map(|one| one.rsplit(' ').next())
            .collect();
        assert_eq!(codes, [code], "{text}");
    }
    let client = Client::new();
    client.write("a.py", "c = connect('service=prod user=u')\n");
    let run = client.pgtls(&["scan", "--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["strings"][0]["verdict"], "unknown", "{run:?}");
}

#[test]
fn one_variable_host_does_not_excuse_the_others() {
    let text = "A=postgres://u@${H},db.acme.io/d?sslmode=require\n";
    let found = vec!["error .env:1 server-not-verified".to_owned()];
    assert_eq!(scan(&[(".env", text)], &[]), (1, found));
}

/// Nothing that is long, deep or not closed is left out in silence.
#[test]
fn long_and_deep_texts_are_searched() {
    let long = "x".repeat(100_000);
    let deep = |text: &str| {
        let mut text = text.to_owned();
        for _ in 0..5 {
            let indented: String = text.lines().map(|line| format!("  {line}\n")).collect();
            text = format!("a.yml: |\n{indented}");
        }
        text
    };
    for (name, text, expected) in [
        (
            "a.js",
            format!("const a = `{long} postgres://db.acme.io/d `;\n"),
            "plaintext-possible",
        ),
        (
            "a.md",
            format!("{long} postgres://db.acme.io/d\n"),
            "plaintext-possible",
        ),
        (
            "a.sh",
            format!("A=postgres://db.acme.io/d \\\n{long} \\\nb\n"),
            "plaintext-possible",
        ),
        (
            "a.toml",
            format!("a = \"\"\"\n{long}\n{long}\npostgres://db.acme.io/d\n"),
            "plaintext-possible",
        ),
        ("a.yml", deep("A=postgres://db.acme.io/d"), "not-searched"),
    ] {
        let (_, found) = scan(&[(name, &text)], &[]);
        let codes: Vec<&str> = found
            .iter()
            .filter_map(|one| one.rsplit(' ').next())
            .collect();
        assert_eq!(codes, [expected], "{name}");
    }
}
