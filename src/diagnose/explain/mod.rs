//! What went wrong and what to do about it, one file for each stage or question.

pub(super) mod archive;
pub(super) mod audit;
pub(super) mod certificate_request;
pub(super) mod chain;
pub(super) mod client_certificate;
pub(super) mod clients;
pub(super) mod conninfo;
mod convert;
pub(super) mod demands;
pub(super) mod files;
pub(super) mod hosts_file;
mod identity;
pub(super) mod interrupted;
pub(super) mod login;
pub(super) mod name;
pub(super) mod negotiation_fallback;
mod no_anchor;
mod offers;
pub(super) mod openssl_conf;
mod operator;
pub(super) mod own_certificate;
pub(super) mod plaintext;
mod pooler;
pub(super) mod provider;
pub(super) mod refusal;
pub(super) mod renewal;
pub(super) mod request;
pub(super) mod rotation;
pub(super) mod second_look;
pub(super) mod versions;
pub(super) mod wire;

use super::Fix;
use crate::conninfo::{ConnInfo, Keyword};
use crate::escape::escape;

/// Quoted, so that a shell reads it as one word.
pub(super) fn shell_word(text: &str) -> String {
    if text.contains(|c: char| c.is_whitespace() || "'\"\\$`*?;&|<>()~#!{}[]".contains(c)) {
        format!("'{}'", text.replace('\'', "'\\''"))
    } else {
        text.to_owned()
    }
}

/// The user's own string with these settings changed or added, ready to paste, with secrets masked.
pub fn corrected(conninfo: &ConnInfo, changes: &[(Keyword, &[u8])]) -> Fix {
    Fix::string(escape(&conninfo.changed(changes)))
        .instead_of(escape(&conninfo.redacted()))
        .changing(changes)
}
