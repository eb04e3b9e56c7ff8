//! Texts that are connection strings, whole or with other words around them.

mod shape;

use shape::is_whole;

use super::Clues;
use super::commands::is_script;
use crate::dialect::ignored_words;
use crate::scan::candidate::{Besides, Candidate, Form};
use crate::scan::document::Document;
use crate::scan::kind::Kind;
use crate::scan::template::{Filled, fill, marked};

/// What connection strings begin with, the longest of each family first.
const BEGINNINGS: &[&str] = &[
    "jdbc:postgresql:",
    "jdbc:postgres:",
    "jdbc:pgsql:",
    "jdbc:aws-wrapper:postgresql:",
    "jdbc:p6spy:postgresql:",
    "jdbc:otel:postgresql:",
    "jdbc:log4jdbc:postgresql:",
    "p6spy:",
    "r2dbc:postgresql:",
    "r2dbcs:postgresql:",
    "r2dbc:pool:postgresql:",
    "r2dbc:pool:postgres:",
    "r2dbc:postgres:",
    "vertx-reactive:postgresql:",
    "db+postgresql://",
    "postgresql+psycopg2://",
    "postgresql+psycopg2cffi://",
    "postgresql+psycopg://",
    "postgresql+psycopg_async://",
    "postgresql+asyncpg://",
    "postgresql+pg8000://",
    "postgresql://",
    "postgres://",
    "postgis://",
    "pgsql://",
    "psql://",
    "timescale://",
    "timescalegis://",
    "ecto://",
    PDO,
];

/// PDO's prefix, if settings follow.
const PDO: &str = "pgsql:";

/// What ends a string that stands in other text.
const ENDS: &[char] = &[
    '"', '\'', '`', '<', '>', '|', '\\', ')', '^', '\u{201c}', '\u{201d}', '\u{2019}',
];

/// All strings of a document.
pub(super) fn find(document: &Document, clues: Clues<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    // Scripts are read as such.
    let entries = document
        .entries
        .iter()
        .filter(|entry| !is_script(document, entry));
    for entry in entries {
        of_value(
            &entry.value,
            Some(&entry.key),
            entry.scope,
            entry.line,
            clues,
            &mut found,
        );
    }
    let prose = matches!(clues.kind, Kind::Prose);
    for text in &document.texts {
        of_value(&text.value, None, text.scope, text.line, clues, &mut found);
    }
    without_repetitions(found, prose)
}

/// A command and the string in it are one, and so are a line and the variable in it. Two commands of a line, or two calls,
/// have scopes of their own.
fn without_repetitions(found: Vec<Candidate>, prose: bool) -> Vec<Candidate> {
    let mut kept: Vec<Candidate> = Vec::new();
    let mut ordered = found;
    ordered.sort_by_key(|candidate| {
        (
            candidate.line,
            std::cmp::Reverse(candidate.filled.text.len()),
        )
    });
    for candidate in ordered {
        let repeats = |earlier: &&mut Candidate| {
            let is_equal = earlier.filled.text == candidate.filled.text;
            let has_key = earlier.key.is_some() || candidate.key.is_some();
            let are_two = is_equal && !prose && !has_key && earlier.scope != candidate.scope;
            earlier.line == candidate.line
                && !are_two
                && (is_equal && (prose || earlier.key.is_none() || candidate.key.is_none())
                    || candidate.key.is_none()
                        && is_same(&earlier.filled.text, &candidate.filled.text))
        };
        let earlier = kept.iter_mut().rev().take(SAME_LINE).find(repeats);
        match earlier {
            Some(earlier) => {
                if earlier.key.is_none() {
                    earlier.key = candidate.key;
                }
            }
            None => kept.push(candidate),
        }
    }
    kept
}

/// Whether a string found in a line is the value of a variable in it: only the signs that end a sentence differ. A
/// string that only contains another is another string.
fn is_same(value: &str, found: &str) -> bool {
    let behind = value.trim_start_matches(['"', '\'']).strip_prefix(found);
    behind.is_some_and(|behind| {
        behind
            .chars()
            .all(|c| c.is_ascii_punctuation() && !matches!(c, '/' | '?' | '&' | '='))
    })
}

/// Strings of one line that are compared.
const SAME_LINE: usize = 16;

fn of_value(
    value: &str,
    key: Option<&str>,
    scope: usize,
    line: usize,
    clues: Clues<'_>,
    found: &mut Vec<Candidate>,
) {
    if value.len() < SHORTEST {
        return;
    }
    let mut push = |filled: Filled, line: usize| {
        found.push(Candidate {
            line,
            key: key.filter(|key| !key.is_empty()).map(str::to_owned),
            filled,
            asked: None,
            reader: None,
            form: Form::Text,
            password: None,
            beside: Besides::Nothing,
            server: None,
            scope,
        });
    };
    // A file in a literal, a bundle of scripts in one line: the whole text is no string.
    if value.len() > LONGEST {
        for (part, line) in numbered(value, line) {
            push(fill(part), line);
        }
        return;
    }
    let filled = marked(value).without_loose_words();
    // The end of a list: `CMD ["psql", "postgres://..."]`.
    let text = match filled.text.trim_end().strip_suffix(']') {
        Some(inner) if !inner.contains('[') => inner.trim_end_matches(['"', '\'', ',']),
        _ => filled.text.as_str(),
    };
    // The quotes are those of the text around it.
    let text = match clues.kind {
        Kind::Prose => without_quotes(text),
        Kind::Lines(_) | Kind::Ini | Kind::Yaml | Kind::Code(_) | Kind::Passwords => text,
    };
    if is_whole(text, clues) {
        push(filled.part(text.trim()), line);
        // A string that psql ignores is committed all the same.
        for word in ignored_words(text) {
            if is_whole(&word, clues) {
                push(filled.part(&word), line);
            }
        }
        return;
    }
    for (part, line) in numbered(text, line) {
        push(filled.part(part), line);
    }
}

fn without_quotes(text: &str) -> &str {
    let text = text.trim();
    let inner = ['"', '\''].iter().find_map(|quote| {
        let inner = text.strip_prefix(*quote)?.strip_suffix(*quote)?;
        (!inner.contains(*quote)).then_some(inner)
    });
    inner.unwrap_or(text)
}

/// Strings in other text, with the numbers of their lines; the first line of the text has this one.
fn numbered(text: &str, first_line: usize) -> Vec<(&str, usize)> {
    let (mut counted, mut line) = (0_usize, first_line);
    let number = |(at, part)| {
        let passed = text.get(counted..at).unwrap_or_default();
        line = line.saturating_add(memchr::memchr_iter(b'\n', passed.as_bytes()).count());
        counted = at;
        (part, line)
    };
    inside(text).into_iter().map(number).collect()
}

const SHORTEST: usize = 10;
/// A longer text has strings in it, but is none.
const LONGEST: usize = 64 * 1024;

/// What the text begins with.
fn beginning(text: &str) -> Option<&'static str> {
    let begins = |start: &&&str| {
        text.get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start))
    };
    BEGINNINGS.iter().find(begins).copied()
}

/// Strings in other text, with their offsets. Each part of the text is looked at once.
fn inside(text: &str) -> Vec<(usize, &str)> {
    let mut found: Vec<(usize, &str)> = Vec::new();
    // The end of the last string, and where to look for the next colon: never before it.
    let mut end_of_last = 0_usize;
    let mut from = 0_usize;
    while let Some(at) = text
        .get(from..)
        .and_then(|rest| memchr::memchr(b':', rest.as_bytes()))
        .and_then(|at| at.checked_add(from))
    {
        from = at.saturating_add(1);
        // The word before this colon: another may stand before it, as in `url:postgres://`.
        let head = text.get(end_of_last..at).unwrap_or_default();
        let start = head
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '_')))
            .map_or(0, |last| last.saturating_add(1))
            .saturating_add(end_of_last);
        if let Some(whole) = text.get(start..).and_then(leading) {
            end_of_last = start.saturating_add(whole.len());
            from = from.max(end_of_last);
            found.push((start, whole));
        }
    }
    found
}

/// Where the next string of a list begins: `postgres://a/d,postgres://b/d`.
fn next_of_list(text: &str) -> Option<usize> {
    [',', ';']
        .iter()
        .flat_map(|sign| text.match_indices(*sign))
        .map(|(at, _)| at)
        .filter(|at| {
            let behind = text.get(at.saturating_add(1)..).unwrap_or_default();
            beginning(behind).is_some_and(|start| start.ends_with("//"))
        })
        .min()
}

/// The string that the text begins with.
fn leading(text: &str) -> Option<&str> {
    let begin = beginning(text).filter(|begin| begin.len() > PDO.len())?;
    let after = text.get(begin.len()..)?;
    let end = after
        .find(|c: char| c.is_whitespace() || ENDS.contains(&c))
        .unwrap_or(after.len());
    let end = after.get(..end).and_then(next_of_list).unwrap_or(end);
    let whole = text
        .get(..begin.len().checked_add(end)?)?
        .trim_end_matches(['.', ',', ';', ':', '!', '*', ']', '}']);
    (whole.len() > begin.len()).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::find::About;

    const CLUES: Clues<'_> = Clues {
        path: "x",
        about: About::Unknown,
        kind: Kind::Prose,
        text: "",
    };

    fn found(value: &str) -> Vec<String> {
        let mut found = Vec::new();
        of_value(value, None, 0, 1, CLUES, &mut found);
        found
            .iter()
            .map(|candidate| candidate.filled.marker.shown(&candidate.filled.text))
            .collect()
    }

    #[test]
    fn strings_of_every_dialect_are_found() {
        for value in [
            "postgres://u:p@h/d?sslmode=require",
            "POSTGRES://h/d",
            "jdbc:postgresql://h/d?user=u",
            "r2dbc:postgresql://h/d",
            "postgresql+asyncpg://h/d",
            "pgsql:host=h;dbname=d",
            "Host=h;Database=d;Username=u",
            "Server=x.postgres.database.azure.com;Database=d;User Id=u",
            "Driver={PostgreSQL Unicode};Server=h",
            "host=h dbname=d",
            "host=h dbname=d sslmod=require",
            "service=prod user=u",
            "psql -h h -U u d",
            "psql 'host=h dbname=d' -c 'select 1'",
        ] {
            assert_eq!(found(value), [value], "{value}");
        }
    }

    #[test]
    fn strings_in_other_text_end_where_they_end() {
        for (text, expected) in [
            (
                "see postgres://u@h/d, or (postgresql://h/e).",
                vec!["postgres://u@h/d", "postgresql://h/e"],
            ),
            (
                "url: \"jdbc:postgresql://h/d\" x",
                vec!["jdbc:postgresql://h/d"],
            ),
            (
                "new pg.Client('postgres://{user}:{pw}@h/d?ssl=true');",
                vec!["postgres://${...}:${...}@h/d?ssl=true"],
            ),
            ("[x](postgres://h/d)", vec!["postgres://h/d"]),
            ("url:postgres://h/d", vec!["postgres://h/d"]),
            (
                "postgres://h/d,postgres://i/d?sslmode=verify-full",
                vec!["postgres://h/d", "postgres://i/d?sslmode=verify-full"],
            ),
            ("\"postgres://u@h/d\"", vec!["postgres://u@h/d"]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    /// The second string must not lead back to the first.
    #[test]
    fn a_beginning_inside_a_string_does_not_begin_again() {
        for (text, expected) in [
            (
                "Connecting to jdbc:postgresql:app: refused",
                vec!["jdbc:postgresql:app"],
            ),
            (
                "jdbc:postgresql:app:: jdbc:pgsql:a:b: c",
                vec!["jdbc:postgresql:app", "jdbc:pgsql:a:b"],
            ),
            (
                "x jdbc:postgresql:postgres://: y",
                vec!["jdbc:postgresql:postgres://"],
            ),
            ("a:b:c:postgres://h/d:x", vec!["postgres://h/d:x"]),
            ("postgres://: postgres://:x", vec!["postgres://:x"]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    /// Texts whose every part could begin one: the time grows with their length and not with its square. Each took
    /// minutes where every colon looked at the whole text again.
    #[test]
    fn long_texts_of_beginnings_end() {
        for part in [
            ":",
            "ab:",
            "a-b:",
            "pgsql:",
            "jdbc:",
            "p6spy:",
            "postgres:",
            "postgres://",
            "jdbc:postgresql:",
            "pgsql:;",
            "jdbc:postgresql:a: ",
            "postgres://\n",
        ] {
            for length in [LONGEST, 2 * LONGEST] {
                let _ = found(&part.repeat(length / part.len()));
            }
        }
    }

    #[test]
    fn other_texts_are_no_strings() {
        for text in [
            "postgres",
            "postgres://",
            "the host=name of a thing",
            "a=b;c=d",
            "Server=h;Database=d;User Id=u",
            "psql is a program",
            "https://www.postgresql.org/docs/",
            "mysql://u@h/d",
            "host=h",
            "FROM postgres:16-alpine",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}
