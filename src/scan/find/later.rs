//! What may replace the mode of a string in a program: arguments that stand elsewhere, settings of an object that was made
//! of the string, a method that makes another text of it.

use std::collections::{BTreeMap, BTreeSet};

use super::Clues;
use super::beside::{Precedence, precedence};
use super::group::{Group, Groups, outer, server};
use super::parts::{LIBPQ, Part};
use crate::conninfo::{Keyword, SslMode};
use crate::scan::candidate::{Besides, Candidate, Truth, in_libpqs_words};
use crate::scan::document::{Document, Entry, Mark};
use crate::scan::kind::Kind;
use crate::scan::read::code::is_replacement;

/// Makes the modes doubtful that something may replace. What does it is not looked for in branches and functions: it may
/// run, or not.
pub(super) fn doubt(groups: &Groups<'_>, candidates: &mut [Candidate], clues: Clues<'_>) {
    let document = groups.document;
    let is_open = match clues.kind {
        Kind::Code(language) => {
            language.is_program()
                && (ends_verification(document, language.endings)
                    || has_loose_mode(groups, candidates, language.endings))
        }
        Kind::Lines(_) | Kind::Ini | Kind::Yaml | Kind::Passwords | Kind::Prose => false,
    };
    let changes = changes_of_themselves(document);
    let commands: Vec<&str> = match clues.kind {
        Kind::Lines(_) => {
            let texts = document.texts.iter().map(|text| text.value.as_str());
            texts
                .filter(|text| text.starts_with("psql") && text.contains('$'))
                .collect()
        }
        Kind::Code(_) | Kind::Ini | Kind::Yaml | Kind::Passwords | Kind::Prose => Vec::new(),
    };
    for candidate in candidates {
        let scope = outer(document, candidate.scope);
        let may_have_more = candidate.key.is_none()
            && groups.is_open(scope)
            && precedence(groups, scope, clues) == Precedence::OfCall;
        let is_changed = document.has_mark(candidate.line, Mark::Changed);
        let is_set_again = || match (&candidate.key, clues.kind) {
            (Some(key), Kind::Lines(_)) => {
                let last = changes.get(key.as_str());
                last.is_some_and(|last| *last > candidate.line)
                    || !key.is_empty() && commands.iter().any(|text| is_changed_for(text, key))
            }
            (Some(_) | None, _) => false,
        };
        if is_open || may_have_more || is_changed || is_set_again() {
            candidate.filled.doubt_mode();
        }
    }
}

/// Whether a program sets what ends the verification of its driver, whatever a string says.
fn ends_verification(document: &Document, endings: &[&str]) -> bool {
    let is_of = |ending: &str| endings.contains(&ending);
    document.entries.iter().any(|entry| {
        match entry.key.rsplit('.').next().unwrap_or_default() {
            "InsecureSkipVerify" => is_of("go") && Truth::of(&entry.value) != Truth::No,
            // pgx takes it for no TLS.
            "TLSConfig" => is_of("go") && entry.value.is_empty(),
            "danger_accept_invalid_certs" | "danger_accept_invalid_hostnames" => {
                is_of("rs") && Truth::of(&entry.value) != Truth::No
            }
            name => is_of("cs") && name.ends_with("CertificateValidationCallback"),
        }
    })
}

/// Whether a mode that verifies less stands alone: `options.SslMode = SslMode.Disable`, `connect(DSN, sslmode="disable")`,
/// `dsn + " sslmode=disable"`.
fn has_loose_mode(groups: &Groups<'_>, candidates: &[Candidate], endings: &[&str]) -> bool {
    // A data source of Java takes the last of what its setters say, the URL among them.
    let has_setters = endings.contains(&"java");
    let document = groups.document;
    let strings = candidates.iter().filter(|one| one.key.is_none());
    let calls: BTreeSet<usize> = strings.map(|one| outer(document, one.scope)).collect();
    let lines: BTreeSet<usize> = candidates.iter().map(|one| one.line).collect();
    let is_loose = |group: &Group<'_>| {
        group.prefix != LIBPQ
            && server(group).is_none()
            && (has_setters || group.get(Part::Url).is_none())
            && !calls.contains(&group.scope)
    };
    let names_one = |value: &str, line: usize| !lines.contains(&line) && has_weak_mode(value);
    groups
        .groups
        .iter()
        .any(|group| is_loose(group) && is_weak(document, group))
        || document.texts.iter().any(|text| {
            names_one(&text.value, text.line) || replaces(document, text.scope, &text.value)
        })
        || document
            .entries
            .iter()
            .any(|entry| names_one(&entry.value, entry.line))
}

/// Whether a text is a weak mode in a call that puts texts in the place of others.
fn replaces(document: &Document, scope: usize, value: &str) -> bool {
    let is_weak = in_libpqs_words(value).is_some_and(|mode| mode < SslMode::VerifyCa);
    is_weak
        && document
            .scope(scope)
            .is_some_and(|scope| is_replacement(&scope.name))
}

/// Calls that take switches for TLS beside a string.
const CONNECT: &[&str] = &["connect", "create_pool", "Pool", "Client", "postgres"];

fn is_weak(document: &Document, group: &Group<'_>) -> bool {
    let is_call = document
        .scope(group.scope)
        .is_some_and(|scope| CONNECT.contains(&scope.name.rsplit('.').next().unwrap_or_default()));
    let is_off = |entry: &Entry| {
        (is_call || !group.prefix.is_empty()) && Truth::of(&entry.value) == Truth::No
    };
    group
        .keyword(Keyword::SslMode)
        .is_some_and(|mode| match Besides::of_mode(&mode.value, None) {
            Besides::Nothing => false,
            Besides::Mode(mode) => mode < SslMode::VerifyCa,
            Besides::Off
            | Besides::Instead(_)
            | Besides::Something
            | Besides::SomethingInstead
            | Besides::Doubt
            | Besides::Unverified(_) => true,
        })
        || [Part::Tls, Part::RejectUnauthorized]
            .into_iter()
            .filter_map(|part| group.get(part))
            .any(is_off)
}

/// Whether a text has a mode that does not verify, or is not known: `sslmode=disable`, `SSL Mode=Prefer`.
fn has_weak_mode(text: &str) -> bool {
    const NAME: &str = "sslmode=";
    if !text.contains('=') {
        return false;
    }
    let plain = text.to_ascii_lowercase().replace([' ', '_'], "");
    plain.match_indices(NAME).any(|(at, _)| {
        let value = plain
            .get(at.saturating_add(NAME.len())..)
            .unwrap_or_default();
        let end = value.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        let word = value.get(..end.unwrap_or(value.len())).unwrap_or_default();
        in_libpqs_words(word).is_none_or(|mode| mode < SslMode::VerifyCa)
    })
}

/// Whether a command gets something else than the variable: `psql "$URL&sslmode=disable"`, `psql "${URL%%\\?*}"`.
fn is_changed_for(command: &str, variable: &str) -> bool {
    let mut behind = command.split(variable).skip(1);
    let in_braces = command.contains("${");
    let is_cut = in_braces && behind.any(|rest| rest.starts_with(['/', '%', '#']));
    let names = [format!("${variable}"), format!("${{{variable}}}")];
    is_cut || has_weak_mode(command) && names.iter().any(|name| command.contains(name))
}

/// The last line that makes something else of a variable: `URL="${URL/verify-full/disable}"`, `URL+="&sslmode=disable"`.
fn changes_of_themselves(document: &Document) -> BTreeMap<&str, usize> {
    let changes_itself = |entry: &&Entry| {
        let (name, value) = (entry.key.as_str(), entry.value.as_str());
        let mut behind = value.split(name).skip(1);
        let is_cut = value.contains('$') && behind.any(|rest| rest.starts_with(['/', '%', '#']));
        let is_string = value.contains("://") || value.contains("host=");
        !name.is_empty() && (is_cut || !is_string && has_weak_mode(value))
    };
    let changes = document.entries.iter().filter(changes_itself);
    changes
        .map(|entry| (entry.key.as_str(), entry.line))
        .collect()
}
