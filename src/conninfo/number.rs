//! Integers as libpq reads them.

use super::space::is_space;

/// A decimal `int` with white space on either side and an optional sign (`pqParseIntParam` in
/// `fe-connect.c`).
pub(super) fn integer(text: &[u8]) -> Option<i32> {
    let start = text.iter().position(|byte| !is_space(*byte))?;
    let end = text
        .iter()
        .rposition(|byte| !is_space(*byte))?
        .checked_add(1)?;
    std::str::from_utf8(text.get(start..end)?)
        .ok()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::integer;

    #[test]
    fn integers_are_read_as_strtol_reads_them() {
        for (text, value) in [
            ("5432", Some(5432)),
            (" 5432\t", Some(5432)),
            ("\t\x0b5432", Some(5432)),
            ("+5432", Some(5432)),
            ("005432", Some(5432)),
            ("-1", Some(-1)),
            ("2147483647", Some(i32::MAX)),
            ("2147483648", None),
            ("99999999999999999999", None),
            ("0x10", None),
            ("1 2", None),
            ("- 1", None),
            ("+-1", None),
            ("1.5", None),
            (" ", None),
            ("", None),
        ] {
            assert_eq!(integer(text.as_bytes()), value, "{text:?}");
        }
    }
}
