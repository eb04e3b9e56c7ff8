//! URLs: how each driver takes them apart.

use super::settings::Param;
use super::{Dialect, Fault};

/// A URL in its parts, decoded as the driver decodes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    /// Host and port; either may be missing.
    pub(super) hosts: Vec<(String, String)>,
    /// What follows the slash; `None` without a slash.
    pub(super) path: Option<String>,
    pub(super) query: Vec<Param>,
}

/// What differs between drivers.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) dialect: Dialect,
    /// What `+` is in user and password.
    pub(super) plus_in_user: Plus,
    /// What `+` is in the query.
    pub(super) plus_in_query: Plus,
    /// What `+` is in the name of the database.
    pub(super) plus_in_path: Plus,
    /// Whether the names of settings are decoded as their values are.
    pub(super) names: Names,
    /// How the name of the database is decoded.
    pub(super) path: Coding,
    /// Whether commas separate hosts.
    pub(super) hosts: Hosts,
}

/// How the names of settings are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// As their values.
    Decoded,
    /// As they are: an encoded name is another name.
    Raw,
}

/// How a part of a URL is decoded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// All percent signs.
    Percent,
    /// Not those of characters that have a meaning in URLs (`decodeURI` of JavaScript).
    DecodeUri,
    /// Not at all.
    Raw,
}

/// What `decodeURI` of JavaScript leaves encoded.
const RESERVED: &str = ";/?:@&=+$,#";

/// Where the parts of a dialect's URLs end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiters {
    userinfo: Userinfo,
    fragment: Fragment,
}

/// Where user and password end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Userinfo {
    /// There are none: all is the host.
    None,
    /// At the last `@` before the path.
    LastAt,
    /// At the first `@` before a slash: a raw `?` or `#` may be in the password.
    FirstAt,
    /// The same, but behind a colon the slash does not count.
    FirstAtBehindColon,
}

/// What `#` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fragment {
    /// A letter like any other.
    None,
    /// The end of what counts.
    Cut,
}

impl Delimiters {
    /// Those of libpq are in `conninfo_uri_parse_options`, those of SQLAlchemy in `_parse_url`.
    #[must_use]
    pub const fn of(dialect: Dialect) -> Self {
        let (userinfo, fragment) = match dialect {
            Dialect::Libpq | Dialect::PsqlCommand | Dialect::DotenvLine => {
                (Userinfo::FirstAt, Fragment::None)
            }
            Dialect::Jdbc => (Userinfo::None, Fragment::None),
            Dialect::Sqlalchemy => (Userinfo::FirstAtBehindColon, Fragment::None),
            Dialect::R2dbc
            | Dialect::Adonet
            | Dialect::NodePostgres
            | Dialect::PostgresJs
            | Dialect::Prisma
            | Dialect::Ecto
            | Dialect::Rails
            | Dialect::Django
            | Dialect::Laravel
            | Dialect::Pdo
            | Dialect::Odbc
            | Dialect::Go => (Userinfo::LastAt, Fragment::Cut),
        };
        Self { userinfo, fragment }
    }

    /// How long user and password are, with their `@`, in what follows `scheme://`.
    #[must_use]
    pub fn userinfo(self, text: &[u8]) -> usize {
        let first = |any: &[u8]| text.iter().position(|byte| any.contains(byte));
        let before = |end: Option<usize>| text.get(..end.unwrap_or(text.len())).unwrap_or(text);
        let at = |part: &[u8]| part.iter().position(|byte| *byte == b'@');
        let found = match self.userinfo {
            Userinfo::None => None,
            Userinfo::LastAt => {
                let authority = before(first(b"/?#"));
                authority.iter().rposition(|byte| *byte == b'@')
            }
            Userinfo::FirstAtBehindColon if before(first(b"/@")).contains(&b':') => at(text),
            Userinfo::FirstAt | Userinfo::FirstAtBehindColon => at(before(first(b"/"))),
        };
        found.map_or(0, |at| at.saturating_add(1))
    }

    /// Where what counts ends, in what follows user and password.
    #[must_use]
    pub fn end(self, text: &[u8]) -> usize {
        let fragment = match self.fragment {
            Fragment::None => None,
            Fragment::Cut => text.iter().position(|byte| *byte == b'#'),
        };
        fragment.unwrap_or(text.len())
    }
}

/// What `+` stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plus {
    Blank,
    Literal,
}

/// How many hosts there may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hosts {
    One,
    Many,
}

impl Rules {
    /// Most drivers: `+` is a blank in the query only, one host.
    pub(super) const fn usual(dialect: Dialect) -> Self {
        Self {
            dialect,
            plus_in_user: Plus::Literal,
            plus_in_query: Plus::Blank,
            plus_in_path: Plus::Literal,
            names: Names::Decoded,
            path: Coding::Percent,
            hosts: Hosts::One,
        }
    }

    /// Takes apart what follows `scheme://`.
    pub(super) fn split(&self, text: &str) -> Result<Url, Fault> {
        // Parsers of URLs drop some of them (WHATWG URL, 4.4), and join what they separate.
        if text.trim_end().contains(['\t', '\n', '\r']) {
            return Err(Fault::refused_but(
                self.dialect,
                "a tab or a line break is in the URL",
                "Remove it. In a password, write a tab as %09.",
            ));
        }
        let (userinfo, rest) = self.userinfo(text)?;
        let end = Delimiters::of(self.dialect).end(rest.as_bytes());
        let (rest, fragment) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, behind) = rest.split_at(end);
        let (path, query) = behind.split_once('?').unwrap_or((behind, ""));
        if userinfo.is_some_and(|userinfo| userinfo.contains(':')) {
            self.one_login(path, query, fragment)?;
        }
        let mut url = Url {
            hosts: self.hosts(authority, userinfo)?,
            query: self.query(query, &Param::new(path, ""))?,
            ..Url::default()
        };
        if let Some(path) = path.strip_prefix('/') {
            url.path = Some(match self.path {
                Coding::Percent => self.decoded(path, self.plus_in_path)?,
                Coding::DecodeUri => self.decoded(&kept_encoded(path), Plus::Literal)?,
                Coding::Raw => path.to_owned(),
            });
        }
        if let Some(userinfo) = userinfo {
            let (user, password) = match userinfo.split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (userinfo, None),
            };
            url.user = Some(self.decoded(user, self.plus_in_user)?);
            let password = password.map(|text| self.decoded(text, self.plus_in_user));
            url.password = password.transpose()?;
        }
        Ok(url)
    }

    /// User and password without their `@`, and the rest.
    fn userinfo<'t>(&self, text: &'t str) -> Result<(Option<&'t str>, &'t str), Fault> {
        let delimiters = Delimiters::of(self.dialect);
        if delimiters.userinfo == Userinfo::LastAt {
            self.unambiguous(text)?;
        }
        let length = delimiters.userinfo(text.as_bytes());
        let (userinfo, rest) = text.split_at_checked(length).unwrap_or(("", text));
        Ok((userinfo.strip_suffix('@'), rest))
    }

    /// Most drivers agree on where user and password end only if their delimiters are encoded.
    fn unambiguous(&self, text: &str) -> Result<(), Fault> {
        let end = text.find(['/', '?', '#']).unwrap_or(text.len());
        let (authority, behind) = text.split_at(end);
        let port = authority.rsplit_once(':').map(|(_, port)| port);
        let is_port = port.unwrap_or_default().chars().all(|c| c.is_ascii_digit());
        // In a value of the query it is usual; elsewhere it may end a password.
        let (path, query) = behind.split_once('?').unwrap_or((behind, ""));
        let mut names = query.split('&').map(|pair| pair.split('=').next());
        let is_stray =
            path.contains('@') || names.any(|name| name.is_some_and(|name| name.contains('@')));
        let is_in_password = match authority.matches('@').count() {
            0 => behind.contains('@') && !is_port || port.is_some() && is_stray,
            1 => is_stray,
            _ => {
                return Err(Fault::refused_but(
                    self.dialect,
                    "there is more than one @ before the host, and drivers differ on which one ends the password",
                    "Write @ in a user name or a password as %40.",
                ));
            }
        };
        match is_in_password {
            true => Err(Fault::refused_but(
                self.dialect,
                "the password contains a raw /, ? or #",
                "In a password, write / as %2F, ? as %3F, # as %23 and @ as %40.",
            )),
            false => Ok(()),
        }
    }

    /// Behind user, password and host, an `@` in the name of the database, in a second user or in what is cut off shows
    /// that the host may be a piece of the password.
    fn one_login(&self, path: &str, query: &str, fragment: &str) -> Result<(), Fault> {
        let is_login =
            |name: &str| ["user", "username", "password", "dbname", "database"].contains(&name);
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let second = path.contains('@')
            || fragment.contains('@')
            || pairs.any(|(name, value)| is_login(name) && value.contains('@'));
        match second {
            true => Err(Fault::refused_but(
                self.dialect,
                "there is an @ before the host and another one behind it, so that a part of the password may stand in the place of the host",
                "Write @ in a user name, a password or the name of a database as %40, / as %2F, ? as %3F and # as %23.",
            )),
            false => Ok(()),
        }
    }

    fn hosts(
        &self,
        authority: &str,
        userinfo: Option<&str>,
    ) -> Result<Vec<(String, String)>, Fault> {
        let one = |text: &str| -> Result<(String, String), Fault> {
            let (host, port) = host_and_port(text).ok_or_else(|| {
                Fault::refused(self.dialect, "a bracket around the host is not closed")
            })?;
            if !port.is_empty() && !port.chars().all(|c| c.is_ascii_digit()) {
                return Err(Fault::refused_but(
                    self.dialect,
                    "the port is not a number",
                    "In a password, write / as %2F, : as %3A and @ as %40.",
                ));
            }
            if self.dialect == Dialect::Sqlalchemy && text.ends_with(':') {
                return Err(Fault::refused_but(
                    self.dialect,
                    "the port behind the colon is missing",
                    "Write the port, or remove the colon.",
                ));
            }
            if let Some(reason) = self.no_host(text, host, userinfo) {
                return Err(Fault::refused(self.dialect, reason));
            }
            Ok((self.decoded(host, Plus::Literal)?, port.to_owned()))
        };
        match self.hosts {
            Hosts::One if authority.contains(',') => Err(Fault::refused_but(
                self.dialect,
                "it takes one host only",
                "Check each host with a string of its own.",
            )),
            Hosts::One => Ok(vec![one(authority)?]),
            Hosts::Many => authority.split(',').map(one).collect(),
        }
    }

    /// Why the driver's parser takes the text for no host.
    fn no_host(&self, text: &str, host: &str, userinfo: Option<&str>) -> Option<&'static str> {
        let takes_percent = !matches!(self.dialect, Dialect::Jdbc | Dialect::Sqlalchemy);
        let needs_host = matches!(self.dialect, Dialect::NodePostgres | Dialect::PostgresJs);
        if text.starts_with('[') && !host.contains(':') {
            return Some("brackets are for IPv6 addresses only");
        }
        if host.contains('%') && !host.contains(':') && !takes_percent {
            return Some("it does not decode a % in a host");
        }
        (needs_host && host.is_empty() && (!text.is_empty() || userinfo.is_some()))
            .then_some("the host is missing")
    }

    /// The settings behind the path. A password that stands in the path goes on in the first of them:
    /// `/d&password=a?b=c`.
    fn query(&self, query: &str, path: &Param) -> Result<Vec<Param>, Fault> {
        let mut params: Vec<Param> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = match self.names {
                Names::Decoded => self.decoded(name, self.plus_in_query)?,
                Names::Raw => name.to_owned(),
            };
            let value = self.decoded(value, self.plus_in_query)?;
            params.push(Param::after(params.last().or(Some(path)), name, value));
        }
        Ok(params)
    }

    fn decoded(&self, text: &str, plus: Plus) -> Result<String, Fault> {
        decoded(text, plus).ok_or_else(|| {
            Fault::refused_but(
                self.dialect,
                "a % is not followed by two hexadecimal digits, or they are not UTF-8",
                "Write a percent sign as %25.",
            )
        })
    }
}

/// The text with the percent signs encoded that `decodeURI` does not decode.
fn kept_encoded(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let byte = piece
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let reserved = byte.is_some_and(|byte| RESERVED.contains(char::from(byte)));
        kept.push_str(if reserved { "%25" } else { "%" });
        kept.push_str(piece);
    }
    kept
}

/// The name of a database for a URL whose path is decoded in this way; nothing if it cannot be written.
pub(super) fn path_of(name: &str, coding: Coding) -> Option<String> {
    let mut path = String::new();
    for letter in name.chars() {
        let unreserved = letter.is_ascii_alphanumeric() || "-_.~".contains(letter);
        let raw = unreserved || RESERVED.contains(letter);
        match coding {
            Coding::Percent if unreserved => path.push(letter),
            Coding::Percent | Coding::DecodeUri if !raw || coding == Coding::Percent => {
                path.push_str(&crate::percent::component(
                    letter.encode_utf8(&mut [0; 4]).as_bytes(),
                ));
            }
            // An @ could not be told from the end of a password.
            Coding::Percent | Coding::DecodeUri | Coding::Raw if !raw || "?#@".contains(letter) => {
                return None;
            }
            Coding::Percent | Coding::DecodeUri | Coding::Raw => path.push(letter),
        }
    }
    Some(path)
}

/// Host and port of `host:port`, `host`, `[address]:port` or `:port`; nothing if a bracket is open.
pub(super) fn host_and_port(text: &str) -> Option<(&str, &str)> {
    if let Some(inner) = text.strip_prefix('[') {
        let (address, behind) = inner.split_once(']')?;
        let port = match behind {
            "" => "",
            _ => behind.strip_prefix(':')?,
        };
        return Some((address, port));
    }
    Some(text.split_once(':').unwrap_or((text, "")))
}

/// Decodes percent signs; nothing if one is alone, or the result is not UTF-8.
pub(super) fn decoded(text: &str, plus: Plus) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => return String::from_utf8(bytes).ok(),
            [b'%', high, low, rest @ ..] => {
                let digit = |digit: u8| char::from(digit).to_digit(16);
                let byte = digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?)?;
                bytes.push(u8::try_from(byte).ok()?);
                rest
            }
            [b'%', ..] => return None,
            [b'+', rest @ ..] if plus == Plus::Blank => {
                bytes.push(b' ');
                rest
            }
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests;
