//! Does `pgtls check` work with every configuration of PostgreSQL, and leave no trace?

use nix::sys::signal::kill;
use nix::unistd::Pid;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::support::client::{Answer, Client};
use crate::support::pki::{Ca, Served};
use crate::support::postgres::{Postgres, wait_until};

const GOOD: &str = "host=db.example hostaddr=127.0.0.1 user=postgres dbname=postgres \
                    sslmode=verify-full sslrootcert=root.crt";

/// Settings of postgresql.conf, what the string adds, and the exit code with the error's code.
type Row = (
    &'static [(&'static str, &'static str)],
    &'static str,
    (i32, &'static str),
);

const PASS: (i32, &str) = (0, "pass");
const TLS12: (&str, &str) = ("ssl_max_protocol_version", "TLSv1.2");

/// Configurations with which psql does the same.
const AGREED: &[Row] = &[
    (&[], "", PASS),
    (&[("ssl_min_protocol_version", "TLSv1.3")], "", PASS),
    (&[TLS12], "", PASS),
    (
        &[TLS12, ("ssl_ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256")],
        "",
        PASS,
    ),
    (
        &[TLS12, ("ssl_ciphers", "ECDHE-ECDSA-CHACHA20-POLY1305")],
        "",
        PASS,
    ),
    (&[("ssl_ecdh_curve", "secp384r1")], "", PASS),
    (&[TLS12, ("ssl_ecdh_curve", "secp384r1")], "", PASS),
    (
        &[TLS12],
        "ssl_min_protocol_version=TLSv1.3",
        (5, "no-common-version"),
    ),
    (
        &[("ssl_min_protocol_version", "TLSv1.3")],
        "ssl_max_protocol_version=TLSv1.2",
        (5, "no-common-version"),
    ),
    (
        &[
            ("ssl_min_protocol_version", "TLSv1"),
            ("ssl_max_protocol_version", "TLSv1.1"),
        ],
        "",
        (5, "no-common-version"),
    ),
    (
        &[TLS12, ("ssl_ciphers", "ECDHE-ECDSA-AES128-SHA256")],
        "",
        (0, "pass"),
    ),
    (&[("ssl_ecdh_curve", "secp521r1")], "", (0, "pass")),
    (&[TLS12, ("ssl_ecdh_curve", "secp521r1")], "", (0, "pass")),
    (&[("ssl", "off")], "", (4, "no-tls")),
];

#[test]
fn every_configuration_is_judged_as_psql_judges_it() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    let mut wrong = Vec::new();
    for row in AGREED {
        server.configure(&served, row.0);
        if let Err(why) = judge(row, &client, server.port) {
            wrong.push(format!("{:?} {}: {why}", row.0, row.1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn judge(row: &Row, client: &Client, port: u16) -> Result<(), String> {
    let string = format!("{GOOD} port={port} {}", row.1);
    let ours = client.check(&string);
    let came = (ours.code, ours.outcome());
    if came != (row.2.0, row.2.1.to_owned()) {
        return Err(format!(
            "expected {:?}, came {came:?}: {}",
            row.2, ours.stdout
        ));
    }
    let theirs = client.psql(&string);
    if (theirs == Answer::Tls) != (ours.code == 0) {
        return Err(format!("psql: {theirs:?}"));
    }
    if ours.code != 0 {
        return Ok(());
    }
    // The text report contains psql's own line. Releases differ in what follows the cipher.
    let theirs = client.run_psql(&string, "\\conninfo").unwrap();
    let line = theirs
        .lines()
        .find_map(|line| Some(line.split_once(", compression")?.0));
    let text = client.pgtls(&["check", &string]).stdout;
    match line {
        Some(start) if text.lines().any(|line| is_tls_line(line, start)) => Ok(()),
        _ => Err(format!("psql: {theirs}\npgtls: {text}")),
    }
}

fn is_tls_line(line: &str, start: &str) -> bool {
    line.strip_prefix("  tls    ")
        .is_some_and(|said| said.starts_with(start))
}

#[test]
fn the_server_logs_what_it_should() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    client.write("other.crt", Ca::root("other").pem);
    // In TLS 1.2 a second connection asks what psql would get, and does not finish the handshake.
    let asked = ["could not accept SSL connection: EOF detected"];
    for (settings, connections, more) in [(&[][..], 1, &[][..]), (&[TLS12], 2, &asked)] {
        server.configure(&served, &[settings, &[("log_connections", "on")]].concat());
        let polite = logged(&server, &client, GOOD, (0, connections));
        assert_said(&polite, more);

        let refused = GOOD.replace("root.crt", "other.crt");
        let refused = logged(&server, &client, &refused, (6, connections));
        assert_said(&refused, &[&["alert unknown ca"][..], more].concat());
    }
}

/// One line for each of these sayings, in any order: each connection has its own process.
fn assert_said(lines: &[String], expected: &[&str]) {
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for said in expected {
        assert!(lines.iter().any(|line| line.contains(said)), "{lines:?}");
    }
}

/// The lines that the server logs about a check, except those about the connections.
fn logged(
    server: &Postgres,
    client: &Client,
    string: &str,
    (code, connections): (i32, usize),
) -> Vec<String> {
    let before = server.log().len();
    let run = client.check(&format!("{string} port={}", server.port));
    assert_eq!(run.code, code, "{run:?}");

    let received = || {
        let log = server.log();
        let lines = log[before..].lines();
        lines
            .filter(|line| line.contains("connection received"))
            .map(process)
            .collect::<Vec<_>>()
    };
    wait_until("the server to log the connections", || {
        received().len() >= connections
    });
    let processes = received();
    assert_eq!(processes.len(), connections, "{}", server.log());
    wait_until("the server to be done with them", || {
        !processes.iter().any(|process| is_alive(process))
    });

    let log = server.log();
    let lines = log[before..].lines();
    lines
        .filter(|line| !line.contains("connection received"))
        .map(str::to_owned)
        .collect()
}

/// The process of a log line: `[123] LOG: ...`.
fn process(line: &str) -> String {
    let (process, _) = line.split_once(']').unwrap();
    process.trim_start_matches('[').to_owned()
}

fn is_alive(process: &str) -> bool {
    let process = Pid::from_raw(process.parse().unwrap());
    // No signal: only whether it is there.
    kill(process, None).is_ok()
}

#[test]
fn a_renewed_certificate_is_seen_after_the_reload() {
    let root = Ca::root("root");
    let (old, new) = (root.leaf(&["db.example"]), root.leaf(&["db.example"]));
    let Some(mut server) = Postgres::start(&old) else {
        return;
    };
    let client = Client::trusting(&root);
    let seen = |server: &Postgres| {
        let run = client.check(&format!("{GOOD} port={}", server.port));
        run.endpoint()["certificates"][0]["sha256_fingerprint"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(seen(&server), fingerprint(&old));
    server.serve(&new);
    assert_eq!(seen(&server), fingerprint(&new));
}

fn fingerprint(served: &Served) -> String {
    let der = CertificateDer::from_pem_slice(served.chain.as_bytes()).unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &der);
    data_encoding::HEXLOWER.encode(digest.as_ref())
}

#[test]
fn only_a_server_that_wants_another_group_costs_a_round_trip() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    let string = format!(
        "host=db.example hostaddr=127.0.0.1 port={} sslmode=verify-full sslrootcert=root.crt",
        server.port
    );
    for (settings, group, findings) in [
        (&[][..], "secp256r1", vec![]),
        (
            &[("ssl_ecdh_curve", "secp384r1")],
            "secp384r1",
            vec!["hello-retry-request".to_owned()],
        ),
    ] {
        server.configure(&served, settings);
        let run = client.check(&string);
        assert_eq!((run.code, run.findings()), (0, findings), "{run:?}");
        let tls = run.endpoint()["tls"].clone();
        assert_eq!(tls["group"], group);
        assert_eq!(tls["post_quantum"], group.contains("MLKEM"));
        assert_eq!(tls["hello_retry_request"], group != "secp256r1");
    }
}

#[test]
fn a_server_with_nothing_in_common_is_asked_what_it_accepts() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    let good = format!("{GOOD} port={}", server.port);
    for (settings, more, code, told) in [
        (
            &[("ssl_min_protocol_version", "TLSv1.3")][..],
            "ssl_max_protocol_version=TLSv1.2",
            "no-common-version",
            "It refuses TLSv1, TLSv1.1, TLSv1.2.",
        ),
        (
            &[("ssl_max_protocol_version", "TLSv1.2")],
            "ssl_min_protocol_version=TLSv1.3",
            "no-common-version",
            "It refuses TLSv1, TLSv1.1, TLSv1.3.",
        ),
    ] {
        server.configure(&served, settings);
        let run = client.check(&format!("{good} {more}"));
        assert_eq!((run.code, run.outcome().as_str()), (5, code), "{run:?}");
        let hint = run.hint();
        assert!(hint.contains(told), "{hint}");
        let mut lines = hint.lines();
        let string = lines.find_map(|line| line.strip_prefix("    host="));
        let followed = client.check(&format!("host={}", string.unwrap()));
        assert_eq!(followed.code, 0, "{followed:?}");
    }
}
