//! Many clients of the lab at once. The test counts the threads and descriptors of its process.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use crate::support::alone::alone;
use pgtls::lab::{Channel, Deed, End, Fault, Lab, Place};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use time::OffsetDateTime;

const CLIENTS: usize = 100;
const TIMES: usize = 5;

#[test]
fn a_hundred_clients_at_once_leave_nothing_behind() {
    alone(
        module_path!(),
        "a_hundred_clients_at_once_leave_nothing_behind",
        a_hundred_clients,
    );
}

fn a_hundred_clients() {
    let directory = tempfile::tempdir().unwrap();
    let place = Place {
        listen: Ipv4Addr::LOCALHOST.into(),
        port_base: None,
        name: "localhost".to_owned(),
        directory: directory.path().to_owned(),
    };
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let lab = Lab::start(
        &[Fault::Good],
        &place,
        &(Arc::new(move |_, _: &_| {
            count.fetch_add(1, Ordering::Relaxed);
        }) as _),
        OffsetDateTime::now_utc(),
    )
    .unwrap();
    let bench = &lab.benches[0];
    let port: u16 = bench.parameters()[1].1.parse().unwrap();
    let config = trusting(&directory.path().join("root.crt"));
    // The first one pays for everything that is made only once.
    login(port, &config);
    assert_eq!(bench.collect(PATIENCE).len(), 1);
    let before = (threads(), descriptors());

    let start = Arc::new(Barrier::new(CLIENTS));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (start, config) = (Arc::clone(&start), Arc::clone(&config));
            std::thread::spawn(move || {
                start.wait();
                (0..TIMES).for_each(|_| login(port, &config));
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    let seen = bench.collect(PATIENCE);
    assert_eq!(seen.len(), CLIENTS * TIMES);
    assert_eq!(told.load(Ordering::Relaxed), CLIENTS * TIMES + 1);
    for one in seen {
        assert_eq!(
            (one.deed(), one.password),
            (Deed::Accepted, Some(Channel::Tls))
        );
        assert_eq!((one.queries, one.end), (1, End::Terminated));
    }
    crate::support::postgres::wait_until("threads and descriptors to be given back", || {
        (threads(), descriptors()) <= before
    });
}

/// Logs in, asks and leaves.
fn login(port: u16, config: &Arc<ClientConfig>) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.write_all(b"\0\0\0\x08\x04\xd2\x16\x2f").unwrap();
    let mut answer = [0];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"S");
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::clone(config), name).unwrap();
    let mut session = StreamOwned::new(connection, stream);
    session
        .write_all(b"\0\0\0\x12\0\x03\0\0user\0lab\0\0")
        .unwrap();
    assert_eq!(until(&mut session, b'R'), "R");
    session.write_all(b"p\0\0\0\x0bsecret\0").unwrap();
    assert!(until(&mut session, b'Z').starts_with("RSS"));
    session.write_all(b"Q\0\0\0\x0dSELECT 1\0").unwrap();
    assert_eq!(until(&mut session, b'Z'), "TDCZ");
    session.write_all(b"X\0\0\0\x04").unwrap();
    session.conn.send_close_notify();
    session.flush().unwrap();
}

/// Types of messages up to the last.
fn until(session: &mut impl Read, last: u8) -> String {
    let mut kinds = String::new();
    loop {
        let mut header = [0; 5];
        session.read_exact(&mut header).unwrap();
        let [kind, length @ ..] = header;
        let mut body = vec![0; u32::from_be_bytes(length) as usize - 4];
        session.read_exact(&mut body).unwrap();
        kinds.push(char::from(kind));
        if kind == last {
            return kinds;
        }
    }
}

fn trusting(root: &std::path::Path) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(root).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// Without /proc they are not counted.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

const PATIENCE: Duration = Duration::from_secs(60);
