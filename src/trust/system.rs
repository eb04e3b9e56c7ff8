//! The trust store of this machine, found and searched as OpenSSL does.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::file::{self, Search};
use crate::conninfo::SystemRoots;
use crate::os;
use crate::x509::{Anchor, Name};

/// Where this machine keeps its roots: bundles that are read completely, and directories in which a
/// root is found by the hash of its name.
#[derive(Debug)]
pub struct SystemStore {
    /// What the variables say.
    named: SystemRoots,
    /// Read first: the file that `SSL_CERT_FILE` names.
    named_file: Option<PathBuf>,
    /// `SSL_CERT_DIR`, or the default directories.
    directories: Vec<PathBuf>,
    /// The distribution's own bundle. Read last, and only if nothing else had the root.
    default_file: Option<PathBuf>,
    loaded: [OnceLock<Vec<Arc<Anchor>>>; 2],
}

impl SystemStore {
    /// The store that is named, or else the distribution's.
    pub fn new(named: &SystemRoots) -> Self {
        let (default_file, default_directories) = os::root_files();
        Self {
            default_file: match named.file {
                Some(_) => None,
                None => default_file,
            },
            named: named.clone(),
            named_file: named.file.clone(),
            directories: named.directories.clone().unwrap_or(default_directories),
            loaded: [OnceLock::new(), OnceLock::new()],
        }
    }

    /// What the variables say.
    pub(super) const fn named(&self) -> &SystemRoots {
        &self.named
    }

    /// The named file, if no root can be read from it.
    pub(super) fn useless_file(&self) -> Option<&Path> {
        let path = self.named_file.as_deref()?;
        let [named, _] = &self.loaded;
        let roots = named.get_or_init(|| load_file(Some(path)));
        roots.is_empty().then_some(path)
    }

    /// Are there no bundle and no non-empty directory?
    pub(super) fn is_empty(&self) -> bool {
        let holds = |file: &PathBuf| file.metadata().is_ok_and(|file| file.len() > 0);
        let files = self.named_file.iter().chain(&self.default_file);
        let entries = |directory: &PathBuf| {
            directory
                .read_dir()
                .is_ok_and(|mut entries| entries.next().is_some())
        };
        !files.into_iter().any(holds) && !self.directories.iter().any(entries)
    }

    /// OpenSSL searches the directories only if no root of this name is in memory yet
    /// (`X509_STORE_CTX_get_by_subject`), and takes the first directory that has one.
    pub(super) fn by_subject(&self, subject: &Name) -> Vec<Arc<Anchor>> {
        let [named, default] = &self.loaded;
        let in_memory = named.get_or_init(|| load_file(self.named_file.as_deref()));
        let found = of_subject(in_memory, subject);
        if !found.is_empty() {
            return found;
        }
        let found = in_directories(&self.directories, subject);
        if !found.is_empty() {
            return found;
        }
        let anchors = default.get_or_init(|| load_file(self.default_file.as_deref()));
        of_subject(anchors, subject)
    }
}

fn of_subject(anchors: &[Arc<Anchor>], subject: &Name) -> Vec<Arc<Anchor>> {
    anchors
        .iter()
        .filter(|anchor| anchor.certificate.subject.matches(subject))
        .cloned()
        .collect()
}

/// OpenSSL continues without a default file that it cannot use. So do we: the store is then only
/// smaller.
fn load_file(path: Option<&Path>) -> Vec<Arc<Anchor>> {
    // A pipe or device could keep the handshake waiting.
    let Some(path) = path.filter(|path| path.is_file()) else {
        return Vec::new();
    };
    let contents = super::read_bounded(path)
        .ok()
        .and_then(|bytes| file::read(&bytes).ok())
        .unwrap_or_default();
    contents.certificates.into_iter().map(Arc::new).collect()
}

/// The roots with the hash of this name, from the first of these directories that has any.
pub(super) fn in_directories(directories: &[PathBuf], subject: &Name) -> Vec<Arc<Anchor>> {
    directories
        .iter()
        .map(|directory| load_hashed(directory, subject))
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

/// `HASH.0`, `HASH.1` and so on until one is missing (OpenSSL, `X509_LOOKUP_hash_dir`). A file under
/// any other name is not found, and therefore not trusted.
fn load_hashed(directory: &Path, subject: &Name) -> Vec<Arc<Anchor>> {
    let mut found = Vec::new();
    for number in 0..MAX_SAME_HASH {
        let path = directory.join(format!("{:08x}.{number}", subject.hash()));
        let Ok(bytes) = super::read_bounded(&path) else {
            break;
        };
        let loaded = file::load_certificates(&bytes);
        found.extend(
            loaded
                .values
                .into_iter()
                .filter(|anchor| anchor.certificate.subject.matches(subject))
                .map(Arc::new),
        );
        if loaded.search == Search::Ends {
            break;
        }
    }
    found
}

/// The maximum of files with one hash. It is safe: an anchor that is not found can only cause a
/// refusal.
const MAX_SAME_HASH: u32 = 64;
