//! Escapes untrusted text for terminals.
//!
//! Names in certificates and messages from servers can contain escape sequences that repaint the
//! screen, bidirectional overrides that reorder it, or invisible characters. Everything that is
//! invisible or controls a terminal is spelled out instead.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// One line of text that is safe for a terminal. Its only constructor escapes, so a type that
/// contains `Shown` contains nothing harmful.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Shown(String);

impl Shown {
    /// Escapes the text. Text that is already escaped does not change.
    pub fn new<T: AsRef<[u8]> + ?Sized>(text: &T) -> Self {
        Self(escape(text).to_string())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Shown {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Shown {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<Escaped<'_>> for Shown {
    fn from(text: Escaped<'_>) -> Self {
        Self::new(text.0)
    }
}

impl AsRef<str> for Shown {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl std::ops::Deref for Shown {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Other programs may have changed a report, so what is read is escaped, too.
impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer).map(|text| Self::new(&*text))
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Shown {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Shown".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

/// Bytes that print as escaped text; made by [`escape`].
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(&'a [u8]);

/// Shows `bytes` as UTF-8 with everything harmful or invisible spelled out.
///
/// ASCII controls, DEL and bytes that are not UTF-8 print as `\xNN`; C1 controls, bidirectional and
/// zero-width format characters, line and paragraph separators as `\u{NNNN}`. Everything else
/// stays, including spaces, quotes and backslashes.
pub fn escape<T: AsRef<[u8]> + ?Sized>(bytes: &T) -> Escaped<'_> {
    Escaped(bytes.as_ref())
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;

        // Nearly all text.
        if self.0.iter().all(|byte| matches!(byte, b' '..=b'~'))
            && let Ok(text) = str::from_utf8(self.0)
        {
            return f.write_str(text);
        }
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\0'..='\x1f' | '\x7f' => write!(f, "\\x{:02x}", u32::from(c))?,
                    _ if is_harmful(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                    _ => f.write_char(c)?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Invisible, or able to move the text around it. Beyond the C1 controls these are the format
/// characters (general category Cf) that draw nothing, the two separators of category Zl and Zp,
/// and the combining grapheme joiner.
fn is_harmful(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_can_read_stays_as_it_is() {
        for text in [
            "",
            "db.example.com",
            "a b \"c\" d\\e",
            "Zürich",
            "пример",
            "例え",
            "🐘",
            "e\u{301}",
        ] {
            assert_eq!(escape(text).to_string(), text);
        }
    }

    #[test]
    fn what_they_cannot_is_spelled_out() {
        for (bytes, expected) in [
            (&b"\x1b[2Jgone"[..], r"\x1b[2Jgone"),
            (b"a\0b\nc\td\re\x7f", r"a\x00b\x0ac\x09d\x0de\x7f"),
            ("c1\u{80}\u{9b}\u{9f}".as_bytes(), r"c1\u{80}\u{9b}\u{9f}"),
            ("a\u{202e}moc".as_bytes(), r"a\u{202e}moc"),
            (
                "\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}".as_bytes(),
                r"\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}",
            ),
            (
                "a\u{200b}\u{200d}\u{feff}\u{ad}\u{2060}b".as_bytes(),
                r"a\u{200b}\u{200d}\u{feff}\u{ad}\u{2060}b",
            ),
            ("\u{2028}\u{2029}".as_bytes(), r"\u{2028}\u{2029}"),
            ("\u{e0041}".as_bytes(), r"\u{e0041}"),
        ] {
            assert_eq!(escape(bytes).to_string(), expected);
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_show_their_values() {
        for (bytes, expected) in [
            (&b"caf\xe9"[..], r"caf\xe9"),
            (b"\xff\xfe", r"\xff\xfe"),
            (b"\xc3", r"\xc3"),
            (b"\xe2\x82", r"\xe2\x82"),
            (b"\xc0\xaf", r"\xc0\xaf"),
            (b"\xed\xa0\x80", r"\xed\xa0\x80"),
            (b"a\xc3\xbcb\xc3", "a\u{fc}b\\xc3"),
        ] {
            assert_eq!(escape(bytes).to_string(), expected);
        }
    }

    #[test]
    fn nothing_escaped_needs_escaping_again() {
        let every_char: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        let once = escape(&every_char).to_string();
        assert_eq!(escape(&once).to_string(), once);
        assert!(!once.chars().any(char::is_control));
    }
}
