//! The catalogue: what can be wrong with an endpoint, and which clients must refuse it.

use crate::diagnose::Code;
use crate::exit::Exit;

use Duty::{Accept, Either, Refuse};
use Libpq::{Connects, Refuses};

/// What a client that verifies everything must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Connect: nothing is wrong.
    Accept,
    /// Refuse: a client that connects cannot know which server it talks to.
    Refuse,
    /// Either: the connection is safe, but needs something that not every client has, or has a form
    /// that some refuse.
    Either,
}

/// What libpq does under `sslmode=verify-full` with the string of the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Libpq {
    /// It connects, and `pgtls check` passes.
    Connects,
    /// It refuses, and `pgtls check` ends like this.
    Refuses(Exit, Code),
}

const fn untrusted(code: Code) -> Libpq {
    Refuses(Exit::Untrusted, code)
}

/// Generates [`Fault`] and its properties from one row per fault.
macro_rules! catalogue {
    ($($variant:ident {
        name: $name:literal,
        is: $description:literal,
        clients: $duty:expr,
        libpq: $libpq:expr,
    },)+) => {
        /// What an endpoint of the lab is like.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $(#[doc = concat!("`", $name, "`: ", $description, ".")] $variant,)+
        }

        impl Fault {
            /// All faults, in the order in which they are listed.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What is special about it, in one line.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)+ }
            }

            /// What a client that verifies everything must do.
            pub const fn duty(self) -> Duty {
                match self { $(Self::$variant => $duty,)+ }
            }

            /// What libpq does.
            pub const fn libpq(self) -> Libpq {
                match self { $(Self::$variant => $libpq,)+ }
            }
        }
    };
}

catalogue! {
    Good {
        name: "good",
        is: "nothing is wrong: the control of every experiment",
        clients: Accept,
        libpq: Connects,
    },
    CnOnly {
        name: "cn-only",
        is: "the certificate names its host in the CN alone, not in subjectAltName",
        clients: Either,
        libpq: Connects,
    },
    X509V1 {
        name: "x509-v1",
        is: "an X.509 version 1 certificate, as PostgreSQL's documentation makes them",
        clients: Either,
        libpq: Connects,
    },
    CaLeaf {
        name: "ca-leaf",
        is: "a self-signed CA:TRUE certificate, which is its own root file",
        clients: Either,
        libpq: Connects,
    },
    ExpiredLeaf {
        name: "expired-leaf",
        is: "the server's certificate expired yesterday",
        clients: Refuse,
        libpq: untrusted(Code::Expired),
    },
    ExpiredIntermediate {
        name: "expired-intermediate",
        is: "the intermediate's certificate expired yesterday",
        clients: Refuse,
        libpq: untrusted(Code::IntermediateExpired),
    },
    ExpiredRoot {
        name: "expired-root",
        is: "the root in the root file expired yesterday",
        clients: Refuse,
        libpq: untrusted(Code::RootExpired),
    },
    NotYetValid {
        name: "not-yet-valid",
        is: "the server's certificate becomes valid tomorrow",
        clients: Refuse,
        libpq: untrusted(Code::NotYetValid),
    },
    WrongHost {
        name: "wrong-host",
        is: "the certificate is good, but for another host",
        clients: Refuse,
        libpq: Refuses(Exit::WrongHost, Code::HostNameMismatch),
    },
    IpWithoutSan {
        name: "ip-without-san",
        is: "reached by its address, which the certificate does not contain",
        clients: Refuse,
        libpq: Refuses(Exit::WrongHost, Code::HostNameMismatch),
    },
    MissingIntermediate {
        name: "missing-intermediate",
        is: "the server does not send its intermediate",
        clients: Refuse,
        libpq: untrusted(Code::MissingIntermediate),
    },
    WrongOrder {
        name: "wrong-order",
        is: "two intermediates, sent in the wrong order",
        clients: Either,
        libpq: Connects,
    },
    UnknownCa {
        name: "unknown-ca",
        is: "the chain leads to a root that is not in the root file",
        clients: Refuse,
        libpq: untrusted(Code::UnknownIssuer),
    },
    SameNameOtherKey {
        name: "same-name-other-key",
        is: "the issuer has the trusted root's name, but another key",
        clients: Refuse,
        libpq: untrusted(Code::UnknownIssuer),
    },
    Revoked {
        name: "revoked",
        is: "the certificate is on the CRL of the string (sslcrl)",
        clients: Refuse,
        libpq: untrusted(Code::Revoked),
    },
    ClientCertRequired {
        name: "client-cert-required",
        is: "clients must show a certificate; the string has one (sslcert, sslkey)",
        clients: Either,
        libpq: Connects,
    },
    ClientAuthOnly {
        name: "client-auth-only",
        is: "the certificate is for clients: extendedKeyUsage contains only clientAuth",
        clients: Refuse,
        libpq: untrusted(Code::WrongPurpose),
    },
    Sha1 {
        name: "sha1",
        is: "the certificate is signed with SHA-1",
        clients: Refuse,
        libpq: untrusted(Code::WeakSignature),
    },
    Tls12Only {
        name: "tls12-only",
        is: "TLS 1.2 and nothing newer",
        clients: Accept,
        libpq: Connects,
    },
    Tls13Only {
        name: "tls13-only",
        is: "TLS 1.3 and nothing older",
        clients: Accept,
        libpq: Connects,
    },
    NoTls {
        name: "no-tls",
        is: "the server has no TLS and declines it (N)",
        clients: Refuse,
        libpq: Refuses(Exit::NoTls, Code::NoTls),
    },
    Closes {
        name: "closes",
        is: "the server hangs up when asked for TLS",
        clients: Refuse,
        libpq: Refuses(Exit::Unreachable, Code::Closed),
    },
    ErrorResponse {
        name: "error-response",
        is: "the server has too many clients and says so instead of S or N",
        clients: Refuse,
        libpq: Refuses(Exit::Unreachable, Code::ServerError),
    },
    Injection {
        name: "injection",
        is: "plain text follows the S, as in CVE-2021-23222",
        clients: Refuse,
        libpq: Refuses(Exit::Handshake, Code::PlaintextInjection),
    },
    DirectOnly {
        name: "direct-only",
        is: "TLS from the first byte (sslnegotiation=direct, libpq 17), no SSLRequest",
        clients: Either,
        libpq: Connects,
    },
    SniRequired {
        name: "sni-required",
        is: "no TLS without a server name (SNI), as with the routers of hosted databases",
        clients: Accept,
        libpq: Connects,
    },
    SniHosts {
        name: "sni-hosts",
        is: "the certificate depends on the name (SNI), as with pg_hosts.conf of PostgreSQL 19; without it, it is for another host",
        clients: Accept,
        libpq: Connects,
    },
    Slow {
        name: "slow",
        is: "good, but every answer takes half a second",
        clients: Accept,
        libpq: Connects,
    },
    NeverAnswers {
        name: "never-answers",
        is: "the server accepts the connection and says nothing",
        clients: Refuse,
        libpq: Refuses(Exit::Unreachable, Code::Timeout),
    },
    Ed25519 {
        name: "ed25519",
        is: "a certificate with an Ed25519 key, signed with one",
        clients: Either,
        libpq: Connects,
    },
    P521 {
        name: "p521",
        is: "a certificate with an ECDSA P-521 key",
        clients: Either,
        libpq: Connects,
    },
    RsaPss {
        name: "rsa-pss",
        is: "a certificate with an RSASSA-PSS signature",
        clients: Either,
        libpq: Connects,
    },
    MlDsa {
        name: "ml-dsa",
        is: "a certificate with an ML-DSA-65 key, signed with one, which OpenSSL knows from 3.5 on",
        clients: Either,
        libpq: Refuses(Exit::Handshake, Code::OpensslVersionsDiffer),
    },
    TwoCertificates {
        name: "two-certificates",
        is: "a certificate with an ML-DSA-65 key for clients that know it, one with an ECDSA key for others",
        clients: Either,
        libpq: Connects,
    },
}

impl Fault {
    /// The fault of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_found_again() {
        for &fault in Fault::ALL {
            assert_eq!(Fault::from_name(fault.name()), Some(fault));
        }
        assert_eq!(Fault::from_name("Good"), None);
    }

    /// libpq's verdict must agree with the duty of clients. Where clients may do either, versions may differ.
    #[test]
    fn libpq_does_its_duty() {
        for &fault in Fault::ALL {
            let connects = fault.libpq() == Connects;
            match fault.duty() {
                Refuse => assert!(!connects, "{fault:?}"),
                Accept => assert!(connects, "{fault:?}"),
                Either => {
                    let differ = Refuses(Exit::Handshake, Code::OpensslVersionsDiffer);
                    assert!(connects || fault.libpq() == differ, "{fault:?}");
                }
            }
        }
    }
}
