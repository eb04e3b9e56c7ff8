//! The real clients. Each runs all the time and gets requests over a pipe.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::support::tool::Tool;

/// A request to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// To connect with the string.
    String,
    /// To connect with these roots, verifying everything.
    Certificate,
}

/// One question.
pub(crate) struct Request {
    pub(crate) ask: Ask,
    pub(crate) string: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The root file that the string names.
    pub(crate) roots: Option<PathBuf>,
    /// `~/.postgresql/root.crt`, if it exists.
    pub(crate) home_roots: Option<PathBuf>,
    pub(crate) home: PathBuf,
    pub(crate) environment: HashMap<String, String>,
}

/// What a client did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    Tls,
    Plaintext,
    Refused,
    /// It did not accept the string.
    Invalid,
}

/// All clients that are installed.
pub(crate) struct Clients {
    drivers: Vec<(Driver, &'static [&'static str])>,
}

impl Clients {
    /// Starts them; `None`, with a visible line, if one is missing.
    pub(crate) fn start() -> Option<Self> {
        let python = Tool::PythonClients.find()?;
        let node = Tool::NodeClients.find()?;
        let rust = Tool::RustClients.find()?;
        let libpq18 = Tool::Libpq18.find()?;
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
        let python = Driver::start(
            Command::new("python3")
                .arg(scripts.join("drive.py"))
                .arg(python)
                .arg(libpq18),
        );
        let node = Driver::start(
            Command::new("node")
                .arg(scripts.join("drive.mjs"))
                .arg(node),
        );
        let rust = Driver::start(&mut Command::new(rust));
        Some(Self {
            drivers: vec![
                (python, &["libpq", "asyncpg", "python-default-context"]),
                (node, &["node-postgres", "postgres.js"]),
                (
                    rust,
                    &[
                        "sqlx-rustls",
                        "tokio-postgres-rustls",
                        "tokio-postgres-native-tls",
                    ],
                ),
            ],
        })
    }

    /// What every client does and reports.
    pub(crate) fn ask(&mut self, request: &Request) -> HashMap<&'static str, (Came, String)> {
        for (driver, names) in &mut self.drivers {
            for name in *names {
                driver.send(name, request);
            }
        }
        let mut came = HashMap::new();
        for (driver, names) in &mut self.drivers {
            for name in *names {
                came.insert(*name, driver.receive());
            }
        }
        came
    }
}

/// A program that answers line by line.
struct Driver {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Driver {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            input,
            output,
        }
    }

    fn send(&mut self, client: &str, request: &Request) {
        // A program with tokio-postgres would get the roots that libpq finds at home.
        let at_home = client
            .starts_with("tokio-postgres")
            .then_some(&request.home_roots);
        let roots = request
            .roots
            .as_ref()
            .or_else(|| at_home.and_then(Option::as_ref));
        let line = json!({
            "client": client,
            "ask": match request.ask {
                Ask::String => "string",
                Ask::Certificate => "certificate",
            },
            "string": request.string,
            "host": request.host,
            "port": request.port,
            "roots": roots,
            "home": request.home,
            "environment": request.environment,
        });
        writeln!(self.input, "{line}").unwrap();
    }

    fn receive(&mut self) -> (Came, String) {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        let came = match answer["came"].as_str().unwrap() {
            "tls" => Came::Tls,
            "plaintext" => Came::Plaintext,
            "refused" => Came::Refused,
            "invalid" => Came::Invalid,
            other => panic!("a client came to {other:?}"),
        };
        (came, answer["message"].as_str().unwrap().to_owned())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
