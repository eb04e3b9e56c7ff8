//! What does pgtls print, and where?
//!
//! The snapshots are the whole text of one outcome each, without what changes from run to run.
//! After a deliberate change, run `INSTA_UPDATE=always cargo test output` and read the difference.

use std::process::{Command, Stdio};

use crate::support::client::Client;
use crate::support::pki::{Ca, Served, expired};
use crate::support::port::closed_port;
use crate::support::skip::skip;
use pgtls::lab::{Endpoint, Issued};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Map, Value};

/// Endpoints of every kind, and strings for them.
struct Scene {
    client: Client,
    endpoints: Vec<Endpoint>,
    /// A name for each outcome, the connection string, the exit code.
    outcomes: Vec<(&'static str, String, i32)>,
}

impl Scene {
    fn new() -> Self {
        let root = Ca::root("Example CA");
        let client = Client::trusting(&root);
        client.write("other.crt", Ca::root("Another CA").pem);
        client.write("root.der", "\x30\x03\x02\x01");
        let good = start(root.leaf(&["db.example.com"]));
        let wrong = start(root.leaf(&["pg-1.internal", "db-1.example.com"]));
        let stale = start(root.leaf_with(&["db.example.com"], expired));
        let at = |endpoint: &Endpoint, settings: &str| {
            let port = endpoint.address.port();
            format!("host=db.example.com hostaddr=127.0.0.1 port={port} {settings}")
        };
        let verify = "sslmode=verify-full sslrootcert=root.crt";
        let plain = |port: u16| format!("host=127.0.0.1 port={port} {verify}");
        let outcomes = vec![
            ("passed", at(&good, verify), 0),
            ("passed-unverified", at(&good, "sslmode=require"), 0),
            (
                "typed-wrong",
                "host=db.example.com sslmode=required".to_owned(),
                2,
            ),
            (
                "unknown-keyword",
                "host=db.example.com ssl_mode=require".to_owned(),
                2,
            ),
            (
                "no-such-file",
                at(&good, "sslmode=require sslrootcert=rot.crt"),
                2,
            ),
            (
                "not-pem",
                at(&good, "sslmode=require sslrootcert=root.der"),
                2,
            ),
            ("refused", plain(closed_port()), 3),
            (
                "no-tls",
                plain(crate::support::scripted::answering(b"N")),
                4,
            ),
            (
                "web-server",
                plain(crate::support::scripted::answering(
                    b"HTTP/1.1 400 Bad Request\r\n\r\n",
                )),
                4,
            ),
            ("alert", plain(crate::support::scripted::answering(b"S")), 5),
            (
                "untrusted",
                at(&good, "sslmode=verify-full sslrootcert=other.crt"),
                6,
            ),
            ("expired", at(&stale, verify), 6),
            ("wrong-host", at(&wrong, verify), 7),
        ];
        Self {
            client,
            endpoints: vec![good, wrong, stale],
            outcomes,
        }
    }

    fn string(&self, name: &str) -> &str {
        let mut outcomes = self.outcomes.iter();
        let (_, string, _) = outcomes.find(|outcome| outcome.0 == name).unwrap();
        string
    }
}

fn start(served: Served) -> Endpoint {
    let chain = CertificateDer::pem_slice_iter(served.chain.as_bytes());
    Endpoint::start(Issued {
        chain: chain.collect::<Result<_, _>>().unwrap(),
        key: PrivateKeyDer::from_pem_slice(served.key.as_bytes()).unwrap(),
    })
    .unwrap()
}

/// Compares without ports, times, dates and temporary names.
fn compare(name: &str, text: &str) {
    insta::with_settings!({
        omit_expression => true,
        prepend_module_to_snapshot => false,
        filters => [
            (r"\d{4}-\d\d-\d\d", "[date]"),
            (r"\d+ (day|hour|minute)s? (left|ago)", "[days] $2"),
            (r"(port[= ]|\.com:|127\.0\.0\.1:)\d+", "$1[port]"),
            (r"time   .*", "time   [time]"),
            (r"checked \S+ by pgtls .*", "checked [time] by pgtls [version]"),
            (r"/\S*/\.tmp\w+", "[home]"),
        ]
    }, {
        insta::assert_snapshot!(name, text);
    });
}

/// Only the value is the user's; the option's own name is not a secret.
#[test]
fn a_wrong_report_names_the_option_and_the_value() {
    let client = Client::new();
    for (value, shown) in [
        ("xml=x.xml", "'xml=x.xml' for '--report <FORMAT=FILE>'"),
        ("junit", "'junit' for '--report <FORMAT=FILE>'"),
    ] {
        let run = client.pgtls(&["check", "--report", value, "host=h"]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(shown), "{run:?}");
    }
    let secret = client.pgtls(&["check", "--report", "host=h password=hunter2"]);
    assert!(!format!("{secret:?}").contains("hunter2"), "{secret:?}");
}

/// No other format leaves an endpoint out.
#[test]
fn only_the_text_report_shows_failures_only() {
    let client = Client::new();
    let run = |more: &[&str]| {
        let fixed = [
            "check",
            "--failures-only",
            "host=127.0.0.1 port=1 sslmode=require",
        ];
        client.pgtls(&[&fixed[..], more].concat())
    };
    for format in [
        "json",
        "csv",
        "junit",
        "markdown",
        "html",
        "prometheus",
        "github",
    ] {
        let refused = run(&["--format", format]);
        assert_eq!(
            (refused.code, refused.stdout.as_str()),
            (2, ""),
            "{refused:?}"
        );
        assert!(refused.stderr.contains("text report"), "{refused:?}");
        let beside = run(&["--format", format, "--report", "text=failures.txt"]);
        assert_eq!(beside.code, 3, "{beside:?}");
    }
    assert_eq!(run(&["--report", "json=all.json"]).code, 3);
}

#[test]
fn every_outcome_is_readable() {
    let scene = Scene::new();
    for (name, string, code) in &scene.outcomes {
        let run = scene.client.pgtls(&["check", string]);
        assert_eq!(
            (run.code, run.stderr.as_str()),
            (*code, ""),
            "{name}: {}",
            run.stdout
        );
        compare(name, &run.stdout);
    }
    let both = [scene.string("passed"), scene.string("wrong-host")];
    let run = scene.client.pgtls(&["check", both[0], both[1]]);
    assert_eq!(run.code, 7);
    compare("two-endpoints", &run.stdout);
    assert_eq!(scene.endpoints.len(), 3);
}

#[test]
fn help_tells_all() {
    for (name, arguments) in [
        ("help-short", &["-h"][..]),
        ("help", &["--help"]),
        ("help-check", &["check", "-h"]),
    ] {
        let run = Client::new().pgtls(arguments);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        compare(name, &run.stdout);
    }
    let bare = Client::new().pgtls(&[]);
    assert_eq!((bare.code, bare.stdout.as_str()), (2, ""));
    assert!(bare.stderr.contains("Usage: pgtls <COMMAND>"));
}

#[test]
fn help_and_version_are_commands_too() {
    let client = Client::new();
    for (asked, same) in [
        (&["help"][..], &["--help"][..]),
        (&["help", "check"], &["check", "--help"]),
        (&["help", "roots", "export"], &["roots", "export", "--help"]),
        (&["version"], &["--version"]),
    ] {
        let (asked, same) = (client.pgtls(asked), client.pgtls(same));
        assert_eq!((asked.code, same.code), (0, 0), "{asked:?}");
        assert_eq!(asked.stdout, same.stdout);
    }
    let wrong = client.pgtls(&["help", "host=h password=hunter2"]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (2, ""));
    assert!(!wrong.stderr.contains("hunter2"), "{wrong:?}");
}

#[test]
fn shells_complete_codes_roots_and_dialects() {
    let client = Client::new();
    for shell in ["bash", "zsh"] {
        let script = client.pgtls(&["completions", shell]).stdout;
        for value in [
            "host-name-mismatch",
            "digicert-global-root-g2",
            "node-postgres",
        ] {
            assert!(script.contains(value), "{shell}: {value}");
        }
    }
}

/// The file that is named nowhere, unless a server is named.
#[test]
fn a_pgtls_toml_here_is_used_if_nothing_else_is_named() {
    let scene = Scene::new();
    let config = format!(
        "[[endpoint]]\nname = 'here'\nconninfo = \"{}\"",
        scene.string("passed")
    );
    scene.client.write("pgtls.toml", config);
    let run = scene.client.pgtls(&["check"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.starts_with("PASS  here  "), "{run:?}");
    assert!(run.stderr.contains("./pgtls.toml"), "{run:?}");
    let named = scene.client.pgtls(&["check", scene.string("refused")]);
    assert_eq!((named.code, named.stderr.as_str()), (3, ""), "{named:?}");
    let mut command = scene.client.command(&["check"]);
    let output = command.env("PGHOST", "host.invalid").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn the_page_is_as_wide_as_columns_says_and_colour_can_be_forced() {
    let scene = Scene::new();
    for columns in ["40", "60"] {
        let mut command = scene.client.command(&["check", scene.string("passed")]);
        let output = command.env("COLUMNS", columns).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let widest = text.lines().map(str::len).max();
        assert!(widest <= columns.parse().ok(), "{text}");
    }
    for (variables, coloured) in [
        (&[("FORCE_COLOR", "1")][..], true),
        (&[("FORCE_COLOR", "0")], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false),
        (&[("PGTLS_COLOR", "always")], true),
    ] {
        let mut command = scene.client.command(&["check", scene.string("passed")]);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        assert_eq!(output.stdout.contains(&0x1b), coloured, "{variables:?}");
    }
}

#[test]
fn standard_output_is_always_one_json_document() {
    let scene = Scene::new();
    for (name, string, code) in &scene.outcomes {
        let run = scene.client.check(string);
        let document = run.json();
        assert_eq!((run.code, run.stderr.as_str()), (*code, ""), "{name}");
        assert_eq!(document["schema_version"], 1, "{name}");
        assert_eq!(document["exit_code"], *code, "{name}");
        assert_eq!(
            document["verdict"],
            if *code == 0 { "pass" } else { "fail" },
            "{name}"
        );
        let endpoint = &document["endpoints"][0];
        assert_eq!(endpoint["exit_code"], *code, "{name}");
        assert_eq!(endpoint["error"].is_null(), *code == 0, "{name}");
    }
}

#[test]
fn the_shape_of_json_stays() {
    let scene = Scene::new();
    for (name, outcome) in [
        ("json-passed", "passed"),
        ("json-passed-unverified", "passed-unverified"),
        ("json-wrong-host", "wrong-host"),
        ("json-refused", "refused"),
        ("json-typed-wrong", "typed-wrong"),
    ] {
        let document = scene.client.check(scene.string(outcome)).json();
        compare(
            name,
            &serde_json::to_string_pretty(&shape(&document)).unwrap(),
        );
    }
}

/// Types instead of values; the first element of an array.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => "boolean".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "string".into(),
        Value::Array(elements) => elements.iter().take(1).map(shape).collect(),
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| (name.clone(), shape(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
    }
}

#[test]
fn quiet_prints_nothing_and_keeps_the_exit_code() {
    let scene = Scene::new();
    for (name, string, code) in &scene.outcomes {
        for format in ["text", "json"] {
            let run = scene
                .client
                .pgtls(&["check", "--quiet", "--format", format, string]);
            let came = (run.code, run.stdout.as_str(), run.stderr.as_str());
            assert_eq!(came, (*code, "", ""), "{name}");
        }
    }
}

#[test]
fn a_reader_that_has_gone_changes_nothing() {
    let scene = Scene::new();
    for (name, string, code) in &scene.outcomes {
        for format in ["text", "json"] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut command = scene.client.command(&["check", "--format", format, string]);
            let output = command
                .stdout(writer)
                .stderr(Stdio::piped())
                .output()
                .unwrap();
            let came = (output.status.code(), output.stderr.as_slice());
            assert_eq!(came, (Some(*code), &b""[..]), "{name}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_report_that_cannot_be_written_is_not_a_pass() {
    let scene = Scene::new();
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = scene.client.command(&["check", scene.string("passed")]);
    let output = command
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!(
        complaint.contains("could not write to standard output"),
        "{complaint}"
    );
}

#[test]
fn colour_is_printed_on_request_and_never_into_a_pipe() {
    let scene = Scene::new();
    let string = scene.string("wrong-host");
    for (arguments, coloured) in [
        (&["--color", "always"][..], true),
        (&["--color", "never"], false),
        (&["--color", "auto"], false),
        (&[], false),
    ] {
        let arguments = [&["check"], arguments, &[string]].concat();
        let run = scene.client.pgtls(&arguments);
        assert_eq!(run.stdout.contains('\x1b'), coloured, "{arguments:?}");
    }
    let plain = scene
        .client
        .pgtls(&["check", "--color", "never", string])
        .stdout;
    let painted = scene
        .client
        .pgtls(&["check", "--color", "always", string])
        .stdout;
    assert_eq!(first_line(&uncoloured(&painted)), first_line(&plain));
    // JSON has none, even if it is requested.
    let json = scene
        .client
        .pgtls(&["check", "--color=always", "--format=json", string]);
    assert!(!json.stdout.contains('\x1b') && json.json().is_object());
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn uncoloured(text: &str) -> String {
    let mut pieces = text.split('\x1b');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |all, piece| all + piece.split_once('m').unwrap().1)
}

#[test]
fn on_a_terminal_colour_is_the_default() {
    let scene = Scene::new();
    for (variables, coloured) in [
        (&[][..], true),
        (&[("TERM", "xterm")], true),
        (&[("TERM", "dumb")], false),
        (&[("NO_COLOR", "1")], false),
        (&[("NO_COLOR", "")], true),
    ] {
        let Some(text) = on_a_terminal(&scene, variables) else {
            return;
        };
        assert!(text.contains("FAIL"), "{text:?}");
        assert_eq!(text.contains('\x1b'), coloured, "{variables:?}: {text:?}");
    }
}

/// What a failing check prints on a terminal, which `script` emulates.
fn on_a_terminal(scene: &Scene, variables: &[(&str, &str)]) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_pgtls");
    let line = format!("'{program}' check '{}'", scene.string("wrong-host"));
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .env("HOME", scene.client.home.path())
        .env("SHELL", "/bin/sh")
        .envs(variables.iter().copied())
        .current_dir(scene.client.home.path())
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap()),
        Err(_) => {
            skip("script (util-linux) is not installed");
            None
        }
    }
}

#[test]
fn a_name_from_the_network_cannot_steer_the_terminal() {
    let root = Ca::root("Example CA");
    let client = Client::trusting(&root);
    let endpoint = start(root.leaf_with(&["db.example.com"], |params| {
        params.distinguished_name =
            crate::support::pki::common_name("\x1b[2J\x1b]0;owned\x07\u{202e}db");
    }));
    let port = endpoint.address.port();
    for format in ["text", "json"] {
        let string = format!(
            "host=www.example.com hostaddr=127.0.0.1 port={port} sslmode=verify-full sslrootcert=root.crt"
        );
        let run = client.pgtls(&["check", "--format", format, &string]);
        assert_eq!(run.code, 7, "{run:?}");
        let raw = run
            .stdout
            .chars()
            .find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
        assert_eq!(raw, None, "{run:?}");
    }
}

#[test]
fn a_string_without_a_command_is_checked_wherever_it_stands() {
    let client = Client::new();
    let string = "host=127.0.0.1 port=1 sslmode=require";
    for words in [[string, "--format", "json"], ["--format", "json", string]] {
        let run = client.pgtls(&words);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (3, "refused"),
            "{run:?}"
        );
    }
    for empty in ["", "  "] {
        let run = client.pgtls(&[empty]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(
            run.stdout.contains("the connection string is empty"),
            "{run:?}"
        );
    }
}
