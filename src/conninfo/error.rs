//! Why a connection string is refused, and what the user probably meant.

use std::io;
use std::path::{Path, PathBuf};

use super::choice::{ProtocolVersion, SslMode};
use super::parameter::Keyword;
use super::value::{Origin, Word, shown_path};
use crate::secrecy::Taken;
use crate::wire::tls::TlsVersion;

/// A connection string that libpq refuses. Offsets (`at`) are in bytes from 0; the messages count from 1.
///
/// No message quotes a secret or a word that may be part of one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A NUL byte, which a C string cannot contain.
    #[error("the connection string contains a NUL byte at position {}", one_based(*at))]
    Nul {
        /// Where.
        at: usize,
    },
    /// A word without `=` after it.
    #[error("missing \"=\" after {word} at position {} of the connection string", one_based(*at))]
    MissingEquals {
        /// The word.
        word: Word,
        /// Where it begins.
        at: usize,
    },
    /// A quote that is not closed.
    #[error("the quote that opens the value of {word} at position {} is never closed", one_based(*at))]
    UnclosedQuote {
        /// The keyword before it.
        word: Word,
        /// Where the quote is.
        at: usize,
    },
    /// A keyword that libpq does not know.
    #[error("unknown parameter {word} at position {} of the connection string", one_based(*at))]
    UnknownKeyword {
        /// The word.
        word: Word,
        /// Where it begins.
        at: usize,
        /// What was probably meant.
        suggestion: Option<Keyword>,
    },
    /// `[` without `]` in a URI.
    #[error("the \"[\" at position {} of the URI is never closed", one_based(*at))]
    OpenBracket {
        /// Where the bracket is.
        at: usize,
    },
    /// `[]` in a URI.
    #[error("the brackets at position {} of the URI contain no address", one_based(*at))]
    EmptyBrackets {
        /// Where they are.
        at: usize,
    },
    /// Something other than a delimiter after `]`.
    #[error("unexpected {:?} after the brackets at position {} of the URI", char::from(*byte), one_based(*at))]
    AfterBracket {
        /// What is there.
        byte: u8,
        /// Where.
        at: usize,
    },
    /// A query parameter without value.
    #[error("missing \"=\" after {word} at position {} of the URI", one_based(*at))]
    MissingQueryEquals {
        /// The parameter.
        word: Word,
        /// Where it begins.
        at: usize,
    },
    /// A second `=` in a query parameter.
    #[error("extra \"=\" in the value of {word} at position {} of the URI", one_based(*at))]
    ExtraEquals {
        /// The parameter.
        word: Word,
        /// Where the second one is.
        at: usize,
        /// What stands before the second setting in the place of `&`, if one follows.
        separator: Option<Separator>,
    },
    /// `%` without two hexadecimal digits.
    #[error("the \"%\" at position {} of the URI{} is not followed by two hexadecimal digits", one_based(*at), part(*keyword))]
    BadPercent {
        /// What the part sets.
        keyword: Option<Keyword>,
        /// Where the sign is.
        at: usize,
    },
    /// `%00`.
    #[error("\"%00\" at position {} of the URI{}: a value cannot contain a NUL byte", one_based(*at), part(*keyword))]
    EncodedNul {
        /// What the part sets.
        keyword: Option<Keyword>,
        /// Where it is.
        at: usize,
    },
    /// A space within a part of a URI.
    #[error("a space at position {} of the URI{}", one_based(*at), part(*keyword))]
    SpaceInUri {
        /// What the part sets.
        keyword: Option<Keyword>,
        /// Where it is.
        at: usize,
    },
    /// No file defines the service.
    #[error(
        "service {service} is not defined in any of the service files{}",
        listed(searched)
    )]
    ServiceNotFound {
        /// Its name.
        service: Word,
        /// The files that were searched, including missing ones.
        searched: Vec<PathBuf>,
        /// The first of them that begins with a byte-order mark.
        marked: Option<PathBuf>,
    },
    /// A required service file is missing or cannot be read.
    #[error("{}", unreadable(file, error))]
    ServiceFileUnreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A line that libpq refuses.
    #[error("{}, line {line}: {fault}", shown_path(file))]
    ServiceSyntax {
        /// The service file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        fault: ServiceFault,
    },
    /// Lists of different lengths.
    #[error(
        "host has {hosts} entries, but hostaddr ({}) has {hostaddrs}",
        said(origin)
    )]
    HostCount {
        /// Where `hostaddr` came from.
        origin: Origin,
        /// Entries of `host`.
        hosts: usize,
        /// Entries of `hostaddr`.
        hostaddrs: usize,
    },
    /// Lists of different lengths.
    #[error(
        "port ({}) has {ports} entries, but host or hostaddr has {hosts}",
        said(origin)
    )]
    PortCount {
        /// Where `port` came from.
        origin: Origin,
        /// Entries of `port`.
        ports: usize,
        /// Entries of `host` or `hostaddr`.
        hosts: usize,
    },
    /// An impossible host name, which may contain a password.
    #[error("the host from {origin} contains {:?} and is not a valid host name (not shown: it may contain a password)", char::from(*byte))]
    NoHostName {
        /// The character that a name cannot contain.
        byte: u8,
        /// Where the host came from.
        origin: Origin,
    },
    /// A host that looks like a secret.
    #[error("the host from {origin} is not a valid host name {taken}")]
    SecretForHost {
        /// What it looks like.
        taken: Taken,
        /// Where the host came from.
        origin: Origin,
    },
    /// A host that is more than a name, or less.
    #[error("the host from {origin} {form}")]
    HostForm {
        /// What it is instead.
        form: HostForm,
        /// Where the host came from.
        origin: Origin,
    },
    /// A value that the parameter does not accept.
    #[error("invalid value {value} for {keyword} ({}): {expected}", said(origin))]
    InvalidValue {
        /// The parameter.
        keyword: Keyword,
        /// The invalid value, or the invalid part of it.
        value: Word,
        /// Where it came from.
        origin: Origin,
        /// What would be valid.
        expected: Expected,
        /// The value that was probably meant.
        meant: Option<&'static str>,
    },
    /// The smallest version is above the largest.
    #[error("ssl_min_protocol_version {min} is above ssl_max_protocol_version {max}")]
    TlsRange {
        /// The smallest.
        min: TlsVersion,
        /// Where it came from; libpq's default is TLSv1.2.
        min_origin: Origin,
        /// The largest.
        max: TlsVersion,
        /// Where that came from.
        max_origin: Origin,
    },
    /// The smallest version is above the largest.
    #[error("min_protocol_version {min} is above max_protocol_version {max}")]
    ProtocolRange {
        /// The smallest.
        min: ProtocolVersion,
        /// The largest.
        max: ProtocolVersion,
    },
    /// An sslmode that conflicts with another setting.
    #[error("sslmode={sslmode} ({}) cannot be used with {reason}", said(origin))]
    WeakSslMode {
        /// The mode that libpq would use.
        sslmode: SslMode,
        /// Where it came from; [`Origin::Default`] is libpq's `prefer`.
        origin: Origin,
        /// The setting that requires more.
        reason: Demand,
    },
    /// No user is named, and the operating system does not know one either.
    #[error(
        "no user is set, and the operating system has no name for the user who runs this program"
    )]
    NoUser,
}

fn unreadable(file: &Path, error: &io::Error) -> String {
    let file = shown_path(file);
    match error.kind() {
        io::ErrorKind::NotFound => format!("the service file \"{file}\" does not exist"),
        _ => format!("cannot read the service file \"{file}\": {error}"),
    }
}

/// A sign that does not separate the settings of a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Separator {
    /// Where it is.
    pub at: usize,
    /// The sign.
    pub sign: char,
}

/// What is wrong with a line of a service file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceFault {
    /// No `=` in the line.
    #[error("no \"=\" in the line")]
    MissingEquals,
    /// A keyword that libpq does not know. Spaces before the `=` are part of it.
    #[error("unknown parameter {word}")]
    UnknownKeyword {
        /// The word.
        word: Word,
        /// What was probably meant.
        suggestion: Option<Keyword>,
    },
    /// `service=` within a service.
    #[error("a service cannot refer to another service")]
    Nested,
    /// `servicefile=` within a service.
    #[error("a service cannot name another service file")]
    NestedFile,
    /// The line does not fit libpq's buffer.
    #[error("the line is longer than the 1,022 bytes that libpq reads")]
    LongLine,
    /// An LDAP URL.
    #[error("the service must be looked up in LDAP, which pgtls does not support")]
    Ldap,
}

/// What stands in the place of a host's name. None of these has an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostForm {
    /// `tcp://db:5432`
    #[error("is a URL: a scheme is not part of a host name")]
    Url,
    /// `"db"`
    #[error("has quotation marks, which are not part of a host name")]
    Quotes,
    /// `db;port=1`
    #[error("has a semicolon, which is not part of a host name")]
    Semicolon,
    /// `db 1`
    #[error("contains white space, which is not part of a host name")]
    Space,
    /// `db\r`
    #[error("ends with a line break, which is not part of a host name")]
    LineBreak {
        /// The name before it.
        name: String,
    },
}

/// What a parameter accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// One of these words.
    OneOf(Vec<&'static str>),
    /// A decimal integer of 32 bits.
    Integer,
    /// A port between 1 and 65535.
    Port,
    /// A numeric IPv4 or IPv6 address.
    Address,
    /// 32 bytes in base64.
    ScramKey,
    /// Each method once only.
    OnlyOnce,
    /// All methods with `!` before them, or none.
    AllOrNoneNegated,
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OneOf(names) => write!(f, "it must be one of {}", names.join(", ")),
            Self::Integer => f.write_str("it must be a whole number"),
            Self::Port => f.write_str("it must be a port number between 1 and 65535"),
            Self::Address => f.write_str("it must be an IP address; put a name in host"),
            Self::ScramKey => f.write_str("it must be 32 bytes in base64"),
            Self::OnlyOnce => f.write_str("each method must be named only once"),
            Self::AllOrNoneNegated => f.write_str("put a \"!\" before all methods or before none"),
        }
    }
}

/// A setting that requires a strong sslmode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// `sslrootcert=system`: only verify-full.
    SystemRoots,
    /// `sslnegotiation=direct`: require or stronger, because it cannot fall back to plain text.
    DirectNegotiation,
}

impl std::fmt::Display for Demand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::SystemRoots => "sslrootcert=system",
            Self::DirectNegotiation => "sslnegotiation=direct",
        })
    }
}

const fn one_based(at: usize) -> usize {
    at.saturating_add(1)
}

fn said(origin: &Origin) -> String {
    match origin {
        Origin::String { at } => format!("position {} of the connection string", one_based(*at)),
        Origin::Default => "libpq's default".to_owned(),
        Origin::Service { .. } | Origin::Environment(_) => format!("from {origin}"),
    }
}

fn part(keyword: Option<Keyword>) -> String {
    keyword.map_or_else(String::new, |keyword| format!(" (in the {keyword})"))
}

fn listed(files: &[PathBuf]) -> String {
    let files: Vec<String> = files.iter().map(|file| shown_path(file)).collect();
    if files.is_empty() {
        String::new()
    } else {
        format!(" ({})", files.join(", "))
    }
}
