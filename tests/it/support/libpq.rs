//! Real libpq as the referee, through Python's ctypes: one process for a whole table of strings.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use super::library::{Library, Source, libraries};

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

/// libpq's error message for each attempt, in order.
pub(crate) fn connect_all(library: &Library, attempts: &[Attempt]) -> Vec<Vec<u8>> {
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/libpq_connect_all.py");
    let mut python = library.python(&script);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            python.env_remove(name);
        }
    }
    let mut python = python
        .arg(&library.libpq)
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
    messages
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

/// The system's libpq; `None`, with a visible line, on a machine without it or without Python.
pub(crate) fn library() -> Option<String> {
    let mut found = libraries().iter();
    let system = found.find(|library| library.source == Source::System)?;
    Some(system.libpq.to_string_lossy().into_owned())
}

fn from_hex(line: &str) -> Vec<u8> {
    if line == "-" {
        return Vec::new();
    }
    data_encoding::HEXLOWER.decode(line.as_bytes()).unwrap()
}
