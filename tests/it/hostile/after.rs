//! What a trusted server may still do after the handshake.

use std::io::{self, Read as _, Write as _};
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::Lab;
use crate::support::peer::{self, Conversation, Peer, judge_all};
use crate::support::serving::{TLS12, TLS13, asking, plain};

type Session<'a> = StreamOwned<ServerConnection, &'a mut Conversation>;
type Script = fn(&mut Session<'_>) -> io::Result<()>;

/// What the server does after the handshake, the exit code and the error.
type Row = peer::Row<Script>;

/// It asked for a client certificate, and has received it.
const ASKED: &[Row] = &[
    ("closes", |_| Ok(()), (5, "closed")),
    ("resets", |s| s.sock.reset(), (5, "closed")),
    ("is silent", |s| s.sock.listen(), (5, "timeout")),
    (
        "answers with no message of PostgreSQL's",
        |s| say_last(s, b"HTTP/1.1 400 Bad Request\r\n"),
        (5, "not-postgres"),
    ),
    (
        "refuses in an ErrorResponse with escape sequences",
        |s| say_last(s, b"E\0\0\0\x1fC28000\0M\x1b]0;x\x07\xe2\x80\xaeno\n\0\0"),
        (5, "client-cert-refused"),
    ),
    (
        "begins an ErrorResponse of 2 GB",
        |s| {
            say(s, b"E\x7f\xff\xff\xff")?;
            loop {
                say(s, &[b'x'; 4096])?;
            }
        },
        (0, "pass"),
    ),
    (
        "sends the answer one byte at a time",
        |s| {
            for byte in b"E\0\0\x10\0SFATAL" {
                say(s, &[*byte])?;
            }
            s.sock.listen()
        },
        (5, "timeout"),
    ),
    (
        "sends plain text into the session",
        |s| {
            s.sock.say(b"E\0\0\0\x08Mno\0\0")?;
            s.sock.finish()
        },
        (5, "tls-failure"),
    ),
];

#[test]
fn trusted_servers_that_misbehave_after_the_handshake() {
    let lab = Lab::new();
    let served = lab.root.leaf(&["db.example"]);
    for version in [TLS12, TLS13] {
        let config = asking(&served, version);
        judge_all(ASKED, |(name, script, expected)| {
            let name = format!("{:?}: {name}", version.version);
            let peer = playing(config.clone(), *script);
            lab.judge_trusted(&name, &peer, "", *expected);
        });
    }
}

#[test]
fn tickets_without_end_are_refused() {
    let lab = Lab::new();
    let mut config = asking(&lab.root.leaf(&["db.example"]), TLS13);
    config.send_tls13_tickets = 20_000;
    config.max_early_data_size = 0;
    let peer = playing(config, |s| s.sock.listen());
    lab.judge_trusted("tickets without end", &peer, "", (5, "tls-failure"));
}

/// Under TLS 1.2 the server sends the last message of the handshake, and what follows may spoil it.
/// Under TLS 1.3 the client sends it.
#[test]
fn an_established_session_has_passed_whatever_comes_then() {
    let lab = Lab::new();
    let served = lab.root.leaf(&["db.example"]);
    let rows: &[(&str, Script, &[_])] = &[
        (
            "closes right after the handshake",
            |_| Ok(()),
            &[TLS12, TLS13],
        ),
        (
            "is silent after the handshake",
            |s| s.sock.listen(),
            &[TLS12, TLS13],
        ),
        (
            "resets right after the handshake",
            |s| s.sock.reset(),
            &[TLS13],
        ),
        (
            "floods after the handshake",
            |s| s.sock.flood(b"\x1b[2J"),
            &[TLS13],
        ),
    ];
    for (name, script, versions) in rows {
        for version in *versions {
            let name = format!("{:?}: {name}", version.version);
            let peer = playing(plain(&served, version), *script);
            lab.judge(&name, &peer, "", (0, "pass"));
        }
    }
}

/// The server's side records what it got: no certificate, and not a byte inside the session.
#[test]
fn a_server_that_fails_verification_gets_nothing() {
    let lab = Lab::new();
    let stranger = super::Ca::root("Another CA");
    let rows = [
        (
            "an unknown authority",
            stranger.leaf(&["db.example"]),
            (6, "unknown-issuer"),
        ),
        (
            "an expired certificate",
            lab.root
                .leaf_with(&["db.example"], crate::support::pki::expired),
            (6, "expired"),
        ),
        (
            "another host's certificate",
            lab.root.leaf(&["other.example"]),
            (7, "host-name-mismatch"),
        ),
    ];
    for version in [TLS12, TLS13] {
        for (name, served, expected) in &rows {
            let name = format!("{:?}: {name}", version.version);
            let got = Arc::<Mutex<Vec<&'static str>>>::default();
            let notes = Arc::clone(&got);
            let config = Arc::new(asking(served, version));
            let peer = Peer::start(move |conversation| {
                let mut session = match conversation.tls(&config) {
                    Ok(session) => session,
                    Err(error) => {
                        notes.lock().unwrap().push("no session");
                        return Err(error);
                    }
                };
                if session.conn.peer_certificates().is_some() {
                    notes.lock().unwrap().push("a certificate");
                }
                if session.read(&mut [0; 16]).is_ok_and(|count| count > 0) {
                    notes.lock().unwrap().push("data");
                }
                Ok(())
            });
            lab.judge(&name, &peer, "", *expected);
            let got = got.lock().unwrap();
            assert!(
                got.iter().all(|what| *what == "no session"),
                "{name}: {got:?}"
            );
        }
    }
}

/// The opposite case: a trusted server gets the certificate, and then the startup packet, without a
/// password.
#[test]
fn a_trusted_server_that_asks_gets_the_certificate_and_no_password() {
    let lab = Lab::new();
    let served = lab.root.leaf(&["db.example"]);
    for version in [TLS12, TLS13] {
        let got = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let notes = Arc::clone(&got);
        let config = Arc::new(asking(&served, version));
        let peer = Peer::start(move |conversation| {
            let mut session = conversation.tls(&config)?;
            assert!(session.conn.peer_certificates().is_some());
            let mut startup = vec![0; 1024];
            let count = session.read(&mut startup)?;
            startup.truncate(count);
            notes.lock().unwrap().push(startup);
            // AuthenticationCleartextPassword: the temptation.
            session.write_all(b"R\0\0\0\x08\0\0\0\x03")?;
            session.flush()?;
            let mut rest = Vec::new();
            let _ = session.read_to_end(&mut rest);
            notes.lock().unwrap().push(rest);
            Ok(())
        });
        let run = lab.run("asks for a password", "json", peer.port, "", "pass");
        assert_eq!(run.code, 0, "{run:?}");
        crate::support::postgres::wait_until("the server to be done", || {
            got.lock().unwrap().len() == 2
        });
        let got = got.lock().unwrap();
        assert!(
            got[0].windows(8).any(|window| window == b"user\0ann"),
            "{got:?}"
        );
        assert!(
            !got.concat().windows(7).any(|window| window == b"hunter2"),
            "{got:?}"
        );
        assert_eq!(got[1], b"", "nothing follows the request for a password");
    }
}

/// Completes the handshake, then plays the script.
fn playing(config: ServerConfig, script: Script) -> Peer {
    let config = Arc::new(config);
    Peer::start(move |conversation| {
        let mut session = conversation.tls(&config)?;
        script(&mut session)
    })
}

fn say(session: &mut Session<'_>, bytes: &[u8]) -> io::Result<()> {
    session.write_all(bytes)?;
    session.flush()
}

/// Hanging up while the client still sends would discard what was sent.
fn say_last(session: &mut Session<'_>, bytes: &[u8]) -> io::Result<()> {
    say(session, bytes)?;
    session.sock.finish()
}
