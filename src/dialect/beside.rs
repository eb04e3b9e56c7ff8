//! Variables of libpq that stand beside a string, in an env file or among the arguments of a command. The program that
//! reads the string has them in its environment.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::settings::Param;
use super::{Fault, Reading, dotenv_line, parts};
use crate::conninfo::World;

/// A machine with these variables in place of its own.
pub(super) struct Beside<'a> {
    world: &'a dyn World,
    variables: &'a [Param],
}

impl<'a> Beside<'a> {
    pub(super) const fn new(world: &'a dyn World, variables: &'a [Param]) -> Self {
        Self { world, variables }
    }

    /// Adds to the reading of a string what its driver reads of the variables.
    pub(super) fn add(&self, mut reading: Reading) -> Result<Reading, Fault> {
        let read = reading.dialect.variables();
        let variables = self.variables.iter();
        let variables = variables.filter(|variable| read.has(&variable.name));
        dotenv_line::add_environment(
            &mut reading,
            variables.map(|variable| (variable.name.as_str(), variable.value.as_str())),
        )?;
        reading.without_nul()
    }
}

impl World for Beside<'_> {
    fn var(&self, name: &str) -> Option<OsString> {
        parts::find(self.variables, name)
            .map(OsString::from)
            .or_else(|| self.world.var(name))
    }

    fn home(&self) -> Option<PathBuf> {
        self.world.home()
    }

    fn user(&self) -> Option<Vec<u8>> {
        self.world.user()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.world.read(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        self.world.list(path)
    }
}
