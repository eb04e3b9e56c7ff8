//! The catalogue of codes: stable names for everything that can be found, each with its page.

macro_rules! catalogue {
    ($($variant:ident = $name:literal,)+) => {
        /// What was found. Names are stable: never reused, never removed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", $name, "`: `pgtls explain ", $name, "` says more.")] $variant,)+
        }

        impl Code {
            /// Every code, by name.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The page of the code, as Markdown: a title, what it means, how pgtls knows, what to
            /// do, where to read on.
            pub fn page(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("pages/", $name, ".md")),)+ }
            }
        }
    };
}

catalogue! {
    AuditIncomplete = "audit-incomplete",
    BadConninfo = "bad-conninfo",
    BelowMinTls = "below-min-tls",
    BrokenCipher = "broken-cipher",
    CaAsLeaf = "ca-as-leaf",
    CaRotation = "ca-rotation",
    ChainOrder = "chain-order",
    ClientCertFileInvalid = "client-cert-file-invalid",
    ClientCertFileMissing = "client-cert-file-missing",
    ClientCertNotRequested = "client-cert-not-requested",
    ClientCertRefused = "client-cert-refused",
    ClientCertRequired = "client-cert-required",
    ClientKeyFileInvalid = "client-key-file-invalid",
    ClientKeyFileMissing = "client-key-file-missing",
    ClientKeyMismatch = "client-key-mismatch",
    ClientsDiffer = "clients-differ",
    Closed = "closed",
    CrlExpired = "crl-expired",
    CrlFileInvalid = "crl-file-invalid",
    CrlFileMissing = "crl-file-missing",
    CrlMissing = "crl-missing",
    DefaultSslmode = "default-sslmode",
    Dns = "dns",
    Expired = "expired",
    ExpiresSoon = "expires-soon",
    HelloRetryRequest = "hello-retry-request",
    HomeRootDecides = "home-root-decides",
    HostNameMismatch = "host-name-mismatch",
    InsecureRenegotiation = "insecure-renegotiation",
    IntermediateExpired = "intermediate-expired",
    InvalidValue = "invalid-value",
    KeyFilePermissions = "key-file-permissions",
    LegacyProtocol = "legacy-protocol",
    LibpqRootMissing = "libpq-root-missing",
    LoginFailed = "login-failed",
    MalformedCertificate = "malformed-certificate",
    MissingIntermediate = "missing-intermediate",
    NameConstraint = "name-constraint",
    NoChannelBinding = "no-channel-binding",
    NoCommonCipher = "no-common-cipher",
    NoCommonVersion = "no-common-version",
    NoSan = "no-san",
    NoTls = "no-tls",
    NotACa = "not-a-ca",
    NotAuthenticated = "not-authenticated",
    NotPostgres = "not-postgres",
    NotYetValid = "not-yet-valid",
    PassfileIgnored = "passfile-ignored",
    PathLength = "path-length",
    PinMismatch = "pin-mismatch",
    PlaintextAccepted = "plaintext-accepted",
    PlaintextInjection = "plaintext-injection",
    PlaintextProcessed = "plaintext-processed",
    PublicRoot = "public-root",
    Refused = "refused",
    RetiredRoot = "retired-root",
    Revoked = "revoked",
    RootExpired = "root-expired",
    RootFileBom = "root-file-bom",
    RootFileInvalid = "root-file-invalid",
    RootFileMissing = "root-file-missing",
    SelfSigned = "self-signed",
    ServerCertFileInvalid = "server-cert-file-invalid",
    ServerCertFileMissing = "server-cert-file-missing",
    ServerError = "server-error",
    ServerKeyFileInvalid = "server-key-file-invalid",
    ServerKeyFileMissing = "server-key-file-missing",
    ServerKeyMismatch = "server-key-mismatch",
    SniDependent = "sni-dependent",
    StrongerMode = "stronger-mode",
    SystemRoots = "system-roots",
    Timeout = "timeout",
    TlsAlert = "tls-alert",
    TlsCompression = "tls-compression",
    TlsFailure = "tls-failure",
    TlsTerminatedInBetween = "tls-terminated-in-between",
    TlsUnconfirmed = "tls-unconfirmed",
    UnexpectedCertificate = "unexpected-certificate",
    UnixSocket = "unix-socket",
    UnknownCriticalExtension = "unknown-critical-extension",
    UnknownIssuer = "unknown-issuer",
    UnknownKeyword = "unknown-keyword",
    UnsupportedAlgorithm = "unsupported-algorithm",
    UnverifiedLogin = "unverified-login",
    WeakCipher = "weak-cipher",
    WeakKey = "weak-key",
    WeakSignature = "weak-signature",
    WeakSslmode = "weak-sslmode",
    WrongPurpose = "wrong-purpose",
    X509V1 = "x509-v1",
}

impl Code {
    /// The code of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// The codes whose names are most like `name`, best first; those that are too far are none.
    pub fn nearest(name: &str) -> Vec<Self> {
        let mut scored: Vec<(f64, Self)> = Self::ALL
            .iter()
            .map(|&code| (strsim::jaro_winkler(name, code.name()), code))
            .filter(|(score, _)| *score > 0.8)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.into_iter().map(|(_, code)| code).take(3).collect()
    }

    /// One sentence: what was found.
    pub fn title(self) -> &'static str {
        self.page().lines().next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_a_title_and_says_meaning_evidence_fix_and_source() {
        for code in Code::ALL {
            let page = code.page();
            assert!(
                code.title().ends_with('.') && code.title().len() < 80,
                "{code:?}"
            );
            let sections: Vec<&str> = page.split("\n## ").skip(1).collect();
            let titles: Vec<&str> = sections.iter().filter_map(|s| s.lines().next()).collect();
            let expected = ["What it means", "How pgtls knows", "What to do", "See"];
            assert_eq!(titles, expected, "{code:?}");
            assert!(
                sections.iter().all(|section| section.lines().count() > 2),
                "{code:?}"
            );
            let sources: Vec<&str> = page.lines().filter(|line| line.starts_with("- ")).collect();
            assert!(
                sources.iter().all(|line| line.starts_with("- https://")),
                "{code:?}"
            );
            assert!(!sources.is_empty(), "{code:?}");
            let mut prose = page.lines().filter(|line| !line.starts_with("- "));
            assert!(prose.all(|line| line.len() <= 100), "{code:?}");
        }
    }

    #[test]
    fn codes_are_found_by_name_and_misspelt_ones_by_likeness() {
        for &code in Code::ALL {
            assert_eq!(Code::from_name(code.name()), Some(code));
        }
        assert!(Code::ALL.is_sorted_by_key(|code| code.name()));
        assert_eq!(Code::from_name("nonsense"), None);
        assert_eq!(
            Code::nearest("unknown-isuer").first(),
            Some(&Code::UnknownIssuer)
        );
        assert_eq!(
            Code::nearest("hostname-mismatch").first(),
            Some(&Code::HostNameMismatch)
        );
        assert_eq!(Code::nearest("zzz"), []);
    }
}
