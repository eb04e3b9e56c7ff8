//! Are the README and the pages of `docs/` true? Every command there runs unchanged, in a home where its hosts,
//! files and variables exist. Links, exit codes and the keys of `pgtls.toml` are compared with the program.

mod house;
mod page;
mod words;

use std::collections::BTreeSet;

use crate::support::client::Client;
use house::House;
use page::{Page, all_texts, files, pages, root};
use pgtls::exit::Exit;

#[test]
fn every_command_works() {
    let mut count = 0;
    let mut wrong = Vec::new();
    // The topic `cures` runs what docs/fixes.md shows. docs/screens.md shows fixed reports. The command of docs/trace.md
    // needs a database and an application: the topic `trace` runs commands of this kind, and nothing runs this one.
    // Those of docs/serve.md run until they are stopped: the topic `serve` runs commands of this kind.
    let fixed = ["fixes.md", "screens.md", "serve.md", "trace.md"];
    for page in pages()
        .into_iter()
        .filter(|page| !fixed.contains(&page.name.as_str()))
    {
        let house = House::new(&page);
        for example in page.examples() {
            count += 1;
            let (code, output) = house.run(&example.command);
            if code != example.expected() || !output.contains(example.shown_error().unwrap_or("")) {
                let command = &example.command;
                wrong.push(format!("{}: {command}\nexit {code}: {output}", page.name));
            }
        }
    }
    assert!(count > 60, "{count} commands only");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_link_leads_to_a_file() {
    let mut broken = Vec::new();
    for page in all_texts() {
        let directory = page.path.parent().unwrap();
        for link in page.text.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap();
            if !target.contains("://") && !directory.join(target).exists() {
                broken.push(format!("{}: {target}", page.name));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}

/// A recipe that names an old file misleads its reader.
#[test]
fn every_file_that_a_text_names_exists() {
    let mut missing = Vec::new();
    for page in all_texts() {
        let spans = page.text.split('`').skip(1).step_by(2);
        let paths = spans.filter(|span| {
            let ours = [
                "src/", "tests/", "docs/", "benches/", "fuzz/", ".ci/", ".github/",
            ];
            let pattern = |part: &str| part.bytes().all(|b| b.is_ascii_uppercase());
            ours.iter().any(|start| span.starts_with(start))
                && !span.contains(' ')
                && !span
                    .split(['/', '.'])
                    .any(|part| !part.is_empty() && pattern(part))
        });
        missing.extend(
            paths
                .filter(|path| !root().join(path).exists())
                .map(|path| format!("{}: {path}", page.name)),
        );
    }
    assert!(missing.is_empty(), "{missing:?}");
}
#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_program() {
    let readme = Page::read(root().join("README.md"));
    let (_, behind) = readme.text.split_once("\n## Exit codes\n").unwrap();
    let rows: Vec<&str> = behind
        .lines()
        .skip_while(|line| !line.starts_with("| ---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let row = |exit: &Exit| format!("| {} | {} |", exit.number(), exit.meaning());
    assert_eq!(rows, Exit::ALL.iter().map(row).collect::<Vec<_>>());
}

/// The program lists the keys that it knows if it finds an unknown one.
#[test]
fn every_key_of_the_configuration_is_documented() {
    let reference = Page::read(root().join("docs/config.md")).text;
    for table in [
        "[policy]",
        "[policy.audit]",
        "[[endpoint]]",
        "[endpoint.audit]",
    ] {
        let client = Client::new();
        let endpoint = "[[endpoint]]\nconninfo = \"host=a\"\n";
        let text = match table {
            "[[endpoint]]" | "[endpoint.audit]" => format!("{endpoint}\n[endpoint.audit]\nx = 1\n"),
            _ => format!("{endpoint}\n{table}\nx = 1\n"),
        };
        let text = match table {
            "[[endpoint]]" => format!("{endpoint}x = 1\n"),
            _ => text,
        };
        client.write("pgtls.toml", text);
        let run = client.pgtls(&["check", "--config", "pgtls.toml"]);
        assert_eq!(run.code, 2, "{run:?}");
        let keys: Vec<&str> = run.stderr.split('`').skip(1).step_by(2).collect();
        assert!(keys.len() > 5 && keys[0] == "x", "{table}: {run:?}");
        for key in &keys[1..] {
            let named =
                reference.contains(&format!("`{key}`")) || reference.contains(&format!(".{key}]`"));
            assert!(named, "{table}: docs/config.md does not describe {key}");
        }
    }
}

/// A variable that only the code knows is found by nobody. A reader looks for it in docs/testing.md.
#[test]
fn every_variable_of_the_tests_is_documented() {
    let testing = Page::read(root().join("docs/testing.md")).text;
    let mut missing = BTreeSet::new();
    let mut count = 0;
    for directory in ["tests/it", "src", ".ci", "benches"] {
        for path in files(&root().join(directory)) {
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };
            for behind in text.split("PGTLS_").skip(1) {
                let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let name = &behind[..end.unwrap_or(behind.len())];
                let ours = ["TEST_", "UPDATE_", "CI_"];
                if ours
                    .iter()
                    .any(|start| name.len() > start.len() && name.starts_with(start))
                {
                    count += 1;
                    if !testing.contains(&format!("`PGTLS_{name}`")) {
                        missing.insert(format!("PGTLS_{name} of {}", path.display()));
                    }
                }
            }
        }
    }
    assert!(count > 60, "{count} variables only");
    assert!(missing.is_empty(), "{missing:#?}");
}

/// A page that is not in the summary is not in the book.
#[test]
fn every_page_is_in_the_summary_of_the_book() {
    let summary = Page::read(root().join("docs/SUMMARY.md")).text;
    let missing: Vec<String> = pages()
        .into_iter()
        .map(|page| page.name)
        .filter(|name| !["README.md", "SUMMARY.md"].contains(&name.as_str()))
        .filter(|name| !summary.contains(&format!("]({name})")))
        .collect();
    assert!(missing.is_empty(), "docs/SUMMARY.md lacks {missing:?}");
}
