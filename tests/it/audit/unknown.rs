//! What cannot be found out is unknown, and fails. What a faulty server reveals is found.

use std::sync::Arc;

use super::lab::{ByKey, ByName, Lab, OnLegacy, OnNoShare, OnStuffed, config, key};
use super::{audit, levels, protocol};
use crate::support::client::{Client, Run};
use crate::support::peer::Peer;
use crate::support::pki::{Ca, expired};

const GOOD: &str = "host=db.example hostaddr=127.0.0.1 user=postgres dbname=postgres \
                    password=hunter2 sslmode=verify-full sslrootcert=root.crt";

/// An audit of the lab's server, which must not learn the password.
fn look(root: &Ca, lab: Lab, arguments: &[&str]) -> Run {
    let client = Client::trusting(root);
    let peer = lab.start();
    let string = format!("{GOOD} port={}", peer.port);
    let run = audit(&client, &[arguments, &[&string]].concat());
    let secret = b"hunter2";
    for heard in peer.heard() {
        assert!(!heard.windows(secret.len()).any(|part| part == secret));
    }
    run
}

#[test]
fn a_good_server_passes_and_nothing_is_unknown() {
    let root = Ca::root("root");
    let run = look(&root, Lab::new(&root.leaf(&["db.example"])), &["--strict"]);
    assert_eq!((run.code, run.outcome().as_str()), (0, "pass"), "{run:?}");
    assert!(!run.stdout.contains("\"unknown\""), "{run:?}");
    let tls13 = &protocol(&run, "TLSv1.3")["accepted"];
    assert_eq!(tls13["post_quantum"], true, "{run:?}");
    assert_eq!(tls13["preference"], "client", "{run:?}");
    let tls = &run.endpoint()["audit"]["tls"];
    assert_eq!(tls["tls13_tickets"], 2, "{run:?}");
    let stuffed = &tls["plaintext_behind_ssl_request"];
    assert_eq!(stuffed["detail"], "it is dropped", "{run:?}");
}

#[test]
fn a_question_without_an_answer_is_not_a_refusal() {
    let root = Ca::root("root");
    let good = Lab::new(&root.leaf(&["db.example"]));
    for (on_legacy, reason) in [
        (OnLegacy::HangUp, "closed the connection"),
        (OnLegacy::SayNothing, "no answer within"),
        (OnLegacy::Babble, "not TLS"),
    ] {
        let lab = Lab {
            on_legacy,
            ..good.clone()
        };
        let run = look(&root, lab, &["--timeout", "10", "--jobs", "4"]);
        let outcome = (run.code, run.outcome());
        assert_eq!(outcome, (3, "audit-incomplete".to_owned()), "{run:?}");
        for version in ["TLSv1", "TLSv1.1"] {
            let said = protocol(&run, version);
            assert_eq!(said["outcome"], "unknown", "{said}");
            let detail = said["detail"].as_str().unwrap();
            assert!(detail.contains(reason), "{said}");
        }
        assert_eq!(protocol(&run, "TLSv1.3")["outcome"], "accepted");
    }
    for (in_clear, reason) in [
        (&b""[..], "closed the connection"),
        (b"HTTP/1.1 400", "not PostgreSQL's"),
        (b"E\0\0\0\x16SFATAL\0C57P03\0Mno\0\0", "busy"),
    ] {
        let lab = Lab {
            in_clear,
            ..good.clone()
        };
        let run = look(&root, lab, &[]);
        let outcome = (run.code, run.outcome());
        assert_eq!(outcome, (3, "audit-incomplete".to_owned()), "{run:?}");
        let said = &run.endpoint()["audit"]["plaintext"];
        assert_eq!(said["outcome"], "unknown", "{said}");
        assert!(said["detail"].as_str().unwrap().contains(reason), "{said}");
    }
}

#[test]
fn a_refusal_that_contradicts_the_check_is_not_believed() {
    let root = Ca::root("root");
    let lab = Lab {
        on_no_share: OnNoShare::Refuse,
        ..Lab::new(&root.leaf(&["db.example"]))
    };
    let run = look(&root, lab, &[]);
    let outcome = (run.code, run.outcome());
    assert_eq!(outcome, (3, "audit-incomplete".to_owned()), "{run:?}");
    let said = protocol(&run, "TLSv1.3");
    assert_eq!(said["outcome"], "unknown", "{said}");
    assert!(
        said["detail"].as_str().unwrap().contains("contradict"),
        "{said}"
    );
}

#[test]
fn the_end_of_the_time_is_not_a_refusal() {
    let root = Ca::root("root");
    let lab = Lab::new(&root.leaf(&["db.example"]));
    let run = look(&root, lab, &["--deadline", "0s"]);
    let outcome = (run.code, run.outcome());
    assert_eq!(outcome, (3, "audit-incomplete".to_owned()), "{run:?}");
    for version in ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] {
        assert_eq!(protocol(&run, version)["outcome"], "unknown");
    }
    assert!(!run.stdout.contains("\"refused\""), "{run:?}");
}

#[test]
fn a_server_that_processes_injected_plaintext_is_caught() {
    let root = Ca::root("root");
    let lab = Lab {
        on_stuffed: OnStuffed::Process,
        ..Lab::new(&root.leaf(&["db.example"]))
    };
    let run = look(&root, lab, &[]);
    let outcome = (run.code, run.outcome());
    assert_eq!(outcome, (1, "plaintext-processed".to_owned()), "{run:?}");
}

#[test]
fn an_alert_refuses_injected_plaintext_and_an_answer_in_clear_does_not() {
    let root = Ca::root("root");
    for (on_stuffed, expected) in [
        (OnStuffed::Alert, (0, "pass")),
        (OnStuffed::AnswerInClear, (3, "audit-incomplete")),
    ] {
        let lab = Lab {
            on_stuffed,
            ..Lab::new(&root.leaf(&["db.example"]))
        };
        let run = look(&root, lab, &[]);
        let outcome = (run.code, run.outcome());
        assert_eq!(outcome, (expected.0, expected.1.to_owned()), "{run:?}");
    }
}

#[test]
fn clients_without_sni_may_get_another_certificate() {
    let root = Ca::root("root");
    let named = root.leaf(&["db.example"]);
    for (other, expected) in [
        (root.leaf(&["db.example"]), &[][..]),
        (root.leaf(&["other.example"]), &["warning"]),
    ] {
        let lab = Lab {
            config: config(Arc::new(ByName(key(&named), key(&other)))),
            ..Lab::new(&named)
        };
        let run = look(&root, lab, &[]);
        assert_eq!((run.code, run.outcome().as_str()), (0, "pass"), "{run:?}");
        assert_eq!(levels(&run, "sni-dependent"), expected, "{run:?}");
    }
}

#[test]
fn both_certificates_of_a_server_with_two_must_verify() {
    let root = Ca::root("root");
    let names = &["db.example"];
    let ecdsa = root.leaf(names);
    let rsa = root.leaf_of(&rcgen::PKCS_RSA_SHA256, names);
    let wrong = root.leaf_of(&rcgen::PKCS_RSA_SHA256, &["other.example"]);
    let old = root.leaf_with(names, expired);
    for (keys, code, outcome) in [
        ([&ecdsa, &rsa], 0, "pass"),
        ([&ecdsa, &wrong], 7, "host-name-mismatch"),
        // The check itself gets the first that fits.
        ([&old, &rsa], 6, "expired"),
    ] {
        let lab = Lab {
            config: config(Arc::new(ByKey(keys.map(key).into()))),
            ..Lab::new(&ecdsa)
        };
        let run = look(&root, lab, &[]);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{run:?}"
        );
        let endpoint = run.endpoint();
        let shown = endpoint["audit"]["tls"]["certificates"].as_array().unwrap();
        let key = |asked| shown.iter().find(|one| one["asked"] == asked).unwrap()["key"].clone();
        assert_eq!(key("rsa"), "RSA 2048", "{run:?}");
        assert_eq!(key("ecdsa"), "ECDSA P-256", "{run:?}");
        assert_eq!(key("ed25519"), serde_json::Value::Null, "{run:?}");
    }
}

#[test]
fn an_unreachable_server_is_not_audited() {
    let client = Client::new();
    let run = audit(&client, &["host=127.0.0.1 port=1 sslmode=require"]);
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (3, "refused"),
        "{run:?}"
    );
    assert_eq!(run.endpoint()["audit"], serde_json::Value::Null);
    for string in [
        "host=/tmp sslmode=require",
        "sslmod=x",
        "host=a sslmode=disable",
    ] {
        let run = audit(&client, &[string]);
        assert_ne!(run.code, 0, "{string}: {run:?}");
        assert_eq!(run.endpoint()["audit"], serde_json::Value::Null);
    }
}

#[test]
fn plaintext_is_tested_without_tls() {
    let peer = Peer::start(|conversation| {
        let mut request = [0; 8];
        std::io::Read::read_exact(conversation, &mut request)?;
        match request {
            [0, 0, 0, 8, ..] => conversation.say(b"N"),
            [0, ..] => conversation.say(b"R\0\0\0\x08\0\0\0\x03"),
            _ => Ok(()),
        }
    });
    let string = format!("host=127.0.0.1 port={} sslmode=require", peer.port);
    let run = audit(&Client::new(), &[&string]);
    assert_eq!((run.code, run.outcome().as_str()), (4, "no-tls"), "{run:?}");
    // It is one fault, not two: hostssl would lock everyone out of a server without TLS.
    assert_eq!(levels(&run, "plaintext-accepted"), [""; 0], "{run:?}");
    let hint = run.hint();
    assert!(hint.contains("starts sessions in plain text"), "{run:?}");
    assert_eq!(run.endpoint()["audit"]["tls"], serde_json::Value::Null);
}
