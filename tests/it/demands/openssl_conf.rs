//! What the OpenSSL configuration of the machine demands.

use std::sync::Arc;

use rcgen::PKCS_RSA_SHA256;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::kx_group;

use crate::support::client::{Answer, Client};
use crate::support::libpq;
use crate::support::peer::Peer;
use crate::support::pki::{Ca, Served};
use crate::support::serving::{TLS12, TLS13, demanding, plain, welcome, with_groups};
use crate::support::tool::Tool;

/// How a certificate is served.
type Server = fn(&Served) -> ServerConfig;

/// A client that trusts this CA, and that reads OpenSSL's configuration from a file of its own.
fn configured(root: &Ca) -> Client {
    let client = Client::trusting(root);
    let file = client.home.path().join("openssl.cnf");
    client.with("OPENSSL_CONF", file)
}

/// Writes that file, with this setting only.
fn configure(client: &Client, setting: &str) {
    let sections = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n";
    client.write("openssl.cnf", format!("{sections}{setting}\n"));
}

fn string(port: u16) -> String {
    format!(
        "host=db.example hostaddr=127.0.0.1 port={port} user=ann sslmode=verify-full sslrootcert=root.crt"
    )
}

/// libpq obeys OpenSSL's configuration, and so does pgtls.
#[test]
fn the_openssl_configuration_of_the_machine_counts() {
    let root = Ca::root("Root");
    let ecdsa = root.leaf(&["db.example"]);
    let rsa = root.leaf_of(&PKCS_RSA_SHA256, &["db.example"]);
    let p256 = |served: &Served| with_groups(served, vec![kx_group::SECP256R1]);
    let tls12 = |served: &Served| plain(served, TLS12);
    let (p256, tls12): (Server, Server) = (p256, tls12);
    let pass = (0, "pass");
    let refused = (5, "no-common-cipher");
    for (served, server, setting, more, expected) in [
        (
            &rsa,
            p256,
            "CipherString = DEFAULT:@SECLEVEL=3",
            "",
            (6, "openssl-conf"),
        ),
        (&rsa, p256, "CipherString = DEFAULT:@SECLEVEL=2", "", pass),
        (&ecdsa, p256, "CipherString = DEFAULT:@SECLEVEL=3", "", pass),
        (&ecdsa, p256, "Groups = X25519", "", refused),
        (&ecdsa, p256, "Groups = X25519:P-256", "", pass),
        (&ecdsa, p256, ".include policy.cnf", "", refused),
        (
            &rsa,
            p256,
            "SignatureAlgorithms = ECDSA+SHA256",
            "",
            // This peer hangs up without an alert.
            (5, "closed"),
        ),
        (&ecdsa, p256, "SignatureAlgorithms = ECDSA+SHA256", "", pass),
        (
            &ecdsa,
            p256,
            "TLS.MaxProtocol = TLSv1.2",
            "",
            (5, "no-common-version"),
        ),
        (
            &ecdsa,
            p256,
            "MaxProtocol = TLSv1.2",
            "ssl_max_protocol_version=TLSv1.3",
            pass,
        ),
        (&ecdsa, tls12, "MinProtocol = TLSv1.3", "", pass),
        (
            &ecdsa,
            tls12,
            "MinProtocol = TLSv1.3",
            "ssl_min_protocol_version=''",
            (5, "no-common-version"),
        ),
        (&ecdsa, p256, "Options = ServerPreference", "", pass),
    ] {
        let config = Arc::new(server(served));
        let peer = Peer::start(move |conversation| welcome(conversation, &config));
        let client = configured(&root);
        client.write("policy.cnf", "Groups = X25519\n");
        configure(&client, setting);
        let string = format!("{} {more}", string(peer.port));
        let run = client.check(&string);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            expected,
            "{setting} {more}: {run:?}"
        );
        let named = run.findings().contains(&"openssl-conf".to_owned());
        assert_eq!(named, run.code == 5, "{setting}: {run:?}");
        if run.code == 5 {
            assert!(run.stdout.contains(" line "), "{run:?}");
            // The server is not said to lack what this machine does not offer.
            assert!(!run.stdout.contains("ssl_ciphers"), "{run:?}");
            let excluded = "excludes secp256r1";
            assert_eq!(
                run.stdout.contains(excluded),
                expected == refused,
                "{run:?}"
            );
        }
        for library in [libpq::library().map(Into::into), Tool::Libpq18.find()]
            .into_iter()
            .flatten()
        {
            let connects = client.libpq(&library, &string) == Answer::Tls;
            assert_eq!(connects, expected == pass, "{library:?}: {setting} {more}");
        }
    }
}

/// Suites and groups that pgtls cannot offer were taken for no limit, without a word.
#[test]
fn a_limit_that_leaves_nothing_is_said_not_to_be_applied() {
    let root = Ca::root("Root");
    let config = Arc::new(plain(&root.leaf(&["db.example"]), TLS13));
    let peer = Peer::start(move |conversation| welcome(conversation, &config));
    let client = configured(&root);
    let string = string(peer.port);
    for (setting, said) in [
        ("Ciphersuites = TLS_AES_128_CCM_SHA256", true),
        ("Ciphersuites = TLS_AES_128_GCM_SHA256", false),
        ("Groups = ffdhe2048", true),
    ] {
        configure(&client, setting);
        let run = client.check(&string);
        let named = run.findings().contains(&"openssl-conf".to_owned());
        assert_eq!(named, said, "{setting}: {run:?}");
        let strict = client.pgtls(&["check", &string, "--strict"]);
        assert_eq!(strict.code != 0, said, "{setting}");
    }
}

/// What was not applied is not named as the reason.
#[test]
fn a_limit_that_leaves_nothing_is_not_why_there_is_no_common_suite() {
    let root = Ca::root("Root");
    let peer = Peer::start(|conversation| {
        conversation.hello()?;
        // handshake_failure
        conversation.say(&[21, 3, 3, 0, 2, 2, 40])?;
        conversation.finish()
    });
    let client = configured(&root);
    configure(&client, "Ciphersuites = TLS_AES_128_CCM_SHA256");
    let run = client.check(&string(peer.port));
    assert_eq!(run.outcome(), "no-common-cipher", "{run:?}");
    assert!(!run.stdout.contains("and so this check"), "{run:?}");
}

/// Also where the server demands a client certificate, which an audit does without.
#[test]
fn an_audit_without_a_client_certificate_obeys_the_openssl_configuration() {
    let root = Ca::root("Root");
    let config = Arc::new(demanding(&root.leaf(&["db.example"]), TLS13));
    let peer = Peer::start(move |conversation| welcome(conversation, &config));
    let client = configured(&root);
    let string = string(peer.port);
    // A key on P-256 has 128 bits.
    for (level, refused) in [(3, false), (4, true)] {
        configure(
            &client,
            &format!("CipherString = DEFAULT:@SECLEVEL={level}"),
        );
        let run = client.pgtls(&["audit", "--format", "json", &string]);
        let demanded = run.findings().contains(&"client-cert-required".to_owned());
        assert!(demanded, "{level}: {run:?}");
        let told = (run.code, run.outcome());
        let is_refused = told == (6, "openssl-conf".to_owned());
        assert_eq!(is_refused, refused, "{level}: {run:?}");
    }
}
