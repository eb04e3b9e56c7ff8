//! What can be wrong with the client's certificate and key, in libpq's words.

use std::path::{Path, PathBuf};

use super::client_chain::ChainFault;
use super::private_key::KeyFault;
use crate::conninfo::shown_path;
use crate::os::User;

/// Why the client's identity cannot be loaded. Paths are as the user or libpq's default names them.
/// `Display` is libpq's own sentence if it has one, escaped for terminals.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The user named a certificate that does not exist. libpq would continue without one.
    #[error("certificate file \"{}\" does not exist", shown_path(path))]
    CertificateMissing {
        /// `sslcert`.
        path: PathBuf,
        /// Files in the same directory with similar names.
        similar: Vec<PathBuf>,
    },
    /// The certificate's file cannot be looked up.
    #[error("could not open certificate file \"{}\": {reason}", shown_path(path))]
    CertificateInaccessible {
        /// The certificate's file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The certificate's file exists, but cannot be read.
    #[error("could not read certificate file \"{}\": {reason}", shown_path(path))]
    CertificateUnreadable {
        /// The certificate's file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The certificate's file has the wrong contents.
    #[error("could not read certificate file \"{}\": {fault}", shown_path(path))]
    CertificateInvalid {
        /// The certificate's file.
        path: PathBuf,
        /// What is wrong with its contents.
        fault: ChainFault,
    },
    /// The certificate's file contains the key, and the key's file the certificate.
    #[error(
        "could not read certificate file \"{}\": it contains the private key, and \"{}\" contains the certificate",
        shown_path(path),
        shown_path(key)
    )]
    Swapped {
        /// What is named as the certificate's file.
        path: PathBuf,
        /// What is named as the key's file.
        key: PathBuf,
    },
    /// There is a certificate, but not its key.
    #[error(
        "certificate present, but not private key file \"{}\"",
        shown_path(path)
    )]
    KeyMissing {
        /// `sslkey`, or the default file.
        path: PathBuf,
        /// The certificate's file.
        certificate: PathBuf,
        /// Files in the same directory with similar names.
        similar: Vec<PathBuf>,
    },
    /// The user named a key that does not exist, and there is no certificate either. libpq would
    /// not look for the key.
    #[error("private key file \"{}\" does not exist", shown_path(path))]
    LoneKeyMissing {
        /// `sslkey`.
        path: PathBuf,
        /// Files in the same directory with similar names.
        similar: Vec<PathBuf>,
    },
    /// There is a certificate, but no key is named, and there is no home directory.
    #[error(
        "certificate file \"{}\" needs a private key, but none is set",
        shown_path(certificate)
    )]
    KeyUnnamed {
        /// The certificate's file.
        certificate: PathBuf,
    },
    /// `sslkey` names a key in an OpenSSL engine.
    #[error(
        "private key \"{}\" is in an OpenSSL engine, which is not supported",
        shown_path(key)
    )]
    Engine {
        /// `sslkey`.
        key: PathBuf,
    },
    /// The key's file cannot be looked up.
    #[error("could not stat private key file \"{}\": {reason}", shown_path(path))]
    KeyInaccessible {
        /// The key's file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The key's file is a directory, a device or a pipe.
    #[error("private key file \"{}\" is not a regular file", shown_path(path))]
    KeyNotRegular {
        /// The key's file.
        path: PathBuf,
    },
    /// Other users than the owner may read the key.
    #[error(
        "private key file \"{}\" has group or world access; file must have permissions u=rw (0600) \
         or less if owned by the current user, or permissions u=rw,g=r (0640) or less if owned by \
         root",
        shown_path(path)
    )]
    KeyPermissions {
        /// The key's file.
        path: PathBuf,
        /// Its permission bits, such as 0o644.
        mode: u32,
        /// Who may change them.
        custody: Custody,
    },
    /// The key's file exists, but cannot be read.
    #[error("could not load private key file \"{}\": {reason}", shown_path(path))]
    KeyUnreadable {
        /// The key's file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The key's file has the wrong contents.
    #[error("could not load private key file \"{}\": {fault}", shown_path(path))]
    KeyInvalid {
        /// The key's file.
        path: PathBuf,
        /// What is wrong with its contents.
        fault: KeyFault,
    },
    /// The key does not belong to the certificate.
    #[error(
        "certificate file \"{}\" does not match private key file \"{}\"",
        shown_path(certificate),
        shown_path(key)
    )]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// The position of the certificate that the key does belong to, if the file has it.
        fits: Option<usize>,
        /// The subject of the first certificate.
        first: String,
    },
    /// `sslcertmode=require` without a certificate: libpq will fail with any server.
    #[error("sslcertmode is \"require\", but there is no client certificate")]
    NoCertificate,
}

impl IdentityError {
    /// The file with the fault, as the user or libpq's default names it.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::CertificateMissing { path, .. }
            | Self::CertificateInaccessible { path, .. }
            | Self::CertificateUnreadable { path, .. }
            | Self::CertificateInvalid { path, .. }
            | Self::Swapped { path, .. }
            | Self::KeyMissing { path, .. }
            | Self::LoneKeyMissing { path, .. }
            | Self::KeyInaccessible { path, .. }
            | Self::KeyNotRegular { path }
            | Self::KeyPermissions { path, .. }
            | Self::KeyUnreadable { path, .. }
            | Self::KeyInvalid { path, .. } => Some(path),
            Self::Mismatch { key, .. } => Some(key),
            Self::KeyUnnamed { .. } | Self::Engine { .. } | Self::NoCertificate => None,
        }
    }
}

/// Who may change the permissions of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Custody {
    /// This user.
    Own,
    /// Another user, the file's owner.
    Other {
        /// The owner's number.
        owner: u32,
        /// The owner's name, if the owner has one.
        name: Option<String>,
        /// Who runs this program.
        user: User,
    },
    /// Nobody here: its file system is mounted read-only.
    ReadOnly,
    /// Nobody has to: it is a certificate and no key.
    Certificate,
    /// The kubelet, which has mounted it from a secret.
    Kubernetes(User),
}
