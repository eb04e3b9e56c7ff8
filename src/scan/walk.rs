//! The files of a tree, read in parallel. Rules of `.gitignore` count, also without a repository, and no others: what one
//! person's settings leave out is in the tree of all others. Hidden files are read, because `.env` and `.github` are
//! hidden. Links are not followed, so that none leads in a circle.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};

use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};

use super::content::{self, OVERLAP};
use super::kind;

/// Directories of version control.
const NEVER: &[&str] = &[".git", ".hg", ".svn", ".jj"];

/// Whether files that `.gitignore` names are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ignored {
    /// Only if they are given by name.
    #[default]
    LeftOut,
    /// Like all others.
    Read,
}

/// Patterns of files that are not searched.
#[derive(Clone, Debug)]
pub struct Excluded(Override);

impl Excluded {
    /// Patterns as in `.gitignore`, relative to the working directory.
    ///
    /// # Errors
    /// One of them is malformed: it, and why.
    pub fn new(patterns: &[String]) -> Result<Self, (String, String)> {
        let mut builder = OverrideBuilder::new(".");
        for pattern in patterns {
            let added = builder.add(&format!("!{pattern}"));
            added.map_err(|error| (pattern.clone(), plain(&error)))?;
        }
        let built = builder.build();
        built
            .map(Self)
            .map_err(|error| (String::new(), plain(&error)))
    }
}

impl Default for Excluded {
    fn default() -> Self {
        Self(Override::empty())
    }
}

/// What happened to a file.
pub(super) enum Visit<T> {
    /// It was read.
    Read(T),
    /// It was not, or not to its end.
    Skipped(Skipped),
}

/// A file that could not be searched.
#[derive(Debug, Clone)]
pub struct Skipped {
    /// The file, or what was given instead of one.
    pub path: PathBuf,
    /// Why.
    pub reason: Reason,
}

/// Why a file could not be searched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The system refuses.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It is about PostgreSQL, and larger than the limit.
    #[error("it mentions PostgreSQL and is larger than {limit} bytes")]
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// It has more settings than are kept.
    #[error("it has too many settings; the first ones were searched")]
    TooMuch,
    /// It has NUL bytes, and was given by name or should be text.
    #[error("it is not text")]
    NotText,
}

/// Reads all files below the paths and gives each text to `visit`. Returns how many files there were, and what `visit`
/// made of them, in no order.
pub(super) fn walk<T: Send>(
    paths: &[PathBuf],
    ignored: Ignored,
    excluded: &Excluded,
    largest: u64,
    visit: impl Fn(&Path, &str) -> Option<T> + Sync,
) -> (usize, Vec<Visit<T>>) {
    let Some((first, others)) = paths.split_first() else {
        return (0, Vec::new());
    };
    let mut builder = WalkBuilder::new(first);
    for path in others {
        builder.add(path);
    }
    builder
        .hidden(false)
        .require_git(false)
        .follow_links(false)
        .ignore(false)
        .git_global(false)
        .git_exclude(false)
        .filter_entry(|entry| {
            let name = entry.file_name();
            entry.depth() == 0 || !NEVER.iter().any(|never| name == *never)
        });
    if ignored == Ignored::Read {
        builder.git_ignore(false).parents(false);
    }
    builder.overrides(excluded.0.clone());
    let (sender, receiver) = channel();
    let visit = &visit;
    builder.build_parallel().run(|| {
        let mut reader = Reader {
            sender: sender.clone(),
            buffer: Vec::new(),
            largest,
            files: 0,
        };
        Box::new(move |entry| {
            reader.entry(entry, visit);
            WalkState::Continue
        })
    });
    drop(sender);
    let mut files = 0_usize;
    let mut visits = Vec::new();
    for message in receiver {
        match message {
            Message::Files(count) => files = files.saturating_add(count),
            Message::Visit(visit) => visits.push(visit),
        }
    }
    (files, visits)
}

enum Message<T> {
    Files(usize),
    Visit(Visit<T>),
}

/// What one thread needs.
struct Reader<T> {
    sender: Sender<Message<T>>,
    buffer: Vec<u8>,
    largest: u64,
    files: usize,
}

impl<T> Drop for Reader<T> {
    fn drop(&mut self) {
        // There is no receiver if the scan was given up.
        let _ = self.sender.send(Message::Files(self.files));
    }
}

impl<T> Reader<T> {
    fn entry(
        &mut self,
        entry: Result<DirEntry, ignore::Error>,
        visit: &impl Fn(&Path, &str) -> Option<T>,
    ) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                self.skip(path_of(&error), Reason::Unreadable(plain(&error)));
                return;
            }
        };
        let is_file = match entry.file_type() {
            Some(kind) if entry.depth() == 0 => !kind.is_dir(),
            Some(kind) => kind.is_file(),
            None => false,
        };
        if !is_file {
            return;
        }
        self.files = self.files.saturating_add(1);
        let given = if entry.depth() == 0 {
            Given::ByName
        } else {
            Given::InTree
        };
        match self.read(entry.path(), given) {
            Err(error) => {
                self.skip(
                    entry.path().to_owned(),
                    Reason::Unreadable(error.kind().to_string()),
                );
            }
            Ok(Found::Nothing) => {}
            Ok(Found::TooLarge) => {
                let limit = self.largest;
                self.skip(entry.path().to_owned(), Reason::TooLarge { limit });
            }
            Ok(Found::NotText) => self.skip(entry.path().to_owned(), Reason::NotText),
            Ok(Found::Text) => {
                let text = content::text(&self.buffer);
                if let Some(visited) = text.and_then(|text| visit(entry.path(), &text)) {
                    let _ = self.sender.send(Message::Visit(Visit::Read(visited)));
                }
            }
        }
    }

    fn skip(&self, path: PathBuf, reason: Reason) {
        let _ = self
            .sender
            .send(Message::Visit(Visit::Skipped(Skipped { path, reason })));
    }

    /// Reads the file into the buffer, if it is worth it.
    fn read(&mut self, path: &Path, given: Given) -> io::Result<Found> {
        let mut file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Ok(Found::Nothing);
        }
        self.buffer.clear();
        self.buffer.shrink_to(KEPT);
        let mut start = (&mut file).take(self.largest.saturating_add(1));
        start.read_to_end(&mut self.buffer)?;
        let is_worth = kind::is_always_read(path) || content::is_worth_reading(&self.buffer);
        let is_whole = (self.buffer.len() as u64) <= self.largest;
        let start = match is_whole {
            true => &self.buffer,
            false => self.buffer.get(..KEPT).unwrap_or(&self.buffer),
        };
        if content::is_binary(start) {
            // Among others, binary files are passed over. Programs read a text in spite of a NUL in it.
            let matters = match given {
                Given::ByName => true,
                Given::InTree => is_worth && kind::is_of_text(path),
            };
            return Ok(if matters {
                Found::NotText
            } else {
                Found::Nothing
            });
        }
        if is_whole {
            return Ok(if is_worth {
                Found::Text
            } else {
                Found::Nothing
            });
        }
        // Only a file that cannot matter may be left out without a word.
        if is_worth || is_rest_worth_reading(&self.buffer, &mut file)? {
            return Ok(Found::TooLarge);
        }
        Ok(Found::Nothing)
    }
}

/// How a file was found.
#[derive(Clone, Copy)]
enum Given {
    /// Its path was given.
    ByName,
    /// It is below a directory that was given.
    InTree,
}

/// So much of the buffer stays from file to file.
const KEPT: usize = 256 * 1024;

enum Found {
    Nothing,
    Text,
    NotText,
    TooLarge,
}

/// Whether there may be a connection string in what follows `start`, or in both together.
fn is_rest_worth_reading(start: &[u8], file: &mut File) -> io::Result<bool> {
    let last = start.get(start.len().saturating_sub(OVERLAP)..);
    let mut piece = last.unwrap_or_default().to_vec();
    let mut kept = piece.len();
    piece.resize(KEPT, 0);
    loop {
        let free = piece.get_mut(kept..).unwrap_or_default();
        let count = file.read(free)?;
        if count == 0 {
            return Ok(false);
        }
        let end = kept.saturating_add(count);
        let bytes = piece.get(..end).unwrap_or_default();
        if content::is_worth_reading(bytes) {
            return Ok(true);
        }
        let start = end.saturating_sub(OVERLAP);
        piece.copy_within(start..end, 0);
        kept = end.saturating_sub(start);
    }
}

fn path_of(error: &ignore::Error) -> PathBuf {
    match error {
        ignore::Error::WithPath { path, .. } => path.clone(),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        ignore::Error::Loop { child, .. } => child.clone(),
        _ => PathBuf::from("?"),
    }
}

/// The error without the path.
fn plain(error: &ignore::Error) -> String {
    match error {
        ignore::Error::WithPath { err, .. }
        | ignore::Error::WithDepth { err, .. }
        | ignore::Error::WithLineNumber { err, .. } => plain(err),
        ignore::Error::Io(error) => error.kind().to_string(),
        ignore::Error::Glob { err, .. } => err.clone(),
        _ => "the directory cannot be walked".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(root: &Path, ignored: Ignored, largest: u64) -> (Vec<String>, Vec<Reason>) {
        let paths = [root.to_owned()];
        let (_, visits) = walk(&paths, ignored, &Excluded::default(), largest, |path, _| {
            Some(
                path.strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned(),
            )
        });
        let (mut names, mut reasons) = (Vec::new(), Vec::new());
        for visit in visits {
            match visit {
                Visit::Read(name) => names.push(name),
                Visit::Skipped(skipped) => reasons.push(skipped.reason),
            }
        }
        names.sort();
        (names, reasons)
    }

    fn tree() -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        let root = tree.path();
        for directory in [".git", ".git/info", ".github", "node_modules", "src"] {
            fs::create_dir(root.join(directory)).unwrap();
        }
        for (name, text) in [
            (".gitignore", "node_modules\n.env.local\n"),
            (".git/config", "postgres"),
            (".env", "postgres"),
            (".env.local", "postgres"),
            (".ignore", "src\nc.env"),
            (".git/info/exclude", "c.env"),
            ("c.env", "postgres"),
            (".github/ci.yml", "postgres"),
            ("node_modules/a.js", "postgres"),
            ("src/a.rs", "fn main() {}"),
            ("src/b.bin", "postgres\0"),
        ] {
            fs::write(root.join(name), text).unwrap();
        }
        tree
    }

    #[test]
    #[cfg_attr(windows, ignore = "its paths are those of Unix")]
    fn hidden_files_are_read_and_ignored_ones_are_not() {
        let tree = tree();
        let (names, reasons) = read(tree.path(), Ignored::LeftOut, 1000);
        assert_eq!(names, [".env", ".github/ci.yml", "c.env"]);
        assert_eq!(reasons, []);
        let (names, _) = read(tree.path(), Ignored::Read, 1000);
        assert_eq!(
            names,
            [
                ".env",
                ".env.local",
                ".github/ci.yml",
                "c.env",
                "node_modules/a.js"
            ]
        );
    }

    #[test]
    fn a_file_that_is_too_large_is_named_only_if_it_matters() {
        let tree = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| fs::write(tree.path().join(name), text).unwrap();
        write("a", "x".repeat(2000) + "postgres");
        write("b", "x".repeat(2000));
        write("c", "postgres".to_owned());
        write("d", "x".repeat(KEPT * 2 - 4) + "postgres");
        write("e", "x".repeat(996) + "postgres");
        write("f", "x".repeat(992) + "postgres");
        write("g", "postgres\0".to_owned() + &"x".repeat(2000));
        let utf_16 = |text: &str| -> Vec<u8> {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            units.flat_map(u16::to_le_bytes).collect()
        };
        fs::write(tree.path().join("h"), utf_16(&"postgres ".repeat(100))).unwrap();
        let (names, reasons) = read(tree.path(), Ignored::LeftOut, 1000);
        assert_eq!(names, ["c", "f"]);
        // Those of a, d, e, and h, which is text.
        assert_eq!(reasons, vec![Reason::TooLarge { limit: 1000 }; 4]);
    }

    /// Node reads a program with a NUL in a comment.
    #[test]
    fn a_binary_file_is_named_if_it_should_be_text_or_was_given() {
        let tree = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(tree.path().join(name), text).unwrap();
        write("a.js", "postgres\0");
        write("b.js", "nothing\0");
        write("c.bin", "postgres\0");
        write("d", "nothing\0");
        let (names, reasons) = read(tree.path(), Ignored::LeftOut, 1000);
        assert_eq!((names.len(), reasons), (0, vec![Reason::NotText]));
        for (name, largest) in [("b.js", 1000), ("c.bin", 1000), ("d", 1000), ("d", 7)] {
            let (_, reasons) = read(&tree.path().join(name), Ignored::LeftOut, largest);
            assert_eq!(reasons, [Reason::NotText], "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed_and_missing_paths_are_named() {
        let tree = tree();
        std::os::unix::fs::symlink(tree.path(), tree.path().join("src/up")).unwrap();
        let (names, _) = read(tree.path(), Ignored::LeftOut, 1000);
        assert_eq!(names, [".env", ".github/ci.yml", "c.env"]);
        let (_, reasons) = read(&tree.path().join("no"), Ignored::LeftOut, 1000);
        assert_eq!(reasons, [Reason::Unreadable("entity not found".to_owned())]);
    }
}
