//! A client certificate at the login, and the server certificate that SCRAM is bound to.

use serde_json::{Value, json};

use super::{GOOD, client, login, prepared, summary};
use crate::support::pki::Ca;
use crate::support::postgres::Postgres;

#[test]
fn a_client_certificate_logs_in_as_with_psql() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    server.sql("CREATE ROLE alice LOGIN; CREATE ROLE ann LOGIN; CREATE ROLE eve LOGIN");
    server
        .sql("CREATE ROLE bob LOGIN PASSWORD 'hunter2'; CREATE ROLE kim LOGIN PASSWORD 'hunter2'");
    let clients = Ca::root("clients");
    let authority = server.socket_directory().join("data/clients.crt");
    std::fs::write(authority, &clients.pem).unwrap();
    server.authenticate(
        "hostssl all alice all cert\nhostssl all ann all cert\n\
         hostssl all bob all scram-sha-256 clientcert=verify-full\n\
         hostssl all eve all trust clientcert=verify-full\n\
         hostssl all kim all password clientcert=verify-full",
    );
    server.configure(&served, &[("ssl_ca_file", "clients.crt")]);
    let client = client(&root);
    let own = clients.leaf_with(&["alice"], |params| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    });
    client.write("alice.crt", &own.chain);
    client.write_private("alice.key", &own.key);
    // Only alternative names, no common name.
    let nameless = clients.leaf_with(&["alice"], |params| {
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    });
    client.write("nobody.crt", &nameless.chain);
    client.write_private("nobody.key", &nameless.key);
    let with = "sslcert=alice.crt sslkey=alice.key";
    for (settings, expected, seen) in [
        (format!("user=alice {with}"), (0, "pass"), "none"),
        (
            format!("user=alice {with} ssl_max_protocol_version=TLSv1.2"),
            (0, "pass"),
            "none",
        ),
        (format!("user=ann {with}"), (8, "login-failed"), "28000"),
        (
            format!("user=bob password=hunter2 {with}"),
            (8, "login-failed"),
            "28P01",
        ),
        (
            format!("user=bob password=wrong {with}"),
            (8, "login-failed"),
            "28P01",
        ),
        (format!("user=eve {with}"), (8, "login-failed"), "28000"),
        (
            format!("user=kim password=hunter2 {with}"),
            (8, "login-failed"),
            "28P01",
        ),
        (
            "user=ann sslcert=nobody.crt sslkey=nobody.key".to_owned(),
            (8, "login-failed"),
            "28000",
        ),
        ("user=alice".to_owned(), (5, "client-cert-required"), ""),
        (format!("user=postgres {with}"), (0, "pass"), "none"),
        ("user=postgres".to_owned(), (0, "pass"), "none"),
        (
            "user=postgres sslcert=nobody.crt sslkey=nobody.key".to_owned(),
            (0, "pass"),
            "none",
        ),
    ] {
        let string = format!("{GOOD} port={} {settings}", server.port);
        let run = login(&client, &string);
        let came = (run.code, run.outcome(), summary(&run));
        assert_eq!(
            came,
            (expected.0, expected.1.to_owned(), seen.to_owned()),
            "{settings}: {run:?}"
        );
        let theirs = client.run_psql(&string, "SELECT 1");
        assert_eq!(theirs.is_ok(), run.code == 0, "{settings}: {theirs:?}");
        if run.code == 8 {
            let why = match settings.split_whitespace().take(2).collect::<Vec<_>>()[..] {
                ["user=bob", "password=hunter2"] => {
                    "The password is right: the server accepted its proof. What PostgreSQL refuses"
                }
                ["user=bob", _] => "The password is wrong",
                ["user=eve", _] => "trust refuses no user",
                ["user=kim", _] => "Or the line of pg_hba.conf has clientcert=verify-full",
                [_, "sslcert=alice.crt"] => "The CN is \"alice\", but the user is \"ann\"",
                _ => "the certificate has no CN",
            };
            let hint = run.hint();
            assert!(hint.contains(why) && !hint.contains("no line"), "{hint}");
            // Only the method cert takes a map.
            let full = why.starts_with("The password is right") || why.starts_with("trust");
            assert!(!full || !hint.contains("map="), "{hint}");
        }
        if run.code == 0 {
            let dn = if settings.contains("alice.crt") {
                json!("/CN=alice")
            } else {
                Value::Null
            };
            assert_eq!(
                run.endpoint()["login"]["pg_stat_ssl"]["client_dn"],
                dn,
                "{run:?}"
            );
            assert_eq!(run.endpoint()["login"]["same_session"], true, "{run:?}");
        }
    }
}

/// libpq hashes the certificate by the digest of its signature; tokio-postgres-rustls knows only some.
#[test]
fn scram_is_bound_to_every_certificate_as_in_libpq() {
    let Some(mut server) = prepared(&Ca::root("root").leaf(&["db.example"])) else {
        return;
    };
    for (kind, expected) in [
        (
            &rcgen::PKCS_ECDSA_P256_SHA256,
            (0, "pass", "scram-sha-256 bound"),
        ),
        (
            &rcgen::PKCS_ECDSA_P384_SHA384,
            (0, "pass", "scram-sha-256 bound"),
        ),
        (
            &rcgen::PKCS_ECDSA_P521_SHA512,
            (0, "pass", "scram-sha-256 bound"),
        ),
        (
            &rcgen::PKCS_ED25519,
            (8, "no-channel-binding", "scram-sha-256"),
        ),
    ] {
        let root = Ca::root_of(kind, "root");
        let served = root.leaf(&["db.example"]);
        server.serve(&served);
        let client = client(&root);
        let string = format!("{GOOD} port={} user=ann password=hunter2", server.port);
        let run = login(&client, &string);
        let outcome = run.outcome();
        let summary = summary(&run);
        assert_eq!(
            (run.code, outcome.as_str(), summary.as_str()),
            expected,
            "{kind:?}: {run:?}"
        );
        let theirs = client.run_psql(&string, "SELECT 1");
        assert_eq!(theirs.is_ok(), run.code == 0, "{kind:?}: {theirs:?}");
        let unbound = format!("{string} channel_binding=disable");
        let run = login(&client, &unbound);
        assert_eq!(run.code, 0, "{kind:?}: {run:?}");
        assert!(client.run_psql(&unbound, "SELECT 1").is_ok(), "{kind:?}");
    }
}
