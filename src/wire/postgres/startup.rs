//! How a connection begins: the packets without a kind that a client sends first, and the first
//! answer.
//!
//! PostgreSQL documentation, "Message Formats" and "Message Flow", section "Start-up".

use super::auth::AuthRequest;
use super::error::{MAX_ERROR, ServerError};
use super::frame::{LENGTH_WORD, backend, length_word};
use crate::wire::Fields;

/// The request in a packet without a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet {
    /// TLS.
    SslRequest,
    /// GSSAPI encryption.
    GssencRequest,
    /// To cancel a query of another connection.
    CancelRequest,
    /// A session.
    Startup,
}

impl Packet {
    /// Reads a packet after its length word; `None` if no client sends such a packet.
    pub fn decode(contents: &[u8]) -> Option<Self> {
        let code = contents.first_chunk::<4>()?;
        match (*code, contents.len()) {
            (SSL_REQUEST, 4) => Some(Self::SslRequest),
            (GSSENC_REQUEST, 4) => Some(Self::GssencRequest),
            (CANCEL_REQUEST, _) => Some(Self::CancelRequest),
            ([0, 1..=3, ..], _) => Some(Self::Startup),
            _ => None,
        }
    }
}

/// A packet with a code and nothing else.
pub const fn request(code: [u8; 4]) -> [u8; 8] {
    let [a, b, c, d] = code;
    [0, 0, 0, 8, a, b, c, d]
}

/// A CancelRequest for a process that does not exist, so that no server answers it or acts on it.
pub fn cancel_nobody() -> Vec<u8> {
    [&length_word(16)[..], &CANCEL_REQUEST, &[0; 8]].concat()
}

/// A StartupMessage of protocol 3.0 for `user` and `database`. It contains no secret.
pub fn startup_message(user: &[u8], database: &[u8]) -> Vec<u8> {
    let mut contents = PROTOCOL_3_0.to_vec();
    for (name, value) in [
        (&b"user"[..], user),
        (b"database", database),
        (b"application_name", b"pgtls"),
    ] {
        // A NUL would end the value early and start another parameter.
        contents.extend(name.iter().chain(&[0]));
        contents.extend(
            value
                .iter()
                .take_while(|&&byte| byte != 0)
                .take(MAX_VALUE)
                .chain(&[0]),
        );
    }
    contents.push(0);
    let length = length_word(contents.len().saturating_add(LENGTH_WORD));
    [&length[..], &contents].concat()
}

/// The first message after the startup packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstAnswer {
    /// The server starts to authenticate us, so TLS is settled. The request, as far as it has
    /// arrived; `None` if the connection ended before its number.
    Authentication(Option<AuthRequest>),
    /// The server's FATAL.
    Error(ServerError),
    /// Something that no PostgreSQL server sends first, by its first byte.
    Unexpected(u8),
    /// The server closed without an answer.
    Closed,
}

impl FirstAnswer {
    /// Reads the answer, as far as it has arrived.
    pub fn decode(answer: &[u8]) -> Self {
        match answer.split_first() {
            None => Self::Closed,
            Some((&backend::AUTHENTICATION, body)) => {
                let contents = body.get(LENGTH_WORD..).unwrap_or_default();
                Self::Authentication(AuthRequest::decode(contents))
            }
            Some((&backend::ERROR_RESPONSE, body)) => Self::Error(ServerError::decode(body)),
            Some((&other, _)) => Self::Unexpected(other),
        }
    }

    /// Has enough arrived: a whole error, the number of an authentication request, or too much?
    pub fn is_decided(answer: &[u8]) -> bool {
        let Some((&kind, body)) = answer.split_first() else {
            return false;
        };
        let Some(length) = Fields(body).u32() else {
            return !matches!(kind, backend::AUTHENTICATION | backend::ERROR_RESPONSE);
        };
        match kind {
            backend::AUTHENTICATION => body.len() >= 2 * LENGTH_WORD,
            backend::ERROR_RESPONSE => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                body.len() >= length || answer.len() > MAX_ERROR
            }
            _ => true,
        }
    }

    /// Has a backend started for us, so that we must send Terminate when we leave?
    pub fn lets_us_in(&self) -> bool {
        match self {
            Self::Authentication(request) => *request == Some(AuthRequest::Ok),
            Self::Error(_) | Self::Unexpected(_) | Self::Closed => false,
        }
    }
}

/// The code 1234 and a minor number. It is not the version of any protocol.
const fn code(minor: u8) -> [u8; 4] {
    [0x04, 0xd2, 0x16, minor]
}

/// 1234.5678.
pub const CANCEL_REQUEST: [u8; 4] = code(0x2e);
/// 1234.5679.
pub const SSL_REQUEST: [u8; 4] = code(0x2f);
/// 1234.5680.
pub const GSSENC_REQUEST: [u8; 4] = code(0x30);

/// Protocol 3.0.
pub const PROTOCOL_3_0: [u8; 4] = [0, 3, 0, 0];

/// The answer to an [`SSL_REQUEST`] that permits TLS.
pub const SSL_GRANTED: u8 = b'S';
/// The answer to a [`GSSENC_REQUEST`] that permits GSSAPI encryption.
pub const GSSENC_GRANTED: u8 = b'G';
/// The answer that permits neither.
pub const NOT_GRANTED: u8 = b'N';

/// `MAX_STARTUP_PACKET_LENGTH` of PostgreSQL (bytes, length word included).
pub const MAX_PACKET: usize = 10_000;

/// Keeps every packet below [`MAX_PACKET`] (bytes).
const MAX_VALUE: usize = 4096;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_startup_message_is_that_of_protocol_3() {
        let packet = startup_message(b"ann", b"db");
        assert_eq!(
            packet,
            b"\0\0\0\x35\0\x03\0\0user\0ann\0database\0db\0application_name\0pgtls\0\0"
        );
        assert_eq!(packet.len(), 0x35);
        assert_eq!(Packet::decode(&packet[4..]), Some(Packet::Startup));
    }

    #[test]
    fn a_nul_in_a_name_starts_no_new_parameter() {
        let packet = startup_message(b"ann\0options\0-c x", b"db");
        assert!(!packet.windows(7).any(|window| window == b"options"));
    }

    #[test]
    fn no_name_makes_a_packet_that_is_too_long() {
        let name = [b'x'; MAX_PACKET];
        assert!(startup_message(&name, &name).len() <= MAX_PACKET);
    }

    #[test]
    fn requests_have_the_numbers_of_the_documentation() {
        let number = |code: [u8; 4]| {
            let [a, b, c, d] = code;
            (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
        };
        assert_eq!(number(CANCEL_REQUEST), (1234, 5678));
        assert_eq!(number(SSL_REQUEST), (1234, 5679));
        assert_eq!(number(GSSENC_REQUEST), (1234, 5680));
        assert_eq!(request(SSL_REQUEST), *b"\0\0\0\x08\x04\xd2\x16\x2f");
        let cancel = cancel_nobody();
        assert_eq!(cancel, b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\0\0\0\0\0");
    }

    #[test]
    fn packets_are_distinguished_by_code_and_length() {
        for (contents, packet) in [
            (&b"\x04\xd2\x16\x2f"[..], Some(Packet::SslRequest)),
            (b"\x04\xd2\x16\x30", Some(Packet::GssencRequest)),
            (b"\x04\xd2\x16\x2e12345678", Some(Packet::CancelRequest)),
            (b"\0\x03\0\0\0", Some(Packet::Startup)),
            (b"\0\x02\0\0", Some(Packet::Startup)),
            (b"\0\x04\0\0", None),
            (b"\x04\xd2\x16\x2f\0", None),
            (b"\xff\xff\xff\xff", None),
            (b"\0\x03\0", None),
            (b"", None),
        ] {
            assert_eq!(Packet::decode(contents), packet, "{contents:?}");
        }
    }

    #[test]
    fn the_first_answer_is_recognized_by_its_first_byte() {
        for (answer, expected) in [
            (&b""[..], FirstAnswer::Closed),
            (b"Hello", FirstAnswer::Unexpected(b'H')),
            // Protocol 3.0 without options leaves nothing to negotiate.
            (b"v\0\0\0\x0c", FirstAnswer::Unexpected(b'v')),
            (b"R\0\0", FirstAnswer::Authentication(None)),
            (
                b"R\0\0\0\x0c\0\0\0\x05abcd",
                FirstAnswer::Authentication(Some(AuthRequest::Md5Password)),
            ),
        ] {
            assert_eq!(FirstAnswer::decode(answer), expected, "{answer:?}");
            assert!(!expected.lets_us_in(), "{answer:?}");
        }
        let FirstAnswer::Error(error) = FirstAnswer::decode(b"E\0\0\0\x1bSFATAL\0C28000\0Mno\0\0")
        else {
            panic!("an E is an error");
        };
        assert_eq!(error.sqlstate.as_deref(), Some("28000"));
        assert!(FirstAnswer::decode(b"R\0\0\0\x08\0\0\0\0").lets_us_in());
    }

    #[test]
    fn an_answer_is_read_until_it_is_decided() {
        for decided in [
            &b"E\0\0\0\x0cMabcdef\0\0"[..],
            b"R\0\0\0\x08\0\0\0\0",
            b"H",
            b"\x15\x03",
        ] {
            assert!(FirstAnswer::is_decided(decided), "{decided:?}");
        }
        for open in [
            &b""[..],
            b"E",
            b"E\0\0\0\x0cMabc",
            b"E\xff\xff\xff\xff",
            b"R\0\0\0",
            b"R\0\0\0\x08\0\0\0",
        ] {
            assert!(!FirstAnswer::is_decided(open), "{open:?}");
        }
        // But not endlessly.
        let endless = [&b"E\xff\xff\xff\xff"[..], &[b'x'; MAX_ERROR]].concat();
        assert!(FirstAnswer::is_decided(&endless));
    }

    proptest! {
        #[test]
        fn any_bytes_are_some_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (FirstAnswer::decode(&bytes), FirstAnswer::is_decided(&bytes));
            let _ = Packet::decode(&bytes);
        }
    }
}
