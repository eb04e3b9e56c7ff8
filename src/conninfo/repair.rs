//! What a string that libpq refuses was probably meant to be.
//!
//! Each repair is a guess. It is worth showing only after it was read again and led somewhere.

use std::net::Ipv6Addr;

use super::error::{Error, Expected, HostForm, Separator};
use super::grammar::Grammar;
use super::host_and_port::host_and_port;
use super::parameter::{Keyword, Secrecy};
use super::space::is_space;
use super::typography::{is_quote, typed};
use super::value::{Origin, Secret, Word};
use super::{amended, parse, print};
use crate::secrecy::{holds_credentials, mentions_secret};

/// The string without this fault, most likely meaning first. With its secrets: to be read again, never to be shown.
#[must_use]
pub fn repairs(text: &[u8], error: &Error) -> Vec<Secret> {
    let whole = Whole { text };
    let found = match error {
        Error::UnknownKeyword {
            word: Word::Shown(word),
            at,
            suggestion,
        } => whole.keyword(word, *at, *suggestion),
        Error::MissingEquals {
            word: Word::Shown(word),
            at,
        } => whole.bare_word(word.as_bytes(), *at),
        Error::UnclosedQuote {
            word: Word::Shown(word),
            at,
        } => whole.open_quote(word.as_bytes(), *at),
        Error::ExtraEquals {
            separator: Some(Separator { at, .. }),
            ..
        } => whole.replaced(*at, at.saturating_add(1), b"&"),
        Error::ExtraEquals {
            word: Word::Shown(_),
            at,
            separator: None,
        } => whole.replaced(*at, at.saturating_add(1), b"%3D"),
        Error::BadPercent { at, .. } => whole.inserted(at.saturating_add(1), b"25"),
        Error::SpaceInUri { at, .. } => whole.space(*at),
        Error::InvalidValue {
            keyword,
            value,
            expected,
            meant,
            origin,
        } => whole.value(*keyword, value, expected, *meant, origin),
        Error::WeakSslMode { .. } => whole.amended(&[(Keyword::SslMode, b"verify-full")]),
        Error::TlsRange { .. } => [
            whole.amended(&[(Keyword::SslMaxProtocolVersion, b"")]),
            whole.amended(&[(Keyword::SslMinProtocolVersion, b"")]),
        ]
        .concat(),
        Error::ProtocolRange { .. } => whole.amended(&[
            (Keyword::MinProtocolVersion, b""),
            (Keyword::MaxProtocolVersion, b""),
        ]),
        Error::HostForm {
            form: HostForm::Url,
            origin: Origin::String { .. },
        } => whole.host_of_url(),
        Error::HostForm {
            form: HostForm::LineBreak { name },
            ..
        } => whole.amended(&[(Keyword::Host, name.as_bytes())]),
        Error::UnknownKeyword { .. }
        | Error::HostForm { .. }
        | Error::MissingEquals { .. }
        | Error::UnclosedQuote { .. }
        | Error::Nul { .. }
        | Error::OpenBracket { .. }
        | Error::EmptyBrackets { .. }
        | Error::AfterBracket { .. }
        | Error::MissingQueryEquals { .. }
        | Error::ExtraEquals { .. }
        | Error::EncodedNul { .. }
        | Error::ServiceNotFound { .. }
        | Error::ServiceFileUnreadable { .. }
        | Error::ServiceSyntax { .. }
        | Error::HostCount { .. }
        | Error::PortCount { .. }
        | Error::NoHostName { .. }
        | Error::SecretForHost { .. }
        | Error::NoUser => Vec::new(),
    };
    tidied(text).into_iter().chain(found).take(MOST).collect()
}

/// The string as it was before it passed through a word processor, a file or a shell: without line breaks at its end,
/// without quotes around it, and with the signs of the keyboard. Where commas, semicolons or ampersands separate keywords,
/// spaces do. With its secrets: to be read again, never to be shown.
#[must_use]
pub fn tidied(text: &[u8]) -> Option<Secret> {
    let whole = str::from_utf8(text).ok()?;
    let inner = unquoted(whole.trim_end_matches(['\r', '\n']));
    let grammar = Grammar::of(inner.as_bytes());
    // In a password, every sign counts.
    let may_be_cut = !mentions_secret(text) && !holds_credentials(text);
    let tidied = match grammar {
        Grammar::Uri => {
            let uri = joined(inner);
            let (kept, rest) =
                uri.split_at_checked(if may_be_cut { 0 } else { settings_at(&uri) })?;
            let rest = rest.replace("&amp;", "&").replace("\\u0026", "&");
            format!("{kept}{}", queried(&typed(&rest, "", "")))
        }
        _ if !may_be_cut => inner.to_owned(),
        Grammar::KeywordValue => separated(&typed(inner, "'", " ")),
    };
    let is_string = grammar == Grammar::Uri || parse(tidied.as_bytes()).is_ok();
    (is_string && tidied != whole).then(|| Secret::new(tidied.into_bytes()))
}

/// Where the settings of a URI begin, behind user and password; at its end where a secret may be among them.
fn settings_at(uri: &str) -> usize {
    let behind_login = uri.rfind('@').unwrap_or_default();
    let rest = uri.get(behind_login..).unwrap_or_default();
    match rest.find('?') {
        Some(at) if !mentions_secret(rest.as_bytes()) => behind_login.saturating_add(at),
        _ => uri.len(),
    }
}

/// Whether a text is one URI in several lines: each break stands beside a sign that no string begins or ends with.
#[must_use]
pub fn is_broken_uri(text: &str) -> bool {
    let text = text.trim();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let goes_on = |pair: &[&str]| match pair {
        [line, next] => {
            line.ends_with(['?', '&', '/', '@', ':', ',', '=', '\\'])
                || next.starts_with(['?', '&', '/', '@', ':', ','])
        }
        _ => false,
    };
    Grammar::of(text.as_bytes()) == Grammar::Uri
        && lines.len() > 1
        && !lines.iter().skip(1).any(|line| line.contains("://"))
        && lines.windows(2).all(goes_on)
}

/// Such a URI in one line.
fn joined(text: &str) -> String {
    if !is_broken_uri(text) {
        return text.to_owned();
    }
    let lines = text.trim().lines().map(str::trim);
    lines
        .map(|line| line.strip_suffix('\\').unwrap_or(line).trim_end())
        .collect()
}

/// A string without the quotes around all of it, or the one that was left at the end of a URI.
fn unquoted(text: &str) -> &str {
    let is_uri = Grammar::of(text.as_bytes()) == Grammar::Uri;
    match text.strip_prefix(is_quote) {
        Some(inner) => inner.strip_suffix(is_quote).unwrap_or(inner),
        None if is_uri => text.strip_suffix(is_quote).unwrap_or(text),
        None => text,
    }
}

/// A URI with a `?` before the first setting, where `&` or `#` stands there.
fn queried(uri: &str) -> String {
    let first = uri
        .find(['?', '&', '#'])
        .and_then(|at| uri.split_at_checked(at));
    let Some((before, query)) = first.filter(|(_, query)| !query.starts_with('?')) else {
        return uri.to_owned();
    };
    let settings = query.get(1..).unwrap_or_default();
    let name = settings.split('=').next().unwrap_or_default();
    match Keyword::from_bytes(name.as_bytes()) {
        Some(_) => format!("{before}?{}", settings.replacen('?', "&", 1)),
        None => uri.to_owned(),
    }
}

/// Settings with a space between them where another sign stands, before a keyword or before the space.
fn separated(text: &str) -> String {
    if text.contains('\'') {
        return text.to_owned();
    }
    let mut separated = String::with_capacity(text.len());
    for (at, sign) in text.char_indices() {
        let behind = || text.get(at.saturating_add(sign.len_utf8())..);
        separated.push(match sign {
            ',' | ';' | '&' if behind().is_some_and(begins_with_keyword) => ' ',
            _ => sign,
        });
    }
    separated
}

/// Whether a setting of libpq begins here, behind blanks.
fn begins_with_keyword(text: &str) -> bool {
    // No keyword has another sign in it. To look further for each separator would take long.
    let end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let text = text.trim_start();
    let at = text.find(end).unwrap_or(text.len());
    text.split_at_checked(at).is_some_and(|(name, behind)| {
        behind.starts_with('=') && Keyword::from_bytes(name.as_bytes()).is_some()
    })
}

/// The whole string.
struct Whole<'a> {
    text: &'a [u8],
}

impl Whole<'_> {
    fn amended(&self, changes: &[(Keyword, &[u8])]) -> Vec<Secret> {
        amended(self.text, changes).into_iter().collect()
    }

    /// The text with this range replaced.
    fn replaced(&self, from: usize, to: usize, by: &[u8]) -> Vec<Secret> {
        let (Some(before), Some(after)) = (self.text.get(..from), self.text.get(to..)) else {
            return Vec::new();
        };
        vec![Secret::new([before, by, after].concat())]
    }

    fn inserted(&self, at: usize, what: &[u8]) -> Vec<Secret> {
        self.replaced(at, at, what)
    }

    /// The keyword that was meant, or the string without a setting that libpq does not have.
    fn keyword(&self, word: &str, at: usize, suggestion: Option<Keyword>) -> Vec<Secret> {
        let end = at.saturating_add(word.len());
        let written = self.text.get(at..end) == Some(word.as_bytes());
        if let Some(options) = self.options_before(at) {
            return options;
        }
        let has_mode = || self.text.windows(MODE.len()).any(|part| part == MODE);
        let suggestion = match suggestion {
            // `true` is not a mode.
            Some(Keyword::SslMode) if is_switch(word) && !has_mode() => {
                let setting = self.setting(at);
                return self.replaced(at, setting, b"sslmode=verify-full");
            }
            Some(Keyword::SslMode) if is_switch(word) => None,
            other => other,
        };
        match suggestion {
            Some(Keyword::Options) if names_schemas(word) => self.option(b"search_path", at),
            None if is_server_setting(word) => self.option(word.as_bytes(), at),
            Some(keyword) if written => self.replaced(at, end, keyword.as_str().as_bytes()),
            Some(_) => Vec::new(),
            None => {
                let end = self.setting(at);
                // The separator goes with it.
                let end = end.saturating_add(1).min(self.text.len());
                let setting = self.text.get(at..end).unwrap_or_default();
                // The whole string, or several settings in the form of another driver.
                if setting.len() == self.text.len() || setting.contains(&b';') {
                    return Vec::new();
                }
                self.replaced(at, end, b"")
            }
        }
    }

    /// `schema=app`, `TimeZone=UTC`: libpq has no word of its own for it.
    fn option(&self, name: &[u8], at: usize) -> Vec<Secret> {
        let end = self.setting(at);
        let setting = self.text.get(at..end).unwrap_or_default();
        let equals = setting.iter().position(|byte| *byte == b'=');
        let value = equals.and_then(|equals| setting.get(equals.saturating_add(1)..));
        let value = value.unwrap_or_default();
        let is_uri = Grammar::of(self.text) == Grammar::Uri;
        let plain = String::from_utf8_lossy(value).replace("%2F", "/");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_,/+-.".contains(c);
        let has_options = self.text.windows(OPTIONS.len()).any(|part| part == OPTIONS);
        if plain.is_empty() || !plain.chars().all(is_plain) || has_options {
            return Vec::new();
        }
        let option = match is_uri {
            true => [b"options=-c%20", name, b"%3D", value].concat(),
            false => [b"options='-c ", name, b"=", value, b"'"].concat(),
        };
        self.replaced(at, end, &option)
    }

    /// `options=-c search_path=app`: the next word belongs to the value.
    fn options_before(&self, at: usize) -> Option<Vec<Secret>> {
        let (Keyword::Options, start) = self.assignment_before(at)? else {
            return None;
        };
        let end = self.setting(at);
        let value = self.text.get(start..end)?;
        let is_open = self.text.get(start..at)?.trim_ascii_end().ends_with(b"-c");
        let is_plain = !value.contains(&b'\'') && !mentions_secret(value);
        (is_open && is_plain).then(|| self.replaced(start, end, &[b"'", value, b"'"].concat()))
    }

    /// Where the setting that begins here ends.
    fn setting(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let end = match Grammar::of(self.text) {
            Grammar::Uri => rest.iter().position(|byte| *byte == b'&'),
            Grammar::KeywordValue => rest.iter().position(|byte| is_space(*byte)),
        };
        at.saturating_add(end.unwrap_or(rest.len()))
    }

    /// A word without `=`: the host, with its port; or the rest of a value that holds a space.
    fn bare_word(&self, word: &[u8], at: usize) -> Vec<Secret> {
        let end = at.saturating_add(word.len());
        if self.text.get(at..end) != Some(word) {
            return Vec::new();
        }
        // `sslmode:require`
        let colon = word.iter().position(|byte| *byte == b':');
        let keyword = colon.and_then(|colon| Keyword::from_bytes(word.get(..colon)?));
        if let (Some(colon), Some(_)) = (colon, keyword) {
            let colon = at.saturating_add(colon);
            return self.replaced(colon, colon.saturating_add(1), b"=");
        }
        if self
            .text
            .get(..at)
            .is_some_and(|before| before.iter().all(|byte| is_space(*byte)))
        {
            // A lone word may be a password. It is tried by asking the resolver for it.
            let Some((host, port)) = host_and_port(word).filter(is_surely_host) else {
                return Vec::new();
            };
            let mut setting = [b"host=", &*print::quoted(host)].concat();
            if let Some(port) = port {
                setting.extend([b" port=", port].concat());
            }
            return self.replaced(at, end, &setting);
        }
        let Some((keyword, start)) = self.assignment_before(at) else {
            return Vec::new();
        };
        if keyword.secrecy() == Secrecy::Secret {
            return Vec::new();
        }
        let end = self.next_assignment(at);
        let value = self.text.get(start..end).unwrap_or_default();
        let value = trimmed(value);
        if value.contains(&b'\'') || mentions_secret(value) {
            return Vec::new();
        }
        let quoted = [b"'", value, b"'"].concat();
        self.replaced(start, start.saturating_add(value.len()), &quoted)
    }

    /// A quote that is not closed: before the next setting, or at the end.
    fn open_quote(&self, word: &[u8], at: usize) -> Vec<Secret> {
        let public =
            Keyword::from_bytes(word).is_some_and(|keyword| keyword.secrecy() == Secrecy::Public);
        let rest = self.text.get(at..).unwrap_or_default();
        if !public || mentions_secret(rest) || holds_credentials(rest) {
            return Vec::new();
        }
        let next = self.next_assignment(at);
        let value = trimmed(self.text.get(at..next).unwrap_or_default());
        let end = at.saturating_add(value.len());
        let mut found = self.inserted(end, b"'");
        // Or the quote is one too many.
        found.extend(self.replaced(at, at.saturating_add(1), b""));
        found
    }

    /// At the end of a part of a URI, or at its beginning, nobody means a space.
    fn space(&self, at: usize) -> Vec<Secret> {
        let rest = self.text.get(at..).unwrap_or_default();
        let spaces = rest.iter().take_while(|byte| is_space(**byte)).count();
        let end = at.saturating_add(spaces);
        let behind = rest.get(spaces..).unwrap_or_default();
        let name = behind.split(|byte| *byte == b'=').next();
        if name.is_some_and(|name| Keyword::from_bytes(name).is_some()) {
            let before = self.text.get(..at).unwrap_or_default();
            let separator = if before.contains(&b'?') { b"&" } else { b"?" };
            return self.replaced(at, end, separator);
        }
        let before = at.checked_sub(1).and_then(|before| self.text.get(before));
        let ends = |byte: Option<&u8>| byte.is_none_or(|byte| b":/?#&=,@".contains(byte));
        if ends(before) || ends(self.text.get(end)) {
            return self.replaced(at, end, b"");
        }
        self.replaced(at, at.saturating_add(1), b"%20")
    }

    fn value(
        &self,
        keyword: Keyword,
        value: &Word,
        expected: &Expected,
        meant: Option<&'static str>,
        origin: &Origin,
    ) -> Vec<Secret> {
        if keyword.secrecy() == Secrecy::Secret {
            return Vec::new();
        }
        let set = |value: &[u8]| self.amended(&[(keyword, value)]);
        let Word::Shown(value) = value else {
            return self.user_with_at();
        };
        match (meant, expected) {
            (Some(meant), _) => set(meant.as_bytes()),
            (None, Expected::Port) if value.contains(':') => self.in_brackets(origin),
            (None, Expected::Port) if value.contains('/') => self.port_and_database(value),
            // Another setting may be in the rest.
            (None, Expected::Integer | Expected::Port) if !is_number_with_unit(value) => Vec::new(),
            (None, Expected::Integer | Expected::Port) => {
                match whole_number(keyword, value.trim()) {
                    Number::Whole(number) => set(number.to_string().as_bytes()),
                    Number::None => self.without(keyword, origin),
                    Number::Unclear => Vec::new(),
                }
            }
            (None, Expected::Address) => self.address(value),
            (None, Expected::OneOf(_)) if keyword == Keyword::SslMode => set(b"verify-full"),
            (
                None,
                Expected::OneOf(_)
                | Expected::ScramKey
                | Expected::OnlyOnce
                | Expected::AllOrNoneNegated,
            ) => Vec::new(),
        }
    }

    /// `//ann@server:password@host`: what is before the colon is the user, and so is its `@`.
    fn user_with_at(&self) -> Vec<Secret> {
        let scheme = self.text.windows(3).position(|signs| signs == b"://");
        let Some(from) = scheme.map(|at| at.saturating_add(3)) else {
            return Vec::new();
        };
        let rest = self.text.get(from..).unwrap_or_default();
        let authority = rest.split(|byte| b"/?#".contains(byte)).next();
        let mut parts = authority
            .unwrap_or_default()
            .rsplitn(2, |byte| *byte == b'@');
        let login = parts.nth(1).unwrap_or_default();
        let user = login.split(|byte| *byte == b':').next().unwrap_or_default();
        if user.len() == login.len() || !user.contains(&b'@') {
            return Vec::new();
        }
        let encoded = login
            .split(|byte| *byte == b'@')
            .collect::<Vec<_>>()
            .join(&b"%40"[..]);
        self.replaced(from, from.saturating_add(login.len()), &encoded)
    }

    /// `5432/app`, as in a URI.
    fn port_and_database(&self, value: &str) -> Vec<Secret> {
        let Some((port, dbname)) = value.split_once('/') else {
            return Vec::new();
        };
        let settings = parse(self.text).unwrap_or_default();
        let has_dbname = settings.iter().any(|made| made.keyword == Keyword::Dbname);
        let changes = [
            (Keyword::Port, port.as_bytes()),
            (Keyword::Dbname, dbname.as_bytes()),
        ];
        // Docker writes the protocol there.
        let is_none = dbname.is_empty() || dbname == "tcp";
        let changes = match has_dbname || is_none {
            true => changes.get(..1).unwrap_or_default(),
            false => &changes,
        };
        self.amended(changes)
    }

    /// An IPv6 address in a URI, whose last group may be the port.
    fn in_brackets(&self, origin: &Origin) -> Vec<Secret> {
        let Origin::String { at } = origin else {
            return Vec::new();
        };
        let before = self.text.get(..*at).unwrap_or_default();
        let from = before.iter().rposition(|byte| b"@/,".contains(byte));
        let from = from.map_or(0, |last| last.saturating_add(1));
        let rest = self.text.get(from..).unwrap_or_default();
        let length = rest.iter().position(|byte| b"/?,".contains(byte));
        let whole = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
        let address = |text: &[u8]| {
            let text = str::from_utf8(text).ok()?;
            text.parse::<Ipv6Addr>().ok().map(|_| text.to_owned())
        };
        let mut halves = whole.rsplitn(2, |byte| *byte == b':');
        let (port, before_port) = (halves.next(), halves.next().and_then(address));
        let with_port = before_port.zip(port.and_then(|port| str::from_utf8(port).ok()));
        let with_port = with_port.map(|(address, port)| format!("[{address}]:{port}"));
        let alone = address(whole).map(|address| format!("[{address}]"));
        let to = from.saturating_add(whole.len());
        let found = [with_port, alone].into_iter().flatten();
        found
            .flat_map(|address| self.replaced(from, to, address.as_bytes()))
            .collect()
    }

    /// Back to libpq's default; only the string can leave a setting out.
    fn without(&self, keyword: Keyword, origin: &Origin) -> Vec<Secret> {
        match origin {
            Origin::String { .. } => self.amended(&[(keyword, b"")]),
            Origin::Service { .. } | Origin::Environment(_) | Origin::Default => Vec::new(),
        }
    }

    /// The name and the port in a URL that is the whole value of `host`.
    fn host_of_url(&self) -> Vec<Secret> {
        let settings = parse(self.text).unwrap_or_default();
        let host = settings.iter().find(|made| made.keyword == Keyword::Host);
        let Some((name, port)) = host.and_then(|host| host_and_port(host.value.as_bytes())) else {
            return Vec::new();
        };
        let mut changes = vec![(Keyword::Host, name)];
        changes.extend(port.map(|port| (Keyword::Port, port)));
        self.amended(&changes)
    }

    /// An address without its brackets. A name is none: without the setting, libpq looks for the address of the host,
    /// and the name that is verified stays the same.
    fn address(&self, value: &str) -> Vec<Secret> {
        let inner = value
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let settings = parse(self.text).unwrap_or_default();
        let has_host = settings.iter().any(|made| made.keyword == Keyword::Host);
        match (inner, has_host) {
            (Some(inner), _) => self.amended(&[(Keyword::Hostaddr, inner.as_bytes())]),
            (None, true) => self.amended(&[(Keyword::Hostaddr, b"")]),
            (None, false) => {
                self.amended(&[(Keyword::Host, value.as_bytes()), (Keyword::Hostaddr, b"")])
            }
        }
    }

    /// The last setting that begins before this place, and where its value begins.
    fn assignment_before(&self, at: usize) -> Option<(Keyword, usize)> {
        self.assignments()
            .take_while(|(start, _)| *start < at)
            .last()
            .and_then(|(start, name)| {
                let value = start.saturating_add(name.len()).saturating_add(1);
                Some((Keyword::from_bytes(name)?, value))
            })
    }

    /// Where the next setting after this place begins, or the end.
    fn next_assignment(&self, at: usize) -> usize {
        self.assignments()
            .find(|(start, name)| *start > at && Keyword::nearest(name).is_some())
            .map_or(self.text.len(), |(start, _)| start)
    }

    /// Every word that is followed by `=`, and where it begins.
    fn assignments(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let mut at = 0_usize;
        self.text
            .split(|byte| is_space(*byte))
            .filter_map(move |word| {
                let start = at;
                at = at.saturating_add(word.len()).saturating_add(1);
                let end = word.iter().position(|byte| *byte == b'=')?;
                Some((start, word.get(..end)?))
            })
    }
}

/// Whether it has a sign of a host: a port, a dot or colon in it, or the one name that every machine has.
fn is_surely_host((host, port): &(&[u8], Option<&[u8]>)) -> bool {
    let dotted = host.iter().any(|byte| matches!(byte, b'.' | b':'));
    dotted || port.is_some() || *host == b"localhost"
}

/// Whether a name of other drivers stands for the schemas in which tables are looked up, and not for `options` itself.
fn names_schemas(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.contains("schema") || word.contains("path")
}

/// Whether libpq sends a word of this name only in `options`: pgx, lib/pq and Npgsql take settings of the server for
/// words of their own.
#[must_use]
pub fn is_server_setting(word: &str) -> bool {
    SERVER_SETTINGS
        .iter()
        .any(|name| word.eq_ignore_ascii_case(name))
}

const SERVER_SETTINGS: &[&str] = &[
    "bytea_output",
    "client_min_messages",
    "datestyle",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "extra_float_digits",
    "idle_in_transaction_session_timeout",
    "intervalstyle",
    "jit",
    "lock_timeout",
    "role",
    "search_path",
    "statement_timeout",
    "timezone",
    "work_mem",
];

/// Whether the values of a word that stands for `sslmode` are others than its modes.
#[must_use]
pub fn is_switch(word: &str) -> bool {
    strsim::damerau_levenshtein(&word.to_ascii_lowercase(), "sslmode") > 2
}

/// Others may stand there.
const OPTIONS: &[u8] = b"options=";

/// Any setting of the mode.
const MODE: &[u8] = b"sslmode=";

fn trimmed(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !is_space(*byte));
    end.and_then(|end| text.get(..=end)).unwrap_or_default()
}

/// Guesses for one fault.
const MOST: usize = 3;

/// What a number with something behind it means as a whole one.
enum Number {
    Whole(u32),
    /// Another unit, such as minutes.
    Unclear,
    None,
}

/// `10s`, `5432/tcp`, `0.5`: time is given in seconds, and a part of one is one.
fn whole_number(keyword: Keyword, value: &str) -> Number {
    let end = value
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(value.len());
    let (digits, rest) = value.split_at(end);
    let Ok(number) = digits.parse::<u32>() else {
        return match value.contains(|c: char| c.is_ascii_digit()) {
            true => Number::Unclear,
            false => Number::None,
        };
    };
    let is_time = keyword == Keyword::ConnectTimeout;
    match rest.trim_start() {
        "" => Number::Whole(number),
        unit if is_time && unit.starts_with('.') => Number::Whole(number.saturating_add(1)),
        unit if is_time && !unit.starts_with('s') => Number::Unclear,
        unit if unit.contains(|c: char| c.is_ascii_digit()) => Number::Unclear,
        _ => Number::Whole(number),
    }
}

/// One word, or a number and its unit behind a space, such as `5 s`.
fn is_number_with_unit(value: &str) -> bool {
    let mut behind = value.split_whitespace().skip(1);
    let unit = behind.next().unwrap_or_default().as_bytes();
    behind.next().is_none()
        && unit.iter().all(u8::is_ascii_alphabetic)
        && Keyword::from_bytes(unit).is_none()
}

#[cfg(test)]
mod tests;
