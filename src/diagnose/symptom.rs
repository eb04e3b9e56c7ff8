//! What a driver's error message means: which finding codes can be behind it.
//!
//! One row for each message, from what the drivers print. A message that several faults cause has several codes, most
//! likely first, each with what tells it apart.

use super::Code;

/// A message that a program prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symptom {
    /// Who prints it.
    pub said_by: &'static str,
    /// What is in it, in small letters. All parts must be there.
    parts: &'static [&'static str],
    /// What can be behind it, most likely first, and what shows that.
    pub causes: &'static [(Code, &'static str)],
}

impl Symptom {
    /// The most specific message of this text, whatever host names, paths and versions it has.
    pub fn of(text: &str) -> Option<&'static Self> {
        let bytes = text.as_bytes();
        let text = String::from_utf8_lossy(bytes.get(..MAX_TEXT).unwrap_or(bytes));
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words
            .join(" ")
            .to_lowercase()
            .replace("self signed", "self-signed");
        let length = |symptom: &&Self| symptom.parts.iter().map(|part| part.len()).sum::<usize>();
        SYMPTOMS
            .iter()
            .filter(|symptom| symptom.parts.iter().all(|part| text.contains(part)))
            .max_by_key(length)
    }
}

/// Bytes of a text that are looked at.
const MAX_TEXT: usize = 64 * 1024;

const LIBPQ: &str = "libpq (psql, psycopg, PHP, Ruby)";
const OPENSSL: &str = "OpenSSL, in psql, Python and others";
const PYTHON: &str = "Python's ssl (asyncpg, SQLAlchemy)";
const NODE: &str = "Node.js (node-postgres, postgres.js, Prisma)";
const GO: &str = "Go (pgx, lib/pq)";
const RUST: &str = "rustls (tokio-postgres, sqlx, Deno)";
const JAVA: &str = "Java (pgjdbc)";
const NET: &str = ".NET (Npgsql)";
const SERVER: &str = "the PostgreSQL server";
const ANY: &str = "any driver";
const PRISMA: &str = "Prisma";
const WINDOWS: &str = "Windows (Schannel), in .NET, Prisma and others";
const MACOS: &str = "macOS (Security framework), in Prisma, sqlx and others";
const POOLER: &str = "PgBouncer";
const ERLANG: &str = "Erlang and Elixir (Postgrex)";

const ISSUER: (Code, &str) = (
    Code::UnknownIssuer,
    "the client's root file lacks the root that signed the server's certificate",
);
const INTERMEDIATE: (Code, &str) = (
    Code::MissingIntermediate,
    "the server sends only its own certificate, not the intermediate",
);
const SELF: (Code, &str) = (Code::SelfSigned, "the server certificate signed itself");
const LEAF_EXPIRED: (Code, &str) = (Code::Expired, "the server certificate itself");
const MIDDLE_EXPIRED: (Code, &str) = (
    Code::IntermediateExpired,
    "an intermediate that the server sends",
);
const ROOT_EXPIRED: (Code, &str) = (Code::RootExpired, "the root in the client's file");
const EARLY: (Code, &str) = (
    Code::NotYetValid,
    "the certificate begins later, or this machine's clock is wrong",
);
const NAME: (Code, &str) = (
    Code::HostNameMismatch,
    "the host of the string is not among the certificate's names",
);
const NO_TLS: (Code, &str) = (
    Code::NoTls,
    "the server, or a pooler in front of it, has TLS switched off",
);
const HUNG_UP: (Code, &str) = (
    Code::Closed,
    "a proxy or load balancer hung up, or the server went away",
);
const ALIEN: (Code, &str) = (
    Code::NotPostgres,
    "something else than PostgreSQL answers on that port",
);
const VERSION: (Code, &str) = (
    Code::NoCommonVersion,
    "client and server have no TLS version in common",
);
const CIPHER: (Code, &str) = (
    Code::NoCommonCipher,
    "no cipher suite, group or signature in common",
);
const SNI: (Code, &str) = (
    Code::TlsAlert,
    "a proxy that routes by name does not know the host, or got no name",
);
const NEED_CERTIFICATE: (Code, &str) = (
    Code::ClientCertRequired,
    "the server wants a client certificate and got none",
);
const REFUSED_CERTIFICATE: (Code, &str) = (
    Code::ClientCertRefused,
    "the server refuses the client's certificate",
);
const ROOT_MISSING: (Code, &str) = (
    Code::RootFileMissing,
    "the file that sslrootcert names, or ~/.postgresql/root.crt, does not exist",
);
const ROOT_INVALID: (Code, &str) = (Code::RootFileInvalid, "the file exists, but is not PEM");
const MODE: (Code, &str) = (
    Code::InvalidValue,
    "the value of sslmode is not one of libpq's",
);
const PLAIN: (Code, &str) = (
    Code::WeakSslmode,
    "the client came without TLS (sslmode=disable, or the driver's default), or fell back after TLS failed (prefer, allow)",
);
const KEYWORD: (Code, &str) = (
    Code::UnknownKeyword,
    "the driver does not know a parameter of the string",
);
const RULES: (Code, &str) = (
    Code::LoginFailed,
    "TLS works; pg_hba.conf or the password is the problem",
);
const PROXY: (Code, &str) = (
    Code::TlsTerminatedInBetween,
    "something between client and server ends TLS",
);
const STRICT: (Code, &str) = (Code::ClientsDiffer, "this client is stricter than libpq");
const OWN_ROOT: (Code, &str) = (
    Code::UnknownIssuer,
    "a CA with the right name but another key is in the root file: it was created again",
);

const fn row(
    said_by: &'static str,
    parts: &'static [&'static str],
    causes: &'static [(Code, &'static str)],
) -> Symptom {
    Symptom {
        said_by,
        parts,
        causes,
    }
}

/// Every known message, one a line.
#[rustfmt::skip]
const SYMPTOMS: &[Symptom] = &[
    // Chains.
    row(OPENSSL, &["verify failed"], &[ISSUER, LEAF_EXPIRED, INTERMEDIATE, SELF, (Code::CrlMissing, "a CRL is in use (~/.postgresql/root.crl) and does not cover every CA")]),
    row(OPENSSL, &["unable to get local issuer certificate"], &[ISSUER, INTERMEDIATE]),
    row(OPENSSL, &["self-signed certificate in certificate chain"], &[ISSUER]),
    row(OPENSSL, &["self-signed certificate"], &[SELF]),
    row(OPENSSL, &["unable to get issuer certificate"], &[(Code::UnknownIssuer, "the root file contains only an intermediate, not the root above it")]),
    row(OPENSSL, &["unable to verify the first certificate"], &[INTERMEDIATE, ISSUER]),
    row(OPENSSL, &["certificate has expired"], &[LEAF_EXPIRED, MIDDLE_EXPIRED, ROOT_EXPIRED]),
    row(OPENSSL, &["certificate is not yet valid"], &[EARLY]),
    row(OPENSSL, &["unsuitable certificate purpose"], &[(Code::WrongPurpose, "the certificate is for clients only")]),
    row(OPENSSL, &["unsupported certificate purpose"], &[(Code::WrongPurpose, "the certificate is for clients only")]),
    row(OPENSSL, &["invalid ca certificate"], &[(Code::NotACa, "a certificate of the chain is not a CA"), STRICT]),
    row(OPENSSL, &["path length constraint exceeded"], &[(Code::PathLength, "a CA of the chain may not issue so many levels")]),
    row(OPENSSL, &["unable to get certificate crl"], &[(Code::CrlMissing, "a CRL is in use and does not cover every CA of the chain")]),
    row(OPENSSL, &["crl has expired"], &[(Code::CrlExpired, "the CRL is older than its nextUpdate")]),
    row(OPENSSL, &["certificate revoked"], &[(Code::Revoked, "the CRL lists the certificate")]),
    row(OPENSSL, &["ee key too small"], &[(Code::WeakKey, "RSA below 2048 bits")]),
    row(OPENSSL, &["certificate key too weak"], &[(Code::WeakKey, "RSA below 2048 bits")]),
    row(OPENSSL, &["ca md too weak"], &[(Code::WeakSignature, "signed with SHA-1 or MD5")]),
    row(OPENSSL, &["signature digest algorithm too weak"], &[(Code::WeakSignature, "signed with SHA-1 or MD5")]),
    row(OPENSSL, &["dh key too small"], &[(Code::WeakCipher, "the server's Diffie-Hellman parameters (ssl_dh_params_file) are below 2048 bits, and no ECDHE suite was agreed on")]),
    row(OPENSSL, &["ee key too small", "could not load server certificate"], &[(Code::WeakKey, "in the server's log: its own certificate has an RSA key below 2048 bits. It goes on with the old one, or does not start")]),
    row(OPENSSL, &["ca md too weak", "could not load server certificate"], &[(Code::WeakSignature, "in the server's log: its own certificate is signed with SHA-1 or MD5. It goes on with the old one, or does not start")]),
    row(PYTHON, &["missing authority key identifier"], &[STRICT]),
    row(PYTHON, &["basic constraints of ca cert not marked critical"], &[STRICT]),
    row(PYTHON, &["ca cert does not include key usage extension"], &[STRICT]),
    row(PYTHON, &["hostname mismatch, certificate is not valid for"], &[NAME]),
    row(PYTHON, &["ip address mismatch, certificate is not valid for"], &[NAME]),
    row(NODE, &["self_signed_cert_in_chain"], &[ISSUER]),
    row(NODE, &["unable_to_get_issuer_cert_locally"], &[ISSUER, INTERMEDIATE]),
    row(NODE, &["unable_to_get_issuer_cert"], &[(Code::UnknownIssuer, "the root file contains only an intermediate, not the root above it")]),
    row(NODE, &["unable_to_verify_leaf_signature"], &[INTERMEDIATE, ISSUER]),
    row(NODE, &["depth_zero_self_signed_cert"], &[SELF]),
    row(NODE, &["cert_has_expired"], &[LEAF_EXPIRED, MIDDLE_EXPIRED, ROOT_EXPIRED]),
    row(NODE, &["cert_not_yet_valid"], &[EARLY]),
    row(NODE, &["invalid_purpose"], &[(Code::WrongPurpose, "the certificate is for clients only")]),
    row(NODE, &["err_tls_cert_altname_invalid"], &[NAME]),
    row(NODE, &["does not match certificate's altnames"], &[NAME]),
    row(GO, &["x509: certificate signed by unknown authority"], &[ISSUER, INTERMEDIATE, SELF]),
    row(GO, &["x509: certificate signed by unknown authority", "while trying to verify candidate authority"], &[OWN_ROOT]),
    row(GO, &["x509: certificate has expired or is not yet valid"], &[LEAF_EXPIRED, ROOT_EXPIRED, EARLY]),
    row(GO, &["x509: certificate has expired or is not yet valid", "is before"], &[EARLY]),
    row(GO, &["x509: certificate is valid for", ", not"], &[NAME]),
    row(GO, &["x509: certificate is not valid for any names"], &[NAME]),
    row(GO, &["x509: cannot validate certificate for", "doesn't contain any ip sans"], &[NAME]),
    row(GO, &["relies on legacy common name field"], &[(Code::NoSan, "the certificate has a CN, but no subjectAltName")]),
    row(GO, &["specifies an incompatible key usage"], &[(Code::WrongPurpose, "the certificate is for clients only")]),
    row(GO, &["parent certificate cannot sign this kind of certificate"], &[(Code::NotACa, "a certificate of the chain is not a CA")]),
    row(GO, &["too many intermediates for path length constraint"], &[(Code::PathLength, "a CA of the chain may not issue so many levels")]),
    row(GO, &["x509: unhandled critical extension"], &[(Code::UnknownCriticalExtension, "the certificate has an extension that Go does not know, and that must not be ignored")]),
    row(GO, &["tls: failed to verify certificate"], &[ISSUER, NAME, LEAF_EXPIRED]),
    row(GO, &["x509: cannot verify signature", "insecure algorithm"], &[(Code::WeakSignature, "signed with SHA-1 or MD5")]),
    row(GO, &["x509: cannot verify signature: algorithm unimplemented"], &[(Code::UnsupportedAlgorithm, "Go cannot check the signature (RSA-PSS, Ed448)")]),
    row(GO, &["couldn't parse pem from sslrootcert"], &[ROOT_INVALID]),
    row(GO, &["unable to add ca to cert pool"], &[ROOT_INVALID]),
    row(RUST, &["invalid peer certificate: unknownissuer"], &[ISSUER, INTERMEDIATE]),
    row(RUST, &["causedasendentity"], &[(Code::CaAsLeaf, "the server certificate says CA:TRUE")]),
    row(RUST, &["unsupportedcertversion"], &[(Code::X509V1, "the certificate is X.509 version 1")]),
    row(RUST, &["invalid peer certificate: badsignature"], &[OWN_ROOT, (Code::WeakKey, "RSA below 2048 bits")]),
    row(RUST, &["certificate expired: verification time"], &[LEAF_EXPIRED, MIDDLE_EXPIRED]),
    row(RUST, &["invalid peer certificate: expired"], &[LEAF_EXPIRED, MIDDLE_EXPIRED]),
    row(RUST, &["invalid peer certificate: notvalidforname"], &[NAME]),
    row(RUST, &["certificate not valid for name"], &[NAME]),
    row(RUST, &["is not valid for any names (according to its subjectaltname"], &[(Code::NoSan, "the certificate has no subjectAltName"), NAME]),
    row(RUST, &["does not allow extended key usage for server authentication"], &[(Code::WrongPurpose, "the certificate is for clients only")]),
    row(RUST, &["unsupportedsignaturealgorithm"], &[(Code::UnsupportedAlgorithm, "rustls cannot check the signature")]),
    row(RUST, &["endentityusedasca"], &[(Code::NotACa, "a certificate of the chain is not a CA")]),
    row(RUST, &["pathlenconstraintviolated"], &[(Code::PathLength, "a CA of the chain may not issue so many levels")]),
    row(MACOS, &["certificate was not trusted"], &[ISSUER, NAME, (Code::ClientsDiffer, "macOS refuses certificates that are valid for more than 825 days")]),
    row(MACOS, &["bad certificate format"], &[ISSUER, NAME, LEAF_EXPIRED]),
    row(WINDOWS, &["issued by an authority that is not trusted"], &[ISSUER, INTERMEDIATE, SELF]),
    row(WINDOWS, &["certificate chain processed, but terminated in a root certificate"], &[ISSUER]),
    row(WINDOWS, &["cn name does not match the passed value"], &[NAME]),
    row(WINDOWS, &["target principal name is incorrect"], &[NAME]),
    row(WINDOWS, &["received certificate has expired"], &[LEAF_EXPIRED, MIDDLE_EXPIRED]),
    row(WINDOWS, &["unable to check revocation because the revocation server was offline"], &[(Code::ClientsDiffer, "Windows asks the CA's own server about revocation, and cannot reach it. libpq does not ask")]),
    row(PRISMA, &["error opening a tls connection"], &[ISSUER, NAME, LEAF_EXPIRED, VERSION]),
    row(JAVA, &["pkix path building failed"], &[ISSUER, INTERMEDIATE]),
    row(JAVA, &["pkix path validation failed"], &[LEAF_EXPIRED, OWN_ROOT]),
    row(JAVA, &["pkix path validation failed", "validity check failed"], &[LEAF_EXPIRED, MIDDLE_EXPIRED]),
    row(JAVA, &["does not chain with any of the trust anchors"], &[OWN_ROOT]),
    row(JAVA, &["unable to find valid certification path to requested target"], &[ISSUER, INTERMEDIATE]),
    row(JAVA, &["this is not a ca certificate"], &[(Code::NotACa, "a certificate of the chain is not a CA")]),
    row(JAVA, &["algorithm constraints check failed"], &[(Code::WeakSignature, "signed with SHA-1 or MD5"), (Code::WeakKey, "a key that Java's policy (jdk.certpath.disabledAlgorithms) refuses")]),
    row(JAVA, &["no appropriate protocol"], &[VERSION, CIPHER]),
    row(JAVA, &["could not be verified by hostnameverifier"], &[NAME]),
    row(JAVA, &["no subject alternative", "found"], &[NAME, (Code::NoSan, "the certificate has no subjectAltName")]),
    row(JAVA, &["keyusage does not allow digital signatures"], &[(Code::KeyUsage, "keyUsage lacks digitalSignature")]),
    row(JAVA, &["extended key usage does not permit use for tls server authentication"], &[(Code::WrongPurpose, "the certificate is for clients only")]),
    row(JAVA, &["could not open ssl root certificate file"], &[ROOT_MISSING]),
    row(JAVA, &["trustanchors parameter must be non-empty"], &[ROOT_INVALID]),
    row(JAVA, &["could not read ssl key file"], &[(Code::ClientKeyFileInvalid, "pgjdbc wants PKCS#8 (.pk8) or PKCS#12 (.p12)")]),
    row(NET, &["rejected by the provided remotecertificatevalidationcallback"], &[ISSUER, NAME, INTERMEDIATE]),
    row(NET, &["remote certificate is invalid according to the validation procedure"], &[ISSUER, NAME, INTERMEDIATE]),
    row(NET, &["remotecertificatenamemismatch"], &[NAME]),
    row(NET, &["remotecertificatechainerrors"], &[ISSUER, LEAF_EXPIRED]),
    row(NET, &["partialchain"], &[INTERMEDIATE, ISSUER]),
    row(NET, &["untrustedroot"], &[ISSUER]),
    row(NET, &["exception while performing ssl handshake"], &[ISSUER, NAME, LEAF_EXPIRED, VERSION]),
    row(NET, &["notsignaturevalid"], &[OWN_ROOT]),
    row(NET, &["nottimevalid"], &[LEAF_EXPIRED, ROOT_EXPIRED, EARLY]),
    row(ERLANG, &["missing_subject_altnames"], &[(Code::NoSan, "the certificate has no subjectAltName")]),
    row(ERLANG, &["hostname_check_failed"], &[NAME]),
    row(ERLANG, &["verify_peer", "cacerts", "undefined"], &[(Code::RootFileMissing, "since OTP 26 the certificate is verified, and no CA is given: set ssl: [cacertfile: ...] or cacerts")]),
    row(ERLANG, &["bad_certificate", "cert_expired"], &[LEAF_EXPIRED]),
    row(ERLANG, &["unknown_ca"], &[ISSUER]),
    // Names.
    row(LIBPQ, &["server certificate for", "does not match host name"], &[NAME]),
    row(LIBPQ, &["host name must be specified for a verified ssl connection"], &[(Code::BadConninfo, "hostaddr is set, host is not")]),
    // Files and strings.
    row(LIBPQ, &["root certificate file", "does not exist"], &[ROOT_MISSING, (Code::SystemRoots, "the file is called \"system\": libpq older than 16 does not know that word")]),
    row(LIBPQ, &["could not get home directory to locate root certificate file"], &[ROOT_MISSING]),
    row(PYTHON, &["cannot determine location of user postgresql configuration directory"], &[ROOT_MISSING]),
    row(NODE, &["enoent", "open 'system'"], &[(Code::SystemRoots, "the driver takes sslrootcert=system for a file of that name")]),
    row(NODE, &["enoent", ".crt"], &[ROOT_MISSING]),
    row(NODE, &["enoent", ".pem"], &[ROOT_MISSING]),
    row(LIBPQ, &["could not read root certificate file"], &[ROOT_INVALID]),
    row(LIBPQ, &["no certificate or crl found"], &[ROOT_INVALID]),
    row(LIBPQ, &["weak sslmode", "may not be used with sslrootcert=system"], &[(Code::WeakSslmode, "sslrootcert=system needs sslmode=verify-full")]),
    row(LIBPQ, &["has group or world access"], &[(Code::KeyFilePermissions, "others may read the private key")]),
    row(LIBPQ, &["could not open certificate file", "permission denied"], &[(Code::ClientCertFileInvalid, "this user may not search the directory, often because HOME is another user's")]),
    row(LIBPQ, &["certificate present, but not private key file"], &[(Code::ClientKeyFileMissing, "sslcert is set, its key is missing")]),
    row(LIBPQ, &["could not load private key file", "key values mismatch"], &[(Code::ClientKeyMismatch, "the key belongs to another certificate")]),
    row(LIBPQ, &["certificate does not match private key file"], &[(Code::ClientKeyMismatch, "the key belongs to another certificate")]),
    row(LIBPQ, &["could not load private key file"], &[(Code::ClientKeyFileInvalid, "another format, or a passphrase")]),
    row(LIBPQ, &["could not read certificate file"], &[(Code::ClientCertFileInvalid, "it is not PEM")]),
    row(LIBPQ, &["invalid sslmode value"], &[MODE]),
    row(LIBPQ, &["sslmode value", "invalid when ssl support is not compiled in"], &[(Code::ClientsDiffer, "this libpq was built without TLS: install one with it"), MODE]),
    row(PYTHON, &["sslmode", "parameter must be one of"], &[MODE]),
    row(RUST, &["invalid value for option", "sslmode"], &[MODE]),
    row(GO, &["wrong value for", "sslmode"], &[MODE]),
    row(GO, &["sslmode is invalid"], &[MODE]),
    row(GO, &["unsupported sslmode"], &[MODE]),
    row(RUST, &["unknown value", "ssl_mode"], &[MODE]),
    row(LIBPQ, &["invalid connection option"], &[KEYWORD]),
    row(POOLER, &["unsupported startup parameter"], &[(Code::UnknownKeyword, "a pooler takes only the parameters that it knows. Add others to ignore_startup_parameters in pgbouncer.ini")]),
    row(LIBPQ, &["invalid uri query parameter"], &[KEYWORD, (Code::NewerLibpq, "the parameter is newer than this libpq")]),
    row("Python (asyncpg under SQLAlchemy)", &["connect() got an unexpected keyword argument 'sslmode'"], &[(Code::UnknownKeyword, "asyncpg takes ssl=require, or connect_args")]),
    row(LIBPQ, &["missing \"=\" after"], &[(Code::BadConninfo, "a word without its keyword, often a URL with another scheme")]),
    row(LIBPQ, &["unterminated quoted string in connection info string"], &[(Code::BadConninfo, "a quote is not closed")]),
    row(NET, &["to validate server certificates, please use verifyfull or verifyca instead of require"], &[(Code::WeakSslmode, "Npgsql 6 and 7 want SSL Mode=VerifyFull, or Trust Server Certificate=true")]),
    // The wire.
    row(LIBPQ, &["server does not support ssl, but ssl was required"], &[NO_TLS]),
    row(NODE, &["the server does not support ssl connections"], &[NO_TLS]),
    row(JAVA, &["the server does not support ssl"], &[NO_TLS]),
    row(JAVA, &["unsupported or unrecognized ssl message"], &[ALIEN, NO_TLS]),
    row(JAVA, &["remote host terminated the handshake"], &[HUNG_UP, NEED_CERTIFICATE, SNI]),
    row(ERLANG, &["ssl not available"], &[NO_TLS]),
    row(POOLER, &["server refused ssl"], &[NO_TLS]),
    row(SERVER, &["unsupported frontend protocol 1234.5679"], &[NO_TLS]),
    row(SERVER, &["unsupported frontend protocol 1234.5680"], &[(Code::NotPostgres, "an old server or a pooler that does not know GSSAPI encryption: set gssencmode=disable")]),
    row(SERVER, &["could not accept ssl connection", "http request"], &[(Code::NotPostgres, "in the server's log: a program that speaks HTTP, often a health check, connects to PostgreSQL's port")]),
    row(SERVER, &["could not accept ssl connection", "wrong version number"], &[(Code::NotPostgres, "in the server's log: what came after the SSLRequest was no TLS, often from a health check or a port scanner")]),
    row(SERVER, &["could not accept ssl connection", "eof detected"], &[HUNG_UP, (Code::UnknownIssuer, "in the server's log: the client went away in the middle, often because it does not trust the certificate")]),
    row(SERVER, &["could not accept ssl connection", "connection reset by peer"], &[HUNG_UP, (Code::UnknownIssuer, "in the server's log: the client went away in the middle, often because it does not trust the certificate")]),
    row(SERVER, &["received direct ssl connection request without alpn"], &[(Code::TlsFailure, "in the server's log: the client speaks TLS at once, but does not offer the protocol name postgresql: a proxy or an old driver")]),
    row(SERVER, &["invalid length of startup packet"], &[(Code::NotPostgres, "in the server's log: a program that does not speak PostgreSQL, often a health check, or TLS without SSLRequest to a server older than 17")]),
    row(GO, &["first record does not look like a tls handshake"], &[ALIEN]),
    row(PYTHON, &["wrong_version_number"], &[ALIEN, NO_TLS]),
    row(OPENSSL, &["wrong version number"], &[ALIEN, NO_TLS]),
    row(OPENSSL, &["packet length too long"], &[ALIEN]),
    row(RUST, &["received corrupt message of type invalidcontenttype"], &[ALIEN]),
    row(LIBPQ, &["no ssl error reported"], &[HUNG_UP]),
    row(GO, &["ssl is not enabled on the server"], &[NO_TLS, ALIEN]),
    row(GO, &["server refused tls connection"], &[NO_TLS, ALIEN]),
    row(NET, &["no ssl enabled connection from this host is configured"], &[NO_TLS]),
    row(PYTHON, &["rejected ssl upgrade"], &[NO_TLS]),
    row(RUST, &["server does not support tls"], &[NO_TLS]),
    row(NODE, &["there was an error establishing an ssl connection"], &[ALIEN]),
    row(NODE, &["client network socket disconnected before secure tls connection was established"], &[NO_TLS, HUNG_UP]),
    row(NODE, &["connection terminated unexpectedly"], &[HUNG_UP]),
    row(PYTHON, &["unexpected connection_lost() call"], &[HUNG_UP]),
    row(PYTHON, &["connection was closed in the middle of operation"], &[NEED_CERTIFICATE, HUNG_UP]),
    row(RUST, &["unexpected response from sslrequest"], &[ALIEN, HUNG_UP]),
    row(LIBPQ, &["received invalid response to ssl negotiation"], &[ALIEN]),
    row(LIBPQ, &["received invalid response to gssapi negotiation"], &[(Code::NotPostgres, "a pooler that does not know GSSAPI: set gssencmode=disable")]),
    row(LIBPQ, &["server sent an error response during ssl exchange"], &[(Code::ServerError, "the server is full or starting up; its log has the text")]),
    row(LIBPQ, &["server closed the connection unexpectedly"], &[HUNG_UP, (Code::ServerError, "the server went down")]),
    row(LIBPQ, &["unexpected eof while reading"], &[HUNG_UP, SNI]),
    row(LIBPQ, &["ssl syscall error: eof detected"], &[HUNG_UP]),
    row(LIBPQ, &["ssl connection has been closed unexpectedly"], &[HUNG_UP]),
    row(LIBPQ, &["direct ssl connection was established without alpn"], &[(Code::TlsFailure, "a TLS server that is not PostgreSQL 17 or newer")]),
    row(OPENSSL, &["alert protocol version"], &[VERSION]),
    row(OPENSSL, &["unsupported protocol"], &[VERSION]),
    row(OPENSSL, &["no protocols available"], &[VERSION]),
    row(OPENSSL, &["tlsv1 alert insufficient security"], &[CIPHER]),
    row(OPENSSL, &["no shared cipher"], &[CIPHER]),
    row(OPENSSL, &["no suitable signature algorithm"], &[CIPHER]),
    row(OPENSSL, &["unsafe legacy renegotiation disabled"], &[(Code::InsecureRenegotiation, "a very old server or proxy does not know secure renegotiation")]),
    row(GO, &["server selected unsupported protocol version"], &[VERSION]),
    row(GO, &["remote error: tls: protocol version not supported"], &[VERSION]),
    row(GO, &["remote error: tls: handshake failure"], &[CIPHER, NEED_CERTIFICATE, SNI]),
    row(GO, &["remote error: tls: unrecognized name"], &[SNI]),
    row(GO, &["remote error: tls: certificate required"], &[NEED_CERTIFICATE]),
    row(GO, &["remote error: tls: unknown certificate authority"], &[(Code::ClientCertRefused, "printed by the client: its certificate's CA is not in the server's ssl_ca_file")]),
    row(GO, &["remote error: tls: bad certificate"], &[REFUSED_CERTIFICATE, NEED_CERTIFICATE]),
    row(WINDOWS, &["do not possess a common algorithm"], &[VERSION, CIPHER]),
    row(NODE, &["bad protocol version"], &[VERSION]),
    row(JAVA, &["received fatal alert: protocol_version"], &[VERSION]),
    row(RUST, &["received fatal alert: protocolversion"], &[VERSION]),
    row(NET, &["-2146893018"], &[VERSION, CIPHER]),
    row(OPENSSL, &["alert handshake failure"], &[CIPHER, NEED_CERTIFICATE, SNI]),
    row(RUST, &["received fatal alert: handshakefailure"], &[CIPHER, NEED_CERTIFICATE, SNI]),
    row(JAVA, &["received fatal alert: handshake_failure"], &[CIPHER, NEED_CERTIFICATE, SNI]),
    row(OPENSSL, &["alert unrecognized name"], &[SNI]),
    row(SERVER, &["endpoint id is not specified"], &[(Code::TlsAlert, "no name was sent as SNI: an old libpq, or an address as the host")]),
    // Client certificates and logins.
    row(SERVER, &["connection requires a valid client certificate"], &[NEED_CERTIFICATE]),
    row(OPENSSL, &["alert certificate required"], &[NEED_CERTIFICATE]),
    row(OPENSSL, &["alert unknown ca"], &[(Code::ClientCertRefused, "printed by the client: its certificate's CA is not in the server's ssl_ca_file"), (Code::UnknownIssuer, "in the server's log: the client does not trust the server's certificate")]),
    row(OPENSSL, &["alert bad certificate"], &[REFUSED_CERTIFICATE, (Code::HostNameMismatch, "in the server's log: the client refused the server's certificate")]),
    row(OPENSSL, &["alert certificate unknown"], &[REFUSED_CERTIFICATE, (Code::UnknownIssuer, "in the server's log: the client refused the server's certificate")]),
    row(OPENSSL, &["alert certificate expired"], &[(Code::ClientCertRefused, "printed by the client: its certificate has expired"), (Code::Expired, "in the server's log: the server's certificate has expired")]),
    row(OPENSSL, &["alert unsupported certificate"], &[REFUSED_CERTIFICATE]),
    row(SERVER, &["certificate authentication failed for user"], &[(Code::LoginFailed, "the certificate's CN is not the user, and no map in pg_ident.conf says otherwise")]),
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
    row(LIBPQ, &["authentication method requirement", "failed"], &[(Code::LoginFailed, "TLS works; the server's method is not in require_auth of the string")]),
    row(SERVER, &["scram channel binding check failed"], &[PROXY]),
    row(LIBPQ, &["scram-sha-256-plus", "over a non-ssl connection"], &[PROXY]),
    row(LIBPQ, &["channel binding", "required, but"], &[PROXY, (Code::NoChannelBinding, "the certificate is signed with Ed25519")]),
    row(LIBPQ, &["could not find digest for nid"], &[(Code::NoChannelBinding, "the certificate's signature has no hash for channel binding (Ed25519, ML-DSA)")]),
    row(SERVER, &["too many clients already"], &[(Code::ServerError, "the server is full")]),
    row(SERVER, &["the database system is starting up"], &[(Code::ServerError, "wait until it is up")]),
    row(SERVER, &["ssl configuration was not reloaded"], &[(Code::UnexpectedCertificate, "the server still has the old certificate; the line above says why")]),
    // The network.
    row(LIBPQ, &["could not translate host name"], &[(Code::Dns, "the name does not resolve")]),
    row(ANY, &["enotfound"], &[(Code::Dns, "the name does not resolve")]),
    row(ANY, &["no such host"], &[(Code::Dns, "the name does not resolve")]),
    row(ANY, &["eai_again"], &[(Code::Dns, "the resolver does not answer")]),
    row(ANY, &["temporary failure in name resolution"], &[(Code::Dns, "the resolver does not answer")]),
    row(ANY, &["getaddrinfo failed"], &[(Code::Dns, "the name does not resolve")]),
    row(ANY, &["nodename nor servname provided"], &[(Code::Dns, "the name does not resolve")]),
    row(JAVA, &["unknownhostexception"], &[(Code::Dns, "the name does not resolve")]),
    row(JAVA, &["refused. check that the hostname and port are correct"], &[(Code::Refused, "no server listens there")]),
    row(PRISMA, &["can't reach database server at"], &[(Code::Refused, "no server listens there"), (Code::Dns, "the name does not resolve"), (Code::Timeout, "packets are dropped on the way, or the database was asleep: Prisma waits 5 seconds, connect_timeout=30 waits longer")]),
    row(ANY, &["name or service not known"], &[(Code::Dns, "the name does not resolve")]),
    row(ANY, &["connection refused"], &[(Code::Refused, "no server listens there")]),
    row(ANY, &["econnrefused"], &[(Code::Refused, "no server listens there")]),
    row(ANY, &["timeout expired"], &[(Code::Timeout, "packets are dropped on the way")]),
    row(ANY, &["connection timed out"], &[(Code::Timeout, "packets are dropped on the way")]),
    row(ANY, &["etimedout"], &[(Code::Timeout, "packets are dropped on the way")]),
    row(ANY, &["i/o timeout"], &[(Code::Timeout, "packets are dropped on the way")]),
    row(ANY, &["context deadline exceeded"], &[(Code::Timeout, "packets are dropped on the way")]),
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The page of all messages, by who prints them.
    fn page() -> String {
        let mut page = String::from(
            "# Error messages of drivers\n\n\
             What a message can mean, most likely first. Give `pgtls explain` the whole message, with hosts and paths, and it\n\
             finds the row; `pgtls check` with the same connection string then tells which cause it is. The words stand in small\n\
             letters here. `...` is what differs from case to case. A test writes this page from the table that\n\
             `pgtls explain` uses.\n",
        );
        let mut speakers: Vec<&str> = SYMPTOMS.iter().map(|symptom| symptom.said_by).collect();
        speakers.sort_unstable();
        speakers.dedup();
        for speaker in speakers {
            page += &format!("\n## {speaker}\n\n| message | finding codes |\n| --- | --- |\n");
            let mut rows: Vec<&Symptom> = SYMPTOMS
                .iter()
                .filter(|symptom| symptom.said_by == speaker)
                .collect();
            rows.sort_unstable_by_key(|symptom| symptom.parts);
            for symptom in rows {
                let causes: Vec<String> = symptom
                    .causes
                    .iter()
                    .map(|(code, what)| format!("`{}`: {what}", code.name()))
                    .collect();
                page += &format!(
                    "| `{}` | {} |\n",
                    symptom.parts.join(" ... "),
                    causes.join("<br>")
                );
            }
        }
        page
    }

    /// `PGTLS_UPDATE_DOCS=1 cargo test --lib symptom` writes it.
    #[test]
    fn the_page_of_messages_is_current() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/messages.md");
        if std::env::var_os("PGTLS_UPDATE_DOCS").is_some() {
            fs::write(&file, page()).unwrap();
        }
        assert_eq!(fs::read_to_string(file).unwrap_or_default(), page());
    }

    #[test]
    fn every_row_finds_itself_and_has_a_cause() {
        for symptom in SYMPTOMS {
            let text = symptom.parts.join(" x ");
            assert_eq!(text, text.to_lowercase());
            assert!(!symptom.causes.is_empty(), "{text}");
            // A more specific row would hide it.
            let found = Symptom::of(&text).unwrap();
            assert_eq!(found.causes, symptom.causes, "{text}");
        }
    }

    /// As the drivers print them, with hosts, paths and versions of all kinds.
    #[test]
    #[rustfmt::skip] // One message a line.
    fn the_messages_of_drivers_are_recognised() {
        let mut wrong = Vec::new();
        for (text, code) in [
            ("psql: error: connection to server at \"db.x\" (10.0.0.1), port 5432 failed: SSL error: certificate verify failed", Code::UnknownIssuer),
            ("SSL error: certificate verify failed: unable to get local issuer certificate", Code::UnknownIssuer),
            ("root certificate file \"/nonexistent/.postgresql/root.crt\" does not exist\nEither provide the file, use the system's trusted roots", Code::RootFileMissing),
            ("could not read root certificate file \"C:/x.crt\": no certificate or crl found", Code::RootFileInvalid),
            ("weak sslmode \"require\" may not be used with sslrootcert=system (use \"verify-full\")", Code::WeakSslmode),
            ("server certificate for \"db.internal\" (and 1 other name) does not match host name \"x\"", Code::HostNameMismatch),
            ("server does not support SSL, but SSL was required", Code::NoTls),
            ("received invalid response to SSL negotiation: H", Code::NotPostgres),
            ("server closed the connection unexpectedly\n\tThis probably means", Code::Closed),
            ("SSL error: tlsv1 alert protocol version", Code::NoCommonVersion),
            ("SSL error: sslv3 alert handshake failure", Code::NoCommonCipher),
            ("SSL error: tlsv13 alert certificate required", Code::ClientCertRequired),
            ("FATAL:  connection requires a valid client certificate", Code::ClientCertRequired),
            ("SSL error: tlsv1 alert unknown ca", Code::ClientCertRefused),
            ("private key file \"/k\" has group or world access; file must have permissions u=rw (0600) or less", Code::KeyFilePermissions),
            ("could not load private key file \"/k\": key values mismatch", Code::ClientKeyMismatch),
            ("could not open certificate file \"/root/.postgresql/postgresql.crt\": Permission denied", Code::ClientCertFileInvalid),
            ("invalid sslmode value: \"required\"", Code::InvalidValue),
            ("invalid connection option \"sslmod\"", Code::UnknownKeyword),
            ("could not translate host name \"h\" to address: Name or service not known", Code::Dns),
            ("FATAL: no pg_hba.conf entry for host \"1.2.3.4\", user \"u\", database \"d\", no encryption", Code::WeakSslmode),
            ("no pg_hba.conf entry for host \"1.2.3.4\", user \"u\", database \"d\", SSL on", Code::LoginFailed),
            ("FATAL: SCRAM channel binding check failed", Code::TlsTerminatedInBetween),
            ("could not find digest for NID UNDEF", Code::NoChannelBinding),
            ("Error: self signed certificate in certificate chain\n code: 'SELF_SIGNED_CERT_IN_CHAIN'", Code::UnknownIssuer),
            ("UNABLE_TO_VERIFY_LEAF_SIGNATURE", Code::MissingIntermediate),
            ("Error: unable to verify the first certificate", Code::MissingIntermediate),
            ("DEPTH_ZERO_SELF_SIGNED_CERT self-signed certificate", Code::SelfSigned),
            ("Hostname/IP does not match certificate's altnames: Host: x. is not in the cert's altnames: DNS:y", Code::HostNameMismatch),
            ("Error: The server does not support SSL connections", Code::NoTls),
            ("tls: failed to verify certificate: x509: certificate signed by unknown authority", Code::UnknownIssuer),
            ("x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\" while trying to verify candidate authority certificate \"R\")", Code::UnknownIssuer),
            ("x509: certificate is valid for a.b, c.d, not e.f", Code::HostNameMismatch),
            ("x509: certificate relies on legacy Common Name field, use SANs instead", Code::NoSan),
            ("x509: certificate has expired or is not yet valid: current time 2026-11-27T10:00:00Z is after 2026-01-01T00:00:00Z", Code::Expired),
            ("pq: SSL is not enabled on the server", Code::NoTls),
            ("tls error: server refused TLS connection", Code::NoTls),
            ("invalid peer certificate: UnknownIssuer", Code::UnknownIssuer),
            ("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", Code::CaAsLeaf),
            ("invalid peer certificate: Other(OtherError(UnsupportedCertVersion))", Code::X509V1),
            ("certificate not valid for name \"x\"; certificate is only valid for DnsName(\"y\")", Code::HostNameMismatch),
            ("javax.net.ssl.SSLHandshakeException: PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target", Code::UnknownIssuer),
            ("PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed", Code::Expired),
            ("org.postgresql.util.PSQLException: Could not open SSL root certificate file /root/.postgresql/root.crt.", Code::RootFileMissing),
            ("The hostname x could not be verified by hostnameverifier PgjdbcHostnameVerifier.", Code::HostNameMismatch),
            ("The remote certificate was rejected by the provided RemoteCertificateValidationCallback.", Code::UnknownIssuer),
            ("The remote certificate is invalid because of errors in the certificate chain: PartialChain", Code::MissingIntermediate),
            ("SSL connection requested. No SSL enabled connection from this host is configured.", Code::NoTls),
            ("TypeError: connect() got an unexpected keyword argument 'sslmode'", Code::UnknownKeyword),
            ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for 'x'. (_ssl.c:1006)", Code::HostNameMismatch),
            ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)", Code::Expired),
            ("ConnectionError: PostgreSQL server at \"h:5432\" rejected SSL upgrade", Code::NoTls),
            ("connect ECONNREFUSED 127.0.0.1:5432", Code::Refused),
            ("dial tcp 10.0.0.1:5432: i/o timeout", Code::Timeout),
            ("error occurred while attempting to establish a TLS connection: server does not support TLS", Code::NoTls),
            ("psycopg2.OperationalError: sslmode value \"verify-full\" invalid when SSL support is not compiled in", Code::ClientsDiffer),
            ("org.postgresql.util.PSQLException: FATAL: no pg_hba.conf entry for host \"1.2.3.4\", user \"u\", database \"d\"", Code::WeakSslmode),
            ("FATAL: pg_hba.conf rejects connection for host \"1.2.3.4\", user \"u\", database \"d\", SSL encryption", Code::LoginFailed),
            ("FATAL: pg_hba.conf rejects connection for host \"1.2.3.4\", user \"u\", database \"d\", no encryption", Code::WeakSslmode),
            ("FATAL: SSL connection is required. Please specify SSL options and retry.", Code::WeakSslmode),
            ("pgbouncer cannot connect to server: server refused SSL", Code::NoTls),
            ("ERROR: FATAL: SSL required", Code::WeakSslmode),
            ("FATAL: unsupported startup parameter: extra_float_digits", Code::UnknownKeyword),
            ("FATAL: unsupported frontend protocol 1234.5680: server supports 2.0 to 3.0", Code::NotPostgres),
            ("FATAL: unsupported frontend protocol 1234.5679: server supports 1.0 to 3.0", Code::NoTls),
            ("javax.net.ssl.SSLHandshakeException: No appropriate protocol (protocol is disabled or cipher suites are inappropriate)", Code::NoCommonVersion),
            ("javax.net.ssl.SSLException: Unsupported or unrecognized SSL message", Code::NotPostgres),
            ("java.net.UnknownHostException: db.internal", Code::Dns),
            ("Connection to localhost:5432 refused. Check that the hostname and port are correct and that the postmaster is accepting TCP/IP connections.", Code::Refused),
            ("error:0A00018A:SSL routines:tls_process_ske_dhe:dh key too small", Code::WeakCipher),
            ("LOG:  could not load server certificate file \"server.crt\": ee key too small", Code::WeakKey),
            ("LOG:  could not load server certificate file \"server.crt\": ca md too weak", Code::WeakSignature),
            ("LOG:  could not accept SSL connection: http request", Code::NotPostgres),
            ("LOG:  could not accept SSL connection: tlsv1 alert unknown ca", Code::ClientCertRefused),
            ("LOG:  invalid length of startup packet", Code::NotPostgres),
            ("LOG:  received direct SSL connection request without ALPN protocol negotiation extension", Code::TlsFailure),
            ("Can't reach database server at `db.internal`:`5432`", Code::Refused),
            ("P1011: Error opening a TLS connection: bad certificate format", Code::UnknownIssuer),
            ("Error opening a TLS connection: The certificate was not trusted.", Code::UnknownIssuer),
            ("Error opening a TLS connection: A certificate chain processed, but terminated in a root certificate which is not trusted by the trust provider. (os error -2146762487)", Code::UnknownIssuer),
            ("The certificate's CN name does not match the passed value. (os error -2146762481)", Code::HostNameMismatch),
            ("Npgsql.NpgsqlException (0x80004005): Exception while performing SSL handshake", Code::UnknownIssuer),
            ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Basic Constraints of CA cert not marked critical (_ssl.c:1032)", Code::ClientsDiffer),
            ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", Code::NotPostgres),
            ("Error: ENOENT: no such file or directory, open 'system'", Code::SystemRoots),
            ("Error: ENOENT: no such file or directory, open '/etc/certs/root.crt'", Code::RootFileMissing),
            ("Error: getaddrinfo EAI_AGAIN db", Code::Dns),
            ("remote error: tls: bad certificate", Code::ClientCertRefused),
            ("tls: first record does not look like a TLS handshake", Code::NotPostgres),
            ("** (Postgrex.Error) ssl not available", Code::NoTls),
            ("{:options, :incompatible, [verify: :verify_peer, cacerts: :undefined]}", Code::RootFileMissing),
            ("SSL error: unsafe legacy renegotiation disabled", Code::InsecureRenegotiation),
            ("SSL SYSCALL error: no SSL error reported", Code::Closed),
        ] {
            let found = Symptom::of(text).map(|found| found.causes[0].0);
            if found != Some(code) {
                wrong.push(format!("{text}: {found:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        for text in ["", "hello", "syntax error at or near \"SELEC\""] {
            assert_eq!(Symptom::of(text), None, "{text}");
        }
    }
}
