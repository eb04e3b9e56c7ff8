//! Demands on how long everything stays valid.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use rcgen::{CertificateParams, RevokedCertParams};

use crate::support::client::Client;
use crate::support::peer::Peer;
use crate::support::pki::{Ca, Served, common_name, in_days};
use crate::support::serving::{TLS13, asking, plain};

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
    let ends_soon = |params: &mut CertificateParams| params.not_after = in_days(10);
    let begins_late = |params: &mut CertificateParams| params.not_before = in_days(20);
    let renewed = new.reissued(ends_soon).pem + &new.reissued(begins_late).pem;
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
            roots: renewed,
            ..row(
                "two roots of one key, and a time between them",
                &other,
                "verify-full",
            )
        },
        Lasting {
            crl: Some(format!(
                "{}{}",
                new.crl(1, -1..10, Vec::new()),
                new.crl(2, 20..60, Vec::new())
            )),
            ..row("two CRLs, and a time between them", &other, "verify-ca")
        },
        Lasting {
            crl: Some(format!(
                "{}{}",
                new.crl(1, -1..20, Vec::new()),
                new.crl(2, 10..60, Vec::new())
            )),
            lasts: true,
            ..row("two CRLs, one after the other", &other, "verify-ca")
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
