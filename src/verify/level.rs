//! OpenSSL's security level 2, Debian's default: nothing below 112 bits of strength.

use crate::x509::{Digest, KeyKind, PublicKey, SignatureScheme};

use super::signature;

/// The shortest RSA modulus that `ossl_ifc_ffc_compute_security_bits` (crypto/rsa/rsa_lib.c) rounds
/// up to 112 bits of strength. It is below 2048 on purpose: 2047-bit keys exist.
const RSA_MODULUS: usize = 1963;
/// Half a group's order is its strength, in steps (`ossl_ec_key_get_security_bits`).
const EC_ORDER: usize = 224;
/// Half a digest is its strength.
const DIGEST_BYTES: usize = 28;
/// `DSA_security_bits` steps from 80 to 112 bits here.
const DSA_PRIME: usize = 2048;

/// Is the key strong enough? One that OpenSSL cannot decode is not (`check_key_level`).
pub(super) fn key_suffices(key: &PublicKey) -> bool {
    let strong = match &key.kind {
        KeyKind::Rsa { bits } | KeyKind::RsaPss { bits, .. } => *bits >= RSA_MODULUS,
        KeyKind::Ec(curve) => curve.bits() >= EC_ORDER,
        KeyKind::Dsa { bits, order_bits } => *bits >= DSA_PRIME && *order_bits >= EC_ORDER,
        // Refused on its own ground, as soon as it is part of a chain.
        KeyKind::EcExplicit | KeyKind::Ed25519 | KeyKind::Ed448 => true,
        KeyKind::Unusable(_) => false,
    };
    strong && signature::is_readable(key)
}

/// Is the signature's digest strong enough (`check_sig_level`)? Unknown algorithms are not.
pub(super) fn signature_suffices(scheme: &SignatureScheme) -> bool {
    let digest: Digest = match scheme {
        SignatureScheme::RsaPkcs1(digest)
        | SignatureScheme::Ecdsa(digest)
        | SignatureScheme::Dsa(digest) => *digest,
        SignatureScheme::RsaPss(Some(parameters)) => parameters.digest,
        SignatureScheme::Ed25519 | SignatureScheme::Ed448 => return true,
        SignatureScheme::RsaPss(None) | SignatureScheme::Unknown(_) => return false,
    };
    digest.length() >= DIGEST_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: KeyKind) -> PublicKey {
        PublicKey {
            spki: Vec::new(),
            algorithm: Vec::new(),
            key: Vec::new(),
            kind,
        }
    }

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
            assert_eq!(key_suffices(&key(kind.clone())), expected, "{kind:?}");
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
            assert_eq!(signature_suffices(&scheme), expected, "{digest:?}");
        }
        assert!(!signature_suffices(&SignatureScheme::Unknown(
            "1.2".to_owned()
        )));
    }
}
