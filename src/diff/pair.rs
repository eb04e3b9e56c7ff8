//! Which endpoint of the old run is which of the new one.

use std::collections::{HashMap, VecDeque};

use super::Seen;
use crate::conninfo::{Assignment, Keyword, parse, redacted};

/// The endpoints of two runs, paired.
pub(super) struct Pairs<'a> {
    /// For each endpoint of the new run, in order, that of the old one.
    pub(super) partners: Vec<Option<&'a Seen>>,
    /// For each endpoint of the old run, in order, the endpoint itself if no other is paired with it.
    pub(super) gone: Vec<Option<&'a Seen>>,
}

/// By all that identifies an endpoint first, then by less of it: a name that was added, an address or a host that
/// changed must not make two endpoints of one. Endpoints that are alike are paired in order.
pub(super) fn pairs<'a>(old: &'a [Seen], new: &'a [Seen]) -> Pairs<'a> {
    let mut partners: Vec<Option<&Seen>> = new.iter().map(|_| None).collect();
    let mut left: Vec<Option<&Seen>> = old.iter().map(Some).collect();
    for key in KEYS {
        let mut by_key: HashMap<String, VecDeque<usize>> = HashMap::new();
        for (index, one) in left.iter().enumerate() {
            if let Some(key) = one.and_then(key) {
                by_key.entry(key).or_default().push_back(index);
            }
        }
        for (partner, one) in partners.iter_mut().zip(new) {
            if partner.is_some() {
                continue;
            }
            let found = key(one)
                .and_then(|key| by_key.get_mut(&key))
                .and_then(VecDeque::pop_front);
            if let Some(slot) = found.and_then(|index| left.get_mut(index)) {
                *partner = slot.take();
            }
        }
    }
    Pairs {
        partners,
        gone: left,
    }
}

/// What identifies an endpoint, the most certain first. `None` where the report does not say it.
const KEYS: [fn(&Seen) -> Option<String>; 6] = [
    |one| Some(format!("{} {:?}", place(one), one.conninfo)),
    |one| Some(format!("{} {}", place(one), unprotected(one)?)),
    |one| Some(place(one)),
    |one| {
        let host = one.host.as_ref()?;
        Some(format!("{:?} {host:?} {:?}", one.name, one.port))
    },
    |one| one.name.as_ref().map(ToString::to_string),
    |one| one.place(),
];

fn place(one: &Seen) -> String {
    let Seen {
        name,
        host,
        hostaddr,
        port,
        ..
    } = one;
    format!("{name:?} {host:?} {hostaddr:?} {port:?}")
}

/// The settings that say who connects to what, in any order. How the connection is protected may have changed, and
/// that must not pair it with another user or database of the same server.
fn unprotected(one: &Seen) -> Option<String> {
    let settings = parse(one.conninfo.as_ref()?.as_bytes()).ok()?;
    let is_protection =
        |keyword: Keyword| keyword.protects() || keyword.to_string().starts_with("ssl");
    let mut others: Vec<Assignment> = settings;
    others.retain(|made| !is_protection(made.keyword));
    others.sort_by_key(|made| made.keyword.to_string());
    Some(redacted(&others))
}
