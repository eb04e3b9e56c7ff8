//! Finds the provider of a server by its host name, and what its clients need.
//!
//! A name is evidence for advice, never for a verdict. What is advised is judged against the chain.

mod advice;
mod table;

use memchr::memmem;

use crate::trust::RootSet;

pub(in crate::diagnose) use advice::{NO_BUNDLE, export, set_of};
pub(super) use advice::{advice, of_self_signed};

use table::PROVIDERS;

/// A provider of PostgreSQL servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) struct Provider {
    /// Its name.
    pub name: &'static str,
    /// The suffixes of its host names, each with its leading dot.
    suffixes: &'static [&'static str],
    /// What else its host names contain.
    within: Option<&'static str>,
    /// Parts of the names of its own CAs.
    issuers: &'static [&'static str],
    /// Where its chains end.
    pub anchor: Anchor,
    /// Which roots its clients need, and how to get them.
    pub roots: &'static str,
    /// Commands that get them.
    pub commands: &'static [&'static str],
    /// The value of `sslrootcert` for them, if it is the same for all its servers.
    pub sslrootcert: Option<&'static str>,
    /// Where its customers let a client's address in.
    pub network: Option<&'static str>,
}

/// Where the chains of a provider end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum Anchor {
    /// At one of the roots of this set.
    Set(&'static RootSet),
    /// At a root of the public lists.
    Public,
    /// At a root of its own, which public lists do not contain.
    Own,
}

impl Provider {
    /// Amazon RDS or Aurora, in whichever partition.
    pub(super) fn is_rds(&self) -> bool {
        self.suffixes
            .iter()
            .any(|suffix| suffix.starts_with(".rds."))
    }

    /// The provider that runs a CA of this name.
    pub(super) fn of_issuer(issuer: &str) -> Option<&'static Self> {
        let is_part = |part: &&str| issuer.contains(*part);
        PROVIDERS
            .iter()
            .find(|provider| provider.issuers.iter().any(is_part))
    }

    /// The provider whose host names end like this one.
    pub(super) fn of_host(host: &[u8]) -> Option<&'static Self> {
        let host = host.to_ascii_lowercase();
        let ends = |suffix: &&str| host.ends_with(suffix.as_bytes());
        let contains = |part: &str| memmem::find(&host, part.as_bytes()).is_some();
        PROVIDERS.iter().find(|provider| {
            provider.suffixes.iter().any(ends) && provider.within.is_none_or(contains)
        })
    }

    /// Whether a CA of this name is one of the provider's own.
    fn runs(&self, issuer: &str) -> bool {
        self.issuers.iter().any(|part| issuer.contains(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_known_by_the_names_of_their_authorities() {
        for (issuer, name) in [
            (
                "CN = Amazon RDS eu-west-1 Root CA RSA2048 G1, OU = Amazon RDS",
                Some("Amazon RDS"),
            ),
            (
                "C = US, CN = Microsoft TLS G2 RSA CA OCSP 04",
                Some("Azure Database for PostgreSQL"),
            ),
            ("CN = Supabase Root 2021 CA", Some("Supabase")),
            ("CN = Example CA", None),
        ] {
            let provider = Provider::of_issuer(issuer);
            assert_eq!(provider.map(|provider| provider.name), name, "{issuer}");
        }
    }

    #[test]
    fn providers_are_known_by_the_ends_of_their_host_names() {
        for (host, name) in [
            (
                "srv.postgres.database.azure.com",
                Some("Azure Database for PostgreSQL"),
            ),
            (
                "C-X.123.postgres.cosmos.azure.com",
                Some("Azure Cosmos DB for PostgreSQL"),
            ),
            ("db.abc123.eu-west-1.rds.amazonaws.com", Some("Amazon RDS")),
            ("aws-0-eu-central-1.pooler.supabase.com", Some("Supabase")),
            ("ep-cool-name-123.eu-central-1.aws.neon.tech", Some("Neon")),
            (
                "px.proxy-abc123.us-east-1.rds.amazonaws.com",
                Some("Amazon RDS Proxy"),
            ),
            ("4xabc.dsql.us-east-1.on.aws", Some("Amazon Aurora DSQL")),
            (
                "db.abc.us-gov-west-1.rds.amazonaws.com",
                Some("Amazon RDS in GovCloud"),
            ),
            (
                "db.abc.rds.cn-north-1.amazonaws.com.cn",
                Some("Amazon RDS in China"),
            ),
            (
                "srv.postgres.database.chinacloudapi.cn",
                Some("Azure Database for PostgreSQL"),
            ),
            ("aws-eu-west-1-2.horizon.psdb.cloud", Some("PlanetScale")),
            (
                "c-abc.rw.mdb.yandexcloud.net",
                Some("Yandex Managed Service for PostgreSQL"),
            ),
            ("1-uuid.europe-west1.sql.goog", Some("Google Cloud SQL")),
            ("740ce33e-4242.aws.yugabyte.cloud", Some("YugabyteDB Aeon")),
            ("ec2-1-2-3-4.compute-1.amazonaws.com", None),
            ("db.example.com", None),
            ("notrds.amazonaws.com.example", None),
            ("", None),
        ] {
            let provider = Provider::of_host(host.as_bytes());
            assert_eq!(provider.map(|provider| provider.name), name, "{host}");
        }
    }
}
