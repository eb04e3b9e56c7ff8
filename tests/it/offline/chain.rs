//! What a chain lacks or has twice, and where the client holds a part of it.

use rcgen::{CustomExtension, ExtendedKeyUsagePurpose};

use super::{ALL, verify, with};
use crate::support::client::Run;
use crate::support::pki::{Ca, expired};

#[test]
fn the_order_of_a_chain_and_what_it_lacks_are_reported() {
    let root = Ca::root("root");
    let upper = root.intermediate("upper");
    let lower = upper.intermediate("lower");
    let leaf = || lower.leaf(&["db.example.com"]);

    let ordered = with(&leaf().and(&lower.pem).and(&upper.pem), &root);
    assert_eq!(verify(&ordered, ALL).findings(), Vec::<String>::new());

    let misordered = with(&leaf().and(&upper.pem).and(&lower.pem), &root);
    let run = verify(&misordered, ALL);
    assert_eq!(
        (run.code, run.findings()),
        (0, vec!["chain-order".to_owned()])
    );

    let filled_in = with(&leaf().and(&lower.pem), &root);
    filled_in.write("root.crt", format!("{}{}", root.pem, upper.pem));
    let run = verify(&filled_in, ALL);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.findings().contains(&"missing-intermediate".to_owned()),
        "{run:?}"
    );
}

/// Neither the root nor another intermediate makes it less likely that one is missing.
#[test]
fn what_comes_after_a_certificate_and_did_not_sign_it_hides_no_missing_intermediate() {
    let root = Ca::root("root");
    let (older, newer) = (root.intermediate("older"), root.intermediate("newer"));
    let leaf = || newer.leaf(&["db.example.com"]);
    for (after, who) in [(&root, "CN = root"), (&older, "CN = older")] {
        let run = verify(&with(&leaf().and(&after.pem), &root), ALL);
        assert_eq!(run.outcome(), "unknown-issuer", "{run:?}");
        let hint = run.endpoint()["error"]["hint"].take().to_string();
        let stray = format!("{who}\\\" comes after the certificate, but did not sign it");
        for said in [&stray, "Most likely", "CN = newer\\\" is an intermediate"] {
            assert!(hint.contains(said), "{said}: {hint}");
        }
        assert!(!hint.contains("operator of the server"), "{hint}");
    }
    let stranger = Ca::root("stranger");
    let whole = leaf().and(&newer.pem);
    let run = verify(&with(&whole, &stranger), ALL);
    assert!(!run.stdout.contains("is an intermediate"), "{run:?}");
}

/// OpenSSL takes an issuer from the root file first, so the path does not show what the server sends.
#[test]
fn an_intermediate_in_the_root_file_is_not_missing_if_it_is_sent() {
    let root = Ca::root("root");
    let issuing = root.intermediate("issuing");
    let older = issuing.reissued_below(&root, expired);
    let leaf = || issuing.leaf(&["db.example.com"]);
    let holding = |held: &Ca| format!("{}{}", held.pem, root.pem);

    let both = with(&leaf().and(&issuing.pem), &root);
    both.write("root.crt", holding(&issuing));
    let run = verify(&both, ALL);
    assert_eq!((run.code, run.findings()), (0, vec![]), "{run:?}");
    let roles = |run: &Run| -> Vec<String> {
        let certificates = run.endpoint()["certificates"].take();
        let of = |one: &serde_json::Value| one["role"].as_str().unwrap().to_owned();
        certificates.as_array().unwrap().iter().map(of).collect()
    };
    assert_eq!(roles(&run), ["leaf", "intermediate", "root"]);

    let old_sent = with(&leaf().and(&older.pem), &root);
    old_sent.write("root.crt", holding(&issuing));
    let run = verify(&old_sent, ALL);
    assert_eq!(run.findings(), ["missing-intermediate"], "{run:?}");
    assert!(
        run.stdout
            .contains("sends another certificate of the intermediate"),
        "{run:?}"
    );

    let old_held = with(&leaf().and(&issuing.pem), &root);
    old_held.write("root.crt", holding(&older));
    let run = verify(&old_held, ALL);
    assert_eq!(run.outcome(), "intermediate-expired", "{run:?}");
    for said in ["the intermediate certificate", "Remove it there"] {
        assert!(run.stdout.contains(said), "{said}: {run:?}");
    }

    // PostgreSQL sends the root if ssl_ca_file has it.
    let stranger = Ca::root_with("Stranger", expired);
    let root_sent = with(
        &stranger.leaf(&["db.example.com"]).and(&stranger.pem),
        &root,
    );
    let run = verify(&root_sent, ALL);
    assert_eq!(run.outcome(), "unknown-issuer", "{run:?}");
    let found = run.findings();
    assert!(found.contains(&"root-expired".to_owned()), "{run:?}");
}

#[test]
fn an_authority_is_not_told_to_become_a_server() {
    let root = Ca::root("root");
    let issuing = root.intermediate_with("issuing", |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let served = issuing.leaf(&["db.example.com"]).and(&issuing.pem);
    let run = verify(&with(&served, &root), ALL);
    assert_eq!(run.outcome(), "wrong-purpose", "{run:?}");
    assert!(run.stdout.contains("keyUsage=keyCertSign"), "{run:?}");
}

/// OpenSSL heeds Netscape's type, which some templates still add.
#[test]
fn a_netscape_type_that_refuses_is_named() {
    let root = Ca::root("root");
    let served = root.leaf_with(&["db.example.com"], |params| {
        // A BIT STRING with the first bit: client.
        let client = vec![3, 2, 7, 0x80];
        let of_type = CustomExtension::from_oid_content(&[2, 16, 840, 1, 113730, 1, 1], client);
        params.custom_extensions.push(of_type);
    });
    let run = verify(&with(&served, &root), ALL);
    assert_eq!(run.outcome(), "wrong-purpose", "{run:?}");
    assert!(run.stdout.contains("Leave out nsCertType"), "{run:?}");
}

/// OpenSSL takes the certificates of a CRL file as anchors, too.
#[test]
fn an_intermediate_in_the_crl_file_is_not_said_to_be_in_the_root_file() {
    let root = Ca::root("root");
    let issuing = root.intermediate("issuing");
    let older = issuing.reissued_below(&root, expired);
    let lists = [&root, &issuing]
        .map(|ca| ca.crl(1, -1..1, vec![]))
        .concat();
    let client = with(&issuing.leaf(&["db.example.com"]), &root);
    for (held, outcome, place) in [
        (
            &issuing,
            "pass",
            "libpq uses the one that came with the CRLs",
        ),
        (
            &older,
            "intermediate-expired",
            "It is with the CRLs (root.crl)",
        ),
    ] {
        client.write("root.crl", format!("{}{lists}", held.pem));
        let run = verify(&client, &format!("{ALL} --sslcrl root.crl"));
        assert_eq!(run.outcome(), outcome, "{run:?}");
        assert!(run.stdout.contains(place), "{run:?}");
    }
}

#[test]
fn a_root_file_with_nothing_but_a_list_of_revocations_is_named() {
    let root = Ca::root("root");
    let client = with(&root.leaf(&["db.example.com"]), &root);
    client.write("root.crt", root.crl(1, -1..1, vec![]));
    let run = verify(&client, ALL);
    assert_eq!(run.outcome(), "unknown-issuer", "{run:?}");
    assert!(
        run.stdout.contains("contains a CRL, but no certificate"),
        "{run:?}"
    );
}

#[test]
fn two_cas_of_one_name_are_distinguished_by_their_keys() {
    let (root, recreated) = (Ca::root("root"), Ca::root("root"));
    let client = with(&root.leaf(&["db.example.com"]), &recreated);
    let run = verify(&client, ALL);
    assert_eq!((run.code, run.outcome().as_str()), (6, "unknown-issuer"));
    let hint = run.hint();
    let keys: Vec<&str> = hint
        .lines()
        .filter_map(|line| line.split_once("key ")?.1.split(',').next())
        .collect();
    assert_eq!(keys.len(), 2, "{hint}");
    assert!(
        keys[0] != keys[1] && keys.iter().all(|key| key.len() == 40),
        "{hint}"
    );
}
