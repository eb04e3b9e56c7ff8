//! The catalogue of codes: stable names for everything that can be found.

/// What was found. Names are stable: never reused, never removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The connection string breaks the grammar.
    BadConninfo,
    /// The TLS version is below the one demanded.
    BelowMinTls,
    /// The leaf says that it is a CA.
    CaAsLeaf,
    /// The server sends its certificates out of order.
    ChainOrder,
    /// The file of the client certificate cannot be used.
    ClientCertFileInvalid,
    /// There is no client certificate where one is named.
    ClientCertFileMissing,
    /// The server did not ask for a client certificate that must be sent.
    ClientCertNotRequested,
    /// The server refused the client certificate.
    ClientCertRefused,
    /// The server demands a client certificate.
    ClientCertRequired,
    /// The file of the client's key cannot be used.
    ClientKeyFileInvalid,
    /// The client certificate has no key.
    ClientKeyFileMissing,
    /// The client's key is not that of its certificate.
    ClientKeyMismatch,
    /// Clients with another engine come to another verdict.
    ClientsDiffer,
    /// The connection was closed.
    Closed,
    /// A CRL is no longer, or not yet, valid.
    CrlExpired,
    /// The CRL file cannot be used.
    CrlFileInvalid,
    /// The CRL file does not exist.
    CrlFileMissing,
    /// No CRL covers a certificate.
    CrlMissing,
    /// No sslmode was given.
    DefaultSslmode,
    /// The host name does not resolve.
    Dns,
    /// The leaf has expired.
    Expired,
    /// Something of the path expires soon.
    ExpiresSoon,
    /// The certificate does not name the host.
    HostNameMismatch,
    /// An intermediate has expired.
    IntermediateExpired,
    /// A parameter has a value that it does not take.
    InvalidValue,
    /// Others than its owner may read the client's key.
    KeyFilePermissions,
    /// libpq would not find a root here.
    LibpqRootMissing,
    /// The server refused the login.
    LoginFailed,
    /// A certificate cannot be parsed.
    MalformedCertificate,
    /// The server does not send an intermediate.
    MissingIntermediate,
    /// A name constraint forbids the leaf's name.
    NameConstraint,
    /// No cipher suite, group or signature scheme in common.
    NoCommonCipher,
    /// No TLS version in common.
    NoCommonVersion,
    /// The leaf has no subject alternative name.
    NoSan,
    /// The server does not speak TLS.
    NoTls,
    /// An issuer is no CA.
    NotACa,
    /// The mode asks for no proof of who answers.
    NotAuthenticated,
    /// The port does not speak PostgreSQL.
    NotPostgres,
    /// A certificate is not valid yet.
    NotYetValid,
    /// A CA issued further down than it may.
    PathLength,
    /// No certificate of the chain has a pinned key.
    PinMismatch,
    /// Plaintext where TLS should start.
    PlaintextInjection,
    /// Nobody listens there.
    Refused,
    /// A certificate is revoked.
    Revoked,
    /// The root has expired.
    RootExpired,
    /// The root file holds no usable root.
    RootFileInvalid,
    /// The root file does not exist.
    RootFileMissing,
    /// The leaf signed itself and is not trusted.
    SelfSigned,
    /// A server would not start with this certificate file.
    ServerCertFileInvalid,
    /// There is no server certificate where one is named.
    ServerCertFileMissing,
    /// The server answered with an error of its own.
    ServerError,
    /// A server would not start with this key file.
    ServerKeyFileInvalid,
    /// There is no server key where one is named.
    ServerKeyFileMissing,
    /// The server's key is not that of its certificate.
    ServerKeyMismatch,
    /// Nobody answered in time.
    Timeout,
    /// The server ended the handshake with an alert.
    TlsAlert,
    /// The TLS handshake failed in another way.
    TlsFailure,
    /// Another certificate is served than the one expected.
    UnexpectedCertificate,
    /// TLS is not spoken on Unix-domain sockets.
    UnixSocket,
    /// A critical extension that OpenSSL does not know.
    UnknownCriticalExtension,
    /// The chain reaches no trusted root.
    UnknownIssuer,
    /// A parameter that libpq does not know.
    UnknownKeyword,
    /// A signature that pgtls cannot check.
    UnsupportedAlgorithm,
    /// A key too short.
    WeakKey,
    /// A signature over a broken digest.
    WeakSignature,
    /// A mode too weak for what is asked.
    WeakSslmode,
    /// A certificate is not for servers.
    WrongPurpose,
    /// X.509 version 1.
    X509V1,
}

impl Code {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadConninfo => "bad-conninfo",
            Self::BelowMinTls => "below-min-tls",
            Self::CaAsLeaf => "ca-as-leaf",
            Self::ChainOrder => "chain-order",
            Self::ClientCertFileInvalid => "client-cert-file-invalid",
            Self::ClientCertFileMissing => "client-cert-file-missing",
            Self::ClientCertNotRequested => "client-cert-not-requested",
            Self::ClientCertRefused => "client-cert-refused",
            Self::ClientCertRequired => "client-cert-required",
            Self::ClientKeyFileInvalid => "client-key-file-invalid",
            Self::ClientKeyFileMissing => "client-key-file-missing",
            Self::ClientKeyMismatch => "client-key-mismatch",
            Self::ClientsDiffer => "clients-differ",
            Self::Closed => "closed",
            Self::CrlExpired => "crl-expired",
            Self::CrlFileInvalid => "crl-file-invalid",
            Self::CrlFileMissing => "crl-file-missing",
            Self::CrlMissing => "crl-missing",
            Self::DefaultSslmode => "default-sslmode",
            Self::Dns => "dns",
            Self::Expired => "expired",
            Self::ExpiresSoon => "expires-soon",
            Self::HostNameMismatch => "host-name-mismatch",
            Self::IntermediateExpired => "intermediate-expired",
            Self::InvalidValue => "invalid-value",
            Self::KeyFilePermissions => "key-file-permissions",
            Self::LibpqRootMissing => "libpq-root-missing",
            Self::LoginFailed => "login-failed",
            Self::MalformedCertificate => "malformed-certificate",
            Self::MissingIntermediate => "missing-intermediate",
            Self::NameConstraint => "name-constraint",
            Self::NoCommonCipher => "no-common-cipher",
            Self::NoCommonVersion => "no-common-version",
            Self::NoSan => "no-san",
            Self::NoTls => "no-tls",
            Self::NotACa => "not-a-ca",
            Self::NotAuthenticated => "not-authenticated",
            Self::NotPostgres => "not-postgres",
            Self::NotYetValid => "not-yet-valid",
            Self::PathLength => "path-length",
            Self::PinMismatch => "pin-mismatch",
            Self::PlaintextInjection => "plaintext-injection",
            Self::Refused => "refused",
            Self::Revoked => "revoked",
            Self::RootExpired => "root-expired",
            Self::RootFileInvalid => "root-file-invalid",
            Self::RootFileMissing => "root-file-missing",
            Self::SelfSigned => "self-signed",
            Self::ServerCertFileInvalid => "server-cert-file-invalid",
            Self::ServerCertFileMissing => "server-cert-file-missing",
            Self::ServerError => "server-error",
            Self::ServerKeyFileInvalid => "server-key-file-invalid",
            Self::ServerKeyFileMissing => "server-key-file-missing",
            Self::ServerKeyMismatch => "server-key-mismatch",
            Self::Timeout => "timeout",
            Self::TlsAlert => "tls-alert",
            Self::TlsFailure => "tls-failure",
            Self::UnexpectedCertificate => "unexpected-certificate",
            Self::UnixSocket => "unix-socket",
            Self::UnknownCriticalExtension => "unknown-critical-extension",
            Self::UnknownIssuer => "unknown-issuer",
            Self::UnknownKeyword => "unknown-keyword",
            Self::UnsupportedAlgorithm => "unsupported-algorithm",
            Self::WeakKey => "weak-key",
            Self::WeakSignature => "weak-signature",
            Self::WeakSslmode => "weak-sslmode",
            Self::WrongPurpose => "wrong-purpose",
            Self::X509V1 => "x509-v1",
        }
    }
}
