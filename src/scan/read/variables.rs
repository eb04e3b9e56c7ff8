//! What a script has said of the variables that are followed.

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::document::{Effect, Followed, UNKNOWN};

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

/// What a variable contains.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Contents {
    /// What it is outside of the text.
    Inherited,
    /// A value, and the line that sets it.
    Value(String, usize),
    /// Nothing: it is removed.
    Removed,
}

/// A variable of which the text says something.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Variable {
    contents: Contents,
    exported: Exported,
}

impl Variable {
    /// One that something else may have set, and nothing here exports.
    fn unset() -> Self {
        Self {
            contents: Contents::Value(UNKNOWN.to_owned(), 0),
            exported: Exported::No,
        }
    }
}

/// What the text has said of the variables up to a place.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    known: BTreeMap<Followed, Variable>,
    /// Whether every variable is exported.
    all: Exported,
    /// Those that were changed in the function that is read.
    changed: BTreeSet<Followed>,
}

impl State {
    fn put(&mut self, name: Followed, contents: Contents, exported: Exported) {
        let variable = Variable { contents, exported };
        if self.known.get(&name) != Some(&variable) {
            self.known.insert(name, variable);
        }
        self.changed.insert(name);
    }

    pub(super) fn assign(&mut self, name: &str, value: &str, line: usize, exported: Exported) {
        let Some(name) = Followed::of(name) else {
            return;
        };
        let before = self.known.get(&name).map(|known| known.exported);
        let all = [Some(exported), Some(self.all), before];
        let has = |wanted| all.contains(&Some(wanted));
        let exported = if has(Exported::Yes) {
            Exported::Yes
        } else if has(Exported::Perhaps) {
            Exported::Perhaps
        } else {
            Exported::No
        };
        self.put(name, Contents::Value(value.to_owned(), line), exported);
    }

    /// `export NAME`, `export -n NAME`
    pub(super) fn export(&mut self, name: &str, exported: Exported) {
        let Some(name) = Followed::of(name) else {
            return;
        };
        let contents = match (self.known.get(&name), exported) {
            (Some(known), _) => known.contents.clone(),
            (None, Exported::No) => Contents::Removed,
            (None, Exported::Yes | Exported::Perhaps) => Contents::Inherited,
        };
        self.put(name, contents, exported);
    }

    /// `unset`
    pub(super) fn remove(&mut self, name: &str) {
        if let Some(name) = Followed::of(name) {
            self.put(name, Contents::Removed, Exported::No);
        }
    }

    /// `set -a`
    pub(super) fn export_all(&mut self, exported: Exported) {
        self.all = exported;
    }

    /// Makes variables doubtful.
    pub(super) fn doubt<'n>(&mut self, names: impl IntoIterator<Item = &'n Followed>) {
        for name in names {
            let unknown = Contents::Value(UNKNOWN.to_owned(), 0);
            self.put(*name, unknown, Exported::Perhaps);
        }
    }

    /// Makes doubtful what differs from another state, which may be the one that counts.
    pub(super) fn doubt_changes(&mut self, other: &Self) {
        for name in self.differing(other) {
            if self.says_nothing(name) && other.says_nothing(name) {
                self.known.insert(name, Variable::unset());
            } else {
                self.doubt([&name]);
            }
        }
        if self.all != other.all {
            self.all = Exported::Perhaps;
        }
        self.changed.extend(&other.changed);
    }

    /// Makes everything doubtful. What the text says nothing of, and exports not either, programs get only if it was exported
    /// outside of the text.
    pub(super) fn doubt_all(&mut self) {
        for name in Followed::ALL {
            if self.says_nothing(name) && self.all == Exported::No {
                self.known.insert(name, Variable::unset());
            } else {
                self.doubt([&name]);
            }
        }
    }

    /// Whether programs get what is outside, or what something else may have put in its place.
    fn says_nothing(&self, name: Followed) -> bool {
        let known = self.known.get(&name);
        known.is_none_or(|known| *known == Variable::unset())
    }

    /// What differs from another state.
    pub(super) fn differing(&self, other: &Self) -> BTreeSet<Followed> {
        let mut all = BTreeSet::from(Followed::ALL);
        all.retain(|name| self.known.get(name) != other.known.get(name));
        all
    }

    /// The same at the beginning of a function.
    pub(super) fn in_function(&self) -> Self {
        Self {
            changed: BTreeSet::new(),
            ..self.clone()
        }
    }

    /// What a function changes, if this is the state at its end.
    pub(super) const fn changed(&self) -> &BTreeSet<Followed> {
        &self.changed
    }

    /// What a command in a script of its own gets.
    pub(super) fn give(&mut self, name: Followed, effect: Effect) {
        match effect {
            Effect::Value(value, line) => {
                self.put(name, Contents::Value(value, line), Exported::Yes);
            }
            Effect::Removed => self.put(name, Contents::Removed, Exported::No),
            Effect::Doubtful => self.doubt([&name]),
            Effect::Inherited | Effect::Assigned => {}
        }
    }

    /// What a command gets.
    pub(super) fn effect(&self, name: Followed) -> Effect {
        let Some(variable) = self.known.get(&name) else {
            return Effect::Inherited;
        };
        match (&variable.contents, variable.exported) {
            (Contents::Inherited, Exported::Yes | Exported::Perhaps) => Effect::Inherited,
            (Contents::Inherited, Exported::No) | (Contents::Removed, _) => Effect::Removed,
            (Contents::Value(value, line), Exported::Yes) => Effect::Value(value.clone(), *line),
            (Contents::Value(_, _), Exported::No) => Effect::Assigned,
            (Contents::Value(_, _), Exported::Perhaps) => Effect::Doubtful,
        }
    }
}
