//! What a profile says of an audited server. Pure.

use super::facts::Facts;
use super::{Check, Compliance, Profile};
use crate::audit::Audit;
use crate::trust::Level;
use crate::wire::tls::{Suite, TlsVersion};

/// A profile, and what became of each requirement.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The profile.
    pub profile: Profile,
    /// One for each rule, and then one for each requirement that is not checked.
    pub verdicts: Vec<Verdict>,
    /// Every suite that the server accepts, with the oldest version first.
    pub suites: Vec<SuiteVerdict>,
}

/// What became of a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The place in the document.
    pub clause: String,
    /// What it asks.
    pub requirement: String,
    /// What became of it.
    pub outcome: Compliance,
    /// What was observed; empty if nothing was.
    pub observed: String,
}

/// What a profile says of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuiteVerdict {
    /// The version that accepts it.
    pub version: TlsVersion,
    /// The suite.
    pub suite: Suite,
    /// Whether the profile allows it; nothing if it has no rule about suites.
    pub allowed: Option<bool>,
}

impl Profile {
    /// Whether it allows a suite; nothing if it has no rule about suites.
    #[must_use]
    pub fn allows(&self, suite: Suite) -> Option<bool> {
        let mut rules = self.rules.iter().filter_map(|rule| match &rule.check {
            Check::Suites(patterns) => Some(patterns.allow(suite.iana)),
            Check::PlaintextRefused
            | Check::Versions(_)
            | Check::Required(_)
            | Check::Groups(_)
            | Check::DhBits(_)
            | Check::RsaBits(_)
            | Check::Curves(_)
            | Check::Keys(_)
            | Check::Signatures(_)
            | Check::CertificateDays(_)
            | Check::CertificateVerifies
            | Check::CompressionRefused
            | Check::SecureRenegotiation
            | Check::ExtendedMasterSecret => None,
        });
        let first = rules.next()?;
        Some(first && rules.all(|allowed| allowed))
    }
}

impl Judged {
    /// The requirements with this outcome.
    pub fn with(&self, outcome: Compliance) -> impl Iterator<Item = &Verdict> {
        let all = self.verdicts.iter();
        all.filter(move |verdict| verdict.outcome == outcome)
    }
}

/// Compares a profile with what the audit found. `level` is what the connection string asks of certificates.
#[must_use]
pub fn judge(profile: &Profile, audit: &Audit, level: Level) -> Judged {
    let facts = Facts { audit, level };
    let rules = profile.rules.iter().map(|rule| {
        let (outcome, observed) = facts.check(&rule.check);
        Verdict {
            clause: rule.clause.clone(),
            requirement: rule.requirement.clone(),
            outcome,
            observed,
        }
    });
    let unchecked = profile.unchecked.iter().map(|unchecked| Verdict {
        clause: unchecked.clause.clone(),
        requirement: unchecked.requirement.clone(),
        outcome: Compliance::NotChecked,
        observed: String::new(),
    });
    let suites = facts.accepted().flat_map(|(version, accepted)| {
        let found = accepted.suites.found.iter();
        found.map(move |suite| SuiteVerdict {
            version,
            suite: *suite,
            allowed: profile.allows(*suite),
        })
    });
    Judged {
        verdicts: rules.chain(unchecked).collect(),
        suites: suites.collect(),
        profile: profile.clone(),
    }
}
