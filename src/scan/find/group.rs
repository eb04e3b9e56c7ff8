//! Settings that together are one connection: `DB_HOST`, `DB_PORT`, `DB_SSLMODE` in one file, an entry of `database.yml`,
//! a dictionary of Django.

use std::collections::BTreeMap;

use super::parts::{self, LIBPQ, Part};
use super::{About, Clues};
use crate::conninfo::{Choice as _, Keyword, SslMode, quoted};
use crate::dialect::Dialect;
use crate::scan::candidate::{Beside, Besides, Candidate, Form, in_libpqs_words};
use crate::scan::document::{Document, Entry, SPREAD, UNKNOWN};
use crate::scan::kind::Kind;
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
];

/// Settings that belong together, by what they say.
struct Group<'d> {
    scope: usize,
    prefix: String,
    members: Vec<(Part, &'d Entry)>,
}

impl<'d> Group<'d> {
    fn get(&self, part: Part) -> Option<&'d Entry> {
        let member = self.members.iter().find(|(one, _)| *one == part)?;
        Some(member.1)
    }

    fn keyword(&self, keyword: Keyword) -> Option<&'d Entry> {
        self.get(Part::Keyword(keyword))
    }
}

/// The groups of a document.
fn groups(document: &Document) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut places: BTreeMap<(usize, String), usize> = BTreeMap::new();
    for entry in &document.entries {
        let Some(name) = parts::of(&entry.key) else {
            continue;
        };
        let scope = outer(document, entry.scope);
        // `NAME` in `OPTIONS` is not the database's.
        let is_inner = scope != entry.scope;
        if is_inner && matches!(name.part, Part::Engine | Part::Url) {
            continue;
        }
        let place = (scope, name.prefix.clone());
        let open = places.get(&place).and_then(|index| groups.get_mut(*index));
        match open {
            Some(group) if group.get(name.part).is_none() => group.members.push((name.part, entry)),
            // In one map the first name counts: `host` and `hostname`. Elsewhere a repetition is another connection.
            Some(_) if scope != 0 => {}
            Some(_) | None => {
                places.insert(place, groups.len());
                groups.push(Group {
                    scope,
                    prefix: name.prefix,
                    members: vec![(name.part, entry)],
                });
            }
        }
    }
    groups
}

/// The scope to which the settings of an inner one belong.
fn outer(document: &Document, scope: usize) -> usize {
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
pub(super) fn find(document: &Document, clues: Clues<'_>) -> Vec<Candidate> {
    let groups = groups(document);
    groups
        .iter()
        .filter_map(|group| candidate(document, group, clues))
        .collect()
}

fn candidate(document: &Document, group: &Group<'_>, clues: Clues<'_>) -> Option<Candidate> {
    let host = group
        .keyword(Keyword::Host)
        .or_else(|| group.keyword(Keyword::Hostaddr))?;
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
            // Rails and Django hand everything else that libpq knows to it; others have words of their own.
            Part::Keyword(keyword) => settings.push((*keyword, entry.value.clone())),
            Part::Tls | Part::RejectUnauthorized | Part::Engine | Part::Url => {}
        }
    }
    settings.retain(|(_, value)| !value.is_empty());
    let beside = besides(document, group, clues);
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
        filled: fill(&words(&settings)),
        asked: Some(Dialect::Libpq),
        reader,
        form,
        password,
        beside,
        scope: group.scope,
    })
}

/// The settings as libpq's.
fn words(settings: &[(Keyword, String)]) -> String {
    let words = settings.iter().map(|(keyword, value)| {
        format!(
            "{keyword}={}",
            String::from_utf8_lossy(&quoted(value.as_bytes()))
        )
    });
    words.collect::<Vec<_>>().join(" ")
}

/// `VerifyFull`, `verify_full` of programs are libpq's words in another spelling. Others stay, so that faults show.
fn mode(value: &str) -> String {
    let has_capital = value.starts_with(|c: char| c.is_ascii_uppercase());
    match in_libpqs_words(value) {
        Some(mode) if has_capital => mode.to_string(),
        _ => value.to_owned(),
    }
}

/// What stands beside the mode in words of a program.
fn besides(document: &Document, group: &Group<'_>, clues: Clues<'_>) -> Besides {
    let reader = reader(document, group, clues);
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
    let inner = document.scopes.iter().position(|scope| {
        scope.parent == Some(group.scope)
            && group.scope != 0
            && matches!(
                scope.name.as_str(),
                "ssl" | "tls" | "sslOptions" | "ssl_opts" | "dialectOptions" | "connect_args"
            )
    });
    match inner {
        Some(inner)
            if reader == Some(Dialect::NodePostgres)
                && names_roots(document, inner)
                && !clues.text.contains("checkServerIdentity") =>
        {
            Besides::Mode(SslMode::VerifyFull)
        }
        Some(_) => Besides::Something,
        None => Besides::Nothing,
    }
}

/// Whether the options of Node's `tls.connect` name roots and nothing that ends the verification, which is on by default.
fn names_roots(document: &Document, scope: usize) -> bool {
    let is_ssl = document
        .scope(scope)
        .is_some_and(|scope| scope.name == "ssl");
    let has = |key: &str| {
        let mut entries = document.entries.iter();
        entries.any(|entry| entry.scope == scope && entry.key == key)
    };
    is_ssl && has("ca") && !has("rejectUnauthorized") && !has(SPREAD)
}

/// Words that say PostgreSQL where a name has them.
const OURS: &[&str] = &[
    "PG",
    "PSQL",
    "POSTGRES",
    "POSTGRESQL",
    "PGSQL",
    "POSTGIS",
    "TIMESCALE",
    "TIMESCALEDB",
    "PGBOUNCER",
    "NPGSQL",
];

/// Prefixes that say database.
const DATABASES: &[&str] = &[
    "DB",
    "DATABASE",
    "SQL",
    "RDS",
    "DATASOURCE",
    "PRIMARY",
    "MASTER",
    "MAIN",
    "APP",
];

fn is_ours(document: &Document, group: &Group<'_>, clues: Clues<'_>) -> bool {
    let upper_words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words.map(str::to_ascii_uppercase).collect()
    };
    let names_ours = |text: &str| {
        upper_words(text)
            .iter()
            .any(|word| OURS.contains(&word.as_str()))
    };
    if let Some(engine) = group
        .get(Part::Engine)
        .filter(|engine| engine.value != UNKNOWN)
    {
        let lower = engine.value.to_ascii_lowercase();
        let ours = [
            "postgres",
            "pgsql",
            "psycopg",
            "postgis",
            "npgsql",
            "timescale",
        ];
        if ours.iter().any(|word| lower.contains(word)) || lower == "pg" {
            return true;
        }
        let others = [
            "mysql",
            "maria",
            "mssql",
            "sqlserver",
            "sqlite",
            "mongo",
            "redis",
            "oracle",
            "smtp",
            "cockroach",
        ];
        if others.iter().any(|word| lower.contains(word)) {
            return false;
        }
    }
    let port = group
        .keyword(Keyword::Port)
        .map(|entry| entry.value.as_str());
    if port.is_some_and(|port| {
        matches!(
            port,
            "3306" | "1433" | "1521" | "27017" | "6379" | "25" | "587" | "80" | "443" | "8080"
        )
    }) {
        return false;
    }
    let path_is_ours = document.path(group.scope).any(names_ours) || names_ours(&group.prefix);
    if path_is_ours || port.is_some_and(|port| matches!(port, "5432" | "6432")) {
        return true;
    }
    if group
        .keyword(Keyword::SslMode)
        .is_some_and(|entry| SslMode::from_bytes(entry.value.as_bytes()).is_some())
    {
        return true;
    }
    let name = clues.path.rsplit('/').next().unwrap_or_default();
    if name.contains("pg_service") {
        return true;
    }
    let is_database = upper_words(&group.prefix)
        .iter()
        .any(|word| DATABASES.contains(&word.as_str()))
        || group.prefix.is_empty()
            && group.keyword(Keyword::Dbname).is_some()
            && group.keyword(Keyword::User).is_some();
    is_database && clues.about == About::Postgres
}

/// Whose words the settings are in.
fn reader(document: &Document, group: &Group<'_>, clues: Clues<'_>) -> Option<Dialect> {
    if group.prefix == LIBPQ {
        return Some(Dialect::DotenvLine);
    }
    let name = clues.path.rsplit('/').next().unwrap_or_default();
    if name.contains("pg_service") {
        return Some(Dialect::Libpq);
    }
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let engine = group.get(Part::Engine);
    match (engine.map(|engine| engine.key.as_str()), clues.kind) {
        (Some("DB_CONNECTION"), _) => Some(Dialect::Laravel),
        (Some("adapter"), Kind::Yaml) => Some(Dialect::Rails),
        (Some("ENGINE"), Kind::Code(_)) => Some(Dialect::Django),
        (Some("driver"), Kind::Code(_)) if ending == "php" => Some(Dialect::Laravel),
        _ if ending == "ex" || ending == "exs" => Some(Dialect::Ecto),
        _ if matches!(ending, "js" | "ts" | "mjs" | "cjs" | "tsx" | "jsx") => {
            Some(Dialect::NodePostgres)
        }
        _ if document
            .path(group.scope)
            .any(|name| name.contains("Npgsql")) =>
        {
            Some(Dialect::Adonet)
        }
        _ if document
            .path(group.scope)
            .any(|name| name == "provider postgresql") =>
        {
            Some(Dialect::Libpq)
        }
        _ => None,
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
        .filter(|name| !name.is_empty())
        .take(3)
        .collect();
    if group.prefix.is_empty() && !names.is_empty() {
        names.into_iter().rev().collect::<Vec<_>>().join(".")
    } else {
        host.key.clone()
    }
}

/// Gives strings the password and the settings for TLS that stand beside them.
pub(super) fn join(document: &Document, candidates: &mut [Candidate], clues: Clues<'_>) {
    let groups = groups(document);
    for candidate in candidates
        .iter_mut()
        .filter(|candidate| candidate.form == Form::Text)
    {
        let Some(name) = candidate.key.as_deref() else {
            continue;
        };
        let prefix = parts::of(name).map(|name| name.prefix).unwrap_or_default();
        let scope = outer(document, candidate.scope);
        let is_in = |group: &&Group<'_>| {
            group
                .get(Part::Url)
                .is_some_and(|entry| entry.line == candidate.line)
                && group.scope == scope
                && group.prefix == prefix
        };
        let is_beside = |group: &&Group<'_>| {
            group.scope == scope && group.prefix == prefix && (scope != 0 || !prefix.is_empty())
        };
        let group = groups
            .iter()
            .find(is_in)
            .or_else(|| groups.iter().find(is_beside));
        let Some(group) = group else {
            continue;
        };
        candidate.password = group.keyword(Keyword::Password).map(|entry| Beside {
            value: entry.value.clone(),
            line: entry.line,
        });
        candidate.beside = match group.keyword(Keyword::SslMode) {
            Some(mode) => {
                let root = group.keyword(Keyword::SslRootCert);
                Besides::of_mode(&mode.value, root.map(|root| root.value.as_str()))
            }
            None => besides(document, group, clues),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        assert_eq!(finds.candidates[0].beside, Besides::Unverified);
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
