//! A server's certificate file and its key, by the rules by which PostgreSQL starts with them or not.

use std::io;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;

use super::client_chain::Chain;
use super::identity::{Identity, IdentityError, absent, pair};
use super::identity_file::{chain_of, read_key, swapped};
use super::public_half::PublicHalf;
use super::read::read_bounded;
use super::supposed::Supposed;
use crate::x509::Certificate;

/// A server's certificate file, read once.
pub struct CertificateFile {
    path: PathBuf,
    contents: io::Result<Vec<u8>>,
}

impl CertificateFile {
    /// Reads the file.
    pub fn read(path: PathBuf) -> Self {
        let contents = read_bounded(&path);
        Self { path, contents }
    }

    /// The same, if that is supposed about it.
    pub fn supposing(path: PathBuf, supposed: &Supposed) -> Self {
        let contents = supposed.read(&path);
        Self { path, contents }
    }

    /// As the user names it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it; `None` if it cannot be read.
    pub fn contents(&self) -> Option<&[u8]> {
        self.outcome().ok()
    }

    /// The same, or why it cannot be read.
    pub fn outcome(&self) -> Result<&[u8], &io::Error> {
        self.contents.as_deref()
    }

    /// The certificates in it, the server's own first.
    ///
    /// # Errors
    /// Why a server would not start with this file.
    pub fn chain(&self) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
        Ok(self.parsed()?.to_der())
    }

    /// The certificates in it, and its key, which must belong to the first. PostgreSQL applies the same rule for the
    /// key's permissions on both sides (`check_ssl_key_file_permissions` in be-secure-common.c).
    ///
    /// # Errors
    /// Why a server would not start with these files.
    pub fn with_key(&self, key: &Path) -> Result<Identity, IdentityError> {
        self.with_key_supposing(key, Supposed::nothing())
    }

    /// The same, if that is supposed about the key's file.
    ///
    /// # Errors
    /// The same.
    pub fn with_key_supposing(
        &self,
        key: &Path,
        supposed: &Supposed,
    ) -> Result<Identity, IdentityError> {
        let chain = self.parsed();
        let chain = chain.map_err(|error| swapped(error, key, supposed))?;
        pair(chain, self.path.clone(), key.to_path_buf(), None, supposed)
    }

    fn parsed(&self) -> Result<Chain, IdentityError> {
        chain_of(&self.path, self.outcome())
    }
}

/// Checks that a server's key file belongs to what is not a certificate file: a request, or an archive. `certificate` is
/// the one in it, or the one that the request asks for.
///
/// # Errors
/// Why a server would not start with this key and this certificate.
pub fn check_key(
    certificate: &Certificate,
    file: &Path,
    key: &Path,
    supposed: &Supposed,
) -> Result<(), IdentityError> {
    let (own, _) = read_key(key, None, supposed, |error| absent(key, file, &error))?;
    if PublicHalf::of(&*own).fits(certificate) {
        return Ok(());
    }
    Err(IdentityError::Mismatch {
        first: certificate.subject.text.clone(),
        fits: None,
        certificate: file.to_path_buf(),
        key: key.to_path_buf(),
    })
}
