//! A ClientHello, in words.

use rustls::SignatureScheme;

use super::fingerprint::ja4;
use super::library::Library;
use super::seen::{Hello, shown};
use crate::escape::Shown;
use crate::wire::tls::libpq_hello::scheme_name;
use crate::wire::tls::offer::is_grease;
use crate::wire::tls::{Group, Offer, Suite, version};

/// Everything that it offers, without GREASE. The lists are cut at a length that no library reaches.
pub(super) fn describe(offer: &Offer) -> Hello {
    let ja4 = ja4(offer);
    Hello {
        versions: words(&offer.all_versions(), version_name),
        cipher_suites: words(&offer.suites, suite_name),
        groups: words(&offer.groups, group_name),
        signature_algorithms: words(&offer.schemes, signature_name),
        key_shares: words(&offer.shares, group_name),
        sni: offer.server_name.as_deref().map(cut),
        alpn: offer
            .alpn
            .iter()
            .take(MAX_PROTOCOLS)
            .map(|name| cut(name))
            .collect(),
        bytes: offer.size,
        library: Library::of(&ja4),
        ja4,
    }
}

fn words(numbers: &[u16], name: fn(u16) -> String) -> Vec<String> {
    let real = numbers.iter().filter(|number| !is_grease(**number));
    real.take(MAX_NUMBERS).map(|number| name(*number)).collect()
}

pub(super) fn version_name(number: u16) -> String {
    version::name(number).map_or_else(|| hex(number), str::to_owned)
}

pub(super) fn suite_name(number: u16) -> String {
    match number {
        // Not suites, but signals (RFC 5746 section 3.3, RFC 7507).
        0x00ff => "TLS_EMPTY_RENEGOTIATION_INFO_SCSV".to_owned(),
        0x5600 => "TLS_FALLBACK_SCSV".to_owned(),
        _ => Suite::of(number).map_or_else(|| hex(number), |suite| suite.openssl.to_owned()),
    }
}

pub(super) fn group_name(number: u16) -> String {
    Group::of(number).map_or_else(|| hex(number), |group| group.name.to_owned())
}

fn signature_name(number: u16) -> String {
    if let Some(name) = scheme_name(number) {
        return name.to_owned();
    }
    SignatureScheme::from(number)
        .as_str()
        .map_or_else(|| hex(number), str::to_ascii_lowercase)
}

fn hex(number: u16) -> String {
    format!("{number:#06x}")
}

fn cut(text: &[u8]) -> Shown {
    shown(text, MAX_TEXT)
}

/// Old OpenSSL offers some 100 suites with every weak one.
const MAX_NUMBERS: usize = 200;
const MAX_PROTOCOLS: usize = 10;
/// Bytes of a name (RFC 1035 section 2.3.4 allows 253).
const MAX_TEXT: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_names_and_unknown_ones_stay_numbers() {
        let hello = describe(&Offer {
            legacy_version: 0x0303,
            versions: vec![0x3a3a, 0x0304, 0x0303],
            suites: vec![0x0a0a, 0x1302, 0xc02f, 0x00ff, 0x9999],
            groups: vec![0x11ec, 29, 0x9999],
            schemes: vec![0x0403, 0x0809, 0x0804, 0x9999],
            server_name: Some(b"db\x1b[2J".to_vec()),
            alpn: vec![b"postgresql".to_vec()],
            ..Offer::default()
        });
        assert_eq!(hello.versions, ["TLSv1.3", "TLSv1.2"]);
        assert_eq!(
            hello.cipher_suites,
            [
                "TLS_AES_256_GCM_SHA384",
                "ECDHE-RSA-AES128-GCM-SHA256",
                "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
                "0x9999"
            ]
        );
        assert_eq!(hello.groups, ["X25519MLKEM768", "x25519", "0x9999"]);
        assert_eq!(
            hello.signature_algorithms,
            [
                "ecdsa_nistp256_sha256",
                "rsa_pss_pss_sha256",
                "rsa_pss_sha256",
                "0x9999"
            ]
        );
        assert_eq!(hello.sni.as_deref(), Some("db\\x1b[2J"));
        assert_eq!(hello.library, None);
    }
}
