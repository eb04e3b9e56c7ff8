//! Servers on which versions of libpq and OpenSSL differ, against every libpq of this machine.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rcgen::{CustomExtension, SanType};

use crate::support::client::Client;
use crate::support::libpq::{Attempt, connect_all};
use crate::support::library::{Library, libraries};
use crate::support::peer::Peer;
use crate::support::pki::{Ca, Served};
use crate::support::serving::{TLS13, plain, welcome};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn serve(served: &Served) -> u16 {
    let config = Arc::new(plain(served, TLS13));
    Peer::start(move |conversation| welcome(conversation, &config)).port
}

/// Does it get as far as the login, which the server grants?
fn connects(library: &Library, string: &str) -> bool {
    let attempt = Attempt {
        conninfo: string.into(),
        ..Attempt::default()
    };
    connect_all(library, &[attempt]).remove(0).is_empty()
}

#[test]
fn an_address_in_the_certificate_is_for_libpq_15_and_newer() {
    let root = Ca::root("Root");
    let address = || SanType::IpAddress(LOCALHOST);
    let by_text = |text: &str| SanType::DnsName(text.try_into().unwrap());
    for (name, names, cn, everyone) in [
        ("address", vec![address()], "db.example", false),
        (
            "address and text",
            vec![address(), by_text("127.0.0.1")],
            "x",
            true,
        ),
        (
            "CN beside a name",
            vec![by_text("db.example")],
            "127.0.0.1",
            false,
        ),
        ("CN alone", vec![], "127.0.0.1", true),
    ] {
        let served = root.leaf_with(&[], |params| {
            params.subject_alt_names = names;
            params
                .distinguished_name
                .push(rcgen::DnType::CommonName, cn);
        });
        let port = serve(&served);
        let client = Client::trusting(&root);
        let root_file = client.home.path().join("root.crt");
        let string = format!(
            "host=127.0.0.1 port={port} user=ann sslmode=verify-full gssencmode=disable sslrootcert={}",
            root_file.display()
        );
        let expected = match everyone {
            true => (0, "pass"),
            false => (7, "libpq-versions-differ"),
        };
        let run = client.pgtls(&["check", "--format", "json", "--min-libpq", "14", &string]);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            expected,
            "{name}: {run:?}"
        );
        let run = client.check(&string);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (0, "pass"),
            "{name}: {run:?}"
        );
        let told = run.stdout.contains("libpq-versions-differ");
        assert_eq!(told, !everyone, "{name}: {run:?}");
        client.write(
            "pgtls.toml",
            format!("[policy]\nmin_libpq = \"14\"\n[[endpoint]]\nconninfo = \"{string}\"\n"),
        );
        let run = client.pgtls(&["check", "--format", "json", "--config", "pgtls.toml"]);
        assert_eq!(run.code, expected.0, "{name}: {run:?}");
        // Java is not built on libpq.
        let java = format!(
            "jdbc:postgresql://127.0.0.1:{port}/ann?user=ann&sslmode=verify-full&sslrootcert={}",
            root_file.display()
        );
        for arguments in [
            &["check", "--format", "json"][..],
            &["check", "--format", "json", "--min-libpq", "14"],
            &["audit", "--format", "json"],
            &["audit", "--format", "json", "--min-libpq", "14"],
        ] {
            let run = client.pgtls(&[arguments, &[&java]].concat());
            let told = run.stdout.contains("libpq-versions-differ");
            assert!(!told, "{name}: {arguments:?}: {run:?}");
            assert!(run.code != 7, "{name}: {arguments:?}: {run:?}");
        }
        // The weaker modes do not look at names.
        let weaker = string.replace("verify-full", "verify-ca");
        assert_eq!(client.check(&weaker).code, 0, "{name}");
        for library in libraries().iter().filter(|library| library.major >= 14) {
            let expected = everyone || library.major >= 15;
            assert_eq!(connects(library, &string), expected, "{name}: {library}");
        }
    }
}

#[test]
fn openssl_1_1_1_is_told_where_it_refuses() {
    let root = Ca::root("Root");
    let mut no_check =
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 5], vec![5, 0]);
    no_check.set_criticality(true);
    let served = root.leaf_with(&["db.example"], |params| {
        params.custom_extensions.push(no_check);
    });
    let port = serve(&served);
    let client = Client::trusting(&root);
    let root_file = client.home.path().join("root.crt");
    let string = format!(
        "host=db.example hostaddr=127.0.0.1 port={port} user=ann sslmode=verify-full gssencmode=disable sslrootcert={}",
        root_file.display()
    );
    let run = client.check(&string);
    assert_eq!((run.code, run.outcome().as_str()), (0, "pass"), "{run:?}");
    assert!(run.stdout.contains("old-openssl-differs"), "{run:?}");
    let unverified = string
        .replace("verify-full", "require")
        .replace("sslrootcert=", "application_name=");
    let run = client.check(&unverified);
    assert_eq!((run.code, run.outcome().as_str()), (0, "pass"), "{run:?}");
    assert!(!run.stdout.contains("old-openssl-differs"), "{run:?}");
    for library in libraries() {
        let expected = !library.openssl.is_old();
        assert_eq!(connects(library, &string), expected, "{library}");
    }
}
