//! Is what `pgtls check --clients` says of a client what that client does?
//!
//! Every client that can be had is run: against servers with one fault each, and with strings of
//! every kind. Whether a connection was verified shows at an impostor, whose certificate comes from
//! nowhere and names another host: who connects to it with the same string verifies nothing.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/client.rs"]
mod client;
#[path = "support/client_drivers.rs"]
mod client_drivers;
#[path = "support/pki.rs"]
mod pki;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/skip.rs"]
mod skip;

use std::collections::HashMap;

use client::Client;
use client_drivers::{Ask, Came, Clients, Request};
use pki::{
    Ca, Documented, Served, critical_extension, expired, not_critical_basic_constraints,
    not_yet_valid,
};
use postgres::Postgres;
use rcgen::{
    BasicConstraints, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512,
};

/// A server's certificate, and the roots that its clients have.
struct Fault {
    name: &'static str,
    host: &'static str,
    served: Served,
    roots: String,
}

fn fault(name: &'static str, served: Served, roots: &Ca) -> Fault {
    Fault {
        name,
        host: "localhost",
        served,
        roots: roots.pem.clone(),
    }
}

fn at_address(fault: Fault) -> Fault {
    Fault {
        host: "127.0.0.1",
        ..fault
    }
}

fn with_roots(fault: Fault, roots: String) -> Fault {
    Fault { roots, ..fault }
}

fn faults(documented: &Documented<'_>) -> Vec<Fault> {
    let root = Ca::root("root");
    let other = Ca::root("other");
    let good = || root.leaf(&["localhost"]);
    let between = root.intermediate("between");
    let below = || between.leaf(&["localhost"]);
    let old_between = root.intermediate_with("old", expired);
    let old_root = Ca::root_with("old root", expired);
    let limited = Ca::root_with("limited", |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    });
    let too_deep = limited.intermediate("too deep");
    let fenced = Ca::root_with("fenced", |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("example".to_owned())],
            excluded_subtrees: vec![],
        });
    });
    let lax = Ca::root_with("lax", not_critical_basic_constraints);
    let no_usage = Ca::root_with("no usage", |params| params.key_usages.clear());
    let mut faults = vec![
        fault("nothing is wrong", good(), &root),
        fault("another root", good(), &other),
        fault("a root of the same name", good(), &Ca::root("root")),
        fault(
            "an expired certificate",
            root.leaf_with(&["localhost"], expired),
            &root,
        ),
        fault(
            "a certificate of the future",
            root.leaf_with(&["localhost"], not_yet_valid),
            &root,
        ),
        fault("an expired root", old_root.leaf(&["localhost"]), &old_root),
        fault("another name", root.leaf(&["db.example"]), &root),
        fault(
            "a CN and no SAN",
            root.leaf_with(&["localhost"], |params| params.subject_alt_names.clear()),
            &root,
        ),
        fault(
            "an address as SAN beside the CN",
            root.leaf_with(&["localhost"], |params| {
                params.subject_alt_names =
                    vec![rcgen::SanType::IpAddress("127.0.0.1".parse().unwrap())];
            }),
            &root,
        ),
        fault(
            "a CA as server certificate",
            root.leaf_with(&["localhost"], |params| {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                params.key_usages.push(KeyUsagePurpose::KeyCertSign);
            }),
            &root,
        ),
        fault(
            "a certificate for clients",
            root.leaf_with(&["localhost"], |params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }),
            &root,
        ),
        fault(
            "a key for encipherment only",
            root.leaf_with(&["localhost"], |params| {
                params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
            }),
            &root,
        ),
        fault(
            "no authority key identifier",
            root.leaf_with(&["localhost"], |params| {
                params.use_authority_key_identifier_extension = false;
            }),
            &root,
        ),
        fault(
            "an unknown critical extension",
            root.leaf_with(&["localhost"], critical_extension),
            &root,
        ),
        fault(
            "P-384",
            root.leaf_of(&PKCS_ECDSA_P384_SHA384, &["localhost"]),
            &root,
        ),
        fault(
            "P-521",
            root.leaf_of(&PKCS_ECDSA_P521_SHA512, &["localhost"]),
            &root,
        ),
        fault(
            "an intermediate that is sent",
            below().and(&between.pem),
            &root,
        ),
        fault("an intermediate that is not sent", below(), &root),
        fault(
            "an intermediate as root",
            below().and(&between.pem),
            &between,
        ),
        fault(
            "an expired intermediate",
            old_between.leaf(&["localhost"]).and(&old_between.pem),
            &root,
        ),
        fault("a root that is sent along", good().and(&root.pem), &root),
        fault(
            "a strange certificate sent along",
            good().and(&other.pem),
            &root,
        ),
        fault(
            "too many CAs",
            too_deep.leaf(&["localhost"]).and(&too_deep.pem),
            &limited,
        ),
        fault(
            "a name outside the constraint",
            fenced.leaf(&["localhost"]),
            &fenced,
        ),
        fault(
            "a CA whose basicConstraints are not critical",
            lax.leaf(&["localhost"]),
            &lax,
        ),
        fault(
            "a CA without keyUsage",
            no_usage.leaf(&["localhost"]),
            &no_usage,
        ),
        at_address(fault("an address", root.leaf(&["127.0.0.1"]), &root)),
        at_address(fault("an address and only a name", good(), &root)),
        at_address(fault(
            "an address and only a CN",
            root.leaf_with(&["127.0.0.1"], |params| params.subject_alt_names.clear()),
            &root,
        )),
        at_address(fault(
            "an address written as a name",
            root.leaf_with(&["db.example"], |params| {
                params.subject_alt_names =
                    vec![rcgen::SanType::DnsName("127.0.0.1".try_into().unwrap())];
            }),
            &root,
        )),
        at_address(fault(
            "an address and the name localhost",
            root.leaf(&["127.0.0.1", "localhost"]),
            &root,
        )),
    ];
    let leaf = good();
    let leaf_as_root = leaf.chain.clone();
    faults.push(with_roots(
        fault("the certificate itself as root", leaf, &root),
        leaf_as_root,
    ));
    let two = format!("{}{}", other.pem, root.pem);
    faults.push(with_roots(
        fault("two roots, the second fits", good(), &root),
        two,
    ));
    faults.extend(documented_faults(documented));
    faults
}

/// What the openssl command makes.
fn documented_faults(documented: &Documented<'_>) -> Vec<Fault> {
    let own = |name, served: Served, roots: String| Fault {
        name,
        host: "localhost",
        served,
        roots,
    };
    let san = "-extfile san.cnf";
    documented.write("san.cnf", "subjectAltName=DNS:localhost\n");
    let itself = documented.self_signed("localhost");
    let itself_as_root = itself.chain.clone();
    let root = documented.root("root");
    let recipe = documented.server("root", "localhost");
    let short = documented.server_with("root", "localhost", "-newkey rsa:1024", san);
    let ed25519 = documented.server_with("root", "localhost", "-newkey ed25519", san);
    let sha1 = documented.server_with("root", "localhost", "", &format!("-sha1 {san}"));
    let pss = documented.server_with(
        "root",
        "localhost",
        "",
        &format!("-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 {san}"),
    );
    vec![
        own("PostgreSQL's recipe: self-signed", itself, itself_as_root),
        own("PostgreSQL's recipe: version 1", recipe, root.clone()),
        own("RSA 1024", short, root.clone()),
        own("Ed25519", ed25519, root.clone()),
        own("SHA-1", sha1, root.clone()),
        own("RSA-PSS", pss, root),
    ]
}

/// A string, beside host, port and user.
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
];

/// Everything that is asked about one server and one string.
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
fn every_client_does_what_pgtls_says_of_it() {
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

/// Compares the outcomes; says how many.
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
