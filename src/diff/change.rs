//! The kinds of change, each with its severity and its sentence.

use crate::escape::Shown;
use crate::words::words;

words! {
    /// How much a change matters; the least first.
    Severity {
        /// To be expected: a renewal.
        Quiet = "quiet",
        /// Worth a sentence.
        Told = "told",
        /// Protection was lost.
        Lost = "lost",
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal, $severity:ident, $sentence:literal;)+) => {
        words! {
            /// What changed.
            Kind { $($(#[$doc])+ $variant = $name,)+ }
        }

        impl Kind {
            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }

            /// A sentence with `{before}` and `{after}`.
            fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }
        }
    };
}

kinds! {
    /// It was not in the old report.
    EndpointAdded = "endpoint-added", Told, "new: the old report does not have this endpoint";
    /// It is not in the new report.
    EndpointGone = "endpoint-gone", Told, "gone: the new report does not have this endpoint";
    /// The name stands for another host or port.
    EndpointMoved = "endpoint-moved", Told, "the endpoint moved from {before} to {after}";
    /// It failed, and passes.
    CheckPasses = "check-passes", Told, "the check passes now; it failed with {before}";
    /// It passed, and fails; or it fails for a graver reason.
    CheckFails = "check-fails", Lost, "the check fails now: {after}; before: {before}";
    /// It passed, and fails; but the run passes, because another host of the string answers.
    HostFails = "host-fails", Told, "the check of this host fails now: {after}; before: {before}. Another host of the string passes";
    /// It fails for a milder reason.
    FailsDifferently = "fails-differently", Told, "the check failed with {before} and now fails with {after}";
    /// The string asks for less.
    ModeWeaker = "mode-weaker", Lost, "sslmode was {before} and is now {after}, which guarantees less";
    /// The string asks for more.
    ModeStronger = "mode-stronger", Told, "sslmode was {before} and is now {after}";
    /// The server's identity was verified, and is not.
    VerificationLost = "verification-lost", Lost, "the server's identity was verified and is not verified now";
    /// The server's identity was not verified, and is.
    VerificationGained = "verification-gained", Told, "the server's identity is verified now";
    /// A setting of the string, its service or the environment demands less.
    SettingWeaker = "setting-weaker", Lost, "the connection had {before} and now has {after}, which protects less";
    /// Such a setting demands more.
    SettingStronger = "setting-stronger", Told, "the connection had {before} and now has {after}";
    /// Settings of which none protects more than another.
    StringChanged = "string-changed", Told, "these settings of the string are not as they were: {after}";
    /// A certificate was revoked or could have been: CRLs are no longer checked.
    RevocationLost = "revocation-lost", Lost, "revocation was checked with {before} and is not checked now";
    /// Other CRLs, or some where there were none.
    RevocationChanged = "revocation-changed", Told, "revocation was checked with {before} and is now checked with {after}";
    /// Public roots are trusted, and not a file of roots alone.
    TrustWider = "trust-wider", Lost, "trust came from {before} and now comes from {after}: a certificate from any public CA is accepted";
    /// Other roots are trusted.
    TrustChanged = "trust-changed", Told, "trust came from {before} and now comes from {after}";
    /// An older version of TLS.
    TlsVersionLower = "tls-version-lower", Lost, "TLS went down from {before} to {after}";
    /// A newer version of TLS.
    TlsVersionHigher = "tls-version-higher", Told, "TLS went up from {before} to {after}";
    /// A weaker cipher suite.
    CipherWeaker = "cipher-weaker", Lost, "the cipher suite was {before} and is now {after}, which is weaker";
    /// A weaker key exchange.
    GroupWeaker = "group-weaker", Lost, "the key exchange was {before} and is now {after}, which is weaker";
    /// The key exchange no longer resists quantum computers.
    PostQuantumLost = "post-quantum-lost", Lost, "the key exchange was post-quantum ({before}) and is now {after}";
    /// The key exchange resists quantum computers.
    PostQuantumGained = "post-quantum-gained", Told, "the key exchange is post-quantum now: {after}";
    /// The server no longer asks for a client certificate.
    ClientCertificateLost = "client-certificate-lost", Lost, "the server asked for a client certificate and does not ask now";
    /// The server asks for a client certificate.
    ClientCertificateGained = "client-certificate-gained", Told, "the server asks for a client certificate now";
    /// A login is no longer bound to its TLS session.
    ChannelBindingLost = "channel-binding-lost", Lost, "the login was bound to the TLS session and is not bound now";
    /// The login was tried, and is not.
    LoginMissing = "login-missing", Told, "the old report has a login, the new one has none: it was not compared";
    /// A new certificate like the one before.
    Renewed = "renewed", Quiet, "the certificate was renewed with {after}";
    /// Another issuer.
    IssuerChanged = "issuer-changed", Told, "the certificate was issued by {before} and is now issued by {after}";
    /// Another root.
    RootChanged = "root-changed", Told, "the chain ended at {before} and now ends at {after}";
    /// Another kind of key, or a stronger one.
    KeyChanged = "key-changed", Told, "the key was {before} and is now {after}";
    /// A weaker key.
    KeyWeaker = "key-weaker", Lost, "the key was {before} and is now {after}, which is weaker";
    /// A weaker signature.
    SignatureWeaker = "signature-weaker", Lost, "the certificate was signed with {before} and is now signed with {after}";
    /// Names that the certificate no longer has.
    NamesLost = "names-lost", Lost, "the certificate no longer has the names {before}";
    /// Names that the certificate did not have.
    NamesGained = "names-gained", Told, "the certificate has more names: {after}";
    /// A word of a newer version of pgtls: this one cannot tell which of the two is stronger.
    Unranked = "unranked", Lost, "{before} is now {after}: this version of pgtls cannot tell which is stronger";
    /// It ends before the one before.
    ExpiresEarlier = "expires-earlier", Told, "the new certificate expires on {after}, earlier than the one before ({before})";
    /// Fewer certificates up to the root.
    ChainShorter = "chain-shorter", Lost, "the chain had {before} certificates and now has {after}";
    /// A session without TLS is possible again.
    PlaintextAccepted = "plaintext-accepted", Lost, "the server accepts sessions without TLS now";
    /// A session without TLS is no longer possible.
    PlaintextRefused = "plaintext-refused", Told, "the server refuses sessions without TLS now";
    /// An old version is possible again.
    OldVersionAccepted = "old-version-accepted", Lost, "the server accepts {after} now";
    /// A modern version is no longer possible.
    VersionRefused = "version-refused", Lost, "the server no longer accepts {before}";
    /// A weak suite is possible again.
    WeakCipherAccepted = "weak-cipher-accepted", Lost, "the server accepts more weak cipher suites: {after}";
    /// Plaintext before the session counts as part of it.
    InjectionAccepted = "injection-accepted", Lost, "the server takes plaintext behind the SSLRequest for part of the session";
    /// TLS compression, or renegotiation that is not protected.
    SessionFeatureWeaker = "session-feature-weaker", Lost, "the server now has {after} in {before}";
    /// What was known to be refused is no longer known.
    AnswerUnknown = "answer-unknown", Lost, "it is not known any more whether the server refuses {before}";
    /// The old report has an audit.
    AuditMissing = "audit-missing", Told, "the old report has an audit, the new one has none: it was not compared";
    /// A warning that was not there.
    NewWarning = "new-warning", Told, "a new warning: {after}";
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What changed.
    pub kind: Kind,
    /// What it was, if there is a word for it.
    pub before: Option<Shown>,
    /// What it is.
    pub after: Option<Shown>,
}

impl Change {
    pub(super) fn of(kind: Kind) -> Self {
        Self {
            kind,
            before: None,
            after: None,
        }
    }

    pub(super) fn from_to(kind: Kind, before: impl ToString, after: impl ToString) -> Self {
        Self {
            kind,
            before: Some(before.to_string().into()),
            after: Some(after.to_string().into()),
        }
    }

    pub(super) fn from(kind: Kind, before: impl ToString) -> Self {
        Self {
            before: Some(before.to_string().into()),
            ..Self::of(kind)
        }
    }

    pub(super) fn to(kind: Kind, after: impl ToString) -> Self {
        Self {
            after: Some(after.to_string().into()),
            ..Self::of(kind)
        }
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        self.kind.severity()
    }

    /// What changed, in a sentence.
    pub fn message(&self) -> Shown {
        let mut rest = self.kind.sentence();
        let mut message = String::new();
        // One pass: what is put in may contain braces.
        while let Some((start, tail)) = rest.split_once('{') {
            let (name, end) = tail.split_once('}').unwrap_or((tail, ""));
            let value = match name {
                "before" => &self.before,
                _ => &self.after,
            };
            message.push_str(start);
            message.push_str(value.as_deref().unwrap_or("something else"));
            rest = end;
        }
        message.push_str(rest);
        message.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_have_their_values_and_no_braces() {
        for &kind in Kind::ALL {
            let message = Change::from_to(kind, "BEFORE", "AFTER").message();
            assert!(!message.contains(['{', '}']), "{message}");
        }
        let change = Change::from_to(Kind::KeyChanged, "{after}", "b");
        assert_eq!(&*change.message(), "the key was {after} and is now b");
    }
}
