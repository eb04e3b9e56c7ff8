//! The texts for readers, and the commands in them.

use std::path::{Path, PathBuf};

/// What comes before a command that is not alone on its line.
const BEFORE: &[&str] = &[
    "$ ",
    "- run: ",
    "script: ",
    "*/15 * * * *  ",
    "command_line  /usr/local/bin/",
    "npm install --no-save pg@8.23.1 && ",
];
/// The endpoint of a `pgtls.toml` on a page that shows none.
const AN_ENDPOINT: &str = r#"
[[endpoint]]
name = "orders"
conninfo = "host=orders.db.example.com user=app password=${ORDERS_PASSWORD} sslmode=verify-full sslrootcert=root.crt"
"#;
/// A page for readers.
pub(super) struct Page {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) text: String,
}

/// A command of a page.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) command: String,
    /// What the page shows it to print.
    shown: String,
}
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
/// README.md and all of docs/.
pub(super) fn pages() -> Vec<Page> {
    let files = root().join("docs").read_dir().unwrap();
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    paths.insert(0, root().join("README.md"));
    paths.into_iter().map(Page::read).collect()
}

/// The pages, and the other texts at the top and beside the code.
pub(super) fn all_texts() -> Vec<Page> {
    let others = [
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "RELEASING.md",
        "SECURITY.md",
        "benches/README.md",
        "certs/README.md",
        "fuzz/README.md",
    ];
    let others = others.map(|name| Page::read(root().join(name)));
    pages().into_iter().chain(others).collect()
}
impl Example {
    pub(super) fn expected(&self) -> i32 {
        let verdict = self.shown.lines().next().unwrap_or_default();
        match verdict.split_once("  exit ") {
            Some((_, code)) => code.parse().unwrap(),
            None if self.command.ends_with(" --help") => 0,
            // The root of the test is not one of Azure's.
            None if self.command.contains("sslrootcert=azure.crt") => 6,
            // The endpoint has no database, and it says so.
            None if self.command.contains("--login") => 3,
            None if self.command.contains("--refuse-plaintext") => 3,
            None if self.command.starts_with("pgtls audit ") => 3,
            None => 0,
        }
    }

    /// `error CODE:`, if the page shows one.
    pub(super) fn shown_error(&self) -> Option<&str> {
        let line = self
            .shown
            .lines()
            .find(|line| line.starts_with("  error "))?;
        line.split_inclusive(':').next()
    }
}

impl Page {
    pub(super) fn read(path: PathBuf) -> Self {
        Self {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            text: std::fs::read_to_string(&path).unwrap(),
            path,
        }
    }

    /// The commands of all blocks of code, one per line, and then those within sentences that have no
    /// placeholders.
    pub(super) fn examples(&self) -> Vec<Example> {
        let mut examples: Vec<Example> = Vec::new();
        for block in self.blocks() {
            for line in joined(block) {
                match (command(&line), examples.last_mut()) {
                    (Some(command), _) => examples.push(Example {
                        command,
                        shown: String::new(),
                    }),
                    (None, Some(last)) if block.starts_with("console") => {
                        last.shown.push_str(&line);
                        last.shown.push('\n');
                    }
                    (None, _) => {}
                }
            }
        }
        let prose = self.text.split("\n```").step_by(2);
        let spans = prose.flat_map(|text| text.split('`').skip(1).step_by(2));
        examples.extend(spans.filter_map(mentioned).map(|command| Example {
            command,
            shown: String::new(),
        }));
        examples
    }

    /// The blocks of code.
    fn blocks(&self) -> impl Iterator<Item = &str> {
        self.text.split("\n```").skip(1).step_by(2)
    }

    /// The page's own `pgtls.toml`.
    pub(super) fn configuration(&self) -> String {
        let parts = self.blocks().filter_map(|b| b.strip_prefix("toml\n"));
        let mut text = parts.collect::<Vec<_>>().join("\n");
        if !text.contains("[[endpoint]]") {
            text.push_str(AN_ENDPOINT);
        }
        text
    }
}

/// The lines of a block; continued lines are joined.
fn joined(block: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in block.lines() {
        match lines.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push_str(line.trim());
            }
            // Folded YAML.
            Some(last) if line.trim().starts_with("--") && !block.starts_with("console") => {
                last.push_str(&format!(" {}", line.trim()));
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

fn command(line: &str) -> Option<String> {
    let line = line.trim();
    let arguments = line
        .strip_prefix("args: [")
        .and_then(|l| l.strip_suffix(']'));
    if let Some(arguments) = arguments {
        return Some(format!("pgtls {}", arguments.replace(", ", " ")));
    }
    let before = BEFORE.iter().find_map(|before| line.strip_prefix(before));
    let line = before.unwrap_or(line);
    let program = line.split(' ').find(|word| !word.contains('='));
    (program == Some("pgtls")).then(|| line.to_owned())
}

/// The command that a sentence names. If it has no arguments, it is run with --help. A word in capitals makes
/// it a pattern.
fn mentioned(span: &str) -> Option<String> {
    let words: Vec<&str> = span.split(' ').collect();
    let pattern = |word: &&str| {
        word.bytes()
            .all(|b| b.is_ascii_uppercase() || b"./|".contains(&b))
    };
    match words.as_slice() {
        ["pgtls", ..] if span.contains(['|', '\n']) || words.iter().any(pattern) => None,
        ["pgtls", last] | ["pgtls", .., last] if words.len() == 2 || last.starts_with('-') => {
            Some(format!("{span} --help"))
        }
        ["pgtls", ..] => Some(span.to_owned()),
        _ => None,
    }
}

/// All files below a directory.
pub(super) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
