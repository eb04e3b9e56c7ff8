//! Does GitHub accept what pgtls writes for it? Annotations are compared with GitHub's own toolkit.
//! SARIF for code scanning is checked with the schema and the rules of Microsoft's validator.

use std::path::{Path, PathBuf};

use crate::support::fleet_lab::Lab;
use crate::support::json_schema::Schema;
use crate::support::tool::Tool;
use serde_json::Value;

/// A name that needs every rule of escaping.
const AWKWARD: &str = "100%, größe: a::b %0A %25";

/// Endpoints with awkward names in a file with an awkward name.
fn configured(lab: &Lab) -> &'static str {
    let awkward_host = lab
        .good()
        .replace("host=localhost", "host='x%2C::warning::z'");
    let unverified = lab.good().replace("verify-full", "prefer");
    let mut text = String::new();
    for (name, string) in [
        ("plain", lab.good()),
        (AWKWARD, lab.wrong_host()),
        ("", awkward_host),
        ("weak", unverified),
        ("unreadable, 7%", "sslmod=x".to_owned()),
    ] {
        text.push_str("[[endpoint]]\n");
        if !name.is_empty() {
            text.push_str(&format!("name = \"{name}\"\n"));
        }
        text.push_str(&format!("conninfo = \"{string}\"\n"));
    }
    let file = "größe 7%,a:b::c.toml";
    lab.client.write(file, text);
    file
}

/// What the toolkit of GitHub Actions prints for the endpoints of a report in JSON.
const TOOLKIT: &str = r"
    const [directory, file] = process.argv.slice(1);
    const core = require('module').createRequire(directory + '/')('@actions/core');
    const print = { error: core.error, warning: core.warning };
    for (const endpoint of JSON.parse(require('fs').readFileSync(file)).endpoints) {
        const isAddress = require('net').isIPv6(endpoint.host ?? '');
        const address = isAddress ? `[${endpoint.host}]` : endpoint.host;
        const label = endpoint.name ?? (address ? `${address}:${endpoint.port}` : 'connection string');
        for (const finding of [endpoint.error, ...endpoint.findings]) {
            const properties = { title: `${label} ${finding?.code}` };
            if (endpoint.location) {
                properties.file = endpoint.location.file;
                properties.startLine = endpoint.location.line;
            }
            const lines = [finding?.message, finding?.hint].filter((part) => part !== undefined);
            print[finding?.level]?.(lines.join('\n'), properties);
        }
    }";

#[test]
fn annotations_are_those_that_the_toolkit_of_actions_prints() {
    let lab = Lab::new();
    let file = configured(&lab);
    let (wrong, unread) = (lab.wrong_host(), "sslmod=x");
    let arguments = ["--config", file, &wrong, unread, "--format", "github"];
    let run = lab.check(&[&arguments[..], &["--report", "json=report.json"]].concat());
    let ours: Vec<&str> = run.stdout.lines().filter(|l| l.starts_with("::")).collect();
    let Some(directory) = Tool::Actions.find() else {
        return;
    };
    let mut node = lab.client.other("node");
    node.args(["-e", TOOLKIT]).arg(directory).arg("report.json");
    let output = node.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let theirs = String::from_utf8(output.stdout).unwrap();
    let theirs: Vec<&str> = theirs.lines().collect();
    assert_eq!(ours, theirs);
    // There was something to escape.
    for part in [
        "::error title=100%25%2C größe%3A a%3A%3Ab %250A %2525 host-name-mismatch,file=größe 7%25%2Ca%3Ab",
        "::error title=x%252C%3A%3Awarning%3A%3Az%3A",
        "::warning title=",
        "::error title=connection string unknown-keyword::",
        "\"x%252C::warning::z\"",
        "%0A",
    ] {
        let found = theirs.iter().any(|line| line.contains(part));
        assert!(found, "no {part} in {theirs:#?}");
    }
}

#[test]
fn code_scanning_accepts_every_log() {
    let Some(validator) = Validator::find() else {
        return;
    };
    let lab = Lab::new();
    let file = configured(&lab);
    let absolute = lab.client.home.path().join(file);
    lab.client.write("list", lab.wrong_host());
    let (good, wrong) = (lab.good(), lab.wrong_host());
    for arguments in [
        &["check", "--config", file][..],
        &["check", "--config", absolute.to_str().unwrap(), "--clients"],
        &["check", "--from", "./list", "--strict", "--min-tls", "1.3"],
        &["check", &good, &wrong, "sslmod=x", "host=/tmp"],
        &["check", "--quiet", "--report", "sarif=quiet.sarif", &good],
        &["audit", &wrong],
    ] {
        let run = lab
            .client
            .pgtls(&[arguments, &["--format", "sarif"]].concat());
        let quiet = lab.client.home.path().join("quiet.sarif");
        let log = match std::fs::read_to_string(&quiet) {
            Ok(log) if arguments.contains(&"--quiet") => log,
            _ => run.stdout,
        };
        assert_eq!(validator.complaints(&lab, &log), "", "{arguments:?}: {log}");
    }
}

/// The fixed report of the unit tests, which contains text of a hostile server.
#[test]
fn code_scanning_accepts_hostile_text() {
    let Some(validator) = Validator::find() else {
        return;
    };
    let snapshot = include_str!(
        "../../src/report/snapshots/pgtls__report__sarif__tests__every_finding_is_a_result_and_every_code_a_rule.snap"
    );
    let log = &snapshot[snapshot.find("\n{\n").unwrap()..];
    assert_eq!(validator.complaints(&Lab::new(), log), "", "{log}");
}

/// Neither the schema nor the rules accept everything.
#[test]
fn the_validators_report_what_is_wrong() {
    let Some(validator) = Validator::find() else {
        return;
    };
    let lab = Lab::new();
    let sound = lab.check(&["--format", "sarif", &lab.wrong_host()]).json();
    for (path, value, complaint) in [
        ("/runs/0/results/0/level", "fatal".into(), "schema: "),
        ("/runs/0/results/0/ruleIndex", 7.into(), "SARIF1009"),
        (
            "/runs/0/tool/driver/rules/0/fullDescription",
            Value::Null,
            "GH2012",
        ),
        (
            "/runs/0/results/0/locations/0/physicalLocation",
            Value::Null,
            "error",
        ),
        (
            "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri",
            "/root".into(),
            "SARIF1004",
        ),
    ] {
        let mut log = sound.clone();
        let (parent, key) = path.rsplit_once('/').unwrap();
        let parent = log.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        parent.remove(key).unwrap();
        if value != Value::Null {
            parent.insert(key.to_owned(), value);
        }
        let said = validator.complaints(&lab, &log.to_string());
        assert!(said.contains(complaint), "{path}: {said}");
    }
}

/// OASIS' schema, and the validator that comes with it.
struct Validator {
    schema: Schema,
    program: PathBuf,
}

impl Validator {
    fn find() -> Option<Self> {
        let directory = PathBuf::from(Tool::Sarif.find()?);
        Some(Self {
            schema: Schema::read(directory.join("sarif-2.1.0.json"))?,
            program: directory.join("Sarif.Multitool"),
        })
    }

    /// All errors and warnings, one per line. The program's exit code only says that it ran. It
    /// reports nothing about a log that it cannot read as SARIF, but the schema does.
    fn complaints(&self, lab: &Lab, log: &str) -> String {
        let document = serde_json::from_str(log).unwrap();
        let by_schema: String = self
            .schema
            .complaints(&document)
            .lines()
            .map(|line| format!("schema: {line}\n"))
            .collect();
        lab.client.write("log.sarif", log);
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/sarif-rules.xml");
        let mut program = lab.client.other(self.program.to_str().unwrap());
        program
            .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")
            .args(["validate", "--rule-kind", "Sarif;Ghas", "--config"])
            .arg(rules)
            .args(["--level", "Error;Warning", "log.sarif"]);
        let output = program.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            said.contains("1 files scanned") || said.contains("error"),
            "{output:?}"
        );
        let by_rules = said
            .lines()
            .filter(|line| line.contains(": error ") || line.contains(": warning "))
            .filter(|line| !line.contains("WRN999.RuleExplicitlyDisabled"));
        by_rules.fold(by_schema, |all, line| all + line + "\n")
    }
}
