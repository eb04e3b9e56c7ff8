//! Situations of users that were rebuilt: the cause that is named, and what the advice leads to. The list is
//! docs/situations.md.

use std::net::TcpListener;

use crate::support::client::{Answer, Client, Run};
use crate::support::haproxy::HaProxy;
use crate::support::pgbouncer::PgBouncer;
use crate::support::pki::{Ca, Documented};
use crate::support::postgres::Postgres;
use crate::support::skip::has_openssl;

/// The message of the error and its advice.
fn words(run: &Run) -> String {
    let endpoint = run.endpoint();
    let text = |name: &str| {
        endpoint["error"][name]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    format!("{}\n{}", text("message"), text("hint"))
}

/// The last string among the proven fixes.
fn string(run: &Run) -> String {
    let endpoint = run.endpoint();
    let fixes = endpoint["fixes"].as_array().cloned().unwrap_or_default();
    let mut strings = fixes.iter().rev().filter(|fix| fix["kind"] == "string");
    let last = strings.next().unwrap_or_else(|| panic!("{run:?}"));
    last["after"].as_str().unwrap().to_owned()
}

fn good(port: u16) -> String {
    format!(
        "host=db.example hostaddr=127.0.0.1 port={port} user=postgres dbname=postgres sslmode=verify-full sslrootcert=root.crt"
    )
}

#[test]
fn a_pooler_that_waits_for_its_server_is_not_a_failed_handshake() {
    let root = Ca::root("root");
    // It takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let more = format!("[databases]\npostgres = host=127.0.0.1 port={port}\n");
    let Some(bouncer) = PgBouncer::start("require", &more, &root.leaf(&["db.example"])) else {
        return;
    };
    let string = good(bouncer.port);
    let run = Client::trusting(&root).check(&string);
    assert_eq!(
        (run.code, run.outcome()),
        (5, "timeout".to_owned()),
        "{run:?}"
    );
    let words = words(&run);
    assert!(words.contains("TLS is up"), "{words}");
    assert!(words.contains("as PgBouncer does"), "{words}");
    assert!(!words.contains("MTU"), "{words}");
}

#[test]
fn a_certificate_that_a_pooler_refuses_is_for_the_pooler_to_accept() {
    let root = Ca::root("root");
    let clients = Ca::root("clients");
    let directory = tempfile::tempdir().unwrap();
    let authority = directory.path().join("clients.crt");
    std::fs::write(&authority, &clients.pem).unwrap();
    let opened = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(directory.path(), opened).unwrap();
    let more = format!("client_tls_ca_file = {}\n", authority.display());
    let Some(bouncer) = PgBouncer::start("verify-ca", &more, &root.leaf(&["db.example"])) else {
        return;
    };
    let client = Client::trusting(&root);
    let string = good(bouncer.port);
    let without = client.check(&string);
    assert_eq!(without.outcome(), "client-cert-required", "{without:?}");
    let said = words(&without);
    assert!(
        said.contains("client_tls_sslmode = verify-ca or verify-full"),
        "{said}"
    );
    assert!(!said.contains("ssl_ca_file"), "{said}");
    let stranger = Ca::root("strangers").client("postgres");
    client.write("my.crt", &stranger.chain);
    client.write_private("my.key", &stranger.key);
    let with = client.check(&format!("{string} sslcert=my.crt sslkey=my.key"));
    assert_eq!(with.outcome(), "client-cert-refused", "{with:?}");
    let said = words(&with);
    assert!(said.contains("PgBouncer: client_tls_ca_file"), "{said}");
}

#[test]
fn a_proxy_that_adds_bytes_of_its_own_is_among_the_causes() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(server) = Postgres::start(&served) else {
        return;
    };
    for more in ["ssl verify none", "send-proxy"] {
        let Some(proxy) = HaProxy::start(&served, "", more, server.port) else {
            return;
        };
        let run = Client::trusting(&root).check(&good(proxy.port));
        assert_eq!(run.outcome(), "closed", "{more}: {run:?}");
        let words = words(&run);
        assert!(
            words.contains("gets no answer there either"),
            "{more}: {words}"
        );
        assert!(
            words.contains("invalid length of startup packet"),
            "{more}: {words}"
        );
        // The cause that is named is the one.
        assert!(
            server.log().contains("invalid length of startup packet"),
            "{more}"
        );
        assert!(
            run.endpoint()["fixes"].as_array().is_none_or(Vec::is_empty),
            "{run:?}"
        );
    }
}

#[test]
fn a_key_that_pgtls_cannot_check_is_told_from_a_suite() {
    let directory = tempfile::tempdir().unwrap();
    if !has_openssl() {
        return;
    }
    let Some(documented) = Documented::new(directory.path()) else {
        return;
    };
    let root = documented.root("root");
    let request = "-newkey ed448";
    let served = documented.server_with("root", "db.example", request, "");
    let Some(server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::new();
    client.write("root.crt", root);
    let string = good(server.port);
    let run = client.check(&string);
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (6, "unsupported-algorithm"),
        "{run:?}"
    );
    let words = words(&run);
    assert!(words.contains("pgtls cannot check the key"), "{words}");
    assert!(words.contains("psql can and may connect"), "{words}");
    assert!(!words.contains("ssl_ciphers"), "{words}");
    assert_eq!(client.psql(&string), Answer::Tls);
    // Its certificate is judged first.
    client.write("root.crt", Ca::root("other").pem);
    let run = client.check(&string);
    let outcome = (run.code, run.outcome());
    assert_eq!(outcome, (6, "unknown-issuer".to_owned()), "{run:?}");
}

#[test]
fn a_limit_of_this_machine_is_not_the_servers() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    server.configure(&served, &[("ssl_min_protocol_version", "TLSv1.3")]);
    let client = Client::trusting(&root);
    let text = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMinProtocol = TLSv1.2\nMaxProtocol = TLSv1.2\n";
    client.write("capped.cnf", text);
    let configuration = client.home.path().join("capped.cnf");
    let client = client.with("OPENSSL_CONF", configuration);
    let run = client.check(&good(server.port));
    assert_eq!(run.outcome(), "no-common-version", "{run:?}");
    let words = words(&run);
    assert!(
        words.contains("capped.cnf\" line 8 (MaxProtocol = TLSv1.2)"),
        "{words}"
    );
    assert!(!words.contains("ssl_max_protocol_version = ''"), "{words}");
    let whole = string(&run);
    assert_eq!(client.check(&whole).code, 0, "{whole}");
    assert_eq!(client.psql(&whole), Answer::Tls, "{whole}");
}

#[test]
fn root_files_that_hold_something_else_are_known() {
    let root = Ca::root("root");
    let own = Ca::root_with("db.example", |params| {
        params.subject_alt_names = vec![rcgen::SanType::DnsName("db.example".try_into().unwrap())];
    });
    let before = own.reissued(|params| params.serial_number = Some(7.into()));
    let Some(mut server) = Postgres::start(&own.self_served()) else {
        return;
    };
    let client = Client::trusting(&root);
    client.write("old.crt", &before.pem);
    let old = good(server.port).replace("root.crt", "old.crt");
    let renewed = words(&client.check(&old));
    assert!(
        renewed.contains("\"old.crt\" has another certificate of this name"),
        "{renewed}"
    );
    server.serve(&root.leaf(&["db.example"]));
    let ours = root.client("postgres");
    client.write("my.crt", &ours.chain);
    client.write_private("my.key", &ours.key);
    let own = good(server.port).replace("root.crt", "my.crt");
    let run = client.check(&format!("{own} sslcert=my.crt sslkey=my.key"));
    let said = words(&run);
    assert!(
        said.contains("\"my.crt\" contains the client's own certificate"),
        "{said}"
    );
    assert_eq!(client.psql(&string(&run)), Answer::Tls);
}

#[test]
fn a_root_file_is_found_where_it_was_meant() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = Client::new();
    client.write("certs/ca.crt", &root.pem);
    let directory = client.check(&good(server.port).replace("root.crt", "certs"));
    assert!(
        string(&directory).contains("sslrootcert=certs/ca.crt"),
        "{directory:?}"
    );
    let absolute = client
        .home
        .path()
        .join("certs/ca.crt")
        .display()
        .to_string();
    let url = good(server.port).replace("root.crt", &format!("file://{absolute}"));
    let run = client.check(&url);
    assert!(words(&run).contains("takes a path, not a URL"), "{run:?}");
    assert_eq!(client.psql(&string(&run)), Answer::Tls);
    // The same path, from a directory below.
    client.write("below/empty", "");
    let relative = good(server.port).replace("root.crt", "./certs/ca.crt");
    let output = client
        .command(&["check", "--format", "json", &relative])
        .current_dir(client.home.path().join("below"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("sslrootcert=../certs/ca.crt"), "{text}");
    assert!(!text.contains("public certificate authority"), "{text}");
}

#[test]
fn nothing_is_called_public_that_was_not_seen() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = Client::new();
    let run = client.check(&good(server.port).replace("root.crt", "nowhere.crt"));
    assert_eq!(run.outcome(), "root-file-missing", "{run:?}");
    assert!(!words(&run).contains("sslrootcert=system"), "{run:?}");
}

/// A CA that was created again has the right name and another key. OpenSSL looks for CRLs before it compares signatures.
#[test]
fn a_root_that_only_has_the_name_is_not_said_to_have_signed() {
    let root = Ca::root("root");
    let leaf = root.leaf_with(&["db.example"], |params| {
        params.use_authority_key_identifier_extension = false;
    });
    let Some(server) = Postgres::start(&leaf) else {
        return;
    };
    let other = Ca::root("other");
    let client = Client::new();
    client.write("root.crt", &other.pem);
    client.write("again.crt", &Ca::root("root").pem);
    client.write("other.crl", other.crl(1, -1..30, Vec::new()));
    let string = format!("{} sslcrl=other.crl", good(server.port));
    let run = client.check(&string);
    assert_eq!(run.outcome(), "unknown-issuer", "{run:?}");
    assert!(!run.stdout.contains("again.crt"), "{run:?}");
    // The one that did sign is announced.
    client.write("right.crt", &root.pem);
    let run = client.check(&good(server.port));
    assert!(
        words(&run).contains("\"right.crt\" in the working directory"),
        "{run:?}"
    );
}

/// Clients with the file that is near would pass, and all others still fail.
#[test]
fn a_file_with_the_intermediate_does_not_hide_that_the_server_does_not_send_it() {
    let root = Ca::root("root");
    let issuing = root.intermediate("issuing");
    let Some(server) = Postgres::start(&issuing.leaf(&["db.example"])) else {
        return;
    };
    let client = Client::trusting(&root);
    client.write("chain.crt", format!("{}{}", issuing.pem, root.pem));
    let run = client.check(&good(server.port));
    assert_eq!(run.outcome(), "unknown-issuer", "{run:?}");
    let words = words(&run);
    assert!(words.contains("the server must send it"), "{words}");
    assert!(!words.contains("chain.crt"), "{words}");
}

#[test]
fn the_report_names_what_decides_about_the_roots() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = Client::trusting(&root)
        .with("SSL_CERT_FILE", "root.crt")
        .with("SSL_CERT_DIR", "none");
    let system = good(server.port).replace("root.crt", "system");
    let origin = |arguments: &[&str]| {
        let run = client.pgtls(&[&["check", "--format", "json"], arguments].concat());
        assert_eq!(run.code, 0, "{run:?}");
        run.endpoint()["trust"]["origin"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(
        origin(&[&system]),
        "SSL_CERT_FILE=root.crt, SSL_CERT_DIR=none"
    );
    let ours = good(server.port);
    assert_eq!(origin(&["--trust", "root.crt", &ours]), "--trust");
    assert_eq!(
        origin(&["--trust", "system", &ours]),
        "--trust, SSL_CERT_FILE=root.crt, SSL_CERT_DIR=none"
    );
    let text = format!("[policy]\ntrust = \"root.crt\"\n[[endpoint]]\nconninfo = \"{system}\"\n");
    client.write("fleet.toml", text);
    assert_eq!(
        origin(&["--config", "fleet.toml"]),
        "the configuration file"
    );
    let missing = client
        .with("SSL_CERT_FILE", "gone.crt")
        .with("SSL_CERT_DIR", "/etc/ssl/certs");
    let run = missing.check(&system);
    let said = words(&run);
    assert!(said.contains("SSL_CERT_FILE names \"gone.crt\""), "{said}");
}

#[test]
fn a_crl_file_without_a_crl_is_said_to_have_none() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = Client::trusting(&root);
    let string = format!("{} sslcrl=root.crt", good(server.port));
    let run = client.check(&string);
    assert_eq!(run.outcome(), "crl-missing", "{run:?}");
    let said = words(&run);
    assert!(said.contains("root.crt contains no CRL"), "{said}");
    assert!(matches!(client.psql(&string), Answer::Refused(_)));
}

#[test]
fn audit_and_conninfo_judge_their_advice_too() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = Client::trusting(&root);
    client.write("other.crt", Ca::root("other").pem);
    let right = good(server.port);
    for (wrong, code) in [
        (right.replace("root.crt", "rot.crt"), "root-file-missing"),
        (right.replace("root.crt", "other.crt"), "unknown-issuer"),
        (
            right.replace("db.example", "db2.example"),
            "host-name-mismatch",
        ),
        (right.replace("verify-full", "VERIFY_FULL"), "invalid-value"),
    ] {
        let run = client.pgtls(&["audit", "--format", "json", &wrong]);
        assert_eq!(run.outcome(), code, "{run:?}");
        let whole = string(&run);
        assert_eq!(client.psql(&whole), Answer::Tls, "{code}: {whole}");
    }
    let typed = right.replace("sslmode=", "sslmod=");
    let run = client.pgtls(&["conninfo", "--format", "json", &typed]);
    assert_eq!(run.code, 2, "{run:?}");
    // It was read, and nothing more.
    assert!(
        words(&run).contains(&format!("Use:\n    {right}")),
        "{run:?}"
    );
    assert!(run.endpoint()["fixes"].is_null(), "{run:?}");
}

/// The names in a certificate that no root has signed prove nothing.
#[test]
fn nobody_is_sent_to_a_name_that_only_an_untrusted_certificate_shows() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = Client::new();
    client.write("other.crt", Ca::root("other").pem);
    let string = good(server.port)
        .replace("root.crt", "other.crt")
        .replace("host=db.example", "host=srv.postgres.database.azure.com");
    for run in [
        client.check(&string),
        client.check(&string.replace("other.crt", "BaltimoreCyberTrustRoot.crt")),
    ] {
        let report = run.endpoint().to_string();
        assert!(report.contains("unknown-issuer"), "{run:?}");
        assert!(!report.contains("host=db.example"), "{run:?}");
    }
}

#[test]
fn another_time_than_now_is_named() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = Client::trusting(&root);
    for (at, code) in [
        ("9999-01-01T00:00:00Z", "expired"),
        ("1970-01-02T00:00:00Z", "not-yet-valid"),
    ] {
        let run = client.pgtls(&["check", "--format", "json", "--at", at, &good(server.port)]);
        assert!(run.outcome().ends_with(code), "{run:?}");
        let words = words(&run);
        assert!(words.contains("the time of --at"), "{words}");
        assert!(
            !words.contains(" ago") && !words.contains("clock"),
            "{words}"
        );
    }
}

/// The settings of PostgreSQL change nothing in a PgBouncer.
#[test]
fn what_an_audit_of_a_pooler_advises_is_for_the_pooler() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let served = root.leaf_of(&rcgen::PKCS_RSA_SHA256, &["db.example"]);
    let start = |settings: &[String]| {
        let lines: String = settings.iter().map(|line| format!("{line}\n")).collect();
        let port = server.port;
        let more = format!("{lines}[databases]\npostgres = host=127.0.0.1 port={port}\n");
        PgBouncer::start("require", &more, &served)
    };
    let Some(old) = start(&[
        "client_tls_protocols = all".to_owned(),
        "client_tls_ciphers = ALL:@SECLEVEL=0".to_owned(),
    ]) else {
        return;
    };
    let client = Client::trusting(&root);
    let audit = |port| client.pgtls(&["audit", "--format", "json", &good(port)]);
    let before = audit(old.port);
    assert_eq!(before.outcome(), "legacy-protocol", "{before:?}");
    let endpoint = before.endpoint();
    let fixes = endpoint["fixes"].as_array().unwrap().iter();
    let settings = fixes.filter(|fix| fix["kind"] == "server-setting");
    let settings: Vec<String> = settings
        .map(|fix| fix["after"].as_str().unwrap().to_owned())
        .collect();
    let are_for_it = |line: &String| line.starts_with("client_tls_");
    assert!(
        settings.len() == 2 && settings.iter().all(are_for_it),
        "{settings:?}"
    );
    drop(old);
    let new = start(&settings).unwrap();
    let after = audit(new.port);
    assert_eq!((after.code, after.findings()), (0, vec![]), "{after:?}");
}
