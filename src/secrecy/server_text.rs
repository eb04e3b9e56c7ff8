//! Secrets in what a server says.

use super::{Place, Taken};

/// The text of a server without what must not be shown: it repeats names that the client sent, which may be a whole URL.
#[must_use]
pub fn without_secrets(text: &[u8]) -> Vec<u8> {
    let lossy = String::from_utf8_lossy(text);
    let mut shown = 0;
    for (part, place) in lossy
        .split_inclusive(QUOTES)
        .zip(PLACES.into_iter().cycle())
    {
        let inner = part.trim_end_matches(QUOTES);
        match Taken::of(inner.trim().as_bytes(), place) {
            // Elsewhere than between quotes, colons may be those of an address.
            Some(Taken::PasswordLine) if inner.contains(' ') => {}
            Some(taken) => {
                let before = lossy.get(..shown).unwrap_or_default();
                // The name may have quotes in it, so it ends at the last one.
                let end = lossy.rfind(QUOTES).and_then(|at| lossy.get(at..));
                return format!("{before}{taken}{}", end.unwrap_or_default()).into_bytes();
            }
            None => {}
        }
        shown = shown.saturating_add(part.len());
    }
    text.to_vec()
}

/// What stands before a quote, and what between two: a name.
const PLACES: [Place; 2] = [Place::Name, Place::User];

/// What PostgreSQL puts around names, in its many languages.
const QUOTES: &[char] = &['"', '\u{ab}', '\u{bb}', '\u{201c}', '\u{201d}', '\u{201e}'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_like_secrets_are_left_out() {
        for (text, expected) in [
            (
                "database \"postgres://u:hunter2@h/d\" does not exist",
                "database \"(not shown: it looks like a connection string)\" does not exist",
            ),
            (
                "role \u{ab}app password=hunter2\u{bb} n'existe pas",
                "role \u{ab}(not shown: it looks like a connection string)\u{bb} n'existe pas",
            ),
            (
                "database \"h:5432:d:u:hunter2\" does not exist",
                "database \"(not shown: it looks like a line of a password file)\" does not exist",
            ),
            (
                r#"database "host=h password="correct horse"" does not exist"#,
                r#"database "(not shown: it looks like a connection string)" does not exist"#,
            ),
            (
                r#"no role "postgres://u:hun"ter2@h/d" in "app" here"#,
                r#"no role "(not shown: it looks like a connection string)" here"#,
            ),
            (
                "role \u{ab} app:hunter2 \u{bb} n'existe pas",
                "role \u{ab}(not shown: it looks like a user with a password)\u{bb} n'existe pas",
            ),
            (
                r#"role "app:hunt"er:2" does not exist"#,
                r#"role "(not shown: it looks like a user with a password)" does not exist"#,
            ),
            (
                "unsupported startup parameter: password=hunter2",
                "(not shown: it looks like a connection string)",
            ),
        ] {
            let shown = without_secrets(text.as_bytes());
            assert_eq!(String::from_utf8(shown).unwrap(), expected, "{text}");
        }
        for text in [
            "password authentication failed for user \"app\"",
            "no pg_hba.conf entry for host \"2001:db8:1:2:3::4\", user \"a\", database \"b\", no encryption",
            "connection from 2001:db8:1:2:3::4 to db:5432:1:2 was refused",
        ] {
            assert_eq!(without_secrets(text.as_bytes()), text.as_bytes(), "{text}");
        }
    }
}
