//! Properties that pgjdbc gets beside its URL: they count where the URL says nothing.

use std::collections::BTreeSet;

use super::Clues;
use crate::conninfo::SslMode;
use crate::scan::candidate::{Besides, Candidate, Form, in_libpqs_words};
use crate::scan::document::{Document, Entry};
use crate::scan::kind::Kind;
use crate::scan::read::lines::Style;

/// Those that decide about TLS.
const OF_TLS: &[&str] = &[
    "ssl",
    "sslmode",
    "sslrootcert",
    "sslfactory",
    "sslhostnameverifier",
];

/// Adds the properties of a file to its URLs. Those of a program may be for another connection, or for none.
pub(super) fn add_properties(document: &Document, candidates: &mut [Candidate], clues: Clues<'_>) {
    let is_one = |one: &&mut Candidate| {
        one.form == Form::Text && one.filled.text.to_ascii_lowercase().starts_with("jdbc:")
    };
    let mut urls = candidates.iter_mut().filter(is_one).peekable();
    if urls.peek().is_none() {
        return;
    }
    let properties: Vec<(&str, BTreeSet<&str>)> = OF_TLS
        .iter()
        .map(|name| (*name, values(document, name, clues)))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    for url in urls {
        for (name, values) in &properties {
            let text = &mut url.filled.text;
            if text.to_ascii_lowercase().contains(&format!("{name}=")) {
                continue;
            }
            match (values.first(), values.len()) {
                (Some(value), 1) if is_file(clues.kind) && is_plain(value) => {
                    let sign = if text.contains('?') { '&' } else { '?' };
                    text.push_str(&format!("{sign}{name}={value}"));
                }
                _ if may_verify(name, values) && url.beside == Besides::Nothing => {
                    url.beside = Besides::Something;
                }
                _ => url.filled.doubt_mode(),
            }
        }
        if runs_others(&url.filled.text) {
            url.filled.doubt_mode();
        }
    }
}

/// Whether a property may ask for more than the default of pgjdbc.
fn may_verify(name: &str, values: &BTreeSet<&str>) -> bool {
    let is_weak = |value: &&str| in_libpqs_words(value).is_some_and(|mode| mode < SslMode::Require);
    matches!(name, "ssl" | "sslmode") && !values.iter().all(is_weak)
}

/// Whether a class that verifies is none of pgjdbc's own.
fn runs_others(url: &str) -> bool {
    let values = |name: &'static str| {
        let behind = url.split(name).skip(1);
        behind.filter_map(|value| value.split('&').next())
    };
    let classes = ["sslfactory=", "sslhostnameverifier="]
        .into_iter()
        .flat_map(values);
    let mut classes = classes.filter(|class| !class.is_empty());
    classes.any(|class| !class.starts_with("org.postgresql.ssl."))
}

/// The values of a property, as settings of the pool or in a map with this name.
fn values<'d>(document: &'d Document, name: &str, clues: Clues<'_>) -> BTreeSet<&'d str> {
    let is_of_properties = |text: &str| text.to_ascii_lowercase().contains("propert");
    let is_property = |entry: &&Entry| {
        let (before, last) = entry.key.rsplit_once('.').unwrap_or(("", &entry.key));
        let is_ours = last.eq_ignore_ascii_case(name);
        is_ours
            && (!is_file(clues.kind)
                || is_of_properties(before)
                || document.path(entry.scope).any(is_of_properties))
    };
    let found = document.entries.iter().filter(is_property);
    found.map(|entry| entry.value.as_str()).collect()
}

const fn is_file(kind: Kind) -> bool {
    match kind {
        Kind::Lines(Style::Properties) | Kind::Yaml => true,
        Kind::Lines(
            Style::Shell | Style::Docker | Style::Unit | Style::Make | Style::Env | Style::Batch,
        )
        | Kind::Ini
        | Kind::Code(_)
        | Kind::Passwords
        | Kind::Prose => false,
    }
}

/// Whether a value means itself in a URL.
fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c))
}
