//! Files of lines that set variables: env files, shell scripts, Dockerfiles, Makefiles, `.properties`.

use std::borrow::Cow;

use super::is_variable;
use super::shell::{Earlier, Rules, Shell};
use super::words::{Brackets, Piece, split, words};
use crate::dialect::lines_of_env_file;
use crate::scan::document::{Document, Followed, UNKNOWN};

/// Which rules the lines follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scan) enum Style {
    /// Shells: a comment begins with `#`, quotes are removed, a blank ends a value.
    Shell,
    /// Dockerfiles: the same in stages.
    Docker,
    /// Units of systemd: the same without words of a language.
    Unit,
    /// Makefiles: the same, and every line of a recipe is a shell of its own.
    Make,
    /// Env files: the same, but the whole line is the value.
    Env,
    /// Java's: comments at the beginning of a line only, quotes are part of the value.
    Properties,
    /// `cmd.exe`.
    Batch,
}

/// Reads all lines. Those that go on behind a backslash are one line, which has the number of the first.
pub(in crate::scan) fn read(text: &str, style: Style, first_line: usize) -> Document {
    let rules = match style {
        Style::Make => Rules::Make,
        Style::Docker => Rules::Docker,
        Style::Unit => Rules::Unit,
        Style::Shell | Style::Env | Style::Properties | Style::Batch => Rules::Script,
    };
    let mut shell = Shell::new(rules);
    let line_of = |shell: &mut Shell, line: &str, number: usize| match style {
        Style::Shell | Style::Docker | Style::Unit | Style::Make => shell.line(line, number),
        Style::Env | Style::Properties | Style::Batch => {
            one(line, style, number, &mut shell.document);
        }
    };
    let mut pending: Option<(String, usize)> = None;
    for (number, line) in numbered(text, style, first_line) {
        let line = &*line;
        // Behind a backslash, a blank counts for shells, and so it does behind the end of a text.
        let line = match style {
            Style::Shell | Style::Make => line,
            Style::Docker | Style::Unit | Style::Env | Style::Properties | Style::Batch => {
                line.trim_end()
            }
        };
        // There, a comment between lines is left out.
        let is_left_out = matches!(style, Style::Docker | Style::Unit)
            && pending.is_some()
            && line.trim_start().starts_with(['#', ';']);
        if is_left_out {
            continue;
        }
        let unescaped = line.trim_end_matches('\\').len();
        let is_odd = line.len().saturating_sub(unescaped) % 2 == 1;
        let earlier = match pending {
            Some(_) => Earlier::Something,
            None => Earlier::Nothing,
        };
        let goes_on = is_odd && (style != Style::Shell || shell.goes_on(line, earlier));
        let part = if goes_on {
            line.get(..line.len().saturating_sub(1)).unwrap_or_default()
        } else {
            line
        };
        let (whole, number) = match pending.take() {
            Some((mut earlier, number)) if earlier.len() < LONGEST_LINE => {
                earlier.push_str(if style == Style::Properties {
                    part.trim_start()
                } else {
                    part
                });
                (earlier, number)
            }
            Some((earlier, first)) => {
                line_of(&mut shell, &earlier, first);
                (part.to_owned(), number)
            }
            None => (part.to_owned(), number),
        };
        if goes_on {
            pending = Some((whole, number));
        } else {
            line_of(&mut shell, &whole, number);
        }
    }
    if let Some((whole, number)) = pending {
        line_of(&mut shell, &whole, number);
    }
    shell.finished()
}

/// Lines with their numbers. In an env file, a value in quotes may go on over several.
fn numbered(text: &str, style: Style, first_line: usize) -> Vec<(usize, Cow<'_, str>)> {
    let whole = (style == Style::Env)
        .then(|| lines_of_env_file(text))
        .flatten();
    match whole {
        Some(lines) => lines
            .into_iter()
            .map(|(number, line)| {
                (
                    first_line.saturating_add(number).saturating_sub(1),
                    line.into(),
                )
            })
            .collect(),
        None => (first_line..)
            .zip(text.lines().map(Cow::Borrowed))
            .collect(),
    }
}

/// Lines that go on beyond this are taken apart.
pub(super) const LONGEST_LINE: usize = 64 * 1024;

fn one(line: &str, style: Style, number: usize, document: &mut Document) {
    let text = line.trim_start();
    let is_comment = match style {
        Style::Shell | Style::Docker | Style::Unit | Style::Make | Style::Env => {
            text.starts_with('#')
        }
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
                // It takes back what was set behind `setlocal`.
                None if text.trim().eq_ignore_ascii_case("endlocal") => {
                    document.set(0, Followed::Mode.name(), UNKNOWN, number);
                }
                None => document.say(0, text, number),
            }
        }
        Style::Env => of_env_file(text, number, document),
        // They are read with their environment.
        Style::Shell | Style::Docker | Style::Unit | Style::Make => {}
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
pub(super) const BEFORE: &[&str] = &[
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

/// A line that only sets a variable: the word before it, its name and its value. `KEY: value`, as some readers of env files
/// take it, and Makefiles' `KEY := value`, too.
pub(super) fn assigned_alone(text: &str, style: Style) -> Option<(&str, String, String)> {
    let at = text.find([':', '=', '?', '+'])?;
    let (name, rest) = text.split_at_checked(at)?;
    // `while : ; do`
    if name.ends_with(' ') && rest.starts_with(": ") {
        return None;
    }
    let name = name.trim_end();
    let (before, name) = BEFORE
        .iter()
        .find_map(|word| Some((*word, name.strip_prefix(word)?.strip_prefix(' ')?)))
        .unwrap_or(("", name));
    let name = name.trim();
    let value = [":=", "?=", "+=", "=", ": "]
        .iter()
        .find_map(|sign| rest.strip_prefix(sign))
        // Not a comparison, and not a command with a setting in it.
        .filter(|value| !value.starts_with('='))?;
    if !is_name(name) {
        return None;
    }
    let mut pieces = split(value.trim_start(), Brackets::Letters);
    pieces.retain(|piece| !matches!(piece, Piece::Inner(_) | Piece::Several));
    let is_single = style == Style::Env || pieces.len() <= 1 || !text.contains(&format!("{name}="));
    let value = match pieces.as_slice() {
        _ if !is_single => return None,
        [Piece::Word(word)] if style != Style::Env => word.clone(),
        _ => unquoted(value.trim()),
    };
    Some((before, name.to_owned(), value))
}

/// A line of an env file.
fn of_env_file(text: &str, number: usize, document: &mut Document) {
    if let Some((_, name, value)) = assigned_alone(text, Style::Env) {
        document.set(0, &name, &value, number);
    } else {
        for word in words(text) {
            match word.split_once('=').filter(|(name, _)| is_name(name)) {
                Some((name, value)) => document.set(0, name, value, number),
                None => document.say(0, &word, number),
            }
        }
    }
    for name in modes_behind(text) {
        document.set(0, name, UNKNOWN, number);
    }
}

/// Weak modes that a line names behind its beginning, in quotes perhaps: a shell and docker differ on whether it sets
/// them.
fn modes_behind(text: &str) -> impl Iterator<Item = &str> {
    let ends = ["SSLMODE=", "SSL_MODE="].into_iter();
    let ends = ends.flat_map(|end| text.match_indices(end));
    ends.filter_map(|(at, end)| {
        let behind = at.saturating_add(end.len());
        let (whole, value) = text.split_at_checked(behind)?;
        let whole = whole.strip_suffix('=')?;
        let before = whole.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let name = whole.get(before.len()..)?;
        let before = before.trim();
        let is_behind = !before.is_empty() && !BEFORE.contains(&before);
        (is_behind && !value.starts_with("verify")).then_some(name)
    })
}

/// Whether the text can be the name of a variable.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') && is_variable(name)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::document::UNKNOWN;

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
