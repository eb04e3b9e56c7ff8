//! Modes that count in place of one that stands beside a server: a job or a command sets them again inside of an
//! environment, or a later line does.

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::candidate::Besides;
use crate::scan::document::Document;

/// A mode without a server of its own.
pub(super) struct Replacement {
    /// The prefix of the settings for which it counts.
    pub(super) prefix: String,
    /// Where it stands; nothing if it may count anywhere.
    pub(super) scope: Option<usize>,
    pub(super) besides: Besides,
}

impl Replacement {
    /// The same of a job that may have any server of its document.
    pub(super) fn of_heir(self) -> Self {
        let besides = match self.besides.verifies_name() {
            true => self.besides,
            false => Besides::Something,
        };
        Self {
            scope: None,
            besides,
            ..self
        }
    }

    /// The same for the document around a script, in which the script has this scope.
    pub(super) fn seen_from(self, scope: usize) -> Self {
        Self {
            scope: Some(scope),
            ..self
        }
    }
}

/// Jobs and steps in one another are fewer.
const DEEPEST: usize = 64;

/// The weakest one for each prefix and scope around it.
pub(super) struct Replacements(BTreeMap<(String, Option<usize>), Besides>);

impl Replacements {
    /// `servers` are the places whose settings name a server, by prefix: what stands in them is for no other.
    pub(super) fn of(
        document: &Document,
        all: impl IntoIterator<Item = Replacement>,
        servers: &BTreeSet<(&str, usize)>,
    ) -> Self {
        let mut weakest: BTreeMap<(String, Option<usize>), Besides> = BTreeMap::new();
        for one in all {
            let mut add = |scope: Option<usize>| {
                let known = weakest.entry((one.prefix.clone(), scope));
                let known = known.or_insert(one.besides);
                *known = known.worse(one.besides);
            };
            match one.scope {
                Some(scope) => {
                    for scope in document.around(scope).take(DEEPEST) {
                        add(Some(scope));
                        if servers.contains(&(one.prefix.as_str(), scope)) {
                            break;
                        }
                    }
                }
                None => add(None),
            }
        }
        Self(weakest)
    }

    /// The weakest mode that counts for settings whose processes stand in this scope, if it is weaker than their own.
    pub(super) fn weaker(&self, scope: usize, prefix: &str, own: Besides) -> Option<Besides> {
        let places = [Some(scope), None].into_iter();
        let found = places.filter_map(|place| self.0.get(&(prefix.to_owned(), place)).copied());
        let weakest = found.fold(own, Besides::worse);
        (weakest != own).then_some(weakest)
    }
}
