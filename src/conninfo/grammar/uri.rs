//! The grammar of connection URIs (`conninfo_uri_parse_options` in libpq's `fe-connect.c`):
//! `postgresql://user:password@host:port,host:port/dbname?keyword=value&keyword=value`
//!
//! libpq cuts the text at its delimiters first and decodes the parts afterwards.

use std::net::Ipv6Addr;

use super::assignment::{Alias, Assignment, store};
use crate::conninfo::error::{Error, Separator};
use crate::conninfo::parameter::Keyword;
use crate::conninfo::value::{Value, Word};
use crate::secrecy::Taken;

/// The schemes of a connection URI. Anything else is a keyword/value string.
pub(super) const SCHEMES: [&[u8]; 2] = [b"postgresql://", b"postgres://"];

/// Reads a URI whose scheme ends at `start`.
///
/// # Errors
/// Brackets, percent-encoding, spaces or query parameters that libpq 18 refuses.
pub(super) fn parse(text: &[u8], start: usize) -> Result<Vec<Assignment>, Error> {
    let mut cursor = Cursor { text, at: start };
    let mut settings = Vec::new();
    let credentials = credentials(&mut cursor, &mut settings)?;
    let from = cursor.at;
    let port = servers(&mut cursor, &mut settings)?;
    let hosts = text.get(from..cursor.at).unwrap_or_default();
    let hosts_hold_at = hosts.contains(&b'@');
    let later_at = cursor.rest().contains(&b'@');
    let dbname = cursor.take_if(b'/').then(|| cursor.until(b"?"));
    let path = dbname.as_ref().map_or(&[][..], |dbname| &dbname.raw);
    let behind_at = path.splitn(2, |byte| *byte == b'@').nth(1);
    let is_server = behind_at.is_some_and(|rest| rest.iter().any(|byte| b":/".contains(byte)));
    let query_holds_at = |name: &[u8]| {
        let mut pairs = cursor.rest().split(|byte| b"?&".contains(byte));
        pairs.any(|pair| pair.starts_with(name) && pair.contains(&b'@'))
    };
    let has_password = settings
        .iter()
        .any(|made| made.keyword == Keyword::Password);
    // Nobody writes them twice, and so the second may be a piece of the first.
    let repeats_login = has_password
        && [&b"user="[..], b"password="]
            .iter()
            .any(|name| query_holds_at(name));
    let query_holds_at = query_holds_at(b"dbname=") || repeats_login;
    let database_holds_at = behind_at.is_some() || query_holds_at;
    let may_be_login = credentials == Credentials::Present || port == PortText::Number;
    let password = match port {
        PortText::Colons => Password::InPlace,
        PortText::Number if database_holds_at => Password::Astray,
        PortText::Number | PortText::Absent if credentials == Credentials::Present && later_at => {
            Password::Astray
        }
        PortText::Number | PortText::Absent => Password::InPlace,
        PortText::NoNumber => Password::Astray,
    };
    if password == Password::Astray {
        hide(&mut settings, Keyword::Port);
    }
    if port == PortText::NoNumber
        || credentials == Credentials::Present && hosts_hold_at
        || is_server
        || database_holds_at && may_be_login
    {
        hide(&mut settings, Keyword::Host);
    }
    let hides_dbname = database_holds_at || port == PortText::NoNumber;
    if let Some(dbname) = dbname {
        set(&mut settings, Keyword::Dbname, dbname)?;
    }
    if hides_dbname {
        hide(&mut settings, Keyword::Dbname);
    }
    if cursor.take_if(b'?') {
        query(&mut cursor, &mut settings, password)?;
    }
    if query_holds_at && may_be_login {
        hide(&mut settings, Keyword::Dbname);
    }
    if repeats_login {
        hide(&mut settings, Keyword::User);
    }
    Ok(settings)
}

/// Whether pieces of a password may be in other places. In `postgresql://u:pa/ss@host/db`, whose password should
/// have been encoded, the port is `pa` and the database `ss@host/db`. A raw `@` after the hosts reveals it, and so
/// does a port that is not a number: `postgresql://u:p,[a/@[::1]/db` has the hosts `u` and `a/@[::1`. In
/// `postgresql://u:p@ss/word@host/db` it is the host that is a piece, `ss`, and the database `word@host/db`. In
/// `postgresql://u:12/word@host` the user is taken for the host and `12` for its port. In
/// `postgresql://u:p@ss:1/word?user=x@host` it is `ss`, and a second user holds the rest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Password {
    InPlace,
    Astray,
}

#[derive(PartialEq, Eq)]
enum Credentials {
    Present,
    Absent,
}

/// User and password end at the first `@`, unless a `/` comes before it.
fn credentials(
    cursor: &mut Cursor<'_>,
    settings: &mut Vec<Assignment>,
) -> Result<Credentials, Error> {
    let mut ahead = *cursor;
    ahead.until(b"@/");
    if ahead.peek() != Some(b'@') {
        return Ok(Credentials::Absent);
    }
    set(settings, Keyword::User, cursor.until(b":@"))?;
    if cursor.take_if(b':') {
        set(settings, Keyword::Password, cursor.until(b"@"))?;
    }
    cursor.advance();
    Ok(Credentials::Present)
}

/// What is in the place of the ports.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PortText {
    Absent,
    Number,
    /// More of an IPv6 address without brackets, or a second port. No `@` comes later, so it is no password.
    Colons,
    NoNumber,
}

/// `host:port,host:port` as the two lists of `host` and `port`.
fn servers(cursor: &mut Cursor<'_>, settings: &mut Vec<Assignment>) -> Result<PortText, Error> {
    let mut hosts = Part {
        at: cursor.at,
        raw: Vec::new(),
    };
    let mut ports = Part {
        at: cursor.at,
        raw: Vec::new(),
    };
    let mut has_colons = false;
    loop {
        let name = host(cursor)?;
        hosts.raw.extend_from_slice(&name.raw);
        if cursor.take_if(b':') {
            let port = cursor.until(b"/?,");
            has_colons |=
                is_address_or_ports(&[&name.raw, &b":"[..], &port.raw].concat(), &port.raw);
            if ports.raw.is_empty() {
                ports.at = port.at;
            }
            ports.raw.extend_from_slice(&port.raw);
        }
        if !cursor.take_if(b',') {
            break;
        }
        hosts.raw.push(b',');
        ports.raw.push(b',');
    }
    let decoded = ports.decoded(Some(Keyword::Port));
    let bytes = decoded.as_deref().unwrap_or(&ports.raw);
    let mut bytes = bytes.iter().filter(|byte| **byte != b',');
    let text = if bytes.clone().next().is_none() {
        PortText::Absent
    } else if bytes.all(|byte| byte.is_ascii_digit() || b" +".contains(byte)) {
        PortText::Number
    } else if has_colons && !cursor.rest().contains(&b'@') {
        PortText::Colons
    } else {
        PortText::NoNumber
    };
    set(settings, Keyword::Host, hosts)?;
    set(settings, Keyword::Port, ports)?;
    Ok(text)
}

/// Whether the colons are those of an IPv6 address, or stand between numbers.
fn is_address_or_ports(whole: &[u8], port: &[u8]) -> bool {
    let is_address = |text: &[u8]| {
        let text = str::from_utf8(text).ok();
        text.is_some_and(|text| text.parse::<Ipv6Addr>().is_ok())
    };
    let before_port = whole.rsplitn(2, |byte| *byte == b':').nth(1);
    let mut bytes = port.iter();
    port.contains(&b':')
        && (is_address(whole)
            || before_port.is_some_and(is_address)
            || bytes.all(|byte| byte.is_ascii_digit() || *byte == b':'))
}

/// Makes a value secret.
fn hide(settings: &mut [Assignment], keyword: Keyword) {
    for made in settings.iter_mut().filter(|made| made.keyword == keyword) {
        made.value = Value::secret(made.value.as_bytes().to_vec());
    }
}

/// A host name or an address. An IPv6 address comes without its brackets.
fn host(cursor: &mut Cursor<'_>) -> Result<Part, Error> {
    let open = cursor.at;
    if !cursor.take_if(b'[') {
        return Ok(cursor.until(b":/?,"));
    }
    let address = cursor.until(b"]");
    if cursor.peek().is_none() {
        return Err(Error::OpenBracket { at: open });
    }
    if address.raw.is_empty() {
        return Err(Error::EmptyBrackets { at: open });
    }
    cursor.advance();
    match cursor.peek() {
        None | Some(b':' | b'/' | b'?' | b',') => Ok(address),
        Some(byte) => Err(Error::AfterBracket {
            byte,
            at: cursor.at,
        }),
    }
}

/// `keyword=value&keyword=value`; both sides may be percent-encoded.
fn query(
    cursor: &mut Cursor<'_>,
    settings: &mut Vec<Assignment>,
    password: Password,
) -> Result<(), Error> {
    let mut previous: &[u8] = &[];
    while cursor.peek().is_some() {
        let start = cursor.at;
        let pair = cursor.until(b"&");
        let end = cursor.at;
        cursor.take_if(b'&');

        let mut halves = pair.raw.splitn(2, |byte| *byte == b'=');
        let name = Part {
            at: start,
            raw: halves.next().unwrap_or_default().to_vec(),
        };
        let word = |name: &[u8]| match password {
            Password::InPlace => Word::assigned(previous, name),
            Password::Astray => Word::Hidden(Taken::Astray),
        };
        let Some(value) = halves.next() else {
            return Err(Error::MissingQueryEquals {
                word: word(&name.raw),
                at: start,
            });
        };
        let at = start.saturating_add(name.raw.len()).saturating_add(1);
        if let Some(extra) = value.iter().position(|byte| *byte == b'=') {
            return Err(Error::ExtraEquals {
                word: word(&name.raw),
                at: at.saturating_add(extra),
                separator: separator(value.get(..extra).unwrap_or_default(), at),
            });
        }
        let name = name.decoded(None)?;
        let keyword = Keyword::from_bytes(&name);
        let value = Part {
            at,
            raw: value.to_vec(),
        }
        .decoded(keyword)?;
        let (name, value, alias) = match (name.as_slice(), value.as_slice()) {
            // As JDBC writes it.
            (b"ssl", b"true") => (
                b"sslmode".to_vec(),
                b"require".to_vec(),
                Some(Alias::SslTrue),
            ),
            _ => (name, value, None),
        };
        store(settings, &name, value, at, None).map_err(|suggestion| Error::UnknownKeyword {
            word: word(&name),
            at: start,
            suggestion,
        })?;
        if let Some(made) = settings
            .iter_mut()
            .find(|made| made.keyword.as_str().as_bytes() == name.as_slice())
        {
            made.alias = alias;
        }
        previous = cursor.text.get(start..end).unwrap_or_default();
    }
    Ok(())
}

/// What stands in the place of `&` in a value that begins here, if only the name of a setting follows it.
fn separator(value: &[u8], begins: usize) -> Option<Separator> {
    let is_one = |byte: &u8| b"?,; ".contains(byte);
    let offset = value.iter().rposition(is_one)?;
    Keyword::from_bytes(value.get(offset.saturating_add(1)..)?)?;
    Some(Separator {
        at: begins.saturating_add(offset),
        sign: char::from(*value.get(offset)?),
    })
}

/// Sets a keyword from a part of the URI. An empty part sets nothing, so the environment can still set it.
fn set(settings: &mut Vec<Assignment>, keyword: Keyword, part: Part) -> Result<(), Error> {
    if part.raw.is_empty() {
        return Ok(());
    }
    let at = part.at;
    let value = part.decoded(Some(keyword))?;
    store(settings, keyword.as_str().as_bytes(), value, at, None).map_err(|suggestion| {
        Error::UnknownKeyword {
            word: Word::Hidden(Taken::Astray),
            at,
            suggestion,
        }
    })
}

/// A part of the URI, still encoded.
struct Part {
    at: usize,
    raw: Vec<u8>,
}

impl Part {
    /// Decodes percent signs (`conninfo_uri_decode`). Spaces are refused: libpq 17 and older keep them in the value,
    /// 18 drops those at both ends and refuses those within. Other white space is ordinary.
    fn decoded(&self, keyword: Option<Keyword>) -> Result<Vec<u8>, Error> {
        let mut rest = self.raw.as_slice();
        let mut decoded = Vec::with_capacity(rest.len());
        loop {
            let read = self.raw.len().saturating_sub(rest.len());
            let at = self.at.saturating_add(read);
            rest = match rest {
                [] => return Ok(decoded),
                [b' ', ..] => return Err(Error::SpaceInUri { keyword, at }),
                [b'%', b'0', b'0', ..] => return Err(Error::EncodedNul { keyword, at }),
                [b'%', high, low, rest @ ..] => {
                    let byte = hex(*high)
                        .zip(hex(*low))
                        .ok_or(Error::BadPercent { keyword, at })?;
                    decoded.push(byte.0 << 4 | byte.1);
                    rest
                }
                [b'%', ..] => return Err(Error::BadPercent { keyword, at }),
                [byte, rest @ ..] => {
                    decoded.push(*byte);
                    rest
                }
            };
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[derive(Clone, Copy)]
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn advance(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn take_if(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.advance();
        }
        found
    }

    /// Everything before the first of these bytes, or to the end.
    fn until(&mut self, stops: &[u8]) -> Part {
        let start = self.at;
        while self.peek().is_some_and(|byte| !stops.contains(&byte)) {
            self.advance();
        }
        Part {
            at: start,
            raw: self.text.get(start..self.at).unwrap_or_default().to_vec(),
        }
    }
}
