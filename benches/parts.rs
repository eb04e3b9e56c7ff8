//! The pure parts of a check, each on its own: `cargo bench -p pgtls-benches`.
//!
//! divan instead of criterion: it measures microseconds just as well, with a tenth of the
//! dependencies.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot start must say so"
)]

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use divan::{Bencher, black_box};
use pgtls::conninfo::{ConnInfo, World};
use pgtls::demands::Demands;
use pgtls::diagnose::diagnose;
use pgtls::exit::Exit;
use pgtls::lab::{Authority, Endpoint, Issued};
use pgtls::probe::{Task, probe};
use pgtls::report::text::Palette;
use pgtls::report::{EndpointReport, Report, json, merge, text};
use pgtls::trust::{Trust, TrustRequest, file};
use pgtls::verify::name::match_host;
use pgtls::verify::{Purpose, Revocation, Rules, judge};
use pgtls::x509::{AnchorList, Certificate};
use time::OffsetDateTime;

fn main() {
    divan::main();
}

/// An environment in which nothing is set.
struct Nowhere;

impl World for Nowhere {
    fn var(&self, _: &str) -> Option<OsString> {
        None
    }

    fn home(&self) -> Option<PathBuf> {
        None
    }

    fn user(&self) -> Option<Vec<u8>> {
        Some(b"ann".to_vec())
    }

    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

const KEYWORDS: &[u8] = b"host=db.example.com port=5432 user=app password='a b\\'c' dbname=app \
    sslmode=verify-full sslrootcert=/etc/ssl/root.crt connect_timeout=5";
const URI: &[u8] = b"postgresql://app:a%20b%27c@db.example.com:5432/app?sslmode=verify-full\
    &sslrootcert=/etc/ssl/root.crt&connect_timeout=5";

#[divan::bench]
fn conninfo_of_keywords() -> ConnInfo {
    ConnInfo::read(black_box(KEYWORDS), &Nowhere).unwrap()
}

#[divan::bench]
fn conninfo_of_uri() -> ConnInfo {
    ConnInfo::read(black_box(URI), &Nowhere).unwrap()
}

/// A root and its certificates.
struct Made {
    root_pem: String,
    issued: Issued,
    now: OffsetDateTime,
}

fn made(names: &[&str]) -> Made {
    let now = OffsetDateTime::now_utc();
    let authority = Authority::new("bench CA", now).unwrap();
    Made {
        issued: authority.issue(names, now).unwrap(),
        root_pem: authority.root_pem,
        now,
    }
}

#[divan::bench]
fn certificate(bencher: Bencher<'_, '_>) {
    let made = made(&["localhost"]);
    let der = made.issued.chain.first().unwrap();
    bencher.bench_local(|| Certificate::parse(black_box(der)));
}

#[divan::bench]
fn root_file(bencher: Bencher<'_, '_>) {
    let made = made(&["localhost"]);
    bencher.bench_local(|| file::read(black_box(made.root_pem.as_bytes())));
}

/// With one signature on P-256, which is most of it.
#[divan::bench]
fn chain(bencher: Bencher<'_, '_>) {
    let made = made(&["localhost"]);
    let anchors = AnchorList::new(file::read(made.root_pem.as_bytes()).unwrap().certificates);
    let rules = Rules {
        now: made.now.unix_timestamp(),
        revocation: Revocation::Off,
        purpose: Purpose::SslServer,
    };
    bencher.bench_local(|| {
        judge(
            black_box(&made.issued.chain),
            &anchors,
            Some(b"localhost"),
            &rules,
        )
    });
}

#[divan::bench(args = [1, 10, 100])]
fn names(bencher: Bencher<'_, '_>, count: usize) {
    let names: Vec<String> = (0..count).map(|n| format!("db-{n}.example.com")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let made = made(&names);
    let leaf = Certificate::parse(made.issued.chain.first().unwrap()).unwrap();
    let names = leaf.subject_alt_names.as_deref();
    bencher.bench_local(|| match_host(black_box(b"other.example.com"), names, &[]));
}

/// The report of a check of the lab's endpoint.
static REPORT: LazyLock<Report> = LazyLock::new(|| {
    let made = made(&["localhost"]);
    let root = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&root, &made.root_pem).unwrap();
    let endpoint = Endpoint::start(made.issued).unwrap();
    let string = format!(
        "host=localhost hostaddr=127.0.0.1 port={} sslmode=verify-full sslrootcert={}",
        endpoint.address.port(),
        root.path().display()
    );
    let conninfo = Arc::new(ConnInfo::read(string.as_bytes(), &Nowhere).unwrap());
    let task = Task {
        endpoint: conninfo.endpoints.first().unwrap().clone(),
        trust: Arc::new(Trust::gather(&TrustRequest::new(&conninfo, None)).unwrap()),
        conninfo,
        now: made.now.unix_timestamp(),
        timeout: Duration::from_secs(10),
    };
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    let observation = runtime.block_on(probe(&task));
    let diagnosis = diagnose(&task, &observation, &Demands::default());
    let report = EndpointReport::checked(&task, &observation, &diagnosis);
    Report::new(vec![report; 100], Exit::Passed)
});

#[divan::bench]
fn hundred_as_text(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| {
        let mut out = Vec::new();
        text::write(&mut out, black_box(&REPORT), Palette::Plain).map(|()| out)
    });
}

#[divan::bench]
fn hundred_as_json(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| {
        let mut out = Vec::new();
        json::write_lines(&mut out, black_box(&REPORT)).map(|()| out)
    });
}

#[divan::bench]
fn hundred_merged(bencher: Bencher<'_, '_>) {
    let mut lines = Vec::new();
    json::write_lines(&mut lines, &REPORT).unwrap();
    bencher.bench_local(|| merge::read(black_box(&lines)));
}
