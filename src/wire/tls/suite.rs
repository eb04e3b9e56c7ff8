//! Cipher suites by number and name, and what is wrong with them.

use super::suite_table::TABLE;
use super::version::TlsVersion;
use crate::words::words;

/// A cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// IANA's number.
    pub id: u16,
    /// OpenSSL's name, as psql prints it; IANA's if OpenSSL has none.
    pub openssl: &'static str,
    /// IANA's name.
    pub iana: &'static str,
}

/// How a suite agrees on a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyExchange {
    /// TLS 1.3: the suite does not name it.
    Tls13,
    /// An elliptic curve, and a fresh key for every session.
    Ecdhe,
    /// A prime, and a fresh key for every session.
    Dhe,
    /// The server's long-lived key: someone who gets it later can decrypt recorded sessions.
    Static,
}

words! {
    /// What is wrong with a cipher suite.
    Weakness {
        /// It does not encrypt.
        Null = "null",
        /// It does not authenticate the server.
        Anonymous = "anonymous",
        /// Its keys are deliberately short.
        Export = "export",
        /// RC4 (RFC 7465).
        Rc4 = "rc4",
        /// DES and RC2: keys of 56 bits at most.
        Des = "des",
        /// 3DES and IDEA: blocks of 64 bits (RFC 8429, SWEET32).
        TripleDes = "3des",
        /// CBC with the MAC inside: open to padding oracles (RFC 9325 section 4.2.1).
        Cbc = "cbc",
        /// No fresh key for every session (RFC 9325 section 4.1).
        StaticKey = "static-key",
    }
}

impl Weakness {
    /// Does a suite with this weakness protect nothing in practice?
    pub fn is_broken(self) -> bool {
        match self {
            Self::Null
            | Self::Anonymous
            | Self::Export
            | Self::Rc4
            | Self::Des
            | Self::TripleDes => true,
            Self::Cbc | Self::StaticKey => false,
        }
    }
}

impl Suite {
    /// Every suite that we can offer, strong ones first.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|&(id, openssl, iana)| Self {
            id,
            openssl: if openssl.is_empty() { iana } else { openssl },
            iana,
        })
    }

    /// The suites of a version.
    pub fn of_version(version: TlsVersion) -> Vec<Self> {
        Self::all()
            .filter(|suite| suite.is_tls13() == (version == TlsVersion::V1_3))
            .collect()
    }

    /// The suite of this number; `None` if we never offer it.
    pub fn of(id: u16) -> Option<Self> {
        Self::all().find(|suite| suite.id == id)
    }

    /// Does it belong to TLS 1.3? All others belong to TLS 1.2 and before.
    pub fn is_tls13(self) -> bool {
        self.key_exchange() == KeyExchange::Tls13
    }

    /// Does it need a server with an ECDSA key?
    pub fn is_ecdsa(self) -> bool {
        self.iana.contains("_ECDSA_WITH_")
    }

    /// How it agrees on a key. IANA's names have it before `_WITH_`; those of TLS 1.3 have no such
    /// part.
    pub fn key_exchange(self) -> KeyExchange {
        let Some((kind, _)) = self.iana.split_once("_WITH_") else {
            return KeyExchange::Tls13;
        };
        if kind.starts_with("TLS_ECDHE_") || kind.starts_with("TLS_ECDH_anon") {
            KeyExchange::Ecdhe
        } else if kind.starts_with("TLS_DHE_") || kind.starts_with("TLS_DH_anon") {
            KeyExchange::Dhe
        } else {
            KeyExchange::Static
        }
    }

    /// Secret bits of the key that it encrypts with, as IANA's name says or implies; `None` for
    /// ciphers that no current server offers.
    pub fn key_bits(self) -> Option<u16> {
        let (_, cipher) = self.iana.split_once("_WITH_").unwrap_or(("", self.iana));
        let cipher = cipher.strip_prefix("TLS_").unwrap_or(cipher);
        let sized = ["AES_", "ARIA_", "CAMELLIA_"]
            .iter()
            .find_map(|name| cipher.strip_prefix(name));
        match sized {
            Some(rest) => rest.split('_').next()?.parse().ok(),
            None if cipher.starts_with("CHACHA20_") => Some(256),
            None => None,
        }
    }

    /// Its weaknesses, worst first.
    pub fn weaknesses(self) -> Vec<Weakness> {
        let (kind, cipher) = self.iana.split_once("_WITH_").unwrap_or(("", self.iana));
        let marks = [
            (
                Weakness::Null,
                cipher.starts_with("NULL_") || cipher.starts_with("TLS_SHA"),
            ),
            (
                Weakness::Anonymous,
                kind.ends_with("_anon") || kind.contains("_anon_"),
            ),
            (Weakness::Export, kind.contains("_EXPORT")),
            (Weakness::Rc4, cipher.starts_with("RC4_")),
            (
                Weakness::Des,
                cipher.starts_with("DES") || cipher.starts_with("RC2_"),
            ),
            (
                Weakness::TripleDes,
                cipher.starts_with("3DES_") || cipher.starts_with("IDEA_"),
            ),
            (Weakness::Cbc, cipher.contains("CBC")),
            (
                Weakness::StaticKey,
                self.key_exchange() == KeyExchange::Static,
            ),
        ];
        let found = marks.into_iter().filter(|(_, is_there)| *is_there);
        found.map(|(weakness, _)| weakness).collect()
    }

    /// Does it protect nothing in practice?
    pub fn is_broken(self) -> bool {
        self.weaknesses().into_iter().any(Weakness::is_broken)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_and_names_are_each_there_once() {
        let suites: Vec<Suite> = Suite::all().collect();
        let numbers: HashSet<u16> = suites.iter().map(|suite| suite.id).collect();
        let names: HashSet<&str> = suites.iter().map(|suite| suite.iana).collect();
        let openssl: HashSet<&str> = suites.iter().map(|suite| suite.openssl).collect();
        for count in [numbers.len(), names.len(), openssl.len()] {
            assert_eq!(count, suites.len());
        }
    }

    #[test]
    fn every_suite_of_rustls_is_there_and_has_no_weakness() {
        for suite in rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES {
            let ours = Suite::of(u16::from(suite.suite())).unwrap();
            assert_eq!(ours.weaknesses(), []);
            assert!(matches!(ours.key_bits(), Some(128 | 256)), "{ours:?}");
            let name = suite.suite().as_str().unwrap();
            assert_eq!(name.replace("TLS13_", "TLS_"), ours.iana);
        }
    }

    #[test]
    fn the_size_of_the_key_is_that_of_the_cipher() {
        for (id, bits) in [
            (0x1301, Some(128)),
            (0x1302, Some(256)),
            (0x1303, Some(256)),
            (0xc02f, Some(128)),
            (0xc030, Some(256)),
            (0xcca8, Some(256)),
            (0xc0af, Some(256)),
            (0xc08a, Some(128)),
            (0xc061, Some(256)),
            (0x0005, None),
            (0xc0b4, None),
        ] {
            let suite = Suite::of(id).unwrap();
            assert_eq!(suite.key_bits(), bits, "{suite:?}");
        }
    }

    #[test]
    fn weaknesses_are_named_by_class() {
        use Weakness::{Anonymous, Cbc, Des, Export, Null, Rc4, StaticKey, TripleDes};
        for (id, expected) in [
            (0x1301, &[][..]),
            (0xc0b4, &[Null]),
            (0xc030, &[]),
            (0xccaa, &[]),
            (0xc014, &[Cbc]),
            (0x0039, &[Cbc]),
            (0x009d, &[StaticKey]),
            (0x002f, &[Cbc, StaticKey]),
            (0x000a, &[TripleDes, Cbc, StaticKey]),
            (0xc012, &[TripleDes, Cbc]),
            (0x0007, &[TripleDes, Cbc, StaticKey]),
            (0x0005, &[Rc4, StaticKey]),
            (0x0009, &[Des, Cbc, StaticKey]),
            (0x0003, &[Export, Rc4, StaticKey]),
            (0x0006, &[Export, Des, Cbc, StaticKey]),
            (0x0008, &[Export, Des, Cbc, StaticKey]),
            (0x0062, &[Export, Des, Cbc, StaticKey]),
            (0x00a7, &[Anonymous]),
            (0x0018, &[Anonymous, Rc4]),
            (0x0017, &[Anonymous, Export, Rc4]),
            (0xc018, &[Anonymous, Cbc]),
            (0xc015, &[Null, Anonymous]),
            (0x0002, &[Null, StaticKey]),
            (0xc004, &[Cbc, StaticKey]),
        ] {
            let suite = Suite::of(id).unwrap();
            assert_eq!(suite.weaknesses(), expected, "{suite:?}");
        }
    }

    #[test]
    fn only_suites_without_a_with_are_of_tls_1_3() {
        for suite in Suite::all() {
            let in_tls13 = matches!(
                suite.id,
                0x1301..=0x1305 | 0x00c6 | 0x00c7 | 0xc0b4 | 0xc0b5
            );
            assert_eq!(suite.is_tls13(), in_tls13, "{suite:?}");
        }
    }
}
