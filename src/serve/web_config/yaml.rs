//! As much of YAML as such a file needs: settings, and settings below them. Everything else is an error, so that
//! nothing is read in another way than Prometheus reads it.

use super::Error;

/// A setting.
#[derive(Debug)]
pub(super) struct Entry {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) node: Node,
}

/// What a setting has.
#[derive(Debug)]
pub(super) enum Node {
    Nothing,
    Text(String),
    Map(Vec<Entry>),
}

/// A line with a setting.
struct Line<'a> {
    number: usize,
    column: usize,
    text: &'a str,
}

/// Reads the settings of a file.
pub(super) fn read(text: &str) -> Result<Vec<Entry>, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let rest = line.trim_start_matches(' ');
        let column = line.len() - rest.len();
        let rest = rest.trim_end();
        if rest.is_empty() || rest.starts_with('#') {
            continue;
        }
        if rest == "---" && lines.is_empty() && column == 0 {
            continue;
        }
        if rest.starts_with('\t') {
            return Err(Error::wrong(
                number,
                "YAML is indented with spaces, not with tabs",
            ));
        }
        if rest.starts_with("- ") || rest == "-" {
            return Err(Error::wrong(
                number,
                "pgtls does not know a setting that is a list",
            ));
        }
        lines.push(Line {
            number,
            column,
            text: rest,
        });
    }
    let mut lines = lines.as_slice();
    let entries = level(&mut lines, 0, 0)?;
    match lines.first() {
        None => Ok(entries),
        Some(line) => Err(indented(line)),
    }
}

fn indented(line: &Line<'_>) -> Error {
    Error::wrong(
        line.number,
        "the line is indented in another way than those before it",
    )
}

/// The settings at one indentation, with what is below them.
fn level(lines: &mut &[Line<'_>], column: usize, depth: usize) -> Result<Vec<Entry>, Error> {
    let mut entries: Vec<Entry> = Vec::new();
    while let Some((line, rest)) = lines.split_first() {
        if line.column < column {
            break;
        }
        if line.column > column || depth > DEEPEST {
            return Err(indented(line));
        }
        *lines = rest;
        let (key, value) = setting(line)?;
        if entries.iter().any(|entry| entry.key == key) {
            return Err(Error::wrong(line.number, "the setting is there twice"));
        }
        let below = lines.first().filter(|next| next.column > column);
        let node = match (value, below) {
            (Some(text), None) => Node::Text(text),
            (None, None) => Node::Nothing,
            (None, Some(next)) => {
                let column = next.column;
                Node::Map(level(lines, column, depth.saturating_add(1))?)
            }
            (Some(_), Some(next)) => return Err(indented(next)),
        };
        entries.push(Entry {
            line: line.number,
            key,
            node,
        });
    }
    Ok(entries)
}

/// `key: value`, `key:`
fn setting(line: &Line<'_>) -> Result<(String, Option<String>), Error> {
    let wrong = |why: &str| Error::wrong(line.number, why);
    const FORM: &str = "a setting must be a word, a colon and a space, and its value";
    let (key, rest) = match line.text.chars().next() {
        Some('"' | '\'') => {
            let (key, rest) = quoted(line)?;
            let rest = rest.trim_start_matches(' ');
            (key, rest.strip_prefix(':').ok_or_else(|| wrong(FORM))?)
        }
        _ => {
            let end = line.text.find(": ").or_else(|| {
                let last = line.text.len().saturating_sub(1);
                line.text.ends_with(':').then_some(last)
            });
            let end = end
                .or_else(|| line.text.find(":\t"))
                .ok_or_else(|| wrong(FORM))?;
            let (key, rest) = line.text.split_at(end);
            (
                plain(key.trim_end_matches(' '), line)?.unwrap_or_default(),
                rest.get(1..).unwrap_or_default(),
            )
        }
    };
    if !rest.is_empty() && !rest.starts_with(' ') {
        return Err(wrong(FORM));
    }
    if key.is_empty() {
        return Err(wrong(FORM));
    }
    let value = rest.trim_start_matches(' ');
    let inner = Line {
        number: line.number,
        column: line.column,
        text: value,
    };
    match value.chars().next() {
        None | Some('#') => Ok((key, None)),
        Some('"' | '\'') => {
            let (value, behind) = quoted(&inner)?;
            let behind_is_comment = behind.starts_with(' ') && behind.trim_start().starts_with('#');
            if !behind.is_empty() && !behind_is_comment {
                return Err(wrong("nothing may follow the quotes"));
            }
            Ok((key, Some(value)))
        }
        Some(_) => {
            let value = value.split(" #").next().unwrap_or_default().trim_end();
            plain(value, line).map(|value| (key, value))
        }
    }
}

/// A word without quotes, if it means just itself; nothing if it means nothing.
fn plain(word: &str, line: &Line<'_>) -> Result<Option<String>, Error> {
    let wrong = |why: &str| Error::wrong(line.number, why);
    if word.contains(": ") || word.ends_with(':') || word.contains(" #") || word.contains('\t') {
        return Err(wrong("put the value into quotes"));
    }
    if word.starts_with(|c: char| "&*!|>{}[],%@`?\"'#".contains(c)) || word.starts_with("- ") {
        return Err(wrong(
            "pgtls does not know this form of YAML: write plain settings",
        ));
    }
    match word {
        "~" | "null" | "Null" | "NULL" => Ok(None),
        _ => Ok(Some(word.to_owned())),
    }
}

/// What is between the quotes, and what follows them.
fn quoted<'a>(line: &Line<'a>) -> Result<(String, &'a str), Error> {
    let wrong = |why: &str| Error::wrong(line.number, why);
    let mut letters = line.text.char_indices();
    let quote = letters.next().map(|(_, quote)| quote);
    let mut value = String::new();
    while let Some((place, letter)) = letters.next() {
        let behind = line
            .text
            .get(place + letter.len_utf8()..)
            .unwrap_or_default();
        match (quote, letter) {
            (Some('\''), '\'') if behind.starts_with('\'') => {
                letters.next();
                value.push('\'');
            }
            (Some('\''), '\'') | (Some('"'), '"') => return Ok((value, behind)),
            (Some('"'), '\\') => match letters.next() {
                Some((_, escaped @ ('\\' | '"' | '/'))) => value.push(escaped),
                _ => return Err(wrong("pgtls knows only \\\\ and \\\" between quotes")),
            },
            (_, letter) => value.push(letter),
        }
    }
    Err(wrong("the quotes do not end on this line"))
}

/// More than any such file has.
const DEEPEST: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(entries: &[Entry]) -> String {
        let one = |entry: &Entry| match &entry.node {
            Node::Nothing => format!("{}=-", entry.key),
            Node::Text(text) => format!("{}={text}", entry.key),
            Node::Map(below) => format!("{}({})", entry.key, shown(below)),
        };
        entries.iter().map(one).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn settings_are_read_as_yaml_means_them() {
        for (text, expected) in [
            ("", ""),
            ("a: b", "a=b"),
            ("---\na: b # c\n", "a=b"),
            ("a:\n  b: c\n  d: e\nf: g\n", "a(b=c,d=e),f=g"),
            ("a:\n    b:\n      c: d\n", "a(b(c=d))"),
            ("a: 'it''s'\nb: \"x\\\"y\\\\\"\n", "a=it's,b=x\"y\\"),
            ("'a b': c#d\n", "a b=c#d"),
            ("a : b\n'c' : d\n", "a=b,c=d"),
            ("a: ~\nb:\nc: null\n", "a=-,b=-,c=-"),
            ("a: http://x:1/\n", "a=http://x:1/"),
            ("a:\r\n  b: c\r\n", "a(b=c)"),
        ] {
            let read = read(text).ok();
            assert_eq!(
                read.as_deref().map(shown).as_deref(),
                Some(expected),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_could_mean_something_else_is_refused() {
        for text in [
            "a",
            "a:b",
            ": b",
            "a: b\na: c",
            "a: &x b",
            "a: *x",
            "a: |\n  b",
            "a: >\n  b",
            "a: {b: c}",
            "a: [b]",
            "- a",
            "a:\n- b",
            "a:\n\tb: c",
            " a: b\nc: d",
            "a: b\n  c: d",
            "a:\n  b: c\n d: e",
            "a: 'b",
            "a: \"\\x41\"",
            "a: 'b' c",
            "a: b: c",
            "a: !!str b",
            "? a",
            "...",
            "--- a",
            "a: @b",
        ] {
            assert!(
                read(text).is_err(),
                "{text:?}: {}",
                read(text).map(|e| shown(&e)).unwrap_or_default()
            );
        }
    }
}
