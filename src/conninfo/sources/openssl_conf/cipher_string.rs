//! Which of libpq's suites of TLS 1.2 a cipher string selects (`ssl_create_cipher_list` in OpenSSL's
//! `ssl/ssl_ciph.c`). What orders them, and what selects others, changes nothing here.

use crate::wire::tls::{KeyExchange, Suite};

/// The words of a cipher string, in their order.
pub(super) struct Rule<'a> {
    /// Before the first word.
    before: State,
    words: Vec<&'a str>,
}

/// What the words before have made of a suite.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Selected,
    Left,
    /// By `!`, and for good.
    Killed,
}

impl<'a> Rule<'a> {
    pub(super) fn read(value: &'a str) -> Self {
        // `DEFAULT` is a word only at the beginning, and needs no separator.
        let (before, rest) = match value.strip_prefix("DEFAULT") {
            Some(rest) => (State::Selected, rest),
            None => (State::Left, value),
        };
        Self {
            before,
            words: rest.split([':', ',', ' ', ';']).collect(),
        }
    }

    pub(super) fn selects(&self, suite: Suite) -> bool {
        let mut state = self.before;
        for word in &self.words {
            let (names, then) = match word.split_at_checked(1) {
                Some(("!", names)) => (names, State::Killed),
                Some(("-", names)) => (names, State::Left),
                // It only orders.
                Some(("+" | "@", _)) | None => continue,
                Some(_) => (*word, State::Selected),
            };
            // A level may follow without a separator.
            let (names, _) = names.split_once('@').unwrap_or((names, ""));
            if state != State::Killed && names.split('+').all(|name| names_suite(name, suite)) {
                state = then;
            }
        }
        state == State::Selected
    }
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

    const WORDS: [&str; 40] = [
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
    ];

    /// The list of this OpenSSL; `None` without it.
    fn theirs(rule: &str) -> Option<Vec<String>> {
        let listing = Command::new("openssl")
            .args(["ciphers", "-s", "-tls1_2", rule])
            .output()
            .ok()?;
        let listing = String::from_utf8(listing.stdout).unwrap();
        let names = listing.trim().split(':').map(str::to_owned);
        Some(names.collect())
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
                if next(3) == 0 {
                    rule.push('+');
                    rule.push_str(WORDS[next(WORDS.len())]);
                }
                rule.push_str([":", ",", " ", ":@STRENGTH:"][next(4)]);
            }
            rule.push_str("@SECLEVEL=2");
            let Some(theirs) = theirs(&rule) else {
                eprintln!("skipped: openssl is not installed");
                return;
            };
            let read = Rule::read(&rule);
            for suite in SUITES_OF_TLS12.iter().filter_map(|id| Suite::of(*id)) {
                let expected = theirs.iter().any(|name| name == suite.openssl);
                assert_eq!(read.selects(suite), expected, "{rule}: {}", suite.openssl);
            }
        }
    }
}
