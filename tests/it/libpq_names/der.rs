//! Hand-made certificates: any bytes in any name, any version, correctly signed.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls::pki_types::PrivatePkcs8KeyDer;

/// An ECDSA P-256 key that signs certificates and handshakes.
pub(crate) struct Key {
    pkcs8: Vec<u8>,
    pair: EcdsaKeyPair,
}

/// The names of a certificate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// commonName values: string tag and contents.
    pub(crate) common_names: Vec<(u8, Vec<u8>)>,
    /// subjectAltName entries: context tag and contents; `None` leaves the extension out.
    pub(crate) alternative: Option<Vec<(u8, Vec<u8>)>>,
}

/// The number as encoded: 0 is version 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V3,
}

pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const TELETEX_STRING: u8 = 0x14;
pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
pub(crate) const BMP_STRING: u8 = 0x1e;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

impl Key {
    pub(crate) fn generate() -> Self {
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
        let pkcs8 = pkcs8.as_ref().to_vec();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, &pkcs8).unwrap();
        Self { pkcs8, pair }
    }

    pub(crate) fn pkcs8(&self) -> PrivatePkcs8KeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.pkcs8.clone())
    }

    fn spki(&self) -> Vec<u8> {
        // id-ecPublicKey, prime256v1
        let algorithm = [
            oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]),
            oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]),
        ];
        let bits = [&[0], self.pair.public_key().as_ref()].concat();
        tlv(
            SEQUENCE,
            &[tlv(SEQUENCE, &algorithm.concat()), tlv(3, &bits)].concat(),
        )
    }
}

/// A self-signed root called `name`.
pub(crate) fn root(name: &str, key: &Key) -> Vec<u8> {
    let names = Names {
        common_names: vec![(UTF8_STRING, name.into())],
        alternative: None,
    };
    let ca = tlv(SEQUENCE, &[0x01, 0x01, 0xff]);
    let extensions = [extension(&[0x55, 0x1d, 0x13], &ca)];
    certificate(&names, &names, key, key, Some(&extensions.concat()))
}

/// A leaf with `names`, signed by the root called `issuer`.
pub(crate) fn leaf(
    names: &Names,
    version: Version,
    key: &Key,
    issuer: &str,
    issuer_key: &Key,
) -> Vec<u8> {
    let issuer = Names {
        common_names: vec![(UTF8_STRING, issuer.into())],
        alternative: None,
    };
    let alternative = names.alternative.as_ref().map(|entries| {
        let entries: Vec<u8> = entries
            .iter()
            .flat_map(|(tag, contents)| tlv(*tag, contents))
            .collect();
        extension(&[0x55, 0x1d, 0x11], &tlv(SEQUENCE, &entries))
    });
    let extensions = match version {
        Version::V1 => None,
        Version::V3 => Some(alternative.unwrap_or_else(|| {
            // X.509 forbids an empty list of extensions: a harmless one instead.
            extension(&[0x55, 0x1d, 0x0e], &tlv(4, b"leaf"))
        })),
    };
    certificate(names, &issuer, key, issuer_key, extensions.as_deref())
}

/// DER of one value.
pub(crate) fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match u16::try_from(contents.len()).unwrap().to_be_bytes() {
        [0, short @ ..0x80] => der.push(short),
        [0, length] => der.extend([0x81, length]),
        length => der.extend([&[0x82], &length[..]].concat()),
    }
    der.extend(contents);
    der
}

fn certificate(
    subject: &Names,
    issuer: &Names,
    key: &Key,
    issuer_key: &Key,
    extensions: Option<&[u8]>,
) -> Vec<u8> {
    // ecdsa-with-SHA256
    let algorithm = tlv(SEQUENCE, &oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]));
    let validity = [tlv(0x17, b"200101000000Z"), tlv(0x17, b"490101000000Z")];
    let mut tbs = Vec::new();
    if extensions.is_some() {
        tbs.extend(tlv(0xa0, &tlv(2, &[2])));
    }
    tbs.extend(tlv(2, &[1]));
    tbs.extend(&algorithm);
    tbs.extend(name(issuer));
    tbs.extend(tlv(SEQUENCE, &validity.concat()));
    tbs.extend(name(subject));
    tbs.extend(key.spki());
    if let Some(extensions) = extensions {
        tbs.extend(tlv(0xa3, &tlv(SEQUENCE, extensions)));
    }
    let tbs = tlv(SEQUENCE, &tbs);
    let signature = issuer_key.pair.sign(&SystemRandom::new(), &tbs).unwrap();
    let signature = tlv(3, &[&[0], signature.as_ref()].concat());
    tlv(SEQUENCE, &[tbs, algorithm, signature].concat())
}

fn name(names: &Names) -> Vec<u8> {
    let rdns: Vec<u8> = names
        .common_names
        .iter()
        .flat_map(|(tag, contents)| {
            let attribute = [oid(&[0x55, 4, 3]), tlv(*tag, contents)].concat();
            tlv(SET, &tlv(SEQUENCE, &attribute))
        })
        .collect();
    tlv(SEQUENCE, &rdns)
}

fn extension(id: &[u8], value: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[oid(id), tlv(4, value)].concat())
}

fn oid(encoded: &[u8]) -> Vec<u8> {
    tlv(6, encoded)
}
