//! What finders find: a text that is, or may be, a connection string, and where it stands.

use std::fmt::Display;

use super::find::Readers;
use super::template::{Filled, fill};
use crate::conninfo::{Choice as _, SslMode, quoted};
use crate::dialect::Dialect;

/// A connection string in a file. No `Debug`: it may contain a password.
#[derive(Clone)]
pub(super) struct Candidate {
    /// The line of the string, or of the host of a group.
    pub(super) line: usize,
    /// The name that it has in the file.
    pub(super) key: Option<String>,
    /// The string, without variables.
    pub(super) filled: Filled,
    /// Who reads it, if the file shows it.
    pub(super) asked: Option<Dialect>,
    /// Whose words the group of settings is in.
    pub(super) reader: Option<Dialect>,
    pub(super) form: Form,
    /// A password that stands beside it.
    pub(super) password: Option<Beside>,
    /// What a program does besides, which its own string does not say.
    pub(super) beside: Besides,
    /// Where it stands in its document.
    pub(super) scope: usize,
}

impl Candidate {
    /// The same for the driver that reads its variable, if another file shows which that is.
    pub(super) fn read_by(&self, readers: &Readers) -> Option<Self> {
        let is_open = self.form == Form::Text && self.asked.is_none() && self.reader.is_none();
        let is_url = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| self.filled.text.starts_with(scheme));
        if !is_open || !is_url {
            return None;
        }
        let asked = readers.of(self.key.as_deref()?)?;
        Some(Self {
            asked: Some(asked),
            ..self.clone()
        })
    }
}

/// A value on a line of its own.
#[derive(Clone)]
pub(super) struct Beside {
    pub(super) value: String,
    pub(super) line: usize,
}

/// Settings as one of libpq's strings.
pub(super) fn in_libpqs_form<K: Display, V: AsRef<[u8]>>(
    settings: impl IntoIterator<Item = (K, V)>,
) -> String {
    let words = settings.into_iter().map(|(keyword, value)| {
        let value = quoted(value.as_ref());
        format!("{keyword}={}", String::from_utf8_lossy(&value))
    });
    words.collect::<Vec<_>>().join(" ")
}

/// In what form it stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One text.
    Text,
    /// Settings that belong together, with all that their reader needs.
    Group,
    /// Settings that belong together; others that decide about TLS may be elsewhere.
    Part,
    /// An address of a server without a connection: nothing says how to connect.
    Address,
}

/// Settings for TLS that stand beside a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Besides {
    /// None.
    Nothing,
    /// A mode, which counts if the string sets none.
    Mode(SslMode),
    /// Some that decide, and we cannot know what they do.
    Something,
    /// The program accepts any certificate.
    Unverified,
}

impl Besides {
    /// What a setting for the mode says, with the root file that stands beside it.
    pub(super) fn of_mode(value: &str, root: Option<&str>) -> Self {
        let value = fill(value);
        if value.text.is_empty() {
            return Self::Nothing;
        }
        match (in_libpqs_words(&value.text), root) {
            // libpq verifies the chain if it has roots.
            (Some(SslMode::Require), Some(root)) if !root.is_empty() => {
                Self::Mode(SslMode::VerifyCa)
            }
            (Some(mode), _) => Self::Mode(mode),
            (None, _) => Self::Something,
        }
    }
}

/// The mode that a program calls `VerifyFull` or `verify_full`.
pub(super) fn in_libpqs_words(value: &str) -> Option<SslMode> {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_'], "");
    let wanted = plain(value);
    let known = SslMode::ALL.iter().find(|(name, _)| plain(name) == wanted);
    known.map(|(_, mode)| *mode)
}
