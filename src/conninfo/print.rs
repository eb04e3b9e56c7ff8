//! Turns settings back into text.

use super::grammar::Assignment;
use super::parameter::{Keyword, Secrecy};
use super::space::is_space;
use super::value::{MASK, Secret, Value};
use crate::os::text_of;

/// A value that lost backslashes, and the settings that keep them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostBackslashes {
    /// The value as it was typed, which libpq never sees.
    pub typed: String,
    /// The setting with `/` for each backslash, which Windows accepts, too.
    pub with_slashes: String,
    /// The setting with every backslash doubled.
    pub doubled: String,
}

/// The settings as a keyword/value string, secrets masked; bytes that are not UTF-8 become U+FFFD.
#[must_use]
pub fn redacted(settings: &[Assignment]) -> String {
    let words: Vec<String> = settings
        .iter()
        .map(|made| match made.value.secrecy() {
            Secrecy::Public => text_of(&setting(made.keyword, made.value.as_bytes())),
            Secrecy::Secret => format!("{}={MASK}", made.keyword),
        })
        .collect();
    words.join(" ")
}

/// The settings with some of them changed or added. An empty value takes a setting out of the string.
#[must_use]
pub(super) fn change(settings: &[Assignment], changes: &[(Keyword, &[u8])]) -> Vec<Assignment> {
    let set = |(keyword, value): &(Keyword, &[u8])| Assignment {
        keyword: *keyword,
        value: Value::new(*keyword, value.to_vec()),
        at: 0,
        as_typed: None,
        alias: None,
        undone: None,
    };
    let change_of = |keyword| changes.iter().find(|(changed, _)| *changed == keyword);
    let mut changed: Vec<Assignment> = settings
        .iter()
        .filter(|made| change_of(made.keyword).is_none_or(|(_, value)| !value.is_empty()))
        .map(|made| change_of(made.keyword).map_or_else(|| made.clone(), set))
        .collect();
    let added =
        |(keyword, _): &&(Keyword, &[u8])| settings.iter().all(|made| made.keyword != *keyword);
    changed.extend(changes.iter().filter(added).map(set));
    changed
}

/// The settings as a keyword/value string, secrets and all: to be read again, never to be shown.
pub(super) fn unmasked(settings: &[Assignment]) -> Secret {
    let words: Vec<Vec<u8>> = settings
        .iter()
        .map(|made| setting(made.keyword, made.value.as_bytes()))
        .collect();
    Secret::new(words.join(&b' '))
}

/// What the user typed for this keyword, if libpq dropped backslashes from it.
pub(super) fn lost_backslashes(
    settings: &[Assignment],
    keyword: Keyword,
) -> Option<LostBackslashes> {
    let typed = settings
        .iter()
        .find(|made| made.keyword == keyword)?
        .as_typed
        .as_ref()?;
    if typed.secrecy() == Secrecy::Secret {
        return None;
    }
    let slashes: Vec<u8> = typed
        .as_bytes()
        .iter()
        .map(|byte| if *byte == b'\\' { b'/' } else { *byte })
        .collect();
    let shown = |bytes: &[u8]| text_of(&setting(keyword, bytes));
    Some(LostBackslashes {
        typed: typed.to_string(),
        with_slashes: shown(&slashes),
        doubled: shown(typed.as_bytes()),
    })
}

/// `keyword=value`.
fn setting(keyword: Keyword, value: &[u8]) -> Vec<u8> {
    [format!("{keyword}=").as_bytes(), &quoted(value)].concat()
}

/// A value, quoted for a keyword/value string: in quotes if it is empty or contains a space, with a
/// backslash before quotes and backslashes.
#[must_use]
pub fn quoted(value: &[u8]) -> Vec<u8> {
    let quote: &[u8] = if value.is_empty() || value.iter().any(|byte| is_space(*byte)) {
        b"'"
    } else {
        b""
    };
    [quote, &escaped(value, is_special), quote].concat()
}

/// A part of a value that may or may not be in quotes.
pub(super) fn part(bytes: &[u8]) -> Vec<u8> {
    escaped(bytes, |byte| is_special(byte) || is_space(byte))
}

/// Puts a backslash before some bytes (`conninfo_parse` in libpq's `fe-connect.c`).
fn escaped(bytes: &[u8], is_special: fn(u8) -> bool) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    for byte in bytes {
        text.extend(is_special(*byte).then_some(b'\\'));
        text.push(*byte);
    }
    text
}

const fn is_special(byte: u8) -> bool {
    matches!(byte, b'\'' | b'\\')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::grammar::parse;
    use super::*;

    #[test]
    fn secrets_are_masked_and_the_rest_is_quoted_as_libpq_needs_it() {
        for (text, shown) in [
            (
                "host=a password=b sslmode=require",
                "host=a password=******** sslmode=require",
            ),
            (
                "postgresql://u:p@h/d",
                "user=u password=******** host=h dbname=d",
            ),
            ("host='' user='a b'", "host='' user='a b'"),
            (r"user=it\'s\\", r"user=it\'s\\"),
            ("user= password=x", "user=********"),
            (
                "sslpassword=x oauth_client_secret=y",
                "sslpassword=******** oauth_client_secret=********",
            ),
            (
                "postgresql://u:p/q@h/d",
                "host=******** port=******** dbname=********",
            ),
            (
                "postgres://u:p,[q/@[::1]/d",
                "host=******** port=******** dbname=********",
            ),
            (
                "postgresql://u:p@ss:1/d?user=x@h",
                "user=******** password=******** host=******** port=******** dbname=********",
            ),
            (
                "host=h sslkey='-----BEGIN PRIVATE KEY-----'",
                "host=h sslkey=********",
            ),
            ("", ""),
        ] {
            assert_eq!(redacted(&parse(text.as_bytes()).unwrap()), shown, "{text}");
        }
    }

    #[test]
    fn a_path_that_lost_its_backslashes_is_reported_with_the_right_settings() {
        let lost =
            |text: &str| lost_backslashes(&parse(text.as_bytes()).unwrap(), Keyword::SslRootCert);
        let windows = LostBackslashes {
            typed: r"c:\ssl\root.crt".to_owned(),
            with_slashes: "sslrootcert=c:/ssl/root.crt".to_owned(),
            doubled: r"sslrootcert=c:\\ssl\\root.crt".to_owned(),
        };
        assert_eq!(lost(r"sslrootcert=c:\ssl\root.crt"), Some(windows.clone()));
        assert_eq!(lost(r"sslrootcert='c:\ssl\root.crt' user=x"), Some(windows));
        assert_eq!(
            lost(r"sslrootcert=\\srv\share\root.crt"),
            Some(LostBackslashes {
                typed: r"\\srv\share\root.crt".to_owned(),
                with_slashes: "sslrootcert=//srv/share/root.crt".to_owned(),
                doubled: r"sslrootcert=\\\\srv\\share\\root.crt".to_owned(),
            })
        );
        for kept in [
            r"sslrootcert=c:\\ssl\\root.crt",
            "sslrootcert=c:/ssl/root.crt",
            r"sslrootcert=a\ b",
            r"sslcert=c:\ssl",
            r"postgresql://h?sslrootcert=c:\ssl",
        ] {
            assert_eq!(lost(kept), None, "{kept}");
        }
        assert_eq!(
            lost_backslashes(&parse(br"password=a\b").unwrap(), Keyword::Password),
            None
        );
    }

    proptest! {
        #[test]
        #[cfg_attr(windows, ignore = "it reads UTF-8, not the code page")]
        fn what_is_printed_reads_back_the_same(
            settings in proptest::collection::vec((proptest::sample::select(public()), "[^\0]*"), 0..6),
        ) {
            let printed: Vec<Vec<u8>> =
                settings.iter().map(|(keyword, value)| setting(*keyword, value.as_bytes())).collect();
            let once = parse(&printed.join(&b' ')).unwrap();
            for (keyword, value) in &settings {
                prop_assert!(once.iter().any(|made| made.keyword == *keyword));
                let last = settings.iter().rfind(|(other, _)| other == keyword).map(|(_, last)| last);
                prop_assume!(last == Some(value));
                prop_assert!(once.iter().any(|made| made.value.as_bytes() == value.as_bytes()));
            }
            if once.iter().all(|made| made.value.secrecy() == Secrecy::Public) {
                let plain = |text: &str| -> Vec<(Keyword, Vec<u8>)> {
                    parse(text.as_bytes()).unwrap().iter().map(|made| (made.keyword, made.value.as_bytes().to_vec())).collect()
                };
                let again = plain(&redacted(&once));
                prop_assert_eq!(&again, &plain(&redacted(&parse(redacted(&once).as_bytes()).unwrap())));
                prop_assert_eq!(again.len(), once.len());
            }
        }

        #[test]
        fn no_bytes_make_the_grammars_panic(
            scheme in proptest::sample::select(vec!["", "postgresql://", "postgres://"]),
            rest in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            drop(parse(&[scheme.as_bytes(), &rest].concat()));
        }

        #[test]
        fn no_text_of_delimiters_makes_the_grammars_panic(
            scheme in proptest::sample::select(vec!["", "postgresql://", "postgres://"]),
            rest in r"[a%0:/?@&=\[\], '\\]{0,40}",
        ) {
            drop(parse(&[scheme.as_bytes(), rest.as_bytes()].concat()));
        }
    }

    fn public() -> Vec<Keyword> {
        Keyword::ALL
            .iter()
            .copied()
            .filter(|keyword| keyword.secrecy() == Secrecy::Public)
            .collect()
    }
}
