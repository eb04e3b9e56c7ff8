//! Directories as certbot and cert-manager make them.

use super::Run;
use crate::support::client::Client;
use crate::support::pki::Ca;

fn verify(client: &Client) -> Run {
    client.pgtls(&[
        "verify",
        "--format",
        "json",
        "dir",
        "--sslrootcert",
        "root.crt",
        "--host",
        "db.example",
    ])
}

/// The files that were judged, and the codes.
fn judged(run: &Run) -> Vec<(String, i64)> {
    let document = run.json();
    let endpoints = document["endpoints"].as_array().unwrap().iter();
    let judged = endpoints.map(|one| {
        let name = one["name"].as_str().unwrap_or("-").replace('\\', "/");
        (name, one["exit_code"].as_i64().unwrap())
    });
    judged.collect()
}

#[test]
fn what_belongs_to_a_server_certificate_is_not_judged_as_one() {
    let root = Ca::root("Root");
    let below = root.intermediate("Below");
    let leaf = below.leaf(&["db.example"]);
    let client = Client::trusting(&root);
    let full = format!("{}{}", leaf.chain, below.pem);
    client.write("dir/cert.pem", &leaf.chain);
    client.write("dir/chain.pem", &below.pem);
    client.write("dir/fullchain.pem", &full);
    client.write("dir/ca.crt", &root.pem);
    client.write_private("dir/privkey.pem", &leaf.key);
    let run = verify(&client);
    assert_eq!(run.code, 0, "{run:?}");
    // Only one is left, so that the host names it.
    assert_eq!(judged(&run).len(), 1, "{run:?}");
    for note in [
        "cert.pem is not judged: another file begins",
        "chain.pem is not judged: it has only certificates of CAs",
        "--sslrootcert",
    ] {
        assert!(run.stderr.contains(note), "{note}: {run:?}");
    }
    // As for mutual TLS. Alone, it is judged as what was asked for.
    client.write("dir/client.crt", &root.client("ann").chain);
    let run = verify(&client);
    assert_eq!((run.code, judged(&run).len()), (0, 1), "{run:?}");
    let note = "client.crt is not judged: its certificate is for clients alone";
    assert!(run.stderr.contains(note), "{run:?}");
    client.write("alone/client.crt", &root.client("ann").chain);
    let alone = client.pgtls(&[
        "verify",
        "--format",
        "json",
        "alone",
        "--sslrootcert",
        "root.crt",
    ]);
    assert_eq!(alone.code, 6, "{alone:?}");
    // A key of another certificate.
    client.write_private("dir/privkey.pem", &root.leaf(&["db.example"]).key);
    let run = verify(&client);
    assert_eq!(run.outcome(), "server-key-mismatch", "{run:?}");
}

#[test]
fn a_ca_that_may_be_a_server_is_judged() {
    let root = Ca::root("Root");
    let client = Client::trusting(&root);
    client.write("dir/a.crt", &root.leaf(&["db.example"]).chain);
    client.write("dir/other.crt", &Ca::root("Other").pem);
    let names = root.intermediate_with("Named", |params| {
        let name = "db.example".try_into().unwrap();
        params.subject_alt_names = vec![rcgen::SanType::DnsName(name)];
    });
    client.write("dir/named.crt", &names.pem);
    client.write("dir/of-named.crt", &names.leaf(&["db.example"]).chain);
    let files: Vec<String> = judged(&verify(&client))
        .into_iter()
        .map(|(file, _)| file)
        .collect();
    assert_eq!(
        files,
        [
            "dir/a.crt",
            "dir/named.crt",
            "dir/of-named.crt",
            "dir/other.crt"
        ]
    );
}

#[test]
fn a_host_with_its_port_is_refused() {
    let root = Ca::root("Root");
    let client = Client::trusting(&root);
    client.write("a.crt", &root.leaf(&["db.example"]).chain);
    for host in ["db.example:5432", "postgresql://db.example/x"] {
        let run = client.pgtls(&["verify", "a.crt", "--host", host]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains("--host db.example"), "{run:?}");
    }
    let url = "postgresql://app:Zq7xSecretQ@db.example/x";
    let run = client.pgtls(&["verify", "a.crt", "--host", url]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(!format!("{run:?}").contains("Zq7xSecretQ"), "{run:?}");
}

#[test]
fn a_ca_of_the_same_subject_that_signed_the_certificate_is_named() {
    let root = Ca::root("db.example");
    let client = Client::trusting(&root);
    let leaf = root.leaf_with(&["db.example"], |params| {
        params.use_authority_key_identifier_extension = false;
    });
    client.write("dir/a.crt", &leaf.chain);
    let run = verify(&client);
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (6, "self-signed"),
        "{run:?}"
    );
    assert!(run.stdout.contains("have the same subject"), "{run:?}");
    assert!(!run.stdout.contains("another server answers"), "{run:?}");
}

#[test]
fn nobody_is_told_to_trust_a_ca_for_tests() {
    let staging = Ca::root("(STAGING) Let's Encrypt");
    let client = Client::trusting(&Ca::root("Other"));
    client.write("dir/a.crt", &staging.leaf(&["db.example"]).chain);
    let run = verify(&client);
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (6, "unknown-issuer"),
        "{run:?}"
    );
    assert!(run.stdout.contains("staging environment"), "{run:?}");
    assert!(!run.stdout.contains("Get the root certificate"), "{run:?}");
}
