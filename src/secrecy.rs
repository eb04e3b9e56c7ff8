//! What looks like a secret, and must therefore not be shown.
//!
//! Secrets get into the wrong places: a private key is pasted where its path belongs, a password file is
//! given as a list of connection strings, a connection string as the name of a file. Whatever repeats a
//! word of the user asks here first. No key and no password can be told from a name with certainty, so
//! that these are rules of thumb, and they rather hide too much.

mod server_text;
pub mod toml_text;

pub use server_text::without_secrets;

use std::fmt;
use std::net::IpAddr;

use data_encoding::{BASE64_NOPAD, Encoding};
use memchr::memmem::find;

/// What a text was taken for. `Display` is what stands in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Taken {
    /// PEM, DER or the base64 of either, of a private key.
    PrivateKey,
    /// The same of a certificate.
    Certificate,
    /// PEM of something else.
    Pem,
    /// `host:port:database:user:password`, a line of a password file.
    PasswordLine,
    /// A URL with credentials, or settings with a secret among them.
    ConnectionString,
    /// `user:password`.
    Login,
    /// A long word that no person made up.
    Random,
    /// It stands where a piece of a password may have ended up.
    Astray,
}

/// What a text is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The name of a host or database, which machines may have made up.
    Name,
    /// The name of a user: another `Name`, behind which a URL has the password.
    User,
    /// A path, or another word.
    Word,
    /// A keyword or one of few words: no path, and nothing that machines make up.
    Keyword,
}

impl Taken {
    /// What a text has to be taken for instead; nothing where it may be shown.
    #[must_use]
    pub fn of(text: &[u8], place: Place) -> Option<Self> {
        key_material(text)
            .or_else(|| is_password_line(text).then_some(Self::PasswordLine))
            .or_else(|| assigns_secret(text).then_some(Self::ConnectionString))
            .or_else(|| (place == Place::User && is_login(text)).then_some(Self::Login))
            .or_else(|| {
                let is_random = match place {
                    Place::Name | Place::User => false,
                    Place::Word => is_random(text),
                    Place::Keyword => is_random(text) || is_like_password(text),
                };
                is_random.then_some(Self::Random)
            })
    }

    /// Whether it is the contents of a file, given where the path belongs.
    #[must_use]
    pub const fn is_contents(self) -> bool {
        matches!(self, Self::PrivateKey | Self::Certificate | Self::Pem)
    }

    /// The noun for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PrivateKey => "a private key",
            Self::Certificate => "a certificate",
            Self::Pem => "the contents of a PEM file",
            Self::PasswordLine => "a line of a password file",
            Self::ConnectionString => "a connection string",
            Self::Login => "a user with a password",
            Self::Random => "a key or a password",
            Self::Astray => "part of a password",
        }
    }
}

/// The name of an environment variable as a message may repeat it: nothing but a name, for the value itself may have
/// been given in its place.
#[must_use]
pub fn shown_variable(name: &[u8]) -> String {
    let may_be_one = matches!(name, [first, ..] if !first.is_ascii_digit())
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let astray = || (!may_be_one).then_some(Taken::Astray);
    Taken::of(name, Place::Keyword).or_else(astray).map_or_else(
        || String::from_utf8_lossy(name).into_owned(),
        |taken| taken.to_string(),
    )
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Astray => f.write_str("(not shown: it may contain a password)"),
            _ => write!(f, "(not shown: it looks like {})", self.name()),
        }
    }
}

/// PEM, its base64, or the base64 of DER.
fn key_material(text: &[u8]) -> Option<Taken> {
    if find(text, b"-----").is_some() {
        return Some(kind_of_pem(text));
    }
    if let Some(start) = find(text, PEM_IN_BASE64) {
        let decoded = decoded(text.get(start..).unwrap_or_default());
        return Some(kind_of_pem(&decoded));
    }
    let start = find(text, b"MI")?;
    let base64 = text.get(start..).unwrap_or_default();
    kind_of_der(&decoded(base64)).filter(|_| base64.len() >= SHORTEST_DER)
}

fn kind_of_pem(text: &[u8]) -> Taken {
    if find(text, b"PRIVATE KEY").is_some() || find(text, b"PRIVATE").is_some() {
        Taken::PrivateKey
    } else if find(text, b"CERTIFICATE").is_some() {
        Taken::Certificate
    } else {
        Taken::Pem
    }
}

/// A SEQUENCE of more than 127 bytes that begins with an INTEGER is a key (RFC 5208 section 5, RFC 8017
/// appendix A.1.2, RFC 5915 section 3), one that begins with a SEQUENCE a certificate (RFC 5280 section 4.1).
fn kind_of_der(der: &[u8]) -> Option<Taken> {
    let ([0x30, 0x81, _, contents @ ..] | [0x30, 0x82, _, _, contents @ ..]) = der else {
        return None;
    };
    match contents {
        [0x02, 0x01, ..] => Some(Taken::PrivateKey),
        [0x30, ..] => Some(Taken::Certificate),
        _ => None,
    }
}

/// The beginning of a text in base64, of either alphabet; line breaks are left out.
fn decoded(text: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .take_while(|byte| is_base64(**byte) || matches!(byte, b'-' | b'_'))
        .take(DECODED)
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    let whole = digits.len() - digits.len() % 4;
    let encoding: &Encoding = &BASE64_NOPAD;
    let quads = digits.get(..whole).unwrap_or_default();
    encoding.decode(quads).unwrap_or_default()
}

/// The base64 of `-----BEGIN `.
const PEM_IN_BASE64: &[u8] = b"LS0tLS1CRUdJTi";

/// So many characters are decoded: enough for the label of PEM.
const DECODED: usize = 64;

/// Base64 that is shorter holds no key.
const SHORTEST_DER: usize = 60;

/// `host:port:database:user:password`, as `passwordFromFile` in libpq's `fe-connect.c` splits it: a
/// backslash makes a colon part of a field.
fn is_password_line(text: &[u8]) -> bool {
    if is_addresses(text) {
        return false;
    }
    let mut fields: Vec<&[u8]> = Vec::new();
    let mut rest = text;
    while let Some(end) = unescaped_colon(rest) {
        fields.push(rest.get(..end).unwrap_or_default());
        rest = rest.get(end.saturating_add(1)..).unwrap_or_default();
    }
    // A word may stand before it, with a colon of its own.
    let ports = fields.iter().enumerate().skip(1);
    let ports = ports.filter(|(_, field)| is_port(field));
    let colons = ports.map(|(place, _)| fields.len() - place);
    colons.max() >= Some(COLONS_FROM_PORT)
}

fn is_port(field: &[u8]) -> bool {
    field == b"*" || (1..=5).contains(&field.len()) && field.iter().all(u8::is_ascii_digit)
}

/// Colons in a line of a password file from the port on, at least.
const COLONS_FROM_PORT: usize = 3;

fn unescaped_colon(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|byte| {
        let found = *byte == b':' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        found
    })
}

/// One address, or several with commas between them.
fn is_addresses(text: &[u8]) -> bool {
    text.split(|byte| *byte == b',').all(|part| {
        let without_zone = part.split(|byte| *byte == b'%').next();
        without_zone
            .and_then(|address| std::str::from_utf8(address).ok())
            .is_some_and(|address| address.is_empty() || address.parse::<IpAddr>().is_ok())
    })
}

/// Whether the text names a secret parameter, in libpq's words or another driver's.
pub(crate) fn mentions_secret(text: &[u8]) -> bool {
    secret_name_end(text).is_some()
}

/// Whether the text goes on from such a name to a value, or is a URL with credentials, also without its scheme.
fn assigns_secret(text: &[u8]) -> bool {
    let assigned = secret_name_end(text)
        .and_then(|end| text.get(end..))
        .is_some_and(|rest| rest.iter().any(|byte| matches!(byte, b'=' | b':')) || encoded(rest));
    // `pass=`, as people write it.
    let shortened = || find(&text.to_ascii_lowercase(), b"pass=").is_some();
    assigned || shortened() || holds_credentials(text) || holds_login(text)
}

/// `=` or `:` as a URI encodes them: such a text may have been encoded twice.
fn encoded(text: &[u8]) -> bool {
    text.windows(3)
        .any(|sign| sign.eq_ignore_ascii_case(b"%3d") || sign.eq_ignore_ascii_case(b"%3a"))
}

/// `user:password`
fn is_login(text: &[u8]) -> bool {
    let colon = text.iter().position(|byte| *byte == b':');
    let has_both = colon.is_some_and(|at| at > 0 && at.saturating_add(1) < text.len());
    has_both && !is_addresses(text)
}

/// `user:password@host`; the password may have slashes in it. The colon of a drive is not one of a login.
fn holds_login(text: &[u8]) -> bool {
    let at = text.iter().rposition(|byte| *byte == b'@');
    match at.and_then(|at| text.get(..at)) {
        None => false,
        Some([letter, b':', b'/' | b'\\', rest @ ..]) if letter.is_ascii_alphabetic() => {
            rest.contains(&b':')
        }
        Some(login) => login.iter().skip(1).any(|byte| *byte == b':'),
    }
}

/// `scheme://user:password@host`, or the part of it before an `=`; made a path, it has one slash less. A single letter
/// is a drive, not a scheme.
pub(crate) fn holds_credentials(text: &[u8]) -> bool {
    let authority = find(text, b":/")
        .filter(|at| *at > 1)
        .and_then(|at| text.get(at.checked_add(2)?..));
    authority.is_some_and(|rest| rest.iter().any(|byte| matches!(byte, b'@' | b':')))
}

/// The offset just behind the first name of a secret.
fn secret_name_end(text: &[u8]) -> Option<usize> {
    let ends = text.iter().enumerate().filter_map(|(start, first)| {
        if !matches!(first.to_ascii_lowercase(), b'p' | b's') {
            return None;
        }
        let tail = text.get(start..)?;
        let is_here = |name: &&&[u8]| {
            let word = tail.get(..name.len());
            word.is_some_and(|word| word.eq_ignore_ascii_case(name))
        };
        let name = SECRET_NAMES.iter().find(is_here)?;
        start.checked_add(name.len())
    });
    ends.min()
}

/// In lower case. All begin with `p` or `s`.
const SECRET_NAMES: &[&[u8]] = &[
    b"passw",
    b"pwd",
    b"secret",
    b"scram_client_key",
    b"scram_server_key",
];

/// Whether a machine made up the text: it holds a long run of base64 in which letters of both cases and
/// digits alternate, or its last part is a long run of hexadecimal digits or the like. A digest as part of
/// a path (`/nix/store/...`, a container's directory) and the pin of a public key are not secret.
fn is_random(text: &[u8]) -> bool {
    if text.starts_with(b"sha256//") {
        return false;
    }
    let last = text
        .rsplit(|byte| matches!(byte, b'/' | b':' | b'='))
        .next();
    let ends_in_digest = last.is_some_and(|last| {
        last.len() >= SHORTEST_DIGEST
            && last.iter().all(u8::is_ascii_alphanumeric)
            && last.iter().any(u8::is_ascii_digit)
            && parts(last).saturating_mul(4) > last.len()
    });
    // A slash may be a digit of base64, or stand before it.
    let starts = text.iter().zip(1..).filter(|(byte, _)| **byte == b'/');
    let tails = std::iter::once(0).chain(starts.map(|(_, behind)| behind));
    let is_one_run = |start| {
        let tail = text.get(start..).unwrap_or_default();
        tail.iter().copied().all(is_base64) && is_random_run(tail)
    };
    ends_in_digest
        || text
            .split(|byte| !is_base64(*byte) || *byte == b'/')
            .any(is_random_run)
        || tails.take(DEEPEST_PATH).any(is_one_run)
}

/// Names are made of parts such as `Digi`, `Cert`, `Global`, `Root`, `G`, `2`, of three letters and more on
/// average; in random base64 they have two.
fn is_random_run(run: &[u8]) -> bool {
    let has = |is: fn(&u8) -> bool| run.iter().any(is);
    let mixed =
        has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    let length = run.len();
    let parts = parts(run);
    mixed
        && (length >= SHORT_RUN && parts.saturating_mul(5) > length.saturating_mul(2)
            || length >= LONG_RUN && parts.saturating_mul(3) > length)
}

/// Whether a word looks like a password: letters of both cases and digits alternate. It may be much shorter than
/// [`is_random`] asks.
fn is_like_password(word: &[u8]) -> bool {
    word.split(|byte| b".-_/:".contains(byte)).any(|run| {
        let has = |is: fn(&u8) -> bool| run.iter().any(is);
        let mixed =
            has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
        mixed
            && run.len() >= SHORTEST_PASSWORD
            && parts(run).saturating_mul(5) > run.len().saturating_mul(2)
    })
}

/// Shorter words are rather names.
const SHORTEST_PASSWORD: usize = 8;

const SHORT_RUN: usize = 24;
const LONG_RUN: usize = 40;

/// 16 bytes in hexadecimal digits.
const SHORTEST_DIGEST: usize = 32;

/// So many slashes are tried as the beginning of base64.
const DEEPEST_PATH: usize = 64;

/// The number of parts: a capital letter begins one that small letters may continue.
fn parts(text: &[u8]) -> usize {
    let joins = text.windows(2).filter(|pair| match pair {
        [left, right] => {
            class(*left) == class(*right) || left.is_ascii_uppercase() && right.is_ascii_lowercase()
        }
        _ => false,
    });
    text.len().saturating_sub(joins.count())
}

fn class(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => b'a',
        b'A'..=b'Z' => b'A',
        b'0'..=b'9' => b'0',
        other => other,
    }
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

#[cfg(test)]
mod tests;
