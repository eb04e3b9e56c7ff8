//! A server's setting that takes away what it should not accept, and what it leaves.

use super::super::front::Front;
use super::super::wire::VERSIONS_OF_PGBOUNCER;
use crate::audit::Accepted;
use crate::diagnose::{Fix, Hint};
use crate::wire::tls::{Suite, TlsVersion};

/// What a setting restricts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Restriction {
    /// TLS 1.2 and newer.
    Versions,
    /// Before TLS 1.3: suites with forward secrecy that authenticate what they encrypt.
    Suites,
}

impl Restriction {
    /// The line for the configuration file of what ends TLS there.
    pub(super) fn fix(self, front: Front) -> Fix {
        match (self, front) {
            (Self::Versions, Front::Unknown) => {
                Fix::setting("ssl_min_protocol_version = 'TLSv1.2'")
            }
            (Self::Suites, Front::Unknown) => {
                Fix::setting(format!("ssl_ciphers = '{GOOD_SUITES}'"))
            }
            (Self::Versions, Front::NotPostgres) => Fix::pgbouncer(VERSIONS_OF_PGBOUNCER),
            (Self::Suites, Front::NotPostgres) => {
                Fix::pgbouncer(format!("client_tls_ciphers = {GOOD_SUITES}"))
            }
        }
    }

    /// What the server would still accept.
    fn leaves(self, versions: &Versions<'_>) -> Vec<(TlsVersion, Accepted)> {
        let versions = versions.iter();
        let kept = versions.filter_map(|(version, accepted)| {
            let mut left = (*accepted).clone();
            match self {
                Self::Versions if version.is_legacy() => return None,
                Self::Versions => {}
                Self::Suites if *version == TlsVersion::V1_3 => {}
                Self::Suites => {
                    left.suites.found.retain(|suite| is_good(*suite));
                    left.prime_bits = Ok(None);
                }
            }
            (!left.suites.found.is_empty()).then_some((*version, left))
        });
        kept.collect()
    }
}

/// Whether `GOOD_SUITES` contains it.
fn is_good(suite: Suite) -> bool {
    let name = suite.openssl;
    name.starts_with("ECDHE") && (name.contains("GCM") || name.contains("CHACHA20"))
}

/// A setting of the server. It is proven if what it leaves of the observed answers is something, and the fault is not among
/// it.
pub(super) fn on_server(
    restriction: Restriction,
    versions: &Versions<'_>,
    front: Front,
    is_cured: impl Fn(&Versions<'_>) -> bool,
) -> Hint {
    let left = restriction.leaves(versions);
    let left: Vec<(TlsVersion, &Accepted)> = left
        .iter()
        .map(|(version, accepted)| (*version, accepted))
        .collect();
    let fix = restriction.fix(front);
    let fix = match !left.is_empty() && is_cured(&left) {
        true => fix.proven(),
        false => fix,
    };
    match (front, restriction) {
        (Front::NotPostgres, _) => front
            .evidence()
            .then("In pgbouncer.ini, then reload:")
            .fix(fix),
        (Front::Unknown, Restriction::Suites) => Hint::say("In postgresql.conf, then reload:")
            .fix(fix)
            .then("In PgBouncer, set client_tls_ciphers."),
        (Front::Unknown, Restriction::Versions) => Hint::say("In postgresql.conf, then reload:")
            .fix(fix)
            .then("PgBouncer: client_tls_protocols = secure."),
    }
}

pub(super) type Versions<'a> = [(TlsVersion, &'a Accepted)];

/// Suites with forward secrecy that authenticate what they encrypt; TLS 1.3 has no others.
pub(super) const GOOD_SUITES: &str = "ECDHE+AESGCM:ECDHE+CHACHA20";
