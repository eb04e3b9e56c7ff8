//! Lines of Makefiles and of units of systemd that are no commands of a shell.

use super::command::assignment;
use super::keyword::Taken;
use super::lines::is_name;
use super::program::is_shell;
use super::shell::Shell;
use super::variables::Exported;
use super::words::words;
use crate::scan::document::{Followed, reference};

/// What sets variables in a way that is not followed: words, and signs.
const BEGINNINGS: &[&str] = &["override", "define", "undefine", "private"];
const SIGNS: &[&str] = &[".SHELLFLAGS", "::=", "!=", ".ONESHELL", ".RECIPEPREFIX"];

impl Shell {
    /// A line of a Makefile: one of a recipe, or `target: ; command`.
    pub(super) fn make_line(&mut self, line: &str, number: usize) -> Taken {
        let text = line.trim_start();
        if text.contains("$(eval") || text.contains("${eval") {
            self.lose();
        }
        let begins = |word: &str| BEGINNINGS.contains(&word);
        let mut words = text.split(|c: char| c.is_whitespace() || c == ':');
        if !line.starts_with('\t')
            && (words.any(begins)
                || sets_no_shell(text)
                || puts_environment_first(text)
                || SIGNS.iter().any(|sign| text.contains(sign)))
        {
            self.lose();
        }
        if line.starts_with(' ') {
            // It belongs to no recipe, and may be a setting.
            self.state.doubt(&Followed::named_in(text));
        }
        let command = if line.starts_with([' ', '\t']) {
            text
        } else {
            match text.split_once(';').filter(|(rule, _)| is_rule(rule)) {
                Some((_, command)) => command.trim_start(),
                None => return Taken::No,
            }
        };
        let command = command.trim_start_matches(['@', '-', '+']).trim_start();
        self.later.push((with_braces(command), number));
        Taken::Yes
    }

    /// A setting of a unit.
    pub(super) fn unit_line(&mut self, text: &str, number: usize) -> Taken {
        if text.starts_with('[') {
            self.section = match text {
                "[Service]" | "[Socket]" | "[Mount]" | "[Swap]" => Section::Process,
                _ => Section::Other,
            };
            return Taken::Yes;
        }
        let Some((key, value)) = text.split_once('=') else {
            return Taken::No;
        };
        // systemd ignores them there.
        if self.section == Section::Other {
            return Taken::No;
        }
        let value = value.trim();
        match key.trim() {
            "Environment" if !value.is_empty() => {
                for word in words(value) {
                    if let Some((name, value)) = assignment(&word) {
                        self.assign(name, value, number, Exported::Yes);
                    }
                }
            }
            // They take settings back, or other files have them.
            "Environment" | "UnsetEnvironment" | "EnvironmentFile" => self.lose(),
            key if key.starts_with("Exec") => {
                let command = value.trim_start_matches(['@', '-', ':', '+', '!', '|']);
                self.later.push((command.to_owned(), number));
            }
            _ => return Taken::No,
        }
        Taken::Yes
    }
}

/// A section of a unit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// It starts a process (`systemd.exec`).
    Process,
    Other,
}

/// Whether the program that runs the recipes is no shell.
fn sets_no_shell(text: &str) -> bool {
    let Some((names, value)) = text.rsplit_once('=') else {
        return false;
    };
    let mut names = names.split(|c: char| c.is_whitespace() || ":?+".contains(c));
    names.any(|name| name == "SHELL") && !is_shell(value.trim())
}

/// Whether the environment of make replaces what the file sets: `MAKEFLAGS += -e`.
fn puts_environment_first(text: &str) -> bool {
    let flags = text
        .split_once('=')
        .filter(|(name, _)| name.contains("MAKEFLAGS"));
    flags.is_some_and(|(_, flags)| {
        flags.split_whitespace().any(|flag| {
            let is_short = !flag.starts_with("--") && !flag.starts_with("-j");
            flag.starts_with("--e") || is_short && flag.contains(['e', '$'])
        })
    })
}

/// A command with `${NAME}` for `$(NAME)`, which make takes for the same and a shell does not. `$$(name)` stays.
fn with_braces(command: &str) -> String {
    let mut out = String::with_capacity(command.len());
    let mut rest = command;
    while let Some((before, behind)) = rest.split_once("$(") {
        out.push_str(before);
        rest = behind;
        let name = behind.split_once(')');
        match name.filter(|(name, _)| is_name(name) && !before.ends_with('$')) {
            Some((name, behind)) => {
                out.push_str(&reference(name));
                rest = behind;
            }
            None => out.push_str("$("),
        }
    }
    out + rest
}

/// Whether make hands on more than a shell would: quotes, a blank at the end.
pub(super) fn keeps_more(line: &str) -> bool {
    !line.starts_with(['\t', '#'])
        && (line.contains(['"', '\'', '\\', ';', '#']) || line.ends_with([' ', '\t']))
}

/// `target:` before its command.
fn is_rule(target: &str) -> bool {
    target.contains(':') && !target.contains('=')
}
