//! Does the text tell a tired reader what is wrong, how we know, and what to do?
//!
//! Every fault is real, and the whole text is a snapshot. After a deliberate change, run
//! `INSTA_UPDATE=always cargo test faults` and read the difference aloud. If the advice is a
//! connection string or a command, the test follows it, and the check then passes.

mod scenes;
pub(crate) mod servers;

use crate::support::client::Client;
use crate::support::pki::Ca;
use servers::{Wants, demanding};

/// One thing that goes wrong.
pub(crate) struct Fault {
    /// The name of its snapshot.
    pub(crate) name: &'static str,
    /// The arguments of `pgtls check`.
    pub(crate) arguments: Vec<String>,
    pub(crate) exit: i32,
    /// The code of the error, or of the relevant finding.
    pub(crate) code: &'static str,
    pub(crate) cure: Cure,
}

/// How the test follows the advice.
#[derive(Clone, Copy)]
pub(crate) enum Cure {
    /// Its last indented line is a connection string, which passes.
    Paste,
    /// Its first indented line is a command, its last a connection string, which passes after the
    /// command has run.
    RunAndPaste,
    /// Its last indented line is a connection string, which passes with what --save-chain writes.
    SaveAndPaste,
    /// Its first indented line is a command, after which the same arguments pass.
    Run,
    /// The test cannot follow it.
    None,
}

#[test]
fn every_fault_is_reported_with_cause_evidence_and_a_fix_that_works() {
    let scene = scenes::Scene::new();
    for fault in scene.faults() {
        let Fault { name, exit, .. } = fault;
        let arguments: Vec<&str> = fault.arguments.iter().map(String::as_str).collect();
        let text = scene.client.pgtls(&[&["check"], &arguments[..]].concat());
        assert_eq!(
            (text.code, text.stderr.as_str()),
            (exit, ""),
            "{name}: {}",
            text.stdout
        );
        let told = format!(" {}:", fault.code);
        assert!(text.stdout.contains(&told), "{name}: {}", text.stdout);
        readable(name, &text.stdout);
        snapshot(name, &text.stdout);
        cure(&scene.client, &fault, &arguments);
    }
}

#[test]
fn an_unused_client_certificate_is_named() {
    let (root, authority) = (Ca::root("Example CA"), Ca::root("Client CA"));
    let strange = Ca::root("Strange CA").client("ann");
    let client = Client::trusting(&root);
    client.write(".postgresql/postgresql.crt", &strange.chain);
    client.write(".postgresql/postgresql.key", &strange.key);
    client.take_command("chmod 600 .postgresql/postgresql.key");
    let server = demanding(&root.leaf(&["localhost"]), &authority, Wants::OneOrNone);
    let port = server.port;
    let string = format!(
        "host=localhost hostaddr=127.0.0.1 port={port} sslmode=verify-full sslrootcert=root.crt"
    );
    let fault = Fault {
        name: "certificate left behind",
        arguments: Vec::new(),
        exit: 5,
        code: "client-cert-refused",
        cure: Cure::Paste,
    };
    let run = client.check(&string);
    assert_eq!((run.code, run.outcome().as_str()), (fault.exit, fault.code));
    let hint = run.hint();
    assert!(
        hint.contains(".postgresql/postgresql.crt was sent because it exists"),
        "{hint}"
    );
    cure(&client, &fault, &[&string]);
}

/// At most 100 columns, except for lines to copy and psql's own line.
fn readable(name: &str, text: &str) {
    for line in text.lines() {
        let whole = line.starts_with("        ") || line.contains("SSL connection (protocol: ");
        assert!(line.chars().count() <= 100 || whole, "{name}: {line}");
    }
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({
        omit_expression => true,
        prepend_module_to_snapshot => false,
        snapshot_path => "../snapshots/faults",
        filters => [
            (r"checked \S+ by pgtls \S+", "checked [time] by pgtls [version]"),
            (r"\d{4}-\d\d-\d\d(\s+\d\d:\d\d:\d\d\s+UTC)?", "[date]"),
            (r"\d+ (day|hour)s?(\s+)(left|ago|from now)", "[span]$2$3"),
            (r"expires in \d+ (day|hour)s?", "expires in [span]"),
            (r"in \d+ (day|hour)s?: less", "in [span]: less"),
            (r"(port[= ]|\.com:|\.1:|localhost:|pooler:)\d+", "$1[port]"),
            (r"sha256//\S{44}", "sha256//[key]"),
            (r"\b[0-9a-f]{64}\b", "[sha256]"),
            (r"\b[0-9a-f]{40}\b", "[key id]"),
            (r"time   .*", "time   [time]"),
            (r"/\S*/\.tmp\w+", "[home]"),
        ]
    }, {
        insta::assert_snapshot!(name, text);
    });
}

fn cure(client: &Client, fault: &Fault, arguments: &[&str]) {
    let name = fault.name;
    let json = client.pgtls(&[&["check", "--format", "json"], arguments].concat());
    let endpoint = json.endpoint();
    let findings = endpoint["findings"].as_array().unwrap().iter();
    let hint = std::iter::once(&endpoint["error"])
        .chain(findings)
        .find(|finding| finding["code"] == fault.code)
        .and_then(|finding| finding["hint"].as_str());
    let lines = hint.unwrap_or_default().lines();
    let to_copy: Vec<&str> = lines.filter_map(|line| line.strip_prefix("    ")).collect();
    let then = match fault.cure {
        Cure::None => return,
        Cure::Paste => vec![*to_copy.last().unwrap()],
        Cure::RunAndPaste => {
            client.take_command(to_copy[0]);
            vec![*to_copy.last().unwrap()]
        }
        Cure::SaveAndPaste => {
            client.pgtls(&[&["check", "--save-chain", "server.crt"], arguments].concat());
            vec![*to_copy.last().unwrap()]
        }
        Cure::Run => {
            client.take_command(to_copy[0]);
            arguments.to_vec()
        }
    };
    let then = client.pgtls(&[&["check"], &then[..]].concat());
    assert_eq!(then.code, 0, "{name}: {hint:?} {}", then.stdout);
}
