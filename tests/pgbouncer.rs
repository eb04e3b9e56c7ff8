//! Does `pgtls check` judge a PgBouncer as psql does?

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/client.rs"]
mod client;
#[path = "support/pki.rs"]
mod pki;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/skip.rs"]
mod skip;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use client::Client;
use pki::{Ca, Served};
use postgres::{Account, free_port, programs, wait_until};
use skip::skip;
use tempfile::TempDir;

#[test]
fn a_pgbouncer_is_judged_as_psql_judges_it() {
    let root = Ca::root("root");
    let good = root.leaf(&["db.example"]);
    let other = Ca::root("other").leaf(&["db.example"]);
    let wrong_name = root.leaf(&["www.example"]);
    let client = Client::new();
    client.write("root.crt", &root.pem);
    for (mode, more, served, expected) in [
        ("require", "", &good, (0, "pass")),
        ("allow", "", &good, (0, "pass")),
        (
            "require",
            "client_tls_protocols = tlsv1.2\n",
            &good,
            (0, "pass"),
        ),
        (
            "require",
            "client_tls_protocols = tlsv1.3\n",
            &good,
            (0, "pass"),
        ),
        ("require", "", &other, (6, "unknown-issuer")),
        ("require", "", &wrong_name, (7, "host-name-mismatch")),
        ("disable", "", &good, (4, "no-tls")),
    ] {
        let Some(bouncer) = PgBouncer::start(mode, more, served) else {
            return;
        };
        let string = format!(
            "host=db.example hostaddr=127.0.0.1 port={} user=postgres dbname=pgbouncer \
             sslmode=verify-full sslrootcert=root.crt",
            bouncer.port
        );
        let run = client.check(&string);
        let came = (run.code, run.outcome());
        assert_eq!(
            came,
            (expected.0, expected.1.to_owned()),
            "{mode} {more}: {run:?}"
        );
        // PgBouncer has no pg_stat_ssl, but under verify-full there is no way without TLS.
        let theirs = client.run_psql(&string, "SHOW VERSION");
        assert_eq!(theirs.is_ok(), run.code == 0, "{mode} {more}: {theirs:?}");
    }
}

#[test]
fn an_audit_tells_whether_a_pgbouncer_enforces_tls() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let client = Client::new();
    client.write("root.crt", &root.pem);
    for (mode, expected) in [
        ("require", (0, "pass")),
        ("allow", (1, "plaintext-accepted")),
        ("disable", (4, "no-tls")),
    ] {
        let Some(bouncer) = PgBouncer::start(mode, "", &served) else {
            return;
        };
        let string = format!(
            "host=db.example hostaddr=127.0.0.1 port={} user=postgres dbname=pgbouncer \
             sslmode=verify-full sslrootcert=root.crt",
            bouncer.port
        );
        let run = client.pgtls(&["audit", "--format", "json", &string]);
        let came = (run.code, run.outcome());
        assert_eq!(came, (expected.0, expected.1.to_owned()), "{mode}: {run:?}");
    }
}

/// A running PgBouncer; it stops when dropped.
struct PgBouncer {
    port: u16,
    process: Child,
    _directory: TempDir,
}

impl PgBouncer {
    fn start(mode: &str, more: &str, served: &Served) -> Option<Self> {
        let Some(program) = program() else {
            skip("pgbouncer is not installed");
            return None;
        };
        if programs().is_none() {
            skip("psql is not installed");
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
            let port = free_port();
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

/// Whether it came up; if not, it has ended, most likely because its port was taken.
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
        ("users", "\"postgres\" \"\"\n"),
        ("server.crt", &served.chain),
        ("server.key", &served.key),
    ] {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        account.own(&path);
    }
}

/// Starts, each on another port.
const ATTEMPTS: usize = 5;
