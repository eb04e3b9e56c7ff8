//! Source code as tokens: words, numbers, string literals, signs. Comments are left out.

use super::escape::escaped;
use super::language::{Escape, Language, Quote};

/// A piece of source code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// Counted from 1.
    pub(super) line: usize,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A string literal, without its quotes.
    Text(String),
    /// An identifier, a keyword or a number, with the dots in it.
    Word(String),
    /// Anything else: one or two characters.
    Sign(String),
}

/// Signs of two characters that must not be taken for two signs.
const PAIRS: &[&str] = &[
    "=>", ":=", "==", "!=", "<=", ">=", "||", "&&", "??", "?:", "::", "<>", "..", "++", "->", "<-",
    "+=", "|>",
];

/// Takes the text apart. Says, too, whether there were too many.
pub(super) fn tokens(text: &str, language: &Language, first_line: usize) -> (Vec<Token>, bool) {
    let mut found = Vec::new();
    let mut rest = text;
    let mut line = first_line;
    let mut unclosed: Option<&str> = None;
    while let Some(first) = rest.chars().next() {
        if found.len() >= MOST {
            return (found, true);
        }
        let begins = |start: &str| rest.starts_with(start);
        let block = language
            .block_comments
            .iter()
            .find(|(open, close)| begins(open) && unclosed != Some(*close));
        if let Some((open, close)) = block {
            let inner = rest.get(open.len()..).unwrap_or_default();
            let end = memchr::memmem::find(inner.as_bytes(), close.as_bytes());
            if let Some(end) = end {
                let taken = open.len().saturating_add(end).saturating_add(close.len());
                advance(&mut rest, taken, &mut line);
                continue;
            }
            // `/[/*]/` of JavaScript is no comment, and must not hide all that follows.
            unclosed = Some(*close);
        }
        if language.line_comments.iter().any(|start| begins(start)) {
            let end = rest.find('\n').unwrap_or(rest.len());
            advance(&mut rest, end, &mut line);
            continue;
        }
        if let Some(quote) = language.strings.iter().find(|quote| begins(quote.open)) {
            let (mut value, length) = literal(rest, quote);
            if language.is_markup() {
                value = without_entities(&value);
            }
            let value =
                if rest.starts_with("$\"") || rest.starts_with("$@") || rest.starts_with("@$") {
                    value
                        .replace("{{", "\u{1}")
                        .replace('{', "${")
                        .replace('\u{1}', "{")
                } else {
                    value
                };
            found.push(Token {
                kind: TokenKind::Text(value),
                line,
            });
            // The sign that ends the text of an element begins the next tag.
            let length = if quote.close == "<" {
                length.saturating_sub(1).max(1)
            } else {
                length
            };
            advance(&mut rest, length, &mut line);
            continue;
        }
        if first.is_whitespace() {
            advance(&mut rest, first.len_utf8(), &mut line);
            continue;
        }
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        if is_word(first) {
            // Dots and dashes are part of names: `process.env.X`, `ssl-mode`.
            let end = rest
                .char_indices()
                .find(|(at, c)| {
                    let joins = matches!(c, '.' | '-')
                        && rest
                            .get(at.saturating_add(1)..)
                            .is_some_and(|behind| behind.starts_with(is_word));
                    !is_word(*c) && !joins
                })
                .map_or(rest.len(), |(at, _)| at);
            let word = rest.get(..end).unwrap_or_default().to_owned();
            // `f"{x}"` of Python is a literal with a prefix.
            let behind = rest.get(end..).unwrap_or_default();
            if is_prefix(&word) && behind.starts_with(['"', '\'']) {
                advance(&mut rest, end, &mut line);
                if let Some(quote) = language
                    .strings
                    .iter()
                    .find(|quote| behind.starts_with(quote.open))
                {
                    let (value, length) = literal(rest, quote);
                    let value = if word.contains(['f', 'F', 's']) {
                        value.replace("${", "{").replace('{', "${")
                    } else {
                        value
                    };
                    found.push(Token {
                        kind: TokenKind::Text(value),
                        line,
                    });
                    advance(&mut rest, length, &mut line);
                }
                continue;
            }
            found.push(Token {
                kind: TokenKind::Word(word),
                line,
            });
            advance(&mut rest, end.max(1), &mut line);
            continue;
        }
        let pair = PAIRS.iter().find(|pair| begins(pair));
        let sign = pair.map_or_else(|| first.to_string(), |pair| (*pair).to_owned());
        let length = sign.len();
        found.push(Token {
            kind: TokenKind::Sign(sign),
            line,
        });
        advance(&mut rest, length, &mut line);
    }
    (found, false)
}

/// The entities of XML.
fn without_entities(text: &str) -> String {
    let mut text = text.to_owned();
    for (entity, sign) in [
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ] {
        if text.contains(entity) {
            text = text.replace(entity, sign);
        }
    }
    text
}

/// A file has no more tokens than this.
const MOST: usize = 2_000_000;

/// Letters before a string literal: Python's, Scala's `s`.
fn is_prefix(word: &str) -> bool {
    word.len() <= 2 && word.chars().all(|c| "rRbBuUfFsS".contains(c))
}

fn advance(rest: &mut &str, length: usize, line: &mut usize) {
    let (taken, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
    *line = line.saturating_add(memchr::memchr_iter(b'\n', taken.as_bytes()).count());
    *rest = behind;
}

/// The value of a literal, and how long it is with its quotes. One that is not closed ends with its line.
fn literal(text: &str, quote: &Quote) -> (String, usize) {
    let mut value = String::new();
    let start = quote.open.len();
    let inner = text.get(start..).unwrap_or_default();
    let multiline = quote.open.len() > 1 || quote.open == "`" || quote.close == "<";
    let mut at = 0_usize;
    while let Some(c) = inner.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = inner.get(at..).unwrap_or_default();
        if rest.starts_with(quote.close) {
            let doubled = rest
                .get(quote.close.len()..)
                .is_some_and(|rest| rest.starts_with(quote.close));
            if quote.escape == Escape::Doubled && doubled {
                value.push_str(quote.close);
                at = at.saturating_add(quote.close.len().saturating_mul(2));
                continue;
            }
            return (
                value,
                start.saturating_add(at).saturating_add(quote.close.len()),
            );
        }
        if c == '\n' && !multiline {
            return (value, start.saturating_add(at));
        }
        at = at.saturating_add(c.len_utf8());
        if c == '\\' && quote.escape == Escape::Backslash {
            let Some((next, length)) = inner.get(at..).and_then(escaped) else {
                break;
            };
            at = at.saturating_add(length);
            value.extend(next);
            continue;
        }
        value.push(c);
    }
    (value, text.len())
}
