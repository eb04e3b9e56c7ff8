//! Secrets in what a server says.

use super::{Place, Taken};

/// The text of a server without what must not be shown: it repeats names that the client sent, which may be a whole URL.
#[must_use]
pub fn without_secrets(text: &[u8]) -> Vec<u8> {
    if Taken::of(text, Place::Name).is_none() {
        return text.to_vec();
    }
    let text = String::from_utf8_lossy(text);
    let mut kept = String::with_capacity(text.len());
    for part in text.split_inclusive(QUOTES) {
        let inner = part.trim_end_matches(QUOTES);
        match Taken::of(inner.as_bytes(), Place::Name) {
            // What stands between quotes is a name. Elsewhere, colons may be those of an address.
            Some(Taken::PasswordLine) if inner.contains(' ') => kept.push_str(part),
            Some(taken) => {
                kept.push_str(&taken.to_string());
                // The name may have quotes in it, so it ends at the last one.
                let end = text.rfind(QUOTES).and_then(|at| text.get(at..));
                kept.push_str(end.unwrap_or_default());
                break;
            }
            None => kept.push_str(part),
        }
    }
    kept.into_bytes()
}

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
