//! What does `pgtls check` report if PostgreSQL or TLS does not answer?

use std::time::{Duration, Instant};

use crate::support::client::{Client, Run};
use crate::support::peer::Peer;
use crate::support::port::closed_port;

#[test]
fn a_closed_port_is_refused() {
    let run = Client::new().check(&at(closed_port()));
    assert_eq!((run.code, run.outcome().as_str()), (3, "refused"));
}

#[test]
fn the_socket_of_a_proxy_that_does_tls_itself_is_left_alone() {
    let run = Client::new().check("host=/cloudsql/project:region:instance user=app");
    assert_eq!((run.code, run.outcome().as_str()), (4, "unix-socket"));
    assert!(run.stdout.contains("Cloud SQL Auth Proxy"), "{run:?}");
    let run = Client::new().check("host=/tmp user=app");
    assert!(
        run.stdout.contains("Set the server's TCP address"),
        "{run:?}"
    );
}

#[test]
fn a_silent_port_is_given_up_when_time_runs_out() {
    let (listener, port) = crate::support::scripted::silent();
    for arguments in [
        &["check", "--format", "json", "--timeout", "1", &at(port)][..],
        &["check", "--format", "json", "--timeout", "0.2", &at(port)],
        &[
            "check",
            "--format",
            "json",
            &format!("{} connect_timeout=2", at(port)),
        ],
    ] {
        let started = Instant::now();
        let run = Client::new().pgtls(arguments);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (3, "timeout"),
            "{run:?}"
        );
        // It must end, but a slow machine may take longer.
        assert!(started.elapsed() < Duration::from_secs(60));
    }
    drop(listener);
}

#[test]
fn what_answers_is_named() {
    for (answer, expected) in [
        (&b"N"[..], (4, "no-tls", "(it declined TLS)")),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            (4, "not-postgres", "an HTTP server"),
        ),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n",
            (4, "not-postgres", "an SSH server"),
        ),
        (
            b"\x15\x03\x01\x00\x02\x02\x46",
            (4, "not-postgres", "TLS from the first byte"),
        ),
        (
            b"220 mail.example ESMTP\r\n",
            (4, "not-postgres", "a mail or FTP server"),
        ),
        (b"?", (4, "not-postgres", "\"?\"")),
        (b"", (3, "closed", "closed the connection")),
        (
            BUSY,
            (
                3,
                "server-error",
                "sorry, too many clients already (SQLSTATE 53300)",
            ),
        ),
        (OLD, (4, "no-tls", "unsupported frontend protocol")),
        (REJECTED, (4, "server-error", "no entry (SQLSTATE 28000)")),
        (
            b"S\0and more",
            (5, "plaintext-injection", "9 bytes arrived together"),
        ),
        // No message of PostgreSQL is only text, so nobody inserted this one.
        (
            b"Service unavailable\r\n",
            (4, "not-postgres", "not a PostgreSQL server"),
        ),
        (
            b"ERROR: no backend\r\n",
            (4, "not-postgres", "not a PostgreSQL server"),
        ),
        (
            b"Nicht frei\r\n",
            (4, "not-postgres", "not a PostgreSQL server"),
        ),
        (
            b"S\0\0\0\x0a11.4.10-MariaDB\0",
            (4, "not-postgres", "a MySQL or MariaDB server"),
        ),
        (
            b"E\0\0\0\xff\x6a\x04Host '192.0.2.7' is not allowed to connect",
            (4, "not-postgres", "a MySQL or MariaDB server"),
        ),
        (
            b"-DENIED Redis is running in protected mode\r\n",
            (4, "not-postgres", "a Redis server"),
        ),
    ] {
        let run = Client::new().check(&at(crate::support::scripted::answering(answer)));
        let (code, outcome, words) = expected;
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{run:?}"
        );
        assert!(message(&run).contains(words), "{words:?} in {run:?}");
    }
}

#[test]
fn a_server_that_hangs_up_after_its_s_fails_the_handshake() {
    let run = Client::new().check(&at(crate::support::scripted::answering(b"S")));
    assert_eq!((run.code, run.outcome().as_str()), (5, "closed"), "{run:?}");
}

#[test]
fn prefer_does_not_pass_in_plain_text() {
    let port = crate::support::scripted::answering(b"N");
    for mode in ["allow", "prefer"] {
        let run = Client::new().check(&format!("host=127.0.0.1 port={port} sslmode={mode}"));
        assert_eq!((run.code, run.outcome().as_str()), (4, "no-tls"), "{mode}");
        assert!(!run.stdout.contains("required"), "{run:?}");
    }
}

#[test]
fn several_strings_are_several_endpoints() {
    let (closed, plain) = (
        at(closed_port()),
        at(crate::support::scripted::answering(b"N")),
    );
    for (strings, code) in [
        ([&closed, &closed], 3),
        ([&plain, &plain], 4),
        ([&closed, &plain], 1),
    ] {
        let run = Client::new().pgtls(&["check", "--format", "json", strings[0], strings[1]]);
        let document = run.json();
        assert_eq!(run.code, code, "{run:?}");
        assert_eq!(document["exit_code"], code);
        assert_eq!(document["endpoints"].as_array().unwrap().len(), 2);
    }
}

fn at(port: u16) -> String {
    format!("host=127.0.0.1 port={port} sslmode=require")
}

fn message(run: &Run) -> String {
    run.endpoint()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned()
}

const BUSY: &[u8] = b"E\0\0\0\x45SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\
                      Fproc.c\0L359\0\0";
const REJECTED: &[u8] = b"E\0\0\0\x25SFATAL\0VFATAL\0C28000\0Mno entry\0\0";
const OLD: &[u8] = b"EFATAL:  unsupported frontend protocol 1234.5679\n\0";

#[test]
fn a_name_that_cannot_be_resolved_is_unreachable() {
    // A label of more than 63 characters is refused before any name server is asked.
    let run = Client::new().check(&format!("host={}.invalid", "a".repeat(70)));
    assert_eq!((run.code, run.outcome().as_str()), (3, "dns"), "{run:?}");
}

#[test]
fn a_broken_handshake_is_distinguished_from_a_refused_one() {
    for (behind_the_s, outcome) in [
        (&b"\x15\x03\x03\x00\x02\x02\x50"[..], "tls-alert"),
        (b"\x15\x03\x03\x00\x02\x02\x46", "no-common-version"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "no-common-cipher"),
        (b"\x16\x03\x03\x00\x04\xff\xff\xff\xff", "tls-failure"),
        (b"", "closed"),
    ] {
        let port = after_s(behind_the_s);
        let run = Client::new().check(&at(port));
        assert_eq!((run.code, run.outcome().as_str()), (5, outcome), "{run:?}");
    }
}

#[test]
fn a_certificate_that_does_not_parse_is_refused_in_every_mode() {
    let now = time::OffsetDateTime::now_utc();
    let authority = pgtls::lab::Authority::new("lab CA", now).unwrap();
    let mut issued = authority.issue(&["localhost"], now).unwrap();
    issued.chain.push(vec![0x30, 0x03, 0x02, 0x01, 0x01].into());
    let endpoint = pgtls::lab::Endpoint::start(issued).unwrap();
    for mode in ["require", "verify-full"] {
        let port = endpoint.address.port();
        let run = Client::new().check(&format!("host=127.0.0.1 port={port} sslmode={mode}"));
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (6, "malformed-certificate"),
            "{run:?}"
        );
    }
}

/// Permits TLS, waits for the ClientHello, and then sends `answer`.
fn after_s(answer: &'static [u8]) -> u16 {
    use std::io::{Read as _, Write as _};

    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 8]).unwrap();
        stream.write_all(b"S").unwrap();
        stream.read_exact(&mut [0; 5]).unwrap();
        stream.write_all(answer).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    port
}

/// The ports of the two loopback addresses are not the same ones.
#[test]
fn a_server_on_the_other_loopback_address_is_found() {
    use std::io::{Read as _, Write as _};

    let listening = |port| Some((port, std::net::TcpListener::bind(("::1", port)).ok()?));
    let mut closed = std::iter::repeat_with(closed_port).take(20);
    let Some((port, listener)) = closed.find_map(listening) else {
        return;
    };
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // The client may hang up first.
            let _ = stream.read(&mut [0; 8]);
            let _ = stream.write_all(b"N");
        }
    });
    let run = Client::new().check(&at(port));
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (3, "refused"),
        "{run:?}"
    );
    assert!(run.hint().contains("hostaddr=::1"), "{run:?}");
}

/// Its alert is no sign of PostgreSQL.
#[test]
fn a_tls_server_that_refuses_direct_tls_is_no_reason_to_advise_it() {
    for alert in [70, 120] {
        let run = Client::new().check(&at(alerting(alert).port));
        assert_eq!(run.outcome(), "not-postgres", "{run:?}");
        let hint = run.hint();
        assert!(hint.contains("Check host and port"), "{hint}");
        assert!(!hint.contains("\n    "), "{hint}");
    }
}

/// Answers an SSLRequest and a ClientHello with this alert.
fn alerting(alert: u8) -> Peer {
    use std::io::Read as _;

    Peer::start(move |conversation| {
        let mut header = [0; 5];
        conversation.read_exact(&mut header)?;
        let rest = match header {
            [0x16, _, _, high, low] => u16::from_be_bytes([high, low]).into(),
            _ => 3,
        };
        conversation.read_exact(&mut vec![0; rest])?;
        conversation.say(&[0x15, 3, 3, 0, 2, 2, alert])?;
        conversation.finish()
    })
}
