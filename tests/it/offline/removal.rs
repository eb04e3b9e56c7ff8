//! Roots that the public stores will remove.

use crate::support::client::Client;

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
