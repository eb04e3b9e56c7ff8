//! Builtins of a shell that decide what its programs get.

use super::command::assignment;
use super::lines::is_name;
use super::program::runs_others;
use super::redirection::without_redirection;
use super::shell::{Rules, Shell};
use super::variables::Exported;
use super::words::{Brackets, Piece, split};
use crate::scan::document::Followed;

/// Whether a builtin changes no variable, and may keep what stands before it (POSIX.1-2024, 2.15).
pub(super) fn is_special(name: &str) -> bool {
    matches!(
        name,
        ":" | "."
            | "eval"
            | "exec"
            | "trap"
            | "break"
            | "continue"
            | "return"
            | "shift"
            | "times"
            | "exit"
    )
}

/// What a handler of `trap` runs behind everything else for.
const ENDS: &[&str] = &[
    "EXIT", "0", "INT", "TERM", "HUP", "QUIT", "1", "2", "3", "15",
];

/// Whether a function with this name changes what other commands mean.
fn is_of_shell(name: &str) -> bool {
    matches!(
        name,
        "export"
            | "unset"
            | "declare"
            | "typeset"
            | "local"
            | "readonly"
            | "set"
            | "read"
            | "eval"
            | "source"
    ) || runs_others(name)
}

/// Commands that change no variable, as the handlers of `trap` have them.
const HARMLESS: &[&str] = &["rm", "exit", "echo", "kill", "wait", "true", "-"];

/// The followed variables that words name.
fn followed(words: &[&str]) -> Vec<Followed> {
    let words = words.iter();
    words.flat_map(|word| Followed::named_in(word)).collect()
}

impl Shell {
    /// A command that changes the shell itself.
    pub(super) fn builtin(&mut self, name: &str, words: &[&str], number: usize) -> bool {
        let has = |sign: char, letter: char| {
            words.iter().any(|word| {
                let flags = word.strip_prefix(sign);
                flags.is_some_and(|flags| flags.contains(letter) && !flags.contains('='))
            })
        };
        // Another name for a variable.
        if matches!(name, "declare" | "typeset" | "local" | "nameref") && has('-', 'n') {
            self.lose();
        }
        let is_declared = matches!(name, "declare" | "typeset" | "local");
        let has_any = |letters: &[char]| letters.iter().any(|letter| has('-', *letter));
        // What is assigned to such a variable changes on the way. An array is never exported.
        if is_declared && has_any(&['u', 'l', 'c', 'i', 'a', 'A']) && !followed(words).is_empty() {
            self.lose();
        }
        let exported = match name {
            "unexport" => Some(Exported::No),
            "export" if has('-', 'n') => Some(Exported::No),
            "export" => Some(Exported::Yes),
            // A shell has no such command.
            "ENV" | "ARG" | "setx" if self.rules == Rules::Prose => Some(Exported::Yes),
            "declare" | "typeset" if has('-', 'x') => Some(Exported::Yes),
            "declare" | "typeset" if has('+', 'x') => Some(Exported::No),
            "declare" | "typeset" | "local" | "readonly" => None,
            "unset" => {
                self.doubt_open(words);
                for word in words {
                    let word = without_redirection(word);
                    match word.split_once('[') {
                        Some((name, _)) => self.state.doubt(Followed::of(name).as_ref()),
                        None => self.state.remove(word),
                    }
                }
                return true;
            }
            "set" => {
                self.set(words, number);
                return true;
            }
            // It sets no variables but those of Python.
            "source" | "."
                if words
                    .first()
                    .is_some_and(|file| file.ends_with("bin/activate")) =>
            {
                return false;
            }
            // What they do is written elsewhere.
            "source" | "." | "eval" => {
                self.state.doubt_all();
                return false;
            }
            "include" | "-include" | "sinclude" if self.rules == Rules::Make => {
                self.state.doubt_all();
                return false;
            }
            "enable" => {
                self.lose();
                return false;
            }
            "alias" => {
                self.lose();
                for (name, _) in words.iter().filter_map(|word| assignment(word)) {
                    self.functions.entry(name.to_owned()).or_default();
                }
                return false;
            }
            "trap" => {
                let ends = |word: &&str| ENDS.contains(&word.trim_start_matches("SIG"));
                let is_last = |word: &&str| matches!(*word, "EXIT" | "0");
                let mut signals = words.iter().skip(1);
                let handler = words.first().copied().unwrap_or_default();
                // A script goes on behind the handler of a signal.
                let goes_on = !signals.clone().all(is_last);
                if goes_on && !(signals.all(ends) && self.is_harmless(handler)) {
                    self.lose();
                }
                return false;
            }
            "coproc" => {
                self.lose();
                return false;
            }
            "read" | "printf" | "getopts" | "mapfile" | "readarray" | "wait" | "let" => {
                if name != "printf" || words.iter().any(|word| word.starts_with("-v")) {
                    self.doubt_open(words);
                    self.state.doubt(&followed(words));
                }
                return false;
            }
            _ => return false,
        };
        if let ("ENV", [name, value]) = (name, words)
            && !name.contains('=')
        {
            self.assign(name, value, number, Exported::Yes);
            return true;
        }
        for word in words {
            let name = match (assignment(word), word.contains('=')) {
                (Some((name, value)), _) => {
                    self.assign(name, value, number, exported.unwrap_or_default());
                    name
                }
                (None, true) => {
                    self.document.say(self.scope, word, number);
                    continue;
                }
                (None, false) => without_redirection(word),
            };
            if let Some(exported) = exported {
                self.state.export(name, exported);
            }
        }
        if name == "readonly" || is_declared && has_any(&['r']) {
            self.locked.extend(followed(words));
        }
        self.doubt_open(words);
        true
    }

    /// Begins a function.
    pub(super) fn define(&mut self, name: &str) {
        if is_of_shell(name) {
            self.lose();
        }
        self.control.define(Some(name.to_owned()));
    }

    /// Whether commands change no variable.
    fn is_harmless(&self, commands: &str) -> bool {
        let pieces = split(commands, Brackets::Signs);
        let mut commands =
            pieces.split(|piece| matches!(piece, Piece::End(_) | Piece::Open | Piece::Close));
        commands.all(|command| {
            let first = command.iter().find_map(Piece::word);
            first.is_none_or(|first| match self.functions.get(first) {
                Some(changes) => changes.is_empty(),
                None => HARMLESS.contains(&first),
            })
        })
    }

    /// `export $(cat .env)`: only the running program knows which variables these are.
    fn doubt_open(&mut self, words: &[&str]) {
        let is_open = |word: &&str| {
            let name = word.split('=').next().unwrap_or_default();
            name.contains(['$', '`', '{', '*', '?'])
        };
        if words.iter().any(is_open) {
            self.state.doubt_all();
        }
    }

    /// `set -a`, and `set -x NAME value` of fish.
    fn set(&mut self, words: &[&str], number: usize) {
        if let [flags, name, value, ..] = words
            && flags.starts_with('-')
            && flags.contains('x')
            && is_name(name)
        {
            self.assign_perhaps(name, value, number);
            return;
        }
        self.state.doubt(&followed(words));
        let mut last = "";
        for word in words.iter().take_while(|word| **word != "--") {
            // An argument ends the options.
            if !word.starts_with(['-', '+']) && !matches!(last, "-o" | "+o") {
                break;
            }
            let exported = match (word.get(..1), last) {
                (_, "-o") if *word == "allexport" => Some(Exported::Yes),
                (_, "+o") if *word == "allexport" => Some(Exported::No),
                (Some("-"), _) if word.contains('a') => Some(Exported::Yes),
                (Some("+"), _) if word.contains('a') => Some(Exported::No),
                _ => None,
            };
            if let Some(exported) = exported {
                self.state.export_all(exported);
            }
            last = word;
        }
    }
}
