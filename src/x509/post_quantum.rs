//! Post-quantum signature algorithms: ML-DSA (FIPS 204, RFC 9881) and SLH-DSA (FIPS 205, RFC 9909).
//!
//! OpenSSL knows both from version 3.5 on.

use crate::words::words;

words! {
    /// A parameter set of ML-DSA. Keys and signatures have the same identifier.
    MlDsa {
        /// Security category 2.
        V44 = "ML-DSA-44",
        /// Security category 3.
        V65 = "ML-DSA-65",
        /// Security category 5.
        V87 = "ML-DSA-87",
    }
}

impl MlDsa {
    pub(super) fn from_oid(oid: &str) -> Option<Self> {
        match oid {
            "2.16.840.1.101.3.4.3.17" => Some(Self::V44),
            "2.16.840.1.101.3.4.3.18" => Some(Self::V65),
            "2.16.840.1.101.3.4.3.19" => Some(Self::V87),
            _ => None,
        }
    }

    /// Bytes of a public key (FIPS 204 table 2).
    pub(super) fn key_length(self) -> usize {
        match self {
            Self::V44 => 1312,
            Self::V65 => 1952,
            Self::V87 => 2592,
        }
    }
}

/// A parameter set of SLH-DSA. Keys and signatures have the same identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlhDsa {
    /// OpenSSL's name, such as `SLH-DSA-SHA2-128s`.
    pub name: &'static str,
    /// Bytes of a public key (FIPS 205 table 2).
    pub(super) key_length: usize,
}

impl SlhDsa {
    pub(super) fn from_oid(oid: &str) -> Option<Self> {
        let number: usize = oid.strip_prefix("2.16.840.1.101.3.4.3.")?.parse().ok()?;
        let name = SLH_DSA.get(number.checked_sub(FIRST_SLH_DSA)?)?;
        let key_length = match name.get(name.len().checked_sub(4)?..)?.get(..3)? {
            "128" => 32,
            "192" => 48,
            _ => 64,
        };
        Some(Self { name, key_length })
    }
}

/// The last number of the first identifier.
const FIRST_SLH_DSA: usize = 20;

/// In the order of their identifiers (NIST's Computer Security Objects Register).
const SLH_DSA: [&str; 12] = [
    "SLH-DSA-SHA2-128s",
    "SLH-DSA-SHA2-128f",
    "SLH-DSA-SHA2-192s",
    "SLH-DSA-SHA2-192f",
    "SLH-DSA-SHA2-256s",
    "SLH-DSA-SHA2-256f",
    "SLH-DSA-SHAKE-128s",
    "SLH-DSA-SHAKE-128f",
    "SLH-DSA-SHAKE-192s",
    "SLH-DSA-SHAKE-192f",
    "SLH-DSA-SHAKE-256s",
    "SLH-DSA-SHAKE-256f",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_names_and_key_lengths_of_the_standards() {
        for (last, name, key_length) in [
            (20, "SLH-DSA-SHA2-128s", 32),
            (23, "SLH-DSA-SHA2-192f", 48),
            (31, "SLH-DSA-SHAKE-256f", 64),
        ] {
            let found = SlhDsa::from_oid(&format!("2.16.840.1.101.3.4.3.{last}"));
            assert_eq!(found, Some(SlhDsa { name, key_length }));
        }
        for other in ["2.16.840.1.101.3.4.3.19", "2.16.840.1.101.3.4.3.32", "1.2"] {
            assert_eq!(SlhDsa::from_oid(other), None);
        }
        let sets: Vec<MlDsa> = (16..=20)
            .filter_map(|last| MlDsa::from_oid(&format!("2.16.840.1.101.3.4.3.{last}")))
            .collect();
        assert_eq!(sets, MlDsa::ALL);
    }
}
