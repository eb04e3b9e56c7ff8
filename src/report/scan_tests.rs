//! Whatever is in a file: no panic, and no password in any format.

use proptest::prelude::*;

use super::scan_text::{self, Listed};
use super::text::{Page, View};
use super::{ScanReport, github, json, sarif};
use crate::demands::Strictness;
use crate::scan::{Pipe, ScanRequest, scan};

/// A plain word: nothing hides it but the rules for passwords.
const SECRET: &str = "quietharbour";

/// All that is printed of a text, in all formats.
fn printed(name: &str, text: &str) -> String {
    let found = scan(&ScanRequest {
        input: Some(Pipe {
            name: name.into(),
            bytes: text.as_bytes().to_vec(),
        }),
        ..ScanRequest::default()
    });
    let report = ScanReport::of(&found, Strictness::Strict, None);
    let mut out = Vec::new();
    json::write(&mut out, &report).unwrap();
    sarif::write_scan(&mut out, &report).unwrap();
    github::write_scan(&mut out, &report).unwrap();
    scan_text::write(&mut out, &report, Listed::All, View::PLAIN).unwrap();
    String::from_utf8(out).unwrap()
}

/// As it is read at night, on the pages of `text/tests.rs`.
#[test]
fn a_scan_can_be_read_at_every_width() {
    let lines = [
        "DATABASE_URL=postgres://app:Zq7wXk9LmPv3Rt@db.acme.io/app?sslmode=require",
        "REPORTS_URL=postgres://app@db.acme.io/app?sslmode=verify-full&sslrootcert=system",
    ];
    let found = scan(&ScanRequest {
        input: Some(Pipe {
            name: ".env".into(),
            bytes: lines.join("\n").into_bytes(),
        }),
        ..ScanRequest::default()
    });
    let report = ScanReport::of(&found, Strictness::Lenient, None);
    let screens = [40, 80, 120].map(|columns| {
        let view = View {
            page: Page::of(columns),
            ..View::PLAIN
        };
        let mut out = Vec::new();
        scan_text::write(&mut out, &report, Listed::Faulty, view).unwrap();
        let ruler = "-".repeat(columns.min(100));
        format!("{ruler} {columns}\n{}", String::from_utf8(out).unwrap())
    });
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("screen-scan", screens.join("\n"));
    });
}

const NAMES: &[&str] = &[
    ".env",
    "a.yml",
    "a.json",
    "a.py",
    "a.js",
    "a.go",
    "a.php",
    "a.tf",
    "a.ini",
    "a.properties",
    "a.xml",
    "a.md",
    "a.sh",
    "pgbouncer.ini",
    ".pgpass",
    "pg_service.conf",
    "a.cs",
    "a.exs",
    "Dockerfile",
    "-",
    "config/database.yml",
];

/// Lines with the secret where a password stands.
fn lines() -> Vec<String> {
    [
        "DATABASE_URL=postgres://app:{}@db.acme.io/app?sslmode=require",
        "url: \"postgresql://app:{}@db.acme.io/app\"",
        "'postgres://app:{}@db.acme.io:5432/app?sslmod=x',",
        "postgres://app:{}@/db",
        "postgres://app:{}/x@db.acme.io/app",
        "postgres://app:a@{}@db.acme.io/app",
        "PGPASSWORD={}",
        "PGHOST=db.acme.io",
        "  password: {}",
        "  host: db.acme.io",
        "  adapter: postgresql",
        "\"Host=db.acme.io;Username=app;Password={};Ssl Mod=x\"",
        "Server=db.acme.io;Port=5432;User Id=app;Password=\"{}\"",
        "host=db.acme.io dbname=app password={} sslmode=requre",
        "host=db.acme.io dbname=app password='{}",
        "db.acme.io:5432:app:app:{}",
        "jdbc:postgresql://app:{}@db.acme.io/app",
        "jdbc:postgresql://db.acme.io/app?user=app&password={}",
        "spring.datasource.password={}",
        "psql \"host=db.acme.io password={} dbname=x\"",
        "export PGPASSWORD='{}' && psql -h db.acme.io",
        "new PDO('pgsql:host=db.acme.io;password={}', 'app', '{}');",
        "Driver={PostgreSQL Unicode};Server=db.acme.io;Pwd={}",
        "'PASSWORD': '{}', 'HOST': 'db.acme.io', 'ENGINE': 'postgresql',",
        "{",
        "}",
        "[prod]",
        "[databases]",
        "data:",
        "kind: Secret",
        "- name: DB_PASSWORD",
        "  value: {}",
        "\"",
        "'",
        "/*",
        "<!--",
        "key: |",
        "${",
        "{{",
        "---",
        "\\",
    ]
    .iter()
    .map(|line| line.replace("{}", SECRET))
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_password_is_printed(name in 0..NAMES.len(), picked in proptest::collection::vec(0..lines().len(), 1..12)) {
        let lines = lines();
        let text: Vec<&str> = picked.iter().map(|index| lines[*index].as_str()).collect();
        let printed = printed(NAMES[name], &text.join("\n"));
        prop_assert!(!printed.contains(SECRET), "{} {text:#?}\n{printed}", NAMES[name]);
    }

    #[test]
    fn no_text_makes_it_panic(name in 0..NAMES.len(), text in "(\\PC|[\\n\"'{}=:;@/$%<>\\\\]|postgres://|host=|password){0,60}") {
        let _ = printed(NAMES[name], &text);
    }
}

/// In a broken file a password can stand where the name of a block does.
#[test]
fn no_password_is_the_name_of_a_block() {
    let group = "host=db.acme.io dbname=app password={} sslmode=requre";
    for before in [
        "Driver={PostgreSQL Unicode};Server=db.acme.io;Pwd={}\n{{",
        "db.acme.io:5432:app:app:{}\n{",
        "password: {}\n(",
        "new PDO('pgsql:host=db.acme.io', 'app', '{}'\n{",
        "'{}' {",
    ] {
        for name in NAMES {
            let text = format!("{before}\n{group}").replace("{}", SECRET);
            let printed = printed(name, &text);
            assert!(!printed.contains(SECRET), "{name} {text}\n{printed}");
        }
    }
}

#[test]
fn deep_and_long_files_end() {
    for text in [
        "{".repeat(300_000),
        "- ".repeat(100_000),
        "postgres://".repeat(20_000),
        "a: {b: ".repeat(30_000),
        "\"a\" + ".repeat(50_000) + "postgres",
        "host=h ".repeat(9_000),
        "${".repeat(20_000),
        "k:\n ".repeat(20_000),
    ] {
        for name in [".env", "a.yml", "a.json", "a.js", "a.py", "a.md", "a.ini"] {
            let _ = printed(name, &text);
        }
    }
}

/// Each of them had its time grow with the square of the number of objects.
#[test]
fn files_of_many_objects_end() {
    for (name, text) in [
        (
            "a.yml",
            "---\nkind: Service\nmetadata:\n  name: a\n".repeat(8_000),
        ),
        (
            "a.json",
            "{\"Engine\": \"postgres\", \"Endpoint\": {\"Address\": \"h\"}},\n".repeat(8_000),
        ),
        (
            "a.js",
            "new Pool({url: 'postgres://localhost/d', ssl: {ca: x}});\n".repeat(8_000),
        ),
        (
            "a.sh",
            "PGSSLMODE=require psql -h localhost\n".repeat(8_000),
        ),
        (
            "b.yml",
            "a:\n  env:\n    PGSSLMODE: require\n  run: psql -h localhost\n".repeat(2_000),
        ),
        (
            "a.env",
            "URL=postgres://localhost/d\nDB_HOST=localhost\n".repeat(8_000),
        ),
    ] {
        let _ = printed(name, &text);
    }
}
