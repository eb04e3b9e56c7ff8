//! Bytes of a file: whether they are text, and whether the text can be about PostgreSQL at all.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::utf16;

/// Words without which a file has no connection to PostgreSQL, in any letter case. The last are `postgr` and `jdbc:` in
/// base64.
const NEEDLES: &[&str] = &[
    "postgr",
    "pgsql",
    "sslmode",
    "ssl mode",
    "ssl_mode",
    "jdbc:",
    "r2dbc",
    "ecto://",
    "postgis",
    "psql",
    "pg_dump",
    "pg_restore",
    "pgbench",
    "psycopg",
    "asyncpg",
    "jackc/pgx",
    "lib/pq",
    "node_tls_reject_unauthorized",
    "'pg'",
    "\"pg\"",
    "5432",
    "timescale",
    "pghost",
    "pgservice",
    "service=",
    "hostaddr",
    "db_host",
    "database_host",
    "host=",
    "host =",
    "user id=",
    "username=",
    "[databases]",
    "cg9zdgdy",
    "amriyz",
];

/// Nothing if it cannot be built: then every file is read.
static SEARCHER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(NEEDLES)
        .ok()
});

/// So many bytes at the end of a piece may belong to a word that goes on in the next one.
pub(super) const OVERLAP: usize = 32;

/// Whether there may be a connection string in the bytes.
pub(super) fn is_worth_reading(bytes: &[u8]) -> bool {
    is_utf16(bytes)
        || SEARCHER
            .as_ref()
            .is_none_or(|searcher| searcher.is_match(bytes))
}

/// The text; nothing if it is not text. Bytes that are not UTF-8 become U+FFFD, so that lines keep their numbers.
pub(super) fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if let Some(text) = utf16::marked(bytes) {
        return Some(Cow::Owned(text));
    }
    if is_binary(bytes) {
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    Some(String::from_utf8_lossy(bytes))
}

/// Whether the beginning of a file shows that it is not text.
pub(super) fn is_binary(start: &[u8]) -> bool {
    !is_utf16(start) && memchr::memchr(0, start).is_some()
}

fn is_utf16(bytes: &[u8]) -> bool {
    utf16::Order::of_mark(bytes).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_about_postgresql_are_worth_reading_in_any_case_and_in_base64() {
        for bytes in [
            &b"DATABASE_URL=postgres://h/d"[..],
            b"x POSTGRESQL y",
            b"spring.datasource.url=jdbc:h2:mem",
            b"Host=h;User Id=u",
            b"url: cG9zdGdyZXM6Ly91OnBAaC9k",
            b"\xff\xfeh\0",
            b"dsn = 'hostaddr=192.0.2.1 user=u'",
            b"connect('service=prod')",
            b"host = db.acme.io",
            b"import psycopg2",
        ] {
            assert!(is_worth_reading(bytes), "{bytes:?}");
        }
        assert!(!is_worth_reading(b"fn main() { println!(\"hello\"); }"));
    }

    #[test]
    fn utf_16_is_decoded_and_binary_is_not_text() {
        let utf16: Vec<u8> = std::iter::once(0xfeff)
            .chain("a=\u{e4}\n".encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(text(&utf16).unwrap(), "a=\u{e4}\n");
        assert_eq!(text(b"\xef\xbb\xbfa=b").unwrap(), "a=b");
        assert_eq!(text(b"caf\xe9\n").unwrap(), "caf\u{fffd}\n");
        assert_eq!(text(b"postgres\0\x01"), None);
    }
}
