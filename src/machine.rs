//! The machine we run on, as a connection string sees it: environment, home, user, files.

use std::ffi::OsString;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use pgtls::conninfo::World;
use pgtls::os;
use pgtls::workers::MOST_WAITING;

/// The real one.
pub(crate) struct Machine;

impl World for Machine {
    fn var(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    fn home(&self) -> Option<PathBuf> {
        os::home()
    }

    fn user(&self) -> Option<Vec<u8>> {
        os::user()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        pgtls::trust::read_bounded(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(path)?.take(MOST_LISTED.saturating_add(1));
        let files: Vec<PathBuf> = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        match files.len() > MOST_LISTED {
            true => Err(io::ErrorKind::FileTooLarge.into()),
            false => Ok(files),
        }
    }
}

/// How many endpoints may be in flight at once: as many as are wanted, within the limit of open
/// files, which is raised as far as this user may.
pub(crate) fn jobs(wanted: Option<NonZeroUsize>) -> NonZeroUsize {
    jobs_beside(0, wanted)
}

/// The same beside something that opens this many files.
pub(crate) fn jobs_beside(others: usize, wanted: Option<NonZeroUsize>) -> NonZeroUsize {
    let reserved = RESERVED_FILES.saturating_add(others);
    let open = os::raise_file_limit().saturating_sub(reserved);
    // An endpoint takes two, its socket and, for a moment, the resolver's.
    let most = (open / 2).max(open.saturating_sub(MOST_WAITING));
    let most = NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN);
    wanted.map_or(most, |wanted| wanted.min(most))
}

const RESERVED_FILES: usize = 32;

/// Entries of a directory that OpenSSL's configuration includes. With more, nothing is known of that configuration.
const MOST_LISTED: usize = 10_000;
