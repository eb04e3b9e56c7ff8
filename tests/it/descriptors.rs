//! Do a thousand checks in one process leave anything open?

#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::support::alone::alone;
use crate::support::peer::{Conversation, Peer};
use crate::support::port::closed_port;
use crate::support::postgres::wait_until;
use pgtls::conninfo::{ConnInfo, Nowhere};
use pgtls::lab::{Authority, Endpoint};
use pgtls::probe::{Moment, Task, probe};
use pgtls::trust::{Trust, TrustRequest};

#[test]
fn a_thousand_checks_leave_no_descriptor_open() {
    alone(
        module_path!(),
        "a_thousand_checks_leave_no_descriptor_open",
        a_thousand_checks,
    );
}

/// This process serves, too: after the servers are done, what the checks leave open is visible.
fn a_thousand_checks() {
    let now = time::OffsetDateTime::now_utc();
    let authority = Authority::new("Lab CA", now).unwrap();
    let good = Endpoint::start(authority.issue(&["db.example"], now).unwrap()).unwrap();
    let root = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&root, &authority.root_pem).unwrap();
    let plain = Peer::start(|c| c.request().and_then(|()| c.say(b"N")));
    let resetting = Peer::start(|c| c.hello().and_then(|()| c.reset()));
    let silent = Peer::start(Conversation::listen);
    let strings = [
        (good.address.port(), "db.example", "10"),
        (good.address.port(), "other.example", "10"),
        (plain.port, "db.example", "10"),
        (resetting.port, "db.example", "10"),
        (closed_port(), "db.example", "10"),
        (silent.port, "db.example", "0.001"),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (idle, before) = (sockets(), open().len());
    let check = |(port, host, seconds): (u16, &str, &str)| {
        let string = format!(
            "user=ann host={host} hostaddr=127.0.0.1 port={port} sslrootcert={}",
            root.path().display()
        );
        let conninfo = Arc::new(ConnInfo::read(string.as_bytes(), &Nowhere).unwrap());
        let task = Task {
            oldest: pgtls::verify::Oldest::default(),
            keys: pgtls::handshake::ServerKeys::Any,
            alpn: pgtls::handshake::Alpn::Named,
            endpoint: conninfo.endpoints[0].clone(),
            trust: Arc::new(Trust::gather(&TrustRequest::new(&conninfo, None)).unwrap()),
            conninfo,
            now: now.unix_timestamp(),
            moment: Moment::Present,
            timeout: Duration::from_secs_f64(seconds.parse().unwrap()),
        };
        runtime.block_on(probe(&task)).outcome.is_ok()
    };
    assert_eq!(
        strings.map(check),
        [true, false, false, false, false, false]
    );
    for number in 0..1_000 {
        let passed = check(strings[number % strings.len()]);
        assert_eq!(passed, number % strings.len() == 0);
    }
    wait_until("the servers to be done", || sockets() == idle);
    assert_eq!(open().len(), before, "{:?}", open());
}

fn sockets() -> usize {
    open()
        .iter()
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count()
}

/// What each descriptor of this process is.
fn open() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/proc/self/fd").unwrap();
    entries
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .collect()
}
