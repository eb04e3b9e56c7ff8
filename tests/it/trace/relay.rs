//! What passes through the relay is what was sent, however much and in however many connections.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;

use super::{Running, Scene, codes, echo};
use crate::support::client::Client;
use crate::support::pgbouncer::PgBouncer;
use crate::support::postgres::programs;

#[test]
fn a_dump_through_the_relay_is_the_same() {
    let Some(scene) = Scene::new() else { return };
    scene.server.sql(
        "CREATE TABLE t AS SELECT n, repeat(md5(n::text), 20) AS text FROM generate_series(1, 20000) n",
    );
    let pg_dump = programs().unwrap().join("pg_dump");
    let string = scene.string("sslmode=verify-full sslrootcert=root.crt");
    let direct = scene
        .client
        .other(&pg_dump)
        .args(["-d", &string])
        .output()
        .unwrap();
    assert!(direct.status.success(), "{direct:?}");
    let traced = scene
        .client
        .command(&[
            "trace",
            "--to",
            &string,
            "-o",
            "report.json",
            "--format",
            "json",
            "--",
        ])
        .args([pg_dump.as_os_str(), "-d".as_ref(), "postgres".as_ref()])
        .output()
        .unwrap();
    assert_eq!(traced.status.code(), Some(0), "{traced:?}");
    assert!(traced.stdout.len() > 10_000_000);
    assert!(without_keys(&direct.stdout) == without_keys(&traced.stdout));
    let report = std::fs::read(scene.client.home.path().join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["verdict"], "pass", "{report:#}");
    assert!(report["connections"][0]["bytes_received"].as_u64().unwrap() > 10_000_000);
}

/// Newer minor releases of pg_dump write a random word into `\restrict` and `\unrestrict`.
fn without_keys(dump: &[u8]) -> Vec<&[u8]> {
    let lines = dump.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.starts_with(b"\\restrict ") && !line.starts_with(b"\\unrestrict "))
        .collect()
}

#[test]
fn fifty_connections_at_once_are_passed_and_counted() {
    let Some(scene) = Scene::new() else { return };
    let pgbench = programs().unwrap().join("pgbench");
    let string = scene.string("sslmode=require");
    let run = |options: &[&str]| {
        let output = scene
            .client
            .command(&["trace", "--to", &string, "--format", "json", "--"])
            .arg(&pgbench)
            .args(options)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    run(&["-i", "-q"]);
    let report = run(&["-n", "-S", "-c", "50", "-t", "20"]);
    assert_eq!(codes(&report), [""; 0], "{report:#}");
    let counts = &report["counts"];
    assert!(counts["tls_sessions"].as_u64().unwrap() >= 50, "{counts}");
    assert!(counts["open_at_once"].as_u64().unwrap() >= 50, "{counts}");
}

/// A server that answers only after its client has sent everything and closed its half.
#[test]
fn one_half_may_end_before_the_other() {
    let peer = echo();
    let client = Client::new();
    let string = format!("host=127.0.0.1 port={}", peer.port);
    let relay = Running::start(&client, &string, &[]);
    let mut stream = relay.connect();
    let sent: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    stream.write_all(&sent).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    assert!(back == sent);
    relay.stop();
}

#[test]
fn a_cancel_request_in_plain_text_is_found() {
    let Some(scene) = Scene::new() else { return };
    let relay = Running::start(
        &scene.client,
        &scene.string("sslmode=require"),
        &["--format", "json"],
    );
    let here = format!(
        "host=127.0.0.1 port={} user=postgres dbname=postgres sslmode=require",
        relay.address.port()
    );
    scene.client.run_psql(&here, "SELECT 1").unwrap();
    let mut stream = relay.connect();
    stream
        .write_all(b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\0\0\0\0\0")
        .unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    let run = relay.stop();
    assert_eq!(run.code, 1, "{run:?}");
    let report = run.json();
    assert!(codes(&report).contains(&"plaintext-cancel"), "{report:#}");
    assert_eq!(report["counts"]["plaintext_cancels"], 1);
}

#[test]
fn a_pooler_is_an_application_too() {
    let Some(scene) = Scene::new() else { return };
    for (mode, code, expected) in [
        ("require", 0, vec![]),
        ("disable", 1, vec!["plaintext-session"]),
    ] {
        let relay = Running::start(
            &scene.client,
            &scene.string("sslmode=require"),
            &["--format", "json"],
        );
        let more = format!(
            "server_tls_sslmode = {mode}\n[databases]\n\
             postgres = host=127.0.0.1 port={} user=postgres\n",
            relay.address.port()
        );
        let served = scene.root.leaf(&["localhost"]);
        let Some(bouncer) = PgBouncer::start("disable", &more, &served) else {
            return;
        };
        let string = format!(
            "host=127.0.0.1 port={} user=postgres dbname=postgres sslmode=disable",
            bouncer.port
        );
        scene.client.run_psql(&string, "SELECT 1").unwrap();
        drop(bouncer);
        let run = relay.stop();
        assert_eq!(run.code, code, "{mode}: {}", run.stderr);
        let report = run.json();
        let mut found = codes(&report);
        found.retain(|code| *code != "sends-no-sni");
        assert_eq!(found, expected, "{mode}");
    }
}

/// The command's own input and output.
#[test]
fn a_command_keeps_its_input_and_its_output() {
    let Some(scene) = Scene::new() else { return };
    let string = scene.string("sslmode=require");
    let psql = programs().unwrap().join("psql");
    let mut child = scene
        .client
        .command(&["trace", "--to", &string, "-o", "report.txt", "--"])
        .args([psql.as_os_str(), "-XAtw".as_ref()])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"SELECT 6 * 7;\n").unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "42\n");
    let report = std::fs::read_to_string(scene.client.home.path().join("report.txt")).unwrap();
    assert!(report.starts_with("PASS db.example:"), "{report}");
}

/// A pipe that nobody reads holds some 400 lines.
#[test]
fn a_reader_that_does_not_read_does_not_stop_the_relay() {
    let peer = echo();
    let client = Client::new();
    let string = format!("host=127.0.0.1 port={}", peer.port);
    let relay = Running::start(&client, &string, &[]);
    for _ in 0..1_000 {
        let mut stream = relay.connect();
        stream.write_all(b"GET / HTTP/1.1").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut back = Vec::new();
        stream.read_to_end(&mut back).unwrap();
        assert_eq!(back, b"GET / HTTP/1.1");
    }
    let run = relay.stop();
    assert!(run.stdout.contains("lines were left out"), "{}", run.stdout);
    assert!(run.stdout.contains("1000 connections"), "{}", run.stdout);
}
