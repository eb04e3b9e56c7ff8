//! `pgtls trace`: what an application really does, seen by a relay.

mod clients;
mod closers;
mod command;
mod hostile;
mod relay;
mod running;

use std::path::Path;

use serde_json::Value;

use crate::support::client::{Client, Run};
use crate::support::json_schema::Schema;
use crate::support::peer::Peer;
use crate::support::pki::Ca;
use crate::support::postgres::{Postgres, programs};

use self::running::Running;

/// A server whose certificate is for db.example, and a client that trusts it.
struct Scene {
    client: Client,
    server: Postgres,
    root: Ca,
}

impl Scene {
    fn new() -> Option<Self> {
        let root = Ca::root("root");
        let server = Postgres::start(&root.leaf(&["db.example", "localhost"]))?;
        let client = Client::new();
        client.write("root.crt", &root.pem);
        Some(Self {
            client,
            server,
            root,
        })
    }

    fn string(&self, settings: &str) -> String {
        format!(
            "host=db.example hostaddr=127.0.0.1 port={} user=postgres dbname=postgres {settings}",
            self.server.port
        )
    }

    /// Traces psql with these settings.
    fn psql(&self, options: &[&str], settings: &str, statement: &str) -> Run {
        let psql = programs().unwrap().join("psql");
        let string = self.string(settings);
        let mut arguments = vec!["trace", "--to", &string, "--format", "json"];
        arguments.extend(options);
        arguments.extend(["--", psql.to_str().unwrap(), "-Xwtc", statement]);
        self.client.pgtls(&arguments)
    }
}

/// A server that sends everything back when its client has closed its half.
fn echo() -> Peer {
    Peer::start(|conversation| {
        conversation.listen()?;
        let all = conversation.heard();
        conversation.say(&all)
    })
}

fn codes(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|one| one["code"].as_str().unwrap()).collect()
}

const FULL: &str = "sslmode=verify-full sslrootcert=root.crt";

#[test]
fn a_session_over_tls_passes_and_is_described() {
    let Some(scene) = Scene::new() else { return };
    let run = scene.psql(
        &[],
        FULL,
        "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    );
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains(" t\n"), "{run:?}");
    let report = run.json();
    assert_eq!(codes(&report), [""; 0], "{report:#}");
    let connection = &report["connections"][0];
    assert_eq!(
        connection["steps"],
        serde_json::json!(["ssl-request", "ssl-accepted"])
    );
    assert_eq!(connection["client_hello"]["sni"], "db.example");
    assert_eq!(connection["channel"], "tls");
    // psql says goodbye and then closes: on a busy machine the server is the first to close. `closers` has what does not
    // depend on that.
    assert_ne!(connection["closed_by"], "relay", "{report:#}");
    assert_eq!(report["counts"]["tls_sessions"], 1);
    if let Some(schema) =
        Schema::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/trace_schema.json"))
    {
        schema.accept(&report);
    }
}

#[test]
fn plain_text_fails_and_no_password_is_shown() {
    let Some(mut scene) = Scene::new() else {
        return;
    };
    scene.server.sql("CREATE ROLE ann LOGIN PASSWORD 'hunter2'");
    let served = scene.root.leaf(&["db.example"]);
    for (method, form) in [("password", "clear"), ("scram-sha-256", "sasl")] {
        scene
            .server
            .authenticate(&format!("host all ann all {method}"));
        scene.server.configure(&served, &[]);
        let psql = programs().unwrap().join("psql");
        let string = scene.string("sslmode=disable user=ann password=hunter2");
        for format in ["json", "text", "junit", "markdown"] {
            let run = scene.client.pgtls(&[
                "trace",
                "--to",
                &string,
                "--format",
                format,
                "--",
                psql.to_str().unwrap(),
                "-Xtc",
                "SELECT 1",
            ]);
            assert_eq!(run.code, 1, "{run:?}");
            assert!(run.stdout.contains("plaintext-session"), "{run:?}");
            assert!(!format!("{run:?}").contains("hunter2"), "{run:?}");
            if format == "json" {
                let report = run.json();
                assert_eq!(codes(&report), ["plaintext-session"]);
                let connection = &report["connections"][0];
                assert_eq!(connection["startup"]["user"], "ann");
                assert_eq!(connection["plaintext_passwords"], 1, "{report:#}");
                assert_eq!(connection["password_form"], form);
            }
        }
    }
}

#[test]
fn a_fallback_is_found_in_one_connection_and_over_two() {
    let Some(mut scene) = Scene::new() else {
        return;
    };
    let other = Ca::root("other").leaf(&["db.example"]);
    scene.server.serve(&other);
    // libpq begins again in plain text after it has refused the certificate.
    let run = scene.psql(&[], "sslmode=prefer sslrootcert=root.crt", "SELECT 1");
    assert_eq!(run.code, 1, "{run:?}");
    let report = run.json();
    assert_eq!(codes(&report), ["falls-back-to-plaintext"], "{report:#}");
    assert_eq!(report["findings"][0]["connections"], serde_json::json!([2]));
    assert!(
        report["findings"][0]["message"]
            .as_str()
            .unwrap()
            .contains("unknown_ca"),
        "{report:#}"
    );
    scene.server.configure(&other, &[("ssl", "off")]);
    let run = scene.psql(&[], "sslmode=prefer", "SELECT 1");
    assert_eq!(run.code, 1, "{run:?}");
    let report = run.json();
    assert_eq!(codes(&report), ["falls-back-to-plaintext"], "{report:#}");
    assert_eq!(report["findings"][0]["connections"], serde_json::json!([1]));
}

#[test]
fn allow_is_plain_text_first() {
    let Some(mut scene) = Scene::new() else {
        return;
    };
    scene
        .server
        .admit("local all all trust\nhostssl all all all trust\n");
    let served = scene.root.leaf(&["db.example"]);
    scene.server.configure(&served, &[]);
    let run = scene.psql(&[], "sslmode=allow", "SELECT 1");
    assert_eq!(run.code, 1, "{run:?}");
    let report = run.json();
    assert_eq!(codes(&report), ["plaintext-session"], "{report:#}");
    let hint = report["findings"][0]["hint"].as_str().unwrap();
    assert!(hint.contains("sslmode=allow"), "{hint}");
    // In the order in which they ended.
    let mut connections = report["connections"].as_array().unwrap().iter();
    let second = connections.find(|one| one["number"] == 2).unwrap();
    assert_eq!(second["channel"], "tls");
}

#[test]
fn a_client_without_a_name_is_a_warning() {
    let Some(scene) = Scene::new() else { return };
    let run = scene.psql(&[], "sslmode=require sslsni=0", "SELECT 1");
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(codes(&run.json()), ["sends-no-sni"]);
}

#[test]
fn what_was_not_seen_does_not_pass() {
    let Some(scene) = Scene::new() else { return };
    let trace = |command: &[&str]| {
        let string = scene.string(FULL);
        let mut arguments = vec!["trace", "--to", &string, "--format", "json", "--"];
        arguments.extend(command);
        scene.client.pgtls(&arguments)
    };
    let run = trace(&["/bin/true"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert_eq!(codes(&run.json()), ["nothing-traced"]);
    let run = scene.psql(&[], FULL, "SELECT 1/0");
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(codes(&run.json()), ["command-failed"]);
    // It connects to a name that the certificate does not have.
    let run = scene.psql(&["--name", "other.example"], FULL, "SELECT 1");
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(codes(&run.json()), ["nothing-traced", "command-failed"]);
    let run = trace(&["/nonexistent"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
}

#[test]
fn strings_that_lead_nowhere_are_refused() {
    let client = Client::new();
    for (string, code) in [("host=/tmp", 4), ("host=a sslmode=nonsense", 2), ("", 2)] {
        let run = client.pgtls(&["trace", "--to", string, "--", "/bin/true"]);
        assert_eq!(run.code, code, "{string}: {run:?}");
    }
}

#[test]
fn probes_show_who_verifies() {
    let Some(scene) = Scene::new() else { return };
    let reactions = |run: &Run| -> Vec<String> {
        let report = run.json();
        let probes = report["probes"].as_array().unwrap().iter();
        probes
            .map(|probe| probe["reaction"].as_str().unwrap().to_owned())
            .collect()
    };
    for (settings, code, found, expected) in [
        (FULL, 0, vec![], ["refused", "looked", "refused"]),
        (
            "sslmode=verify-ca sslrootcert=root.crt",
            1,
            vec!["does-not-verify"],
            ["refused", "went-on", "refused"],
        ),
        (
            "sslmode=require",
            1,
            vec!["does-not-verify", "does-not-verify"],
            ["went-on", "went-on", "refused"],
        ),
        (
            "sslmode=prefer",
            1,
            vec![
                "does-not-verify",
                "does-not-verify",
                "falls-back-to-plaintext",
            ],
            ["went-on", "went-on", "went-on-in-plaintext"],
        ),
    ] {
        let run = scene.psql(&["--probe"], settings, "SELECT 1");
        assert_eq!(run.code, code, "{settings}: {run:?}");
        assert_eq!(reactions(&run), expected, "{settings}: {run:?}");
        assert_eq!(codes(&run.json()), found, "{settings}");
        assert!(run.stderr.contains("--probe leads connections"), "{run:?}");
    }
    // With a password the report says that it was sent.
    let run = scene.psql(&["--probe"], "sslmode=require password=hunter2", "SELECT 1");
    assert_eq!(
        reactions(&run),
        ["sent-password", "sent-password", "refused"]
    );
    assert!(!format!("{run:?}").contains("hunter2"), "{run:?}");
}

#[test]
fn without_a_command_connections_are_shown_until_the_end() {
    let Some(scene) = Scene::new() else { return };
    let relay = Running::start(&scene.client, &scene.string("sslmode=verify-full"), &[]);
    let here = |settings: &str| {
        format!(
            "host=db.example hostaddr=127.0.0.1 port={} user=postgres dbname=postgres {settings}",
            relay.address.port()
        )
    };
    scene.client.run_psql(&here(FULL), "SELECT 1").unwrap();
    scene
        .client
        .run_psql(&here("sslmode=disable"), "SELECT 1")
        .unwrap();
    let run = relay.stop();
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("#1: asked for TLS"), "{run:?}");
    assert!(
        run.stdout.contains("FAIL db.example:"),
        "the report comes at the end: {run:?}"
    );
    assert!(run.stdout.contains("plaintext-session"), "{run:?}");
}

#[test]
fn probes_work_for_an_application_that_runs_elsewhere() {
    let Some(scene) = Scene::new() else { return };
    let options = ["--probe", "--format", "json"];
    let relay = Running::start(&scene.client, &scene.string(FULL), &options);
    let here = format!(
        "host=db.example hostaddr=127.0.0.1 port={} user=postgres dbname=postgres sslmode=require",
        relay.address.port()
    );
    for _ in 0..3 {
        let _ = scene.client.run_psql(&here, "SELECT 1");
    }
    let run = relay.stop();
    assert_eq!(run.code, 1, "{run:?}");
    let report = run.json();
    // How many connections belong to one endpoint depends on the time that they take, and the order does not.
    let order = ["unknown-ca", "wrong-host", "no-tls", "server"];
    let place = |to: &Value| order.iter().position(|known| to == known).unwrap();
    let connections = report["connections"].as_array().unwrap();
    let mut led: Vec<(u64, usize)> = connections
        .iter()
        .map(|one| (one["number"].as_u64().unwrap(), place(&one["to"])))
        .collect();
    led.sort_unstable();
    assert_eq!(led[0].1, 0, "{report:#}");
    assert!(led.is_sorted_by_key(|(_, place)| *place), "{report:#}");
    for (index, expected) in ["went-on", "went-on", "refused"].into_iter().enumerate() {
        let came = led.iter().filter(|(_, place)| *place == index).count();
        let expected = if came > 0 { expected } else { "not-reached" };
        let probe = &report["probes"][index];
        assert_eq!(probe["reaction"], expected, "{report:#}");
        assert_eq!(probe["connections"], came, "{report:#}");
    }
    assert!(codes(&report).contains(&"does-not-verify"), "{report:#}");
}
