//! How each driver says that it must verify the server with a root file: in its string, and in its program.

use super::Dialect;

/// The words of a driver for `sslmode=verify-full sslrootcert=root.crt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnWords {
    /// In the string; nothing if the string cannot say it.
    pub string: Option<&'static str>,
    /// In the program or its environment.
    pub program: &'static str,
}

impl Dialect {
    /// How its strings and programs say that chain and name must be verified with the roots of a file.
    #[must_use]
    pub const fn own_words(self) -> OwnWords {
        let (string, program) = match self {
            Self::Libpq | Self::PsqlCommand | Self::DotenvLine | Self::Pdo => (
                "sslmode=verify-full sslrootcert=root.crt",
                "PGSSLMODE=verify-full PGSSLROOTCERT=root.crt",
            ),
            Self::Jdbc => (
                "sslmode=verify-full&sslrootcert=root.crt",
                "props.setProperty(\"sslmode\", \"verify-full\"); props.setProperty(\"sslrootcert\", \"root.crt\");",
            ),
            Self::R2dbc => (
                "sslMode=VERIFY_FULL&sslRootCert=root.crt",
                ".sslMode(SSLMode.VERIFY_FULL).sslRootCert(\"root.crt\")",
            ),
            Self::Adonet => (
                "SSL Mode=VerifyFull;Root Certificate=root.crt",
                "builder.SslMode = SslMode.VerifyFull; builder.RootCertificate = \"root.crt\";",
            ),
            Self::Sqlalchemy => (
                "sslmode=verify-full&sslrootcert=root.crt (psycopg); ssl=verify-full and PGSSLROOTCERT=root.crt (asyncpg)",
                "connect_args={\"ssl\": ssl.create_default_context(cafile=\"root.crt\")} (asyncpg)",
            ),
            Self::NodePostgres => (
                "sslmode=verify-full&sslrootcert=root.crt",
                "ssl: { ca: fs.readFileSync('root.crt') }, and no ssl setting in the URL",
            ),
            Self::PostgresJs => (
                "",
                "postgres(url, { ssl: { ca: fs.readFileSync('root.crt') } })",
            ),
            Self::Prisma => (
                "sslmode=require&sslaccept=strict&sslcert=root.crt",
                "new PrismaPg({ connectionString, ssl: { ca: fs.readFileSync('root.crt') } })",
            ),
            Self::Ecto => ("", "ssl: [cacertfile: \"root.crt\"]"),
            Self::Rails => (
                "sslmode=verify-full&sslrootcert=root.crt",
                "sslmode: verify-full and sslrootcert: root.crt in config/database.yml",
            ),
            Self::Django => (
                "sslmode=verify-full&sslrootcert=root.crt",
                "\"OPTIONS\": {\"sslmode\": \"verify-full\", \"sslrootcert\": \"root.crt\"}",
            ),
            Self::Laravel => (
                "DB_URL=...?sslmode=verify-full&sslrootcert=root.crt",
                "'sslmode' => 'verify-full', 'sslrootcert' => 'root.crt' in config/database.php",
            ),
            Self::Odbc => (
                "SSLmode=verify-full;Pqopt={sslrootcert=root.crt}",
                "PGSSLROOTCERT=root.crt",
            ),
            Self::Go => (
                "sslmode=verify-full&sslrootcert=root.crt",
                "config.TLSConfig = &tls.Config{RootCAs: pool, ServerName: host}",
            ),
        };
        OwnWords {
            string: if string.is_empty() {
                None
            } else {
                Some(string)
            },
            program,
        }
    }
}
