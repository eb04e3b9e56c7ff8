//! Changes of the server's certificate and its chain.

use super::seen::{Seen, SeenCertificate};
use super::strength::{Key, is_weak_signature};
use super::{Change, Kind};
use crate::escape::Shown;
use crate::report::Role;
use crate::words::first_few;

pub(super) fn changes(before: &Seen, now: &Seen) -> Vec<Change> {
    let (old_path, new_path) = (before.path(), now.path());
    let (Some(old), Some(new)) = (old_path.first(), new_path.first()) else {
        return Vec::new();
    };
    let mut changes = Vec::new();
    if old.sha256_fingerprint != new.sha256_fingerprint {
        changes.extend(names(before, old, now, new));
        changes.extend(key(old, new));
        changes.extend(signature(old, new));
        if old.issuer != new.issuer {
            changes.push(Change::from_to(
                Kind::IssuerChanged,
                &old.issuer,
                &new.issuer,
            ));
        }
        changes.extend(earlier(old, new));
    }
    // A path that was not verified is as long as it happens to be.
    let is_verified = |seen: &Seen| seen.is_sound() && seen.trust.is_some();
    if is_verified(before) && is_verified(now) {
        if new_path.len() < old_path.len() {
            changes.push(Change::from_to(
                Kind::ChainShorter,
                old_path.len(),
                new_path.len(),
            ));
        }
        changes.extend(root(&old_path, &new_path));
    }
    if old.sha256_fingerprint != new.sha256_fingerprint && changes.is_empty() {
        let key = match old.spki_sha256 == new.spki_sha256 {
            true => "the same key",
            false => "a new key",
        };
        changes.push(Change::to(Kind::Renewed, key));
    }
    changes
}

fn names(before: &Seen, old: &SeenCertificate, now: &Seen, new: &SeenCertificate) -> Vec<Change> {
    let (old, new) = (all_names(before, old), all_names(now, new));
    let missing = |from: &[Shown], of: &[Shown]| {
        let missing = of
            .iter()
            .filter(|name| !from.iter().any(|one| covers(one, name)));
        missing.cloned().collect::<Vec<_>>()
    };
    let mut changes = Vec::new();
    let lost = missing(&new, &old);
    if !lost.is_empty() {
        changes.push(Change::from(
            Kind::NamesLost,
            first_few(&lost, MAX_NAMES, ", "),
        ));
    }
    let gained = missing(&old, &new);
    if !gained.is_empty() {
        changes.push(Change::to(
            Kind::NamesGained,
            first_few(&gained, MAX_NAMES, ", "),
        ));
    }
    changes
}

/// Its names, or the common name where those are what counts.
fn all_names(seen: &Seen, certificate: &SeenCertificate) -> Vec<Shown> {
    match (&seen.name_match, certificate.names.is_empty()) {
        (Some(matched), true) => matched.names.clone(),
        _ => certificate.names.clone(),
    }
}

/// Whether a certificate with the first name serves clients of the second: libpq's wildcards stand for one label.
fn covers(name: &str, wanted: &str) -> bool {
    let (name, wanted) = (name.to_ascii_lowercase(), wanted.to_ascii_lowercase());
    let parent = |name: &str| name.split_once('.').map(|(_, parent)| parent.to_owned());
    name == wanted || (name.starts_with("*.") && parent(&name) == parent(&wanted))
}

/// Names that one sentence lists.
const MAX_NAMES: usize = 20;

fn key(old: &SeenCertificate, new: &SeenCertificate) -> Option<Change> {
    let (old, new) = (old.key.as_ref()?, new.key.as_ref()?);
    if old == new {
        return None;
    }
    let (before, now) = (Key::read(old), Key::read(new));
    let shorter = before.kind == now.kind && now.size < before.size;
    let kind = match shorter || (now.is_weak() && !before.is_weak()) {
        true => Kind::KeyWeaker,
        false => Kind::KeyChanged,
    };
    Some(Change::from_to(kind, old, new))
}

fn signature(old: &SeenCertificate, new: &SeenCertificate) -> Option<Change> {
    let (old, new) = (
        old.signature_algorithm.as_ref()?,
        new.signature_algorithm.as_ref()?,
    );
    let is_weaker = is_weak_signature(new) && !is_weak_signature(old);
    is_weaker.then(|| Change::from_to(Kind::SignatureWeaker, old, new))
}

/// By days: RFC 3339 in UTC sorts as text, and certificates of one day are alike.
fn earlier(old: &SeenCertificate, new: &SeenCertificate) -> Option<Change> {
    let (old, new) = (old.not_after.as_ref()?, new.not_after.as_ref()?);
    let day = |instant: &str| {
        let is_instant = instant.ends_with('Z') && instant.len() > 10;
        instant.get(..10).filter(|_| is_instant).map(str::to_owned)
    };
    let (old, new) = (day(old)?, day(new)?);
    (new < old).then(|| Change::from_to(Kind::ExpiresEarlier, old, new))
}

fn root(old: &[&SeenCertificate], new: &[&SeenCertificate]) -> Option<Change> {
    let is_root =
        |one: &&&SeenCertificate| one.role.as_ref().is_some_and(|role| *role == Role::Root);
    let (old, new) = (old.iter().rfind(is_root)?, new.iter().rfind(is_root)?);
    // A root that was renewed with its key is the same root.
    let is_same = old.subject == new.subject && old.spki_sha256 == new.spki_sha256;
    (!is_same).then(|| Change::from_to(Kind::RootChanged, &old.subject, &new.subject))
}
