//! `pgtls serve`.

mod door;
mod hostile;
mod probe;
mod prometheus;
mod results;
mod running;

use nix::sys::signal::Signal;
use running::Service;

use crate::support::fleet_lab::{Lab, at};
use crate::support::scripted;

/// A configuration with these endpoints, each checked once an hour.
fn configure(lab: &Lab, endpoints: &[(&str, &str)]) {
    let mut text = "[policy]\ninterval = \"1h\"\n".to_owned();
    for (name, conninfo) in endpoints {
        text.push_str(&format!(
            "[[endpoint]]\nname = {name:?}\nconninfo = {conninfo:?}\n"
        ));
    }
    lab.client.write("pgtls.toml", text);
}

/// The service with a good and a bad endpoint, after its first round.
fn started(lab: &Lab) -> Service {
    configure(lab, &[("good", &lab.good()), ("bad", &lab.wrong_host())]);
    let mut service = Service::start(&lab.client, &["--config", "pgtls.toml"]);
    service.wait_for("the first round is done: 1 passed, 1 failed");
    service
}

#[test]
fn the_last_results_are_the_metrics_of_a_check_and_the_page_and_readiness() {
    let lab = Lab::new();
    let service = started(&lab);
    let metrics = service.get("/metrics");
    assert_eq!(metrics.status, 200);
    assert!(
        metrics.head.contains("text/plain; version=0.0.4"),
        "{}",
        metrics.head
    );
    assert_eq!(
        metrics.metric("ssl_probe_success{target=\"good\"}"),
        Some(1.0)
    );
    assert_eq!(
        metrics.metric("ssl_probe_success{target=\"bad\"}"),
        Some(0.0)
    );
    assert_eq!(metrics.metric("pgtls_exit_code{target=\"bad\"}"), Some(7.0));
    assert_eq!(
        metrics.metric("pgtls_result_stale{target=\"bad\"}"),
        Some(0.0)
    );
    let error = "pgtls_error_info{target=\"bad\",code=\"host-name-mismatch\"}";
    assert_eq!(metrics.metric(error), Some(1.0));
    assert_eq!(metrics.metric("pgtls_ready"), Some(1.0));
    assert_eq!(metrics.metric("pgtls_targets"), Some(2.0));
    // Every metric of a check is there, with the same series.
    let checked = lab.check(&["--config", "pgtls.toml", "--format", "prometheus"]);
    assert_eq!(checked.code, 7);
    let series = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let names = lines.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned()));
        names.collect()
    };
    let served = series(&metrics.body);
    for one in series(&checked.stdout) {
        assert!(served.contains(&one), "{one}");
    }
    assert_eq!(service.get("/-/ready").status, 200);
    assert_eq!(service.get("/-/healthy").status, 200);
    let page = service.get("/");
    assert!(page.head.contains("text/html"), "{}", page.head);
    assert!(page.body.contains("1 of 2") || page.body.contains("host-name-mismatch"));
    let line = "pgtls: bad: FAIL, exit 7, host-name-mismatch:";
    assert!(
        service.said.iter().any(|said| said.starts_with(line)),
        "{:?}",
        service.said
    );
    assert!(
        !service
            .said
            .iter()
            .any(|said| said.starts_with("pgtls: good"))
    );
}

#[test]
fn it_is_not_ready_before_the_first_round_and_a_silent_server_delays_no_other() {
    let lab = Lab::new();
    let (_listener, port) = scripted::silent();
    configure(&lab, &[("silent", &at(port)), ("good", &lab.good())]);
    let service = Service::start(&lab.client, &["--config", "pgtls.toml", "--timeout", "24h"]);
    let metrics = service.until("good passes", |metrics| {
        metrics.metric("ssl_probe_success{target=\"good\"}") == Some(1.0)
    });
    assert_eq!(metrics.metric("ssl_probe_success{target=\"silent\"}"), None);
    assert_eq!(metrics.metric("pgtls_ready"), Some(0.0));
    assert_eq!(service.get("/-/ready").status, 503);
    // The page does not say that everything passed.
    assert!(service.get("/").body.contains("stale-result"));
}

#[test]
fn the_configuration_is_read_again_and_a_wrong_one_changes_nothing() {
    let lab = Lab::new();
    let mut service = started(&lab);
    let success = "pgtls_config_reload_success";
    lab.client
        .write("pgtls.toml", "[[endpoint]]\nname = \"good\"\n");
    service.signal(Signal::SIGHUP);
    let line = service.wait_for("the configuration before stays in use");
    assert!(line.contains("conninfo"), "{line}");
    assert_eq!(service.metric(success), Some(0.0));
    assert_eq!(
        service.metric("ssl_probe_success{target=\"good\"}"),
        Some(1.0)
    );

    // The name stays, the server is another one; the other name goes.
    configure(&lab, &[("good", &lab.wrong_host()), ("new", &lab.good())]);
    service.signal(Signal::SIGHUP);
    service.wait_for(
        "read the configuration again. Targets: 2; new or changed: 2; gone or changed: 2",
    );
    let metrics = service.until("both were checked", |metrics| {
        metrics.metric("ssl_probe_success{target=\"new\"}") == Some(1.0)
            && metrics.metric("pgtls_exit_code{target=\"good\"}") == Some(7.0)
    });
    assert_eq!(metrics.metric(success), Some(1.0));
    assert!(!metrics.body.contains("target=\"bad\""));
    assert_eq!(service.get("/probe?target=bad").status, 404);

    // What has not changed keeps its result.
    configure(&lab, &[("new", &lab.good())]);
    service.signal(Signal::SIGHUP);
    service.wait_for(
        "read the configuration again. Targets: 1; new or changed: 0; gone or changed: 1",
    );
    let metrics = service.get("/metrics");
    assert_eq!(
        metrics.metric("ssl_probe_success{target=\"new\"}"),
        Some(1.0)
    );
    assert_eq!(
        metrics.metric("pgtls_checks_total{target=\"new\",result=\"passed\"}"),
        Some(1.0)
    );
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn a_service_that_was_ready_stays_ready_when_a_target_comes() {
    let lab = Lab::new();
    let mut service = started(&lab);
    let (_listener, port) = scripted::silent();
    configure(&lab, &[("good", &lab.good()), ("silent", &at(port))]);
    service.signal(Signal::SIGHUP);
    service.wait_for("read the configuration again. Targets: 2; new or changed: 1");
    assert_eq!(service.get("/-/ready").status, 200);
    assert_eq!(service.metric("pgtls_ready"), Some(1.0));
}

#[test]
fn roots_are_read_again_for_every_check() {
    let lab = Lab::new();
    let service = started(&lab);
    lab.client.write("root.crt", "");
    let probe = service.get("/probe?target=good");
    assert_eq!(probe.metric("pgtls_exit_code{target=\"good\"}"), Some(2.0));
    lab.client.write("root.crt", &lab.authority.root_pem);
    let probe = service.get("/probe?target=good");
    assert_eq!(
        probe.metric("ssl_probe_success{target=\"good\"}"),
        Some(1.0)
    );
}

#[test]
fn no_password_shows_anywhere() {
    let lab = Lab::new();
    let secret = "Tr0ub4dor-and-3";
    let with = |string: String| format!("{string} password={secret}");
    configure(
        &lab,
        &[
            ("good", &with(lab.good())),
            ("bad", &with(lab.wrong_host())),
            ("unreadable", &format!("host=a pasword={secret}")),
            ("${NAME}", "${DATABASE_URL}"),
        ],
    );
    let url = format!("postgresql://u:{secret}@localhost:1/d");
    let client = lab.client;
    let client = client.with("DATABASE_URL", &url);
    let mut service = Service::start(&client, &["--config", "pgtls.toml"]);
    service.wait_for("the first round is done: 1 passed, 3 failed");
    for target in [
        "/metrics",
        "/",
        "/probe?target=good",
        "/probe?target=unreadable",
    ] {
        let answer = service.get(target);
        assert!(!answer.body.contains(secret), "{target}: {}", answer.body);
        assert!(!answer.body.contains("Tr0ub"), "{target}: {}", answer.body);
    }
    let said = service.said.join("\n");
    assert!(!said.contains("Tr0ub"), "{said}");
}
