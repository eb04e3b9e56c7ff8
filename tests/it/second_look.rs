//! Servers of TLS 1.2 with which rustls has nothing in common: judged up to their signed key exchange, as
//! psql judges them.

use std::process::Command;

use rcgen::{ExtendedKeyUsagePurpose, PKCS_RSA_SHA256};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::support::client::{Answer, Client, Run};
use crate::support::flight::{
    RENEGOTIATION_INFO, block16, client_random, exchange, flight, hello, point, sign,
};
use crate::support::peer::{Conversation, Peer};
use crate::support::pki::{Ca, Documented, Served, common_name, expired};
use crate::support::postgres::Postgres;
use crate::support::skip::{has_openssl, skip};

const TLS12: (&str, &str) = ("ssl_max_protocol_version", "TLSv1.2");

/// Settings of a server with an ECDSA or an RSA key.
const CBC: &str = "ECDHE-ECDSA-AES256-SHA384";
const DHE: &str = "DHE-RSA-AES256-GCM-SHA384";

#[test]
fn servers_with_classic_suites_are_judged_as_psql_judges_them() {
    let root = Ca::root("root");
    let ecdsa = root.leaf(&["db.example"]);
    let rsa = root.leaf_of(&PKCS_RSA_SHA256, &["db.example"]);
    let old = root.leaf_with(&["db.example"], expired);
    let Some(mut server) = Postgres::start(&ecdsa) else {
        return;
    };
    let client = Client::trusting(&root);
    client.write("other.crt", &Ca::root("other").pem);
    let pass = |suite: &str| (0, "pass".to_owned(), suite.to_owned());
    let fails = |code, outcome: &str| (code, outcome.to_owned(), String::new());
    let good = "host=db.example sslmode=verify-full sslrootcert=root.crt";
    for (served, suites, string, (code, word, suite)) in [
        (&ecdsa, CBC, good, pass(CBC)),
        (
            &ecdsa,
            "ECDHE-ECDSA-AES128-SHA",
            good,
            pass("ECDHE-ECDSA-AES128-SHA"),
        ),
        (&rsa, DHE, good, pass(DHE)),
        (
            &rsa,
            "ECDHE-RSA-AES256-SHA384",
            good,
            pass("ECDHE-RSA-AES256-SHA384"),
        ),
        (&rsa, "DHE-RSA-AES128-SHA", good, pass("DHE-RSA-AES128-SHA")),
        (
            &rsa,
            "DHE-RSA-CHACHA20-POLY1305",
            good,
            pass("DHE-RSA-CHACHA20-POLY1305"),
        ),
        (&ecdsa, CBC, "host=db.example sslmode=require", pass(CBC)),
        (
            &ecdsa,
            CBC,
            "host=db.example sslmode=verify-full sslrootcert=other.crt",
            fails(6, "unknown-issuer"),
        ),
        (
            &ecdsa,
            CBC,
            "host=else.example sslmode=verify-full sslrootcert=root.crt",
            fails(7, "host-name-mismatch"),
        ),
        (
            &ecdsa,
            CBC,
            "host=else.example sslmode=verify-ca sslrootcert=root.crt",
            pass(CBC),
        ),
        (&old, CBC, good, fails(6, "expired")),
        (
            &rsa,
            DHE,
            "host=db.example sslmode=verify-full sslrootcert=other.crt",
            fails(6, "unknown-issuer"),
        ),
    ] {
        server.configure(served, &[TLS12, ("ssl_ciphers", suites)]);
        let string = format!(
            "{string} user=postgres hostaddr=127.0.0.1 port={}",
            server.port
        );
        let run = client.check(&string);
        assert_eq!(run.verdict(), (code, word), "{suites}, {string}: {run:?}");
        let psql = client.psql(&string);
        assert_eq!(
            psql == Answer::Tls,
            code == 0,
            "{suites}, {string}: {psql:?}"
        );
        let endpoint = run.endpoint();
        assert_eq!(endpoint["encrypted"], false, "no session was made");
        assert_eq!(endpoint["tls"]["protocol"], "TLSv1.2");
        if code == 0 {
            assert_eq!(endpoint["tls"]["cipher"], suite.as_str());
            assert!(
                run.findings().contains(&"weak-cipher".to_owned()),
                "{run:?}"
            );
        }
    }
}

/// rustls has no name for the schemes of such a key, so it finishes no handshake of TLS 1.2 with it.
#[test]
fn a_key_for_rsa_pss_only_is_judged_in_tls_1_2() {
    let directory = tempfile::tempdir().unwrap();
    let Some(openssl) = Documented::new(directory.path()) else {
        return;
    };
    let root = openssl.root("root");
    let request = "-newkey rsa-pss -pkeyopt rsa_keygen_bits:2048";
    let served = openssl.server_with("root", "db.example", request, "");
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::new();
    client.write("root.crt", &root);
    server.configure(&served, &[TLS12]);
    let string = format!(
        "host=db.example hostaddr=127.0.0.1 port={} user=postgres sslrootcert=root.crt",
        server.port
    );
    let run = client.check(&string);
    assert_eq!(run.verdict(), (0, "pass".to_owned()), "{run:?}");
    let code = "unfinished-handshake".to_owned();
    assert!(run.findings().contains(&code), "{run:?}");
    assert_eq!(client.psql(&string), Answer::Tls);
}

/// RSA key exchange proves nothing before the handshake is finished. psql connects.
#[test]
fn static_rsa_is_beyond_us_and_said_to_be() {
    let root = Ca::root("root");
    let served = root.leaf_of(&PKCS_RSA_SHA256, &["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    server.configure(
        &served,
        &[TLS12, ("ssl_ciphers", "AES256-SHA:AES128-GCM-SHA256")],
    );
    let place = format!(
        "hostaddr=127.0.0.1 port={} user=postgres sslrootcert=root.crt",
        server.port
    );
    let string = format!("host=db.example {place}");
    let run = client.check(&string);
    assert_eq!(run.verdict(), (5, "no-common-cipher".to_owned()), "{run:?}");
    let said = run.endpoint()["error"]["message"].to_string();
    assert!(said.contains("pgtls cannot, psql can"), "{said}");
    assert_eq!(client.psql(&string), Answer::Tls);
    // The chain and the name are still judged first.
    let elsewhere = client.check(&format!("host=else.example {place}"));
    assert_eq!(elsewhere.verdict(), (7, "host-name-mismatch".to_owned()));
    let clients = client.pgtls(&["check", "--clients", "--format", "json", &string]);
    assert_eq!(outcome_of(&clients, "libpq"), "unknown");
    assert_eq!(outcome_of(&clients, "sqlx-rustls"), "refused");
    assert_eq!(outcome_of(&clients, "pgx"), "unknown");
}

fn outcome_of(run: &Run, name: &str) -> String {
    let endpoint = run.endpoint();
    let clients = endpoint["clients"].as_array().unwrap();
    let found = clients.iter().find(|client| client["client"] == name);
    found.unwrap()["outcome"].as_str().unwrap().to_owned()
}

#[test]
fn demands_options_and_formats_know_such_a_result() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    client.write("leaf.crt", &served.chain);
    client.write("other.crt", &root.leaf(&["db.example"]).chain);
    server.configure(&served, &[TLS12, ("ssl_ciphers", CBC)]);
    let string = format!(
        "host=db.example hostaddr=127.0.0.1 port={} sslrootcert=root.crt user=postgres",
        server.port
    );
    let zeros = format!("sha256//{}=", "A".repeat(43));
    for (options, code) in [
        (&["--expect-cert", "leaf.crt"][..], 0),
        (&["--expect-cert", "other.crt"], 1),
        (&["--pin", &zeros], 1),
        (&["--min-tls", "1.2"], 0),
        (&["--min-tls", "1.3"], 1),
        (&["--valid-for", "1d"], 0),
        (&["--valid-for", "9999d"], 1),
        (&["--strict"], 1),
        (&["--at", "+9999d"], 6),
        (&["--save-chain", "saved.pem"], 0),
    ] {
        let arguments = [&["check"], options, &[&string]].concat();
        let run = client.pgtls(&arguments);
        assert_eq!(run.code, code, "{options:?}: {run:?}");
    }
    let saved = std::fs::read(client.home.path().join("saved.pem")).unwrap();
    let saved: Vec<_> = CertificateDer::pem_slice_iter(&saved)
        .map(Result::unwrap)
        .collect();
    let leaf = CertificateDer::from_pem_slice(served.chain.as_bytes()).unwrap();
    assert_eq!(saved.first(), Some(&leaf));
    let text = client.pgtls(&["check", &string]).stdout;
    let psql = format!("SSL connection (protocol: TLSv1.2, cipher: {CBC}, bits: 256");
    assert!(text.contains(&psql), "{text}");
    let sentence = "judged up to the server's signed key exchange; pgtls does not finish";
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(words.join(" ").contains(sentence), "{text}");
    for format in [
        "json",
        "jsonl",
        "junit",
        "sarif",
        "github",
        "nagios",
        "prometheus",
    ] {
        let run = client.pgtls(&["check", "--format", format, &string]);
        assert_eq!(run.code, 0, "{format}: {run:?}");
        assert!(!run.stdout.is_empty(), "{format}");
    }
    let login = client.pgtls(&["check", "--login", "--format", "json", &string]);
    assert_eq!(login.verdict(), (8, "login-failed".to_owned()), "{login:?}");
    let clients = client.pgtls(&["check", "--clients", "--format", "json", &string]);
    assert_eq!(outcome_of(&clients, "libpq"), "verified");
    assert_eq!(outcome_of(&clients, "sqlx-rustls"), "refused");
    assert_eq!(outcome_of(&clients, "node-postgres"), "unknown");
}

/// Whether a client certificate is required, or accepted, shows only in a finished handshake.
#[test]
fn a_request_for_a_client_certificate_is_never_a_pass() {
    let root = Ca::root("root");
    // Its file is ssl_ca_file as well.
    let served = root.leaf(&["db.example"]).and(&root.pem);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    let own = root.client("postgres");
    client.write("own.crt", &own.chain);
    client.write_private("own.key", &own.key);
    let settings = [TLS12, ("ssl_ciphers", CBC), ("ssl_ca_file", "server.crt")];
    server.configure(&served, &settings);
    let string = format!(
        "host=db.example hostaddr=127.0.0.1 port={} sslrootcert=root.crt",
        server.port
    );
    let none = client.check(&string);
    assert_eq!(
        none.verdict(),
        (5, "no-common-cipher".to_owned()),
        "{none:?}"
    );
    let ours = client.check(&format!("{string} sslcert=own.crt sslkey=own.key"));
    assert_eq!(
        ours.verdict(),
        (5, "no-common-cipher".to_owned()),
        "{ours:?}"
    );
    let said = ours.endpoint()["error"]["message"].to_string();
    assert!(said.contains("pgtls cannot, psql perhaps can"), "{said}");
    // psql cannot with a certificate that the server refuses.
    let over = root.leaf_with(&[], |params| {
        params.distinguished_name = common_name("postgres");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        expired(params);
    });
    for (name, bad, why) in [
        ("expired", over, "expired"),
        ("stranger", Ca::root("other").client("postgres"), "other"),
    ] {
        client.write("own.crt", &bad.chain);
        client.write_private("own.key", &bad.key);
        let ours = client.check(&format!("{string} sslcert=own.crt sslkey=own.key"));
        let said = ours.endpoint()["error"]["message"].to_string();
        assert!(
            said.contains("psql most likely cannot either"),
            "{name}: {said}"
        );
        assert!(said.contains(why), "{name}: {said}");
        assert_ne!(ours.code, 0, "{name}: {ours:?}");
    }
}

/// It is encountered after the request, and still named.
#[test]
fn a_key_that_pgtls_cannot_check_is_named_beside_a_request_for_a_client_certificate() {
    if !has_openssl() {
        return skip("openssl is not installed");
    }
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ed448",
            "-nodes",
            "-subj",
            "/CN=db.example",
        ])
        .args(["-keyout", "key", "-out", "crt"])
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let read = |name| std::fs::read_to_string(directory.path().join(name)).unwrap();
    let served = Served {
        chain: read("crt"),
        key: read("key"),
    };
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::new();
    client.write("root.crt", &served.chain);
    let string = format!(
        "host=db.example hostaddr=127.0.0.1 port={} sslrootcert=root.crt",
        server.port
    );
    for settings in [&[TLS12][..], &[TLS12, ("ssl_ca_file", "server.crt")]] {
        server.configure(&served, settings);
        let run = client.check(&string);
        let expected = (6, "unsupported-algorithm".to_owned());
        assert_eq!(run.verdict(), expected, "{settings:?}: {run:?}");
        let said = run.endpoint()["error"]["message"].to_string();
        assert!(said.contains("Ed448"), "{said}");
    }
}

/// What a forger makes of the flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forgery {
    /// Nothing: the genuine server.
    None,
    /// It signs with a key of its own.
    OtherKey,
    /// It repeats what the server signed for another client.
    Replay,
    /// It changes the share.
    Share,
    /// It names a scheme that does not fit.
    Scheme,
    /// It cuts the message.
    Cut,
    /// It leaves the message out.
    Missing,
    /// It makes a server with TLS 1.3 choose TLS 1.2.
    Downgrade,
    /// It leaves out renegotiation_info.
    Renegotiation,
    /// It names a suite that was not offered.
    Suite,
    /// It claims a suite that a first hello has offered as well.
    Contradiction,
}

#[test]
fn a_forged_replayed_truncated_or_downgraded_flight_is_refused() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    for (forgery, expected) in [
        (Forgery::None, (0, "pass")),
        (Forgery::OtherKey, (5, "tls-failure")),
        (Forgery::Replay, (5, "tls-failure")),
        (Forgery::Share, (5, "tls-failure")),
        (Forgery::Scheme, (5, "tls-failure")),
        (Forgery::Cut, (5, "tls-failure")),
        (Forgery::Missing, (5, "tls-failure")),
        (Forgery::Downgrade, (5, "tls-failure")),
        (Forgery::Renegotiation, (5, "insecure-renegotiation")),
        (Forgery::Suite, (5, "tls-failure")),
        (Forgery::Contradiction, (5, "tls-failure")),
    ] {
        let peer = forger(&served, forgery, Manner::Alert);
        let client = Client::trusting(&root);
        for mode in ["verify-full", "require"] {
            let string = format!(
                "host=db.example hostaddr=127.0.0.1 port={} sslmode={mode} {}",
                peer.port,
                if mode == "require" {
                    ""
                } else {
                    "sslrootcert=root.crt"
                }
            );
            let run = client.check(&string);
            let (code, word) = run.verdict();
            assert_eq!(
                (code, word.as_str()),
                expected,
                "{forgery:?}, {mode}: {run:?}"
            );
        }
    }
}

/// How it refuses a hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Alert,
    HangUp,
}

/// Some servers say nothing where they accept nothing of an offer.
#[test]
fn a_server_that_hangs_up_gets_a_second_look_too() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    for (forgery, expected) in [
        (Forgery::None, (0, "pass")),
        (Forgery::OtherKey, (5, "tls-failure")),
        // It accepts what it hung up on: perhaps the network was at fault, and nothing is proven.
        (Forgery::Contradiction, (5, "closed")),
    ] {
        let peer = forger(&served, forgery, Manner::HangUp);
        let client = Client::trusting(&root);
        let string = format!(
            "host=db.example hostaddr=127.0.0.1 port={} sslmode=verify-full sslrootcert=root.crt",
            peer.port
        );
        let run = client.check(&string);
        let (code, word) = run.verdict();
        assert_eq!((code, word.as_str()), expected, "{forgery:?}: {run:?}");
    }
}

/// A server that refuses the first hello of every client, and answers the second one.
fn forger(served: &Served, forgery: Forgery, manner: Manner) -> Peer {
    let served = served.clone();
    let signer = match forgery {
        Forgery::OtherKey => Ca::root("other").leaf(&["db.example"]),
        _ => served.clone(),
    };
    Peer::start(move |conversation| {
        conversation.hello()?;
        if conversation.number % 2 == 0 {
            if manner == Manner::Alert {
                // handshake_failure
                conversation.say(&[21, 3, 3, 0, 2, 2, 40])?;
            }
            return conversation.finish();
        }
        let flight = forged(conversation, &served, &signer, forgery);
        conversation.say(&flight)?;
        conversation.finish()
    })
}

fn forged(
    conversation: &Conversation,
    served: &Served,
    signer: &Served,
    forgery: Forgery,
) -> Vec<u8> {
    let mut random = [5; 32];
    if forgery == Forgery::Downgrade {
        random[24..].copy_from_slice(b"DOWNGRD\x01");
    }
    let suite = match forgery {
        // ECDHE-ECDSA-AES256-CCM and ECDHE-ECDSA-AES128-GCM-SHA256.
        Forgery::Suite => 0xc0ad,
        Forgery::Contradiction => 0xc02b,
        _ => 0xc024,
    };
    let extensions = match forgery {
        Forgery::Renegotiation => &[],
        _ => RENEGOTIATION_INFO,
    };
    let mut parameters = point();
    let signed_for = match forgery {
        Forgery::Replay => [7; 32],
        _ => client_random(conversation),
    };
    let message = [&signed_for[..], &random, &parameters].concat();
    let (own, signature) = sign(signer, &message);
    if forgery == Forgery::Share {
        parameters[10] ^= 1;
    }
    let scheme = match forgery {
        Forgery::Scheme => [4, 1],
        _ => own,
    };
    let mut body = [&parameters[..], &scheme, &block16(&signature)].concat();
    if forgery == Forgery::Cut {
        body.truncate(body.len() - 10);
    }
    let exchange = match forgery {
        Forgery::Missing => Vec::new(),
        _ => exchange(&body),
    };
    flight(hello(&random, suite, extensions), served, exchange)
}
