//! All unknown settings of a string at once.

use crate::conninfo::{Error, Keyword, Word};
use crate::secrecy::Taken;

/// The words before `=` in a keyword/value string that libpq does not know.
pub(super) fn keywords(text: &str) -> Vec<Word> {
    let Some(pairs) = super::shell::keyword_pairs(text) else {
        return Vec::new();
    };
    let mut unknown = Unknown::default();
    for pair in pairs {
        unknown.add(&pair.name, &format!("{}={}", pair.name, pair.value));
    }
    unknown.words
}

/// The names in the query of a URI that libpq does not know.
pub(super) fn query(text: &str) -> Vec<Word> {
    let mut unknown = Unknown::default();
    for pair in super::recognise::query_of(text) {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        unknown.add(name, pair);
    }
    unknown.words
}

/// The unknown words so far, and what the next one follows.
#[derive(Default)]
struct Unknown {
    words: Vec<Word>,
    before: String,
}

impl Unknown {
    fn add(&mut self, name: &str, pair: &str) {
        if is_known(name) || pair == "ssl=true" {
            pair.clone_into(&mut self.before);
            return;
        }
        // A piece without a value may be the rest of the one before it.
        let word = if pair.contains('=') || self.before.is_empty() {
            Word::assigned(self.before.as_bytes(), name.as_bytes())
        } else {
            Word::Hidden(Taken::Astray)
        };
        match word {
            Word::Shown(_) => pair,
            // The rest of a password may go on in the next word.
            Word::Hidden(_) => "password=",
        }
        .clone_into(&mut self.before);
        self.words.push(word);
    }
}

fn is_known(name: &str) -> bool {
    name == "requiressl" || Keyword::from_bytes(name.as_bytes()).is_some()
}

/// What libpq does not know besides the word that its own error names. If that one is hidden in a URI, the query may be
/// the rest of a password.
pub(super) fn besides(text: &str, error: &Error) -> Vec<Word> {
    let Error::UnknownKeyword { word: first, .. } = error else {
        return Vec::new();
    };
    let all = match (text.contains("://"), first) {
        (true, Word::Hidden(_)) => Vec::new(),
        (true, Word::Shown(_)) => query(text),
        (false, _) => keywords(text),
    };
    let mut others: Vec<Word> = Vec::new();
    for word in all {
        if word != *first && !others.contains(&word) {
            others.push(word);
        }
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_whose_unknown_word_is_hidden_names_no_others() {
        let unknown = |first| Error::UnknownKeyword {
            word: first,
            at: 0,
            suggestion: None,
        };
        let text = "postgresql://u:p@Se?Cret=x&Hun=y&ter2=z@h/d";
        let hidden = unknown(Word::Hidden(Taken::Astray));
        assert_eq!(besides(text, &hidden), []);
        let misspelt = "postgresql://h/d?pasword=Hun&ter2%x";
        let others = besides(misspelt, &unknown(Word::Shown("pasword".to_owned())));
        assert_eq!(others, [Word::Hidden(Taken::Astray)]);
        for login in ["app:hunter2=x@h", "//app:hunter2=x@h", "app:1234=5@h"] {
            assert_eq!(keywords(login), [Word::Hidden(Taken::Astray)], "{login}");
        }
        let after_url = "host=postgres://app:Hun ter2=x";
        assert_eq!(keywords(after_url), [Word::Hidden(Taken::Astray)]);
        let shown = unknown(Word::Shown("a".to_owned()));
        let others = besides("postgresql://h/d?a=1&b=2", &shown);
        assert_eq!(others, [Word::Shown("b".to_owned())]);
    }
}
