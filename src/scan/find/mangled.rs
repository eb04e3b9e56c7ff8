//! Strings that no program gets as they stand in the file.

use std::collections::BTreeSet;

use super::environment::process;
use super::parts::{self, Part};
use crate::dialect::Damage;
use crate::scan::candidate::{Candidate, Form};
use crate::scan::document::{Document, Entry, Mark};
use crate::scan::kind::Kind;
use crate::scan::read::lines::Style;

/// Marks those that a shell tears, and those in a variable for a string that has more than one.
pub(super) fn mark(document: &Document, kind: Kind, candidates: &mut [Candidate]) {
    let is_variable = |entry: &&Entry| {
        let is_set = match kind {
            Kind::Lines(Style::Env | Style::Properties) => true,
            Kind::Yaml | Kind::Code(_) => process(document, entry.scope).is_some(),
            Kind::Lines(
                Style::Shell | Style::Docker | Style::Unit | Style::Make | Style::Batch,
            )
            | Kind::Ini
            | Kind::Passwords
            | Kind::Prose => false,
        };
        is_set && parts::of(&entry.key).is_some_and(|name| name.part == Part::Url)
    };
    let variables = document.entries.iter().filter(is_variable);
    let wrapped: BTreeSet<(usize, &str)> = variables
        .filter(|entry| Damage::of_variable(&entry.value).is_some())
        .map(|entry| (entry.line, entry.key.as_str()))
        .collect();
    for candidate in candidates.iter_mut().filter(|one| one.form == Form::Text) {
        let key = candidate.key.as_deref().unwrap_or_default();
        if wrapped.contains(&(candidate.line, key)) {
            candidate.form = Form::Wrapped;
        } else if document.has_mark(candidate.line, Mark::Torn)
            && candidate.filled.text.contains('&')
        {
            candidate.form = Form::Torn;
            candidate.filled.cut_at_ampersand();
        }
    }
}
