//! Before and during the handshake: bytes that any peer could send.

use std::io::{self, Read as _};

use super::Lab;
use crate::support::peer::{self, Conversation, Peer, judge_all};

pub(crate) type Script = fn(&mut Conversation) -> io::Result<()>;

/// Servers that `pgtls trace` must survive, too, by what they do.
pub(crate) fn scripts() -> impl Iterator<Item = (&'static str, Script)> {
    let tables = [ANSWERS, INJECTIONS, BROKEN_HANDSHAKES, DIRECT];
    let rows = tables.into_iter().flatten();
    rows.map(|(name, script, _)| (*name, *script))
}

/// What the server does, the exit code and the error.
type Row = peer::Row<Script>;

const BEFORE_THE_ANSWER: &[Row] = &[
    (
        "accepts and never answers",
        Conversation::listen,
        (3, "timeout"),
    ),
    ("closes at once", |_| Ok(()), (3, "closed")),
    (
        "resets at the first byte",
        |c| c.read_exact(&mut [0]).and_then(|()| c.reset()),
        (3, "closed"),
    ),
    (
        "closes after the SSLRequest",
        |c| c.request(),
        (3, "closed"),
    ),
    (
        "resets after the SSLRequest",
        |c| c.request().and_then(|()| c.reset()),
        (3, "closed"),
    ),
    (
        "is silent after the SSLRequest",
        |c| c.request().and_then(|()| c.listen()),
        (3, "timeout"),
    ),
];

#[test]
fn servers_that_do_not_answer() {
    all(BEFORE_THE_ANSWER);
}

const ANSWERS: &[Row] = &[
    ("N", |c| answer(c, b"N"), (4, "no-tls")),
    (
        "N and more",
        |c| answer(c, b"N\0\0\0\x08"),
        (4, "not-postgres"),
    ),
    (
        "E of protocol 3",
        |c| answer(c, NO_ENTRY),
        (4, "server-error"),
    ),
    ("E when busy", |c| answer(c, BUSY), (3, "server-error")),
    (
        "E of an ancient server",
        |c| answer(c, b"EFATAL:  unsupported frontend protocol\n\0"),
        (4, "server-error"),
    ),
    ("E alone", |c| answer(c, b"E"), (4, "server-error")),
    (
        "E, cut off",
        |c| answer(c, &NO_ENTRY[..20]),
        (4, "server-error"),
    ),
    (
        "E with a length of 2 GB",
        |c| answer(c, b"E\x7f\xff\xff\xffSFATAL\0Mno\0\0"),
        (4, "server-error"),
    ),
    (
        "E with a length of 2 GB, and no end",
        |c| {
            c.request()?;
            c.say(b"E\x7f\xff\xff\xff")?;
            c.flood(b"SFATAL")
        },
        (4, "server-error"),
    ),
    (
        "E with 64 KB of text",
        |c| {
            let text = [&b"E"[..], &[b'\x1b'; 65_536], b"\0"].concat();
            answer(c, &text)
        },
        (4, "server-error"),
    ),
    (
        "E of protocol 3, one byte at a time",
        |c| c.request().and_then(|()| c.drip(NO_ENTRY)),
        (4, "server-error"),
    ),
    (
        "escape sequences in E",
        |c| answer(c, b"E\0\0\0\x1fC57P03\0M\x1b]0;x\x07\xe2\x80\xaeno\n\0\0"),
        (3, "server-error"),
    ),
    (
        "HTTP",
        |c| answer(c, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        (4, "not-postgres"),
    ),
    (
        "HTTP, one byte at a time",
        |c| {
            c.request()
                .and_then(|()| c.drip(b"HTTP/1.1 400 Bad Request\r\n"))
        },
        (4, "not-postgres"),
    ),
    (
        "HTTP without end",
        |c| c.request().and_then(|()| c.flood(b"HTTP/1.1 \x1b[2J")),
        (4, "not-postgres"),
    ),
    (
        "zeros without end",
        |c| c.flood(&[0; 64]),
        (4, "not-postgres"),
    ),
    (
        "a TLS alert",
        |c| answer(c, b"\x15\x03\x01\0\x02\x02\x46"),
        (4, "not-postgres"),
    ),
    (
        "escape sequences",
        |c| answer(c, "\u{9b}2J\u{1b}[2J\u{202e}\r\n\0".as_bytes()),
        (4, "not-postgres"),
    ),
];

#[test]
fn servers_that_answer_something_else() {
    all(ANSWERS);
}

const INJECTED: (i32, &str) = (5, "plaintext-injection");
/// Text cannot be a message of PostgreSQL that an attacker inserted.
const TEXT: (i32, &str) = (4, "not-postgres");
const TEXT_LATE: (i32, &str) = (5, "not-postgres");
const FAILS: (i32, &str) = (5, "tls-failure");

const INJECTIONS: &[Row] = &[
    ("S and 1 byte", |c| s_and(c, 1), INJECTED),
    ("S and 2 bytes", |c| s_and(c, 2), INJECTED),
    ("S and 511 bytes", |c| s_and(c, 511), INJECTED),
    ("S and 512 bytes", |c| s_and(c, 512), INJECTED),
    ("S and 4096 bytes", |c| s_and(c, 4096), INJECTED),
    (
        "S and a TLS record",
        |c| answer(c, b"S\x15\x03\x03\0\x02\x01\0"),
        INJECTED,
    ),
    ("S without end", |c| c.flood(b"S"), TEXT),
    ("S, then bytes", |c| after_hello(c, b"SF\0TAL"), INJECTED),
    (
        "S, then text",
        |c| after_hello(c, b"Service busy"),
        TEXT_LATE,
    ),
    (
        "S, then text without end",
        |c| c.hello().and_then(|()| c.flood(b"\x1b[2J")),
        INJECTED,
    ),
    (
        "S, then empty application data without end",
        |c| c.hello().and_then(|()| c.flood(b"\x17\x03\x03\0\0")),
        INJECTED,
    ),
    (
        "S, then ChangeCipherSpec without end",
        |c| c.hello().and_then(|()| c.flood(CHANGE_CIPHER_SPEC)),
        INJECTED,
    ),
];

#[test]
fn servers_that_slip_in_plain_text() {
    all(INJECTIONS);
}

const BROKEN_HANDSHAKES: &[Row] = &[
    ("closes after S", |c| answer(c, b"S"), (5, "closed")),
    (
        "resets after S",
        |c| c.hello().and_then(|()| c.reset()),
        (5, "closed"),
    ),
    (
        "is silent after S",
        |c| c.hello().and_then(|()| c.listen()),
        (5, "timeout"),
    ),
    (
        "closes within a record",
        |c| after_hello(c, &server_hello(None)[..40]),
        (5, "closed"),
    ),
    (
        "closes after the ServerHello",
        |c| after_hello(c, &server_hello(None)),
        (5, "closed"),
    ),
    (
        "resets after the ServerHello",
        |c| {
            c.hello()?;
            c.say(&server_hello(None))?;
            c.reset()
        },
        (5, "closed"),
    ),
    (
        "is silent after the ServerHello",
        |c| {
            c.hello()?;
            c.say(&server_hello(None))?;
            c.listen()
        },
        (5, "timeout"),
    ),
    (
        "one byte at a time after S",
        |c| c.hello().and_then(|()| c.drip(&server_hello(None))),
        (5, "timeout"),
    ),
    (
        "escape sequences in ALPN",
        |c| after_hello(c, &server_hello(Some(b"\x1b[2J\n\xe2\x80\xae"))),
        (5, "closed"),
    ),
    (
        "garbage in a record",
        |c| after_hello(c, b"\x16\x03\x03\0\x04\xff\xff\xff\xff"),
        FAILS,
    ),
    (
        "an alert nobody knows",
        |c| after_hello(c, b"\x15\x03\x03\0\x02\x02\xc8"),
        (5, "tls-alert"),
    ),
];

#[test]
fn servers_that_break_the_handshake() {
    all(BROKEN_HANDSHAKES);
}

/// Records that are well-formed, and never end.
const FLOODS: &[Row] = &[
    (
        "HelloRequests",
        |c| c.hello().and_then(|()| c.flood(HELLO_REQUEST)),
        FAILS,
    ),
    (
        "empty handshake records",
        |c| c.hello().and_then(|()| c.flood(b"\x16\x03\x03\0\0")),
        FAILS,
    ),
    (
        "warning alerts",
        |c| {
            c.hello()
                .and_then(|()| c.flood(b"\x15\x03\x03\0\x02\x01\x5a"))
        },
        FAILS,
    ),
    (
        "records of the largest size, of one message of 16 MB",
        |c| {
            c.hello()?;
            let first = [&b"\x16\x03\x03\x40\0\x02\xff\xff\xff"[..], &[0; 16_380]].concat();
            c.say(&first)?;
            c.flood(&[&b"\x16\x03\x03\x40\0"[..], &[0; 16_384]].concat())
        },
        FAILS,
    ),
    (
        "HelloRequests after the ServerHello",
        |c| after_server_hello(c, HELLO_REQUEST),
        FAILS,
    ),
    (
        "ChangeCipherSpec after the ServerHello",
        |c| after_server_hello(c, CHANGE_CIPHER_SPEC),
        FAILS,
    ),
    (
        "empty records after the ServerHello",
        |c| after_server_hello(c, b"\x16\x03\x03\0\0"),
        FAILS,
    ),
    (
        "a certificate message of 16 MB",
        |c| {
            c.hello()?;
            c.say(&server_hello(None))?;
            c.say(&[&b"\x16\x03\x03\x40\0\x0b\xff\xff\xff"[..], &[0; 16_380]].concat())?;
            c.flood(&[&b"\x16\x03\x03\x40\0"[..], &[0; 16_384]].concat())
        },
        FAILS,
    ),
];

#[test]
fn servers_that_never_stop() {
    all(FLOODS);
}

/// TLS from the first byte, without anything before it.
const DIRECT: &[Row] = &[
    (
        "text",
        |c| after_hello(c, b"FATAL: what do you want?\x1b[2J"),
        INJECTED,
    ),
    ("N", |c| after_hello(c, b"N"), INJECTED),
    (
        "closes within a record",
        |c| after_hello(c, &server_hello(None)[..40]),
        (5, "closed"),
    ),
    (
        "an alert nobody knows",
        |c| after_hello(c, b"\x15\x03\x03\0\x02\x02\xc8"),
        (5, "tls-alert"),
    ),
];

#[test]
fn servers_that_misbehave_in_direct_tls() {
    all_with("sslnegotiation=direct", DIRECT);
    all_with("sslnegotiation=direct", FLOODS);
}

fn all(rows: &'static [Row]) {
    all_with("", rows);
}

fn all_with(settings: &str, rows: &'static [Row]) {
    let lab = Lab::new();
    judge_all(rows, |(name, script, expected)| {
        lab.judge(name, &Peer::start(*script), settings, *expected);
    });
}

fn answer(conversation: &mut Conversation, bytes: &[u8]) -> io::Result<()> {
    conversation.request()?;
    conversation.say(bytes)?;
    conversation.finish()
}

fn s_and(conversation: &mut Conversation, more: usize) -> io::Result<()> {
    answer(conversation, &[&b"S"[..], &vec![0; more]].concat())
}

fn after_hello(conversation: &mut Conversation, bytes: &[u8]) -> io::Result<()> {
    conversation.hello()?;
    conversation.say(bytes)?;
    conversation.finish()
}

fn after_server_hello(conversation: &mut Conversation, bytes: &[u8]) -> io::Result<()> {
    conversation.hello()?;
    conversation.say(&server_hello(None))?;
    conversation.flood(bytes)
}

/// TLS 1.2 with ECDHE-RSA-AES128-GCM-SHA256, and an application protocol of the server's choice.
pub(super) fn server_hello(alpn: Option<&[u8]>) -> Vec<u8> {
    let mut extensions = vec![0xff, 1, 0, 1, 0];
    if let Some(name) = alpn {
        let length = u8::try_from(name.len()).unwrap();
        extensions.extend([0, 16, 0, length + 3, 0, length + 1, length]);
        extensions.extend(name);
    }
    let length = u8::try_from(extensions.len()).unwrap();
    let body = [
        &[3, 3][..],
        &[7; 32],
        &[0, 0xc0, 0x2f, 0, 0, length],
        &extensions,
    ]
    .concat();
    let length = u8::try_from(body.len()).unwrap();
    [&[22, 3, 3, 0, length + 4, 2, 0, 0, length][..], &body].concat()
}

const HELLO_REQUEST: &[u8] = b"\x16\x03\x03\0\x04\0\0\0\0";
const CHANGE_CIPHER_SPEC: &[u8] = b"\x14\x03\x03\0\x01\x01";
const NO_ENTRY: &[u8] = b"E\0\0\0\x25SFATAL\0VFATAL\0C28000\0Mno entry\0\0";
const BUSY: &[u8] = b"E\0\0\0\x33SFATAL\0VFATAL\0C53300\0Mtoo many clients.....\0\0";
