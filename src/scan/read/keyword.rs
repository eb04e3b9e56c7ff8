//! Words of the language of a shell: they open and close blocks.

use std::ops::Range;

use super::control::{Block, Head, Runs};
use super::shell::{Rules, Shell};
use super::variables::State;
use crate::scan::document::{Effect, Followed};

/// Whether a word was one of the language.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Yes,
    No,
}

impl Shell {
    /// Takes a word of the language at the beginning of a command.
    pub(super) fn keyword(&mut self, word: &str) -> Taken {
        if self.rules == Rules::Prose {
            return Taken::No;
        }
        match self.control.head() {
            Head::Words if word != "do" => {
                self.state.doubt(Followed::of(word).as_ref());
                return Taken::Yes;
            }
            Head::Words | Head::Command => self.control.expect(Head::Command),
            Head::Subject => {
                if word == "in" {
                    self.control.expect(Head::Pattern);
                }
                return Taken::Yes;
            }
            Head::Pattern => {
                if word == "esac" {
                    self.close(Block::Case);
                }
                return Taken::Yes;
            }
            Head::Name => {
                self.define(word);
                self.control.expect(Head::Command);
                return Taken::Yes;
            }
        }
        let is_make = self.rules == Rules::Make;
        match word {
            "if" => self.open(Block::If),
            "ifdef" | "ifndef" | "ifeq" | "ifneq" if is_make => {
                self.open(Block::If);
                self.control.expect(Head::Words);
            }
            "while" | "until" => self.open(Block::Loop),
            "for" | "select" => {
                self.open(Block::Loop);
                self.control.expect(Head::Words);
            }
            "case" => {
                self.open(Block::Case);
                self.control.expect(Head::Subject);
            }
            "{" => self.open(Block::Group),
            "function" => self.control.expect(Head::Name),
            "then" => self.control.then(&self.state),
            "do" | "!" | "time" | "-p" => {}
            "else" | "elif" => {
                self.control.branch(&mut self.state);
                if is_make {
                    self.control.expect(Head::Words);
                }
            }
            "fi" => self.close(Block::If),
            "endif" if is_make => self.close(Block::If),
            "done" => self.close(Block::Loop),
            "esac" => self.close(Block::Case),
            "}" => self.close(Block::Group),
            _ => {
                self.control.define(None);
                return Taken::No;
            }
        }
        Taken::Yes
    }

    pub(super) fn open(&mut self, block: Block) {
        let commands = self.document.commands.len();
        self.control.open(block, commands, &mut self.state);
    }

    pub(super) fn close(&mut self, block: Block) {
        let Some(closed) = self.control.close(block, &mut self.state) else {
            return;
        };
        let commands = closed.commands..self.document.commands.len();
        match closed.runs {
            Runs::Once => {}
            Runs::Again => {
                for name in closed.changes {
                    if let before @ Effect::Value(_, _) = closed.before.effect(name) {
                        self.doubt_commands(commands.clone(), name, &before);
                    }
                }
            }
            Runs::Later(function) => {
                self.changed(closed.changes.clone());
                for name in Followed::ALL {
                    let before = closed.before.effect(name);
                    let waiting = self.waiting.entry(name).or_default();
                    waiting.push((commands.clone(), before));
                }
                let changes = self.functions.entry(function).or_default();
                changes.extend(closed.changes);
            }
        }
    }

    /// Commands that get a variable from outside of their block, where it may be another one.
    fn doubt_commands(&mut self, commands: Range<usize>, name: Followed, before: &Effect) {
        let commands = self.document.commands.get_mut(commands);
        for command in commands.into_iter().flatten() {
            let effect = command.effect(name);
            // What the block itself sets may have been exported before.
            if effect == before || *effect == Effect::Assigned {
                *effect = Effect::Doubtful;
            }
        }
    }

    /// Functions may run with what is changed now.
    pub(super) fn changed(&mut self, names: impl IntoIterator<Item = Followed>) {
        for name in names {
            for (commands, before) in self.waiting.remove(&name).unwrap_or_default() {
                self.doubt_commands(commands, name, &before);
            }
        }
    }

    pub(super) fn changed_since(&mut self, before: &State) {
        if !self.waiting.is_empty() {
            self.changed(self.state.differing(before));
        }
    }
}
