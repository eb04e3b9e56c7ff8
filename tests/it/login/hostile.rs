//! What can a server do to a login, and what does it learn?

use std::io::{self, Read as _, Write as _};
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::assert_no_password;
use crate::support::client::{Client, Run};
use crate::support::peer::{self, Conversation, Peer, judge_all};
use crate::support::pki::{Ca, Served};
use crate::support::serving::{TLS12, TLS13, plain};

type Session<'a> = StreamOwned<ServerConnection, &'a mut Conversation>;
type Script = fn(&mut Session<'_>) -> io::Result<()>;

/// What the server does after the startup packet, the exit code and the error.
type Row = peer::Row<Script>;

const OK: &[u8] = b"R\0\0\0\x08\0\0\0\0";
const READY: &[u8] = b"Z\0\0\0\x05I";

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

/// The server's side records what it got: not a byte inside the session on either connection.
#[test]
fn a_server_that_fails_verification_gets_no_password() {
    let lab = Lab::new();
    let stranger = Ca::root("Another CA");
    let good = lab.root.leaf(&["db.example"]);
    let rows = [
        (
            "at once",
            &stranger.leaf(&["db.example"]),
            6,
            "unknown-issuer",
            0,
        ),
        (
            "at once",
            &lab.root.leaf(&["other.example"]),
            7,
            "host-name-mismatch",
            0,
        ),
        (
            "at once",
            &lab.root
                .leaf_with(&["db.example"], crate::support::pki::expired),
            6,
            "expired",
            0,
        ),
        (
            "at the login",
            &stranger.leaf(&["db.example"]),
            6,
            "unknown-issuer",
            1,
        ),
        (
            "at the login",
            &lab.root.leaf(&["other.example"]),
            7,
            "host-name-mismatch",
            1,
        ),
    ];
    for version in [TLS12, TLS13] {
        for (when, bad, code, error, first_bad) in rows {
            let name = format!("{error} {when}");
            let (peer, got) = changing(plain(&good, version), plain(bad, version), first_bad);
            let run = lab.run(&peer, "json", "", &[]);
            assert_eq!(
                (run.code, run.outcome().as_str()),
                (code, error),
                "{name}: {run:?}"
            );
            // Another look proves the advice, and gives the server nothing either.
            let looks = usize::from(code == 7 && first_bad == 0);
            assert_eq!(peer.heard().len(), first_bad + 1 + looks, "{name}");
            assert_eq!(*got.lock().unwrap(), b"", "{name}: data inside the session");
            assert_no_password(&run);
        }
    }
}

/// A good certificate, but not the pinned one.
#[test]
fn a_demand_holds_for_the_connection_of_the_login_too() {
    let lab = Lab::new();
    let pinned = lab.root.leaf(&["db.example"]);
    let other = lab.root.leaf(&["db.example"]);
    lab.client.write("pinned.crt", &pinned.chain);
    let (peer, got) = changing(plain(&pinned, TLS13), plain(&other, TLS13), 1);
    let run = lab.run(&peer, "json", "", &["--expect-cert", "pinned.crt"]);
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (1, "unexpected-certificate"),
        "{run:?}"
    );
    assert_eq!(*got.lock().unwrap(), b"");
    // Without the demand the other certificate passes, too.
    let (peer, got) = changing(plain(&pinned, TLS13), plain(&other, TLS13), 1);
    lab.run(&peer, "json", "", &[]);
    let got = got.lock().unwrap();
    assert!(
        got.windows(8).any(|window| window == b"user\0ann"),
        "{got:?}"
    );
}

/// If it is requested in a way that the string forbids, the password is not sent. If it is allowed,
/// nothing else is sent.
#[test]
fn a_password_is_sent_only_where_the_string_allows_it() {
    let lab = Lab::new();
    let served = lab.root.leaf(&["db.example"]);
    let cleartext: &[u8] = b"R\0\0\0\x08\0\0\0\x03";
    let md5: &[u8] = b"R\0\0\0\x0c\0\0\0\x05salt";
    let scram: &[u8] = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0";
    for (request, settings, arguments, sent) in [
        (cleartext, "", &[][..], true),
        (md5, "", &[], true),
        (scram, "", &[], true),
        (cleartext, "require_auth=scram-sha-256", &[], false),
        (cleartext, "require_auth=!password", &[], false),
        (md5, "require_auth=scram-sha-256", &[], false),
        (cleartext, "channel_binding=require", &[], false),
        (md5, "channel_binding=require", &[], false),
        (scram, "channel_binding=require", &[], false),
        (cleartext, "password=''", &[], false),
        (cleartext, "sslmode=require sslrootcert=''", &[], true),
        (
            cleartext,
            "sslmode=require sslrootcert=''",
            &["--strict"],
            false,
        ),
    ] {
        let config = plain(&served, TLS13);
        let heard = Arc::<Mutex<Vec<u8>>>::default();
        let notes = Arc::clone(&heard);
        let peer = playing(config, move |session| {
            say(session, request)?;
            let mut answer = Vec::new();
            // Ends with the client.
            let mut buffer = [0; 256];
            let count = session.read(&mut buffer).unwrap_or_default();
            answer.extend_from_slice(&buffer[..count]);
            notes.lock().unwrap().extend(answer);
            Ok(())
        });
        let run = lab.run(&peer, "json", settings, arguments);
        assert_ne!(run.code, 0, "{settings}: {run:?}");
        assert_no_password(&run);
        let heard = heard.lock().unwrap();
        assert_eq!(
            heard.first() == Some(&b'p'),
            sent,
            "{settings} {arguments:?}: {heard:?}"
        );
        let clear = heard.windows(7).any(|window| window == b"hunter2");
        assert_eq!(
            clear,
            sent && request == cleartext,
            "{settings} {arguments:?}"
        );
    }
}

/// Its kind counts only if the server reports it.
#[test]
fn a_server_that_hides_its_kind_does_not_match() {
    let lab = Lab::new();
    let served = lab.root.leaf(&["db.example"]);
    let role = columns(&["standby", "read_only"]);
    let said = |standby, read_only| [role.clone(), row(&[standby, read_only])].concat();
    for (answered, code) in [
        (said("f", "off"), 0),
        (said("t", "on"), 8),
        (said("f", ""), 8),
        (said("", "off"), 8),
        (role.clone(), 8),
        (message(b'E', b"SERROR\0C42883\0Mno\0\0"), 8),
    ] {
        let shown = format!("{answered:?}");
        let peer = playing(plain(&served, TLS13), move |session| {
            enter(session)?;
            for answer in [&columns(&["ssl"]), &answered] {
                say(session, answer)?;
                say(session, b"C\0\0\0\x0dSELECT 1\0")?;
                say(session, READY)?;
                hear(session)?;
            }
            session.sock.listen()
        });
        let run = lab.run(&peer, "json", "target_session_attrs=read-write", &[]);
        assert_eq!(run.code, code, "{shown}: {run:?}");
    }
}

/// Acceptance together with the request does not hide what was sent.
#[test]
fn a_password_is_reported_as_sent_even_if_the_server_did_not_wait() {
    let lab = Lab::new();
    let served = lab.root.leaf(&["db.example"]);
    let peer = playing(plain(&served, TLS13), |session| {
        say(session, &[b"R\0\0\0\x08\0\0\0\x03", OK, READY].concat())?;
        hear(session)?;
        answer(session, &columns(&["ssl"]))
    });
    let run = lab.run(&peer, "json", "sslmode=require sslrootcert=''", &[]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.findings().contains(&"unverified-login".to_owned()),
        "{run:?}"
    );
}

/// Even with --at, the login happens today.
#[test]
fn a_certificate_that_is_valid_on_another_day_gets_no_password() {
    let lab = Lab::new();
    let early = lab
        .root
        .leaf_with(&["db.example"], crate::support::pki::not_yet_valid);
    let (peer, got) = changing(plain(&early, TLS13), plain(&early, TLS13), 0);
    let run = lab.run(&peer, "json", "", &["--at", "+15d"]);
    let came = (run.code, run.outcome());
    assert_eq!(came, (6, "not-yet-valid".to_owned()), "{run:?}");
    assert_eq!(peer.heard().len(), 2, "the first one passes: {run:?}");
    assert_eq!(*got.lock().unwrap(), b"");
}

/// Like providers that select their databases by SNI.
#[test]
fn a_server_that_misses_the_host_name_is_understood() {
    let lab = Lab::new();
    let served = lab.root.leaf(&["db.example", "127.0.0.1"]);
    for state in ["08P01", "XX000"] {
        for (settings, understood) in [("", false), ("sslsni=0", true), ("host=127.0.0.1", true)] {
            let peer = playing(plain(&served, TLS13), move |session| {
                let body = format!("SERROR\0C{state}\0MEndpoint ID is not specified.\0\0");
                last(session, &message(b'E', body.as_bytes()))
            });
            let run = lab.run(&peer, "json", settings, &[]);
            assert_eq!(
                (run.code, run.outcome().as_str()),
                (8, "login-failed"),
                "{run:?}"
            );
            let report = run.endpoint();
            assert_eq!(report["login"]["sqlstate"], state, "{run:?}");
            let hint = report["error"]["hint"].as_str().unwrap();
            assert_eq!(hint.contains("SNI"), understood, "{settings}: {hint}");
        }
    }
}

struct Lab {
    client: Client,
    root: Ca,
}

impl Lab {
    fn new() -> Self {
        let root = Ca::root("Lab CA");
        let client = Client::trusting(&root);
        Self { client, root }
    }

    fn playing(
        &self,
        served: &Served,
        version: &'static rustls::SupportedProtocolVersion,
        script: Script,
    ) -> Peer {
        playing(plain(served, version), script)
    }

    fn run(&self, peer: &Peer, format: &str, settings: &str, more: &[&str]) -> Run {
        let string = format!(
            "host=db.example hostaddr=127.0.0.1 port={} user=ann password=hunter2 \
             sslrootcert=root.crt sslmode=verify-full {settings}",
            peer.port
        );
        let mut arguments = vec!["check", "--login", "--format", format];
        arguments.extend(more);
        arguments.push(&string);
        self.client.pgtls(&arguments)
    }
}

/// The first of two connections only shakes hands. The script begins after the startup packet of
/// the second.
fn playing(
    config: ServerConfig,
    script: impl Fn(&mut Session<'_>) -> io::Result<()> + Send + Sync + 'static,
) -> Peer {
    let config = Arc::new(config);
    Peer::start(move |conversation| {
        let mut session = conversation.tls(&config)?;
        if session.read(&mut [0; 1024])? == 0 {
            return Ok(());
        }
        script(&mut session)
    })
}

/// Serves one configuration to the connections before `first_other`, and the other from there on.
/// Also returns what was received inside the sessions.
fn changing(
    first: ServerConfig,
    other: ServerConfig,
    first_other: usize,
) -> (Peer, Arc<Mutex<Vec<u8>>>) {
    let (first, other) = (Arc::new(first), Arc::new(other));
    let got = Arc::<Mutex<Vec<u8>>>::default();
    let notes = Arc::clone(&got);
    let peer = Peer::start(move |conversation| {
        let config = if conversation.number < first_other {
            &first
        } else {
            &other
        };
        let mut session = conversation.tls(config)?;
        let mut buffer = [0; 1024];
        let count = session.read(&mut buffer)?;
        notes.lock().unwrap().extend(&buffer[..count]);
        Ok(())
    });
    (peer, got)
}

/// Accepts the login, and reads the question.
fn enter(session: &mut Session<'_>) -> io::Result<()> {
    say(session, OK)?;
    say(session, READY)?;
    hear(session)
}

/// Reads what the client sends next.
fn hear(session: &mut Session<'_>) -> io::Result<()> {
    session.read(&mut [0; 1024]).map(drop)
}

/// Answers the question and waits for Terminate.
fn answer(session: &mut Session<'_>, bytes: &[u8]) -> io::Result<()> {
    say(session, bytes)?;
    say(session, b"C\0\0\0\x0dSELECT 1\0")?;
    say(session, READY)?;
    session.sock.listen()
}

fn columns(names: &[&str]) -> Vec<u8> {
    let count = u16::try_from(names.len()).unwrap();
    let mut body = count.to_be_bytes().to_vec();
    for name in names {
        body.extend(name.as_bytes());
        // Table, column, type text, length, modifier, format.
        body.extend([
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 0xff, 0xff, 0, 0, 0, 0, 0, 0,
        ]);
    }
    message(b'T', &body)
}

fn row(values: &[&str]) -> Vec<u8> {
    let count = u16::try_from(values.len()).unwrap();
    let mut body = count.to_be_bytes().to_vec();
    for value in values {
        body.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        body.extend(value.as_bytes());
    }
    message(b'D', &body)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

fn say(session: &mut Session<'_>, bytes: &[u8]) -> io::Result<()> {
    session.write_all(bytes)?;
    session.flush()
}

/// Hanging up while the client still sends would discard what was sent.
fn last(session: &mut Session<'_>, bytes: &[u8]) -> io::Result<()> {
    say(session, bytes)?;
    session.sock.finish()
}

/// No control characters, nothing that reorders text, and no password.
fn assert_printable(name: &str, run: &Run) {
    let harmful = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{2028}'..='\u{202e}');
    assert!(!run.stdout.contains(harmful), "{name}: {run:?}");
    assert_no_password(run);
}
