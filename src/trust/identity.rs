//! The client's own certificate and key, as libpq loads them before it checks the server
//! (`initialize_SSL` in PostgreSQL's fe-secure-openssl.c).

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::CertificateDer;
use rustls::sign::SigningKey;

use super::archive::{self, ArchiveFault, CertificateBag, Mark};
use super::client_chain::{self, ChainFault};
pub use super::identity_error::{Custody, IdentityError};
use super::identity_file::{
    chain_of, find_certificate, find_key, named, read_key, read_lone_key, reason, swapped,
};
use super::private_key::{self, KeyFault, KeyForm};
use super::read::read_bounded;
use super::similar::{Wanted, similar_files};
use super::supposed::Supposed;
use crate::conninfo::SslCertMode;
use crate::x509::{Certificate, PublicKey};

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

    fn parsed(&self) -> Result<client_chain::Chain, IdentityError> {
        chain_of(&self.path, self.outcome())
    }
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

fn pair(
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
fn absent(key: &Path, certificate: &Path, error: &io::Error) -> IdentityError {
    match error.kind() {
        io::ErrorKind::NotFound => IdentityError::KeyMissing {
            path: key.to_path_buf(),
            certificate: certificate.to_path_buf(),
            similar: similar_files(key, Wanted::Key),
        },
        _ => IdentityError::KeyInaccessible {
            path: key.to_path_buf(),
            reason: reason(error),
        },
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

/// A server's chain from a PKCS #12 archive, as PostgreSQL would use it after a conversion to PEM.
pub struct Archived {
    /// The server's own certificate.
    pub own: Certificate,
    /// The others, in the archive's order.
    pub others: Vec<Certificate>,
    /// Where in the archive the server's own certificate is.
    pub order: ArchiveOrder,
    /// Where in it the server's key is.
    pub key: ArchivedKey,
}

impl Archived {
    /// The chain, the server's own certificate first.
    pub fn to_der(&self) -> Vec<Vec<u8>> {
        let all = std::iter::once(&self.own).chain(&self.others);
        all.map(|certificate| certificate.der.to_vec()).collect()
    }
}

/// Where in an archive the server's own certificate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveOrder {
    /// Before all others, as in `ssl_cert_file`.
    LeafFirst,
    /// After another, and it alone is marked as that of a key: `openssl pkcs12 -clcerts` writes it alone.
    LeafMarked,
    /// After another, and no option of `openssl pkcs12` picks it out.
    LeafUnmarked {
        /// Its place, counted from 0.
        position: usize,
    },
}

/// Where in an archive the server's key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchivedKey {
    /// It holds no key.
    Absent,
    /// Before all other keys, as in `ssl_key_file`.
    First,
    /// After another key.
    Later {
        /// Its place, counted from 0.
        position: usize,
    },
}

/// Why an archive is not that of a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// It cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveFault),
    /// PostgreSQL would not start with these certificates.
    #[error(transparent)]
    Chain(#[from] ChainFault),
    /// Its key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// Its key belongs to none of its certificates.
    #[error("the private key in it belongs to none of its certificates")]
    Mismatch,
}

/// Reads the contents of a PKCS #12 archive: the certificate that its key fits, then the others. Without a key, the
/// first certificate is the server's.
///
/// # Errors
/// What `openssl pkcs12` or PostgreSQL refuses.
pub fn open_archive(contents: &[u8], password: Option<&[u8]>) -> Result<Archived, ArchiveError> {
    let archive::Contents { certificates, keys } = archive::read(contents, password)?;
    let mut parsed = client_chain::parse_all(certificates.iter().map(|bag| bag.der.as_slice()))?;
    let (place, key) = match keys.as_slice() {
        [] => (0, ArchivedKey::Absent),
        keys => place_of_own(&parsed, keys)?,
    };
    let is_marked = |bag: &CertificateBag| bag.mark == Mark::LocalKey;
    let mut marked = certificates.iter().enumerate();
    let mut marked = marked.by_ref().filter(|(_, bag)| is_marked(bag));
    let order = match (place, marked.next(), marked.next()) {
        (0, _, _) => ArchiveOrder::LeafFirst,
        (place, Some((one, _)), None) if one == place => ArchiveOrder::LeafMarked,
        (position, _, _) => ArchiveOrder::LeafUnmarked { position },
    };
    parsed.get_mut(..=place).unwrap_or_default().rotate_right(1);
    client_chain::check_all(&parsed)?;
    let mut all = parsed.into_iter();
    let own = all.next().ok_or(ArchiveFault::NoCertificate)?;
    Ok(Archived {
        own,
        others: all.collect(),
        order,
        key,
    })
}

/// The position of the certificate that one of the keys fits, and of that key.
fn place_of_own(
    certificates: &[Certificate],
    keys: &[Vec<u8>],
) -> Result<(usize, ArchivedKey), ArchiveError> {
    if certificates.is_empty() {
        return Err(ArchiveFault::NoCertificate.into());
    }
    if keys.len() > MAX_KEYS {
        return Err(ArchiveFault::TooMuch.into());
    }
    for (position, key) in keys.iter().enumerate() {
        let half = PublicHalf::of(&*private_key(key, None)?);
        let fits = |certificate: &Certificate| half.fits(certificate);
        if let Some(place) = certificates.iter().position(fits) {
            let key = match position {
                0 => ArchivedKey::First,
                position => ArchivedKey::Later { position },
            };
            return Ok((place, key));
        }
    }
    Err(ArchiveError::Mismatch)
}

/// Every key is checked when it is read, which takes a while for long ones.
const MAX_KEYS: usize = 100;

/// The public half of a private key.
struct PublicHalf(Option<Vec<u8>>);

impl PublicHalf {
    fn of(key: &dyn SigningKey) -> Self {
        let spki = key.public_key();
        let bytes = spki
            .as_ref()
            .and_then(|spki| PublicKey::bytes_of_spki(spki));
        Self(bytes.map(<[u8]>::to_vec))
    }

    /// Is it the key of this certificate?
    fn fits(&self, certificate: &Certificate) -> bool {
        let certified = PublicKey::bytes_of_spki(&certificate.public_key.spki);
        let (Some(own), Some(certified)) = (self.0.as_deref(), certified) else {
            return false;
        };
        own == certified || compressed(own).is_some_and(|own| own == certified)
    }
}

/// An elliptic-curve point without its second coordinate, as a certificate may have it (SEC 1
/// section 2.3.3).
fn compressed(point: &[u8]) -> Option<Vec<u8>> {
    let coordinates = point.strip_prefix(&[4])?;
    let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
    let sign = 2 | (y.last()? & 1);
    Some([&[sign], x].concat())
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

    #[test]
    fn a_compressed_point_is_the_same_point() {
        assert_eq!(compressed(&[4, 1, 2, 3, 4]), Some(vec![2, 1, 2]));
        assert_eq!(compressed(&[4, 1, 2, 3, 5]), Some(vec![3, 1, 2]));
        assert_eq!(compressed(&[4]), None);
        assert_eq!(compressed(&[]), None);
        assert_eq!(compressed(&[0x30, 1, 2]), None);
    }
}
