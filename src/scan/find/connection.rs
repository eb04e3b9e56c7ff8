//! The connection that a group of settings makes: one string for each group that is about PostgreSQL and names a host.

use std::collections::BTreeSet;

use super::Clues;
use super::beside::{besides, referred, settings_of};
use super::group::{Group, Groups, server};
use super::ours::{is_ours, reader};
use super::parts::{LIBPQ, Part};
use crate::conninfo::{Keyword, SslMode, host_and_port};
use crate::dialect::Dialect;
use crate::scan::candidate::{Beside, Besides, Candidate, Form, in_libpqs_form, in_libpqs_words};
use crate::scan::document::{Document, Entry, UNKNOWN};
use crate::scan::kind::Kind;
use crate::scan::read::lines::Style;
use crate::scan::template::fill;

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
    let own = match mode {
        Some(_) => settings_of(groups, group, clues),
        None => beside,
    };
    if let Some(weaker) = groups.weaker(group.scope, &group.prefix, own) {
        beside = match weaker {
            // It is taken away.
            Besides::Nothing => Besides::Instead(SslMode::Prefer),
            set => set.instead(),
        };
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
    let mut filled = fill(&in_libpqs_form(settings));
    if mode.is_some_and(|mode| groups.may_be_replaced(group.scope, mode.line)) {
        filled.doubt_mode();
    }
    Some(Candidate {
        line: host.line,
        key: Some(key(document, group, host)),
        filled,
        asked: Some(Dialect::Libpq),
        reader,
        form,
        password: password(group),
        beside,
        server: None,
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
        server: None,
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
    Some(Candidate {
        line: host.line,
        key: Some(host.key.clone()),
        filled: fill(&lines.join("\n")),
        asked: Some(Dialect::Laravel),
        reader: None,
        form: Form::Group,
        password: password(group),
        beside: Besides::Nothing,
        server: None,
        scope: group.scope,
    })
}

fn password(group: &Group<'_>) -> Option<Beside> {
    let entry = group.keyword(Keyword::Password)?;
    Some(Beside {
        value: entry.value.clone(),
        line: entry.line,
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
