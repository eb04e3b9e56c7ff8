//! Does each client do what `pgtls check --clients` says?
//!
//! Every available client is run: against servers with one fault each, and with strings of every
//! kind. An impostor shows whether a connection was verified. Its certificate has an unknown issuer
//! and names another host: a client that connects to it with the same string verifies nothing.

mod drivers;
mod faults;
mod predictions;

use std::collections::HashMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;

use self::drivers::{Ask, Came, Clients, Request};
use self::faults::faults;
use crate::support::client::Client;
use crate::support::pki::{Ca, Documented};
use crate::support::postgres::Postgres;

/// The settings of a string besides host, port and user.
struct Setting {
    string: &'static str,
    environment: &'static [(&'static str, &'static str)],
    home_root: HomeRoot,
}

#[derive(Clone, Copy, PartialEq)]
enum HomeRoot {
    There,
    Missing,
}

const fn setting(string: &'static str) -> Setting {
    Setting {
        string,
        environment: &[],
        home_root: HomeRoot::Missing,
    }
}

const fn with_home_root(string: &'static str) -> Setting {
    Setting {
        home_root: HomeRoot::There,
        ..setting(string)
    }
}

const fn under(
    environment: &'static [(&'static str, &'static str)],
    string: &'static str,
) -> Setting {
    Setting {
        environment,
        ..setting(string)
    }
}

const SETTINGS: &[Setting] = &[
    setting(""),
    setting("sslmode=disable"),
    setting("sslmode=allow"),
    setting("sslmode=prefer"),
    setting("sslmode=require"),
    setting("sslmode=verify-ca"),
    setting("sslmode=verify-full"),
    setting("sslmode=required"),
    setting("sslmode=required&sslrootcert=root.crt"),
    setting("sslmode=no-verify"),
    setting("ssl=true"),
    setting("ssl=true&sslrootcert=root.crt"),
    setting("sslrootcert=root.crt"),
    setting("sslmode=disable&sslrootcert=root.crt"),
    setting("sslmode=allow&sslrootcert=root.crt"),
    setting("sslmode=prefer&sslrootcert=root.crt"),
    setting("sslmode=require&sslrootcert=root.crt"),
    setting("sslmode=verify-ca&sslrootcert=root.crt"),
    setting("sslmode=verify-full&sslrootcert=root.crt"),
    setting("sslmode=prefer&sslrootcert=missing.crt"),
    setting("sslmode=require&sslrootcert=missing.crt"),
    setting("sslmode=verify-full&sslrootcert=missing.crt"),
    setting("sslmode=require&sslrootcert=empty.crt"),
    setting("sslmode=verify-full&sslrootcert=empty.crt"),
    setting("sslmode=verify-full&sslrootcert=system"),
    setting("sslrootcert=system"),
    with_home_root(""),
    with_home_root("sslmode=prefer"),
    with_home_root("sslmode=require"),
    with_home_root("sslmode=verify-ca"),
    with_home_root("sslmode=verify-full"),
    under(&[("PGSSLMODE", "require")], ""),
    under(&[("PGSSLMODE", "verify-full")], ""),
    under(&[("PGSSLMODE", "verify-full")], "sslrootcert=root.crt"),
    under(&[("PGSSLROOTCERT", "root.crt")], "sslmode=require"),
    under(&[("PGSSLROOTCERT", "root.crt")], "sslmode=verify-full"),
    setting("sslmode=verify-full&sslrootcert=root.crt&sslsni=0"),
    setting("sslmode=require&ssl_min_protocol_version=TLSv1.3"),
    setting("sslmode=verify-full&sslrootcert=trusted.crt"),
    setting("sslmode=verify-full&sslrootcert=old-label.crt"),
    setting("sslmode=verify-full&sslrootcert=mark.crt"),
    setting("sslmode=verify-full&sslrootcert=root.crt&sslcert=client.crt&sslkey=client.key"),
    setting("sslmode=verify-full&sslrootcert=root.crt&sslcert=client.crt&sslkey=client.der"),
    setting("sslmode=require&sslcert=client.crt&sslkey=client.der"),
];

/// All questions about one server and one string.
struct Row<'a> {
    what: String,
    host: &'a str,
    setting: &'a Setting,
    roots: &'a str,
}

impl Row<'_> {
    /// A home directory with the files that the string names.
    fn client(&self) -> Client {
        let mut client = Client::new();
        for (name, value) in self.setting.environment {
            client = client.with(name, value);
        }
        client.write("root.crt", self.roots);
        client.write("empty.crt", "");
        let labelled = |label: &str| self.roots.replace("CERTIFICATE", label);
        client.write("trusted.crt", labelled("TRUSTED CERTIFICATE"));
        client.write("old-label.crt", labelled("X509 CERTIFICATE"));
        client.write("mark.crt", format!("\u{feff}{}", self.roots));
        if self.setting.string.contains("sslkey") {
            let own = Ca::root("clients").client("postgres");
            let key = PrivatePkcs8KeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
            client.write("client.crt", own.chain);
            for (name, contents) in [
                ("client.key", own.key.as_bytes()),
                ("client.der", key.secret_pkcs8_der()),
            ] {
                client.write(name, contents);
                let path = client.home.path().join(name);
                std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
            }
        }
        if self.setting.home_root == HomeRoot::There {
            client.write(".postgresql/root.crt", self.roots);
        }
        client
    }

    fn request(&self, ask: Ask, client: &Client, port: u16) -> Request {
        let home = client.home.path();
        let named = self
            .setting
            .string
            .split('&')
            .find_map(|setting| setting.strip_prefix("sslrootcert="));
        let named = named.or_else(|| {
            self.setting
                .environment
                .iter()
                .find(|(name, _)| *name == "PGSSLROOTCERT")
                .map(|(_, value)| *value)
        });
        let named = named.filter(|name| *name != "system");
        let roots = match (ask, named) {
            (Ask::Certificate, _) => Some(home.join("root.crt")),
            (Ask::String, Some(name)) => Some(home.join(name)),
            (Ask::String, None) => None,
        };
        let host = self.host;
        let question = if self.setting.string.is_empty() {
            ""
        } else {
            "?"
        };
        Request {
            ask,
            string: format!(
                "postgresql://postgres@{host}:{port}/postgres{question}{}",
                self.setting.string
            ),
            host: host.to_owned(),
            port,
            roots,
            home_roots: (self.setting.home_root == HomeRoot::There)
                .then(|| home.join(".postgresql/root.crt")),
            home: home.to_owned(),
            environment: self
                .setting
                .environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }
}

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

/// A fault, a string, a client, and the result by its documented rules: outcome, certificate, code.
type Rule = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const FULL: &str = "sslmode=verify-full&sslrootcert=root.crt";
const CA: &str = "sslmode=verify-ca&sslrootcert=root.crt";
const REQUIRE: &str = "sslmode=require";
const REQUIRE_ROOT: &str = "sslmode=require&sslrootcert=root.crt";
const REQUIRE_MISSING: &str = "sslmode=require&sslrootcert=missing.crt";

const RULES: &[Rule] = &[
    (
        "an address and only a CN",
        FULL,
        "pgx",
        "refused",
        "refuses",
        "no-san",
    ),
    ("nothing is wrong", FULL, "pgx", "verified", "accepts", ""),
    (
        "nothing is wrong",
        FULL,
        "lib/pq",
        "verified",
        "accepts",
        "",
    ),
    (
        "nothing is wrong",
        FULL,
        "pgjdbc",
        "verified",
        "accepts",
        "",
    ),
    (
        "nothing is wrong",
        FULL,
        "npgsql",
        "verified",
        "accepts",
        "",
    ),
    (
        "nothing is wrong",
        REQUIRE,
        "pgx",
        "unverified",
        "refuses",
        "unknown-issuer",
    ),
    (
        "nothing is wrong",
        REQUIRE_ROOT,
        "pgx",
        "verified",
        "accepts",
        "",
    ),
    (
        "nothing is wrong",
        REQUIRE_ROOT,
        "lib/pq",
        "verified",
        "accepts",
        "",
    ),
    (
        "nothing is wrong",
        REQUIRE_ROOT,
        "pgjdbc",
        "unverified",
        "accepts",
        "",
    ),
    (
        "nothing is wrong",
        REQUIRE_ROOT,
        "npgsql",
        "unverified",
        "accepts",
        "",
    ),
    (
        "nothing is wrong",
        REQUIRE_MISSING,
        "pgx",
        "refused",
        "unknown",
        "root-file-missing",
    ),
    (
        "nothing is wrong",
        REQUIRE_MISSING,
        "lib/pq",
        "unverified",
        "unknown",
        "",
    ),
    (
        "nothing is wrong",
        REQUIRE_MISSING,
        "libpq",
        "unverified",
        "unknown",
        "",
    ),
    (
        "nothing is wrong",
        "",
        "lib/pq",
        "unverified",
        "refuses",
        "unknown-issuer",
    ),
    (
        "nothing is wrong",
        "",
        "pgx",
        "unverified",
        "refuses",
        "unknown-issuer",
    ),
    (
        "nothing is wrong",
        "sslmode=allow",
        "pgx",
        "plaintext",
        "refuses",
        "unknown-issuer",
    ),
    (
        "nothing is wrong",
        "sslmode=disable",
        "npgsql",
        "plaintext",
        "refuses",
        "unknown-issuer",
    ),
    (
        "nothing is wrong",
        "sslmode=verify-full",
        "pgjdbc",
        "refused",
        "refuses",
        "libpq-root-missing",
    ),
    (
        "nothing is wrong",
        "sslmode=verify-full",
        "pgx",
        "refused",
        "refuses",
        "unknown-issuer",
    ),
    (
        "another root",
        FULL,
        "pgx",
        "refused",
        "refuses",
        "unknown-issuer",
    ),
    (
        "another root",
        "sslmode=prefer&sslrootcert=root.crt",
        "pgx",
        "unverified",
        "refuses",
        "unknown-issuer",
    ),
    (
        "another root",
        "sslmode=prefer&sslrootcert=root.crt",
        "lib/pq",
        "plaintext",
        "refuses",
        "unknown-issuer",
    ),
    (
        "another name",
        FULL,
        "npgsql",
        "refused",
        "refuses",
        "host-name-mismatch",
    ),
    ("another name", CA, "npgsql", "verified", "refuses", ""),
    ("another name", CA, "pgjdbc", "verified", "refuses", ""),
    (
        "an expired certificate",
        FULL,
        "npgsql",
        "refused",
        "refuses",
        "expired",
    ),
    (
        "an expired root",
        FULL,
        "pgx",
        "refused",
        "refuses",
        "root-expired",
    ),
    ("an expired root", FULL, "pgjdbc", "verified", "accepts", ""),
    (
        "an intermediate as root",
        FULL,
        "pgx",
        "verified",
        "accepts",
        "",
    ),
    (
        "an intermediate as root",
        FULL,
        "pgjdbc",
        "verified",
        "accepts",
        "",
    ),
    (
        "the certificate itself as root",
        FULL,
        "lib/pq",
        "verified",
        "accepts",
        "",
    ),
    (
        "a CN and no SAN",
        FULL,
        "pgx",
        "refused",
        "refuses",
        "no-san",
    ),
    ("a CN and no SAN", CA, "pgx", "verified", "refuses", ""),
    ("a CN and no SAN", FULL, "pgjdbc", "verified", "accepts", ""),
    (
        "a CN and no SAN",
        FULL,
        "npgsql",
        "unknown",
        "unknown",
        "clients-differ",
    ),
    (
        "PostgreSQL's recipe: version 1",
        FULL,
        "lib/pq",
        "refused",
        "refuses",
        "no-san",
    ),
    (
        "PostgreSQL's recipe: version 1",
        FULL,
        "sqlx-rustls",
        "refused",
        "refuses",
        "x509-v1",
    ),
    (
        "PostgreSQL's recipe: version 1",
        REQUIRE,
        "sqlx-rustls",
        "refused",
        "refuses",
        "x509-v1",
    ),
    (
        "a CA as server certificate",
        FULL,
        "sqlx-rustls",
        "refused",
        "refuses",
        "ca-as-leaf",
    ),
    (
        "a CA as server certificate",
        FULL,
        "pgx",
        "verified",
        "accepts",
        "",
    ),
    (
        "a key for encipherment only",
        FULL,
        "pgjdbc",
        "refused",
        "refuses",
        "wrong-purpose",
    ),
    (
        "a key for encipherment only",
        FULL,
        "pgx",
        "verified",
        "accepts",
        "",
    ),
    ("RSA 1024", FULL, "pgjdbc", "verified", "accepts", ""),
    ("SHA-1", FULL, "pgx", "refused", "refuses", "weak-signature"),
    ("SHA-1", FULL, "pgjdbc", "verified", "accepts", ""),
    ("RSA-PSS", FULL, "pgx", "verified", "accepts", ""),
    (
        "an address written as a name",
        FULL,
        "pgjdbc",
        "verified",
        "accepts",
        "",
    ),
    (
        "an address written as a name",
        FULL,
        "pgx",
        "refused",
        "refuses",
        "host-name-mismatch",
    ),
    ("an address", FULL, "pgx", "verified", "accepts", ""),
    (
        "no authority key identifier",
        FULL,
        "python-default-context",
        "refused",
        "refuses",
        "clients-differ",
    ),
];

#[test]
fn the_documented_rules_are_followed() {
    let directory = tempfile::tempdir().unwrap();
    let Some(documented) = Documented::new(directory.path()) else {
        return;
    };
    let faults = faults(&documented);
    let Some(mut server) = Postgres::start(&faults[0].served) else {
        return;
    };
    let mut wrong = Vec::new();
    for fault in &faults {
        let mut strings: Vec<&'static str> = Vec::new();
        let rules = RULES.iter().filter(|rule| rule.0 == fault.name);
        strings.extend(rules.map(|rule| rule.1));
        strings.sort_unstable();
        strings.dedup();
        if !strings.is_empty() {
            server.serve(&fault.served);
        }
        for string in strings {
            let setting = setting(string);
            let row = Row {
                what: fault.name.to_owned(),
                host: fault.host,
                setting: &setting,
                roots: &fault.roots,
            };
            let client = row.client();
            let ours = our_answers(
                &client,
                &row.request(Ask::String, &client, server.port).string,
            );
            for rule in RULES
                .iter()
                .filter(|rule| rule.0 == fault.name && rule.1 == string)
            {
                let (outcome, certificate, reason) = &ours[rule.2];
                let code = reason.split(' ').next().unwrap_or_default();
                if (outcome.as_str(), certificate.as_str(), code) != (rule.3, rule.4, rule.5) {
                    wrong.push(format!("{rule:?}: {outcome} {certificate} {reason}"));
                }
            }
        }
    }
    let known = RULES
        .iter()
        .all(|rule| faults.iter().any(|fault| fault.name == rule.0));
    assert!(known, "a rule names no fault");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
