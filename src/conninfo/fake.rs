//! A world for tests: variables and files in memory.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::World;

/// No variables and no files at first; the user is `me`, at home in `/home/me`.
pub(crate) struct Fake {
    variables: BTreeMap<&'static str, OsString>,
    files: BTreeMap<PathBuf, Vec<u8>>,
    user: Option<&'static str>,
    home: Option<PathBuf>,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            variables: BTreeMap::new(),
            files: BTreeMap::new(),
            user: Some("me"),
            home: Some("/home/me".into()),
        }
    }
}

impl Fake {
    pub(crate) fn var(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name, value.into());
        self
    }

    pub(crate) fn file(mut self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.files
            .insert(PathBuf::from(path), text.as_ref().to_vec());
        self
    }

    pub(crate) fn home(mut self, home: impl Into<PathBuf>) -> Self {
        self.home = Some(home.into());
        self
    }

    /// As in a container whose user id has no entry in the password database.
    pub(crate) fn without_user() -> Self {
        Self {
            user: None,
            home: None,
            ..Self::default()
        }
    }
}

impl World for Fake {
    fn var(&self, name: &str) -> Option<OsString> {
        self.variables.get(name).cloned()
    }

    fn home(&self) -> Option<PathBuf> {
        self.home.clone()
    }

    fn user(&self) -> Option<Vec<u8>> {
        self.user.map(|user| user.as_bytes().to_vec())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files
            .get(path)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// The files whose paths begin with this one.
    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let inside = self.files.keys().filter(|file| file.parent() == Some(path));
        match inside.clone().count() {
            0 => Err(io::ErrorKind::NotADirectory.into()),
            1..=MOST_LISTED => Ok(inside.cloned().collect()),
            _ => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }
}

/// As few as a test can make.
const MOST_LISTED: usize = 100;
