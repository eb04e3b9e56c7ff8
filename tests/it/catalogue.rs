//! Do the catalogue of codes, `pgtls explain` and the tests agree?

use std::path::Path;

use crate::support::client::Client;
use pgtls::diagnose::Code;

#[test]
fn explain_lists_every_code_and_prints_its_page() {
    let client = Client::new();
    let list = client.pgtls(&["explain"]);
    assert_eq!(list.code, 0, "{list:?}");
    let names: Vec<&str> = list
        .stdout
        .lines()
        .filter_map(|l| l.split(' ').next())
        .collect();
    let all: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names, all);
    for code in Code::ALL {
        let page = client.pgtls(&["explain", code.name()]);
        assert_eq!(page.code, 0, "{page:?}");
        assert!(
            page.stdout
                .starts_with(&format!("# {}: {}", code.name(), code.title()))
        );
        assert!(page.stdout.contains("## What to do"), "{page:?}");
    }
}

#[test]
fn a_misspelt_code_gets_a_suggestion() {
    let run = Client::new().pgtls(&["explain", "unknown-isuer"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(
        run.stderr.contains("did you mean unknown-issuer"),
        "{run:?}"
    );
}

#[test]
fn a_drivers_message_finds_its_page_and_is_not_repeated() {
    let client = Client::new();
    let one = client.pgtls(&[
        "explain",
        "postgres://u:hunter2@db.x/d: server certificate for \"db.internal\" (and 1 other name) does not match host name \"x\"",
    ]);
    assert_eq!(one.code, 0, "{one:?}");
    assert!(one.stdout.contains("# host-name-mismatch: "), "{one:?}");
    let several = client.pgtls(&[
        "explain",
        "Error: password=hunter2 UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    ]);
    assert_eq!(several.code, 0, "{several:?}");
    for code in ["missing-intermediate", "unknown-issuer"] {
        assert!(
            several.stdout.contains(&format!("\n  {code} ")),
            "{several:?}"
        );
    }
    // Names of all lengths, and still two columns.
    let long = client.pgtls(&["explain", "FileNotFoundError: '/hunter2/ca.pem'"]);
    for row in [
        "\n  root-file-missing         it is",
        "\n  client-cert-file-missing  it is",
    ] {
        assert!(long.stdout.contains(row), "{long:?}");
    }
    let unknown = client.pgtls(&["explain", "something else: hunter2"]);
    assert_eq!(
        (unknown.code, unknown.stdout.as_str()),
        (2, ""),
        "{unknown:?}"
    );
    for run in [one, several, long, unknown] {
        assert!(!format!("{run:?}").contains("hunter2"), "{run:?}");
    }
}

/// Looks for the name of each code as a string in the other topics. That does not prove that a test provokes it,
/// but finds a new code without any test.
#[test]
fn every_code_is_named_by_a_test() {
    let mut text = String::new();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    read_all(&tests, &mut text);
    let silent: Vec<&str> = Code::ALL
        .iter()
        .map(|code| code.name())
        .filter(|name| !text.contains(&format!("\"{name}\"")))
        .collect();
    assert_eq!(silent, Vec::<&str>::new(), "no test names these codes");
}

fn read_all(directory: &Path, text: &mut String) {
    for entry in directory.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, text);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("catalogue.rs") {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}
