//! A throw-away HAProxy.

use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::pki::Served;
use super::postgres::{free_port, wait_until};
use super::skip::skip;

/// A running HAProxy; it stops when dropped.
pub(crate) struct HaProxy {
    pub(crate) port: u16,
    process: Child,
    _directory: TempDir,
}

/// Is there one? If not, that is said.
pub(crate) fn is_installed() -> bool {
    let found = Command::new("haproxy").arg("-v").output().is_ok();
    if !found {
        skip("haproxy is not installed");
    }
    found
}

impl HaProxy {
    /// It passes TCP connections on to a local port. `bind` follows its address, `server` that of the port; `PEM`
    /// stands for a file with the certificate and its key.
    pub(crate) fn start(served: &Served, bind: &str, server: &str, to: u16) -> Option<Self> {
        if !is_installed() {
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let pem = directory.path().join("server.pem");
        std::fs::write(&pem, format!("{}{}", served.chain, served.key)).unwrap();
        let pem = pem.display().to_string();
        for _ in 0..ATTEMPTS {
            let port = free_port();
            let text = format!(
                "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n\
                 listen postgres\n  bind 127.0.0.1:{port} {}\n  server one 127.0.0.1:{to} {server}\n",
                bind.replace("PEM", &pem)
            );
            let file = directory.path().join("haproxy.cfg");
            std::fs::write(&file, text).unwrap();
            let mut process = Command::new("haproxy")
                .arg("-db")
                .arg("-f")
                .arg(&file)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut listens = false;
            wait_until("HAProxy to start", || {
                listens = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
                listens || process.try_wait().unwrap().is_some()
            });
            if listens {
                return Some(Self {
                    port,
                    process,
                    _directory: directory,
                });
            }
        }
        panic!("HAProxy does not start");
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The maximum of attempts to start, each on another port.
const ATTEMPTS: usize = 5;
