//! Standards, and the user's own rules, against real servers.

use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{audit, levels};
use crate::support::client::{Client, Run};
use crate::support::json_schema::Schema;
use crate::support::peer::Peer;
use crate::support::pki::{Ca, Served};
use crate::support::postgres::{Postgres, signal, wait_until};
use crate::support::tool::Tool;

const STRING: &str = "host=db.example hostaddr=127.0.0.1 user=postgres dbname=postgres \
                      sslmode=verify-full sslrootcert=root.crt";

const PROFILES: &[&str] = &[
    "bsi-tr-02102-2",
    "cis-postgresql",
    "fips-140-3",
    "mozilla-intermediate",
    "nist-800-52r2",
    "pci-dss-4",
];

const TLS_ONLY: &str = "hostnossl all all all reject";

/// Its name, `pg_hba.conf`, and `postgresql.conf`.
type Setting = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const SETTINGS: &[Setting] = &[
    ("as installed", "", &[]),
    (
        "TLS only, AEAD with ECDHE",
        TLS_ONLY,
        &[("ssl_ciphers", "ECDHE+AESGCM")],
    ),
    (
        "TLS 1.3 only, P-256",
        TLS_ONLY,
        &[
            ("ssl_min_protocol_version", "TLSv1.3"),
            ("ssl_ecdh_curve", "prime256v1"),
        ],
    ),
];

fn profile<'r>(endpoint: &'r Value, name: &str) -> &'r Value {
    let profiles = endpoint["audit"]["profiles"].as_array().unwrap();
    profiles
        .iter()
        .find(|profile| profile["name"] == name)
        .unwrap()
}

/// The clauses with this outcome.
fn clauses(profile: &Value, outcome: &str) -> Vec<String> {
    let all = profile["requirements"].as_array().unwrap().iter();
    all.filter(|one| one["outcome"] == outcome)
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
            format!("{} {}", text("clause"), text("requirement"))
        })
        .collect()
}

/// A line for each profile: what failed.
fn table(server: &mut Postgres, served: &Served, client: &Client) -> String {
    let string = format!("{STRING} port={}", server.port);
    let mut lines = String::new();
    for (setting, lines_of_hba, settings) in SETTINGS {
        server.authenticate(lines_of_hba);
        server.configure(served, settings);
        let mut arguments = vec!["--jobs", "4"];
        for name in PROFILES {
            arguments.extend(["--profile", name]);
        }
        let run = audit(client, &[&arguments[..], &[&string]].concat());
        let endpoint = run.endpoint().clone();
        if let Some(schema) = Schema::of_reports() {
            schema.accept(&run.json());
        }
        let mut failures = 0;
        lines += &format!("{setting}\n");
        for name in PROFILES {
            let profile = profile(&endpoint, name);
            let failed = clauses(profile, "failed");
            failures += failed.len();
            assert_eq!(clauses(profile, "unknown"), Vec::<String>::new(), "{run:?}");
            assert!(!clauses(profile, "not-checked").is_empty());
            let suites = profile["suites"].as_array().unwrap();
            assert!(!suites.is_empty() && suites.iter().all(|suite| suite["allowed"].is_boolean()));
            lines += &format!("  {name}\n");
            for clause in failed {
                lines += &format!("    {clause}\n");
            }
        }
        assert_eq!(levels(&run, "profile-violated").len(), failures, "{run:?}");
        assert_eq!(run.code, i32::from(failures > 0), "{setting}: {run:?}");
    }
    lines
}

#[test]
fn what_each_standard_says_of_postgresql_15() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    insta::assert_snapshot!(table(&mut server, &served, &client));
}

#[test]
fn what_each_standard_says_of_postgresql_18() {
    let Some(programs) = Tool::Postgres18.find() else {
        return;
    };
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start_from(programs.as_ref(), &served) else {
        return;
    };
    let client = Client::trusting(&root);
    insta::assert_snapshot!(table(&mut server, &served, &client));
}

/// A profile that is made of a server is met by it, and not by the same server with more.
#[test]
fn a_profile_of_today_fails_when_the_server_does_more() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    let string = format!("{STRING} port={}", server.port);
    server.authenticate(TLS_ONLY);
    server.configure(&served, &[("ssl_ciphers", "ECDHE+AESGCM")]);
    let made = audit(&client, &["--make-profile", "today.toml", &string]);
    assert_eq!(made.code, 0, "{made:?}");
    let compare = || audit(&client, &["--profile", "today.toml", &string]);
    let same = compare();
    assert_eq!(
        (same.code, same.outcome().as_str()),
        (0, "pass"),
        "{same:?}"
    );
    let endpoint = same.endpoint().clone();
    assert!(
        clauses(profile(&endpoint, "today"), "met").len() >= 6,
        "{same:?}"
    );
    server.configure(&served, &[("ssl_ciphers", "ECDHE+AESGCM:ECDHE+CHACHA20")]);
    let more = compare();
    assert_eq!(
        (more.code, more.outcome().as_str()),
        (1, "profile-violated"),
        "{more:?}"
    );
    let text = client.pgtls(&["audit", "--profile", "today.toml", &string]);
    let shown = |run: &Run| run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        shown(&text).contains("not allowed: TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
        "{text:?}"
    );
    assert!(text.stdout.contains("FAILED"), "{text:?}");
    let rsa = root.leaf_of(&rcgen::PKCS_RSA_SHA256, &["db.example"]);
    server.configure(&rsa, &[("ssl_ciphers", "ECDHE+AESGCM")]);
    let other_key = audit(&client, &["--profile", "today.toml", &string]);
    let failed = clauses(profile(&other_key.endpoint(), "today"), "failed");
    assert!(
        failed
            .iter()
            .any(|clause| clause.ends_with("no other curve or kind of key")),
        "{other_key:?}"
    );
}

/// With sslmode=require nobody verifies the certificates, so that the audit itself has an answer to everything.
#[test]
fn a_requirement_without_an_answer_does_not_pass() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    server.authenticate(TLS_ONLY);
    server.configure(&served, &[("ssl_ciphers", "ECDHE+AESGCM")]);
    let client = Client::new();
    client.write("root.crt", &root.pem);
    client.write(
        "ours.toml",
        "format = 1\nname = \"ours\"\ntitle = \"Ours\"\nsource = \"wiki\"\ndate = \"2026\"\n\
         [[rule]]\nclause = \"7\"\nrequirement = \"verified certificates\"\ncertificates = \"verified\"\n",
    );
    let full = format!("{STRING} port={}", server.port);
    let require = format!(
        "host=127.0.0.1 port={} user=postgres dbname=postgres sslmode=require",
        server.port
    );
    let run = audit(&client, &["--profile", "ours.toml", &full]);
    assert_eq!((run.code, run.outcome().as_str()), (0, "pass"), "{run:?}");
    let unverified = audit(&client, &[&require]);
    assert_eq!(unverified.code, 0);
    let shown = unverified.endpoint()["audit"]["tls"]["certificates"].to_string();
    assert!(
        !shown.contains("verifies"),
        "nobody has verified it: {shown}"
    );
    let text = client.pgtls(&["audit", &require]);
    assert!(text.stdout.contains("not verified: "), "{text:?}");
    let run = audit(&client, &["--profile", "ours.toml", &require]);
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (3, "audit-incomplete"),
        "{run:?}"
    );
    let said = run.endpoint()["error"]["message"].to_string();
    assert!(
        said.contains(
            "ours 7: verified certificates: the connection string asks for no verification"
        ),
        "{said}"
    );
}

#[test]
fn a_profile_that_cannot_be_read_is_a_usage_error() {
    let client = Client::new();
    client.write("wrong.toml", "format = 1\nname = \"x\"\n");
    for (file, expected) in [
        ("no-such-profile", "pci-dss-4"),
        ("wrong.toml", "title is missing"),
    ] {
        let run = client.pgtls(&["audit", "--profile", file, "host=127.0.0.1 port=1"]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(expected), "{run:?}");
    }
}

/// A file of passwords, or a whole string, is an easy mistake.
#[test]
fn a_profile_shows_no_secret() {
    let client = Client::new();
    let head = "format = 1\nname = \"n\"\ntitle = \"t\"\nsource = \"s\"\ndate = \"d\"\n[[rule]]\nclause = \"1\"\n";
    for (file, text) in [
        (".pgpass", "db.example:5432:app:ann:hunter2\n".to_owned()),
        (
            ".env",
            "DATABASE_URL=postgresql://ann:hunter2@db.example/app\n".to_owned(),
        ),
        (
            "list.txt",
            "# endpoints\nhost=db.example password=hunter2\n".to_owned(),
        ),
        (
            "key.toml",
            format!("{head}requirement = \"r\"\n\"postgresql://ann:hunter2@h/d\" = 1\n"),
        ),
        (
            "two.toml",
            format!("\"password=hunter2 host=a\" = 1\n{head}requirement = \"r\"\ndh_bits = 1\n"),
        ),
    ] {
        client.write(file, text);
        let run = client.pgtls(&["audit", "--profile", file, "host=127.0.0.1 port=1"]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{file}: {run:?}");
        assert!(run.stderr.contains(file), "{file}: {run:?}");
        assert!(!run.stderr.contains("unter2"), "{file}: {run:?}");
    }
    for option in ["--profile", "--make-profile"] {
        let name = "postgresql://ann:hunter2@db.example/app";
        let run = client.pgtls(&["audit", option, name, "host=127.0.0.1 port=1"]);
        assert!(!run.stderr.contains("unter2"), "{option}: {run:?}");
    }
    // It may be a device without an end.
    let run = client.pgtls(&["audit", "--profile", "/dev/zero", "host=127.0.0.1 port=1"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
}

/// The file of an earlier run stays, and the report is printed first.
#[test]
fn a_profile_is_written_only_if_everything_was_audited() {
    let client = Client::new();
    client.write("today.toml", "of yesterday");
    let kept = || std::fs::read_to_string(client.home.path().join("today.toml")).unwrap();
    let silent = Peer::start(crate::support::peer::Conversation::listen);
    let string = format!("host=127.0.0.1 port={} sslmode=require", silent.port);
    let arguments = [
        "audit",
        "--make-profile",
        "today.toml",
        "--timeout",
        "600",
        &string,
    ];
    let mut command = client.command(&arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let audit = command.spawn().unwrap();
    wait_until("the server to be asked", || !silent.heard().is_empty());
    signal(&audit, Signal::SIGINT);
    let ended = audit.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("nothing is written"), "{said}");
    assert_eq!(kept(), "of yesterday");

    // The verdict is printed and stays, although there is nothing to write.
    let refused = client.pgtls(&[
        "audit",
        "--make-profile",
        "today.toml",
        "host=127.0.0.1 port=1",
    ]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stdout.contains("refused"), "{refused:?}");
    assert!(
        refused.stderr.contains("no server spoke TLS"),
        "{refused:?}"
    );
    assert_eq!(kept(), "of yesterday");
}
