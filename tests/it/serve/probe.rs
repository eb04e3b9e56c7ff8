//! `/probe`.

use super::running::{Answer, Service};
use super::{configure, started};
use crate::support::fleet_lab::{Lab, at};
use crate::support::scripted;

#[test]
fn a_probe_checks_now_and_only_what_the_configuration_names() {
    let lab = Lab::new();
    let service = started(&lab);
    let probe = service.get("/probe?target=good");
    assert_eq!(probe.status, 200);
    assert_eq!(
        probe.metric("ssl_probe_success{target=\"good\"}"),
        Some(1.0)
    );
    assert!(probe.metric("pgtls_probe_duration_seconds").is_some());
    assert!(!probe.body.contains("target=\"bad\""));
    assert_eq!(
        service
            .get("/probe?target=bad")
            .metric("pgtls_exit_code{target=\"bad\"}"),
        Some(7.0)
    );
    let string = "host=localhost%20sslmode=require";
    for (target, status) in [
        ("/probe", 400),
        ("/probe?target=", 400),
        ("/probe?target=%zz", 400),
        ("/probe?target=Good", 404),
        (&format!("/probe?target={string}"), 404),
        ("/probe?target=good%0d%0aX:%20y", 404),
        ("/nothing", 404),
    ] {
        assert_eq!(service.get(target).status, status, "{target}");
    }
    assert_eq!(service.ask("POST", "/metrics", "").status, 405);
    assert!(
        service
            .ask("DELETE", "/", "")
            .head
            .contains("allow: get, head")
    );
    let head = service.ask("HEAD", "/metrics", "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    // No request wrote a line.
    assert!(!service.said.iter().any(|line| line.contains("X: y")));
}

#[test]
fn a_request_may_name_a_stranger_only_if_that_is_allowed_and_never_this_machine() {
    let lab = Lab::new();
    configure(&lab, &[("good", &lab.good())]);
    let options = ["--config", "pgtls.toml", "--allow-targets"];
    let mut service = Service::start(&lab.client, &options);
    service.wait_for("the first round is done");
    let port = lab.endpoint.address.port();
    for (string, word) in [
        (format!("host=127.0.0.1%20port={port}"), "this machine"),
        (format!("host=localhost%20port={port}"), "this machine"),
        (
            format!("host=192.0.2.1%20hostaddr=127.0.0.1%20port={port}"),
            "this machine",
        ),
        (
            "host=192.0.2.1%20sslrootcert=root.crt".to_owned(),
            "no file",
        ),
        ("host=192.0.2.1%20password=hunter2".to_owned(), "password"),
        ("service=prod".to_owned(), "service"),
    ] {
        let answer = service.get(&format!("/probe?target={string}"));
        assert_eq!(answer.status, 400, "{string}: {}", answer.body);
        assert!(answer.body.contains(word), "{string}: {}", answer.body);
        assert!(!answer.body.contains("hunter2"), "{}", answer.body);
    }
}

#[test]
fn requests_for_one_name_share_one_check() {
    let lab = Lab::new();
    let (listener, port) = scripted::silent();
    configure(&lab, &[("slow", &at(port))]);
    let service = Service::start(&lab.client, &["--config", "pgtls.toml", "--timeout", "24h"]);
    // The check of the schedule.
    let scheduled = listener.accept().unwrap();
    let asking: Vec<_> = (0..8)
        .map(|_| service.begin("GET", "/probe?target=slow", ""))
        .collect();
    let first = listener.accept().unwrap();
    // All eight were sent before this one, and one check is running.
    service.until("there is one probe", |metrics| {
        metrics.metric("pgtls_probes_in_flight") == Some(1.0)
    });
    // Every connection is closed from now on, so that the check ends.
    drop(first);
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let answers: Vec<Answer> = asking.into_iter().map(Answer::of).collect();
    for answer in &answers {
        assert_eq!(answer.metric("pgtls_exit_code{target=\"slow\"}"), Some(3.0));
        // The duration with it.
        assert_eq!(answer.body, answers[0].body);
    }
    drop(scheduled);
}

#[test]
fn each_request_waits_as_long_as_it_says_and_the_check_as_long_as_one_waits() {
    let lab = Lab::new();
    let (listener, port) = scripted::silent();
    configure(&lab, &[("slow", &at(port))]);
    let service = Service::start(&lab.client, &["--config", "pgtls.toml", "--timeout", "24h"]);
    let scheduled = listener.accept().unwrap();
    let short = "X-Prometheus-Scrape-Timeout-Seconds: 1\r\n";
    let hasty = service.begin("GET", "/probe?target=slow", short);
    let first = listener.accept().unwrap();
    let patient = service.begin("GET", "/probe?target=slow", "");
    let hasty = Answer::of(hasty);
    let code = "pgtls_error_info{target=\"slow\",code=\"not-finished\"}";
    assert_eq!(hasty.metric(code), Some(1.0), "{}", hasty.body);
    assert_eq!(
        hasty.metric("ssl_probe_success{target=\"slow\"}"),
        Some(0.0)
    );
    // Every connection is closed from now on, so that the check ends.
    drop(first);
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let patient = Answer::of(patient);
    let code = "pgtls_exit_code{target=\"slow\"}";
    assert_eq!(patient.metric(code), Some(3.0), "{}", patient.body);
    drop(scheduled);
}
