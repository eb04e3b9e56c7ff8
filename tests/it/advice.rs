//! Does pgtls report what the user should know in addition to the verdict? If the advice is a
//! string or a command, the test follows it, and the check then reports nothing.

use crate::support::client::{Client, Run, last_to_copy};
use crate::support::fleet_lab::Lab;
use pgtls::lab::{Authority, Endpoint};
use serde_json::Value;
use time::OffsetDateTime;

fn check(lab: &Lab, settings: &str) -> Run {
    let port = lab.endpoint.address.port();
    let string = format!("hostaddr=127.0.0.1 port={port} {settings}");
    lab.client.check(&string)
}

/// The finding of this code.
fn finding(run: &Run, code: &str) -> Value {
    let endpoint = run.endpoint();
    let findings = endpoint["findings"].as_array().unwrap().clone();
    let found = findings.into_iter().find(|finding| finding["code"] == code);
    found.unwrap_or_else(|| panic!("no {code} in {run:?}"))
}

/// The last line to copy of a hint.
fn to_copy(finding: &Value) -> String {
    last_to_copy(finding["hint"].as_str().unwrap())
}

#[test]
fn a_weaker_mode_learns_that_the_strongest_would_pass_and_how() {
    let lab = Lab::new();
    let run = check(
        &lab,
        "host=localhost sslmode=verify-ca sslrootcert=root.crt password=hunter2",
    );
    let advice = to_copy(&finding(&run, "stronger-mode"));
    assert!(
        advice.contains("sslmode=verify-full") && !advice.contains("hunter2"),
        "{advice}"
    );
    let followed = lab.client.check(&advice);
    assert_eq!(
        (followed.code, followed.findings()),
        (0, vec![]),
        "{followed:?}"
    );
    assert_eq!(followed.endpoint()["sslmode"], "verify-full");
}

#[test]
fn a_weaker_mode_learns_why_the_strongest_would_fail() {
    let lab = Lab::new();
    for (settings, reason) in [
        (
            "host=db sslmode=verify-ca sslrootcert=root.crt",
            "does not match host name \"db\"",
        ),
        (
            "host=localhost sslmode=require",
            "the chain reaches no trusted root",
        ),
        ("sslmode=verify-ca sslrootcert=root.crt", "has no host"),
    ] {
        let run = check(&lab, settings);
        assert_eq!(run.code, 0, "{run:?}");
        let found = finding(&run, "stronger-mode");
        assert!(
            found["message"].as_str().unwrap().contains(reason),
            "{found}"
        );
        assert_eq!(found["level"], "info");
    }
}

#[test]
fn a_root_file_at_home_that_decides_is_named() {
    let lab = Lab::new();
    let root = std::fs::read(lab.client.home.path().join("root.crt")).unwrap();
    lab.client.write(".postgresql/root.crt", root);
    let run = check(&lab, "host=localhost sslmode=require");
    assert_eq!(
        (run.code, run.endpoint()["authenticated"].as_bool()),
        (0, Some(true))
    );
    let advice = to_copy(&finding(&run, "home-root-decides"));
    let followed = lab.client.check(&advice);
    assert_eq!(
        (followed.code, followed.findings()),
        (0, vec![]),
        "{followed:?}"
    );
}

#[test]
fn a_byte_order_mark_is_reported_and_the_command_removes_it() {
    let lab = Lab::new();
    let root = std::fs::read(lab.client.home.path().join("root.crt")).unwrap();
    lab.client
        .write("bom.crt", [&b"\xef\xbb\xbf"[..], &root].concat());
    let string = "host=localhost sslmode=verify-full sslrootcert=bom.crt";
    let run = check(&lab, string);
    assert_eq!(run.code, 0, "{run:?}");
    let command = to_copy(&finding(&run, "root-file-bom"));
    let status = std::process::Command::new("sh")
        .args(["-c", &command])
        .current_dir(lab.client.home.path())
        .status()
        .unwrap();
    assert!(status.success(), "{command}");
    assert_eq!(check(&lab, string).findings(), Vec::<String>::new());
}

#[test]
fn the_word_system_is_not_known_to_every_client() {
    let lab = Lab::new();
    let root = lab.client.home.path().join("root.crt");
    let Lab {
        endpoint, client, ..
    } = lab;
    let client = client.with("SSL_CERT_FILE", root);
    let port = endpoint.address.port();
    let run = client.check(&format!(
        "host=localhost hostaddr=127.0.0.1 port={port} sslrootcert=system sslmode=verify-full"
    ));
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(finding(&run, "system-roots")["level"], "info");
}

#[test]
fn public_and_retired_roots_are_reported() {
    let client = Client::new();
    for (name, findings) in [
        (
            "digicert-global-root-g2",
            &["ca-as-leaf", "no-san", "public-root"][..],
        ),
        (
            "digicert-global-root-ca",
            &["ca-as-leaf", "no-san", "retired-root"],
        ),
    ] {
        // A server that presents a root has its own anchor: the only way to reach that root without
        // its key.
        let root = client.pgtls(&["roots", "export", name]);
        client.write("root.crt", &root.stdout);
        let run = client.pgtls(&[
            "verify",
            "--format",
            "json",
            "--cert",
            "root.crt",
            "--sslrootcert",
            "root.crt",
        ]);
        let mut found = run.findings();
        found.retain(|code| code != "clients-differ");
        found.sort();
        assert_eq!(found, findings, "{run:?}");
    }
}

#[test]
fn an_edwards_signature_is_reported_for_scram() {
    let client = Client::new();
    let served = crate::support::pki::Ca::root_with("root", |_| {}).leaf(&["db"]);
    client.write("server.crt", &served.chain);
    let output = std::process::Command::new("openssl")
        .args([
            "req", "-new", "-x509", "-newkey", "ed25519", "-nodes", "-days", "30",
        ])
        .args([
            "-subj",
            "/CN=db",
            "-addext",
            "subjectAltName=DNS:db",
            "-out",
            "ed.crt",
        ])
        .args(["-keyout", "ed.key"])
        .current_dir(client.home.path())
        .output();
    if output.is_err() {
        crate::support::skip::skip("the openssl command is not installed");
        return;
    }
    let verify = |file| {
        client.pgtls(&[
            "verify",
            "--format",
            "json",
            "--cert",
            file,
            "--sslrootcert",
            file,
        ])
    };
    assert_eq!(
        finding(&verify("ed.crt"), "no-channel-binding")["level"],
        "warning"
    );
    assert!(
        !verify("server.crt")
            .findings()
            .contains(&"no-channel-binding".to_owned())
    );
}

/// The hint of the error of a check of `host`, at an endpoint with these names from this CA.
fn hint(ca: &str, names: &[&str], host: &str, settings: &str) -> String {
    let now = OffsetDateTime::now_utc();
    let authority = Authority::new(ca, now).unwrap();
    let issued = authority.issue(names, now).unwrap();
    let client = Client::new();
    // A root file that is near would be the advice.
    if settings.contains("root.crt") {
        client.write("root.crt", &authority.root_pem);
    }
    client.write("other.crt", &Authority::new("other", now).unwrap().root_pem);
    let endpoint = Endpoint::start(issued).unwrap();
    let client = client
        .with("SSL_CERT_FILE", "none.pem")
        .with("SSL_CERT_DIR", "none");
    let port = endpoint.address.port();
    let run = client.check(&format!(
        "host={host} hostaddr=127.0.0.1 port={port} {settings}"
    ));
    assert!(run.code == 6 || run.code == 7, "{run:?}");
    run.hint()
}

#[test]
fn the_advice_knows_the_provider_the_gateway_and_the_empty_store() {
    for (ca, host, settings, expected) in [
        (
            "Amazon RDS Root",
            "db.abc.eu-west-1.rds.amazonaws.com",
            "sslrootcert=other.crt",
            "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem",
        ),
        (
            "Some CA",
            "srv.postgres.database.azure.com",
            "sslrootcert=other.crt",
            "What answered is not Azure Database for PostgreSQL",
        ),
        (
            "Some CA",
            "px.proxy-abc.eu-west-1.rds.amazonaws.com",
            "sslrootcert=other.crt",
            "No public root signed it",
        ),
        (
            "Some CA",
            "db.example.com",
            "sslrootcert=other.crt",
            "contains \"CN = other\"",
        ),
        (
            "Zscaler Intermediate Root CA",
            "db.example.com",
            "sslrootcert=other.crt",
            "inspects TLS",
        ),
        (
            "Some CA",
            "db.example.com",
            "sslrootcert=system",
            "ca-certificates",
        ),
    ] {
        let hint = hint(
            ca,
            &[host],
            host,
            &format!("sslmode=verify-full {settings}"),
        );
        assert!(hint.contains(expected), "{hint}");
    }
}

#[test]
fn the_advice_on_a_wrong_name_knows_addresses_services_and_instances() {
    for (names, host, expected) in [
        (&["db.example.com"][..], "127.0.0.1", "is an IP address"),
        (
            &["*.example.com"],
            "127.0.0.1",
            "subjectAltName = IP:127.0.0.1",
        ),
        (
            &["db-rw", "db-rw.prod.svc"],
            "db-pooler",
            "serverAltDNSNames",
        ),
        (
            &["db-1.example.com", "db-2.example.com"],
            "db2.example.com",
            "host=db-2.example.com hostaddr=127.0.0.1",
        ),
        (
            &["*.example.com", "a.example.net"],
            "a.example.com.",
            "host=a.example.com hostaddr=127.0.0.1",
        ),
    ] {
        let hint = hint(
            "lab CA",
            names,
            host,
            "sslmode=verify-full sslrootcert=root.crt",
        );
        assert!(hint.contains(expected), "{hint}");
    }
}

#[test]
fn a_keyword_of_a_newer_libpq_is_read_and_named() {
    let lab = Lab::new();
    let port = lab.endpoint.address.port();
    let service = format!("[here]\nhost=localhost\nhostaddr=127.0.0.1\nport={port}\n");
    lab.client.write("services.conf", service);
    let settings = "service=here sslmode=verify-full sslrootcert=root.crt";
    let run = lab
        .client
        .check(&format!("{settings} servicefile=services.conf"));
    assert_eq!(
        (run.code, run.findings()),
        (0, vec!["newer-libpq".to_owned()]),
        "{run:?}"
    );
    let found = finding(&run, "newer-libpq");
    let hint = found["hint"].as_str().unwrap();
    assert!(hint.contains("PGSERVICEFILE"), "{hint}");
    let client = lab.client.with("PGSERVICEFILE", "services.conf");
    let followed = client.check(settings);
    assert_eq!(
        (followed.code, followed.findings()),
        (0, vec![]),
        "{followed:?}"
    );
}
