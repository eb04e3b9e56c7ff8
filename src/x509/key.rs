//! Public keys: their kinds and names.

use std::sync::OnceLock;

use super::algorithm::PssParameters;
use super::der::{BitString, Element, Malformed, Reader, Result, tag};
use super::explicit_curve;
use super::post_quantum::{MlDsa, SlhDsa};

/// The subject's key: its kind and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// DER of the whole SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    /// DER of its AlgorithmIdentifier, header included.
    pub algorithm: Vec<u8>,
    /// Contents of its bit string.
    pub key: Vec<u8>,
    /// The kind of key.
    pub kind: KeyKind,
    /// Can OpenSSL decode it?
    pub(crate) readable: Readable,
}

/// Whether a key can be decoded, as soon as it has been found out. It follows from the key, so it makes no
/// two keys differ.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readable(OnceLock<bool>);

impl Readable {
    pub(crate) fn known_or(&self, find_out: impl FnOnce() -> bool) -> bool {
        *self.0.get_or_init(find_out)
    }
}

impl PartialEq for Readable {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Readable {}

/// A public key's algorithm and size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// An RSA key for any use (RFC 8017).
    Rsa {
        /// Length of the modulus.
        bits: usize,
    },
    /// An RSA key for RSASSA-PSS only (RFC 4055 section 1.2).
    RsaPss {
        /// Length of the modulus.
        bits: usize,
        /// What signatures must comply with, if the key restricts them.
        restriction: Option<PssParameters>,
    },
    /// A key on a named curve.
    Ec(Curve),
    /// A key whose curve is spelled out, and the curve, if TLS has it. OpenSSL does not accept it in a chain.
    EcExplicit(Option<Curve>),
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
    /// ML-DSA (RFC 9881).
    MlDsa(MlDsa),
    /// SLH-DSA (RFC 9909). No version of TLS uses such a key for a server.
    SlhDsa(SlhDsa),
    /// DSA.
    Dsa {
        /// Length of the prime p.
        bits: usize,
        /// Length of the subgroup's order q.
        order_bits: usize,
    },
    /// An algorithm that no TLS certificate uses, or contents that OpenSSL cannot decode; the
    /// dotted identifier of the algorithm.
    Unusable(String),
}

/// A named curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// secp256r1, prime256v1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
    /// secp256k1.
    Secp256k1,
    /// A curve that OpenSSL supports and our cryptography does not.
    Other {
        /// OpenSSL's short name.
        name: &'static str,
        /// Bits of the group's order.
        bits: usize,
    },
}

impl Curve {
    /// Bits of the group's order.
    pub fn bits(self) -> usize {
        match self {
            Self::P256 | Self::Secp256k1 => 256,
            Self::P384 => 384,
            Self::P521 => 521,
            Self::Other { bits, .. } => bits,
        }
    }

    /// NIST's name if there is one, otherwise OpenSSL's.
    pub fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Secp256k1 => "secp256k1",
            Self::Other { name, .. } => name,
        }
    }

    /// IANA's number of the group in TLS; `None` if OpenSSL's list of groups has none of this name in any version.
    pub fn group(self) -> Option<u16> {
        match self {
            Self::P256 => Some(23),
            Self::P384 => Some(24),
            Self::P521 => Some(25),
            Self::Secp256k1 => Some(22),
            Self::Other { .. } => None,
        }
    }

    fn from_oid(oid: &str) -> Option<Self> {
        let other = |name, bits| Some(Self::Other { name, bits });
        match oid {
            "1.2.840.10045.3.1.7" => Some(Self::P256),
            "1.3.132.0.34" => Some(Self::P384),
            "1.3.132.0.35" => Some(Self::P521),
            "1.3.132.0.10" => Some(Self::Secp256k1),
            "1.2.840.10045.3.1.1" => other("prime192v1", 192),
            "1.3.132.0.31" => other("secp192k1", 192),
            "1.3.132.0.32" => other("secp224k1", 225),
            "1.3.132.0.33" => other("secp224r1", 224),
            "1.3.36.3.3.2.8.1.1.1" => other("brainpoolP160r1", 160),
            "1.3.36.3.3.2.8.1.1.3" => other("brainpoolP192r1", 192),
            "1.3.36.3.3.2.8.1.1.5" => other("brainpoolP224r1", 224),
            "1.3.36.3.3.2.8.1.1.7" => other("brainpoolP256r1", 256),
            "1.3.36.3.3.2.8.1.1.8" => other("brainpoolP256t1", 256),
            "1.3.36.3.3.2.8.1.1.9" => other("brainpoolP320r1", 320),
            "1.3.36.3.3.2.8.1.1.11" => other("brainpoolP384r1", 384),
            "1.3.36.3.3.2.8.1.1.12" => other("brainpoolP384t1", 384),
            "1.3.36.3.3.2.8.1.1.13" => other("brainpoolP512r1", 512),
            "1.3.36.3.3.2.8.1.1.14" => other("brainpoolP512t1", 512),
            "1.3.132.0.16" => other("sect283k1", 281),
            "1.3.132.0.17" => other("sect283r1", 282),
            "1.3.132.0.36" => other("sect409k1", 407),
            "1.3.132.0.37" => other("sect409r1", 409),
            "1.3.132.0.38" => other("sect571k1", 570),
            "1.3.132.0.39" => other("sect571r1", 570),
            _ => None,
        }
    }
}

impl PublicKey {
    /// IANA's number of the curve of an EC key, where TLS has one.
    pub fn curve_group(&self) -> Option<u16> {
        if let KeyKind::Ec(curve) | KeyKind::EcExplicit(Some(curve)) = self.kind {
            curve.group()
        } else {
            None
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let whole = reader.universal(tag::SEQUENCE)?;
        let mut parts = whole.children()?;
        let algorithm = parts.universal(tag::SEQUENCE)?;
        let mut inside = algorithm.children()?;
        let oid = inside.oid()?;
        let parameters = inside.optional(|_| true)?;
        parameters.as_ref().map_or(Ok(()), Element::check_any)?;
        inside.finish()?;
        let key = parts.universal(tag::BIT_STRING)?.bit_string()?;
        parts.finish()?;
        let kind = kind_of(&oid, parameters.as_ref(), key).unwrap_or(KeyKind::Unusable(oid));
        Ok(Self {
            spki: whole.whole.to_vec(),
            algorithm: algorithm.whole.to_vec(),
            key: key.to_vec(),
            kind,
            readable: Readable::default(),
        })
    }

    /// The bit string of a SubjectPublicKeyInfo, if it ends with a whole byte.
    pub(crate) fn bytes_of_spki(spki: &[u8]) -> Option<&[u8]> {
        let mut parts = Reader::new(spki).sequence().ok()?;
        parts.universal(tag::SEQUENCE).ok()?;
        let key = parts.universal(tag::BIT_STRING).ok()?.bit_string().ok()?;
        (key.unused == 0).then_some(key.bytes)
    }

    /// The name of its algorithm, if OpenSSL knows it only from 3.5 on.
    pub fn post_quantum(&self) -> Option<&'static str> {
        match &self.kind {
            KeyKind::MlDsa(set) => Some(set.name()),
            KeyKind::SlhDsa(set) => Some(set.name),
            KeyKind::Rsa { .. }
            | KeyKind::RsaPss { .. }
            | KeyKind::Ec(_)
            | KeyKind::EcExplicit(_)
            | KeyKind::Ed25519
            | KeyKind::Ed448
            | KeyKind::Dsa { .. }
            | KeyKind::Unusable(_) => None,
        }
    }

    /// For people: `RSA 2048`, `ECDSA P-256`, `Ed25519`.
    pub fn description(&self) -> String {
        match &self.kind {
            KeyKind::Rsa { bits } => format!("RSA {bits}"),
            KeyKind::RsaPss { bits, .. } => format!("RSA-PSS {bits}"),
            KeyKind::Ec(curve) => format!("ECDSA {}", curve.name()),
            KeyKind::EcExplicit(Some(curve)) => {
                format!("ECDSA {} with explicit curve parameters", curve.name())
            }
            KeyKind::EcExplicit(None) => "ECDSA with explicit curve parameters".to_owned(),
            KeyKind::Ed25519 => "Ed25519".to_owned(),
            KeyKind::Ed448 => "Ed448".to_owned(),
            KeyKind::MlDsa(set) => set.name().to_owned(),
            KeyKind::SlhDsa(set) => set.name.to_owned(),
            KeyKind::Dsa { bits, .. } => format!("DSA {bits}"),
            KeyKind::Unusable(oid) => match post_quantum(oid) {
                // Parameters must be absent, and the length is fixed (RFC 9881 section 4).
                Some(name) => format!("damaged {name} key"),
                None => format!("unusable key of type {oid}"),
            },
        }
    }
}

/// The name of a post-quantum algorithm.
fn post_quantum(oid: &str) -> Option<&'static str> {
    let ml_dsa = MlDsa::from_oid(oid).map(MlDsa::name);
    ml_dsa.or_else(|| SlhDsa::from_oid(oid).map(|set| set.name))
}

fn kind_of(oid: &str, parameters: Option<&Element<'_>>, key: BitString<'_>) -> Result<KeyKind> {
    match oid {
        "1.2.840.113549.1.1.1" | "2.5.8.1.1" => Ok(KeyKind::Rsa {
            bits: modulus_bits(key.bytes)?,
        }),
        "1.2.840.113549.1.1.10" => Ok(KeyKind::RsaPss {
            bits: modulus_bits(key.bytes)?,
            restriction: parameters.map(PssParameters::from_element).transpose()?,
        }),
        "1.2.840.10045.2.1" => {
            let parameters = parameters.ok_or(Malformed)?;
            if parameters.is_universal(tag::SEQUENCE) {
                return explicit_curve::named(parameters).map(KeyKind::EcExplicit);
            }
            if !parameters.is_universal(tag::OID) {
                return Err(Malformed);
            }
            Curve::from_oid(&parameters.oid()?)
                .map(KeyKind::Ec)
                .ok_or(Malformed)
        }
        "1.3.101.112" if parameters.is_none() && key.bytes.len() == 32 => Ok(KeyKind::Ed25519),
        "1.3.101.113" if parameters.is_none() && key.bytes.len() == 57 => Ok(KeyKind::Ed448),
        "1.2.840.10040.4.1" => {
            let mut numbers = parameters.ok_or(Malformed)?.children()?;
            let bits = magnitude_bits(numbers.universal(tag::INTEGER)?.bytes()?);
            let order_bits = magnitude_bits(numbers.universal(tag::INTEGER)?.bytes()?);
            Ok(KeyKind::Dsa { bits, order_bits })
        }
        other => fixed_length(other, parameters, key),
    }
}

/// RFC 9881 section 4, RFC 9909 section 4: no parameters, and a key of the one length.
fn fixed_length(
    oid: &str,
    parameters: Option<&Element<'_>>,
    key: BitString<'_>,
) -> Result<KeyKind> {
    let ml_dsa = MlDsa::from_oid(oid).map(|set| (KeyKind::MlDsa(set), set.key_length()));
    let slh_dsa = SlhDsa::from_oid(oid).map(|set| (KeyKind::SlhDsa(set), set.key_length));
    let (kind, length) = ml_dsa.or(slh_dsa).ok_or(Malformed)?;
    if parameters.is_some() || key.bytes.len() != length || key.unused != 0 {
        return Err(Malformed);
    }
    Ok(kind)
}

/// RSAPublicKey, RFC 8017 appendix A.1.1. OpenSSL reads its numbers without a sign.
fn modulus_bits(key: &[u8]) -> Result<usize> {
    let mut numbers = Reader::new(key).sequence()?;
    let modulus = numbers.universal(tag::INTEGER)?.bytes()?;
    numbers.universal(tag::INTEGER)?.bytes()?;
    numbers.finish()?;
    Ok(magnitude_bits(modulus))
}

fn magnitude_bits(bytes: &[u8]) -> usize {
    let mut significant = bytes.iter().skip_while(|byte| **byte == 0);
    let Some(first) = significant.next() else {
        return 0;
    };
    let top = 8_usize.saturating_sub(first.leading_zeros() as usize);
    significant.count().saturating_mul(8).saturating_add(top)
}
