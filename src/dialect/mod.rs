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
mod beside;
mod damage;
mod django;
mod dotenv_line;
mod ecto;
mod env_file;
mod fault;
mod go;
mod jdbc;
mod keyword;
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
mod read;
mod reading;
mod recognise;
mod settings;
mod shell;
mod shell_line;
mod sqlalchemy;
mod translate;
mod understand;
mod unknown;
mod uri;
mod url;

pub use damage::Damage;
pub(crate) use dotenv_line::numbered as lines_of_env_file;
pub use env_file::of_env_file;
pub use fault::{Fault, Sign};
pub use keyword::keyword_of;
pub use name::{Dialect, Stack};
pub use own_words::OwnWords;
pub use psql_command::{ignored_words, is_psql_program, psql_program};
pub use read::read;
pub use reading::{Note, Reading, Seen, View, Weight};
pub(crate) use shell::quoted as shell_quoted;
pub use shell_line::LineShell;
pub use translate::{Passwords, Translation, translate};
pub use understand::{Input, ReadAs, Refusal, Understood, understand};
pub use url::Delimiters;

#[cfg(test)]
mod tests;
