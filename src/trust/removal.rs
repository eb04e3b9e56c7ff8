//! When public root stores remove roots: the dates after which a string that relies on such a store fails.
//!
//! A file that `sslrootcert` names keeps its roots. Only `system` and Mozilla's list lose them.

use time::Date;
use time::macros::date;

use super::{BundledRoot, is_public};
use crate::x509::Certificate;

/// One root, or several with the same date.
#[derive(Debug, PartialEq, Eq)]
pub struct Removal {
    /// The roots' commonNames.
    pub roots: &'static [&'static str],
    /// When Mozilla takes away the trust for servers.
    pub date: Date,
    /// How the date is known.
    pub basis: Basis,
}

/// How a date is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// It is announced, or has passed.
    Announced,
    /// It follows from the year in which the key was made, by Mozilla's rule. It may still move.
    Inferred,
}

/// Where the dates come from.
pub const SOURCE: &str = "https://wiki.mozilla.org/CA/Root_CA_Lifecycles";

/// Removals that matter to PostgreSQL, the earliest first. Collected on 2026-11-26.
pub const REMOVALS: [Removal; 7] = [
    Removal {
        roots: &[
            "Baltimore CyberTrust Root",
            "AAA Certificate Services",
            "Entrust.net Certification Authority (2048)",
        ],
        date: date!(2025 - 04 - 15),
        basis: Basis::Announced,
    },
    Removal {
        roots: &[
            "DigiCert Global Root CA",
            "DigiCert Assured ID Root CA",
            "DigiCert High Assurance EV Root CA",
        ],
        date: date!(2026 - 04 - 15),
        basis: Basis::Announced,
    },
    Removal {
        roots: &[
            "Starfield Services Root Certificate Authority - G2",
            "Starfield Root Certificate Authority - G2",
            "Go Daddy Root Certificate Authority - G2",
        ],
        date: date!(2027 - 04 - 15),
        basis: Basis::Inferred,
    },
    Removal {
        roots: &["DigiCert Global Root G2"],
        date: date!(2029 - 04 - 15),
        basis: Basis::Inferred,
    },
    Removal {
        roots: &[
            "Amazon Root CA 1",
            "Amazon Root CA 2",
            "Amazon Root CA 3",
            "Amazon Root CA 4",
        ],
        date: date!(2030 - 05 - 26),
        basis: Basis::Inferred,
    },
    Removal {
        roots: &["ISRG Root X1"],
        date: date!(2030 - 06 - 04),
        basis: Basis::Announced,
    },
    Removal {
        roots: &[
            "Microsoft RSA Root Certificate Authority 2017",
            "Microsoft ECC Root Certificate Authority 2017",
        ],
        date: date!(2034 - 04 - 15),
        basis: Basis::Inferred,
    },
];

impl Removal {
    /// The removal of this root, if it is a public one with a known date. Another root of the same name does not
    /// count.
    pub fn of(root: &Certificate) -> Option<&'static Self> {
        let name = root.subject.common_names.first()?;
        let named = |removal: &&Self| removal.roots.iter().any(|root| root.as_bytes() == name);
        let removal = REMOVALS.iter().find(named)?;
        (is_public(root) || BundledRoot::of(root).is_some()).then_some(removal)
    }

    /// Midnight UTC of the date, in seconds since 1970-01-01T00:00:00Z.
    pub fn instant(&self) -> i64 {
        self.date.midnight().assume_utc().unix_timestamp()
    }

    /// `2029-04-15`
    pub fn day(&self) -> String {
        self.date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_ascend_and_every_root_of_the_future_is_in_the_list_compiled_in() {
        assert!(REMOVALS.is_sorted_by_key(Removal::instant));
        // 2026-11-26
        let coming = REMOVALS
            .iter()
            .filter(|removal| removal.instant() > 1_795_651_200);
        let roots: Vec<Certificate> = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|der| Certificate::parse(der).unwrap())
            .collect();
        for name in coming.flat_map(|removal| removal.roots) {
            let root = roots.iter().find(|root| {
                root.subject
                    .common_names
                    .first()
                    .is_some_and(|own| own == name.as_bytes())
            });
            let found = Removal::of(root.unwrap_or_else(|| panic!("{name}")));
            assert!(found.unwrap().roots.contains(name), "{name}");
        }
    }

    #[test]
    fn a_private_root_of_the_same_name_is_not_removed() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "ISRG Root X1");
        let made = params.self_signed(&key).unwrap();
        let root = Certificate::parse(made.der()).unwrap();
        assert_eq!(Removal::of(&root), None);
    }
}
