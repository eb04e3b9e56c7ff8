//! Do the demands of `pgtls check` beyond libpq's verdict pass and fail as documented?

mod expiry;
mod openssl_conf;

use data_encoding::BASE64;
use pgtls::lab::{Authority, Endpoint};
use pgtls::trust::file;
use pgtls::x509::Certificate;
use time::OffsetDateTime;

use crate::support::client::{Client, Run};
use crate::support::fleet_lab::Lab;

/// The lab, with its certificate and another one of the same authority in files.
fn lab() -> Lab {
    let lab = Lab::new();
    let other = lab
        .authority
        .issue(&["localhost"], OffsetDateTime::now_utc());
    lab.client.write("leaf.der", &lab.leaf);
    lab.client.write("other.der", &other.unwrap().chain[0]);
    lab
}

fn check(lab: &Lab, arguments: &str) -> Run {
    let string = lab.good();
    let mut words = vec!["check", "--format", "json", &string];
    words.extend(arguments.split_whitespace());
    lab.client.pgtls(&words)
}

/// Modes that prove nothing, on request; the path of the file in the string does.
#[test]
fn a_mode_that_proves_nothing_can_be_refused() {
    let lab = lab();
    let good = lab.good();
    for (mode, code, outcome) in [
        ("sslmode=require sslrootcert=''", 1, "not-authenticated"),
        ("sslmode=prefer", 1, "not-authenticated"),
        ("sslmode=require", 0, "pass"),
        ("sslmode=verify-full", 0, "pass"),
    ] {
        let string = format!("{good} {mode}");
        let run = lab
            .client
            .pgtls(&["check", "--format", "json", "--require-verified", &string]);
        let told = (run.code, run.outcome());
        assert_eq!(told, (code, outcome.to_owned()), "{mode}: {run:?}");
        let endpoint = run.endpoint();
        assert_eq!(endpoint["unverified"], code == 1, "{mode}: {run:?}");
        let repeated = endpoint["findings"]
            .to_string()
            .contains("not-authenticated");
        assert!(!repeated, "{mode}: {run:?}");
        assert_eq!(lab.client.check(&string).code, 0, "{mode}");
        let mut asked = lab.client.command(&["check", &string]);
        let output = asked.env("PGTLS_REQUIRE_VERIFIED", "1").output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{mode}");
    }
}

/// A demand changes the verdict, not what was proven: an alert on the expiry must still fire.
#[test]
fn what_was_verified_stays_verified_under_a_demand() {
    let lab = lab();
    let run = check(&lab, "--valid-for 91d");
    assert_eq!(
        (run.code, &run.endpoint()["authenticated"]),
        (1, &true.into())
    );
    let string = lab.good();
    let run = lab.client.pgtls(&[
        "check",
        "--valid-for",
        "91d",
        "--format",
        "prometheus",
        &string,
    ]);
    assert!(
        run.stdout.contains("\nssl_verified_cert_not_after{"),
        "{run:?}"
    );
}

#[test]
fn demands_that_hold_pass_and_others_fail_with_1() {
    let lab = lab();
    let pin = format!(
        "sha256//{}",
        BASE64.encode(&Certificate::parse(&lab.leaf).unwrap().spki_sha256())
    );
    let other_pin = format!("sha256//{}", BASE64.encode(&[7; 32]));
    for (arguments, code, outcome) in [
        ("", 0, "pass"),
        ("--valid-for 89d", 0, "pass"),
        ("--valid-for 91d", 1, "expires-soon"),
        ("--at +91d", 6, "expired"),
        ("--min-tls 1.2", 0, "pass"),
        ("--min-tls 1.3", 0, "pass"),
        ("--expect-cert leaf.der", 0, "pass"),
        ("--expect-cert other.der", 1, "unexpected-certificate"),
        ("--expect-cert root.crt", 1, "unexpected-certificate"),
        (&format!("--pin {pin}"), 0, "pass"),
        (&format!("--pin {other_pin}"), 1, "pin-mismatch"),
        (&format!("--pin {other_pin} --pin {pin}"), 0, "pass"),
        ("--strict", 0, "pass"),
        ("--at +70d", 0, "pass"),
        ("--at +70d --strict", 1, "expires-soon"),
    ] {
        let run = check(&lab, arguments);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{arguments}: {run:?}"
        );
        assert_eq!(run.json()["exit_code"], code);
    }
}

/// An attacker can append the pinned certificate, which is public, to another chain.
#[test]
fn a_pinned_certificate_beside_the_path_does_not_count() {
    let now = OffsetDateTime::now_utc();
    let authority = Authority::new("lab CA", now).unwrap();
    let pinned = authority.issue(&["localhost"], now).unwrap();
    let pin = Certificate::parse(&pinned.chain[0]).unwrap().spki_sha256();
    let pin = format!("sha256//{}", BASE64.encode(&pin));
    let mut attacker = authority.issue(&["localhost"], now).unwrap();
    attacker.chain.extend(pinned.chain.clone());
    let endpoint = Endpoint::start(attacker).unwrap();
    let port = endpoint.address.port();
    let client = Client::new();
    client.write("root.crt", &authority.root_pem);
    let root = file::read(authority.root_pem.as_bytes()).unwrap();
    let root = root.certificates[0].certificate.spki_sha256();
    let root = format!("sha256//{}", BASE64.encode(&root));
    for (mode, pin, code) in [
        ("verify-full sslrootcert=root.crt", &pin, 1),
        ("verify-ca sslrootcert=root.crt", &pin, 1),
        ("require", &pin, 1),
        // The path ends at this root only where it is verified.
        ("verify-full sslrootcert=root.crt", &root, 0),
        ("require", &root, 1),
    ] {
        let string = format!("host=localhost hostaddr=127.0.0.1 port={port} sslmode={mode}");
        let run = client.pgtls(&["check", "--format", "json", "--pin", pin, &string]);
        let outcome = if code == 0 { "pass" } else { "pin-mismatch" };
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{mode}: {run:?}"
        );
    }
}

#[test]
fn a_low_version_fails_under_min_tls() {
    let lab = lab();
    let capped = format!("{} ssl_max_protocol_version=TLSv1.2", lab.good());
    for (version, code, outcome) in [("1.2", 0, "pass"), ("1.3", 1, "below-min-tls")] {
        let run = lab
            .client
            .pgtls(&["check", "--format", "json", "--min-tls", version, &capped]);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{run:?}"
        );
        assert_eq!(run.endpoint()["tls"]["protocol"], "TLSv1.2");
    }
}

#[test]
fn an_unusable_file_of_a_demand_is_a_usage_error() {
    let lab = lab();
    lab.client.write("text", "no certificate");
    for file in ["none.crt", "text"] {
        let run = check(&lab, &format!("--expect-cert {file}"));
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
        assert!(run.stderr.starts_with("pgtls: could not read"), "{run:?}");
        assert!(run.stderr.contains(file), "{run:?}");
    }
}

#[test]
fn the_presented_chain_is_saved_also_when_it_is_refused() {
    let lab = lab();
    for (arguments, code) in [("", 0), ("--at +91d", 6)] {
        let run = check(&lab, &format!("--save-chain saved.pem {arguments}"));
        assert_eq!(run.code, code, "{run:?}");
        let path = lab.client.home.path().join("saved.pem");
        let saved = file::read(&std::fs::read(&path).unwrap()).unwrap();
        let saved: Vec<&Certificate> = saved.certificates.iter().map(|a| &*a.certificate).collect();
        assert_eq!(saved, [&Certificate::parse(&lab.leaf).unwrap()]);
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn strict_refuses_what_proves_nothing() {
    let lab = lab();
    let port = lab.endpoint.address.port();
    let string = format!("host=localhost hostaddr=127.0.0.1 port={port} sslmode=require");
    for (arguments, code, outcome) in [
        (&["check", "--format", "json"][..], 0, "pass"),
        (
            &["check", "--format", "json", "--strict"],
            1,
            "not-authenticated",
        ),
    ] {
        let run = lab.client.pgtls(&[arguments, &[&string]].concat());
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{run:?}"
        );
        assert_eq!(run.endpoint()["authenticated"], false);
        assert_eq!(run.endpoint()["encrypted"], true);
    }
}

#[test]
fn without_an_sslmode_the_strongest_is_checked_and_reported() {
    let lab = lab();
    let string = lab.good().replace("sslmode=verify-full", "");
    let run = lab.client.check(&string);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.endpoint()["sslmode"], "verify-full");
    assert_eq!(run.findings(), ["default-sslmode"]);
}

/// libpq checks these in the login. Without a login they must not pass silently.
#[test]
fn what_only_a_login_can_check_is_named() {
    let lab = lab();
    for (setting, named) in [
        ("channel_binding=require", true),
        ("require_auth=scram-sha-256", true),
        ("target_session_attrs=standby", true),
        ("min_protocol_version=3.2", true),
        ("channel_binding=prefer", false),
        ("require_auth=''", false),
        ("target_session_attrs=any", false),
        ("target_session_attrs=prefer-standby", false),
        ("min_protocol_version=3.0", false),
    ] {
        let string = format!("{} {setting}", lab.good());
        let run = lab.client.check(&string);
        assert_eq!(run.code, 0, "{setting}: {run:?}");
        let found = run.findings().contains(&"login-not-checked".to_owned());
        assert_eq!(found, named, "{setting}: {run:?}");
        let strict = lab
            .client
            .pgtls(&["check", "--format", "json", "--strict", &string]);
        let expected = if named {
            (1, "login-not-checked")
        } else {
            (0, "pass")
        };
        let came = (strict.code, strict.outcome());
        assert_eq!((came.0, came.1.as_str()), expected, "{setting}: {strict:?}");
        let login = lab
            .client
            .pgtls(&["check", "--format", "json", "--login", &string]);
        let found = login.findings().contains(&"login-not-checked".to_owned());
        assert!(!found, "{setting}: {login:?}");
    }
}
