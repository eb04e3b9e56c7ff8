//! What ends TLS there, as far as its request for a client certificate shows.
//!
//! PostgreSQL asks for a client certificate only if it has an ssl_ca_file, and then names the subjects of that file in
//! the request (`SSL_CTX_set_client_CA_list` in be-secure-openssl.c). PgBouncer always asks, and names nobody
//! (`tls_config_verify_client_optional` of its libtls). So a request without names does not come from PostgreSQL.

use super::wire::{ALLOW_MORE, CIPHERS, CIPHERS_OF_PGBOUNCER};
use crate::diagnose::{Fix, Hint};
use crate::handshake::{ClientCertificateRequest, Tls};

/// What ends TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum Front {
    /// PostgreSQL, or anything else.
    Unknown,
    /// A pooler or a proxy: it asked for a client certificate and named no authority.
    NotPostgres,
}

impl Front {
    pub(in crate::diagnose) fn of(tls: &Tls) -> Self {
        match tls.client_certificate {
            ClientCertificateRequest::NotRequested => Self::Unknown,
            ClientCertificateRequest::RequestedNoneSent
            | ClientCertificateRequest::RequestedNoneFits
            | ClientCertificateRequest::Sent => {
                match tls.client_certificate_authorities.as_slice() {
                    [] => Self::NotPostgres,
                    _ => Self::Unknown,
                }
            }
        }
    }

    /// How that is known; nothing if it is not.
    pub(in crate::diagnose) fn evidence(self) -> Hint {
        match self {
            Self::Unknown => Hint::default(),
            Self::NotPostgres => Hint::say(
                "A pooler or proxy ends TLS here, not PostgreSQL: it asks for a client certificate and names no authority, as PgBouncer does.",
            ),
        }
    }

    /// The file with the authorities whose client certificates are accepted.
    pub(in crate::diagnose) const fn ca_file(self) -> &'static str {
        match self {
            Self::Unknown => "the server's ssl_ca_file",
            Self::NotPostgres => {
                "the CA file of that pooler or proxy (PgBouncer: client_tls_ca_file)"
            }
        }
    }

    /// A list of suites that pgtls can finish a handshake with.
    pub(in crate::diagnose) fn more_suites(self) -> Hint {
        self.suites(
            ALLOW_MORE,
            "There, allow AES-GCM with ECDHE, so that pgtls can finish the handshake. In PgBouncer:",
        )
    }

    /// A list in which better suites come first.
    pub(in crate::diagnose) fn better_suites_first(self) -> Hint {
        self.suites(
            "On the server, put AES-GCM with ECDHE first:",
            "There, put AES-GCM with ECDHE first. In PgBouncer:",
        )
    }

    fn suites(self, of_postgres: &'static str, of_others: &'static str) -> Hint {
        match self {
            Self::Unknown => Hint::say(of_postgres).fix(Fix::setting(CIPHERS)),
            Self::NotPostgres => Hint::say(of_others).fix(Fix::pgbouncer(CIPHERS_OF_PGBOUNCER)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_names_is_not_postgresqls() {
        let tls = |client_certificate, names: &[&[u8]]| Tls {
            client_certificate,
            client_certificate_authorities: names.iter().map(|name| name.to_vec()).collect(),
            ..Tls::default()
        };
        let asked = ClientCertificateRequest::RequestedNoneSent;
        for (tls, front) in [
            (Tls::default(), Front::Unknown),
            (tls(asked, &[]), Front::NotPostgres),
            (tls(asked, &[b"a name"]), Front::Unknown),
            (tls(ClientCertificateRequest::Sent, &[]), Front::NotPostgres),
        ] {
            assert_eq!(Front::of(&tls), front, "{tls:?}");
        }
    }
}
