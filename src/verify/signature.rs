//! Did this key sign these bytes?

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    self as aws, EcdsaVerificationAlgorithm, PqdsaVerificationAlgorithm, RsaParameters,
    RsaPssSaltLength, UnparsedPublicKey, VerificationAlgorithm,
};

use crate::x509::{
    Certificate, Crl, Curve, Digest, KeyKind, MlDsa, PssParameters, PublicKey, RsaPadding,
    SignatureScheme, rsa_signed,
};

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// The key made the signature.
    Good,
    /// It did not, or the signature is of a kind that the key cannot make.
    Bad,
    /// OpenSSL can tell; we cannot.
    Unsupported,
}

/// `X509_verify`: both algorithm identifiers must agree.
pub(super) fn check_certificate(certificate: &Certificate, key: &PublicKey) -> Check {
    if certificate.signature_algorithm.der != certificate.tbs_signature_algorithm.der
        || certificate.signature_unused_bits != 0
    {
        return Check::Bad;
    }
    check(
        &certificate.signature_algorithm.scheme,
        key,
        &certificate.tbs,
        &certificate.signature,
    )
}

/// The two places where a CRL names its algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithms {
    /// They must agree (`X509_CRL_verify` since OpenSSL 3.0.22 and 3.5.8).
    MustAgree,
    /// The outer one counts.
    MayDiffer,
}

/// `X509_CRL_verify`.
pub(super) fn check_crl(crl: &Crl, key: &PublicKey, algorithms: Algorithms) -> Check {
    let agree = crl.signature_algorithm.der == crl.tbs_signature_algorithm.der;
    if !agree && algorithms == Algorithms::MustAgree || crl.signature_unused_bits != 0 {
        return Check::Bad;
    }
    check(
        &crl.signature_algorithm.scheme,
        key,
        &crl.tbs,
        &crl.signature,
    )
}

/// Is the key strong enough for OpenSSL's security level 2? A key that OpenSSL cannot decode is not
/// (`check_key_level` in crypto/x509/x509_vfy.c).
pub(super) fn is_strong(key: &PublicKey) -> bool {
    key.kind.has_112_bits() && is_readable(key)
}

/// Can OpenSSL decode the key? It rejects points that are not on their curve. Found out once for each key.
pub(super) fn is_readable(key: &PublicKey) -> bool {
    key.readable.known_or(|| decodes(key))
}

fn decodes(key: &PublicKey) -> bool {
    let algorithm: &'static dyn VerificationAlgorithm = match key.kind {
        KeyKind::Unusable(_) => return false,
        KeyKind::Ec(Curve::P256) | KeyKind::EcExplicit(Some(Curve::P256)) => {
            &aws::ECDSA_P256_SHA256_ASN1
        }
        KeyKind::Ec(Curve::P384) | KeyKind::EcExplicit(Some(Curve::P384)) => {
            &aws::ECDSA_P384_SHA384_ASN1
        }
        KeyKind::Ec(Curve::P521) | KeyKind::EcExplicit(Some(Curve::P521)) => {
            &aws::ECDSA_P521_SHA512_ASN1
        }
        KeyKind::Ec(Curve::Secp256k1) => &aws::ECDSA_P256K1_SHA256_ASN1,
        KeyKind::MlDsa(set) => ml_dsa(set),
        KeyKind::Rsa { .. }
        | KeyKind::RsaPss { .. }
        | KeyKind::Ec(Curve::Other { .. })
        | KeyKind::EcExplicit(_)
        | KeyKind::Ed25519
        | KeyKind::Ed448
        | KeyKind::SlhDsa(_)
        | KeyKind::Dsa { .. } => return true,
    };
    UnparsedPublicKey::new(algorithm, &key.key).parse().is_ok()
}

/// Did this key make such a signature?
pub(super) fn check(
    stated: &SignatureScheme,
    key: &PublicKey,
    message: &[u8],
    signature: &[u8],
) -> Check {
    match choose(stated, &key.kind) {
        Choice::Verify(algorithm) => {
            let Ok(parsed) = UnparsedPublicKey::new(algorithm, &key.key).parse() else {
                return check_rsa(stated, key, message, signature);
            };
            match parsed.verify_sig(message, signature) {
                Ok(()) => Check::Good,
                Err(_) => Check::Bad,
            }
        }
        Choice::WrongKey => Check::Bad,
        Choice::Unsupported => match (stated, &key.kind) {
            (
                SignatureScheme::Ecdsa(digest),
                KeyKind::Ec(curve) | KeyKind::EcExplicit(Some(curve)),
            ) => check_ecdsa(*digest, *curve, &key.key, message, signature),
            _ => check_rsa(stated, key, message, signature),
        },
    }
}

/// ECDSA with a digest that aws-lc-rs does not pair with the curve. What counts of a digest is a number: its
/// leftmost bits, as many as the order of the group has (FIPS 186-5 section 6.4.1). So it is cut or filled
/// to the length of the digest that aws-lc-rs expects.
fn check_ecdsa(
    digest: Digest,
    curve: Curve,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Check {
    let (algorithm, expected) = match curve {
        Curve::P256 => (&aws::ECDSA_P256_SHA256_ASN1, &digest::SHA256),
        Curve::P384 => (&aws::ECDSA_P384_SHA384_ASN1, &digest::SHA384),
        Curve::P521 => (&aws::ECDSA_P521_SHA512_ASN1, &digest::SHA512),
        Curve::Secp256k1 => (&aws::ECDSA_P256K1_SHA256_ASN1, &digest::SHA256),
        Curve::Other { .. } => return Check::Unsupported,
    };
    let Some(made) = made_by_aws(digest) else {
        return Check::Unsupported;
    };
    let hashed = digest::digest(made, message);
    let missing = expected.output_len().saturating_sub(made.output_len());
    let filled = [&vec![0; missing], hashed.as_ref()].concat();
    let number = filled.get(..expected.output_len()).unwrap_or_default();
    let Ok(number) = digest::Digest::import_less_safe(number, expected) else {
        return Check::Unsupported;
    };
    let verified = UnparsedPublicKey::new(algorithm, key)
        .parse()
        .map(|key| key.verify_digest_sig(&number, signature));
    match verified {
        Ok(Ok(())) => Check::Good,
        Ok(Err(_)) | Err(_) => Check::Bad,
    }
}

fn made_by_aws(wanted: Digest) -> Option<&'static digest::Algorithm> {
    Some(match wanted {
        Digest::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        Digest::Sha224 => &digest::SHA224,
        Digest::Sha256 => &digest::SHA256,
        Digest::Sha384 => &digest::SHA384,
        Digest::Sha512 => &digest::SHA512,
        Digest::Sha512_256 => &digest::SHA512_256,
        Digest::Sha3_256 => &digest::SHA3_256,
        Digest::Sha3_384 => &digest::SHA3_384,
        Digest::Sha3_512 => &digest::SHA3_512,
        Digest::Md4 | Digest::Md5 | Digest::Ripemd160 | Digest::Sha512_224 | Digest::Sha3_224 => {
            return None;
        }
    })
}

/// RSA with a size, digest or salt that aws-lc-rs does not support.
fn check_rsa(scheme: &SignatureScheme, key: &PublicKey, message: &[u8], signature: &[u8]) -> Check {
    let (padding, digest) = match (scheme, &key.kind) {
        (SignatureScheme::RsaPkcs1(digest), KeyKind::Rsa { .. }) => (RsaPadding::Pkcs1, *digest),
        (
            SignatureScheme::RsaPss(Some(parameters)),
            KeyKind::Rsa { .. } | KeyKind::RsaPss { .. },
        ) if parameters.digest == parameters.mask_digest => {
            let Ok(salt) = usize::try_from(parameters.salt_length) else {
                return Check::Bad;
            };
            (RsaPadding::Pss { salt }, parameters.digest)
        }
        _ => return Check::Unsupported,
    };
    match rsa_signed(&key.key, padding, digest, message, signature) {
        Some(true) => Check::Good,
        Some(false) => Check::Bad,
        None => Check::Unsupported,
    }
}

enum Choice {
    Verify(&'static dyn VerificationAlgorithm),
    WrongKey,
    Unsupported,
}

impl<T: VerificationAlgorithm> From<Option<&'static T>> for Choice {
    fn from(algorithm: Option<&'static T>) -> Self {
        algorithm.map_or(Self::Unsupported, |algorithm| Self::Verify(algorithm))
    }
}

fn choose(scheme: &SignatureScheme, key: &KeyKind) -> Choice {
    match (scheme, key) {
        (SignatureScheme::RsaPkcs1(digest), KeyKind::Rsa { bits }) => {
            rsa_pkcs1(*digest, *bits).into()
        }
        (SignatureScheme::RsaPss(Some(parameters)), KeyKind::Rsa { bits }) => {
            rsa_pss(*parameters, *bits).into()
        }
        (SignatureScheme::RsaPss(Some(parameters)), KeyKind::RsaPss { bits, restriction }) => {
            match restriction {
                Some(restriction) if !parameters.keeps_to(*restriction) => Choice::WrongKey,
                _ => rsa_pss(*parameters, *bits).into(),
            }
        }
        (SignatureScheme::Ecdsa(digest), KeyKind::Ec(curve) | KeyKind::EcExplicit(Some(curve))) => {
            ecdsa(*digest, *curve).into()
        }
        (SignatureScheme::Ed25519, KeyKind::Ed25519) => Choice::Verify(&aws::ED25519),
        (SignatureScheme::MlDsa(stated), KeyKind::MlDsa(set)) if stated == set => {
            Choice::Verify(ml_dsa(*set))
        }
        (SignatureScheme::SlhDsa(stated), KeyKind::SlhDsa(set)) if stated == set => {
            Choice::Unsupported
        }
        (SignatureScheme::Ed448, KeyKind::Ed448)
        | (SignatureScheme::Dsa(_), KeyKind::Dsa { .. })
        | (SignatureScheme::Ecdsa(_), KeyKind::EcExplicit(None)) => Choice::Unsupported,
        _ => Choice::WrongKey,
    }
}

fn ml_dsa(set: MlDsa) -> &'static PqdsaVerificationAlgorithm {
    match set {
        MlDsa::V44 => &aws::ML_DSA_44,
        MlDsa::V65 => &aws::ML_DSA_65,
        MlDsa::V87 => &aws::ML_DSA_87,
    }
}

/// What aws-lc-rs verifies with keys of this size. It says of shorter ones that the signature is wrong.
fn rsa_pkcs1(digest: Digest, bits: usize) -> Option<&'static RsaParameters> {
    if bits < 1024 {
        return None;
    }
    Some(match digest {
        Digest::Sha1 => &aws::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        Digest::Sha256 => &aws::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        Digest::Sha384 if bits >= 2048 => &aws::RSA_PKCS1_2048_8192_SHA384,
        Digest::Sha512 => &aws::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        Digest::Md4
        | Digest::Md5
        | Digest::Ripemd160
        | Digest::Sha224
        | Digest::Sha384
        | Digest::Sha512_224
        | Digest::Sha512_256
        | Digest::Sha3_224
        | Digest::Sha3_256
        | Digest::Sha3_384
        | Digest::Sha3_512 => return None,
    })
}

fn rsa_pss(parameters: PssParameters, bits: usize) -> Option<&'static RsaParameters> {
    if parameters.mask_digest != parameters.digest || bits < 2048 {
        return None;
    }
    let pss = pss(parameters.digest)?;
    let digest = parameters.digest.length();
    let encoded = bits.checked_sub(1)?.div_ceil(8);
    let longest = encoded.checked_sub(digest)?.checked_sub(2)?;
    match usize::try_from(parameters.salt_length).ok()? {
        salt if salt == digest => Some(pss.digest_salt),
        salt if salt == longest => Some(pss.longest_salt),
        20 => Some(pss.default_salt),
        _ => None,
    }
}

/// RSASSA-PSS with one digest, by the length of the salt.
struct Pss {
    digest_salt: &'static RsaParameters,
    longest_salt: &'static RsaParameters,
    default_salt: &'static RsaParameters,
}

fn pss(digest: Digest) -> Option<Pss> {
    const LONGEST: RsaPssSaltLength = RsaPssSaltLength::Max;
    const DEFAULT: RsaPssSaltLength = RsaPssSaltLength::Custom(20);
    match digest {
        Digest::Sha256 => Some(Pss {
            digest_salt: &aws::RSA_PSS_2048_8192_SHA256,
            longest_salt: &const { aws::RSA_PSS_2048_8192_SHA256.with_pss_salt_length(LONGEST) },
            default_salt: &const { aws::RSA_PSS_2048_8192_SHA256.with_pss_salt_length(DEFAULT) },
        }),
        Digest::Sha384 => Some(Pss {
            digest_salt: &aws::RSA_PSS_2048_8192_SHA384,
            longest_salt: &const { aws::RSA_PSS_2048_8192_SHA384.with_pss_salt_length(LONGEST) },
            default_salt: &const { aws::RSA_PSS_2048_8192_SHA384.with_pss_salt_length(DEFAULT) },
        }),
        Digest::Sha512 => Some(Pss {
            digest_salt: &aws::RSA_PSS_2048_8192_SHA512,
            longest_salt: &const { aws::RSA_PSS_2048_8192_SHA512.with_pss_salt_length(LONGEST) },
            default_salt: &const { aws::RSA_PSS_2048_8192_SHA512.with_pss_salt_length(DEFAULT) },
        }),
        Digest::Md4
        | Digest::Md5
        | Digest::Ripemd160
        | Digest::Sha1
        | Digest::Sha224
        | Digest::Sha512_224
        | Digest::Sha512_256
        | Digest::Sha3_224
        | Digest::Sha3_256
        | Digest::Sha3_384
        | Digest::Sha3_512 => None,
    }
}

fn ecdsa(digest: Digest, curve: Curve) -> Option<&'static EcdsaVerificationAlgorithm> {
    Some(match (curve, digest) {
        (Curve::P256, Digest::Sha1) => &aws::ECDSA_P256_SHA1_ASN1,
        (Curve::P256, Digest::Sha256) => &aws::ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Digest::Sha384) => &aws::ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Digest::Sha512) => &aws::ECDSA_P256_SHA512_ASN1,
        (Curve::P384, Digest::Sha256) => &aws::ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Digest::Sha384) => &aws::ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Digest::Sha512) => &aws::ECDSA_P384_SHA512_ASN1,
        (Curve::P521, Digest::Sha1) => &aws::ECDSA_P521_SHA1_ASN1,
        (Curve::P521, Digest::Sha224) => &aws::ECDSA_P521_SHA224_ASN1,
        (Curve::P521, Digest::Sha256) => &aws::ECDSA_P521_SHA256_ASN1,
        (Curve::P521, Digest::Sha384) => &aws::ECDSA_P521_SHA384_ASN1,
        (Curve::P521, Digest::Sha512) => &aws::ECDSA_P521_SHA512_ASN1,
        (Curve::Secp256k1, Digest::Sha256) => &aws::ECDSA_P256K1_SHA256_ASN1,
        _ => return None,
    })
}
