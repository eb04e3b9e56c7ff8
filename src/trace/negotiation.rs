//! The packets without a kind that begin a connection, and the byte that answers them. Pure and bounded.
//!
//! PostgreSQL documentation, "Message Flow", sections "SSL Session Encryption" and "GSSAPI Session Encryption".

use super::seen::Step;
use crate::wire::postgres::frame::backend;
use crate::wire::postgres::startup::{
    GSSENC_GRANTED, MAX_PACKET, NOT_GRANTED, Packet, SSL_GRANTED,
};
use crate::wire::tls::record;

/// What the application's bytes begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening<'a> {
    /// Too few bytes.
    More,
    /// TLS without a request.
    Tls,
    /// A request, and how many bytes it has.
    Request(Request, usize),
    /// A StartupMessage without its length word, and how many bytes it has with it.
    Startup(&'a [u8], usize),
    /// To cancel a query.
    Cancel,
    /// Not PostgreSQL's protocol.
    Foreign,
}

/// What an application may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Tls,
    Gssapi,
}

impl Request {
    pub(super) const fn step(self) -> Step {
        match self {
            Self::Tls => Step::SslRequest,
            Self::Gssapi => Step::GssencRequest,
        }
    }
}

/// What the server answers to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Granted,
    Refused,
    /// An ErrorResponse.
    Error,
    /// Something that PostgreSQL does not send.
    Strange,
}

/// Reads the first packet.
pub(super) fn opening(bytes: &[u8]) -> Opening<'_> {
    if record::begins(bytes) {
        return Opening::Tls;
    }
    // A packet's length begins with a zero, a record with 21 or 22.
    let Some(word) = bytes.first_chunk::<4>() else {
        return match bytes {
            [] | [0, ..] => Opening::More,
            _ if record::may_begin(bytes) => Opening::More,
            _ => Opening::Foreign,
        };
    };
    let length = usize::try_from(u32::from_be_bytes(*word)).unwrap_or(usize::MAX);
    if !(8..=MAX_PACKET).contains(&length) {
        return Opening::Foreign;
    }
    let Some(contents) = bytes.get(4..length) else {
        return Opening::More;
    };
    match Packet::decode(contents) {
        Some(Packet::SslRequest) => Opening::Request(Request::Tls, length),
        Some(Packet::GssencRequest) => Opening::Request(Request::Gssapi, length),
        Some(Packet::CancelRequest) => Opening::Cancel,
        Some(Packet::Startup) => Opening::Startup(contents, length),
        None => Opening::Foreign,
    }
}

/// Reads the answer to a request.
pub(super) const fn answer(request: Request, byte: u8) -> Answer {
    match (request, byte) {
        (Request::Tls, SSL_GRANTED) | (Request::Gssapi, GSSENC_GRANTED) => Answer::Granted,
        (_, NOT_GRANTED) => Answer::Refused,
        (_, backend::ERROR_RESPONSE) => Answer::Error,
        _ => Answer::Strange,
    }
}

/// The step that an answer is.
pub(super) const fn step(request: Request, answer: Answer) -> Step {
    match (request, answer) {
        (Request::Tls, Answer::Granted) => Step::SslAccepted,
        (Request::Tls, Answer::Refused) => Step::SslRefused,
        (Request::Gssapi, Answer::Granted) => Step::GssencAccepted,
        (Request::Gssapi, Answer::Refused) => Step::GssencRefused,
        (_, Answer::Error) => Step::Error,
        (_, Answer::Strange) => Step::StrangeAnswer,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_packets_are_distinguished() {
        let cases: [(&[u8], Opening<'_>); 14] = [
            (b"", Opening::More),
            (b"\0", Opening::More),
            (b"\0\0\0\x08\x04\xd2", Opening::More),
            (
                b"\0\0\0\x08\x04\xd2\x16\x2f",
                Opening::Request(Request::Tls, 8),
            ),
            (
                b"\0\0\0\x08\x04\xd2\x16\x30more",
                Opening::Request(Request::Gssapi, 8),
            ),
            (b"\0\0\0\x10\x04\xd2\x16\x2e12345678", Opening::Cancel),
            (
                b"\0\0\0\x09\0\x03\0\0\0rest",
                Opening::Startup(b"\0\x03\0\0\0", 9),
            ),
            (b"\x16", Opening::More),
            (b"\x16\x03\x01", Opening::Tls),
            (b"\x16\x09", Opening::Foreign),
            (b"GET / HTTP/1.1", Opening::Foreign),
            (b"\0\0\0\x07", Opening::Foreign),
            (b"\0\0\x27\x11", Opening::Foreign),
            (b"\0\0\0\x08\xff\xff\xff\xff", Opening::Foreign),
        ];
        for (bytes, expected) in cases {
            assert_eq!(opening(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn one_byte_answers() {
        for (request, byte, expected) in [
            (Request::Tls, b'S', Step::SslAccepted),
            (Request::Tls, b'N', Step::SslRefused),
            (Request::Tls, b'G', Step::StrangeAnswer),
            (Request::Gssapi, b'G', Step::GssencAccepted),
            (Request::Gssapi, b'N', Step::GssencRefused),
            (Request::Gssapi, b'E', Step::Error),
            (Request::Tls, b'H', Step::StrangeAnswer),
        ] {
            assert_eq!(step(request, answer(request, byte)), expected);
        }
    }

    proptest! {
        #[test]
        fn a_packet_is_no_longer_than_what_arrived(
            bytes in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            for bytes in [bytes.clone(), [&[0, 0, 0, 20, 0, 3][..], &bytes].concat()] {
                if let Opening::Request(_, length) | Opening::Startup(_, length) = opening(&bytes) {
                    prop_assert!(length <= bytes.len());
                }
            }
        }
    }
}
