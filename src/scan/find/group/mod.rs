//! Settings that together are one connection: `DB_HOST`, `DB_PORT`, `DB_SSLMODE` in one file, an entry of `database.yml`,
//! a dictionary of Django.

mod parted;

use std::collections::{BTreeMap, BTreeSet};

use parted::groups;

use super::environment::{Users, process};
use super::ours::is_elixir;
use super::parts::{LIBPQ, Part};
use super::replacement::{Replacement, Replacements};
use super::{About, Clues};
use crate::conninfo::{Keyword, host_and_port};
use crate::scan::candidate::{Besides, Truth};
use crate::scan::document::{ADDED, Document, Entry, SPREAD};
use crate::scan::kind::Kind;
use crate::scan::read::lines::Style;
use crate::scan::template::fill;

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
    /// Of each scope, the last line with settings that stand elsewhere and replace those before them.
    spreads: BTreeMap<usize, usize>,
    /// Scopes with settings that stand elsewhere.
    open: BTreeSet<usize>,
    /// The last `sslmode` outside of all scopes.
    outermost_mode: Option<&'d Entry>,
    pub(super) users: Users<'d>,
    replacements: Replacements,
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
    /// `replaced` is what scripts in the document set for the settings around them.
    pub(super) fn of(document: &'d Document, clues: Clues<'_>, replaced: Vec<Replacement>) -> Self {
        let groups = groups(document, clues);
        let heirs = heirs(document);
        let own = groups.iter().filter_map(|group| {
            let own = loose(document, group, clues)?;
            // The server may be that of another job or service.
            let is_heir = process(document, group.scope).is_some_and(|job| heirs.contains(&job));
            Some(if is_heir { own.of_heir() } else { own })
        });
        let servers = groups.iter().filter(|group| server(group).is_some());
        let servers = servers.map(|group| {
            let around = process(document, group.scope).unwrap_or(group.scope);
            (group.prefix.as_str(), around)
        });
        let replacements = Replacements::of(document, own.chain(replaced), &servers.collect());
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
        let (mut spreads, mut open) = (BTreeMap::new(), BTreeSet::new());
        // The keyword lists of Elixir have no brackets.
        let is_open = is_elixir(clues);
        for entry in &document.entries {
            let is_spread = entry.key == SPREAD;
            if is_spread || entry.key == "connect_args" {
                open.insert(entry.scope);
            }
            if is_spread && entry.value != ADDED {
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
            open,
            outermost_mode: document
                .entries
                .iter()
                .rev()
                .find(|entry| entry.scope == 0 && entry.key == "sslmode"),
            users: Users::of(document),
            replacements,
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

    /// Whether settings that stand elsewhere come to those of a scope.
    pub(super) fn is_open(&self, scope: usize) -> bool {
        self.open.contains(&scope)
    }

    /// Whether a program sets a weaker mode outside of all scopes: `DATABASES['default']['OPTIONS']['sslmode'] = 'disable'`.
    pub(super) fn is_weakened(&self, mode: Option<&Entry>) -> bool {
        let of_mode = |entry: &Entry| Besides::of_mode(&entry.value, None);
        let own = mode.map_or(Besides::Nothing, of_mode);
        let set = self.outermost_mode.map(of_mode);
        set.is_some_and(|set| own.worse(set) != own)
    }

    /// The weakest mode that another place sets for settings with a prefix in a scope, if it is weaker than their own.
    pub(super) fn weaker(&self, scope: usize, prefix: &str, own: Besides) -> Option<Besides> {
        let around = process(self.document, scope).unwrap_or(scope);
        self.replacements.weaker(around, prefix, own)
    }

    /// What a script does to the settings around it, whose modes are those outside of it.
    pub(super) fn of_script(&self, outside: Besides) -> Vec<Replacement> {
        let names_server = |group: &Group<'_>| group.prefix == LIBPQ && server(group).is_some();
        let of_libpq = self.users.of_script(self.document, outside);
        let of_libpq = of_libpq.map(|besides| {
            // It may connect with its own server alone.
            match self.groups.iter().any(names_server) {
                true if !besides.verifies_name() => Besides::Something,
                true | false => besides,
            }
        });
        let of_libpq = of_libpq.map(|besides| Replacement {
            prefix: LIBPQ.to_owned(),
            scope: None,
            besides,
        });
        let others = self.groups.iter().filter(|group| group.prefix != LIBPQ);
        of_libpq
            .into_iter()
            .chain(others.filter_map(without_server))
            .collect()
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

/// Jobs and services that take their settings from others.
fn heirs(document: &Document) -> BTreeSet<usize> {
    const EXTENDS: &str = "extends";
    let scopes = document.scopes.iter().filter(|scope| scope.name == EXTENDS);
    let entries = document.entries.iter().filter(|entry| entry.key == EXTENDS);
    let scopes = scopes.filter_map(|scope| scope.parent);
    scopes.chain(entries.map(|entry| entry.scope)).collect()
}

/// A mode that replaces those of other places: it stands in an environment, or on a line that a shell reads, and names no
/// server. The commands of a shell say themselves which mode of libpq they get.
fn loose(document: &Document, group: &Group<'_>, clues: Clues<'_>) -> Option<Replacement> {
    let counts = match clues.kind {
        Kind::Lines(Style::Batch) => true,
        Kind::Lines(Style::Shell | Style::Docker | Style::Unit | Style::Make) => {
            group.prefix != LIBPQ
        }
        Kind::Yaml | Kind::Code(_) => process(document, group.scope).is_some(),
        Kind::Lines(Style::Env | Style::Properties) | Kind::Ini | Kind::Passwords | Kind::Prose => {
            false
        }
    };
    counts.then(|| without_server(group)).flatten()
}

/// The mode of a group without a server.
fn without_server(group: &Group<'_>) -> Option<Replacement> {
    if server(group).is_some() || group.get(Part::Url).is_some() {
        return None;
    }
    let of_mode = |entry: &Entry| {
        let root = group.keyword(Keyword::SslRootCert);
        Besides::of_mode(&entry.value, root.map(|root| root.value.as_str()))
    };
    let of_switch = |entry: &Entry| match Truth::of(&fill(&entry.value).text) {
        Truth::Yes => Besides::Something,
        Truth::No => Besides::Off,
        Truth::Neither => of_mode(entry),
    };
    let besides = match (group.keyword(Keyword::SslMode), group.get(Part::Tls)) {
        (Some(mode), _) => of_mode(mode),
        (None, Some(switch)) => of_switch(switch),
        (None, None) => return None,
    };
    Some(Replacement {
        prefix: group.prefix.clone(),
        scope: Some(group.scope),
        besides,
    })
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
