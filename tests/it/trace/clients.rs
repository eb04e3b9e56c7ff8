//! The table of clients in docs/trace.md: real drivers through the relay, and the TLS library that each shows.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::pki::Ca;
use crate::support::postgres::{Postgres, programs};
use crate::support::python::python3;
use crate::support::skip::skip;
use crate::support::tool::Tool;

/// A program that connects once, as `DATABASE_URL` or libpq's variables say.
struct Program {
    name: &'static str,
    command: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    /// What its ClientHello tells; empty if that depends on what is installed.
    library: &'static [&'static str],
}

const MODES: [&str; 3] = ["verify-full", "require", "prefer"];
const SERVERS: [&str; 3] = ["good", "wrong", "none"];

/// Each client in each mode: at a good server, at one with the certificate of an unknown CA for another name, and at one
/// without TLS. With `PGTLS_UPDATE_DOCS` set the page is written instead of compared.
#[test]
fn the_table_of_the_documentation_is_what_clients_do() {
    let root = Ca::root("root");
    let good = root.leaf(&["localhost"]);
    let wrong = Ca::root("nobody").leaf(&["elsewhere.example"]);
    let Some(mut server) = Postgres::start(&good) else {
        return;
    };
    let programs = all();
    let mut cells: BTreeMap<(usize, &str, &str), String> = BTreeMap::new();
    for server_kind in SERVERS {
        match server_kind {
            "good" => server.serve(&good),
            "wrong" => server.serve(&wrong),
            _ => server.configure(&good, &[("ssl", "off")]),
        }
        for (index, program) in programs.iter().enumerate() {
            for mode in MODES {
                let report = trace(program, &server, &root, mode);
                if server_kind == "good" && mode == "verify-full" {
                    check_library(program, &report);
                }
                cells.insert((index, mode, server_kind), outcome(&report));
            }
        }
    }
    let mut table =
        "| client | mode | good | wrong | none |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for (index, program) in programs.iter().enumerate() {
        for mode in MODES {
            let cell = |server| cells[&(index, mode, server)].as_str();
            table.push_str(&format!(
                "| {} | {mode} | {} | {} | {} |\n",
                program.name,
                cell("good"),
                cell("wrong"),
                cell("none")
            ));
        }
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/trace.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (old, after) = rest.split_once(END).unwrap();
    if std::env::var_os("PGTLS_UPDATE_DOCS").is_some() {
        let text = format!("{before}{BEGIN}\n{table}{END}{after}");
        return std::fs::write(&page, text).unwrap();
    }
    // What is not installed has no row here.
    for row in table.lines() {
        assert!(old.contains(row), "docs/trace.md has no row:\n{row}");
    }
}

const BEGIN: &str = "<!-- clients -->";
const END: &str = "<!-- end of clients -->";

fn trace(program: &Program, server: &Postgres, root: &Ca, mode: &str) -> Value {
    let mut client = Client::new()
        .with("PATH", std::env::var_os("PATH").unwrap_or_default())
        .with("PGSSLMODE", mode);
    client.write("root.crt", &root.pem);
    for (name, value) in &program.environment {
        client = client.with(name, value);
    }
    let roots = client.home.path().join("root.crt");
    // With roots libpq verifies in every mode, so only the mode that must gets them. Node.js has roots of its own.
    let file = roots.display().to_string();
    let roots = match mode {
        "verify-full" => {
            client = client.with("NODE_EXTRA_CA_CERTS", &file);
            format!("sslrootcert={file}")
        }
        _ if program.name.starts_with("tokio-postgres") => format!("sslrootcert={file}"),
        _ => String::new(),
    };
    let string = format!(
        "host=localhost hostaddr=127.0.0.1 port={} user=postgres dbname=postgres password=x sslmode={mode} {roots}",
        server.port
    );
    let output = client
        .command(&["trace", "--to", &string, "--format", "json", "--"])
        .args(&program.command)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{}: {error}: {output:?}", program.name))
}

/// What a client did, in a few words.
fn outcome(report: &Value) -> String {
    let found = |code: &str| {
        let mut findings = report["findings"].as_array().unwrap().iter();
        findings.any(|one| one["code"] == code)
    };
    let sessions = |kind: &str| report["counts"][kind].as_u64().unwrap() > 0;
    let text = if found("falls-back-to-plaintext") {
        "**falls back to plain text**"
    } else if found("plaintext-session") {
        "**plain text**"
    } else if sessions("tls_sessions") {
        "TLS"
    } else {
        "refuses"
    };
    text.to_owned()
}

fn check_library(program: &Program, report: &Value) {
    let Some(connection) = report["connections"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| !one["client_hello"].is_null())
    else {
        return;
    };
    let library = connection["client_hello"]["library"]
        .as_str()
        .unwrap_or("none");
    assert!(
        program.library.is_empty() || program.library.contains(&library),
        "{}: {library}, {}",
        program.name,
        connection["client_hello"]["ja4"]
    );
}

/// Those that are installed.
fn all() -> Vec<Program> {
    let mut all = Vec::new();
    let openssl: &[&str] = &["OpenSSL 1.1.1 to 3.3", "OpenSSL 3.4 or newer"];
    let words = |words: &[&dyn AsRef<std::ffi::OsStr>]| -> Vec<OsString> {
        words.iter().map(|word| word.as_ref().to_owned()).collect()
    };
    if let Some(directory) = programs() {
        all.push(Program {
            name: "psql 15",
            command: words(&[&directory.join("psql"), &"-Xwc", &"SELECT 1"]),
            environment: Vec::new(),
            library: openssl,
        });
    }
    if let Some(library) = Tool::Libpq18.find() {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/libpq_connect.py");
        all.push(Program {
            name: "libpq 18",
            command: words(&[&python3(), &"-IS", &script, &library, &"connect_timeout=10"]),
            environment: Vec::new(),
            library: openssl,
        });
    }
    if let Some(directory) = Tool::PythonClients.find() {
        for (name, file, library) in [
            ("psycopg 3", "use_psycopg.py", openssl),
            ("asyncpg", "use_asyncpg.py", &["Python's ssl"][..]),
        ] {
            all.push(Program {
                name,
                command: words(&[&"python3", &script(file)]),
                environment: vec![("PYTHONPATH", directory.clone())],
                library,
            });
        }
    }
    if let Some(directory) = Tool::NodeClients.find() {
        let modules: OsString = Path::new(&directory).join("node_modules").into();
        for (name, file) in [
            ("node-postgres", "use_pg.cjs"),
            ("postgres.js", "use_postgres_js.cjs"),
        ] {
            all.push(Program {
                name,
                command: words(&[&"node", &script(file)]),
                environment: vec![("NODE_PATH", modules.clone())],
                // Other versions of Node.js have other lists.
                library: match version("node", "v") {
                    Some(20) => &["Node.js"],
                    Some(_) | None => &[],
                },
            });
        }
    }
    let jar = Path::new("/usr/share/java/postgresql.jar");
    if jar.exists() {
        all.push(Program {
            name: "pgjdbc",
            command: words(&[&"java", &"-cp", &jar, &script("UsePgjdbc.java")]),
            environment: Vec::new(),
            // Other versions of Java have other lists.
            library: match version("java", "openjdk ") {
                Some(17) => &["Java"],
                Some(_) | None => &[],
            },
        });
    } else {
        skip("pgjdbc is not installed");
    }
    if let Some(program) = Tool::RustClients.find() {
        let beside = Path::new(&program).with_file_name("use-tokio-postgres");
        if beside.exists() {
            all.push(Program {
                name: "tokio-postgres with rustls",
                command: words(&[&beside]),
                environment: Vec::new(),
                library: &["rustls"],
            });
        }
        let request = json!({
            "client": "sqlx-rustls", "ask": "string", "string": "URL", "host": "", "port": 0,
            "roots": null, "home": "/", "environment": {},
        });
        let ask = format!(
            "printf '%s\\n' '{request}' | sed \"s|URL|$(printf %s \"$DATABASE_URL\" | sed 's/&/\\\\&/g')|\" | {}",
            Path::new(&program).display()
        );
        all.push(Program {
            name: "sqlx with rustls",
            command: words(&[&"sh", &"-c", &ask]),
            environment: Vec::new(),
            library: &["rustls"],
        });
    }
    all
}

/// The major version that a program names after these letters.
fn version(program: &str, before: &str) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, rest) = text.split_once(before)?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/lab-clients")
        .join(name)
}
