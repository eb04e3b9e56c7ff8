//! Readers: one for each family of formats. All are tolerant, because templates, comments and mistakes are part of what
//! people commit: what they cannot read they pass over.

mod arguments;
mod builtin;
pub(super) mod code;
mod command;
mod control;
mod docker;
mod env;
mod escape;
pub(super) mod ini;
mod keyword;
pub(super) mod language;
pub(super) mod lines;
mod make;
mod program;
pub(super) mod prose;
mod redirection;
mod shell;
mod token;
mod unclosed;
mod variables;
mod words;
pub(super) mod yaml;

pub(super) use program::{is_shell, says_where, sets_variables_of_psql};

/// Whether the text can be the name of a setting.
fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}
