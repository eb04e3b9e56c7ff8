//! The words of a command line.

use crate::scan::document::UNKNOWN;

/// A command line, taken apart.
pub(super) struct Split {
    /// Its words, and the signs between commands, each alone.
    pub(super) words: Vec<String>,
    /// The commands whose output is a part of it.
    pub(super) inner: Vec<String>,
}

/// The words of a command line: quotes are removed, `$(...)` and backquotes become what only the running program knows.
pub(super) fn split(text: &str) -> Split {
    let mut words = Vec::new();
    let mut inner_commands = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"') | None, '`') => {
                let inner = chars.by_ref().take_while(|inner| *inner != '`');
                inner_commands.push(inner.collect());
                word.get_or_insert_default().push_str(UNKNOWN);
            }
            (Some('"') | None, '$') if chars.peek() == Some(&'(') => {
                let mut depth = 0_usize;
                let mut command = String::new();
                for inner in chars.by_ref() {
                    match inner {
                        '(' => depth = depth.saturating_add(1),
                        ')' if depth <= 1 => break,
                        ')' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    command.push(inner);
                }
                // Without its own bracket.
                inner_commands.push(command.get(1..).unwrap_or_default().to_owned());
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
            (None, ';' | '|' | '&') if separates(c, word.as_deref(), chars.peek()) => {
                words.extend(word.take());
                words.push(c.to_string());
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Split {
        words,
        inner: inner_commands,
    }
}

/// Whether a sign ends a command. In a value without quotes, as in Dockerfiles, it may be a part of a string.
fn separates(sign: char, word: Option<&str>, next: Option<&char>) -> bool {
    let Some(word) = word else {
        return true;
    };
    match sign {
        ';' => next.is_none_or(|next| next.is_whitespace()) || !word.contains('='),
        '&' => next == Some(&'&') && !word.contains("://"),
        _ => !word.contains('='),
    }
}
