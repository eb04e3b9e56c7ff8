//! Demands beyond libpq's verdict: expiry, versions, pins. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::conninfo::{SslMode, TlsVersion};
use crate::handshake::{ClientCertificateRequest, Tls};
use crate::probe::Observation;
use crate::trust::{Level, Trust};
use crate::verify::{FaultKind, Judgement, Revocation, Rules, check, client_path};
use crate::x509::{AnchorStore, Certificate, Crl, Name, NextUpdate};

/// What else must be true for exit code 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// The whole path, including anchor and CRLs, and the client's certificate must still be valid after
    /// this time.
    pub valid_for: Option<Remaining>,
    /// The lowest acceptable TLS version.
    pub min_tls: Option<TlsVersion>,
    /// SHA-256 of public keys. One of them must be in the verified path, or be the leaf's if no path is
    /// verified.
    pub pins: Vec<[u8; 32]>,
    /// The exact certificate that must be served.
    pub expected: Option<Box<Certificate>>,
    /// What warnings mean.
    pub strictness: Strictness,
    /// Whether the server must be verified.
    pub verification: Verification,
    /// What must become of sessions without TLS.
    pub plaintext: PlaintextRule,
}

impl Demands {
    /// The same for one of the certificates that a server shows. The expected one may be another of them: which one a
    /// client sees depends on the client, and no server can show it to all. Pins and dates count for each.
    #[must_use]
    pub fn of_one_shown(&self, observation: &Observation, judgement: &Judgement) -> Self {
        let is_expected = |(shown, _): (&Judgement, _)| {
            self.expected
                .as_deref()
                .is_some_and(|expected| shown.certificates.first() == Some(expected))
        };
        let expected = match observation.shown().any(is_expected) {
            true => judgement.certificates.first().cloned().map(Box::new),
            false => self.expected.clone(),
        };
        Self {
            expected,
            ..self.clone()
        }
    }
}

/// Whether a mode that proves nothing is enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verification {
    /// It is.
    #[default]
    AsTheModeSays,
    /// It fails the check.
    Required,
}

/// What must become of a session without TLS. Only a question to the server tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlaintextRule {
    /// The server is not asked.
    #[default]
    NotAsked,
    /// The server must refuse it.
    MustBeRefused,
}

/// How much longer something must be valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remaining {
    /// This long.
    Time(Duration),
    /// This part of the own lifetime of each certificate and CRL, in percent.
    Percent(u8),
}

/// What warnings mean for the exit code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Nothing.
    #[default]
    Lenient,
    /// They fail the check.
    Strict,
}

/// One demand that is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// Something that the session depends on expires too soon.
    ExpiresSoon {
        /// What will be wrong by then.
        what: Lapse,
        /// How long it had to be valid.
        wanted: Remaining,
    },
    /// The negotiated version is too low.
    BelowMinTls {
        /// What was negotiated.
        negotiated: TlsVersion,
        /// What was demanded.
        wanted: TlsVersion,
    },
    /// Neither the verified path nor, if there is none, the leaf has a pinned key.
    PinMismatch,
    /// Another certificate is served.
    UnexpectedCertificate,
    /// The mode proves nothing.
    Unverified,
}

/// What will be wrong later, but is not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lapse {
    /// libpq will refuse the server's chain.
    Chain {
        /// The first reason, in OpenSSL's order.
        fault: FaultKind,
        /// The certificate that it is about, if there is one.
        certificate: Option<Box<Certificate>>,
        /// When that begins to be so.
        from: i64,
    },
    /// More dates are in that time than are judged.
    TooManyDates,
    /// The certificate that the client sent will have expired.
    ClientCertificate(Box<Certificate>),
}

/// Whether a mode proves nothing about the server: it verifies nothing, or libpq goes on in plain text when that fails.
pub fn proves_nothing(mode: SslMode, level: Level) -> bool {
    match mode {
        SslMode::Disable | SslMode::Allow | SslMode::Prefer => true,
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => level == Level::Encryption,
    }
}

/// The demands that a judged chain and its TLS session do not meet. `tls` is `None` offline.
pub fn unmet(
    demands: &Demands,
    judgement: &Judgement,
    tls: Option<&Tls>,
    trust: &Trust,
    rules: &Rules,
) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    if let Some(expected) = &demands.expected
        && judgement.certificates.first() != Some(&**expected)
    {
        unmet.push(Unmet::UnexpectedCertificate);
    }
    if !demands.pins.is_empty()
        && !proven(judgement).any(|certificate| demands.pins.contains(&certificate.spki_sha256()))
    {
        unmet.push(Unmet::PinMismatch);
    }
    if let (Some(wanted), Some(negotiated)) = (demands.min_tls, tls.and_then(|tls| tls.protocol))
        && negotiated < wanted
    {
        unmet.push(Unmet::BelowMinTls { negotiated, wanted });
    }
    if let Some(wanted) = demands.valid_for {
        let what = match wanted {
            Remaining::Time(time) => {
                let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
                let until = rules.now.saturating_add(seconds);
                lapse_by(until, judgement, trust, rules)
                    .or_else(|| client_certificate_lapse(tls, trust, |own| ends_by(own, until)))
            }
            Remaining::Percent(percent) => {
                let used_up = |certificate: &Certificate| has_less(certificate, percent, rules.now);
                let server = judgement.path_certificates().find(|own| used_up(own));
                let server = server.map(|certificate| Lapse::Chain {
                    fault: FaultKind::CertHasExpired,
                    certificate: Some(Box::new(certificate.clone())),
                    from: rules.now,
                });
                server
                    .or_else(|| chain_lapse(judgement, trust, &without_due_crls(rules, percent)))
                    .or_else(|| client_certificate_lapse(tls, trust, used_up))
            }
        };
        unmet.extend(what.map(|what| Unmet::ExpiresSoon { what, wanted }));
    }
    unmet
}

/// Judges the chain once more at a later time, with everything that is valid then: it may be another root
/// of the same name, or another CRL.
fn chain_lapse(judgement: &Judgement, anchors: &dyn AnchorStore, later: &Rules) -> Option<Lapse> {
    if judgement.path.faults.is_empty() {
        let report = check(&judgement.certificates, anchors, later);
        let first = report.faults.first()?;
        let step = report.path.get(first.depth);
        let certificate = step.and_then(|step| judgement.certificate(step));
        return Some(Lapse::Chain {
            fault: first.kind.clone(),
            certificate: certificate.cloned().map(Box::new),
            from: later.now,
        });
    }
    // The chain proves nothing, now or then. Its dates still matter, because the operator asked for them.
    let ends = |certificate: &&Certificate| ends_by(certificate, later.now);
    let ending = judgement.path_certificates().find(ends)?;
    Some(Lapse::Chain {
        fault: FaultKind::CertHasExpired,
        certificate: Some(Box::new(ending.clone())),
        from: later.now,
    })
}

/// Judges the chain at each time from now on at which its verdict may change, and at the end. What is refused for a
/// while may be valid again at the end, such as between two roots of one name.
fn lapse_by(
    until: i64,
    judgement: &Judgement,
    anchors: &dyn AnchorStore,
    rules: &Rules,
) -> Option<Lapse> {
    let turns = turns(judgement, anchors, rules);
    let mut turns: Vec<i64> = turns
        .into_iter()
        .filter(|turn| (rules.now..until).contains(turn))
        .collect();
    let is_too_many = turns.len() > MAX_TURNS;
    turns.truncate(MAX_TURNS);
    turns.push(until);
    let at = |now| Rules {
        now,
        ..rules.clone()
    };
    turns
        .into_iter()
        .find_map(|turn| chain_lapse(judgement, anchors, &at(turn)))
        .or_else(|| is_too_many.then_some(Lapse::TooManyDates))
}

/// When something on a path that this chain may have begins or ends to be valid, in order.
fn turns(judgement: &Judgement, anchors: &dyn AnchorStore, rules: &Rules) -> BTreeSet<i64> {
    let mut turns = BTreeSet::new();
    let mut names: Vec<Name> = Vec::new();
    let mut add = |certificate: &Certificate, names: &mut Vec<Name>| {
        turns.extend(certificate.not_before);
        turns.extend(certificate.not_after);
        if names.len() < MAX_NAMES && !names.contains(&certificate.issuer) {
            names.push(certificate.issuer.clone());
        }
    };
    for certificate in &judgement.certificates {
        add(certificate, &mut names);
    }
    // Anchors may be issued by anchors.
    let mut next = 0_usize;
    while let Some(name) = names.get(next).cloned() {
        next = next.saturating_add(1);
        for anchor in anchors.by_subject(&name) {
            add(&anchor.certificate, &mut names);
        }
    }
    if let Revocation::WholeChain(crls) = &rules.revocation {
        let named = |crl: &&Crl| names.iter().any(|name| name.matches(&crl.issuer));
        for crl in crls.iter().filter(named) {
            turns.extend(crl.this_update);
            if let NextUpdate::At(end) = crl.next_update {
                turns.insert(end);
            }
        }
    }
    turns
}

/// Times at which a chain is judged. A usual chain has none or one within a month.
const MAX_TURNS: usize = 100;

/// CAs whose dates count: more than a path can have.
const MAX_NAMES: usize = 200;

/// For OpenSSL the last second of a certificate is the one before notAfter.
fn ends_by(certificate: &Certificate, instant: i64) -> bool {
    certificate.not_after.is_some_and(|end| end <= instant)
}

/// Is less than this part of its lifetime left? A lifetime that cannot be read is too short.
fn has_less(certificate: &Certificate, percent: u8, now: i64) -> bool {
    let Some((start, end)) = certificate.not_before.zip(certificate.not_after) else {
        return true;
    };
    is_used_up(start, end, percent, now)
}

fn is_used_up(start: i64, end: i64, percent: u8, now: i64) -> bool {
    let lifetime = i128::from(end) - i128::from(start);
    let left = i128::from(end) - i128::from(now);
    left * 100 < lifetime * i128::from(percent)
}

/// The same rules if each CRL ended where less than this part of its lifetime is left: of several CRLs for one
/// certificate one that lasts is enough.
fn without_due_crls(rules: &Rules, percent: u8) -> Rules {
    let due = |crl: &Crl| match (crl.this_update, crl.next_update) {
        (Some(start), NextUpdate::At(end)) if is_used_up(start, end, percent, rules.now) => {
            Some(NextUpdate::At(end.min(rules.now)))
        }
        (Some(_) | None, NextUpdate::At(_) | NextUpdate::Absent | NextUpdate::Unreadable) => None,
    };
    let ended = |crl: &Crl| {
        let mut ended = crl.clone();
        ended.next_update = due(crl).unwrap_or(crl.next_update);
        ended
    };
    Rules {
        revocation: match &rules.revocation {
            // A CRL can be large.
            Revocation::WholeChain(crls) if crls.iter().any(|crl| due(crl).is_some()) => {
                Revocation::WholeChain(crls.iter().map(ended).collect())
            }
            same @ (Revocation::WholeChain(_) | Revocation::Off) => same.clone(),
        },
        ..rules.clone()
    }
}

/// The client's certificates count only if the server asked for them.
fn client_certificate_lapse(
    tls: Option<&Tls>,
    trust: &Trust,
    lapses: impl Fn(&Certificate) -> bool,
) -> Option<Lapse> {
    let ClientCertificateRequest::Sent = tls?.client_certificate else {
        return None;
    };
    let path = client_path(&trust.identity.as_ref()?.certificates);
    let lapsing = path.into_iter().find(|certificate| lapses(certificate))?;
    Some(Lapse::ClientCertificate(Box::new(lapsing.clone())))
}

/// The certificates whose keys this session proves: those of the verified path (RFC 7469 section 2.6), or
/// the leaf alone if no path is valid.
///
/// Certificates are public, so anyone can add a pinned certificate to another chain. A certificate
/// outside the path therefore proves nothing, and neither does a broken path.
pub fn proven(judgement: &Judgement) -> impl Iterator<Item = &Certificate> {
    let depth = match judgement.satisfies(Level::Chain) {
        Ok(()) => usize::MAX,
        Err(_) => 1,
    };
    judgement.path_certificates().take(depth)
}
