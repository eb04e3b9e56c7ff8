//! The command: its variables, its end, and what a signal does.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{FULL, Scene, codes};
use crate::support::client::{Client, Run};
use crate::support::postgres::programs;

/// What a command gets as `DATABASE_URL`, with the relay's port as `PORT`, and as these variables.
fn told(options: &[&str], to: &str, variables: &str) -> String {
    let client = Client::new();
    let script = format!("printf '%s %s %s' \"$PGPORT\" \"$DATABASE_URL\" \"{variables}\"");
    let mut arguments = vec!["trace", "--quiet", "--to", to];
    arguments.extend(options);
    arguments.extend(["--", "/bin/sh", "-c", &script]);
    let run = client.pgtls(&arguments);
    // Nothing connected.
    assert_eq!(run.code, 3, "{run:?}");
    assert_eq!(run.stderr, "", "--quiet prints nothing");
    let (port, rest) = run.stdout.split_once(' ').unwrap();
    rest.replace(&format!(":{port}"), ":PORT")
}

#[test]
fn a_url_leads_to_the_relay_and_stays_as_it_was_written() {
    for (to, url) in [
        (
            "postgres://ann:p%40ss@db.example:5432/app?sslmode=require&application_name=a%20b",
            "postgres://ann:p%40ss@db.example:PORT/app?sslmode=require&application_name=a%20b",
        ),
        (
            "postgresql+asyncpg://ann:pass@db.example/app?ssl=require",
            "postgresql+asyncpg://ann:pass@db.example:PORT/app?ssl=require",
        ),
        (
            "postgresql+psycopg://ann:a/b?c#d@db.example/app?sslmode=require",
            "postgresql+psycopg://ann:a/b?c#d@db.example:PORT/app?sslmode=require",
        ),
        (
            "jdbc:postgresql://db.example:5432/app?user=ann&ssl=true&sslmode=verify-full",
            "jdbc:postgresql://db.example:PORT/app?user=ann&ssl=true&sslmode=verify-full",
        ),
        // Nothing of another driver's string is translated for libpq, and nothing of libpq's is lost.
        (
            "host=db.example password=secret",
            "postgresql://:secret@db.example:PORT/",
        ),
    ] {
        assert_eq!(told(&[], to, "").trim_end(), url);
    }
}

/// At the endpoint for another name.
#[test]
fn an_authority_is_named_in_the_words_of_the_driver() {
    for (to, setting) in [
        ("postgres://h/d?sslmode=require", "&sslrootcert="),
        (
            "postgresql+psycopg://u:a/b@h/d?sslmode=require",
            "&sslrootcert=",
        ),
        ("jdbc:postgresql://h/d?ssl=true", "&sslrootcert="),
        ("r2dbc:postgresql://h/d?sslMode=REQUIRE", "&sslRootCert="),
        ("postgresql://h/d?sslaccept=strict", "&sslcert="),
        // They have no such setting in a URL.
        ("postgresql+asyncpg://h/d?ssl=verify-full", ""),
        ("ecto://h/d?ssl=true", ""),
    ] {
        let client = Client::new();
        let run = client.pgtls(&[
            "trace",
            "--to",
            to,
            "--probe",
            "--",
            "/bin/sh",
            "-c",
            "printf '%s\\n' \"$DATABASE_URL\" >> urls",
        ]);
        assert_eq!(run.code, 3, "{run:?}");
        let urls = std::fs::read_to_string(client.home.path().join("urls")).unwrap();
        let urls: Vec<&str> = urls.lines().collect();
        let [usual, _, trusting, _] = urls.as_slice() else {
            panic!("{urls:?}");
        };
        let (before, root) = trusting.split_at(usual.len());
        assert_eq!(before, *usual);
        let root = root.strip_prefix(setting).unwrap();
        assert_eq!(
            root.ends_with("/root.crt"),
            !setting.is_empty(),
            "{trusting}"
        );
    }
}

#[test]
fn localhost_is_the_relay_only_where_the_relay_listens_there() {
    let to = "host=localhost";
    for (listen, address) in [
        ("127.0.0.1:0", ""),
        ("0.0.0.0:0", ""),
        ("127.0.0.2:0", "127.0.0.2"),
    ] {
        let told = told(&["--listen", listen], to, "$PGHOSTADDR");
        assert_eq!(told, format!("postgresql://localhost:PORT/ {address}"));
    }
}

#[test]
fn a_report_that_cannot_be_written_does_not_change_the_verdict() {
    let client = Client::new();
    let run = client.pgtls(&[
        "trace",
        "--to",
        "host=db.example",
        "-o",
        "no/such/directory",
        "--",
        "/bin/true",
    ]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("could not write the report"), "{run:?}");
}

/// A traced command that has started.
struct Started {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
}

impl Started {
    fn new(scene: &Scene, options: &[&str], script: &str) -> Self {
        let string = scene.string(FULL);
        let mut arguments = vec!["trace", "--to", &string, "--format", "json"];
        arguments.extend(options);
        arguments.extend(["--", "/bin/sh", "-c", script]);
        let mut child = scene
            .client
            .command(&arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut started = Self {
            child,
            stderr,
            said: String::new(),
        };
        started.wait_for("started");
        started
    }

    fn wait_for(&mut self, text: &str) {
        while !self.said.contains(text) {
            let read = self.stderr.read_line(&mut self.said).unwrap();
            assert!(read > 0, "{}", self.said);
        }
    }

    fn send(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
    }

    fn end(mut self) -> Run {
        self.stderr.read_to_string(&mut self.said).unwrap();
        let output = self.child.wait_with_output().unwrap();
        Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: self.said,
        }
    }
}

const HANGS: &str = "echo run >> runs; echo started; exec tail -f /dev/null";

#[test]
fn a_probe_is_not_begun_after_an_interruption() {
    let Some(scene) = Scene::new() else { return };
    let mut started = Started::new(&scene, &["--probe"], HANGS);
    started.send(Signal::SIGINT);
    started.wait_for("press Ctrl-C again");
    started.send(Signal::SIGINT);
    let run = started.end();
    assert_eq!(run.code, 130, "{run:?}");
    let runs = std::fs::read_to_string(scene.client.home.path().join("runs")).unwrap();
    assert_eq!(runs, "run\n", "it was started again");
    let report = run.json();
    assert_eq!(report["verdict"], "fail");
    for probe in report["probes"].as_array().unwrap() {
        assert_eq!(probe["reaction"], "interrupted", "{report:#}");
    }
}

#[test]
fn a_signal_to_end_is_heard_after_an_interruption() {
    let Some(scene) = Scene::new() else { return };
    let mut started = Started::new(&scene, &[], HANGS);
    started.send(Signal::SIGINT);
    started.wait_for("press Ctrl-C again");
    started.send(Signal::SIGTERM);
    let run = started.end();
    assert_eq!(run.code, 1, "{run:?}");
    assert!(codes(&run.json()).contains(&"command-failed"), "{run:?}");
}

#[test]
fn a_command_that_does_not_end_at_an_endpoint_has_not_refused() {
    let Some(scene) = Scene::new() else { return };
    let psql = programs().unwrap().join("psql");
    let string = scene.string(FULL);
    // It ends at the server, and nowhere else.
    let script = format!(
        "{} -Xwc 'SELECT 1' && exit; exec tail -f /dev/null",
        psql.display()
    );
    let run = scene.client.pgtls(&[
        "trace",
        "--to",
        &string,
        "--format",
        "json",
        "--probe",
        "--timeout",
        "2s",
        "--",
        "/bin/sh",
        "-c",
        &script,
    ]);
    assert_eq!(run.code, 3, "{run:?}");
    let report = run.json();
    for probe in report["probes"].as_array().unwrap() {
        assert_eq!(probe["reaction"], "not-ended", "{report:#}");
    }
}

/// It trusts its own roots, whatever it is told.
#[test]
fn a_name_that_could_not_be_tested_is_not_a_pass() {
    let Some(scene) = Scene::new() else { return };
    let psql = programs().unwrap().join("psql");
    let string = scene.string(FULL);
    let script = format!(
        "PGSSLROOTCERT=root.crt exec {} -Xwc 'SELECT 1'",
        psql.display()
    );
    let run = scene.client.pgtls(&[
        "trace", "--to", &string, "--format", "json", "--probe", "--", "/bin/sh", "-c", &script,
    ]);
    assert_eq!(run.code, 3, "{run:?}");
    let report = run.json();
    assert_eq!(report["probes"][1]["reaction"], "not-tested", "{report:#}");
    assert_eq!(codes(&report), ["nothing-traced"]);
}

/// The second of its connections verifies nothing, and is only made after the first.
#[test]
fn connections_that_were_not_made_at_an_endpoint_are_not_a_pass() {
    let Some(scene) = Scene::new() else { return };
    let psql = programs().unwrap().join("psql");
    let string = scene.string(FULL);
    let traced = |between: &str| {
        let psql = psql.display();
        let script =
            format!("{psql} -Xwc 'SELECT 1' {between} {psql} -Xwc 'SELECT 2' sslmode=require");
        scene.client.pgtls(&[
            "trace", "--to", &string, "--format", "json", "--probe", "--", "/bin/sh", "-c", &script,
        ])
    };
    let run = traced("&&");
    assert_eq!(run.code, 3, "{run:?}");
    let report = run.json();
    for probe in report["probes"].as_array().unwrap() {
        assert_eq!(probe["reaction"], "fewer-connections", "{report:#}");
    }
    assert_eq!(codes(&report), ["nothing-traced"; 3]);
    // The second verifies the authority, because a root file is there, and not the name.
    let run = traced(";");
    assert_eq!(run.code, 1, "{run:?}");
    let report = run.json();
    assert_eq!(
        codes(&report),
        ["nothing-traced", "does-not-verify", "nothing-traced"]
    );
    // One that tries again does not show what the other would do.
    assert_eq!(report["probes"][0]["reaction"], "not-told-apart");
}
