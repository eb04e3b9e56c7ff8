//! Does `pgtls check --login` pass the strings with which libpq connects, and no others, whatever settings stand
//! together in them? Drawn by a fixed seed, against real servers.

use std::ffi::OsString;

use crate::support::client::{Answer, Client};
use crate::support::pki::Ca;
use crate::support::postgres::Postgres;
use crate::support::tool::Tool;

/// The modes in which libpq never goes on in plain text.
const MODES: [&str; 3] = ["require", "verify-ca", "verify-full"];

/// What may stand beside the mode.
const SETTINGS: [(&str, &[&str]); 10] = [
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
];

/// Strings for each server.
const STRINGS: usize = 20;

/// Draws numbers (xorshift64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }

    fn of<'a>(&mut self, values: &[&'a str]) -> &'a str {
        values[self.below(values.len())]
    }

    /// A mode, and a third of all settings.
    fn settings(&mut self) -> String {
        let mut text = format!("sslmode={}", self.of(&MODES));
        for (keyword, values) in SETTINGS {
            let value = self.of(values);
            if self.below(3) == 0 {
                text.extend([" ", keyword, "=", value]);
            }
        }
        text
    }
}

fn judge(server: &Postgres, client: &Client, draw: &mut Draw, newest: Option<&OsString>) {
    for _ in 0..STRINGS {
        let string = format!(
            "host=db.example hostaddr=127.0.0.1 port={} user=postgres dbname=postgres sslrootcert=root.crt {}",
            server.port,
            draw.settings()
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
    let mut draw = Draw(0x2545_f491_4f6c_dd1d);
    judge(&installed, &client, &mut draw, newest.as_ref());
    let programs = Tool::Postgres18.find();
    let server = programs.and_then(|programs| Postgres::start_from(programs.as_ref(), &served));
    if let Some(server) = server {
        judge(&server, &client, &mut draw, newest.as_ref());
    }
}
