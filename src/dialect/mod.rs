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
mod damage;
mod django;
mod dotenv_line;
mod ecto;
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
mod r2dbc;
mod rails;
mod reading;
mod recognise;
mod settings;
mod shell;
mod sqlalchemy;
mod unknown;
mod uri;
mod url;

use crate::conninfo::{self, ConnInfo, Keyword, MASK, Secrecy, Secret, Value, Word, World, quoted};

pub use damage::Damage;
pub use fault::{Fault, Sign};
pub use name::Dialect;
pub use own_words::OwnWords;
pub use reading::{Note, Reading, Seen, View, Weight};

use promise::Promise;
use settings::Table;

/// What to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input<'a> {
    /// A string that somebody gave, even if it is empty.
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
}

impl ReadAs {
    /// A string for libpq.
    #[must_use]
    pub const fn libpq() -> Self {
        Self {
            dialect: Dialect::Libpq,
            notes: Vec::new(),
        }
    }
}

/// Why a string is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Nobody can read it, or its own driver refuses it.
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
/// Nobody can read it, or whoever reads it refuses it.
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
    let reading = match dialect {
        Dialect::Libpq => return Err(Fault::refused(dialect, "the string")),
        Dialect::Jdbc => jdbc::read(text),
        Dialect::R2dbc => r2dbc::read(text),
        Dialect::Adonet => adonet::read(text, world),
        Dialect::Sqlalchemy => sqlalchemy::read(text),
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

/// One line that sets a variable to a connection string of any dialect, or several that belong together.
fn lines(text: &str, world: &dyn World) -> Result<Option<Reading>, Fault> {
    let Some(variables) = dotenv_line::variables(text) else {
        return Ok(None);
    };
    if dotenv_line::is_group(&variables) {
        return dotenv_line::group(&variables).map(Some);
    }
    let mut found = None;
    for line in text.lines().filter_map(dotenv_line::line) {
        if setting_of_others(&line, text) {
            return Ok(None);
        }
        let reading = match value(&line, world) {
            Ok(reading) => reading,
            Err(_) if variables.len() > 1 && !is_meant(&line) => continue,
            Err(fault) => return Err(fault),
        };
        match (reading, &found) {
            (None, _) => {}
            (Some(_), Some(_)) => {
                return Err(Fault::Damaged(Damage::Lines(text.lines().count())));
            }
            (reading, None) => found = reading,
        }
    }
    Ok(found)
}

/// Whether a line of many is about a PostgreSQL server: its name says so, or its value.
fn is_meant(line: &dotenv_line::Line) -> bool {
    let name = line.name.to_ascii_uppercase();
    line.value.contains("postgres")
        || ["DATABASE_URL", "POSTGRES", "PG_"]
            .iter()
            .any(|part| name.contains(part))
}

/// The connection strings in an env file, each with its line, counted from 1: variables that hold one, and the group
/// `PGHOST` and so on. Nothing if it is not an env file.
#[must_use]
pub fn of_env_file(text: &str) -> Option<Vec<(usize, String)>> {
    let variables = dotenv_line::variables(text)?;
    let is_keyword = |name: &str| Keyword::from_bytes(name.as_bytes()).is_some();
    if variables.iter().any(|variable| is_keyword(&variable.name)) {
        return None;
    }
    let numbered = || text.lines().zip(1..);
    if dotenv_line::is_group(&variables) {
        let first = numbered().find(|(text, _)| {
            dotenv_line::line(text)
                .is_some_and(|line| line.name.starts_with("PG") || line.name.starts_with("DB_"))
        });
        return Some(vec![(
            first.map_or(1, |(_, number)| number),
            text.to_owned(),
        )]);
    }
    let strings = numbered().filter_map(|(text, number)| {
        let line = dotenv_line::line(text)?;
        let is_string = match value(&line, &conninfo::Nowhere) {
            Ok(reading) => reading.is_some(),
            Err(_) => is_meant(&line),
        };
        is_string.then(|| (number, text.to_owned()))
    });
    Some(strings.collect())
}

/// Whether the line is not one of an env file, but a string whose first setting looks like a variable.
fn setting_of_others(line: &dotenv_line::Line, text: &str) -> bool {
    let known = |table: &Table| table.row(&line.name).is_some();
    let with_semicolons = text.contains(';') && (known(&adonet::TABLE) || known(&odbc::TABLE));
    with_semicolons || Keyword::from_bytes(line.name.as_bytes()).is_some()
}

/// The value of a line, read by whoever it is for.
fn value(line: &dotenv_line::Line, world: &dyn World) -> Result<Option<Reading>, Fault> {
    let text = line.value.trim();
    if text.is_empty() {
        return if line.name.contains("DATABASE_URL") {
            Err(Fault::Empty)
        } else {
            Ok(None)
        };
    }
    if let Some(variable) = damage::whole_variable(text) {
        return Err(Fault::Unexpanded(variable));
    }
    let mut reading = match libpq_settings(text) {
        Some(settings) => {
            if let Some(fault) = trap(text, &settings) {
                return Err(fault);
            }
            let mut reading = Reading::new(Dialect::DotenvLine);
            for setting in settings {
                reading.set(setting.keyword, setting.value.as_bytes());
            }
            reading
        }
        None => match by_signs(text, world)? {
            Some(reading) => reading,
            None => return Ok(None),
        },
    };
    reading.info(
        &line.name,
        "the name of the variable; the string is its value",
    );
    dotenv_line::remarks(line, &mut reading);
    Ok(Some(reading))
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

/// What a libpq string promises, in another driver's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translation {
    /// The string.
    pub text: String,
    /// What is lost, or needs something besides the string.
    pub notes: Vec<Note>,
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
        broken: promise.broken,
    }
}

/// A keyword/value string with everything that is left.
fn libpq_text(promise: &mut Promise) -> String {
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
fn libpq_uri(promise: &mut Promise) -> String {
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

#[cfg(test)]
mod tests;
