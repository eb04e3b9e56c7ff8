//! Changes of the verdict, the mode, trust and the negotiated session.

use super::seen::{Seen, SeenFinding, SeenTls, SeenTrust};
use super::strength::of_group;
use super::{Change, Kind};
use crate::diagnose::{Code, Level};
use crate::exit::Exit;
use crate::report::{ClientCertificateUse, TrustSource, Verdict};
use crate::wire::tls::Suite;
use crate::words::Named;

/// Whether the check passes, and whether it is still the same endpoint.
pub(super) fn verdict(before: &Seen, now: &Seen) -> Vec<Change> {
    let mut changes = Vec::new();
    if let (Some(old), Some(new)) = (before.place(), now.place())
        && old != new
    {
        changes.push(Change::from_to(Kind::EndpointMoved, old, new));
    }
    let lost = match (before.verdict, now.verdict) {
        (Verdict::Pass, Verdict::Fail) => true,
        (Verdict::Fail, Verdict::Pass) => {
            changes.push(Change::from(Kind::CheckPasses, before.end()));
            false
        }
        (Verdict::Fail, Verdict::Fail) => {
            before.end() != now.end() && gravity(now) >= gravity(before)
        }
        (Verdict::Pass, Verdict::Pass) => false,
    };
    if lost {
        let kind = match now.spare {
            true => Kind::HostFails,
            false => Kind::CheckFails,
        };
        changes.push(Change::from_to(kind, before.end(), now.end()));
    } else if now.verdict == Verdict::Fail && before.end() != now.end() {
        changes.push(Change::from_to(
            Kind::FailsDifferently,
            before.end(),
            now.end(),
        ));
    }
    match (before.authenticated, now.authenticated) {
        // A failure says that already.
        (Some(true), Some(false)) if !lost => changes.push(Change::of(Kind::VerificationLost)),
        (Some(false), Some(true)) if before.verdict == Verdict::Pass => {
            changes.push(Change::of(Kind::VerificationGained));
        }
        _ => {}
    }
    changes
}

/// How much a failure leaves open: the earlier a check ends, the less is known to hold. Of two equals none is known to
/// be the milder one.
fn gravity(seen: &Seen) -> u8 {
    let is_late = |error: &SeenFinding| error.code == Code::ExpiresSoon;
    match seen.exit_code {
        Exit::Passed => 0,
        // Everything else holds, and nothing has expired yet.
        Exit::Unmet if seen.error.as_ref().is_some_and(is_late) => 1,
        // A login comes after all demands.
        Exit::Login => 2,
        Exit::Unmet => 3,
        Exit::WrongHost => 4,
        Exit::Untrusted => 5,
        Exit::Handshake => 6,
        Exit::NoTls => 7,
        Exit::Unreachable => 8,
        Exit::Usage | Exit::Interrupted => 9,
    }
}

/// The mode, trust, TLS and the login.
pub(super) fn changes(before: &Seen, now: &Seen) -> Vec<Change> {
    let mut changes = Vec::new();
    changes.extend(ranked(
        &before.sslmode,
        &now.sslmode,
        Kind::ModeWeaker,
        Kind::ModeStronger,
    ));
    if let (Some(before), Some(now)) = (&before.trust, &now.trust) {
        changes.extend(trust(before, now));
    }
    if let (Some(before), Some(now)) = (&before.tls, &now.tls) {
        changes.extend(tls(before, now));
    }
    match (&before.login, &now.login) {
        (Some(old), Some(new)) => {
            if old.channel_binding.is_some() && new.succeeded && new.channel_binding.is_none() {
                changes.push(Change::of(Kind::ChannelBindingLost));
            }
        }
        (Some(old), None) if old.succeeded && now.is_sound() => {
            changes.push(Change::of(Kind::LoginMissing));
        }
        (Some(_) | None, _) => {}
    }
    changes
}

/// A value of an ordered set that fell or rose. A word that is not known here cannot be ranked, so it counts as neither.
fn ranked<T: Copy + Ord + std::fmt::Display>(
    before: &Option<Named<T>>,
    now: &Option<Named<T>>,
    weaker: Kind,
    stronger: Kind,
) -> Option<Change> {
    let (before, now) = (before.as_ref()?, now.as_ref()?);
    let kind = match (before.known(), now.known()) {
        (Some(old), Some(new)) if old == new => return None,
        (Some(old), Some(new)) if old < new => stronger,
        (Some(_), Some(_)) => weaker,
        (None, None) if before.to_string() == now.to_string() => return None,
        (None, _) | (_, None) => Kind::Unranked,
    };
    Some(Change::from_to(kind, before, now))
}

fn trust(before: &SeenTrust, now: &SeenTrust) -> Vec<Change> {
    let mut changes = Vec::new();
    match (&before.crl, &now.crl) {
        (Some(old), None) => changes.push(Change::from(Kind::RevocationLost, old)),
        (None, Some(new)) => {
            changes.push(Change::from_to(Kind::RevocationChanged, "nothing", new));
        }
        (Some(old), Some(new)) if old != new => {
            changes.push(Change::from_to(Kind::RevocationChanged, old, new));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    let told = |trust: &SeenTrust| match (&trust.source, &trust.path) {
        (Some(_), Some(path)) => Some(path.to_string()),
        (Some(source), None) => Some(format!("the {source} roots")),
        (None, _) => None,
    };
    if let (Some(old), Some(new)) = (told(before), told(now))
        && old != new
    {
        let is_public = |trust: &SeenTrust| match trust.source.as_ref()?.known()? {
            TrustSource::SslRootCert | TrustSource::Trust | TrustSource::Home => Some(false),
            TrustSource::System | TrustSource::Bundled | TrustSource::Mozilla => Some(true),
        };
        let kind = match (is_public(before), is_public(now)) {
            (Some(false), Some(true)) => Kind::TrustWider,
            _ => Kind::TrustChanged,
        };
        changes.push(Change::from_to(kind, old, new));
    }
    changes
}

fn tls(before: &SeenTls, now: &SeenTls) -> Vec<Change> {
    let mut changes = Vec::new();
    changes.extend(ranked(
        &before.protocol,
        &now.protocol,
        Kind::TlsVersionLower,
        Kind::TlsVersionHigher,
    ));
    changes.extend(group(before, now));
    if let (Some(old), Some(new)) = (&before.cipher, &now.cipher)
        && is_weaker_suite(old, new)
    {
        changes.push(Change::from_to(Kind::CipherWeaker, old, new));
    }
    let asked = |tls: &SeenTls| match tls.client_certificate.as_ref()?.known()? {
        ClientCertificateUse::NotRequested => Some(false),
        ClientCertificateUse::NoneSent
        | ClientCertificateUse::Sent
        | ClientCertificateUse::Accepted
        | ClientCertificateUse::Refused => Some(true),
    };
    match (asked(before), asked(now)) {
        (Some(true), Some(false)) => changes.push(Change::of(Kind::ClientCertificateLost)),
        (Some(false), Some(true)) => changes.push(Change::of(Kind::ClientCertificateGained)),
        _ => {}
    }
    changes
}

fn group(before: &SeenTls, now: &SeenTls) -> Option<Change> {
    let (old, new) = (before.group.as_ref()?, now.group.as_ref()?);
    let kind = match (before.post_quantum, now.post_quantum) {
        (Some(true), Some(false)) => Kind::PostQuantumLost,
        (Some(false), Some(true)) => Kind::PostQuantumGained,
        _ if of_group(new)? < of_group(old)? => Kind::GroupWeaker,
        _ => return None,
    };
    Some(Change::from_to(kind, old, new))
}

/// A suite with a weakness that the other does not have, or with a key below 128 bits. AES-128 instead of AES-256 is
/// not weaker in any way that matters.
fn is_weaker_suite(old: &str, new: &str) -> bool {
    let of_name = |name: &str| Suite::all().find(|suite| suite.openssl == name);
    let (Some(old), Some(new)) = (of_name(old), of_name(new)) else {
        return false;
    };
    let known = old.weaknesses();
    let is_new = new
        .weaknesses()
        .iter()
        .any(|weakness| !known.contains(weakness));
    let short = |suite: Suite| suite.key_bits().is_some_and(|bits| bits < 128);
    is_new || (short(new) && !short(old))
}

/// Warnings that were not there, unless one of the other changes says the same.
pub(super) fn findings(before: &Seen, now: &Seen, known: &[Change]) -> Vec<Change> {
    let had = |code: &Named<Code>| {
        let all = before.findings.iter().chain(&before.error);
        all.map(|finding| &finding.code).any(|one| one == code)
    };
    let mut changes = Vec::new();
    for finding in now.findings.iter().chain(&now.error) {
        if had(&finding.code) {
            continue;
        }
        let is_known = |kind: Kind| known.iter().any(|change| change.kind == kind);
        if finding.code == Code::PlaintextAccepted {
            // Without an audit, the old run may not have asked.
            if !is_known(Kind::PlaintextAccepted) && before.audit.is_some() {
                changes.push(Change::of(Kind::PlaintextAccepted));
            }
        } else if finding
            .level
            .as_ref()
            .is_some_and(|level| *level == Level::Warning)
        {
            changes.push(Change::to(Kind::NewWarning, &finding.code));
        }
    }
    changes
}
