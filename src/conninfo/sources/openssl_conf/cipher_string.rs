//! Which of libpq's suites of TLS 1.2 a cipher string selects, and in which order (`ssl_create_cipher_list` in
//! OpenSSL's `ssl/ssl_ciph.c`). What selects others changes nothing here.

use std::cmp::Reverse;

use crate::wire::tls::{KeyExchange, Suite};

/// A cipher string, taken apart (`ssl_cipher_process_rulestr`).
pub(super) struct Rule<'a> {
    begins: Begins,
    items: Vec<Item<'a>>,
    validity: Validity,
}

/// What is selected before the first item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begins {
    WithDefault,
    Empty,
}

enum Item<'a> {
    /// What is done to all suites that have each of these names.
    Suites(Vec<&'a str>, Action),
    /// `@SECLEVEL=2`
    Level(u8),
    /// `@STRENGTH`
    Strength,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Add,
    /// `-`
    Delete,
    /// `!`: for good.
    Kill,
    /// `+`: to the end of the list.
    Order,
}

/// Whether OpenSSL takes the list. It takes a level before it refuses the list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Validity {
    Taken,
    Refused,
}

const SEPARATORS: [char; 4] = [':', ',', ' ', ';'];

impl<'a> Rule<'a> {
    pub(super) fn read(value: &'a str) -> Self {
        // `DEFAULT` is a word only at the beginning, and needs no separator.
        let (begins, mut rest) = match value.strip_prefix("DEFAULT") {
            Some(rest) => (Begins::WithDefault, rest),
            None => (Begins::Empty, value),
        };
        let mut rule = Self {
            begins,
            items: Vec::new(),
            validity: Validity::Taken,
        };
        while !rest.is_empty() {
            rest = rule.item(rest);
        }
        rule
    }

    /// Reads one item, and returns what is behind it.
    fn item(&mut self, text: &'a str) -> &'a str {
        let (sign, text) = match text.split_at_checked(1) {
            Some((sign @ ("!" | "-" | "+" | "@"), rest)) => (sign, rest),
            Some(_) | None => ("", text),
        };
        if let Some(rest) = text.strip_prefix(SEPARATORS) {
            return rest;
        }
        let (word, mut rest) = split_word(text);
        if sign == "@" {
            match word.strip_prefix("SECLEVEL=").map(str::as_bytes) {
                Some(&[digit @ b'0'..=b'5']) => self.items.push(Item::Level(digit - b'0')),
                Some(_) | None if word == "STRENGTH" => self.items.push(Item::Strength),
                Some(_) | None => self.validity = Validity::Refused,
            }
            return behind_item(rest);
        }
        let mut names = Vec::new();
        let mut next = word;
        loop {
            if next.is_empty() {
                self.validity = Validity::Refused;
            }
            if !is_known(next) {
                return behind_item(rest);
            }
            names.push(next);
            let Some(more) = rest.strip_prefix('+') else {
                break;
            };
            (next, rest) = split_word(more);
        }
        let action = match sign {
            "!" => Action::Kill,
            "-" => Action::Delete,
            "+" => Action::Order,
            _ => Action::Add,
        };
        self.items.push(Item::Suites(names, action));
        // The next one needs no separator.
        rest
    }

    pub(super) const fn is_taken(&self) -> bool {
        matches!(self.validity, Validity::Taken)
    }

    /// The levels that it sets, one after the other.
    pub(super) fn levels(&self) -> impl DoubleEndedIterator<Item = u8> {
        self.items.iter().filter_map(|item| match item {
            Item::Level(level) => Some(*level),
            Item::Suites(..) | Item::Strength => None,
        })
    }

    /// Those of these suites that it selects, in the order in which they are offered.
    pub(super) fn selected(&self, of: impl Iterator<Item = Suite>) -> Vec<Suite> {
        let mut list: Vec<(Suite, State)> = of.map(|suite| (suite, State::Off)).collect();
        if self.begins == Begins::WithDefault {
            list.iter_mut().for_each(|(_, state)| *state = State::On);
        }
        for item in &self.items {
            match item {
                Item::Suites(names, action) => list = act(*action, names, list),
                // Those that are off stay where they are, before the others.
                Item::Strength => list.sort_by_key(|(suite, state)| match state {
                    State::Off => None,
                    State::On => Some(Reverse(suite.key_bits())),
                }),
                Item::Level(_) => {}
            }
        }
        let on = list.into_iter().filter(|(_, state)| *state == State::On);
        on.map(|(suite, _)| suite).collect()
    }

    /// May it select suites that are none of these?
    pub(super) fn may_select_others(&self, ours: &[Suite]) -> bool {
        self.items.iter().any(|item| match item {
            Item::Suites(names, Action::Add) => !names
                .iter()
                .any(|name| ours.iter().any(|suite| suite.openssl == *name)),
            Item::Suites(_, Action::Delete | Action::Kill | Action::Order)
            | Item::Level(_)
            | Item::Strength => false,
        })
    }
}

/// Whether a suite is in the list at this time. One that is not keeps a place, at which it may come back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    On,
    Off,
}

/// Applies an item to the list (`ssl_cipher_apply_rule`).
fn act(action: Action, names: &[&str], list: Vec<(Suite, State)>) -> Vec<(Suite, State)> {
    let is_meant = |(suite, state): &(Suite, State)| {
        let is_its = match action {
            Action::Add => *state == State::Off,
            Action::Delete | Action::Order => *state == State::On,
            Action::Kill => true,
        };
        is_its && name_suite(names, *suite)
    };
    let (meant, others): (Vec<_>, Vec<_>) = list.into_iter().partition(is_meant);
    let moved = |state| meant.iter().map(move |(suite, _)| (*suite, state));
    match action {
        Action::Add | Action::Order => others.into_iter().chain(moved(State::On)).collect(),
        Action::Delete => moved(State::Off).chain(others).collect(),
        Action::Kill => others,
    }
}

/// A word, and what is behind it.
fn split_word(text: &str) -> (&str, &str) {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=');
    let end = text.find(|c| !is_of_word(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Of an item that OpenSSL does not know, everything is passed over up to the next separator.
fn behind_item(text: &str) -> &str {
    let end = text.find(SEPARATORS).unwrap_or(text.len());
    text.get(end..).unwrap_or_default()
}

/// Does OpenSSL know this word?
fn is_known(name: &str) -> bool {
    ALIASES.contains(&name) || Suite::all().any(|suite| suite.openssl == name)
}

/// The words for several suites of OpenSSL 1.1.1 to 3.5 (`cipher_aliases`). Most of them select none of libpq's.
const ALIASES: [&str; 77] = [
    "ALL",
    "COMPLEMENTOFALL",
    "COMPLEMENTOFDEFAULT",
    "kRSA",
    "kEDH",
    "kDHE",
    "DH",
    "kEECDH",
    "kECDHE",
    "ECDH",
    "kPSK",
    "kRSAPSK",
    "kECDHEPSK",
    "kDHEPSK",
    "kSRP",
    "kGOST",
    "kGOST18",
    "aRSA",
    "aDSS",
    "DSS",
    "aNULL",
    "aECDSA",
    "ECDSA",
    "aPSK",
    "aGOST01",
    "aGOST12",
    "aGOST",
    "aSRP",
    "EDH",
    "DHE",
    "EECDH",
    "ECDHE",
    "NULL",
    "RSA",
    "ADH",
    "AECDH",
    "PSK",
    "SRP",
    "3DES",
    "RC4",
    "RC2",
    "IDEA",
    "SEED",
    "eNULL",
    "GOST89",
    "AES128",
    "AES256",
    "AES",
    "AESGCM",
    "AESCCM",
    "AESCCM8",
    "CAMELLIA128",
    "CAMELLIA256",
    "CAMELLIA",
    "CHACHA20",
    "GOST2012",
    "ARIA",
    "ARIAGCM",
    "ARIA128",
    "ARIA256",
    "MD5",
    "SHA1",
    "SHA",
    "GOST94",
    "GOST89MAC",
    "SHA256",
    "SHA384",
    "GOST12",
    "SSLv3",
    "TLSv1",
    "TLSv1.0",
    "TLSv1.2",
    "LOW",
    "MEDIUM",
    "HIGH",
    "FIPS",
    "CBC",
];

/// Do all these words name the suite? One with a strength takes the place of what only the default list has not.
fn name_suite(names: &[&str], suite: Suite) -> bool {
    let has_strength = |name: &&str| matches!(*name, "HIGH" | "FIPS") || *name == suite.openssl;
    names.iter().enumerate().all(|(place, name)| {
        let mut after = names.iter().skip(place);
        let is_replaced = *name == "COMPLEMENTOFDEFAULT" && after.any(has_strength);
        is_replaced || names_suite(name, suite)
    })
}

/// Does this word name the suite, alone or with others (`cipher_aliases`)? All suites here are of DEFAULT and HIGH.
fn names_suite(name: &str, suite: Suite) -> bool {
    let openssl = suite.openssl;
    let exchange = suite.key_exchange();
    let by_ecdsa = openssl.contains("-ECDSA-");
    let aead = openssl.contains("GCM") || openssl.contains("CHACHA20");
    match name {
        "ALL" | "HIGH" => true,
        "kRSA" | "RSA" => exchange == KeyExchange::Static,
        "kDHE" | "kEDH" | "DHE" | "EDH" | "DH" => exchange == KeyExchange::Dhe,
        "kECDHE" | "kEECDH" | "ECDHE" | "EECDH" | "ECDH" => exchange == KeyExchange::Ecdhe,
        "aECDSA" | "ECDSA" => by_ecdsa,
        "aRSA" => !by_ecdsa,
        "AES" | "AES128" | "AES256" => openssl.contains(name),
        "CBC" => !aead,
        "AESGCM" => openssl.contains("GCM"),
        "CHACHA20" => openssl.contains("CHACHA20"),
        "FIPS" => !openssl.contains("CHACHA20"),
        "SHA1" | "SHA" => openssl.ends_with("-SHA"),
        "SHA256" | "SHA384" => !aead && openssl.ends_with(name),
        "TLSv1.2" => !openssl.ends_with("-SHA"),
        "TLSv1" | "TLSv1.0" => openssl.ends_with("-SHA") && exchange == KeyExchange::Ecdhe,
        "SSLv3" => openssl.ends_with("-SHA") && exchange != KeyExchange::Ecdhe,
        _ => name == openssl,
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::wire::tls::libpq_hello::SUITES_OF_TLS12;

    /// Of the words, those without signs.
    const NAMES: usize = 41;

    const WORDS: [&str; 45] = [
        "ALL",
        "HIGH",
        "MEDIUM",
        "kRSA",
        "RSA",
        "kDHE",
        "EDH",
        "DH",
        "kECDHE",
        "EECDH",
        "ECDH",
        "ECDHE",
        "aECDSA",
        "ECDSA",
        "aRSA",
        "AES",
        "AES128",
        "AES256",
        "AESGCM",
        "CHACHA20",
        "FIPS",
        "SHA1",
        "SHA",
        "SHA256",
        "SHA384",
        "TLSv1.2",
        "TLSv1.0",
        "TLSv1",
        "SSLv3",
        "COMPLEMENTOFDEFAULT",
        "eNULL",
        "aNULL",
        "PSK",
        "CAMELLIA",
        "AESCCM",
        "nonsense",
        "kEECDH",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "AES256-SHA",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "CBC",
        "@SECLEVEL=9",
        "HIGH@SECLEVEL=1x",
        "nonsense@FOO",
        "AES256$",
    ];

    fn ours() -> impl Iterator<Item = Suite> {
        SUITES_OF_TLS12.iter().filter_map(|id| Suite::of(*id))
    }

    /// The list of this OpenSSL, if it takes the rule; `None` without OpenSSL.
    fn theirs(rule: &str) -> Option<Option<Vec<String>>> {
        let listing = Command::new("openssl")
            .args(["ciphers", "-s", "-tls1_2", rule])
            .output()
            .ok()?;
        let text = String::from_utf8(listing.stdout).unwrap();
        let names = text.trim().split(':').map(str::to_owned);
        Some(listing.status.success().then(|| names.collect()))
    }

    /// Strings that a counter spells out of these words, with every sign.
    #[test]
    fn a_cipher_string_selects_what_openssl_selects() {
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % u64::try_from(below).unwrap()).unwrap()
        };
        for _ in 0..150 {
            let mut rule = [":", "DEFAULT", "DEFAULT:", "ALL:"][next(4)].to_owned();
            for _ in 0..=next(4) {
                rule.push_str(["", "!", "-", "+"][next(4)]);
                rule.push_str(WORDS[next(WORDS.len())]);
                let is_several = next(3) == 0;
                if is_several {
                    rule.push('+');
                    rule.push_str(WORDS[next(NAMES)]);
                }
                // Names that contradict each other swallow what is behind them, and nobody writes them.
                let first = usize::from(is_several);
                rule.push_str(["", ":", ",", " ", ":@STRENGTH:"][first + next(5 - first)]);
            }
            rule.push_str("@SECLEVEL=2");
            let Some(theirs) = theirs(&rule) else {
                eprintln!("skipped: openssl is not installed");
                return;
            };
            let read = Rule::read(&rule);
            // A rule that selects nothing is an error there, and a list here.
            let Some(theirs) = theirs else {
                assert!(
                    !read.is_taken() || read.selected(ours()).is_empty(),
                    "{rule}"
                );
                continue;
            };
            assert!(read.is_taken(), "{rule}");
            let selected = read.selected(ours());
            let selected: Vec<&str> = selected.iter().map(|suite| suite.openssl).collect();
            let known: Vec<&str> = ours().map(|suite| suite.openssl).collect();
            let expected = theirs.iter().map(String::as_str);
            let expected: Vec<&str> = expected.filter(|name| known.contains(name)).collect();
            assert_eq!(selected, expected, "{rule}");
        }
    }
}
