//! Real libpq as the referee, through Python's ctypes: one process for a whole table of strings.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::python::python3;
use super::skip::skip;

/// One attempt to connect.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempt {
    /// The connection string.
    pub(crate) conninfo: Vec<u8>,
    /// `HOME` for this attempt.
    pub(crate) home: Vec<u8>,
    /// The effective user for this attempt; needs root.
    pub(crate) uid: Option<u32>,
}

/// libpq's error message for each attempt, in order; `None` on a machine without Python or libpq.
pub(crate) fn connect_all(attempts: &[Attempt]) -> Option<Vec<Vec<u8>>> {
    let library = library()?;
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/libpq_connect_all.py");
    let mut python = Command::new(python3());
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            python.env_remove(name);
        }
    }
    let mut python = python
        .arg(script)
        .arg(&library)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .env("LC_ALL", "C")
        .spawn()
        .unwrap();
    let mut stdin = python.stdin.take().unwrap();
    let lines: String = attempts.iter().map(Attempt::line).collect();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(
        output.status.success(),
        "the libpq harness failed: {}",
        output.status
    );
    let messages: Vec<_> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(from_hex)
        .collect();
    assert_eq!(
        messages.len(),
        attempts.len(),
        "one message for each attempt"
    );
    Some(messages)
}

/// `'...'`, quoted for a connection string.
pub(crate) fn quoted(value: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for &byte in value {
        if matches!(byte, b'\'' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(byte);
    }
    quoted.push(b'\'');
    quoted
}

impl Attempt {
    fn line(&self) -> String {
        let uid = self.uid.map(|uid| uid.to_string()).unwrap_or_default();
        let fields = [&self.conninfo[..], &self.home, uid.as_bytes()];
        let fields = fields.map(|field| data_encoding::HEXLOWER.encode(field));
        format!("{}\n", fields.join(" "))
    }
}

/// The system's libpq, or the one that `PGTLS_TEST_LIBPQ` names; `None`, with a visible line, on a machine without
/// Python or libpq.
pub(crate) fn library() -> Option<String> {
    let library = std::env::var("PGTLS_TEST_LIBPQ").unwrap_or_else(|_| "libpq.so.5".to_owned());
    let missing = missing(&library);
    if let Some(missing) = &missing {
        skip(missing);
    }
    missing.is_none().then_some(library)
}

fn missing(library: &str) -> Option<String> {
    let load = format!("import ctypes; ctypes.CDLL({library:?})");
    match Command::new(python3())
        .args(["-c", &load])
        .stderr(Stdio::null())
        .status()
    {
        Ok(status) if status.success() => None,
        Ok(_) => Some(format!("python3 cannot load {library}")),
        Err(error) => Some(format!("python3 does not run: {error}")),
    }
}

fn from_hex(line: &str) -> Vec<u8> {
    if line == "-" {
        return Vec::new();
    }
    data_encoding::HEXLOWER.decode(line.as_bytes()).unwrap()
}
