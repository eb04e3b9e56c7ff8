//! What went wrong and what to do about it, one file for each stage or question.

mod addresses;
pub(super) mod archive;
pub(super) mod audit;
pub(super) mod certificate_request;
pub(super) mod chain;
pub(super) mod client_certificate;
pub(super) mod clients;
pub(super) mod connect;
pub(super) mod conninfo;
mod convert;
pub(super) mod demands;
pub(super) mod files;
pub(super) mod front;
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

use super::{Fix, Hint};
use crate::conninfo::{ConnInfo, Keyword, Origin};
use crate::escape::escape;
use crate::os::{self, Shell};

/// Quoted, so that a shell reads it as one word.
pub(super) fn shell_word(text: &str) -> String {
    shell_word_for(os::SHELL, text)
}

fn shell_word_for(shell: Shell, text: &str) -> String {
    match shell {
        Shell::Posix => posix_word(text),
        // Both shells take what is between these as it is, but for variables; a path contains none of them.
        Shell::Windows
            if text.is_empty()
                || text.contains(|c: char| {
                    c.is_whitespace() || "'`&|<>()^;,=~#!{}[]@".contains(c)
                }) =>
        {
            format!("\"{}\"", text.replace('"', "\\\""))
        }
        Shell::Windows => text.to_owned(),
    }
}

fn posix_word(text: &str) -> String {
    if text.contains(|c: char| c.is_whitespace() || "'\"\\$`*?;&|<>()~#!{}[]".contains(c)) {
        format!("'{}'", text.replace('\'', "'\\''"))
    } else {
        text.to_owned()
    }
}

/// The command that joins two files, whose names are quoted for the shell; `posix` is the program for Unix.
fn joining(posix: &str, first: &str, second: &str, out: &str) -> String {
    match os::SHELL {
        Shell::Posix => format!("{posix} {first} {second} > {out}"),
        // PowerShell's own copy does not join.
        Shell::Windows => format!("cmd /c copy /b {first}+{second} {out}"),
    }
}

/// Which of these settings come from elsewhere than the string: nobody looks there for one that was left over.
pub(super) fn from_elsewhere(conninfo: &ConnInfo, keywords: &[Keyword]) -> Hint {
    let of = |keyword: &Keyword| match &conninfo.parameter(*keyword)?.origin {
        origin @ Origin::Environment(variable) => Some(Hint::say(format!(
            "{keyword} comes from {origin}. If it was left over there, unset {variable}."
        ))),
        origin @ Origin::Service { .. } => {
            Some(Hint::say(format!("{keyword} comes from {origin}.")))
        }
        Origin::String { .. } | Origin::Default => None,
    };
    keywords.iter().filter_map(of).collect()
}

/// The user's own string with these settings changed or added, ready to paste, with secrets masked.
pub fn corrected(conninfo: &ConnInfo, changes: &[(Keyword, &[u8])]) -> Fix {
    Fix::string(escape(&conninfo.changed(changes)))
        .instead_of(escape(&conninfo.redacted()))
        .changing(changes)
}
