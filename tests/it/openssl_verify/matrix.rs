//! The tables in docs/libpq.md: where which version of OpenSSL differs from pgtls.
//!
//! `PGTLS_UPDATE_MATRIX=1` writes them again. A column is compared only if this machine has that version.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Disagreement;
use super::differences::{DIFFERENCES, Kind};
use super::referees_of;

const START: &str =
    "<!-- The tests write what follows: PGTLS_UPDATE_MATRIX=1 cargo test chains_are_judged -->\n";
const END: &str = "<!-- Up to here. -->\n";

/// What a case is about: the part of its name before the colon.
pub(crate) fn topic(case: &str) -> String {
    match case.split_once(": ") {
        Some((topic, _)) => topic.to_owned(),
        None => "single changes and pairs of them".to_owned(),
    }
}

/// Cells by row and column.
type Table = BTreeMap<(String, String), String>;

pub(crate) fn check(topics: &BTreeSet<String>, found: &[Disagreement]) {
    let mut versions: Vec<_> = referees_of()
        .iter()
        .map(|library| library.openssl)
        .collect();
    versions.sort();
    let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
    let names: Vec<String> = DIFFERENCES
        .iter()
        .map(|difference| difference.name.to_owned())
        .collect();
    let mut counts = Table::new();
    let mut kinds = Table::new();
    for version in &versions {
        let here: Vec<_> = found
            .iter()
            .filter(|found| found.library.openssl.to_string() == *version)
            .collect();
        for topic in topics {
            let count = here
                .iter()
                .filter(|found| self::topic(&found.case) == *topic)
                .count();
            let cell = if count == 0 {
                "=".to_owned()
            } else {
                count.to_string()
            };
            counts.insert((topic.clone(), version.clone()), cell);
        }
        for difference in DIFFERENCES {
            let kinds_here: BTreeSet<Kind> = here
                .iter()
                .filter(|found| {
                    found
                        .explanation
                        .is_some_and(|this| this.name == difference.name)
                })
                .map(|found| found.kind)
                .collect();
            kinds.insert(
                (difference.name.to_owned(), version.clone()),
                words(&kinds_here),
            );
        }
    }
    let all_lines = versions.iter().any(|version| version.starts_with("1.1.1"))
        && versions.iter().any(|version| version.starts_with("3.5"));
    for name in names.iter().filter(|_| all_lines) {
        assert!(
            versions
                .iter()
                .any(|version| kinds[&(name.clone(), version.clone())] != "="),
            "{name}: no chain shows this difference any longer"
        );
    }
    // A topic on which all agree needs no row of its own.
    let is_told = |topic: &&String| {
        versions
            .iter()
            .any(|version| counts[&((*topic).clone(), version.clone())] != "=")
    };
    let told: Vec<String> = topics.iter().filter(is_told).cloned().collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/libpq.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once(START).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("PGTLS_UPDATE_MATRIX").is_some() {
        let sentences: String = DIFFERENCES
            .iter()
            .map(|difference| format!("- **{}**: {}\n", difference.name, difference.sentence))
            .collect();
        let text = format!(
            "{before}{START}\n{}\n{}\n{sentences}\n{END}{after}",
            render("chains about", &told, &versions, &counts),
            render("difference", &names, &versions, &kinds)
        );
        std::fs::write(&path, text).unwrap();
        return;
    }
    let written = read(written);
    for (place, cell) in counts.iter().chain(&kinds) {
        let (row, version) = place;
        let is_column = written.keys().any(|(_, column)| column == version);
        let cell_there = written.get(place).map_or("=", String::as_str);
        assert!(
            !is_column || cell_there == cell,
            "docs/libpq.md, {row}, OpenSSL {version}: {cell} is not what is written there. Update the table."
        );
    }
}

fn words(kinds: &BTreeSet<Kind>) -> String {
    let words: Vec<&str> = kinds
        .iter()
        .map(|kind| match kind {
            Kind::Accepts => "accepts",
            Kind::Refuses => "refuses",
            Kind::OtherReason => "other reason",
        })
        .collect();
    match words.is_empty() {
        true => "=".to_owned(),
        false => words.join(", "),
    }
}

fn render(corner: &str, rows: &[String], columns: &[String], table: &Table) -> String {
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(
        [corner]
            .into_iter()
            .chain(columns.iter().map(String::as_str))
            .collect(),
    );
    text.push_str(&line(vec!["---"; columns.len() + 1]));
    for row in rows {
        let cells = columns
            .iter()
            .map(|column| table[&(row.clone(), column.clone())].as_str());
        text.push_str(&line([row.as_str()].into_iter().chain(cells).collect()));
    }
    text
}

/// Both tables as they are written.
fn read(text: &str) -> Table {
    let mut table = Table::new();
    let mut columns: Vec<&str> = Vec::new();
    for line in text.lines() {
        let Some(line) = line
            .strip_prefix("| ")
            .and_then(|line| line.strip_suffix(" |"))
        else {
            columns.clear();
            continue;
        };
        let cells: Vec<&str> = line.split(" | ").collect();
        if columns.is_empty() {
            columns = cells;
        } else if cells[0] != "---" {
            for (column, cell) in columns.iter().zip(&cells).skip(1) {
                table.insert(
                    (cells[0].to_owned(), (*column).to_owned()),
                    (*cell).to_owned(),
                );
            }
        }
    }
    table
}
