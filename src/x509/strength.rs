//! OpenSSL's security level 2, Debian's default: nothing below 112 bits of strength.

use super::algorithm::{Digest, SignatureScheme};
use super::key::KeyKind;

/// The shortest RSA modulus that `ossl_ifc_ffc_compute_security_bits` (crypto/rsa/rsa_lib.c) rounds
/// up to 112 bits of strength. It is below 2048 because 2047-bit keys exist.
const RSA_MODULUS: usize = 1963;
/// Bits of a group's order. Half of it is the strength, in steps (`ossl_ec_key_get_security_bits`).
const EC_ORDER: usize = 224;
/// Bytes of a digest. Half of it is the strength.
const DIGEST_BYTES: usize = 28;
/// Bits of the prime from which `DSA_security_bits` gives 112 instead of 80.
const DSA_PRIME: usize = 2048;

impl KeyKind {
    /// Does such a key have 112 bits of strength? A key that OpenSSL cannot decode does not.
    pub fn has_112_bits(&self) -> bool {
        match self {
            Self::Rsa { bits } | Self::RsaPss { bits, .. } => *bits >= RSA_MODULUS,
            Self::Ec(curve) => curve.bits() >= EC_ORDER,
            Self::Dsa { bits, order_bits } => *bits >= DSA_PRIME && *order_bits >= EC_ORDER,
            // Refused for another reason when it is part of a chain.
            Self::EcExplicit => true,
            Self::Ed25519 | Self::Ed448 | Self::MlDsa(_) | Self::SlhDsa(_) => true,
            Self::Unusable(_) => false,
        }
    }
}

impl SignatureScheme {
    /// Does the digest of such a signature have 112 bits of strength? Those of unknown algorithms
    /// do not.
    pub fn has_112_bits(&self) -> bool {
        let digest: Digest = match self {
            Self::RsaPkcs1(digest) | Self::Ecdsa(digest) | Self::Dsa(digest) => *digest,
            Self::RsaPss(Some(parameters)) => parameters.digest,
            Self::Ed25519 | Self::Ed448 | Self::MlDsa(_) | Self::SlhDsa(_) => return true,
            Self::RsaPss(None) | Self::Unknown(_) => return false,
        };
        digest.length() >= DIGEST_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_below_112_bits_of_strength_do_not_suffice() {
        for (kind, expected) in [
            (KeyKind::Rsa { bits: 1024 }, false),
            (KeyKind::Rsa { bits: 1962 }, false),
            (KeyKind::Rsa { bits: 1963 }, true),
            (KeyKind::Rsa { bits: 2047 }, true),
            (KeyKind::Ed25519, true),
            (KeyKind::Unusable("1.2.3".to_owned()), false),
        ] {
            assert_eq!(kind.has_112_bits(), expected, "{kind:?}");
        }
    }

    #[test]
    fn digests_below_112_bits_of_strength_do_not_suffice() {
        for (digest, expected) in [
            (Digest::Md5, false),
            (Digest::Sha1, false),
            (Digest::Sha224, true),
            (Digest::Sha256, true),
        ] {
            let scheme = SignatureScheme::RsaPkcs1(digest);
            assert_eq!(scheme.has_112_bits(), expected, "{digest:?}");
        }
        assert!(!SignatureScheme::Unknown("1.2".to_owned()).has_112_bits());
    }
}
