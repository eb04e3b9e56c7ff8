//! Settings of a document, parted into groups.

use std::collections::BTreeMap;

use super::super::Clues;
use super::super::ours::is_service_file;
use super::super::parts::{self, Part};
use super::{Group, outer};
use crate::conninfo::Keyword;
use crate::scan::candidate::Besides;
use crate::scan::document::{Document, Entry};
use crate::scan::kind::Kind;
use crate::scan::read::lines::Style;

pub(super) fn groups<'d>(document: &'d Document, clues: Clues<'_>) -> Vec<Group<'d>> {
    let mut groups: Vec<Group<'d>> = Vec::new();
    let mut places: BTreeMap<(usize, String), usize> = BTreeMap::new();
    let repeated = Repeated::of(clues);
    for entry in &document.entries {
        let Some(name) = parts::of(&entry.key) else {
            continue;
        };
        let scope = outer(document, entry.scope);
        // `NAME` in `OPTIONS` is not the database's.
        let is_inner = scope != entry.scope;
        if is_inner && matches!(name.part, Part::Engine | Part::Url) {
            continue;
        }
        let place = (scope, name.prefix.clone());
        let open = places.get(&place).and_then(|index| groups.get_mut(*index));
        let known = open.map(|group| {
            let same = group.members.iter().position(|(one, _)| *one == name.part);
            (group, same)
        });
        match known {
            Some((group, None)) => group.members.push((name.part, entry)),
            // `host` and `hostname` of one map: the first name counts. Of one name, the last value does.
            Some((group, Some(same))) if scope != 0 || repeated == Repeated::LastCounts => {
                let member = group.members.get_mut(same);
                let is_same = |member: &&mut (Part, &Entry)| {
                    member.1.key == entry.key && member.1.scope == entry.scope
                };
                if let Some(member) = member.filter(is_same)
                    && repeated != Repeated::FirstCounts
                {
                    member.1 = match name.part {
                        // Both may stand under conditions of a template.
                        Part::Keyword(Keyword::SslMode) => weaker(member.1, entry),
                        Part::Keyword(_)
                        | Part::Tls
                        | Part::RejectUnauthorized
                        | Part::Engine
                        | Part::Url => entry,
                    };
                }
            }
            // Elsewhere a repetition is another connection.
            Some((_, Some(_))) | None => {
                let index = groups.len();
                places.insert(place, index);
                groups.push(Group {
                    index,
                    scope,
                    prefix: name.prefix,
                    members: vec![(name.part, entry)],
                });
            }
        }
    }
    groups
}

fn weaker<'d>(one: &'d Entry, other: &'d Entry) -> &'d Entry {
    let beside = |entry: &Entry| Besides::of_mode(&entry.value, None);
    if beside(one).worse(beside(other)) == beside(one) {
        one
    } else {
        other
    }
}

/// What a name that is set twice in one place means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeated {
    /// The last value counts, also outside of all scopes.
    LastCounts,
    /// It is another connection outside of all scopes; in one, the last value counts.
    Another,
    /// The first value counts (`parseServiceFile` in libpq's `fe-connect.c`).
    FirstCounts,
}

impl Repeated {
    fn of(clues: Clues<'_>) -> Self {
        match clues.kind {
            Kind::Lines(Style::Env | Style::Properties) => Self::LastCounts,
            Kind::Ini if is_service_file(clues) => Self::FirstCounts,
            Kind::Lines(
                Style::Shell | Style::Docker | Style::Unit | Style::Make | Style::Batch,
            )
            | Kind::Ini
            | Kind::Yaml
            | Kind::Code(_)
            | Kind::Passwords
            | Kind::Prose => Self::Another,
        }
    }
}
