//! When public root stores remove roots: the dates after which a string that relies on such a store fails.
//!
//! A file that `sslrootcert` names keeps its roots. Only `system` and Mozilla's list lose them.

use std::fmt;

use time::macros::date;
use time::{Date, OffsetDateTime};

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
        date: date!(2034 - 12 - 18),
        basis: Basis::Inferred,
    },
];

/// The day of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    date: Date,
    /// How it is known.
    pub basis: Basis,
}

impl Day {
    /// The day on which this root is removed, if it is a public one. Another root of the same name does not count.
    pub fn of(root: &Certificate) -> Option<Self> {
        if !is_public(root) && BundledRoot::of(root).is_none() {
            return None;
        }
        let name = root.subject.common_names.first();
        let named = |removal: &&Removal| {
            let mut roots = removal.roots.iter();
            roots.any(|root| name.is_some_and(|name| root.as_bytes() == name))
        };
        match REMOVALS.iter().find(named) {
            Some(removal) => Some(removal.day()),
            None => Self::by_age(root),
        }
    }

    /// By Mozilla's schedule. A key may be older than its certificate, so that it may come earlier.
    fn by_age(root: &Certificate) -> Option<Self> {
        let made = OffsetDateTime::from_unix_timestamp(root.not_before?)
            .ok()?
            .date();
        let date = match made.year() {
            ..2006 => date!(2025 - 04 - 15),
            2006..2008 => date!(2026 - 04 - 15),
            2008..2010 => date!(2027 - 04 - 15),
            2010..2012 => date!(2028 - 04 - 15),
            _ if made < date!(2014 - 04 - 15) => date!(2029 - 04 - 15),
            year => match made.replace_year(year + 15) {
                Ok(date) => date,
                // A leap day: there is none 15 years later.
                Err(_) => made.replace_day(28).ok()?.replace_year(year + 15).ok()?,
            },
        };
        Some(Self {
            date,
            basis: Basis::Inferred,
        })
    }

    /// Midnight UTC, in seconds since 1970-01-01T00:00:00Z.
    pub fn instant(self) -> i64 {
        self.date.midnight().assume_utc().unix_timestamp()
    }
}

impl fmt::Display for Day {
    /// `2029-04-15`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date.fmt(f)
    }
}

impl Removal {
    /// The day of it.
    pub const fn day(&self) -> Day {
        Day {
            date: self.date,
            basis: self.basis,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_ascend_and_every_root_of_the_future_is_in_the_list_compiled_in() {
        assert!(REMOVALS.is_sorted_by_key(|removal| removal.day().instant()));
        // 2026-11-26
        let coming = REMOVALS
            .iter()
            .filter(|removal| removal.day().instant() > 1_795_651_200);
        let roots = public();
        for removal in coming {
            for name in removal.roots {
                let root = roots.iter().find(|root| {
                    root.subject
                        .common_names
                        .first()
                        .is_some_and(|own| own == name.as_bytes())
                });
                let root = root.unwrap_or_else(|| panic!("{name}"));
                assert_eq!(Day::of(root), Some(removal.day()), "{name}");
                // The rule finds what was read.
                let by_age = Day::by_age(root).map(|day| day.date);
                assert_eq!(by_age, Some(removal.date), "{name}");
            }
        }
    }

    fn public() -> Vec<Certificate> {
        webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|der| Certificate::parse(der).unwrap())
            .collect()
    }

    /// Only a leap day has no other one 15 years later.
    #[test]
    fn a_root_goes_on_the_day_of_the_year_on_which_it_was_made() {
        for (made, gone) in [
            ((2019, 1, 31), "2034-01-31"),
            ((2020, 2, 29), "2035-02-28"),
            ((2021, 6, 1), "2036-06-01"),
        ] {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut params = rcgen::CertificateParams::default();
            params.not_before = rcgen::date_time_ymd(made.0, made.1, made.2);
            let root = Certificate::parse(params.self_signed(&key).unwrap().der()).unwrap();
            let day = Day::by_age(&root).unwrap();
            assert_eq!(day.to_string(), gone);
        }
    }

    /// GlobalSign's support page "Removal of TLS trust bit from Roots R1 and R3 by Mozilla" has these days.
    #[test]
    fn a_root_that_is_not_in_the_table_goes_by_its_age() {
        for (name, day) in [
            ("GlobalSign Root CA - R3", "2027-04-15"),
            ("GlobalSign ECC Root CA - R5", "2029-04-15"),
            ("GlobalSign Root CA - R6", "2029-12-10"),
        ] {
            let root = public()
                .into_iter()
                .find(|root| root.subject.text.contains(name));
            let found = Day::of(&root.unwrap_or_else(|| panic!("{name}"))).unwrap();
            assert_eq!(
                (found.to_string().as_str(), found.basis),
                (day, Basis::Inferred),
                "{name}"
            );
        }
        assert!(public().iter().all(|root| Day::of(root).is_some()));
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
        assert_eq!(Day::of(&root), None);
    }
}
