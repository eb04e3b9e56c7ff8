//! What a standard, or a user's own rules, ask of a server: profiles in TOML, some of them built in.
//!
//! A profile is data: each rule has a clause, a requirement in our words, and one check. What a standard asks and cannot be
//! seen from outside is listed in the profile, too, and reported as not checked.

#![deny(clippy::wildcard_enum_match_arm)]

mod facts;
mod judge;
mod key;
mod make;
mod read;

use crate::wire::tls::TlsVersion;
use crate::words::words;

pub use judge::{Judged, SuiteVerdict, Verdict, judge};
pub use make::Made;
pub use read::Error;

/// The format of the file that this version reads and writes.
pub const FORMAT: i64 = 1;

/// A set of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its short name.
    pub name: String,
    /// The document.
    pub title: String,
    /// Where the document is.
    pub source: String,
    /// The date of the document, as it says it.
    pub date: String,
    /// What the rules rely on, if not on the text of the document itself.
    pub note: Option<String>,
    /// What is checked.
    pub rules: Vec<Rule>,
    /// What the document asks and pgtls cannot see.
    pub unchecked: Vec<Unchecked>,
}

/// A requirement that pgtls checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The place in the document.
    pub clause: String,
    /// What it asks, in our words.
    pub requirement: String,
    /// What decides.
    pub check: Check,
}

/// A requirement that pgtls cannot check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unchecked {
    /// The place in the document.
    pub clause: String,
    /// What it asks, in our words.
    pub requirement: String,
}

/// What is compared with what a server accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// No session starts without TLS.
    PlaintextRefused,
    /// No other version is accepted.
    Versions(Vec<TlsVersion>),
    /// These versions are accepted.
    Required(Vec<TlsVersion>),
    /// No other suite is accepted, by IANA's names.
    Suites(Patterns),
    /// No other key exchange group is accepted.
    Groups(Patterns),
    /// Bits of the prime for DHE suites, at least.
    DhBits(u16),
    /// Bits of RSA keys in server certificates, at least.
    RsaBits(usize),
    /// No other curve or kind of key without RSA is in a server certificate.
    Curves(Patterns),
    /// No other key is in a server certificate: `RSA`, or the curve or the kind of key.
    Keys(Patterns),
    /// No other algorithm signed a server certificate, by OpenSSL's long names.
    Signatures(Patterns),
    /// Days from the beginning to the end of a server certificate, at most.
    CertificateDays(u32),
    /// Every certificate verifies as the connection string asks.
    CertificateVerifies,
    /// TLS compression is refused.
    CompressionRefused,
    /// Renegotiation is bound to its session (RFC 5746).
    SecureRenegotiation,
    /// TLS 1.2 and older use the extended master secret (RFC 7627).
    ExtendedMasterSecret,
}

/// Names with `*` for any text; a `!` before a name excludes it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patterns(pub Vec<String>);

impl Patterns {
    /// Whether a name is allowed.
    #[must_use]
    pub fn allow(&self, name: &str) -> bool {
        let is = |pattern: &str| matches(pattern.as_bytes(), name.as_bytes());
        let mut excluded = self
            .0
            .iter()
            .filter_map(|pattern| pattern.strip_prefix('!'));
        let mut named = self.0.iter().filter(|pattern| !pattern.starts_with('!'));
        let (named, excluded) = (named.any(|pattern| is(pattern)), excluded.any(is));
        named && !excluded
    }
}

/// Whether the pattern is the whole text, in any case.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    // Where the last star was, and how far it reaches.
    let (mut at, mut reached) = (0_usize, 0_usize);
    let mut star: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(reached) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, reached));
                at = at.saturating_add(1);
            }
            Some(wanted) if wanted.eq_ignore_ascii_case(letter) => {
                at = at.saturating_add(1);
                reached = reached.saturating_add(1);
            }
            Some(_) | None => match star {
                Some((place, from)) => {
                    let from = from.saturating_add(1);
                    star = Some((place, from));
                    at = place.saturating_add(1);
                    reached = from;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(at..)
        .is_some_and(|rest| rest.iter().all(|letter| *letter == b'*'))
}

words! {
    /// What became of a requirement.
    Compliance {
        /// The server does what it asks.
        Met = "met",
        /// It does not.
        Failed = "failed",
        /// The audit has no answer.
        Unknown = "unknown",
        /// It is about something that the server does not have.
        NotApplicable = "not-applicable",
        /// pgtls cannot see it.
        NotChecked = "not-checked",
    }
}

macro_rules! builtin {
    ($($name:literal,)+) => {
        /// The names of the profiles that are built in.
        pub const BUILTIN: &[&str] = &[$($name),+];

        /// The text of a profile that is built in.
        #[must_use]
        pub fn builtin_text(name: &str) -> Option<&'static str> {
            match name {
                $($name => Some(include_str!(concat!("builtin/", $name, ".toml"))),)+
                _ => None,
            }
        }
    };
}

builtin! {
    "bsi-tr-02102-2",
    "cis-postgresql",
    "fips-140-3",
    "mozilla-intermediate",
    "nist-800-52r2",
    "pci-dss-4",
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// The text is not a profile of this format.
    pub fn read(text: &str) -> Result<Self, Error> {
        read::profile(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::Suite;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, text, expected) in [
            ("TLS_AES_*", "TLS_AES_128_GCM_SHA256", true),
            (
                "TLS_*_WITH_AES_*",
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                true,
            ),
            (
                "TLS_*_WITH_AES_*_CCM",
                "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
                false,
            ),
            ("X25519", "x25519", true),
            ("*", "", true),
            ("a*b", "ab", true),
            ("a*b", "abc", false),
            ("", "a", false),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
        let patterns = Patterns(vec!["*".to_owned(), "!*_anon_*".to_owned()]);
        assert!(patterns.allow("TLS_RSA_WITH_NULL_MD5"));
        assert!(!patterns.allow("TLS_DH_anon_WITH_RC4_128_MD5"));
    }

    #[test]
    fn every_profile_that_is_built_in_can_be_read_and_names_its_document() {
        for name in BUILTIN {
            let profile = Profile::read(builtin_text(name).unwrap()).unwrap();
            assert_eq!(profile.name, *name);
            assert!(profile.source.starts_with("https://"), "{name}");
            assert!(
                !profile.rules.is_empty() && !profile.unchecked.is_empty(),
                "{name}"
            );
        }
        assert_eq!(builtin_text("x"), None);
    }

    /// No profile allows a suite that protects nothing, and each has a verdict for CCM_8, ARIA and Camellia.
    #[test]
    fn every_suite_has_a_verdict_and_no_broken_one_is_allowed() {
        let suites: Vec<Suite> = Suite::all().collect();
        for name in BUILTIN {
            let profile = Profile::read(builtin_text(name).unwrap()).unwrap();
            let allowed: Vec<&str> = suites
                .iter()
                .filter(|suite| profile.allows(**suite) == Some(true))
                .map(|suite| suite.iana)
                .collect();
            assert!(allowed.contains(&"TLS_AES_128_GCM_SHA256"), "{name}");
            for suite in &suites {
                let allowed = profile.allows(*suite).unwrap();
                assert!(!(allowed && suite.is_broken()), "{name}: {}", suite.iana);
            }
            let ccm_8 = allowed.contains(&"TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8");
            let aria = allowed.iter().any(|suite| suite.contains("_ARIA_"));
            let expected = match *name {
                "cis-postgresql" | "pci-dss-4" => (true, true),
                "nist-800-52r2" | "fips-140-3" => (true, false),
                _ => (false, false),
            };
            assert_eq!((ccm_8, aria), expected, "{name}: {allowed:?}");
        }
    }
}
