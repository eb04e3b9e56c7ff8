//! Settings that together are one connection: `DB_HOST`, `DB_PORT`, `DB_SSLMODE` in one file, an entry of `database.yml`,
//! a dictionary of Django.

mod parted;

use std::collections::{BTreeMap, BTreeSet};

use parted::groups;

use super::beside::{besides, referred};
use super::environment::Users;
use super::ours::{is_elixir, is_ours, reader};
use super::parts::{LIBPQ, Part};
use super::{About, Clues};
use crate::conninfo::{Keyword, host_and_port};
use crate::dialect::Dialect;
use crate::scan::candidate::{Beside, Besides, Candidate, Form, in_libpqs_form, in_libpqs_words};
use crate::scan::document::{Document, Entry, SPREAD, UNKNOWN};
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
    members: Vec<(Part, &'d Entry)>,
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
    users: Users<'d>,
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
    fn is_weakened(&self, mode: Option<&Entry>) -> bool {
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

/// One candidate for each group that is about PostgreSQL and names a host.
pub(super) fn find(groups: &Groups<'_>, strings: &[Candidate], clues: Clues<'_>) -> Vec<Candidate> {
    let strings: BTreeSet<&str> = strings
        .iter()
        .filter_map(|string| string.key.as_deref())
        .collect();
    groups
        .groups
        .iter()
        .filter_map(|group| candidate(groups, group, &strings, clues))
        .collect()
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

fn candidate(
    groups: &Groups<'_>,
    group: &Group<'_>,
    strings: &BTreeSet<&str>,
    clues: Clues<'_>,
) -> Option<Candidate> {
    let document = groups.document;
    let Some(host) = server(group) else {
        return unverified(groups, group, strings, clues);
    };
    let has_more = [
        Keyword::Port,
        Keyword::Dbname,
        Keyword::User,
        Keyword::Password,
        Keyword::SslMode,
    ]
    .iter()
    .any(|keyword| group.keyword(*keyword).is_some());
    // An answer of AWS, which `cloud` reads.
    if document.path(group.scope).next() == Some("Endpoint") {
        return None;
    }
    let is_url = host.value.contains("://") || host.value.contains(' ');
    if !has_more || is_url || host.value.is_empty() || !is_ours(document, group, clues) {
        return None;
    }
    let reader = reader(document, group, clues);
    if group
        .get(Part::Engine)
        .is_some_and(|engine| engine.key == "DB_CONNECTION")
        && let Some(candidate) = laravel(group, host)
    {
        return Some(candidate);
    }
    let mut settings: Vec<(Keyword, String)> = Vec::new();
    for (part, entry) in &group.members {
        match part {
            Part::Keyword(Keyword::SslMode) => {
                settings.push((Keyword::SslMode, mode(&entry.value)));
            }
            Part::Url if std::ptr::eq(*entry, host) => {
                settings.push((Keyword::Host, entry.value.clone()));
            }
            // Rails and Django hand everything else that libpq knows to it; others have words of their own.
            Part::Keyword(keyword) => settings.push((*keyword, entry.value.clone())),
            Part::Tls | Part::RejectUnauthorized | Part::Engine | Part::Url => {}
        }
    }
    settings.retain(|(_, value)| !value.is_empty());
    if takes_a_port(host) {
        split_port(&mut settings);
    }
    let mut beside = besides(groups, group, clues);
    let mode = group.keyword(Keyword::SslMode);
    if group.prefix == LIBPQ
        && let Kind::Lines(Style::Shell | Style::Docker | Style::Unit | Style::Make) = clues.kind
        && let Some(of_commands) = groups
            .users
            .beside(group.scope, mode.map(|entry| entry.value.as_str()))
    {
        // The file sets it, but not for all commands.
        settings.retain(|(keyword, _)| !matches!(keyword, Keyword::SslMode | Keyword::SslRootCert));
        beside = of_commands;
    }
    if reader == Some(Dialect::Django) && groups.is_weakened(mode) {
        beside = Besides::SomethingInstead;
    }
    let has_mode = settings
        .iter()
        .any(|(keyword, _)| *keyword == Keyword::SslMode);
    let form = match (has_mode, reader) {
        (true, _) => Form::Group,
        (false, Some(Dialect::Rails | Dialect::Django | Dialect::DotenvLine | Dialect::Libpq)) => {
            Form::Group
        }
        (false, _) => Form::Part,
    };
    let password = group.keyword(Keyword::Password).map(|entry| Beside {
        value: entry.value.clone(),
        line: entry.line,
    });
    Some(Candidate {
        line: host.line,
        key: Some(key(document, group, host)),
        filled: fill(&in_libpqs_form(settings)),
        asked: Some(Dialect::Libpq),
        reader,
        form,
        password,
        beside,
        scope: group.scope,
    })
}

/// A program that accepts every certificate of a server that a variable names.
fn unverified(
    groups: &Groups<'_>,
    group: &Group<'_>,
    strings: &BTreeSet<&str>,
    clues: Clues<'_>,
) -> Option<Candidate> {
    let url = group.get(Part::Url)?;
    // The string of a constant is found itself.
    let is_variable =
        url.value == UNKNOWN || referred(&url.value).is_some_and(|name| !strings.contains(name));
    let reader = reader(groups.document, group, clues);
    if !is_variable || !groups.may_be_ours || reader != Some(Dialect::NodePostgres) {
        return None;
    }
    let beside = besides(groups, group, clues);
    matches!(beside, Besides::Unverified(_)).then(|| Candidate {
        line: url.line,
        key: Some(url.key.clone()),
        filled: fill(&in_libpqs_form([(Keyword::Host, UNKNOWN)])),
        asked: Some(Dialect::Libpq),
        reader,
        form: Form::Part,
        password: None,
        beside,
        scope: group.scope,
    })
}

/// Whether a program's own setting for the server takes `host:port`: Go's `Addr`, Grafana's `GF_DATABASE_HOST`.
fn takes_a_port(host: &Entry) -> bool {
    let key = host.key.to_ascii_lowercase();
    key.ends_with("addr")
        || key.ends_with("address")
        || key.ends_with("url")
        || key == "gf_database_host"
}

fn split_port(settings: &mut Vec<(Keyword, String)>) {
    let has_port = settings
        .iter()
        .any(|(keyword, _)| *keyword == Keyword::Port);
    let host = settings
        .iter_mut()
        .find(|(keyword, _)| *keyword == Keyword::Host);
    let Some((_, host)) = host else {
        return;
    };
    let split = host_and_port(host.as_bytes()).and_then(|(name, port)| {
        let port = port?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some((text(name), text(port)))
    });
    if let Some((name, port)) = split {
        *host = name;
        if !has_port {
            settings.push((Keyword::Port, port));
        }
    }
}

/// `VerifyFull`, `verify_full` of programs are libpq's words in another spelling. Others stay, so that faults show.
fn mode(value: &str) -> String {
    let has_capital = value.starts_with(|c: char| c.is_ascii_uppercase());
    match in_libpqs_words(value) {
        Some(mode) if has_capital => mode.to_string(),
        _ => value.to_owned(),
    }
}

/// Laravel's own reading of its variables.
fn laravel(group: &Group<'_>, host: &Entry) -> Option<Candidate> {
    let mut lines = vec!["DB_CONNECTION=pgsql".to_owned()];
    for (part, entry) in &group.members {
        if matches!(part, Part::Engine) || entry.value.contains(['\'', '\n']) {
            continue;
        }
        lines.push(format!("{}='{}'", entry.key, entry.value));
    }
    let password = group.keyword(Keyword::Password).map(|entry| Beside {
        value: entry.value.clone(),
        line: entry.line,
    });
    Some(Candidate {
        line: host.line,
        key: Some(host.key.clone()),
        filled: fill(&lines.join("\n")),
        asked: Some(Dialect::Laravel),
        reader: None,
        form: Form::Group,
        password,
        beside: Besides::Nothing,
        scope: group.scope,
    })
}

/// What the group is called: the scope, or the name of its host.
fn key(document: &Document, group: &Group<'_>, host: &Entry) -> String {
    let names: Vec<&str> = document
        .path(group.scope)
        .filter(|name| !name.is_empty() && document.is_shown(name))
        .take(3)
        .collect();
    if group.prefix.is_empty() && !names.is_empty() {
        names.into_iter().rev().collect::<Vec<_>>().join(".")
    } else {
        host.key.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::candidate::Accepts;
    use crate::scan::find::all;

    fn found(path: &str, text: &str) -> Vec<(usize, String, String)> {
        let finds = all(path, Kind::of(path), text);
        let found = finds.candidates.iter().map(|one| {
            let text = one.filled.marker.shown(&one.filled.text);
            (one.line, one.key.clone().unwrap_or_default(), text)
        });
        found.collect()
    }

    fn row(line: usize, key: &str, text: &str) -> (usize, String, String) {
        (line, key.to_owned(), text.to_owned())
    }

    #[test]
    fn variables_with_one_prefix_are_one_string() {
        let text = "DB_HOST=db.acme.io\nDB_PORT=5432\nDB_NAME=app\nDB_SSLMODE=require\nREDIS_HOST=r\nREDIS_PORT=6379\nPGHOST=pg\nPGDATABASE=x\n";
        assert_eq!(
            found(".env", text),
            [
                row(
                    1,
                    "DB_HOST",
                    "host=db.acme.io port=5432 dbname=app sslmode=require"
                ),
                row(7, "PGHOST", "host=pg dbname=x"),
            ]
        );
        assert_eq!(
            found(".env", "DB_HOST=h\nDB_PORT=3306\nDB_USER=u\nX=postgres\n"),
            []
        );
        assert_eq!(
            found(
                ".env",
                "POSTGRES_USER=u\nPOSTGRES_PASSWORD=p\nPOSTGRES_DB=d\n"
            ),
            []
        );
    }

    #[test]
    fn entries_of_frameworks_are_one_string_each() {
        let rails = "default: &default\n  adapter: postgresql\n  sslmode: require\nproduction:\n  <<: *default\n  host: db.acme.io\n  database: app\n";
        assert_eq!(
            found("config/database.yml", rails),
            [row(
                6,
                "production",
                "host=db.acme.io dbname=app sslmode=require"
            )]
        );
        let django = "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': 'db.acme.io',\n 'NAME': 'app', 'OPTIONS': {'sslmode': 'prefer'}}}\n";
        assert_eq!(
            found("settings.py", django),
            [row(
                1,
                "DATABASES.default",
                "host=db.acme.io dbname=app sslmode=prefer"
            )]
        );
        let helm = "externalDatabase:\n  host: db.acme.io\n  port: 5432\n  user: u\nredis:\n  host: r\n  port: 6379\n";
        assert_eq!(
            found("values.yaml", helm),
            [row(
                2,
                "externalDatabase",
                "host=db.acme.io port=5432 user=u"
            )]
        );
        let service = "[prod]\nhost=db.acme.io\ndbname=app\n";
        assert_eq!(
            found("pg_service.conf", service),
            [row(2, "prod", "host=db.acme.io dbname=app")]
        );
    }

    #[test]
    fn what_stands_beside_a_string_is_seen() {
        let text = "const p = new Pool({\n  connectionString: 'postgres://u@db.acme.io/d',\n  ssl: { rejectUnauthorized: false },\n});\n";
        let finds = all("a.js", Kind::of("a.js"), text);
        assert_eq!(finds.candidates.len(), 1);
        let expected = Besides::Unverified(Accepts::RejectUnauthorized);
        assert_eq!(finds.candidates[0].beside, expected);
        let text = "spring.datasource.url=jdbc:postgresql://h/d\nspring.datasource.password=x\n";
        let finds = all(
            "application.properties",
            Kind::of("application.properties"),
            text,
        );
        let password = finds.candidates[0]
            .password
            .as_ref()
            .map(|one| (one.value.as_str(), one.line));
        assert_eq!(password, Some(("x", 2)));
    }
}
