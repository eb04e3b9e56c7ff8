//! The client's own certificate and key, as libpq loads them before it checks the server
//! (`initialize_SSL` in PostgreSQL's fe-secure-openssl.c).

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::CertificateDer;
use rustls::sign::SigningKey;

use super::client_chain::{self, ChainFault};
pub use super::identity_error::{Custody, IdentityError};
use super::identity_file::{
    chain_of, find_certificate, find_key, named, read_key, read_lone_key, reason, swapped,
};
use super::private_key::{self, KeyFault, KeyForm};
use super::public_half::PublicHalf;
use super::read::read_bounded;
use super::similar::{Wanted, similar_files};
use super::supposed::Supposed;
use crate::conninfo::SslCertMode;
use crate::x509::Certificate;

/// What the connection string and its environment say about the client's identity.
#[derive(Clone, Copy)]
pub struct IdentityRequest<'a> {
    /// `sslcert`; `None` and an empty path mean the default file.
    pub certificate: Option<&'a Path>,
    /// `sslkey`; `None` and an empty path mean the default file.
    pub key: Option<&'a Path>,
    /// `sslpassword`; `None` and the empty password mean no password.
    pub password: Option<&'a [u8]>,
    /// `sslcertmode`.
    pub mode: SslCertMode,
    /// `~/.postgresql`, if there is a home directory.
    pub home_files: Option<&'a Path>,
    /// What is supposed about these files.
    pub supposed: &'a Supposed,
}

/// What proves to a server who the client is.
#[derive(Clone)]
pub struct Identity {
    /// The client's own certificate, then the others of its file in order.
    pub chain: Vec<CertificateDer<'static>>,
    /// The same, parsed.
    pub certificates: Vec<Certificate>,
    /// The private key, ready to sign.
    pub key: Arc<dyn SigningKey>,
    /// The certificate's file, as the user or libpq's default names it.
    pub certificate_path: PathBuf,
    /// The key's file, as the user or libpq's default names it.
    pub key_path: PathBuf,
    /// The form of the key's file.
    pub key_form: KeyForm,
}

/// Loads the client's certificate and key, and checks that they belong together. `None` if there is
/// no certificate and none is required.
///
/// # Errors
/// What libpq refuses before it checks the server. Also a named file that is missing or cannot be
/// used, where libpq would continue without it.
pub fn load(request: &IdentityRequest<'_>) -> Result<Option<Identity>, IdentityError> {
    if request.mode == SslCertMode::Disable {
        return Ok(None);
    }
    let password = request.password.filter(|password| !password.is_empty());
    let Some(certificate_path) = find_certificate(request)? else {
        if let Some(path) = named(request.key) {
            read_lone_key(path, password, request.supposed)?;
        }
        return match request.mode {
            SslCertMode::Require => Err(IdentityError::NoCertificate),
            SslCertMode::Allow | SslCertMode::Disable => Ok(None),
        };
    };
    let supposed = request.supposed;
    let key_path = find_key(request, &certificate_path);
    let contents = supposed.read(&certificate_path);
    let chain = chain_of(&certificate_path, contents.as_deref());
    let chain = chain.map_err(|error| match &key_path {
        Ok(key) => swapped(error, key, supposed),
        Err(_) => error,
    })?;
    pair(chain, certificate_path, key_path?, password, supposed).map(Some)
}

/// Reads the contents of a certificate file: its own certificate first, then those that are sent
/// with it.
///
/// # Errors
/// What `SSL_CTX_use_certificate_chain_file` refuses at OpenSSL's security level 2.
pub fn certificates(contents: &[u8]) -> Result<Vec<CertificateDer<'static>>, ChainFault> {
    Ok(client_chain::read(contents)?.to_der())
}

/// Reads the contents of a key file: the first private key in it, ready to sign.
///
/// # Errors
/// What libpq, or rustls, cannot use.
pub fn private_key(
    contents: &[u8],
    password: Option<&[u8]>,
) -> Result<Arc<dyn SigningKey>, KeyFault> {
    private_key::read(contents, password)
        .and_then(|key| any_supported_type(&key).map_err(|_| KeyFault::Malformed))
}

pub(super) fn pair(
    chain: client_chain::Chain,
    certificate_path: PathBuf,
    key_path: PathBuf,
    password: Option<&[u8]>,
    supposed: &Supposed,
) -> Result<Identity, IdentityError> {
    let (key, key_form) = read_key(&key_path, password, supposed, |error| {
        absent(&key_path, &certificate_path, &error)
    })?;
    let half = PublicHalf::of(&*key);
    let belongs = |certificate: &Certificate| half.fits(certificate);
    if !chain.parsed.first().is_some_and(belongs) {
        let first = chain.parsed.first();
        return Err(IdentityError::Mismatch {
            first: first.map_or_else(String::new, |first| first.subject.text.clone()),
            fits: chain.parsed.iter().position(belongs),
            certificate: certificate_path,
            key: key_path,
        });
    }
    Ok(Identity {
        chain: chain.to_der(),
        certificates: chain.parsed,
        key,
        certificate_path,
        key_path,
        key_form,
    })
}

/// The key's file cannot be looked up.
pub(super) fn absent(key: &Path, certificate: &Path, error: &io::Error) -> IdentityError {
    match error.kind() {
        io::ErrorKind::NotFound => {
            let mut similar = similar_files(key, Wanted::Key);
            let contents = read_bounded(certificate).unwrap_or_default();
            if memchr::memmem::find(&contents, b"PRIVATE KEY-----").is_some() {
                similar.insert(0, certificate.to_path_buf());
            }
            IdentityError::KeyMissing {
                path: key.to_path_buf(),
                certificate: certificate.to_path_buf(),
                similar,
            }
        }
        _ => IdentityError::KeyInaccessible {
            path: key.to_path_buf(),
            reason: reason(error),
        },
    }
}

impl fmt::Debug for IdentityRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityRequest")
            .field("certificate", &self.certificate)
            .field("key", &self.key)
            .field("password", &self.password.map(|_| "********"))
            .field("mode", &self.mode)
            .field("home_files", &self.home_files)
            .finish()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("chain", &self.chain.len())
            .field("certificate_path", &self.certificate_path)
            .field("key_path", &self.key_path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const PASSWORD: &[u8] = b"correct horse";

    fn request<'a>(certificate: &'a Path, key: &'a Path) -> IdentityRequest<'a> {
        IdentityRequest {
            certificate: Some(certificate),
            key: Some(key),
            password: Some(PASSWORD),
            mode: SslCertMode::Allow,
            home_files: None,
            supposed: Supposed::nothing(),
        }
    }

    /// A directory with a certificate and its key, and the two paths.
    fn identity() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = ["client.crt", "client.key"]
            .map(|name| directory.path().join(name))
            .into();
        let made = rcgen::generate_simple_self_signed(vec!["client".to_owned()]).unwrap();
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        if let Some(owner_only) = crate::os::creation_mode(0o600) {
            fs::set_permissions(&key, owner_only).unwrap();
        }
        (directory, certificate, key)
    }

    #[test]
    fn a_certificate_and_its_key_are_loaded() {
        let (_directory, certificate, key) = identity();
        let loaded = load(&request(&certificate, &key)).unwrap().unwrap();
        assert_eq!(loaded.chain.len(), 1);
        assert_eq!(
            (loaded.certificate_path, loaded.key_path),
            (certificate, key)
        );
    }

    #[test]
    fn disabled_looks_at_nothing_and_required_demands_a_certificate() {
        let missing = Path::new("/missing");
        let disabled = IdentityRequest {
            mode: SslCertMode::Disable,
            ..request(missing, missing)
        };
        assert!(load(&disabled).unwrap().is_none());
        let none = IdentityRequest {
            certificate: None,
            key: None,
            ..disabled
        };
        let allowed = IdentityRequest {
            mode: SslCertMode::Allow,
            ..none
        };
        assert!(load(&allowed).unwrap().is_none());
        let required = IdentityRequest {
            mode: SslCertMode::Require,
            ..none
        };
        assert_eq!(
            load(&required).map(|_| ()),
            Err(IdentityError::NoCertificate)
        );
    }

    #[test]
    fn a_missing_file_names_those_that_may_have_been_meant() {
        let (directory, certificate, key) = identity();
        let path = directory.path().join("clinet.crt");
        let fault = load(&request(&path, &key)).map(|_| ());
        assert_eq!(
            fault,
            Err(IdentityError::CertificateMissing {
                path,
                similar: vec![certificate.clone()]
            })
        );
        let path = directory.path().join("client.kye");
        let fault = load(&request(&certificate, &path)).map(|_| ()).unwrap_err();
        let IdentityError::KeyMissing { similar, .. } = fault else {
            panic!("{fault}")
        };
        assert_eq!(similar.first(), Some(&key));
    }

    #[test]
    fn a_key_in_the_file_of_the_certificate_is_found() {
        let (_directory, certificate, key) = identity();
        let both = [fs::read(&certificate).unwrap(), fs::read(&key).unwrap()];
        fs::write(&certificate, both.concat()).unwrap();
        fs::remove_file(&key).unwrap();
        let missing = fs::metadata(&key).unwrap_err();
        let IdentityError::KeyMissing { similar, .. } = absent(&key, &certificate, &missing) else {
            panic!("{missing}")
        };
        assert_eq!(similar.first(), Some(&certificate));
    }

    #[test]
    fn without_a_home_the_key_must_be_named() {
        let (_directory, certificate, key) = identity();
        let unnamed = IdentityRequest {
            key: None,
            ..request(&certificate, &key)
        };
        assert_eq!(
            load(&unnamed).map(|_| ()),
            Err(IdentityError::KeyUnnamed { certificate })
        );
    }

    #[test]
    fn nothing_shows_the_password_or_the_key() {
        let (_directory, certificate, key) = identity();
        let request = request(&certificate, &key);
        let shown = format!("{request:?} {:?}", load(&request).unwrap());
        assert!(
            !shown.contains("correct horse") && shown.contains("********"),
            "{shown}"
        );
        let pem = fs::read_to_string(&key).unwrap();
        let secret = pem.lines().nth(1).unwrap();
        assert!(!shown.contains(secret), "{shown}");
    }
}
