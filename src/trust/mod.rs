//! What the user trusts: anchors with their source, and how much the mode demands of them.
//!
//! In goes a conninfo, out comes a [`Trust`]; the rules are those of `initialize_SSL` in
//! PostgreSQL's fe-secure-openssl.c. This is where files are read.

mod bundled;
mod client_chain;
mod encryption;
pub mod file;
pub mod identity;
mod pem;
mod private_key;
mod similar;
mod system;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::conninfo::{ConnInfo, Origin, RootCert, SslMode};
use crate::x509::{Anchor, AnchorList, AnchorStore, Certificate, Name};

pub use bundled::{BundledRoot, ROOTS, is_bundled};
pub use system::SystemStore;

/// The anchors for a connection, and what must hold.
#[derive(Debug)]
pub struct Trust {
    /// What must hold for a pass.
    pub level: Level,
    /// Where the anchors come from.
    pub source: Source,
    store: Store,
}

/// How much of the server's certificate has to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing: any certificate does (`require` and weaker, without a root file).
    Encryption,
    /// The chain must reach an anchor (`verify-ca`, and weaker modes with a root file).
    Chain,
    /// The leaf must also name the host (`verify-full`).
    ChainAndName,
}

/// Where anchors come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The file that `sslrootcert` names.
    SslRootCert {
        /// As the user wrote it.
        path: PathBuf,
        /// Who said so.
        origin: Origin,
    },
    /// `--trust FILE`.
    Option {
        /// As the user wrote it.
        path: PathBuf,
    },
    /// `~/.postgresql/root.crt`.
    Home {
        /// The whole path.
        path: PathBuf,
    },
    /// The machine's store.
    System,
    /// The roots of `certs/`, all or one.
    Bundled,
    /// Mozilla's list.
    Mozilla,
    /// Nothing was configured: the roots of `certs/`, then Mozilla's list.
    Fallback,
}

/// `--trust`: use these anchors, whatever the string says.
#[derive(Clone, Debug)]
pub enum Choice {
    /// All roots of `certs/`.
    Bundled,
    /// One of them.
    BundledRoot(&'static BundledRoot),
    /// Mozilla's list.
    Mozilla,
    /// The machine's store.
    System,
    /// A PEM file.
    File(PathBuf),
}

/// A root file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file.
    #[error("root certificate file \"{}\" does not exist", path.written.display())]
    Missing {
        /// The file.
        path: Box<NamedPath>,
        /// Files beside it whose names are much like it.
        similar: Vec<PathBuf>,
        /// A root that is compiled in and usually saved under this name.
        bundled: Option<&'static BundledRoot>,
    },
    /// It is there, but cannot be read.
    #[error("could not read root certificate file \"{}\"", path.written.display())]
    Unreadable {
        /// The file.
        path: Box<NamedPath>,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
    /// It can be read, but libpq would not load it.
    #[error("could not read root certificate file \"{}\": {fault}", path.written.display())]
    Unusable {
        /// The file.
        path: Box<NamedPath>,
        /// What it is instead.
        fault: file::Unusable,
    },
}

/// A path, as written and as it was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPath {
    /// As the user wrote it.
    pub written: PathBuf,
    /// Made absolute with the current directory; `~` is not expanded, as libpq does not.
    pub absolute: PathBuf,
    /// Who named it; `None` for a path that pgtls made up itself or got as an option.
    pub origin: Option<Origin>,
}

impl Trust {
    /// Finds out what a conninfo trusts, reading the files it names.
    ///
    /// # Errors
    /// [`Error`] for a file that is named, or is there by default, and cannot be used.
    pub fn gather(conninfo: &ConnInfo, choice: Option<&Choice>) -> Result<Self, Error> {
        let mode = conninfo.sslmode.value;
        let (store, source) = match choice {
            Some(choice) => chosen(choice)?,
            None => configured(conninfo)?,
        };
        let level = level(mode, &source);
        Ok(Self {
            level,
            source,
            store,
        })
    }

    /// Every anchor that was read from a file, in the file's order; the built-in lists and the
    /// machine's store are searched by name only.
    pub fn listed(&self) -> Vec<&Certificate> {
        match &self.store {
            Store::Listed(anchors) => anchors.iter().map(|anchor| &*anchor.certificate).collect(),
            Store::System(_) | Store::Bundled(_) | Store::Mozilla | Store::Fallback => Vec::new(),
        }
    }

    /// The paths of the machine's store, if that is what is trusted.
    pub fn system_paths(&self) -> Vec<&Path> {
        match &self.store {
            Store::System(store) => store.paths(),
            Store::Listed(_) | Store::Bundled(_) | Store::Mozilla | Store::Fallback => Vec::new(),
        }
    }
}

impl AnchorStore for Trust {
    fn by_subject(&self, subject: &Name) -> Vec<Arc<Anchor>> {
        self.store.by_subject(subject)
    }
}

#[derive(Debug)]
enum Store {
    Listed(AnchorList),
    System(SystemStore),
    Bundled(&'static [BundledRoot]),
    Mozilla,
    Fallback,
}

impl Store {
    fn by_subject(&self, subject: &Name) -> Vec<Arc<Anchor>> {
        match self {
            Self::Listed(anchors) => anchors.by_subject(subject),
            Self::System(store) => store.by_subject(subject),
            Self::Bundled(roots) => bundled_by_subject(roots, subject),
            Self::Mozilla => bundled::mozilla_by_subject(subject),
            Self::Fallback => {
                let found = bundled_by_subject(&ROOTS, subject);
                if found.is_empty() {
                    bundled::mozilla_by_subject(subject)
                } else {
                    found
                }
            }
        }
    }
}

fn bundled_by_subject(roots: &'static [BundledRoot], subject: &Name) -> Vec<Arc<Anchor>> {
    let anchors = roots.iter().filter_map(BundledRoot::to_anchor);
    anchors
        .filter(|anchor| anchor.certificate.subject.matches(subject))
        .collect()
}

fn chosen(choice: &Choice) -> Result<(Store, Source), Error> {
    Ok(match choice {
        Choice::Bundled => (Store::Bundled(&ROOTS), Source::Bundled),
        Choice::BundledRoot(root) => (Store::Bundled(std::slice::from_ref(root)), Source::Bundled),
        Choice::Mozilla => (Store::Mozilla, Source::Mozilla),
        Choice::System => (Store::System(SystemStore::new()), Source::System),
        Choice::File(path) => (load(path, None)?, Source::Option { path: path.clone() }),
    })
}

fn configured(conninfo: &ConnInfo) -> Result<(Store, Source), Error> {
    if let Some(setting) = &conninfo.sslrootcert {
        return Ok(match &setting.value {
            RootCert::System => (Store::System(SystemStore::new()), Source::System),
            RootCert::File(path) => {
                let origin = setting.origin.clone();
                (
                    load(path, Some(&origin))?,
                    Source::SslRootCert {
                        path: path.clone(),
                        origin,
                    },
                )
            }
        });
    }
    if let Some(path) = conninfo
        .home_files
        .as_ref()
        .map(|home| home.join("root.crt"))
        && path.metadata().is_ok()
    {
        return Ok((load(&path, None)?, Source::Home { path }));
    }
    Ok((Store::Fallback, Source::Fallback))
}

/// libpq verifies the chain in every mode in which it has a root file.
fn level(mode: SslMode, source: &Source) -> Level {
    match (mode, source) {
        (SslMode::VerifyFull, _) => Level::ChainAndName,
        (SslMode::VerifyCa, _) => Level::Chain,
        (_, Source::Fallback) => Level::Encryption,
        (SslMode::Disable | SslMode::Allow | SslMode::Prefer | SslMode::Require, _) => Level::Chain,
    }
}

fn load(path: &Path, origin: Option<&Origin>) -> Result<Store, Error> {
    let named = || {
        Box::new(NamedPath {
            written: path.to_owned(),
            absolute: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            origin: origin.cloned(),
        })
    };
    let bytes = read_bounded(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Error::Missing {
            path: named(),
            similar: similar::similar_files(path),
            bundled: path
                .file_name()
                .and_then(|name| name.to_str())
                .and_then(BundledRoot::by_file_name),
        },
        _ => Error::Unreadable {
            path: named(),
            source,
        },
    })?;
    let contents = file::read(&bytes).map_err(|fault| Error::Unusable {
        path: named(),
        fault,
    })?;
    Ok(Store::Listed(AnchorList::new(contents.certificates)))
}

/// Reads a file of at most [`MAX_FILE`] bytes.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "more than 16 MiB, which is no certificate file",
        ));
    }
    Ok(bytes)
}

/// A trust file larger than this (bytes) is none; the largest public bundles have some 300 KB.
const MAX_FILE: u64 = 16 << 20;
