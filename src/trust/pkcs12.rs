//! What PKCS #12 makes of a password (RFC 7292 appendix B): keys, initialization vectors and the MAC of an archive.

use aws_lc_rs::digest::{
    Algorithm, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA224, SHA256, SHA384, SHA512,
};
use aws_lc_rs::hmac;

use crate::x509::der::{Element, Malformed, Reader, tag};

/// A password, in the two forms in which it is used. No `Debug`.
pub(super) struct Password {
    /// The bytes, for PBES2.
    pub(super) plain: Vec<u8>,
    /// For everything older.
    unicode: Vec<u8>,
}

impl Password {
    pub(super) fn of(password: &[u8]) -> Self {
        Self {
            plain: password.to_vec(),
            unicode: bmp_string(password),
        }
    }

    /// None at all, which is not the same as the empty one.
    pub(super) fn none() -> Self {
        Self {
            plain: Vec::new(),
            unicode: Vec::new(),
        }
    }

    /// A key for a cipher.
    pub(super) fn key(&self, salt: &[u8], rounds: u32, length: usize) -> Vec<u8> {
        let sha1 = &SHA1_FOR_LEGACY_USE_ONLY;
        derive(sha1, Use::Key, &self.unicode, salt, rounds, length)
    }

    /// An initialization vector of 8 bytes.
    pub(super) fn iv(&self, salt: &[u8], rounds: u32) -> Vec<u8> {
        let sha1 = &SHA1_FOR_LEGACY_USE_ONLY;
        derive(sha1, Use::Iv, &self.unicode, salt, rounds, 8)
    }
}

/// How many more rounds of key derivation may be done: a hostile file asks for any number.
pub(super) struct Effort(u32);

/// A file asks for more rounds than are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMuchWork;

impl Effort {
    /// This many rounds take some seconds. OpenSSL runs for hours if a damaged file says so.
    pub(super) const fn usual() -> Self {
        Self(MAX_ROUNDS)
    }

    pub(super) fn spend(&mut self, rounds: u32) -> Result<(), TooMuchWork> {
        self.0 = self.0.checked_sub(rounds).ok_or(TooMuchWork)?;
        Ok(())
    }
}

const MAX_ROUNDS: u32 = 10_000_000;

/// Why the MAC of an archive is not good.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MacFault {
    Malformed,
    /// The algorithm, by OpenSSL's name or dotted.
    Unsupported(String),
    TooMuch,
    /// Another password, or other contents.
    Wrong,
}

/// Checks a MacData (RFC 7292 section 4; `PKCS12_verify_mac`).
pub(super) fn verify_mac(
    mac: &Element<'_>,
    contents: &[u8],
    password: &Password,
    effort: &mut Effort,
) -> Result<(), MacFault> {
    let parsed = MacData::read(mac)?;
    effort.spend(parsed.rounds)?;
    let (digest, algorithm) = match parsed.oid.as_str() {
        "1.3.14.3.2.26" => (
            &SHA1_FOR_LEGACY_USE_ONLY,
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        ),
        "2.16.840.1.101.3.4.2.4" => (&SHA224, hmac::HMAC_SHA224),
        "2.16.840.1.101.3.4.2.1" => (&SHA256, hmac::HMAC_SHA256),
        "2.16.840.1.101.3.4.2.2" => (&SHA384, hmac::HMAC_SHA384),
        "2.16.840.1.101.3.4.2.3" => (&SHA512, hmac::HMAC_SHA512),
        "1.2.840.113549.1.5.14" => return Err(MacFault::Unsupported("PBMAC1".to_owned())),
        other => return Err(MacFault::Unsupported(format!("a MAC with digest {other}"))),
    };
    let key = derive(
        digest,
        Use::Mac,
        &password.unicode,
        &parsed.salt,
        parsed.rounds,
        digest.output_len(),
    );
    hmac::verify(&hmac::Key::new(algorithm, &key), contents, &parsed.value)
        .map_err(|_| MacFault::Wrong)
}

struct MacData {
    oid: String,
    value: Vec<u8>,
    salt: Vec<u8>,
    rounds: u32,
}

impl MacData {
    fn read(mac: &Element<'_>) -> Result<Self, MacFault> {
        let mut parts = mac.children()?;
        let mut info = parts.sequence()?;
        let oid = digest_of(info.sequence()?)?;
        let value = octets(&info.universal(tag::OCTET_STRING)?)?;
        info.finish()?;
        let salt = octets(&parts.universal(tag::OCTET_STRING)?)?;
        let rounds = parts.optional(|element| element.is_universal(tag::INTEGER))?;
        parts.finish()?;
        let rounds = match rounds {
            None => 1,
            Some(rounds) => number(rounds.integer()?)?,
        };
        Ok(Self {
            oid,
            value,
            salt,
            rounds,
        })
    }
}

/// An AlgorithmIdentifier (`X509_ALGOR`): its parameters are decoded, and not used.
fn digest_of(mut algorithm: Reader<'_>) -> Result<String, Malformed> {
    let oid = algorithm.oid()?;
    if !algorithm.is_empty() {
        algorithm.element()?.check_any()?;
    }
    algorithm.finish()?;
    Ok(oid)
}

/// The contents of an OCTET STRING, implicitly tagged or not, in one piece or, as Java and NSS write them, in several.
pub(super) fn octets(element: &Element<'_>) -> Result<Vec<u8>, Malformed> {
    let mut bytes = Vec::new();
    collect(element, &mut bytes, 0)?;
    Ok(bytes)
}

/// The pieces may be of any type (`asn1_collect`).
fn collect(element: &Element<'_>, into: &mut Vec<u8>, depth: u8) -> Result<(), Malformed> {
    if let Ok(bytes) = element.bytes() {
        into.extend_from_slice(bytes);
        return Ok(());
    }
    if depth > MAX_STRING_NEST {
        return Err(Malformed);
    }
    let mut pieces = element.children()?;
    while !pieces.is_empty() {
        let piece = pieces.element()?;
        if piece.is_end_of_contents() {
            return Err(Malformed);
        }
        collect(&piece, into, depth + 1)?;
    }
    Ok(())
}

/// `ASN1_MAX_STRING_NEST`.
const MAX_STRING_NEST: u8 = 5;

impl From<TooMuchWork> for MacFault {
    fn from(TooMuchWork: TooMuchWork) -> Self {
        Self::TooMuch
    }
}

impl From<Malformed> for MacFault {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

/// A positive number; what does not fit is too much.
fn number(bytes: &[u8]) -> Result<u32, MacFault> {
    if bytes.first().is_none_or(|first| first & 0x80 != 0) {
        return Err(MacFault::Malformed);
    }
    let number = bytes.iter().try_fold(0_u32, |number, byte| {
        Some(number.checked_mul(256)? | u32::from(*byte))
    });
    match number {
        None => Err(MacFault::TooMuch),
        Some(0) => Err(MacFault::Malformed),
        Some(number) => Ok(number),
    }
}

/// What is derived: the ID of RFC 7292 appendix B.3.
#[derive(Clone, Copy)]
enum Use {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// RFC 7292 appendix B.2.
fn derive(
    digest: &'static Algorithm,
    purpose: Use,
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    length: usize,
) -> Vec<u8> {
    let block = digest.block_len();
    let fill = |bytes: &[u8]| -> Vec<u8> {
        let filled = bytes.len().next_multiple_of(block);
        bytes.iter().copied().cycle().take(filled).collect()
    };
    let mut input = [fill(salt), fill(password)].concat();
    let mut derived = Vec::new();
    while derived.len() < length {
        let mut hash = hashed(digest, &[&vec![purpose as u8; block], &input]);
        for _ in 1..rounds {
            hash = hashed(digest, &[&hash]);
        }
        derived.extend(&hash);
        let addend: Vec<u8> = hash.iter().copied().cycle().take(block).collect();
        for part in input.chunks_exact_mut(block) {
            let mut carry = 1_u16;
            for (byte, add) in part.iter_mut().zip(&addend).rev() {
                let sum = u16::from(*byte) + u16::from(*add) + carry;
                let [high, low] = sum.to_be_bytes();
                *byte = low;
                carry = u16::from(high);
            }
        }
    }
    derived.truncate(length);
    derived
}

fn hashed(digest: &'static Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::new(digest);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

/// Big-endian UTF-16 with a final NUL; bytes that are not UTF-8 count as Latin-1
/// (`PKCS12_key_gen_utf8_ex`).
fn bmp_string(password: &[u8]) -> Vec<u8> {
    let units: Vec<u16> = match std::str::from_utf8(password) {
        Ok(text) => text.encode_utf16().collect(),
        Err(_) => password.iter().map(|byte| u16::from(*byte)).collect(),
    };
    units
        .into_iter()
        .chain([0])
        .flat_map(u16::to_be_bytes)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pkcs_12_derives_the_keys_that_others_derive() {
        // The test vectors that PKCS #12 implementations share.
        let password = Password::of(b"smeg");
        let salt = [0x0a, 0x58, 0xcf, 0x64, 0x53, 0x0d, 0x82, 0x3f];
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        assert_eq!(
            hex(&password.key(&salt, 1, 24)),
            "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3"
        );
        assert_eq!(hex(&password.iv(&salt, 1)), "79993dfe048d3b76");
    }

    #[test]
    fn passwords_become_utf_16_or_stay_latin_1() {
        assert_eq!(bmp_string(b"a"), [0, b'a', 0, 0]);
        assert_eq!(bmp_string("\u{e9}".as_bytes()), [0, 0xe9, 0, 0]);
        assert_eq!(bmp_string(b"\xe9"), [0, 0xe9, 0, 0]);
        assert_eq!(
            bmp_string("\u{1f418}".as_bytes()),
            [0xd8, 0x3d, 0xdc, 0x18, 0, 0]
        );
    }

    #[test]
    fn rounds_are_positive_and_bounded() {
        assert_eq!(number(&[8, 0]), Ok(2048));
        assert_eq!(number(&[0, 0xff, 0xff, 0xff, 0xff]), Ok(u32::MAX));
        for (bytes, fault) in [
            (&[0][..], MacFault::Malformed),
            (&[0xff], MacFault::Malformed),
            (&[1, 0, 0, 0, 0], MacFault::TooMuch),
        ] {
            assert_eq!(number(bytes), Err(fault), "{bytes:?}");
        }
        let mut effort = Effort::usual();
        assert_eq!(effort.spend(MAX_ROUNDS), Ok(()));
        assert_eq!(effort.spend(1), Err(TooMuchWork));
    }
}
