//! Does mdBook build the book of docs/, with a page for each finding and for each message of a driver, and no broken link?

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::tool::Tool;
use pgtls::diagnose::Code;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Everything that stands in an attribute with this name.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    let behind = page.split(start.as_str()).skip(1);
    behind.map(|text| text.split('"').next().unwrap()).collect()
}

fn pages(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in directory.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "html")
        {
            found.push(path);
        }
    }
    found
}

/// Links within the book that lead to no file, or to no place in it.
fn broken(book: &Path) -> BTreeSet<String> {
    let mut broken = BTreeSet::new();
    let mut places: BTreeMap<PathBuf, Option<BTreeSet<String>>> = BTreeMap::new();
    // mdBook's own page for a wrong address has a link to the root of a site.
    let is_404 = |path: &PathBuf| path.ends_with("404.html");
    for path in pages(book).into_iter().filter(|path| !is_404(path)) {
        let page = std::fs::read_to_string(&path).unwrap();
        for link in attributes(&page, "href") {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                _ => path.parent().unwrap().join(file),
            };
            let ids = places.entry(target).or_insert_with_key(|target| {
                let bytes = std::fs::read(target).ok()?;
                let text = String::from_utf8_lossy(&bytes);
                let ids = attributes(&text, "id").into_iter().map(str::to_owned);
                Some(ids.collect())
            });
            let leads = |ids: &BTreeSet<String>| fragment.is_empty() || ids.contains(fragment);
            if !ids.as_ref().is_some_and(leads) {
                broken.insert(format!("{}: {link}", path.display()));
            }
        }
    }
    broken
}

#[test]
fn the_book_is_complete_and_its_links_lead_somewhere() {
    let Some(mdbook) = Tool::Mdbook.find() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let book = place.path().join("book");
    let output = Command::new(mdbook)
        .args(["build", "--dest-dir"])
        .arg(&book)
        .arg(ROOT)
        .current_dir(ROOT)
        .env("PGTLS_PROGRAM", env!("CARGO_BIN_EXE_pgtls"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");

    let read = |name: &str| std::fs::read_to_string(book.join(name)).unwrap();
    for code in Code::ALL {
        let page = read(&format!("findings/{}.html", code.name()));
        assert!(page.contains("What to do"), "{}", code.name());
    }
    let introduction = read("introduction.html");
    assert!(introduction.contains("href=\"findings/unsupported-algorithm.html\""));
    // No dash of the typesetter where an option begins.
    assert!(introduction.contains("--login") && !introduction.contains("–login"));

    // One question for each row of the table of messages.
    let messages = std::fs::read_to_string(Path::new(ROOT).join("docs/messages.md")).unwrap();
    let rows = messages
        .lines()
        .filter(|line| line.starts_with("| `"))
        .count();
    let questions = pages(&book.join("messages"));
    let questions = questions
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap());
    let questions: usize = questions.map(|page| page.matches("<h2 id=").count()).sum();
    assert!(rows > 100, "{rows} rows only");
    assert_eq!(questions, rows);

    assert_eq!(broken(&book), BTreeSet::new());
}
