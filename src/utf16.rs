//! UTF-16, as Windows PowerShell's `>` and Notepad write it.

/// The order of the two bytes of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The low byte first.
    Little,
    /// The high byte first.
    Big,
}

impl Order {
    /// The order that a byte-order mark gives.
    pub fn of_mark(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xfe, ..] => Some(Self::Little),
            [0xfe, 0xff, ..] => Some(Self::Big),
            _ => None,
        }
    }

    /// The text, without a byte-order mark at its start. What is no text becomes U+FFFD; half a unit at the end is lost.
    pub fn decode(self, bytes: &[u8]) -> String {
        let (pairs, _) = bytes.as_chunks::<2>();
        let units = pairs.iter().map(|pair| match self {
            Self::Little => u16::from_le_bytes(*pair),
            Self::Big => u16::from_be_bytes(*pair),
        });
        let mut letters = char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .peekable();
        letters.next_if_eq(&'\u{feff}');
        letters.collect()
    }
}

/// The text, if a byte-order mark says that it is UTF-16.
pub fn marked(bytes: &[u8]) -> Option<String> {
    Order::of_mark(bytes).map(|order| order.decode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_are_read_and_the_mark_is_not_part_of_the_text() {
        for (bytes, expected) in [
            (&b"\xff\xfea\0\xe9\0"[..], Some("a\u{e9}")),
            (b"\xfe\xff\0a\0\xe9", Some("a\u{e9}")),
            (b"\xff\xfe\x00\xd8a\0z", Some("\u{fffd}a")),
            (b"\xff\xfe", Some("")),
            (b"a\0", None),
            (b"", None),
        ] {
            assert_eq!(marked(bytes).as_deref(), expected, "{bytes:?}");
        }
        assert_eq!(Order::Little.decode(b"a\0"), "a");
    }
}
