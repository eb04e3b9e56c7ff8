//! The driver of an application, and its words for "require TLS and verify the server".

use super::startup::Startup;
use crate::dialect::Dialect;

/// A driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Driver {
    /// The one that reads such strings.
    Dialect(Dialect),
    Asyncpg,
    Sqlx,
    TokioPostgres,
}

/// What to write, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) driver: &'static str,
    pub(super) place: &'static str,
    pub(super) text: &'static str,
}

impl Driver {
    /// The driver that a StartupMessage names.
    pub(super) fn of_startup(startup: &Startup) -> Option<Self> {
        let mut parameters = startup.parameters.iter();
        let (_, name) = parameters.find(|(name, _)| name.as_str() == "application_name")?;
        let dialect = match name.as_str() {
            "postgres.js" => Dialect::PostgresJs,
            "PostgreSQL JDBC Driver" => Dialect::Jdbc,
            "psql" | "pg_dump" | "pg_restore" | "pgbench" | "pg_basebackup" => Dialect::Libpq,
            _ => return None,
        };
        Some(Self::Dialect(dialect))
    }

    /// Its own words.
    pub(super) const fn words(self) -> Words {
        match self {
            Self::Dialect(dialect) => {
                let words = dialect.own_words();
                let driver = dialect.driver();
                match words.string {
                    Some(text) => Words {
                        driver,
                        place: IN_STRING,
                        text,
                    },
                    None => Words {
                        driver,
                        place: IN_PROGRAM,
                        text: words.program,
                    },
                }
            }
            Self::Asyncpg => Words {
                driver: "asyncpg",
                place: IN_PROGRAM,
                text: "asyncpg.connect(dsn, ssl=ssl.create_default_context(cafile=\"root.crt\"))",
            },
            Self::Sqlx => Words {
                driver: "sqlx",
                place: IN_STRING,
                text: "sslmode=verify-full&sslrootcert=root.crt",
            },
            Self::TokioPostgres => Words {
                driver: "tokio-postgres",
                place: "in the connection string, beside a TLS connector with these roots",
                text: "sslmode=require",
            },
        }
    }
}

const IN_STRING: &str = "in the connection string";
const IN_PROGRAM: &str = "in the program";
