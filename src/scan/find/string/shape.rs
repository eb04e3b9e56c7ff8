//! Whether a whole text is a connection string, by its form.

use super::{PDO, beginning, next_of_list};
use crate::conninfo::{Keyword, parse};
use crate::dialect::is_psql_program;
use crate::scan::find::{About, Clues};
use crate::scan::read::says_where;

/// Whether the whole text is one.
pub(super) fn is_whole(text: &str, clues: Clues<'_>) -> bool {
    let text = text.trim();
    let inner = text.trim_start_matches(['"', '\'']);
    let start = beginning(inner).filter(|start| *start != PDO || inner.contains('='));
    if let Some(start) = start {
        // Quotes that are part of the value are a fault, which its reader names.
        let rest = inner
            .get(start.len()..)
            .unwrap_or_default()
            .trim_end_matches(['"', '\'']);
        let is_clean = !rest
            .contains(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '|' | '`'))
            && next_of_list(rest).is_none();
        return start == PDO || is_clean && !rest.is_empty();
    }
    if text.contains("://") && !text.contains(' ') {
        return false;
    }
    is_pairs(text, clues) || is_keywords(text) || is_command(text)
}

/// Names in the strings of Npgsql and psqlODBC that show whose they are.
const CERTAIN: &[&str] = &[
    "host",
    "ssl mode",
    "sslmode",
    "username",
    "root certificate",
    "trust server certificate",
];

/// Names that a string of pairs must have one of, besides the server.
const USUAL: &[&str] = &[
    "database",
    "initial catalog",
    "username",
    "user id",
    "userid",
    "user",
    "uid",
    "user name",
    "password",
    "pwd",
    "port",
    "ssl mode",
    "sslmode",
];

/// Names that only strings for SQL Server have.
const OF_OTHERS: &[&str] = &[
    "encrypt",
    "integrated security",
    "multipleactiveresultsets",
    "trusted_connection",
    "trustservercertificate",
];

/// `Host=h;Database=d`.
fn is_pairs(text: &str, clues: Clues<'_>) -> bool {
    if !text.contains(';') || text.contains('\n') {
        return false;
    }
    let names: Vec<String> = text
        .split(';')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, _)| name.trim().to_ascii_lowercase())
        .collect();
    let has = |names_of: &[&str]| names.iter().any(|name| names_of.contains(&name.as_str()));
    let lower = text.to_ascii_lowercase();
    if lower.contains("driver={postgresql") || lower.contains("psqlodbc") {
        return true;
    }
    let server = has(&["host", "server"]);
    let certain = has(CERTAIN) || lower.contains("postgres") || lower.contains("port=5432");
    let likely =
        clues.about == About::Postgres && !has(OF_OTHERS) && !lower.contains("user id=sa;");
    server && has(USUAL) && (certain || likely)
}

/// `host=h dbname=d`.
fn is_keywords(text: &str) -> bool {
    let has_host = ["host=", "hostaddr=", "service=", "host ="]
        .iter()
        .any(|name| text.starts_with(name) || text.contains(&format!(" {name}")));
    if !has_host || text.contains(';') {
        return false;
    }
    let known = |word: &str| {
        let name = word.split_once('=').map(|(name, _)| name.trim());
        name.is_some_and(|name| Keyword::from_bytes(name.as_bytes()).is_some())
    };
    match parse(text.as_bytes()) {
        Ok(settings) => settings.len() > 1,
        Err(_) => {
            let words: Vec<&str> = text.split_whitespace().collect();
            let pairs = words.iter().filter(|word| word.contains('=')).count();
            words.iter().filter(|word| known(word)).count() > 1 && pairs == words.len()
        }
    }
}

/// `psql ...` with a string or a host.
fn is_command(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    is_psql_program(first) && says_where(text)
}
