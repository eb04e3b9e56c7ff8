//! Names and passwords of those who may ask (HTTP basic authentication, RFC 7617).

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use data_encoding::BASE64;
use tokio::sync::Semaphore;

use crate::serve::web_config::cost;
use crate::workers::{Weight, aside};

/// Those who may ask. No `Debug`: it has password hashes.
pub(super) struct Users {
    /// The bcrypt hash of each name; everybody may ask if there is none.
    hashes: HashMap<String, String>,
    /// The highest cost among them.
    cost: u32,
    /// A key that only this process has, so that what is remembered is useless elsewhere.
    key: Option<hmac::Key>,
    verified: RefCell<VecDeque<[u8; 32]>>,
    wrong: RefCell<VecDeque<[u8; 32]>>,
    /// Passwords that are being checked.
    turns: Semaphore,
    waiting: Cell<usize>,
}

/// Why somebody may not ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// There is no name and password, or they are wrong.
    Unknown,
    /// Too many passwords are being checked.
    Busy,
}

impl Users {
    pub(super) fn new(hashes: HashMap<String, String>) -> Self {
        let costs = hashes.values().filter_map(|hash| cost(hash));
        Self {
            cost: costs.max().unwrap_or(LOWEST),
            hashes,
            key: hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok(),
            verified: RefCell::default(),
            wrong: RefCell::default(),
            turns: Semaphore::new(AT_ONCE),
            waiting: Cell::new(0),
        }
    }

    /// Whether everybody may ask.
    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Whether they are the same, with the same passwords.
    pub(super) fn are_those_of(&self, other: &Self) -> bool {
        self.hashes == other.hashes
    }

    /// Whether the one who sent this header may ask.
    pub(super) async fn admit(&self, header: Option<&[u8]>) -> Result<(), Denied> {
        if self.hashes.is_empty() {
            return Ok(());
        }
        let (name, password) = header.and_then(credentials).ok_or(Denied::Unknown)?;
        let known = self.hashes.get(&name);
        let hash = known.map_or_else(|| nobody(self.cost), String::clone);
        let mark = self.mark(&name, &hash, &password);
        if let Some(mark) = mark {
            if self.verified.borrow().contains(&mark) {
                return Ok(());
            }
            if self.wrong.borrow().contains(&mark) {
                return Err(Denied::Unknown);
            }
        }
        let is_right = self.verify(password, hash).await? && known.is_some();
        if let Some(mark) = mark {
            let list = if is_right {
                &self.verified
            } else {
                &self.wrong
            };
            remember(&mut list.borrow_mut(), mark);
        }
        if is_right {
            Ok(())
        } else {
            Err(Denied::Unknown)
        }
    }

    /// Beside everything else, and a few at once: bcrypt is meant to be slow.
    async fn verify(&self, password: Vec<u8>, hash: String) -> Result<bool, Denied> {
        if self.waiting.get() >= MOST_WAITING {
            return Err(Denied::Busy);
        }
        let waiting = Waiting::new(&self.waiting);
        let turn = self.turns.acquire().await.map_err(|_| Denied::Busy)?;
        let highest = self.cost;
        let right = aside(Weight::Heavy, move || {
            let right = bcrypt::verify(&password, &hash).unwrap_or(false);
            // Each cost takes twice as long as the one before it. So every name takes as long as one of the highest cost
            // or an unknown one, and none can be guessed by the time.
            for cost in cost(&hash).unwrap_or(highest)..highest {
                let _ = bcrypt::verify(&password, &nobody(cost));
            }
            right
        });
        let right = right.await;
        drop((turn, waiting));
        Ok(right)
    }

    fn mark(&self, name: &str, hash: &str, password: &[u8]) -> Option<[u8; 32]> {
        let key = self.key.as_ref()?;
        let mut context = hmac::Context::with_key(key);
        for part in [name.as_bytes(), hash.as_bytes(), password] {
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().try_into().ok()
    }
}

/// Counts those who wait, also if they leave.
struct Waiting<'a>(&'a Cell<usize>);

impl<'a> Waiting<'a> {
    fn new(count: &'a Cell<usize>) -> Self {
        count.set(count.get().saturating_add(1));
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

fn remember(list: &mut VecDeque<[u8; 32]>, mark: [u8; 32]) {
    if list.len() >= MOST_REMEMBERED {
        list.pop_front();
    }
    list.push_back(mark);
}

fn credentials(header: &[u8]) -> Option<(String, Vec<u8>)> {
    let header = str::from_utf8(header).ok()?;
    let (scheme, coded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = BASE64.decode(coded.trim_matches(' ').as_bytes()).ok()?;
    let colon = plain.iter().position(|byte| *byte == b':')?;
    let (name, password) = plain.split_at(colon);
    let password = password.get(1..)?;
    Some((String::from_utf8(name.to_vec()).ok()?, password.to_vec()))
}

/// The hash of a password that nobody knows: it was random.
fn nobody(cost: u32) -> String {
    format!("$2b${cost:02}$qzxEHMOF0DTOX0Xds1avKOoMIDdZYGEp5AO7zAxkqpkyIAJSqmHka")
}

/// If there is no user.
const LOWEST: u32 = 4;

const AT_ONCE: usize = 2;
const MOST_WAITING: usize = 16;
const MOST_REMEMBERED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// `htpasswd -nbBC 4 ann secret`
    fn users(cost: u32) -> Users {
        let hash = bcrypt::hash_with_salt("secret", cost, [7; 16]).unwrap();
        Users::new(HashMap::from([("ann".to_owned(), hash.to_string())]))
    }

    fn header(plain: &str) -> Vec<u8> {
        format!("Basic {}", BASE64.encode(plain.as_bytes())).into_bytes()
    }

    #[tokio::test]
    async fn only_the_right_name_and_password_are_admitted() {
        let users = users(4);
        // Once slowly, and once from memory.
        for _ in 0..2 {
            assert_eq!(users.admit(Some(&header("ann:secret"))).await, Ok(()));
            for wrong in ["ann:Secret", "ann:", "bob:secret", ":", "ann", "annsecret:"] {
                let admitted = users.admit(Some(&header(wrong))).await;
                assert_eq!(admitted, Err(Denied::Unknown), "{wrong}");
            }
        }
        for wrong in [
            "",
            "Basic",
            "Basic !",
            "Bearer YW5uOnNlY3JldA==",
            "Basic YW5uOnNlY3JldA",
        ] {
            let admitted = users.admit(Some(wrong.as_bytes())).await;
            assert_eq!(admitted, Err(Denied::Unknown), "{wrong}");
        }
        assert_eq!(users.admit(None).await, Err(Denied::Unknown));
        assert_eq!(users.verified.borrow().len(), 1);
        assert!(users.wrong.borrow().len() <= MOST_REMEMBERED);
    }

    #[tokio::test]
    async fn without_users_everybody_is_admitted() {
        assert_eq!(Users::new(HashMap::new()).admit(None).await, Ok(()));
    }

    #[tokio::test]
    async fn what_is_remembered_has_a_bound() {
        let users = users(4);
        for number in 0..MOST_REMEMBERED + 9 {
            let wrong = header(&format!("ann:{number}"));
            assert_eq!(users.admit(Some(&wrong)).await, Err(Denied::Unknown));
        }
        assert_eq!(users.wrong.borrow().len(), MOST_REMEMBERED);
        assert_eq!(users.admit(Some(&header("ann:secret"))).await, Ok(()));
    }

    #[tokio::test]
    async fn a_flood_of_passwords_is_turned_away_and_does_not_wait() {
        let users = users(10);
        let headers: Vec<Vec<u8>> = (0..60).map(|n| header(&format!("ann:{n}"))).collect();
        let asked = headers.iter().map(|header| users.admit(Some(header)));
        let answers = futures_util::future::join_all(asked).await;
        let busy = answers
            .iter()
            .filter(|one| **one == Err(Denied::Busy))
            .count();
        assert_eq!(busy, 60 - MOST_WAITING);
        assert_eq!(users.waiting.get(), 0);
    }

    #[test]
    fn the_hash_for_unknown_names_is_one_of_the_highest_cost() {
        for cost in [4, 5, 10] {
            let hash = nobody(cost);
            assert_eq!(super::cost(&hash), Some(cost));
            assert_eq!(bcrypt::verify("x", &hash).ok(), Some(false));
        }
        let hash = |cost| {
            bcrypt::hash_with_salt("x", cost, [7; 16])
                .unwrap()
                .to_string()
        };
        let costs = HashMap::from([("ann".to_owned(), hash(4)), ("bob".to_owned(), hash(6))]);
        assert_eq!(Users::new(costs).cost, 6);
    }
}
