//! What only newer versions of libpq and OpenSSL accept, and how old a version must still connect.

use super::{PathReport, Step};
use crate::dialect::Stack;
use crate::trust::Level;
use crate::wire::tls::Alpn;
use crate::words::words;
use crate::x509::{Certificate, KeyKind};

words! {
    /// The oldest OpenSSL that libpq may be linked with.
    OpenSsl {
        /// Every version in use: the refusing one decides.
        V3_0 = "3.0",
        /// OpenSSL 3.5 and newer, with post-quantum keys and groups.
        V3_5 = "3.5",
    }
}

words! {
    /// The oldest libpq that clients may have.
    Libpq {
        /// libpq 14 and newer: the refusing one decides.
        V14 = "14",
        /// The versions that PostgreSQL's project supports, 15 and newer. They compare iPAddress entries of subjectAltName.
        V15 = "15",
        /// 17 and newer, which name PostgreSQL's protocol in TLS (ALPN).
        V17 = "17",
    }
}

/// The oldest versions that must accept a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oldest {
    /// Of OpenSSL.
    pub openssl: OpenSsl,
    /// Of libpq; `None` if no client is built on it.
    pub libpq: Option<Libpq>,
}

impl Oldest {
    /// What the oldest client says of its protocol after an SSLRequest.
    pub const fn alpn(self) -> Alpn {
        match self.libpq {
            Some(Libpq::V14 | Libpq::V15) => Alpn::Omitted,
            Some(Libpq::V17) | None => Alpn::Named,
        }
    }

    /// The same for clients with this implementation of the protocol. What an old libpq refuses counts only for libpq.
    #[must_use]
    pub const fn with_stack(self, stack: Stack) -> Self {
        match stack {
            Stack::Libpq => self,
            Stack::Java
            | Stack::Dotnet
            | Stack::NodePostgres
            | Stack::PostgresJs
            | Stack::Go
            | Stack::Asyncpg
            | Stack::NativeTls
            | Stack::Other => Self {
                openssl: self.openssl,
                libpq: None,
            },
        }
    }
}

impl Default for Oldest {
    /// The versions that are supported. PostgreSQL 14 is not since November 2026, and its libpq refuses
    /// every certificate whose IP address is an iPAddress entry: as an error that would be an alarm for nearly
    /// all who connect by address, whose clients accept it.
    fn default() -> Self {
        Self {
            openssl: OpenSsl::V3_0,
            libpq: Some(Libpq::V15),
        }
    }
}

/// A key that OpenSSL before 3.5 cannot use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostQuantum {
    /// The server's own: OpenSSL before 3.5 offers no signature scheme for it, and the handshake fails
    /// in every `sslmode`.
    Server {
        /// Such as `ML-DSA-65`.
        algorithm: &'static str,
    },
    /// That of a CA: OpenSSL before 3.5 refuses the chain, if it verifies it.
    Authority {
        /// Position in the path.
        depth: usize,
        /// Such as `ML-DSA-65`.
        algorithm: &'static str,
    },
}

impl PostQuantum {
    /// The first such key, leaf first.
    pub(super) fn find(presented: &[Certificate], path: &PathReport) -> Option<Self> {
        // SLH-DSA is for certificates only: no version of TLS takes it for a server's key (RFC 9909).
        if let KeyKind::MlDsa(set) = &presented.first()?.public_key.kind {
            let algorithm = set.name();
            return Some(Self::Server { algorithm });
        }
        let certificate = |step| match step {
            &Step::Presented(index) => presented.get(index),
            Step::Anchor(anchor) => Some(&*anchor.certificate),
        };
        let mut authorities = path.path.iter().enumerate().skip(1);
        authorities.find_map(|(depth, step)| {
            let algorithm = certificate(step)?.public_key.post_quantum()?;
            Some(Self::Authority { depth, algorithm })
        })
    }

    /// Does it matter if this much is verified?
    pub(super) fn matters_at(self, level: Level) -> bool {
        match self {
            Self::Server { .. } => true,
            Self::Authority { .. } => level > Level::Encryption,
        }
    }
}
