//! The DER of a private key: which form it has, and whether rustls can sign with it.

use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::asn1::{AnyRef, ContextSpecific, ObjectIdentifier, OctetStringRef, UintRef};
use pkcs8::der::{Decode as _, Error as DerError, Reader as _, SliceReader, TagNumber};
use rustls::pki_types::PrivateKeyDer;

use super::KeyFault;
use crate::trust::encryption::is_encrypted_pkcs8;

pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

pub(super) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// ML-DSA-44, ML-DSA-65 and ML-DSA-87 (RFC 9881 section 2).
const ML_DSA: [ObjectIdentifier; 3] = [
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17"),
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18"),
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19"),
];

/// P-256, P-384 and P-521.
const CURVES: [ObjectIdentifier; 3] = [
    ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
    ObjectIdentifier::new_unwrap("1.3.132.0.34"),
    ObjectIdentifier::new_unwrap("1.3.132.0.35"),
];

/// The lengths of RSA moduli that our cryptography signs with, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A PrivateKeyInfo (RFC 5958) whose inner key can be decoded, too.
pub(in crate::trust) fn is_pkcs8(der: &[u8]) -> bool {
    let Ok(info) = PrivateKeyInfoRef::try_from(der) else {
        return false;
    };
    let inner = info.private_key.as_bytes();
    match info.algorithm.oid {
        RSA => is_integers(inner, 9),
        EC => ec_parameters(inner).is_ok(),
        _ => first_value(inner).is_some(),
    }
}

/// A sequence of at least `least` integers.
pub(super) fn is_integers(der: &[u8], least: usize) -> bool {
    let integers = SliceReader::new(der).and_then(|mut reader| {
        reader.sequence(|reader| {
            let mut count = 0_usize;
            while !reader.is_finished() {
                UintRef::decode(reader)?;
                count = count.saturating_add(1);
            }
            Ok::<_, DerError>(count)
        })
    });
    integers.is_ok_and(|count| count >= least)
}

/// Bytes after the key are ignored.
pub(super) fn first_value(der: &[u8]) -> Option<&[u8]> {
    SliceReader::new(der).ok()?.tlv_bytes().ok()
}

/// Is this the DER of an unencrypted key, of any kind?
pub(in crate::trust) fn is_der(der: &[u8]) -> bool {
    is_pkcs8(der) || ec_parameters(der).is_ok() || is_integers(der, 9) || is_encrypted_pkcs8(der)
}

pub(super) fn from_der(contents: &[u8]) -> Result<Option<PrivateKeyDer<'static>>, KeyFault> {
    let Some(der) = first_value(contents) else {
        return Ok(None);
    };
    if is_encrypted_pkcs8(der) {
        return Err(KeyFault::EncryptedDer);
    }
    from_pkcs8(der)
        .or_else(|| from_sec1(der))
        .or_else(|| from_pkcs1(der))
        .transpose()
}

/// `None` if this is not a PrivateKeyInfo (RFC 5958).
pub(super) fn from_pkcs8(der: &[u8]) -> Option<Result<PrivateKeyDer<'static>, KeyFault>> {
    let info = PrivateKeyInfoRef::try_from(der).ok()?;
    let supported = match info.algorithm.oid {
        RSA => check_rsa(info.private_key.as_bytes()).unwrap_or(Err(KeyFault::Malformed)),
        EC => check_curve(info.algorithm.parameters_oid().ok()),
        ED25519 => Ok(()),
        algorithm if ML_DSA.contains(&algorithm) => Ok(()),
        other => Err(KeyFault::UnsupportedKey { kind: name(other) }),
    };
    Some(supported.map(|()| PrivateKeyDer::Pkcs8(der.to_vec().into())))
}

/// OpenSSL accepts a PrivateKeyInfo under an older label if the label fits its algorithm.
pub(super) fn from_mislabelled_pkcs8(
    der: &[u8],
    algorithm: ObjectIdentifier,
) -> Option<Result<PrivateKeyDer<'static>, KeyFault>> {
    let info = PrivateKeyInfoRef::try_from(der).ok()?;
    if info.algorithm.oid == algorithm {
        from_pkcs8(der)
    } else {
        None
    }
}

/// `None` if this is not an RSAPrivateKey (RFC 8017 appendix A.1.2).
pub(super) fn from_pkcs1(der: &[u8]) -> Option<Result<PrivateKeyDer<'static>, KeyFault>> {
    let supported = check_rsa(der)?;
    Some(supported.map(|()| PrivateKeyDer::Pkcs1(der.to_vec().into())))
}

/// `None` if this is not an ECPrivateKey (RFC 5915 section 3).
pub(super) fn from_sec1(der: &[u8]) -> Option<Result<PrivateKeyDer<'static>, KeyFault>> {
    let parameters = ec_parameters(der).ok()?;
    let supported = match parameters {
        // OpenSSL does not look for them in an EC PARAMETERS block.
        None => Err(KeyFault::Malformed),
        Some(parameters) => check_curve(ObjectIdentifier::try_from(parameters).ok()),
    };
    Some(supported.map(|()| PrivateKeyDer::Sec1(der.to_vec().into())))
}

/// `None` if this is not an RSAPrivateKey (RFC 8017 appendix A.1.2).
fn check_rsa(pkcs1: &[u8]) -> Option<Result<(), KeyFault>> {
    let (version, modulus) = SliceReader::new(pkcs1)
        .and_then(|mut reader| {
            reader.sequence(|reader| {
                let version = u8::decode(reader)?;
                let modulus = UintRef::decode(reader)?;
                reader.read_slice(reader.remaining_len())?;
                Ok::<_, DerError>((version, modulus))
            })
        })
        .ok()?;
    let bytes = modulus.as_bytes();
    let first = bytes.first()?.leading_zeros();
    let bits = bytes
        .len()
        .checked_mul(8)?
        .checked_sub(usize::try_from(first).ok()?)?;
    Some(match version {
        MULTI_PRIME => Err(KeyFault::UnsupportedKey {
            kind: "multi-prime RSA".to_owned(),
        }),
        _ if RSA_BITS.contains(&bits) => Ok(()),
        _ => Err(KeyFault::RsaLength { bits }),
    })
}

/// The version of an RSA key with more than two primes.
const MULTI_PRIME: u8 = 1;

pub(super) fn ec_parameters(der: &[u8]) -> Result<Option<AnyRef<'_>>, DerError> {
    SliceReader::new(der)?.sequence(|reader| {
        u8::decode(reader)?;
        <&OctetStringRef>::decode(reader)?;
        let parameters = ContextSpecific::<AnyRef<'_>>::decode_explicit(reader, TagNumber(0))?;
        ContextSpecific::<AnyRef<'_>>::decode_explicit(reader, TagNumber(1))?;
        Ok(parameters.map(|parameters| parameters.value))
    })
}

/// `None` means a curve that is spelled out.
fn check_curve(curve: Option<ObjectIdentifier>) -> Result<(), KeyFault> {
    match curve {
        Some(curve) if CURVES.contains(&curve) => Ok(()),
        Some(curve) => Err(KeyFault::UnsupportedKey { kind: name(curve) }),
        None => Err(KeyFault::UnsupportedKey {
            kind: "explicit-parameter EC".to_owned(),
        }),
    }
}

fn name(oid: ObjectIdentifier) -> String {
    let dotted = oid.to_string();
    let name = match dotted.as_str() {
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.10040.4.1" => "DSA",
        "1.3.101.110" => "X25519",
        "1.3.101.111" => "X448",
        "1.3.101.113" => "Ed448",
        "1.3.132.0.10" => "secp256k1",
        "1.2.840.10045.3.1.1" => "P-192",
        "1.3.132.0.33" => "P-224",
        "1.3.36.3.3.2.8.1.1.7" => "brainpoolP256r1",
        "1.3.36.3.3.2.8.1.1.11" => "brainpoolP384r1",
        "1.3.36.3.3.2.8.1.1.13" => "brainpoolP512r1",
        dotted => dotted,
    };
    name.to_owned()
}
