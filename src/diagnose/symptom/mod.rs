//! What a driver's error message means: which finding codes can be behind it.
//!
//! One row for each message, from what the drivers print. A message that several faults cause has several codes, most
//! likely first, each with what tells it apart.

mod causes;
mod table;
#[cfg(test)]
mod tests;

use super::Code;
use table::symptoms;

/// A message that a program prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symptom {
    /// Who prints it.
    pub said_by: &'static str,
    rank: Rank,
    /// What is in it, in small letters, as whole words. All parts must be there.
    parts: &'static [&'static str],
    /// What can be behind it, most likely first, and what shows that.
    pub causes: &'static [(Code, &'static str)],
}

/// How much a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// A frame that drivers put around any fault.
    General,
    Specific,
}

impl Symptom {
    /// The most specific message of this text, whatever host names, paths and versions it has.
    pub fn of(text: &str) -> Option<&'static Self> {
        let bytes = text.as_bytes();
        let text = String::from_utf8_lossy(bytes.get(..MAX_TEXT).unwrap_or(bytes));
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ");
        let texts = [reasons_as_words(&text), text]
            .map(|text| text.to_lowercase().replace("self signed", "self-signed"));
        let is_there = |part: &&str| texts.iter().any(|text| has_words(text, part));
        let length = |symptom: &&Self| symptom.parts.iter().map(|part| part.len()).sum::<usize>();
        symptoms()
            .filter(|symptom| symptom.parts.iter().all(is_there))
            .max_by_key(|symptom| (symptom.rank, length(symptom)))
    }
}

/// Node.js and Python write OpenSSL's reasons as names, such as `ERR_SSL_NO_SHARED_CIPHER`.
fn reasons_as_words(text: &str) -> String {
    text.split_inclusive(|c: char| !is_of_word(c))
        .map(|name| {
            if name.contains(char::is_lowercase) {
                name.to_owned()
            } else {
                name.replace('_', " ")
            }
        })
        .collect()
}

/// Whether the part stands there, and not within longer words: `FileNotFoundError` does not say ENOTFOUND.
fn has_words(text: &str, part: &str) -> bool {
    let is_of_word = |c: Option<char>| c.is_some_and(is_of_word);
    text.match_indices(part).any(|(start, _)| {
        let before = text.get(..start).unwrap_or_default();
        let behind = text.get(start + part.len()..).unwrap_or_default();
        let begins_within =
            is_of_word(before.chars().next_back()) && is_of_word(part.chars().next());
        let ends_within = is_of_word(behind.chars().next()) && is_of_word(part.chars().next_back());
        !begins_within && !ends_within
    })
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Bytes of a text that are looked at.
const MAX_TEXT: usize = 64 * 1024;
