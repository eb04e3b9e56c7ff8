//! A server may repeat the password that it received, whole, in part or encoded, or a name that must not be shown, so its
//! text is masked before anything else reads it. Pure.

use std::collections::{BTreeSet, HashSet};

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};

use super::password::Password;
use super::{Entered, Error, Unread};
use crate::conninfo::{ConnInfo, MASK, Secrecy, Secret};
use crate::percent;
use crate::wire::postgres::ServerError;

/// What must not be repeated. All of it is in lower case: letters of ASCII are compared without their case.
pub(super) struct Echo {
    /// The secrets as they are, and as texts encode them.
    forms: BTreeSet<Vec<u8>>,
    /// What every server says. A mask within it would reveal what is behind it.
    told: Vec<Vec<u8>>,
}

impl Echo {
    /// The password, and each name that looks like a secret. A password may be too short to be distinguished from other
    /// text.
    pub(super) fn of(conninfo: &ConnInfo, password: &Password) -> Self {
        let password = password.secret.as_ref().map(Secret::expose);
        let secrets = password.into_iter().chain(conninfo.hidden_names());
        let secrets: Vec<&[u8]> = secrets
            .filter(|secret| secret.len() >= MIN_LENGTH)
            .collect();
        let names = [&conninfo.user, &conninfo.dbname];
        let shown = names
            .iter()
            .filter(|setting| setting.value.secrecy() == Secrecy::Public);
        let names: Vec<&[u8]> = shown.map(|setting| setting.value.as_bytes()).collect();
        Self::new(&secrets, &names)
    }

    fn new(secrets: &[&[u8]], names: &[&[u8]]) -> Self {
        let forms = secrets.iter().copied().flat_map(forms);
        let told = names
            .iter()
            .copied()
            .chain(SAID.iter().map(|said| said.as_bytes()));
        Self {
            forms: forms.map(|form| form.to_ascii_lowercase()).collect(),
            told: told.map(<[u8]>::to_ascii_lowercase).collect(),
        }
    }

    /// Masks it in everything from the server.
    pub(super) fn mask(&self, outcome: &mut Result<Entered, Error>) {
        match outcome {
            Ok(entered) => {
                self.text(&mut entered.server_version);
                self.text(&mut entered.pgbouncer);
                match &mut entered.session {
                    Ok(session) => {
                        for field in [
                            &mut session.version,
                            &mut session.cipher,
                            &mut session.bits,
                            &mut session.client_dn,
                            &mut session.client_serial,
                        ] {
                            self.text(field);
                        }
                    }
                    Err(Unread::Server(error)) => self.error(error),
                    Err(
                        Unread::Replication
                        | Unread::NoRow
                        | Unread::Unfamiliar
                        | Unread::OwnSideUnknown,
                    ) => {}
                }
            }
            Err(Error::Server { error, .. }) => self.error(error),
            Err(Error::Protocol { reason, .. }) => self.string(reason),
            // These are our own words.
            Err(_) => {}
        }
    }

    fn error(&self, error: &mut ServerError) {
        self.bytes(&mut error.message);
        self.bytes(&mut error.detail);
        self.text(&mut error.sqlstate);
        if let Some(made) = &mut error.made {
            self.string(&mut made.file);
            self.string(&mut made.routine);
        }
    }

    fn text(&self, text: &mut Option<String>) {
        if let Some(text) = text {
            self.string(text);
        }
    }

    fn string(&self, text: &mut String) {
        if let Some(masked) = self.masked(text.as_bytes()) {
            *text = String::from_utf8_lossy(&masked).into_owned();
        }
    }

    fn bytes(&self, text: &mut Vec<u8>) {
        if let Some(masked) = self.masked(text) {
            *text = masked;
        }
    }

    /// The text with a mask for each run of bytes that belongs to the password; `None` if there is none.
    fn masked(&self, text: &[u8]) -> Option<Vec<u8>> {
        let covered = self.covered(&text.to_ascii_lowercase());
        if !covered.contains(&true) {
            return None;
        }
        let mut masked = Vec::with_capacity(text.len());
        let mut before = false;
        for (byte, covered) in text.iter().zip(covered) {
            match (before, covered) {
                (_, false) => masked.push(*byte),
                (false, true) => masked.extend_from_slice(MASK.as_bytes()),
                (true, true) => {}
            }
            before = covered;
        }
        Some(masked)
    }

    /// Which bytes of a text, in lower case, belong to a piece of the password.
    fn covered(&self, text: &[u8]) -> Vec<bool> {
        let mut covered = vec![false; text.len()];
        for form in &self.forms {
            let length = piece(form.len());
            let pieces: HashSet<&[u8]> = form.windows(length).collect();
            for (start, here) in text.windows(length).enumerate() {
                if pieces.contains(here) && !self.is_told(text, start, length) {
                    let bytes = covered.iter_mut().skip(start).take(length);
                    bytes.for_each(|covered| *covered = true);
                }
            }
        }
        covered
    }

    /// Whether these bytes are within something that every server says.
    fn is_told(&self, text: &[u8], start: usize, length: usize) -> bool {
        let end = start.saturating_add(length);
        self.told.iter().any(|told| {
            told.len() >= length
                && (end.saturating_sub(told.len())..=start)
                    .any(|from| text.get(from..).is_some_and(|rest| rest.starts_with(told)))
        })
    }
}

/// A secret as it is, and as texts encode it.
fn forms(secret: &[u8]) -> [Vec<u8>; 6] {
    let every_byte: String = secret.iter().map(|byte| format!("%{byte:02x}")).collect();
    [
        secret.to_vec(),
        percent::component(secret).into_bytes(),
        every_byte.into_bytes(),
        HEXLOWER.encode(secret).into_bytes(),
        BASE64_NOPAD.encode(secret).into_bytes(),
        BASE64URL_NOPAD.encode(secret).into_bytes(),
    ]
}

/// How many bytes in a row show a password of this many: two thirds, but not so few that they occur by chance.
const fn piece(length: usize) -> usize {
    let most = length.saturating_mul(2).div_ceil(3);
    let wanted = if most < SHORTEST_PIECE {
        SHORTEST_PIECE
    } else if most > LONGEST_PIECE {
        LONGEST_PIECE
    } else {
        most
    };
    if wanted < length { wanted } else { length }
}

/// A password of this many bytes does not occur in a text by chance.
const MIN_LENGTH: usize = 4;

/// Nor does a part of this many. A shorter password counts as a whole.
const SHORTEST_PIECE: usize = 8;

/// More are not needed, and would take long to compare.
const LONGEST_PIECE: usize = 32;

/// What PostgreSQL and PgBouncer say of a login: a password may be one of the words.
const SAID: [&str; 9] = [
    "password authentication failed",
    "no pg_hba.conf entry for host",
    "database",
    "does not exist",
    "ssl encryption",
    "server",
    "starting up",
    "postgresql",
    "tls_aes_256_gcm_sha384",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::fake::Fake;

    fn masked(secret: &str, text: &str) -> String {
        let mut text = text.to_owned();
        Echo::new(&[secret.as_bytes()], &[b"hunter2_app", b"postgres"]).string(&mut text);
        text
    }

    #[test]
    fn the_password_is_masked_in_any_case_and_encoding() {
        let secret = "Correct/Horse+1";
        let base64 = data_encoding::BASE64.encode(secret.as_bytes());
        let hex = data_encoding::HEXUPPER.encode(secret.as_bytes());
        for repeated in [
            "Correct/Horse+1",
            "CORRECT/HORSE+1",
            "correct/horse+1",
            "Correct%2FHorse%2B1",
            "correct%2fhorse%2b1",
            "%43%6F%72%72%65%63%74%2F%48%6F%72%73%65%2B%31",
            &base64,
            base64.trim_end_matches('='),
            &hex,
        ] {
            let shown = masked(secret, &format!("your password <{repeated}> is wrong"));
            let shown = shown.replace("=>", ">");
            assert_eq!(
                shown,
                format!("your password <{MASK}> is wrong"),
                "{repeated}"
            );
        }
    }

    #[test]
    fn names_that_look_like_secrets_are_masked_as_the_password_is() {
        let text = "user='app password=Zq7xSecretQ' dbname=shop host=h";
        let conninfo = ConnInfo::read(text.as_bytes(), &Fake::default()).unwrap();
        let echo = Echo::of(&conninfo, &Password::default());
        let mut version = Some("15 app password=Zq7xSecretQ of shop".to_owned());
        echo.text(&mut version);
        assert_eq!(version.unwrap(), format!("15 {MASK} of shop"));
    }

    #[test]
    fn a_part_of_it_is_masked_unless_chance_could_make_it() {
        for (secret, text, shown) in [
            (
                "correcthorse",
                "it begins with correctho",
                "it begins with ********",
            ),
            (
                "correcthorse",
                "it ends with RECTHORSE.",
                "it ends with ********.",
            ),
            ("correcthorse", "that is correct", "that is correct"),
            ("hunter2", "not hunter", "not hunter"),
            ("hunter2", "not xhunter2x", "not x********x"),
            ("aaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaa!", "********!"),
            (
                "p\u{e4}ssw\u{f6}rd-of-all",
                "P\u{e4}SSW\u{f6}RD-OF-ALL",
                "********",
            ),
        ] {
            assert_eq!(masked(secret, text), shown, "{secret}");
        }
    }

    #[test]
    fn what_every_server_says_is_not_masked_so_that_the_mask_reveals_nothing() {
        for (secret, text, shown) in [
            (
                "Password",
                "password authentication failed for user \"postgres\"",
                "password authentication failed for user \"postgres\"",
            ),
            ("postgres", "no role postgres", "no role postgres"),
            ("hunter2", "no role hunter2_app", "no role hunter2_app"),
            (
                "hunter2",
                "hunter2_app cannot have hunter2",
                "hunter2_app cannot have ********",
            ),
            (
                "password1234",
                "password authentication failed, not password1234",
                "password authentication failed, not ********",
            ),
        ] {
            assert_eq!(masked(secret, text), shown, "{secret}");
        }
    }

    #[test]
    fn a_long_password_is_found_by_pieces_of_bounded_length() {
        let secret = "0123456789abcdefghijklmnopqrstuvwxyz".repeat(30);
        assert_eq!(masked(&secret, &secret[100..200]), MASK);
        for length in 1..200 {
            assert!((1..=LONGEST_PIECE).contains(&piece(length)) && piece(length) <= length);
        }
    }
}
