//! `pgtls serve`.

mod door;
mod hostile;
mod prometheus;
mod running;

use nix::sys::signal::Signal;
use running::{Answer, Service};

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
fn a_result_that_is_too_old_is_no_pass() {
    let lab = Lab::new();
    let (listener, port) = scripted::silent();
    let gate = lab.endpoint.address;
    // The first connection is led to the good endpoint, and no other one.
    let relay = std::thread::spawn(move || {
        let (client, _) = listener.accept().unwrap();
        let server = std::net::TcpStream::connect(gate).unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let up = std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
        });
        let _ = std::io::copy(&mut &server, &mut &client);
        let _ = client.shutdown(std::net::Shutdown::Both);
        up.join().unwrap();
        listener
    });
    let text = format!(
        "[[endpoint]]\nname = \"old\"\ninterval = \"1s\"\nconninfo = {:?}\n",
        at(port)
    );
    lab.client.write("pgtls.toml", text);
    let mut service = Service::start(&lab.client, &["--config", "pgtls.toml", "--timeout", "24h"]);
    service.wait_for("the first round is done: 1 passed");
    // From now on every check waits, and no result comes.
    let change = service.wait_for("pgtls: old: FAIL");
    assert!(change.contains("exit 3, stale-result:"), "{change}");
    let metrics = service.get("/metrics");
    assert_eq!(
        metrics.metric("ssl_probe_success{target=\"old\"}"),
        Some(0.0)
    );
    assert_eq!(
        metrics.metric("pgtls_result_stale{target=\"old\"}"),
        Some(1.0)
    );
    assert_eq!(metrics.metric("pgtls_exit_code{target=\"old\"}"), Some(3.0));
    let code = "pgtls_error_info{target=\"old\",code=\"stale-result\"}";
    assert_eq!(metrics.metric(code), Some(1.0));
    assert!(metrics.metric("pgtls_result_age_seconds{target=\"old\"}") > Some(2.0));
    assert!(!metrics.body.contains("ssl_cert_not_after{target=\"old\""));
    let page = service.get("/").body;
    assert!(page.contains("stale-result"), "{page}");
    drop(service);
    drop(relay.join());
}

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
