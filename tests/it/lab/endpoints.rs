//! Every endpoint, and the files and behaviour of the whole lab.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use nix::sys::signal::Signal;
use pgtls::lab::{Fault, Libpq};

use super::running::Running;
use crate::support::client::Client;
use crate::support::port::Port;

#[test]
fn check_agrees_with_the_catalogue_on_every_endpoint() {
    let client = Client::new();
    let lab = Running::start(&client, &[]);
    let endpoints = lab.endpoints();
    assert_eq!(endpoints.len(), Fault::ALL.len());
    for (endpoint, fault) in endpoints.iter().zip(Fault::ALL) {
        let uri = endpoint["uri"].as_str().unwrap();
        let run = client.pgtls(&["check", "--format", "json", "--timeout", "10", uri]);
        let expected = match fault.libpq() {
            Libpq::Connects => (0, "pass"),
            Libpq::Refuses(exit, code) => (exit.number().into(), code.name()),
        };
        assert_eq!((run.code, run.outcome().as_str()), expected, "{fault:?}");
        assert_eq!(endpoint["fault"], fault.name());
        assert_eq!(endpoint["check"]["exit_code"], run.code);
    }
}

/// A server with several certificates: the advice begins with the name that was not sent, and it was tried.
#[test]
fn a_missing_name_is_named_first() {
    let client = Client::new();
    let lab = Running::start(&client, &["sni-hosts", "sni-required"]);
    for fault in ["sni-hosts", "sni-required"] {
        let run = client.check(&(lab.uri(fault) + "&sslsni=0"));
        let hint = run.hint();
        assert!(
            hint.starts_with("No name was sent as SNI"),
            "{fault}: {hint}"
        );
        let string = hint.lines().find_map(|line| line.strip_prefix("    "));
        let run = client.check(string.unwrap());
        assert_eq!(run.code, 0, "{fault}: {run:?}");
    }
}

/// Each OpenSSL is shown a certificate of its own, and both count.
#[test]
fn two_certificates_are_both_judged() {
    let client = Client::new();
    let lab = Running::start(&client, &["two-certificates", "ml-dsa"]);
    let run = client.check(&lab.uri("two-certificates"));
    assert_eq!(run.code, 0, "{run:?}");
    let endpoint = run.endpoint();
    assert_eq!(endpoint["certificates"][0]["key"], "ECDSA P-256");
    let told = run.findings();
    assert!(
        told.contains(&"openssl-versions-differ".to_owned()),
        "{told:?}"
    );
    for fault in ["two-certificates", "ml-dsa"] {
        let uri = lab.uri(fault);
        let run = client.pgtls(&["check", "--format", "json", "--min-openssl", "3.5", &uri]);
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(run.endpoint()["certificates"][0]["key"], "ML-DSA-65");
    }
}

/// The endpoints that libpq connects to would also pass without their special feature.
#[test]
fn every_endpoint_that_passes_has_its_special_feature() {
    let client = Client::new();
    let lab = Running::start(&client, &[]);
    let check = |fault: &str, more: &str| client.check(&(lab.uri(fault) + more));
    for (fault, finding) in [
        ("cn-only", "no-san"),
        ("x509-v1", "x509-v1"),
        ("ca-leaf", "ca-as-leaf"),
        ("wrong-order", "chain-order"),
    ] {
        let findings = check(fault, "").findings();
        assert!(
            findings.iter().any(|found| found == finding),
            "{fault} {findings:?}"
        );
    }
    for (fault, field, value) in [
        ("ed25519", "key", "Ed25519"),
        ("ed25519", "signature_algorithm", "ED25519"),
        ("p521", "key", "ECDSA P-521"),
        ("rsa-pss", "signature_algorithm", "rsassaPss"),
    ] {
        let endpoint = check(fault, "").endpoint();
        assert_eq!(endpoint["certificates"][0][field], value, "{fault}");
    }
    for (fault, more, code) in [
        ("sni-required", "&sslsni=0", "tls-alert"),
        ("sni-hosts", "&sslsni=0", "host-name-mismatch"),
        (
            "tls12-only",
            "&ssl_min_protocol_version=TLSv1.3",
            "no-common-version",
        ),
        (
            "tls13-only",
            "&ssl_max_protocol_version=TLSv1.2",
            "no-common-version",
        ),
        ("direct-only", "&sslnegotiation=postgres", "closed"),
        (
            "client-cert-required",
            "&sslcert=missing.crt",
            "client-cert-file-missing",
        ),
    ] {
        assert_eq!(check(fault, more).outcome(), code, "{fault}");
    }
    let without = lab.uri("client-cert-required");
    let without = without.split("&sslcert=").next().unwrap();
    assert_eq!(client.check(without).outcome(), "client-cert-required");
    let tls = check("client-cert-required", "").endpoint()["tls"].take();
    assert_eq!(tls["client_certificate"], "sent, accepted");
    let timings = check("slow", "").endpoint()["timings_ms"].take();
    assert!(timings["total"].as_f64().unwrap() >= 1000.0, "{timings}");
}

#[test]
fn the_list_names_every_fault() {
    let run = Client::new().pgtls(&["lab", "list"]);
    assert_eq!(
        (run.code, run.stdout.lines().count()),
        (0, Fault::ALL.len())
    );
    for (line, fault) in run.stdout.lines().zip(Fault::ALL) {
        assert!(line.starts_with(fault.name()), "{line}");
        assert!(line.ends_with(fault.description()), "{line}");
    }
    assert!(run.stdout.contains("  refuses: 7 host-name-mismatch  "));
}

#[test]
fn a_signal_ends_it_and_its_directory() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let temporary = tempfile::tempdir().unwrap();
        let client = Client::new().with("TMPDIR", temporary.path());
        let lab = Running::start(&client, &["good", "client-cert-required"]);
        assert!(lab.directory.starts_with(temporary.path()));
        assert!(lab.directory.join("client.key").exists());
        let _open = TcpStream::connect(("127.0.0.1", lab.port("good"))).unwrap();
        lab.signal(signal);
        let (status, _) = lab.wait();
        assert_eq!(status.code(), Some(0), "{signal}");
        let left: Vec<_> = std::fs::read_dir(temporary.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn it_ends_when_its_reader_has_gone() {
    let client = Client::new();
    let command = format!(
        "{} lab --dir lab good closes | head -n 1; echo ended",
        env!("CARGO_BIN_EXE_pgtls")
    );
    let mut shell = client
        .other("sh")
        .args(["-c", &command])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let env = client.home.path().join("lab/pgtls-lab.env");
    crate::support::postgres::wait_until("the lab to start", || env.exists());
    let text = std::fs::read_to_string(env).unwrap();
    let port = text.split("localhost:").nth(1).unwrap();
    let port: u16 = port.split('/').next().unwrap().parse().unwrap();
    crate::support::postgres::wait_until("the lab to end", || {
        // Every connection is a line that is never read.
        let _ = TcpStream::connect(("127.0.0.1", port));
        shell.try_wait().unwrap().is_some()
    });
}

#[test]
fn a_chosen_directory_stays_and_must_be_its_own() {
    let client = Client::new();
    client.write("mine/precious.txt", "");
    let run = client.pgtls(&["lab", "--dir", "mine", "good"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("contains other files"), "{run:?}");

    // A second lab overwrites the files of the first.
    for _ in 0..2 {
        let lab = Running::start(
            &client,
            &["--dir", "new/lab", "good", "client-cert-required"],
        );
        let home = client.home.path().canonicalize().unwrap();
        assert_eq!(lab.directory, home.join("new/lab"));
        lab.signal(Signal::SIGINT);
        assert!(lab.wait().0.success());
    }
    let directory = client.home.path().join("new/lab");
    let mode = |name| {
        let metadata = std::fs::metadata(directory.join(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode("client.key"), 0o600);
    assert_eq!(mode("root.crt") & 0o444, 0o444);
    let env = std::fs::read_to_string(directory.join("pgtls-lab.env")).unwrap();
    assert!(
        env.starts_with("PGTLS_LAB_GOOD='postgresql://lab:"),
        "{env}"
    );
    assert!(env.contains("\nPGTLS_LAB_CLIENT_CERT_REQUIRED='"), "{env}");
}

#[test]
fn ports_can_be_chosen() {
    let reserved = Port::reserve();
    let base = reserved.number;
    let client = Client::new();
    let lab = Running::start(&client, &["--port-base", &base.to_string(), "good"]);
    assert_eq!(lab.port("good"), base);
    let run = client.pgtls(&["lab", "--port-base", &base.to_string(), "good"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr
            .contains(&format!("could not listen on 127.0.0.1:{base}"))
    );
    let run = client.pgtls(&["lab", "--port-base", "65535", "wrong-host", "good"]);
    assert_eq!(run.code, 2, "{run:?}");
}

#[test]
fn other_addresses_come_with_a_warning() {
    let client = Client::new();
    let arguments = ["--listen", "0.0.0.0", "--name", "db.lab.test", "good"];
    let lab = Running::start(&client, &arguments);
    let uri = lab.uri("good");
    assert!(uri.contains("@db.lab.test:"), "{uri}");
    let uri = format!("{uri}&hostaddr=127.0.0.1");
    assert_eq!(client.check(&uri).code, 0);
    lab.signal(Signal::SIGINT);
    let (_, said) = lab.wait();
    assert!(
        said.contains("warning: anyone who can reach 0.0.0.0"),
        "{said}"
    );

    let lab = Running::start(&client, &["good"]);
    lab.signal(Signal::SIGINT);
    assert!(!lab.wait().1.contains("warning"));
}

#[test]
fn unknown_faults_are_named_with_a_suggestion() {
    let run = Client::new().pgtls(&["lab", "expired-leef"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("'expired-leaf'"), "{run:?}");
}

#[test]
fn what_is_shown_contains_no_password() {
    let client = Client::new();
    let mut command = client.command(&["lab", "good"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = child.stderr.take().unwrap();
    let mut said = [0; 1];
    // The line on standard error is printed when everything runs.
    errors.read_exact(&mut said).unwrap();
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(pid, Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("postgresql://lab@localhost:"), "{shown}");
    assert!(!shown.contains(pgtls::lab::PASSWORD), "{shown}");
}

#[test]
fn hostile_clients_do_it_no_harm() {
    let client = Client::new();
    let mut lab = Running::start(&client, &["good"]);
    let port = lab.port("good");
    let huge = vec![0x16; 1 << 20];
    let oversized_startup = b"\0\x7f\xff\xff\0\x03\0\0".to_vec();
    let endless_hello = [
        &[22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff][..],
        &vec![0; 1 << 18],
    ]
    .concat();
    let mut late_garbage = b"\0\0\0\x08\x04\xd2\x16\x2f".to_vec();
    late_garbage.extend(b"GET / HTTP/1.1\r\n\r\n");
    let plain = b"\0\0\0\x0e\0\x03\0\0user\0\0";
    let oversized_message = [&plain[..], b"p\xff\xff\xff\xff"].concat();
    let attacks = [
        huge,
        oversized_startup,
        endless_hello,
        late_garbage,
        oversized_message,
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        b"\0\0\0\x08\x04\xd2\x16\x30".repeat(100),
        Vec::new(),
    ];
    for attack in &attacks {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        // It may hang up in the middle.
        let _ = stream.write_all(attack);
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
        let seen = lab.connection();
        assert_ne!(seen["deed"], "accepted", "{seen}");
    }
    let silent = TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert_eq!(client.check(&lab.uri("good")).code, 0);
    drop(silent);
}

#[test]
fn every_way_to_begin_is_distinguished() {
    let client = Client::new();
    let mut lab = Running::start(&client, &["good", "never-answers", "no-tls"]);
    let mut say = |fault: &str, words: &[&[u8]]| {
        let mut stream = TcpStream::connect(("127.0.0.1", lab.port(fault))).unwrap();
        // The lab may have hung up after the first of them.
        let _ = stream.write_all(&words.concat());
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
        let seen = lab.connection();
        let seen_of = |name: &str| seen["observation"][name].to_string();
        (
            seen["deed"].as_str().unwrap().to_owned(),
            seen_of("opening").replace('"', ""),
            seen_of("gssenc_request") == "true",
            seen_of("password").replace('"', ""),
        )
    };
    let ssl: &[u8] = b"\0\0\0\x08\x04\xd2\x16\x2f";
    let gss: &[u8] = b"\0\0\0\x08\x04\xd2\x16\x30";
    let cancel: &[u8] = b"\0\0\0\x10\x04\xd2\x16\x2e12345678";
    let startup: &[u8] = b"\0\0\0\x12\0\x03\0\0user\0lab\0\0";
    let password: &[u8] = b"p\0\0\0\x0bsecret\0";
    for (fault, words, deed, opening, gssenc, sent) in [
        ("good", &[][..], "nothing", "nothing", false, "null"),
        ("good", &[ssl], "refused", "ssl-request", false, "null"),
        ("good", &[gss], "refused", "nothing", true, "null"),
        ("good", &[gss, ssl], "refused", "ssl-request", true, "null"),
        (
            "good",
            &[cancel],
            "nothing",
            "cancel-request",
            false,
            "null",
        ),
        ("good", &[startup], "plaintext", "plaintext", false, "null"),
        (
            "good",
            &[startup, password],
            "plaintext",
            "plaintext",
            false,
            "plaintext",
        ),
        (
            "good",
            &[b"\x16\x03"],
            "refused",
            "direct-tls",
            false,
            "null",
        ),
        (
            "good",
            &[b"GET / HTTP/1.1\r\n\r\n"],
            "nothing",
            "nonsense",
            false,
            "null",
        ),
        (
            "never-answers",
            &[ssl],
            "refused",
            "ssl-request",
            false,
            "null",
        ),
        (
            "never-answers",
            &[startup],
            "plaintext",
            "plaintext",
            false,
            "null",
        ),
        (
            "no-tls",
            &[ssl, startup, password],
            "plaintext",
            "ssl-request",
            false,
            "plaintext",
        ),
    ] {
        let expected = (deed.to_owned(), opening.to_owned(), gssenc, sent.to_owned());
        assert_eq!(say(fault, words), expected, "{fault} {words:?}");
    }
}

#[test]
fn the_table_names_the_clients_that_disagree_with_libpq() {
    let client = Client::new();
    let faults = ["good", "cn-only", "expired-root"];
    let mut lab = client
        .command(&["lab", "--dir", "lab"])
        .args(faults)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut strings = 0;
    let mut table = Vec::new();
    for line in BufReader::new(lab.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        strings += usize::from(line.starts_with("    postgresql://"));
        table.push(line);
        if strings == faults.len() {
            break;
        }
    }
    lab.kill().unwrap();
    lab.wait().unwrap();
    let table = table.join("\n");
    let place = |fault: &str| table.find(&format!("\n{fault}")).unwrap();
    let (good, rest) = table.split_at(place("cn-only"));
    let (cn_only, expired_root) = rest.split_at(rest.find("\nexpired-root").unwrap());
    assert!(!good.contains("its certificate"), "{table}");
    assert!(
        cn_only.contains("refuse its certificate: pgx, lib/pq"),
        "{table}"
    );
    assert!(
        expired_root.contains("accept its certificate: pgjdbc"),
        "{table}"
    );
}
