//! Lines, fields and tokens, as in `pg_hba.conf` (`tokenize_auth_file` in `hba.c`).

use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};

use super::{HostsError, HostsFault};

/// The fields of a line, each with its tokens.
pub(super) struct Line {
    pub(super) file: PathBuf,
    pub(super) line: usize,
    pub(super) fields: Vec<Vec<String>>,
}

/// How other files are found.
pub struct Files<'a> {
    open: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
    list: &'a dyn Fn(&Path) -> io::Result<Vec<PathBuf>>,
    /// How many were opened: files can include each other in more than one place.
    opened: Cell<usize>,
}

impl<'a> Files<'a> {
    /// `open` reads a file, `list` names the files of a directory, without the directories in it.
    pub fn new(
        open: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
        list: &'a dyn Fn(&Path) -> io::Result<Vec<PathBuf>>,
    ) -> Self {
        Self {
            open,
            list,
            opened: Cell::new(0),
        }
    }
}

pub(super) fn tokenize(
    text: &[u8],
    file: &Path,
    files: &Files<'_>,
    depth: usize,
    lines: &mut Vec<Line>,
) -> Result<(), HostsError> {
    let text = String::from_utf8_lossy(text);
    let mut whole = String::new();
    let mut first = 1;
    let last = text.lines().count();
    for (line, number) in text.lines().zip(1..) {
        if whole.is_empty() {
            first = number;
        }
        let continued = line.strip_suffix('\\');
        whole.push_str(continued.unwrap_or(line));
        // At the end of the file there is nothing to join.
        if continued.is_some() && number < last {
            continue;
        }
        let place = Place {
            file,
            line: first,
            files,
            depth,
        };
        let fields = place.fields(&std::mem::take(&mut whole))?;
        match fields.as_slice() {
            [] => {}
            [directive, path] if directive.is("include") => {
                let path = place.path(&path.text());
                let text = place
                    .read(&path)?
                    .map_err(|error| place.unread(&path, &error))?;
                tokenize(&text, &path, files, depth.saturating_add(1), lines)?;
            }
            [directive, path] if directive.is("include_if_exists") => {
                let path = place.path(&path.text());
                match place.read(&path)? {
                    Ok(text) => tokenize(&text, &path, files, depth.saturating_add(1), lines)?,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(place.unread(&path, &error)),
                }
            }
            [directive, path] if directive.is("include_dir") => {
                let directory = place.path(&path.text());
                for path in place.listed(&directory)? {
                    let text = place
                        .read(&path)?
                        .map_err(|error| place.unread(&path, &error))?;
                    tokenize(&text, &path, files, depth.saturating_add(1), lines)?;
                }
            }
            _ => lines.push(Line {
                file: file.to_owned(),
                line: first,
                fields: fields.into_iter().map(|field| field.tokens).collect(),
            }),
        }
    }
    Ok(())
}

/// A field: tokens with commas between them.
struct Field {
    tokens: Vec<String>,
}

impl Field {
    fn is(&self, word: &str) -> bool {
        matches!(self.tokens.as_slice(), [token] if token == word)
    }

    fn text(&self) -> String {
        self.tokens.join(",")
    }
}

/// Where a line is.
struct Place<'a> {
    file: &'a Path,
    line: usize,
    files: &'a Files<'a>,
    depth: usize,
}

impl Place<'_> {
    fn fault(&self, fault: HostsFault) -> HostsError {
        HostsError {
            file: self.file.to_owned(),
            line: self.line,
            fault,
        }
    }

    /// A path that this file names, relative to its own directory.
    fn path(&self, name: &str) -> PathBuf {
        let directory = self.file.parent().unwrap_or_else(|| Path::new(""));
        directory.join(name)
    }

    /// Reads a file that this one names. The outer error is about the bounds, which nothing excuses.
    fn read(&self, path: &Path) -> Result<io::Result<Vec<u8>>, HostsError> {
        let opened = self.files.opened.get();
        if self.depth >= MAX_DEPTH || opened >= MAX_FILES {
            return Err(self.fault(HostsFault::TooDeep));
        }
        self.files.opened.set(opened.saturating_add(1));
        Ok((self.files.open)(path))
    }

    fn unread(&self, path: &Path, error: &io::Error) -> HostsError {
        self.fault(HostsFault::Included {
            path: path.to_owned(),
            reason: error.to_string(),
        })
    }

    /// `GetConfFilesInDir`: what ends in `.conf` and does not begin with a dot, by name.
    fn listed(&self, directory: &Path) -> Result<Vec<PathBuf>, HostsError> {
        let mut paths =
            (self.files.list)(directory).map_err(|error| self.unread(directory, &error))?;
        paths.retain(|path| {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            name.ends_with(b".conf") && !name.starts_with(b".")
        });
        paths.sort();
        Ok(paths)
    }

    /// `next_field_expand`: `@file` stands for all tokens of that file.
    fn fields(&self, line: &str) -> Result<Vec<Field>, HostsError> {
        let mut fields = Vec::new();
        let mut rest = line;
        loop {
            let mut tokens = Vec::new();
            let mut end = End::OfLine;
            while let Some(token) = next_token(&mut rest) {
                end = End::OfField;
                match token.text.strip_prefix('@') {
                    Some(name) if token.start == Start::Bare && !name.is_empty() => {
                        let path = self.path(name);
                        let text = self
                            .read(&path)?
                            .map_err(|error| self.unread(&path, &error))?;
                        let mut lines = Vec::new();
                        tokenize(
                            &text,
                            &path,
                            self.files,
                            self.depth.saturating_add(1),
                            &mut lines,
                        )?;
                        tokens.extend(lines.into_iter().flat_map(|line| line.fields).flatten());
                    }
                    _ => tokens.push(token.text),
                }
                if token.next == Next::Field {
                    break;
                }
            }
            // A file without tokens leaves no field, and what follows it moves up.
            if !tokens.is_empty() {
                fields.push(Field { tokens });
            }
            if end == End::OfLine {
                return Ok(fields);
            }
        }
    }
}

/// What was reached.
#[derive(PartialEq, Eq)]
enum End {
    OfField,
    OfLine,
}

struct Token {
    text: String,
    start: Start,
    next: Next,
}

/// How a token starts: `@` names a file only outside quotes.
#[derive(PartialEq, Eq)]
enum Start {
    Quoted,
    Bare,
}

/// What a token is followed by.
#[derive(PartialEq, Eq)]
enum Next {
    /// A comma: another token of the field.
    Token,
    /// Anything else.
    Field,
}

/// `next_token`: up to a blank or a comma outside quotes; two quotes within quotes are one.
fn next_token(rest: &mut &str) -> Option<Token> {
    let text = rest.trim_start_matches([' ', '\t', '\r', ',']);
    let mut token = String::new();
    let mut start = Start::Bare;
    let (mut in_quote, mut was_quote, mut saw_quote) = (false, false, false);
    let mut end = text.len();
    let mut next = Next::Field;
    for (place, c) in text.char_indices() {
        let after = place.saturating_add(c.len_utf8());
        match c {
            ' ' | '\t' | '\r' if !in_quote => {
                end = place;
                break;
            }
            '#' if !in_quote => break,
            ',' if !in_quote => {
                (end, next) = (after, Next::Token);
                break;
            }
            _ => {}
        }
        if c != '"' || was_quote {
            token.push(c);
        }
        was_quote = in_quote && c == '"' && !was_quote;
        if c == '"' {
            in_quote = !in_quote;
            saw_quote = true;
            if token.is_empty() {
                start = Start::Quoted;
            }
        }
    }
    *rest = text.get(end..).unwrap_or_default();
    (saw_quote || !token.is_empty()).then_some(Token {
        text: token,
        start,
        next,
    })
}

/// `CONF_FILE_MAX_DEPTH`.
const MAX_DEPTH: usize = 10;

/// Included files, all together. No honest configuration has more.
const MAX_FILES: usize = 1000;
