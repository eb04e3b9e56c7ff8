//! The catalogue: what can be wrong with an endpoint, and who should mind.

use crate::diagnose::Code;
use crate::exit::Exit;

/// What an endpoint of the lab is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Nothing is wrong.
    Good,
    /// The host is named by the CN alone.
    CnOnly,
    /// As PostgreSQL's documentation makes them.
    X509V1,
    /// A CA serves its own certificate.
    CaLeaf,
    /// The server's certificate has expired.
    ExpiredLeaf,
    /// The intermediate has expired.
    ExpiredIntermediate,
    /// The root has expired.
    ExpiredRoot,
    /// The server's certificate is of tomorrow.
    NotYetValid,
    /// The certificate names another host.
    WrongHost,
    /// The host is an address, which the certificate does not hold.
    IpWithoutSan,
    /// The chain has a gap.
    MissingIntermediate,
    /// The intermediates come in the wrong order.
    WrongOrder,
    /// The chain leads to a root that nobody trusts.
    UnknownCa,
    /// The issuer has a trusted root's name and another key.
    SameNameOtherKey,
    /// The certificate is on a CRL.
    Revoked,
    /// Clients must show a certificate.
    ClientCertRequired,
    /// The certificate is for clients.
    ClientAuthOnly,
    /// The certificate is signed with SHA-1.
    Sha1,
    /// No TLS 1.3.
    Tls12Only,
    /// No TLS 1.2.
    Tls13Only,
    /// The SSLRequest is answered with `N`.
    NoTls,
    /// The SSLRequest is answered by hanging up.
    Closes,
    /// The SSLRequest is answered with an error message.
    ErrorResponse,
    /// Plain text follows the `S`, as a man in the middle would add it.
    Injection,
    /// No SSLRequest, only TLS from the first byte on.
    DirectOnly,
    /// Without a server name there is no TLS.
    SniRequired,
    /// Every answer takes its time.
    Slow,
    /// There is no answer.
    NeverAnswers,
    /// An Ed25519 key and signature.
    Ed25519,
    /// A P-521 key.
    P521,
    /// An RSASSA-PSS signature.
    RsaPss,
}

/// What a client that verifies everything has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Connect: nothing is wrong.
    Accept,
    /// Refuse: whoever connects may be talking to anybody.
    Refuse,
    /// Either: the connection is as safe as any, but needs what not every client has, or has a form
    /// that some refuse.
    Either,
}

/// What libpq does under `sslmode=verify-full` with the string of the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Libpq {
    /// It connects, and `pgtls check` passes.
    Connects,
    /// It refuses, and `pgtls check` ends so.
    Refuses(Exit, Code),
}

impl Fault {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 31] = [
        Self::Good,
        Self::CnOnly,
        Self::X509V1,
        Self::CaLeaf,
        Self::ExpiredLeaf,
        Self::ExpiredIntermediate,
        Self::ExpiredRoot,
        Self::NotYetValid,
        Self::WrongHost,
        Self::IpWithoutSan,
        Self::MissingIntermediate,
        Self::WrongOrder,
        Self::UnknownCa,
        Self::SameNameOtherKey,
        Self::Revoked,
        Self::ClientCertRequired,
        Self::ClientAuthOnly,
        Self::Sha1,
        Self::Tls12Only,
        Self::Tls13Only,
        Self::NoTls,
        Self::Closes,
        Self::ErrorResponse,
        Self::Injection,
        Self::DirectOnly,
        Self::SniRequired,
        Self::Slow,
        Self::NeverAnswers,
        Self::Ed25519,
        Self::P521,
        Self::RsaPss,
    ];

    /// The fault of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// Its name, which does not change.
    pub const fn name(self) -> &'static str {
        self.entry().0
    }

    /// What is special about it, in one line.
    pub const fn description(self) -> &'static str {
        self.entry().1
    }

    /// What any client that verifies everything has to do.
    pub const fn duty(self) -> Duty {
        self.entry().2
    }

    /// What libpq does.
    pub const fn libpq(self) -> Libpq {
        self.entry().3
    }

    const fn entry(self) -> (&'static str, &'static str, Duty, Libpq) {
        use Duty::{Accept, Either, Refuse};
        use Libpq::{Connects, Refuses};

        const fn untrusted(code: Code) -> Libpq {
            Refuses(Exit::Untrusted, code)
        }
        match self {
            Self::Good => (
                "good",
                "nothing is wrong: the control of every experiment",
                Accept,
                Connects,
            ),
            Self::CnOnly => (
                "cn-only",
                "the certificate names its host in the CN alone, not in subjectAltName",
                Either,
                Connects,
            ),
            Self::X509V1 => (
                "x509-v1",
                "an X.509 version 1 certificate, as PostgreSQL's documentation makes them",
                Either,
                Connects,
            ),
            Self::CaLeaf => (
                "ca-leaf",
                "a self-signed CA:TRUE certificate, which is its own root file",
                Either,
                Connects,
            ),
            Self::ExpiredLeaf => (
                "expired-leaf",
                "the server's certificate expired yesterday",
                Refuse,
                untrusted(Code::Expired),
            ),
            Self::ExpiredIntermediate => (
                "expired-intermediate",
                "the intermediate's certificate expired yesterday",
                Refuse,
                untrusted(Code::IntermediateExpired),
            ),
            Self::ExpiredRoot => (
                "expired-root",
                "the root in the root file expired yesterday",
                Refuse,
                untrusted(Code::RootExpired),
            ),
            Self::NotYetValid => (
                "not-yet-valid",
                "the server's certificate is valid from tomorrow on",
                Refuse,
                untrusted(Code::NotYetValid),
            ),
            Self::WrongHost => (
                "wrong-host",
                "the certificate is good, and another host's",
                Refuse,
                Refuses(Exit::WrongHost, Code::HostNameMismatch),
            ),
            Self::IpWithoutSan => (
                "ip-without-san",
                "reached by its address, which the certificate does not hold",
                Refuse,
                Refuses(Exit::WrongHost, Code::HostNameMismatch),
            ),
            Self::MissingIntermediate => (
                "missing-intermediate",
                "the server does not send its intermediate",
                Refuse,
                untrusted(Code::MissingIntermediate),
            ),
            Self::WrongOrder => (
                "wrong-order",
                "two intermediates, sent in the wrong order",
                Either,
                Connects,
            ),
            Self::UnknownCa => (
                "unknown-ca",
                "the chain leads to a root that is not in the root file",
                Refuse,
                untrusted(Code::UnknownIssuer),
            ),
            Self::SameNameOtherKey => (
                "same-name-other-key",
                "the issuer has the trusted root's name, and a key of its own",
                Refuse,
                untrusted(Code::UnknownIssuer),
            ),
            Self::Revoked => (
                "revoked",
                "the certificate is on the CRL of the string (sslcrl)",
                Refuse,
                untrusted(Code::Revoked),
            ),
            Self::ClientCertRequired => (
                "client-cert-required",
                "clients must show a certificate; the string has one (sslcert, sslkey)",
                Either,
                Connects,
            ),
            Self::ClientAuthOnly => (
                "client-auth-only",
                "the certificate is for clients: extendedKeyUsage holds clientAuth only",
                Refuse,
                untrusted(Code::WrongPurpose),
            ),
            Self::Sha1 => (
                "sha1",
                "the certificate is signed with SHA-1",
                Refuse,
                untrusted(Code::WeakSignature),
            ),
            Self::Tls12Only => ("tls12-only", "TLS 1.2 and nothing newer", Accept, Connects),
            Self::Tls13Only => ("tls13-only", "TLS 1.3 and nothing older", Accept, Connects),
            Self::NoTls => (
                "no-tls",
                "the server has no TLS, and answers N",
                Refuse,
                Refuses(Exit::NoTls, Code::NoTls),
            ),
            Self::Closes => (
                "closes",
                "the server hangs up when asked for TLS",
                Refuse,
                Refuses(Exit::Unreachable, Code::Closed),
            ),
            Self::ErrorResponse => (
                "error-response",
                "the server has too many clients, and says so instead of S or N",
                Refuse,
                Refuses(Exit::Unreachable, Code::ServerError),
            ),
            Self::Injection => (
                "injection",
                "plain text is stuffed behind the S, as in CVE-2021-23222",
                Refuse,
                Refuses(Exit::Handshake, Code::PlaintextInjection),
            ),
            Self::DirectOnly => (
                "direct-only",
                "TLS from the first byte on (sslnegotiation=direct, libpq 17), no SSLRequest",
                Either,
                Connects,
            ),
            Self::SniRequired => (
                "sni-required",
                "no TLS without a server name, as with the routers of hosted databases",
                Accept,
                Connects,
            ),
            Self::Slow => (
                "slow",
                "good, but every answer takes half a second",
                Accept,
                Connects,
            ),
            Self::NeverAnswers => (
                "never-answers",
                "the server takes the connection and says nothing",
                Refuse,
                Refuses(Exit::Unreachable, Code::Timeout),
            ),
            Self::Ed25519 => (
                "ed25519",
                "a certificate with an Ed25519 key, signed with one",
                Either,
                Connects,
            ),
            Self::P521 => (
                "p521",
                "a certificate with an ECDSA P-521 key",
                Either,
                Connects,
            ),
            Self::RsaPss => (
                "rsa-pss",
                "a certificate with an RSASSA-PSS signature",
                Either,
                Connects,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_found_again() {
        for fault in Fault::ALL {
            assert_eq!(Fault::from_name(fault.name()), Some(fault));
        }
        assert_eq!(Fault::from_name("Good"), None);
    }

    #[test]
    fn the_list_is_in_the_order_of_the_catalogue() {
        assert!(Fault::ALL.is_sorted());
    }

    /// libpq's verdict and the duty of clients may differ in what is left to them, not in the rest.
    #[test]
    fn libpq_does_its_duty() {
        for fault in Fault::ALL {
            let connects = fault.libpq() == Libpq::Connects;
            match fault.duty() {
                Duty::Refuse => assert!(!connects, "{fault:?}"),
                Duty::Accept | Duty::Either => assert!(connects, "{fault:?}"),
            }
        }
    }
}
