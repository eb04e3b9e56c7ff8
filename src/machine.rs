//! The machine we run on, as a connection string sees it: environment, home, user, files.

use std::ffi::{OsStr, OsString};
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use pgtls::conninfo::World;

/// The real one.
pub(crate) struct Machine;

impl World for Machine {
    fn var(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    #[cfg(not(windows))]
    fn home(&self) -> Option<PathBuf> {
        std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
    }

    #[cfg(windows)]
    fn home(&self) -> Option<PathBuf> {
        std::env::var_os("APPDATA").map(|data| PathBuf::from(data).join("postgresql"))
    }

    #[cfg(unix)]
    fn user(&self) -> Option<Vec<u8>> {
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok()??;
        Some(user.name.into_bytes())
    }

    #[cfg(not(unix))]
    fn user(&self) -> Option<Vec<u8>> {
        std::env::var("USERNAME").ok().map(String::into_bytes)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        pgtls::trust::read_bounded(path)
    }
}

/// How many endpoints may be in flight at once: as many as are wanted, as far as the limit of open
/// files allows once it is as high as this user may put it.
pub(crate) fn jobs(wanted: Option<NonZeroUsize>) -> NonZeroUsize {
    let open = file_limit().saturating_sub(RESERVED_FILES);
    // An endpoint takes two, its socket and, for a moment, the resolver's.
    let most = (open / 2).max(open.saturating_sub(RESOLVERS));
    let most = NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN);
    wanted.map_or(most, |wanted| wanted.min(most))
}

#[cfg(unix)]
fn file_limit() -> usize {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return usize::MAX;
    };
    let raised = setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_or(soft, |()| hard);
    usize::try_from(raised).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
fn file_limit() -> usize {
    usize::MAX
}

const RESERVED_FILES: usize = 32;

/// So many names are resolved at once: the threads that tokio's runtime has for it.
const RESOLVERS: usize = 512;

/// An argument as bytes: a connection string need not be UTF-8.
#[cfg(unix)]
pub(crate) fn bytes_of(text: &OsStr) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    text.as_bytes().to_vec()
}

/// An argument as bytes: a connection string need not be valid Unicode.
#[cfg(not(unix))]
pub(crate) fn bytes_of(text: &OsStr) -> Vec<u8> {
    text.to_string_lossy().into_owned().into_bytes()
}
