//! What finders find: a text that is, or may be, a connection string, and where it stands.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use super::find::Readers;
use super::template::{Filled, fill};
use crate::conninfo::{Choice as _, Grammar, SslMode, quoted};
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
    /// The server of libpq's variables beside it, which counts if the string names none.
    pub(super) server: Option<String>,
    /// Where it stands in its document.
    pub(super) scope: usize,
}

impl Candidate {
    /// Whether it begins as libpq's URIs do.
    pub(super) fn is_uri(&self) -> bool {
        match Grammar::of(self.filled.text.as_bytes()) {
            Grammar::Uri => true,
            Grammar::KeywordValue => false,
        }
    }

    /// The same for each driver that reads its variable, if other files show which those are. Where several do, others
    /// may, too: then it is also judged as it is.
    pub(super) fn read_by(&self, readers: &Readers) -> Vec<Cow<'_, Self>> {
        let is_open = self.form == Form::Text && self.asked.is_none() && self.reader.is_none();
        let drivers = match &self.key {
            Some(key) if is_open && self.is_uri() => readers.of(key),
            Some(_) | None => &[],
        };
        let for_driver = |asked: &Dialect| {
            Cow::Owned(Self {
                asked: Some(*asked),
                beside: match self.beside {
                    // A variable of libpq's, which not every driver reads.
                    Besides::Mode(mode) if mode > SslMode::Prefer && !reads_variables(*asked) => {
                        Besides::Nothing
                    }
                    beside => beside,
                },
                ..self.clone()
            })
        };
        let own = (drivers.len() != 1).then_some(Cow::Borrowed(self));
        own.into_iter()
            .chain(drivers.iter().map(for_driver))
            .collect()
    }
}

/// Whether a driver reads libpq's variables.
pub(super) fn reads_variables(driver: Dialect) -> bool {
    matches!(
        driver,
        Dialect::Libpq | Dialect::PsqlCommand | Dialect::NodePostgres | Dialect::Go
    )
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
    /// One text, of which a shell takes a part alone.
    Torn,
    /// One text, where its variable has more than that, and programs take all of it.
    Wrapped,
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
    /// TLS is switched off.
    Off,
    /// A mode, which counts if the string sets none.
    Mode(SslMode),
    /// A mode that counts in place of the string's.
    Instead(SslMode),
    /// Some that decide, and we cannot know what they do.
    Something,
    /// The same, also in place of a mode of the string.
    SomethingInstead,
    /// Something that may end the verification which the string asks for.
    Doubt,
    /// The program accepts any certificate.
    Unverified(Accepts),
}

/// What makes a program accept any certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepts {
    /// An option of Node's `tls.connect`.
    RejectUnauthorized,
    /// The same, where options count in place of what the string says.
    RejectUnauthorizedInstead,
    /// An option of Erlang's `ssl`.
    VerifyNone,
    /// A variable of Node, which nothing in a string overrules.
    Environment,
}

impl Display for Accepts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RejectUnauthorized | Self::RejectUnauthorizedInstead => {
                "rejectUnauthorized is false"
            }
            Self::VerifyNone => "verify is verify_none",
            Self::Environment => "NODE_TLS_REJECT_UNAUTHORIZED is 0",
        })
    }
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

    /// Whether it verifies the name, whatever the roots.
    pub(super) const fn verifies_name(self) -> bool {
        matches!(
            self,
            Self::Mode(SslMode::VerifyFull) | Self::Instead(SslMode::VerifyFull)
        )
    }

    /// Of two users of one string, what the less careful one does.
    pub(super) fn worse(self, other: Self) -> Self {
        if other.care() < self.care() {
            other
        } else {
            self
        }
    }

    /// Greater where less can go wrong.
    const fn care(self) -> u8 {
        match self {
            Self::Unverified(_) => 0,
            Self::Off | Self::Mode(SslMode::Disable) | Self::Instead(SslMode::Disable) => 1,
            Self::Mode(SslMode::Allow) | Self::Instead(SslMode::Allow) => 2,
            // The default of most drivers is prefer.
            Self::Nothing | Self::Mode(SslMode::Prefer) | Self::Instead(SslMode::Prefer) => 3,
            Self::Mode(SslMode::Require) | Self::Instead(SslMode::Require) => 4,
            Self::Something | Self::SomethingInstead | Self::Doubt => 5,
            Self::Mode(SslMode::VerifyCa) | Self::Instead(SslMode::VerifyCa) => 6,
            Self::Mode(SslMode::VerifyFull) | Self::Instead(SslMode::VerifyFull) => 7,
        }
    }

    /// The same beside something that may end the verification.
    pub(super) fn in_doubt(self) -> Self {
        match self {
            Self::Nothing | Self::Doubt => Self::Doubt,
            Self::Off
            | Self::Mode(_)
            | Self::Instead(_)
            | Self::Something
            | Self::SomethingInstead
            | Self::Unverified(_) => self.worse(Self::Something),
        }
    }

    /// The same where a driver takes what stands beside a string before what the string says.
    pub(super) const fn instead(self) -> Self {
        match self {
            Self::Nothing => Self::Nothing,
            Self::Off => Self::Instead(SslMode::Disable),
            Self::Mode(mode) | Self::Instead(mode) => Self::Instead(mode),
            Self::Something | Self::SomethingInstead | Self::Doubt => Self::SomethingInstead,
            Self::Unverified(Accepts::RejectUnauthorized) => {
                Self::Unverified(Accepts::RejectUnauthorizedInstead)
            }
            Self::Unverified(
                accepts @ (Accepts::RejectUnauthorizedInstead
                | Accepts::VerifyNone
                | Accepts::Environment),
            ) => Self::Unverified(accepts),
        }
    }
}

/// A truth value, in the words that programs take for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    /// `true`, `yes`, `1`
    Yes,
    /// `false`, `off`, `disable`
    No,
    /// Something else.
    Neither,
}

impl Truth {
    pub(super) fn of(value: &str) -> Self {
        let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(value));
        if is_one_of(&["true", "yes", "on", "1", "y", "t", "enable", "enabled"]) {
            Self::Yes
        } else if is_one_of(&[
            "false", "no", "off", "0", "n", "f", "none", "never", "disable", "disabled",
        ]) {
            Self::No
        } else {
            Self::Neither
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
