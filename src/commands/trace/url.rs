//! A connection URL with another server in it. Everything else stays as it is, byte for byte, so that the driver reads what
//! it would read without us.

use std::net::SocketAddr;

use pgtls::conninfo::Keyword;
use pgtls::dialect::{Delimiters, Dialect, keyword_of};
use pgtls::percent;

/// A URL in its parts, as they were written. No `Debug`: it may contain a password.
#[derive(Clone)]
pub(super) struct Url {
    dialect: Dialect,
    /// With its `://`.
    scheme: Vec<u8>,
    /// User and password, with their `@`.
    user: Vec<u8>,
    hosts: Vec<u8>,
    path: Vec<u8>,
    query: Vec<Vec<u8>>,
    /// What the driver cuts off.
    fragment: Vec<u8>,
}

/// Where a URL is to lead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The host; `None` for the first one that the URL names.
    pub(super) host: Option<&'a [u8]>,
    /// The host if the URL names none.
    pub(super) usual: &'a [u8],
    pub(super) relay: SocketAddr,
}

impl Url {
    /// `None` if it is not one.
    pub(super) fn read(text: &[u8], dialect: Dialect) -> Option<Self> {
        let mark = position(text, b"://")?;
        let (scheme, rest) = text.split_at(mark.checked_add(3)?);
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"+.:-/".contains(byte);
        if !scheme.iter().all(is_name) {
            return None;
        }
        let delimiters = Delimiters::of(dialect);
        let (user, rest) = rest.split_at_checked(delimiters.userinfo(rest))?;
        let (rest, fragment) = rest.split_at_checked(delimiters.end(rest))?;
        let (hosts, rest) = rest.split_at(first_of(rest, b"/?"));
        let (path, query) = rest.split_at(first_of(rest, b"?"));
        let query = match query.split_first() {
            Some((_, pairs)) => pairs
                .split(|byte| *byte == b'&')
                .map(<[u8]>::to_vec)
                .collect(),
            None => Vec::new(),
        };
        Some(Self {
            dialect,
            scheme: scheme.to_vec(),
            user: user.to_vec(),
            hosts: hosts.to_vec(),
            path: path.to_vec(),
            query,
            fragment: fragment.to_vec(),
        })
    }

    /// The same with the relay as its only server.
    pub(super) fn led_to(mut self, place: Place<'_>) -> Self {
        let dialect = self.dialect;
        let keyword = |pair: &[u8]| keyword_of(&name(pair), dialect);
        let names_host = self
            .query
            .iter()
            .any(|pair| keyword(pair) == Some(Keyword::Host));
        let written = first_host(&self.hosts);
        let host = match (place.host, written) {
            (None, [_, ..]) if !names_host => written.to_vec(),
            (host, _) => encoded(host.unwrap_or(place.usual)),
        };
        self.hosts = [&host[..], format!(":{}", place.relay.port()).as_bytes()].concat();
        self.query.retain_mut(|pair| match keyword(pair) {
            Some(Keyword::Host | Keyword::Port | Keyword::Service | Keyword::ServiceFile) => false,
            Some(Keyword::Hostaddr) => {
                *pair = format!("hostaddr={}", place.relay.ip()).into_bytes();
                true
            }
            Some(_) | None => true,
        });
        self
    }

    /// Adds a setting, in place of one that it has.
    #[cfg(feature = "lab")]
    pub(super) fn set(&mut self, setting: &str, value: &[u8]) {
        self.query
            .retain(|pair| !pair.is_empty() && name(pair) != setting.as_bytes());
        self.query
            .push(format!("{setting}={}", percent::path(value)).into_bytes());
    }

    pub(super) fn text(&self) -> Vec<u8> {
        let mark: &[u8] = match self.query.as_slice() {
            [] => b"",
            [_, ..] => b"?",
        };
        let query = self.query.join(&b'&');
        let parts = [&self.scheme, &self.user, &self.hosts, &self.path];
        [
            &parts.map(|part| &part[..]).concat()[..],
            mark,
            &query,
            &self.fragment,
        ]
        .concat()
    }
}

/// The name of a pair of the query, as the driver reads it.
fn name(pair: &[u8]) -> Vec<u8> {
    percent::decoded(pair.get(..first_of(pair, b"=")).unwrap_or(pair))
}

/// The first of several hosts, without its port.
fn first_host(hosts: &[u8]) -> &[u8] {
    let first = hosts.split(|byte| *byte == b',').next().unwrap_or_default();
    let end = match first {
        [b'[', ..] => first_of(first, b"]").saturating_add(1),
        _ => first_of(first, b":"),
    };
    first.get(..end).unwrap_or(first)
}

fn encoded(host: &[u8]) -> Vec<u8> {
    match host.contains(&b':') {
        true => [b"[", host, b"]"].concat(),
        false => percent::component(host).into_bytes(),
    }
}

/// The place of the first of these bytes; the length if there is none.
fn first_of(text: &[u8], any: &[u8]) -> usize {
    let found = text.iter().position(|byte| any.contains(byte));
    found.unwrap_or(text.len())
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(url: &str, dialect: Dialect, host: Option<&str>) -> Option<String> {
        let place = Place {
            host: host.map(str::as_bytes),
            usual: b"db.example",
            relay: "127.0.0.1:7".parse().unwrap(),
        };
        let led = Url::read(url.as_bytes(), dialect)?.led_to(place);
        Some(String::from_utf8(led.text()).unwrap())
    }

    #[test]
    fn only_the_server_is_another() {
        use Dialect::{Jdbc, Libpq, NodePostgres, PostgresJs, Sqlalchemy};
        for (dialect, url, expected) in [
            (
                Libpq,
                "postgres://u:p%40@h:5432/d?sslmode=require",
                "postgres://u:p%40@h:7/d?sslmode=require",
            ),
            (Libpq, "postgresql://:p@h/d", "postgresql://:p@h:7/d"),
            (Libpq, "postgresql://h", "postgresql://h:7"),
            (Libpq, "postgresql://h/d?", "postgresql://h:7/d?"),
            (
                Libpq,
                "postgresql:///d?x=%20y&a=#b",
                "postgresql://db.example:7/d?x=%20y&a=#b",
            ),
            (Libpq, "postgres://u@h1:1,h2:2/d", "postgres://u@h1:7/d"),
            (Libpq, "postgres://u@[::1]:5/d", "postgres://u@[::1]:7/d"),
            (
                Libpq,
                "postgres://u@h/d?host=e&port=9&sslmode=prefer",
                "postgres://u@db.example:7/d?sslmode=prefer",
            ),
            (
                Libpq,
                "postgres://u@h/d?%68ost=e&%70or%74=9&sslmode=prefer",
                "postgres://u@db.example:7/d?sslmode=prefer",
            ),
            (
                Libpq,
                "postgres://h/d?hostaddr=10.0.0.1",
                "postgres://h:7/d?hostaddr=127.0.0.1",
            ),
            (Libpq, "postgres:///?service=s", "postgres://db.example:7/"),
            (Libpq, "postgres://u:p?#w@h/d", "postgres://u:p?#w@h:7/d"),
            (
                Jdbc,
                "jdbc:postgresql://h:1,i:2/d?ssl=true&sslmode=require",
                "jdbc:postgresql://h:7/d?ssl=true&sslmode=require",
            ),
            (
                Jdbc,
                "jdbc:postgresql:///d?PGHOST=e&password=a#b&PGPORT=1&ssl=true",
                "jdbc:postgresql://db.example:7/d?password=a#b&ssl=true",
            ),
            (
                Sqlalchemy,
                "postgresql+asyncpg://u:a/b@h/d?ssl=require",
                "postgresql+asyncpg://u:a/b@h:7/d?ssl=require",
            ),
            (
                NodePostgres,
                "postgres://h/d?sslmode=no-verify#x?y",
                "postgres://h:7/d?sslmode=no-verify#x?y",
            ),
            (NodePostgres, "postgres://h/d#x?y", "postgres://h:7/d#x?y"),
            (
                PostgresJs,
                "postgres://h/d?hostname=e&ssl=true",
                "postgres://h:7/d?hostname=e&ssl=true",
            ),
        ] {
            assert_eq!(led(url, dialect, None).as_deref(), Some(expected), "{url}");
        }
        let named = led("postgres://u:p@h/d", Libpq, Some("localhost"));
        assert_eq!(named.as_deref(), Some("postgres://u:p@localhost:7/d"));
        let address = led("postgres://u:p@h/d", Libpq, Some("::1"));
        assert_eq!(address.as_deref(), Some("postgres://u:p@[::1]:7/d"));
        for text in [
            "host=h port=1",
            "Host=h;Port=1",
            "jdbc:postgresql:d",
            "a b://h",
        ] {
            assert_eq!(led(text, Libpq, None), None, "{text}");
        }
    }

    #[cfg(feature = "lab")]
    #[test]
    fn a_setting_takes_the_place_of_its_predecessor() {
        use Dialect::{Jdbc, Libpq, NodePostgres};
        for (dialect, url, expected) in [
            (
                NodePostgres,
                "postgres://h/d",
                "postgres://h/d?sslrootcert=/a%20b",
            ),
            (
                NodePostgres,
                "postgres://h/d?",
                "postgres://h/d?sslrootcert=/a%20b",
            ),
            (
                NodePostgres,
                "postgres://h/d?sslrootcert=system&x=1#y",
                "postgres://h/d?x=1&sslrootcert=/a%20b#y",
            ),
            (
                Libpq,
                "postgres://u:p?#w@h/d?%73slrootcert=system&x=#y",
                "postgres://u:p?#w@h/d?x=#y&sslrootcert=/a%20b",
            ),
            (
                Jdbc,
                "jdbc:postgresql://h/d?password=a#b",
                "jdbc:postgresql://h/d?password=a#b&sslrootcert=/a%20b",
            ),
        ] {
            let mut changed = Url::read(url.as_bytes(), dialect).unwrap();
            changed.set("sslrootcert", b"/a b");
            assert_eq!(
                String::from_utf8(changed.text()).unwrap(),
                expected,
                "{url}"
            );
        }
    }
}
