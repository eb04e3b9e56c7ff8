//! A string of any dialect, completed and validated as libpq would.

use super::damage::Damage;
use super::fault::Fault;
use super::name::{Dialect, Stack};
use super::read::read;
use super::reading::{Note, View};
use super::unknown;
use crate::conninfo::{self, ConnInfo, Secret, Word, World};

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
                Damage::HostAndPort { .. }
                    | Damage::HostAlone { .. }
                    | Damage::Capitals(_)
                    | Damage::Quotes(_)
                    | Damage::Typographic(_)
                    | Damage::LineBreak { .. }
                    | Damage::Entity(_)
                    | Damage::BrokenUri
                    | Damage::Semicolons
                    | Damage::Ampersand
                    | Damage::Fragment
                    | Damage::Commas
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
