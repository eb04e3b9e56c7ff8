//! The profile of a client.

use super::Basis;
use super::keys::KeyReader;
use super::verifier::Verifier;
use crate::conninfo::SslMode;
use crate::words::words;

words! {
    /// A client library, by the name that users know.
    Client {
        /// libpq 16 and newer: psql, psycopg, ruby-pg, PHP.
        Libpq = "libpq",
        /// The same with OpenSSL 1.1.1, shown where it differs.
        LibpqOpenSsl111 = "libpq-openssl-1.1.1",
        /// The same with OpenSSL 3.0 to 3.4, shown where it differs.
        LibpqOpenSsl30 = "libpq-openssl-3.0",
        /// The same with OpenSSL 3.5 and newer, shown where it differs.
        LibpqOpenSsl35 = "libpq-openssl-3.5",
        /// The JDBC driver.
        Pgjdbc = "pgjdbc",
        /// The .NET driver.
        Npgsql = "npgsql",
        /// Go.
        Pgx = "pgx",
        /// The same in programs built with Go 1.24 and newer, shown where they differ.
        PgxGo124 = "pgx-go-1.24",
        /// Go, the older driver.
        LibPq = "lib/pq",
        /// Node.js, `pg` 8.
        NodePostgres = "node-postgres",
        /// The same on Node.js 24 and newer, shown where they differ.
        NodePostgresNode24 = "node-postgres-node-24",
        /// Node.js, `pg` 9, as version 8 announces it.
        NodePostgres9 = "node-postgres-9",
        /// Node.js, `postgres`.
        PostgresJs = "postgres.js",
        /// Python.
        Asyncpg = "asyncpg",
        /// Python 3.13 and newer: a driver that gets `ssl.create_default_context(cafile=ROOTS)`.
        PythonDefaultContext = "python-default-context",
        /// Rust, with its feature `tls-rustls`.
        SqlxRustls = "sqlx-rustls",
        /// Rust, in a program that gives it a rustls connector with these roots.
        TokioPostgresRustls = "tokio-postgres-rustls",
        /// Rust, in a program that gives it an OpenSSL connector with these roots.
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
    pub(super) hello: Hello,
    pub(super) keys: KeyReader,
}

/// How large a client's ClientHello is: one with a post-quantum key does not fit into one TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hello {
    Small,
    Large,
    /// It depends on something, which the sentence names.
    Depends(&'static str),
}

/// What each sslmode means for a client.
pub(super) struct Modes {
    /// Without any.
    pub(super) absent: Meaning,
    /// Without sslmode, but with a file of certificates or keys in the string.
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

/// How a client interprets a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It does not know the mode.
    Unknown,
    /// No TLS, or only if plain text is refused.
    Plaintext,
    /// TLS.
    Tls(Check, Fallback),
}

/// What is checked in the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Nothing,
    /// The chain, if there is a root file.
    ChainIfRoots,
    Chain,
    ChainAndName,
}

/// When a client continues in plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fallback {
    Never,
    /// If the server has no TLS.
    WithoutTls,
    /// After any failure of TLS, including a refused certificate.
    AfterFailure,
}

/// Where else a client looks for settings.
pub(super) struct Sources {
    /// `PGSSLMODE`.
    pub(super) mode_variable: Use,
    /// `PGSSLROOTCERT`.
    pub(super) root_variable: Use,
    /// Service files.
    pub(super) services: Use,
}

/// What a client does with a setting outside the string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Used,
    Ignored,
}

/// What `hostaddr` means for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hostaddr {
    /// Where to connect, as in libpq.
    ConnectedTo,
    /// It replaces the host, also as the name to verify.
    Verified,
}

/// What happens to a TLS setting in the string that a client does not know.
pub(super) enum Unknown {
    /// Nothing.
    Ignored,
    /// The string is refused. These settings are known.
    Refused(&'static [&'static str]),
    /// It is passed on to the server, which refuses the login. These settings are known.
    PassedOn(&'static [&'static str]),
}

/// Where a client's trust comes from.
pub(super) struct Roots {
    pub(super) file: RootFile,
    /// `~/.postgresql/root.crt`.
    pub(super) home: Use,
    /// The trust if no file is given.
    pub(super) without: Without,
    /// `sslrootcert=system`.
    pub(super) system: System,
    /// How much of the file is used.
    pub(super) taken: Taken,
    /// What the client trusts in addition to the file.
    pub(super) beside: Without,
    /// Which blocks of the file are read.
    pub(super) blocks: Blocks,
}

/// Which blocks of a root file a client reads, of those that OpenSSL reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocks {
    All,
    /// Those with the label CERTIFICATE, and none behind a byte-order mark.
    Certificates,
    /// Those with the label CERTIFICATE.
    CertificatesAlsoBehindMark,
    /// All, but neither a byte-order mark nor trust settings are understood: the file is refused.
    Java,
    /// It was not measured.
    Unmeasured,
}

/// How many certificates of a root file a client uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    All,
    First,
}

/// How a client uses the root file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RootFile {
    /// Read if something is verified. A missing one counts as none under [`Check::ChainIfRoots`].
    Lenient,
    /// Read if something is verified, and then it must exist.
    Verifying,
    /// Read and required in every mode but plain text.
    Always,
    /// Not read.
    Never,
    /// Read by the program, in every mode.
    Program,
}

/// What a client trusts without a root file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Without {
    /// Nobody: verification fails.
    Nobody,
    /// The machine's store.
    Machine,
    /// A copy of Mozilla's list.
    Mozilla,
    /// What the program loads: assumed to be the roots of this check.
    Program,
}

/// What `sslrootcert=system` means for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    /// The machine's store; it makes every mode verify-full.
    Word,
    /// A file of that name.
    File,
    /// Nothing: it uses its own roots anyway.
    Own,
    /// The client's own roots; it makes every mode verify-full.
    OwnVerified,
}

/// Whether CRLs are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crls {
    Checked,
    Ignored,
}
