//! What stricter clients refuse, and libpq does not.

use rcgen::SanType;

use super::{ALL, verify, with};
use crate::support::client::Client;
use crate::support::pki::{Ca, expired};

#[test]
fn a_name_that_only_stricter_clients_refuse_is_told_in_words() {
    let root = Ca::root("root");
    let served = root.leaf_with(&["db.example."], |params| {
        let address = "dba@db.example".try_into().unwrap();
        params.subject_alt_names.push(SanType::Rfc822Name(address));
    });
    let client = with(&served, &root);
    let run = verify(&client, "--sslrootcert root.crt --host db.example.");
    assert_eq!(
        (run.code, run.findings()),
        (0, vec!["clients-differ".to_owned()]),
        "{run:?}"
    );
    assert!(
        run.stdout
            .contains("by their rules it does not hold for this host"),
        "{run:?}"
    );
}

#[test]
fn what_stricter_clients_refuse_is_a_warning() {
    let directory = tempfile::tempdir().unwrap();
    let Some(openssl) = crate::support::pki::Documented::new(directory.path()) else {
        return;
    };
    let client = Client::new();
    client.write("root.crt", openssl.root("root"));
    client.write("server.crt", openssl.server("root", "db.example.com").chain);
    let run = verify(&client, "--sslrootcert root.crt --host db.example.com");
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.findings(), ["x509-v1", "no-san"]);

    let own = openssl.self_signed("db.example.com").chain;
    client.write("server.crt", &own);
    client.write("root.crt", &own);
    let run = verify(&client, "--sslrootcert root.crt --host db.example.com");
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.findings(), ["no-san", "ca-as-leaf"]);
}

#[test]
fn differences_of_other_engines_from_libpq_are_reported() {
    let root = Ca::root("root");
    let intermediate = root.intermediate("intermediate");

    // webpki ends a path at any anchor, OpenSSL only at a self-signed one.
    let client = with(&intermediate.leaf(&["db.example.com"]), &intermediate);
    let run = verify(&client, ALL);
    assert_eq!((run.code, run.outcome().as_str()), (6, "unknown-issuer"));
    assert_eq!(run.findings(), ["clients-differ"]);

    // webpki does not check an anchor's validity.
    let expired = root.reissued(expired);
    let client = with(&root.leaf(&["db.example.com"]), &expired);
    let run = verify(&client, ALL);
    assert_eq!((run.code, run.outcome().as_str()), (6, "root-expired"));
    assert_eq!(run.findings(), ["clients-differ"]);

    // libpq compares an address with a dNSName as text.
    let client = with(
        &root.leaf_with(&["db.example.com"], dns_name_127_0_0_1),
        &root,
    );
    let run = verify(&client, "--sslrootcert root.crt --host 127.0.0.1");
    assert_eq!(
        (run.code, run.findings()),
        (0, vec!["clients-differ".to_owned()]),
        "{run:?}"
    );
}

fn dns_name_127_0_0_1(params: &mut rcgen::CertificateParams) {
    params.subject_alt_names = vec![SanType::DnsName("127.0.0.1".try_into().unwrap())];
}
