//! What an audit found, as one check of a profile sees it.

use super::key::Key;
use super::{Check, Compliance, Patterns};
use crate::audit::{Accepted, Asked, Audit, Plaintext, Presented, Protocol, Speaks};
use crate::trust::Level;
use crate::verify::Judgement;
use crate::wire::tls::TlsVersion;
use crate::x509::Certificate;

type Said = (Compliance, String);

pub(super) struct Facts<'a> {
    pub(super) audit: &'a Audit,
    pub(super) level: Level,
}

impl<'a> Facts<'a> {
    pub(super) fn check(&self, check: &Check) -> Said {
        if self.audit.speaks == Speaks::PlaintextOnly && *check != Check::PlaintextRefused {
            return (
                Compliance::NotApplicable,
                "the server does not speak TLS".to_owned(),
            );
        }
        match check {
            Check::PlaintextRefused => self.plaintext(),
            Check::Versions(allowed) => self.versions(allowed),
            Check::Required(required) => self.required(required),
            Check::Suites(patterns) => self.listing(patterns, |accepted| {
                let names = accepted.suites.found.iter().map(|suite| suite.iana);
                (names.collect(), accepted.suites.unfinished.is_none())
            }),
            Check::Groups(patterns) => self.listing(patterns, |accepted| {
                let names = accepted.groups.found.iter().map(|group| group.name);
                (names.collect(), accepted.groups.unfinished.is_none())
            }),
            Check::DhBits(least) => self.each_version(|accepted| match accepted.prime_bits {
                Ok(Some(bits)) if bits < *least => {
                    Some((Compliance::Failed, format!("a prime of {bits} bits")))
                }
                Ok(Some(bits)) => Some((Compliance::Met, format!("a prime of {bits} bits"))),
                Ok(None) => None,
                Err(_) => Some((Compliance::Unknown, "the prime is not known".to_owned())),
            }),
            Check::RsaBits(least) => self.each_certificate(|leaf| match Key::of(leaf) {
                Key::Rsa(bits) => Some(bits >= *least),
                Key::Other(_) => None,
            }),
            Check::Curves(patterns) => self.each_certificate(|leaf| match Key::of(leaf) {
                Key::Rsa(_) => None,
                Key::Other(name) => Some(patterns.allow(&name)),
            }),
            Check::Keys(patterns) => {
                self.each_certificate(|leaf| Some(patterns.allow(Key::of(leaf).name())))
            }
            Check::Signatures(patterns) => {
                self.each_certificate(|leaf| Some(patterns.allow(leaf.signature_name())))
            }
            Check::CertificateDays(most) => self.each_certificate(|leaf| {
                let (Some(from), Some(until)) = (leaf.not_before, leaf.not_after) else {
                    // It never ends, or its dates cannot be read.
                    return Some(false);
                };
                Some(until.saturating_sub(from) <= i64::from(*most).saturating_mul(DAY))
            }),
            Check::CertificateVerifies => self.certificates_verify(),
            Check::CompressionRefused => self.each_version(|accepted| {
                let old = accepted.old?;
                Some(match old.compression {
                    true => (Compliance::Failed, "compression is accepted".to_owned()),
                    false => (Compliance::Met, "no compression".to_owned()),
                })
            }),
            Check::SecureRenegotiation => self.each_version(|accepted| {
                let old = accepted.old?;
                Some(match old.secure_renegotiation {
                    true => (Compliance::Met, "secure renegotiation".to_owned()),
                    false => (Compliance::Failed, "no secure renegotiation".to_owned()),
                })
            }),
            Check::ExtendedMasterSecret => self.each_version(|accepted| {
                let old = accepted.old?;
                Some(match old.extended_master_secret {
                    true => (Compliance::Met, "extended master secret".to_owned()),
                    false => (Compliance::Failed, "no extended master secret".to_owned()),
                })
            }),
        }
    }

    /// The versions that are accepted, oldest first.
    pub(super) fn accepted(&self) -> impl Iterator<Item = (TlsVersion, &'a Accepted)> {
        let protocols = self.audit.protocols.iter();
        protocols.filter_map(|(version, asked)| match asked.known() {
            Some(Protocol::Accepted(accepted)) => Some((version, &**accepted)),
            Some(Protocol::Refused) | None => None,
        })
    }

    /// The versions without an answer.
    fn unanswered(&self) -> Vec<&'static str> {
        let protocols = self.audit.protocols.iter();
        protocols
            .filter(|(_, asked)| asked.known().is_none())
            .map(|(version, _)| version.name())
            .collect()
    }

    fn plaintext(&self) -> Said {
        match self.audit.plaintext.known() {
            Some(Plaintext::Accepted(_)) => (
                Compliance::Failed,
                "a session without TLS is started".to_owned(),
            ),
            Some(Plaintext::Refused(_) | Plaintext::TlsOnly) => (
                Compliance::Met,
                "sessions without TLS are refused".to_owned(),
            ),
            None => (
                Compliance::Unknown,
                "whether a session without TLS starts is not known".to_owned(),
            ),
        }
    }

    fn versions(&self, allowed: &[TlsVersion]) -> Said {
        let found: Vec<TlsVersion> = self.accepted().map(|(version, _)| version).collect();
        let names = |versions: &mut dyn Iterator<Item = TlsVersion>| {
            versions
                .map(TlsVersion::name)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let others = names(
            &mut found
                .iter()
                .copied()
                .filter(|found| !allowed.contains(found)),
        );
        if !others.is_empty() {
            return (Compliance::Failed, format!("{others} accepted"));
        }
        let unanswered = self.unanswered();
        if !unanswered.is_empty() {
            return (
                Compliance::Unknown,
                format!("no answer for {}", unanswered.join(", ")),
            );
        }
        (
            Compliance::Met,
            format!("{} accepted", names(&mut found.iter().copied())),
        )
    }

    fn required(&self, required: &[TlsVersion]) -> Said {
        let mut missing = Vec::new();
        for version in required {
            match self.audit.protocols.known(*version) {
                Some(Protocol::Accepted(_)) => {}
                Some(Protocol::Refused) => missing.push(version.name()),
                None => {
                    return (
                        Compliance::Unknown,
                        format!("no answer for {}", version.name()),
                    );
                }
            }
        }
        match missing.is_empty() {
            true => (Compliance::Met, "accepted".to_owned()),
            false => (
                Compliance::Failed,
                format!("{} not accepted", missing.join(", ")),
            ),
        }
    }

    /// Everything in the lists of all versions is allowed.
    fn listing(
        &self,
        patterns: &Patterns,
        list: impl Fn(&'a Accepted) -> (Vec<&'static str>, bool),
    ) -> Said {
        let mut all: Vec<&str> = Vec::new();
        let mut complete = self.unanswered().is_empty();
        for (_, accepted) in self.accepted() {
            let (names, is_complete) = list(accepted);
            complete &= is_complete;
            for name in names {
                if !all.contains(&name) {
                    all.push(name);
                }
            }
        }
        let others: Vec<&str> = all
            .iter()
            .copied()
            .filter(|name| !patterns.allow(name))
            .collect();
        let allowed = all.len().saturating_sub(others.len());
        if !others.is_empty() {
            let others = others.join(", ");
            return (
                Compliance::Failed,
                format!("{allowed} allowed; not allowed: {others}"),
            );
        }
        match (complete, all.is_empty()) {
            (false, _) => (
                Compliance::Unknown,
                format!("{allowed} allowed, but there may be more"),
            ),
            (true, true) => (Compliance::NotApplicable, "there are none".to_owned()),
            (true, false) => (Compliance::Met, format!("all {allowed} are allowed")),
        }
    }

    /// The worst of all versions; versions that `ask` has nothing to say about do not count.
    fn each_version(&self, ask: impl Fn(&Accepted) -> Option<Said>) -> Said {
        let mut said: Vec<Said> = self
            .accepted()
            .filter_map(|(version, accepted)| {
                let (outcome, observed) = ask(accepted)?;
                Some((outcome, format!("{}: {observed}", version.name())))
            })
            .collect();
        if !self.unanswered().is_empty() {
            let which = self.unanswered().join(", ");
            said.push((Compliance::Unknown, format!("no answer for {which}")));
        }
        worst(said)
    }

    /// The worst of all certificates; those that `ask` has nothing to say about do not count.
    fn each_certificate(&self, ask: impl Fn(&Certificate) -> Option<bool>) -> Said {
        let mut said: Vec<Said> = Vec::new();
        for (circumstance, asked) in self.audit.certificates.iter() {
            let leaf = match presented(asked) {
                Ok(Some(judgement)) => judgement.certificates.first(),
                Ok(None) => continue,
                Err(()) => {
                    let what = circumstance.what();
                    said.push((Compliance::Unknown, format!("{what} is not known")));
                    continue;
                }
            };
            let Some(leaf) = leaf else {
                let what = circumstance.what();
                said.push((Compliance::Unknown, format!("{what} cannot be read")));
                continue;
            };
            let outcome = match ask(leaf) {
                Some(true) => Compliance::Met,
                Some(false) => Compliance::Failed,
                None => continue,
            };
            let days = match (leaf.not_before, leaf.not_after) {
                (Some(from), Some(until)) => {
                    format!(", valid for {} days", until.saturating_sub(from) / DAY)
                }
                _ => ", without readable dates".to_owned(),
            };
            let what = format!(
                "{}, signed with {}{days}",
                leaf.key_description(),
                leaf.signature_name()
            );
            let said_of_leaf = (outcome, what);
            if !said.contains(&said_of_leaf) {
                said.push(said_of_leaf);
            }
        }
        worst(said)
    }

    fn certificates_verify(&self) -> Said {
        if self.level == Level::Encryption {
            return (
                Compliance::Unknown,
                "the connection string asks for no verification: use sslmode=verify-full"
                    .to_owned(),
            );
        }
        let said = self
            .audit
            .certificates
            .iter()
            .filter_map(|(circumstance, asked)| {
                let what = circumstance.what();
                match presented(asked) {
                    Ok(Some(judgement)) => Some(match judgement.satisfies(self.level) {
                        Ok(()) => (Compliance::Met, format!("{what} verifies")),
                        Err(_) => (Compliance::Failed, format!("{what} does not verify")),
                    }),
                    Ok(None) => None,
                    Err(()) => Some((Compliance::Unknown, format!("{what} is not known"))),
                }
            });
        worst(said.collect())
    }
}

/// Seconds.
const DAY: i64 = 86_400;

/// The chain that was presented, if one was.
fn presented(asked: &Asked<Presented>) -> Result<Option<&Judgement>, ()> {
    asked.known().map(Presented::chain).ok_or(())
}

/// The worst outcome, with everything that was observed with it.
fn worst(said: Vec<Said>) -> Said {
    for outcome in [Compliance::Failed, Compliance::Unknown, Compliance::Met] {
        let observed: Vec<String> = said
            .iter()
            .filter(|(found, _)| *found == outcome)
            .map(|(_, observed)| observed.clone())
            .collect();
        if !observed.is_empty() {
            return (outcome, observed.join("; "));
        }
    }
    (
        Compliance::NotApplicable,
        "the server has nothing that it is about".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Circumstance;
    use crate::verify::{Judgement, Purpose, Revocation, Rules};
    use crate::x509::AnchorList;

    fn judgement(der: &[u8]) -> Judgement {
        let rules = Rules {
            now: 0,
            revocation: Revocation::Off,
            purpose: Purpose::SslServer,
        };
        crate::verify::judge(&[der], &AnchorList::default(), None, &rules)
    }

    /// A chain of one certificate that is valid for so long, in seconds.
    fn valid_for(key: &rcgen::KeyPair, seconds: i64) -> Judgement {
        let params = rcgen::CertificateParams::default();
        let made = params.self_signed(key).unwrap();
        let mut judgement = judgement(made.der());
        for leaf in &mut judgement.certificates {
            (leaf.not_before, leaf.not_after) = (Some(0), Some(seconds));
        }
        judgement
    }

    /// What becomes of a check if the server shows these, and nothing in the other circumstances.
    fn outcome(check: &Check, shown: [(Circumstance, Judgement); 2]) -> Compliance {
        let mut audit = Audit::nothing_asked(Speaks::Tls);
        for &circumstance in Circumstance::ALL {
            audit
                .certificates
                .set(circumstance, Ok(Presented::Nothing).into());
        }
        for (circumstance, judgement) in shown {
            let chain = Presented::Chain(Box::new(judgement));
            audit.certificates.set(circumstance, Ok(chain).into());
        }
        let level = Level::Encryption;
        Facts {
            audit: &audit,
            level,
        }
        .check(check)
        .0
    }

    #[test]
    fn a_certificate_that_cannot_be_read_is_not_known_to_meet_anything() {
        let key = rcgen::KeyPair::generate().unwrap();
        let shown = [
            (Circumstance::Rsa, judgement(b"\x30\x01")),
            (Circumstance::Ecdsa, valid_for(&key, 90 * DAY)),
        ];
        assert_eq!(
            outcome(&Check::CertificateDays(90), shown),
            Compliance::Unknown
        );
    }

    #[test]
    fn two_certificates_with_the_same_words_may_differ_in_the_outcome() {
        let key = rcgen::KeyPair::generate().unwrap();
        let shown = [
            (Circumstance::Rsa, valid_for(&key, 90 * DAY)),
            (Circumstance::Ecdsa, valid_for(&key, 90 * DAY + 1)),
        ];
        assert_eq!(
            outcome(&Check::CertificateDays(90), shown),
            Compliance::Failed
        );
    }
}
