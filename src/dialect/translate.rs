//! Says what a libpq string promises in another driver's words.

use super::promise::{self, Promise};
use super::reading;
use super::{
    Dialect, Note, adonet, django, dotenv_line, ecto, go, jdbc, laravel, node_postgres, odbc, pdo,
    postgres_js, prisma, psql_command, r2dbc, rails, sqlalchemy, uri,
};
use crate::conninfo::{Keyword, MASK, Secrecy, Value, quoted};

/// What a libpq string promises, in another driver's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translation {
    /// The string.
    pub text: String,
    /// What is lost, or needs something besides the string.
    pub notes: Vec<Note>,
    /// Writes the key file that the string names, if the driver may not read libpq's.
    pub key_command: Option<String>,
    /// What of the promise the other driver cannot say. If there is any, `text` is the nearest safe string.
    pub broken: Vec<Note>,
}

impl Translation {
    /// Whether the string promises the same.
    #[must_use]
    pub const fn keeps_the_promise(&self) -> bool {
        self.broken.is_empty()
    }
}

/// Whether passwords are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passwords {
    /// [`MASK`] stands for them.
    Masked,
    /// As they are.
    Written,
}

/// Says in the words of `target` what the settings promise to libpq.
#[must_use]
pub fn translate(
    settings: &[(Keyword, Value)],
    target: Dialect,
    passwords: Passwords,
) -> Translation {
    let settings: Vec<(Keyword, String)> = settings
        .iter()
        .map(|(keyword, value)| {
            let hidden = passwords == Passwords::Masked && value.secrecy() == Secrecy::Secret;
            let text = if hidden {
                MASK.to_owned()
            } else {
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            };
            (*keyword, text)
        })
        .collect();
    let mut promise = Promise::new(target, &settings);
    let text = match target {
        Dialect::Libpq => libpq_text(&mut promise),
        Dialect::Jdbc => jdbc::write(&mut promise),
        Dialect::R2dbc => r2dbc::write(&mut promise),
        Dialect::Adonet => adonet::write(&mut promise),
        Dialect::Sqlalchemy => sqlalchemy::write(&mut promise),
        Dialect::NodePostgres => node_postgres::write(&mut promise),
        Dialect::PostgresJs => postgres_js::write(&mut promise),
        Dialect::Prisma => prisma::write(&mut promise),
        Dialect::Ecto => ecto::write(&mut promise),
        Dialect::Rails => rails::write(&mut promise),
        Dialect::Django => django::write(&mut promise),
        Dialect::Laravel => laravel::write(&mut promise),
        Dialect::Pdo => pdo::write(&mut promise),
        Dialect::Odbc => odbc::write(&mut promise),
        Dialect::Go => go::write(&mut promise),
        Dialect::PsqlCommand => psql_command::write(&mut promise),
        Dialect::DotenvLine => dotenv_line::write(&mut promise),
    };
    promise.settle();
    Translation {
        text,
        notes: promise.notes,
        key_command: promise.key_command,
        broken: promise.broken,
    }
}

/// A keyword/value string with everything that is left.
pub(super) fn libpq_text(promise: &mut Promise) -> String {
    let mut rest = promise.take_rest();
    rest.sort_by_key(|(keyword, _)| reading::rank(*keyword));
    let is_first = |(keyword, _): &(Keyword, String)| reading::rank(*keyword) < reading::LAST;
    let (first, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(is_first);
    let named = |(keyword, value): (Keyword, String)| (keyword.as_str(), value);
    let pairs = first
        .into_iter()
        .map(named)
        .chain(uri::tls_pairs(promise))
        .chain(others.into_iter().map(named));
    let words = pairs.map(|(name, value)| {
        format!(
            "{name}={}",
            String::from_utf8_lossy(&quoted(value.as_bytes()))
        )
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A URI with everything that is left.
pub(super) fn libpq_uri(promise: &mut Promise) -> String {
    let userinfo = promise.userinfo();
    let hosts = promise.hosts("");
    let dbname = promise.take(Keyword::Dbname).unwrap_or_default();
    let mut pairs = uri::tls_pairs(promise);
    pairs.extend(uri::other_pairs(promise));
    format!(
        "postgresql://{userinfo}{hosts}/{}?{}",
        promise::encoded(&dbname),
        promise::query(&pairs)
    )
}
