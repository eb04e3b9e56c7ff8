//! Roots that were chosen in place of those of the connection string, and what chose them.

use std::path::PathBuf;

use super::BundledRoot;

/// Use these anchors instead of those of the string.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

crate::words::words! {
    /// What chose them.
    Chooser {
        /// The option of `check` and `audit`.
        Option = "--trust",
        /// The configuration file, for one endpoint or for all.
        Config = "the configuration file",
        /// The option of `verify`.
        Verify = "--sslrootcert",
    }
}

/// A choice, and what made it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chosen {
    /// Which roots.
    pub choice: Choice,
    /// What chose them.
    pub by: Chooser,
}
