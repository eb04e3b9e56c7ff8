//! The pure parts of a check, each on its own: `cargo bench -p pgtls-benches [WORD]`.
//!
//! A loop and a median are all that these need; the usual harnesses bring more packages than the rest of
//! the benchmarks.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its figures, and says so if it cannot start"
)]

use std::hint::black_box;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use pgtls::conninfo::{ConnInfo, Nowhere};
use pgtls::demands::Demands;
use pgtls::diagnose::diagnose;
use pgtls::exit::Exit;
use pgtls::lab::{Authority, Endpoint, Issued};
use pgtls::probe::{Task, probe};
use pgtls::report::text::{Detail, View};
use pgtls::report::{EndpointReport, Report, json, merge, text};
use pgtls::trust::{Trust, TrustRequest, file};
use pgtls::verify::name::match_host;
use pgtls::verify::{Purpose, Revocation, Rules, judge};
use pgtls::x509::{AnchorList, Certificate};
use time::OffsetDateTime;

fn main() {
    // Cargo adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).collect();
    let wanted = words.into_iter().find(|word| !word.starts_with('-'));
    let bench = Bench { wanted };
    conninfos(&bench);
    certificates(&bench);
    for count in [1, 10, 100] {
        names(&bench, count);
    }
    reports(&bench);
}

/// Runs what the command line asks for.
struct Bench {
    /// Part of the names of what is to run; all of it without one.
    wanted: Option<String>,
}

impl Bench {
    /// Prints the median time of one run, out of all the runs of a second.
    fn time<T>(&self, name: &str, mut run: impl FnMut() -> T) {
        if self
            .wanted
            .as_ref()
            .is_some_and(|part| !name.contains(part.as_str()))
        {
            return;
        }
        let until = Instant::now() + Duration::from_secs(1);
        let mut times = Vec::new();
        while Instant::now() < until {
            let began = Instant::now();
            black_box(run());
            times.push(began.elapsed());
        }
        let count = times.len();
        let (_, median, _) = times.select_nth_unstable(count / 2);
        println!(
            "{name:<24} {:>10.2} µs  ({count} runs)",
            median.as_secs_f64() * 1e6
        );
    }
}

const KEYWORDS: &[u8] = b"host=db.example.com port=5432 user=app password='a b\\'c' dbname=app \
    sslmode=verify-full sslrootcert=/etc/ssl/root.crt connect_timeout=5";
const URI: &[u8] = b"postgresql://app:a%20b%27c@db.example.com:5432/app?sslmode=verify-full\
    &sslrootcert=/etc/ssl/root.crt&connect_timeout=5";

fn conninfos(bench: &Bench) {
    bench.time("conninfo of keywords", || {
        ConnInfo::read(black_box(KEYWORDS), &Nowhere).unwrap()
    });
    bench.time("conninfo of a URI", || {
        ConnInfo::read(black_box(URI), &Nowhere).unwrap()
    });
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

fn certificates(bench: &Bench) {
    let made = made(&["localhost"]);
    let der = made.issued.chain.first().unwrap();
    bench.time("certificate", || Certificate::parse(black_box(der)));
    bench.time("root file", || {
        file::read(black_box(made.root_pem.as_bytes()))
    });
    let anchors = AnchorList::new(file::read(made.root_pem.as_bytes()).unwrap().certificates);
    let rules = Rules {
        now: made.now.unix_timestamp(),
        revocation: Revocation::Off,
        purpose: Purpose::SslServer,
    };
    // With one signature on P-256, which is most of it.
    bench.time("chain", || {
        let presented = black_box(&made.issued.chain);
        judge(presented, &anchors, Some(b"localhost"), &rules)
    });
}

fn names(bench: &Bench, count: usize) {
    let names: Vec<String> = (0..count).map(|n| format!("db-{n}.example.com")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let made = made(&names);
    let leaf = Certificate::parse(made.issued.chain.first().unwrap()).unwrap();
    let names = leaf.subject_alt_names.as_deref();
    bench.time(&format!("names, {count}"), || {
        match_host(black_box(b"other.example.com"), names, &[])
    });
}

/// The report of a check of the lab's endpoint.
static REPORT: LazyLock<Report> = LazyLock::new(|| {
    let made = made(&["localhost"]);
    let root = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&root, &made.root_pem).unwrap();
    let endpoint = Endpoint::start(made.issued).unwrap();
    let string = format!(
        "host=localhost hostaddr=127.0.0.1 port={} user=ann sslmode=verify-full sslrootcert={}",
        endpoint.address.port(),
        root.path().display()
    );
    let conninfo = Arc::new(ConnInfo::read(string.as_bytes(), &Nowhere).unwrap());
    let task = Task {
        moment: pgtls::probe::Moment::Present,
        oldest: pgtls::verify::Oldest::default(),
        keys: pgtls::handshake::ServerKeys::Any,
        alpn: pgtls::handshake::Alpn::Named,
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
    Report::new(vec![report; 100], Exit::Passed, made.now.unix_timestamp())
});

fn reports(bench: &Bench) {
    bench.time("100 endpoints as text", || {
        let mut out = Vec::new();
        let view = View {
            detail: Detail::Full,
            ..View::PLAIN
        };
        text::write(&mut out, black_box(&REPORT), view).map(|()| out)
    });
    bench.time("100 endpoints as JSON", || {
        let mut out = Vec::new();
        json::write_lines(&mut out, black_box(&REPORT)).map(|()| out)
    });
    let mut lines = Vec::new();
    json::write_lines(&mut lines, &REPORT).unwrap();
    bench.time("100 endpoints merged", || merge::read(black_box(&lines)));
}
