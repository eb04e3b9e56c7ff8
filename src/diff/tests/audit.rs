//! What else a server accepts, and whether it is still known.

use super::*;
use crate::wire::tls::Weakness;

/// An audit whose TLS 1.2 is as given.
fn audited(protocol: &Value, behind: &str) -> Run {
    let audited = sample::audited("db", Exit::Passed);
    let mut report = serde_json::to_value(sample::with(&[audited])).unwrap();
    let tls = report.pointer_mut("/endpoints/0/audit/tls").unwrap();
    tls["plaintext_behind_ssl_request"]["outcome"] = json!(behind);
    let place = tls.pointer_mut("/protocols/1").unwrap();
    for (name, value) in protocol.as_object().unwrap() {
        place[name] = value.clone();
    }
    Run::read(report.to_string().as_bytes()).unwrap()
}

fn accepting(suites: &[(&str, &[Weakness])], complete: bool) -> Value {
    let suites = suites.iter().map(|(cipher, weaknesses)| {
        let weaknesses: Vec<String> = weaknesses.iter().map(ToString::to_string).collect();
        json!({"cipher": cipher, "weaknesses": weaknesses})
    });
    let suites: Vec<Value> = suites.collect();
    json!({
        "outcome": "accepted",
        "accepted": {
            "suites": suites, "suites_complete": complete, "post_quantum": false,
            "compression": false, "secure_renegotiation": true,
        },
    })
}

/// A server that took TLS 1.3 alone loses protection with a version that brings weak suites, and a list that breaks off
/// says nothing about what it leaves out.
#[test]
fn what_is_newly_accepted_or_no_longer_known_is_a_loss() {
    let strong: (&str, &[Weakness]) = ("ECDHE-RSA-AES256-GCM-SHA384", &[]);
    let weak: (&str, &[Weakness]) = ("ECDHE-RSA-AES256-SHA", &[Weakness::Cbc]);
    let refused = json!({"outcome": "refused", "accepted": null});
    let unknown = json!({"outcome": "unknown", "accepted": null});
    let unsaid = json!({"outcome": "accepted", "accepted": null});
    let (good, bad) = (accepting(&[strong], true), accepting(&[strong, weak], true));
    let cut = accepting(&[strong], false);
    let mut compressing = good.clone();
    compressing["accepted"]["compression"] = json!(true);
    for (old, new, expected) in [
        (&refused, &good, &[][..]),
        (&refused, &bad, &[Kind::WeakCipherAccepted]),
        (&unknown, &bad, &[Kind::WeakCipherAccepted]),
        (&refused, &compressing, &[Kind::SessionFeatureWeaker]),
        (&refused, &unknown, &[Kind::AnswerUnknown]),
        (&good, &bad, &[Kind::WeakCipherAccepted]),
        (&good, &cut, &[Kind::AnswerUnknown]),
        (&refused, &cut, &[Kind::AnswerUnknown]),
        (&cut, &cut, &[]),
        (&bad, &bad, &[]),
        // An older version did not write the lists.
        (&unsaid, &bad, &[]),
    ] {
        let (old, new) = (audited(old, "refused"), audited(new, "refused"));
        assert_eq!(kinds(&old, &new), expected);
    }
    let [was, is] = ["refused", "unknown"].map(|behind| audited(&good, behind));
    assert_eq!(kinds(&was, &is), [Kind::AnswerUnknown]);
    assert_eq!(kinds(&is, &was), []);
}

/// `--refuse-plaintext` leaves no audit in the report: without one, perhaps nobody asked before.
#[test]
fn what_is_asked_for_the_first_time_is_no_loss() {
    let now = changed(&[
        ("/verdict", json!("fail")),
        ("/exit_code", json!(1)),
        (
            "/error",
            json!({"level": "error", "code": "plaintext-accepted"}),
        ),
    ]);
    assert_eq!(kinds(&changed(&[]), &now), [Kind::CheckFails]);
    let refused = json!({"plaintext": {"outcome": "refused"}});
    let audited = changed(&[("/audit", refused)]);
    assert!(kinds(&audited, &now).contains(&Kind::PlaintextAccepted));
}
