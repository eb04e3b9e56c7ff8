//! Commands of a shell: lists of them, and what one of them does to the shell.

use super::builtin::is_special;
use super::control::{Block, Head};
use super::keyword::Taken;
use super::lines::is_name;
use super::redirection::{is_redirected, without_redirections};
use super::shell::{Rules, Shell};
use super::variables::Exported;
use super::words::{End, Piece};
use crate::dialect::is_psql_program;
use crate::scan::document::{Arguments, Followed, UNKNOWN};

impl Shell {
    /// Commands with the signs between them.
    pub(super) fn list(&mut self, pieces: &[Piece], number: usize) {
        let mut pieces = pieces.iter().peekable();
        let mut command: Vec<&str> = Vec::new();
        let mut word_may_be_several = false;
        let mut is_before = true;
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Several => word_may_be_several = true,
                Piece::Torn => self.torn(number),
                Piece::Inner(inner) => self.alone(inner, number),
                Piece::Word(word) => {
                    let may_be_several = std::mem::take(&mut word_may_be_several);
                    if command.is_empty() && self.keyword(word) == Taken::Yes {
                        continue;
                    }
                    let is_file = is_redirected(command.last().copied(), word);
                    is_before = (command.is_empty() || is_before) && assignment(word).is_some();
                    command.push(word);
                    if may_be_several && !is_file && !is_before {
                        self.arguments = Arguments::Open;
                    }
                }
                // `f()`, and `f () (...)`
                Piece::Open if pieces.next_if(|next| **next == Piece::Close).is_some() => {
                    if let Some(name) = command.first() {
                        self.define(name);
                        command.clear();
                    }
                }
                Piece::Open => {
                    self.simple(&std::mem::take(&mut command), number);
                    if self.control.head() == Head::Command {
                        self.open(Block::Subshell);
                    }
                }
                Piece::Close if self.control.head() == Head::Pattern => {
                    self.control.expect(Head::Command);
                }
                Piece::Close => {
                    self.simple(&std::mem::take(&mut command), number);
                    self.close(Block::Subshell);
                }
                // A line ends behind a sign.
                Piece::End(End::Next) if command.is_empty() => {
                    self.control.end_line(&mut self.state);
                }
                Piece::End(end) => {
                    self.simple(&std::mem::take(&mut command), number);
                    self.control.end(*end, &mut self.state);
                }
            }
        }
        if self.rules == Rules::Prose || !command.is_empty() {
            self.simple(&command, number);
            self.control.end(End::Next, &mut self.state);
        } else {
            self.control.end_line(&mut self.state);
        }
    }

    /// One command.
    pub(super) fn simple(&mut self, words: &[&str], number: usize) {
        let given = std::mem::replace(&mut self.arguments, Arguments::Known);
        let words = &without_redirections(words, |word| assignment(word).is_none())[..];
        let is_before = |word: &&&str| {
            assignment(word).is_some()
                || matches!(**word, "command" | "builtin" | "time" | "@" | "-p" | "--")
        };
        let before = words.iter().take_while(is_before).count();
        let (assigned, rest) = words.split_at_checked(before).unwrap_or_default();
        let assigned = || assigned.iter().filter_map(|word| assignment(word));
        let earlier = self.state.clone();
        let Some((first, arguments)) = rest.split_first() else {
            for (name, value) in assigned() {
                self.assign(name, value, number, Exported::No);
            }
            self.changed_since(&earlier);
            return;
        };
        let names = || assigned().filter_map(|(name, _)| Followed::of(name));
        let is_builtin = self.builtin(first, arguments, number);
        let function = self.functions.get(*first).cloned();
        if is_builtin || function.is_some() || is_special(first) {
            // Some shells keep what stands before a function or a builtin.
            let names: Vec<Followed> = names().collect();
            self.state.doubt(&names);
            self.changed(names);
        }
        self.state.doubt(&function.unwrap_or_default());
        // `: "${NAME:=default}"`
        let defaults = |name: &Followed| {
            let sign = format!("${{{}:=", name.name());
            arguments.iter().any(|word| word.contains(&sign))
        };
        // `a=(export NAME=value)` runs nothing.
        if words.iter().any(|word| word.contains("=(")) {
            self.state.doubt(&self.state.differing(&earlier));
        }
        // Nobody knows which command this is.
        if first.starts_with('$') && !first.contains('/') && self.rules != Rules::Prose {
            self.state.doubt_all();
        }
        if *first == ":" {
            self.state
                .doubt(Followed::ALL.iter().filter(|name| defaults(name)));
        }
        self.changed_since(&earlier);
        if is_builtin {
            return;
        }
        // A function may have the name of a program, and run that in its own way.
        let state = self.state.clone();
        if is_psql_program(first) && self.functions.contains_key(*first) {
            self.state.doubt(&Followed::ALL);
        }
        self.run(words, given, number);
        self.state = state;
    }
}

/// A program without its directory.
pub(super) fn file_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or_default()
}

/// `NAME=value`. What `NAME+=more` and `NAME[0]=value` make is not known.
pub(super) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let (name, value) = match (name.strip_suffix('+'), name.split_once('[')) {
        (_, Some((name, _))) | (Some(name), None) => (name, UNKNOWN),
        (None, None) => (name, value),
    };
    is_name(name).then_some((name, value))
}
