//! Does `pgtls check --login` log in where psql does, and fail where psql does?
//!
//! psql gets the same string, and libpq 18 if only newer versions know a setting. Also: nothing is
//! sent before the server is verified, the server does not log a broken connection, and no password is
//! shown.

mod between;
mod certificates;
mod compared;
mod hostile;
mod passwords;
mod refusals;
mod settings;

use serde_json::{Value, json};

use crate::support::client::{Answer, Client, Run};
use crate::support::json_schema::Schema;
use crate::support::pki::Ca;
use crate::support::postgres::Postgres;
use crate::support::tool::Tool;

use compared::METHODS;

/// How every string starts.
const GOOD: &str = "host=db.example hostaddr=127.0.0.1 dbname=postgres \
                    sslmode=verify-full sslrootcert=root.crt";

#[test]
fn the_report_says_what_the_server_knows_about_the_session() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(server) = prepared(&served) else {
        return;
    };
    let client = client(&root);
    let schema = Schema::of_reports();
    let string = format!("{GOOD} port={} user=ann password=hunter2", server.port);
    for (settings, version) in [
        ("", "TLSv1.3"),
        ("ssl_max_protocol_version=TLSv1.2", "TLSv1.2"),
    ] {
        let run = login(&client, &format!("{string} {settings}"));
        let report = run.endpoint();
        let entry = &report["login"];
        assert_eq!(entry["succeeded"], true, "{run:?}");
        assert_eq!(entry["same_session"], true, "{run:?}");
        assert_eq!(entry["channel_binding"], "tls-server-end-point");
        assert_eq!(
            (&entry["user"], &entry["database"]),
            (&json!("ann"), &json!("postgres"))
        );
        let theirs = client.run_psql(&string, "SHOW server_version").unwrap();
        assert_eq!(entry["server_version"], theirs.trim());
        assert_eq!(
            entry["pg_stat_ssl"],
            json!({"ssl": true, "version": version, "cipher": report["tls"]["cipher"],
                   "bits": "256", "client_dn": null})
        );
        assert_eq!(report["tls"]["protocol"], version);
        if let Some(schema) = &schema {
            schema.accept(&run.json());
        }
        assert!(run.findings().is_empty(), "{run:?}");
    }
    let text = client.pgtls(&["check", "--login", &string]);
    for line in [
        "  login  user ann, database postgres, scram-sha-256 bound to this channel\n",
        "         pg_stat_ssl: TLSv1.3, TLS_AES_256_GCM_SHA384 (as negotiated here)\n",
    ] {
        assert!(text.stdout.contains(line), "{text:?}");
    }
    // Without the option nothing is sent inside the session.
    let without = client.check(&string);
    assert_eq!(without.endpoint()["login"], Value::Null, "{without:?}");
}

#[test]
fn weak_logins_are_warned_of() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(server) = prepared(&served) else {
        return;
    };
    let client = client(&root);
    for (settings, found) in [
        ("user=ann password=hunter2", &[][..]),
        (
            "user=ann password=hunter2 channel_binding=disable",
            &[("info", "no-channel-binding")],
        ),
        (
            "user=bob password=hunter2",
            &[("warning", "no-channel-binding")],
        ),
        (
            "user=cleo password=hunter2",
            &[("warning", "no-channel-binding")],
        ),
        ("user=postgres", &[]),
        (
            "user=postgres sslmode=require sslrootcert=''",
            &[
                ("warning", "not-authenticated"),
                ("warning", "setting-differs"),
                ("info", "stronger-mode"),
            ],
        ),
        (
            "user=ann password=hunter2 sslmode=require sslrootcert=''",
            &[
                ("warning", "unverified-login"),
                ("warning", "not-authenticated"),
                ("warning", "setting-differs"),
                ("info", "stronger-mode"),
            ],
        ),
    ] {
        let string = format!("{GOOD} port={} {settings}", server.port);
        let run = login(&client, &string);
        assert_eq!(run.code, 0, "{settings}: {run:?}");
        let endpoint = run.endpoint();
        let findings = endpoint["findings"].as_array().unwrap().iter();
        let came: Vec<(&str, &str)> = findings
            .map(|one| {
                (
                    one["level"].as_str().unwrap(),
                    one["code"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(came, found, "{settings}: {run:?}");
        let strict = client.pgtls(&["check", "--format", "json", "--login", "--strict", &string]);
        let warned = found.iter().any(|(level, _)| *level == "warning");
        assert_eq!(strict.code, i32::from(warned), "{settings}: {strict:?}");
        if settings.contains("sslmode=require") {
            // Refused before the login.
            assert_eq!(strict.endpoint()["login"], Value::Null, "{strict:?}");
        }
    }
}

/// A warning about the string's own driver fails `--strict`, too.
#[test]
fn what_the_driver_makes_of_a_string_counts_before_the_login() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(server) = prepared(&served) else {
        return;
    };
    let client = client(&root);
    // What a reader of env files makes of the # is not known.
    let string = format!(
        "DATABASE_URL={GOOD} port={} user=ann password=hunter2 application_name=a#b",
        server.port
    );
    let run = login(&client, &string);
    assert_eq!(run.code, 0, "{run:?}");
    assert_ne!(run.endpoint()["login"], Value::Null, "{run:?}");
    let strict = client.pgtls(&["check", "--format", "json", "--login", "--strict", &string]);
    assert_eq!(strict.code, 1, "{strict:?}");
    assert_eq!(strict.endpoint()["login"], Value::Null, "{strict:?}");
}

#[test]
fn what_the_crates_cannot_do_is_not_a_pass() {
    let root = Ca::root("root");
    let Some(server) = prepared(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = client(&root);
    let key = format!("scram_client_key={}=", "A".repeat(43));
    for setting in [&*key, "client_encoding=LATIN1 replication=true"] {
        let string = format!("{GOOD} port={} user=postgres {setting}", server.port);
        let run = login(&client, &string);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (8, "login-failed"),
            "{run:?}"
        );
        let keyword = setting.split('=').next().unwrap();
        assert!(run.stdout.contains(keyword), "{run:?}");
    }
}

#[test]
fn a_full_server_is_a_reason_to_wait() {
    let root = Ca::root("root");
    let Some(server) = prepared(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = client(&root);
    server.sql(
        "ALTER DATABASE template1 CONNECTION LIMIT 0; GRANT CONNECT ON DATABASE template1 TO ann",
    );
    let string = format!(
        "{GOOD} port={} user=ann password=hunter2 dbname=template1",
        server.port
    );
    let run = login(&client, &string);
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (3, "server-error"),
        "{run:?}"
    );
    assert_eq!(run.endpoint()["login"]["sqlstate"], "53300", "{run:?}");
    assert!(client.run_psql(&string, "SELECT 1").is_err());
}

#[test]
fn postgresql_18_is_logged_in_to_by_direct_tls() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(programs) = Tool::Postgres18.find() else {
        return;
    };
    let Some(library) = Tool::Libpq18.find() else {
        return;
    };
    let Some(mut server) = Postgres::start_from(programs.as_ref(), &served) else {
        return;
    };
    prepare(&mut server, &served);
    let client = client(&root);
    for negotiation in ["direct", "postgres"] {
        for (settings, expected, seen) in [
            (
                "user=ann password=hunter2",
                (0, "pass"),
                "scram-sha-256 bound",
            ),
            (
                "user=ann password=hunter2 ssl_max_protocol_version=TLSv1.2",
                (0, "pass"),
                "scram-sha-256 bound",
            ),
            ("user=ann password=wrong", (8, "login-failed"), "28P01"),
            ("user=bob password=hunter2", (0, "pass"), "md5"),
            ("user=postgres dbname=missing", (8, "login-failed"), "3D000"),
        ] {
            let string = format!(
                "{GOOD} port={} sslnegotiation={negotiation} {settings}",
                server.port
            );
            let run = login(&client, &string);
            let came = (run.code, run.outcome(), summary(&run));
            assert_eq!(
                came,
                (expected.0, expected.1.to_owned(), seen.to_owned()),
                "{settings}: {run:?}"
            );
            let theirs = client.libpq(&library, &string);
            assert_eq!(
                theirs == Answer::Tls,
                run.code == 0,
                "{settings}: {theirs:?}"
            );
            if run.code == 0 {
                assert_eq!(run.endpoint()["login"]["same_session"], true, "{run:?}");
            }
        }
    }
}

/// A server with a user for each method.
fn prepared(served: &crate::support::pki::Served) -> Option<Postgres> {
    let mut server = Postgres::start(served)?;
    prepare(&mut server, served);
    Some(server)
}

fn prepare(server: &mut Postgres, served: &crate::support::pki::Served) {
    server.sql(
        "SET password_encryption = 'scram-sha-256'; \
         CREATE ROLE ann LOGIN PASSWORD 'hunter2'; \
         CREATE ROLE cleo LOGIN PASSWORD 'hunter2'; \
         CREATE ROLE eve LOGIN; CREATE ROLE dave; CREATE ROLE zoe LOGIN; \
         SET password_encryption = 'md5'; CREATE ROLE bob LOGIN PASSWORD 'hunter2'; \
         REVOKE CONNECT ON DATABASE template1 FROM PUBLIC",
    );
    server.authenticate(METHODS);
    server.configure(served, &[]);
}

fn client(root: &Ca) -> Client {
    let client = Client::trusting(root);
    client.write("other.crt", Ca::root("other").pem);
    client
}

fn login(client: &Client, string: &str) -> Run {
    client.pgtls(&["check", "--format", "json", "--login", string])
}

/// The SQLSTATE, or else the method and whether it was bound; nothing without a login.
fn summary(run: &Run) -> String {
    let login = run.endpoint()["login"].take();
    if let Some(state) = login["sqlstate"].as_str() {
        return state.to_owned();
    }
    let method = login["method"].as_str().unwrap_or_default();
    match login["channel_binding"].as_str() {
        Some(_) => format!("{method} bound"),
        None => method.to_owned(),
    }
}

fn assert_no_password(run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains("hunter2"), "{run:?}");
        assert!(!text.contains("panicked"), "{run:?}");
    }
}
