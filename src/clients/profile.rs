//! What there is to be said of a client: its profile.

use super::Basis;
use super::verifier::Verifier;
use crate::conninfo::SslMode;
use crate::words::words;

words! {
    /// A client library, by the name that its users know.
    Client {
        /// libpq 16 and newer: psql, psycopg, ruby-pg, PHP.
        Libpq = "libpq",
        /// The JDBC driver.
        Pgjdbc = "pgjdbc",
        /// The .NET driver.
        Npgsql = "npgsql",
        /// Go.
        Pgx = "pgx",
        /// Go, the older driver.
        LibPq = "lib/pq",
        /// Node.js, `pg`.
        NodePostgres = "node-postgres",
        /// Node.js, `postgres`.
        PostgresJs = "postgres.js",
        /// Python.
        Asyncpg = "asyncpg",
        /// Python 3.13 and newer: a driver that is handed `ssl.create_default_context(cafile=ROOTS)`.
        PythonDefaultContext = "python-default-context",
        /// Rust, with its feature `tls-rustls`.
        SqlxRustls = "sqlx-rustls",
        /// Rust, in a program that hands it a rustls connector with these roots.
        TokioPostgresRustls = "tokio-postgres-rustls",
        /// Rust, in a program that hands it an OpenSSL connector with these roots.
        TokioPostgresNativeTls = "tokio-postgres-native-tls",
    }
}

/// What one client does.
pub(super) struct Profile {
    pub(super) client: Client,
    pub(super) basis: Basis,
    pub(super) modes: Modes,
    pub(super) sources: Sources,
    pub(super) unknown: Unknown,
    pub(super) roots: Roots,
    pub(super) revocation: Crls,
    pub(super) hostaddr: Hostaddr,
    pub(super) verifier: Verifier,
}

/// What each sslmode means to a client.
pub(super) struct Modes {
    /// Without any.
    pub(super) absent: Meaning,
    /// Without any, but with a file of certificates or keys in the string.
    pub(super) absent_with_files: Meaning,
    pub(super) disable: Meaning,
    pub(super) allow: Meaning,
    pub(super) prefer: Meaning,
    pub(super) require: Meaning,
    pub(super) verify_ca: Meaning,
    pub(super) verify_full: Meaning,
    /// `ssl=true` in a URI.
    pub(super) ssl_true: Meaning,
    /// A word that libpq does not know.
    pub(super) strange: Meaning,
    /// `no-verify`.
    pub(super) no_verify: Meaning,
}

impl Modes {
    pub(super) fn meaning(&self, mode: SslMode) -> Meaning {
        match mode {
            SslMode::Disable => self.disable,
            SslMode::Allow => self.allow,
            SslMode::Prefer => self.prefer,
            SslMode::Require => self.require,
            SslMode::VerifyCa => self.verify_ca,
            SslMode::VerifyFull => self.verify_full,
        }
    }
}

/// What a client takes a mode for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It knows no such mode.
    Unknown,
    /// No TLS, or only where plain text is refused.
    Plaintext,
    /// TLS.
    Tls(Check, Fallback),
}

/// What of the server's certificate is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Nothing,
    /// The chain, if there is a root file.
    ChainIfRoots,
    Chain,
    ChainAndName,
}

/// When a client goes on in plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fallback {
    Never,
    /// If the server has no TLS.
    WithoutTls,
    /// After any failure of TLS, a refused certificate included.
    AfterFailure,
}

/// Where, besides the string, a client looks for settings.
pub(super) struct Sources {
    /// `PGSSLMODE`.
    pub(super) mode_variable: Use,
    /// `PGSSLROOTCERT`.
    pub(super) root_variable: Use,
    /// Service files.
    pub(super) services: Use,
}

/// What a client does with a setting that it may find outside the string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Used,
    Ignored,
}

/// What `hostaddr` is to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hostaddr {
    /// Where to connect, as libpq has it.
    ConnectedTo,
    /// It takes the place of the host, also as the name to verify.
    Verified,
}

/// What becomes of a TLS setting in the string that a client does not know.
pub(super) enum Unknown {
    /// Nothing.
    Ignored,
    /// The string is refused; these are known.
    Refused(&'static [&'static str]),
    /// It is passed on to the server, which refuses the login; these are known.
    PassedOn(&'static [&'static str]),
}

/// Where a client's trust comes from.
pub(super) struct Roots {
    pub(super) file: RootFile,
    /// `~/.postgresql/root.crt`.
    pub(super) home: Use,
    /// Where no file is given.
    pub(super) without: Without,
    /// `sslrootcert=system`.
    pub(super) system: System,
    /// How much of the file counts.
    pub(super) taken: Taken,
    /// Whom the client trusts besides the file.
    pub(super) beside: Without,
}

/// How many certificates of a root file a client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    All,
    First,
}

/// What a client makes of the root file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RootFile {
    /// Read where something is verified; a missing one counts as none under [`Check::ChainIfRoots`].
    Lenient,
    /// Read where something is verified, and then it must be there.
    Verifying,
    /// Read and needed in every mode but plain text.
    Always,
    /// Not read.
    Never,
    /// Read by the program, in every mode.
    Program,
}

/// Whom a client trusts without a root file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Without {
    /// Nobody: verification fails.
    Nobody,
    /// The machine's store.
    Machine,
    /// A copy of Mozilla's list.
    Mozilla,
    /// Whatever the program loads: taken for the roots of this check.
    Program,
}

/// What `sslrootcert=system` is to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    /// The machine's store; it makes every mode verify-full.
    Word,
    /// A file of that name.
    File,
    /// Nothing: its own roots count anyway.
    Own,
    /// The client's own roots; it makes every mode verify-full.
    OwnVerified,
}

/// Whether CRLs count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crls {
    Checked,
    Ignored,
}
