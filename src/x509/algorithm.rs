//! Signature algorithms: the key and digest that an identifier means, and its name.

use super::der::{Element, Malformed, Reader, Result, tag};
use super::post_quantum::{MlDsa, SlhDsa};

/// A message digest that OpenSSL links to signature algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// MD4.
    Md4,
    /// MD5.
    Md5,
    /// RIPEMD-160.
    Ripemd160,
    /// SHA-1.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA-512/224.
    Sha512_224,
    /// SHA-512/256.
    Sha512_256,
    /// SHA3-224.
    Sha3_224,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
}

impl Digest {
    /// Length of the digest in bytes.
    pub fn length(self) -> usize {
        match self {
            Self::Md4 | Self::Md5 => 16,
            Self::Ripemd160 | Self::Sha1 => 20,
            Self::Sha224 | Self::Sha512_224 | Self::Sha3_224 => 28,
            Self::Sha256 | Self::Sha512_256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 => 64,
        }
    }

    fn from_oid(oid: &str) -> Option<Self> {
        Some(match oid {
            "1.2.840.113549.2.4" => Self::Md4,
            "1.2.840.113549.2.5" => Self::Md5,
            "1.3.36.3.2.1" => Self::Ripemd160,
            "1.3.14.3.2.26" => Self::Sha1,
            "2.16.840.1.101.3.4.2.1" => Self::Sha256,
            "2.16.840.1.101.3.4.2.2" => Self::Sha384,
            "2.16.840.1.101.3.4.2.3" => Self::Sha512,
            "2.16.840.1.101.3.4.2.4" => Self::Sha224,
            "2.16.840.1.101.3.4.2.5" => Self::Sha512_224,
            "2.16.840.1.101.3.4.2.6" => Self::Sha512_256,
            "2.16.840.1.101.3.4.2.7" => Self::Sha3_224,
            "2.16.840.1.101.3.4.2.8" => Self::Sha3_256,
            "2.16.840.1.101.3.4.2.9" => Self::Sha3_384,
            "2.16.840.1.101.3.4.2.10" => Self::Sha3_512,
            _ => return None,
        })
    }
}

/// The scheme that an AlgorithmIdentifier of a signature names (OpenSSL's `OBJ_find_sigid_algs`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureScheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
    RsaPkcs1(Digest),
    /// RSASSA-PSS (RFC 8017 section 8.1); `None` if the parameters cannot be read.
    RsaPss(Option<PssParameters>),
    /// ECDSA (RFC 5758 section 3.2).
    Ecdsa(Digest),
    /// DSA (RFC 5758 section 3.1).
    Dsa(Digest),
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// Ed448 (RFC 8410).
    Ed448,
    /// ML-DSA (RFC 9881).
    MlDsa(MlDsa),
    /// SLH-DSA (RFC 9909).
    SlhDsa(SlhDsa),
    /// An identifier that OpenSSL links to no key type, dotted.
    Unknown(String),
}

/// RFC 4055 section 3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PssParameters {
    /// Digest of the message.
    pub digest: Digest,
    /// Digest of the mask generation function MGF1.
    pub mask_digest: Digest,
    /// Bytes of salt.
    pub salt_length: u64,
}

/// An AlgorithmIdentifier: its meaning and its encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    /// The whole AlgorithmIdentifier.
    pub der: Vec<u8>,
    /// Dotted object identifier.
    pub oid: String,
    /// What it means.
    pub scheme: SignatureScheme,
}

impl SignatureAlgorithm {
    /// OpenSSL's long name, such as `sha256WithRSAEncryption`; dotted if it has none.
    pub fn name(&self) -> &str {
        match &self.scheme {
            SignatureScheme::MlDsa(set) => set.name(),
            SignatureScheme::SlhDsa(set) => set.name,
            SignatureScheme::RsaPkcs1(_)
            | SignatureScheme::RsaPss(_)
            | SignatureScheme::Ecdsa(_)
            | SignatureScheme::Dsa(_)
            | SignatureScheme::Ed25519
            | SignatureScheme::Ed448
            | SignatureScheme::Unknown(_) => NAMED
                .iter()
                .find(|named| named.oid == self.oid)
                .map_or(&self.oid, |named| named.name),
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let element = reader.element()?;
        let (oid, parameters) = identifier(&element)?;
        let scheme = match NAMED
            .iter()
            .find(|named| named.oid == oid)
            .map(|named| named.kind)
        {
            Some(RsaPkcs1(digest)) => SignatureScheme::RsaPkcs1(digest),
            Some(Kind::RsaPss) => SignatureScheme::RsaPss(
                parameters.and_then(|element| PssParameters::from_element(&element).ok()),
            ),
            Some(Ecdsa(digest)) => SignatureScheme::Ecdsa(digest),
            Some(Dsa(digest)) => SignatureScheme::Dsa(digest),
            Some(Kind::Ed25519) => SignatureScheme::Ed25519,
            Some(Kind::Ed448) => SignatureScheme::Ed448,
            None => post_quantum(&oid).unwrap_or_else(|| SignatureScheme::Unknown(oid.clone())),
        };
        Ok(Self {
            der: element.whole.to_vec(),
            oid,
            scheme,
        })
    }
}

/// OpenSSL does not look at the parameters of such an identifier.
fn post_quantum(oid: &str) -> Option<SignatureScheme> {
    let ml_dsa = MlDsa::from_oid(oid).map(SignatureScheme::MlDsa);
    ml_dsa.or_else(|| SlhDsa::from_oid(oid).map(SignatureScheme::SlhDsa))
}

impl PssParameters {
    /// Digest, mask and salt as TLS prescribes them: the salt is as long as the digest (RFC 8446 section
    /// 4.2.3).
    pub fn of_tls(digest: Digest) -> Self {
        Self {
            digest,
            mask_digest: digest,
            salt_length: digest.length() as u64,
        }
    }

    /// May a key with this restriction make such a signature? It fixes the digests and sets a minimum salt
    /// length (RFC 4055 section 3.3).
    pub fn keeps_to(self, restriction: Self) -> bool {
        self.digest == restriction.digest
            && self.mask_digest == restriction.mask_digest
            && self.salt_length >= restriction.salt_length
    }

    pub(super) fn from_element(element: &Element<'_>) -> Result<Self> {
        let mut parameters = Self {
            digest: Digest::Sha1,
            mask_digest: Digest::Sha1,
            salt_length: 20,
        };
        if !element.is_universal(tag::SEQUENCE) {
            return Err(Malformed);
        }
        let mut parts = element.children()?;
        if let Some(digest) = parts.optional_context(0)? {
            parameters.digest = digest_of(&digest.explicit()?)?;
        }
        if let Some(mask) = parts.optional_context(1)? {
            let (oid, inner) = identifier(&mask.explicit()?)?;
            if oid != MGF1 {
                return Err(Malformed);
            }
            parameters.mask_digest = digest_of(&inner.ok_or(Malformed)?)?;
        }
        if let Some(salt) = parts.optional_context(2)? {
            let salt = salt.explicit()?;
            parameters.salt_length = unsigned(number(&salt)?).ok_or(Malformed)?;
        }
        if let Some(trailer) = parts.optional_context(3)?
            && number(&trailer.explicit()?)? != [1]
        {
            return Err(Malformed);
        }
        parts.finish()?;
        Ok(parameters)
    }
}

const MGF1: &str = "1.2.840.113549.1.1.8";

/// An AlgorithmIdentifier: its object identifier and its parameters. OpenSSL decodes them whatever they mean.
fn identifier<'a>(element: &Element<'a>) -> Result<(String, Option<Element<'a>>)> {
    if !element.is_universal(tag::SEQUENCE) {
        return Err(Malformed);
    }
    let mut parts = element.children()?;
    let oid = parts.oid()?;
    let parameters = parts.optional(|_| true)?;
    parameters.as_ref().map_or(Ok(()), Element::check_any)?;
    parts.finish()?;
    Ok((oid, parameters))
}

fn digest_of(algorithm: &Element<'_>) -> Result<Digest> {
    Digest::from_oid(&identifier(algorithm)?.0).ok_or(Malformed)
}

fn number<'a>(element: &Element<'a>) -> Result<&'a [u8]> {
    if element.is_universal(tag::INTEGER) {
        element.integer()
    } else {
        Err(Malformed)
    }
}

/// The value of a non-negative two's complement integer, if it fits.
pub(super) fn unsigned(bytes: &[u8]) -> Option<u64> {
    if bytes.first().is_some_and(|first| first & 0x80 != 0) {
        return None;
    }
    bytes.iter().try_fold(0_u64, |sum, byte| {
        Some(sum.checked_mul(256)? | u64::from(*byte))
    })
}

struct Named {
    oid: &'static str,
    name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    RsaPkcs1(Digest),
    RsaPss,
    Ecdsa(Digest),
    Dsa(Digest),
    Ed25519,
    Ed448,
}

const fn named(oid: &'static str, name: &'static str, kind: Kind) -> Named {
    Named { oid, name, kind }
}

use Kind::{Dsa, Ecdsa, RsaPkcs1};

/// The signature algorithms of crypto/objects/obj_xref.txt that RSA, DSA and curve keys make.
static NAMED: &[Named] = &[
    named(
        "1.2.840.113549.1.1.3",
        "md4WithRSAEncryption",
        RsaPkcs1(Digest::Md4),
    ),
    named(
        "1.2.840.113549.1.1.4",
        "md5WithRSAEncryption",
        RsaPkcs1(Digest::Md5),
    ),
    named(
        "1.2.840.113549.1.1.5",
        "sha1WithRSAEncryption",
        RsaPkcs1(Digest::Sha1),
    ),
    named("1.2.840.113549.1.1.10", "rsassaPss", Kind::RsaPss),
    named(
        "1.2.840.113549.1.1.11",
        "sha256WithRSAEncryption",
        RsaPkcs1(Digest::Sha256),
    ),
    named(
        "1.2.840.113549.1.1.12",
        "sha384WithRSAEncryption",
        RsaPkcs1(Digest::Sha384),
    ),
    named(
        "1.2.840.113549.1.1.13",
        "sha512WithRSAEncryption",
        RsaPkcs1(Digest::Sha512),
    ),
    named(
        "1.2.840.113549.1.1.14",
        "sha224WithRSAEncryption",
        RsaPkcs1(Digest::Sha224),
    ),
    named(
        "1.2.840.113549.1.1.15",
        "sha512-224WithRSAEncryption",
        RsaPkcs1(Digest::Sha512_224),
    ),
    named(
        "1.2.840.113549.1.1.16",
        "sha512-256WithRSAEncryption",
        RsaPkcs1(Digest::Sha512_256),
    ),
    named("1.3.14.3.2.29", "sha1WithRSA", RsaPkcs1(Digest::Sha1)),
    named(
        "1.3.36.3.3.1.2",
        "ripemd160WithRSA",
        RsaPkcs1(Digest::Ripemd160),
    ),
    named(
        "2.16.840.1.101.3.4.3.13",
        "RSA-SHA3-224",
        RsaPkcs1(Digest::Sha3_224),
    ),
    named(
        "2.16.840.1.101.3.4.3.14",
        "RSA-SHA3-256",
        RsaPkcs1(Digest::Sha3_256),
    ),
    named(
        "2.16.840.1.101.3.4.3.15",
        "RSA-SHA3-384",
        RsaPkcs1(Digest::Sha3_384),
    ),
    named(
        "2.16.840.1.101.3.4.3.16",
        "RSA-SHA3-512",
        RsaPkcs1(Digest::Sha3_512),
    ),
    named("1.2.840.10045.4.1", "ecdsa-with-SHA1", Ecdsa(Digest::Sha1)),
    named(
        "1.2.840.10045.4.3.1",
        "ecdsa-with-SHA224",
        Ecdsa(Digest::Sha224),
    ),
    named(
        "1.2.840.10045.4.3.2",
        "ecdsa-with-SHA256",
        Ecdsa(Digest::Sha256),
    ),
    named(
        "1.2.840.10045.4.3.3",
        "ecdsa-with-SHA384",
        Ecdsa(Digest::Sha384),
    ),
    named(
        "1.2.840.10045.4.3.4",
        "ecdsa-with-SHA512",
        Ecdsa(Digest::Sha512),
    ),
    named(
        "2.16.840.1.101.3.4.3.9",
        "ecdsa_with_SHA3-224",
        Ecdsa(Digest::Sha3_224),
    ),
    named(
        "2.16.840.1.101.3.4.3.10",
        "ecdsa_with_SHA3-256",
        Ecdsa(Digest::Sha3_256),
    ),
    named(
        "2.16.840.1.101.3.4.3.11",
        "ecdsa_with_SHA3-384",
        Ecdsa(Digest::Sha3_384),
    ),
    named(
        "2.16.840.1.101.3.4.3.12",
        "ecdsa_with_SHA3-512",
        Ecdsa(Digest::Sha3_512),
    ),
    named("1.2.840.10040.4.3", "dsaWithSHA1", Dsa(Digest::Sha1)),
    named(
        "2.16.840.1.101.3.4.3.1",
        "dsa_with_SHA224",
        Dsa(Digest::Sha224),
    ),
    named(
        "2.16.840.1.101.3.4.3.2",
        "dsa_with_SHA256",
        Dsa(Digest::Sha256),
    ),
    named(
        "2.16.840.1.101.3.4.3.3",
        "dsa_with_SHA384",
        Dsa(Digest::Sha384),
    ),
    named(
        "2.16.840.1.101.3.4.3.4",
        "dsa_with_SHA512",
        Dsa(Digest::Sha512),
    ),
    named("1.3.101.112", "ED25519", Kind::Ed25519),
    named("1.3.101.113", "ED448", Kind::Ed448),
];
