//! Tables of settings: what each setting of a driver means to libpq.

use super::keyword::{keyword_of, table};
use super::{Dialect, Fault, Reading};
use crate::conninfo::{Keyword, Secrecy, Word};
use crate::secrecy::{Taken, mentions_secret};

/// One setting of a string, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Param {
    pub(super) name: String,
    pub(super) value: String,
    /// The name as it may be shown.
    pub(super) word: Word,
}

impl Param {
    pub(super) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::after(None, name, value)
    }

    /// A setting that follows another one. A password with a raw separator in it goes on as settings that no driver has.
    pub(super) fn after(
        before: Option<&Self>,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        let name = name.into();
        let astray = before.is_some_and(Self::may_go_on) && !is_known(&name);
        let word = if astray {
            Word::Hidden(Taken::Astray)
        } else {
            Word::assigned(&[], name.as_bytes())
        };
        Self {
            name,
            value: value.into(),
            word,
        }
    }

    /// Whether what follows may be the rest of a password.
    fn may_go_on(&self) -> bool {
        let name = self.name.as_bytes();
        let is_secret = |dialect: &Dialect| {
            keyword_of(name, *dialect).is_some_and(|keyword| keyword.secrecy() == Secrecy::Secret)
        };
        // postgres.js has `pass` among its options, and people write it in URLs.
        matches!(self.word, Word::Hidden(_))
            || name.eq_ignore_ascii_case(b"pass")
            || mentions_secret(name)
            || Dialect::ALL.iter().any(is_secret)
    }
}

/// Whether libpq or a driver has a setting of this name, in whatever spelling.
fn is_known(name: &str) -> bool {
    let name = plain(name);
    let tables = Dialect::ALL.iter().filter_map(|dialect| table(*dialect));
    let mut names = tables
        .flat_map(|table| table.rows)
        .flat_map(|row| row.names);
    names.any(|known| plain(known) == name)
        || Keyword::ALL
            .iter()
            .any(|known| plain(known.as_str()) == name)
}

/// A name without what drivers spell differently.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['-', '_', ' '], "")
}

/// What a driver does with its settings.
pub(super) struct Table {
    pub(super) dialect: Dialect,
    pub(super) case: Case,
    pub(super) rows: &'static [Row],
    pub(super) unknown: Unknown,
}

/// How names are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// Letter by letter.
    Exact,
    /// Capitals and small letters are the same.
    Ignored,
}

/// What a driver does with a name that it does not know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// Nothing, and says nothing.
    Ignored,
    /// Sends it to the server as one of its settings.
    Sent,
    /// It may be libpq's; else libpq refuses it.
    Libpq,
    /// It may be libpq's; else the driver drops it, and says nothing.
    LibpqOrIgnored,
    /// It refuses the string.
    Refused,
}

/// A setting by all its names.
pub(super) struct Row {
    pub(super) names: &'static [&'static str],
    pub(super) meaning: Meaning,
}

/// What a setting means to libpq.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    /// The keyword, with the same value.
    Same(Keyword),
    /// The keyword, with another word for the value, or with none if libpq needs none. The driver refuses all other values.
    Words(Keyword, &'static [(&'static str, &'static str)]),
    /// The keyword, with one word for `true`, and one for everything else (`Boolean.parseBoolean` of Java).
    Flag {
        keyword: Keyword,
        yes: &'static str,
        no: &'static str,
    },
    /// `options=-csearch_path=...`
    SearchPath,
    /// The driver's own code for TLS reads it.
    Tls,
    /// Nothing that concerns a connection's safety.
    Nothing,
    /// Something that libpq does not have.
    Lost(&'static str),
    /// The driver refuses it in a string.
    Refused(&'static str),
}

/// A row.
pub(super) const fn row(names: &'static [&'static str], meaning: Meaning) -> Row {
    Row { names, meaning }
}

impl Table {
    /// The row of a name.
    pub(super) fn row(&self, name: &str) -> Option<&'static Row> {
        let is = |one: &&str| match self.case {
            Case::Exact => *one == name,
            Case::Ignored => one.eq_ignore_ascii_case(name),
        };
        self.rows.iter().find(|row| row.names.iter().any(is))
    }

    /// Reads all settings; the last one of each name counts.
    ///
    /// # Errors
    /// The driver refuses one of them. All unknown ones are reported at once.
    pub(super) fn read(&self, params: &[Param], reading: &mut Reading) -> Result<Tls, Fault> {
        let mut tls = Tls::default();
        let mut unknown = Vec::new();
        for param in params {
            let Param { name, value, word } = param;
            let Some(row) = self.row(name) else {
                match (self.unknown, Keyword::from_bytes(name.as_bytes())) {
                    (Unknown::Libpq | Unknown::LibpqOrIgnored, Some(keyword)) => {
                        reading.set(keyword, value.as_bytes());
                    }
                    (Unknown::Libpq | Unknown::Refused, _) => unknown.push(word.clone()),
                    (Unknown::Ignored | Unknown::LibpqOrIgnored, _) => {
                        reading.warn_of(word, self.ignored(name));
                    }
                    (Unknown::Sent, _) => {
                        let driver = self.dialect.driver();
                        reading.warn_of(
                            word,
                            format!("{driver} sends it to the server, which refuses the login if it has no such setting; it does nothing for TLS"),
                        );
                    }
                }
                continue;
            };
            match row.meaning {
                Meaning::Same(keyword) => reading.set(keyword, value.as_bytes()),
                Meaning::Words(keyword, words) => {
                    let known = words
                        .iter()
                        .find(|(word, _)| word.eq_ignore_ascii_case(value));
                    let (_, meant) = known.ok_or_else(|| self.refuses_value(name, words))?;
                    reading.set_or_unset(keyword, meant);
                }
                Meaning::Flag { keyword, yes, no } => {
                    let is_true = value.eq_ignore_ascii_case("true");
                    reading.set_or_unset(keyword, if is_true { yes } else { no });
                }
                Meaning::SearchPath => reading.add_option("search_path", value),
                Meaning::Tls => tls.set(row.names.first().copied().unwrap_or_default(), value),
                Meaning::Nothing => {
                    reading.info(
                        name,
                        format!(
                            "only {} has it; it does nothing for TLS",
                            self.dialect.driver()
                        ),
                    );
                }
                Meaning::Lost(what) => reading.warn(name, what),
                Meaning::Refused(why) => return Err(Fault::refused(self.dialect, why)),
            }
        }
        if unknown.is_empty() {
            return Ok(tls);
        }
        Err(Fault::UnknownSettings {
            dialect: self.dialect,
            names: unknown,
        })
    }

    fn refuses_value(&self, name: &str, words: &[(&str, &str)]) -> Fault {
        // An enum of .NET may be a number, too.
        let words = words.iter().map(|(word, _)| *word);
        let words: Vec<&str> = words
            .filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()))
            .collect();
        Fault::refused_but(
            self.dialect,
            format!("it does not know this value of {name}"),
            format!("The values are: {}.", words.join(", ")),
        )
    }

    fn ignored(&self, name: &str) -> String {
        let driver = self.dialect.driver();
        let alike = self
            .rows
            .iter()
            .flat_map(|row| row.names)
            .find(|known| plain(known) == plain(name));
        match alike {
            Some(known) => {
                format!("{driver} ignores it without a message: its own name is {known}")
            }
            None => format!("{driver} does not know it, and ignores it without a message"),
        }
    }
}

/// The settings that decide about TLS, by the first name of their row.
#[derive(Debug, Default)]
pub(super) struct Tls(Vec<(&'static str, String)>);

impl Tls {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let set = self.0.iter().find(|(set, _)| *set == name)?;
        Some(&set.1)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.0.retain(|(set, _)| *set != name);
        self.0.push((name, value.to_owned()));
    }
}
