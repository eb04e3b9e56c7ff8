//! A throw-away PgBouncer with TLS.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::pki::Served;
use super::port::Port;
use super::postgres::{Account, programs, wait_until};
use super::skip::skip;

/// A running PgBouncer; it stops when dropped.
pub(crate) struct PgBouncer {
    pub(crate) port: u16,
    process: Child,
    _reserved: Port,
    _directory: TempDir,
}

/// Is there one that can be started? If not, that is said.
pub(crate) fn is_installed() -> bool {
    let found = program().is_some();
    if !found {
        skip("pgbouncer is not installed");
    }
    found
}

impl PgBouncer {
    /// `more` is added to the configuration file. It may repeat settings and begin another section.
    pub(crate) fn start(mode: &str, more: &str, served: &Served) -> Option<Self> {
        let Some(program) = program() else {
            skip("pgbouncer is not installed");
            return None;
        };
        if programs().is_none() {
            skip("PostgreSQL is not installed");
            return None;
        }
        let account = match Account::find() {
            Ok(account) => account,
            Err(missing) => {
                skip(&missing);
                return None;
            }
        };
        let directory = tempfile::tempdir().unwrap();
        account.own(directory.path());
        for _ in 0..ATTEMPTS {
            let reserved = Port::reserve();
            let port = reserved.number;
            configure(directory.path(), &account, port, mode, more, served);
            let mut process = account
                .command(&program)
                .arg(directory.path().join("pgbouncer.ini"))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            if is_ready(&mut process, directory.path()) {
                return Some(Self {
                    port,
                    process,
                    _reserved: reserved,
                    _directory: directory,
                });
            }
        }
        let log = std::fs::read_to_string(directory.path().join("log"));
        panic!("PgBouncer does not start:\n{}", log.unwrap_or_default());
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether it is running. If not, it has ended.
fn is_ready(process: &mut Child, directory: &Path) -> bool {
    let mut ready = false;
    wait_until("PgBouncer to start", || {
        let log = std::fs::read_to_string(directory.join("log"));
        ready = log.is_ok_and(|log| log.contains("process up"));
        ready || process.try_wait().unwrap().is_some()
    });
    ready
}

fn program() -> Option<PathBuf> {
    [
        "/usr/sbin/pgbouncer",
        "/usr/bin/pgbouncer",
        "/usr/local/bin/pgbouncer",
    ]
    .into_iter()
    .map(PathBuf::from)
    .find(|path| Command::new(path).arg("--version").output().is_ok())
}

fn configure(
    directory: &Path,
    account: &Account,
    port: u16,
    mode: &str,
    more: &str,
    served: &Served,
) {
    let here = directory.display();
    let text = format!(
        "[pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = trust\n\
         auth_file = {here}/users\n\
         admin_users = postgres\n\
         logfile = {here}/log\n\
         client_tls_sslmode = {mode}\n\
         client_tls_cert_file = {here}/server.crt\n\
         client_tls_key_file = {here}/server.key\n\
         {more}"
    );
    for (name, text) in [
        ("pgbouncer.ini", text.as_str()),
        ("users", "\"postgres\" \"\"\n\"ann\" \"hunter2\"\n"),
        ("server.crt", &served.chain),
        ("server.key", &served.key),
    ] {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        account.own(&path);
    }
}

/// The maximum of attempts to start, each on another port.
const ATTEMPTS: usize = 5;
