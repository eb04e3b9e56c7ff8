//! Connection strings of other drivers: whose they are, what they mean to libpq, and how to say that in another driver's
//! words.
//!
//! What libpq accepts is libpq's. Everything else is recognised by certain signs (`recognise`), or refused with what it may
//! be (`fault`, `damage`). A reading keeps the meaning, not the spelling: `sslmode` is what the driver does, and a root that
//! it does not use is left out, because libpq would use it.
//!
//! One file for each dialect has its settings in a table, and its rules for TLS. The files named in the head of each are the
//! source.

mod adonet;
mod arguments;
mod damage;
mod django;
mod dotenv_line;
mod ecto;
mod env_file;
mod fault;
mod go;
mod jdbc;
mod laravel;
mod name;
mod node_postgres;
mod odbc;
mod own_words;
mod pairs;
mod parts;
mod pdo;
mod postgres_js;
mod prisma;
mod promise;
mod psql_command;
mod psql_programs;
mod r2dbc;
mod rails;
mod reading;
mod recognise;
mod settings;
mod shell;
mod sqlalchemy;
mod translate;
mod unknown;
mod uri;
mod url;

use crate::conninfo::{self, ConnInfo, Keyword, Secrecy, Secret, Word, World};

pub use damage::Damage;
pub use env_file::of_env_file;
pub use fault::{Fault, Sign};
pub use name::{Dialect, Stack};
pub use own_words::OwnWords;
pub use psql_command::is_psql_program;
pub use reading::{Note, Reading, Seen, View, Weight};
pub(crate) use shell::quoted as shell_quoted;
pub use translate::{Passwords, Translation, translate};
pub use url::Delimiters;

use env_file::lines;
use settings::{Meaning, Table, Unknown};

/// What to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input<'a> {
    /// A string that was given, even if it is empty.
    Given(&'a [u8]),
    /// No string: the environment decides.
    Environment,
}

/// A string of any dialect, completed and validated.
#[derive(Debug, Clone)]
pub struct Understood {
    /// What it means to libpq.
    pub conninfo: ConnInfo,
    /// Whose string it is, and what is lost.
    pub read_as: ReadAs,
    /// The string in libpq's words, with its passwords.
    pub words: Secret,
    /// What the driver sees of the machine.
    pub view: View,
}

/// Whose string it is, and what is lost on the way to libpq.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadAs {
    /// Whose string it is.
    pub dialect: Dialect,
    /// What is lost, or means something else.
    pub notes: Vec<Note>,
    /// Whose code speaks TLS for it.
    pub stack: Stack,
}

impl ReadAs {
    /// A string for libpq.
    #[must_use]
    pub const fn libpq() -> Self {
        Self {
            dialect: Dialect::Libpq,
            notes: Vec::new(),
            stack: Stack::Libpq,
        }
    }

    /// What the driver calls the file of trusted roots in a URL; `None` if it has no such setting there.
    #[must_use]
    pub const fn root_setting(&self) -> Option<&'static str> {
        match (self.dialect, self.stack) {
            (_, Stack::Libpq)
            | (Dialect::Libpq | Dialect::Jdbc | Dialect::NodePostgres | Dialect::Go, _) => {
                Some("sslrootcert")
            }
            (Dialect::R2dbc, _) => Some("sslRootCert"),
            (Dialect::Prisma, _) => Some("sslcert"),
            (
                Dialect::Adonet
                | Dialect::Sqlalchemy
                | Dialect::PostgresJs
                | Dialect::Ecto
                | Dialect::Rails
                | Dialect::Django
                | Dialect::Laravel
                | Dialect::Pdo
                | Dialect::Odbc
                | Dialect::PsqlCommand
                | Dialect::DotenvLine,
                _,
            ) => None,
        }
    }

    /// The driver's name.
    #[must_use]
    pub const fn driver(&self) -> &'static str {
        match self.stack {
            Stack::Asyncpg => "asyncpg",
            Stack::Libpq
            | Stack::Java
            | Stack::Dotnet
            | Stack::NodePostgres
            | Stack::PostgresJs
            | Stack::Go
            | Stack::NativeTls
            | Stack::Other => self.dialect.driver(),
        }
    }
}

/// Why a string is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No dialect reads it, or its own driver refuses it.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// libpq refuses it.
    #[error("{error}")]
    Libpq {
        /// Why.
        error: Box<conninfo::Error>,
        /// Other words that libpq does not know either.
        besides: Vec<Word>,
        /// How the string was read, if it is not libpq's own.
        read_as: Option<ReadAs>,
    },
}

impl Refusal {
    /// Whether the string is libpq's own, or nearly: then libpq's reader can tell what was meant.
    #[must_use]
    pub fn is_libpqs(&self) -> bool {
        match self {
            Self::Libpq { read_as, .. } => read_as.is_none(),
            Self::Fault(Fault::Damaged(damage)) => matches!(
                damage,
                Damage::HostAndPort { .. } | Damage::HostAlone { .. } | Damage::Capitals(_)
            ),
            Self::Fault(_) => false,
        }
    }
}

/// Reads a string of any dialect; `asked` says which if the user did.
///
/// # Errors
/// No dialect reads it, or its own driver refuses it.
pub fn understand(
    input: Input<'_>,
    asked: Option<Dialect>,
    world: &dyn World,
) -> Result<Understood, Refusal> {
    let text = match input {
        Input::Environment => b"",
        Input::Given(text) => text,
    };
    let libpq = || {
        let conninfo = ConnInfo::read(text, world).map_err(|error| Refusal::Libpq {
            besides: str::from_utf8(text)
                .map(|text| unknown::besides(text, &error))
                .unwrap_or_default(),
            error: Box::new(error),
            read_as: None,
        })?;
        Ok(Understood {
            conninfo,
            read_as: ReadAs::libpq(),
            words: Secret::new(text.to_vec()),
            view: View::LIBPQ,
        })
    };
    if input == Input::Environment {
        return libpq();
    }
    match read(text, asked, world)? {
        None => libpq(),
        Some(reading) => {
            let read_as = ReadAs {
                dialect: reading.dialect,
                notes: reading.notes.clone(),
                stack: reading.stack,
            };
            match reading.complete(world) {
                Ok(conninfo) => Ok(Understood {
                    conninfo,
                    read_as,
                    words: Secret::new(reading.conninfo()),
                    view: reading.view(),
                }),
                Err(error) => Err(Refusal::Libpq {
                    error: Box::new(error),
                    besides: Vec::new(),
                    read_as: Some(read_as),
                }),
            }
        }
    }
}

/// Reads a string of another dialect than libpq's; nothing if it is libpq's own, or nothing that is known.
///
/// # Errors
/// It is damaged, for another database, may be of several dialects, or its own driver refuses it.
pub fn read(
    text: &[u8],
    asked: Option<Dialect>,
    world: &dyn World,
) -> Result<Option<Reading>, Fault> {
    let reading = read_alone(text, asked, world)?;
    Ok(reading.map(|reading| reading.under_service(world)))
}

/// The same without a look at the service that the string names.
fn read_alone(
    text: &[u8],
    asked: Option<Dialect>,
    world: &dyn World,
) -> Result<Option<Reading>, Fault> {
    if text.trim_ascii().is_empty() {
        return Err(Fault::Empty);
    }
    if let Some(damage) = damage::of_bytes(text) {
        return Err(Fault::Damaged(damage));
    }
    // Other drivers read UTF-8 only.
    let Ok(text) = str::from_utf8(text) else {
        return Ok(None);
    };
    if let Some(asked) = asked {
        return as_asked(text, asked, world);
    }
    if let Some(settings) = libpq_settings(text) {
        match trap(text, &settings) {
            None => return Ok(None),
            // To libpq, `host=h;database=d` is a host of that name.
            Some(Fault::Damaged(Damage::Semicolons)) if !recognise::signs(text)?.is_empty() => {}
            Some(fault) => return Err(fault),
        }
    }
    if let Some(given) = arguments::variables(text)
        && let Some(reading) = env_file::of_lines(&given, world)?
    {
        return Ok(Some(reading));
    }
    if let Some(reading) = lines(text, world)? {
        return Ok(Some(reading));
    }
    if let Some(damage) = damage::around(text) {
        return Err(Fault::Damaged(damage));
    }
    let text = text.trim();
    if let Some(variable) = damage::whole_variable(text) {
        return Err(Fault::Unexpanded(variable));
    }
    if let Some(reading) = by_signs(text, world)? {
        return Ok(Some(reading));
    }
    if let Some(fault) = scheme_in_capitals(text)? {
        return Err(fault);
    }
    match damage::of_unknown(text) {
        Some(damage) => Err(Fault::Damaged(damage)),
        None => match damage::unexpanded(text) {
            Some(variable) => Err(Fault::Unexpanded(variable)),
            None => Ok(None),
        },
    }
}

/// Reads the string by the rules of the dialect whose signs it has; nothing if it has none.
fn by_signs(text: &str, world: &dyn World) -> Result<Option<Reading>, Fault> {
    let signs = recognise::signs(text)?;
    match signs.as_slice() {
        [] => Ok(None),
        [first, others @ ..] if others.iter().all(|sign| sign.dialect == first.dialect) => {
            one(text, first.dialect, world).map(Some)
        }
        _ => Err(Fault::Ambiguous { candidates: signs }),
    }
}

/// `JDBC:postgresql://h/d`: a beginning that would be right in small letters.
fn scheme_in_capitals(text: &str) -> Result<Option<Fault>, Fault> {
    let Some((scheme, behind)) = text.split_once(':') else {
        return Ok(None);
    };
    let small = scheme.to_ascii_lowercase();
    if small == scheme {
        return Ok(None);
    }
    let signs = recognise::signs(&format!("{small}:{behind}"))?;
    Ok(signs.first().map(|sign| {
        Fault::refused_but(
            sign.dialect,
            "the beginning of the string must be in small letters",
            format!("Write {small}:"),
        )
    }))
}

/// The settings of a string that libpq accepts. A mode that it does not know is another driver's, perhaps.
fn libpq_settings(text: &str) -> Option<Vec<conninfo::Assignment>> {
    let settings = conninfo::parse(text.as_bytes()).ok()?;
    let strange = settings
        .iter()
        .any(|made| made.keyword == Keyword::SslMode && made.value.as_bytes() == b"no-verify");
    (!strange).then_some(settings)
}

/// What libpq accepts, but never as it was meant.
fn trap(text: &str, settings: &[conninfo::Assignment]) -> Option<Fault> {
    for made in settings {
        let Ok(value) = str::from_utf8(made.value.as_bytes()) else {
            continue;
        };
        if let Some(damage) = damage::swallowed(value) {
            return Some(Fault::Damaged(damage));
        }
        if let Some(variable) = unexpanded(made.keyword, value) {
            return Some(Fault::Unexpanded(variable));
        }
        if text.contains("://")
            && made.keyword.secrecy() == Secrecy::Public
            && let Some(damage) = damage::line_break(value)
        {
            return Some(Fault::Damaged(damage));
        }
    }
    None
}

/// A variable in a value. Passwords may look like anything, so that only a whole template counts there.
fn unexpanded(keyword: Keyword, value: &str) -> Option<Word> {
    match keyword.secrecy() {
        Secrecy::Public => damage::unexpanded(value),
        Secrecy::Secret if value.starts_with('$') && !value.starts_with("${") => None,
        Secrecy::Secret => damage::whole_variable(value)
            .filter(|_| value.starts_with("${") || value.starts_with("{{")),
    }
}

/// Reads the string by the rules of one dialect, and looks for variables in what comes out.
fn one(text: &str, dialect: Dialect, world: &dyn World) -> Result<Reading, Fault> {
    if text.contains("://")
        && dialect != Dialect::DotenvLine
        && let Some(entity) = damage::entity(text)
    {
        return Err(Fault::Damaged(entity));
    }
    let reading = match dialect {
        Dialect::Libpq => return Err(Fault::refused(dialect, "the string")),
        Dialect::Jdbc => jdbc::read(text),
        Dialect::R2dbc => r2dbc::read(text),
        Dialect::Adonet => adonet::read(text, world),
        Dialect::Sqlalchemy => sqlalchemy::read(text, world),
        Dialect::NodePostgres => node_postgres::read(text, world),
        Dialect::PostgresJs => postgres_js::read(text, world),
        Dialect::Prisma => prisma::read(text),
        Dialect::Ecto => ecto::read(text),
        Dialect::Rails => rails::read(text),
        Dialect::Django => django::read(text),
        Dialect::Laravel => laravel::read(text),
        Dialect::Pdo => pdo::read(text),
        Dialect::Odbc => odbc::read(text),
        Dialect::Go => go::read(text),
        Dialect::PsqlCommand => psql_command::read(text),
        Dialect::DotenvLine => lines(text, world)?
            .ok_or_else(|| {
                Fault::refused(
                    dialect,
                    "there is no line KEY=VALUE with a connection string",
                )
            })
            .map(Ok)?,
    }?;
    for (keyword, value) in &reading.settings {
        let variable = str::from_utf8(value)
            .ok()
            .and_then(|value| unexpanded(*keyword, value));
        if let Some(variable) = variable {
            return Err(Fault::Unexpanded(variable));
        }
    }
    Ok(reading)
}

/// The dialect is known: only what would be damaged in any dialect is looked for.
fn as_asked(text: &str, asked: Dialect, world: &dyn World) -> Result<Option<Reading>, Fault> {
    if asked == Dialect::Libpq {
        return Ok(None);
    }
    if asked != Dialect::DotenvLine
        && let Some(damage) = damage::around(text)
    {
        return Err(Fault::Damaged(damage));
    }
    one(text.trim(), asked, world).map(Some)
}

/// The table of a dialect's settings, if it has one.
fn table(dialect: Dialect) -> Option<&'static Table> {
    Some(match dialect {
        Dialect::Jdbc => &jdbc::TABLE,
        Dialect::R2dbc => &r2dbc::TABLE,
        Dialect::Adonet => &adonet::TABLE,
        Dialect::Sqlalchemy => &sqlalchemy::TABLE,
        Dialect::NodePostgres => &node_postgres::TABLE,
        Dialect::PostgresJs => &postgres_js::TABLE,
        Dialect::Prisma => &prisma::TABLE,
        Dialect::Ecto => &ecto::TABLE,
        Dialect::Rails => &rails::TABLE,
        Dialect::Django => &django::TABLE,
        Dialect::Laravel => &laravel::TABLE,
        Dialect::Odbc => &odbc::TABLE,
        Dialect::Go => &go::TABLE,
        Dialect::Libpq | Dialect::Pdo | Dialect::PsqlCommand | Dialect::DotenvLine => return None,
    })
}

/// The keyword of libpq that a setting stands for, if it is one; the name is decoded.
#[must_use]
pub fn keyword_of(name: &[u8], dialect: Dialect) -> Option<Keyword> {
    let libpqs = Keyword::from_bytes(name);
    let Some(table) = table(dialect) else {
        return libpqs;
    };
    let row = str::from_utf8(name).ok().and_then(|name| table.row(name));
    match (row.map(|row| row.meaning), table.unknown) {
        (
            Some(
                Meaning::Same(keyword) | Meaning::Words(keyword, _) | Meaning::Flag { keyword, .. },
            ),
            _,
        ) => Some(keyword),
        (None, Unknown::Libpq | Unknown::LibpqOrIgnored) => libpqs,
        (None, Unknown::Ignored | Unknown::Sent | Unknown::Refused)
        | (
            Some(
                Meaning::SearchPath
                | Meaning::Tls
                | Meaning::Nothing
                | Meaning::Lost(_)
                | Meaning::Refused(_),
            ),
            _,
        ) => None,
    }
}

#[cfg(test)]
mod tests;
