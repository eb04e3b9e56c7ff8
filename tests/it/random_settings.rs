//! Does `pgtls check --login` pass the strings with which libpq connects, and no others, whatever settings stand
//! together in them? Drawn by a fixed seed, against real servers.

use std::ffi::OsString;

use crate::support::client::{Answer, Client};
use crate::support::pki::Ca;
use crate::support::postgres::Postgres;
use crate::support::random::Random;
use crate::support::tool::Tool;

/// The modes in which libpq never goes on in plain text.
const MODES: [&str; 3] = ["require", "verify-ca", "verify-full"];

/// What may stand beside the mode.
const SETTINGS: [(&str, &[&str]); 12] = [
    ("channel_binding", &["prefer", "require", "disable"]),
    ("sslcertmode", &["allow", "require", "disable"]),
    (
        "ssl_min_protocol_version",
        &["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", "''"],
    ),
    (
        "ssl_max_protocol_version",
        &["TLSv1.1", "TLSv1.2", "TLSv1.3", "''"],
    ),
    ("sslnegotiation", &["postgres", "direct"]),
    ("gssencmode", &["disable", "prefer", "require"]),
    (
        "require_auth",
        &["none", "!none", "scram-sha-256", "password,none", "md5"],
    ),
    ("sslcompression", &["0", "1"]),
    ("sslsni", &["0", "1"]),
    ("max_protocol_version", &["3.0", "3.2", "latest"]),
    ("min_protocol_version", &["3.0", "3.2", "latest"]),
    ("replication", &["database", "off"]),
];

/// Strings for each server.
const STRINGS: usize = 20;

/// A mode, and a third of all settings.
fn settings(random: &mut Random) -> String {
    let mut text = format!("sslmode={}", random.pick(&MODES));
    for (keyword, values) in SETTINGS {
        let value = random.pick(values);
        if random.one_in(3) {
            text.extend([" ", keyword, "=", value]);
        }
    }
    text
}

fn judge(server: &Postgres, client: &Client, random: &mut Random, newest: Option<&OsString>) {
    for _ in 0..STRINGS {
        let string = format!(
            "host=db.example hostaddr=127.0.0.1 port={} user=postgres dbname=postgres sslrootcert=root.crt {}",
            server.port,
            settings(random)
        );
        let run = client.pgtls(&["check", "--login", "--format", "json", &string]);
        if let Some(newest) = newest {
            let connects = client.libpq(newest, &string) == Answer::Tls;
            assert_eq!(run.code == 0, connects, "{string}: {run:?}");
        }
        let installed = client.psql(&string);
        if let (0, Answer::Refused(why)) = (run.code, installed) {
            // It is older than a keyword.
            assert!(why.contains("invalid connection option"), "{string}: {why}");
            let told = run.findings().contains(&"newer-libpq".to_owned());
            assert!(told, "{string}: {run:?}");
        }
    }
}

#[test]
fn settings_that_stand_together_have_the_verdict_of_libpq() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(installed) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    let newest = Tool::Libpq18.find();
    let mut random = Random::new(0x2545_f491_4f6c_dd1d, 0);
    judge(&installed, &client, &mut random, newest.as_ref());
    let programs = Tool::Postgres18.find();
    let server = programs.and_then(|programs| Postgres::start_from(programs.as_ref(), &served));
    if let Some(server) = server {
        judge(&server, &client, &mut random, newest.as_ref());
    }
}
