//! Connection strings in files: finds them in a tree, and judges each without a connection.
//!
//! `walk` reads the files, `content` leaves out those that cannot matter, `kind` knows each by its name, `read` makes
//! settings of it, `find` makes connection strings of those, `template` takes variables out, and `judge` asks
//! [`crate::dialect`] what the driver makes of each. All readers are tolerant, and each has a bound.

mod allow;
mod candidate;
mod content;
mod document;
mod find;
mod judge;
mod kind;
mod pasted;
mod place;
mod read;
mod secret;
mod template;
mod walk;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use pasted::{Line, Pasted, Unclear, named, pasted};
pub use place::Place;
pub use walk::{Excluded, Ignored, Reason, Skipped};

use allow::Allowed;
use find::{Finds, Readers};
use judge::{Presence, Surroundings};
use kind::{Kind, Purpose};
use place::Services;
use walk::Visit;

use crate::conninfo::{Secret, SslMode};
use crate::diagnose::{Code, Finding, Level};
use crate::dialect::Dialect;
use crate::escape::Shown;
use crate::os::slashed;
use crate::words::words;

/// What to scan.
#[derive(Debug, Default)]
pub struct ScanRequest {
    /// Files and directories.
    pub paths: Vec<PathBuf>,
    /// A text that is in no file, to be searched, too.
    pub input: Option<Pipe>,
    /// Whether files that `.gitignore` names are read.
    pub ignored: Ignored,
    /// Files that are left out.
    pub excluded: Excluded,
    /// Larger files are not searched, in bytes.
    pub largest: u64,
    /// Findings that are left out.
    pub allowed: Vec<Code>,
}

/// What comes from a pipe.
#[derive(Debug, Default)]
pub struct Pipe {
    /// What to call it; its ending says what it is. `-` is standard input, which is known by its text.
    pub name: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a scan found. No `Debug`: there are passwords in it.
pub struct Scan {
    /// Every string, in the order of files and lines.
    pub strings: Vec<InFile>,
    /// Files that could not be searched.
    pub skipped: Vec<Skipped>,
    /// How many files were read.
    pub files: usize,
}

/// A string and its file.
pub struct InFile {
    /// The file, with `/` between its parts; `-` is standard input.
    pub file: Shown,
    /// The same, for the system.
    pub path: PathBuf,
    /// The string.
    pub found: Found,
}

/// A connection string, judged.
pub struct Found {
    /// The line, counted from 1. Of a group of settings it is that of the host.
    pub line: usize,
    /// What the file calls it.
    pub key: Option<Shown>,
    /// Whose string it is; nothing if no driver can read it.
    pub dialect: Option<Dialect>,
    /// The hosts as written.
    pub host: Option<Shown>,
    /// The string in libpq's words, secrets masked.
    pub conninfo: Option<Shown>,
    /// How much TLS its driver requires, in libpq's words.
    pub sslmode: Option<SslMode>,
    /// Where the host is.
    pub place: Place,
    /// What it promises is enough, or is not, also if a finding about that is allowed.
    pub verdict: Verdict,
    /// Why.
    pub findings: Vec<Located>,
    /// The string itself, to connect with; nothing if a part of it is a variable.
    pub text: Option<Secret>,
    /// Who reads it, if its file says so.
    pub asked: Option<Dialect>,
}

/// A finding and its line.
pub struct Located {
    /// Counted from 1.
    pub line: usize,
    /// The finding.
    pub finding: Finding,
}

words! {
    /// Whether a string promises enough.
    Verdict {
        /// It does.
        Pass = "pass",
        /// It does not.
        Fail = "fail",
        /// The string does not say enough to tell.
        Unknown = "unknown",
    }
}

impl Verdict {
    fn of(findings: &[Located]) -> Self {
        let is_forbidden = |located: &Located| located.finding.level == Level::Error;
        if findings.iter().any(is_forbidden) {
            Self::Fail
        } else {
            Self::Pass
        }
    }
}

impl Found {
    /// Of two readings of one string, the one that promises less; the first if they promise the same.
    fn worse(self, other: Self) -> Self {
        if other.doubt() > self.doubt() {
            other
        } else {
            self
        }
    }

    /// Greater where it promises less.
    fn doubt(&self) -> (u8, usize) {
        let verdict = match self.verdict {
            Verdict::Pass => 0,
            Verdict::Unknown => 1,
            Verdict::Fail => 2,
        };
        (verdict, self.findings.len())
    }
}

/// What was read of one file.
struct FileFinds {
    path: PathBuf,
    finds: Finds,
    allowed: Allowed,
}

/// Finds and judges every connection string.
#[must_use]
pub fn scan(request: &ScanRequest) -> Scan {
    let visit = |path: &Path, text: &str| {
        let shown = name_of(path);
        let finds = find::all(&shown, Kind::of_file(&shown, text), text);
        let is_empty = finds.candidates.is_empty()
            && finds.services.is_empty()
            && finds.readers.is_empty()
            && !finds.is_cut;
        (!is_empty).then(|| FileFinds {
            path: path.to_owned(),
            finds,
            allowed: Allowed::of(text),
        })
    };
    let (mut files, visits) = walk::walk(
        &request.paths,
        request.ignored,
        &request.excluded,
        request.largest,
        visit,
    );
    let mut skipped = Vec::new();
    let mut read = Vec::new();
    for visit in visits {
        match visit {
            Visit::Read(file) => read.push(file),
            Visit::Skipped(one) => skipped.push(one),
        }
    }
    if let Some(pipe) = &request.input {
        files = files.saturating_add(1);
        match content::text(&pipe.bytes) {
            Some(text) => {
                let name = name_of(&pipe.name);
                let kind = if name == "-" {
                    Kind::of_text(&text)
                } else {
                    Kind::of_file(&name, &text)
                };
                read.push(FileFinds {
                    path: pipe.name.clone(),
                    finds: find::all(&name, kind, &text),
                    allowed: Allowed::of(&text),
                });
            }
            None => skipped.push(Skipped {
                path: pipe.name.clone(),
                reason: Reason::NotText,
            }),
        }
    }
    read.sort_by(|a, b| a.path.cmp(&b.path));
    skipped.sort_by(|a, b| a.path.cmp(&b.path));
    // The same file may be below two paths, in another spelling.
    if request.paths.len() > 1 {
        let before = read.len().saturating_add(skipped.len());
        let mut known = BTreeSet::new();
        let mut is_new =
            |path: &Path| known.insert(path.canonicalize().unwrap_or_else(|_| path.to_owned()));
        read.retain(|file| is_new(&file.path));
        skipped.retain(|skipped| is_new(&skipped.path));
        let after = read.len().saturating_add(skipped.len());
        files = files.saturating_sub(before.saturating_sub(after));
    }
    let services: Services = read
        .iter()
        .flat_map(|file| file.finds.services.iter().cloned())
        .collect();
    let readers: Readers = read
        .iter()
        .flat_map(|file| file.finds.readers.iter().cloned())
        .collect();
    let mut strings = Vec::new();
    for file in &read {
        if file.finds.is_cut {
            skipped.push(Skipped {
                path: file.path.clone(),
                reason: Reason::TooMuch,
            });
        }
        judge_file(file, request, &services, &readers, &mut strings);
    }
    Scan {
        strings,
        skipped,
        files,
    }
}

fn judge_file(
    file: &FileFinds,
    request: &ScanRequest,
    services: &Services,
    readers: &Readers,
    strings: &mut Vec<InFile>,
) {
    let name = name_of(&file.path);
    let is_pipe = request
        .input
        .as_ref()
        .is_some_and(|pipe| pipe.name == file.path);
    let bases = bases(&file.path, &request.paths);
    let has_file = |wanted: &Path| bases.iter().any(|base| base.join(wanted).exists());
    let around = Surroundings {
        purpose: Purpose::of(&name),
        services,
        presence: if is_pipe {
            Presence::Pipe
        } else {
            Presence::File
        },
        has_file: &has_file,
    };
    for candidate in &file.finds.candidates {
        // Each program that reads it has a verdict of its own; the worst counts.
        let judged = candidate
            .read_by(readers)
            .iter()
            .filter_map(|candidate| judge::judge(candidate, around))
            .reduce(Found::worse);
        let Some(mut found) = judged else {
            continue;
        };
        // The verdict stays: what is allowed promises no more than before.
        found.findings.retain(|located| {
            let code = located.finding.code;
            !request.allowed.contains(&code)
                && !file.allowed.has(located.line, code)
                && !file.allowed.has(found.line, code)
        });
        strings.push(InFile {
            file: Shown::new(&name),
            path: file.path.clone(),
            found,
        });
    }
}

/// Where a relative path in a file may begin: at the file, at any directory above it, at the top of the tree.
fn bases(file: &Path, tops: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut bases: BTreeSet<PathBuf> = tops.iter().cloned().collect();
    bases.insert(PathBuf::from("."));
    let mut directory = file.parent();
    while let Some(above) = directory {
        bases.insert(above.to_owned());
        if tops.iter().any(|top| top == above) {
            break;
        }
        directory = above.parent().filter(|above| !above.as_os_str().is_empty());
    }
    bases
}

/// The path with `/`, without `./` before it.
pub(crate) fn name_of(path: &Path) -> String {
    let name = slashed(path.to_string_lossy().into_owned());
    let mut name = name.as_str();
    while let Some(rest) = name.strip_prefix("./").filter(|rest| !rest.is_empty()) {
        name = rest;
    }
    name.to_owned()
}
