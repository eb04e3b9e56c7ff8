//! `PGSSLMODE` and `PGPASSWORD` beside commands: they count for the command behind them, for every command after them, or
//! for the container or job whose environment sets them.

use std::collections::BTreeMap;

use crate::scan::candidate::{Beside, Besides, Candidate, Form};
use crate::scan::document::{Document, Entry};
use crate::scan::kind::Kind;
use crate::scan::read::lines::words;

const MODE: &str = "PGSSLMODE";
const ROOT: &str = "PGSSLROOTCERT";
const PASSWORD: &str = "PGPASSWORD";

/// Keys above the environment of a process.
const ENVIRONMENTS: &[&str] = &["env", "environment", "variables"];

/// The modes that a document sets for commands.
pub(super) struct Environment<'d> {
    document: &'d Document,
    /// By the scope whose commands have it.
    of_scopes: BTreeMap<usize, Besides>,
    /// Those outside of such a scope.
    others: Vec<&'d Entry>,
    root: Option<&'d str>,
    passwords: Vec<&'d Entry>,
    /// That of the text around this one.
    outside: Besides,
}

impl<'d> Environment<'d> {
    pub(super) fn of(document: &'d Document, outside: Besides) -> Self {
        let entries = || document.entries.iter();
        let roots: BTreeMap<usize, &str> = entries()
            .filter(|entry| entry.key == ROOT)
            .map(|entry| (entry.scope, entry.value.as_str()))
            .collect();
        let (mut of_scopes, mut others) = (BTreeMap::new(), Vec::new());
        for entry in entries().filter(|entry| is_mode(&entry.key)) {
            let scope = document
                .scope(entry.scope)
                .filter(|scope| ENVIRONMENTS.contains(&scope.name.as_str()));
            match scope.and_then(|scope| scope.parent) {
                Some(parent) => {
                    let root = roots.get(&entry.scope).copied();
                    of_scopes.insert(parent, Besides::of_mode(&entry.value, root));
                }
                None => others.push(entry),
            }
        }
        Self {
            document,
            of_scopes,
            others,
            root: roots.into_values().next(),
            passwords: entries().filter(|entry| entry.key == PASSWORD).collect(),
            outside,
        }
    }

    /// The mode of what stands in this scope.
    pub(super) fn of_scope(&self, scope: usize) -> Besides {
        let mut around = self.document.around(scope);
        let known = around.find_map(|scope| self.of_scopes.get(&scope));
        known.copied().unwrap_or(self.outside)
    }

    /// Gives strings without a name their mode.
    pub(super) fn apply(&self, kind: Kind, text: &str, first_line: usize, found: &mut [Candidate]) {
        self.give_passwords(kind, text, first_line, found);
        let is_empty = self.of_scopes.is_empty() && self.others.is_empty();
        if is_empty && self.outside == Besides::Nothing {
            return;
        }
        let modes = Reached::of(MODE, &self.others, text, first_line);
        for candidate in found
            .iter_mut()
            .filter(|candidate| candidate.key.is_none() && candidate.beside == Besides::Nothing)
        {
            candidate.beside = match kind {
                Kind::Lines(_) | Kind::Prose | Kind::Passwords => {
                    let mode = modes.at(candidate.line);
                    mode.map_or(self.outside, |mode| {
                        Besides::of_mode(&mode.value, self.root)
                    })
                }
                Kind::Yaml => self.of_scope(candidate.scope),
                Kind::Ini | Kind::Code(_) => match self.of_scope(candidate.scope) {
                    // `os.environ["PGSSLMODE"] = "require"`
                    Besides::Nothing => self.only(),
                    mode => mode,
                },
            };
        }
    }

    /// The mode of a file that sets it once, or always in the same way.
    fn only(&self) -> Besides {
        let Some((first, others)) = self.others.split_first() else {
            return Besides::Nothing;
        };
        if others.iter().any(|other| other.value != first.value) {
            return Besides::Something;
        }
        Besides::of_mode(&first.value, self.root)
    }

    /// `PGPASSWORD=x psql`
    fn give_passwords(&self, kind: Kind, text: &str, first_line: usize, found: &mut [Candidate]) {
        let Kind::Lines(_) = kind else {
            return;
        };
        let passwords = Reached::of(PASSWORD, &self.passwords, text, first_line);
        let without = found.iter_mut().filter(|candidate| {
            candidate.form == Form::Text && candidate.key.is_none() && candidate.password.is_none()
        });
        for candidate in without {
            candidate.password = passwords.at(candidate.line).map(|entry| Beside {
                value: entry.value.clone(),
                line: entry.line,
            });
        }
    }
}

fn is_mode(key: &str) -> bool {
    key == MODE || key == "process.env.PGSSLMODE"
}

/// The settings of one variable in lines that run one after the other.
struct Reached<'d> {
    /// For the command of this line.
    of_line: BTreeMap<usize, &'d Entry>,
    /// From this line on.
    onward: BTreeMap<usize, &'d Entry>,
}

impl<'d> Reached<'d> {
    fn of(name: &str, settings: &[&'d Entry], text: &str, first_line: usize) -> Self {
        let (mut of_line, mut onward) = (BTreeMap::new(), BTreeMap::new());
        if !settings.is_empty() {
            let lines: Vec<&str> = text.lines().collect();
            for entry in settings {
                let line = entry
                    .line
                    .checked_sub(first_line)
                    .and_then(|index| lines.get(index));
                match reach(line.copied().unwrap_or_default(), name) {
                    Reach::Line => of_line.insert(entry.line, *entry),
                    Reach::Onward => onward.insert(entry.line, *entry),
                };
            }
        }
        Self { of_line, onward }
    }

    fn at(&self, line: usize) -> Option<&'d Entry> {
        let last = || self.onward.range(..=line).next_back();
        let known = self
            .of_line
            .get(&line)
            .or_else(|| last().map(|(_, entry)| entry));
        known.copied()
    }
}

/// Which commands a setting of the environment counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// That of its line.
    Line,
    /// All that come after it.
    Onward,
}

/// Words before a setting that counts from there on.
const KEPT: &[&str] = &["export", "declare", "readonly", "ENV", "ARG", "set", "setx"];

fn reach(line: &str, variable: &str) -> Reach {
    let words = words(line);
    let sets = |word: &String| {
        word.split_once('=')
            .is_some_and(|(name, _)| name == variable)
    };
    let Some(at) = words.iter().position(sets) else {
        return Reach::Onward;
    };
    let (before, behind) = words.split_at(at);
    // `A=b PGSSLMODE=require psql` is one command, `PGSSLMODE=require; psql` are two.
    let next = behind.iter().find(|word| !word.contains('='));
    let ends = next.is_none_or(|next| matches!(next.as_str(), ";" | "&"));
    if ends || before.iter().any(|word| KEPT.contains(&word.as_str())) {
        Reach::Onward
    } else {
        Reach::Line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_before_a_command_counts_for_it_alone() {
        for (line, expected) in [
            ("PGSSLMODE=require psql -h h", Reach::Line),
            ("A=b PGSSLMODE=require C=d sudo psql", Reach::Line),
            ("docker run -e PGSSLMODE=require pg psql", Reach::Line),
            ("PGSSLMODE=require", Reach::Onward),
            ("export PGSSLMODE=require A=b", Reach::Onward),
            ("export PGSSLMODE=require && psql -h h", Reach::Onward),
            ("PGSSLMODE=require; psql -h h", Reach::Onward),
            ("ENV PGSSLMODE require", Reach::Onward),
            ("  PGSSLMODE: require", Reach::Onward),
        ] {
            assert_eq!(reach(line, MODE), expected, "{line}");
        }
    }
}
