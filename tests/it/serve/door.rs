//! Who may ask: loopback, or a web configuration of Prometheus.

use std::net::TcpStream;
use std::process::Command;

use nix::sys::signal::Signal;

use super::configure;
use super::running::{PATIENCE, Service};
use crate::support::fleet_lab::Lab;
use crate::support::skip::{has_openssl, skip};

#[test]
fn an_address_that_others_can_reach_needs_tls_or_users() {
    let lab = Lab::new();
    configure(&lab, &[("good", &lab.good())]);
    let serve = |options: &[&str]| {
        let all = [
            &["serve", "--config", "pgtls.toml", "--listen", "0.0.0.0:0"],
            options,
        ]
        .concat();
        lab.client.pgtls(&all)
    };
    let run = serve(&[]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr
            .contains("set --web-config FILE with TLS or users, or listen on 127.0.0.1")
    );
    lab.client
        .write("web.yml", "http_server_config:\n  http2: true\n");
    let run = serve(&["--web-config", "web.yml"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("neither TLS nor users"),
        "{}",
        run.stderr
    );
    lab.client
        .write("web.yml", "basic_auth_users:\n  ann: secret\n");
    let run = serve(&["--web-config", "web.yml"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("line 2: a password must be hashed"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("secret"), "{}", run.stderr);
}

#[test]
fn a_configuration_that_cannot_be_used_is_a_usage_error() {
    let lab = Lab::new();
    for (text, word) in [
        ("", "[[endpoint]]"),
        (
            "[[endpoint]]\nconninfo = \"host=a\"\ninterval = \"10ms\"\n",
            "at least 1s",
        ),
        ("[[endpoint]]\nconninfo = \"${NOPE}\"\n", "NOPE"),
    ] {
        lab.client.write("pgtls.toml", text);
        let run = lab.client.pgtls(&["serve", "--listen", "127.0.0.1:0"]);
        assert_eq!(run.code, 2, "{text}");
        assert!(run.stderr.contains(word), "{}", run.stderr);
    }
}

/// The real one says what hashes and what files are right.
#[test]
fn passwords_and_certificates_are_those_of_the_web_configuration() {
    let lab = Lab::new();
    configure(&lab, &[("good", &lab.good())]);
    if !made_certificate(&lab) {
        return;
    }
    let Some(hash) = crypt("secret") else {
        return;
    };
    let web = format!(
        "tls_server_config:\n  cert_file: web.crt\n  key_file: web.key\nbasic_auth_users:\n  ann: {hash}\n"
    );
    lab.client.write("web.yml", web);
    let options = ["--config", "pgtls.toml", "--web-config", "web.yml"];
    let service = Service::start(&lab.client, &options);
    let curl = |arguments: &[&str]| {
        let url = format!("https://localhost:{}/metrics", service.address.port());
        let run = Command::new("curl")
            .args([
                "-sS",
                "--cacert",
                "web.crt",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
            ])
            .args(arguments)
            .arg(url)
            .current_dir(lab.client.home.path())
            .output();
        run.map(|run| String::from_utf8_lossy(&run.stdout).into_owned())
    };
    let Ok(without) = curl(&[]) else {
        skip("curl is not installed");
        return;
    };
    assert_eq!(without, "401");
    for _ in 0..2 {
        assert_eq!(curl(&["-u", "ann:secret"]).unwrap(), "200");
        assert_eq!(curl(&["-u", "ann:Secret"]).unwrap(), "401");
        assert_eq!(curl(&["-u", "bob:secret"]).unwrap(), "401");
    }
    // Plain HTTP is not answered.
    assert_ne!(service.get("/metrics").status, 200);
}

#[test]
fn a_user_who_is_gone_may_not_ask_over_a_connection_that_is_open() {
    let lab = Lab::new();
    configure(&lab, &[("good", &lab.good())]);
    let hash = bcrypt::hash_with_salt("secret", 4, [7; 16]).unwrap();
    let users = |names: &[&str]| {
        let lines = names.iter().map(|name| format!("  {name}: {hash}\n"));
        let text = format!("basic_auth_users:\n{}", lines.collect::<String>());
        lab.client.write("web.yml", text);
    };
    users(&["ann", "bob"]);
    let options = ["--config", "pgtls.toml", "--web-config", "web.yml"];
    let mut service = Service::start(&lab.client, &options);
    // ann:secret
    let ann = "Authorization: Basic YW5uOnNlY3JldA==\r\n";
    let connection = TcpStream::connect(service.address).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(Service::status_over(&connection, ann), 200);
    users(&["bob"]);
    service.signal(Signal::SIGHUP);
    service.wait_for("read the configuration again");
    let status = Service::status_over(&connection, ann);
    // On a slow machine the connection may have ended meanwhile.
    assert!(status == 401 || status == 0, "{status}");
}

/// `web.crt` and `web.key`, for `localhost`. `false`, with a visible line, without openssl.
fn made_certificate(lab: &Lab) -> bool {
    if !has_openssl() {
        return false;
    }
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-days",
            "9",
        ])
        .args(["-keyout", "web.key", "-out", "web.crt"])
        .current_dir(lab.client.home.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    true
}

/// What pgtls accepts, Prometheus accepts. pgtls refuses more: what it would not keep.
#[test]
fn no_web_configuration_is_accepted_that_prometheus_refuses() {
    if Command::new("promtool").arg("--version").output().is_err() {
        skip("promtool is not installed (Debian: prometheus)");
        return;
    }
    let lab = Lab::new();
    configure(&lab, &[("good", &lab.good())]);
    if !made_certificate(&lab) {
        return;
    }
    let hash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";
    let tls = "tls_server_config:\n  cert_file: web.crt\n  key_file: web.key\n";
    let ca = "  client_ca_file: web.crt\n";
    let cases: &[(&str, [bool; 2])] = &[
        ("", [true, true]),
        ("{tls}", [true, true]),
        ("---\n{tls}", [true, true]),
        ("{tls}  min_version: TLS13\n", [true, true]),
        ("{tls}  min_version: TLS10\n", [false, true]),
        ("{tls}  min_version: TLS14\n", [false, false]),
        (
            "{tls}  client_auth_type: RequireAndVerifyClientCert\n{ca}",
            [true, true],
        ),
        (
            "{tls}  client_auth_type: VerifyClientCertIfGiven\n{ca}",
            [true, true],
        ),
        (
            "{tls}  client_auth_type: RequireAnyClientCert\n{ca}",
            [false, true],
        ),
        (
            "{tls}  client_auth_type: NoClientCert\n{ca}",
            [false, false],
        ),
        ("{tls}  client_auth_type: nonsense\n{ca}", [false, false]),
        ("{tls}{ca}", [false, false]),
        ("{tls}  nonsense: x\n", [false, false]),
        ("{tls}  cert_file: web.crt\n", [false, false]),
        (
            "{tls}  cipher_suites: [TLS_AES_128_GCM_SHA256]\n",
            [false, true],
        ),
        ("tls_server_config:\n  cert_file: web.crt\n", [false, false]),
        (
            "tls_server_config:\n  cert_file: no.crt\n  key_file: web.key\n",
            [false, false],
        ),
        (
            "tls_server_config:\n  cert_file: web.key\n  key_file: web.crt\n",
            [false, false],
        ),
        ("basic_auth_users:\n  ann: {hash}\n", [true, true]),
        ("basic_auth_users:\n  'ann': \"{hash}\" # x\n", [true, true]),
        ("basic_auth_users:\n  ann: secret\n", [false, false]),
        ("basic_auth_users :\n  ann : {hash}\n", [true, true]),
        ("basic_auth_users:\n\tann: {hash}\n", [false, false]),
        ("basic_auth_users: {{ann: {hash}}}\n", [false, true]),
        ("http_server_config:\n  http2: true\n{tls}", [true, true]),
        (
            "http_server_config:\n  nonsense: true\n{tls}",
            [false, false],
        ),
        ("nonsense:\n", [false, false]),
    ];
    for (text, expected) in cases {
        let text = text
            .replace("{tls}", tls)
            .replace("{ca}", ca)
            .replace("{hash}", hash);
        let text = text.replace("{{", "{").replace("}}", "}");
        lab.client.write("web.yml", &text);
        let promtool = Command::new("promtool")
            .args(["check", "web-config", "web.yml"])
            .current_dir(lab.client.home.path())
            .output()
            .unwrap();
        // No machine has this address, so that it does not begin to serve.
        let run = lab.client.pgtls(&[
            "serve",
            "--config",
            "pgtls.toml",
            "--web-config",
            "web.yml",
            "--listen",
            "192.0.2.1:1",
        ]);
        assert_eq!(run.code, 2, "{text}: {}", run.stderr);
        let accepted = ["could not listen", "neither TLS nor users"];
        let ours = accepted.iter().any(|word| run.stderr.contains(word));
        let theirs = promtool.status.success();
        assert_eq!(
            [ours, theirs],
            *expected,
            "{text}: {} {promtool:?}",
            run.stderr
        );
    }
}

/// A hash by another implementation: crypt(3) of this machine.
fn crypt(password: &str) -> Option<String> {
    let script = format!("use strict; print crypt('{password}', '$2b$04$abcdefghijklmnopqrstuu');");
    let run = Command::new("perl").args(["-e", &script]).output();
    let hash = run.map(|run| String::from_utf8_lossy(&run.stdout).into_owned());
    let hash = hash.ok().filter(|hash| hash.starts_with("$2b$04$"));
    if hash.is_none() {
        skip("perl, or bcrypt in this machine's crypt(3), is not there");
    }
    hash
}
