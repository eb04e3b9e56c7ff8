//! Readers: one for each family of formats. All are tolerant, because templates, comments and mistakes are part of what
//! people commit: what they cannot read they pass over.

pub(super) mod code;
mod control;
mod escape;
pub(super) mod ini;
pub(super) mod language;
pub(super) mod lines;
pub(super) mod prose;
mod shell;
mod token;
mod variables;
mod words;
pub(super) mod yaml;

/// Whether the text can be the name of a variable or a setting.
fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}
