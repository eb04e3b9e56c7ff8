//! `.pgpass`: passwords by host, port, database and user (`passwordFromFile` in libpq's
//! `fe-connect.c`; PostgreSQL documentation, "The Password File"). Pure: the caller opens the file
//! and checks its permissions.

use std::path::PathBuf;

use crate::conninfo::endpoints::{Endpoint, Host};
use crate::conninfo::parameter::Keyword;
use crate::conninfo::value::{Secret, Setting};
use crate::conninfo::{ConnInfo, HostAddr};
use crate::os::{path_of, text_file};

impl ConnInfo {
    /// The password file, if it is needed: only if no password is given.
    #[must_use]
    pub fn passfile(&self) -> Option<Setting<PathBuf>> {
        self.parameter(Keyword::Passfile)
            .filter(|setting| self.password.is_none() && !setting.value.as_bytes().is_empty())
            .cloned()
            .map(|setting| setting.map(|value| path_of(value.as_bytes())))
    }
}

/// A line that does not match, but nearly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NearLine {
    /// The line, counted from 1.
    pub number: usize,
    /// The only field that differs.
    pub keyword: Keyword,
}

/// What a line must name, byte for byte, for its password to be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassfileKey {
    /// The host as written, or else the address as written; `localhost` for the default socket.
    pub host: Vec<u8>,
    /// The port as written.
    pub port: Vec<u8>,
    /// The database.
    pub dbname: Vec<u8>,
    /// The user.
    pub user: Vec<u8>,
}

impl PassfileKey {
    /// The key of one of the string's endpoints.
    #[must_use]
    pub fn new(conninfo: &ConnInfo, endpoint: &Endpoint) -> Self {
        Self {
            host: host(conninfo, endpoint),
            port: port(conninfo, endpoint),
            dbname: conninfo.dbname.value.as_bytes().to_vec(),
            user: conninfo.user.value.as_bytes().to_vec(),
        }
    }

    /// The password of the first line that matches; it may be empty, which libpq treats as none.
    #[must_use]
    pub fn find(&self, text: &[u8]) -> Option<Secret> {
        lines(text_file(text))
            .iter()
            .filter(|line| !line.starts_with(b"#"))
            .find_map(|line| self.password(stripped(line)))
    }

    /// The first line that names everything but one.
    #[must_use]
    pub fn nearest(&self, text: &[u8]) -> Option<NearLine> {
        let lines = lines(text_file(text));
        let mut numbered = (1..)
            .zip(&lines)
            .filter(|(_, line)| !line.starts_with(b"#"));
        numbered.find_map(|(number, line)| {
            let keyword = self.only_difference(stripped(line))?;
            Some(NearLine { number, keyword })
        })
    }

    fn only_difference(&self, line: &[u8]) -> Option<Keyword> {
        let fields = [
            (Keyword::Host, &self.host),
            (Keyword::Port, &self.port),
            (Keyword::Dbname, &self.dbname),
            (Keyword::User, &self.user),
        ];
        let (mut rest, mut different) = (line, None);
        for (keyword, wanted) in fields {
            rest = match after_field(rest, wanted) {
                Some(rest) => rest,
                None if different.is_none() => {
                    different = Some(keyword);
                    after_any_field(rest)?
                }
                None => return None,
            };
        }
        different
    }

    fn password(&self, line: &[u8]) -> Option<Secret> {
        let rest = after_field(line, &self.host)?;
        let rest = after_field(rest, &self.port)?;
        let rest = after_field(rest, &self.dbname)?;
        let rest = after_field(rest, &self.user)?;
        Some(Secret::new(unescaped(rest)))
    }
}

fn host(conninfo: &ConnInfo, endpoint: &Endpoint) -> Vec<u8> {
    match (&endpoint.host, &endpoint.hostaddr) {
        (Some(Host::Directory(path)), _) if path == DEFAULT_SOCKET_DIRECTORY => LOCALHOST.to_vec(),
        (Some(host), _) => host.as_bytes().to_vec(),
        (None, Some(address)) => {
            let same = |text: &[u8]| HostAddr::from_bytes(text).as_ref() == Some(address);
            as_written(conninfo, Keyword::Hostaddr, same)
                .unwrap_or_else(|| address.to_string().into_bytes())
        }
        (None, None) => LOCALHOST.to_vec(),
    }
}

/// libpq compares the text, so a line for port 5432 does not match `port=+5432`.
fn port(conninfo: &ConnInfo, endpoint: &Endpoint) -> Vec<u8> {
    let number = endpoint.port.to_string();
    let same = |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        text.trim_ascii().parse() == Ok(endpoint.port)
    };
    as_written(conninfo, Keyword::Port, same).unwrap_or_else(|| number.into_bytes())
}

/// The entry of the list that has this meaning, as written.
fn as_written(
    conninfo: &ConnInfo,
    keyword: Keyword,
    same: impl Fn(&[u8]) -> bool,
) -> Option<Vec<u8>> {
    let list = conninfo.parameter(keyword)?.value.as_bytes();
    list.split(|byte| *byte == b',')
        .find(|entry| same(entry))
        .map(<[u8]>::to_vec)
}

/// The rest of `text` after its first field, if that field is `*` or, unescaped, the token
/// (`pwdfMatchesString`).
fn after_field<'a>(text: &'a [u8], token: &[u8]) -> Option<&'a [u8]> {
    if let Some(rest) = text.strip_prefix(b"*:") {
        return Some(rest);
    }
    let mut text = text;
    let mut token = token.iter();
    loop {
        if token.as_slice().is_empty()
            && let Some(rest) = text.strip_prefix(b":")
        {
            return Some(rest);
        }
        let escaped = text.strip_prefix(b"\\").unwrap_or(text);
        let (byte, rest) = escaped.split_first()?;
        if token.next() != Some(byte) {
            return None;
        }
        text = rest;
    }
}

/// The rest of `text` after its first field.
fn after_any_field(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    loop {
        match rest {
            [b':', behind @ ..] => return Some(behind),
            [b'\\', _, behind @ ..] | [_, behind @ ..] => rest = behind,
            [] => return None,
        }
    }
}

/// The last field, up to a colon; a backslash at its very end means itself.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut password = Vec::new();
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        match (byte, behind.split_first()) {
            (b':', _) => break,
            (b'\\', Some((&escaped, behind))) => {
                password.push(escaped);
                rest = behind;
            }
            _ => {
                password.push(byte);
                rest = behind;
            }
        }
    }
    password
}

/// The lines as C's `fgets` and `strlen` give them: a NUL hides the rest of its line and the line
/// end, so the next line continues it.
fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    let mut line = Vec::new();
    for chunk in text.split_inclusive(|byte| *byte == b'\n') {
        line.extend_from_slice(chunk.split(|byte| *byte == 0).next().unwrap_or_default());
        if line.ends_with(b"\n") || !chunk.ends_with(b"\n") {
            lines.push(std::mem::take(&mut line));
        }
    }
    lines
}

/// Without line ends (`pg_strip_crlf`); other white space belongs to the password.
fn stripped(line: &[u8]) -> &[u8] {
    let end = line
        .iter()
        .rposition(|byte| !matches!(byte, b'\n' | b'\r'))
        .map_or(0, |last| last.saturating_add(1));
    line.get(..end).unwrap_or_default()
}

const LOCALHOST: &[u8] = b"localhost";

/// `DEFAULT_PGSOCKET_DIR` of Linux distributions.
const DEFAULT_SOCKET_DIRECTORY: &[u8] = b"/var/run/postgresql";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::fake::Fake;

    fn find(string: &str, text: &[u8]) -> Option<String> {
        let conninfo = ConnInfo::read(string.as_bytes(), &Fake::default()).unwrap();
        let password = PassfileKey::new(&conninfo, &conninfo.endpoints[0]).find(text)?;
        Some(String::from_utf8(password.expose().to_vec()).unwrap())
    }

    /// `tests/it/login` checks the same kind of table against psql.
    #[test]
    fn a_line_matches_as_libpq_matches_it() {
        let string = "host=h port=1 dbname=d user=u";
        for (text, password) in [
            (&b"h:1:d:u:p"[..], Some("p")),
            (b"h:1:d:u:p\n", Some("p")),
            (b"h:1:d:u:p\r\n", Some("p")),
            (b"*:*:*:*:p", Some("p")),
            (b"x:1:d:u:no\nh:1:d:u:p\n*:*:*:*:no", Some("p")),
            (b"#h:1:d:u:no\nh:1:d:u:p", Some("p")),
            (b"\\h:\\1:d:u:p", Some("p")),
            (b"h:1:d:u:a\\:b\\\\c", Some("a:b\\c")),
            (b"h:1:d:u:a\\", Some("a\\")),
            (b"h:1:d:u:p:more", Some("p")),
            (b"h:1:d:u: p ", Some(" p ")),
            (b"h:1:d:u:", Some("")),
            (b"h:1:d:u", None),
            (b"hh:1:d:u:p", None),
            (b"h*:1:d:u:p", None),
            (b"**:1:d:u:p", None),
            (b"\\*:1:d:u:p", None),
            (b"h:01:d:u:p", None),
            (b"H:1:d:u:p", None),
            (b" h:1:d:u:p", None),
            (b"h\\", None),
            (b"h:1:d:u:a\0b\nc", Some("ac")),
            (b"h:1:d:u:a\0b\n", None),
            (b"", None),
        ] {
            assert_eq!(
                find(string, text).as_deref(),
                password,
                "{:?}",
                String::from_utf8_lossy(text)
            );
        }
    }

    #[test]
    fn a_line_that_differs_in_one_field_is_found() {
        let conninfo = ConnInfo::read(b"host=h port=1 dbname=d user=u", &Fake::default()).unwrap();
        let key = PassfileKey::new(&conninfo, &conninfo.endpoints[0]);
        for (text, near) in [
            ("x:1:d:u:p", Some((1, Keyword::Host))),
            (
                "#h:2:d:u:p\nx:2:d:u:p\nh:5432:*:u:p",
                Some((3, Keyword::Port)),
            ),
            (r"h:1:a\:b:u:p", Some((1, Keyword::Dbname))),
            ("h:1:d:U:p", Some((1, Keyword::User))),
            ("h:1:d:u", None),
            ("h:1:x", None),
            ("postgresql://u:p@h:1/d", None),
            ("", None),
        ] {
            let near = near.map(|(number, keyword)| NearLine { number, keyword });
            assert_eq!(key.nearest(text.as_bytes()), near, "{text}");
        }
    }

    #[test]
    fn the_key_is_what_the_string_says() {
        for (string, line, found) in [
            ("host=h user=u", "h:5432:u:u:p", true),
            ("hostaddr=127.1 user=u", "127.1:5432:u:u:p", true),
            ("hostaddr=127.1 user=u", "127.0.0.1:5432:u:u:p", false),
            ("host=h hostaddr=127.1 user=u", "h:5432:u:u:p", true),
            ("host=h port=+5432 user=u", "h:5432:u:u:p", false),
            ("host=h port=+5432 user=u", "h:+5432:u:u:p", true),
            ("host=a,h user=u", "h:5432:u:u:p", false),
            ("user=u", "localhost:5432:u:u:p", true),
            (
                "host=/var/run/postgresql user=u",
                "localhost:5432:u:u:p",
                true,
            ),
            ("host=/tmp user=u", "localhost:5432:u:u:p", false),
            ("host=/tmp user=u", "/tmp:5432:u:u:p", true),
            ("host=::1 user=u", r"\:\:1:5432:u:u:p", true),
            ("host=::1 user=u", "::1:5432:u:u:p", true),
            ("host=h user=a:b", r"h:5432:a\:b:a\:b:p", true),
        ] {
            assert_eq!(
                find(string, line.as_bytes()).is_some(),
                found,
                "{string} {line}"
            );
        }
    }
}
