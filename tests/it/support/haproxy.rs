//! A throw-away HAProxy.

use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::pki::Served;
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
        // It inherits the socket: the port is its own from the beginning, and what connects early waits in its queue.
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = socket.local_addr().unwrap().port();
        let text = format!(
            "defaults\n  mode tcp\n  retries 0\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n\
             listen postgres\n  bind fd@0 {}\n  server one 127.0.0.1:{to} {server}\n",
            bind.replace("PEM", &pem)
        );
        let file = directory.path().join("haproxy.cfg");
        std::fs::write(&file, text).unwrap();
        let process = Command::new("haproxy")
            .arg("-db")
            .arg("-f")
            .arg(&file)
            .stdin(OwnedFd::from(socket))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self {
            port,
            process,
            _directory: directory,
        })
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
