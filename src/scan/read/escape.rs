//! What stands behind a backslash in a literal of most languages, JSON and YAML.

/// The character, and how many bytes stand for it; no character where the line goes on in the next one.
pub(super) fn escaped(behind: &str) -> Option<(Option<char>, usize)> {
    let first = behind.chars().next()?;
    let digits = |count: usize| {
        let end = count.checked_add(1)?;
        let code = u32::from_str_radix(behind.get(1..end)?, 16).ok()?;
        Some((Some(char::from_u32(code)?), end))
    };
    let coded = match first {
        'u' => digits(4),
        'x' => digits(2),
        _ => None,
    };
    let plain = match first {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        '\n' => None,
        other => Some(other),
    };
    Some(coded.unwrap_or_else(|| (plain, first.len_utf8())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_with_their_length() {
        for (behind, expected) in [
            ("u0026x", (Some('&'), 5)),
            ("x26x", (Some('&'), 3)),
            ("n", (Some('\n'), 1)),
            ("\"", (Some('"'), 1)),
            ("\nx", (None, 1)),
            ("u00", (Some('u'), 1)),
            ("\u{e4}", (Some('\u{e4}'), 2)),
        ] {
            assert_eq!(escaped(behind), Some(expected), "{behind:?}");
        }
        assert_eq!(escaped(""), None);
    }
}
