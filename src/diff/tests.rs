//! What changed between two reports, by its kind.

mod audit;
mod baseline;
mod settings;
mod written;

use serde_json::{Value, json};

use super::*;
use crate::report::{Report, Verdict, sample};

/// The fixed report of the formats, changed at some places of its first endpoint.
fn changed(places: &[(&str, Value)]) -> Run {
    let mut report = serde_json::to_value(sample::report()).unwrap();
    for (pointer, value) in places {
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        let parent = report
            .pointer_mut(&format!("/endpoints/0{parent}"))
            .unwrap();
        match parent.as_array_mut() {
            Some(array) => array[field.parse::<usize>().unwrap()] = value.clone(),
            None => parent[field] = value.clone(),
        }
    }
    Run::read(report.to_string().as_bytes()).unwrap()
}

fn kinds(old: &Run, new: &Run) -> Vec<Kind> {
    let diff = Diff::of(old, new);
    diff.all()
        .flat_map(|compared| compared.changes.iter().map(|change| change.kind))
        .collect()
}

const NEW_CERTIFICATE: (&str, &str) = ("/certificates/0/sha256_fingerprint", "22");

#[test]
fn the_same_report_has_no_changes() {
    let run = changed(&[]);
    assert_eq!(kinds(&run, &run), []);
    assert_eq!(Diff::of(&run, &run).exit(), Exit::Passed);
}

#[test]
fn each_change_is_told_by_its_kind() {
    let certificate = |places: &[(&str, Value)]| {
        let mut all = vec![(NEW_CERTIFICATE.0, json!(NEW_CERTIFICATE.1))];
        all.extend_from_slice(places);
        changed(&all)
    };
    for (new, kind) in [
        (certificate(&[]), Kind::Renewed),
        (
            certificate(&[("/certificates/0/spki_sha256", json!("33"))]),
            Kind::Renewed,
        ),
        (
            certificate(&[("/certificates/0/issuer", json!("CN = New CA"))]),
            Kind::IssuerChanged,
        ),
        (
            certificate(&[("/certificates/0/key", json!("RSA 2048"))]),
            Kind::KeyChanged,
        ),
        (
            certificate(&[("/certificates/0/key", json!("RSA 1024"))]),
            Kind::KeyWeaker,
        ),
        (
            certificate(&[("/certificates/0/key", json!("ECDSA P-224"))]),
            Kind::KeyWeaker,
        ),
        (
            certificate(&[("/certificates/0/key", json!("ECDSA P-384"))]),
            Kind::KeyChanged,
        ),
        (
            certificate(&[(
                "/certificates/0/names",
                json!(["other.example.com", "db.example.com"]),
            )]),
            Kind::NamesGained,
        ),
        (
            certificate(&[("/certificates/0/names", json!(["*.example.com"]))]),
            Kind::NamesGained,
        ),
        (
            certificate(&[(
                "/certificates/0/signature_algorithm",
                json!("ecdsa-with-SHA1"),
            )]),
            Kind::SignatureWeaker,
        ),
        (
            certificate(&[("/certificates/0/not_after", json!("2026-12-01T00:00:00Z"))]),
            Kind::ExpiresEarlier,
        ),
        (
            changed(&[("/certificates/1/spki_sha256", json!("44"))]),
            Kind::RootChanged,
        ),
        (
            changed(&[("/certificates/1/role", json!("unused"))]),
            Kind::ChainShorter,
        ),
        (
            changed(&[("/sslmode", json!("verify-ca"))]),
            Kind::ModeWeaker,
        ),
        (changed(&[("/sslmode", json!("news"))]), Kind::Unranked),
        (
            changed(&[("/authenticated", json!(false))]),
            Kind::VerificationLost,
        ),
        (
            changed(&[("/tls/protocol", json!("TLSv1.2"))]),
            Kind::TlsVersionLower,
        ),
        (
            changed(&[("/tls/group", json!("secp224r1"))]),
            Kind::GroupWeaker,
        ),
        (
            changed(&[
                ("/tls/post_quantum", json!(true)),
                ("/tls/group", json!("X25519MLKEM768")),
            ]),
            Kind::PostQuantumGained,
        ),
        (
            changed(&[("/tls/cipher", json!("ECDHE-ECDSA-AES128-SHA"))]),
            Kind::CipherWeaker,
        ),
        (
            changed(&[("/tls/client_certificate", json!("sent"))]),
            Kind::ClientCertificateGained,
        ),
        (
            changed(&[("/trust/crl", Value::Null)]),
            Kind::RevocationLost,
        ),
        (
            changed(&[("/trust/path", json!("other.crt"))]),
            Kind::TrustChanged,
        ),
        (
            changed(&[
                ("/hostaddr", json!("192.0.2.8")),
                ("/port", json!(5433)),
                ("/name", Value::Null),
            ]),
            Kind::EndpointAdded,
        ),
        (
            changed(&[("/findings/0/code", json!("no-san"))]),
            Kind::NewWarning,
        ),
    ] {
        let found = kinds(&changed(&[]), &new);
        assert_eq!(found.first(), Some(&kind), "{found:?}");
    }
    for (places, kind) in [
        (
            vec![("/certificates/0/names", json!(["other.example.com"]))],
            Kind::NamesLost,
        ),
        (vec![("/certificates/0/names", json!([]))], Kind::NamesLost),
    ] {
        // The host's own name is kept beside them by name_match.
        let mut places = places;
        places.push(("/name_match", Value::Null));
        assert_eq!(
            kinds(&changed(&[]), &certificate(&places)).first(),
            Some(&kind)
        );
    }
}

#[test]
fn a_suite_with_a_shorter_key_that_is_long_enough_is_not_weaker() {
    let new = changed(&[("/tls/cipher", json!("TLS_AES_128_GCM_SHA256"))]);
    assert_eq!(kinds(&changed(&[]), &new), []);
}

#[test]
fn what_an_older_version_did_not_write_is_not_compared() {
    let old = json!({
        "schema_version": 1, "verdict": "pass", "exit_code": 0,
        "endpoints": [{"host": "db.example.com", "port": 5432, "verdict": "pass", "exit_code": 0, "error": null}],
    });
    let old = Run::read(old.to_string().as_bytes()).unwrap();
    let found = kinds(&old, &changed(&[]));
    let told = found.iter().filter(|kind| **kind != Kind::EndpointAdded);
    assert_eq!(told.collect::<Vec<_>>(), [&Kind::NewWarning]);
}

#[test]
fn what_is_not_a_whole_report_is_refused() {
    let whole = serde_json::to_string(&sample::report()).unwrap();
    for end in (1..whole.len()).step_by(97) {
        let cut = whole.as_bytes().get(..end).unwrap();
        assert_eq!(Run::read(cut).unwrap_err(), ReadError::Json, "{end}");
    }
    let mut interrupted = serde_json::to_value(sample::report()).unwrap();
    interrupted["exit_code"] = json!(130);
    let interrupted = interrupted.to_string();
    for (text, error) in [
        ("", ReadError::Json),
        ("[]", ReadError::Foreign),
        ("{}", ReadError::Foreign),
        ("{\"schema_version\": 2}", ReadError::Newer),
        (
            "{\"schema_version\": 1, \"exit_code\": 0, \"endpoints\": {}}",
            ReadError::Foreign,
        ),
        (
            "{\"schema_version\": 1, \"exit_code\": 0, \"endpoints\": []}",
            ReadError::Empty,
        ),
        (&interrupted, ReadError::Interrupted),
        (
            &whole.replace("\"verdict\":\"fail\"", "\"verdict\":\"pass\""),
            ReadError::Contradiction,
        ),
    ] {
        assert_eq!(
            Run::read(text.as_bytes()).map(|_| ()).unwrap_err(),
            error,
            "{text:.80}"
        );
    }
}

#[test]
fn a_word_that_is_not_known_is_never_an_improvement() {
    let known = changed(&[]);
    let newer = changed(&[
        ("/sslmode", json!("news")),
        ("/tls/protocol", json!("TLSv9")),
    ]);
    for (old, new) in [(&known, &newer), (&newer, &known)] {
        let diff = Diff::of(old, new);
        assert_eq!(kinds(old, new), [Kind::Unranked, Kind::Unranked]);
        assert_eq!(diff.exit(), Exit::Unmet);
    }
    assert_eq!(kinds(&newer, &newer), []);
}

#[test]
fn roots_of_everyone_instead_of_a_file_are_a_loss() {
    let file = changed(&[]);
    for source in ["system", "bundled", "mozilla"] {
        let public = changed(&[
            ("/trust/source", json!(source)),
            ("/trust/path", Value::Null),
        ]);
        assert_eq!(kinds(&file, &public), [Kind::TrustWider], "{source}");
        assert_eq!(kinds(&public, &file), [Kind::TrustChanged], "{source}");
    }
    let home = changed(&[
        ("/trust/source", json!("home")),
        ("/trust/path", json!("/home/me/.postgresql/root.crt")),
    ]);
    assert_eq!(kinds(&file, &home), [Kind::TrustChanged]);
}

#[test]
fn other_crls_are_told() {
    let old = changed(&[]);
    let other = changed(&[("/trust/crl", json!("other.crl"))]);
    let none = changed(&[("/trust/crl", Value::Null)]);
    assert_eq!(kinds(&old, &other), [Kind::RevocationChanged]);
    assert_eq!(kinds(&none, &other), [Kind::RevocationChanged]);
}

/// The worst last: whoever fails for one reason must not fail for a later one of the list without a word.
#[test]
fn a_failure_that_is_not_known_to_be_milder_is_a_loss() {
    let failed = |exit: u8, code: &str| {
        let error = json!({
            "level": "error", "code": code, "stage": "policy", "message": "it fails",
        });
        changed(&[
            ("/verdict", json!("fail")),
            ("/exit_code", json!(exit)),
            ("/authenticated", json!(false)),
            ("/error", error),
        ])
    };
    let ladder = [
        (1, "expires-soon"),
        (8, "login-failed"),
        (1, "pin-mismatch"),
        (7, "host-name-mismatch"),
        (6, "unknown-issuer"),
        (5, "tls-failure"),
        (4, "no-tls"),
        (3, "refused"),
    ];
    for (place, (exit, code)) in ladder.iter().enumerate() {
        for (worse_exit, worse) in ladder.iter().skip(place + 1) {
            let (mild, grave) = (failed(*exit, code), failed(*worse_exit, worse));
            assert_eq!(kinds(&mild, &grave), [Kind::CheckFails], "{code} {worse}");
            assert_eq!(
                kinds(&grave, &mild),
                [Kind::FailsDifferently],
                "{worse} {code}"
            );
        }
        let same = failed(*exit, code);
        assert_eq!(kinds(&same, &same), [], "{code}");
    }
    for (old, new) in [
        ((1, "pin-mismatch"), (1, "unexpected-certificate")),
        ((6, "expired"), (6, "revoked")),
    ] {
        let (old, new) = (failed(old.0, old.1), failed(new.0, new.1));
        assert_eq!(kinds(&old, &new), [Kind::CheckFails]);
        assert_eq!(kinds(&new, &old), [Kind::CheckFails]);
    }
}
