//! What stands beside a string or beside a mode: a password, settings for TLS in words of a program.

use std::collections::BTreeMap;

use super::Clues;
use super::group::{Group, Groups, Roots, outer, server};
use super::ours::reader;
use super::parts::{self, Part};
use crate::conninfo::{Keyword, SslMode};
use crate::dialect::Dialect;
use crate::scan::candidate::{Beside, Besides, Candidate, Form};

/// What stands beside the mode in words of a program.
pub(super) fn besides(groups: &Groups<'_>, group: &Group<'_>, clues: Clues<'_>) -> Besides {
    let reader = reader(groups.document, group, clues);
    if let Some(entry) = group.get(Part::RejectUnauthorized) {
        return match entry.value.as_str() {
            "false" => Besides::Unverified,
            "true" => Besides::Mode(SslMode::VerifyFull),
            _ => Besides::Something,
        };
    }
    if let Some(entry) = group.get(Part::Tls) {
        return match (entry.value.as_str(), reader) {
            // Both verify chain and name unless they are told not to.
            ("true", Some(Dialect::NodePostgres | Dialect::Ecto)) => {
                Besides::Mode(SslMode::VerifyFull)
            }
            ("false" | "0" | "off" | "", _) => Besides::Nothing,
            _ => Besides::Something,
        };
    }
    // `ssl: { ca: ... }`
    match groups.inner(group.scope) {
        Some(inner)
            if reader == Some(Dialect::NodePostgres)
                && groups.roots.get(inner) == Some(&Roots::Named)
                && !groups.checks_itself =>
        {
            Besides::Mode(SslMode::VerifyFull)
        }
        Some(_) => Besides::Something,
        None => Besides::Nothing,
    }
}

/// Gives strings the password and the settings for TLS that stand beside them.
pub(super) fn join(groups: &Groups<'_>, candidates: &mut [Candidate], clues: Clues<'_>) {
    let mut in_scope: BTreeMap<usize, usize> = BTreeMap::new();
    for candidate in candidates.iter().filter(|one| one.key.is_some()) {
        let count = in_scope.entry(candidate.scope).or_default();
        *count = count.saturating_add(1);
    }
    // `connectionString` alone, or `connectionString: DATABASE_URL`.
    let mut users: BTreeMap<&str, Vec<&Group<'_>>> = BTreeMap::new();
    for group in &groups.groups {
        let value = group.get(Part::Url).map(|entry| entry.value.as_str());
        let name = value.and_then(referred);
        if let Some(name) = name {
            users.entry(name).or_default().push(group);
        }
    }
    for candidate in candidates
        .iter_mut()
        .filter(|candidate| candidate.form == Form::Text)
    {
        let Some(name) = candidate.key.as_deref() else {
            continue;
        };
        let prefix = parts::of(name).map(|name| name.prefix).unwrap_or_default();
        let scope = outer(groups.document, candidate.scope);
        let beside = || {
            let counts = scope != 0 || !prefix.is_empty();
            groups.first(scope, &prefix).filter(|_| counts)
        };
        let own = groups
            .of_string(scope, candidate.line, &prefix)
            .or_else(beside);
        let user = users.get(name).and_then(|users| {
            let mut users = users.iter();
            let behind = |group: &&&Group<'_>| {
                let url = group.get(Part::Url);
                url.is_some_and(|url| url.line >= candidate.line)
            };
            users.find(behind).copied()
        });
        // `PASSWORD` beside the one `DATABASE_URL` of a class.
        let is_alone = scope != 0 && in_scope.get(&candidate.scope) == Some(&1);
        let unnamed = groups
            .first(scope, "")
            .filter(|group| is_alone && server(group).is_none());
        let password = [own, user, unnamed]
            .into_iter()
            .flatten()
            .find_map(|group| group.keyword(Keyword::Password));
        candidate.password = password.map(|entry| Beside {
            value: entry.value.clone(),
            line: entry.line,
        });
        for group in [own, user].into_iter().flatten() {
            if candidate.beside == Besides::Nothing {
                candidate.beside = settings_of(groups, group, clues);
            }
        }
    }
}

/// What a group says about TLS.
fn settings_of(groups: &Groups<'_>, group: &Group<'_>, clues: Clues<'_>) -> Besides {
    match group.keyword(Keyword::SslMode) {
        Some(mode) => {
            let root = group.keyword(Keyword::SslRootCert);
            Besides::of_mode(&mode.value, root.map(|root| root.value.as_str()))
        }
        None => besides(groups, group, clues),
    }
}

/// The name in a reference.
pub(super) fn referred(value: &str) -> Option<&str> {
    value.strip_prefix("${")?.strip_suffix('}')
}
