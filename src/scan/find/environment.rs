//! `PGSSLMODE` beside commands: it counts for the command behind it, for every command after it, or for the container or
//! job whose environment sets it.

use std::collections::BTreeMap;

use crate::scan::candidate::{Besides, Candidate};
use crate::scan::document::{Document, Entry};
use crate::scan::kind::Kind;
use crate::scan::read::lines::words;

const MODE: &str = "PGSSLMODE";
const ROOT: &str = "PGSSLROOTCERT";

/// Keys above the environment of a process.
const ENVIRONMENTS: &[&str] = &["env", "environment", "variables"];

/// Gives strings without a name the mode that their environment sets. `outside` is that of the text around this one.
pub(super) fn apply(
    document: &Document,
    kind: Kind,
    text: &str,
    first_line: usize,
    outside: Besides,
    found: &mut [Candidate],
) {
    let modes: Vec<&Entry> = document
        .entries
        .iter()
        .filter(|entry| entry.key == MODE)
        .collect();
    if modes.is_empty() && outside == Besides::Nothing {
        return;
    }
    let lines = Lines::of(document, &modes, text, first_line);
    for candidate in found
        .iter_mut()
        .filter(|candidate| candidate.key.is_none() && candidate.beside == Besides::Nothing)
    {
        candidate.beside = match kind {
            Kind::Lines(_) | Kind::Prose | Kind::Passwords => lines.at(candidate.line, outside),
            Kind::Yaml => of_scope(document, candidate.scope, outside),
            Kind::Ini | Kind::Code(_) => {
                match of_scope(document, candidate.scope, outside) {
                    // `os.environ["PGSSLMODE"] = "require"`
                    Besides::Nothing => only(document, &modes),
                    mode => mode,
                }
            }
        };
    }
}

/// The mode that the environment of a container or a job sets for what stands in this scope.
pub(super) fn of_scope(document: &Document, scope: usize, outside: Besides) -> Besides {
    let is_around = |wanted: usize| document.around(scope).any(|around| around == wanted);
    let mut innermost: Option<&Entry> = None;
    for entry in document.entries.iter().filter(|entry| entry.key == MODE) {
        let known = document.scope(entry.scope);
        let is_environment = known.is_some_and(|scope| ENVIRONMENTS.contains(&scope.name.as_str()));
        let counts = is_environment
            && known
                .and_then(|scope| scope.parent)
                .is_some_and(|parent| is_around(parent));
        // Scopes are numbered from the outside to the inside.
        if counts && innermost.is_none_or(|other| other.scope <= entry.scope) {
            innermost = Some(entry);
        }
    }
    innermost.map_or(outside, |entry| {
        let root = document
            .entries
            .iter()
            .find(|other| other.scope == entry.scope && other.key == ROOT);
        Besides::of_mode(&entry.value, root.map(|root| root.value.as_str()))
    })
}

/// The mode of a file that sets it once, or always in the same way.
fn only(document: &Document, modes: &[&Entry]) -> Besides {
    let Some((first, others)) = modes.split_first() else {
        return Besides::Nothing;
    };
    if others.iter().any(|other| other.value != first.value) {
        return Besides::Something;
    }
    Besides::of_mode(&first.value, root(document))
}

fn root(document: &Document) -> Option<&str> {
    let mut entries = document.entries.iter();
    let root = entries.find(|entry| entry.key == ROOT)?;
    Some(&root.value)
}

/// The modes of lines that run one after the other.
struct Lines {
    /// For the command of this line.
    of_line: BTreeMap<usize, Besides>,
    /// From this line on.
    onward: BTreeMap<usize, Besides>,
}

impl Lines {
    fn of(document: &Document, modes: &[&Entry], text: &str, first_line: usize) -> Self {
        let (mut of_line, mut onward) = (BTreeMap::new(), BTreeMap::new());
        if !modes.is_empty() {
            let lines: Vec<&str> = text.lines().collect();
            let root = root(document);
            for entry in modes {
                let line = entry
                    .line
                    .checked_sub(first_line)
                    .and_then(|index| lines.get(index));
                let known = match reach(line.copied().unwrap_or_default()) {
                    Reach::Line => &mut of_line,
                    Reach::Onward => &mut onward,
                };
                known.insert(entry.line, Besides::of_mode(&entry.value, root));
            }
        }
        Self { of_line, onward }
    }

    fn at(&self, line: usize, outside: Besides) -> Besides {
        let last = || self.onward.range(..=line).next_back();
        let mode = self
            .of_line
            .get(&line)
            .or_else(|| last().map(|(_, mode)| mode));
        mode.copied().unwrap_or(outside)
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

fn reach(line: &str) -> Reach {
    let words = words(line);
    let is_mode = |word: &String| word.split_once('=').is_some_and(|(name, _)| name == MODE);
    let Some(at) = words.iter().position(is_mode) else {
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
            assert_eq!(reach(line), expected, "{line}");
        }
    }
}
