//! Who runs the server: only that side can change its files and settings.

use super::provider::Provider;
use crate::x509::{Certificate, GeneralName};

/// Who runs the server, as far as its name and certificate prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// A provider: its customers cannot edit the server's files.
    Managed(&'static Provider),
    /// CloudNativePG, which writes the server's files from a Cluster resource.
    CloudNativePg,
    /// Crunchy Data's operator (PGO), which writes them from a PostgresCluster resource.
    Crunchy,
    /// Zalando's operator, which writes them from a postgresql resource.
    Zalando,
    /// It is not known.
    Unknown,
}

impl Operator {
    /// By the host's name, or else by the names in the server's certificates.
    pub(super) fn of(host: Option<&[u8]>, certificates: &[Certificate]) -> Self {
        if let Some(provider) = host.and_then(Provider::of_host) {
            return Self::Managed(provider);
        }
        let Some(leaf) = certificates.first() else {
            return Self::Unknown;
        };
        let names: Vec<&[u8]> = dns_names(leaf).take(MAX_NAMES).collect();
        if is_cloud_native(&names) {
            Self::CloudNativePg
        } else if leaf.issuer.text.contains("postgres-operator-ca") {
            Self::Crunchy
        } else if leaf.subject.text.contains("spilo.dummy.org") {
            Self::Zalando
        } else {
            Self::Unknown
        }
    }

    /// The subject of a sentence about a change on the server.
    pub(super) fn who(self) -> String {
        match self {
            Self::Managed(provider) => format!("{}'s support", provider.name),
            Self::CloudNativePg | Self::Crunchy | Self::Zalando | Self::Unknown => {
                "The server's administrator".to_owned()
            }
        }
    }
}

fn dns_names(leaf: &Certificate) -> impl Iterator<Item = &[u8]> {
    let names = leaf.subject_alt_names.iter().flatten();
    names.filter_map(|name| match name {
        GeneralName::Dns(name) => Some(name.as_slice()),
        GeneralName::Ip(_)
        | GeneralName::Email(_)
        | GeneralName::Uri(_)
        | GeneralName::Directory(_)
        | GeneralName::SmtpUtf8(_)
        | GeneralName::OtherName(..)
        | GeneralName::Other(..) => None,
    })
}

/// CloudNativePG's certificate names the services NAME-rw, NAME-r and NAME-ro (`api/v1/cluster_funcs.go`).
fn is_cloud_native(names: &[&[u8]]) -> bool {
    let clusters = names.iter().filter_map(|name| name.strip_suffix(b"-rw"));
    clusters.into_iter().any(|cluster| {
        let listed = |ending: &[u8]| {
            let service = [cluster, ending].concat();
            names.iter().any(|name| **name == *service)
        };
        listed(b"-r") && listed(b"-ro")
    })
}

/// The maximum of names that are looked at: a hostile certificate may have any number.
const MAX_NAMES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloud_native_pg_is_known_by_its_three_services() {
        let names = |names: &[&'static str]| {
            is_cloud_native(&names.iter().map(|name| name.as_bytes()).collect::<Vec<_>>())
        };
        assert!(names(&["db-rw", "db-rw.ns", "db-r", "db-ro"]));
        assert!(!names(&["db-rw", "db-r"]));
        assert!(!names(&["a-rw", "b-r", "b-ro"]));
        assert!(!names(&[]));
    }
}
