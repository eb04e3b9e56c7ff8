//! Finds the provider of a server by its host name, and where it publishes its roots.
//!
//! Only facts from the providers' own documentation. A name is evidence for advice, never for a
//! verdict.

/// A provider of PostgreSQL servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Provider {
    /// Its name.
    pub name: &'static str,
    /// The suffixes of its host names, each with its leading dot.
    suffixes: &'static [&'static str],
    /// Parts of the names of its own CAs.
    issuers: &'static [&'static str],
    /// Which roots its clients need, and how to get them.
    pub roots: &'static str,
    /// Commands that get them.
    pub commands: &'static [&'static str],
    /// The value of `sslrootcert` for them, if it is the same for all its servers.
    pub sslrootcert: Option<&'static str>,
    /// Where its customers let a client's address in.
    pub network: Option<&'static str>,
}

impl Provider {
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
        PROVIDERS
            .iter()
            .find(|provider| provider.suffixes.iter().any(ends))
    }
}

const PROVIDERS: &[Provider] = &[
    Provider {
        name: "Azure Database for PostgreSQL",
        suffixes: &[".postgres.database.azure.com"],
        issuers: &[
            "Microsoft Azure RSA TLS Issuing CA",
            "Microsoft TLS G2 RSA CA",
        ],
        roots: "Azure uses two roots. Your file needs both:",
        commands: &[
            "pgtls roots export digicert-global-root-g2 > azure.crt",
            "pgtls roots export microsoft-rsa-root-ca-2017 >> azure.crt",
        ],
        sslrootcert: Some("azure.crt"),
        network: Some(
            "Add the address to the server's firewall rules or its virtual network (Networking in the portal).",
        ),
    },
    Provider {
        name: "Azure Cosmos DB for PostgreSQL",
        suffixes: &[".postgres.cosmos.azure.com"],
        issuers: &[],
        roots: "Its root is DigiCert Global Root G2:",
        commands: &["pgtls roots export digicert-global-root-g2 > azure.crt"],
        sslrootcert: Some("azure.crt"),
        network: None,
    },
    Provider {
        name: "Amazon RDS",
        suffixes: &[".rds.amazonaws.com"],
        issuers: &["Amazon RDS "],
        roots: "RDS has its own roots for every region. Public trust stores do not contain them:",
        commands: &[
            "curl -o rds.pem https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem",
        ],
        sslrootcert: Some("rds.pem"),
        network: None,
    },
    Provider {
        name: "Supabase",
        suffixes: &[".supabase.co", ".pooler.supabase.com"],
        issuers: &["Supabase Root 2021 CA"],
        roots: "Supabase has two roots with the same name (2021 and 2025). Download the certificate from the dashboard (Database settings, SSL), and keep both in the file.",
        commands: &[],
        sslrootcert: None,
        network: None,
    },
    Provider {
        name: "Neon",
        suffixes: &[".neon.tech"],
        issuers: &[],
        roots: "Neon uses a public CA. libpq 16 and newer find it in the machine's trust store.",
        commands: &[],
        sslrootcert: Some("system"),
        network: None,
    },
    Provider {
        name: "DigitalOcean",
        suffixes: &[".db.ondigitalocean.com"],
        issuers: &[],
        roots: "DigitalOcean has a separate CA for every project. Download the CA certificate from the database's page.",
        commands: &[],
        sslrootcert: None,
        network: None,
    },
    Provider {
        name: "Aiven",
        suffixes: &[".aivencloud.com"],
        issuers: &[],
        roots: "Aiven has a separate CA for every project. Download ca.pem (\"CA certificate\") from the console.",
        commands: &[],
        sslrootcert: None,
        network: None,
    },
    Provider {
        name: "Tiger Cloud (Timescale)",
        suffixes: &[".tsdb.cloud.timescale.com"],
        issuers: &[],
        roots: "Tiger Cloud uses a public CA, but a new service is self-signed for up to half an hour. libpq 16 and newer find the CA in the machine's trust store.",
        commands: &[],
        sslrootcert: Some("system"),
        network: None,
    },
    Provider {
        name: "Crunchy Bridge",
        suffixes: &[".db.postgresbridge.com"],
        issuers: &[],
        roots: "Crunchy Bridge has a separate CA for every team:",
        commands: &["curl -o bridge.pem https://api.crunchybridge.com/teams/TEAM-ID.pem"],
        sslrootcert: Some("bridge.pem"),
        network: None,
    },
    Provider {
        name: "Railway",
        suffixes: &[".proxy.rlwy.net"],
        issuers: &[],
        roots: "Railway's server makes its own certificate, for localhost. verify-full is impossible through Railway's proxy.",
        commands: &[],
        sslrootcert: None,
        network: None,
    },
    Provider {
        name: "CockroachDB Cloud",
        suffixes: &[".cockroachlabs.cloud"],
        issuers: &[],
        roots: "Download the cluster's CA certificate:",
        commands: &[
            "curl --create-dirs -o ~/.postgresql/root.crt https://cockroachlabs.cloud/clusters/CLUSTER-ID/cert",
        ],
        sslrootcert: None,
        network: None,
    },
];

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
            ("db.example.com", None),
            ("notrds.amazonaws.com.example", None),
            ("", None),
        ] {
            let provider = Provider::of_host(host.as_bytes());
            assert_eq!(provider.map(|provider| provider.name), name, "{host}");
        }
    }
}
