//! Recognises other protocols by their first bytes, where a PostgreSQL server would answer with one.

use super::tls::record;

/// What an answer that is not PostgreSQL's looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `HTTP/1.1 400 ...`, or a page of HTML.
    Http,
    /// `SSH-2.0-...`
    Ssh,
    /// A MySQL or MariaDB greeting or error.
    MySql,
    /// MySQL's X Protocol, on port 33060.
    MySqlX,
    /// A TLS alert or handshake record: the port speaks TLS from the first byte.
    Tls,
    /// `220 ...` and other replies with three digits: SMTP and FTP.
    Smtp,
    /// `+OK ...`
    Pop3,
    /// `* OK ...`
    Imap,
    /// `-ERR ...`, `-DENIED ...` and their like.
    Redis,
    /// `ERROR` and a line break, and nothing else.
    Memcached,
    /// The header `AMQP`.
    Amqp,
    /// `INFO {...}`
    Nats,
    /// A packet of TDS.
    SqlServer,
    /// A packet of TNS.
    Oracle,
    /// A message of MongoDB's wire protocol.
    MongoDb,
    /// A message of LDAP.
    Ldap,
    /// `RFB 003.008`
    Vnc,
    /// `@RSYNCD: ...`
    Rsync,
    /// Telnet's option negotiation.
    Telnet,
    /// `<?xml ...` or `<stream...`
    Xml,
    /// Text of any kind, in any language: no message of PostgreSQL is only text.
    Text,
    /// None that we know.
    Unknown,
}

impl Protocol {
    /// Recognises an answer, its first byte included.
    pub fn of(answer: &[u8]) -> Self {
        match answer {
            [b'H', b'T', b'T', b'P', b'/', ..] => Self::Http,
            [b'S', b'S', b'H', b'-', ..] => Self::Ssh,
            [b'A', b'M', b'Q', b'P', ..] => Self::Amqp,
            [b'R', b'F', b'B', b' ', ..] => Self::Vnc,
            _ if is_html(answer) => Self::Http,
            _ if answer.starts_with(b"@RSYNCD:") => Self::Rsync,
            _ if answer.starts_with(b"INFO {") => Self::Nats,
            _ if answer.starts_with(b"<?xml") || answer.starts_with(b"<stream") => Self::Xml,
            _ if is_memcached(answer) => Self::Memcached,
            _ if record::begins(answer) => Self::Tls,
            _ if is_mysql(answer) => Self::MySql,
            // A notice (type 11) of five bytes.
            [5, 0, 0, 0, 11, 8, ..] => Self::MySqlX,
            [0xff, 0xfb..=0xfe, _, ..] => Self::Telnet,
            _ if is_tds(answer) => Self::SqlServer,
            _ if is_tns(answer) => Self::Oracle,
            _ if is_mongo(answer) => Self::MongoDb,
            // A sequence with the message's number, then an extended response.
            [0x30, _, 2, 1, _, 0x78, ..] => Self::Ldap,
            _ if is_text(answer) => of_text(answer),
            _ => Self::Unknown,
        }
    }

    /// The kind of server, as the end of "this is".
    pub const fn server(self) -> &'static str {
        match self {
            Self::Http => "an HTTP server",
            Self::Ssh => "an SSH server",
            Self::MySql => "a MySQL or MariaDB server",
            Self::MySqlX => "a MySQL server (X Protocol)",
            Self::Tls => "a server that speaks TLS from the first byte",
            Self::Smtp => "a mail or FTP server",
            Self::Pop3 => "a mail server (POP3)",
            Self::Imap => "a mail server (IMAP)",
            Self::Redis => "a Redis server",
            Self::Memcached => "a memcached server",
            Self::Amqp => "an AMQP server, such as RabbitMQ",
            Self::Nats => "a NATS server",
            Self::SqlServer => "a Microsoft SQL Server",
            Self::Oracle => "an Oracle server",
            Self::MongoDb => "a MongoDB server",
            Self::Ldap => "an LDAP server",
            Self::Vnc => "a VNC server",
            Self::Rsync => "an rsync server",
            Self::Telnet => "a Telnet server",
            Self::Xml => "a server that speaks XML, such as XMPP",
            Self::Text | Self::Unknown => "not a PostgreSQL server",
        }
    }
}

/// Is all of it text, with at least two bytes? Every message of PostgreSQL has a length word, whose first
/// byte is zero, so text cannot be a message that an attacker inserted.
pub fn is_text(bytes: &[u8]) -> bool {
    let printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..);
    bytes.len() >= 2 && bytes.iter().all(printable)
}

fn of_text(answer: &[u8]) -> Protocol {
    match answer {
        [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', ..] => Protocol::Smtp,
        [b'+', b'O', b'K', ..] => Protocol::Pop3,
        [b'*', b' ', ..] if IMAP.iter().any(|word| answer.starts_with(word)) => Protocol::Imap,
        [b'-', ..] if REDIS.iter().any(|word| answer.starts_with(word)) => Protocol::Redis,
        _ => Protocol::Text,
    }
}

fn is_html(answer: &[u8]) -> bool {
    let start = answer.get(..answer.len().min(14)).unwrap_or_default();
    let start = start.to_ascii_lowercase();
    start.starts_with(b"<html") || start.starts_with(b"<!doctype html")
}

fn is_memcached(answer: &[u8]) -> bool {
    answer == b"ERROR\r\n" || answer.starts_with(b"CLIENT_ERROR ")
}

/// Three bytes of length, sequence number 0, then protocol version 10 or an error packet. The length may be any
/// byte that PostgreSQL answers with.
fn is_mysql(answer: &[u8]) -> bool {
    match answer {
        [_, _, 0, 0, 10, version, ..] => version.is_ascii_digit(),
        // An error packet has a number of two bytes: 1000 to 4999.
        [_, _, 0, 0, 0xff, _, high, ..] => (0x03..=0x13).contains(high),
        _ => false,
    }
}

/// A response (4) that is the last packet (1), with its own length.
fn is_tds(answer: &[u8]) -> bool {
    matches!(answer, [4, 0 | 1, high, low, ..]
        if usize::from(u16::from_be_bytes([*high, *low])) >= TDS_HEADER && answer.len() >= TDS_HEADER)
}

/// Length, no checksum, and one of the types refuse, redirect, marker and resend.
fn is_tns(answer: &[u8]) -> bool {
    matches!(answer, [0, low, 0, 0, 4 | 5 | 11 | 12, _, 0, 0, ..] if *low >= 8)
}

/// Length, two numbers, and the code of OP_REPLY or OP_MSG.
fn is_mongo(answer: &[u8]) -> bool {
    let code = answer.get(12..16);
    code == Some(&[1, 0, 0, 0]) || code == Some(&[0xdd, 7, 0, 0])
}

const IMAP: [&[u8]; 3] = [b"* OK", b"* BYE", b"* PREAUTH"];

/// The first words of errors in the Redis protocol.
const REDIS: [&[u8]; 6] = [
    b"-ERR ",
    b"-DENIED ",
    b"-NOAUTH ",
    b"-LOADING ",
    b"-MISCONF ",
    b"-BUSY ",
];

/// Bytes of the header of a TDS packet.
const TDS_HEADER: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::postgres::{FirstAnswer, Severity, error};

    #[test]
    fn protocols_are_recognised_by_their_first_bytes() {
        for (answer, expected) in [
            (&b"HTTP/1.1 400 Bad Request\r\n"[..], Protocol::Http),
            (b"<!DOCTYPE HTML PUBLIC", Protocol::Http),
            (b"SSH-2.0-OpenSSH_9.2", Protocol::Ssh),
            (b"\x15\x03\x01\x00\x02\x02\x46", Protocol::Tls),
            (b"J\0\0\0\x0a8.0.36", Protocol::MySql),
            (b"S\0\0\0\x0a11.4.10-MariaDB", Protocol::MySql),
            (b"N\0\0\0\x0a8.0.36", Protocol::MySql),
            (b"E\0\0\0\xff\x6a\x04Host is not allowed", Protocol::MySql),
            (b"\x05\0\0\0\x0b\x08\x05\x1a\0", Protocol::MySqlX),
            (b"220 mail ESMTP", Protocol::Smtp),
            (b"554 5.7.1 no", Protocol::Smtp),
            (b"421-Too many", Protocol::Smtp),
            (b"+OK Dovecot ready.\r\n", Protocol::Pop3),
            (b"* OK [CAPABILITY IMAP4rev1] ready", Protocol::Imap),
            (
                b"-DENIED Redis is running in protected mode",
                Protocol::Redis,
            ),
            (b"-ERR max number of clients reached\r\n", Protocol::Redis),
            (b"ERROR\r\n", Protocol::Memcached),
            (b"AMQP\0\0\x09\x01", Protocol::Amqp),
            (b"INFO {\"server_id\":\"x\"}", Protocol::Nats),
            (b"\x04\x01\0\x2b\0\0\x01\0\0\0", Protocol::SqlServer),
            (b"\0\x0b\0\0\x04\0\0\0\"\0\0", Protocol::Oracle),
            (
                b"\x24\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0",
                Protocol::MongoDb,
            ),
            (b"\x30\x16\x02\x01\0\x78\x11", Protocol::Ldap),
            (b"RFB 003.008\n", Protocol::Vnc),
            (b"@RSYNCD: 31.0\n", Protocol::Rsync),
            (b"\xff\xfd\x18\xff\xfd\x20", Protocol::Telnet),
            (b"<?xml version='1.0'?><stream:stream", Protocol::Xml),
            (b"Service unavailable\r\n", Protocol::Text),
            (b"ERROR: all backends are down\r\n", Protocol::Text),
            ("Nichts frei, sp\u{e4}ter\r\n".as_bytes(), Protocol::Text),
            (
                b"\xb7\xfe\xce\xf1\xb2\xbb\xbf\xc9\xd3\xc3\n",
                Protocol::Text,
            ),
            (b"?", Protocol::Unknown),
            (b"\0\0\0", Protocol::Unknown),
            (b"", Protocol::Unknown),
        ] {
            assert_eq!(Protocol::of(answer), expected, "{answer:?}");
        }
    }

    proptest! {
        #[test]
        fn no_message_of_postgresql_is_another_protocol(
            text in "[ -~]{0,200}",
            code in "[0-9A-Z]{5}",
        ) {
            let message = error::encode(Severity::Fatal, &code, &text);
            prop_assert_eq!(Protocol::of(&message), Protocol::Unknown);
            prop_assert!(matches!(FirstAnswer::decode(&message), FirstAnswer::Error(_)));
        }

        #[test]
        fn any_bytes_are_some_protocol(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Protocol::of(&bytes);
        }
    }
}
