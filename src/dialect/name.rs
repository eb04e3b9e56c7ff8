//! The dialects, and what is the same for all strings of one.

use crate::words::words;

words! {
    /// A way to write where and how to connect.
    Dialect {
        /// libpq's own keyword/value strings and URIs.
        Libpq = "libpq",
        /// URLs of pgjdbc, for Java.
        Jdbc = "jdbc",
        /// URLs of r2dbc-postgresql, for Java.
        R2dbc = "r2dbc",
        /// Connection strings of Npgsql, for .NET.
        Adonet = "adonet",
        /// URLs of SQLAlchemy, for Python.
        Sqlalchemy = "sqlalchemy",
        /// URLs of `pg`, for Node.js.
        NodePostgres = "node-postgres",
        /// URLs of `postgres`, for Node.js.
        PostgresJs = "postgres.js",
        /// URLs of Prisma's own engine.
        Prisma = "prisma",
        /// URLs of Ecto, for Elixir.
        Ecto = "ecto",
        /// URLs of Active Record, for Ruby.
        Rails = "rails",
        /// URLs of dj-database-url and django-environ, for Python.
        Django = "django",
        /// The `DB_` variables and URLs of Laravel, for PHP.
        Laravel = "laravel",
        /// Data source names of PDO, for PHP.
        Pdo = "pdo",
        /// Connection strings of psqlODBC.
        Odbc = "odbc",
        /// URLs of pgx and lib/pq.
        Go = "go",
        /// A command line of psql or its relatives.
        PsqlCommand = "psql-command",
        /// A line of an env file.
        DotenvLine = "dotenv-line",
    }
}

words! {
    /// Whose code speaks TLS for a string, and verifies the server.
    Stack {
        /// libpq itself.
        Libpq = "libpq",
        /// Java's, with the names checked as pgjdbc does: pgjdbc and r2dbc-postgresql.
        Java = "java",
        /// .NET's.
        Dotnet = "dotnet",
        /// Node.js, as `pg` uses it.
        NodePostgres = "node-postgres",
        /// Node.js, as `postgres` uses it.
        PostgresJs = "postgres.js",
        /// Go's `crypto/tls`.
        Go = "go",
        /// Python's `ssl`, as asyncpg uses it.
        Asyncpg = "asyncpg",
        /// Rust's native-tls: the system's OpenSSL.
        NativeTls = "native-tls",
        /// Its rules for certificates are not known to pgtls.
        Other = "other",
    }
}

impl Dialect {
    /// Whose code speaks TLS for most of its strings.
    pub(super) const fn stack(self) -> Stack {
        match self {
            Self::Jdbc | Self::R2dbc => Stack::Java,
            Self::Adonet => Stack::Dotnet,
            Self::NodePostgres => Stack::NodePostgres,
            Self::PostgresJs => Stack::PostgresJs,
            Self::Prisma => Stack::NativeTls,
            Self::Ecto => Stack::Other,
            Self::Go => Stack::Go,
            Self::Libpq
            | Self::Sqlalchemy
            | Self::Rails
            | Self::Django
            | Self::Laravel
            | Self::Pdo
            | Self::Odbc
            | Self::PsqlCommand
            | Self::DotenvLine => Stack::Libpq,
        }
    }

    /// What a string of it is, with its article: `a pgjdbc URL`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().title
    }

    /// What reads such a string.
    #[must_use]
    pub const fn driver(self) -> &'static str {
        self.row().driver
    }

    /// The environment variables of libpq that the driver reads, too.
    pub(super) const fn variables(self) -> Variables {
        self.row().variables
    }

    const fn row(self) -> Row {
        match self {
            Self::Libpq => row("a libpq connection string", "libpq", Variables::All),
            Self::Jdbc => row("a pgjdbc URL", "pgjdbc", Variables::Only(JDBC)),
            Self::R2dbc => row("an R2DBC URL", "r2dbc-postgresql", Variables::Only(&[])),
            Self::Adonet => row(
                "an Npgsql connection string",
                "Npgsql",
                Variables::Only(NPGSQL),
            ),
            Self::Sqlalchemy => row("a SQLAlchemy URL", "SQLAlchemy", Variables::All),
            Self::NodePostgres => row(
                "a node-postgres URL",
                "node-postgres",
                Variables::Only(NODE),
            ),
            Self::PostgresJs => row("a postgres.js URL", "postgres.js", Variables::Only(NODE)),
            Self::Prisma => row("a Prisma URL", "Prisma", Variables::Only(&[])),
            Self::Ecto => row("an Ecto URL", "Ecto", Variables::Only(NODE)),
            Self::Rails => row("a Rails database URL", "Rails", Variables::All),
            Self::Django => row("a Django database URL", "Django", Variables::All),
            Self::Laravel => row("Laravel's database settings", "Laravel", Variables::All),
            Self::Pdo => row("a PDO data source name", "PDO", Variables::All),
            Self::Odbc => row("a psqlODBC connection string", "psqlODBC", Variables::All),
            Self::Go => row("a Go connection string", "pgx", Variables::All),
            Self::PsqlCommand => row("a psql command", "psql", Variables::All),
            Self::DotenvLine => row("a line of an env file", "libpq", Variables::All),
        }
    }
}

struct Row {
    title: &'static str,
    driver: &'static str,
    variables: Variables,
}

const fn row(title: &'static str, driver: &'static str, variables: Variables) -> Row {
    Row {
        title,
        driver,
        variables,
    }
}

/// Which variables of libpq a driver reads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Variables {
    /// All of them.
    All,
    /// These.
    Only(&'static [&'static str]),
}

impl Variables {
    /// Whether the driver reads one. Those without `PG` are not libpq's, and tell where files are.
    pub(super) fn has(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(&name) || !name.starts_with("PG"),
        }
    }
}

/// `PGEnvironment`, `PgPassParser`, `PgServiceConfParser` of pgjdbc.
const JDBC: &[&str] = &["PGPASSFILE", "PGSERVICEFILE", "PGSYSCONFDIR"];

/// `PostgresEnvironment` of Npgsql. It uses the root only where it verifies.
const NPGSQL: &[&str] = &[
    "PGUSER",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLROOTCERT",
    "PGSSLNEGOTIATION",
    "PGOPTIONS",
    "PGCLIENTENCODING",
];

/// `defaults.js` of node-postgres, `index.js` of postgres.js, `Postgrex.Utils.default_opts`.
const NODE: &[&str] = &["PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD"];
