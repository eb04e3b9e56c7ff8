//! Errors for a file that is named, or is in its default place, and cannot be used.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::bundled::BundledRoot;
use super::file::Unusable;
use super::identity::IdentityError;
use super::similar::{Wanted, similar_files};
use crate::conninfo::{Origin, shown_path};

/// Why trust cannot be gathered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of roots or CRLs does not exist.
    #[error("{role} \"{path}\" does not exist")]
    Missing {
        /// What the file is for.
        role: FileRole,
        /// The file.
        path: Box<NamedPath>,
        /// Files in the same directory with similar names.
        similar: Vec<PathBuf>,
        /// A root that is compiled in and usually saved under this name.
        bundled: Option<&'static BundledRoot>,
    },
    /// It exists, but cannot be read.
    #[error("could not read {role} \"{path}\"")]
    Unreadable {
        /// What the file is for.
        role: FileRole,
        /// The file.
        path: Box<NamedPath>,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
    /// It can be read, but OpenSSL would not load it.
    #[error("could not read {role} \"{path}\": {fault}")]
    Unusable {
        /// What the file is for.
        role: FileRole,
        /// The file.
        path: Box<NamedPath>,
        /// What is wrong with it.
        fault: Unusable,
    },
    /// The client certificate or its key.
    #[error("{error}")]
    Identity {
        /// What is wrong.
        error: IdentityError,
        /// The absolute path of the file, if it was named by a relative one.
        absolute: Option<PathBuf>,
    },
}

impl From<IdentityError> for Error {
    fn from(error: IdentityError) -> Self {
        let relative = error.path().filter(|path| path.is_relative());
        let absolute = relative.and_then(|path| std::path::absolute(path).ok());
        Self::Identity { error, absolute }
    }
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileRole {
    /// `sslrootcert`, `~/.postgresql/root.crt`, `--trust FILE`.
    Roots,
    /// `sslcrl`.
    Crls,
    /// `sslcrldir`.
    CrlDirectory,
}

impl fmt::Display for FileRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Roots => "root certificate file",
            Self::Crls => "certificate revocation list file",
            Self::CrlDirectory => "certificate revocation list directory",
        })
    }
}

/// A path, as written and as used. `Display` shows it as written, escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPath {
    /// As the user wrote it.
    pub written: PathBuf,
    /// Made absolute with the current directory; `~` is not expanded: libpq does not either.
    pub absolute: PathBuf,
    /// What named it; `None` for a default path or an option.
    pub origin: Option<Origin>,
}

impl NamedPath {
    fn new(path: &Path, origin: Option<&Origin>) -> Box<Self> {
        Box::new(Self {
            written: path.to_owned(),
            absolute: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            origin: origin.cloned(),
        })
    }
}

impl fmt::Display for NamedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown_path(&self.written))
    }
}

impl Error {
    pub(super) fn io(
        role: FileRole,
        path: &Path,
        origin: Option<&Origin>,
        source: io::Error,
    ) -> Self {
        let named = NamedPath::new(path, origin);
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing {
                role,
                path: named,
                similar: similar_files(
                    path,
                    match role {
                        FileRole::Roots => Wanted::Roots,
                        FileRole::Crls | FileRole::CrlDirectory => Wanted::Crls,
                    },
                ),
                bundled: path
                    .file_name()
                    .and_then(|name| name.to_str())
                    .and_then(BundledRoot::by_file_name)
                    .filter(|_| role == FileRole::Roots),
            },
            _ => Self::Unreadable {
                role,
                path: named,
                source,
            },
        }
    }

    pub(super) fn unusable(
        role: FileRole,
        path: &Path,
        origin: Option<&Origin>,
        fault: Unusable,
    ) -> Self {
        Self::Unusable {
            role,
            path: NamedPath::new(path, origin),
            fault,
        }
    }
}
