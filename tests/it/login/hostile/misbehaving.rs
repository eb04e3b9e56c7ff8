//! Trusted servers that misbehave during the login.

use std::io::Read as _;

use super::super::assert_no_password;
use super::scripted::{
    Lab, OK, READY, Script, answer, columns, enter, hear, last, message, row, say,
};
use crate::support::client::Run;
use crate::support::peer::{self, judge_all};
use crate::support::serving::{TLS12, TLS13};

/// What the server does after the startup packet, the exit code and the error.
type Row = peer::Row<Script>;

const ROWS: &[Row] = &[
    ("is silent", |s| s.sock.listen(), (8, "timeout")),
    ("closes", |s| s.sock.finish(), (8, "closed")),
    ("resets", |s| s.sock.reset(), (8, "closed")),
    (
        "speaks another protocol",
        |s| last(s, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        (8, "closed"),
    ),
    (
        "sends a byte of no message",
        |s| last(s, b"\0\0\0\0\x08...."),
        (8, "login-failed"),
    ),
    (
        "sends a request without a kind",
        |s| last(s, b"R\0\0\0\x07abc"),
        (8, "login-failed"),
    ),
    (
        "sends a request of 2 GB",
        |s| last(s, b"R\x7f\xff\xff\xff"),
        (8, "login-failed"),
    ),
    (
        "begins an ErrorResponse of 2 GB",
        |s| last(s, b"E\x7f\xff\xff\xff"),
        (8, "login-failed"),
    ),
    (
        "asks for what nobody knows",
        |s| last(s, b"R\0\0\0\x08\0\0\0\x2a"),
        (8, "login-failed"),
    ),
    (
        "asks for Kerberos",
        |s| last(s, b"R\0\0\0\x08\0\0\0\x07"),
        (8, "login-failed"),
    ),
    (
        "negotiates the protocol",
        |s| last(s, b"v\0\0\0\x0c\0\0\0\0\0\0\0\0"),
        (8, "login-failed"),
    ),
    (
        "refuses in an ErrorResponse with escape sequences",
        |s| {
            last(
                s,
                &message(b'E', b"C28P01\0M\x1b]0;x\x07\xe2\x80\xaeno\n\0\0"),
            )
        },
        (8, "login-failed"),
    ),
    (
        "refuses in bytes that are no UTF-8",
        |s| last(s, &message(b'E', b"C3D000\0M\xff\xfe\0\0")),
        (8, "login-failed"),
    ),
    (
        "complains in the middle of SCRAM of the channel",
        |s| {
            say(
                s,
                &message(b'R', b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"),
            )?;
            hear(s)?;
            last(s, &message(b'E', b"C28000\0Mno\0\0"))
        },
        (8, "tls-terminated-in-between"),
    ),
    (
        "wants four thousand million rounds of SCRAM",
        |s| {
            say(s, &message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0"))?;
            hear(s)?;
            last(s, &message(b'R', b"\0\0\0\x0br=x,s=aa==,i=4000000000"))
        },
        (8, "login-failed"),
    ),
    (
        "breaks off SCRAM with its consent",
        |s| {
            say(s, &message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0"))?;
            hear(s)?;
            say(s, OK)?;
            last(s, READY)
        },
        (8, "login-failed"),
    ),
    (
        "says 28000 of a proof that was bound to nothing",
        |s| {
            say(s, &message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0"))?;
            let first = &mut [0; 1024];
            let count = s.read(first)?;
            let nonce = first[..count].split(|byte| *byte == b'=').next_back();
            let proposal = [b"\0\0\0\x0br=", nonce.unwrap(), b"x,s=aaaa,i=4096"].concat();
            say(s, &message(b'R', &proposal))?;
            hear(s)?;
            last(s, &message(b'E', b"C28000\0Mwrong\0\0"))
        },
        (8, "login-failed"),
    ),
    (
        "refuses the password by its name",
        |s| {
            say(s, b"R\0\0\0\x08\0\0\0\x03")?;
            hear(s)?;
            last(
                s,
                &message(b'E', b"C28P01\0Mnot hunter2, xhunter2hunter2\0\0"),
            )
        },
        (8, "login-failed"),
    ),
    (
        "sends settings without end",
        |s| {
            say(s, OK)?;
            loop {
                say(s, &b"S\0\0\0\x08a\0b\0".repeat(1000))?;
            }
        },
        (8, "login-failed"),
    ),
    (
        "sends a setting of 2 GB",
        |s| {
            say(s, OK)?;
            say(s, b"S\x7f\xff\xff\xff")?;
            loop {
                say(s, &[b'x'; 10_000])?;
            }
        },
        (8, "login-failed"),
    ),
    (
        "falls silent after its consent",
        |s| {
            say(s, OK)?;
            s.sock.listen()
        },
        (8, "timeout"),
    ),
    (
        "falls silent when asked about the session",
        |s| {
            enter(s)?;
            s.sock.listen()
        },
        (8, "timeout"),
    ),
    (
        "closes when asked about the session",
        |s| {
            enter(s)?;
            s.sock.finish()
        },
        (8, "closed"),
    ),
    (
        "sends rows without end",
        |s| {
            enter(s)?;
            say(s, &columns(&["ssl"]))?;
            loop {
                say(s, &row(&["t"]).repeat(1000))?;
            }
        },
        (8, "login-failed"),
    ),
    (
        "sends a row with more fields than columns",
        |s| {
            enter(s)?;
            say(s, &columns(&["ssl"]))?;
            last(s, &row(&["t", "t", "t"]))
        },
        (8, "login-failed"),
    ),
    (
        "sends a row with fewer fields than columns",
        |s| {
            enter(s)?;
            say(s, &columns(&["ssl", "version", "cipher"]))?;
            last(s, &row(&["t"]))
        },
        (8, "login-failed"),
    ),
    (
        "ends the session with a FATAL",
        |s| {
            enter(s)?;
            last(s, &message(b'E', b"SFATAL\0CXX000\0Mno\0\0"))
        },
        (8, "login-failed"),
    ),
    (
        "has no such view",
        |s| {
            enter(s)?;
            answer(s, &message(b'E', b"SERROR\0C42P01\0Mno\x1b[2J\n\0\0"))
        },
        (0, "pass"),
    ),
    (
        "repeats the password in place of its settings",
        |s| {
            say(s, OK)?;
            say(s, &message(b'S', b"server_version\0a hunter2\0"))?;
            say(s, READY)?;
            hear(s)?;
            let names = ["ssl", "version", "cipher", "bits", "client_dn"];
            let values = row(&["t", "hunter2", "hunter2", "hunter2", "/CN=hunter2"]);
            answer(s, &[columns(&names), values].concat())
        },
        (0, "pass"),
    ),
    (
        "has no view, by the name of the password",
        |s| {
            enter(s)?;
            answer(s, &message(b'E', b"SERROR\0C42P01\0Mno hunter2\0\0"))
        },
        (0, "pass"),
    ),
    (
        "has no such view, and says so in its own language",
        |s| {
            enter(s)?;
            let error = b"SFEHLER\0VERROR\0C42501\0Mkeine Berechtigung\0\0";
            answer(s, &message(b'E', error))
        },
        (0, "pass"),
    ),
    (
        "has no row",
        |s| enter(s).and_then(|()| answer(s, &columns(&["ssl"]))),
        (0, "pass"),
    ),
    (
        "has another view of that name",
        |s| {
            enter(s)?;
            answer(s, &[columns(&["x"]), row(&["y"])].concat())
        },
        (0, "pass"),
    ),
    (
        "puts escape sequences into its row",
        |s| {
            enter(s)?;
            let names = ["ssl", "version", "cipher", "bits", "client_dn"];
            let evil = "\x1b[2J\u{202e}\n";
            answer(
                s,
                &[columns(&names), row(&["t", evil, evil, evil, evil])].concat(),
            )
        },
        (0, "pass"),
    ),
];

/// A trusted server gets the login, whatever it sends then.
#[test]
fn trusted_servers_that_misbehave_during_the_login() {
    let lab = Lab::new();
    let served = lab.root.leaf(&["db.example"]);
    judge_all(ROWS, |(name, script, expected)| {
        let peer = lab.playing(&served, TLS13, *script);
        // Only silence needs a time limit.
        let short = ["--timeout", "10"];
        let more = if expected.1 == "timeout" {
            &short[..]
        } else {
            &[]
        };
        for format in ["json", "text"] {
            let run = lab.run(&peer, format, "connect_timeout=60", more);
            assert_eq!(run.code, expected.0, "{name}: {run:?}");
            if format == "json" {
                assert_eq!(run.outcome(), expected.1, "{name}: {run:?}");
            }
            assert_eq!(run.stderr, "", "{name}");
            assert_printable(name, &run);
        }
    });
}

#[test]
fn what_could_not_be_compared_is_reported() {
    let lab = Lab::new();
    let served = lab.root.leaf(&["db.example"]);
    for (name, script, expected) in ROWS.iter().filter(|row| row.2.0 == 0) {
        let peer = lab.playing(&served, TLS12, *script);
        let run = lab.run(&peer, "json", "", &[]);
        assert_eq!(run.code, expected.0, "{name}: {run:?}");
        let found = run.findings();
        let said = ["tls-unconfirmed", "tls-terminated-in-between"];
        assert!(
            said.iter().any(|code| found.contains(&(*code).to_owned())),
            "{name}: {run:?}"
        );
        let strict = lab.run(&peer, "json", "", &["--strict"]);
        assert_eq!(strict.code, 1, "{name}: {strict:?}");
    }
}

/// No control characters, nothing that reorders text, and no password.
fn assert_printable(name: &str, run: &Run) {
    let harmful = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{2028}'..='\u{202e}');
    assert!(!run.stdout.contains(harmful), "{name}: {run:?}");
    assert_no_password(run);
}
