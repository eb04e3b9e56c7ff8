//! A report that is compared with a baseline.

use super::*;

#[test]
fn lost_protection_fails_an_endpoint_that_would_pass() {
    let report = sample::with(&[sample::passing()]);
    let run = |places: &[(&str, Value)]| {
        let mut run = changed(places);
        run.endpoints.truncate(1);
        run
    };
    let now = run(&[]);
    let same = apply(report.clone(), &Diff::of(&now, &now), "base.json");
    assert_eq!(same.exit_code, Exit::Passed);
    let places = [
        ("/tls/group", json!("X25519MLKEM768")),
        ("/tls/post_quantum", json!(true)),
    ];
    let stronger = run(&places);
    let lost = apply(report.clone(), &Diff::of(&stronger, &now), "base.json");
    let endpoint = lost.endpoints.first().unwrap();
    assert_eq!(
        (lost.exit_code, endpoint.exit_code),
        (Exit::Unmet, Exit::Unmet)
    );
    let error = endpoint.error.as_ref().unwrap();
    assert_eq!(error.code, crate::diagnose::Code::ProtectionLost);
    assert_eq!(
        &*error.message,
        "compared with base.json: the key exchange was post-quantum (X25519MLKEM768) and is now secp256r1"
    );
    let other = run(&[("/trust/path", json!("other.crt"))]);
    let told = apply(report, &Diff::of(&other, &now), "base.json");
    assert_eq!(told.exit_code, Exit::Passed);
    let codes: Vec<String> = told.endpoints[0]
        .findings
        .iter()
        .map(|one| one.code.to_string())
        .collect();
    assert_eq!(codes, ["libpq-root-missing", "changed-since-baseline"]);
}

#[test]
fn a_baseline_of_other_endpoints_does_not_pass() {
    let report = sample::with(&[sample::passing()]);
    let now = Run::of(&report).unwrap();
    let other = changed(&[
        ("/host", json!("other.example.com")),
        ("/hostaddr", json!("192.0.2.8")),
    ]);
    let other = Run {
        endpoints: other.endpoints.into_iter().take(1).collect(),
    };
    let foreign = apply(report, &Diff::of(&other, &now), "base.json");
    assert_eq!(
        (foreign.exit_code, foreign.verdict),
        (Exit::Unmet, Verdict::Fail)
    );
    let error = foreign.endpoints[0].error.as_ref().unwrap();
    assert!(error.message.contains("nothing was compared"), "{error:?}");
}

/// `--hosts any`: `pgtls diff` and `--baseline` have one rule.
#[test]
fn a_host_that_went_down_is_no_loss_where_another_one_is_enough() {
    let report = sample::of_one_host();
    let now = Run::of(&report).unwrap();
    let before = while_it_was_up(&report);
    let diff = Diff::of(&before, &now);
    assert_eq!(kinds(&before, &now), [Kind::HostFails]);
    assert_eq!(diff.exit(), Exit::Passed);
    assert_eq!(apply(report, &diff, "base.json").exit_code, Exit::Passed);
}

/// Two strings: one host of the first one went down and is not needed, the second one has failed all the time.
#[test]
fn such_a_host_is_no_loss_in_a_run_that_fails_for_another_string_either() {
    let report = sample::with(&[sample::spare(), sample::passing(), sample::plaintext()]);
    let now = Run::of(&report).unwrap();
    let before = while_it_was_up(&report);
    assert_eq!(kinds(&before, &now), [Kind::HostFails]);
    assert_eq!(Diff::of(&before, &now).exit(), Exit::Passed);
}

/// The same report, but its first endpoint passed.
fn while_it_was_up(report: &Report) -> Run {
    let mut before = serde_json::to_value(report).unwrap();
    let host = &mut before["endpoints"][0];
    host["verdict"] = json!("pass");
    host["exit_code"] = json!(0);
    host["error"] = Value::Null;
    Run::read(before.to_string().as_bytes()).unwrap()
}

#[test]
fn a_run_must_agree_with_its_endpoints() {
    let passing = sample::with(&[sample::passing()]);
    for (exit, verdict, error) in [(0, "pass", 3), (1, "fail", 0)] {
        let mut report = serde_json::to_value(&passing).unwrap();
        report["exit_code"] = json!(exit);
        report["verdict"] = json!(verdict);
        let host = &mut report["endpoints"][0];
        if error != 0 {
            host["verdict"] = json!("fail");
            host["exit_code"] = json!(error);
            host["error"] = json!({"level": "error", "code": "refused"});
        }
        let read = Run::read(report.to_string().as_bytes());
        let expected = match exit {
            0 => ReadError::NothingPassed,
            _ => ReadError::Unfinished,
        };
        assert_eq!(read.map(|_| ()).unwrap_err(), expected);
    }
}

/// `--hosts any`: one host that fails does not fail the run.
#[test]
fn a_run_that_passed_with_one_host_passes_the_same_baseline() {
    let report = sample::of_one_host();
    let now = Run::of(&report).unwrap();
    let same = apply(report.clone(), &Diff::of(&now, &now), "base.json");
    assert_eq!(
        (same.exit_code, same.verdict),
        (Exit::Passed, Verdict::Pass)
    );
    let stronger = changed(&[
        ("/tls/group", json!("X25519MLKEM768")),
        ("/tls/post_quantum", json!(true)),
    ]);
    let lost = apply(report, &Diff::of(&stronger, &now), "base.json");
    assert_eq!((lost.exit_code, lost.verdict), (Exit::Unmet, Verdict::Fail));
}

/// In the order in which a reader looks for what is wrong.
#[test]
fn a_second_loss_stands_before_the_warnings() {
    let report = sample::with(&[sample::passing()]);
    let now = Run::of(&report).unwrap();
    let stronger = changed(&[
        ("/tls/protocol", json!("TLSv1.3")),
        ("/tls/group", json!("X25519MLKEM768")),
        ("/tls/post_quantum", json!(true)),
        (
            "/certificates/0/names",
            json!(["db.example.com", "x.example.com"]),
        ),
        (NEW_CERTIFICATE.0, json!(NEW_CERTIFICATE.1)),
    ]);
    let diff = Diff::of(&stronger, &now);
    let lost = apply(report, &diff, "base.json");
    let levels = lost.endpoints[0].findings.iter();
    let levels: Vec<String> = levels.map(|one| one.level.to_string()).collect();
    assert!(levels.contains(&"error".to_owned()), "{levels:?}");
    assert_eq!(levels.first().unwrap(), "error", "{levels:?}");
}
