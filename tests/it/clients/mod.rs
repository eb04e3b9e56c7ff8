//! Does each client do what `pgtls check --clients` says?
//!
//! Every available client is run: against servers with one fault each, and with strings of every
//! kind. An impostor shows whether a connection was verified. Its certificate has an unknown issuer
//! and names another host: a client that connects to it with the same string verifies nothing.

mod documented;
mod drivers;
mod faults;
mod predictions;
mod settings;

use std::collections::HashMap;

use self::drivers::{Ask, Came, Clients};
use self::faults::faults;
use crate::support::client::Client;
use crate::support::pki::{Ca, Documented};
use crate::support::postgres::Postgres;

use settings::{HomeRoot, Row, SETTINGS, setting};

/// What each client did with a string at the impostor, by string and host.
type Impostor = HashMap<(String, String), HashMap<&'static str, Came>>;

#[test]
fn every_client_does_what_pgtls_says() {
    let directory = tempfile::tempdir().unwrap();
    let Some(documented) = Documented::new(directory.path()) else {
        return;
    };
    let Some(mut clients) = Clients::start() else {
        return;
    };
    let impostor = Ca::root("nobody").leaf(&["elsewhere.example"]);
    let Some(mut server) = Postgres::start(&impostor) else {
        return;
    };
    let root = Ca::root("root");
    let full = setting("sslmode=verify-full&sslrootcert=root.crt");
    let require = setting("sslmode=require");
    let mut wrong = Vec::new();
    let mut answers = 0;

    let mut at_impostor = Impostor::new();
    let rows = |what: &str| -> Vec<Row<'_>> {
        let rows = SETTINGS.iter().map(|setting| Row {
            what: what.to_owned(),
            host: "localhost",
            setting,
            roots: &root.pem,
        });
        rows.collect()
    };
    for row in rows("impostor") {
        answers += compare(
            &row,
            &server,
            &mut clients,
            Learn(&mut at_impostor),
            &mut wrong,
        );
    }
    for setting in [&full, &require] {
        let row = Row {
            what: "impostor".to_owned(),
            host: "127.0.0.1",
            setting,
            roots: &root.pem,
        };
        answers += compare(
            &row,
            &server,
            &mut clients,
            Learn(&mut at_impostor),
            &mut wrong,
        );
    }
    server.serve(&root.leaf(&["localhost"]));
    for row in rows("good") {
        answers += compare(&row, &server, &mut clients, Know(&at_impostor), &mut wrong);
    }
    server.serve(&root.leaf(&["elsewhere.example"]));
    for row in rows("wrong name") {
        answers += compare(&row, &server, &mut clients, Know(&at_impostor), &mut wrong);
    }
    for fault in faults(&documented) {
        server.serve(&fault.served);
        for setting in [&full, &require] {
            let row = Row {
                what: fault.name.to_owned(),
                host: fault.host,
                setting,
                roots: &fault.roots,
            };
            answers += compare(&row, &server, &mut clients, Know(&at_impostor), &mut wrong);
        }
        let row = Row {
            what: fault.name.to_owned(),
            host: fault.host,
            setting: &full,
            roots: &fault.roots,
        };
        answers += compare_certificate(&row, &server, &mut clients, &mut wrong);
    }
    server.configure(&impostor, &[("ssl", "off")]);
    for row in rows("no TLS") {
        answers += compare(&row, &server, &mut clients, Know(&at_impostor), &mut wrong);
    }
    println!("{answers} answers compared");
    assert!(
        wrong.is_empty(),
        "{} of {answers} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

use At::{Know, Learn};

/// Where a comparison takes place.
enum At<'a> {
    /// At the impostor.
    Learn(&'a mut Impostor),
    /// Elsewhere, after the impostor.
    Know(&'a Impostor),
}

/// Compares the outcomes; returns how many.
fn compare(
    row: &Row<'_>,
    server: &Postgres,
    clients: &mut Clients,
    at: At<'_>,
    wrong: &mut Vec<String>,
) -> usize {
    let client = row.client();
    let request = row.request(Ask::String, &client, server.port);
    let ours = our_answers(&client, &request.string);
    let theirs = clients.ask(&request);
    let key = (
        format!("{:?} {}", row.setting.environment, row.setting.string)
            + if row.setting.home_root == HomeRoot::There {
                " home"
            } else {
                ""
            },
        row.host.to_owned(),
    );
    for (name, (came, message)) in &theirs {
        let careless = match &at {
            Learn(_) => true,
            Know(impostor) => impostor[&key].get(name) == Some(&Came::Tls),
        };
        let expected = match came {
            Came::Tls if careless => "unverified",
            Came::Tls => "verified",
            Came::Plaintext => "plaintext",
            Came::Refused => "refused",
            Came::Invalid => "invalid-setting",
        };
        let answer = ours.get(*name);
        let outcome = answer.map_or("nothing", |answer| answer.0.as_str());
        if outcome != expected {
            wrong.push(format!(
                "{}, {}, {name}: {expected} ({message}), pgtls says {answer:?}",
                row.what, key.0
            ));
        }
    }
    let answers = theirs.len();
    if let Learn(impostor) = at {
        let came = theirs.into_iter().map(|(name, (came, _))| (name, came));
        impostor.insert(key, came.collect());
    }
    answers
}

fn compare_certificate(
    row: &Row<'_>,
    server: &Postgres,
    clients: &mut Clients,
    wrong: &mut Vec<String>,
) -> usize {
    let client = row.client();
    let string = row.request(Ask::String, &client, server.port).string;
    let ours = our_answers(&client, &string);
    let theirs = clients.ask(&row.request(Ask::Certificate, &client, server.port));
    for (name, (came, message)) in &theirs {
        let expected = if *came == Came::Tls {
            "accepts"
        } else {
            "refuses"
        };
        let answer = ours.get(*name);
        if answer.is_some_and(|answer| answer.1 == "unknown") {
            continue;
        }
        if answer.map(|answer| answer.1.as_str()) != Some(expected) {
            wrong.push(format!(
                "{}, {name} {expected} it ({message}), pgtls says {answer:?}",
                row.what
            ));
        }
    }
    theirs.len()
}

/// Outcome, verdict on the certificate and reason, by client.
fn our_answers(client: &Client, string: &str) -> HashMap<String, (String, String, String)> {
    let endpoint = client
        .pgtls(&["check", "--clients", "--format", "json", string])
        .endpoint();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let answers = endpoint["clients"].as_array().into_iter().flatten();
    answers
        .map(|answer| {
            let reason = format!("{} {}", text(&answer["code"]), text(&answer["reason"]));
            (
                text(&answer["client"]),
                (
                    text(&answer["outcome"]),
                    text(&answer["certificate"]),
                    reason,
                ),
            )
        })
        .collect()
}

/// The table for people: grouped, within 100 columns, with clear warnings about what is not
/// verified.
#[test]
fn the_text_warns_about_clients_that_verify_nothing() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["localhost"])) else {
        return;
    };
    let client = Client::trusting(&root);
    let string = format!(
        "host=localhost port={} sslmode=require sslrootcert=root.crt",
        server.port
    );
    let text = client.pgtls(&["check", "--clients", &string]).stdout;
    let line = |word: &str| {
        text.lines()
            .find(|line| line.trim_start().starts_with(word))
            .unwrap_or_default()
    };
    assert!(
        line("CONNECTS, UNVERIFIED").contains("pgjdbc *, npgsql *, sqlx-rustls"),
        "{text}"
    );
    assert!(
        line("connects, verified").contains("libpq, pgx *, lib/pq *"),
        "{text}"
    );
    assert!(
        // psql's own line is never broken.
        text.lines()
            .filter(|line| !line.contains("SSL connection ("))
            .all(|line| line.chars().count() <= 100),
        "{text}"
    );
    let plain = client.pgtls(&["check", &string]).stdout;
    assert!(!plain.contains("UNVERIFIED"), "{plain}");
}
