//! Servers of TLS 1.2 that choose by the ClientHello: what psql gets counts, not what rustls gets.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rcgen::PKCS_RSA_SHA256;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::{Acceptor, ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, ServerConfig, StreamOwned};

use crate::support::client::{Answer, Client};
use crate::support::flight::{
    RENEGOTIATION_INFO, block16, client_random, exchange, flight, hello, point, sign,
};
use crate::support::libpq;
use crate::support::peer::{Conversation, Peer};
use crate::support::pki::{Ca, Served, expired};
use crate::support::postgres::{Postgres, programs};
use crate::support::serving::{TLS12, TLS13, certified, plain, welcome};
use crate::support::skip::skip;
use crate::support::tool::Tool;

/// Suites that rustls does not have, with ECDHE, DHE and RSA key exchange. psql offers all of them.
const CBC: u16 = 0xc024;
const DHE: u16 = 0x009f;
const STATIC: u16 = 0x0035;

const FAIL: &[u8] = &[21, 3, 3, 0, 2, 2, 40];

fn is_of_psql(suites: &[CipherSuite]) -> bool {
    suites.iter().any(|suite| u16::from(*suite) == CBC)
}

fn string(port: u16) -> String {
    format!(
        "host=db.example hostaddr=127.0.0.1 port={port} user=postgres sslmode=verify-full sslrootcert=root.crt"
    )
}

/// One certificate for psql, another for rustls.
#[derive(Debug)]
struct Two {
    psql: Arc<CertifiedKey>,
    rustls: Arc<CertifiedKey>,
}

impl ResolvesServerCert for Two {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asks = is_of_psql(hello.cipher_suites());
        Some(Arc::clone(if asks { &self.psql } else { &self.rustls }))
    }
}

#[test]
fn the_certificate_that_psql_is_shown_counts() {
    if programs().is_none() {
        return skip("psql is not installed");
    }
    let root = Ca::root("root");
    let client = Client::trusting(&root);
    let good = || root.leaf(&["db.example"]);
    for (name, psql, rustls, expected) in [
        ("both good", good(), good(), (0, "pass")),
        (
            "unknown issuer",
            Ca::root("other").leaf(&["db.example"]),
            good(),
            (6, "unknown-issuer"),
        ),
        (
            "other name",
            root.leaf(&["else.example"]),
            good(),
            (7, "host-name-mismatch"),
        ),
        (
            "over",
            root.leaf_with(&["db.example"], expired),
            good(),
            (6, "expired"),
        ),
    ] {
        let resolver = Two {
            psql: certified(&psql),
            rustls: certified(&rustls),
        };
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[TLS12])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        let config = Arc::new(config);
        let peer = Peer::start(move |conversation| welcome(conversation, &config));
        let string = string(peer.port);
        let run = client.check(&string);
        let (code, word) = run.verdict();
        assert_eq!((code, word.as_str()), expected, "{name}: {run:?}");
        if code != 0 {
            let login = client.pgtls(&["check", "--login", "--format", "json", &string]);
            assert_eq!(login.code, code, "{name}: {login:?}");
        }
        let system = libpq::library().map(OsString::from);
        for library in system.into_iter().chain(Tool::Libpq18.find()) {
            let connects = client.libpq(&library, &string) == Answer::Tls;
            assert_eq!(connects, code == 0, "{name}, {}", library.display());
        }
    }
}

/// What becomes of psql's offer.
enum Reaction {
    /// A flight with this suite, these parameters and this certificate, signed with the key of the last one.
    Flight(u16, Vec<u8>, Served, Served),
    /// These bytes, and the end.
    Bytes(&'static [u8]),
    /// Nothing, until the client gives up.
    Silence,
    /// An alert for the first such offer.
    Late(Box<Self>),
}

/// A flight that is signed with the key of its certificate.
fn genuine(suite: u16, parameters: Vec<u8>, served: &Served) -> Reaction {
    Reaction::Flight(suite, parameters, served.clone(), served.clone())
}

/// A prime of so many bytes, with generator and share.
fn prime(length: usize) -> Vec<u8> {
    [block16(&vec![0xff; length]), block16(&[2]), block16(&[5])].concat()
}

/// A server of TLS 1.2 that shows `served` to rustls.
fn server(served: &Served, reaction: Reaction) -> Peer {
    let config = Arc::new(plain(served, TLS12));
    Peer::start(move |conversation| {
        conversation.request()?;
        conversation.say(b"S")?;
        let mut acceptor = Acceptor::default();
        let accepted = loop {
            if acceptor.read_tls(conversation)? == 0 {
                return Ok(());
            }
            let accepted = acceptor.accept().map_err(|_| io::ErrorKind::InvalidData)?;
            if let Some(accepted) = accepted {
                break accepted;
            }
        };
        if is_of_psql(accepted.client_hello().cipher_suites()) {
            return react(conversation, &reaction);
        }
        let connection = accepted.into_connection(Arc::clone(&config));
        let connection = connection.map_err(|_| io::ErrorKind::InvalidData)?;
        let mut session = StreamOwned::new(connection, conversation);
        // Until the client says goodbye.
        session.flush()?;
        session.read(&mut [0]).map(drop)
    })
}

fn react(conversation: &mut Conversation, reaction: &Reaction) -> io::Result<()> {
    match reaction {
        Reaction::Flight(suite, parameters, served, signer) => {
            let random = [5; 32];
            let message = [&client_random(conversation)[..], &random, parameters].concat();
            let (scheme, signature) = sign(signer, &message);
            let exchange = match *suite {
                STATIC => Vec::new(),
                _ => exchange(&[parameters, &scheme[..], &block16(&signature)].concat()),
            };
            let hello = hello(&random, *suite, RENEGOTIATION_INFO);
            conversation.say(&flight(hello, served, exchange))?;
        }
        Reaction::Bytes(bytes) => conversation.say(bytes)?,
        Reaction::Silence => return conversation.listen(),
        // The first conversation is that of rustls.
        Reaction::Late(_) if conversation.number == 1 => conversation.say(FAIL)?,
        Reaction::Late(then) => return react(conversation, then),
    }
    conversation.finish()
}

#[test]
fn what_psql_is_offered_counts_beyond_the_certificate() {
    let root = Ca::root("root");
    let other = Ca::root("other");
    let client = Client::trusting(&root);
    let served = root.leaf(&["db.example"]);
    let rsa = root.leaf_of(&PKCS_RSA_SHA256, &["db.example"]);
    let stranger = other.leaf(&["db.example"]);
    for (name, reaction, expected) in [
        (
            "the same certificate",
            genuine(CBC, point(), &served),
            (0, "pass"),
        ),
        (
            "another good one",
            genuine(CBC, point(), &root.leaf(&["db.example"])),
            (0, "pass"),
        ),
        (
            "another bad one",
            genuine(CBC, point(), &stranger),
            (6, "unknown-issuer"),
        ),
        (
            "a key that it does not have",
            Reaction::Flight(CBC, point(), served.clone(), root.leaf(&["db.example"])),
            (5, "tls-failure"),
        ),
        ("DHE", genuine(DHE, prime(256), &rsa), (0, "pass")),
        (
            "a small prime",
            genuine(DHE, prime(128), &rsa),
            (5, "weak-cipher"),
        ),
        (
            "a key that is not proven",
            genuine(STATIC, Vec::new(), &rsa),
            (5, "no-common-cipher"),
        ),
        ("an alert", Reaction::Bytes(FAIL), (5, "tls-alert")),
        ("the end", Reaction::Bytes(b""), (5, "closed")),
        (
            "no TLS",
            Reaction::Bytes(b"HTTP/1.1 400"),
            (5, "tls-failure"),
        ),
        (
            "an alert once",
            Reaction::Late(Box::new(genuine(CBC, point(), &served))),
            (0, "pass"),
        ),
    ] {
        let peer = server(&served, reaction);
        let string = string(peer.port);
        let run = client.check(&string);
        let (code, word) = run.verdict();
        assert_eq!((code, word.as_str()), expected, "{name}: {run:?}");
        if code == 0 {
            let weak = "weak-cipher".to_owned();
            assert!(run.findings().contains(&weak), "{name}: {run:?}");
            let cipher = run.endpoint()["tls"]["cipher"].to_string();
            assert!(
                !cipher.contains("ECDHE-ECDSA-AES256-GCM"),
                "{name}: {run:?}"
            );
        }
    }
}

/// Without an answer to psql's offer there is no pass.
#[test]
fn silence_is_not_a_pass() {
    let root = Ca::root("root");
    let client = Client::trusting(&root);
    let peer = server(&root.leaf(&["db.example"]), Reaction::Silence);
    let string = string(peer.port);
    let run = client.pgtls(&["check", "--format", "json", "--timeout", "3", &string]);
    assert_eq!(run.outcome(), "timeout", "{run:?}");
    assert_ne!(run.code, 0, "{run:?}");
}

/// psql connects: what rustls is shown does not count.
/// psql makes one connection, so each of ours has as much time as that.
#[test]
fn a_server_that_is_slow_to_answer_is_asked_a_second_time() {
    let root = Ca::root("root");
    let client = Client::trusting(&root);
    let config = Arc::new(plain(&root.leaf(&["db.example"]), TLS12));
    let peer = Peer::start(move |conversation| {
        // More than half of the time that the string allows.
        std::thread::sleep(Duration::from_millis(2_500));
        welcome(conversation, &config)
    });
    let run = client.check(&format!("{} connect_timeout=4", string(peer.port)));
    assert_eq!(run.code, 0, "{run:?}");
}

/// A tunnel for one connection refuses nothing: it is not there any more.
#[test]
fn a_server_that_is_gone_after_one_connection_is_not_said_to_need_alpn() {
    let root = Ca::root("root");
    let client = Client::trusting(&root);
    let mut config = plain(&root.leaf(&["db.example"]), TLS13);
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    let (config, served) = (Arc::new(config), AtomicBool::new(false));
    let peer = Peer::start(
        move |conversation| match served.swap(true, Ordering::SeqCst) {
            false => welcome(conversation, &config),
            true => Ok(()),
        },
    );
    let run = client.check(&string(peer.port));
    assert_eq!(run.code, 3, "{run:?}");
    assert!(
        run.stdout.contains("no other connection was possible"),
        "{run:?}"
    );
    assert!(!run.stdout.contains("and not one without"), "{run:?}");
}

#[test]
fn a_bad_certificate_that_psql_is_not_shown_does_not_count() {
    let root = Ca::root("root");
    let client = Client::trusting(&root);
    let shown = Ca::root("other").leaf(&["db.example"]);
    let reaction = genuine(CBC, point(), &root.leaf(&["db.example"]));
    let peer = server(&shown, reaction);
    let run = client.check(&string(peer.port));
    assert_eq!(run.verdict(), (0, "pass".to_owned()), "{run:?}");
}

/// One certificate, and a suite before those that rustls has.
#[test]
fn the_suite_that_psql_gets_is_reported() {
    let root = Ca::root("root");
    let (ecdsa, rsa) = (
        root.leaf(&["db.example"]),
        root.leaf_of(&PKCS_RSA_SHA256, &["db.example"]),
    );
    let Some(mut postgres) = Postgres::start(&ecdsa) else {
        return;
    };
    let client = Client::trusting(&root);
    let string = string(postgres.port);
    for (served, first, then) in [
        (&ecdsa, "ECDHE-ECDSA-AES256-GCM-SHA384", "AES256-SHA"),
        (
            &ecdsa,
            "ECDHE-ECDSA-AES256-SHA384",
            "ECDHE-ECDSA-AES256-GCM-SHA384",
        ),
        (&rsa, "ECDHE-RSA-AES256-SHA", "ECDHE-RSA-AES256-GCM-SHA384"),
        (
            &rsa,
            "DHE-RSA-AES256-GCM-SHA384",
            "ECDHE-RSA-AES256-GCM-SHA384",
        ),
        (&rsa, "AES256-SHA", "ECDHE-RSA-AES256-GCM-SHA384"),
    ] {
        let suites = format!("{first}:{then}");
        let settings = [
            ("ssl_max_protocol_version", "TLSv1.2"),
            ("ssl_ciphers", suites.as_str()),
        ];
        postgres.configure(served, &settings);
        let run = client.pgtls(&["check", "--login", "--format", "json", &string]);
        assert_eq!(run.verdict(), (0, "pass".to_owned()), "{suites}: {run:?}");
        let endpoint = run.endpoint();
        assert_eq!(endpoint["tls"]["cipher"], first, "{run:?}");
        assert_eq!(endpoint["encrypted"], true, "{run:?}");
        let psql = client.run_psql(
            &string,
            "SELECT cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        );
        assert_eq!(psql.as_deref().map(str::trim), Ok(first));
        let weak = "weak-cipher".to_owned();
        let warns = run.findings().contains(&weak);
        assert_eq!(
            warns,
            !first.ends_with("ECDSA-AES256-GCM-SHA384"),
            "{run:?}"
        );
    }
}

/// A server with several certificates may choose by the order of the signature schemes. In TLS 1.3 the certificates are
/// encrypted, so the first ClientHello has to be like psql's.
#[test]
fn signature_schemes_of_tls_1_3_are_offered_in_the_order_of_psql() {
    let client = Client::trusting(&Ca::root("root"));
    let schemes = |peer: &Peer| -> Vec<u16> {
        let heard = peer.heard();
        let mut acceptor = Acceptor::default();
        acceptor.read_tls(&mut &heard[0][8..]).unwrap();
        let accepted = acceptor.accept().unwrap().unwrap();
        let hello = accepted.client_hello();
        let schemes = hello.signature_schemes().iter().copied().map(u16::from);
        schemes.filter(|scheme| is_of_tls13(*scheme)).collect()
    };
    let listening = || {
        Peer::start(|conversation| {
            conversation.hello()?;
            conversation.finish()
        })
    };
    let peer = listening();
    client.check(&string(peer.port));
    let ours = schemes(&peer);
    let system = libpq::library().map(OsString::from);
    for library in system.into_iter().chain(Tool::Libpq18.find()) {
        let peer = listening();
        client.libpq(&library, &string(peer.port));
        let theirs = schemes(&peer);
        let common: Vec<u16> = ours
            .iter()
            .copied()
            .filter(|scheme| theirs.contains(scheme))
            .collect();
        assert_eq!(common, theirs, "{}", library.display());
    }
}

/// Neither PKCS#1, nor SHA-1 or SHA-224, nor DSA (RFC 8446 section 4.2.3), nor brainpool, which not every OpenSSL has.
fn is_of_tls13(scheme: u16) -> bool {
    let [hash, key] = scheme.to_be_bytes();
    match hash {
        4..=6 => key == 3,
        8 => key < 0x1a,
        _ => hash > 8,
    }
}
