//! Certificates and CRLs of any shape, good and broken, made in memory.
//!
//! A builder that writes DER itself can make what no tool will make: negative serials, doubled
//! extensions, explicit FALSE, signatures by the wrong key. Keys are made once per test run; P-256
//! works in process, all other keys and digests are the openssl program's.

mod algorithms;
mod der;
mod documents;
mod extensions;
mod keys;

pub(crate) use algorithms::*;
pub(crate) use der::*;
pub(crate) use documents::*;
pub(crate) use extensions::*;
pub(crate) use keys::*;

/// 2026-07-01T00:00:00Z, the time at which the certificates are judged.
pub(crate) const NOW: i64 = 1_782_864_000;
/// Seconds.
pub(crate) const DAY: i64 = 86_400;

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let base64 = data_encoding::BASE64.encode(der);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}
