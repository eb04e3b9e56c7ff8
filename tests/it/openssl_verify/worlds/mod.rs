//! Random situations: chains of one to five with anything changed, each from a number.
//!
//! Everything follows from the seed: first a good chain, then a few changes, each with a seed of its own. So a
//! change can be left out, and the others stay what they are: that is how a disagreement is made small.

mod bytes;
mod chain;
mod lists;
mod names;

use super::world::*;
use crate::support::certs::*;
use crate::support::random::Random;

/// A random situation.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) seed: u64,
    /// The changes that are made, by their positions.
    kept: Vec<u64>,
}

/// A change: what it is about, and how often it is chosen.
type Change = (u32, &'static str, fn(&mut Random, &mut Draft));

impl Recipe {
    pub(crate) fn new(seed: u64) -> Self {
        const HOW_MANY: [u64; 12] = [0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 7];
        let count = Random::new(seed, 0).pick(&HOW_MANY);
        Self {
            seed,
            kept: (1..=count).collect(),
        }
    }

    /// The situation, and what was changed in it.
    pub(crate) fn make(&self) -> (Made, Vec<&'static str>) {
        let mut draft = Draft::good(&mut Random::new(self.seed, 1000));
        let mut changes = Vec::new();
        for change in &self.kept {
            let mut random = Random::new(self.seed, *change);
            let (_, name, apply) = weighted(
                &mut random,
                &[chain::CHANGES, lists::CHANGES, bytes::CHANGES],
            );
            apply(&mut random, &mut draft);
            changes.push(*name);
        }
        let mut made = draft.world.make();
        for (place, seed) in draft.tampered {
            bytes::tamper(&mut made, place, &mut Random::new(seed, 0));
        }
        (made, changes)
    }

    /// The same with fewer changes, as long as the property remains.
    pub(crate) fn smallest(self, mut has_it: impl FnMut(&Made) -> bool) -> Self {
        let mut smallest = self;
        let mut position = 0;
        while position < smallest.kept.len() {
            let mut fewer = smallest.clone();
            fewer.kept.remove(position);
            if has_it(&fewer.make().0) {
                smallest = fewer;
            } else {
                position += 1;
            }
        }
        smallest
    }
}

/// A situation in the making, and the keys of its links.
pub(crate) struct Draft {
    world: World,
    keys: Vec<&'static Key>,
    /// What is changed after it was signed: a place and a seed.
    tampered: Vec<(usize, u64)>,
}

impl Draft {
    /// A good chain of one to five.
    fn good(random: &mut Random) -> Self {
        static KEYS: [&Key; 5] = [&LEAF_KEY, &INTER_KEY, &INTER2_KEY, &INTER3_KEY, &ROOT_KEY];
        let length = random.pick(&[1, 2, 2, 3, 3, 3, 3, 4, 5]);
        let keys: Vec<&'static Key> = (0..length)
            .map(|link| {
                if link + 1 == length {
                    &ROOT_KEY
                } else {
                    KEYS[link]
                }
            })
            .collect();
        let chain = (0..length).map(|link| certificate(link, &keys)).collect();
        Self {
            world: World::of(chain),
            keys,
            tampered: Vec::new(),
        }
    }

    fn last(&self) -> usize {
        self.world.chain.len() - 1
    }

    /// Any link.
    fn any(&mut self, random: &mut Random) -> &mut Cert {
        let link = random.below(self.world.chain.len());
        &mut self.world.chain[link]
    }

    /// The name of a link, as its own certificate has it.
    fn subject(&self, link: usize) -> Vec<u8> {
        self.world.chain[link].subject.clone()
    }
}

/// How a key of the drafts signs.
fn algorithm_of(key: &'static Key) -> Algorithm {
    if std::ptr::eq(key, &raw const ED25519) {
        ed25519()
    } else if std::ptr::eq(key, &raw const RSA_2048) {
        rsa_sha256()
    } else {
        ecdsa_sha256()
    }
}

fn link_name(link: usize, length: usize) -> Vec<u8> {
    match link {
        0 => leaf_name(),
        _ if link + 1 == length => root_name(),
        _ => common_name(&format!("Intermediate {link}")),
    }
}

fn key_id(link: usize) -> Vec<u8> {
    format!("key of link {link}").into_bytes()
}

fn certificate(link: usize, keys: &[&'static Key]) -> Cert {
    let above = (link + 1).min(keys.len() - 1);
    let name = |link| link_name(link, keys.len());
    let mut cert = Cert::new(name(link), keys[link], name(above), keys[above])
        .serial(u8::try_from(link).unwrap() + 1);
    if link == 0 {
        cert = cert.with([
            key_usage(DIGITAL_SIGNATURE),
            eku(&[SERVER_AUTH]),
            san(&[dns("db.example.test")]),
        ]);
    }
    if link > 0 {
        cert = cert.with([ca(None), key_usage(CERT_SIGN | CRL_SIGN)]);
    }
    cert = cert.with([ski(&key_id(link))]);
    if link + 1 < keys.len() {
        cert = cert.with([aki(&key_id(above))]);
    }
    cert
}

/// One of the changes, by how often each is chosen.
fn weighted(random: &mut Random, tables: &[&'static [Change]]) -> &'static Change {
    let total: u32 = tables
        .iter()
        .copied()
        .flatten()
        .map(|change| change.0)
        .sum();
    let mut left = random.below(total as usize) as u32;
    for change in tables.iter().copied().flatten() {
        if left < change.0 {
            return change;
        }
        left -= change.0;
    }
    unreachable!("the weights add up")
}
