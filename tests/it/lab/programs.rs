//! Real programs against the lab. `docs/lab.md` has the table of what each lets through.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::client::Client;
use crate::support::postgres::programs;
use crate::support::skip::skip;
use crate::support::tool::Tool;

/// A program, and what it accepts in each mode.
struct Program {
    command: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    verify_full: &'static [&'static str],
    require: &'static [&'static str],
    /// Only of [`SOME`]. An exclamation mark at the start means: in plain text.
    prefer: &'static [&'static str],
}

/// The endpoints for every program in the weaker modes, in addition to the good one.
const SOME: [&str; 6] = [
    "expired-root",
    "wrong-host",
    "ip-without-san",
    "unknown-ca",
    "revoked",
    "no-tls",
];

#[test]
fn psql() {
    let Some(directory) = programs() else {
        return skip("PostgreSQL is not installed");
    };
    try_out(&Program {
        command: command(&[
            directory.join("psql").as_os_str(),
            "-Xwc".as_ref(),
            "SELECT 1".as_ref(),
        ]),
        environment: Vec::new(),
        verify_full: &[],
        require: &["wrong-host", "ip-without-san"],
        prefer: &[
            "!expired-root",
            "wrong-host",
            "ip-without-san",
            "!unknown-ca",
            "!revoked",
            "!no-tls",
        ],
    });
}

#[test]
fn psycopg() {
    let Some(directory) = python("psycopg") else {
        return;
    };
    try_out(&Program {
        command: command(&["python3".as_ref(), script("use_psycopg.py").as_os_str()]),
        environment: vec![("PYTHONPATH", directory)],
        verify_full: &[],
        require: &["wrong-host", "ip-without-san"],
        prefer: &[
            "!expired-root",
            "wrong-host",
            "ip-without-san",
            "!unknown-ca",
            "!revoked",
            "!no-tls",
        ],
    });
}

#[test]
fn asyncpg() {
    let Some(directory) = python("asyncpg") else {
        return;
    };
    try_out(&Program {
        command: command(&["python3".as_ref(), script("use_asyncpg.py").as_os_str()]),
        environment: vec![("PYTHONPATH", directory)],
        verify_full: &[],
        require: &["wrong-host", "ip-without-san"],
        prefer: &[
            "expired-root",
            "wrong-host",
            "ip-without-san",
            "unknown-ca",
            "revoked",
            "!no-tls",
        ],
    });
}

#[test]
fn node_postgres() {
    let Some(directory) = Tool::NodeClients.find() else {
        return;
    };
    try_out(&Program {
        command: command(&["node".as_ref(), script("use_pg.cjs").as_os_str()]),
        environment: vec![(
            "NODE_PATH",
            Path::new(&directory).join("node_modules").into(),
        )],
        verify_full: &["revoked"],
        require: &["revoked"],
        prefer: &["revoked"],
    });
}

#[test]
fn tokio_postgres() {
    let Some(program) = Tool::RustClients.find() else {
        return;
    };
    let program = Path::new(&program).with_file_name("use-tokio-postgres");
    if !program.exists() {
        return skip("tests/clients is not built with its program for the lab");
    }
    try_out(&Program {
        command: command(&[program.as_os_str()]),
        environment: Vec::new(),
        verify_full: &["expired-root", "revoked"],
        require: &["expired-root", "revoked"],
        prefer: &["expired-root", "revoked", "!no-tls"],
    });
}

fn try_out(program: &Program) {
    // How long it waits for a silent server has nothing to do with safety.
    let all = run(program, "verify-full", &["--except", "never-answers"]);
    assert_eq!(let_through(&all), program.verify_full, "verify-full");
    assert_eq!(refused_good(&all), [""; 0], "verify-full");
    assert_eq!(
        let_through(&run(program, "require", &SOME)),
        program.require,
        "require"
    );
    assert_eq!(
        let_through(&run(program, "prefer", &SOME)),
        program.prefer,
        "prefer"
    );
}

fn run(program: &Program, sslmode: &str, arguments: &[&str]) -> Value {
    let client = Client::new();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let arguments = [
        &["lab", "run", "--format", "json", "--timeout", "60"],
        arguments,
    ]
    .concat();
    let output = client
        .command(&arguments)
        .arg("--")
        .args(&program.command)
        .env("PATH", path)
        .env("PGSSLMODE", sslmode)
        .envs(
            program
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .output()
        .unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let safe = let_through(&document).is_empty() && refused_good(&document).is_empty();
    assert_eq!(output.status.code(), Some(i32::from(!safe)), "{document}");
    let good = &document["attempts"][0];
    assert_eq!(good["deed"], "accepted", "{good}");
    assert_eq!(
        good["connections"][0]["queries"]
            .as_u64()
            .map(|count| count > 0),
        Some(true)
    );
    document
}

fn let_through(trial: &Value) -> Vec<String> {
    let marked = |attempt: &Value| match attempt["password"].as_str() {
        Some("plaintext") => format!("!{}", attempt["fault"].as_str().unwrap()),
        _ => attempt["fault"].as_str().unwrap().to_owned(),
    };
    of_verdict(trial, &["unsafe"]).map(marked).collect()
}

fn refused_good(trial: &Value) -> Vec<&str> {
    of_verdict(trial, &["refused-good", "untested"])
        .map(|attempt| attempt["fault"].as_str().unwrap())
        .collect()
}

fn of_verdict<'a>(trial: &'a Value, wanted: &'a [&str]) -> impl Iterator<Item = &'a Value> {
    let attempts = trial["attempts"].as_array().unwrap().iter();
    attempts.filter(move |attempt| wanted.contains(&attempt["verdict"].as_str().unwrap()))
}

fn command(words: &[&OsStr]) -> Vec<OsString> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/lab-clients")
        .join(name)
}

fn python(library: &str) -> Option<OsString> {
    let directory = Tool::PythonClients.find()?;
    if !Path::new(&directory).join(library).exists() {
        skip(&format!("{library} is not installed"));
        return None;
    }
    Some(directory)
}
