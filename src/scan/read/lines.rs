//! Files of lines that set variables: env files, shell scripts, Dockerfiles, Makefiles, `.properties`.

use crate::dialect::is_psql_program;
use crate::scan::document::{Document, UNKNOWN};

/// Which rules the lines follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scan) enum Style {
    /// Shells, Dockerfiles, Makefiles: a comment begins with `#`, quotes are removed, a blank ends a value.
    Shell,
    /// Env files: the same, but the whole line is the value.
    Env,
    /// Java's: comments at the beginning of a line only, quotes are part of the value.
    Properties,
    /// `cmd.exe`.
    Batch,
}

/// Reads all lines. Those that go on behind a backslash are one line, which has the number of the first.
pub(in crate::scan) fn read(text: &str, style: Style, first_line: usize) -> Document {
    let mut document = Document::new();
    let mut pending: Option<(String, usize)> = None;
    for (number, line) in (first_line..).zip(text.lines()) {
        let line = line.trim_end();
        let goes_on = line.ends_with('\\') && !line.ends_with("\\\\");
        let part = if goes_on {
            line.get(..line.len().saturating_sub(1)).unwrap_or_default()
        } else {
            line
        };
        let (whole, number) = match pending.take() {
            Some((mut earlier, number)) if earlier.len() < LONGEST => {
                earlier.push_str(if style == Style::Properties {
                    part.trim_start()
                } else {
                    part
                });
                (earlier, number)
            }
            Some((earlier, first)) => {
                one(&earlier, style, first, &mut document);
                (part.to_owned(), number)
            }
            None => (part.to_owned(), number),
        };
        if goes_on {
            pending = Some((whole, number));
        } else {
            one(&whole, style, number, &mut document);
        }
    }
    if let Some((whole, number)) = pending {
        one(&whole, style, number, &mut document);
    }
    document
}

/// Lines that go on beyond this are taken apart.
const LONGEST: usize = 64 * 1024;

fn one(line: &str, style: Style, number: usize, document: &mut Document) {
    let text = line.trim_start();
    let is_comment = match style {
        Style::Shell | Style::Env => text.starts_with('#'),
        Style::Properties => text.starts_with(['#', '!']),
        Style::Batch => {
            text.starts_with("::")
                || text
                    .get(..4)
                    .is_some_and(|word| word.eq_ignore_ascii_case("rem "))
        }
    };
    if text.is_empty() || is_comment {
        return;
    }
    match style {
        Style::Properties => property(text, number, document),
        Style::Batch => {
            let text = text.strip_prefix('@').unwrap_or(text);
            let set = text
                .get(..4)
                .filter(|word| word.eq_ignore_ascii_case("set "));
            let pair = set.and_then(|_| text.get(4..)?.trim().trim_matches('"').split_once('='));
            match pair {
                Some((key, value)) => document.set(0, key, value, number),
                None => document.say(0, text, number),
            }
        }
        Style::Shell | Style::Env => shell(text, style, number, document),
    }
}

/// `key=value`, `key: value`, `key value`.
fn property(text: &str, number: usize, document: &mut Document) {
    let end = text.find(['=', ':', ' ', '\t']).unwrap_or(text.len());
    let (key, rest) = text.split_at(end);
    let rest = rest.trim_start();
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
    // `java.util.Properties.load` removes backslashes.
    let value = rest.replace("\\:", ":").replace("\\=", "=");
    document.set(0, key, &value, number);
}

/// Words before an assignment: `export`, `ENV` of Dockerfiles, `env`.
const BEFORE: &[&str] = &[
    "export",
    "declare",
    "-x",
    "local",
    "readonly",
    "ENV",
    "ARG",
    "env",
    "sudo",
    "setx",
    "RUN",
    "CMD",
    "-e",
    "--env",
    "--build-arg",
    "@",
];

/// A command line: its assignments, and the rest of it as a text.
fn shell(text: &str, style: Style, number: usize, document: &mut Document) {
    // `KEY: value`, as some readers of env files take it, and Makefiles' `KEY := value`.
    let spaced = text
        .find([':', '=', '?', '+'])
        .and_then(|at| Some((text.get(..at)?.trim_end(), text.get(at..)?)));
    if let Some((name, rest)) = spaced {
        let name = BEFORE
            .iter()
            .find_map(|word| name.strip_prefix(word)?.strip_prefix(' '))
            .unwrap_or(name)
            .trim();
        let rest = [":=", "?=", "+=", "=", ": "]
            .iter()
            .find_map(|sign| rest.strip_prefix(sign))
            // Not a comparison, and not a command with a setting in it.
            .filter(|value| !value.starts_with('='));
        if let (true, Some(value)) = (is_name(name), rest) {
            let words = words(value.trim_start());
            let whole = value.trim();
            let is_single =
                style == Style::Env || words.len() <= 1 || !text.contains(&format!("{name}="));
            if is_single {
                let value = match words.as_slice() {
                    [word] if style == Style::Shell => word.clone(),
                    _ => unquoted(whole),
                };
                document.set(0, name, &value, number);
                return;
            }
        }
    }
    let words = words(text);
    let mut command = Vec::new();
    for word in &words {
        let assigned = word.split_once('=').filter(|(name, _)| is_name(name));
        match assigned {
            Some((name, value)) if command.is_empty() => document.set(0, name, value, number),
            None if command.is_empty() && BEFORE.contains(&word.as_str()) => {}
            Some((name, value)) if name.chars().any(|c| c.is_ascii_uppercase()) => {
                document.set(0, name, value, number);
            }
            Some(_) | None => command.push(word.as_str()),
        }
    }
    // `- run: psql ...`, `db-shell: psql ...`
    let is_psql = |word: &&str| is_psql_program(word);
    match command.iter().position(is_psql) {
        Some(start) => {
            let command = command.get(start..).unwrap_or_default();
            let end = command
                .iter()
                .position(|word| {
                    matches!(
                        *word,
                        "|" | "||" | "&&" | ";" | "<" | ">" | ">>" | "&" | "<<EOF" | "2>&1"
                    )
                })
                .unwrap_or(command.len());
            let command = command.get(..end).unwrap_or_default();
            // A string inside is found without its options.
            let quoted: Vec<String> = command.iter().map(|word| quote(word)).collect();
            document.say(0, &quoted.join(" "), number);
        }
        None => command
            .iter()
            .for_each(|word| document.say(0, word, number)),
    }
}

fn quote(word: &str) -> String {
    let plain = word
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c));
    if plain {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn is_name(name: &str) -> bool {
    name.chars()
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

/// A value of an env file that is not one word for a shell.
fn unquoted(value: &str) -> String {
    for quote in ['"', '\'', '`'] {
        if let Some((inner, behind)) = value
            .strip_prefix(quote)
            .and_then(|inner| inner.split_once(quote))
        {
            let behind = behind.trim_start();
            if behind.is_empty() || behind.starts_with('#') {
                return inner.to_owned();
            }
        }
    }
    let end = value.find(" #").unwrap_or(value.len());
    value.get(..end).unwrap_or(value).trim_end().to_owned()
}

/// The words of a command line: quotes are removed, `$(...)` and backquotes become what only the running program knows.
pub(in crate::scan) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"') | None, '`') => {
                for inner in chars.by_ref() {
                    if inner == '`' {
                        break;
                    }
                }
                word.get_or_insert_default().push_str(UNKNOWN);
            }
            (Some('"') | None, '$') if chars.peek() == Some(&'(') => {
                let mut depth = 0_usize;
                for inner in chars.by_ref() {
                    match inner {
                        '(' => depth = depth.saturating_add(1),
                        ')' if depth <= 1 => break,
                        ')' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                }
                word.get_or_insert_default().push_str(UNKNOWN);
            }
            (Some('"'), '\\')
                if chars
                    .peek()
                    .is_some_and(|next| matches!(next, '"' | '\\' | '$')) =>
            {
                word.get_or_insert_default().extend(chars.next());
            }
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, ';' | '|' | '&')
                if word.is_none()
                    || c == ';' && chars.peek().is_none_or(|next| next.is_whitespace()) =>
            {
                words.extend(word.take());
                words.push(c.to_string());
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str, style: Style) -> Vec<(String, String)> {
        let document = read(text, style, 1);
        let settings = document.entries.into_iter();
        settings.map(|entry| (entry.key, entry.value)).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs = pairs.iter();
        pairs
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn variables_are_read_in_every_form() {
        let text = "# A=b\nA=b\nexport B='c d' # e\nC: f\nD := \"g h\"\nENV E=i F=j\nG=postgres://u:p#w@h/d?a=b&c=d\nI = k\n";
        assert_eq!(
            settings(text, Style::Shell),
            pairs(&[
                ("A", "b"),
                ("B", "c d"),
                ("C", "f"),
                ("D", "g h"),
                ("E", "i"),
                ("F", "j"),
                ("G", "postgres://u:p#w@h/d?a=b&c=d"),
                ("I", "k"),
            ])
        );
    }

    #[test]
    fn a_value_of_an_env_file_is_the_whole_line() {
        let text = "A=host=h dbname=d # c\nexport B = \"e f\" # g\nC=h#i\n";
        assert_eq!(
            settings(text, Style::Env),
            pairs(&[("A", "host=h dbname=d"), ("B", "e f"), ("C", "h#i")])
        );
    }

    #[test]
    fn commands_keep_their_words() {
        let document = read(
            "PGSSLMODE=require sudo psql \"host=h dbname=d\" \\\n  -c 'select 1' | cat\nurl=$(cat x)\n",
            Style::Shell,
            1,
        );
        assert_eq!(
            document.texts[0].value,
            "psql 'host=h dbname=d' -c 'select 1'"
        );
        assert_eq!(document.texts[0].line, 1);
        let entries: Vec<(&str, &str)> = document
            .entries
            .iter()
            .map(|entry| (entry.key.as_str(), entry.value.as_str()))
            .collect();
        assert_eq!(entries, [("PGSSLMODE", "require"), ("url", UNKNOWN)]);
    }

    #[test]
    fn properties_lose_their_backslashes_and_keep_their_quotes() {
        let text = "! x=y\nurl=jdbc\\:postgresql\\://h/d\na: \"b\" # c\nlong=1 \\\n   2\n";
        assert_eq!(
            settings(text, Style::Properties),
            pairs(&[
                ("url", "jdbc:postgresql://h/d"),
                ("a", "\"b\" # c"),
                ("long", "1 2"),
            ])
        );
    }
}
