//! Who prints messages, and what is behind many of them.

use crate::diagnose::Code;

pub(super) const LIBPQ: &str = "libpq (psql, psycopg, PHP, Ruby)";
pub(super) const OPENSSL: &str = "OpenSSL, in psql, Python and others";
pub(super) const PYTHON: &str = "Python's ssl (asyncpg, SQLAlchemy)";
pub(super) const NODE: &str = "Node.js (node-postgres, postgres.js, Prisma)";
pub(super) const GO: &str = "Go (pgx, lib/pq)";
pub(super) const RUST: &str = "rustls (tokio-postgres, sqlx, Deno)";
pub(super) const JAVA: &str = "Java (pgjdbc)";
pub(super) const NET: &str = ".NET (Npgsql)";
pub(super) const SERVER: &str = "the PostgreSQL server";
pub(super) const ANY: &str = "any driver";
pub(super) const PRISMA: &str = "Prisma";
pub(super) const WINDOWS: &str = "Windows (Schannel), in .NET, Prisma and others";
pub(super) const MACOS: &str = "macOS (Security framework), in Prisma, sqlx and others";
pub(super) const POOLER: &str = "PgBouncer";
pub(super) const ERLANG: &str = "Erlang and Elixir (Postgrex)";

pub(super) const ISSUER: (Code, &str) = (
    Code::UnknownIssuer,
    "the client's root file lacks the root that signed the server's certificate",
);
pub(super) const INTERMEDIATE: (Code, &str) = (
    Code::MissingIntermediate,
    "the server sends only its own certificate, not the intermediate",
);
pub(super) const SELF: (Code, &str) = (Code::SelfSigned, "the server certificate signed itself");
pub(super) const LEAF_EXPIRED: (Code, &str) = (Code::Expired, "the server certificate itself");
pub(super) const MIDDLE_EXPIRED: (Code, &str) = (
    Code::IntermediateExpired,
    "an intermediate that the server sends",
);
pub(super) const ROOT_EXPIRED: (Code, &str) = (Code::RootExpired, "the root in the client's file");
pub(super) const EARLY: (Code, &str) = (
    Code::NotYetValid,
    "the certificate begins later, or this machine's clock is wrong",
);
pub(super) const NAME: (Code, &str) = (
    Code::HostNameMismatch,
    "the host of the string is not among the certificate's names",
);
pub(super) const NO_TLS: (Code, &str) = (
    Code::NoTls,
    "the server, or a pooler in front of it, has TLS switched off",
);
pub(super) const HUNG_UP: (Code, &str) = (
    Code::Closed,
    "a proxy or load balancer hung up, or the server went away",
);
pub(super) const ALIEN: (Code, &str) = (
    Code::NotPostgres,
    "something else than PostgreSQL answers on that port",
);
pub(super) const VERSION: (Code, &str) = (
    Code::NoCommonVersion,
    "client and server have no TLS version in common",
);
pub(super) const CIPHER: (Code, &str) = (
    Code::NoCommonCipher,
    "no cipher suite, group or signature in common",
);
pub(super) const SNI: (Code, &str) = (
    Code::TlsAlert,
    "a proxy that routes by name does not know the host, or got no name",
);
pub(super) const NEED_CERTIFICATE: (Code, &str) = (
    Code::ClientCertRequired,
    "the server wants a client certificate and got none",
);
pub(super) const REFUSED_CERTIFICATE: (Code, &str) = (
    Code::ClientCertRefused,
    "the server refuses the client's certificate",
);
pub(super) const ROOT_MISSING: (Code, &str) = (
    Code::RootFileMissing,
    "the file that sslrootcert names, or ~/.postgresql/root.crt, does not exist",
);
pub(super) const ROOT_INVALID: (Code, &str) =
    (Code::RootFileInvalid, "the file exists, but is not PEM");
pub(super) const MODE: (Code, &str) = (
    Code::InvalidValue,
    "the value of sslmode is not one of libpq's",
);
pub(super) const PLAIN: (Code, &str) = (
    Code::WeakSslmode,
    "the client came without TLS (sslmode=disable, or the driver's default), or fell back after TLS failed (prefer, allow)",
);
pub(super) const KEYWORD: (Code, &str) = (
    Code::UnknownKeyword,
    "the driver does not know a parameter of the string",
);
pub(super) const RULES: (Code, &str) = (
    Code::LoginFailed,
    "TLS works; pg_hba.conf or the password is the problem",
);
pub(super) const PROXY: (Code, &str) = (
    Code::TlsTerminatedInBetween,
    "something between client and server ends TLS",
);
pub(super) const STRICT: (Code, &str) = (Code::ClientsDiffer, "this client is stricter than libpq");
pub(super) const OWN_ROOT: (Code, &str) = (
    Code::UnknownIssuer,
    "a CA with the right name but another key is in the root file: it was created again",
);
pub(super) const VALUE: (Code, &str) = (Code::InvalidValue, "the value is not one of libpq's");
pub(super) const NOT_UNDERSTOOD: (Code, &str) = (
    Code::TlsAlert,
    "one side does not understand the other's handshake, often because of a proxy in between",
);
pub(super) const OTHER_PROTOCOL: (Code, &str) = (
    Code::TlsAlert,
    "what answers there takes TLS, but not for PostgreSQL",
);
pub(super) const SPOILT: (Code, &str) = (
    Code::MalformedCertificate,
    "a field of a certificate cannot be read",
);
pub(super) const CONSTRAINED: (Code, &str) = (
    Code::NameConstraint,
    "a CA of the chain may not issue for this name",
);
pub(super) const CRITICAL: (Code, &str) = (
    Code::UnknownCriticalExtension,
    "a certificate has an extension that this library does not know, and that must not be ignored",
);
pub(super) const NOT_ASKED: (Code, &str) = (
    Code::ClientCertNotRequested,
    "sslcertmode=require, but the server has no ssl_ca_file and asks for no certificate",
);
pub(super) const INJECTED: (Code, &str) = (
    Code::PlaintextInjection,
    "data came in plain text where TLS had to begin: an attacker or a broken proxy",
);
pub(super) const OTHER_USER: (Code, &str) = (
    Code::LoginFailed,
    "the certificate's CN is not the user, and no map in pg_ident.conf says otherwise",
);
pub(super) const FULL: (Code, &str) = (Code::ServerError, "the server or the pooler is full");
pub(super) const DOWN: (Code, &str) = (Code::ServerError, "the server is going down or up: wait");
