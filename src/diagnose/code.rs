//! The catalogue of codes: stable names for all findings, each with its exit code and its page.

use super::Stage;
use crate::exit::Exit;
use crate::words::words;

macro_rules! catalogue {
    ($($variant:ident = $name:literal, [$($exit:ident),+],)+) => {
        words! {
            /// What was found. Names are stable: never reused, never removed.
            Code {
                $(#[doc = concat!("`", $name, "`: `pgtls explain ", $name, "` says more.")] $variant = $name,)+
            }
        }

        impl Code {
            /// The exit codes of a failure with this code. If there are several, the exit code is
            /// that of the failed stage ([`Stage::exit`]) if it is one of them, or else the first.
            pub fn exits(self) -> &'static [Exit] {
                match self { $(Self::$variant => &[$(Exit::$exit),+],)+ }
            }

            /// The page of the code, as Markdown: a title, what it means, how pgtls knows, what to
            /// do, where to read more.
            pub fn page(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("pages/", $name, ".md")),)+ }
            }
        }
    };
}

catalogue! {
    AmbiguousDialect = "ambiguous-dialect", [Usage],
    AuditIncomplete = "audit-incomplete", [Unreachable],
    BadConninfo = "bad-conninfo", [Usage],
    BelowMinTls = "below-min-tls", [Unmet],
    BrokenCipher = "broken-cipher", [Unmet],
    CaAsLeaf = "ca-as-leaf", [Unmet],
    CaRotation = "ca-rotation", [Unmet],
    CertificateRequest = "certificate-request", [Unreachable],
    CertificateRequestInvalid = "certificate-request-invalid", [Usage, Untrusted],
    ChainOrder = "chain-order", [Unmet],
    ChangedSinceBaseline = "changed-since-baseline", [Unmet],
    ClientCertExpired = "client-cert-expired", [Handshake],
    ClientCertFileInvalid = "client-cert-file-invalid", [Usage],
    ClientCertFileMissing = "client-cert-file-missing", [Usage],
    ClientCertNotRequested = "client-cert-not-requested", [Handshake],
    ClientCertRefused = "client-cert-refused", [Handshake],
    ClientCertRequired = "client-cert-required", [Handshake],
    ClientKeyFileInvalid = "client-key-file-invalid", [Usage],
    ClientKeyFileMissing = "client-key-file-missing", [Usage],
    ClientKeyMismatch = "client-key-mismatch", [Usage],
    ClientsDiffer = "clients-differ", [Unmet],
    Closed = "closed", [Unreachable, Handshake, Login],
    CommandFailed = "command-failed", [Unmet],
    CommittedSecret = "committed-secret", [Unmet],
    CrlExpired = "crl-expired", [Untrusted],
    CrlFileInvalid = "crl-file-invalid", [Usage],
    CrlFileMissing = "crl-file-missing", [Usage],
    CrlMissing = "crl-missing", [Untrusted],
    DefaultSslmode = "default-sslmode", [Unmet],
    Dns = "dns", [Unreachable],
    DoesNotVerify = "does-not-verify", [Unmet],
    DriverDiffers = "driver-differs", [Unmet],
    EmptyConninfo = "empty-conninfo", [Usage],
    Expired = "expired", [Untrusted],
    ExpiresSoon = "expires-soon", [Unmet],
    FallsBackToPlaintext = "falls-back-to-plaintext", [Unmet],
    ForeignDialect = "foreign-dialect", [Unmet],
    HelloRetryRequest = "hello-retry-request", [Unmet],
    HomeRootDecides = "home-root-decides", [Unmet],
    HostNameMismatch = "host-name-mismatch", [WrongHost],
    HostsFileInvalid = "hosts-file-invalid", [Usage, Handshake],
    InsecureRenegotiation = "insecure-renegotiation", [Unmet, Handshake],
    IntermediateExpired = "intermediate-expired", [Untrusted],
    InvalidValue = "invalid-value", [Usage],
    KeyFilePermissions = "key-file-permissions", [Usage],
    KeyUsage = "key-usage", [Handshake],
    LargeHelloDropped = "large-hello-dropped", [Unmet],
    LegacyProtocol = "legacy-protocol", [Unmet],
    LibpqRootMissing = "libpq-root-missing", [Unmet],
    LibpqVersionsDiffer = "libpq-versions-differ", [WrongHost, Handshake],
    LoginFailed = "login-failed", [Login, Handshake],
    LoginNotChecked = "login-not-checked", [Unmet],
    MalformedCertificate = "malformed-certificate", [Untrusted],
    MangledConninfo = "mangled-conninfo", [Usage],
    MissingIntermediate = "missing-intermediate", [Untrusted],
    NameConstraint = "name-constraint", [Untrusted],
    NewerLibpq = "newer-libpq", [Unmet],
    NoChannelBinding = "no-channel-binding", [Login],
    NoCommonCipher = "no-common-cipher", [Handshake],
    NoCommonVersion = "no-common-version", [Handshake],
    NoSan = "no-san", [Unmet],
    NoTls = "no-tls", [NoTls],
    NotACa = "not-a-ca", [Untrusted],
    NotAuthenticated = "not-authenticated", [Unmet],
    NotFinished = "not-finished", [Interrupted],
    NotPostgres = "not-postgres", [NoTls, Handshake],
    NotSearched = "not-searched", [Usage],
    NotYetValid = "not-yet-valid", [Untrusted],
    NothingTraced = "nothing-traced", [Unreachable],
    OldOpensslDiffers = "old-openssl-differs", [Unmet],
    OpensslConf = "openssl-conf", [Untrusted, Handshake],
    OpensslVersionsDiffer = "openssl-versions-differ", [Untrusted, Handshake, Usage],
    OtherDatabase = "other-database", [Usage],
    PassfileIgnored = "passfile-ignored", [Usage],
    PathLength = "path-length", [Untrusted],
    PinMismatch = "pin-mismatch", [Unmet],
    PlaintextAccepted = "plaintext-accepted", [Unmet],
    PlaintextCancel = "plaintext-cancel", [Unmet],
    PlaintextInjection = "plaintext-injection", [Handshake],
    PlaintextPossible = "plaintext-possible", [Unmet],
    PlaintextProcessed = "plaintext-processed", [Unmet],
    PlaintextSession = "plaintext-session", [Unmet],
    ProfileViolated = "profile-violated", [Unmet],
    ProtectionLost = "protection-lost", [Unmet],
    PublicRoot = "public-root", [Unmet],
    RandomOrder = "random-order", [Unmet],
    Refused = "refused", [Unreachable],
    RefusedByDriver = "refused-by-driver", [Usage],
    RetiredRoot = "retired-root", [Unmet],
    Revoked = "revoked", [Untrusted],
    RootExpired = "root-expired", [Untrusted],
    RootFileBom = "root-file-bom", [Unmet],
    RootFileInvalid = "root-file-invalid", [Usage],
    RootFileMissing = "root-file-missing", [Usage],
    RootNotInTree = "root-not-in-tree", [Unmet],
    RootRemoval = "root-removal", [Unmet],
    SelfSigned = "self-signed", [Untrusted],
    SendsNoSni = "sends-no-sni", [Unmet],
    ServerCertFileInvalid = "server-cert-file-invalid", [Usage],
    ServerCertFileMissing = "server-cert-file-missing", [Usage],
    ServerError = "server-error", [NoTls, Unreachable],
    ServerKeyFileInvalid = "server-key-file-invalid", [Usage],
    ServerKeyFileMissing = "server-key-file-missing", [Usage],
    ServerKeyMismatch = "server-key-mismatch", [Usage],
    ServerNotVerified = "server-not-verified", [Unmet],
    SessionKeysLogged = "session-keys-logged", [Unmet],
    SettingDiffers = "setting-differs", [Unmet],
    SniDependent = "sni-dependent", [Unmet],
    StaleResult = "stale-result", [Unreachable],
    StrongerMode = "stronger-mode", [Unmet],
    SystemRoots = "system-roots", [Unmet],
    Timeout = "timeout", [Unreachable, Handshake, Login],
    TlsAlert = "tls-alert", [Handshake],
    TlsCompression = "tls-compression", [Unmet],
    TlsFailure = "tls-failure", [Handshake, Untrusted],
    TlsTerminatedInBetween = "tls-terminated-in-between", [Login],
    TlsUnconfirmed = "tls-unconfirmed", [Unmet],
    UnexpectedCertificate = "unexpected-certificate", [Unmet],
    UnfinishedHandshake = "unfinished-handshake", [Unmet],
    UnixSocket = "unix-socket", [NoTls],
    UnknownCriticalExtension = "unknown-critical-extension", [Untrusted],
    UnknownIssuer = "unknown-issuer", [Untrusted],
    UnknownKeyword = "unknown-keyword", [Usage],
    UnsupportedAlgorithm = "unsupported-algorithm", [Untrusted],
    UnverifiedLogin = "unverified-login", [Unmet],
    WeakCipher = "weak-cipher", [Unmet, Handshake],
    WeakKey = "weak-key", [Untrusted],
    WeakSignature = "weak-signature", [Untrusted],
    WeakSslmode = "weak-sslmode", [Usage],
    WrongPurpose = "wrong-purpose", [Untrusted],
    X509V1 = "x509-v1", [Unmet],
}

impl Code {
    /// The codes with the most similar names, best first. Names that differ too much are left out.
    pub fn nearest(name: &str) -> Vec<Self> {
        let mut scored: Vec<(f64, Self)> = Self::ALL
            .iter()
            .map(|&code| (strsim::jaro_winkler(name, code.name()), code))
            .filter(|(score, _)| *score > 0.8)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.into_iter().map(|(_, code)| code).take(3).collect()
    }

    /// The exit code of a failure with this code at this stage.
    pub fn exit(self, stage: Stage) -> Exit {
        let exits = self.exits();
        let of_stage = exits.iter().find(|exit| **exit == stage.exit());
        let chosen = of_stage.or_else(|| exits.first());
        chosen.copied().unwrap_or(Exit::Unmet)
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
    fn a_failure_ends_with_an_exit_code_of_its_code() {
        for code in Code::ALL {
            let exits = code.exits();
            assert!(!exits.is_empty(), "{code:?}");
            assert!(!exits.contains(&Exit::Passed), "{code:?}");
            let is_interrupted = exits.contains(&Exit::Interrupted);
            assert_eq!(is_interrupted, *code == Code::NotFinished, "{code:?}");
        }
        for (code, stage, exit) in [
            (Code::UnknownIssuer, Stage::Verify, Exit::Untrusted),
            (Code::UnknownIssuer, Stage::Audit, Exit::Untrusted),
            (Code::Closed, Stage::Negotiate, Exit::Unreachable),
            (Code::Closed, Stage::Handshake, Exit::Handshake),
            (Code::Closed, Stage::Login, Exit::Login),
            (Code::NotPostgres, Stage::Negotiate, Exit::NoTls),
            (Code::NotPostgres, Stage::Handshake, Exit::Handshake),
            (Code::TlsFailure, Stage::Handshake, Exit::Handshake),
            (Code::TlsFailure, Stage::Verify, Exit::Untrusted),
        ] {
            assert_eq!(code.exit(stage), exit, "{code:?} {stage:?}");
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
