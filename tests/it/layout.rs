//! Is the code where it says it is?

use std::path::{Path, PathBuf};

/// A file that no `mod` line names is not compiled, and its tests never run.
#[test]
fn no_file_of_the_tests_is_forgotten() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let files = rust_files(&root);
    assert!(files.len() > 50, "only {} files", files.len());
    for file in files.iter().filter(|file| !file.ends_with("main.rs")) {
        let module = match file.ends_with("mod.rs") {
            true => file.parent().unwrap(),
            false => file,
        };
        let directory = module.parent().unwrap();
        let parent = match directory == root {
            true => root.join("main.rs"),
            false => directory.join("mod.rs"),
        };
        let name = module.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&parent).unwrap();
        let named = text.lines().any(|line| {
            let line = line.trim_start_matches("pub(crate) ");
            line == format!("mod {name};")
        });
        assert!(
            named,
            "{} has no line `mod {name};`, so that {} is not compiled",
            parent.display(),
            file.display()
        );
    }
}

/// A clock that jumps back or forward during a run changes nothing: the program reads it once, and the library counts
/// from there by a clock that does not jump. So every judgement of a run is about one consistent time, and no deadline
/// moves.
#[test]
fn the_library_never_reads_the_wall_clock() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let of_the_program = ["commands", "lab"].map(|directory| source.join(directory));
    let mut files = rust_files(&source);
    files.retain(|file| !of_the_program.iter().any(|own| file.starts_with(own)));
    assert!(files.len() > 100, "only {} files", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for clock in ["now_utc(", "now_local(", "SystemTime", "UnixTime::now"] {
            assert!(!text.contains(clock), "{}: {clock}", file.display());
        }
    }
}

/// Every `.rs` file below a directory.
fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let entries = directory.read_dir().unwrap();
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files
}

/// The tables at the top of `src/lib.rs` and of `src/main.rs` give the order of the modules. None may name one
/// that comes after it.
#[test]
fn no_module_knows_one_that_comes_after_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for root in ["lib.rs", "main.rs"] {
        let text = std::fs::read_to_string(source.join(root)).unwrap();
        let order = table(&text);
        assert!(
            order.len() > 3,
            "{root} has a table of only {} modules",
            order.len()
        );
        let declared: Vec<&str> = text.lines().filter_map(declaration).collect();
        for module in &declared {
            if !order.contains(module) {
                wrong.push(format!(
                    "{root} declares {module}, which its table leaves out"
                ));
            }
        }
        for (place, module) in order.iter().enumerate() {
            if !declared.contains(module) {
                wrong.push(format!(
                    "the table of {root} has {module}, which is not a module"
                ));
            }
            for file in files_of(&source, module) {
                let text = std::fs::read_to_string(&file).unwrap();
                let parts = file.strip_prefix(&source).unwrap().iter().count();
                let depth = parts - usize::from(file.ends_with("mod.rs"));
                for (line, name) in named(&text, depth) {
                    let later = order.iter().position(|one| *one == name);
                    if later.is_some_and(|later| later > place) {
                        let file = file.strip_prefix(&source).unwrap().display();
                        wrong.push(format!("{file}:{line} names {name}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The modules of a table whose rows begin with a name in backquotes, in order.
fn table(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("//! | "))
        .filter_map(|row| row.trim_start_matches('[').strip_prefix('`'))
        .filter_map(|row| row.split('`').next())
        .collect()
}

/// The module that a line declares.
fn declaration(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    line.strip_prefix("mod ")?.strip_suffix(';')
}

fn files_of(source: &Path, module: &str) -> Vec<PathBuf> {
    let directory = source.join(module);
    match directory.is_dir() {
        true => rust_files(&directory),
        false => vec![directory.with_extension("rs")],
    }
}

/// The names from the crate's root that the code uses, with line numbers: `crate::name`, `crate::{name, …}` and
/// enough `super::` to reach the root from a file at this depth.
fn named(text: &str, depth: usize) -> Vec<(usize, &str)> {
    let mut names = Vec::new();
    let up = "super::".repeat(depth);
    for root in ["crate::", &up] {
        for (start, _) in text.match_indices(root) {
            let before = &text[..start];
            let line = before.matches('\n').count() + 1;
            let comment = before.rsplit('\n').next().unwrap().contains("//");
            // `$crate::` in a macro is the same, `my_crate::` is not.
            let inside = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if comment || inside {
                continue;
            }
            let rest = &text[start + root.len()..];
            match rest.strip_prefix('{') {
                Some(list) => names.extend(group(list).into_iter().map(|name| (line, name))),
                None => names.push((line, word(rest))),
            }
        }
    }
    names
}

/// The first words of a list like `connect, handshake::{Offer, Judge}}`, up to the brace that ends it.
fn group(list: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut names) = (0, 0, Vec::new());
    for (place, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(word(list[begin..place].trim_start()));
                begin = place + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

#[test]
fn names_of_modules_are_found_however_they_are_written() {
    let text = "// use crate::no;\nuse crate::{one, two::{a, b},\n    three};\nx(crate::four::F, my_crate::no)\n\
                super::super::five::g();";
    let names: Vec<&str> = named(text, 2).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["one", "two", "three", "four", "five"]);
}
