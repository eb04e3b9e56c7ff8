//! What a server answers to a ClientHello, as far as it is not encrypted. Pure and bounded.
//!
//! RFC 8446 sections 4.1.3, 4.1.4, 5.1 and 6; RFC 5246 section 7.4; RFC 8422 section 5.4 for the
//! ServerKeyExchange of elliptic curves.

use super::alert::Alert;
use super::hello::{
    EXTENDED_MASTER_SECRET, KEY_SHARE, RENEGOTIATION_INFO, SESSION_TICKET, SUPPORTED_VERSIONS,
};
use super::message::{CERTIFICATE, NAMED_CURVE, SERVER_HELLO, SERVER_KEY_EXCHANGE};
use super::record::{End, handshake_messages};
use super::suite::{KeyExchange, Suite};
use super::version::TlsVersion;
use crate::wire::Fields;

/// How far to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// To the end of the ServerHello.
    Hello,
    /// To the ServerKeyExchange of an ephemeral suite of TLS 1.2 or before.
    Parameters,
}

/// The state after the bytes that have arrived so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Too few.
    More,
    /// The server refuses.
    Alert(Alert),
    /// The server has chosen.
    Chosen(Chosen),
    /// This is not TLS, or is not allowed here.
    Malformed,
}

/// What the server has chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The version, from `supported_versions` or from the hello itself.
    pub version: u16,
    /// The suite.
    pub suite: u16,
    /// The compression method; 0 means none.
    pub compression: u8,
    /// The group, if TLS 1.3 or a ServerKeyExchange names one.
    pub group: Option<u16>,
    /// The size of the prime of a finite-field exchange, in bits.
    pub prime_bits: Option<u16>,
    /// The server announces secure renegotiation (RFC 5746): in a first handshake the extension is
    /// empty.
    pub renegotiation_info: bool,
    /// The server announces a session ticket (RFC 5077).
    pub session_ticket: bool,
    /// The server agrees to the extended master secret (RFC 7627).
    pub extended_master_secret: bool,
}

/// Reads what has arrived so far.
pub fn read(bytes: &[u8], want: Want) -> Step {
    let (messages, end) = handshake_messages(bytes);
    match read_messages(&messages, want) {
        Step::More => match end {
            End::Open if bytes.len() < MAX_REPLY => Step::More,
            End::Alert(alert) => Step::Alert(alert),
            End::Open | End::NotTls => Step::Malformed,
        },
        step @ (Step::Alert(_) | Step::Chosen(_) | Step::Malformed) => step,
    }
}

fn read_messages(mut bytes: &[u8], want: Want) -> Step {
    let mut chosen: Option<Chosen> = None;
    loop {
        let Some((kind, body, rest)) = message(bytes) else {
            return Step::More;
        };
        bytes = rest;
        match (kind, &mut chosen) {
            (SERVER_HELLO, None) => {
                let Some(hello) = server_hello(body) else {
                    return Step::Malformed;
                };
                if want == Want::Hello {
                    return Step::Chosen(hello);
                }
                chosen = Some(hello);
            }
            (CERTIFICATE | CERTIFICATE_STATUS, Some(_)) => {}
            (SERVER_KEY_EXCHANGE, Some(chosen)) => {
                return match key_exchange(body, chosen.clone()) {
                    Some(chosen) => Step::Chosen(chosen),
                    None => Step::Malformed,
                };
            }
            // This message comes after the ServerKeyExchange, so there is none.
            _ => return Step::Malformed,
        }
    }
}

/// Kind and contents of the first handshake message, and what follows; `None` if it is incomplete.
fn message(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let mut fields = Fields(bytes);
    let kind = fields.u8()?;
    let length = fields.u24()?;
    let body = fields.take(usize::try_from(length).ok()?)?;
    Some((kind, body, fields.0))
}

/// What a ServerHello begins with.
struct Start {
    version: u16,
    random: [u8; 32],
    suite: u16,
}

impl Start {
    fn take(fields: &mut Fields<'_>) -> Option<Self> {
        let version = fields.u16()?;
        let random = *fields.take(32)?.first_chunk()?;
        fields.block8()?;
        let suite = fields.u16()?;
        Some(Self {
            version,
            random,
            suite,
        })
    }
}

/// Reads the body of a ServerHello, or of a HelloRetryRequest.
pub(crate) fn server_hello(body: &[u8]) -> Option<Chosen> {
    let mut fields = Fields(body);
    let start = Start::take(&mut fields)?;
    let retry = start.random == HELLO_RETRY_REQUEST;
    let mut chosen = Chosen {
        version: start.version,
        suite: start.suite,
        compression: fields.u8()?,
        ..Chosen::default()
    };
    // An old server may have no extensions at all.
    let mut extensions = match fields.0 {
        [] => Fields(&[]),
        _ => Fields(fields.block16()?),
    };
    while !extensions.is_empty() {
        let kind = extensions.u16()?;
        let mut contents = Fields(extensions.block16()?);
        match kind {
            SUPPORTED_VERSIONS => chosen.version = contents.u16()?,
            KEY_SHARE => chosen.group = Some(contents.u16()?),
            RENEGOTIATION_INFO => chosen.renegotiation_info = contents.0 == [0],
            SESSION_TICKET => chosen.session_ticket = true,
            EXTENDED_MASTER_SECRET => chosen.extended_master_secret = true,
            _ => {}
        }
    }
    // Only TLS 1.3 has retries.
    (!retry || chosen.version == TlsVersion::V1_3.number()).then_some(chosen)
}

fn key_exchange(body: &[u8], chosen: Chosen) -> Option<Chosen> {
    let mut fields = Fields(body);
    Some(match Suite::of(chosen.suite)?.key_exchange() {
        KeyExchange::Ecdhe => {
            let NAMED_CURVE = fields.u8()? else {
                return None;
            };
            Chosen {
                group: Some(fields.u16()?),
                ..chosen
            }
        }
        KeyExchange::Dhe => {
            let prime = fields.block16()?;
            let zeros = prime.iter().take_while(|byte| **byte == 0).count();
            let bits = prime.get(zeros..)?.len().checked_mul(8)?;
            let leading = prime.get(zeros)?.leading_zeros();
            let bits = bits.checked_sub(usize::try_from(leading).ok()?)?;
            Chosen {
                prime_bits: u16::try_from(bits).ok(),
                ..chosen
            }
        }
        KeyExchange::Tls13 | KeyExchange::Static => return None,
    })
}

const CERTIFICATE_STATUS: u8 = 22;

/// Is this ServerHello a HelloRetryRequest?
pub(crate) fn is_retry(body: &[u8]) -> bool {
    body.get(2..34) == Some(&HELLO_RETRY_REQUEST)
}

/// RFC 8446 section 4.1.3: the SHA-256 of "HelloRetryRequest" in place of the random bytes.
const HELLO_RETRY_REQUEST: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// No honest flight of a server is longer (bytes).
pub const MAX_REPLY: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::record::{ALERT, HANDSHAKE, encode};
    use super::*;

    fn record(kind: u8, contents: &[u8]) -> Vec<u8> {
        encode(kind, TlsVersion::V1_2, contents)
    }

    fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
        let [_, length @ ..] = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind][..], &length, body].concat()
    }

    /// A ServerHello with these extensions, each after its kind and length.
    fn hello(random: [u8; 32], suite: u16, compression: u8, extensions: &[u8]) -> Vec<u8> {
        let mut body = [&[3, 3][..], &random, &[0]].concat();
        body.extend(suite.to_be_bytes());
        body.push(compression);
        if !extensions.is_empty() {
            body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
            body.extend(extensions);
        }
        handshake(SERVER_HELLO, &body)
    }

    #[test]
    fn a_server_hello_says_what_was_chosen() {
        let extensions = [0xff, 1, 0, 1, 0, 0, 35, 0, 0, 0, 23, 0, 0];
        let bytes = record(HANDSHAKE, &hello([9; 32], 0xc02f, 1, &extensions));
        let expected = Chosen {
            version: 0x0303,
            suite: 0xc02f,
            compression: 1,
            renegotiation_info: true,
            session_ticket: true,
            extended_master_secret: true,
            ..Chosen::default()
        };
        assert_eq!(read(&bytes, Want::Hello), Step::Chosen(expected));
        let bytes = record(HANDSHAKE, &hello([9; 32], 5, 0, &[]));
        assert!(matches!(read(&bytes, Want::Hello), Step::Chosen(_)));
    }

    #[test]
    fn a_hello_retry_request_names_version_suite_and_group() {
        let extensions = [0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 23];
        let message = hello(HELLO_RETRY_REQUEST, 0x1302, 0, &extensions);
        let expected = Chosen {
            version: 0x0304,
            suite: 0x1302,
            group: Some(23),
            ..Chosen::default()
        };
        let bytes = record(HANDSHAKE, &message);
        assert_eq!(read(&bytes, Want::Hello), Step::Chosen(expected));
        // Without TLS 1.3 there is no retry.
        let bytes = record(HANDSHAKE, &hello(HELLO_RETRY_REQUEST, 0xc02f, 0, &[]));
        assert_eq!(read(&bytes, Want::Hello), Step::Malformed);
    }

    #[test]
    fn a_server_key_exchange_names_the_curve_or_the_size_of_the_prime() {
        let flight = |suite, parameters: &[u8]| {
            let messages = [
                hello([9; 32], suite, 0, &[]),
                handshake(CERTIFICATE, &[0; 300]),
                handshake(SERVER_KEY_EXCHANGE, parameters),
            ];
            // Records need not end where messages do.
            let messages = messages.concat();
            let pieces = messages.chunks(100).map(|piece| record(HANDSHAKE, piece));
            pieces.collect::<Vec<_>>().concat()
        };
        let chosen = |bytes: &[u8]| {
            let Step::Chosen(chosen) = read(bytes, Want::Parameters) else {
                panic!("nothing was chosen");
            };
            (chosen.group, chosen.prime_bits)
        };
        assert_eq!(chosen(&flight(0xc02f, &[3, 0, 29, 1, 2])), (Some(29), None));
        let prime = |first: &[u8]| [&[0, 128][..], first, &vec![0xff; 128 - first.len()]].concat();
        assert_eq!(chosen(&flight(0x009e, &prime(&[0x80]))), (None, Some(1024)));
        assert_eq!(chosen(&flight(0x009e, &prime(&[0, 1]))), (None, Some(1009)));
        for (suite, parameters) in [
            (0xc02f, &[1, 0, 29][..]),
            (0xc02f, &[3]),
            (0x009e, &[0, 4, 0, 0, 0, 0]),
            (0x009e, &[0, 4, 1]),
            (0x002f, &[3, 0, 29]),
            (0x1301, &[3, 0, 29]),
            (0xeeee, &[3, 0, 29]),
        ] {
            let bytes = flight(suite, parameters);
            assert_eq!(read(&bytes, Want::Parameters), Step::Malformed, "{suite:x}");
        }
        let done = [hello([9; 32], 0x002f, 0, &[]), handshake(14, &[])].concat();
        let bytes = record(HANDSHAKE, &done);
        assert_eq!(read(&bytes, Want::Parameters), Step::Malformed);
    }

    #[test]
    fn a_fatal_alert_is_a_refusal_and_a_warning_is_none() {
        let fatal = record(ALERT, &[2, 70]);
        assert_eq!(read(&fatal, Want::Hello), Step::Alert(Alert(70)));
        let warning = record(ALERT, &[1, 112]);
        assert_eq!(read(&warning, Want::Hello), Step::More);
        let both = [
            warning.clone(),
            record(HANDSHAKE, &hello([9; 32], 5, 0, &[])),
        ]
        .concat();
        assert!(matches!(read(&both, Want::Hello), Step::Chosen(_)));
        let closed = [warning, record(ALERT, &[1, 0])].concat();
        assert_eq!(read(&closed, Want::Hello), Step::Alert(Alert(0)));
    }

    #[test]
    fn bytes_that_are_not_tls_are_not_an_answer() {
        for bytes in [
            &b"N"[..],
            b"HTTP/1.1 400",
            b"E\0\0\0\x10",
            &[22, 2, 0],
            &[22, 3, 5, 0],
            &[23, 3, 3, 0, 1, 0],
            &[22, 3, 3, 0xff, 0xff],
            &[21, 3, 3, 0, 1, 2],
        ] {
            assert_eq!(read(bytes, Want::Hello), Step::Malformed, "{bytes:?}");
        }
    }

    #[test]
    fn a_part_of_an_answer_waits_for_the_rest() {
        let bytes = record(HANDSHAKE, &hello([9; 32], 0xc02f, 0, &[0, 35, 0, 0]));
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end], Want::Hello), Step::More, "{end}");
        }
        // But not endlessly.
        let endless = record(ALERT, &[1, 112]).repeat(MAX_REPLY / 7 + 1);
        assert_eq!(read(&endless, Want::Hello), Step::Malformed);
    }

    proptest! {
        #[test]
        fn nothing_that_arrives_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes, Want::Hello);
            let _ = read(&bytes, Want::Parameters);
            let _ = read(&record(HANDSHAKE, &bytes), Want::Parameters);
            let _ = read(&record(HANDSHAKE, &handshake(SERVER_HELLO, &bytes)), Want::Parameters);
            let behind = [hello([9; 32], 0x009e, 0, &[]), handshake(SERVER_KEY_EXCHANGE, &bytes)];
            let _ = read(&record(HANDSHAKE, &behind.concat()), Want::Parameters);
        }
    }
}
