//! OpenSSL's security level 2, Debian's default: nothing below 112 bits of strength.

use super::algorithm::{Digest, SignatureScheme};
use super::key::KeyKind;
use super::post_quantum::MlDsa;

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
            Self::EcExplicit(_) => true,
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

impl KeyKind {
    /// Bits of strength, rounded down to the levels of OpenSSL where keys are of a usual size.
    pub fn strength(&self) -> Strength {
        let exactly = |bits| Strength::Exactly(bits);
        match self {
            Self::Rsa { bits } | Self::RsaPss { bits, .. } => match bits {
                ..2048 => Strength::Below(128),
                2048 => exactly(112),
                3072 => exactly(128),
                4096 => exactly(152),
                7680 => exactly(192),
                15360 => exactly(256),
                _ => Strength::Unknown,
            },
            Self::Ec(curve) => exactly(u16::try_from(curve.bits() / 2).unwrap_or(u16::MAX)),
            Self::Ed25519 | Self::MlDsa(MlDsa::V44) => exactly(128),
            Self::MlDsa(MlDsa::V65) => exactly(192),
            Self::Ed448 => exactly(224),
            Self::MlDsa(MlDsa::V87) => exactly(256),
            Self::Dsa { .. } | Self::EcExplicit(_) | Self::SlhDsa(_) | Self::Unusable(_) => {
                Strength::Unknown
            }
        }
    }
}

impl SignatureScheme {
    /// Bits of strength of the digest: half its length.
    pub fn strength(&self) -> Strength {
        let digest = match self {
            Self::RsaPkcs1(digest) | Self::Ecdsa(digest) | Self::Dsa(digest) => *digest,
            Self::RsaPss(Some(parameters)) => parameters.digest,
            Self::Ed25519 => return Strength::Exactly(128),
            Self::Ed448 => return Strength::Exactly(224),
            Self::MlDsa(set) => return KeyKind::MlDsa(*set).strength(),
            Self::RsaPss(None) | Self::SlhDsa(_) | Self::Unknown(_) => return Strength::Unknown,
        };
        // SHA-1 and MD5 have less.
        Strength::Exactly(u16::try_from(digest.length().saturating_mul(4)).unwrap_or(u16::MAX))
    }
}

/// How strong a key or digest is for OpenSSL (`EVP_PKEY_get_security_bits`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// This many bits.
    Exactly(u16),
    /// Fewer.
    Below(u16),
    /// A size between the usual ones.
    Unknown,
}

impl Strength {
    /// Is it certainly less than this many bits?
    pub fn is_below(self, bits: u16) -> bool {
        match self {
            Self::Exactly(own) => own < bits,
            Self::Below(limit) => limit <= bits,
            Self::Unknown => false,
        }
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

    /// OpenSSL's levels 3 to 5 need 128, 192 and 256 bits.
    #[test]
    fn strengths_are_those_of_openssl() {
        for (kind, below_128, below_192) in [
            (KeyKind::Rsa { bits: 1024 }, true, true),
            (KeyKind::Rsa { bits: 2048 }, true, true),
            (KeyKind::Rsa { bits: 2560 }, false, false),
            (KeyKind::Rsa { bits: 3072 }, false, true),
            (KeyKind::Ec(super::super::Curve::P256), false, true),
            (KeyKind::Ec(super::super::Curve::P384), false, false),
            (KeyKind::Ed25519, false, true),
        ] {
            let strength = kind.strength();
            assert_eq!(strength.is_below(128), below_128, "{kind:?}");
            assert_eq!(strength.is_below(192), below_192, "{kind:?}");
        }
        assert!(
            SignatureScheme::RsaPkcs1(Digest::Sha224)
                .strength()
                .is_below(128)
        );
        assert!(
            !SignatureScheme::Ecdsa(Digest::Sha256)
                .strength()
                .is_below(128)
        );
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
