//! The syntax of OpenSSL's configuration files: config(5), `def_load_bio` in `crypto/conf/conf_def.c`.

mod value;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use memchr::memchr;

use crate::conninfo::World;

/// All sections of a file and of those that it includes. Every check reads them, and uses three values: what needs no
/// change stays where it is in the text.
#[derive(Debug, Default)]
pub(super) struct Config<'t> {
    /// The place of each section in the list.
    places: BTreeMap<String, usize>,
    sections: Vec<Section<'t>>,
}

#[derive(Debug)]
struct Section<'t> {
    name: String,
    entries: Vec<Entry<'t>>,
}

/// One assignment.
#[derive(Clone, Debug)]
pub(super) struct Entry<'t> {
    pub(super) name: Cow<'t, str>,
    pub(super) value: Cow<'t, str>,
    pub(super) file: Rc<Path>,
    /// Counted from 1.
    pub(super) line: usize,
}

/// Why there is no configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// OpenSSL refuses the file as a whole, and goes on without any configuration.
    Broken,
    /// OpenSSL reads it, but it is larger than we read.
    TooMuch,
}

impl<'t> Config<'t> {
    /// Reads a file and those that it includes.
    pub(super) fn read(text: &'t [u8], file: &Path, world: &dyn World) -> Result<Self, Refused> {
        let mut config = Self::default();
        let mut reading = Reading {
            world,
            section: config.place(DEFAULT),
            config,
            files: 0,
            dollar_in_names: false,
        };
        match std::str::from_utf8(text) {
            Ok(text) => reading.file(text, file, Cow::Borrowed)?,
            Err(_) => reading.file(&String::from_utf8_lossy(text), file, owned)?,
        }
        Ok(reading.config)
    }

    /// The assignments of a section. Of two with one name the last counts.
    pub(super) fn section(&self, name: &str) -> &[Entry<'t>] {
        let place = self.places.get(name);
        let found = place.and_then(|place| self.sections.get(*place));
        found.map_or(&[], |section| &section.entries)
    }

    /// The place of a section in the list; it is added if it is new.
    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = self.sections.len();
        self.places.insert(name.to_owned(), place);
        self.sections.push(Section {
            name: name.to_owned(),
            entries: Vec::new(),
        });
        place
    }

    fn name(&self, place: usize) -> &str {
        self.sections
            .get(place)
            .map_or(DEFAULT, |section| &section.name)
    }

    /// A value of the section, or else of the default section (`_CONF_get_string`).
    fn value(&self, section: &str, name: &str) -> Option<&str> {
        let of = |section| {
            let mut entries = self.section(section).iter().rev();
            entries.find(|entry| entry.name == name)
        };
        let entry = of(section).or_else(|| of(DEFAULT))?;
        Some(&entry.value)
    }

    /// A value outside all sections.
    pub(super) fn default_value(&self, name: &str) -> Option<&str> {
        self.value(DEFAULT, name)
    }
}

/// Takes a piece of a text into the configuration: as it is, or as a copy.
type Keep<'a, 't> = fn(&'a str) -> Cow<'t, str>;

fn owned<'t>(text: &str) -> Cow<'t, str> {
    Cow::Owned(text.to_owned())
}

struct Reading<'w, 't> {
    world: &'w dyn World,
    config: Config<'t>,
    /// The place of the section that assignments belong to.
    section: usize,
    files: usize,
    dollar_in_names: bool,
}

impl<'t> Reading<'_, 't> {
    /// A section that an included file begins goes on after it.
    fn file<'a>(&mut self, text: &'a str, file: &Path, keep: Keep<'a, 't>) -> Result<(), Refused> {
        self.files = self.files.saturating_add(1);
        if self.files > MAX_FILES {
            return Err(Refused::TooMuch);
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let path: Rc<Path> = file.into();
        let mut whole = String::new();
        for (line, number) in lines(text).zip(1..) {
            // A backslash at the end of a line joins the next one, unless there is one before it.
            let continued = line.ends_with('\\') && !line.ends_with("\\\\");
            if continued {
                whole.push_str(line.strip_suffix('\\').unwrap_or(line));
                continue;
            }
            if whole.is_empty() {
                // Every check reads this file, and most of its lines are comments.
                if !line.trim_ascii_start().starts_with('#') {
                    self.line(line, &path, number, keep)?;
                }
                continue;
            }
            whole.push_str(line);
            let line = std::mem::take(&mut whole);
            self.line(&line, &path, number, owned)?;
        }
        // At the end of the file there is nothing to join.
        if !whole.is_empty() {
            self.line(&whole, &path, text.lines().count(), owned)?;
        }
        Ok(())
    }

    fn line<'a>(
        &mut self,
        line: &'a str,
        file: &Rc<Path>,
        number: usize,
        keep: Keep<'a, 't>,
    ) -> Result<(), Refused> {
        let line = without_comment(line).trim();
        if line.is_empty() {
            return Ok(());
        }
        if let Some(rest) = line.strip_prefix('[') {
            let (name, _) = rest.split_once(']').ok_or(Refused::Broken)?;
            self.section = self.config.place(name.trim());
            return Ok(());
        }
        if let Some(rest) = directive(line, ".include") {
            let path = self.expanded(rest, owned)?;
            return self.include(&path);
        }
        if let Some(rest) = directive(line, ".pragma") {
            if let Some((name, value)) = rest.split_once(':') {
                let on = matches!(value.trim(), "on" | "true");
                if name.trim() == "dollarid" {
                    self.dollar_in_names = on;
                }
            }
            return Ok(());
        }
        let equals = memchr(b'=', line.as_bytes()).ok_or(Refused::Broken)?;
        let (name, value) = line.split_at_checked(equals).ok_or(Refused::Broken)?;
        let value = value.strip_prefix('=').unwrap_or(value);
        let name = name.trim();
        // Few names have a colon, and to look for two costs more.
        let has_colon = memchr(b':', name.as_bytes()).is_some();
        let foreign = has_colon.then(|| name.split_once("::")).flatten();
        let (section, name) = match foreign {
            Some((section, name)) => (self.config.place(section), name),
            None => (self.section, name),
        };
        let entry = Entry {
            name: keep(name),
            value: self.expanded(value.trim(), keep)?,
            file: Rc::clone(file),
            line: number,
        };
        if let Some(section) = self.config.sections.get_mut(section) {
            section.entries.push(entry);
        }
        Ok(())
    }

    /// What cannot be read is left out, as in OpenSSL. A directory stands for its files.
    fn include(&mut self, path: &str) -> Result<(), Refused> {
        let path = PathBuf::from(path);
        let path = match self.world.var("OPENSSL_CONF_INCLUDE") {
            Some(directory) if path.is_relative() => PathBuf::from(directory).join(path),
            _ => path,
        };
        let mut files = match self.world.list(&path) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                return Err(Refused::TooMuch);
            }
            Err(_) => Vec::new(),
        };
        files.retain(|file| {
            let end = file.extension();
            end.is_some_and(|end| {
                end.eq_ignore_ascii_case("cnf") || end.eq_ignore_ascii_case("conf")
            })
        });
        files.sort();
        if files.is_empty() {
            files.push(path);
        }
        for file in files {
            match self.world.read(&file) {
                Ok(text) => self.file(&String::from_utf8_lossy(&text), &file, owned)?,
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                    return Err(Refused::TooMuch);
                }
                Err(_) => {}
            }
        }
        Ok(())
    }
}

/// As `str::lines`, which is slower.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text).filter(|text| !text.is_empty());
    std::iter::from_fn(move || {
        let text = rest?;
        let end = memchr(b'\n', text.as_bytes()).unwrap_or(text.len());
        let behind = text.get(end.saturating_add(1)..);
        rest = behind.filter(|behind| !behind.is_empty());
        let line = text.get(..end)?;
        Some(line.strip_suffix('\r').unwrap_or(line))
    })
}

/// What follows the word, if the line is that directive: a path, with or without an equals sign.
fn directive<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(word)?;
    let rest = match rest.trim_start().strip_prefix('=') {
        Some(value) => value,
        None => rest.strip_prefix([' ', '\t'])?,
    };
    Some(rest.trim())
}

/// `clear_comments`: a `#` outside quotes begins a comment.
fn without_comment(line: &str) -> &str {
    if memchr(b'#', line.as_bytes()).is_none() {
        return line;
    }
    let mut quote = None;
    let mut escaped = false;
    for (place, c) in line.char_indices() {
        match (c, quote) {
            _ if escaped => escaped = false,
            ('\\', _) => escaped = true,
            ('#', None) => return line.get(..place).unwrap_or_default(),
            ('"' | '\'' | '`', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            _ => {}
        }
    }
    line
}

/// Where assignments before the first section are.
const DEFAULT: &str = "default";

/// No honest configuration has more, and files can include each other.
const MAX_FILES: usize = 64;

#[cfg(test)]
mod tests;
