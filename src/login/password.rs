//! The password that libpq would use: the string's, the environment's, or the password file's.

use std::path::{Path, PathBuf};

use crate::conninfo::{ConnInfo, Endpoint, NearLine, Origin, PassfileKey, Secret, Setting};
use crate::os;
use crate::trust::read_bounded;
use crate::workers;

/// A password, if there is one.
#[derive(Debug, Default)]
pub(super) struct Password {
    /// Never empty: for libpq an empty password is none.
    pub(super) secret: Option<Secret>,
    pub(super) ignored: Option<IgnoredFile>,
    /// The line of the password file that was meant, perhaps.
    pub(super) near: Option<NearLine>,
}

impl Password {
    fn unusable(file: Setting<PathBuf>, why: Unusable) -> Self {
        Self {
            ignored: Some(IgnoredFile {
                path: file.value,
                origin: file.origin,
                why,
            }),
            ..Self::default()
        }
    }
}

/// A password file that libpq ignores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredFile {
    /// Which.
    pub path: PathBuf,
    /// What names it.
    pub origin: Origin,
    /// Why.
    pub why: Unusable,
}

/// Why a password file is ignored (`passwordFromFile` in `fe-connect.c`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is named, but missing or not readable.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// A directory, a pipe, a device.
    #[error("it is not a plain file")]
    NotPlain,
    /// Its permission bits.
    #[error("group or others have access to it (mode {0:04o})")]
    TooOpen(u32),
}

/// The string's own password (or `PGPASSWORD`, which replaces it), or else the one in the password
/// file.
pub(super) async fn gather(conninfo: &ConnInfo, endpoint: &Endpoint) -> Password {
    if let Some(password) = &conninfo.password {
        return Password {
            secret: Some(password.value.clone()),
            ..Password::default()
        };
    }
    let Some(passfile) = conninfo.passfile() else {
        return Password::default();
    };
    let key = PassfileKey::new(conninfo, endpoint);
    // In another thread, so that a hanging file system cannot block the deadline.
    let named = passfile.clone();
    match workers::waiting(move || look_up(&passfile, &key)).await {
        Ok(password) => password,
        Err(error) => Password::unusable(named, Unusable::Unreadable(error.to_string())),
    }
}

fn look_up(passfile: &Setting<PathBuf>, key: &PassfileKey) -> Password {
    match read(&passfile.value) {
        Ok(text) => Password {
            secret: key.find(&text).filter(|secret| !secret.expose().is_empty()),
            ignored: None,
            near: key.nearest(&text),
        },
        // The default file may be missing.
        Err(Unusable::Unreadable(_)) if passfile.origin == Origin::Default => Password::default(),
        Err(why) => Password::unusable(passfile.clone(), why),
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
