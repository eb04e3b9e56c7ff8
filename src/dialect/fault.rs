//! Why a string of another driver is refused, or one that was damaged on its way.
//!
//! No message repeats a value of the string: passwords may be anywhere in a string that could not be read.

use super::Dialect;
use super::damage::Damage;
use crate::conninfo::Word;

/// A string that is refused before its meaning is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is nothing in it.
    #[error("the connection string is empty")]
    Empty,
    /// The way to us has changed it.
    #[error("{0}")]
    Damaged(Damage),
    /// A variable that nothing has replaced with its value.
    #[error("the connection string contains {0}, which was not replaced with its value")]
    Unexpanded(Word),
    /// A string for another server.
    #[error("this is a connection string for {0}, not for PostgreSQL")]
    OtherDatabase(&'static str),
    /// A driver of PostgreSQL whose strings are not read here.
    #[error("this is a connection string of {name}, which pgtls does not read")]
    OtherDriver {
        /// Whose it is.
        name: &'static str,
        /// What to give instead.
        instead: &'static str,
    },
    /// Nothing says with certainty whose string it is, or two things contradict each other.
    #[error("this may be {}: {}", either(candidates), because(candidates))]
    Ambiguous {
        /// The dialects, each with what speaks for it.
        candidates: Vec<Sign>,
    },
    /// The settings of a driver in a string that it does not read.
    #[error("{because} belongs to {}, but {} refuses a string without {missing:?} at its beginning", dialect.driver(), dialect.driver())]
    NoPrefix {
        /// Whose setting it is.
        dialect: Dialect,
        /// The setting.
        because: String,
        /// What must come first.
        missing: &'static str,
    },
    /// What the driver itself refuses.
    #[error("{} refuses this: {reason}", dialect.driver())]
    Refused {
        /// Whose string it is.
        dialect: Dialect,
        /// Why.
        reason: String,
        /// What to write instead, if that is known.
        instead: Option<String>,
    },
    /// Settings that the driver does not know, and refuses.
    #[error("{} does not know {}", dialect.driver(), words(names))]
    UnknownSettings {
        /// Whose string it is.
        dialect: Dialect,
        /// All of them.
        names: Vec<Word>,
    },
    /// A command with more words than its program takes. They are not shown: one may be a password.
    #[error("{program} refuses a command with so many words")]
    TooManyWords {
        /// The program.
        program: &'static str,
    },
    /// The string says what pgtls cannot judge.
    #[error("{} cannot be judged from this string: {reason}", dialect.driver())]
    Beyond {
        /// Whose string it is.
        dialect: Dialect,
        /// Why.
        reason: String,
        /// What to do.
        instead: String,
    },
}

/// What speaks for a dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// The dialect.
    pub dialect: Dialect,
    /// A setting or a beginning, as it may be shown.
    pub because: String,
}

fn either(candidates: &[Sign]) -> String {
    let mut titles: Vec<&str> = Vec::new();
    for sign in candidates {
        if !titles.contains(&sign.dialect.title()) {
            titles.push(sign.dialect.title());
        }
    }
    titles.join(" or ")
}

fn because(candidates: &[Sign]) -> String {
    let signs = candidates
        .iter()
        .map(|sign| format!("{} belongs to {}", sign.because, sign.dialect.driver()));
    signs.collect::<Vec<_>>().join(", ")
}

fn words(names: &[Word]) -> String {
    let names: Vec<String> = names.iter().map(Word::to_string).collect();
    names.join(", ")
}

impl Fault {
    pub(super) fn refused(dialect: Dialect, reason: impl Into<String>) -> Self {
        Self::Refused {
            dialect,
            reason: reason.into(),
            instead: None,
        }
    }

    pub(super) fn refused_but(
        dialect: Dialect,
        reason: impl Into<String>,
        instead: impl Into<String>,
    ) -> Self {
        Self::Refused {
            dialect,
            reason: reason.into(),
            instead: Some(instead.into()),
        }
    }

    /// What to do about it, if that is known.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            Self::Empty => "Is the variable set? To use PGHOST and the other variables alone, give no string.".to_owned(),
            Self::Damaged(damage) => damage.advice(),
            Self::Unexpanded(Word::Shown(word)) if word.starts_with("{{") || word.starts_with("<%") => {
                "A program fills that in, such as Helm, Vault or a template. Give the string that it makes.".to_owned()
            }
            Self::Unexpanded(Word::Shown(word)) if word.starts_with(['<', '{']) => {
                "It stands for a value of your own, in a documentation or a template. Write that value in its place.".to_owned()
            }
            Self::Unexpanded(_) => "Set the variable, and put the string in double quotes in a shell. With --env NAME, pgtls reads a variable itself.".to_owned(),
            Self::OtherDatabase(_) => "pgtls checks PostgreSQL only.".to_owned(),
            Self::OtherDriver { instead, .. } => (*instead).to_owned(),
            Self::Ambiguous { candidates } => {
                let mut names: Vec<&str> = candidates.iter().map(|sign| sign.dialect.name()).collect();
                names.dedup();
                let options: Vec<String> = names.iter().map(|name| format!("--dialect {name}")).collect();
                format!("Say which driver reads this string: {}.", options.join(" or "))
            }
            Self::NoPrefix { dialect, missing, .. } => format!(
                "If {} reads it, begin the string with {missing} (--dialect does not replace that). Otherwise say which driver does, with --dialect.",
                dialect.driver(),
            ),
            Self::Refused { instead, .. } => return instead.clone(),
            Self::UnknownSettings { .. } => {
                "Correct the spelling, or remove the settings that belong to another driver.".to_owned()
            }
            Self::TooManyWords { .. } => {
                "Put quotes around a string with blanks, and leave out what is too much.".to_owned()
            }
            Self::Beyond { instead, .. } => instead.clone(),
        })
    }
}
