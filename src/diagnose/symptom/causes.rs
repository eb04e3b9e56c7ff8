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
pub(super) const PGPOOL: &str = "Pgpool-II";
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
pub(super) const ROOT_INVALID: (Code, &str) = (
    Code::RootFileInvalid,
    "the file exists, but is not PEM, or is broken",
);
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
    "TLS works; no line of pg_hba.conf lets this user, database and address in",
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
pub(super) const PASSWORD: (Code, &str) = (
    Code::LoginFailed,
    "the user or the password is wrong. The message does not show whether TLS was used",
);
pub(super) const NO_PASSWORD: (Code, &str) = (
    Code::LoginFailed,
    "no password reached the driver: the variable or the secret is empty, or the string has none",
);
pub(super) const DISTRUSTED: (Code, &str) = (
    Code::UnknownIssuer,
    "in the server's log: the client does not trust the server's certificate",
);
pub(super) const CLIENT_CA: (Code, &str) = (
    Code::ClientCertRefused,
    "printed by the client: its certificate's CA is not in the server's ssl_ca_file",
);
pub(super) const CLIENT_REVOKED: (Code, &str) = (
    Code::ClientCertRefused,
    "printed by the client: the server's CRL (ssl_crl_file) lists the client's certificate",
);
pub(super) const CLIENT_EXPIRED: (Code, &str) = (
    Code::ClientCertRefused,
    "printed by the client: its certificate has expired",
);
pub(super) const CLIENT_PURPOSE: (Code, &str) = (
    Code::ClientCertRefused,
    "printed by the client: its certificate is not for clients",
);
pub(super) const CLIENT_OTHER_KEY: (Code, &str) = (
    Code::ClientCertRefused,
    "printed by the client: the server knows a CA of that name, but with another key",
);
pub(super) const CLIENT_FILE_MISSING: (Code, &str) = (
    Code::ClientCertFileMissing,
    "it is the file of the client's certificate",
);
pub(super) const CLIENT_KEY_MISSING: (Code, &str) = (
    Code::ClientKeyFileMissing,
    "the file of the client's private key does not exist",
);
pub(super) const FILE_MISSING: (Code, &str) = (
    Code::RootFileMissing,
    "it is the file of the root certificates",
);
pub(super) const CLIENT_MISMATCH: (Code, &str) = (
    Code::ClientKeyMismatch,
    "printed by the client: its key belongs to another certificate",
);
pub(super) const SERVER_MISMATCH: (Code, &str) = (
    Code::ServerKeyMismatch,
    "in the server's log: ssl_key_file belongs to another certificate",
);
pub(super) const CLIENT_KEY: (Code, &str) = (
    Code::ClientKeyFileInvalid,
    "printed by the client: its key is in another format, or needs a passphrase (sslpassword)",
);
pub(super) const SERVER_KEY: (Code, &str) = (
    Code::ServerKeyFileInvalid,
    "in the server's log: ssl_key_file is in another format, or needs a passphrase",
);
pub(super) const UNRESOLVED: (Code, &str) = (Code::Dns, "the name does not resolve");
pub(super) const NO_RESOLVER: (Code, &str) = (Code::Dns, "the resolver does not answer, or fails");
pub(super) const NO_LISTENER: (Code, &str) = (Code::Refused, "no server listens there");
pub(super) const TORN: (Code, &str) = (
    Code::TlsFailure,
    "two processes use one connection, because one was forked after it was opened; or something in between changes the data",
);
pub(super) const NO_ROUTE: (Code, &str) = (
    Code::Refused,
    "the host is down or in another network, or a firewall rejects the connection",
);
pub(super) const NO_NETWORK: (Code, &str) = (
    Code::Refused,
    "this machine has no route there; for an address with colons, no IPv6",
);
pub(super) const DROPPED: (Code, &str) = (
    Code::Timeout,
    "no connection: packets are dropped on the way",
);
pub(super) const LOST: (Code, &str) = (
    Code::Timeout,
    "a connection was open, and its packets are dropped since: often a firewall that forgets idle connections",
);
pub(super) const SILENT: (Code, &str) = (
    Code::Timeout,
    "a connection, but no answer: the server, or a proxy in front of it, accepts and is silent",
);
pub(super) const NEWER: (Code, &str) = (Code::NewerLibpq, "the parameter is newer than this libpq");
pub(super) const OTHER_SIDE_FAILED: (Code, &str) = (
    Code::TlsAlert,
    "the TLS library on the other side failed: its log may say why",
);
pub(super) const ENCODE: (Code, &str) = (
    Code::BadConninfo,
    "a special character of the user or the password is not percent-encoded: @ is %40, / is %2F, # is %23, % is %25",
);
pub(super) const SOCKET: (Code, &str) = (
    Code::UnixSocket,
    "the string names no host, so that the driver looks for a socket of this machine, and no server has it",
);
pub(super) const POOLER_DOWN: (Code, &str) = (
    Code::ServerError,
    "the pooler cannot reach its own server: the pooler's log says why",
);
pub(super) const MACOS_RULES: (Code, &str) = (
    Code::ClientsDiffer,
    "macOS refuses certificates that are valid for more than 825 days, or without serverAuth or subjectAltName",
);
pub(super) const TCP_MEANT: (Code, &str) =
    (Code::UnixSocket, "TCP was meant: the string names no host");
pub(super) const SERVER_KEY_OPEN: (Code, &str) = (
    Code::KeyFilePermissions,
    "in the server's log: others may read ssl_key_file. It goes on with the old certificate, or does not start",
);
pub(super) const SERVER_KEY_CLOSED: (Code, &str) = (
    Code::ServerKeyFileInvalid,
    "in the server's log: the database user may not read ssl_key_file",
);
pub(super) const NAME_DISTRUSTED: (Code, &str) = (
    Code::HostNameMismatch,
    "in the server's log: the client refuses the server's certificate, often because of its name",
);
pub(super) const GO_DISTRUSTED: (Code, &str) = (
    Code::UnknownIssuer,
    "in the server's log: the client does not trust it. Go sends this alert whatever the fault is",
);
pub(super) const JAVA_DISTRUSTED: (Code, &str) = (
    Code::UnknownIssuer,
    "in the server's log: the client refuses the server's certificate. Java sends this alert whatever the fault is",
);
pub(super) const EXPIRY_DISTRUSTED: (Code, &str) = (
    Code::Expired,
    "in the server's log: the server's certificate has expired",
);
pub(super) const PURPOSE_DISTRUSTED: (Code, &str) = (
    Code::WrongPurpose,
    "in the server's log: the server's certificate is not for servers",
);
pub(super) const REVOKED_DISTRUSTED: (Code, &str) = (
    Code::Revoked,
    "in the server's log: the client's CRL lists the server's certificate",
);
pub(super) const KEY_DISTRUSTED: (Code, &str) = (
    Code::UnknownIssuer,
    "in the server's log: the client's root file has a CA of the right name, but with another key",
);
pub(super) const RULES_OR_ROLE: (Code, &str) = (
    Code::LoginFailed,
    "no line of pg_hba.conf lets this user in, or the role has no LOGIN right",
);
