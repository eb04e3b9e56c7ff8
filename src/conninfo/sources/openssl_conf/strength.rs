//! What a security level above 2 allows of an offer, in bits of security.

use crate::wire::tls::{KeyExchange, Suite};

/// Bits of security of a group in TLS (`nid_list` in OpenSSL's `ssl/t1_lib.c`).
pub(super) fn of_group(id: u16) -> u16 {
    match id {
        // secp384r1, its brainpool sibling, ffdhe8192, and X25519MLKEM768.
        24 | 27 | 32 | 260 | 4588 => 192,
        // secp521r1 and its brainpool sibling.
        25 | 28 | 33 => 256,
        // X448
        30 => 224,
        256 => 112,
        _ => 128,
    }
}

/// The same of a suite, or 0 if a level above 2 refuses it: without forward secrecy, or with HMAC-SHA1 above 160 bits
/// (`ssl_security_default_callback`).
pub(super) fn of_suite(suite: Suite) -> u16 {
    let bits = suite.key_bits().unwrap_or_default();
    match suite.key_exchange() {
        KeyExchange::Static => 0,
        _ if suite.openssl.ends_with("-SHA") => bits.min(160),
        _ => bits,
    }
}

/// Of a signature scheme: half of its digest, or the strength of its key (`sigalg_security_bits`).
pub(super) fn of_scheme(id: u16) -> u16 {
    match id.to_be_bytes() {
        [8, 8] => 224,
        [5, _] | [8, 5 | 0xa] | [9, 5] => 192,
        [6, _] | [8, 6 | 0xb] | [9, 6] => 256,
        [4, _] | [8, _] | [9, _] => 128,
        [3, _] => 112,
        _ => 64,
    }
}
