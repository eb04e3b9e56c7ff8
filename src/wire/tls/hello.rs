//! ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2): builds one that offers exactly what
//! is to be tested, and reads the versions that another client offers.
//!
//! Ours has no key share: a TLS 1.3 server then names the suite and the group that it wants in a
//! HelloRetryRequest.

use super::group::Group;
use super::message::CLIENT_HELLO;
use super::record::{self, HANDSHAKE, handshake_messages};
use super::suite::Suite;
use super::version::TlsVersion;
use crate::wire::Fields;
use crate::wire::fields::{block8, block16};

/// What a ClientHello offers.
#[derive(Clone, Debug)]
pub struct ClientHello<'a> {
    /// TLS 1.3 only, or the highest of the older versions.
    pub version: TlsVersion,
    /// In the order of preference.
    pub suites: &'a [Suite],
    /// In the order of preference.
    pub groups: &'a [Group],
    /// The SNI; `None` to send none.
    pub server_name: Option<&'a [u8]>,
    /// Not a secret: the handshake ends with the server's answer.
    pub random: [u8; 32],
}

impl ClientHello<'_> {
    /// The record with the ClientHello. What is too long for its length field is cut: servers then
    /// refuse it.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let legacy = self.version.min(TlsVersion::V1_2);
        body.extend(legacy.number().to_be_bytes());
        body.extend(self.random);
        // There is no session to resume. A TLS 1.3 client then sends a fake session ID for middleboxes
        // (RFC 8446 appendix D.4).
        match self.version {
            TlsVersion::V1_3 => body.extend(block8(&self.random)),
            TlsVersion::V1_0 | TlsVersion::V1_1 | TlsVersion::V1_2 => body.push(0),
        }
        let suites: Vec<u8> = self
            .suites
            .iter()
            .flat_map(|suite| suite.id.to_be_bytes())
            .collect();
        body.extend(block16(&suites));
        // TLS 1.3 forbids offering compression. Older versions are asked whether they would compress.
        match self.version {
            TlsVersion::V1_3 => body.extend(block8(&[NO_COMPRESSION])),
            TlsVersion::V1_0 | TlsVersion::V1_1 | TlsVersion::V1_2 => {
                body.extend(block8(&[DEFLATE, NO_COMPRESSION]));
            }
        }
        body.extend(block16(&self.extensions()));

        hello_record(&body)
    }

    fn extensions(&self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut add = |kind: u16, contents: &[u8]| all.extend(extension(kind, contents));
        if let Some(name) = self.server_name {
            add(SERVER_NAME, &name_list(name));
        }
        let groups: Vec<u8> = self
            .groups
            .iter()
            .flat_map(|group| group.id.to_be_bytes())
            .collect();
        add(SUPPORTED_GROUPS, &block16(&groups));
        if self.version >= TlsVersion::V1_2 {
            let schemes: Vec<u8> = SCHEMES
                .iter()
                .flat_map(|scheme| scheme.to_be_bytes())
                .collect();
            add(SIGNATURE_ALGORITHMS, &block16(&schemes));
        }
        add(ALPN_EXTENSION, &block16(&block8(ALPN)));
        match self.version {
            TlsVersion::V1_3 => {
                add(
                    SUPPORTED_VERSIONS,
                    &block8(&self.version.number().to_be_bytes()),
                );
                add(KEY_SHARE, &block16(&[]));
            }
            TlsVersion::V1_0 | TlsVersion::V1_1 | TlsVersion::V1_2 => {
                add(EC_POINT_FORMATS, &block8(&[0]));
                add(SESSION_TICKET, &[]);
                add(EXTENDED_MASTER_SECRET, &[]);
                add(RENEGOTIATION_INFO, &block8(&[]));
            }
        }
        all
    }
}

/// A record with a ClientHello.
pub(super) fn hello_record(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    let [_, length @ ..] = length;
    let message = [&[CLIENT_HELLO][..], &length, body].concat();
    // RFC 8446 section 5.1: the record of a first ClientHello has the version of TLS 1.0.
    record::encode(HANDSHAKE, TlsVersion::V1_0, &message)
}

/// An extension after its kind and length.
pub(super) fn extension(kind: u16, contents: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &block16(contents)].concat()
}

/// The contents of `server_name` (RFC 6066 section 3).
pub(super) fn name_list(name: &[u8]) -> Vec<u8> {
    block16(&[&[HOST_NAME][..], &block16(name)].concat())
}

/// Handshake messages with another server name in each ClientHello: `change` makes it from the one
/// that is there. `None` if nothing changes, or if these are not whole messages.
pub(crate) fn with_server_name(
    messages: &[u8],
    change: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    let mut changed = Vec::with_capacity(messages.len());
    let mut rest = Fields(messages);
    let mut any = false;
    while !rest.is_empty() {
        let kind = rest.u8()?;
        let length = rest.u24()?;
        let body = rest.take(usize::try_from(length).ok()?)?;
        let renamed = match kind {
            CLIENT_HELLO => renamed_hello(body, &change),
            _ => None,
        };
        any |= renamed.is_some();
        let body = renamed.as_deref().unwrap_or(body);
        let [_, length @ ..] = u32::try_from(body.len()).ok()?.to_be_bytes();
        changed.extend([&[kind][..], &length, body].concat());
    }
    any.then_some(changed)
}

fn renamed_hello(body: &[u8], change: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut fields = Fields(body);
    // Version and random, session, suites and compression methods.
    fields.take(34)?;
    fields.block8()?;
    fields.block16()?;
    fields.block8()?;
    let before = body.len().checked_sub(fields.0.len())?;
    let mut extensions = Fields(fields.block16()?);
    let mut renamed = Vec::new();
    let mut any = false;
    while !extensions.is_empty() {
        let kind = extensions.u16()?;
        let contents = extensions.block16()?;
        let list = match kind {
            SERVER_NAME => renamed_list(contents, &change),
            _ => None,
        };
        any |= list.is_some();
        renamed.extend(kind.to_be_bytes());
        renamed.extend(block16(list.as_deref().unwrap_or(contents)));
    }
    if !any || !fields.is_empty() {
        return None;
    }
    Some([body.get(..before)?, &block16(&renamed)].concat())
}

fn renamed_list(contents: &[u8], change: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut list = Fields(Fields(contents).block16()?);
    let HOST_NAME = list.u8()? else {
        return None;
    };
    let name = change(list.block16()?)?;
    Some(name_list(&name))
}

/// The versions that the ClientHello in these records offers, by number, including unknown ones. Empty
/// if it cannot be read.
pub fn offered_versions(records: &[u8]) -> Vec<u16> {
    let (message, _) = handshake_messages(records);
    find_versions(&message).unwrap_or_default()
}

/// Reads a ClientHello up to its `supported_versions`. If it is cut after its compression methods, it
/// counts as one without extensions.
fn find_versions(message: &[u8]) -> Option<Vec<u16>> {
    let mut fields = Fields(message);
    let CLIENT_HELLO = fields.u8()? else {
        return None;
    };
    fields.u24()?;
    let legacy = fields.u16()?;
    // Random, session, suites and compression methods.
    fields.take(32)?;
    fields.block8()?;
    fields.block16()?;
    fields.block8()?;
    let Some(extensions) = fields.block16() else {
        return Some(vec![legacy]);
    };
    let mut extensions = Fields(extensions);
    while let Some(kind) = extensions.u16() {
        let contents = extensions.block16()?;
        if kind == SUPPORTED_VERSIONS {
            let mut list = Fields(Fields(contents).block8()?);
            return Some(std::iter::from_fn(|| list.u16()).collect());
        }
    }
    Some(vec![legacy])
}

/// Whether a client says that it wants to speak PostgreSQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alpn {
    /// It does, as libpq 17 and newer. Over direct TLS the server must confirm it.
    #[default]
    Named,
    /// It does not, as older versions.
    Omitted,
}

/// The protocol of PostgreSQL in IANA's registry "TLS ALPN Protocol IDs".
pub const ALPN: &[u8] = b"postgresql";

/// IANA's registry "TLS SignatureScheme": all that a server may support, including old ones, so that
/// the server can always answer.
const SCHEMES: [u16; 25] = [
    0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0603, 0x0806, 0x0601, 0x0807, 0x0808, 0x0809,
    0x080a, 0x080b, 0x081a, 0x081b, 0x081c, 0x0904, 0x0905, 0x0906, 0x0303, 0x0301, 0x0203, 0x0201,
    0x0202,
];

const NO_COMPRESSION: u8 = 0;
const DEFLATE: u8 = 1;
pub(super) const HOST_NAME: u8 = 0;

/// RFC 6066 section 3.
pub const SERVER_NAME: u16 = 0;
/// RFC 8446 section 4.2.7.
pub(super) const SUPPORTED_GROUPS: u16 = 10;
/// RFC 8422 section 5.1.2.
pub const EC_POINT_FORMATS: u16 = 11;
/// RFC 8446 section 4.2.3.
pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
/// ALPN (RFC 7301).
pub const ALPN_EXTENSION: u16 = 16;
/// RFC 7366.
pub(super) const ENCRYPT_THEN_MAC: u16 = 22;
/// RFC 7627.
pub(super) const EXTENDED_MASTER_SECRET: u16 = 23;
/// RFC 5077.
pub const SESSION_TICKET: u16 = 35;
/// RFC 8446 section 4.2.1.
pub(super) const SUPPORTED_VERSIONS: u16 = 43;
/// RFC 8446 section 4.2.8.
pub(super) const KEY_SHARE: u16 = 51;
/// RFC 5746.
pub const RENEGOTIATION_INFO: u16 = 0xff01;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rustls::server::Acceptor;

    use super::*;

    fn accept(version: TlsVersion, name: Option<&[u8]>) -> rustls::server::Accepted {
        let suites: Vec<Suite> = Suite::all().collect();
        let groups: Vec<Group> = Group::all().collect();
        let hello = ClientHello {
            version,
            suites: &suites,
            groups: &groups,
            server_name: name,
            random: [7; 32],
        };
        let mut acceptor = Acceptor::default();
        let bytes = hello.encode();
        let mut unread = bytes.as_slice();
        while !unread.is_empty() {
            acceptor.read_tls(&mut unread).unwrap();
        }
        acceptor.accept().unwrap().unwrap()
    }

    #[test]
    fn another_implementation_reads_what_is_offered() {
        for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
            let accepted = accept(version, Some(b"db.example.com"));
            let hello = accepted.client_hello();
            assert_eq!(hello.server_name(), Some("db.example.com"));
            let suites: Vec<u16> = hello
                .cipher_suites()
                .iter()
                .map(|&s| u16::from(s))
                .collect();
            let all: Vec<u16> = Suite::all().map(|suite| suite.id).collect();
            assert_eq!(suites, all);
            let groups = hello.named_groups().unwrap().iter();
            let groups: Vec<u16> = groups.map(|&group| u16::from(group)).collect();
            let all: Vec<u16> = Group::all().map(|group| group.id).collect();
            assert_eq!(groups, all);
            let alpn: Vec<&[u8]> = hello.alpn().unwrap().collect();
            assert_eq!(alpn, [ALPN]);
            assert_eq!(hello.signature_schemes().len(), SCHEMES.len());
        }
        assert_eq!(
            accept(TlsVersion::V1_3, None).client_hello().server_name(),
            None
        );
    }

    #[test]
    fn a_version_is_offered_where_that_version_expects_it() {
        let hello = |version| ClientHello {
            version,
            suites: &[],
            groups: &[],
            server_name: None,
            random: [0; 32],
        };
        for (version, number) in [
            (TlsVersion::V1_0, [3, 1]),
            (TlsVersion::V1_1, [3, 2]),
            (TlsVersion::V1_2, [3, 3]),
            (TlsVersion::V1_3, [3, 3]),
        ] {
            let bytes = hello(version).encode();
            assert_eq!(bytes[..3], [22, 3, 1]);
            assert_eq!(bytes[9..11], number, "{version:?}");
            let asks = bytes.windows(7).any(|w| w == [0, 43, 0, 3, 2, 3, 4]);
            assert_eq!(asks, version == TlsVersion::V1_3, "{version:?}");
        }
    }

    /// A ClientHello with these extensions, in a record.
    fn foreign(extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0x13, 1, 1, 0]);
        body.extend(extensions);
        let length = u8::try_from(body.len()).unwrap();
        record(&[&[CLIENT_HELLO, 0, 0, length], &body[..]].concat())
    }

    fn record(contents: &[u8]) -> Vec<u8> {
        record::encode(HANDSHAKE, TlsVersion::V1_0, contents)
    }

    /// Server name, then a meaningless version, TLS 1.3 and TLS 1.2.
    const OFFER: &[u8] = &[
        0, 18, 0, 0, 0, 3, 0, 1, 9, 0, 43, 0, 7, 6, 0x3a, 0x3a, 3, 4, 3, 3,
    ];

    #[test]
    fn the_versions_that_a_client_offers_are_found() {
        let offered = offered_versions(&foreign(OFFER));
        assert_eq!(offered, [0x3a3a, 0x0304, 0x0303]);
        // An old hello offers its own version.
        assert_eq!(offered_versions(&foreign(&[])), [0x0303]);
        assert_eq!(offered_versions(&foreign(&[0, 0])), [0x0303]);
        for &version in TlsVersion::ALL {
            let ours = ClientHello {
                version,
                suites: &[],
                groups: &[],
                server_name: Some(b"db.example.com"),
                random: [0; 32],
            };
            assert_eq!(offered_versions(&ours.encode()), [version.number()]);
        }
    }

    #[test]
    fn a_client_hello_may_come_in_several_records() {
        let whole = foreign(OFFER);
        let (one, other) = whole[5..].split_at(20);
        let records = [record(one), record(other)].concat();
        assert_eq!(offered_versions(&records), [0x3a3a, 0x0304, 0x0303]);
    }

    #[test]
    fn bytes_that_are_not_a_client_hello_offer_nothing() {
        let whole = foreign(OFFER);
        let fixed = whole.len() - OFFER.len();
        for end in 0..fixed {
            assert_eq!(offered_versions(&whole[..end]), [0; 0], "{end}");
        }
        let mut lying = whole.clone();
        // The length of the server name exceeds the message.
        lying[fixed + 4] = 0xff;
        assert_eq!(offered_versions(&lying), [0; 0]);
        let mut server = whole;
        server[5] = 2;
        assert_eq!(offered_versions(&server), [0; 0]);
        assert_eq!(offered_versions(b"GET / HTTP/1.1"), [0; 0]);
    }

    proptest! {
        #[test]
        fn hostile_hellos_are_read_as_far_as_they_go(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let _ = offered_versions(&bytes);
            let _ = offered_versions(&foreign(&bytes[..bytes.len().min(200)]));
        }
    }
}
