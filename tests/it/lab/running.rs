//! A lab in a separate process.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::client::Client;

/// `pgtls lab --format jsonl`, ready for clients.
pub(crate) struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
    pub(crate) directory: PathBuf,
}

impl Running {
    pub(crate) fn start(client: &Client, arguments: &[&str]) -> Self {
        let arguments = [&["lab", "--format", "jsonl"], arguments].concat();
        let mut child = client
            .command(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let ready = read(&mut lines);
        assert_eq!(ready["event"], "ready");
        Self {
            child,
            lines,
            directory: ready["directory"].as_str().unwrap().into(),
        }
    }

    /// What `pgtls-lab.json` says of the endpoints.
    pub(crate) fn endpoints(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.directory.join("pgtls-lab.json")).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        document["endpoints"].as_array().unwrap().clone()
    }

    /// The connection string of an endpoint.
    pub(crate) fn uri(&self, fault: &str) -> String {
        let endpoints = self.endpoints();
        let mut endpoints = endpoints.iter();
        let endpoint = endpoints.find(|endpoint| endpoint["fault"] == fault);
        endpoint.unwrap()["uri"].as_str().unwrap().to_owned()
    }

    pub(crate) fn port(&self, fault: &str) -> u16 {
        let uri = self.uri(fault);
        let behind = uri.split("localhost:").nth(1).unwrap();
        behind.split('/').next().unwrap().parse().unwrap()
    }

    /// The next connection that has ended.
    pub(crate) fn connection(&mut self) -> Value {
        read(&mut self.lines)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap());
        kill(pid, signal).unwrap();
    }

    /// Its exit status, and the rest of its output, standard error last.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        let mut errors = self.child.stderr.take().unwrap();
        errors.read_to_string(&mut rest).unwrap();
        (status, rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(lines: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"))
}
