//! What is said of clients that no test runs with such certificates.

use std::sync::Arc;

use rcgen::{CertificateParams, PKCS_ML_DSA_65};
use rustls::SupportedProtocolVersion;

use crate::support::client::Client;
use crate::support::peer::Peer;
use crate::support::pki::{Ca, Served};
use crate::support::serving::{TLS13, plain, welcome};

/// Outcome and acceptance of each client, as `verified accepts`.
fn predicted(root: &Ca, served: &Served, host: &str, settings: &str) -> Vec<(String, String)> {
    let version: &'static SupportedProtocolVersion = TLS13;
    let config = Arc::new(plain(served, version));
    let peer = Peer::start(move |conversation| welcome(conversation, &config));
    let client = Client::trusting(root);
    let string = format!(
        "postgresql://ann@{host}:{}/d?hostaddr=127.0.0.1&{settings}",
        peer.port
    );
    let run = client.pgtls(&["check", "--clients", "--format", "json", &string]);
    let endpoint = run.endpoint();
    let clients = endpoint["clients"].as_array().unwrap();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    clients
        .iter()
        .map(|row| {
            let said = format!("{} {}", word(&row["outcome"]), word(&row["certificate"]));
            (word(&row["client"]), said)
        })
        .collect()
}

fn of<'a>(rows: &'a [(String, String)], client: &str) -> Option<&'a str> {
    let row = rows.iter().find(|(name, _)| name == client);
    row.map(|(_, said)| said.as_str())
}

const FULL: &str = "sslmode=verify-full&sslrootcert=root.crt";

#[test]
fn clients_on_openssl_refuse_an_underscore_below_a_wildcard() {
    let root = Ca::root("Root");
    let served = root.leaf(&["*.example.cloud"]);
    let rows = predicted(&root, &served, "foo_bar.example.cloud", FULL);
    for client in ["asyncpg", "python-default-context", "npgsql"] {
        assert_eq!(of(&rows, client), Some("refused refuses"), "{client}");
    }
    for client in ["libpq", "pgx", "node-postgres", "pgjdbc"] {
        assert_eq!(of(&rows, client), Some("verified accepts"), "{client}");
    }
    let exact = root.leaf(&["*.example.cloud", "foo_bar.example.cloud"]);
    let rows = predicted(&root, &exact, "foo_bar.example.cloud", FULL);
    assert_eq!(of(&rows, "asyncpg"), Some("verified accepts"));
}

/// What only libpq and a few others know is refused by the others, or by the server to which they pass it on.
#[test]
fn settings_beside_tls_count_too() {
    let root = Ca::root("Root");
    let served = root.leaf(&["db.example"]);
    for (setting, invalid, fine) in [
        (
            "channel_binding=require",
            &["asyncpg", "postgres.js", "lib/pq"][..],
            &["libpq", "tokio-postgres-rustls", "node-postgres"][..],
        ),
        (
            "gssencmode=disable",
            &[
                "asyncpg",
                "postgres.js",
                "lib/pq",
                "pgx",
                "tokio-postgres-rustls",
            ],
            &["libpq", "node-postgres"],
        ),
        (
            "keepalives=1",
            &["asyncpg", "postgres.js", "lib/pq", "pgx"],
            &["libpq", "tokio-postgres-rustls"],
        ),
        (
            "connect_timeout=9",
            &["asyncpg"],
            &[
                "libpq",
                "postgres.js",
                "lib/pq",
                "pgx",
                "tokio-postgres-rustls",
            ],
        ),
    ] {
        let settings = format!("sslmode=require&{setting}");
        let rows = predicted(&root, &served, "db.example", &settings);
        let is_invalid = |client: &&str| {
            of(&rows, client)
                .unwrap_or_else(|| panic!("{client}: {rows:?}"))
                .starts_with("invalid-setting ")
        };
        assert!(invalid.iter().all(&is_invalid), "{setting}: {rows:?}");
        assert!(!fine.iter().any(is_invalid), "{setting}: {rows:?}");
    }
}

#[test]
fn java_parses_no_certificate_without_an_issuer() {
    let nameless = |params: &mut CertificateParams| {
        params.distinguished_name = rcgen::DistinguishedName::new();
    };
    let root = Ca::root_with("", nameless);
    let served = root.leaf(&["db.example"]);
    let rows = predicted(&root, &served, "db.example", FULL);
    assert_eq!(of(&rows, "pgjdbc"), Some("refused refuses"));
    assert_eq!(of(&rows, "libpq"), Some("verified accepts"));
}

#[test]
fn libpq_has_a_row_for_each_openssl_where_they_differ() {
    let root = Ca::root("Root");
    let rows = predicted(&root, &root.leaf(&["db.example"]), "db.example", FULL);
    assert_eq!(of(&rows, "libpq-openssl-3.5"), None);
    let new = Ca::root_of(&PKCS_ML_DSA_65, "New");
    let served = new.leaf_of(&PKCS_ML_DSA_65, &["db.example"]);
    let rows = predicted(&new, &served, "db.example", FULL);
    for (client, said) in [
        ("libpq", "refused refuses"),
        ("libpq-openssl-1.1.1", "refused refuses"),
        ("libpq-openssl-3.0", "refused refuses"),
        ("libpq-openssl-3.5", "verified accepts"),
        ("pgjdbc", "refused refuses"),
        ("sqlx-rustls", "refused refuses"),
    ] {
        assert_eq!(of(&rows, client), Some(said), "{client}");
    }
}

#[test]
fn node_postgres_9_means_what_libpq_means() {
    let root = Ca::root("Root");
    let served = root.leaf(&["other.example"]);
    for (settings, eight, nine) in [
        ("sslmode=require", "refused refuses", "unverified refuses"),
        (
            "sslmode=require&sslrootcert=root.crt",
            "refused refuses",
            "verified refuses",
        ),
        (FULL, "refused refuses", "refused refuses"),
    ] {
        let rows = predicted(&root, &served, "db.example", settings);
        assert_eq!(of(&rows, "node-postgres"), Some(eight), "{settings}");
        assert_eq!(of(&rows, "node-postgres-9"), Some(nine), "{settings}");
    }
}
