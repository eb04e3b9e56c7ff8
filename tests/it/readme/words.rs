//! Are the words plain?

use std::path::PathBuf;

use super::page::{Page, all_texts, files, root};

/// Words that confuse a reader whose first language is not English, or that have another meaning here.
const ODD: &[&str] = &[
    "mend", "mends", "mended", "whoever", "somebody", "nobody", "vouch", "vouches", "shall",
];

fn odd_words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| ODD.contains(&word.to_lowercase().as_str()))
}

#[test]
fn the_words_are_plain() {
    let codes = std::fs::read_dir(root().join("src/diagnose/pages")).unwrap();
    let codes = codes.map(|file| Page::read(file.unwrap().path()));
    let mut odd = Vec::new();
    for page in all_texts().into_iter().chain(codes) {
        odd.extend(odd_words(&page.text).map(|word| format!("{}: {word}", page.name)));
    }
    assert!(odd.is_empty(), "{odd:?}");
}

/// The same for what the program prints: the string literals of `src`, and the help of its options.
#[test]
fn the_words_of_the_messages_are_plain() {
    let mut odd = Vec::new();
    let mut literals = 0;
    let rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    for path in files(&root().join("src")).into_iter().filter(rust) {
        let text = std::fs::read_to_string(&path).unwrap();
        let help = path.starts_with(root().join("src/cli"));
        let is_comment = |line: &&str| line.trim_start().starts_with("//");
        let (comments, code): (Vec<&str>, Vec<&str>) = text.lines().partition(is_comment);
        // Neither an escaped quotation mark nor a character literal of one ends a string.
        let code = code
            .join("\n")
            .replace("\\\\", "")
            .replace("\\\"", "")
            .replace("'\"'", "");
        let strings: Vec<&str> = code.split('"').skip(1).step_by(2).collect();
        literals += strings.len();
        let comments = comments.into_iter().filter(|_| help);
        let texts = strings.into_iter().chain(comments);
        let found = texts.flat_map(odd_words);
        odd.extend(found.map(|word| format!("{}: {word}", path.display())));
    }
    assert!(literals > 2_000, "{literals} string literals only");
    assert!(odd.is_empty(), "{odd:?}");
}
