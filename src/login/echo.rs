//! A server may repeat the password that it received, so its text is masked before anything else reads
//! it. Pure.

use super::password::Password;
use super::{Entered, Error, Unread};
use crate::conninfo::{ConnInfo, MASK};
use crate::wire::postgres::ServerError;

/// What must not be repeated.
pub(super) struct Echo<'a>(&'a [u8]);

impl<'a> Echo<'a> {
    /// Empty if the mask itself would reveal the password: if it equals the user or the database,
    /// which every server names, or is too short to be distinguished from other text.
    pub(super) fn of(conninfo: &ConnInfo, password: &'a Password) -> Option<Self> {
        let secret = password.secret.as_ref()?.expose();
        let told = [&conninfo.user, &conninfo.dbname]
            .iter()
            .any(|setting| setting.value.as_bytes() == secret);
        (!told && secret.len() >= MIN_LENGTH).then_some(Self(secret))
    }

    /// Masks it in everything from the server.
    pub(super) fn mask(&self, outcome: &mut Result<Entered, Error>) {
        match outcome {
            Ok(entered) => {
                self.text(&mut entered.server_version);
                self.text(&mut entered.pgbouncer);
                match &mut entered.session {
                    Ok(session) => {
                        for field in [
                            &mut session.version,
                            &mut session.cipher,
                            &mut session.bits,
                            &mut session.client_dn,
                            &mut session.client_serial,
                        ] {
                            self.text(field);
                        }
                    }
                    Err(Unread::Server(error)) => self.error(error),
                    Err(Unread::NoRow | Unread::Unfamiliar | Unread::OwnSideUnknown) => {}
                }
            }
            Err(Error::Server { error, .. }) => self.error(error),
            Err(Error::Protocol { reason, .. }) => self.string(reason),
            // These are our own words.
            Err(_) => {}
        }
    }

    fn error(&self, error: &mut ServerError) {
        self.bytes(&mut error.message);
        self.bytes(&mut error.detail);
        self.text(&mut error.sqlstate);
        if let Some(made) = &mut error.made {
            self.string(&mut made.file);
            self.string(&mut made.routine);
        }
    }

    fn text(&self, text: &mut Option<String>) {
        if let Some(text) = text {
            self.string(text);
        }
    }

    fn string(&self, text: &mut String) {
        let secret = std::str::from_utf8(self.0);
        if let Ok(secret) = secret
            && text.contains(secret)
        {
            *text = text.replace(secret, MASK);
        }
    }

    fn bytes(&self, text: &mut Vec<u8>) {
        let mut masked = Vec::with_capacity(text.len());
        let mut rest = text.as_slice();
        while let Some((first, behind)) = rest.split_first() {
            if let Some(behind) = rest.strip_prefix(self.0) {
                masked.extend_from_slice(MASK.as_bytes());
                rest = behind;
            } else {
                masked.push(*first);
                rest = behind;
            }
        }
        *text = masked;
    }
}

/// A password of this many bytes does not occur in a text by chance.
const MIN_LENGTH: usize = 4;
