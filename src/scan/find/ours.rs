//! Whether settings are about PostgreSQL, and whose words they are in.

use std::collections::BTreeSet;

use super::group::Group;
use super::parts::{LIBPQ, Part};
use super::{About, Clues};
use crate::conninfo::{Choice as _, Keyword, SslMode};
use crate::dialect::Dialect;
use crate::scan::document::{Document, Entry, UNKNOWN};
use crate::scan::kind::Kind;
use crate::scan::read::language::{ELIXIR, JAVASCRIPT};

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

pub(super) fn is_ours(document: &Document, group: &Group<'_>, clues: Clues<'_>) -> bool {
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
    if names_services(clues.path) {
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

fn names_services(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.contains("pg_service")
}

/// Whether libpq reads services in a file: a program or a manifest may have such a name, too.
pub(super) fn is_service_file(clues: Clues<'_>) -> bool {
    // `PGSERVICEFILE` may name a file with any ending; one that says nothing makes it prose here.
    matches!(clues.kind, Kind::Ini | Kind::Prose) && names_services(clues.path)
}

/// Gives the settings of libpq's services the values that libpq reads: it removes no quotes, and refuses a service with a
/// blank before `=`, a keyword that it does not know, or another service in it (`parseServiceFile` in `fe-connect.c`).
pub(super) fn as_libpq_reads(document: &mut Document, text: &str, first_line: usize) {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let written = |entry: &Entry| {
        let line = lines.get(entry.line.checked_sub(first_line)?)?;
        let (name, value) = line.split_once('=')?;
        let keyword = Keyword::from_bytes(name.as_bytes())?;
        (name == entry.key && keyword != Keyword::Service).then_some(value)
    };
    let texts = document.texts.iter().map(|text| text.scope);
    let mut refused: BTreeSet<usize> = texts.filter(|scope| *scope != 0).collect();
    for entry in &mut document.entries {
        if let Some(value) = written(entry) {
            entry.value = value.to_owned();
        } else {
            refused.insert(entry.scope);
        }
    }
    for entry in &mut document.entries {
        if refused.contains(&entry.scope) && entry.key.eq_ignore_ascii_case("sslmode") {
            entry.value = UNKNOWN.to_owned();
        }
    }
}

/// Whether a file is a program in Elixir.
pub(super) fn is_elixir(clues: Clues<'_>) -> bool {
    match clues.kind {
        Kind::Code(language) => language.endings == ELIXIR,
        Kind::Lines(_) | Kind::Ini | Kind::Yaml | Kind::Passwords | Kind::Prose => false,
    }
}

/// Whose words the settings are in.
pub(super) fn reader(document: &Document, group: &Group<'_>, clues: Clues<'_>) -> Option<Dialect> {
    if group.prefix == LIBPQ {
        return Some(Dialect::DotenvLine);
    }
    let name = clues.path.rsplit('/').next().unwrap_or_default();
    if is_service_file(clues) {
        return Some(Dialect::Libpq);
    }
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let engine = group.get(Part::Engine);
    match (engine.map(|engine| engine.key.as_str()), clues.kind) {
        (Some("DB_CONNECTION"), _) => Some(Dialect::Laravel),
        (Some("adapter"), Kind::Yaml) => Some(Dialect::Rails),
        (Some("ENGINE"), Kind::Code(_)) => Some(Dialect::Django),
        (Some("driver"), Kind::Code(_)) if ending == "php" => Some(Dialect::Laravel),
        _ if ELIXIR.contains(&ending) => Some(Dialect::Ecto),
        _ if JAVASCRIPT.contains(&ending) => Some(Dialect::NodePostgres),
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
