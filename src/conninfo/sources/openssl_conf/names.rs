//! The words of OpenSSL's lists, as numbers of IANA's registries.

use crate::wire::tls::Group;

/// IANA's and NIST's names, and those of curves in OpenSSL.
pub(super) fn group(word: &str) -> Option<u16> {
    let other = match word.to_ascii_lowercase().as_str() {
        "p-256" | "prime256v1" => "secp256r1",
        "p-384" => "secp384r1",
        "p-521" => "secp521r1",
        _ => word,
    };
    let mut all = Group::all();
    let found = all.find(|group| group.name.eq_ignore_ascii_case(other))?;
    Some(found.id)
}

/// The number, the name and OpenSSL's pairs of key and digest. A pair stands for the first scheme that has it.
pub(super) const SCHEMES: &[(u16, &str, &[&str])] = &[
    (0x0403, "ecdsa_secp256r1_sha256", &["ECDSA+SHA256"]),
    (0x0503, "ecdsa_secp384r1_sha384", &["ECDSA+SHA384"]),
    (0x0603, "ecdsa_secp521r1_sha512", &["ECDSA+SHA512"]),
    (
        0x0804,
        "rsa_pss_rsae_sha256",
        &["RSA-PSS+SHA256", "PSS+SHA256"],
    ),
    (
        0x0805,
        "rsa_pss_rsae_sha384",
        &["RSA-PSS+SHA384", "PSS+SHA384"],
    ),
    (
        0x0806,
        "rsa_pss_rsae_sha512",
        &["RSA-PSS+SHA512", "PSS+SHA512"],
    ),
    (0x0809, "rsa_pss_pss_sha256", &[]),
    (0x080a, "rsa_pss_pss_sha384", &[]),
    (0x080b, "rsa_pss_pss_sha512", &[]),
    (0x0401, "rsa_pkcs1_sha256", &["RSA+SHA256"]),
    (0x0501, "rsa_pkcs1_sha384", &["RSA+SHA384"]),
    (0x0601, "rsa_pkcs1_sha512", &["RSA+SHA512"]),
    (0x0807, "ed25519", &[]),
    (0x0808, "ed448", &[]),
    (0x0904, "mldsa44", &[]),
    (0x0905, "mldsa65", &[]),
    (0x0906, "mldsa87", &[]),
];

/// The suites of TLS 1.3 that OpenSSL 3.0 to 3.5 has.
pub(super) const SUITES_OF_OPENSSL: [u16; 5] = [0x1302, 0x1303, 0x1301, 0x1304, 0x1305];

/// Signatures with these digests are not offered here.
pub(super) const OLD_DIGESTS: [&str; 3] = ["SHA1", "SHA224", "MD5"];
