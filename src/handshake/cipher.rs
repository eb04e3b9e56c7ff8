//! Cipher suites by the names that psql prints.

use rustls::CipherSuite;

/// A cipher suite that rustls can negotiate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cipher {
    /// OpenSSL's name, as psql prints it.
    pub openssl: &'static str,
    /// IANA's name.
    pub iana: &'static str,
    /// Secret bits of the key.
    pub bits: u16,
}

impl Cipher {
    /// The names of a suite; `None` for one that rustls does not implement.
    pub fn of(suite: CipherSuite) -> Option<Self> {
        let (openssl, iana, bits) = match suite {
            CipherSuite::TLS13_AES_256_GCM_SHA384 => {
                ("TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", 256)
            }
            CipherSuite::TLS13_AES_128_GCM_SHA256 => {
                ("TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", 128)
            }
            CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => (
                "TLS_CHACHA20_POLY1305_SHA256",
                "TLS_CHACHA20_POLY1305_SHA256",
                256,
            ),
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => (
                "ECDHE-ECDSA-AES256-GCM-SHA384",
                "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                256,
            ),
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => (
                "ECDHE-ECDSA-AES128-GCM-SHA256",
                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                128,
            ),
            CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => (
                "ECDHE-ECDSA-CHACHA20-POLY1305",
                "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                256,
            ),
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => (
                "ECDHE-RSA-AES256-GCM-SHA384",
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                256,
            ),
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => (
                "ECDHE-RSA-AES128-GCM-SHA256",
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                128,
            ),
            CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => (
                "ECDHE-RSA-CHACHA20-POLY1305",
                "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
                256,
            ),
            _ => return None,
        };
        Some(Self {
            openssl,
            iana,
            bits,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_that_rustls_offers_has_its_openssl_name() {
        for suite in rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES {
            let cipher = Cipher::of(suite.suite()).unwrap();
            let key_bits = if cipher.iana.contains("AES_128") {
                128
            } else {
                256
            };
            assert_eq!(cipher.bits, key_bits, "{cipher:?}");
            assert_eq!(
                cipher.openssl.contains("ECDSA"),
                cipher.iana.contains("ECDSA")
            );
        }
    }
}
