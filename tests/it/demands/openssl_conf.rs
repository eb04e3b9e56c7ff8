//! What the OpenSSL configuration of the machine demands.

use std::ffi::OsString;
use std::sync::Arc;

use rcgen::PKCS_RSA_SHA256;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::support::client::{Answer, Client};
use crate::support::libpq;
use crate::support::library::{Library, Source, libraries};
use crate::support::peer::Peer;
use crate::support::pki::{Ca, Served};
use crate::support::sample::one_in;
use crate::support::serving::{TLS12, TLS13, certified, demanding, plain, welcome, with_groups};
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
        (
            &rsa,
            p256,
            "1.CipherString = DEFAULT@SECLEVEL=3\n2.CipherString = HIGH",
            "",
            (6, "openssl-conf"),
        ),
        (
            &ecdsa,
            p256,
            "CipherString = DEFAULT:@SECLEVEL=4",
            "",
            refused,
        ),
        (&rsa, p256, "CipherString = DEFAULT@SECLEVEL=9", "", pass),
        (
            &rsa,
            p256,
            "CipherString = nonsense@SECLEVEL=4:DEFAULT",
            "",
            pass,
        ),
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

/// psql has nothing in common with these servers, or no way to ask. What pgtls cannot offer for it is no pass.
#[test]
fn a_limit_that_leaves_nothing_of_ours_is_no_pass() {
    let root = Ca::root("Root");
    let config = Arc::new(plain(&root.leaf(&["db.example"]), TLS13));
    let peer = Peer::start(move |conversation| welcome(conversation, &config));
    let client = configured(&root);
    let string = string(peer.port);
    let (pass, refused) = ((0, "pass"), (5, "openssl-conf"));
    for (setting, expected) in [
        ("Ciphersuites = TLS_AES_128_CCM_SHA256", refused),
        ("Ciphersuites = TLS_AES_128_GCM_SHA256", pass),
        ("Groups = ffdhe2048", refused),
    ] {
        configure(&client, setting);
        let run = client.check(&string);
        let told = (run.code, run.outcome());
        assert_eq!((told.0, told.1.as_str()), expected, "{setting}: {run:?}");
        if expected == refused {
            assert!(run.stdout.contains(setting), "{setting}: {run:?}");
            // The server was asked with what psql offers.
            let asked = run.stdout.contains("the server refuses what");
            assert!(asked, "{setting}: {run:?}");
        }
    }
}

/// Each setting does to pgtls what it does to psql: it passes where every psql connects, and nowhere else.
#[test]
fn every_limit_has_the_verdict_of_psql() {
    let root = Ca::root("Root");
    let ecdsa = root.leaf(&["db.example"]);
    let rsa = root.leaf_of(&PKCS_RSA_SHA256, &["db.example"]);
    let servers = [
        plain(&ecdsa, TLS12),
        plain(&rsa, TLS12),
        plain(&rsa, TLS13),
        with_groups(&ecdsa, vec![kx_group::SECP256R1]),
    ];
    let peers = servers.map(|config| {
        let config = Arc::new(config);
        Peer::start(move |conversation| welcome(conversation, &config))
    });
    let client = configured(&root);
    // OpenSSL 3.5 refuses more of these lists than 3.0.
    let library = Tool::Libpq18.find();
    let mut wrong = Vec::new();
    let mut case = 0;
    // Not a divisor of the number of servers.
    let step = one_in(3, "limits of openssl.cnf");
    for setting in &LIMITS {
        configure(&client, setting);
        for (index, peer) in peers.iter().enumerate() {
            case += 1;
            if case % step != 0 {
                continue;
            }
            let string = string(peer.port);
            let run = client.check(&string);
            let answer = library
                .as_ref()
                .map(|library| client.libpq(library, &string));
            let connects = answer.as_ref().is_some_and(|answer| *answer == Answer::Tls);
            // A pass would be one of another offer than psql's.
            let beyond_us = connects && BEYOND_US.contains(setting);
            if answer.is_some() && (run.code == 0) != (connects && !beyond_us) {
                wrong.push(format!("{setting}, {index}: {}", run.stdout));
            }
            if beyond_us {
                assert!(
                    run.stdout.contains("nothing that pgtls can offer"),
                    "{run:?}"
                );
            }
            assert!([0, 5].contains(&run.code), "{setting}, {index}: {run:?}");
            let named = run.stdout.contains("openssl-conf");
            assert!(run.code == 0 || named, "{setting}, {index}: {run:?}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// psql may connect with them, and pgtls says that it cannot.
const BEYOND_US: [&str; 2] = [
    "Ciphersuites = TLS_AES_128_CCM_SHA256",
    "CipherString = SUITEB128",
];

/// Lists that leave something, lists that leave nothing, and words that OpenSSL does not know.
const LIMITS: [&str; 40] = [
    "Ciphersuites = TLS_AES_128_CCM_SHA256",
    "Ciphersuites = nonsense",
    "Ciphersuites = TLS_SM4_GCM_SM3",
    "Ciphersuites =",
    "CipherString = ECDHE-ECDSA-AES128-GCM-SHA256",
    "CipherString = ECDHE-RSA-AES128-GCM-SHA256",
    "CipherString = AES256-SHA",
    "CipherString = nonsense",
    "CipherString =",
    "CipherString = SUITEB128",
    "CipherString = DEFAULT:!ECDHE",
    "CipherString = DEFAULT:!AESGCM",
    "CipherString = kRSA",
    "CipherString = @SECLEVEL=2:kEECDH:kRSA:kEDH:-aDSS:-3DES:!DES:!RC4:!eNULL:!aNULL:!MD5:-SHA384",
    "Groups = ffdhe2048",
    "Groups = X448",
    "Groups = ?nonsense:X25519",
    "Groups = nonsense:X25519",
    "Groups = brainpoolP256r1",
    "Groups =",
    "SignatureAlgorithms = RSA+SHA1",
    "SignatureAlgorithms = ed448",
    "SignatureAlgorithms = nonsense",
    "SignatureAlgorithms = ECDSA+SHA256:nonsense",
    "SignatureAlgorithms =",
    "MaxProtocol = SSLv3",
    "MaxProtocol = TLSv1.1",
    "MaxProtocol = None",
    "MaxProtocol = nonsense",
    "Protocol = -TLSv1.3",
    "Protocol = ALL,-TLSv1.2",
    "Protocol = -ALL,+tlsv1.3",
    "Protocol = -ALL",
    "Protocol = TLSv1.2",
    "Protocol = -TLSv1.3,nonsense,TLSv1.3",
    "1.Protocol = -TLSv1.3\n2.Protocol = -TLSv1.2",
    "1.CipherString = AES256-SHA\n2.CipherString = HIGH@FOO",
    "1.CipherString = AES256-SHA\n2.CipherString = HIGH",
    "MinProtocol = TLSv1.2\n[a]\nproviders = p\n[p]\ndefault = d\nlegacy = l\n[d]\n[l]\nactivate = 1",
    "MinProtocol = TLSv1.2\n[a]\nproviders = p\n[p]\ndefault = d\n[d]",
];

/// Chooses the certificate whose suite, or in TLS 1.3 whose signature scheme, is offered first.
#[derive(Debug)]
struct ByOrder {
    rsa: Arc<CertifiedKey>,
    ecdsa: Arc<CertifiedKey>,
}

impl ResolvesServerCert for ByOrder {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let of_tls12 = hello
            .cipher_suites()
            .iter()
            .find_map(|suite| match u16::from(*suite) {
                0xc02b | 0xc02c | 0xcca9 => Some(&self.ecdsa),
                0xc02f | 0xc030 | 0xcca8 => Some(&self.rsa),
                _ => None,
            });
        let mut schemes = hello.signature_schemes().iter();
        let of_tls13 = schemes.find_map(|scheme| match u16::from(*scheme) {
            0x0403 => Some(&self.ecdsa),
            0x0804 => Some(&self.rsa),
            _ => None,
        });
        let has_tls13 = hello
            .cipher_suites()
            .iter()
            .any(|suite| u16::from(*suite) == 0x1301);
        if has_tls13 { of_tls13 } else { of_tls12 }.cloned()
    }
}

/// A server with several certificates may choose by the order that the configuration gives psql's offer.
#[test]
fn the_order_of_the_openssl_configuration_counts() {
    let root = Ca::root("Root");
    let resolver = Arc::new(ByOrder {
        rsa: certified(&Ca::root("Other").leaf_of(&PKCS_RSA_SHA256, &["db.example"])),
        ecdsa: certified(&root.leaf(&["db.example"])),
    });
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[TLS12, TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    let config = Arc::new(config);
    let peer = Peer::start(move |conversation| welcome(conversation, &config));
    let client = configured(&root);
    let libraries = [libpq::library().map(Into::into), Tool::Libpq18.find()];
    let libraries: Vec<OsString> = libraries.into_iter().flatten().collect();
    let (newest, old) = ("", "ssl_max_protocol_version=TLSv1.2");
    for (setting, more, passes) in [
        ("MinProtocol = TLSv1.2", newest, true),
        ("MinProtocol = TLSv1.2", old, true),
        ("CipherString = aRSA:aECDSA", old, false),
        ("CipherString = ALL:+aECDSA", old, false),
        ("CipherString = DEFAULT:-aECDSA:ALL", old, false),
        ("CipherString = DEFAULT:@STRENGTH", old, true),
        (
            "SignatureAlgorithms = RSA-PSS+SHA256:ECDSA+SHA256",
            newest,
            false,
        ),
        (
            "SignatureAlgorithms = ECDSA+SHA256:RSA-PSS+SHA256",
            newest,
            true,
        ),
    ] {
        configure(&client, setting);
        let string = format!("{} {more}", string(peer.port));
        let run = client.check(&string);
        let expected = if passes { 0 } else { 6 };
        assert_eq!(run.code, expected, "{setting} {more}: {run:?}");
        for library in &libraries {
            let connects = client.libpq(library, &string) == Answer::Tls;
            assert_eq!(connects, passes, "{}: {setting} {more}", library.display());
        }
    }
}

/// OpenSSL offers the oldest versions that are on, up to the first one that is not.
#[test]
fn a_version_that_is_off_hides_those_above_it() {
    let root = Ca::root("Root");
    let config = Arc::new(plain(&root.leaf(&["db.example"]), TLS13));
    let peer = Peer::start(move |conversation| welcome(conversation, &config));
    let client = configured(&root);
    for (setting, least, passes) in [
        ("Protocol = ALL,-TLSv1.2", "TLSv1.1", false),
        ("Protocol = ALL,-TLSv1.1", "TLSv1", false),
        ("Protocol = ALL,-TLSv1.2", "TLSv1.2", true),
        ("Protocol = ALL,-TLSv1,-TLSv1.1,-TLSv1.2", "TLSv1", true),
        ("Protocol = ALL,-TLSv1", "TLSv1", true),
    ] {
        configure(&client, setting);
        let string = format!("{} ssl_min_protocol_version={least}", string(peer.port));
        let run = client.check(&string);
        let expected = if passes {
            (0, "pass")
        } else {
            (5, "no-common-version")
        };
        assert_eq!(
            (run.code, run.outcome().as_str()),
            expected,
            "{setting}: {run:?}"
        );
        let newer = ["check", "--format", "json", "--min-openssl", "3.5", &string];
        let run = client.pgtls(&newer);
        assert_eq!(run.code, 0, "{setting}: {run:?}");
        // Those that load without a search path.
        let newest = Tool::Libpq18.find();
        let loads = |library: &&Library| {
            library.source == Source::System || newest.as_ref() == Some(&library.libpq)
        };
        for library in libraries().iter().filter(loads) {
            let has_none = (library.openssl.major, library.openssl.minor) >= (3, 2);
            let connects = client.libpq(&library.libpq, &string) == Answer::Tls;
            assert_eq!(connects, passes || has_none, "{setting} {least}, {library}");
        }
    }
}

/// No server is to blame for it, and none can be reached.
#[test]
fn a_machine_without_the_default_provider_is_told_what_to_activate() {
    let root = Ca::root("Root");
    let config = Arc::new(plain(&root.leaf(&["db.example"]), TLS13));
    let peer = Peer::start(move |conversation| welcome(conversation, &config));
    let client = configured(&root);
    configure(
        &client,
        "[a]\nproviders = p\n[p]\nlegacy = l\n[l]\nactivate = 1",
    );
    let run = client.check(&string(peer.port));
    assert_eq!((run.code, run.outcome().as_str()), (5, "openssl-conf"));
    for part in [
        "line 8 (of the providers, only these are active: legacy)",
        "Activate the default provider in that file",
    ] {
        assert!(run.stdout.contains(part), "{part}: {run:?}");
    }
}

/// The server is asked with the rest of what psql offers.
#[test]
fn a_server_that_refuses_what_is_left_for_psql_is_told_so() {
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
    assert_eq!((run.code, run.outcome().as_str()), (5, "openssl-conf"));
    assert!(run.stdout.contains("the server refuses what"), "{run:?}");
    assert!(!run.stdout.contains("and so this check"), "{run:?}");
}

/// psql loads its own certificate before it connects, and refuses a weak one.
#[test]
fn the_level_of_the_openssl_configuration_counts_for_the_client_certificate() {
    let root = Ca::root("Root");
    let config = Arc::new(demanding(&root.leaf(&["db.example"]), TLS13));
    let peer = Peer::start(move |conversation| welcome(conversation, &config));
    let client = configured(&root);
    let own = root.leaf_of(&PKCS_RSA_SHA256, &["ann"]);
    client.write("client.crt", &own.chain);
    client.write_private("client.key", &own.key);
    let string = format!("{} sslcert=client.crt sslkey=client.key", string(peer.port));
    for (level, code) in [(2, 0), (3, 5)] {
        configure(&client, &format!("CipherString = DEFAULT@SECLEVEL={level}"));
        for mode in ["sslmode=require", ""] {
            let string = format!("{string} {mode}");
            let run = client.check(&string);
            assert_eq!(run.code, code, "{level} {mode}: {run:?}");
            let told = "cannot load the client certificate \\\"client.crt\\\"";
            assert_eq!(run.stdout.contains(told), code != 0, "{run:?}");
            if let Some(library) = libpq::library() {
                let connects = client.libpq(library.as_ref(), &string) == Answer::Tls;
                assert_eq!(connects, code == 0, "{level} {mode}");
            }
        }
    }
}

/// Also where the server demands a client certificate, which an audit does without.
#[test]
fn an_audit_without_a_client_certificate_obeys_the_openssl_configuration() {
    let root = Ca::root("Root");
    let config = Arc::new(demanding(&root.leaf(&["db.example"]), TLS13));
    let peer = Peer::start(move |conversation| welcome(conversation, &config));
    let client = configured(&root);
    let string = string(peer.port);
    // A key on P-256 has 128 bits, so psql asks for none at level 4.
    for (level, refused) in [(3, false), (4, true)] {
        configure(
            &client,
            &format!("CipherString = DEFAULT:@SECLEVEL={level}"),
        );
        let run = client.pgtls(&["audit", "--format", "json", &string]);
        let findings = run.findings();
        let demanded = findings.contains(&"client-cert-required".to_owned());
        assert_eq!(demanded, !refused, "{level}: {run:?}");
        assert_eq!(run.code == 5, refused, "{level}: {run:?}");
    }
}
