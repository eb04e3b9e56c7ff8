//! What is wrong with a TOML text, without the words of it that may be secret: a list of passwords may be given where a
//! configuration belongs.

use super::{Place, Taken};

/// What the TOML reader says. Not its own `Display`, which shows the line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Fault {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl Fault {
    /// The fault that the reader found in `text`.
    #[must_use]
    pub fn of(text: &str, error: &toml::de::Error) -> Self {
        Self {
            line: line_of(text, error.span().map_or(text.len(), |span| span.start)),
            message: shown(error.message()),
        }
    }
}

/// The line of a place in a text, counted from 1. The place is in bytes.
#[must_use]
pub fn line_of(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.matches('\n').count().saturating_add(1)
}

/// A word of the file as a message may repeat it.
#[must_use]
pub fn shown_word(word: &str) -> String {
    Taken::of(word.as_bytes(), Place::Word)
        .map_or_else(|| word.to_owned(), |taken| taken.to_string())
}

/// A message of the TOML reader, without the words of the file that it repeats if they may be secret: an unknown key
/// stands between backticks, a value of the wrong type between quotes.
fn shown(message: &str) -> String {
    let quotes = ['`', '"'];
    let (Some(start), Some(end)) = (message.find(quotes), message.rfind(quotes)) else {
        return message.to_owned();
    };
    // Between the last two stand our own words: the keys that are known.
    let theirs = message
        .rfind(", expected")
        .map_or(end, |ours| ours.min(end));
    let word = message.get(start..theirs).unwrap_or_default();
    let word = word.trim_matches(quotes);
    let is_value = message.starts_with("invalid type: string ");
    let taken =
        Taken::of(word.as_bytes(), Place::Keyword).or_else(|| is_value.then_some(Taken::Astray));
    match taken {
        Some(taken) => {
            let before = message.get(..start).unwrap_or_default();
            let behind = message.get(theirs..).unwrap_or_default();
            let behind = behind.trim_start_matches(quotes);
            format!("{before}{taken}{behind}")
        }
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_has_its_line_and_nothing_of_it() {
        for (text, line, message) in [
            ("a = 1\ndb:5432:app:ann:hunter2\n", 2, ""),
            ("a = 1\n\nurl = postgresql://ann:hunter2@h/d\n", 3, ""),
            (
                "\"postgresql://ann:hunter2@h/d\" = 1\n\"postgresql://ann:hunter2@h/d\" = 2\n",
                2,
                "duplicate key",
            ),
        ] {
            let error = text.parse::<toml::Table>().unwrap_err();
            let fault = Fault::of(text, &error);
            assert_eq!(fault.line, line, "{fault}");
            assert!(fault.message.contains(message), "{fault}");
            assert!(!fault.to_string().contains("unter2"), "{fault}");
        }
    }
}
