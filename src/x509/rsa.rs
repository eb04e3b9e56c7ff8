//! RSA signatures that aws-lc-rs does not check: those of keys below 2,048 bits, among others.
//!
//! OpenSSL's security level limits only the keys of a verified chain, so none under
//! `sslmode=require`. It also accepts 2,047 bits for 2,048.

use std::ops::RangeInclusive;

use rsa::sha2::digest::const_oid::AssociatedOid;
use rsa::sha2::digest::{Digest as Hash, FixedOutputReset};
use rsa::sha2::{Sha224, Sha256, Sha384, Sha512};
use rsa::traits::SignatureScheme;
use rsa::{BoxedUint, Pkcs1v15Sign, Pss};

use super::algorithm::Digest;
use super::der::{Reader, tag};

/// How a signature is padded (RFC 8017 section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RsaPadding {
    /// EMSA-PKCS1-v1_5.
    Pkcs1,
    /// EMSA-PSS, with the digest of the message for the mask.
    Pss {
        /// Length of the salt in bytes.
        salt: usize,
    },
}

/// Supported sizes of keys, in bits: a larger key would cost too much time.
const SIZES: RangeInclusive<usize> = 512..=8192;

/// Did this key, an RSAPublicKey (RFC 8017 appendix A.1.1), sign the message? `None` if we cannot
/// tell: OpenSSL may be able to.
pub(crate) fn rsa_signed(
    key: &[u8],
    padding: RsaPadding,
    digest: Digest,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let key = public_key(key)?;
    match digest {
        Digest::Sha224 => Some(signed::<Sha224>(&key, padding, message, signature)),
        Digest::Sha256 => Some(signed::<Sha256>(&key, padding, message, signature)),
        Digest::Sha384 => Some(signed::<Sha384>(&key, padding, message, signature)),
        Digest::Sha512 => Some(signed::<Sha512>(&key, padding, message, signature)),
        Digest::Md4
        | Digest::Md5
        | Digest::Ripemd160
        | Digest::Sha1
        | Digest::Sha512_224
        | Digest::Sha512_256
        | Digest::Sha3_224
        | Digest::Sha3_256
        | Digest::Sha3_384
        | Digest::Sha3_512 => None,
    }
}

fn public_key(der: &[u8]) -> Option<rsa::PublicKey> {
    let mut numbers = Reader::new(der).sequence().ok()?;
    let modulus = number(&mut numbers)?;
    let exponent = number(&mut numbers)?;
    rsa::PublicKey::new_with_size_limits(modulus, exponent, SIZES).ok()
}

fn number(numbers: &mut Reader<'_>) -> Option<BoxedUint> {
    let bytes = numbers.universal(tag::INTEGER).ok()?.bytes().ok()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = bytes.get(zeros..).filter(|bytes| !bytes.is_empty())?;
    let bits = bytes.len().checked_next_multiple_of(8)?.checked_mul(8)?;
    BoxedUint::from_be_slice(bytes, u32::try_from(bits).ok()?).ok()
}

fn signed<D: Hash + FixedOutputReset + AssociatedOid>(
    key: &rsa::PublicKey,
    padding: RsaPadding,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let hashed = D::digest(message);
    let verified = match padding {
        RsaPadding::Pkcs1 => Pkcs1v15Sign::new::<D>().verify(key, &hashed, signature),
        // A signature by a key of these sizes has no space for more.
        RsaPadding::Pss { salt } if salt > *SIZES.end() / 8 => return false,
        RsaPadding::Pss { salt } => Pss::<D>::new_with_salt(salt).verify(key, &hashed, signature),
    };
    verified.is_ok()
}
