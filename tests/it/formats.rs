//! Can other programs read what pgtls writes, and is the exit code the same in every format?

use std::path::Path;
use std::process::Command;

use crate::support::client::{Client, FORMATS, Run};
use crate::support::fed::fed;
use crate::support::fleet_lab::Lab;
use crate::support::json_schema::Schema;
use crate::support::skip::skip;
use crate::support::tool::Tool;
use serde_json::Value;

/// A pass, a wrong host and a string that cannot be read, whose password must not show.
fn mixed(lab: &Lab, format: &str) -> Run {
    let strings = [
        lab.good(),
        lab.wrong_host(),
        "sslmod=x password=hunter2".to_owned(),
    ];
    let mut arguments = vec!["--format", format];
    arguments.extend(strings.iter().map(String::as_str));
    let run = lab.check(&arguments);
    assert!(!run.stdout.contains("hunter2"), "{run:?}");
    assert_eq!(run.stderr, "", "{run:?}");
    run
}

#[test]
fn no_format_switches_the_exit_code_off() {
    let lab = Lab::new();
    for format in FORMATS {
        for (string, code) in [(lab.good(), 0), (lab.wrong_host(), 7), ("x".to_owned(), 2)] {
            let run = lab.check(&["--format", format, &string]);
            assert_eq!(run.code, code, "{format}: {run:?}");
            assert!(!run.stdout.is_empty(), "{format}");
            let quiet = lab.check(&["--format", format, "--quiet", &string]);
            assert_eq!((quiet.code, quiet.stdout.as_str()), (code, ""), "{format}");
        }
    }
}

/// A mode that does not ask for the name proves nothing about it. The end of the chain matters all the same.
#[test]
fn only_a_name_that_holds_is_authenticated() {
    let lab = Lab::new();
    for (string, authenticated) in [(lab.good(), true), (lab.wrong_host(), false)] {
        for mode in ["verify-ca", "require", "prefer"] {
            let string = string.replace("verify-full", mode);
            let arguments = ["--format", "json", "--report", "prometheus=out", &string];
            let run = lab.check(&arguments);
            assert_eq!(run.code, 0, "{run:?}");
            assert_eq!(run.endpoint()["authenticated"], authenticated, "{string}");
            let metrics = std::fs::read_to_string(lab.client.home.path().join("out")).unwrap();
            let value = |name: &str| {
                let mut lines = metrics.lines();
                let line = lines.find(|line| line.starts_with(&format!("{name}{{")))?;
                line.rsplit_once(' ')?.1.parse::<f64>().ok()
            };
            let verified = if authenticated { 1.0 } else { 0.0 };
            assert_eq!(value("pgtls_verified"), Some(verified), "{string}");
            assert!(value("ssl_verified_cert_not_after").is_some(), "{string}");
        }
    }
}

#[test]
fn nagios_gets_its_own_codes_and_one_line() {
    let lab = Lab::new();
    for (arguments, good, code, begins) in [
        (&[][..], true, 0, "PGTLS OK - localhost:"),
        (&["-w", "80", "-c", "7"], true, 0, "PGTLS OK"),
        (&["-w", "100"], true, 1, "PGTLS WARNING"),
        (&["-w", "100", "-c", "95"], true, 2, "PGTLS CRITICAL"),
        (
            &["--min-tls", "1.3", "--pin", PIN],
            true,
            1,
            "PGTLS WARNING",
        ),
        (&[], false, 2, "PGTLS CRITICAL - other.example:"),
        (&["--expect-cert", "missing"], true, 3, "PGTLS UNKNOWN"),
        (&["--nonsense"], true, 3, "PGTLS UNKNOWN"),
        (&["-w", "5", "-c", "10"], true, 3, "PGTLS UNKNOWN"),
        (&["-w", "7", "-c", "7"], true, 0, "PGTLS OK"),
        (&["--config", "missing"], true, 3, "PGTLS UNKNOWN"),
        (&["--report", "json=missing/x"], true, 3, "PGTLS UNKNOWN"),
    ] {
        let string = if good { lab.good() } else { lab.wrong_host() };
        let run = lab.check(&[&["--format", "nagios", &string], arguments].concat());
        assert_eq!(run.code, code, "{arguments:?}: {run:?}");
        assert!(run.stdout.starts_with(begins), "{arguments:?}: {run:?}");
        assert_eq!(run.stdout.lines().count(), 1, "{run:?}");
    }
    let run = lab.check(&["--format", "nagios", &lab.good()]);
    let (_, data) = run.stdout.split_once(" | ").unwrap();
    assert!(
        data.starts_with("days=") && data.ends_with(";;\n"),
        "{run:?}"
    );
    assert_eq!(lab.check(&["--format", "nagios", "nonsense"]).code, 3);
}

const PIN: &str = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

#[test]
fn a_wrong_command_line_is_2_except_for_nagios() {
    let run = Client::new().pgtls(&["check", "--format", "json", "--nonsense"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    let run = Client::new().pgtls(&["check", "-w", "5", "-c", "10", "host=a user=u"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(
        run.stderr.contains("--warning must not be fewer"),
        "{run:?}"
    );
}

#[test]
fn json_and_its_lines_validate_against_the_committed_schema() {
    let Some(schema) = Schema::of_reports() else {
        return;
    };
    let lab = Lab::new();
    let document = mixed(&lab, "json").json();
    schema.accept(&document);
    let lines = mixed(&lab, "jsonl").stdout;
    let mut endpoints: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let end = endpoints.pop().unwrap();
    assert_eq!(end["run_endpoints"], 3);
    assert_eq!(end["tool"]["name"], "pgtls");
    assert_eq!(endpoints.len(), 3);
    let mut same = document;
    same["endpoints"] = endpoints.into();
    schema.accept(&same);
}

/// The fixed report of the unit tests has every field.
#[test]
fn the_schema_accepts_a_full_report_and_refuses_others() {
    let Some(schema) = Schema::of_reports() else {
        return;
    };
    let snapshot = include_str!(
        "../../src/report/snapshots/pgtls__report__json__tests__the_document_contains_everything.snap"
    );
    let report = &snapshot[snapshot.find("\n{\n").unwrap()..];
    let mut document: Value = serde_json::from_str(report).unwrap();
    schema.accept(&document);
    for (pointer, wrong) in [
        ("/verdict", Value::from("maybe")),
        ("/exit_code", Value::from("0")),
        ("/endpoints/0/findings", Value::Null),
        ("/endpoints/0/tls/bits", Value::from("256")),
    ] {
        let right = std::mem::replace(document.pointer_mut(pointer).unwrap(), wrong);
        assert_ne!(schema.complaints(&document), "", "{pointer}");
        *document.pointer_mut(pointer).unwrap() = right;
    }
}

#[test]
fn xmllint_validates_junit() {
    let xml = mixed(&Lab::new(), "junit").stdout;
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/junit.xsd");
    let mut command = Command::new("xmllint");
    command.arg("--noout").arg("--schema").arg(schema).arg("-");
    if let Some(said) = reader(&mut command, &xml, "xmllint is not installed") {
        assert_eq!(said, Ok(()), "{xml}");
    }
    assert_eq!(xml.matches("<testcase").count(), 3);
    assert_eq!(
        (
            xml.matches("<failure").count(),
            xml.matches("<error").count()
        ),
        (1, 1)
    );
}

/// The reference parser of the text format, from the variable's directory.
#[test]
fn the_official_parser_reads_prometheus() {
    let text = mixed(&Lab::new(), "prometheus").stdout;
    assert!(
        text.contains("ssl_probe_success{target=\"localhost:"),
        "{text}"
    );
    let Some(directory) = Tool::Prometheus.find() else {
        return;
    };
    let script = "import sys\n\
        from prometheus_client.parser import text_string_to_metric_families as parse\n\
        names = [sample.name for family in parse(sys.stdin.read()) for sample in family.samples]\n\
        assert names.count('ssl_probe_success') == 3, names\n\
        assert 'ssl_cert_not_after' in names, names";
    let mut command = Command::new("python3");
    command.args(["-c", script]).env("PYTHONPATH", directory);
    if let Some(said) = reader(&mut command, &text, "python3 is not installed") {
        assert_eq!(said, Ok(()), "{text}");
    }
}

/// Python's own reader, which is that of RFC 4180.
#[test]
fn csv_has_the_same_columns_in_every_row() {
    let csv = with_hostile_names(&Lab::new(), "csv");
    let script = "import csv, sys\n\
        rows = list(csv.DictReader(sys.stdin, strict=True))\n\
        assert len(rows) == 12, len(rows)\n\
        assert all(None not in row and None not in row.values() for row in rows), rows\n\
        days = [int(row['days_left']) for row in rows]\n\
        assert days == sorted(days), days\n\
        assert {row['role'] for row in rows} == {'leaf', 'root'}, rows\n\
        risky = [row['endpoint'] for row in rows if '@root' in row['endpoint']]\n\
        assert len(risky) == 4 and all(name.startswith(\"'@root\") for name in risky), risky\n\
        assert not any(cell[:1] in set('=+-@') for row in rows for cell in row.values()), rows";
    let mut command = Command::new("python3");
    command.args(["-c", script]);
    if let Some(said) = reader(&mut command, &csv, "python3 is not installed") {
        assert_eq!(said, Ok(()), "{csv}");
    }
}

#[test]
fn github_gets_an_annotation_for_every_failure() {
    let lab = Lab::new();
    lab.client
        .write("list", format!("# of two\n{}\n", lab.wrong_host()));
    let run = lab.check(&["--format", "github", "--from", "list"]);
    let expected = "::error title=other.example%3A";
    let annotation = run.stdout.lines().find(|line| line.starts_with(expected));
    assert!(
        annotation.is_some_and(|line| line.contains("host-name-mismatch,file=list,line=2::")),
        "{run:?}"
    );
}

#[test]
fn sarif_points_to_the_line_of_the_string() {
    let lab = Lab::new();
    lab.client
        .write("list", format!("\n\n{}", lab.wrong_host()));
    let log = lab.check(&["--format", "sarif", "--from", "list"]).json();
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "host-name-mismatch");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "list");
    assert_eq!(place["region"]["startLine"], 3);
}

/// Endpoints whose names would be links, images, mentions and tags.
fn with_hostile_names(lab: &Lab, format: &str) -> String {
    let mut text = String::new();
    for name in [
        "[x](https://evil.example/a) https://evil.example/b www.evil.example",
        "![i](https://evil.example/i.png) <img src=https://evil.example/j.png>",
        "@root #1 a@evil.example | cut ` ``` \\\\| <script>alert(1)</script>",
    ] {
        for string in [lab.good(), lab.wrong_host()] {
            text.push_str(&format!("[[endpoint]]\nname = \"{name} {}\"\n", text.len()));
            text.push_str(&format!("conninfo = \"{string}\"\n"));
        }
    }
    lab.client.write("names.toml", text);
    let run = lab.check(&["--format", format, "--config", "names.toml"]);
    assert_eq!(run.code, 7, "{run:?}");
    run.stdout
}

/// GitHub's own reader of Markdown makes no link, no image and no tag of what is not ours.
#[test]
fn github_s_reader_of_markdown_finds_only_our_own_marks() {
    let markdown = with_hostile_names(&Lab::new(), "markdown");
    let mut command = Command::new("cmark-gfm");
    command.args([
        "--unsafe",
        "-e",
        "table",
        "-e",
        "autolink",
        "-e",
        "strikethrough",
    ]);
    let Some(html) = output_of(&mut command, &markdown, "cmark-gfm is not installed") else {
        return;
    };
    let tags: std::collections::BTreeSet<&str> = html
        .split('<')
        .skip(1)
        .map(|rest| {
            rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '/')
                .next()
                .unwrap()
        })
        .map(|tag| tag.trim_start_matches('/'))
        .collect();
    let ours = [
        "br", "code", "details", "h2", "h3", "p", "pre", "strong", "summary", "table", "tbody",
        "td", "th", "thead", "tr",
    ];
    let foreign: Vec<_> = tags.iter().filter(|tag| !ours.contains(tag)).collect();
    assert!(foreign.is_empty(), "{foreign:?} in {html}");
    assert_eq!(html.matches("<tr>").count(), 7, "{html}");
    assert_eq!(html.matches("<td").count(), 6 * 5, "{html}");
    // A mention would be found in what is not code.
    let outside: String = html
        .split("<code")
        .map(|part| part.split_once("</code>").map_or(part, |(_, rest)| rest))
        .collect();
    assert!(
        !outside.contains("@root") && !outside.contains("evil"),
        "{outside}"
    );
}

#[test]
fn html_validate_has_no_complaint() {
    let lab = Lab::new();
    let pages = [mixed(&lab, "html").stdout, with_hostile_names(&lab, "html")];
    for page in &pages {
        assert!(!page.contains("<script>alert"), "{page}");
    }
    let Some(directory) = Tool::HtmlValidate.find() else {
        return;
    };
    for page in pages {
        let mut command = Command::new("node");
        command
            .arg(Path::new(&directory).join("node_modules/html-validate/bin/html-validate.mjs"))
            .args(["--stdin", "--preset", "recommended"]);
        let said = output_of(&mut command, &page, "node is not installed");
        assert_eq!(said.as_deref().map(str::trim), Some(""), "{page}");
    }
}

/// Only the annotations of a job come with its summary, and each run adds to it.
#[test]
fn the_summary_of_a_job_is_appended_with_its_annotations() {
    let mut lab = Lab::new();
    let summary = lab.client.home.path().join("summary.md");
    lab.client =
        std::mem::replace(&mut lab.client, Client::new()).with("GITHUB_STEP_SUMMARY", &summary);
    lab.check(&[&lab.good()]);
    lab.check(&["--format", "github", "--quiet", &lab.good()]);
    assert!(!summary.exists());
    std::fs::write(&summary, "# From another step\n").unwrap();
    let run = lab.check(&["--format", "github", &lab.good()]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    let run = lab.check(&["--format", "github", &lab.wrong_host()]);
    assert_eq!((run.code, run.stderr.as_str()), (7, ""), "{run:?}");
    let text = std::fs::read_to_string(&summary).unwrap();
    assert!(
        text.starts_with("# From another step\n\n## ✅ pgtls: the endpoint passed\n"),
        "{text}"
    );
    assert!(
        text.contains("\n\n## ❌ pgtls: the endpoint failed\n"),
        "{text}"
    );
}

#[test]
fn a_summary_that_cannot_be_written_is_reported_and_changes_no_exit_code() {
    let mut lab = Lab::new();
    let missing = lab.client.home.path().join("missing/summary.md");
    lab.client =
        std::mem::replace(&mut lab.client, Client::new()).with("GITHUB_STEP_SUMMARY", missing);
    for (string, code) in [(lab.good(), 0), (lab.wrong_host(), 7)] {
        let run = lab.check(&["--format", "github", &string]);
        assert_eq!(run.code, code, "{run:?}");
        assert!(run.stderr.contains("GITHUB_STEP_SUMMARY"), "{run:?}");
        assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    }
}

#[test]
fn reports_go_to_files_and_to_the_screen() {
    let lab = Lab::new();
    lab.client.write(
        "old.json",
        "what stood there before, and was longer than nothing",
    );
    let run = lab.check(&[
        "--report",
        "json=old.json",
        "--report",
        "junit=new.xml",
        &lab.good(),
    ]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.starts_with("PASS"), "{run:?}");
    let read = |name: &str| std::fs::read_to_string(lab.client.home.path().join(name)).unwrap();
    let document: Value = serde_json::from_str(&read("old.json")).unwrap();
    assert_eq!(document["verdict"], "pass");
    assert!(read("new.xml").starts_with("<?xml"));
    let left: Vec<_> = std::fs::read_dir(lab.client.home.path()).unwrap().collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn a_report_that_cannot_be_written_is_not_a_pass_and_hides_no_failure() {
    let lab = Lab::new();
    let arguments = ["--report", "json=missing/report.json"];
    for (string, code) in [(lab.good(), 2), (lab.wrong_host(), 7)] {
        let run = lab.check(&[&arguments[..], &[&string]].concat());
        assert_eq!(run.code, code, "{run:?}");
        assert!(run.stderr.contains("missing/report.json"), "{run:?}");
    }
}

/// The standard output of a program that reads the text; `None` if it is not installed.
fn output_of(command: &mut Command, text: &str, missing: &str) -> Option<String> {
    let Ok(output) = fed(command, text) else {
        skip(missing);
        return None;
    };
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.is_empty(), "{error}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// What a program that reads standard input prints for the text; `None` if it is not installed.
fn reader(command: &mut Command, text: &str, missing: &str) -> Option<Result<(), String>> {
    let Ok(output) = fed(command, text) else {
        skip(missing);
        return None;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(output.status.success().then_some(()).ok_or(said))
}
