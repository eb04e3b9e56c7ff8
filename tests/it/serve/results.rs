//! What counts as the result of a target, and for how long.

use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::channel;

use pgtls::lab::Endpoint;
use time::{Duration, OffsetDateTime};

use super::configure;
use super::running::Service;
use crate::support::fleet_lab::{Lab, at};
use crate::support::scripted;

/// Leads a connection to a server, until one of them hangs up.
fn lead(client: &TcpStream, server: SocketAddr) {
    let server = TcpStream::connect(server).unwrap();
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let up = std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut &server, &mut &*client);
    let _ = client.shutdown(Shutdown::Both);
    up.join().unwrap();
}

#[test]
fn each_host_of_a_string_has_its_own_result_whichever_answers_first() {
    let lab = Lab::new();
    let ((slow, slow_port), (quick, quick_port)) = (scripted::silent(), scripted::silent());
    let gate = lab.endpoint.address;
    let (tell, second_is_done) = channel();
    std::thread::spawn(move || {
        lead(&quick.accept().unwrap().0, gate);
        tell.send(()).unwrap();
    });
    std::thread::spawn(move || {
        let client = slow.accept().unwrap().0;
        second_is_done.recv().unwrap();
        lead(&client, gate);
        // The server selects an application protocol, so it is asked once more without one.
        lead(&slow.accept().unwrap().0, gate);
    });
    let string = format!(
        "host=localhost,other.example hostaddr=127.0.0.1,127.0.0.1 port={slow_port},{quick_port} user=u \
         sslmode=verify-full sslrootcert=root.crt"
    );
    configure(&lab, &[("two", &string)]);
    let mut service = Service::start(&lab.client, &["--config", "pgtls.toml", "--timeout", "24h"]);
    service.wait_for("the first round is done: 0 passed, 1 failed");
    let metrics = service.get("/metrics");
    let exit = |target| metrics.metric(&format!("pgtls_exit_code{{target=\"{target}\"}}"));
    assert_eq!((exit("two"), exit("two #2")), (Some(0.0), Some(7.0)));
}

/// The interval is an hour: without the end of the certificate there would be no second check.
#[test]
fn a_pass_does_not_outlive_the_certificate() {
    let lab = Lab::new();
    // It is valid for ninety days, of which some seconds are left.
    let issued = OffsetDateTime::now_utc() - Duration::days(90) + Duration::seconds(8);
    let issued = lab.authority.issue(&["localhost"], issued).unwrap();
    let endpoint = Endpoint::start(issued).unwrap();
    configure(&lab, &[("ending", &at(endpoint.address.port()))]);
    let service = Service::start(&lab.client, &["--config", "pgtls.toml"]);
    let metrics = service.until("the certificate has expired", |metrics| {
        metrics.metric("pgtls_exit_code{target=\"ending\"}") == Some(6.0)
    });
    let code = "pgtls_error_info{target=\"ending\",code=\"expired\"}";
    assert_eq!(metrics.metric(code), Some(1.0), "{}", metrics.body);
}

#[test]
fn a_result_that_is_too_old_is_no_pass() {
    let lab = Lab::new();
    let (listener, port) = scripted::silent();
    let gate = lab.endpoint.address;
    // The two connections of the first check are led to the good endpoint, and no other one.
    let relay = std::thread::spawn(move || {
        for _ in 0..2 {
            lead(&listener.accept().unwrap().0, gate);
        }
        listener
    });
    let text = format!(
        "[[endpoint]]\nname = \"old\"\ninterval = \"1s\"\nconninfo = {:?}\n",
        at(port)
    );
    lab.client.write("pgtls.toml", text);
    let mut service = Service::start(&lab.client, &["--config", "pgtls.toml", "--timeout", "24h"]);
    // After the first check every one waits, and no result comes. On a slow machine the pass may be too old when it comes.
    let passed = "pgtls_checks_total{target=\"old\",result=\"passed\"}";
    let metrics = service.until("the pass is too old", |metrics| {
        metrics.metric(passed) == Some(1.0)
            && metrics.metric("pgtls_result_stale{target=\"old\"}") == Some(1.0)
    });
    let change = service.wait_for("pgtls: old: FAIL");
    assert!(change.contains("exit 3, stale-result:"), "{change}");
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
