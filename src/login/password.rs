//! The password that libpq would use: the string's, the environment's, or the password file's.

use std::path::{Path, PathBuf};

use crate::conninfo::{ConnInfo, Endpoint, Origin, PassfileKey, Secret, Setting};
use crate::os;
use crate::trust::read_bounded;

/// A password, if there is one.
#[derive(Debug, Default)]
pub(super) struct Password {
    /// Never empty: to libpq an empty password is none.
    pub(super) secret: Option<Secret>,
    pub(super) ignored: Option<IgnoredFile>,
}

/// A password file that libpq leaves aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredFile {
    /// Which.
    pub path: PathBuf,
    /// Who says that it is there.
    pub origin: Origin,
    /// Why.
    pub why: Unusable,
}

/// Why a password file is left aside (`passwordFromFile` in `fe-connect.c`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is named, and not there or not readable.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// A directory, a pipe, a device.
    #[error("it is not a plain file")]
    NotPlain,
    /// Its permission bits.
    #[error("group or others may use it (mode {0:04o})")]
    TooOpen(u32),
}

/// The string's own password (or `PGPASSWORD`, which stands in for it), else the password file's.
pub(super) async fn gather(conninfo: &ConnInfo, endpoint: &Endpoint) -> Password {
    if let Some(password) = &conninfo.password {
        return Password {
            secret: Some(password.value.clone()),
            ignored: None,
        };
    }
    let Some(passfile) = conninfo.passfile() else {
        return Password::default();
    };
    let key = PassfileKey::new(conninfo, endpoint);
    // A file system that hangs shall not keep the deadline from being noticed.
    tokio::task::spawn_blocking(move || look_up(&passfile, &key))
        .await
        .unwrap_or_default()
}

fn look_up(passfile: &Setting<PathBuf>, key: &PassfileKey) -> Password {
    match read(&passfile.value) {
        Ok(text) => Password {
            secret: key.find(&text).filter(|secret| !secret.expose().is_empty()),
            ignored: None,
        },
        // The default file need not be there.
        Err(Unusable::Unreadable(_)) if passfile.origin == Origin::Default => Password::default(),
        Err(why) => Password {
            secret: None,
            ignored: Some(IgnoredFile {
                path: passfile.value.clone(),
                origin: passfile.origin.clone(),
                why,
            }),
        },
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Unusable> {
    let unreadable = |error: std::io::Error| Unusable::Unreadable(error.to_string());
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Unusable::NotPlain);
    }
    if let Some(mode) = excessive(&metadata) {
        return Err(Unusable::TooOpen(mode));
    }
    read_bounded(path).map_err(unreadable)
}

/// The permission bits, if group or others have any.
fn excessive(metadata: &std::fs::Metadata) -> Option<u32> {
    let mode = os::permissions(metadata)?.mode;
    (mode & 0o077 != 0).then_some(mode)
}
