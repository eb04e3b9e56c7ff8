//! Servers on which versions of libpq and OpenSSL differ, against every libpq of this machine.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use pgtls::conninfo::Keyword;
use rcgen::{CustomExtension, SanType};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use serde_json::Value;

use crate::support::client::Client;
use crate::support::libpq::{Attempt, connect_all};
use crate::support::library::{Library, libraries};
use crate::support::peer::Peer;
use crate::support::pki::{Ca, Served};
use crate::support::serving::{TLS12, TLS13, certified, plain, welcome};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn serve(served: &Served) -> u16 {
    let config = Arc::new(plain(served, TLS13));
    Peer::start(move |conversation| welcome(conversation, &config)).port
}

/// A proxy that routes by the application protocol.
#[derive(Debug)]
struct ByAlpn {
    named: Arc<CertifiedKey>,
    unnamed: Option<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for ByAlpn {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match hello.alpn() {
            Some(_) => Some(Arc::clone(&self.named)),
            None => self.unnamed.clone(),
        }
    }
}

#[test]
fn what_libpq_without_alpn_is_shown_counts() {
    let root = Ca::root("Root");
    let client = Client::trusting(&root);
    let served = || certified(&root.leaf(&["db.example"]));
    let stranger = || certified(&Ca::root("Other").leaf(&["db.example"]));
    for (name, version, unnamed, expected) in [
        ("another", TLS13, Some(served()), (0, "pass")),
        (
            "a wrong one",
            TLS13,
            Some(stranger()),
            (6, "unknown-issuer"),
        ),
        ("none", TLS13, None, (5, "libpq-versions-differ")),
        ("another", TLS12, Some(served()), (0, "pass")),
        (
            "a wrong one",
            TLS12,
            Some(stranger()),
            (6, "unknown-issuer"),
        ),
        ("none", TLS12, None, (5, "tls-alert")),
    ] {
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ByAlpn {
                named: served(),
                unnamed,
            }));
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        let config = Arc::new(config);
        let peer = Peer::start(move |conversation| welcome(conversation, &config));
        let root_file = client.home.path().join("root.crt");
        let string = format!(
            "host=db.example hostaddr=127.0.0.1 port={} user=ann sslmode=verify-full gssencmode=disable sslrootcert={}",
            peer.port,
            root_file.display()
        );
        let run = client.check(&string);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            expected,
            "{name}: {run:?}"
        );
        let run = client.pgtls(&["check", "--format", "json", "--min-libpq", "17", &string]);
        assert_eq!(run.code, 0, "{name}: {run:?}");
        for library in libraries() {
            let accepts = library.major >= 17 || expected.0 == 0;
            assert_eq!(connects(library, &string), accepts, "{name}, {library}");
        }
    }
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
fn an_older_libpq_refuses_the_keywords_that_are_called_newer_and_no_others() {
    for library in libraries().iter().filter(|library| library.major >= 14) {
        // The mode is wrong, so that none of them connects.
        let attempts: Vec<Attempt> = Keyword::ALL
            .iter()
            .map(|keyword| Attempt {
                conninfo: format!("{keyword}=1 sslmode=x").into_bytes(),
                ..Attempt::default()
            })
            .collect();
        for (keyword, said) in Keyword::ALL.iter().zip(connect_all(library, &attempts)) {
            let said = String::from_utf8_lossy(&said);
            let is_newer = keyword
                .since()
                .is_some_and(|since| u32::from(since) > library.major);
            assert_eq!(
                said.contains("invalid connection option"),
                is_newer,
                "{library}: {keyword}: {said}"
            );
        }
    }
}

#[test]
fn what_a_newer_libpq_is_needed_for_is_told_once_and_the_verdict_stays() {
    let root = Ca::root("Root");
    let port = serve(&root.leaf(&["localhost"]));
    let client = Client::trusting(&root);
    let string = format!(
        "host=localhost hostaddr=127.0.0.1 port={port} user=ann sslmode=verify-full gssencmode=disable sslrootcert=root.crt"
    );
    for (settings, level, told) in [
        ("", None, &[][..]),
        (
            "require_auth=none",
            Some("info"),
            &["require_auth (from the connection string) needs libpq 16 or newer: older"][..],
        ),
        (
            "require_auth=none sslnegotiation=postgres max_protocol_version=3.0",
            Some("info"),
            &[
                "needs libpq 16 or newer, ",
                "sslnegotiation",
                "17",
                "max_protocol_version",
                "18",
            ],
        ),
        (
            "load_balance_hosts=random oauth_ca_file=x",
            Some("warning"),
            &[
                "libpq 16",
                "oauth_ca_file (from the connection string) needs libpq 19",
            ],
        ),
    ] {
        let run = client.check(&format!("{string} {settings}"));
        assert_eq!(run.code, 0, "{settings}: {run:?}");
        let endpoint = run.endpoint();
        let found: Vec<&Value> = endpoint["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|found| found["code"] == "newer-libpq")
            .collect();
        let levels: Vec<&str> = found
            .iter()
            .filter_map(|one| one["level"].as_str())
            .collect();
        assert_eq!(levels, Vec::from_iter(level), "{settings}: {run:?}");
        let message = found
            .first()
            .map_or("", |found| found["message"].as_str().unwrap());
        for words in told {
            assert!(message.contains(words), "{words}: {message}");
        }
    }
    // pgjdbc has no libpq.
    let java = format!(
        "jdbc:postgresql://localhost:{port}/ann?user=ann&sslmode=verify-full&sslNegotiation=postgres"
    );
    let run = client.check(&java);
    assert!(!run.stdout.contains("newer-libpq"), "{run:?}");
    let shown = client.pgtls(&["conninfo", &format!("{string} require_auth=none")]);
    let marked: Vec<&str> = shown
        .stdout
        .lines()
        .filter(|line| line.contains("and newer only"))
        .collect();
    let [line] = marked.as_slice() else {
        panic!("{shown:?}");
    };
    assert!(
        line.starts_with("require_auth ") && line.contains("libpq 16"),
        "{line}"
    );
    let json = client.pgtls(&[
        "conninfo",
        "--format",
        "json",
        "sslnegotiation=direct sslmode=require",
    ]);
    let parameters = json.json()["parameters"].take();
    assert_eq!(parameters["sslnegotiation"]["since_libpq"], 17, "{json:?}");
    assert_eq!(
        parameters["load_balance_hosts"].get("since_libpq"),
        None,
        "{json:?}"
    );
}

#[test]
fn a_file_for_the_keys_of_the_session_is_told_and_not_written() {
    let root = Ca::root("Root");
    let port = serve(&root.leaf(&["localhost"]));
    let client = Client::trusting(&root);
    let keys = client.home.path().join("keys.log");
    let string = format!(
        "host=localhost hostaddr=127.0.0.1 port={port} user=ann sslmode=verify-full gssencmode=disable sslrootcert={}",
        client.home.path().join("root.crt").display()
    );
    let logging = format!("{string} sslkeylogfile={}", keys.display());
    for (settings, code) in [
        (&["--format", "json"][..], 0),
        (&["--format", "json", "--strict"], 1),
        (&["--format", "github"], 0),
        (&["--format", "sarif"], 0),
        (&["--format", "markdown"], 0),
        (&["--format", "text"], 0),
    ] {
        let run = client.pgtls(&[&["check"], settings, &[logging.as_str()]].concat());
        assert_eq!(run.code, code, "{run:?}");
        assert!(run.stdout.contains("session-keys-logged"), "{run:?}");
    }
    let empty = client.check(&format!("{string} sslkeylogfile=''"));
    assert!(!empty.stdout.contains("session-keys-logged"), "{empty:?}");
    assert!(!keys.exists());
    for library in libraries().iter().filter(|library| library.major >= 14) {
        assert_eq!(
            connects(library, &logging),
            library.major >= 18,
            "{library}"
        );
        let written = std::fs::read_to_string(&keys).unwrap_or_default();
        let is_secret = written.contains("CLIENT_TRAFFIC_SECRET_0 ");
        assert_eq!(is_secret, library.major >= 18, "{library}: {written}");
        drop(std::fs::remove_file(&keys));
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
