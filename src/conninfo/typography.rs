//! Signs that word processors and chat programs put in the place of those on the keyboard.

use std::fmt;

/// A sign that looks like one of the keyboard, and that no program takes for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typographic {
    /// `“`
    Quote(char),
    /// `–`
    Dash(char),
    /// A space that is not U+0020.
    Space(char),
}

impl Typographic {
    /// The first one in a text.
    #[must_use]
    pub fn first_in(text: &str) -> Option<Self> {
        text.chars().find_map(Self::of)
    }

    /// Which one a letter is.
    #[must_use]
    pub const fn of(letter: char) -> Option<Self> {
        Some(match letter {
            '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2039}' | '\u{203a}' => {
                Self::Quote(letter)
            }
            '\u{2010}'..='\u{2015}' | '\u{2212}' => Self::Dash(letter),
            '\u{a0}' | '\u{2007}' | '\u{200b}' | '\u{202f}' | '\u{feff}' => Self::Space(letter),
            _ => return None,
        })
    }
}

impl fmt::Display for Typographic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quote(sign) => write!(f, "\"{sign}\" is a typographic quotation mark"),
            Self::Dash(sign) => write!(f, "\"{sign}\" is a typographic dash, not the hyphen"),
            Self::Space(sign) => write!(
                f,
                "U+{:04X} is a typographic space, not that of the keyboard",
                u32::from(*sign)
            ),
        }
    }
}

/// Whether a sign is a quotation mark of any keyboard, shell or word processor.
#[must_use]
pub fn is_quote(sign: char) -> bool {
    matches!(sign, '"' | '\'' | '`') || matches!(Typographic::of(sign), Some(Typographic::Quote(_)))
}

/// Whether typographic quotes enclose a text.
#[must_use]
pub fn is_in_quotes(text: &str) -> bool {
    let is_quote =
        |sign: Option<char>| matches!(sign.and_then(Typographic::of), Some(Typographic::Quote(_)));
    let mut signs = text.chars();
    is_quote(signs.next()) && is_quote(signs.next_back())
}

/// A value as its writer typed it: hyphens for dashes, and neither quotes nor spaces.
#[must_use]
pub fn as_typed(value: &str) -> String {
    typed(value, "", "")
}

/// The same with these for quotes and spaces.
pub(super) fn typed(text: &str, quote: &str, space: &str) -> String {
    let mut typed = String::with_capacity(text.len());
    for letter in text.chars() {
        match Typographic::of(letter) {
            None => typed.push(letter),
            Some(Typographic::Quote(_)) => typed.push_str(quote),
            Some(Typographic::Dash(_)) => typed.push('-'),
            Some(Typographic::Space(_)) => typed.push_str(space),
        }
    }
    typed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_word_processors_are_told_from_those_of_the_keyboard() {
        for (text, typed) in [
            ("“root.crt”", "root.crt"),
            ("verify–full", "verify-full"),
            ("a\u{a0}", "a"),
        ] {
            assert!(Typographic::first_in(text).is_some(), "{text}");
            assert_eq!(as_typed(text), typed);
        }
        for text in ["'a'", "\"a\"", "a-b", "datenbank-ä.example", "東京"] {
            assert_eq!(Typographic::first_in(text), None, "{text}");
        }
        assert!(is_in_quotes("‘a’"));
        assert!(!is_in_quotes("a’s"));
        assert!(!is_in_quotes("“"));
    }
}
