//! A clean environment to run clients in: pgtls, and real libpq as the referee.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::pki::Ca;
#[cfg(unix)]
use super::postgres::programs;
#[cfg(unix)]
use super::python::{STANDARD_LIBRARY, python3};

/// An empty home directory, which is also the working directory, and only the environment that is
/// added.
pub(crate) struct Client {
    /// `HOME`.
    pub(crate) home: TempDir,
    variables: Vec<(OsString, OsString)>,
}

/// The result of a run of pgtls.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

/// What real libpq did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Connected over TLS.
    Tls,
    /// Connected in plain text.
    Plaintext,
    /// Did not connect, with this message.
    Refused(String),
}

/// Every format of a report.
pub(crate) const FORMATS: [&str; 11] = [
    "text",
    "json",
    "jsonl",
    "junit",
    "sarif",
    "github",
    "prometheus",
    "markdown",
    "html",
    "csv",
    "ics",
];

impl Client {
    pub(crate) fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// With the certificate of this authority as `root.crt`.
    pub(crate) fn trusting(authority: &Ca) -> Self {
        let client = Self::new();
        client.write("root.crt", &authority.pem);
        client
    }

    /// The same with a variable set.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.into(), value.as_ref().into()));
        self
    }

    /// Writes a file below the home directory.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The same, for its owner only, as a key must be.
    pub(crate) fn write_private(&self, name: &str, text: impl AsRef<[u8]>) {
        self.write(name, text);
        // Windows has no modes, and libpq asks for none there.
        #[cfg(unix)]
        {
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(self.home.path().join(name), private).unwrap();
        }
    }

    /// `pgtls check --format json STRING`.
    pub(crate) fn check(&self, string: &str) -> Run {
        self.pgtls(&["check", "--format", "json", string])
    }

    /// Runs the built program.
    pub(crate) fn pgtls(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().unwrap();
        Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The built program, ready to run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let other = std::env::var_os("PGTLS_TEST_PROGRAM").map(PathBuf::from);
        let program = other.unwrap_or_else(|| env!("CARGO_BIN_EXE_pgtls").into());
        let mut command = self.clean(&program);
        command.args(arguments);
        command
    }

    fn clean(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.home.path())
            .env("LC_ALL", "C")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home.path());
        // Without it Windows' own libraries do not load.
        #[cfg(windows)]
        command.envs(std::env::var_os("SystemRoot").map(|root| ("SystemRoot", root)));
        command
    }
}

#[cfg(unix)]
impl Client {
    /// What psql does with the string. It must be installed.
    pub(crate) fn psql(&self, string: &str) -> Answer {
        let output = self.run_psql(
            string,
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        );
        match output.as_deref().map(str::trim) {
            Ok("t") => Answer::Tls,
            Ok("f") => Answer::Plaintext,
            Ok(other) => panic!("psql prints {other:?}"),
            Err(message) => Answer::Refused(message.to_owned()),
        }
    }

    /// The output of a statement or backslash command of psql, or its error.
    pub(crate) fn run_psql(&self, string: &str, statement: &str) -> Result<String, String> {
        let output = self
            .clean(&programs().unwrap().join("psql"))
            .args(["-XAtw", "-d", string, "-c", statement])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// What the libpq of that shared library does with the string.
    pub(crate) fn libpq(&self, library: &OsStr, string: &str) -> Answer {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/libpq_connect.py");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let output = self
            .clean(python3())
            .env("PATH", path)
            .arg(STANDARD_LIBRARY)
            .arg(script)
            .arg(library)
            .arg(string)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        match text.split_once(' ') {
            Some(("connected", "1")) => Answer::Tls,
            Some(("connected", "0")) => Answer::Plaintext,
            Some(("refused", message)) => Answer::Refused(message.to_owned()),
            _ => panic!("libpq: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }

    /// Runs the first command of a report's advice, a line that starts with four spaces, like a
    /// user who copies it into a shell.
    pub(crate) fn take_advice(&self, run: &Run) {
        let hint = run.hint();
        let Some(command) = hint.lines().find_map(|line| line.strip_prefix("    ")) else {
            panic!("no command in {hint:?}");
        };
        self.take_command(command);
    }

    /// Runs a command like a user who copies it into a shell.
    pub(crate) fn take_command(&self, command: &str) {
        let program = Path::new(env!("CARGO_BIN_EXE_pgtls")).parent().unwrap();
        let mut path = program.as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let output = self
            .clean(Path::new("sh"))
            .env("PATH", path)
            .args(["-c", command])
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
    }

    /// Another program of this machine, ready to run in the same environment.
    pub(crate) fn other(&self, program: impl AsRef<Path>) -> Command {
        let mut command = self.clean(program.as_ref());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }
}

impl Run {
    /// The JSON document. Nothing else may be printed.
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(document) => document,
            Err(error) => panic!("{error} in {self:?}"),
        }
    }

    /// The first endpoint of the document.
    pub(crate) fn endpoint(&self) -> Value {
        self.json()["endpoints"][0].take()
    }

    /// The code of the error, or "pass".
    pub(crate) fn outcome(&self) -> String {
        match self.endpoint()["error"]["code"].as_str() {
            Some(code) => code.to_owned(),
            None => "pass".to_owned(),
        }
    }

    /// The exit code, and the code of the error or "pass".
    pub(crate) fn verdict(&self) -> (i32, String) {
        (self.code, self.outcome())
    }

    /// The hint of the error.
    pub(crate) fn hint(&self) -> String {
        match self.endpoint()["error"]["hint"].as_str() {
            Some(hint) => hint.to_owned(),
            None => panic!("no hint in {self:?}"),
        }
    }

    /// The last line to copy of that hint.
    pub(crate) fn to_copy(&self) -> String {
        last_to_copy(&self.hint())
    }

    /// The codes of the findings.
    pub(crate) fn findings(&self) -> Vec<String> {
        let endpoint = self.endpoint();
        let findings = endpoint["findings"].as_array().unwrap().iter();
        findings
            .map(|finding| finding["code"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// The last line to copy of a hint, which starts with four spaces.
pub(crate) fn last_to_copy(hint: &str) -> String {
    let line = hint.lines().rfind(|line| line.starts_with("    "));
    let line = line.unwrap_or_else(|| panic!("nothing to copy in {hint:?}"));
    line.trim().to_owned()
}
