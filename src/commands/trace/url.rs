//! A connection URL with another server in it. Everything else stays as it is, byte for byte, so that the driver reads what
//! it would read without us.

use std::net::SocketAddr;

use pgtls::percent;

/// How a driver divides a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// libpq: the first `@` ends the password, and `#` means nothing.
    Libpq,
    /// As browsers do.
    Usual,
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

/// The URL with the relay as its only server; `None` if it is not one.
pub(super) fn led_to(url: &[u8], reader: Reader, place: Place<'_>) -> Option<Vec<u8>> {
    let mark = position(url, b"://")?;
    let (scheme, rest) = url.split_at(mark.checked_add(3)?);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"+.:-/".contains(byte);
    if !scheme.iter().all(is_name) {
        return None;
    }
    let (user, rest) = split_user(rest, reader);
    let (hosts, rest) = rest.split_at(end_of_hosts(rest, reader));
    let (path, rest) = rest.split_at(first_of(rest, b"?").min(end_of_query(rest, reader)));
    let (query, tail) = rest.split_at(end_of_query(rest, reader));

    let pairs: Vec<&[u8]> = match query.split_first() {
        Some((_, pairs)) => pairs.split(|byte| *byte == b'&').collect(),
        None => Vec::new(),
    };
    let names_host = pairs.iter().any(|pair| name(pair) == b"host");
    let written = first_host(hosts);
    let host = match (place.host, written) {
        (None, [_, ..]) if !names_host => written.to_vec(),
        (host, _) => encoded(host.unwrap_or(place.usual)),
    };
    let kept = pairs.iter().filter_map(|pair| kept(pair, reader, place));
    let kept: Vec<Vec<u8>> = kept.collect();
    let query = match (query, kept.as_slice()) {
        ([], _) | (_, []) => Vec::new(),
        (_, kept) => [b"?", &kept.join(&b'&')[..]].concat(),
    };
    let port = format!(":{}", place.relay.port());
    Some([scheme, user, &host, port.as_bytes(), path, &query, tail].concat())
}

/// The URL with this setting, in place of one that it has.
#[cfg(feature = "lab")]
pub(super) fn with(url: &[u8], reader: Reader, setting: &str, value: &[u8]) -> Vec<u8> {
    let (before, tail) = url.split_at(end_of_query(url, reader));
    let (before, query) = before.split_at(first_of(before, b"?"));
    let pairs = query.get(1..).unwrap_or_default();
    let others = pairs
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty() && name(pair) != setting.as_bytes());
    let mut pairs: Vec<Vec<u8>> = others.map(<[u8]>::to_vec).collect();
    pairs.push(format!("{setting}={}", percent::path(value)).into_bytes());
    [before, b"?", &pairs.join(&b'&'), tail].concat()
}

/// A pair of the query; `None` if it would lead elsewhere.
fn kept(pair: &[u8], reader: Reader, place: Place<'_>) -> Option<Vec<u8>> {
    match (name(pair), reader) {
        (b"host" | b"port", _) | (b"service" | b"servicefile", Reader::Libpq) => None,
        (b"hostaddr", _) => Some(format!("hostaddr={}", place.relay.ip()).into_bytes()),
        _ => Some(pair.to_vec()),
    }
}

fn name(pair: &[u8]) -> &[u8] {
    pair.split(|byte| *byte == b'=').next().unwrap_or_default()
}

/// User and password with their `@`, and the rest.
fn split_user(rest: &[u8], reader: Reader) -> (&[u8], &[u8]) {
    let at = match reader {
        Reader::Libpq => {
            let authority = rest.get(..first_of(rest, b"/")).unwrap_or(rest);
            authority.iter().position(|byte| *byte == b'@')
        }
        Reader::Usual => {
            let authority = rest.get(..first_of(rest, b"/?#")).unwrap_or(rest);
            authority.iter().rposition(|byte| *byte == b'@')
        }
    };
    rest.split_at(at.map_or(0, |at| at.saturating_add(1)))
}

fn end_of_hosts(rest: &[u8], reader: Reader) -> usize {
    match reader {
        Reader::Libpq => first_of(rest, b"/?"),
        Reader::Usual => first_of(rest, b"/?#"),
    }
}

fn end_of_query(rest: &[u8], reader: Reader) -> usize {
    match reader {
        Reader::Libpq => rest.len(),
        Reader::Usual => first_of(rest, b"#"),
    }
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

    fn led(url: &str, reader: Reader, host: Option<&str>) -> Option<String> {
        let place = Place {
            host: host.map(str::as_bytes),
            usual: b"db.example",
            relay: "127.0.0.1:7".parse().unwrap(),
        };
        let led = led_to(url.as_bytes(), reader, place)?;
        Some(String::from_utf8(led).unwrap())
    }

    #[test]
    fn only_the_server_is_another() {
        use Reader::{Libpq, Usual};
        for (reader, url, expected) in [
            (
                Libpq,
                "postgres://u:p%40@h:5432/d?sslmode=require",
                "postgres://u:p%40@h:7/d?sslmode=require",
            ),
            (Libpq, "postgresql://:p@h/d", "postgresql://:p@h:7/d"),
            (Libpq, "postgresql://h", "postgresql://h:7"),
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
                "postgres://h/d?hostaddr=10.0.0.1",
                "postgres://h:7/d?hostaddr=127.0.0.1",
            ),
            (Libpq, "postgres:///?service=s", "postgres://db.example:7/"),
            (Libpq, "postgres://u:p?#w@h/d", "postgres://u:p?#w@h:7/d"),
            (
                Usual,
                "jdbc:postgresql://h:1,i:2/d?ssl=true&sslmode=require",
                "jdbc:postgresql://h:7/d?ssl=true&sslmode=require",
            ),
            (
                Usual,
                "postgresql+asyncpg://u:a@b@h/d?ssl=require",
                "postgresql+asyncpg://u:a@b@h:7/d?ssl=require",
            ),
            (
                Usual,
                "postgres://h/d?sslmode=no-verify#x?y",
                "postgres://h:7/d?sslmode=no-verify#x?y",
            ),
            (Usual, "postgres://h/d#x?y", "postgres://h:7/d#x?y"),
        ] {
            assert_eq!(led(url, reader, None).as_deref(), Some(expected), "{url}");
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
        for (url, expected) in [
            ("postgres://h/d", "postgres://h/d?sslrootcert=/a%20b"),
            (
                "postgres://h/d?x=1",
                "postgres://h/d?x=1&sslrootcert=/a%20b",
            ),
            (
                "postgres://h/d?sslrootcert=system&x=1#y",
                "postgres://h/d?x=1&sslrootcert=/a%20b#y",
            ),
        ] {
            let changed = with(url.as_bytes(), Reader::Usual, "sslrootcert", b"/a b");
            assert_eq!(String::from_utf8(changed).unwrap(), expected, "{url}");
        }
    }
}
