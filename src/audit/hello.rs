//! A ClientHello of our own, as bytes: one that offers exactly what is to be found out. Pure.
//!
//! RFC 8446 section 4.1.2 and RFC 5246 section 7.4.1.2. No key is in it: a TLS 1.3 server that sees
//! no key share names the suite and the group that it wants in a HelloRetryRequest.

use super::group::Group;
use super::suite::Suite;

/// A version of TLS that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.0 (RFC 2246).
    V1_0,
    /// TLS 1.1 (RFC 4346).
    V1_1,
    /// TLS 1.2 (RFC 5246).
    V1_2,
    /// TLS 1.3 (RFC 8446).
    V1_3,
}

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Self; 4] = [Self::V1_0, Self::V1_1, Self::V1_2, Self::V1_3];

    /// As psql prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1_0 => "TLSv1",
            Self::V1_1 => "TLSv1.1",
            Self::V1_2 => "TLSv1.2",
            Self::V1_3 => "TLSv1.3",
        }
    }

    /// Is it deprecated (RFC 8996)?
    pub fn is_legacy(self) -> bool {
        self < Self::V1_2
    }

    /// Its number on the wire.
    pub(super) fn number(self) -> u16 {
        match self {
            Self::V1_0 => 0x0301,
            Self::V1_1 => 0x0302,
            Self::V1_2 => 0x0303,
            Self::V1_3 => 0x0304,
        }
    }
}

/// What a ClientHello offers.
#[derive(Clone, Debug)]
pub(super) struct Hello<'a> {
    /// The only version that TLS 1.3 knows, or the highest that an older one does.
    pub(super) version: Version,
    /// In the order of preference.
    pub(super) suites: &'a [Suite],
    /// In the order of preference.
    pub(super) groups: &'a [Group],
    /// The SNI; `None` sends none.
    pub(super) server_name: Option<&'a [u8]>,
    /// No secret: the hello is never answered to.
    pub(super) random: [u8; 32],
}

impl Hello<'_> {
    /// The record that holds it. What is too long for its length field is cut, which no server
    /// takes for something else.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let legacy = self.version.min(Version::V1_2);
        body.extend(legacy.number().to_be_bytes());
        body.extend(self.random);
        // No session to resume; a TLS 1.3 client without one pretends to have one for the sake of
        // middleboxes (RFC 8446 appendix D.4).
        match self.version {
            Version::V1_3 => body.extend(block8(&self.random)),
            Version::V1_0 | Version::V1_1 | Version::V1_2 => body.push(0),
        }
        let suites: Vec<u8> = self
            .suites
            .iter()
            .flat_map(|suite| suite.id.to_be_bytes())
            .collect();
        body.extend(block16(&suites));
        // TLS 1.3 forbids to offer compression; everybody else is asked whether they would.
        match self.version {
            Version::V1_3 => body.extend(block8(&[NO_COMPRESSION])),
            Version::V1_0 | Version::V1_1 | Version::V1_2 => {
                body.extend(block8(&[DEFLATE, NO_COMPRESSION]));
            }
        }
        body.extend(block16(&self.extensions()));

        let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
        let [_, length @ ..] = length;
        let message = [&[CLIENT_HELLO][..], &length, &body].concat();
        // RFC 8446 section 5.1: the record of a first ClientHello says TLS 1.0.
        [&[HANDSHAKE, 3, 1][..], &block16(&message)].concat()
    }

    fn extensions(&self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut add = |kind: u16, contents: &[u8]| {
            all.extend(kind.to_be_bytes());
            all.extend(block16(contents));
        };
        if let Some(name) = self.server_name {
            let entry = [&[HOST_NAME][..], &block16(name)].concat();
            add(SERVER_NAME, &block16(&entry));
        }
        let groups: Vec<u8> = self
            .groups
            .iter()
            .flat_map(|group| group.id.to_be_bytes())
            .collect();
        add(SUPPORTED_GROUPS, &block16(&groups));
        if self.version >= Version::V1_2 {
            let schemes: Vec<u8> = SCHEMES
                .iter()
                .flat_map(|scheme| scheme.to_be_bytes())
                .collect();
            add(SIGNATURE_ALGORITHMS, &block16(&schemes));
        }
        add(ALPN, &block16(&block8(b"postgresql")));
        match self.version {
            Version::V1_3 => {
                add(
                    SUPPORTED_VERSIONS,
                    &block8(&self.version.number().to_be_bytes()),
                );
                add(KEY_SHARE, &block16(&[]));
            }
            Version::V1_0 | Version::V1_1 | Version::V1_2 => {
                add(EC_POINT_FORMATS, &block8(&[0]));
                add(SESSION_TICKET, &[]);
                add(EXTENDED_MASTER_SECRET, &[]);
                add(RENEGOTIATION_INFO, &block8(&[]));
            }
        }
        all
    }
}

/// Bytes behind their length in one byte.
fn block8(contents: &[u8]) -> Vec<u8> {
    let length = u8::try_from(contents.len()).unwrap_or(u8::MAX);
    let contents = contents.get(..usize::from(length)).unwrap_or(contents);
    [&[length][..], contents].concat()
}

/// Bytes behind their length in two bytes.
fn block16(contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len()).unwrap_or(u16::MAX);
    let contents = contents.get(..usize::from(length)).unwrap_or(contents);
    [&length.to_be_bytes()[..], contents].concat()
}

/// IANA's registry "TLS SignatureScheme": every way to sign that a server may know, old ones
/// included, so that none keeps it from answering.
const SCHEMES: [u16; 25] = [
    0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0603, 0x0806, 0x0601, 0x0807, 0x0808, 0x0809,
    0x080a, 0x080b, 0x081a, 0x081b, 0x081c, 0x0904, 0x0905, 0x0906, 0x0303, 0x0301, 0x0203, 0x0201,
    0x0202,
];

/// A record that holds handshake messages.
pub(super) const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const NO_COMPRESSION: u8 = 0;
const DEFLATE: u8 = 1;
const HOST_NAME: u8 = 0;

const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const EC_POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
const ALPN: u16 = 16;
const EXTENDED_MASTER_SECRET: u16 = 23;
/// RFC 5077.
pub(super) const SESSION_TICKET: u16 = 35;
/// RFC 8446 section 4.2.1.
pub(super) const SUPPORTED_VERSIONS: u16 = 43;
/// RFC 8446 section 4.2.8.
pub(super) const KEY_SHARE: u16 = 51;
/// RFC 5746.
pub(super) const RENEGOTIATION_INFO: u16 = 0xff01;

#[cfg(test)]
mod tests {
    use rustls::server::Acceptor;

    use super::*;

    fn accept(version: Version, name: Option<&[u8]>) -> rustls::server::Accepted {
        let suites: Vec<Suite> = Suite::all().collect();
        let groups: Vec<Group> = Group::all().collect();
        let hello = Hello {
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
        for version in [Version::V1_2, Version::V1_3] {
            let accepted = accept(version, Some(b"db.example.com"));
            let hello = accepted.client_hello();
            assert_eq!(hello.server_name(), Some("db.example.com"));
            let suites: Vec<u16> = hello.cipher_suites().iter().map(|&s| s.into()).collect();
            let all: Vec<u16> = Suite::all().map(|suite| suite.id).collect();
            assert_eq!(suites, all);
            let groups = hello.named_groups().unwrap().iter();
            let groups: Vec<u16> = groups.map(|&group| group.into()).collect();
            let all: Vec<u16> = Group::all().map(|group| group.id).collect();
            assert_eq!(groups, all);
            let alpn: Vec<&[u8]> = hello.alpn().unwrap().collect();
            assert_eq!(alpn, [b"postgresql"]);
            assert_eq!(hello.signature_schemes().len(), SCHEMES.len());
        }
        assert_eq!(
            accept(Version::V1_3, None).client_hello().server_name(),
            None
        );
    }

    #[test]
    fn a_version_is_asked_for_where_that_version_says_so() {
        let hello = |version| Hello {
            version,
            suites: &[],
            groups: &[],
            server_name: None,
            random: [0; 32],
        };
        for (version, number) in [
            (Version::V1_0, [3, 1]),
            (Version::V1_1, [3, 2]),
            (Version::V1_2, [3, 3]),
            (Version::V1_3, [3, 3]),
        ] {
            let bytes = hello(version).encode();
            assert_eq!(bytes[..3], [22, 3, 1]);
            assert_eq!(bytes[9..11], number, "{version:?}");
            let asks = bytes.windows(7).any(|w| w == [0, 43, 0, 3, 2, 3, 4]);
            assert_eq!(asks, version == Version::V1_3, "{version:?}");
        }
    }
}
