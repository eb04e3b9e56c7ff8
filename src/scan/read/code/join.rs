//! Literals that are joined to one string.

use super::super::language::Adjacent;
use super::{BETWEEN, Reader};
use crate::scan::document::UNKNOWN;

const LONGEST: usize = 64 * 1024;

/// Tokens of an expression between two texts.
const LONGEST_EXPRESSION: usize = 60;

impl Reader<'_> {
    pub(super) fn follows_join(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.sign(before));
        before.is_some_and(|sign| self.language.joins.contains(&sign))
    }

    /// The text at this token together with those that are joined to it.
    pub(super) fn joined(&self, at: usize) -> (String, usize) {
        let mut value = self.text(at).unwrap_or_default().to_owned();
        let mut next = at.saturating_add(1);
        while value.len() < LONGEST {
            if self.is_adjacent(next)
                && let Some(more) = self.text(next)
                && self
                    .sign(next.saturating_add(1))
                    .is_none_or(|sign| !BETWEEN.contains(&sign))
            {
                value.push_str(more);
                next = next.saturating_add(1);
                continue;
            }
            if self
                .sign(next)
                .is_none_or(|sign| !self.language.joins.contains(&sign))
            {
                break;
            }
            next = next.saturating_add(1);
            match self.text(next) {
                Some(more) => {
                    value.push_str(more);
                    next = next.saturating_add(1);
                }
                None => {
                    value.push_str(UNKNOWN);
                    next = self.behind_expression(next);
                }
            }
        }
        // `"...".format(...)`, `"..." % (...)`: its texts are no settings.
        (value, next)
    }

    /// Whether a text here is one with the text before it.
    fn is_adjacent(&self, at: usize) -> bool {
        let line = |at: usize| self.token(at).map(|token| token.line);
        match self.language.adjacent {
            Adjacent::Separate => false,
            Adjacent::Joined => true,
            // Elsewhere the line ends the statement.
            Adjacent::JoinedInBrackets => self.is_same_statement(at),
            Adjacent::JoinedInLine => at.checked_sub(1).and_then(line) == line(at),
        }
    }

    /// The end of an expression that is joined to a text.
    fn behind_expression(&self, start: usize) -> usize {
        let mut depth = 0_usize;
        let mut at = start;
        let end = start.saturating_add(LONGEST_EXPRESSION);
        while at < end {
            match self.sign(at) {
                Some("(" | "[" | "{") => depth = depth.saturating_add(1),
                Some(")" | "]" | "}" | "," | ";") if depth == 0 => return at,
                Some(")" | "]" | "}") => depth = depth.saturating_sub(1),
                Some(sign) if depth == 0 && self.language.joins.contains(&sign) => return at,
                Some(_) => {}
                None if self.token(at).is_none() => return at,
                // Without a sign before it, a text belongs to the next statement.
                None if depth == 0 && self.text(at).is_some() => return at,
                None => {}
            }
            at = at.saturating_add(1);
        }
        at
    }
}
