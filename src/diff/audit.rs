//! Changes of what else a server accepts.

use super::seen::{Seen, SeenAccepted, SeenAnswer, SeenProtocol, SeenTlsAudit};
use super::{Change, Kind};
use crate::conninfo::TlsVersion;
use crate::escape::Shown;
use crate::report::Answer;
use crate::words::Named;

pub(super) fn changes(before: &Seen, now: &Seen) -> Vec<Change> {
    let (old, new) = match (&before.audit, &now.audit) {
        (Some(old), Some(new)) => (old, new),
        (Some(_), None) if now.is_sound() => return vec![Change::of(Kind::AuditMissing)],
        (Some(_) | None, _) => return Vec::new(),
    };
    let mut changes = Vec::new();
    match turn(&old.plaintext, &new.plaintext) {
        Some(Turn::Accepted) => changes.push(Change::of(Kind::PlaintextAccepted)),
        Some(Turn::Refused) => changes.push(Change::of(Kind::PlaintextRefused)),
        Some(Turn::Unknown) => {
            changes.push(Change::from(Kind::AnswerUnknown, "sessions without TLS"));
        }
        None => {}
    }
    if let (Some(old), Some(new)) = (&old.tls, &new.tls) {
        changes.extend(tls(old, new));
    }
    changes
}

fn tls(old: &SeenTlsAudit, new: &SeenTlsAudit) -> Vec<Change> {
    let mut changes = Vec::new();
    let injected = turn(
        &old.plaintext_behind_ssl_request,
        &new.plaintext_behind_ssl_request,
    );
    match injected {
        Some(Turn::Accepted) => changes.push(Change::of(Kind::InjectionAccepted)),
        Some(Turn::Unknown) => {
            changes.push(Change::from(
                Kind::AnswerUnknown,
                "plaintext behind the SSLRequest",
            ));
        }
        Some(Turn::Refused) | None => {}
    }
    for now in &new.protocols {
        let before = old.protocols.iter().find(|one| one.version == now.version);
        if let Some(before) = before {
            changes.extend(protocol(before, now));
        }
    }
    changes
}

fn protocol(before: &SeenProtocol, now: &SeenProtocol) -> Vec<Change> {
    let version = &now.version;
    let is_old = version.known().is_some_and(|version| version.is_legacy());
    // TLS 1.3 has no weak suites, so that it protects nothing if it is refused.
    let is_newest = version.known() == Some(TlsVersion::V1_3);
    let turned = outcomes(&before.outcome, &now.outcome);
    let mut changes = Vec::new();
    match (turned, is_old) {
        (Some(Turn::Accepted), true) => changes.push(Change::to(Kind::OldVersionAccepted, version)),
        (Some(Turn::Refused), false) => changes.push(Change::from(Kind::VersionRefused, version)),
        (Some(Turn::Unknown), _) if !is_newest => {
            changes.push(Change::from(Kind::AnswerUnknown, version));
        }
        (Some(Turn::Accepted | Turn::Unknown), _) | (Some(Turn::Refused), true) | (None, _) => {}
    }
    let old = match (&before.accepted, turned) {
        (None, Some(Turn::Accepted)) => Some(&NOTHING_ACCEPTED),
        (old, _) => old.as_ref(),
    };
    if let (Some(old), Some(new)) = (old, &now.accepted) {
        changes.extend(accepted(version.to_string(), old, new));
    }
    changes
}

/// A version that was refused had no weaknesses.
const NOTHING_ACCEPTED: SeenAccepted = SeenAccepted {
    suites: Vec::new(),
    suites_complete: true,
    post_quantum: None,
    compression: Some(false),
    secure_renegotiation: Some(true),
};

fn accepted(version: String, old: &SeenAccepted, new: &SeenAccepted) -> Vec<Change> {
    let mut changes = Vec::new();
    let weak = |suites: &SeenAccepted| -> Vec<Shown> {
        let suites = suites.suites.iter();
        let weak = suites.filter(|suite| !suite.weaknesses.is_empty());
        weak.map(|suite| suite.cipher.clone()).collect()
    };
    let known = weak(old);
    let added: Vec<String> = weak(new)
        .iter()
        .filter(|suite| !known.contains(suite))
        .map(ToString::to_string)
        .collect();
    if !added.is_empty() {
        changes.push(Change::to(Kind::WeakCipherAccepted, added.join(", ")));
    }
    if old.suites_complete && !new.suites_complete {
        let more = format!("more weak cipher suites of {version}");
        changes.push(Change::from(Kind::AnswerUnknown, more));
    }
    if (old.post_quantum, new.post_quantum) == (Some(true), Some(false)) {
        changes.push(Change::from_to(
            Kind::PostQuantumLost,
            format!("one of the groups of {version}"),
            "not post-quantum with any group",
        ));
    }
    if (old.compression, new.compression) == (Some(false), Some(true)) {
        changes.push(Change::from_to(
            Kind::SessionFeatureWeaker,
            &version,
            "TLS compression",
        ));
    }
    if (old.secure_renegotiation, new.secure_renegotiation) == (Some(true), Some(false)) {
        let feature = "no secure renegotiation";
        changes.push(Change::from_to(
            Kind::SessionFeatureWeaker,
            &version,
            feature,
        ));
    }
    changes
}

/// Where an answer went.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Accepted,
    Refused,
    /// It was refused. A question without an answer is not a refusal.
    Unknown,
}

fn turn(before: &Option<SeenAnswer>, now: &Option<SeenAnswer>) -> Option<Turn> {
    outcomes(&before.as_ref()?.outcome, &now.as_ref()?.outcome)
}

fn outcomes(before: &Named<Answer>, now: &Named<Answer>) -> Option<Turn> {
    match (before.known()?, now.known()?) {
        (Answer::Refused | Answer::Unknown, Answer::Accepted) => Some(Turn::Accepted),
        (Answer::Accepted, Answer::Refused) => Some(Turn::Refused),
        (Answer::Refused, Answer::Unknown) => Some(Turn::Unknown),
        (Answer::Accepted, Answer::Accepted | Answer::Unknown)
        | (Answer::Refused, Answer::Refused)
        | (Answer::Unknown, Answer::Refused | Answer::Unknown) => None,
    }
}
