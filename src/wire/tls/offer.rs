//! Everything that a ClientHello offers (RFC 8446 section 4.1.2). Pure and bounded by the message.

use super::hello::{
    ALPN_EXTENSION, HOST_NAME, KEY_SHARE, SERVER_NAME, SIGNATURE_ALGORITHMS, SUPPORTED_GROUPS,
    SUPPORTED_VERSIONS,
};
use super::message::CLIENT_HELLO;
use crate::wire::Fields;

/// A ClientHello, in the client's order. Numbers are IANA's, unknown ones and GREASE included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The version in the hello itself; TLS 1.3 has 1.2 here.
    pub legacy_version: u16,
    /// The versions of `supported_versions`; none if it is missing.
    pub versions: Vec<u16>,
    /// Cipher suites.
    pub suites: Vec<u16>,
    /// Kinds of extensions.
    pub extensions: Vec<u16>,
    /// Key exchange groups.
    pub groups: Vec<u16>,
    /// Signature schemes.
    pub schemes: Vec<u16>,
    /// The groups of the keys that are sent along.
    pub shares: Vec<u16>,
    /// The requested server name (SNI).
    pub server_name: Option<Vec<u8>>,
    /// Application protocols.
    pub alpn: Vec<Vec<u8>>,
    /// The length of the message (bytes).
    pub size: usize,
}

impl Offer {
    /// Reads a whole message, its header included. `None` if it is not a ClientHello.
    pub fn read(message: &[u8]) -> Option<Self> {
        let mut fields = Fields(message);
        let CLIENT_HELLO = fields.u8()? else {
            return None;
        };
        let length = usize::try_from(fields.u24()?).ok()?;
        let mut fields = Fields(fields.take(length)?);
        let mut offer = Self {
            legacy_version: fields.u16()?,
            size: message.len(),
            ..Self::default()
        };
        fields.take(RANDOM)?;
        fields.block8()?;
        offer.suites = numbers(fields.block16()?);
        fields.block8()?;
        if fields.is_empty() {
            return Some(offer);
        }
        let mut extensions = Fields(fields.block16()?);
        while !extensions.is_empty() {
            let kind = extensions.u16()?;
            let contents = extensions.block16()?;
            offer.extensions.push(kind);
            // An extension that cannot be read is one that says nothing.
            let _ = offer.add(kind, contents);
        }
        Some(offer)
    }

    fn add(&mut self, kind: u16, contents: &[u8]) -> Option<()> {
        let mut fields = Fields(contents);
        match kind {
            SERVER_NAME => {
                let mut list = Fields(fields.block16()?);
                let HOST_NAME = list.u8()? else {
                    return None;
                };
                self.server_name = Some(list.block16()?.to_vec());
            }
            SUPPORTED_VERSIONS => self.versions = numbers(fields.block8()?),
            SUPPORTED_GROUPS => self.groups = numbers(fields.block16()?),
            SIGNATURE_ALGORITHMS => self.schemes = numbers(fields.block16()?),
            ALPN_EXTENSION => {
                let mut list = Fields(fields.block16()?);
                while !list.is_empty() {
                    self.alpn.push(list.block8()?.to_vec());
                }
            }
            KEY_SHARE => {
                let mut list = Fields(fields.block16()?);
                while !list.is_empty() {
                    self.shares.push(list.u16()?);
                    list.block16()?;
                }
            }
            _ => {}
        }
        Some(())
    }

    /// The versions that it offers, with that of an old hello, without GREASE.
    pub fn all_versions(&self) -> Vec<u16> {
        let mut all = self.versions.clone();
        if all.is_empty() {
            all.push(self.legacy_version);
        }
        all.retain(|version| !is_grease(*version));
        all
    }
}

/// Does the number mean nothing, so that servers learn to pass over what they do not know (RFC 8701)?
pub const fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    let mut fields = Fields(bytes);
    std::iter::from_fn(|| fields.u16()).collect()
}

/// Bytes of a hello's random value.
const RANDOM: usize = 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::hello::Alpn;
    use super::super::libpq_hello::{LibpqHello, Lists, Shares};
    use super::super::version::TlsVersion;
    use super::*;

    /// Bytes of a record's header.
    const RECORD: usize = 5;

    fn libpq() -> Vec<u8> {
        let hello = LibpqHello {
            max_version: TlsVersion::V1_3,
            min_version: TlsVersion::V1_2,
            server_name: Some(b"db.example"),
            alpn: Alpn::Named,
            random: [7; 32],
            lists: Lists::default(),
            shares: Shares::PostQuantum,
        };
        hello.encode().split_off(RECORD)
    }

    #[test]
    fn everything_that_is_offered_is_read() {
        let message = libpq();
        let offer = Offer::read(&message).unwrap();
        assert_eq!(offer.server_name.as_deref(), Some(&b"db.example"[..]));
        assert_eq!(offer.alpn, [b"postgresql"]);
        assert_eq!(offer.all_versions(), [0x0304, 0x0303]);
        assert_eq!(offer.groups, Lists::default().groups);
        assert_eq!(offer.schemes, Lists::default().schemes);
        assert_eq!(offer.suites[..3], Lists::default().suites_of_tls13);
        assert_eq!(offer.shares, [0x11ec, 29]);
        assert_eq!(offer.size, message.len());
        assert_eq!(offer.extensions.first(), Some(&SERVER_NAME));
    }

    #[test]
    fn an_old_hello_offers_its_own_version() {
        let body = [&[3, 1][..], &[7; 32], &[0, 0, 2, 0, 0x2f, 1, 0]].concat();
        let length = u8::try_from(body.len()).unwrap();
        let message = [&[1, 0, 0, length][..], &body].concat();
        let offer = Offer::read(&message).unwrap();
        assert_eq!(offer.all_versions(), [0x0301]);
        assert_eq!(offer.suites, [0x2f]);
        assert_eq!(offer.server_name, None);
    }

    #[test]
    fn what_is_cut_or_another_message_is_not_read() {
        let message = libpq();
        for end in 0..message.len() {
            assert_eq!(Offer::read(&message[..end]), None, "{end}");
        }
        let mut server = message;
        server[0] = 2;
        assert_eq!(Offer::read(&server), None);
    }

    #[test]
    fn grease_is_known_by_its_digits() {
        for number in [0x0a0a, 0x3a3a, 0xfafa] {
            assert!(is_grease(number), "{number:#x}");
        }
        for number in [0x0a1a, 0x1301, 0x0b0b, 0] {
            assert!(!is_grease(number), "{number:#x}");
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_read_without_a_panic(
            extensions in proptest::collection::vec(any::<u8>(), 0..300),
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let _ = Offer::read(&bytes);
            let mut body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0]].concat();
            body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
            body.extend(&extensions);
            let [_, length @ ..] = u32::try_from(body.len()).unwrap().to_be_bytes();
            let offer = Offer::read(&[&[1][..], &length, &body].concat());
            if let Some(offer) = offer {
                prop_assert!(offer.groups.len() + offer.schemes.len() <= extensions.len());
            }
        }
    }
}
