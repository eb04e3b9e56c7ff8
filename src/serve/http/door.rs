//! Who may come in, and how: what a web configuration says, with its certificate.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use crate::escape::Shown;
use crate::serve::web_config::{Error, WebConfig, server_config};
use crate::serve::{Core, Event};
use crate::trust::{Mebibytes, read_at_most};

use super::auth::Users;

/// The door, as a file describes it; without a file, everybody may come in, without TLS.
pub struct Door {
    file: Option<PathBuf>,
    inside: RefCell<Rc<Inside>>,
    read: Cell<Instant>,
    /// Whether the file could not be read when that was last tried.
    failed: Cell<bool>,
}

/// What a connection meets.
pub(in crate::serve) struct Inside {
    tls: Option<TlsAcceptor>,
    users: Rc<Users>,
}

impl Inside {
    fn read(file: Option<&Path>) -> Result<Self, Error> {
        let Some(file) = file else {
            return Ok(Self {
                tls: None,
                users: Rc::new(Users::new(HashMap::new())),
            });
        };
        let bytes =
            read_at_most(file, Mebibytes(1)).map_err(|error| Error::unreadable(file, &error))?;
        let config = WebConfig::parse(&bytes)?;
        let directory = file.parent().unwrap_or_else(|| Path::new(""));
        let tls = config.tls.as_ref();
        let tls = tls.map(|tls| server_config(tls, directory)).transpose()?;
        Ok(Self {
            tls: tls.map(|config| TlsAcceptor::from(Arc::new(config))),
            users: Rc::new(Users::new(config.users)),
        })
    }

    pub(super) fn tls(&self) -> Option<&TlsAcceptor> {
        self.tls.as_ref()
    }

    pub(super) fn users(&self) -> &Users {
        &self.users
    }

    fn is_guarded(&self) -> bool {
        self.tls.is_some() || !self.users.is_empty()
    }
}

impl Door {
    /// Reads the file, if there is one.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn open(file: Option<&Path>) -> Result<Self, Error> {
        Ok(Self {
            inside: RefCell::new(Rc::new(Inside::read(file)?)),
            file: file.map(Path::to_owned),
            read: Cell::new(Instant::now()),
            failed: Cell::new(false),
        })
    }

    /// Whether there is TLS, or a password.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        self.inside.borrow().is_guarded()
    }

    /// Whether connections use TLS.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        self.inside.borrow().tls.is_some()
    }

    /// Whether a password goes over the network in clear.
    #[must_use]
    pub fn shows_passwords(&self) -> bool {
        let inside = self.inside.borrow();
        inside.tls.is_none() && !inside.users.is_empty()
    }

    /// Reads the file again. What was read before stays if that fails, or if it would leave the door open.
    ///
    /// # Errors
    /// It cannot be used.
    pub(in crate::serve) fn reload(&self) -> Result<(), Error> {
        self.read.set(Instant::now());
        let inside = Inside::read(self.file.as_deref());
        let inside = inside.and_then(|mut inside| {
            if self.is_guarded() && !inside.is_guarded() {
                return Err(Error::Unguarded);
            }
            let before = Rc::clone(&self.inside.borrow().users);
            if inside.users.are_those_of(&before) {
                // What was verified need not be verified again.
                inside.users = before;
            }
            Ok(inside)
        });
        self.failed.set(inside.is_err());
        *self.inside.borrow_mut() = Rc::new(inside?);
        Ok(())
    }

    /// What a connection or a request meets. A certificate is renewed without a signal: the file is read again now and then.
    pub(super) fn inside(&self, core: &Core) -> Rc<Inside> {
        if self.file.is_some() && self.read.get().elapsed() > OLD {
            let failed_before = self.failed.get();
            if let Err(error) = self.reload()
                && !failed_before
            {
                core.say(Event::NotLoaded(Shown::new(&error.to_string())));
            }
        }
        Rc::clone(&self.inside.borrow())
    }
}

/// How long what was read is used.
const OLD: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_that_are_the_same_stay_verified_and_others_do_not() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("web.yml");
        let write = |password| {
            let hash = bcrypt::hash_with_salt(password, 4, [7; 16]).unwrap();
            let text = format!("basic_auth_users:\n  ann: {hash}\n");
            std::fs::write(&file, text).unwrap();
        };
        write("secret");
        let door = Door::open(Some(&file)).unwrap();
        let users = || Rc::clone(&door.inside.borrow().users);
        let before = users();
        door.reload().unwrap();
        assert!(Rc::ptr_eq(&users(), &before));
        write("other");
        door.reload().unwrap();
        assert!(!Rc::ptr_eq(&users(), &before));
    }

    #[test]
    fn a_broken_file_is_not_one_without_a_certificate() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("web.yml");
        std::fs::write(
            &file,
            "tls_server_config:\n  cert_file: web.crt\n  key_file: web.key\n",
        )
        .unwrap();
        for (certificate, word) in [
            ("", "there is no certificate in it"),
            (
                "-----BEGIN CERTIFICATE-----\nAA",
                "a PEM block in it is broken",
            ),
            (
                "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
                "a PEM block in it is broken",
            ),
        ] {
            std::fs::write(directory.path().join("web.crt"), certificate).unwrap();
            let error = Door::open(Some(&file)).err().unwrap().to_string();
            assert!(error.contains(word), "{certificate}: {error}");
        }
    }
}
