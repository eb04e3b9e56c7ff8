//! A hundred strings with one to three mistakes: how many do at most two applications of the printed fixes cure?

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::ward::{GOOD, Ward};
use crate::faults::servers::serving;
use crate::support::certs::openssl;
use crate::support::client::{Answer, Client};
use crate::support::pki::{Ca, expired};
use crate::support::sample::one_in;
use crate::support::skip::has_openssl;

/// Whether the client's side can cure it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// A mistake: its name, whose it is, and what it makes of the settings.
type Mistake = (&'static str, Side, fn(&mut Settings, &mut Dice));

/// `keyword=value` words, in order.
struct Settings(Vec<(String, String)>);

impl Settings {
    fn good() -> Self {
        let words = GOOD.split(' ').map(|word| word.split_once('=').unwrap());
        Self(
            words
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    fn set(&mut self, key: &str, value: &str) {
        match self.0.iter_mut().find(|(other, _)| other == key) {
            Some((_, old)) => value.clone_into(old),
            None => self.0.push((key.to_owned(), value.to_owned())),
        }
    }

    fn drop(&mut self, key: &str) {
        self.0.retain(|(other, _)| other != key);
    }

    fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(other, _)| other == key)
    }

    fn text(&self) -> String {
        let words: Vec<String> = self
            .0
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        words.join(" ")
    }
}

/// The same numbers in every run (Knuth's linear congruential generator, MMIX).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

const MISTAKES: &[Mistake] = &[
    ("keyword", Side::Client, |settings, dice| {
        let which = dice.below(settings.0.len());
        let key = &mut settings.0[which].0;
        let at = 1 + dice.below(key.len() - 2);
        match dice.below(3) {
            0 => drop(key.remove(at)),
            1 => key.insert(at, 'x'),
            _ => {
                let letter = key.remove(at);
                key.insert(at + 1, letter);
            }
        }
    }),
    ("mode", Side::Client, |settings, dice| {
        settings.set(
            "sslmode",
            dice.of(&[
                "verify_full",
                "verify-ful",
                "VerifyFull",
                "verify-all",
                "full",
                "Require",
                "disable",
            ]),
        );
    }),
    ("another root", Side::Client, |settings, dice| {
        settings.set(
            "sslrootcert",
            dice.of(&["other.crt", "twin.crt", "stale.crt", "leaf.crt"]),
        );
    }),
    ("no such root file", Side::Client, |settings, dice| {
        settings.set(
            "sslrootcert",
            dice.of(&[
                "rot.crt",
                "root.cer",
                "certs/root.crt",
                "~/root.crt",
                "/etc/nothing/ca.pem",
            ]),
        );
    }),
    (
        "root file of another form",
        Side::Client,
        |settings, dice| {
            settings.set(
                "sslrootcert",
                dice.of(&["root.der", "utf16.crt", "one-line.crt", "page.crt"]),
            );
        },
    ),
    ("another host", Side::Client, |settings, dice| {
        if !settings.has("hostaddr") {
            // Nobody knows where the server is.
            return;
        }
        settings.set(
            "host",
            dice.of(&["db2.example", "127.0.0.1", "db.example.com"]),
        );
    }),
    ("host and port in one", Side::Client, |settings, _| {
        settings.set("host", "localhost:PORT");
        settings.drop("hostaddr");
        settings.drop("port");
    }),
    ("open quote", Side::Client, |settings, _| {
        if let Some((_, value)) = settings.0.iter_mut().find(|(key, _)| key == "sslrootcert") {
            value.insert(0, '\'');
        }
    }),
    ("a space in a value", Side::Client, |settings, _| {
        settings
            .0
            .insert(1, ("application_name".to_owned(), "my app".to_owned()));
    }),
    ("unknown parameter", Side::Client, |settings, dice| {
        settings.set(dice.of(&["pool_size", "connection_limit", "schema"]), "5");
    }),
    ("a unit", Side::Client, |settings, dice| {
        settings.set("connect_timeout", dice.of(&["10s", "30sec", "5 s"]));
    }),
    ("ssl=true", Side::Client, |settings, _| {
        settings.drop("sslmode");
        settings.set("ssl", "true");
    }),
    ("versions", Side::Client, |settings, dice| {
        settings.set(
            "ssl_max_protocol_version",
            dice.of(&["TLSv1.1", "TLSv1", "1.2"]),
        );
    }),
    ("direct TLS", Side::Client, |settings, _| {
        settings.set("sslnegotiation", "direct")
    }),
    ("client files", Side::Client, |settings, dice| {
        settings.set("sslcert", dice.of(&["my.crt", "mx.crt"]));
        settings.set("sslkey", dice.of(&["my.key", "open.key", "mz.key"]));
    }),
    ("expired", Side::Server, |settings, _| {
        settings.set("port", "EXPIRED")
    }),
];

#[test]
fn a_hundred_strings_are_cured_by_at_most_two_applications() {
    let Some(ward) = Ward::open() else {
        return;
    };
    if !has_openssl() {
        return;
    }
    let stale_server = serving(&ward.root.leaf_with(&["db.example"], expired));
    let ports = [ward.server.port, stale_server.address.port()].map(|port| port.to_string());
    let root_der = openssl(&["x509", "-outform", "der"], ward.root.pem.as_bytes());
    let step = one_in(4, "the hundred strings with mistakes");
    let mut dice = Dice(2026);
    let (mut cured, mut of_client, mut uncured) = (0, 0, Vec::new());
    for number in 0..100 {
        let mut settings = Settings::good();
        let mut names = Vec::new();
        let mut side = Side::Client;
        for _ in 0..=dice.below(3) {
            let (name, whose, make) = MISTAKES[dice.below(MISTAKES.len())];
            if names.contains(&name) {
                continue;
            }
            names.push(name);
            make(&mut settings, &mut dice);
            if whose == Side::Server {
                side = Side::Server;
            }
        }
        if number % step != 0 {
            continue;
        }
        let client = client(&ward, &root_der);
        let text = settings
            .text()
            .replace("PORT", &ports[0])
            .replace("EXPIRED", &ports[1]);
        let result = follow(&client, &text);
        match (side, result) {
            (Side::Client, Ok(())) => {
                of_client += 1;
                cured += 1;
            }
            (Side::Client, Err(last)) => {
                of_client += 1;
                uncured.push(format!("{number} {names:?}: {text}\n    {last}"));
            }
            // A host and port in one word leads away from the server that has expired.
            (Side::Server, Ok(())) => assert!(
                !text.contains(&ports[1]),
                "{text}: cured without the server"
            ),
            (Side::Server, Err(_)) => {}
        }
    }
    println!("{cured} of {of_client} cured");
    assert!(
        uncured.is_empty(),
        "{cured} of {of_client} cured, not these:\n{}",
        uncured.join("\n")
    );
}

/// A home with the right root file, and with wrong ones.
fn client(ward: &Ward, root_der: &[u8]) -> Client {
    let client = ward.client();
    let root = &ward.root.pem;
    client.write("other.crt", Ca::root("Another CA").pem);
    client.write("twin.crt", Ca::root("Example CA").pem);
    client.write("stale.crt", ward.root.reissued(expired).pem);
    client.write("leaf.crt", &ward.good.chain);
    client.write("root.der", root_der);
    client.write(
        "utf16.crt",
        root.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>(),
    );
    client.write("one-line.crt", root.replace('\n', "\\n"));
    client.write("page.crt", "<html>Not found</html>");
    let ours = ward.root.client("postgres");
    client.write("my.crt", &ours.chain);
    for (name, mode) in [("my.key", 0o600), ("open.key", 0o644)] {
        client.write(name, &ours.key);
        std::fs::set_permissions(client.home.path().join(name), Permissions::from_mode(mode))
            .unwrap();
    }
    client
}

/// Applies what is printed, at most twice.
fn follow(client: &Client, text: &str) -> Result<(), String> {
    let mut text = text.to_owned();
    for _ in 0..2 {
        let run = client.check(&text);
        if run.code == 0 {
            break;
        }
        let fixes = run.endpoint()["fixes"].take();
        let none = Vec::new();
        for fix in fixes.as_array().unwrap_or(&none) {
            apply(client, fix, &mut text);
        }
    }
    let run = client.check(&text);
    if run.code != 0 {
        let error = &run.endpoint()["error"];
        return Err(format!("{text}: {} {}", error["code"], error["message"]));
    }
    if text.contains("sslnegotiation") {
        // The installed psql may not know it.
        return Ok(());
    }
    match client.psql(&text) {
        Answer::Tls => Ok(()),
        other => Err(format!("{text}: psql {other:?}")),
    }
}

fn apply(client: &Client, fix: &Value, text: &mut String) {
    let after = fix["after"].as_str().unwrap();
    match fix["kind"].as_str().unwrap() {
        "string" => after.clone_into(text),
        "command" => client.take_command(after),
        other => panic!("{other}: {after}"),
    }
}
