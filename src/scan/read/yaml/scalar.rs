//! Keys and values of YAML on one line.

use super::super::escape::escaped;

/// A longer one is a text.
const LONGEST_KEY: usize = 500;

/// The key before a colon that is followed by a blank or nothing, and what follows.
pub(super) fn split_key(text: &str) -> Option<(String, &str)> {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            let (key, rest) = inner.split_once(quote)?;
            let rest = rest.trim_start().strip_prefix(':')?;
            return (rest.is_empty() || rest.starts_with([' ', '\t']))
                .then(|| (key.to_owned(), rest));
        }
    }
    let mut from = 0_usize;
    loop {
        let at = text.get(from..)?.find(':')?.checked_add(from)?;
        if at > LONGEST_KEY {
            return None;
        }
        let (key, behind) = (text.get(..at)?, text.get(at.checked_add(1)?..)?);
        if key.contains(" #") || key.contains(['"', '`']) {
            return None;
        }
        if behind.is_empty() || behind.starts_with([' ', '\t']) {
            return Some((key.trim().to_owned(), behind));
        }
        from = at.checked_add(1)?;
    }
}

/// A scalar without its quotes and its comment.
pub(super) fn scalar(text: &str) -> String {
    if let Some(inner) = text.strip_prefix('"') {
        return double_quoted(inner);
    }
    if let Some(inner) = text.strip_prefix('\'') {
        let mut value = String::new();
        let mut rest = inner;
        while let Some((part, behind)) = rest.split_once('\'') {
            value.push_str(part);
            match behind.strip_prefix('\'') {
                Some(behind) => {
                    value.push('\'');
                    rest = behind;
                }
                None => return value,
            }
        }
        value.push_str(rest);
        return value;
    }
    let end = text.find(" #").unwrap_or(text.len());
    text.get(..end).unwrap_or(text).trim_end().to_owned()
}

fn double_quoted(text: &str) -> String {
    let mut value = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '"' => break,
            '\\' => match escaped(behind) {
                Some((next, length)) => {
                    value.extend(next);
                    behind.get(length..).unwrap_or_default()
                }
                None => behind,
            },
            other => {
                value.push(other);
                behind
            }
        };
    }
    value
}

/// The parts between commas that are in no quotes and brackets.
pub(super) fn split_flow(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut quote) = (0_usize, 0_usize, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{' | '[') => depth = depth.saturating_add(1),
            (None, '}' | ']') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.extend(text.get(start..at));
                start = at.saturating_add(1);
            }
            (None, _) => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}
