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
    /// What is in it, in small letters. All parts must be there.
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
        let text = words
            .join(" ")
            .to_lowercase()
            .replace("self signed", "self-signed");
        let length = |symptom: &&Self| symptom.parts.iter().map(|part| part.len()).sum::<usize>();
        symptoms()
            .filter(|symptom| symptom.parts.iter().all(|part| text.contains(part)))
            .max_by_key(|symptom| (symptom.rank, length(symptom)))
    }
}

/// Bytes of a text that are looked at.
const MAX_TEXT: usize = 64 * 1024;
