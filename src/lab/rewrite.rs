//! Makes what rcgen cannot: takes its certificates apart, changes them and signs them again.

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PSS_SHA256, RsaKeyPair,
};
use rustls::pki_types::CertificateDer;

use crate::x509::der::{Element, Reader, tag};

/// A certificate that could not be changed. It is ours, so only a bug or the crypto library can be
/// the cause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed;

impl From<crate::x509::der::Malformed> for Failed {
    fn from(_: crate::x509::der::Malformed) -> Self {
        Self
    }
}

impl From<aws_lc_rs::error::Unspecified> for Failed {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}

impl From<aws_lc_rs::error::KeyRejected> for Failed {
    fn from(_: aws_lc_rs::error::KeyRejected) -> Self {
        Self
    }
}

/// The same as X.509 version 1: neither version nor extensions (RFC 5280 section 4.1).
pub(super) fn version_1(
    certificate: &CertificateDer<'_>,
    issuer_pkcs8: &[u8],
) -> Result<CertificateDer<'static>, Failed> {
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, issuer_pkcs8)?;
    let fields = tbs(certificate)?;
    let kept = fields.iter().filter(|field| !field.is_context_class());
    let body: Vec<u8> = kept.flat_map(|field| field.whole).copied().collect();
    let sign = |tbs: &[u8]| Ok(key.sign(&SystemRandom::new(), tbs)?.as_ref().to_vec());
    assemble(&body, ECDSA_WITH_SHA256, sign)
}

/// The same with an ecdsa-with-SHA1 signature.
pub(super) fn sha1_signed(
    certificate: &CertificateDer<'_>,
    issuer_pkcs8: &[u8],
) -> Result<CertificateDer<'static>, Failed> {
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, issuer_pkcs8)?;
    let body = with_algorithm(certificate, ECDSA_WITH_SHA1)?;
    let sign = |tbs: &[u8]| {
        // ECDSA signs a number (FIPS 186-5 section 6.4.1): the shorter digest with zeros before it.
        let short = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, tbs);
        let number = [&[0; 12], short.as_ref()].concat();
        let number = Digest::import_less_safe(&number, &digest::SHA256)?;
        Ok(key.sign_digest(&number)?.as_ref().to_vec())
    };
    assemble(&body, ECDSA_WITH_SHA1, sign)
}

/// The same with an RSASSA-PSS signature (RFC 4055 section 3.1).
pub(super) fn pss_signed(
    certificate: &CertificateDer<'_>,
    issuer_pkcs8: &[u8],
) -> Result<CertificateDer<'static>, Failed> {
    let key = RsaKeyPair::from_pkcs8(issuer_pkcs8)?;
    let body = with_algorithm(certificate, RSASSA_PSS_SHA256)?;
    let sign = |tbs: &[u8]| {
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), tbs, &mut signature)?;
        Ok(signature)
    };
    assemble(&body, RSASSA_PSS_SHA256, sign)
}

/// The fields of the signed part.
fn tbs<'a>(certificate: &'a CertificateDer<'_>) -> Result<Vec<Element<'a>>, Failed> {
    let mut fields = Reader::new(certificate).sequence()?.sequence()?;
    let mut found = Vec::new();
    while !fields.is_empty() {
        found.push(fields.element()?);
    }
    Ok(found)
}

/// The fields with another signature algorithm, which is their first SEQUENCE.
fn with_algorithm(certificate: &CertificateDer<'_>, algorithm: &[u8]) -> Result<Vec<u8>, Failed> {
    let fields = tbs(certificate)?;
    let place = fields
        .iter()
        .position(|field| field.is_universal(tag::SEQUENCE));
    let whole = |(index, field): (usize, &Element<'_>)| match place {
        Some(place) if place == index => algorithm.to_vec(),
        _ => field.whole.to_vec(),
    };
    Ok(fields.iter().enumerate().flat_map(whole).collect())
}

fn assemble(
    body: &[u8],
    algorithm: &[u8],
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Failed>,
) -> Result<CertificateDer<'static>, Failed> {
    let tbs = tlv(SEQUENCE, body);
    let signature = [&[0], &sign(&tbs)?[..]].concat();
    let contents = [&tbs, algorithm, &tlv(BIT_STRING, &signature)].concat();
    Ok(tlv(SEQUENCE, &contents).into())
}

/// Tag, length and contents (ITU-T X.690 section 8.1).
fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len().to_be_bytes();
    let significant: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let header = match significant.as_slice() {
        [] => vec![tag, 0],
        [short @ ..0x80] => vec![tag, *short],
        long => {
            // At most the bytes of a usize.
            let count = u8::try_from(long.len()).unwrap_or(u8::MAX);
            [&[tag, 0x80 | count], long].concat()
        }
    };
    [&header, contents].concat()
}

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// AlgorithmIdentifiers (RFC 5758 section 3.2, RFC 3279 section 2.2.3).
const ECDSA_WITH_SHA256: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];
const ECDSA_WITH_SHA1: &[u8] = &[
    0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01,
];

/// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
const RSASSA_PSS_SHA256: &[u8] = &[
    0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x34, 0xa0,
    0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30,
    0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa2, 0x03,
    0x02, 0x01, 0x20,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_in_their_shortest_form() {
        assert_eq!(tlv(0x30, &[]), [0x30, 0]);
        assert_eq!(tlv(0x30, &[7; 127])[..2], [0x30, 127]);
        assert_eq!(tlv(0x30, &[7; 128])[..3], [0x30, 0x81, 128]);
        assert_eq!(tlv(0x30, &[7; 256])[..4], [0x30, 0x82, 1, 0]);
    }
}
