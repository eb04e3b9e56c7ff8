//! The trust store of this machine, found and searched as OpenSSL does.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::{bundled, file};
use crate::conninfo::SystemRoots;
use crate::x509::{Anchor, Certificate, Name};

/// Where this machine keeps its roots: bundles that are read whole, and directories in which a
/// root is found by the hash of its name.
#[derive(Debug)]
pub struct SystemStore {
    /// Read first: named by `SSL_CERT_FILE`.
    named_file: Option<PathBuf>,
    /// `SSL_CERT_DIR`, or the default directories.
    directories: Vec<PathBuf>,
    /// Read last, and only if nothing else had the root: the distribution's own bundle.
    default_file: Option<PathBuf>,
    loaded: [OnceLock<Vec<Arc<Anchor>>>; 2],
}

impl SystemStore {
    /// The store that is named, or else the distribution's.
    pub fn new(named: &SystemRoots) -> Self {
        let defaults = openssl_probe::probe();
        Self {
            default_file: match named.file {
                Some(_) => None,
                None => defaults.cert_file,
            },
            named_file: named.file.clone(),
            directories: named.directories.clone().unwrap_or(defaults.cert_dir),
            loaded: [OnceLock::new(), OnceLock::new()],
        }
    }

    /// Is there no bundle and no directory with anything in it?
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

    pub(super) fn by_subject(&self, subject: &Name) -> Vec<Arc<Anchor>> {
        let [named, default] = &self.loaded;
        let mut found = of_subject(
            named.get_or_init(|| load_file(self.named_file.as_deref())),
            subject,
        );
        for directory in &self.directories {
            found.extend(load_hashed(directory, subject));
        }
        if found.is_empty() {
            let anchors = default.get_or_init(|| load_file(self.default_file.as_deref()));
            found = of_subject(anchors, subject);
        }
        found
    }
}

fn of_subject(anchors: &[Arc<Anchor>], subject: &Name) -> Vec<Arc<Anchor>> {
    anchors
        .iter()
        .filter(|anchor| anchor.certificate.subject.matches(subject))
        .cloned()
        .collect()
}

/// OpenSSL goes on without a default file that it cannot use, and so do we: the store is then
/// merely smaller.
fn load_file(path: Option<&Path>) -> Vec<Arc<Anchor>> {
    // A pipe or device could keep the handshake waiting.
    let Some(path) = path.filter(|path| path.is_file()) else {
        return Vec::new();
    };
    let Ok(bytes) = super::read_bounded(path) else {
        return Vec::new();
    };
    CertificateDer::pem_slice_iter(&bytes)
        .filter_map(|der| Certificate::parse(&der.ok()?).ok())
        .map(bundled::anchor)
        .collect()
}

/// `HASH.0`, `HASH.1` and so on until one is missing (OpenSSL, `X509_LOOKUP_hash_dir`). A file
/// under any other name is not found, and so not trusted.
pub(super) fn load_hashed(directory: &Path, subject: &Name) -> Vec<Arc<Anchor>> {
    let mut found = Vec::new();
    for number in 0..MAX_SAME_HASH {
        let path = directory.join(format!("{:08x}.{number}", subject.hash()));
        let Ok(bytes) = super::read_bounded(&path) else {
            break;
        };
        let Ok(contents) = file::read(&bytes) else {
            continue;
        };
        found.extend(
            contents
                .certificates
                .into_iter()
                .filter(|anchor| anchor.certificate.subject.matches(subject))
                .map(Arc::new),
        );
    }
    found
}

/// More certificates of one name hash are not looked for.
const MAX_SAME_HASH: u32 = 64;
