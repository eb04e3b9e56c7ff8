//! A world for tests: variables and files held in memory.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::World;

/// No variables and no files at first; the user is `me`, at home in `/home/me`.
#[derive(Default)]
pub(super) struct Fake {
    variables: BTreeMap<&'static str, &'static str>,
    files: BTreeMap<PathBuf, Vec<u8>>,
    nobody: bool,
}

impl Fake {
    pub(super) fn var(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.insert(name, value);
        self
    }

    pub(super) fn file(mut self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.files
            .insert(PathBuf::from(path), text.as_ref().to_vec());
        self
    }

    /// As in a container whose user id has no entry in the password database.
    pub(super) fn nobody() -> Self {
        Self {
            nobody: true,
            ..Self::default()
        }
    }
}

impl World for Fake {
    fn var(&self, name: &str) -> Option<OsString> {
        self.variables.get(name).map(OsString::from)
    }

    fn home(&self) -> Option<PathBuf> {
        (!self.nobody).then(|| PathBuf::from("/home/me"))
    }

    fn user(&self) -> Option<Vec<u8>> {
        (!self.nobody).then(|| b"me".to_vec())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files
            .get(path)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
