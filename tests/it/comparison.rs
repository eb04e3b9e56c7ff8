//! Do other checkers do what docs/comparison.md says? Each is run by `pgtls lab run`, as a reader would.

use std::path::Path;

use crate::support::client::Client;
use crate::support::postgres::programs;
use crate::support::skip::has_openssl;
use crate::support::tool::Tool;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The faults that a slow program is asked about.
const FEW: [&str; 5] = ["good", "cn-only", "expired-root", "revoked", "wrong-host"];

/// The cells of a column of the page, with their faults.
fn column(heading: &str) -> Vec<(String, String)> {
    let page = std::fs::read_to_string(Path::new(ROOT).join("docs/comparison.md")).unwrap();
    let (_, behind) = page.split_once("<!-- table -->\n").unwrap();
    let (table, _) = behind.split_once("<!-- end of table -->").unwrap();
    let cells = |line: &str| -> Vec<String> {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace("**", "")).collect()
    };
    let mut lines = table.lines();
    let headings = cells(lines.next().unwrap());
    let index = headings.iter().position(|one| one == heading).unwrap();
    let rows = lines.skip(1).map(cells);
    rows.map(|row| (row[0].clone(), row[index].clone()))
        .collect()
}

/// Runs a program at the servers with these faults, and compares what it does with its column.
fn compare(heading: &str, faults: &[&str], client: &Client, options: &[&str], program: &[&str]) {
    let arguments = [&["lab", "run"], options, faults, &["--"], program].concat();
    let run = client.pgtls(&arguments);
    let cells = column(heading);
    let mut compared = 0;
    for (fault, said) in &cells {
        let start = format!("{fault} ");
        let Some(line) = run.stdout.lines().find(|line| line.starts_with(&start)) else {
            continue;
        };
        let does = if line.contains("  accepted, ") {
            "passes"
        } else {
            "refuses"
        };
        assert_eq!(does, said, "{heading}: {line}\n{run:?}");
        compared += 1;
    }
    assert!(compared >= faults.len().max(1), "{heading}: {run:?}");
}

/// A home whose programs find other programs.
fn client() -> Client {
    Client::new().with("PATH", std::env::var_os("PATH").unwrap_or_default())
}

/// All faults of the page but the one that programs wait for.
fn all(cells: &[(String, String)]) -> Vec<&str> {
    let names = cells.iter().map(|(fault, _)| fault.as_str());
    names.filter(|fault| *fault != "never-answers").collect()
}

#[test]
fn psql_and_pgtls_do_what_the_page_says() {
    let Some(programs) = programs() else {
        return;
    };
    let client = client();
    let cells = column("psql 15");
    // psql 17 knows direct TLS.
    let faults: Vec<&str> = all(&cells)
        .into_iter()
        .filter(|fault| *fault != "direct-only")
        .collect();
    let psql = programs.join("psql").display().to_string();
    compare(
        "psql 15",
        &faults,
        &client,
        &[],
        &[&psql, "-Xc", "select 1"],
    );
    let pgtls = [env!("CARGO_BIN_EXE_pgtls"), "check"];
    compare("pgtls", &all(&cells), &client, &["--gate"], &pgtls);
}

#[test]
fn openssl_does_what_the_page_says() {
    if !has_openssl() {
        return;
    }
    for (heading, script) in [
        ("`openssl s_client`, short", "openssl-short"),
        ("`openssl s_client`, in full", "openssl"),
    ] {
        let cells = column(heading);
        // OpenSSL 3.5 has more algorithms than 3.0. Without a certificate it may end before the server's refusal comes.
        let faults: Vec<&str> = all(&cells)
            .into_iter()
            .filter(|fault| !matches!(*fault, "ml-dsa" | "client-cert-required"))
            .collect();
        let program = format!("{ROOT}/tests/lab-checkers/{script}");
        compare(heading, &faults, &client(), &["--gate"], &[&program]);
    }
}

#[test]
fn sslyze_does_what_the_page_says() {
    let Some(sslyze) = Tool::Sslyze.find() else {
        return;
    };
    let client = client().with("PYTHONPATH", &sslyze);
    let program = format!("{ROOT}/tests/lab-checkers/sslyze");
    let options = ["--gate", "--timeout", "120"];
    compare("sslyze", &FEW, &client, &options, &[&program]);
}
