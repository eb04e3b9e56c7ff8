//! `docs/screens.md`: what the program prints, from the snapshots of the tests, so that it is never old.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The title of a screen, and the file of its snapshot.
const SCREENS: &[(&str, &str)] = &[
    ("One pass", "src/report/text/snapshots/screen-pass.snap"),
    (
        "One failure",
        "src/report/text/snapshots/screen-failure.snap",
    ),
    (
        "A pass that proves nothing",
        "src/report/text/snapshots/screen-unverified.snap",
    ),
    (
        "60 passes",
        "src/report/text/snapshots/screen-sixty-pass.snap",
    ),
    (
        "40 endpoints, 8 of which fail",
        "src/report/text/snapshots/screen-forty-with-eight-failures.snap",
    ),
    ("An audit", "src/report/text/snapshots/screen-audit.snap"),
    (
        "Three audits",
        "src/report/text/snapshots/screen-three-audits.snap",
    ),
    (
        "An interrupted run",
        "src/report/text/snapshots/screen-interrupted.snap",
    ),
    (
        "A certificate request",
        "src/report/text/snapshots/screen-request.snap",
    ),
    ("A scan", "src/report/snapshots/screen-scan.snap"),
];

/// The same for what each standard says of PostgreSQL.
const STANDARDS: &[(&str, &str)] = &[
    (
        "PostgreSQL 15",
        "tests/it/audit/snapshots/it__audit__profiles__what_each_standard_says_of_postgresql_15.snap",
    ),
    (
        "PostgreSQL 18",
        "tests/it/audit/snapshots/it__audit__profiles__what_each_standard_says_of_postgresql_18.snap",
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The contents of a snapshot.
fn snapshot(file: &str) -> String {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let (_, contents) = text
        .strip_prefix("---\n")
        .unwrap()
        .split_once("\n---\n")
        .unwrap();
    contents.trim_end().to_owned()
}

/// The parts of a snapshot with several widths: the number of columns, and the screen.
fn widths(contents: &str) -> Vec<(String, String)> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for line in contents.lines() {
        let ruler = line.trim_start_matches('-');
        match (line.len() - ruler.len() >= 40).then(|| ruler.trim()) {
            Some(columns) => parts.push((columns.to_owned(), String::new())),
            None => {
                let (_, screen) = parts.last_mut().unwrap();
                screen.push_str(line);
                screen.push('\n');
            }
        }
    }
    parts
}

fn page() -> String {
    let mut page = "# Screens\n\nWhat `pgtls` prints on terminals of 40, 80 and 120 columns; lines end at 100 at the latest. \
                    The tests of the report write this\npage from their snapshots: `PGTLS_UPDATE_DOCS=1 cargo test screens`.\n"
        .to_owned();
    for (title, file) in SCREENS {
        writeln!(page, "\n## {title}").unwrap();
        for (columns, screen) in widths(&snapshot(file)) {
            let screen = screen.trim_end();
            // The usual terminal is open, the others are folded.
            match (columns.as_str(), screen.lines().count()) {
                ("80", ..=60) => writeln!(page, "\n```text\n{screen}\n```"),
                (_, lines) => writeln!(
                    page,
                    "\n<details><summary>{columns} columns, {lines} lines</summary>\n\n```text\n{screen}\n```\n\n</details>"
                ),
            }
            .unwrap();
        }
    }
    page += "\n## What each standard says of PostgreSQL\n\nThree settings of a server, every built-in profile, and the requirements that are not met: `pgtls audit --profile`.\n\
             A profile without a line below it has nothing to fault.\n";
    for (title, file) in STANDARDS {
        writeln!(page, "\n### {title}\n\n{}", table(&snapshot(file))).unwrap();
    }
    page
}

/// One row for each setting and profile.
fn table(contents: &str) -> String {
    let mut rows: Vec<(String, String, Vec<String>)> = Vec::new();
    let mut setting = String::new();
    for line in contents.lines() {
        let text = line.trim_start();
        match line.len() - text.len() {
            0 => setting = text.to_owned(),
            2 => rows.push((setting.clone(), text.to_owned(), Vec::new())),
            _ => rows.last_mut().unwrap().2.push(text.to_owned()),
        }
    }
    let mut table = "| setting | profile | not met |\n| --- | --- | --- |".to_owned();
    for (setting, profile, failed) in rows {
        let failed = match failed.as_slice() {
            [] => "nothing".to_owned(),
            failed => failed.join("<br>"),
        };
        write!(table, "\n| {setting} | `{profile}` | {failed} |").unwrap();
    }
    table
}

#[test]
fn the_page_of_screens_shows_what_the_program_prints() {
    let page = page();
    let path = root().join("docs/screens.md");
    if std::env::var_os("PGTLS_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "PGTLS_UPDATE_DOCS=1 cargo test screens rewrites docs/screens.md"
    );
}

/// No line is longer than its page, unless it is to be pasted, begins with a file and a line for editors, or has no
/// place to break.
#[test]
fn screens_fit_their_pages() {
    const WHOLE: [&str; 3] = ["        ", "    More: pgtls explain ", ".env:"];
    for (title, file) in SCREENS {
        for (columns, screen) in widths(&snapshot(file)) {
            let limit = columns.parse::<usize>().unwrap().min(100);
            for line in screen.lines().filter(|line| line.chars().count() > limit) {
                let words = line.split_whitespace().count();
                let whole = WHOLE.iter().any(|start| line.starts_with(start));
                assert!(words <= 2 || whole, "{title}, {columns}: {line}");
            }
        }
    }
}
