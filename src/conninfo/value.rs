//! Values with their origin, and secrets that cannot be printed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::parameter::{Keyword, Secrecy};
use crate::escape::escape;

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
    secrecy: Secrecy,
}

impl Value {
    /// The value of this keyword. It is secret if the keyword is, or if it seems to contain a secret by mistake, as in
    /// `host= password=x`, where libpq takes `password=x` for the host.
    #[must_use]
    pub fn new(keyword: Keyword, bytes: Vec<u8>) -> Self {
        let secrecy = match keyword.secrecy() {
            Secrecy::Public if assigns_secret(&bytes) => Secrecy::Secret,
            secrecy => secrecy,
        };
        Self { bytes, secrecy }
    }

    /// A value that may contain a misplaced piece of a secret.
    #[must_use]
    pub const fn secret(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            secrecy: Secrecy::Secret,
        }
    }

    /// The bytes themselves, secret or not: to use, never to show.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it may be shown.
    #[must_use]
    pub const fn secrecy(&self) -> Secrecy {
        self.secrecy
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.secrecy {
            Secrecy::Public => f.write_str(&String::from_utf8_lossy(&self.bytes)),
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
    /// It may be part of a secret.
    Hidden,
}

impl Word {
    /// A word that follows `before` in the string. It is hidden if it may be the rest of a password with a space or a
    /// quote in it, or if it looks like a URL or a setting with a password.
    #[must_use]
    pub fn after(before: &[u8], word: &[u8]) -> Self {
        let harmless = Keyword::from_bytes(word).is_some()
            || !(mentions_secret(word) || word.contains(&b'@') || holds_credentials(word));
        if harmless && !mentions_secret(before) && !holds_credentials(before) {
            Self::Shown(String::from_utf8_lossy(word).into_owned())
        } else {
            Self::Hidden
        }
    }
}

impl From<&Value> for Word {
    fn from(value: &Value) -> Self {
        match value.secrecy() {
            Secrecy::Public => Self::after(&[], value.as_bytes()),
            Secrecy::Secret => Self::Hidden,
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shown(word) => write!(f, "{word:?}"),
            Self::Hidden => f.write_str("(not shown, may contain a password)"),
        }
    }
}

/// A path for output: escaped for terminals. It is masked if it seems to contain a secret, for example if a variable
/// for a file name contains a whole connection string.
#[must_use]
pub fn shown_path(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    if assigns_secret(bytes) {
        return Word::Hidden.to_string();
    }
    escape(bytes).to_string()
}

/// Whether the text names a secret parameter, by libpq's name or another driver's.
fn mentions_secret(text: &[u8]) -> bool {
    secret_name_end(text).is_some()
}

/// Whether such a name is followed by a value, or the text is a URL with credentials.
fn assigns_secret(text: &[u8]) -> bool {
    let assigned = secret_name_end(text)
        .and_then(|end| text.get(end..))
        .is_some_and(|rest| rest.contains(&b'='));
    assigned || holds_credentials(text)
}

/// `scheme://user:password@host`, or the part of it before an `=`. As a path, it has one slash less. A single letter
/// is a drive, not a scheme.
fn holds_credentials(text: &[u8]) -> bool {
    let authority = find(text, b":/")
        .filter(|at| *at > 1)
        .and_then(|at| text.get(at.checked_add(2)?..));
    authority.is_some_and(|rest| rest.iter().any(|byte| matches!(byte, b'@' | b':')))
}

/// The offset just after the first name of a secret.
fn secret_name_end(text: &[u8]) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    SECRET_NAMES
        .iter()
        .filter_map(|name| find(&lower, name).and_then(|at| at.checked_add(name.len())))
        .min()
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

const SECRET_NAMES: &[&[u8]] = &[
    b"passw",
    b"pwd",
    b"secret",
    b"scram_client_key",
    b"scram_server_key",
];

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
            ("host=a password=b", "(not shown, may contain a password)"),
            (
                "postgresql://a:b@c/d",
                "(not shown, may contain a password)",
            ),
            (
                "/tmp/postgresql:/a:b@c/d",
                "(not shown, may contain a password)",
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
        ] {
            assert_eq!(
                Word::after(before.as_bytes(), word.as_bytes()) == Word::Hidden,
                hidden,
                "{before}{word}"
            );
        }
    }
}
