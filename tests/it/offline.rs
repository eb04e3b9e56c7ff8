//! Does `pgtls verify` judge a server's files like clients judge the server?

use std::os::unix::fs::PermissionsExt as _;

use rcgen::{ExtendedKeyUsagePurpose, SanType};

use crate::support::client::{Client, Run};
use crate::support::pki::{Ca, Served, expired, in_days};

/// A home directory with these files, as `server.crt`, `server.key` (0600) and `root.crt`.
fn with(served: &Served, root: &Ca) -> Client {
    let client = Client::new();
    client.write("server.crt", &served.chain);
    client.write("server.key", &served.key);
    client.write("root.crt", &root.pem);
    chmod(&client, "server.key", 0o600);
    client
}

fn chmod(client: &Client, file: &str, mode: u32) {
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(client.home.path().join(file), permissions).unwrap();
}

fn verify(client: &Client, arguments: &str) -> Run {
    let mut words = vec!["verify", "--format", "json", "--cert", "server.crt"];
    words.extend(arguments.split_whitespace());
    client.pgtls(&words)
}

const ALL: &str = "--key server.key --sslrootcert root.crt --host db.example.com";

#[test]
fn good_files_pass_for_every_name_in_them() {
    let root = Ca::root("root");
    let client = with(&root.leaf(&["db.example.com", "*.db.example.com"]), &root);
    let run = verify(&client, &format!("{ALL} --host a.db.example.com"));
    assert_eq!((run.code, run.outcome().as_str()), (0, "pass"), "{run:?}");
    let document = run.json();
    assert_eq!(document["endpoints"].as_array().unwrap().len(), 2);
    assert_eq!(
        document["endpoints"][1]["name_match"]["matched"],
        "*.db.example.com"
    );
    assert_eq!(document["endpoints"][0]["certificates"][0]["role"], "leaf");
    // No other option than --sslrootcert can have named the roots.
    let trust = &document["endpoints"][0]["trust"];
    assert_eq!(
        (&trust["path"], &trust["origin"]),
        (&"root.crt".into(), &serde_json::Value::Null)
    );
    assert_eq!(document["endpoints"][0]["encrypted"], false);
    assert_eq!(run.findings(), Vec::<String>::new());
}

/// Each file has its own verdict, and nothing in a directory that looks like a certificate is left out.
#[test]
fn several_files_and_directories_are_verified_each_by_its_name() {
    let root = Ca::root("Root");
    let client = Client::trusting(&root);
    let good = root.leaf(&["db.example"]);
    client.write("good.crt", &good.chain);
    client.write("certs/a.crt", &good.chain);
    client.write(
        "certs/b.PEM",
        &root.leaf_with(&["db.example"], expired).chain,
    );
    client.write("certs/key.pem", &good.key);
    client.write("certs/readme.txt", "nothing");
    client.write("empty/readme.txt", "nothing");
    client.write("broken/c.cer", "-----BEGIN CERTIFICATE-----\nAAAA\n");
    let verify = |arguments: &str| {
        let mut words = vec!["verify", "--format", "json"];
        words.extend(arguments.split_whitespace());
        client.pgtls(&words)
    };
    let verdicts = |run: &Run| -> Vec<(String, i64)> {
        let document = run.json();
        let endpoints = document["endpoints"].as_array().unwrap().iter();
        endpoints
            .map(|one| {
                let name = one["name"].as_str().unwrap_or("-").to_owned();
                (name, one["exit_code"].as_i64().unwrap())
            })
            .collect()
    };
    let expected = |all: &[(&str, i64)]| -> Vec<(String, i64)> {
        all.iter()
            .map(|(name, code)| ((*name).to_owned(), *code))
            .collect()
    };
    let fixed = "--sslrootcert root.crt --host db.example";
    let run = verify(&format!("good.crt {fixed}"));
    assert_eq!(
        (run.code, verdicts(&run)),
        (0, expected(&[("-", 0)])),
        "{run:?}"
    );
    let run = verify(&format!("good.crt certs {fixed}"));
    let all = expected(&[("good.crt", 0), ("certs/a.crt", 0), ("certs/b.PEM", 6)]);
    assert_eq!((run.code, verdicts(&run)), (6, all), "{run:?}");
    let run = verify(&format!("good.crt broken {fixed}"));
    let all = expected(&[("good.crt", 0), ("broken/c.cer", 2)]);
    assert_eq!((run.code, verdicts(&run)), (2, all), "{run:?}");
    for arguments in [
        "empty",
        "good.crt certs --key certs/key.pem",
        "good.crt missing",
    ] {
        let run = verify(&format!("{arguments} {fixed}"));
        assert_eq!(run.code, 2, "{arguments}: {run:?}");
    }
}

/// The lines of a pg_hosts.conf name their keys: a key that is not looked at must not pass for one that fits.
#[test]
fn a_key_for_a_hosts_file_is_refused() {
    let root = Ca::root("root");
    let client = with(&root.leaf(&["db.example"]), &root);
    client.write("pg_hosts.conf", "* server.crt server.key\n");
    let words = ["verify", "pg_hosts.conf", "--sslrootcert", "root.crt"];
    let run = client.pgtls(&words);
    assert_eq!(run.code, 0, "{run:?}");
    let run = client.pgtls(&[&words[..], &["--key", "none.key"]].concat());
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("name their own keys"), "{run:?}");
}

#[test]
fn each_fault_has_the_code_that_clients_would_meet() {
    let (root, other) = (Ca::root("root"), Ca::root("other"));
    let intermediate = root.intermediate("intermediate");
    let good = || root.leaf(&["db.example.com"]);
    let rows: [(&str, Client, &str, i32, &str); 8] = [
        (
            "wrong host",
            with(&root.leaf(&["a", "b"]), &root),
            ALL,
            7,
            "host-name-mismatch",
        ),
        (
            "one host of two",
            with(&good(), &root),
            &format!("{ALL} --host x"),
            7,
            "pass",
        ),
        (
            "other root",
            with(&good(), &other),
            ALL,
            6,
            "unknown-issuer",
        ),
        (
            "expired",
            with(&root.leaf_with(&["db.example.com"], expired), &root),
            ALL,
            6,
            "expired",
        ),
        (
            "not yet valid",
            with(
                &root.leaf_with(&["db.example.com"], crate::support::pki::not_yet_valid),
                &root,
            ),
            ALL,
            6,
            "not-yet-valid",
        ),
        (
            "no intermediate",
            with(&intermediate.leaf(&["db.example.com"]), &root),
            ALL,
            6,
            "unknown-issuer",
        ),
        (
            "with its intermediate",
            with(
                &intermediate
                    .leaf(&["db.example.com"])
                    .and(&intermediate.pem),
                &root,
            ),
            ALL,
            0,
            "pass",
        ),
        (
            "no root file",
            with(&good(), &root),
            "--sslrootcert none.crt",
            2,
            "root-file-missing",
        ),
    ]
    .map(|(name, client, arguments, code, outcome)| {
        let run = verify(&client, arguments);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{name}: {run:?}"
        );
        (name, client, "", code, outcome)
    });
    assert_eq!(rows.len(), 8);
}

#[test]
fn a_key_must_match_the_certificate_and_be_private() {
    let root = Ca::root("root");
    let client = with(&root.leaf(&["db.example.com"]), &root);
    client.write("other.key", root.leaf(&["db.example.com"]).key);
    chmod(&client, "other.key", 0o600);
    client.write("open.key", "");
    chmod(&client, "open.key", 0o644);
    for (key, outcome) in [
        ("server.key", "pass"),
        ("other.key", "server-key-mismatch"),
        ("open.key", "key-file-permissions"),
        ("none.key", "server-key-file-missing"),
        ("root.crt", "key-file-permissions"),
    ] {
        let run = verify(&client, &format!("--sslrootcert root.crt --key {key}"));
        let code = if outcome == "pass" { 0 } else { 2 };
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{key}: {run:?}"
        );
    }
}

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

#[test]
fn nobody_is_told_to_wait_for_a_certificate_that_ends_before_it_begins() {
    let root = Ca::root("root");
    let served = root.leaf_with(&["db.example.com"], |params| {
        (params.not_before, params.not_after) = (in_days(10), in_days(5));
    });
    let run = verify(&with(&served, &root), ALL);
    assert_eq!(run.outcome(), "not-yet-valid", "{run:?}");
    assert!(run.stdout.contains("never becomes valid"), "{run:?}");
    assert!(!run.stdout.contains("wait"), "{run:?}");
}

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
fn files_are_judged_at_any_instant() {
    let root = Ca::root("root");
    let client = with(&root.leaf(&["db.example.com"]), &root);
    for (arguments, code, outcome) in [
        ("--at +89d", 0, "pass"),
        ("--at +91d", 6, "expired"),
        ("--at -2d", 6, "not-yet-valid"),
        ("--at 2100-01-01T00:00:00Z", 6, "root-expired"),
        ("--valid-for 89d", 0, "pass"),
        ("--valid-for 91d", 1, "expires-soon"),
        ("--at +80d --valid-for 11d", 1, "expires-soon"),
        ("--at +80d --strict", 1, "expires-soon"),
        ("--at +80d", 0, "pass"),
    ] {
        let run = verify(&client, &format!("{ALL} {arguments}"));
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{arguments}: {run:?}"
        );
    }
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

#[test]
fn files_with_which_a_server_would_not_start_are_refused() {
    let root = Ca::root("root");
    let client = with(&root.leaf(&["db.example.com"]), &root);
    client.write("text.crt", "no certificate");
    client.write("text.key", "no key");
    chmod(&client, "text.key", 0o600);
    for (arguments, outcome) in [
        (
            ["--cert", "text.crt", "--key", "server.key"],
            "server-cert-file-invalid",
        ),
        (
            ["--cert", "none.crt", "--key", "server.key"],
            "server-cert-file-missing",
        ),
        (
            ["--cert", "server.crt", "--key", "text.key"],
            "server-key-file-invalid",
        ),
    ] {
        let run = client.pgtls(&[&["verify", "--format", "json"][..], &arguments].concat());
        assert_eq!((run.code, run.outcome().as_str()), (2, outcome), "{run:?}");
        let hint = run.endpoint()["error"]["hint"].as_str().unwrap().to_owned();
        let home = client.home.path().to_str().unwrap();
        assert!(hint.starts_with(&format!("Full path: {home}/")), "{hint}");
    }
}

#[test]
fn an_unknown_critical_extension_is_named() {
    let root = Ca::root("root");
    let served = root.leaf_with(&["db.example.com"], |params| {
        let mut extension =
            rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions = vec![extension];
    });
    let run = verify(&with(&served, &root), ALL);
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (6, "unknown-critical-extension"),
        "{run:?}"
    );
    let message = run.endpoint()["error"]["message"].to_string();
    assert!(message.contains("1.3.6.1.4.1.99999.1"), "{message}");
}

#[test]
fn a_signature_that_cannot_be_checked_is_never_passed() {
    let directory = tempfile::tempdir().unwrap();
    if crate::support::pki::Documented::new(directory.path()).is_none() {
        return;
    }
    let client = Client::new();
    for arguments in [
        "req -new -x509 -newkey ed448 -nodes -subj /CN=root -days 30 -out root.crt -keyout root.key",
        "req -new -newkey rsa:2048 -nodes -subj /CN=db.example.com -out server.csr -keyout server.key",
        "x509 -req -in server.csr -CA root.crt -CAkey root.key -days 30 -out server.crt",
    ] {
        let output = std::process::Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(client.home.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments}: {output:?}");
    }
    let run = verify(&client, "--sslrootcert root.crt --host db.example.com");
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (6, "unsupported-algorithm"),
        "{run:?}"
    );
}

#[test]
fn two_cas_of_one_name_are_distinguished_by_their_keys() {
    let (root, recreated) = (Ca::root("root"), Ca::root("root"));
    let client = with(&root.leaf(&["db.example.com"]), &recreated);
    let run = verify(&client, ALL);
    assert_eq!((run.code, run.outcome().as_str()), (6, "unknown-issuer"));
    let hint = run.endpoint()["error"]["hint"].as_str().unwrap().to_owned();
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

#[test]
fn revocation_is_checked_offline_too() {
    let directory = tempfile::tempdir().unwrap();
    if crate::support::pki::Documented::new(directory.path()).is_none() {
        return;
    }
    let client = Client::new();
    client.write(
        "ca.cnf",
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\ndefault_md=sha256\ndefault_crl_days=9\n",
    );
    client.write("index.txt", "");
    for arguments in [
        "req -new -x509 -newkey rsa:2048 -nodes -subj /CN=root -days 30 -out root.crt -keyout root.key",
        "req -new -newkey rsa:2048 -nodes -subj /CN=db.example.com -out server.csr -keyout server.key",
        "x509 -req -in server.csr -CA root.crt -CAkey root.key -days 30 -out server.crt",
        "ca -config ca.cnf -cert root.crt -keyfile root.key -gencrl -out good.crl",
        "ca -config ca.cnf -cert root.crt -keyfile root.key -revoke server.crt",
        "ca -config ca.cnf -cert root.crt -keyfile root.key -gencrl -out revoked.crl",
    ] {
        let output = std::process::Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(client.home.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments}: {output:?}");
    }
    for (crl, code, outcome) in [
        ("good.crl", 0, "pass"),
        ("revoked.crl", 6, "revoked"),
        ("none.crl", 2, "crl-file-missing"),
        ("server.key", 2, "crl-file-invalid"),
    ] {
        let run = verify(
            &client,
            &format!("--sslrootcert root.crt --host db.example.com --sslcrl {crl}"),
        );
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{crl}: {run:?}"
        );
    }
    let run = verify(
        &client,
        "--sslrootcert root.crt --sslcrl good.crl --valid-for 10d",
    );
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (1, "expires-soon"),
        "{run:?}"
    );
}

/// `pg_hosts.conf` of PostgreSQL 19.
#[test]
fn every_line_of_a_hosts_file_is_judged_for_its_names() {
    let client = Client::new();
    let root = Ca::root("Root");
    client.write("root.crt", &root.pem);
    for (name, served) in [
        ("a", root.leaf(&["a.example", "b.example"])),
        ("c", root.leaf_with(&["c.example"], expired)),
    ] {
        client.write(&format!("data/{name}.crt"), &served.chain);
        let key = format!("data/{name}.key");
        client.write(&key, &served.key);
        chmod(&client, &key, 0o600);
    }
    client.write("data/root.crt", &root.pem);
    client.write("data/names", "b.example\n");
    let verify = |lines: &str, more: &[&str]| {
        client.write("data/pg_hosts.conf", lines);
        let words = [
            "verify",
            "--format",
            "json",
            "--hosts-file",
            "data/pg_hosts.conf",
        ];
        let roots = ["--sslrootcert", "root.crt"];
        let run = client.pgtls(&[&words[..], &roots, more].concat());
        let endpoints = run.json()["endpoints"].as_array().unwrap().clone();
        let told = endpoints.iter().map(|endpoint| {
            let outcome = endpoint["error"]["code"].as_str().unwrap_or("pass");
            format!("{} {outcome}", endpoint["name"].as_str().unwrap_or("-"))
        });
        (run.code, told.collect::<Vec<_>>(), run.stdout)
    };
    let all = "a.example,@names a.crt a.key\nc.example c.crt c.key\n* a.crt a.key root.crt\n";
    for (lines, more, code, told) in [
        (
            all,
            &[][..],
            6,
            &[
                "a.example pass",
                "b.example pass",
                "c.example expired",
                "* pass",
            ][..],
        ),
        (
            "a.example a.crt a.key",
            &["--host", "d.example"],
            5,
            &["a.example pass", "- hosts-file-invalid"],
        ),
        (
            "* a.crt a.key",
            &["--host", "b.example"],
            0,
            &["b.example pass"],
        ),
        (
            "d.example a.crt a.key",
            &[],
            7,
            &["d.example host-name-mismatch"],
        ),
        (
            "a.example a.crt c.key",
            &[],
            2,
            &["a.example server-key-mismatch"],
        ),
        (
            "a.example a.crt none.key",
            &[],
            2,
            &["a.example server-key-file-missing"],
        ),
        (
            "a.example a.crt a.key none",
            &[],
            2,
            &["a.example root-file-missing"],
        ),
        ("a.example a.crt", &[], 2, &["- hosts-file-invalid"]),
        ("# nothing", &[], 2, &["- hosts-file-invalid"]),
    ] {
        let found = verify(lines, more);
        assert_eq!(
            (found.0, found.1),
            (code, told.iter().map(|told| (*told).to_owned()).collect()),
            "{lines}: {}",
            found.2
        );
    }
    client.write("data/more/one.conf", "e.example ../a.crt ../a.key\n");
    client.write("data/more/README", "not a line\n");
    std::fs::create_dir(client.home.path().join("data/more/old.conf")).unwrap();
    let (code, told, said) = verify("include_dir more\n", &[]);
    assert_eq!((code, told.len()), (7, 1), "{said}");
    // The file alone says what it is.
    client.write("data/pg_hosts.conf", "a.example a.crt a.key\n");
    for (file, found) in [
        ("data/pg_hosts.conf", 0),
        ("data/a.crt", 0),
        ("data/c.crt", 6),
    ] {
        let run = client.pgtls(&["verify", file, "--sslrootcert", "root.crt"]);
        assert_eq!(run.code, found, "{file}: {run:?}");
    }
    // A directory is judged by its file, and by what the file does not name.
    client.write(
        "data/pg_hosts.conf",
        "a.example,@names a.crt a.key\n* ../data/a.crt a.key root.crt\n",
    );
    let run = client.pgtls(&[
        "verify",
        "data",
        "--format",
        "json",
        "--sslrootcert",
        "root.crt",
    ]);
    let endpoints = run.json()["endpoints"].as_array().unwrap().clone();
    let told: Vec<(&str, i64)> = endpoints
        .iter()
        .map(|one| {
            (
                one["name"].as_str().unwrap(),
                one["exit_code"].as_i64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("a.example", 0),
        ("b.example", 0),
        ("*", 0),
        ("data/c.crt", 6),
    ];
    assert_eq!((run.code, told), (6, expected.to_vec()), "{run:?}");
    client.write("empty/pg_hosts.conf", "# nothing\n");
    let run = client.pgtls(&["verify", "empty", "data/pg_hosts.conf"]);
    assert_ne!(run.code, 0, "{run:?}");
    let (code, told, said) = verify("127.0.0.1 a.crt a.key", &["--host", "10.0.0.1"]);
    assert_eq!((code, told.len()), (5, 2), "{said}");
    for words in [
        "hosts-file-invalid",
        "no client gets this line",
        "no line for /no_sni/",
    ] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn conninfo_shows_libpqs_own_default_and_the_files_that_count() {
    let client = Client::new();
    client.write(".postgresql/root.crt", "");
    client.write(".postgresql/root.crl", "");
    let shown = |string: &str| client.pgtls(&["conninfo", string]).stdout;
    let text = shown("host=db");
    assert!(text.contains("prefer"), "{text}");
    assert!(text.contains("verifies as verify-full"), "{text}");
    for file in [".postgresql/root.crt", ".postgresql/root.crl"] {
        assert!(text.contains(file), "{text}");
    }
    assert!(!text.contains("postgresql.crt"), "{text}");
    let text = shown("host=db sslmode=require sslrootcert=other.crt");
    assert!(!text.contains("root.crt "), "{text}");
    assert!(!text.contains("pgtls check verifies"), "{text}");
    let json = client.pgtls(&["conninfo", "--format", "json", "host=db"]);
    assert_eq!(json.json()["parameters"]["sslmode"]["value"], "prefer");
}

/// A public root stands for a server's certificate here, because no test has the key of one.
#[test]
fn a_root_that_the_stores_will_remove_is_told_where_the_string_relies_on_a_store() {
    let root = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/certs/DigiCertGlobalRootG2.crt.pem"
    );
    let client = Client::new().with("SSL_CERT_FILE", root);
    let relies_on = |roots: &str| {
        let run = client.pgtls(&[
            "verify",
            "--cert",
            root,
            "--sslrootcert",
            roots,
            "--at",
            "2028-06-01T00:00:00Z",
            "--format",
            "json",
        ]);
        assert_eq!(run.code, 0, "{run:?}");
        run.findings()
    };
    let told = |findings: &[String]| findings.iter().any(|code| code == "root-removal");
    assert!(told(&relies_on("system")));
    assert!(!told(&relies_on(root)));
}

/// Every date comes with the page that says so.
#[test]
fn the_calendar_of_removals_is_shown_with_its_source() {
    let client = Client::new();
    let run = client.pgtls(&["roots", "--calendar"]);
    assert_eq!(run.code, 0, "{run:?}");
    for part in [
        "2029-04-15  expected   DigiCert Global Root G2",
        "2026-04-15  removed    DigiCert Global Root CA",
        "https://wiki.mozilla.org/CA/Root_CA_Lifecycles",
    ] {
        assert!(run.stdout.contains(part), "{part}: {run:?}");
    }
}

/// What the evidence of a name or a revocation shows: which name, whose rule, when and why.
#[test]
fn names_and_revocations_are_told_with_their_evidence() {
    use crate::support::skip::has_openssl;

    if !has_openssl() {
        return;
    }
    let client = Client::new();
    client.take_command(EVIDENCE);
    for (arguments, parts) in [
        (
            "--cert constrained.crt --sslrootcert constrained-ca.crt --host db.example.net",
            &[
                "has the name \"localhost\"",
                "\"CN = Constrained CA\"",
                "permits only \"example.net\"",
            ][..],
        ),
        (
            "--cert wild.crt --sslrootcert root.crt --host a.b.example.cloud",
            &["covers exactly one label", "has 2 there"],
        ),
        (
            "--cert wild.crt --sslrootcert root.crt --host node1",
            &["CN is \"node1\"", "ignore the CN"],
        ),
        (
            "--cert wild.crt --sslrootcert root.crt --sslcrl root.crl --host db.example.cloud",
            &[
                "was revoked on 20",
                "(keyCompromise)",
                "the CRL number 4096 of 20",
                "by \"CN = Root\"",
            ],
        ),
    ] {
        let mut words = vec!["verify", "--format", "json"];
        words.extend(arguments.split_whitespace());
        let run = client.pgtls(&words);
        let error = run.endpoint()["error"].take();
        let text = format!("{} {}", error["message"], error["hint"]).replace("\\\"", "\"");
        for part in parts {
            assert!(text.contains(part), "{arguments}: {part} is not in {text}");
        }
        assert!(!text.contains("host=node1"), "{text}");
    }
}

/// A CA with name constraints, a wildcard with another CN, and a CRL that lists it.
const EVIDENCE: &str = r#"set -e
ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.crt" -days 30 -subj "/CN=$2" \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign ${3:+-addext "$3"} 2>/dev/null; }
leaf() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$2" 2>/dev/null
  printf 'subjectAltName=%s\n' "$4" > ext
  openssl x509 -req -in "$1.csr" -CA "$3.crt" -CAkey "$3.key" -CAcreateserial -days 30 -extfile ext -out "$1.crt" 2>/dev/null; }
ca constrained-ca 'Constrained CA' 'nameConstraints=critical,permitted;DNS:example.net'
leaf constrained db.example.net constrained-ca DNS:db.example.net,DNS:localhost
ca root Root
leaf wild node1 root 'DNS:*.example.cloud'
: > index; echo 1000 > number
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=9\ncrl_extensions=e\n[e]\n' > cnf
openssl ca -config cnf -keyfile root.key -cert root.crt -revoke wild.crt -crl_reason keyCompromise 2>/dev/null
openssl ca -config cnf -keyfile root.key -cert root.crt -gencrl -out root.crl 2>/dev/null"#;
