//! What else libpq requests from the server, and which host it tries next: pgtls must do the same
//! as psql.

use super::compared::METHODS;
use super::{GOOD, login, prepared};
use crate::support::client::{Answer, Client};
use crate::support::pki::Ca;
use crate::support::postgres::Postgres;
use crate::support::tool::Tool;

/// Variables without a keyword, and whether psql logs in.
const VARIABLES: &[(&str, &str, bool)] = &[
    ("PGTZ", "Etc/GMT-3", true),
    ("PGTZ", "default", true),
    ("PGTZ", "nonsense", false),
    ("PGTZ", "a b", false),
    ("PGTZ", "a\\", false),
    ("PGTZ", "", false),
    ("PGDATESTYLE", "ISO, DMY", true),
    ("PGDATESTYLE", "nonsense", false),
    ("PGGEQO", "off", true),
    ("PGGEQO", "nonsense", false),
];

#[test]
fn the_environment_asks_the_server_for_settings() {
    let root = Ca::root("root");
    let Some(server) = prepared(&root.leaf(&["db.example"])) else {
        return;
    };
    let options = "options='-c search_path=x'";
    for (variable, value, granted) in VARIABLES {
        let client = super::client(&root).with(variable, value);
        let string = format!("{GOOD} port={} user=postgres {options}", server.port);
        agree(&client, &string, *granted, &format!("{variable}={value}"));
    }
}

#[test]
fn the_server_must_be_able_to_speak_the_encoding() {
    let root = Ca::root("root");
    let Some(server) = prepared(&root.leaf(&["db.example"])) else {
        return;
    };
    // PostgreSQL takes another encoding only from a database of this name.
    server.sql("CREATE DATABASE template0 TEMPLATE template1");
    server.sql("CREATE DATABASE japanese ENCODING 'EUC_JP' TEMPLATE template0");
    let client = super::client(&root);
    for (encoding, granted) in [
        ("SJIS", true),
        ("utf-8", true),
        ("auto", true),
        ("LATIN1", false),
        ("nonsense", false),
        ("it''s", false),
        (r"\\\\", false),
    ] {
        let encoding = encoding.replace("''", r"\'");
        let string = format!(
            "{GOOD} port={} user=postgres dbname=japanese client_encoding='{encoding}'",
            server.port
        );
        agree(&client, &string, granted, &encoding);
    }
}

#[test]
fn an_ordinary_session_may_be_asked_for_in_any_of_the_servers_words() {
    let root = Ca::root("root");
    let Some(server) = prepared(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = super::client(&root);
    for (value, granted) in [("f", true), ("OF", true), ("n", true), ("o", false)] {
        let string = format!(
            "{GOOD} port={} user=postgres replication={value}",
            server.port
        );
        agree(&client, &string, granted, value);
    }
}

/// A line for all databases is none for physical replication, and a role needs an attribute for both kinds.
#[test]
fn a_session_for_replication_is_granted_as_to_psql() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = prepared(&served) else {
        return;
    };
    server.sql("CREATE ROLE rep LOGIN REPLICATION PASSWORD 'hunter2'");
    server.admit(&format!(
        "local all all trust\n{METHODS}hostssl replication rep all scram-sha-256\n\
         hostssl replication ann all trust\nhostssl all all all trust\n"
    ));
    server.configure(&served, &[]);
    let client = super::client(&root);
    for (setting, granted) in [
        ("user=rep password=hunter2 replication=true", true),
        ("user=rep password=hunter2 replication=1", true),
        ("user=rep password=wrong replication=true", false),
        ("user=rep password=hunter2 replication=database", true),
        ("user=rep replication=false", true),
        ("user=rep replication=DATABASE", false),
        ("user=ann replication=true", false),
        ("user=postgres replication=true", false),
        ("user=postgres replication=database", true),
    ] {
        let string = format!("{GOOD} port={} {setting}", server.port);
        // Sessions of both kinds take this statement.
        let theirs = client.run_psql(&string, "SHOW server_version");
        assert_eq!(theirs.is_ok(), granted, "{setting}: {theirs:?}");
        let run = login(&client, &string);
        let expected = if granted { 0 } else { 8 };
        assert_eq!(run.code, expected, "{setting}: {run:?}");
    }
    let string = format!(
        "{GOOD} port={} user=rep password=hunter2 replication=true",
        server.port
    );
    let run = login(&client, &string);
    // SCRAM proves more than the view.
    assert_eq!(run.findings(), ["tls-unconfirmed"], "{run:?}");
    assert!(run.stdout.contains("takes no SQL"), "{run:?}");
    let kept = client.pgtls(&["check", "--strict", "--login", "--format", "json", &string]);
    assert_eq!(kept.code, 0, "{kept:?}");
    assert!(
        !server.log().contains("cannot execute SQL"),
        "{}",
        server.log()
    );
}

/// libpq 18 asks for protocol 3.2 if the string does, and PostgreSQL 18 speaks it.
#[test]
fn the_protocol_is_the_one_that_libpq_speaks() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let client = super::client(&root);
    let judge = |server: &Postgres, speaks: bool| {
        for (setting, granted) in [
            ("min_protocol_version=3.0", true),
            ("min_protocol_version=3.2", speaks),
            (
                "min_protocol_version=latest max_protocol_version=3.2",
                speaks,
            ),
            ("max_protocol_version=latest", true),
            ("max_protocol_version=3.0", true),
        ] {
            let string = format!(
                "{GOOD} port={} user=ann password=hunter2 {setting}",
                server.port
            );
            if let Some(newest) = Tool::Libpq18.find() {
                let theirs = client.libpq(&newest, &string);
                assert_eq!(theirs == Answer::Tls, granted, "{setting}: {theirs:?}");
            }
            let run = login(&client, &string);
            let expected = if granted { 0 } else { 8 };
            assert_eq!(run.code, expected, "{setting}: {run:?}");
            if granted {
                let entry = &run.endpoint()["login"];
                assert_eq!(entry["same_session"], true, "{setting}: {run:?}");
            } else {
                let says = "server only supports protocol version 3.0";
                assert!(run.stdout.contains(says), "{setting}: {run:?}");
            }
        }
    };
    if let Some(server) = prepared(&served) {
        let number: u32 = server.sql("SHOW server_version_num").parse().unwrap();
        judge(&server, number >= 180_000);
    }
    let programs = Tool::Postgres18.find();
    let newest = programs.and_then(|programs| Postgres::start_from(programs.as_ref(), &served));
    if let Some(mut server) = newest {
        super::prepare(&mut server, &served);
        judge(&server, true);
    }
}

/// The kinds of the hosts, the kind that is required, and the exit codes with `--hosts all` and
/// `--hosts any`. psql logs in if the last one is 0.
const HOSTS: &[(&str, &str, i32, i32)] = &[
    ("primary,primary", "standby", 8, 8),
    ("primary,primary", "read-only", 8, 8),
    ("primary,primary", "read-write", 0, 0),
    ("primary,primary", "prefer-standby", 0, 0),
    ("primary,standby", "standby", 0, 0),
    ("standby,primary", "standby", 0, 0),
    ("standby,primary", "read-write", 0, 0),
    ("standby,primary", "primary", 0, 0),
    ("standby,standby", "primary", 8, 8),
    ("primary,nobody", "standby", 3, 3),
    ("primary,nobody", "primary", 3, 0),
    ("primary,nobody", "prefer-standby", 3, 0),
    ("nobody,primary", "prefer-standby", 3, 0),
    ("nobody,primary", "standby", 1, 1),
];

/// The last host shows whether any host was left to try.
#[test]
fn one_host_must_match_target_session_attrs() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let (Some(primary), Some(mut standby)) = (prepared(&served), Postgres::start(&served)) else {
        return;
    };
    // For these kinds, libpq treats a session that refuses writes like one of a standby.
    standby.configure(&served, &[("default_transaction_read_only", "on")]);
    let client = super::client(&root);
    for (hosts, wanted, all, any) in HOSTS {
        let read_only = |kind: &str| match kind {
            "standby" => "read-only".to_owned(),
            "primary" => "read-write".to_owned(),
            other => other.to_owned(),
        };
        let ports: Vec<String> = hosts
            .split(',')
            .map(|host| match host {
                "primary" => primary.port.to_string(),
                "standby" => standby.port.to_string(),
                _ => "1".to_owned(),
            })
            .collect();
        let string = format!(
            "{GOOD} host=db.example,db.example hostaddr=127.0.0.1,127.0.0.1 user=postgres \
             port={} target_session_attrs={}",
            ports.join(","),
            read_only(wanted)
        );
        let name = format!("{hosts} {wanted}");
        let run = login(&client, &string);
        assert_eq!(run.code, *all, "{name}, all: {run:?}");
        let run = client.pgtls(&["check", "--login", "--hosts", "any", &string]);
        assert_eq!(run.code, *any, "{name}, any: {run:?}");
        let theirs = client.run_psql(&string, "SELECT 1");
        assert_eq!(theirs.is_ok(), *any == 0, "{name}: {theirs:?}");
        if theirs.is_err() {
            // Then psql refuses each of them.
            let document = login(&client, &string).json();
            for endpoint in document["endpoints"].as_array().unwrap() {
                assert_ne!(endpoint["exit_code"], 0, "{name}: {endpoint}");
            }
        }
    }
}

#[test]
fn a_server_of_the_wrong_kind_is_described_by_what_it_lacks() {
    let root = Ca::root("root");
    let Some(server) = prepared(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = super::client(&root);
    let read_only = "options='-c default_transaction_read_only=on'";
    for (wanted, options, says) in [
        (
            "read-write",
            read_only,
            "default_transaction_read_only is on",
        ),
        ("read-only", "", "but this server accepts writes"),
        ("standby", "", "but this server is not a standby"),
        ("standby", read_only, "but this server is not a standby"),
    ] {
        let run = login(
            &client,
            &format!(
                "{GOOD} port={} user=postgres target_session_attrs={wanted} {options}",
                server.port
            ),
        );
        assert_eq!(run.code, 8, "{run:?}");
        assert!(run.stdout.contains(says), "{says}: {run:?}");
        let primary = run.stdout.contains("Set host to the primary");
        assert!(!primary, "{run:?}");
    }
}

fn agree(client: &Client, string: &str, granted: bool, name: &str) {
    let theirs = client.run_psql(string, "SELECT 1");
    assert_eq!(theirs.is_ok(), granted, "{name}: {theirs:?}");
    let run = login(client, string);
    let expected = if granted { 0 } else { 8 };
    assert_eq!(run.code, expected, "{name}: {run:?}");
}
