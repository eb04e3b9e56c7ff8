//! All unknown settings of a string at once.

use crate::conninfo::{Error, Keyword, Word};

/// The words before `=` in a keyword/value string that libpq does not know.
pub(super) fn keywords(text: &str) -> Vec<Word> {
    let Some(pairs) = super::shell::keyword_pairs(text) else {
        return Vec::new();
    };
    let mut before = String::new();
    let mut unknown = Vec::new();
    for pair in pairs {
        if !is_known(&pair.name) {
            unknown.push(Word::after(before.as_bytes(), pair.name.as_bytes()));
        }
        before = format!("{}=", pair.name);
    }
    unknown
}

/// The names in the query of a URI that libpq does not know.
pub(super) fn query(text: &str) -> Vec<Word> {
    let mut before = "";
    let mut unknown = Vec::new();
    for pair in super::recognise::query_of(text) {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        let alias = matches!(pair, "ssl=true");
        if !alias && !is_known(name) {
            unknown.push(Word::after(before.as_bytes(), name.as_bytes()));
        }
        before = pair;
    }
    unknown
}

fn is_known(name: &str) -> bool {
    name == "requiressl" || Keyword::from_bytes(name.as_bytes()).is_some()
}

/// What libpq does not know besides the word that its own error names.
pub(super) fn besides(text: &str, error: &Error) -> Vec<Word> {
    let Error::UnknownKeyword { word: first, .. } = error else {
        return Vec::new();
    };
    let all = if text.contains("://") {
        query(text)
    } else {
        keywords(text)
    };
    let mut others: Vec<Word> = Vec::new();
    for word in all {
        if word != *first && !others.contains(&word) {
            others.push(word);
        }
    }
    others
}
