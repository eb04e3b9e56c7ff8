//! A service that runs until it is stopped, and a client of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::client::Client;

/// It is killed when dropped.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    child: Child,
    lines: Receiver<String>,
    /// What it has said so far.
    pub(crate) said: Vec<String>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Longer than anything takes on a busy machine: a test that waits for it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

impl Service {
    /// Starts it with the configuration `pgtls.toml` of the client, and waits until it listens.
    pub(crate) fn start(client: &Client, options: &[&str]) -> Self {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0"];
        arguments.extend(options);
        let mut child = client
            .command(&arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines() {
                if tell.send(line.unwrap()).is_err() {
                    break;
                }
            }
        });
        let mut service = Self {
            address: ([0, 0, 0, 0], 0).into(),
            child,
            lines,
            said: Vec::new(),
        };
        let line = service.wait_for("metrics at");
        let (_, address) = line.split_once("://").unwrap();
        service.address = address.trim_end_matches("/metrics").parse().unwrap();
        service
    }

    /// The first line with this word that was not returned before.
    pub(crate) fn wait_for(&mut self, word: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|error| panic!("no {word:?}: {error}: {:?}", self.said));
            self.said.push(line.clone());
            if line.contains(word) {
                return line;
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
    }

    /// Asks it to end, and returns its exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::SIGTERM);
        self.child.wait().unwrap().code()
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, "")
    }

    /// Sends a request with more header lines, each with its line end, and reads the answer.
    pub(crate) fn ask(&self, method: &str, target: &str, headers: &str) -> Answer {
        Answer::of(self.begin(method, target, headers))
    }

    /// Sends a request.
    pub(crate) fn begin(&self, method: &str, target: &str, headers: &str) -> TcpStream {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: pgtls\r\nConnection: close\r\n{headers}\r\n"
        );
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // It may hang up before it has read everything.
        let _ = stream.write_all(head.as_bytes());
        stream
    }

    /// The status of one more answer over a connection that stays open; 0 if it has ended.
    pub(crate) fn status_over(connection: &TcpStream, headers: &str) -> u16 {
        let mut connection = connection;
        let head = format!("GET /-/healthy HTTP/1.1\r\nHost: pgtls\r\n{headers}\r\n");
        let _ = connection.write_all(head.as_bytes());
        let mut lines = BufReader::new(connection);
        let mut line = String::new();
        let mut read = || {
            line.clear();
            let _ = lines.read_line(&mut line);
            line.trim_end().to_lowercase()
        };
        let status = read().split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut length = 0;
        loop {
            let line = read();
            match line.strip_prefix("content-length: ") {
                Some(value) => length = value.parse().unwrap(),
                None if line.is_empty() => break,
                None => {}
            }
        }
        let _ = lines.read_exact(&mut vec![0; length]);
        status.unwrap_or(0)
    }

    /// The value of a series of `/metrics`; `None` if it is not there.
    pub(crate) fn metric(&self, series: &str) -> Option<f64> {
        self.get("/metrics").metric(series)
    }

    /// Waits until the metrics are as they should be, and returns them.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn(&Answer) -> bool) -> Answer {
        let begun = std::time::Instant::now();
        loop {
            let metrics = self.get("/metrics");
            if is_so(&metrics) {
                return metrics;
            }
            assert!(begun.elapsed() < PATIENCE, "never {what}: {}", metrics.body);
            std::thread::yield_now();
        }
    }
}

impl Answer {
    /// Reads it to its end.
    pub(crate) fn of(mut stream: TcpStream) -> Self {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Self::read(&String::from_utf8_lossy(&answer))
    }

    pub(crate) fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Self {
            status: status.unwrap_or(0),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn metric(&self, series: &str) -> Option<f64> {
        let mut lines = self.body.lines();
        let line = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map(|value| value.parse().unwrap())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
