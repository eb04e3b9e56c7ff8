//! A relay that runs until it is stopped.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::client::{Client, Run};

/// It is killed when dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    child: Option<Child>,
    stderr: BufReader<ChildStderr>,
    /// The first lines of standard error.
    said: String,
}

impl Running {
    pub(crate) fn start(client: &Client, string: &str, options: &[&str]) -> Self {
        let mut arguments = vec!["trace", "--to", string];
        arguments.extend(options);
        let mut child = client
            .command(&arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "{said}");
            said.push_str(&line);
            if let Some((address, _)) = line.split_once(" leads to ") {
                let address = address.trim_start_matches("pgtls: ");
                break address.parse().unwrap();
            }
        };
        Self {
            address,
            child: Some(child),
            stderr,
            said,
        }
    }

    /// A connection through it. What it waits for must come some day.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        let patience = Some(Duration::from_secs(60));
        stream.set_read_timeout(patience).unwrap();
        stream.set_write_timeout(patience).unwrap();
        stream
    }

    /// The most memory that it has used (KiB).
    pub(crate) fn peak(&self) -> u64 {
        let id = self.child.as_ref().unwrap().id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.unwrap().split_whitespace().next().unwrap();
        number.parse().unwrap()
    }

    /// Presses Ctrl-C, and returns what it printed.
    pub(crate) fn stop(mut self) -> Run {
        let child = self.child.take().unwrap();
        let id = i32::try_from(child.id()).unwrap();
        kill(Pid::from_raw(id), Signal::SIGINT).unwrap();
        let output = child.wait_with_output().unwrap();
        self.stderr.read_to_string(&mut self.said).unwrap();
        Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: std::mem::take(&mut self.said),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
