//! A server's first flight in TLS 1.2, up to its ServerHelloDone. All of it is in clear. Bounded.
//!
//! RFC 5246 section 7.4; RFC 8446 sections 4.1.3 and 4.1.4 for servers that choose TLS 1.3 instead.

use super::alert::{Alert, Level};
use super::hello::{KEY_SHARE, SUPPORTED_VERSIONS};
use super::message::{
    self, CERTIFICATE, CERTIFICATE_REQUEST, SERVER_HELLO, SERVER_HELLO_DONE, SERVER_KEY_EXCHANGE,
};
use super::record::{ALERT, HANDSHAKE, may_begin};
use super::version::TlsVersion;
use crate::wire::Fields;

/// What a server has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Its whole first flight of TLS 1.2, or of an older version.
    Flight(Box<Flight>),
    /// It chooses TLS 1.3, and perhaps asks for a key share of a group.
    Tls13 {
        /// The suite.
        suite: u16,
        /// The group.
        group: Option<u16>,
    },
    /// It refuses.
    Alert(Alert),
    /// Something that no TLS server sends here, or more than any does.
    Malformed,
}

/// A server's first flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flight {
    /// The ServerHello.
    pub hello: ServerHello,
    /// DER of the certificates as presented, the server's own first.
    pub certificates: Vec<Vec<u8>>,
    /// The contents of the ServerKeyExchange; `None` with RSA key exchange, which has none.
    pub key_exchange: Option<Vec<u8>>,
    /// DER of the names in the CertificateRequest; `None` if the server sent none.
    pub authorities: Option<Vec<Vec<u8>>>,
}

/// A ServerHello of TLS 1.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// The version.
    pub version: u16,
    /// The server's random bytes.
    pub random: [u8; 32],
    /// The suite.
    pub suite: u16,
    /// The compression method; 0 means none.
    pub compression: u8,
    /// The extensions by kind, with their contents.
    pub extensions: Vec<(u16, Vec<u8>)>,
}

impl ServerHello {
    /// The contents of an extension.
    pub fn extension(&self, wanted: u16) -> Option<&[u8]> {
        let found = self.extensions.iter().find(|(kind, _)| *kind == wanted);
        found.map(|(_, contents)| contents.as_slice())
    }
}

/// Reads a flight as it arrives. Every byte is looked at once, in pieces of any size.
#[derive(Debug, Default)]
pub struct FlightReader {
    /// Bytes of a record that is not complete.
    record: Vec<u8>,
    /// Bytes of a message that is not complete.
    messages: Vec<u8>,
    /// All bytes so far.
    count: usize,
    hello: Option<ServerHello>,
    certificates: Option<Vec<Vec<u8>>>,
    key_exchange: Option<Vec<u8>>,
    authorities: Option<Vec<Vec<u8>>>,
}

impl FlightReader {
    /// Takes what has arrived; `None` means that more is needed.
    pub fn hear(&mut self, bytes: &[u8]) -> Option<Answer> {
        self.count = self.count.saturating_add(bytes.len());
        if self.count > MAX_FLIGHT {
            return Some(Answer::Malformed);
        }
        self.record.extend_from_slice(bytes);
        loop {
            match self.next_record() {
                Ok(None) => return None,
                Ok(Some((HANDSHAKE, contents))) => {
                    self.messages.extend_from_slice(&contents);
                    if let Some(answer) = self.read_messages() {
                        return Some(answer);
                    }
                }
                Ok(Some((_, contents))) => match Alert::decode(&contents) {
                    Some((_, alert @ Alert::CLOSE_NOTIFY) | (Level::Fatal, alert)) => {
                        return Some(Answer::Alert(alert));
                    }
                    // A warning such as unrecognized_name: the handshake continues.
                    Some((Level::Warning, _)) => {}
                    None => return Some(Answer::Malformed),
                },
                Err(NotTls) => return Some(Answer::Malformed),
            }
        }
    }

    /// Takes the first whole record, with its kind.
    fn next_record(&mut self) -> Result<Option<(u8, Vec<u8>)>, NotTls> {
        let mut fields = Fields(&self.record);
        let (Some(kind), Some(version), Some(length)) = (fields.u8(), fields.u16(), fields.u16())
        else {
            return match may_begin(&self.record) {
                true => Ok(None),
                false => Err(NotTls),
            };
        };
        let length = usize::from(length);
        if !matches!(kind, ALERT | HANDSHAKE)
            || !(SSL_3_0..=TlsVersion::V1_3.number()).contains(&version)
            || length > MAX_CONTENTS
        {
            return Err(NotTls);
        }
        let Some(contents) = fields.take(length) else {
            return Ok(None);
        };
        let contents = contents.to_vec();
        let rest = fields.0.len();
        let read = self.record.len().saturating_sub(rest);
        self.record.drain(..read);
        Ok(Some((kind, contents)))
    }

    /// Reads all whole messages.
    fn read_messages(&mut self) -> Option<Answer> {
        loop {
            let mut fields = Fields(&self.messages);
            let kind = fields.u8()?;
            let length = usize::try_from(fields.u24()?).ok()?;
            if length > MAX_MESSAGE {
                return Some(Answer::Malformed);
            }
            let body = fields.take(length)?.to_vec();
            let rest = fields.0.len();
            let read = self.messages.len().saturating_sub(rest);
            self.messages.drain(..read);
            match self.take_message(kind, &body) {
                Ok(None) => {}
                Ok(Some(answer)) => return Some(answer),
                Err(NotTls) => return Some(Answer::Malformed),
            }
        }
    }

    fn take_message(&mut self, kind: u8, body: &[u8]) -> Result<Option<Answer>, NotTls> {
        match (kind, &self.hello, &self.certificates) {
            // OpenSSL passes over it at any time (`tls_get_message_header`).
            (HELLO_REQUEST, _, _) if body.is_empty() => {}
            (SERVER_HELLO, None, _) => {
                let hello = server_hello(body).ok_or(NotTls)?;
                if let Some(versions) = hello.extension(SUPPORTED_VERSIONS) {
                    if versions != TlsVersion::V1_3.number().to_be_bytes() {
                        return Err(NotTls);
                    }
                    let share = hello.extension(KEY_SHARE);
                    return Ok(Some(Answer::Tls13 {
                        suite: hello.suite,
                        group: share.and_then(|share| Fields(share).u16()),
                    }));
                }
                self.hello = Some(hello);
            }
            (CERTIFICATE, Some(_), None) => {
                self.certificates = Some(certificates(body).ok_or(NotTls)?);
            }
            (SERVER_KEY_EXCHANGE, Some(_), Some(_))
                if self.key_exchange.is_none() && self.authorities.is_none() =>
            {
                self.key_exchange = Some(body.to_vec());
            }
            (CERTIFICATE_REQUEST, Some(_), Some(_)) if self.authorities.is_none() => {
                self.authorities = Some(authorities(body).ok_or(NotTls)?);
            }
            (SERVER_HELLO_DONE, Some(hello), Some(certificates))
                if body.is_empty() && self.messages.is_empty() && self.record.is_empty() =>
            {
                return Ok(Some(Answer::Flight(Box::new(Flight {
                    hello: hello.clone(),
                    certificates: certificates.clone(),
                    key_exchange: self.key_exchange.take(),
                    authorities: self.authorities.take(),
                }))));
            }
            _ => return Err(NotTls),
        }
        Ok(None)
    }
}

/// What has arrived is not TLS, or is not allowed here.
struct NotTls;

fn server_hello(body: &[u8]) -> Option<ServerHello> {
    let mut fields = Fields(body);
    let version = fields.u16()?;
    let random = *fields.take(32)?.first_chunk()?;
    let session = fields.block8()?;
    let suite = fields.u16()?;
    let compression = fields.u8()?;
    let mut extensions = Vec::new();
    // An old server may have no extensions at all.
    if !fields.is_empty() {
        let mut list = Fields(fields.block16()?);
        while !list.is_empty() {
            let kind = list.u16()?;
            let contents = list.block16()?;
            if extensions.iter().any(|(other, _)| *other == kind) {
                return None;
            }
            extensions.push((kind, contents.to_vec()));
        }
    }
    (fields.is_empty() && session.len() <= 32).then_some(ServerHello {
        version,
        random,
        suite,
        compression,
        extensions,
    })
}

fn certificates(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let certificates = message::certificates(body)?;
    (!certificates.is_empty()).then(|| certificates.into_iter().map(<[u8]>::to_vec).collect())
}

/// The names in a CertificateRequest (RFC 5246 section 7.4.4), the first few.
fn authorities(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut fields = Fields(body);
    // Types of certificates, and signature algorithms.
    fields.block8()?;
    fields.block16()?;
    let mut list = Fields(fields.block16()?);
    let mut names = Vec::new();
    while !list.is_empty() {
        let name = list.block16()?;
        if names.len() < MAX_AUTHORITIES {
            names.push(name.to_vec());
        }
    }
    fields.is_empty().then_some(names)
}

const HELLO_REQUEST: u8 = 0;

const SSL_3_0: u16 = 0x0300;

/// RFC 5246 section 6.2.1 (bytes).
const MAX_CONTENTS: usize = 1 << 14;

/// The limit of rustls, so that a long chain has the same verdict in both looks (bytes).
const MAX_MESSAGE: usize = 0xffff;

/// Certificates, names of authorities and the rest (bytes).
const MAX_FLIGHT: usize = 256 * 1024;

/// How many authorities of a CertificateRequest are kept for the report.
const MAX_AUTHORITIES: usize = 5;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::record::encode;
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let [_, length @ ..] = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind][..], &length, body].concat()
    }

    fn records(messages: &[Vec<u8>]) -> Vec<u8> {
        let messages = messages.concat();
        // Records need not end where messages do.
        let pieces = messages.chunks(100);
        let records = pieces.map(|piece| encode(HANDSHAKE, TlsVersion::V1_2, piece));
        records.collect::<Vec<_>>().concat()
    }

    fn hello(extensions: &[u8]) -> Vec<u8> {
        let mut body = [&[3, 3][..], &[9; 32], &[0, 0xc0, 0x28, 0]].concat();
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
        message(SERVER_HELLO, &body)
    }

    fn chain() -> Vec<u8> {
        let one = [&[0, 0, 3][..], b"abc"].concat();
        let two = [&[0, 0, 200][..], &[7; 200]].concat();
        message(CERTIFICATE, &[&[0, 0, 209][..], &one, &two].concat())
    }

    fn request() -> Vec<u8> {
        message(
            CERTIFICATE_REQUEST,
            &[1, 1, 0, 2, 4, 3, 0, 4, 0, 2, 0x30, 0],
        )
    }

    fn whole() -> Vec<Vec<u8>> {
        vec![
            hello(&[0xff, 1, 0, 1, 0]),
            chain(),
            message(SERVER_KEY_EXCHANGE, b"signed"),
            request(),
            message(SERVER_HELLO_DONE, &[]),
        ]
    }

    fn read(bytes: &[u8]) -> Option<Answer> {
        FlightReader::default().hear(bytes)
    }

    #[test]
    fn a_flight_is_read_in_pieces_of_any_size() {
        let bytes = records(&whole());
        let mut reader = FlightReader::default();
        let (last, others) = bytes.split_last().unwrap();
        for byte in others {
            assert_eq!(reader.hear(&[*byte]), None);
        }
        let slowly = reader.hear(&[*last]);
        assert_eq!(slowly, read(&bytes));
        let Some(Answer::Flight(flight)) = slowly else {
            panic!("{slowly:?}");
        };
        assert_eq!(flight.hello.suite, 0xc028);
        assert_eq!(flight.hello.extension(0xff01), Some(&[0][..]));
        assert_eq!(flight.certificates, [b"abc".to_vec(), vec![7; 200]]);
        assert_eq!(flight.key_exchange.as_deref(), Some(&b"signed"[..]));
        assert_eq!(flight.authorities, Some(vec![vec![0x30, 0]]));
    }

    #[test]
    fn messages_that_are_missing_doubled_or_misplaced_are_refused() {
        let done = || message(SERVER_HELLO_DONE, &[]);
        let signed = || message(SERVER_KEY_EXCHANGE, b"signed");
        let twice = [0, 35, 0, 0, 0, 35, 0, 0];
        for (name, messages) in [
            ("no certificate", vec![hello(&[]), signed(), done()]),
            ("no hello", vec![chain(), signed(), done()]),
            ("two hellos", vec![hello(&[]), hello(&[])]),
            ("two chains", vec![hello(&[]), chain(), chain()]),
            ("two keys", vec![hello(&[]), chain(), signed(), signed()]),
            ("a late key", vec![hello(&[]), chain(), request(), signed()]),
            (
                "an empty chain",
                vec![hello(&[]), message(CERTIFICATE, &[0, 0, 0])],
            ),
            (
                "a full end",
                vec![hello(&[]), chain(), message(SERVER_HELLO_DONE, b"x")],
            ),
            ("more behind it", vec![hello(&[]), chain(), done(), done()]),
            ("an extension twice", vec![hello(&twice)]),
            (
                "too long a message",
                vec![hello(&[]), vec![CERTIFICATE, 1, 0, 0]],
            ),
        ] {
            assert_eq!(read(&records(&messages)), Some(Answer::Malformed), "{name}");
        }
        let unsigned = vec![hello(&[]), message(0, &[]), chain(), done()];
        let Some(Answer::Flight(flight)) = read(&records(&unsigned)) else {
            panic!("a flight of RSA key exchange is whole");
        };
        assert_eq!(flight.key_exchange, None);
    }

    #[test]
    fn tls_1_3_alerts_and_other_bytes_are_told_apart() {
        let tls13 = [0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 30];
        let group = Some(30);
        let expected = Answer::Tls13 {
            suite: 0xc028,
            group,
        };
        assert_eq!(read(&records(&[hello(&tls13)])), Some(expected));
        let tls12 = [0, 43, 0, 2, 3, 3];
        assert_eq!(read(&records(&[hello(&tls12)])), Some(Answer::Malformed));
        let alert = encode(ALERT, TlsVersion::V1_2, &[2, 40]);
        let refused = Some(Answer::Alert(Alert::HANDSHAKE_FAILURE));
        assert_eq!(read(&alert), refused);
        let warning = encode(ALERT, TlsVersion::V1_2, &[1, 112]);
        assert_eq!(read(&[warning, alert].concat()), refused);
        for bytes in [
            &b"HTTP/1.1"[..],
            &[23, 3, 3, 0, 1, 0],
            &[22, 3, 3, 0xff, 0xff],
        ] {
            assert_eq!(read(bytes), Some(Answer::Malformed), "{bytes:?}");
        }
        let endless = encode(ALERT, TlsVersion::V1_2, &[1, 112]).repeat(MAX_FLIGHT / 7 + 1);
        assert_eq!(read(&endless), Some(Answer::Malformed));
    }

    proptest! {
        #[test]
        fn nothing_that_arrives_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
            let _ = read(&encode(HANDSHAKE, TlsVersion::V1_2, &bytes));
            for kind in [SERVER_HELLO, CERTIFICATE, CERTIFICATE_REQUEST] {
                let messages = [hello(&[]), chain(), message(kind, &bytes)];
                let skip = usize::from(kind == CERTIFICATE);
                let _ = read(&records(&messages[..2 - skip]));
                let _ = read(&records(&[message(kind, &bytes)]));
            }
        }
    }
}
