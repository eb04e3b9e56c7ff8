//! Values that are all of a setting, and those that a condition may replace.

use super::super::language::Adjacent;
use super::super::token::TokenKind;
use super::{Reader, is_number};
use crate::scan::document::UNKNOWN;

/// Behind a value that only counts under a condition, or is compared.
const CONDITIONS: &[&str] = &["?", "&&", "==", "!=", "<", ">", "<=", ">=", "<>"];

/// The same in words.
const CONDITION_WORDS: &[&str] = &["if", "unless", "and", "is", "in", "not", "when", "eq", "ne"];

/// Signs that may stand behind a truth value which is all of its setting.
const ENDS: &[&str] = &[",", ";", "}", ")", "]"];

/// Signs that go on with the line before.
const GO_ON: &[&str] = &[
    "?", "&&", "==", "!=", "<=", ">=", "<>", "||", "??", "?:", "&", "|", "^", ".", "=",
];

impl Reader<'_> {
    /// Sets a text, or says it without its name if something else may count in its place.
    pub(super) fn set_text(
        &mut self,
        scope: usize,
        key: &str,
        value: &str,
        line: usize,
        behind: usize,
    ) {
        self.note_change(value, line, behind);
        if self.is_under_condition(behind) {
            self.document.set(scope, key, UNKNOWN, line);
            self.document.say(scope, value, line);
        } else {
            self.document.set(scope, key, value, line);
        }
    }

    /// Whether a condition follows a value.
    pub(super) fn is_under_condition(&self, behind: usize) -> bool {
        let has = |sign: &str| CONDITIONS.contains(&sign);
        // `<?xml version="1.0"?>`, and the next tag of XML.
        let is_markup = self.language.is_markup();
        !is_markup
            && (self.sign(behind).is_some_and(has)
                || self
                    .word(behind)
                    .is_some_and(|word| CONDITION_WORDS.contains(&word))
                    && self.is_same_statement(behind))
    }

    /// Whether this token belongs to the statement of the one before it, as far as lines say.
    pub(super) fn is_same_statement(&self, at: usize) -> bool {
        let line = |at: usize| self.token(at).map(|token| token.line);
        at.checked_sub(1).and_then(line) == line(at)
            || self.language.adjacent == Adjacent::JoinedInBrackets && !self.open.is_empty()
    }

    /// Whether the value that ends before this token is all of its setting.
    fn ends_here(&self, behind: usize, line: usize) -> bool {
        match self.token(behind) {
            None => true,
            Some(token) => match &token.kind {
                TokenKind::Sign(sign) => {
                    let sign = sign.as_str();
                    ENDS.contains(&sign) || token.line > line && !GO_ON.contains(&sign)
                }
                TokenKind::Word(_) | TokenKind::Text(_) => {
                    !self.is_under_condition(behind)
                        && (token.line > line || self.language.is_separated_by_blanks())
                }
            },
        }
    }

    /// A word that is a value: a number, a truth value, or one of an enumeration of modes.
    pub(super) fn constant(&self, at: usize, word: &str) -> (String, usize) {
        let next = at.saturating_add(1);
        let last = word.rsplit('.').next().unwrap_or_default();
        if is_number(word) {
            return (word.to_owned(), next);
        }
        if matches!(word, "true" | "false" | "True" | "False") {
            let line = self.token(at).map_or(0, |token| token.line);
            let value = match self.ends_here(next, line) {
                true => word.to_lowercase(),
                // `true === x`, `true && x`
                false => UNKNOWN.to_owned(),
            };
            return (value, next);
        }
        if matches!(word, "null" | "nil" | "None" | "undefined") {
            return (String::new(), next);
        }
        let of_modes = |word: &str| word.to_ascii_lowercase().contains("sslmode");
        if of_modes(word) && word.contains('.') && !self.is_under_condition(next) {
            return (last.to_owned(), next);
        }
        // `PgSslMode::Disable`
        let behind = next.saturating_add(2);
        if of_modes(word) && self.sign(next) == Some("::") && !self.is_under_condition(behind) {
            let member = self.word(next.saturating_add(1)).unwrap_or_default();
            return (member.to_owned(), behind);
        }
        (UNKNOWN.to_owned(), next)
    }
}
