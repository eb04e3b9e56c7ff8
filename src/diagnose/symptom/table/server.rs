//! Messages of the server and of poolers, in their logs or as their answer.

use super::row;
use crate::diagnose::Code;
use crate::diagnose::symptom::Symptom;
use crate::diagnose::symptom::causes::*;

#[rustfmt::skip] // One message a line.
pub(super) const ROWS: &[Symptom] = &[
    // Files and strings.
    row(POOLER, &["unsupported startup parameter"], &[(Code::UnknownKeyword, "a pooler takes only the parameters that it knows. Add others to ignore_startup_parameters in pgbouncer.ini")]),
    row(SERVER, &["private key file", "must be owned by the database user or root"], &[(Code::KeyFilePermissions, "in the server's log: its key file belongs to another user. It goes on with the old certificate, or does not start")]),
    row(SERVER, &["private key file", "cannot be reloaded because it requires a passphrase"], &[(Code::UnexpectedCertificate, "in the server's log: it still has the old certificate. Set ssl_passphrase_command_supports_reload = on, or restart it")]),
    row(SERVER, &["could not load server certificate file"], &[(Code::ServerCertFileInvalid, "in the server's log: it goes on with the old certificate, or does not start")]),
    row(SERVER, &["could not access private key file"], &[(Code::ServerKeyFileMissing, "in the server's log: it goes on with the old certificate, or does not start")]),
    row(SERVER, &["check of private key failed"], &[(Code::ServerKeyMismatch, "in the server's log: ssl_key_file belongs to another certificate")]),
    // The wire.
    row(POOLER, &["server refused ssl"], &[NO_TLS]),
    row(SERVER, &["unsupported frontend protocol 1234.5679"], &[NO_TLS]),
    row(SERVER, &["unsupported frontend protocol 1234.5680"], &[(Code::NotPostgres, "an old server or a pooler that does not know GSSAPI encryption: set gssencmode=disable")]),
    row(SERVER, &["could not accept ssl connection", "http request"], &[(Code::NotPostgres, "in the server's log: a program that speaks HTTP, often a health check, connects to PostgreSQL's port")]),
    row(SERVER, &["could not accept ssl connection", "wrong version number"], &[(Code::NotPostgres, "in the server's log: what came after the SSLRequest was no TLS, often from a health check or a port scanner")]),
    row(SERVER, &["could not accept ssl connection", "eof detected"], &[HUNG_UP, (Code::UnknownIssuer, "in the server's log: the client went away in the middle, often because it does not trust the certificate")]),
    row(SERVER, &["could not accept ssl connection", "connection reset by peer"], &[HUNG_UP, (Code::UnknownIssuer, "in the server's log: the client went away in the middle, often because it does not trust the certificate")]),
    row(SERVER, &["received direct ssl connection request without alpn"], &[(Code::TlsFailure, "in the server's log: the client speaks TLS at once, but does not offer the protocol name postgresql: a proxy or an old driver")]),
    row(SERVER, &["invalid length of startup packet"], &[(Code::NotPostgres, "in the server's log: a program that does not speak PostgreSQL, often a health check, or TLS without SSLRequest to a server older than 17")]),
    row(SERVER, &["endpoint id is not specified"], &[(Code::TlsAlert, "no name was sent as SNI: an old libpq, or an address as the host")]),
    row(SERVER, &["received unencrypted data after ssl request"], &[INJECTED]),
    row(SERVER, &["ssl is not supported by this build"], &[NO_TLS]),
    row(SERVER, &["hostssl record cannot match because ssl is disabled"], &[NO_TLS]),
    // Client certificates and logins.
    row(SERVER, &["connection requires a valid client certificate"], &[NEED_CERTIFICATE]),
    row(SERVER, &["certificate authentication failed for user"], &[OTHER_USER]),
    row(SERVER, &["no pg_hba.conf entry for", "no encryption"], &[PLAIN]),
    row(SERVER, &["no pg_hba.conf entry for", "ssl off"], &[PLAIN]),
    row(SERVER, &["no pg_hba.conf entry for"], &[PLAIN, RULES]),
    row(SERVER, &["pg_hba.conf rejects connection", "no encryption"], &[PLAIN]),
    row(SERVER, &["pg_hba.conf rejects connection"], &[RULES, PLAIN]),
    row(SERVER, &["ssl connection is required"], &[PLAIN]),
    row(SERVER, &["ssl connection required"], &[PLAIN]),
    row(POOLER, &["ssl required"], &[PLAIN]),
    row(SERVER, &["no pg_hba.conf entry for", "ssl encryption"], &[RULES]),
    row(SERVER, &["no pg_hba.conf entry for", "ssl on"], &[RULES]),
    row(SERVER, &["connection is insecure (try using"], &[PLAIN]),
    row(SERVER, &["password authentication failed"], &[RULES]),
    row(SERVER, &["tenant or user not found"], &[(Code::LoginFailed, "TLS works; Supabase's pooler wants the user as NAME.PROJECT")]),
    row(SERVER, &["scram channel binding check failed"], &[PROXY]),
    row(SERVER, &["too many clients already"], &[FULL]),
    row(SERVER, &["remaining connection slots are reserved"], &[FULL]),
    row(SERVER, &["too many connections for"], &[FULL]),
    row(SERVER, &["the database system is starting up"], &[DOWN]),
    row(SERVER, &["the database system is shutting down"], &[DOWN]),
    row(SERVER, &["the database system is in recovery mode"], &[DOWN]),
    row(SERVER, &["the database system is not yet accepting connections"], &[DOWN]),
    row(SERVER, &["terminating connection due to administrator command"], &[DOWN]),
    row(POOLER, &["no more connections allowed"], &[FULL]),
    row(POOLER, &["query_wait_timeout"], &[(Code::ServerError, "the pooler waited too long for a connection to its server")]),
    row(POOLER, &["server login has been failing"], &[(Code::ServerError, "the pooler cannot log in to its own server: its log says why")]),
    row(SERVER, &["ssl configuration was not reloaded"], &[(Code::UnexpectedCertificate, "the server still has the old certificate; the line above says why")]),
    row(SERVER, &["client certificate verification failed"], &[(Code::ClientCertRefused, "in the server's log: its ssl_ca_file does not accept the client's certificate")]),
    row(SERVER, &["provided user name", "authenticated user name", "do not match"], &[OTHER_USER]),
    row(SERVER, &["no match in usermap"], &[OTHER_USER]),
    row(SERVER, &["is not permitted to log in"], &[(Code::LoginFailed, "TLS works; the role has no LOGIN right")]),
    row(SERVER, &["role \"", "does not exist"], &[(Code::LoginFailed, "TLS works; the server has no such user")]),
    row(SERVER, &["database \"", "does not exist"], &[(Code::LoginFailed, "TLS works; the server has no such database")]),
];
