//! The grammar of keyword/value strings: `host=localhost port = 5432 application_name='it\'s me'`
//! (`conninfo_parse` in libpq's `fe-connect.c`).

use super::assignment::{Assignment, store};
use crate::conninfo::space::is_space;
use crate::conninfo::value::Word;
use crate::conninfo::{Error, Keyword};
use crate::secrecy::Taken;

/// Reads all settings of the string in order.
///
/// # Errors
/// A word without `=`, a quote that is not closed, or an unknown keyword.
pub(super) fn parse(text: &[u8]) -> Result<Vec<Assignment>, Error> {
    let mut scanner = Scanner { text, at: 0 };
    let mut assignments = Vec::new();
    let mut previous: &[u8] = &[];
    loop {
        scanner.skip_spaces();
        let start = scanner.at;
        if scanner.peek().is_none() {
            return Ok(assignments);
        }
        let name = scanner.name();
        scanner.skip_spaces();
        if scanner.peek() != Some(b'=') {
            let word = match Word::after(previous, name) {
                Word::Shown(_) if may_be_login(name) => Word::Hidden(Taken::Astray),
                word => word,
            };
            return Err(Error::MissingEquals { word, at: start });
        }
        let word = || Word::assigned(previous, name);
        scanner.advance();
        scanner.skip_spaces();
        let at = scanner.at;
        let raw = scanner
            .value()
            .ok_or_else(|| Error::UnclosedQuote { word: word(), at })?;
        store(&mut assignments, name, raw.value, at, raw.as_typed).map_err(|suggestion| {
            Error::UnknownKeyword {
                word: word(),
                at: start,
                suggestion,
            }
        })?;
        previous = text.get(start..scanner.at).unwrap_or_default();
    }
}

/// Whether a word may be a user and a password, and not a host and a port, or a keyword and its value.
fn may_be_login(word: &[u8]) -> bool {
    let mut pieces = word.split(|byte| *byte == b':');
    let is_keyword = pieces
        .next()
        .is_some_and(|name| Keyword::from_bytes(name).is_some());
    let is_number = |piece: &[u8]| piece.iter().all(u8::is_ascii_digit);
    !is_keyword && pieces.next_back().is_some_and(|last| !is_number(last))
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

/// A value after unescaping.
#[derive(Default)]
struct RawValue {
    value: Vec<u8>,
    /// The value with its backslashes, if one before an ordinary character was lost.
    as_typed: Option<Vec<u8>>,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn advance(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.advance();
        Some(byte)
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.advance();
        }
    }

    fn name(&mut self) -> &'a [u8] {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|byte| byte != b'=' && !is_space(byte))
        {
            self.advance();
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The value, or nothing if its quote is not closed.
    fn value(&mut self) -> Option<RawValue> {
        let quoted = self.peek() == Some(b'\'');
        if quoted {
            self.advance();
        }
        let mut unescaped = Unescaped::default();
        loop {
            match self.next() {
                None if quoted => return None,
                None => return Some(unescaped.finish()),
                Some(b'\'') if quoted => return Some(unescaped.finish()),
                Some(byte) if !quoted && is_space(byte) => return Some(unescaped.finish()),
                // A backslash at the very end has no meaning.
                Some(b'\\') => {
                    if let Some(byte) = self.next() {
                        unescaped.escaped(byte);
                    }
                }
                Some(byte) => unescaped.plain(byte),
            }
        }
    }
}

#[derive(Default)]
struct Unescaped {
    value: Vec<u8>,
    as_typed: Vec<u8>,
    /// Whether a backslash before an ordinary character was dropped.
    lost: bool,
}

impl Unescaped {
    fn plain(&mut self, byte: u8) {
        self.value.push(byte);
        self.as_typed.push(byte);
    }

    fn escaped(&mut self, byte: u8) {
        if !matches!(byte, b'\\' | b'\'') && !is_space(byte) {
            self.as_typed.push(b'\\');
            self.lost = true;
        }
        // The name of a share begins with two.
        if byte == b'\\' && self.as_typed.is_empty() {
            self.as_typed.push(b'\\');
        }
        self.plain(byte);
    }

    fn finish(self) -> RawValue {
        RawValue {
            value: self.value,
            as_typed: self.lost.then_some(self.as_typed),
        }
    }
}
