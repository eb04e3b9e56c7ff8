//! Settings that together are one connection: `DB_HOST`, `DB_PORT`, `DB_SSLMODE` in one file, an entry of `database.yml`,
//! a dictionary of Django.

mod parted;

use std::collections::{BTreeMap, BTreeSet};

use parted::groups;

use super::environment::Users;
use super::ours::is_elixir;
use super::parts::Part;
use super::{About, Clues};
use crate::conninfo::{Keyword, host_and_port};
use crate::scan::candidate::Besides;
use crate::scan::document::{Document, Entry, SPREAD};

/// Scopes whose settings belong to the scope around them.
const INNER: &[&str] = &[
    "OPTIONS",
    "options",
    "connect_args",
    "ssl",
    "dialectOptions",
    "connection",
    "extra",
    "sslOptions",
    "ssl_opts",
    "replication",
    "tls",
    "jsonData",
    "secureJsonData",
];

/// Settings that belong together, by what they say.
pub(super) struct Group<'d> {
    /// Its place among the groups of the document.
    index: usize,
    pub(super) scope: usize,
    pub(super) prefix: String,
    pub(super) members: Vec<(Part, &'d Entry)>,
}

impl<'d> Group<'d> {
    pub(super) fn get(&self, part: Part) -> Option<&'d Entry> {
        let member = self.members.iter().find(|(one, _)| *one == part)?;
        Some(member.1)
    }

    pub(super) fn keyword(&self, keyword: Keyword) -> Option<&'d Entry> {
        self.get(Part::Keyword(keyword))
    }
}

/// The groups of a document, and what else of it decides about TLS.
pub(super) struct Groups<'d> {
    pub(super) document: &'d Document,
    pub(super) groups: Vec<Group<'d>>,
    /// The first one of each scope and prefix.
    places: BTreeMap<(usize, String), usize>,
    /// Those with a whole string, by scope, line and prefix.
    strings: BTreeMap<(usize, usize, String), usize>,
    /// Whether the text may be about PostgreSQL.
    pub(super) may_be_ours: bool,
    /// Whether a program in the text looks at certificates itself.
    pub(super) checks_itself: bool,
    /// Scopes around settings for TLS that have a scope of their own.
    inner: BTreeSet<usize>,
    /// Those settings, by the group that they belong to.
    details: BTreeMap<usize, Vec<&'d Entry>>,
    /// Of each scope, the last line with settings that stand elsewhere.
    spreads: BTreeMap<usize, usize>,
    /// The last `sslmode` outside of all scopes.
    outermost_mode: Option<&'d Entry>,
    pub(super) users: Users<'d>,
}

/// Scopes with settings for TLS.
const OF_TLS: &[&str] = &[
    "ssl",
    "tls",
    "sslOptions",
    "ssl_opts",
    "dialectOptions",
    "connect_args",
];

impl<'d> Groups<'d> {
    pub(super) fn of(document: &'d Document, clues: Clues<'_>) -> Self {
        let groups = groups(document, clues);
        let mut places = BTreeMap::new();
        let mut strings = BTreeMap::new();
        // Groups outside of all scopes, by their first lines.
        let mut outermost: BTreeMap<usize, usize> = BTreeMap::new();
        for (index, group) in groups.iter().enumerate() {
            places
                .entry((group.scope, group.prefix.clone()))
                .or_insert(index);
            if let Some(url) = group.get(Part::Url) {
                strings
                    .entry((group.scope, url.line, group.prefix.clone()))
                    .or_insert(index);
            }
            if group.scope == 0 && group.prefix.is_empty() {
                let first = group.members.iter().map(|(_, entry)| entry.line).min();
                outermost.entry(first.unwrap_or_default()).or_insert(index);
            }
        }
        let mut inner = BTreeSet::new();
        for scope in &document.scopes {
            if OF_TLS.contains(&scope.name.as_str()) {
                inner.extend(scope.parent.filter(|parent| *parent != 0));
            }
        }
        let mut details: BTreeMap<usize, Vec<&Entry>> = BTreeMap::new();
        let mut spreads = BTreeMap::new();
        // The keyword lists of Elixir have no brackets.
        let is_open = is_elixir(clues);
        for entry in &document.entries {
            if entry.key == SPREAD {
                spreads.insert(entry.scope, entry.line);
            }
            let is_of_tls = document
                .scope(entry.scope)
                .is_some_and(|scope| OF_TLS.contains(&scope.name.as_str()));
            if !is_of_tls {
                continue;
            }
            let around = outer(document, entry.scope);
            let index = if around != entry.scope {
                places.get(&(around, String::new()))
            } else if is_open {
                let before = outermost.range(..=entry.line).next_back();
                before.map(|(_, index)| index)
            } else {
                None
            };
            if let Some(index) = index {
                details.entry(*index).or_default().push(entry);
            }
        }
        Self {
            document,
            groups,
            places,
            strings,
            may_be_ours: clues.about != About::Unknown
                || ["'pg'", "\"pg\""]
                    .iter()
                    .any(|name| clues.text.contains(name)),
            checks_itself: clues.text.contains("checkServerIdentity"),
            inner,
            details,
            spreads,
            outermost_mode: document
                .entries
                .iter()
                .rev()
                .find(|entry| entry.scope == 0 && entry.key == "sslmode"),
            users: Users::of(document),
        }
    }

    /// Whether settings for TLS stand in a scope of their own below this one.
    pub(super) fn has_inner(&self, scope: usize) -> bool {
        self.inner.contains(&scope)
    }

    /// Settings for TLS in scopes of their own that belong to a group.
    pub(super) fn details(&self, group: &Group<'_>) -> &[&'d Entry] {
        let details = self.details.get(&group.index);
        details.map_or(&[], Vec::as_slice)
    }

    /// Whether settings that stand elsewhere may replace one in this line.
    pub(super) fn may_be_replaced(&self, scope: usize, line: usize) -> bool {
        self.spreads.get(&scope).is_some_and(|last| *last >= line)
    }

    /// Whether a program sets a weaker mode outside of all scopes: `DATABASES['default']['OPTIONS']['sslmode'] = 'disable'`.
    pub(super) fn is_weakened(&self, mode: Option<&Entry>) -> bool {
        let of_mode = |entry: &Entry| Besides::of_mode(&entry.value, None);
        let own = mode.map_or(Besides::Nothing, of_mode);
        let set = self.outermost_mode.map(of_mode);
        set.is_some_and(|set| own.worse(set) != own)
    }

    /// The first group of a scope with a prefix.
    pub(super) fn first(&self, scope: usize, prefix: &str) -> Option<&Group<'d>> {
        let index = self.places.get(&(scope, prefix.to_owned()))?;
        self.groups.get(*index)
    }

    /// The group of the string in this line.
    pub(super) fn of_string(&self, scope: usize, line: usize, prefix: &str) -> Option<&Group<'d>> {
        let index = self.strings.get(&(scope, line, prefix.to_owned()))?;
        self.groups.get(*index)
    }
}

/// The scope to which the settings of an inner one belong.
pub(super) fn outer(document: &Document, scope: usize) -> usize {
    let mut scope = scope;
    for _ in 0..3 {
        let Some(this) = document.scope(scope) else {
            break;
        };
        let last = this.name.rsplit([' ', '.']).next().unwrap_or_default();
        match this.parent {
            Some(parent) if INNER.contains(&last) && this.parent != Some(0) => scope = parent,
            _ => break,
        }
    }
    scope
}

/// The setting that names the server. Grafana calls `host:port` a URL.
pub(super) fn server<'d>(group: &Group<'d>) -> Option<&'d Entry> {
    let address = || {
        let url = group.get(Part::Url)?;
        let port = host_and_port(url.value.as_bytes()).and_then(|(_, port)| port)?;
        let is_one = !url.value.contains("://") && port.iter().all(u8::is_ascii_digit);
        (is_one && group.get(Part::Engine).is_some()).then_some(url)
    };
    group
        .keyword(Keyword::Host)
        .or_else(|| group.keyword(Keyword::Hostaddr))
        .or_else(address)
}
