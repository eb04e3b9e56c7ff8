//! JA4, the fingerprint of a ClientHello: what is offered, without what changes from one connection to the next.
//!
//! FoxIO's "JA4: TLS Client Fingerprinting" (`technical_details/JA4.md` in their repository `ja4`).

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};

use crate::wire::tls::Offer;
use crate::wire::tls::hello::{ALPN_EXTENSION, SERVER_NAME};
use crate::wire::tls::offer::is_grease;

/// The fingerprint: `t13d1516h2_8daaf6152771_e5627efa2ab1`.
pub(super) fn ja4(offer: &Offer) -> String {
    let suites = without_grease(&offer.suites);
    let extensions = without_grease(&offer.extensions);
    let version = match offer.all_versions().into_iter().max() {
        Some(0x0304) => "13",
        Some(0x0303) => "12",
        Some(0x0302) => "11",
        Some(0x0301) => "10",
        Some(0x0300) => "s3",
        Some(_) | None => "00",
    };
    let name = match offer.server_name {
        Some(_) => 'd',
        None => 'i',
    };
    let (ciphers, count) = (suites.len().min(99), extensions.len().min(99));
    let protocol = protocol(offer.alpn.first().map_or(&[], Vec::as_slice));
    format!(
        "t{version}{name}{ciphers:02}{count:02}{protocol}_{}_{}",
        hash_of_suites(suites),
        hash_of_extensions(extensions, &without_grease(&offer.schemes))
    )
}

fn hash_of_suites(mut suites: Vec<u16>) -> String {
    suites.sort_unstable();
    hash(&listed(&suites))
}

/// The extensions are sorted: some libraries shuffle them. Two vary with the server's name and the use.
fn hash_of_extensions(mut extensions: Vec<u16>, schemes: &[u16]) -> String {
    extensions.retain(|kind| !matches!(*kind, SERVER_NAME | ALPN_EXTENSION));
    extensions.sort_unstable();
    let mut text = listed(&extensions);
    if !schemes.is_empty() {
        text.push('_');
        text.push_str(&listed(schemes));
    }
    hash(&text)
}

fn without_grease(numbers: &[u16]) -> Vec<u16> {
    let real = numbers.iter().copied();
    real.filter(|number| !is_grease(*number)).collect()
}

/// The first and the last character of a protocol's name; of other bytes the first and the last hexadecimal digit.
fn protocol(name: &[u8]) -> String {
    let (Some(first), Some(last)) = (name.first(), name.last()) else {
        return "00".to_owned();
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(*first), char::from(*last)].iter().collect();
    }
    format!("{:x}{:x}", first >> 4, last & 0x0f)
}

fn listed(numbers: &[u16]) -> String {
    let words: Vec<String> = numbers
        .iter()
        .map(|number| format!("{number:04x}"))
        .collect();
    words.join(",")
}

/// The first twelve digits of the SHA-256; zeros for nothing.
fn hash(text: &str) -> String {
    if text.is_empty() {
        return "000000000000".to_owned();
    }
    let digest = digest(&SHA256, text.as_bytes());
    let bytes = digest.as_ref().iter().take(6);
    bytes.fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn the_example_of_the_specification_has_its_fingerprint() {
        let offer = Offer {
            legacy_version: 0x0303,
            versions: vec![0x2a2a, 0x0304, 0x0303],
            suites: vec![
                0x3a3a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
                0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
            ],
            extensions: vec![
                0x1a1a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005,
                0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015,
            ],
            schemes: vec![
                0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601,
            ],
            server_name: Some(b"example.com".to_vec()),
            alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            ..Offer::default()
        };
        assert_eq!(ja4(&offer), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn an_empty_hello_has_zeros() {
        let offer = Offer {
            legacy_version: 0x0301,
            ..Offer::default()
        };
        assert_eq!(ja4(&offer), "t10i000000_000000000000_000000000000");
    }

    #[test]
    fn a_protocol_is_two_characters() {
        for (name, expected) in [
            (&b"postgresql"[..], "pl"),
            (b"h2", "h2"),
            (b"", "00"),
            (b"\xab", "ab"),
            (b"\x30\xab", "3b"),
        ] {
            assert_eq!(protocol(name), expected, "{name:?}");
        }
    }
}
