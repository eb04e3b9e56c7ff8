use proptest::prelude::*;

use super::*;
use crate::report::{json, sample};

fn lines() -> String {
    let mut out = Vec::new();
    json::write_lines(&mut out, &sample::report()).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn what_was_written_is_read() {
    let endpoints = read(lines().as_bytes()).unwrap().endpoints;
    let written = sample::report().endpoints;
    assert_eq!(endpoints.len(), written.len());
    for (read, written) in endpoints.into_iter().zip(written) {
        let value = serde_json::to_value(written).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), value);
    }
}

fn document() -> String {
    let mut out = Vec::new();
    json::write(&mut out, &sample::report()).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn documents_and_lists_are_read_like_lines() {
    let (lines, document) = (lines(), document());
    let one_line: Value = serde_json::from_str(&document).unwrap();
    let slurped: Vec<&str> = lines.lines().collect();
    let expected = sample::report().endpoints.len();
    for (text, runs) in [
        (document.clone(), 1),
        (one_line.to_string(), 1),
        (format!("\n{document}\n{one_line}{document}"), 3),
        (format!("[{document},{one_line}]"), 2),
        (format!("[{}]", slurped.join(",\n")), 1),
        (format!("[{}]\n{document}", slurped.join(",")), 2),
    ] {
        let merged = read(text.as_bytes()).unwrap();
        assert_eq!(merged.endpoints.len(), runs * expected, "{text:.80}");
        assert_eq!(merged.checked_at, sample::report().checked_at);
    }
}

#[test]
fn another_document_is_json_too() {
    for text in ["{\n  \"parameters\": []\n}\n", "{\"parameters\": []}"] {
        let error = read(text.as_bytes()).unwrap_err();
        assert_eq!(error.fault, Fault::Endpoint, "{text}");
    }
    let error = read(b"{\n  \"parameters\": [").unwrap_err();
    assert_eq!((error.line, error.fault), (1, Fault::Json));
}

/// A run with `--hosts any`: the first host failed, and the second one was enough.
fn one_of_two() -> Report {
    Report::merged(vec![sample::wrong_host(), sample::passing()], Exit::Passed)
}

#[test]
fn a_run_that_passed_with_one_of_its_hosts_still_passes() {
    let report = one_of_two();
    let (mut document, mut lines) = (Vec::new(), Vec::new());
    json::write(&mut document, &report).unwrap();
    json::write_lines(&mut lines, &report).unwrap();
    for text in [&document, &lines, &[&*document, &*document].concat()] {
        assert_eq!(read(text).unwrap().exit, Exit::Passed);
    }
    // A version that did not write how the run ended.
    let older = String::from_utf8(lines).unwrap().replacen(
        "{\"run_endpoints\":2,\"exit_code\":0",
        "{\"run_endpoints\":2",
        1,
    );
    assert_eq!(read(older.as_bytes()).unwrap().exit, Exit::WrongHost);
    let failing = Report::merged(vec![sample::wrong_host()], Exit::WrongHost);
    let mut both = document;
    json::write(&mut both, &failing).unwrap();
    assert_eq!(read(&both).unwrap().exit, Exit::WrongHost);
}

#[test]
fn a_run_cannot_pass_without_an_endpoint_that_does() {
    let report = Report::merged(vec![sample::wrong_host()], Exit::Passed);
    let (mut document, mut lines) = (Vec::new(), Vec::new());
    json::write(&mut document, &report).unwrap();
    json::write_lines(&mut lines, &report).unwrap();
    let failed = Report::merged(vec![sample::passing()], Exit::WrongHost);
    let mut unfinished = Vec::new();
    json::write_lines(&mut unfinished, &failed).unwrap();
    for (text, fault) in [
        (document, Fault::NothingPassed),
        (lines, Fault::NothingPassed),
        (unfinished, Fault::Unfinished),
    ] {
        assert_eq!(read(&text).map(|_| ()).unwrap_err().fault, fault);
    }
}

#[test]
fn the_line_of_a_fault_is_that_of_the_last_document() {
    let mut text = Vec::new();
    json::write(&mut text, &one_of_two()).unwrap();
    let lines = lines_in(&text);
    let text = [&*text, b"\n\n", &text, b"[1]\n"].concat();
    let error = read(&text).map(|_| ()).unwrap_err();
    assert_eq!(error.line, 2 * lines + 3);
}

#[test]
fn no_document_that_is_not_whole_is_taken() {
    let whole = document();
    for end in (1..whole.trim_end().len()).step_by(61) {
        assert!(read(whole.as_bytes().get(..end).unwrap()).is_err(), "{end}");
        let behind = format!("{whole}{}", whole.get(..end).unwrap_or_default());
        assert!(read(behind.as_bytes()).is_err(), "{end}");
    }
    let changed = |change: fn(&mut Value)| {
        let mut document: Value = serde_json::from_str(&whole).unwrap();
        change(&mut document);
        read(document.to_string().as_bytes())
            .map(|_| ())
            .unwrap_err()
            .fault
    };
    for (change, fault) in [
        (
            (|one| one["schema_version"] = 2.into()) as fn(&mut Value),
            Fault::Newer,
        ),
        (|one| one["schema_version"] = Value::Null, Fault::Endpoint),
        (|one| one["verdict"] = "pass".into(), Fault::Contradiction),
        (
            |one| one["endpoints"][1]["verdict"] = "pass".into(),
            Fault::Contradiction,
        ),
        (
            |one| one["endpoints"].as_array_mut().unwrap().truncate(1),
            Fault::Unfinished,
        ),
        (
            |one| one["endpoints"] = Value::Array(Vec::new()),
            Fault::Unfinished,
        ),
        (|one| one["endpoints"][0] = Value::Null, Fault::Endpoint),
    ] {
        assert_eq!(changed(change), fault);
    }
    for list in ["[]", "[1]", "[{}]", "[[]]", "[", "[]]"] {
        assert!(read(list.as_bytes()).is_err(), "{list}");
    }
}

#[test]
fn a_new_field_is_not_a_fault() {
    let line = lines().replacen('{', "{\"news\": [1], ", 1);
    assert!(read(line.as_bytes()).is_ok());
}

#[test]
fn a_word_of_a_newer_version_is_kept() {
    let line = lines().replacen("\"libpq-root-missing\"", "\"news\"", 1);
    let line = line.replacen("\"warning\"", "\"rumour\"", 1);
    let endpoint = read(line.as_bytes()).unwrap().endpoints.remove(0);
    let finding = endpoint.findings.first().unwrap();
    assert_eq!((finding.code.known(), finding.level.known()), (None, None));
    let written = serde_json::to_string(&endpoint).unwrap();
    assert!(
        written.contains("\"level\":\"rumour\",\"code\":\"news\""),
        "{written}"
    );
}

#[test]
fn lines_that_are_not_an_endpoint_are_refused_with_their_number() {
    let good = lines();
    let first = good.lines().next().unwrap();
    for wrong in [
        "{}",
        "null",
        "[]",
        "PASS  db.example.com:5432",
        "{\"schema_version\": 1, \"verdict\": \"pass\", \"exit_code\": 0, \"endpoints\": []}",
        &first.replace("\"pass\"", "\"fail\""),
        &first.replace("\"exit_code\":0", "\"exit_code\":7"),
        &first.replace("\"exit_code\":0", "\"exit_code\":99"),
        &first.replace("\"pass\"", "\"perhaps\""),
    ] {
        let error = read(format!("{first}\n\n{wrong}\n").as_bytes()).unwrap_err();
        assert_eq!(error.line, 3, "{wrong}");
    }
}

#[test]
fn no_line_that_was_cut_short_is_taken() {
    let good = lines();
    for line in good.lines() {
        for end in 1..line.len() {
            let cut = line.as_bytes().get(..end).unwrap();
            assert!(read(cut).is_err(), "{end}");
        }
    }
}

#[test]
fn no_file_that_lacks_a_line_is_taken() {
    let whole = lines();
    let all: Vec<&str> = whole.lines().collect();
    for gone in 0..all.len() {
        let rest: Vec<&str> = [&all[..gone], &all[gone + 1..]].concat();
        let error = read(rest.join("\n").as_bytes()).map(|_| ()).unwrap_err();
        let ends = matches!(error.fault, Fault::NoEnd | Fault::Count { .. });
        assert!(ends, "{error}");
    }
    for end in 0..all.len() {
        assert!(read(all[..end].join("\n").as_bytes()).is_err(), "{end}");
    }
    let twice = format!("{whole}{}\n", all[0]);
    assert!(read(twice.as_bytes()).is_err());
}

#[test]
fn several_runs_may_be_in_one_file_in_any_order() {
    let whole = lines();
    let mut all: Vec<&str> = whole.lines().chain(whole.lines()).collect();
    all.push("{\"run_endpoints\": 0}");
    all.reverse();
    let endpoints = read(all.join("\n").as_bytes()).unwrap().endpoints;
    assert_eq!(endpoints.len(), 2 * sample::report().endpoints.len());
}

#[test]
fn nothing_steers_the_terminal() {
    let line = lines().replacen("psql would", "\\u001b[31m psql \\u202e would", 1);
    let endpoint = read(line.as_bytes()).unwrap().endpoints.remove(0);
    let message = &endpoint.findings.first().unwrap().message;
    assert!(
        message.starts_with("\\x1b[31m psql \\u{202e} would"),
        "{message}"
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&text);
    }
}
