//! Does `pgtls check` report about a client certificate what psql reports?
//!
//! PostgreSQL asks, requires and refuses under TLS 1.2 and 1.3; psql gets the same string. Other
//! servers play what PostgreSQL leaves to its TLS layer.

mod files;
mod forms;
mod identities;
mod last_word;
mod lifetimes;
mod peers;

use crate::support::client::{Answer, Client};
use crate::support::pki::Served;
use crate::support::postgres::{Postgres, programs};
use crate::support::skip::{has_openssl, skip};
use identities::{Fate, Identity};
use peers::{Demand, OnOpenssl, fatal, on_rustls};

/// How the string starts.
const GOOD: &str = "host=db.example hostaddr=127.0.0.1 user=alice dbname=postgres \
                    sslmode=verify-full sslrootcert=root.crt";

/// A server's policy: its line of pg_hba.conf, and whether it asks for a certificate.
struct Policy {
    hba: &'static str,
    asks: bool,
    demands: bool,
    /// Whether the CN must be the user.
    names: bool,
}

const POLICIES: [Policy; 5] = [
    Policy {
        hba: "hostssl all all all trust",
        asks: false,
        demands: false,
        names: false,
    },
    Policy {
        hba: "hostssl all all all trust",
        asks: true,
        demands: false,
        names: false,
    },
    Policy {
        hba: "hostssl all all all trust clientcert=verify-ca",
        asks: true,
        demands: true,
        names: false,
    },
    Policy {
        hba: "hostssl all all all trust clientcert=verify-full",
        asks: true,
        demands: true,
        names: true,
    },
    Policy {
        hba: "hostssl all all all cert",
        asks: true,
        demands: true,
        names: true,
    },
];

/// Clients that are tried with every policy; TLS alone distinguishes the others.
const EVERYWHERE: [&str; 4] = ["p256", "stranger", "bob", "p384"];

#[test]
fn postgresql_asks_requires_and_refuses_as_psql_reports() {
    let Some((served, authority, client)) = prepared() else {
        return;
    };
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    server.sql("CREATE ROLE alice LOGIN");
    let file = server.socket_directory().join("data/clients.crt");
    std::fs::write(file, authority).unwrap();
    let identities = identities::all();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (number, policy) in POLICIES.iter().enumerate() {
        for version in ["TLSv1.2", "TLSv1.3"] {
            server.authenticate(policy.hba);
            let mut settings = vec![("ssl_max_protocol_version", version)];
            settings.extend(policy.asks.then_some(("ssl_ca_file", "clients.crt")));
            server.configure(&served, &settings);
            let everybody = number == 3;
            let some = identities
                .iter()
                .filter(|identity| everybody || EVERYWHERE.contains(&identity.name));
            for identity in std::iter::once(None).chain(some.map(Some)) {
                count += 1;
                if let Err(why) = judge(policy, version, identity, &client, server.port) {
                    let name = identity.map_or("nobody", |identity| identity.name);
                    wrong.push(format!("{name}, {version}, {}: {why}", policy.hba));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{count} connections");
}

fn judge(
    policy: &Policy,
    version: &str,
    identity: Option<&Identity>,
    client: &Client,
    port: u16,
) -> Result<(), String> {
    let mut string = format!("{GOOD} port={port}");
    if let Some(Identity { name, .. }) = identity {
        string.push_str(&format!(" sslcert={name}.crt sslkey={name}.key"));
    }
    let fate = identity.map(|identity| match version {
        "TLSv1.2" => identity.tls12,
        _ => identity.tls13,
    });
    let stopped_at_login =
        policy.names && identity.is_some_and(|identity| identity.user != "alice");
    let (expected, told) = match (policy.asks, fate) {
        (false, _) => ((0, "pass"), "not requested"),
        (true, None) if policy.demands => ((5, "client-cert-required"), "requested, none sent"),
        (true, None) => ((0, "pass"), "requested, none sent"),
        (true, Some(Fate::Accepted)) => ((0, "pass"), "sent, accepted"),
        (true, Some(Fate::Refused)) => ((5, "client-cert-refused"), "sent, refused"),
    };
    let ours = client.check(&string);
    let tls = &ours.endpoint()["tls"];
    let came = (ours.code, ours.outcome());
    if came != (expected.0, expected.1.to_owned())
        || tls["client_certificate"] != told
        || tls["protocol"] != version
        || ours.findings().contains(&"login-failed".to_owned()) != stopped_at_login
    {
        return Err(format!("expected {expected:?}, {told}: {}", ours.stdout));
    }
    if let (Some(identity), "client-cert-refused") = (identity, expected.1) {
        let error = ours.endpoint()["error"].take();
        let told = format!("{} {}", error["message"], error["hint"]);
        if !told.contains(identities::cause(identity.name)) {
            return Err(format!("another cause: {told}"));
        }
    }
    let theirs = client.psql(&string);
    let same = match &theirs {
        Answer::Tls => ours.code == 0 && !stopped_at_login,
        Answer::Plaintext => false,
        Answer::Refused(why) if stopped_at_login => {
            why.contains("authentication failed for user \"alice\"")
        }
        Answer::Refused(why) if expected.1 == "client-cert-required" => {
            let endpoint = ours.endpoint();
            let message = endpoint["error"]["message"].as_str().unwrap();
            why.contains(message.trim_start_matches("server says: "))
        }
        Answer::Refused(why) => ours.code == 5 && !why.contains("FATAL"),
    };
    if same {
        Ok(())
    } else {
        Err(format!("psql: {theirs:?}"))
    }
}

#[test]
fn a_tls_layer_that_requires_a_certificate_is_noticed() {
    if no_psql() {
        return;
    }
    let Some((served, authority, client)) = prepared() else {
        return;
    };
    let (tls12, tls13) = (&rustls::version::TLS12, &rustls::version::TLS13);
    let rustls = |version| on_rustls(&served, &authority, Demand::Demands, version, OK);
    let openssl = ["-tls1_2", "-tls1_3"].map(|it| OnOpenssl::start(&served, &authority, it));
    for (server, port, answers) in [
        ("rustls, TLS 1.2", rustls(tls12), true),
        ("rustls, TLS 1.3", rustls(tls13), true),
        // Sends nothing after a successful handshake.
        ("OpenSSL, TLS 1.2", openssl[0].port, false),
        ("OpenSSL, TLS 1.3", openssl[1].port, false),
    ] {
        for (identity, expected) in [
            ("", (5, "client-cert-required")),
            ("sslcert=stranger.crt sslkey=stranger.key", REFUSED),
            ("sslcert=expired.crt sslkey=expired.key", REFUSED),
            ("sslcert=impostor.crt sslkey=impostor.key", REFUSED),
            ("sslcert=p256.crt sslkey=p256.key", (0, "pass")),
        ] {
            if expected.0 == 0 && !answers {
                continue;
            }
            let string = format!("{GOOD} port={port} {identity}");
            for _ in 0..3 {
                let run = client.check(&string);
                let came = (run.code, run.outcome());
                let expected = (expected.0, expected.1.to_owned());
                assert_eq!(came, expected, "{server}: {string}: {}", run.stdout);
            }
            if expected.0 != 0 {
                let theirs = client.psql(&string);
                assert!(matches!(theirs, Answer::Refused(_)), "{server}: {string}");
            }
        }
    }
}

#[test]
fn the_first_answer_decides_only_about_the_certificate() {
    let Some((served, authority, client)) = prepared() else {
        return;
    };
    let own = "sslcert=p256.crt sslkey=p256.key";
    let german = "Verbindung erfordert ein gültiges Client-Zertifikat";
    let entry = "kein pg_hba.conf-Eintrag für Host »127.0.0.1«, Benutzer »alice«";
    let starting = fatal("57P03", "the database system is starting up");
    for (answer, identity, expected) in [
        (OK, "", (0, "pass")),
        (OK, own, (0, "pass")),
        (fatal("28000", german), "", (5, "client-cert-required")),
        // The user's name in the sentence makes no difference.
        (
            fatal("28000", german),
            "user=ein",
            (5, "client-cert-required"),
        ),
        (fatal("28000", german), own, REFUSED),
        (fatal("28000", entry), "", (0, "pass")),
        (fatal("28P01", "wrong password"), "", (0, "pass")),
        (fatal("3D000", "no such database"), own, (0, "pass")),
        // It is not known yet whether a certificate will be required.
        (starting, "", (3, "server-error")),
        (starting, own, (3, "server-error")),
        (fatal("53300", "too many clients"), own, (3, "server-error")),
        (b"", "", (5, "closed")),
        (b"", own, (5, "closed")),
        (b"HTTP/1.1 400 Bad Request\r\n", "", (5, "not-postgres")),
        (b"v\0\0\0\x0c\0\x03\0\0\0\0\0\0", "", (5, "not-postgres")),
    ] {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let port = on_rustls(&served, &authority, Demand::Asks, version, answer);
            let run = client.check(&format!("{GOOD} port={port} {identity}"));
            let came = (run.code, run.outcome());
            let expected = (expected.0, expected.1.to_owned());
            let said = String::from_utf8_lossy(answer);
            assert_eq!(came, expected, "{version:?}, {said}: {}", run.stdout);
        }
    }
}

/// The authority of the right name is there, and the server still does not accept what it issued.
#[test]
fn why_a_server_does_not_accept_an_authority_that_it_names_is_told() {
    let Some((served, _, client)) = prepared() else {
        return;
    };
    for (authority, says, never) in [
        (
            identities::intermediate_text(),
            "ssl_ca_file lacks its issuer \\\"O = pgtls tests, CN = Client CA\\\"",
            "issuer of the intermediate",
        ),
        (
            identities::powerless_authority(),
            "\\\"O = pgtls tests, CN = Client CA\\\", which is the name of the issuer of the intermediate \\\"O = pgtls tests, CN = Client CA 2\\\"",
            "ssl_ca_file lacks",
        ),
    ] {
        let server = OnOpenssl::start(&served, &authority, "-tls1_3");
        let own = "sslcert=with-intermediate.crt sslkey=with-intermediate.key";
        let run = client.check(&format!("{GOOD} port={} {own}", server.port));
        assert_eq!(
            (run.code, run.outcome()),
            (REFUSED.0, REFUSED.1.to_owned()),
            "{run:?}"
        );
        let hint = run.endpoint()["error"]["hint"].take().to_string();
        assert!(hint.contains(says), "{says}: {hint}");
        assert!(!hint.contains(never), "{never}: {hint}");
    }
}

/// libpq then uses no key, and says nothing of it.
#[test]
fn a_key_without_its_certificate_is_the_cause() {
    let Some((served, authority, client)) = prepared() else {
        return;
    };
    let version = &rustls::version::TLS13;
    let port = on_rustls(&served, &authority, Demand::Demands, version, OK);
    let string = |key: &str| {
        let key = client.home.path().join(key);
        format!("{GOOD} port={port} sslkey={}", key.display())
    };
    let run = client.check(&string("p256.key"));
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stdout.contains("libpq then uses no key"), "{run:?}");
    assert!(run.stdout.contains("p256.crt lies beside it"), "{run:?}");
    let home = client.home.path();
    std::fs::copy(home.join("p256.key"), home.join("other.key")).unwrap();
    let run = client.check(&string("other.key"));
    assert!(run.stdout.contains("libpq then uses no key"), "{run:?}");
    assert!(!run.stdout.contains("lies beside it"), "{run:?}");
}

/// libpq goes on to the next host, whether or not the first one asks for a certificate.
#[test]
fn a_host_that_is_starting_up_is_passed_by() {
    let Some((served, authority, client)) = prepared() else {
        return;
    };
    let version = &rustls::version::TLS13;
    let peer = |answer| on_rustls(&served, &authority, Demand::Asks, version, answer);
    let starting = peer(fatal("57P03", "the database system is starting up"));
    let crowded = peer(fatal("53300", "too many clients"));
    let good = peer(OK);
    let twice = GOOD
        .replace("host=db.example", "host=db.example,db.example")
        .replace("hostaddr=127.0.0.1", "hostaddr=127.0.0.1,127.0.0.1");
    for (first, code) in [(starting, 0), (crowded, 3)] {
        let string = format!("{twice} port={first},{good}");
        let run = client.pgtls(&["check", "--format", "json", "--hosts", "any", &string]);
        assert_eq!(run.code, code, "{string}: {run:?}");
    }
}

/// The words of PgBouncer 1.18, of which none says what is wrong.
#[test]
fn each_cause_that_words_of_pgbouncer_leave_is_named() {
    let Some((served, authority, client)) = prepared() else {
        return;
    };
    for (said, means, never) in [
        (
            "query_wait_timeout",
            "Two causes are possible: it cannot connect there",
            "refuses this user",
        ),
        (
            "certificate authentication failed",
            "It takes the user from the client certificate",
            "Check user and password",
        ),
        (
            "\"trust\" authentication failed",
            "It does not know this user",
            "Its log may say more",
        ),
    ] {
        let answer = fatal("08P01", said);
        let version = &rustls::version::TLS13;
        let port = on_rustls(&served, &authority, Demand::Asks, version, answer);
        let run = client.check(&format!(
            "{GOOD} port={port} sslcert=p256.crt sslkey=p256.key"
        ));
        assert_eq!((run.code, run.outcome().as_str()), (0, "pass"), "{run:?}");
        assert!(run.stdout.contains(means), "{said}: {run:?}");
        assert!(!run.stdout.contains(never), "{said}: {run:?}");
    }
}

/// An untrusted server does not get our certificate, and the report does not claim that it did.
#[test]
fn an_untrusted_server_gets_no_certificate() {
    let Some((served, authority, client)) = prepared() else {
        return;
    };
    client.write("root.crt", &authority);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let port = on_rustls(&served, &authority, Demand::Demands, version, OK);
        let string = format!("{GOOD} port={port} sslcert=p256.crt sslkey=p256.key");
        let run = client.check(&string);
        assert_eq!(run.outcome(), "unknown-issuer", "{}", run.stdout);
        let endpoint = run.endpoint();
        let told = &endpoint["tls"]["client_certificate"];
        assert_eq!(told, "requested, none sent", "{version:?}");
    }
}

/// What the server has, the authority of the clients, and a client with every certificate that trusts the server.
fn prepared() -> Option<(Served, String, Client)> {
    if !has_openssl() {
        return None;
    }
    let (root, served) = identities::server();
    let client = Client::new();
    client.write("root.crt", root);
    for identity in identities::all() {
        identity.give_to(&client);
    }
    Some((served, identities::authority(), client))
}

fn no_psql() -> bool {
    let missing = programs().is_none();
    if missing {
        skip("PostgreSQL is not installed");
    }
    missing
}

const REFUSED: (i32, &str) = (5, "client-cert-refused");

/// AuthenticationOk.
const OK: &[u8] = b"R\0\0\0\x08\0\0\0\0";
