//! Values with their origin, and secrets that cannot be printed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::parameter::{Keyword, Secrecy};
use crate::escape::escape;
use crate::os::text_of;
use crate::secrecy::{Place, Taken, holds_credentials, mentions_secret};

/// What replaces a secret in every output.
pub const MASK: &str = "********";

/// A value with its origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// The same origin with another reading of the value.
    pub fn map<U>(self, read: impl FnOnce(T) -> U) -> Setting<U> {
        Setting {
            value: read(self.value),
            origin: self.origin,
        }
    }
}

/// Where a value was set. libpq searches in this order and uses the first that it finds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Origin {
    /// In the connection string itself.
    String {
        /// Offset in bytes at which the value begins.
        at: usize,
    },
    /// In a section of a service file.
    Service {
        /// The section's name.
        name: String,
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// In this environment variable.
    Environment(&'static str),
    /// It is built in, or taken from the operating system.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String { .. } => f.write_str("the connection string"),
            Self::Service { name, file, line } => {
                write!(f, "service {name:?} ({}, line {line})", shown_path(file))
            }
            Self::Environment(variable) => write!(f, "the environment variable {variable}"),
            Self::Default => f.write_str("the defaults"),
        }
    }
}

/// The bytes of a parameter. `Display` and `Debug` show them, or [`MASK`] if they are secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    bytes: Vec<u8>,
    shown: Shown,
}

/// When a value may be shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Never,
    /// Unless it looks like a secret in this place. Few values are shown, so that is found out then.
    In(Place),
}

impl Value {
    /// The value of this keyword. It is secret if the keyword is, and also if it looks like a secret: if it has
    /// swallowed one, as in `host= password=x`, where libpq takes `password=x` for the host, or if it is a key in
    /// place of its path.
    #[must_use]
    pub fn new(keyword: Keyword, bytes: Vec<u8>) -> Self {
        let shown = match keyword.secrecy() {
            Secrecy::Public => Shown::In(keyword.place()),
            Secrecy::Secret => Shown::Never,
        };
        Self { bytes, shown }
    }

    /// A value that may contain a misplaced piece of a secret.
    #[must_use]
    pub const fn secret(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            shown: Shown::Never,
        }
    }

    /// The bytes themselves, secret or not: to use, never to show.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it may be a misplaced piece of a secret.
    #[must_use]
    pub const fn is_astray(&self) -> bool {
        matches!(self.shown, Shown::Never)
    }

    /// Whether it may be shown.
    #[must_use]
    pub fn secrecy(&self) -> Secrecy {
        match self.shown {
            Shown::In(place) if Taken::of(&self.bytes, place).is_none() => Secrecy::Public,
            Shown::In(_) | Shown::Never => Secrecy::Secret,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.secrecy() {
            Secrecy::Public => f.write_str(&text_of(&self.bytes)),
            Secrecy::Secret => f.write_str(MASK),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// A password or key. Only [`Secret::expose`] reveals it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Wraps the bytes.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes: for a server or a key file, never to be printed.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// A word of the connection string as an error may quote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// It may be shown.
    Shown(String),
    /// It may be a secret or part of one.
    Hidden(Taken),
}

impl Word {
    /// A word, hidden where it looks like a secret or mentions one.
    #[must_use]
    pub fn new(word: &[u8]) -> Self {
        Self::after(&[], word)
    }

    /// A word that follows `before` in the string. It is also hidden where it may be the rest of a password that
    /// holds a space or a quote.
    #[must_use]
    pub fn after(before: &[u8], word: &[u8]) -> Self {
        match taken(before, word) {
            Some(taken) => Self::Hidden(taken),
            None => Self::Shown(String::from_utf8_lossy(word).into_owned()),
        }
    }

    /// A word that follows `before` and stands before an `=`. No keyword has a colon, so that it is a user and the
    /// beginning of a password.
    #[must_use]
    pub fn assigned(before: &[u8], word: &[u8]) -> Self {
        match Self::after(before, word) {
            Self::Shown(_) if word.contains(&b':') => Self::Hidden(Taken::Astray),
            word => word,
        }
    }
}

fn taken(before: &[u8], word: &[u8]) -> Option<Taken> {
    let follows_secret = mentions_secret(before)
        || holds_credentials(before)
        || Taken::of(before, Place::Word).is_some_and(Taken::is_contents);
    if follows_secret {
        return Some(Taken::Astray);
    }
    if Keyword::from_bytes(word).is_some() {
        return None;
    }
    let astray = mentions_secret(word) || word.contains(&b'@');
    Taken::of(word, Place::Keyword).or_else(|| astray.then_some(Taken::Astray))
}

impl From<&Value> for Word {
    fn from(value: &Value) -> Self {
        match (value.secrecy(), Self::new(value.as_bytes())) {
            (Secrecy::Secret, Self::Shown(_)) => Self::Hidden(Taken::Astray),
            (_, word) => word,
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shown(word) => write!(f, "{word:?}"),
            Self::Hidden(taken) => taken.fmt(f),
        }
    }
}

/// A path as it may be shown: escaped for terminals, and hidden where it looks like a secret, as when a variable that
/// names a file holds a whole connection string, or the contents of the file.
#[must_use]
pub fn shown_path(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    match Taken::of(bytes, Place::Word) {
        Some(taken) => taken.to_string(),
        None => escape(bytes).to_string(),
    }
}

/// The settings known so far, by keyword.
pub(super) type Settings = BTreeMap<Keyword, Setting<Value>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_unless_it_seems_to_hold_a_secret() {
        for (path, shown) in [
            ("/etc/ssl/root.crt", "/etc/ssl/root.crt"),
            ("/run/secrets/root.crt", "/run/secrets/root.crt"),
            ("a\x1b[2J", r"a\x1b[2J"),
            (
                "host=a password=b",
                "(not shown: it looks like a connection string)",
            ),
            (
                "postgresql://a:b@c/d",
                "(not shown: it looks like a connection string)",
            ),
            (
                "/tmp/postgresql:/a:b@c/d",
                "(not shown: it looks like a connection string)",
            ),
            ("C:/a@b/root.crt", "C:/a@b/root.crt"),
        ] {
            assert_eq!(shown_path(Path::new(path)), shown);
        }
    }

    #[test]
    fn secrets_never_print() {
        let secret = Secret::new(b"hunter2".to_vec());
        let value = Value::new(Keyword::Password, b"hunter2".to_vec());
        for shown in [
            format!("{secret}"),
            format!("{secret:?}"),
            format!("{value}"),
            format!("{value:?}"),
        ] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn a_value_that_swallowed_a_secret_does_not_print_either() {
        for (text, secrecy) in [
            ("password=hunter2", Secrecy::Secret),
            ("h;Password = hunter2", Secrecy::Secret),
            ("postgresql://u:hunter2@h/db", Secrecy::Secret),
            ("password-rotator", Secrecy::Public),
            ("db.example.com", Secrecy::Public),
            ("mylogin@mypgserver", Secrecy::Public),
        ] {
            assert_eq!(
                Value::new(Keyword::Host, text.as_bytes().to_vec()).secrecy(),
                secrecy,
                "{text}"
            );
        }
    }

    #[test]
    fn a_word_after_a_secret_is_hidden() {
        for (before, word, hidden) in [
            ("password=correct ", "horse", true),
            ("host='x password='", "sec", true),
            ("host=x ", "horse", false),
            ("", "password", false),
            ("", "password:hunter2", true),
            ("", "postgress://u:p@h", true),
            ("", "Zq7wXk9LmPv3Rt", true),
            ("host=h ", "xK9-Zq7wXk9L", true),
            ("", "DigiCertGlobalRootG2", false),
            ("", "VerifyFull2", false),
        ] {
            assert_eq!(
                matches!(
                    Word::after(before.as_bytes(), word.as_bytes()),
                    Word::Hidden(_)
                ),
                hidden,
                "{before}{word}"
            );
        }
    }
}
