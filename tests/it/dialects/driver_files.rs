//! Keys and roots that a driver reads by other rules than libpq.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use super::serve;
use crate::support::client::Client;
use crate::support::pki::Ca;

fn with_keys(root: &Ca) -> Client {
    let client = Client::trusting(root);
    let own = Ca::root("clients").client("postgres");
    let der = PrivatePkcs8KeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
    client.write("client.crt", &own.chain);
    client.write_private("client.key", &own.key);
    client.write_private("pem.pk8", &own.key);
    client.write_private("client.der", der.secret_pkcs8_der());
    client
}

/// What libpq reads, and the driver does not in every version, is a warning, whatever the file is called.
#[test]
fn a_key_that_the_driver_may_not_read_is_told() {
    let root = Ca::root("Test Root");
    let client = with_keys(&root);
    let jdbc = "jdbc:postgresql://localhost:PORT/d?user=u&sslmode=verify-full&sslrootcert=root.crt&sslcert=client.crt&sslkey=";
    let r2dbc = "r2dbc:postgresql://u@localhost:PORT/d?sslMode=verify-full&sslRootCert=root.crt&sslCert=client.crt&sslKey=";
    let node = "postgres://u@localhost:PORT/d?uselibpqcompat=true&sslmode=verify-full&sslrootcert=root.crt&sslcert=client.crt&sslkey=";
    // The new file has a name of its own: openssl empties the file that it writes before it reads the key.
    for (string, key, expected) in [
        (jdbc, "client.key", Some(("42.7.9", "client.pkcs8.pk8"))),
        (jdbc, "pem.pk8", Some(("42.7.9", "pem.pkcs8.pk8"))),
        (jdbc, "client.der", None),
        (r2dbc, "client.key", None),
        (r2dbc, "client.der", Some(("as PEM", "client.pkcs8.pem"))),
        (node, "client.key", None),
        (node, "client.der", Some(("as PEM", "client.pkcs8.pem"))),
    ] {
        let peer = serve(&root.leaf(&["localhost"]));
        let string = format!("{string}{key}").replace("PORT", &peer.port.to_string());
        let run = client.pgtls(&["check", "--strict", &string]);
        match expected {
            Some((expected, written)) => {
                assert_eq!(run.code, 1, "{run:?}");
                assert!(run.stdout.contains("driver-differs"), "{run:?}");
                assert!(run.stdout.contains(expected), "{run:?}");
                assert!(run.stdout.contains("openssl pkcs8 -topk8"), "{run:?}");
                let out = format!(" -out {written}\n");
                assert!(run.stdout.contains(&out), "{out:?} {run:?}");
            }
            None => assert!(!run.stdout.contains("driver-differs"), "{run:?}"),
        }
    }
}

/// A string that works for its driver is not to be changed for libpq's sake.
#[cfg(unix)]
#[test]
fn a_file_that_only_the_driver_takes_is_left_alone() {
    let root = Ca::root("Test Root");
    let client = with_keys(&root);
    client.write("open.pk8", Ca::root("clients").client("postgres").key);
    let der = CertificateDer::from_pem_slice(root.pem.as_bytes()).unwrap();
    client.write("root.der", &der);
    let place = "localhost:1/d?user=u&sslmode=verify-full";
    let open = format!("{place}&sslrootcert=root.crt&sslcert=client.crt&sslkey=open.pk8");
    for (string, code) in [
        (format!("jdbc:postgresql://{open}"), "key-file-permissions"),
        (
            format!("postgres://{open}&uselibpqcompat=true"),
            "key-file-permissions",
        ),
        (
            format!("jdbc:postgresql://{place}&sslrootcert=root.der"),
            "root-file-invalid",
        ),
    ] {
        let run = client.pgtls(&["check", &string]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stdout.contains(code), "{run:?}");
        assert!(run.stdout.contains("libpq refuses this file;"), "{run:?}");
        assert!(run.stdout.contains("nothing needs to change"), "{run:?}");
        assert!(!run.stdout.contains("For pgjdbc:"), "{run:?}");
    }
}

/// A translation names a key that every version reads, and how to write it.
#[test]
fn a_key_for_pgjdbc_is_one_that_every_version_reads() {
    let string = "host=h sslmode=require sslcert=/c.crt sslkey=/it's/c.key";
    let run = Client::new().pgtls(&["translate", "--to", "jdbc", string]);
    assert!(run.stdout.contains("c.pk8"), "{run:?}");
    let command = "-nocrypt -in '/it'\\''s/c.key' -outform der -out '/it'\\''s/c.pk8'";
    assert!(run.stdout.contains(command), "{run:?}");
    let string = "host=h sslmode=require sslcert=/c.crt sslkey=/c.p12";
    let run = Client::new().pgtls(&["translate", "--to", "jdbc", string]);
    assert!(run.stdout.contains("sslkey=/c.p12"), "{run:?}");
    let run = Client::new().pgtls(&["translate", "--to", "r2dbc", string]);
    assert!(run.stdout.contains("BEGIN PRIVATE KEY"), "{run:?}");
}

/// Node.js verifies nothing under this variable.
#[test]
fn the_variable_that_switches_node_off_is_told() {
    let root = Ca::root("Test Root");
    let client = Client::trusting(&root).with("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    let rest = "d?uselibpqcompat=true&sslmode=verify-full&sslrootcert=root.crt";
    for option in ["--strict", "--require-verified"] {
        let peer = serve(&root.leaf(&["localhost"]));
        let string = format!("postgres://u@localhost:{}/{rest}", peer.port);
        let run = client.pgtls(&["check", option, &string]);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(
            run.stdout.contains("Node.js accepts every certificate"),
            "{run:?}"
        );
    }
}
