//! Does the code lie where it says it lies?

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
