//! Do the demands of `pgtls check` beyond libpq's verdict pass and fail as documented?

use crate::support::client::{Answer, Client, Run};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use data_encoding::BASE64;
use pgtls::lab::{Authority, Endpoint};
use pgtls::trust::file;
use pgtls::x509::Certificate;
use rcgen::{CertificateParams, PKCS_RSA_SHA256, RevokedCertParams};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::kx_group;
use time::OffsetDateTime;

use crate::support::fleet_lab::Lab;
use crate::support::libpq;
use crate::support::peer::Peer;
use crate::support::pki::{Ca, Served, common_name, in_days};
use crate::support::serving::{TLS12, TLS13, asking, demanding, plain, welcome, with_groups};
use crate::support::tool::Tool;

/// The lab, with its certificate and another one of the same authority in files.
fn lab() -> Lab {
    let lab = Lab::new();
    let other = lab
        .authority
        .issue(&["localhost"], OffsetDateTime::now_utc());
    lab.client.write("leaf.der", &lab.leaf);
    lab.client.write("other.der", &other.unwrap().chain[0]);
    lab
}

fn check(lab: &Lab, arguments: &str) -> Run {
    let string = lab.good();
    let mut words = vec!["check", "--format", "json", &string];
    words.extend(arguments.split_whitespace());
    lab.client.pgtls(&words)
}

/// Modes that prove nothing, on request; the path of the file in the string does.
#[test]
fn a_mode_that_proves_nothing_can_be_refused() {
    let lab = lab();
    let good = lab.good();
    for (mode, code, outcome) in [
        ("sslmode=require sslrootcert=''", 1, "not-authenticated"),
        ("sslmode=prefer", 1, "not-authenticated"),
        ("sslmode=require", 0, "pass"),
        ("sslmode=verify-full", 0, "pass"),
    ] {
        let string = format!("{good} {mode}");
        let run = lab
            .client
            .pgtls(&["check", "--format", "json", "--require-verified", &string]);
        let told = (run.code, run.outcome());
        assert_eq!(told, (code, outcome.to_owned()), "{mode}: {run:?}");
        let endpoint = run.endpoint();
        assert_eq!(endpoint["unverified"], code == 1, "{mode}: {run:?}");
        let repeated = endpoint["findings"]
            .to_string()
            .contains("not-authenticated");
        assert!(!repeated, "{mode}: {run:?}");
        assert_eq!(lab.client.check(&string).code, 0, "{mode}");
        let mut asked = lab.client.command(&["check", &string]);
        let output = asked.env("PGTLS_REQUIRE_VERIFIED", "1").output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{mode}");
    }
}

/// A demand changes the verdict, not what was proven: an alert on the expiry must still fire.
#[test]
fn what_was_verified_stays_verified_under_a_demand() {
    let lab = lab();
    let run = check(&lab, "--valid-for 91d");
    assert_eq!(
        (run.code, &run.endpoint()["authenticated"]),
        (1, &true.into())
    );
    let string = lab.good();
    let run = lab.client.pgtls(&[
        "check",
        "--valid-for",
        "91d",
        "--format",
        "prometheus",
        &string,
    ]);
    assert!(
        run.stdout.contains("\nssl_verified_cert_not_after{"),
        "{run:?}"
    );
}

#[test]
fn demands_that_hold_pass_and_others_fail_with_1() {
    let lab = lab();
    let pin = format!(
        "sha256//{}",
        BASE64.encode(&Certificate::parse(&lab.leaf).unwrap().spki_sha256())
    );
    let other_pin = format!("sha256//{}", BASE64.encode(&[7; 32]));
    for (arguments, code, outcome) in [
        ("", 0, "pass"),
        ("--valid-for 89d", 0, "pass"),
        ("--valid-for 91d", 1, "expires-soon"),
        ("--at +91d", 6, "expired"),
        ("--min-tls 1.2", 0, "pass"),
        ("--min-tls 1.3", 0, "pass"),
        ("--expect-cert leaf.der", 0, "pass"),
        ("--expect-cert other.der", 1, "unexpected-certificate"),
        ("--expect-cert root.crt", 1, "unexpected-certificate"),
        (&format!("--pin {pin}"), 0, "pass"),
        (&format!("--pin {other_pin}"), 1, "pin-mismatch"),
        (&format!("--pin {other_pin} --pin {pin}"), 0, "pass"),
        ("--strict", 0, "pass"),
        ("--at +70d", 0, "pass"),
        ("--at +70d --strict", 1, "expires-soon"),
    ] {
        let run = check(&lab, arguments);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{arguments}: {run:?}"
        );
        assert_eq!(run.json()["exit_code"], code);
    }
}

/// An attacker can append the pinned certificate, which is public, to another chain.
#[test]
fn a_pinned_certificate_beside_the_path_does_not_count() {
    let now = OffsetDateTime::now_utc();
    let authority = Authority::new("lab CA", now).unwrap();
    let pinned = authority.issue(&["localhost"], now).unwrap();
    let pin = Certificate::parse(&pinned.chain[0]).unwrap().spki_sha256();
    let pin = format!("sha256//{}", BASE64.encode(&pin));
    let mut attacker = authority.issue(&["localhost"], now).unwrap();
    attacker.chain.extend(pinned.chain.clone());
    let endpoint = Endpoint::start(attacker).unwrap();
    let port = endpoint.address.port();
    let client = Client::new();
    client.write("root.crt", &authority.root_pem);
    let root = file::read(authority.root_pem.as_bytes()).unwrap();
    let root = root.certificates[0].certificate.spki_sha256();
    let root = format!("sha256//{}", BASE64.encode(&root));
    for (mode, pin, code) in [
        ("verify-full sslrootcert=root.crt", &pin, 1),
        ("verify-ca sslrootcert=root.crt", &pin, 1),
        ("require", &pin, 1),
        // The path ends at this root only where it is verified.
        ("verify-full sslrootcert=root.crt", &root, 0),
        ("require", &root, 1),
    ] {
        let string = format!("host=localhost hostaddr=127.0.0.1 port={port} sslmode={mode}");
        let run = client.pgtls(&["check", "--format", "json", "--pin", pin, &string]);
        let outcome = if code == 0 { "pass" } else { "pin-mismatch" };
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{mode}: {run:?}"
        );
    }
}

/// What a session depends on for `--valid-for`.
struct Lasting {
    name: &'static str,
    served: Served,
    asks: Asks,
    mode: &'static str,
    roots: String,
    crl: Option<String>,
    client_certificate: Option<Served>,
    lasts: bool,
}

/// Whether the server asks for a client certificate.
#[derive(Clone, Copy)]
enum Asks {
    ForNothing,
    ForCertificate,
}

/// `--valid-for` judges again at that time, with everything that is valid then.
#[test]
fn valid_for_fails_for_everything_that_expires_too_soon() {
    let old = Ca::root_with("Root", |params| params.not_after = in_days(10));
    let new = Ca::root("Root");
    let no_key_ids = |params: &mut CertificateParams| {
        params.use_authority_key_identifier_extension = false;
        params.serial_number = Some(77_u64.into());
    };
    let leaf = old.leaf_with(&["db.example"], no_key_ids);
    let other = new.leaf_with(&["db.example"], no_key_ids);
    let short = new.intermediate_with("Intermediate", |params| params.not_after = in_days(10));
    let below = short.leaf(&["db.example"]).and(&short.pem);
    let own = new.leaf_with(&[], |params| {
        params.distinguished_name = common_name("ann");
        params.not_after = in_days(10);
    });
    let row = |name, served: &Served, mode| Lasting {
        name,
        served: served.clone(),
        asks: Asks::ForNothing,
        mode,
        roots: new.pem.clone(),
        crl: None,
        client_certificate: None,
        lasts: false,
    };
    let rows = [
        Lasting {
            lasts: true,
            ..row("all of it lasts", &other, "verify-full")
        },
        Lasting {
            roots: format!("{}{}", old.pem, new.pem),
            ..row(
                "a root that ends beside another of its name",
                &leaf,
                "verify-full",
            )
        },
        Lasting {
            crl: Some(crl(&new, 5)),
            ..row("a CRL to come that revokes", &other, "verify-ca")
        },
        row("an intermediate that proves nothing", &below, "require"),
        row("an intermediate", &below, "verify-full"),
        Lasting {
            asks: Asks::ForCertificate,
            client_certificate: Some(own.clone()),
            ..row("the client's certificate", &other, "verify-full")
        },
        Lasting {
            client_certificate: Some(own),
            lasts: true,
            ..row(
                "a client certificate that is not asked for",
                &other,
                "verify-full",
            )
        },
    ];
    for row in rows {
        hold(&row);
    }
}

fn hold(row: &Lasting) {
    let config = Arc::new(match row.asks {
        Asks::ForNothing => plain(&row.served, TLS13),
        Asks::ForCertificate => asking(&row.served, TLS13),
    });
    let peer = Peer::start(move |conversation| {
        let mut session = conversation.tls(&config)?;
        // AuthenticationOk, for a client that asks whether its certificate was accepted.
        session.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 0])?;
        session.flush()?;
        session.sock.finish()
    });
    let client = Client::new();
    let mut string = format!(
        "host=db.example hostaddr=127.0.0.1 port={} sslmode={}",
        peer.port, row.mode
    );
    if row.mode != "require" {
        client.write("root.crt", &row.roots);
        string.push_str(" sslrootcert=root.crt");
    }
    if let Some(crl) = &row.crl {
        client.write("list.crl", crl);
        string.push_str(" sslcrl=list.crl");
    }
    if let Some(own) = &row.client_certificate {
        client.write("own.crt", &own.chain);
        client.write("own.key", &own.key);
        let key = client.home.path().join("own.key");
        std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).unwrap();
        string.push_str(" sslcert=own.crt sslkey=own.key");
    }
    let now = client.check(&string);
    assert_eq!(now.code, 0, "{}: {now:?}", row.name);
    let arguments = ["check", "--format", "json", "--valid-for", "30d", &string];
    let later = client.pgtls(&arguments);
    let expected = match row.lasts {
        true => (0, "pass"),
        false => (1, "expires-soon"),
    };
    assert_eq!(
        (later.code, later.outcome().as_str()),
        expected,
        "{}: {later:?}",
        row.name
    );
}

/// A CRL without entries that is valid now, and one that is valid in some days and revokes serial
/// 77.
fn crl(issuer: &Ca, in_some_days: i64) -> String {
    let revoked = RevokedCertParams {
        serial_number: 77_u64.into(),
        revocation_time: in_days(in_some_days),
        reason_code: None,
        invalidity_date: None,
    };
    format!(
        "{}{}",
        issuer.crl(1, -1..60, Vec::new()),
        issuer.crl(2, in_some_days..60, vec![revoked])
    )
}

/// A CRL that is in the last tenth of its lifetime, and the one that follows it.
#[test]
fn a_part_of_a_lifetime_is_asked_of_crls_too() {
    let root = Ca::root("Root");
    let config = Arc::new(plain(&root.leaf(&["db.example"]), TLS13));
    let peer = Peer::start(move |conversation| conversation.tls(&config)?.sock.finish());
    let client = Client::new();
    client.write("root.crt", &root.pem);
    let string = format!(
        "host=db.example hostaddr=127.0.0.1 port={} sslmode=verify-full sslrootcert=root.crt sslcrl=list.crl",
        peer.port
    );
    let due = root.crl(1, -27..3, Vec::new());
    let next = root.crl(2, -1..29, Vec::new());
    for (crls, share, code, outcome) in [
        (&due, "5%", 0, "pass"),
        (&due, "20%", 1, "expires-soon"),
        (&format!("{due}{next}"), "20%", 0, "pass"),
    ] {
        client.write("list.crl", crls);
        let run = client.pgtls(&["check", "--format", "json", "--valid-for", share, &string]);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{share}: {run:?}"
        );
        if code == 1 {
            let message = run.endpoint()["error"]["message"].to_string();
            let expected = "has less than 20% of its lifetime left";
            assert!(message.contains(expected), "{message}");
        }
    }
}

#[test]
fn a_low_version_fails_under_min_tls() {
    let lab = lab();
    let capped = format!("{} ssl_max_protocol_version=TLSv1.2", lab.good());
    for (version, code, outcome) in [("1.2", 0, "pass"), ("1.3", 1, "below-min-tls")] {
        let run = lab
            .client
            .pgtls(&["check", "--format", "json", "--min-tls", version, &capped]);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{run:?}"
        );
        assert_eq!(run.endpoint()["tls"]["protocol"], "TLSv1.2");
    }
}

#[test]
fn an_unusable_file_of_a_demand_is_a_usage_error() {
    let lab = lab();
    lab.client.write("text", "no certificate");
    for file in ["none.crt", "text"] {
        let run = check(&lab, &format!("--expect-cert {file}"));
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
        assert!(run.stderr.starts_with("pgtls: could not read"), "{run:?}");
        assert!(run.stderr.contains(file), "{run:?}");
    }
}

#[test]
fn the_presented_chain_is_saved_also_when_it_is_refused() {
    let lab = lab();
    for (arguments, code) in [("", 0), ("--at +91d", 6)] {
        let run = check(&lab, &format!("--save-chain saved.pem {arguments}"));
        assert_eq!(run.code, code, "{run:?}");
        let path = lab.client.home.path().join("saved.pem");
        let saved = file::read(&std::fs::read(&path).unwrap()).unwrap();
        let saved: Vec<&Certificate> = saved.certificates.iter().map(|a| &*a.certificate).collect();
        assert_eq!(saved, [&Certificate::parse(&lab.leaf).unwrap()]);
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn strict_refuses_what_proves_nothing() {
    let lab = lab();
    let port = lab.endpoint.address.port();
    let string = format!("host=localhost hostaddr=127.0.0.1 port={port} sslmode=require");
    for (arguments, code, outcome) in [
        (&["check", "--format", "json"][..], 0, "pass"),
        (
            &["check", "--format", "json", "--strict"],
            1,
            "not-authenticated",
        ),
    ] {
        let run = lab.client.pgtls(&[arguments, &[&string]].concat());
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{run:?}"
        );
        assert_eq!(run.endpoint()["authenticated"], false);
        assert_eq!(run.endpoint()["encrypted"], true);
    }
}

#[test]
fn without_an_sslmode_the_strongest_is_checked_and_reported() {
    let lab = lab();
    let string = lab.good().replace("sslmode=verify-full", "");
    let run = lab.client.check(&string);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.endpoint()["sslmode"], "verify-full");
    assert_eq!(run.findings(), ["default-sslmode"]);
}

/// libpq checks these in the login. Without a login they must not pass silently.
#[test]
fn what_only_a_login_can_check_is_named() {
    let lab = lab();
    for (setting, named) in [
        ("channel_binding=require", true),
        ("require_auth=scram-sha-256", true),
        ("target_session_attrs=standby", true),
        ("min_protocol_version=3.2", true),
        ("channel_binding=prefer", false),
        ("require_auth=''", false),
        ("target_session_attrs=any", false),
        ("target_session_attrs=prefer-standby", false),
        ("min_protocol_version=3.0", false),
    ] {
        let string = format!("{} {setting}", lab.good());
        let run = lab.client.check(&string);
        assert_eq!(run.code, 0, "{setting}: {run:?}");
        let found = run.findings().contains(&"login-not-checked".to_owned());
        assert_eq!(found, named, "{setting}: {run:?}");
        let strict = lab
            .client
            .pgtls(&["check", "--format", "json", "--strict", &string]);
        let expected = if named {
            (1, "login-not-checked")
        } else {
            (0, "pass")
        };
        let came = (strict.code, strict.outcome());
        assert_eq!((came.0, came.1.as_str()), expected, "{setting}: {strict:?}");
        let login = lab
            .client
            .pgtls(&["check", "--format", "json", "--login", &string]);
        let found = login.findings().contains(&"login-not-checked".to_owned());
        assert!(!found, "{setting}: {login:?}");
    }
}

/// How a certificate is served.
type Server = fn(&Served) -> ServerConfig;

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
        let client = Client::trusting(&root);
        client.write("policy.cnf", "Groups = X25519\n");
        let sections = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n";
        client.write("openssl.cnf", format!("{sections}{setting}\n"));
        let file = client.home.path().join("openssl.cnf");
        let client = client.with("OPENSSL_CONF", file);
        let string = format!(
            "host=db.example hostaddr=127.0.0.1 port={} user=ann sslmode=verify-full sslrootcert=root.crt {more}",
            peer.port
        );
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

/// Also where the server demands a client certificate, which an audit does without.
#[test]
fn an_audit_without_a_client_certificate_obeys_the_openssl_configuration() {
    let root = Ca::root("Root");
    let config = Arc::new(demanding(&root.leaf(&["db.example"]), TLS13));
    let peer = Peer::start(move |conversation| welcome(conversation, &config));
    let client = Client::new();
    client.write("root.crt", &root.pem);
    let file = client.home.path().join("openssl.cnf");
    let client = client.with("OPENSSL_CONF", file);
    let string = format!(
        "host=db.example hostaddr=127.0.0.1 port={} user=ann sslmode=verify-full sslrootcert=root.crt",
        peer.port
    );
    // A key on P-256 has 128 bits.
    for (level, refused) in [(3, false), (4, true)] {
        let sections = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n";
        client.write(
            "openssl.cnf",
            format!("{sections}CipherString = DEFAULT:@SECLEVEL={level}\n"),
        );
        let run = client.pgtls(&["audit", "--format", "json", &string]);
        let demanded = run.findings().contains(&"client-cert-required".to_owned());
        assert!(demanded, "{level}: {run:?}");
        let told = (run.code, run.outcome());
        let is_refused = told == (6, "openssl-conf".to_owned());
        assert_eq!(is_refused, refused, "{level}: {run:?}");
    }
}
