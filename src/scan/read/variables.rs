//! Variables of a shell that decide how psql connects.

use std::collections::BTreeMap;

use crate::scan::document::{Effect, UNKNOWN};

/// Those that are followed.
const FOLLOWED: &[&str] = &["PGSSLMODE", "PGSSLROOTCERT", "PGPASSWORD"];

/// Whether programs get a variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Exported {
    /// They do.
    Yes,
    /// They do if the shell itself got it.
    #[default]
    No,
    /// Under a condition.
    Perhaps,
}

/// A variable that the text sets or removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    /// Nothing if it is removed.
    value: Option<(String, usize)>,
    exported: Exported,
}

impl Variable {
    /// `unset`
    pub(super) const fn removed() -> Self {
        Self {
            value: None,
            exported: Exported::No,
        }
    }

    fn doubtful() -> Self {
        Self {
            value: Some((UNKNOWN.to_owned(), 0)),
            exported: Exported::Perhaps,
        }
    }
}

/// What the text has said of the variables up to a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    known: BTreeMap<&'static str, Variable>,
    all: Exported,
}

impl State {
    pub(super) fn put(&mut self, name: &str, variable: Variable) {
        if let Some(name) = FOLLOWED.iter().find(|one| **one == name) {
            self.known.insert(name, variable);
        }
    }

    pub(super) fn assign(&mut self, name: &str, value: &str, line: usize, exported: Exported) {
        let before = self.known.get(name).map(|known| known.exported);
        let exported = match (exported, self.all, before) {
            (Exported::Yes, _, _) | (_, Exported::Yes, _) => Exported::Yes,
            (_, _, Some(before)) => before,
            (Exported::No | Exported::Perhaps, _, None) => Exported::No,
        };
        let value = Some((value.to_owned(), line));
        self.put(name, Variable { value, exported });
    }

    /// `export NAME`
    pub(super) fn export(&mut self, name: &str, exported: Exported) {
        if let Some(variable) = self.known.get_mut(name) {
            variable.exported = exported;
        }
    }

    /// `set -a`
    pub(super) fn export_all(&mut self, exported: Exported) {
        self.all = exported;
    }

    /// Makes doubtful what differs from another state.
    pub(super) fn doubt_changes(&mut self, other: &Self) {
        for name in FOLLOWED {
            if self.known.get(name) != other.known.get(name) {
                self.known.insert(name, Variable::doubtful());
            }
        }
        if self.all != other.all {
            self.all = Exported::No;
        }
    }

    /// Makes doubtful what is known.
    pub(super) fn doubt_all(&mut self) {
        for variable in self.known.values_mut() {
            *variable = Variable::doubtful();
        }
    }

    /// What a command gets.
    pub(super) fn effect(&self, name: &str) -> Effect {
        let Some(variable) = self.known.get(name) else {
            return Effect::Inherited;
        };
        match (&variable.value, variable.exported) {
            (None, _) => Effect::Removed,
            (Some((value, line)), Exported::Yes) => Effect::Value(value.clone(), *line),
            (Some(_), Exported::No) => Effect::Assigned,
            (Some(_), Exported::Perhaps) => Effect::Doubtful,
        }
    }
}
