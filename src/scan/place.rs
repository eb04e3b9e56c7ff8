//! How far away a host is, by its name alone: a connection that does not leave the machine or its containers needs no TLS.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::conninfo::HostAddr;
use crate::words::words;

words! {
    /// Where the host of a string is.
    Place {
        /// This machine: `localhost`, a loopback address, a socket.
        Local = "local",
        /// A service of the containers that the tree describes, or of the cluster.
        Container = "container",
        /// A name without a dot, or a private address: somewhere in a network of one's own.
        Private = "private",
        /// Anywhere else.
        Network = "network",
        /// A variable, or a word that stands for a host in documentation.
        Variable = "variable",
    }
}

/// Names of containers that compose files, manifests and workflows of the tree define.
pub(super) type Services = BTreeSet<String>;

/// Words that stand for a host.
const PLACEHOLDERS: &[&str] = &[
    "host",
    "hostname",
    "host_name",
    "db_host",
    "dbhost",
    "your-host",
    "your_host",
    "yourhost",
    "your-server",
    "yourserver",
    "myhost",
    "my-host",
    "server",
    "servername",
    "server_name",
    "hostaddr",
    "database-host",
    "x",
    "...",
    "somehost",
    "ip",
    "address",
];

/// Domains of RFC 2606 and RFC 6761 that have no owner.
const DOCUMENTATION: &[&str] = &[
    "example.com",
    "example.org",
    "example.net",
    "example.edu",
    "example",
    "invalid",
];

/// Domains that are not the namespace of a cluster.
const PUBLIC: &[&str] = &[
    "com", "net", "org", "io", "eu", "de", "co", "info", "biz", "ai", "tech", "uk", "fr", "us",
];

/// The farthest of the places; this machine, with its socket, if there is none.
pub(super) fn farthest(places: impl IntoIterator<Item = Place>) -> Place {
    places
        .into_iter()
        .max_by_key(|place| match place {
            Place::Local => 0,
            Place::Container => 1,
            Place::Variable => 2,
            Place::Private => 3,
            Place::Network => 4,
        })
        .unwrap_or(Place::Local)
}

/// Where a host is.
pub(super) fn of_host(host: &str, services: &Services) -> Place {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if host.is_empty()
        || host.starts_with(['/', '@'])
        || host == "localhost"
        || host.ends_with(".localhost")
    {
        return Place::Local;
    }
    // As libpq reads it: `10.1`, `fe80::1%eth0`.
    if let Some(address) = HostAddr::from_bytes(host.as_bytes()) {
        return of_address(address.ip);
    }
    if matches!(
        host.as_str(),
        "host.docker.internal" | "gateway.docker.internal" | "host.containers.internal"
    ) {
        return Place::Local;
    }
    if PLACEHOLDERS.contains(&host.as_str()) {
        return Place::Variable;
    }
    let first = host.split('.').next().unwrap_or_default();
    let in_cluster = host.ends_with(".svc") || host.ends_with(".svc.cluster.local");
    let is_service = !host.contains('.') && services.contains(&host);
    if is_service || in_cluster {
        return Place::Container;
    }
    // `NAME.NAMESPACE` of a cluster. A service with a public name does not make that name its own.
    let namespace = host.rsplit('.').next().unwrap_or_default();
    if host.matches('.').count() == 1
        && services.contains(first)
        && !first.is_empty()
        && !PUBLIC.contains(&namespace)
    {
        return Place::Container;
    }
    let private = [".local", ".lan", ".home", ".home.arpa", ".localdomain"];
    if !host.contains('.') || private.iter().any(|end| host.ends_with(end)) {
        return Place::Private;
    }
    Place::Network
}

fn of_address(address: IpAddr) -> Place {
    let address = address.to_canonical();
    if address.is_loopback() || address.is_unspecified() {
        return Place::Local;
    }
    let private = match address {
        IpAddr::V4(address) => address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    };
    if private {
        Place::Private
    } else {
        Place::Network
    }
}

/// Whether the host is in a domain for documentation.
pub(super) fn is_documentation(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    DOCUMENTATION.iter().any(|domain| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_as_far_away_as_its_name_says() {
        let services: Services = ["db", "cache", "own.acme.io"].map(str::to_owned).into();
        for (host, place) in [
            ("localhost", Place::Local),
            ("127.0.0.2", Place::Local),
            ("::1", Place::Local),
            ("::ffff:127.0.0.1", Place::Local),
            ("/var/run/postgresql", Place::Local),
            ("@socket", Place::Local),
            ("host.docker.internal", Place::Local),
            ("db", Place::Container),
            ("DB", Place::Container),
            ("db.prod", Place::Container),
            ("pg.prod.svc.cluster.local", Place::Container),
            ("other", Place::Private),
            ("10.0.0.1", Place::Private),
            ("fd00::1", Place::Private),
            ("10.1", Place::Private),
            ("0x7f.1", Place::Local),
            ("fe80::1%eth0", Place::Private),
            ("nas.local", Place::Private),
            ("db.acme.io", Place::Network),
            ("db.prod.acme.io", Place::Network),
            ("198.51.100.7", Place::Network),
            ("own.acme.io", Place::Network),
            ("db.io", Place::Network),
            ("your-host", Place::Variable),
        ] {
            assert_eq!(of_host(host, &services), place, "{host}");
        }
        assert_eq!(farthest([]), Place::Local);
        assert_eq!(farthest([Place::Local, Place::Network]), Place::Network);
    }

    #[test]
    fn domains_for_documentation_are_known() {
        for host in ["example.com", "db.example.org", "x.example", "EXAMPLE.COM."] {
            assert!(is_documentation(host), "{host}");
        }
        for host in ["myexample.com", "example.com.acme.io"] {
            assert!(!is_documentation(host), "{host}");
        }
    }
}
