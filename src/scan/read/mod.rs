//! Readers: one for each family of formats. All are tolerant, because templates, comments and mistakes are part of what
//! people commit: what they cannot read they pass over.

pub(super) mod code;
pub(super) mod ini;
pub(super) mod language;
pub(super) mod lines;
pub(super) mod prose;
mod token;
pub(super) mod yaml;
