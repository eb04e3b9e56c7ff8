//! Where anchors are looked up while a chain is built.

use std::path::PathBuf;
use std::sync::Arc;

use super::bundled::{self, BundledRoot, ROOTS};
use super::system::{SystemStore, in_directories};
use crate::x509::{Anchor, AnchorList, AnchorStore, Certificate, Name};

/// The anchors of a connection: those of the trust, and those from CRL files and directories.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) base: Base,
    /// Certificates of the CRL file: OpenSSL loads them as anchors (`X509_load_cert_crl_file`).
    pub(super) from_crl_file: AnchorList,
    /// The CRL directories, in which OpenSSL looks for anchors, too.
    pub(super) crl_directories: Vec<PathBuf>,
}

/// The anchors of the trust.
#[derive(Debug)]
pub(super) enum Base {
    /// Read from a file.
    Listed(AnchorList),
    System(SystemStore),
    Bundled(&'static [BundledRoot]),
    Mozilla,
    /// The roots of `certs/`, then Mozilla's.
    Fallback,
}

impl Store {
    pub(super) fn listed(&self) -> Vec<&Certificate> {
        match &self.base {
            Base::Listed(anchors) => anchors.iter().map(|anchor| &*anchor.certificate).collect(),
            Base::System(_) | Base::Bundled(_) | Base::Mozilla | Base::Fallback => Vec::new(),
        }
    }

    /// The machine's store, if that is the source.
    pub(super) fn system(&self) -> Option<&SystemStore> {
        match &self.base {
            Base::System(store) => Some(store),
            Base::Listed(_) | Base::Bundled(_) | Base::Mozilla | Base::Fallback => None,
        }
    }
}

impl AnchorStore for Store {
    fn by_subject(&self, subject: &Name) -> Vec<Arc<Anchor>> {
        let mut found = self.base.by_subject(subject);
        found.extend(self.from_crl_file.by_subject(subject));
        if found.is_empty() {
            found = in_directories(&self.crl_directories, subject);
        }
        found
    }
}

impl Base {
    pub(super) fn by_subject(&self, subject: &Name) -> Vec<Arc<Anchor>> {
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
