//! Parses a connection string of either grammar into settings (`PQconninfoParse`).

mod assignment;
mod keyword;
mod uri;

use super::error::Error;
use super::print;
use crate::percent;

pub use assignment::{Alias, Assignment};

/// The two forms of a connection string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// `postgresql://host/dbname`
    Uri,
    /// `host=localhost dbname=mydb`
    KeywordValue,
}

impl Grammar {
    /// The form of a text.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        if uri::SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
            Self::Uri
        } else {
            Self::KeywordValue
        }
    }

    /// Escapes a part of a value, so that it cannot change what the rest of the string means.
    #[must_use]
    pub fn escaped(self, part: &[u8]) -> Vec<u8> {
        match self {
            Self::Uri => percent::component(part).into_bytes(),
            Self::KeywordValue => print::part(part),
        }
    }
}

/// Reads the settings of a connection string, in the order of their first mention. The last value of a repeated
/// keyword counts. Nothing is filled in and no value is validated.
///
/// # Errors
/// What `PQconninfoParse` refuses, and NUL bytes, which a C string cannot contain.
pub fn parse(text: &[u8]) -> Result<Vec<Assignment>, Error> {
    if let Some(at) = text.iter().position(|byte| *byte == 0) {
        return Err(Error::Nul { at });
    }
    match uri::SCHEMES.iter().find(|scheme| text.starts_with(scheme)) {
        Some(scheme) => uri::parse(text, scheme.len()),
        None => keyword::parse(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings as `keyword=value|keyword=value`, or the error's first word in Rust.
    fn read(text: &str) -> String {
        match parse(text.as_bytes()) {
            Ok(settings) => settings
                .iter()
                .map(|made| {
                    format!(
                        "{}={}",
                        made.keyword,
                        String::from_utf8_lossy(made.value.as_bytes())
                    )
                })
                .collect::<Vec<_>>()
                .join("|"),
            Err(error) => format!("{error:?}")
                .split([' ', '{'])
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    }

    #[test]
    fn keyword_value_strings_are_read_as_libpq_reads_them() {
        for (text, meaning) in [
            ("", ""),
            (" host = a\tport\n=\r5432 ", "host=a|port=5432"),
            ("host=a port=1 host=b", "host=b|port=1"),
            ("host= port=1", "host=port=1"),
            ("host='a'port=1", "host=a|port=1"),
            ("host='' port=1", "host=|port=1"),
            ("host='a b' ", "host=a b"),
            ("host=a'b", "host=a'b"),
            (r"host='it\'s'", "host=it's"),
            (r"host=a\ b", "host=a b"),
            (r"sslrootcert=c:\ssl\root.crt", "sslrootcert=c:sslroot.crt"),
            (r"sslrootcert=c:\\ssl", r"sslrootcert=c:\ssl"),
            (r"host=a\", "host=a"),
            ("requiressl=1", "sslmode=require"),
            ("requiressl=10", "sslmode=require"),
            ("requiressl=0", "sslmode=prefer"),
            ("host=a\x0bport=1\x0cuser=b", "host=a|port=1|user=b"),
            ("host", "MissingEquals"),
            ("host=a b", "MissingEquals"),
            ("host='it''s'", "MissingEquals"),
            ("host='a", "UnclosedQuote"),
            (r"host='a\'", "UnclosedQuote"),
            ("Host=a", "UnknownKeyword"),
            ("ssl=true", "UnknownKeyword"),
            ("=a", "UnknownKeyword"),
            ("host=a\0b", "Nul"),
        ] {
            assert_eq!(read(text), meaning, "{text:?}");
        }
    }

    #[test]
    fn uris_are_read_as_libpq_reads_them() {
        for (text, meaning) in [
            ("postgresql://", ""),
            ("postgres://h/db", "host=h|dbname=db"),
            (
                "postgresql://u:p@h:1/db?sslmode=require",
                "user=u|password=p|host=h|port=1|dbname=db|sslmode=require",
            ),
            ("postgresql://:@/", ""),
            ("postgresql://u:p:q@h", "user=u|password=p:q|host=h"),
            ("postgresql://h?user=a@b", "user=h?user=a|host=b"),
            ("postgresql://h/?user=a@b", "host=h|user=a@b"),
            ("postgresql://u:p/q@h", "host=u|port=p|dbname=q@h"),
            ("postgresql://[::1]:1,b/", "host=::1,b|port=1,"),
            ("postgresql://a,b", "host=a,b|port=,"),
            ("postgresql://%2Ftmp/", "host=/tmp"),
            ("postgresql:///a+b#c", "dbname=a+b#c"),
            ("postgresql:///?ssl=true", "sslmode=require"),
            ("postgresql:///?u%73er=a%2fb&", "user=a/b"),
            ("postgresql:///?user=", "user="),
            ("postgresql://h/d ", "SpaceInUri"),
            ("postgresql://h/?user=a &port=1", "SpaceInUri"),
            ("postgresql:// h", "SpaceInUri"),
            ("postgresql://h/\tdb", "host=h|dbname=\tdb"),
            ("postgresql://a b/", "SpaceInUri"),
            ("postgresql://[::1", "OpenBracket"),
            ("postgresql://[]", "EmptyBrackets"),
            ("postgresql://[::1]x", "AfterBracket"),
            ("postgresql:///?user", "MissingQueryEquals"),
            ("postgresql:///?&user=a", "MissingQueryEquals"),
            ("postgresql:///?user=a=b", "ExtraEquals"),
            ("postgresql:///?ssl=1", "UnknownKeyword"),
            ("postgresql:///%4", "BadPercent"),
            ("postgresql:///%zz", "BadPercent"),
            ("postgresql:///%00", "EncodedNul"),
            ("Postgresql://h", "MissingEquals"),
        ] {
            assert_eq!(read(text), meaning, "{text:?}");
        }
    }

    #[test]
    fn errors_and_values_know_their_position() {
        for (text, position) in [
            ("host=a sslmod=x", "at: 7"),
            ("host=a  b", "at: 8"),
            ("host = 'a", "at: 7"),
            ("host=a\0", "at: 6"),
            ("postgresql://h/?a=1", "at: 16"),
            ("postgresql://h/?user=a=b", "at: 22"),
            ("postgresql://h/?user=a&x", "at: 23"),
            ("postgresql://h/a%zz", "at: 16"),
            ("postgresql://h/a b", "at: 16"),
            ("postgresql://[::1]x", "at: 18"),
        ] {
            let error = parse(text.as_bytes()).map(|_| ()).expect_err(text);
            assert!(
                format!("{error:?}").contains(position),
                "{text:?}: {error:?}"
            );
        }
        let at = |text: &str| {
            parse(text.as_bytes())
                .unwrap()
                .iter()
                .map(|made| made.at)
                .collect::<Vec<_>>()
        };
        assert_eq!(at("host= a port='b'"), [6, 13]);
        assert_eq!(at("postgresql://u:p@h:1/d?user=x"), [28, 15, 17, 19, 21]);
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_kept() {
        let settings = parse(b"user=\xff\xfe").unwrap();
        assert_eq!(settings[0].value.as_bytes(), b"\xff\xfe");
    }
}
