//! Sets of root certificates, by the provider whose clients need them.

use std::sync::Arc;

use data_encoding::HEXLOWER;

use super::bundled::{BundledRoot, anchor, mozilla_by_subject};
use super::pem::encode_pem;
use crate::x509::{Anchor, AnchorList, AnchorStore, Certificate, Name};

/// The roots that a provider's clients need.
#[derive(Debug, PartialEq, Eq)]
pub struct RootSet {
    /// What `pgtls roots export` calls it.
    pub name: &'static str,
    /// Whose clients need it.
    pub whose: &'static str,
    /// The names of roots of `certs/`.
    bundled: &'static [&'static str],
    /// SHA-256 of roots of Mozilla's list, in hexadecimal.
    public: &'static [&'static str],
}

/// Azure Database for PostgreSQL moves servers between these two (Microsoft Learn, "TLS in Azure Database for
/// PostgreSQL").
pub static AZURE: RootSet = RootSet {
    name: "azure",
    whose: "Azure Database for PostgreSQL, Azure Cosmos DB for PostgreSQL",
    bundled: &["digicert-global-root-g2", "microsoft-rsa-root-ca-2017"],
    public: &[],
};

/// Amazon Trust Services, for RDS Proxy and Aurora DSQL (AWS documentation, "Configuring SSL/TLS certificates for
/// Aurora DSQL connections", "Using TLS/SSL with RDS Proxy").
pub static AWS_PUBLIC: RootSet = RootSet {
    name: "aws-public",
    whose: "Amazon RDS Proxy, Amazon Aurora DSQL (not RDS itself)",
    bundled: &[],
    public: &[
        // Amazon Root CA 1 to 4.
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        // Starfield Services Root Certificate Authority - G2.
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ],
};

/// Let's Encrypt, for Neon, Scaleway and Heroku's Enhanced Certificates.
pub static LETS_ENCRYPT: RootSet = RootSet {
    name: "lets-encrypt",
    whose: "Neon, Heroku with Enhanced Certificates, CockroachDB Cloud (Basic and Standard)",
    bundled: &[],
    public: &[
        // ISRG Root X1 and X2.
        "96bcec06264976f37460779acf28c5a7cfe8a3c0aae11a8ffcee05c0bddf08c6",
        "69729b8e15a86efc177a57afb7171dfc64add28c2fca8cf1507e34453ccb1470",
    ],
};

/// Every set.
pub static SETS: [&RootSet; 3] = [&AWS_PUBLIC, &AZURE, &LETS_ENCRYPT];

impl RootSet {
    /// Finds a set by its name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        SETS.into_iter().find(|set| set.name == name)
    }

    /// Its roots of `certs/`.
    pub fn bundled(&self) -> Vec<&'static BundledRoot> {
        let names = self.bundled.iter();
        names
            .filter_map(|name| BundledRoot::by_name(name))
            .collect()
    }

    /// All of its roots.
    pub fn certificates(&self) -> Vec<Certificate> {
        let bundled = self.bundled();
        let bundled = bundled.into_iter().filter_map(BundledRoot::certificate);
        bundled.chain(self.of_mozilla()).collect()
    }

    fn of_mozilla(&self) -> impl Iterator<Item = Certificate> {
        let listed = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .filter(|_| !self.public.is_empty());
        listed
            .filter_map(|der| Certificate::parse(der).ok())
            .filter(|root| {
                let fingerprint = HEXLOWER.encode(&root.sha256_fingerprint());
                self.public.contains(&fingerprint.as_str())
            })
    }

    /// All of its roots as PEM.
    pub fn pem(&self) -> String {
        let bundled: String = self.bundled().iter().map(|root| root.pem).collect();
        let public = self
            .of_mozilla()
            .map(|root| encode_pem("CERTIFICATE", &root.der));
        bundled + &public.collect::<String>()
    }

    /// All of its roots as anchors.
    pub fn anchors(&self) -> AnchorList {
        let roots = self.certificates().into_iter();
        AnchorList::new(roots.map(|root| Arc::unwrap_or_clone(anchor(root))))
    }
}

/// Mozilla's list.
#[derive(Clone, Copy, Debug)]
pub struct PublicRoots;

impl AnchorStore for PublicRoots {
    fn by_subject(&self, subject: &Name) -> Vec<Arc<Anchor>> {
        mozilla_by_subject(subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_is_whole() {
        for set in SETS {
            let wanted = set.bundled.len() + set.public.len();
            assert_eq!(set.certificates().len(), wanted, "{}", set.name);
            assert_eq!(set.pem().matches("BEGIN CERTIFICATE").count(), wanted);
            assert_eq!(set.anchors().iter().count(), wanted);
            assert_eq!(RootSet::by_name(set.name), Some(set));
            assert!(BundledRoot::by_name(set.name).is_none());
        }
    }
}
