//! Finds and reads the files of a certificate and its key, and says why one cannot be used.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::sign::SigningKey;

use super::client_chain::{self, ChainFault};
use super::form::{Form, Kind};
use super::identity::{IdentityRequest, private_key};
use super::identity_error::{Custody, IdentityError};
use super::private_key::{KeyFault, KeyForm, form_of};
use super::request::HomeFile;
use super::similar::{Wanted, similar_files};
use super::supposed::Supposed;
use crate::os::{self, Permissions};

/// A file of certificates that contains the key, while the key's file contains the certificate.
pub(super) fn swapped(error: IdentityError, key: &Path, supposed: &Supposed) -> IdentityError {
    let (path, fault) = match error {
        IdentityError::CertificateInvalid {
            path,
            fault: fault @ ChainFault::NoCertificate(Form::Pem(Kind::PrivateKey)),
        } => (path, fault),
        other => return other,
    };
    let holds_certificate = |bytes: Vec<u8>| client_chain::read(&bytes).is_ok();
    if supposed.read(key).is_ok_and(holds_certificate) {
        let key = key.to_path_buf();
        IdentityError::Swapped { path, key }
    } else {
        IdentityError::CertificateInvalid { path, fault }
    }
}

/// `None` if the default file does not exist.
pub(super) fn find_certificate(
    request: &IdentityRequest<'_>,
) -> Result<Option<PathBuf>, IdentityError> {
    let given = named(request.certificate);
    let default = || Some(HomeFile::Certificate.of(request.home_files?));
    let Some(path) = given.map(Path::to_path_buf).or_else(default) else {
        return Ok(None);
    };
    if request.supposed.contains(&path) {
        return Ok(Some(path));
    }
    match path.metadata() {
        Ok(_) => Ok(Some(path)),
        Err(error) if is_absence(&error) => match given {
            None => Ok(None),
            Some(_) => {
                let similar = similar_files(&path, Wanted::Certificates);
                Err(IdentityError::CertificateMissing { path, similar })
            }
        },
        Err(error) => Err(IdentityError::CertificateInaccessible {
            path,
            reason: reason(&error),
        }),
    }
}

pub(super) fn find_key(
    request: &IdentityRequest<'_>,
    certificate: &Path,
) -> Result<PathBuf, IdentityError> {
    match (named(request.key), request.home_files) {
        (Some(key), _) if names_an_engine(key) => Err(IdentityError::Engine {
            key: key.to_path_buf(),
        }),
        (Some(key), _) => Ok(key.to_path_buf()),
        (None, Some(home_files)) => Ok(HomeFile::Key.of(home_files)),
        (None, None) => Err(IdentityError::KeyUnnamed {
            certificate: certificate.to_path_buf(),
        }),
    }
}

/// libpq takes any path with a colon for `engine:key`, except a drive letter on Windows.
fn names_an_engine(key: &Path) -> bool {
    let key = key.as_os_str().as_encoded_bytes();
    key.contains(&b':') && !os::names_a_drive(key)
}

/// The certificates of a file that was read, or not.
pub(super) fn chain_of(
    path: &Path,
    contents: Result<&[u8], &io::Error>,
) -> Result<client_chain::Chain, IdentityError> {
    let contents = contents.map_err(|error| {
        let path = path.to_path_buf();
        if is_absence(error) {
            let similar = similar_files(&path, Wanted::Certificates);
            IdentityError::CertificateMissing { path, similar }
        } else {
            let reason = reason(error);
            IdentityError::CertificateUnreadable { path, reason }
        }
    })?;
    client_chain::read(contents).map_err(|fault| IdentityError::CertificateInvalid {
        path: path.to_path_buf(),
        fault,
    })
}

pub(super) fn read_lone_key(
    path: &Path,
    password: Option<&[u8]>,
    supposed: &Supposed,
) -> Result<(), IdentityError> {
    if names_an_engine(path) {
        return Err(IdentityError::Engine {
            key: path.to_path_buf(),
        });
    }
    let absent = |error: io::Error| {
        let path = path.to_path_buf();
        if is_absence(&error) {
            let similar = similar_files(&path, Wanted::Key);
            IdentityError::LoneKeyMissing { path, similar }
        } else {
            IdentityError::KeyInaccessible {
                path,
                reason: reason(&error),
            }
        }
    };
    read_key(path, password, supposed, absent).map(|_| ())
}

pub(super) fn read_key(
    path: &Path,
    password: Option<&[u8]>,
    supposed: &Supposed,
    absent: impl FnOnce(io::Error) -> IdentityError,
) -> Result<(Arc<dyn SigningKey>, KeyForm), IdentityError> {
    if !supposed.contains(path) {
        let metadata = path.metadata().map_err(absent)?;
        if !metadata.is_file() {
            return Err(IdentityError::KeyNotRegular {
                path: path.to_path_buf(),
            });
        }
        if let Some(mode) = excessive_permissions(&metadata).filter(|_| !supposed.is_private(path))
        {
            return Err(IdentityError::KeyPermissions {
                path: path.to_path_buf(),
                mode,
                custody: match is_certificate(path, supposed) {
                    true => Custody::Certificate,
                    false => custody(path, &metadata),
                },
            });
        }
    }
    let contents = supposed
        .read(path)
        .map_err(|error| IdentityError::KeyUnreadable {
            path: path.to_path_buf(),
            reason: reason(&error),
        })?;
    let key = private_key(&contents, password).map_err(|fault| IdentityError::KeyInvalid {
        path: path.to_path_buf(),
        fault,
    })?;
    Ok((key, form_of(&contents)))
}

/// Whether a certificate is in the place of the key.
fn is_certificate(path: &Path, supposed: &Supposed) -> bool {
    supposed.read(path).is_ok_and(|contents| {
        let no_key = KeyFault::NoKey(Form::Pem(Kind::Certificate));
        private_key(&contents, None).err() == Some(no_key)
    })
}

/// The permission bits, if they allow too much. A group may read only files that root owns, so that
/// system-wide keys can be shared.
fn excessive_permissions(metadata: &Metadata) -> Option<u32> {
    let Permissions { owner, mode } = os::permissions(metadata)?;
    let forbidden = if owner == 0 { 0o037 } else { 0o077 };
    (mode & forbidden != 0).then_some(mode)
}

/// Who may change the permissions of a key's file.
fn custody(path: &Path, metadata: &Metadata) -> Custody {
    let owner = os::permissions(metadata).map(|permissions| permissions.owner);
    let (Some(owner), Some(user)) = (owner, os::this_user()) else {
        return Custody::Own;
    };
    let by_kubelet = path
        .parent()
        .is_some_and(|directory| directory.join("..data").symlink_metadata().is_ok());
    if by_kubelet {
        Custody::Kubernetes(user)
    } else if os::is_on_read_only_mount(path) {
        Custody::ReadOnly
    } else if owner == user.id {
        Custody::Own
    } else {
        Custody::Other {
            owner,
            name: os::name_of_user(owner),
            user,
        }
    }
}

pub(super) fn named(path: Option<&Path>) -> Option<&Path> {
    path.filter(|path| !path.as_os_str().is_empty())
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// The system's sentence without the error number that Rust adds.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error")
        .map_or_else(|| text.clone(), |(sentence, _)| sentence.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_names_an_engine() {
        for (key, expected) in [
            ("pkcs11:id", true),
            ("a/b:c", true),
            (":", true),
            ("client.key", false),
        ] {
            assert_eq!(names_an_engine(Path::new(key)), expected, "{key}");
        }
        assert_eq!(
            names_an_engine(Path::new("c:/client.key")),
            !os::names_a_drive(b"c:/client.key")
        );
    }

    #[test]
    #[cfg_attr(windows, ignore = "the words of the error are those of Unix")]
    fn paths_and_reasons_read_as_libpq_writes_them() {
        let error = IdentityError::CertificateInaccessible {
            path: PathBuf::from("a\u{1b}b"),
            reason: reason(&io::Error::from_raw_os_error(13)),
        };
        let expected = "could not open certificate file \"a\\x1bb\": Permission denied";
        assert_eq!(error.to_string(), expected);
    }
}
