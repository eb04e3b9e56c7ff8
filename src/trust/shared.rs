//! One [`Trust`] for all connection strings that say the same about it: files are read once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Choice, Error, Trust};
use crate::conninfo::{ConnInfo, Origin, RootCert, Setting, SslCertMode, SslMode};

/// What has been gathered so far.
#[derive(Default)]
pub struct SharedTrust {
    gathered: HashMap<Key, Arc<Trust>>,
}

impl SharedTrust {
    /// As [`Trust::gather`], but a trust that was gathered before for the same settings is handed out
    /// again.
    ///
    /// # Errors
    /// As [`Trust::gather`]. Failures are not kept.
    pub fn gather(
        &mut self,
        conninfo: &ConnInfo,
        choice: Option<&Choice>,
    ) -> Result<Arc<Trust>, Error> {
        let key = Key::of(conninfo, choice);
        Ok(match self.gathered.entry(key) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(new) => {
                Arc::clone(new.insert(Arc::new(Trust::gather(conninfo, choice)?)))
            }
        })
    }
}

/// Might it take long to read the files that [`Trust::gather`] looks at? A regular file is there at
/// once, and so is the news that there is none; a pipe or a device may keep its reader waiting.
pub fn may_wait(conninfo: &ConnInfo, choice: Option<&Choice>) -> bool {
    let roots = match (choice, &conninfo.sslrootcert) {
        (Some(Choice::File(path)), _) => Some(path),
        (Some(_), _) | (None, None) => None,
        (None, Some(setting)) => match &setting.value {
            RootCert::File(path) => Some(path),
            RootCert::System => None,
        },
    };
    let named = [
        &conninfo.sslcrl,
        &conninfo.sslcrldir,
        &conninfo.sslcert,
        &conninfo.sslkey,
    ];
    let named = named.into_iter().flatten().map(|setting| &setting.value);
    let home = conninfo.home_files.iter().flat_map(|home| {
        let names = ["root.crt", "root.crl", "postgresql.crt", "postgresql.key"];
        names.map(|name| home.join(name))
    });
    let may_wait = |path: &Path| {
        path.metadata()
            .is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
    };
    roots.into_iter().chain(named).any(|path| may_wait(path))
        || home.into_iter().any(|path| may_wait(&path))
}

/// Everything that [`Trust::gather`] looks at. No `Debug`: it holds a password.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    choice: Option<Choice>,
    sslmode: SslMode,
    sslrootcert: Option<Setting<RootCert>>,
    sslcrl: Option<Setting<PathBuf>>,
    sslcrldir: Option<Setting<PathBuf>>,
    sslcert: Option<Setting<PathBuf>>,
    sslkey: Option<Setting<PathBuf>>,
    sslpassword: Option<Vec<u8>>,
    sslcertmode: SslCertMode,
    home_files: Option<PathBuf>,
}

impl Key {
    fn of(conninfo: &ConnInfo, choice: Option<&Choice>) -> Self {
        let password = conninfo.sslpassword.as_ref();
        Self {
            choice: choice.cloned(),
            sslmode: conninfo.sslmode.value,
            sslrootcert: placeless(conninfo.sslrootcert.as_ref()),
            sslcrl: placeless(conninfo.sslcrl.as_ref()),
            sslcrldir: placeless(conninfo.sslcrldir.as_ref()),
            sslcert: placeless(conninfo.sslcert.as_ref()),
            sslkey: placeless(conninfo.sslkey.as_ref()),
            sslpassword: password.map(|setting| setting.value.expose().to_vec()),
            sslcertmode: conninfo.sslcertmode.value,
            home_files: conninfo.home_files.clone(),
        }
    }
}

/// Who says it matters, as the advice depends on it; where in the string it stands does not.
fn placeless<T: Clone>(setting: Option<&Setting<T>>) -> Option<Setting<T>> {
    let mut setting = setting?.clone();
    if let Origin::String { at } = &mut setting.origin {
        *at = 0;
    }
    Some(setting)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::io;

    use super::*;
    use crate::conninfo::World;

    struct Nothing;

    impl World for Nothing {
        fn var(&self, _: &str) -> Option<OsString> {
            None
        }

        fn home(&self) -> Option<PathBuf> {
            None
        }

        fn user(&self) -> Option<Vec<u8>> {
            Some(b"me".to_vec())
        }

        fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    #[test]
    fn equal_settings_share_one_trust_wherever_they_stand() {
        let mut shared = SharedTrust::default();
        let mut gather = |string: &str, choice: Option<&Choice>| {
            let conninfo = ConnInfo::read(string.as_bytes(), &Nothing).unwrap();
            shared.gather(&conninfo, choice).unwrap()
        };
        let first = gather("host=a sslrootcert=system", None);
        let same = gather("host=other port=1 user=x sslrootcert=system", None);
        assert!(Arc::ptr_eq(&first, &same));
        for (string, choice) in [
            ("host=a", None),
            ("host=a sslmode=verify-ca", None),
            ("host=a sslrootcert=system", Some(&Choice::Mozilla)),
            ("host=a sslrootcert=system sslcertmode=disable", None),
            ("host=a sslrootcert=system sslpassword=x", None),
        ] {
            assert!(!Arc::ptr_eq(&first, &gather(string, choice)), "{string}");
        }
    }
}
