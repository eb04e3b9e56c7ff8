//! Changes of the connection string itself, beyond its mode.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::seen::Seen;
use super::{Change, Kind};
use crate::conninfo::{
    Assignment, AuthMethod, Choice, ConnInfo, Keyword, Nowhere, RequireAuth, SslCertMode,
    TlsVersion, parse, redacted,
};
use crate::escape::Shown;

/// What the string demands now, and what its service and the environment add, compared with before. `known` is what the
/// runs themselves show to have changed.
pub(super) fn changes(before: &Seen, now: &Seen, known: &[Change]) -> Vec<Change> {
    let (Some(old), Some(new)) = (&before.conninfo, &now.conninfo) else {
        return Vec::new();
    };
    // An older version wrote the string alone.
    let (old_protection, new_protection) = before
        .protection
        .as_ref()
        .zip(now.protection.as_ref())
        .unzip();
    if old == new && old_protection == new_protection {
        return Vec::new();
    }
    let (Some(old), Some(new)) = (
        Settings::read(old, old_protection),
        Settings::read(new, new_protection),
    ) else {
        let (old, new) = ("the connection string", "another one");
        return vec![Change::from_to(Kind::Unranked, old, new)];
    };
    let mut changes = Vec::new();
    for (keyword, compare) in RANKED {
        let kind = match compare(&old.meaning, &new.meaning) {
            Ordering::Less => Kind::SettingWeaker,
            Ordering::Greater => Kind::SettingStronger,
            Ordering::Equal => continue,
        };
        changes.push((
            *keyword,
            Change::from_to(kind, old.told(*keyword), new.told(*keyword)),
        ));
    }
    // The run shows the effect of these, wherever they are set.
    let is_shown = |keyword: &Keyword| {
        !(known.is_empty() && changes.is_empty()) && SEEN_IN_A_RUN.contains(keyword)
    };
    let is_ranked = |keyword: &Keyword| changes.iter().any(|(ranked, _)| ranked == keyword);
    let others = Keyword::ALL
        .iter()
        .filter(|keyword| old.written.get(keyword) != new.written.get(keyword))
        .filter(|keyword| !is_shown(keyword) && !is_ranked(keyword))
        .map(|keyword| keyword.as_str());
    let others: Vec<&str> = others.collect();
    let mut changes: Vec<Change> = changes.into_iter().map(|(_, change)| change).collect();
    if !others.is_empty() {
        changes.push(Change::to(Kind::StringChanged, others.join(", ")));
    }
    changes
}

const SEEN_IN_A_RUN: [Keyword; 7] = [
    Keyword::Host,
    Keyword::Hostaddr,
    Keyword::Port,
    Keyword::SslMode,
    Keyword::SslRootCert,
    Keyword::SslCrl,
    Keyword::SslCrlDir,
];

/// How much the second string protects, compared with the first.
type Compare = fn(&ConnInfo, &ConnInfo) -> Ordering;

/// The settings of which one value protects more than another.
const RANKED: &[(Keyword, Compare)] = &[
    (Keyword::ChannelBinding, |old, new| {
        new.channel_binding.value.cmp(&old.channel_binding.value)
    }),
    // Nothing is said in plain text before the handshake.
    (Keyword::SslNegotiation, |old, new| {
        new.sslnegotiation.value.cmp(&old.sslnegotiation.value)
    }),
    (Keyword::SslCertMode, |old, new| {
        let requires = |one: &ConnInfo| one.sslcertmode.value == SslCertMode::Require;
        requires(new).cmp(&requires(old))
    }),
    // GSSAPI encryption takes the place of TLS, and no certificate is verified.
    (Keyword::GssEncMode, |old, new| {
        old.gssencmode.value.cmp(&new.gssencmode.value)
    }),
    (Keyword::SslMinProtocolVersion, |old, new| {
        let lowest = |one: &ConnInfo| one.ssl_min_protocol_version.as_ref().map(|min| min.value);
        lowest(new).cmp(&lowest(old))
    }),
    (Keyword::SslMaxProtocolVersion, |old, new| {
        let highest = |one: &ConnInfo| {
            let max = one.ssl_max_protocol_version.as_ref();
            max.map_or(TlsVersion::V1_3, |max| max.value)
        };
        highest(new).cmp(&highest(old))
    }),
    (Keyword::RequireAuth, |old, new| {
        let (old, new) = (allowed(old), allowed(new));
        let within = |some: &[AuthMethod], all: &[AuthMethod]| {
            some.iter().all(|method| all.contains(method))
        };
        match (within(&new, &old), within(&old, &new)) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, _) => Ordering::Less,
        }
    }),
    (Keyword::RequirePeer, |old, new| {
        is_set(new, Keyword::RequirePeer).cmp(&is_set(old, Keyword::RequirePeer))
    }),
    (Keyword::SslCompression, |old, new| {
        let compresses = |one: &ConnInfo| {
            let setting = one.parameter(Keyword::SslCompression);
            setting.is_some_and(|setting| setting.value.as_bytes().starts_with(b"1"))
        };
        compresses(old).cmp(&compresses(new))
    }),
    // It gets the secrets of every session.
    (Keyword::SslKeyLogFile, |old, new| {
        is_set(old, Keyword::SslKeyLogFile).cmp(&is_set(new, Keyword::SslKeyLogFile))
    }),
];

fn is_set(conninfo: &ConnInfo, keyword: Keyword) -> bool {
    let setting = conninfo.parameter(keyword);
    setting.is_some_and(|setting| !setting.value.as_bytes().is_empty())
}

/// The ways to log in that a string allows.
fn allowed(conninfo: &ConnInfo) -> Vec<AuthMethod> {
    let all = AuthMethod::ALL.iter().map(|(_, method)| *method);
    match conninfo.require_auth.as_ref().map(|setting| &setting.value) {
        None => all.collect(),
        Some(RequireAuth::Only(methods)) => methods.clone(),
        Some(RequireAuth::Not(methods)) => all.filter(|one| !methods.contains(one)).collect(),
    }
}

/// A connection string of a report.
struct Settings {
    /// Each setting of the string as it is written; secrets are masked.
    written: BTreeMap<Keyword, String>,
    /// Those of [`RANKED`], wherever they are set.
    ranked: BTreeMap<Keyword, String>,
    /// What these mean.
    meaning: ConnInfo,
}

impl Settings {
    /// `None` if only a newer version can read it.
    fn read(string: &str, protection: Option<&Shown>) -> Option<Self> {
        let written = parse(string.as_bytes()).ok()?;
        let mut ranked = match protection {
            Some(protection) => parse(protection.as_bytes()).ok()?,
            None => written.clone(),
        };
        ranked.retain(|made| made.keyword.protects());
        // Without a user no string can be read, and a weak mode allows only some of the values.
        let text = format!("user=x sslmode=verify-full {}", redacted(&ranked));
        let each = |settings: &[Assignment]| {
            let word = |made: &Assignment| (made.keyword, redacted(std::slice::from_ref(made)));
            settings.iter().map(word).collect()
        };
        Some(Self {
            written: each(&written),
            ranked: each(&ranked),
            meaning: ConnInfo::read(text.as_bytes(), &Nowhere).ok()?,
        })
    }

    fn told(&self, keyword: Keyword) -> String {
        let set = self.ranked.get(&keyword);
        set.map_or_else(|| format!("no {keyword}"), String::clone)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_setting_that_protects_is_ranked() {
        let ranked: BTreeSet<Keyword> = RANKED.iter().map(|(keyword, _)| *keyword).collect();
        let protects = Keyword::ALL.iter().filter(|keyword| keyword.protects());
        assert_eq!(ranked, protects.copied().collect());
    }
}
