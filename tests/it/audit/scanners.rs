//! Do sslscan and sslyze find the same versions and suites?

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::{accepted, audit};
use crate::support::client::Client;
use crate::support::pki::Ca;
use crate::support::postgres::Postgres;
use crate::support::sample::one_in;
use crate::support::skip::skip;
use crate::support::tool::Tool;

type Found = BTreeMap<String, BTreeSet<String>>;

#[test]
fn other_scanners_find_the_same() {
    let root = Ca::root("root");
    let rsa = root.leaf_of(&rcgen::PKCS_RSA_SHA256, &["db.example"]);
    let ecdsa = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&rsa) else {
        return;
    };
    let client = Client::new();
    let lax = ("ssl_ciphers", "ALL:COMPLEMENTOFALL");
    let old = ("ssl_min_protocol_version", "TLSv1");
    let modern = ("ssl_ciphers", "ECDHE+AESGCM");
    let no_newer = ("ssl_max_protocol_version", "TLSv1.2");
    let step = one_in(3, "the configurations for other scanners");
    for (served, settings) in [
        (&rsa, &[][..]),
        (&rsa, &[old]),
        (&rsa, &[old, lax]),
        (&ecdsa, &[old]),
        (&ecdsa, &[modern, no_newer]),
        (&ecdsa, &[("ssl_min_protocol_version", "TLSv1.3")]),
    ]
    .into_iter()
    .step_by(step)
    {
        server.configure(served, settings);
        let string = format!(
            "host=db.example hostaddr=127.0.0.1 port={} user=postgres sslmode=require",
            server.port
        );
        let ours: Found = accepted(&audit(&client, &[&string]))
            .into_iter()
            .map(|(version, suites)| (version, suites.into_iter().collect()))
            .collect();
        if let Some(theirs) = sslscan(server.port) {
            assert_eq!(differences(&ours, &theirs), [], "sslscan, {settings:?}");
        }
        if let Some((theirs, known)) = sslyze(&client, server.port) {
            let ours = only(&ours, &known);
            assert_eq!(differences(&ours, &theirs), [], "sslyze, {settings:?}");
        }
    }
}

/// Suites that only one of the two has found, by version.
fn differences(ours: &Found, theirs: &Found) -> Vec<(String, Vec<String>)> {
    let versions: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let none = BTreeSet::new();
    let different = versions.into_iter().map(|version| {
        let ours = ours.get(version).unwrap_or(&none);
        let theirs = theirs.get(version).unwrap_or(&none);
        let suites = ours.symmetric_difference(theirs).cloned().collect();
        (version.clone(), suites)
    });
    different
        .filter(|(_, suites): &(_, Vec<_>)| !suites.is_empty())
        .collect()
}

/// What sslscan accepts, from its XML.
fn sslscan(port: u16) -> Option<Found> {
    let output = Command::new("sslscan")
        .args(["--starttls-psql", "--no-colour", "--xml=-"])
        .arg(format!("127.0.0.1:{port}"))
        .output();
    let Ok(output) = output else {
        skip("sslscan is not installed");
        return None;
    };
    let xml = String::from_utf8(output.stdout).unwrap();
    let mut found = Found::new();
    for line in xml.lines().filter(|line| line.contains("<cipher ")) {
        let value = |name: &str| {
            let (_, behind) = line.split_once(&format!(" {name}=\"")).unwrap();
            behind.split('"').next().unwrap().to_owned()
        };
        let version = value("sslversion").replace("TLSv1.0", "TLSv1");
        found.entry(version).or_default().insert(value("cipher"));
    }
    assert!(!found.is_empty(), "{xml}");
    Some(found)
}

/// The findings that the other one can make, too.
fn only(found: &Found, known: &Found) -> Found {
    let versions = found.iter().filter_map(|(version, suites)| {
        let known = known.get(version)?;
        Some((version.clone(), suites & known))
    });
    versions.collect()
}

/// What sslyze found accepted, and what it tried, from its JSON.
fn sslyze(client: &Client, port: u16) -> Option<(Found, Found)> {
    let directory = Tool::Sslyze.find()?;
    let output = client
        .other("python3")
        .env("PYTHONPATH", directory)
        .args(["-m", "sslyze", "--quiet", "--mozilla_config", "disable"])
        .args(["--slow_connection", "--starttls", "postgres"])
        .args(["--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3"])
        .args(["--json_out", "sslyze.json"])
        .arg(format!("127.0.0.1:{port}"))
        .output()
        .unwrap();
    let text = std::fs::read_to_string(client.home.path().join("sslyze.json"));
    let Ok(text) = text else {
        panic!("sslyze: {output:?}");
    };
    let document: Value = serde_json::from_str(&text).unwrap();
    let result = &document["server_scan_results"][0]["scan_result"];
    let (mut found, mut known) = (Found::new(), Found::new());
    for (field, version) in [
        ("tls_1_0_cipher_suites", "TLSv1"),
        ("tls_1_1_cipher_suites", "TLSv1.1"),
        ("tls_1_2_cipher_suites", "TLSv1.2"),
        ("tls_1_3_cipher_suites", "TLSv1.3"),
    ] {
        let names = |which: &str| {
            let suites = result[field]["result"][which].as_array();
            let suites = suites.unwrap_or_else(|| panic!("{document}")).iter();
            let names = suites.map(|suite| suite["cipher_suite"]["openssl_name"].as_str());
            names
                .map(|name| name.unwrap().to_owned())
                .collect::<BTreeSet<_>>()
        };
        let accepted = names("accepted_cipher_suites");
        known.insert(
            version.to_owned(),
            &accepted | &names("rejected_cipher_suites"),
        );
        if !accepted.is_empty() {
            found.insert(version.to_owned(), accepted);
        }
    }
    Some((found, known))
}
