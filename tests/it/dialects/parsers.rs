//! Each driver's own parser, in a process of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use pgtls::dialect::Dialect;
use serde_json::{Value, json};

use super::spied::{Spied, ask_go};
use crate::support::fed::fed;
use crate::support::skip::skip;
use crate::support::tool::Tool;

/// What a parser finds in a string.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) hosts: Vec<String>,
    pub(crate) ports: Vec<String>,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) dbname: String,
    /// What is verified: one of libpq's modes, and the root file. Roots of a runtime are not a file.
    pub(crate) mode: String,
    pub(crate) root: String,
}

/// Who takes strings apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parser {
    Python,
    Node,
    Java,
    Spied(Spied),
    Go,
}

impl Parser {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Python,
        Self::Node,
        Self::Java,
        Self::Spied(Spied::Php),
        Self::Spied(Spied::Odbc),
        Self::Spied(Spied::Ruby),
        Self::Go,
    ];

    pub(crate) fn of(dialect: Dialect) -> Option<Self> {
        match dialect {
            Dialect::Libpq | Dialect::Sqlalchemy | Dialect::Django => Some(Self::Python),
            Dialect::NodePostgres | Dialect::PostgresJs => Some(Self::Node),
            Dialect::Jdbc => Some(Self::Java),
            Dialect::Pdo | Dialect::Laravel => Some(Self::Spied(Spied::Php)),
            Dialect::Odbc => Some(Self::Spied(Spied::Odbc)),
            Dialect::Rails => Some(Self::Spied(Spied::Ruby)),
            Dialect::Go => Some(Self::Go),
            Dialect::R2dbc
            | Dialect::Adonet
            | Dialect::Prisma
            | Dialect::Ecto
            | Dialect::PsqlCommand
            | Dialect::DotenvLine => None,
        }
    }

    /// Takes all strings apart; `None`, with a visible line, if the drivers are not installed. An answer is nothing if
    /// the driver refuses the string.
    pub(crate) fn ask(self, questions: &[(Dialect, String)]) -> Option<Vec<Option<Parts>>> {
        let scripts = scripts();
        let (command, lines): (Command, Vec<String>) = match self {
            Self::Python => {
                let mut command = Command::new("python3");
                command
                    .arg(scripts.join("parse.py"))
                    .arg(Tool::PythonClients.find()?)
                    .arg(Tool::PythonUrls.find()?);
                (command, questions.iter().map(as_json).collect())
            }
            Self::Node => {
                let mut command = Command::new("node");
                command
                    .arg(scripts.join("parse.mjs"))
                    .arg(Tool::NodeClients.find()?);
                (command, questions.iter().map(as_json).collect())
            }
            Self::Spied(spied) => return spied.ask(questions),
            Self::Go => return ask_go(questions),
            Self::Java => {
                let jar = Path::new(JAR);
                if !jar.exists() || Command::new("java").arg("-version").output().is_err() {
                    skip("java or libpostgresql-jdbc-java is not installed; see .ci/install");
                    return None;
                }
                let mut command = Command::new("java");
                command.arg("-cp").arg(jar).arg(scripts.join("Parse.java"));
                (
                    command,
                    questions.iter().map(|(_, text)| text.clone()).collect(),
                )
            }
        };
        let text = run(command, lines);
        let answers: Vec<Option<Parts>> = text
            .lines()
            .map(|line| match self {
                Self::Python | Self::Node => from_json(line),
                Self::Java => from_tabs(line),
                Self::Spied(_) | Self::Go => None,
            })
            .collect();
        assert_eq!(answers.len(), questions.len(), "{self:?}");
        Some(answers)
    }
}

/// Where the parsers are.
pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/dialects")
}

/// Gives the lines to a parser, and returns what it says.
pub(crate) fn run(mut command: Command, lines: Vec<String>) -> String {
    let output = fed(&mut command, lines.join("\n")).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    // Shown if the test fails.
    print!("{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Where Debian's `libpostgresql-jdbc-java` installs it.
const JAR: &str = "/usr/share/java/postgresql.jar";

/// A root file that exists, because node-postgres reads it at once.
pub(crate) fn root_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("certs/DigiCertGlobalRootG2.crt.pem")
}

fn as_json((dialect, text): &(Dialect, String)) -> String {
    json!({"dialect": dialect.name(), "text": text}).to_string()
}

/// A line of `parse.py`, `parse.mjs` or `parse.go`; nothing for an error.
pub(crate) fn from_json(line: &str) -> Option<Parts> {
    let value: Value = serde_json::from_str(line).unwrap();
    if value.get("error").is_some() {
        return None;
    }
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let list = |name: &str| {
        let list = value[name].as_array().unwrap().iter();
        list.map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    Some(Parts {
        hosts: list("hosts"),
        ports: list("ports"),
        user: text("user"),
        password: text("password"),
        dbname: text("dbname"),
        mode: text("mode"),
        root: text("root"),
    })
}

fn from_tabs(line: &str) -> Option<Parts> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [
        "read",
        host,
        port,
        user,
        password,
        dbname,
        mode,
        root,
        factory,
    ] = fields.as_slice()
    else {
        return None;
    };
    let list = |text: &str| text.split(',').map(str::to_owned).collect();
    let java = factory.ends_with("DefaultJavaSSLFactory");
    // Java resolves no name at all as localhost, and takes the brackets off an address.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = if host.is_empty() { "localhost" } else { host };
    Some(Parts {
        hosts: list(host),
        ports: list(port),
        user: (*user).to_owned(),
        password: (*password).to_owned(),
        dbname: (*dbname).to_owned(),
        mode: (*mode).to_owned(),
        root: if java {
            String::new()
        } else {
            (*root).to_owned()
        },
    })
}
