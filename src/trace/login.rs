//! A session in plain text, from its StartupMessage to the end of the login. No password is kept.
//!
//! PostgreSQL documentation, "Message Flow", section "Start-up".

use super::seen::{PasswordForm, Seen, shown};
use super::startup::MAX_TEXT;
use super::units::Units;
use crate::escape::Shown;
use crate::wire::Malformed;
use crate::wire::postgres::auth::{AuthRequest, Mechanisms};
use crate::wire::postgres::error::ServerError;
use crate::wire::postgres::frame::{Frames, LENGTH_WORD, backend, frontend};

/// Reads a session in plain text up to the end of its login.
#[derive(Debug, Default)]
pub(super) struct Login {
    client: Units<{ 1 + LENGTH_WORD }>,
    server: Frames,
    wanted: Wanted,
    mechanism: Mechanism,
}

/// What the server asked for last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// Nothing that is secret.
    Nothing,
    /// A password, or what proves that the client has it.
    Secret(PasswordForm),
}

impl Default for Wanted {
    fn default() -> Self {
        Self::Secret(PasswordForm::Unknown)
    }
}

/// Whether there is more to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attention {
    /// Yes.
    Needed,
    /// No: what follows is only counted.
    Over,
}

impl Login {
    /// What the application sends after its StartupMessage.
    pub(super) fn client(&mut self, bytes: &[u8], seen: &mut Seen) -> Attention {
        let wanted = self.wanted;
        let begun = |[kind, word @ ..]: [u8; 1 + LENGTH_WORD]| {
            let length = usize::try_from(u32::from_be_bytes(word)).unwrap_or(usize::MAX);
            let body = length.checked_sub(LENGTH_WORD).ok_or(Malformed)?;
            // What is cut off was begun.
            if let (frontend::PASSWORD, Wanted::Secret(form)) = (kind, wanted) {
                seen.plaintext_passwords = seen.plaintext_passwords.saturating_add(1);
                seen.password_form = Some(form);
            }
            Ok(body)
        };
        attention(self.client.feed(bytes, begun, || {}))
    }

    /// What the server sends.
    pub(super) fn server(&mut self, bytes: &[u8], seen: &mut Seen) -> Attention {
        let (wanted, mechanism) = (&mut self.wanted, &mut self.mechanism);
        let mut is_over = false;
        let fed = self.server.feed(bytes, |kind, body| {
            let contents = body.get(LENGTH_WORD..).unwrap_or_default();
            match kind {
                _ if is_over => {}
                backend::AUTHENTICATION => {
                    *wanted = AuthRequest::decode(contents)
                        .map_or_else(Wanted::default, |request| of_request(request, mechanism));
                }
                backend::ERROR_RESPONSE => {
                    seen.server_error = Some(shown_error(body));
                    is_over = true;
                }
                backend::READY_FOR_QUERY => is_over = true,
                _ => {}
            }
            Ok::<_, Malformed>(())
        });
        match is_over {
            true => Attention::Over,
            false => attention(fed),
        }
    }
}

fn attention(fed: Result<(), Malformed>) -> Attention {
    match fed {
        Ok(()) => Attention::Needed,
        Err(Malformed) => Attention::Over,
    }
}

/// The words of an ErrorResponse, its length word included.
pub(super) fn shown_error(body: &[u8]) -> Shown {
    let error = ServerError::decode(body);
    let message = shown(&error.message, MAX_TEXT);
    match error.sqlstate {
        Some(state) => Shown::new(&format!("{message} (SQLSTATE {state})")),
        None => message,
    }
}

/// The mechanism of SASL that the server has offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mechanism {
    /// None, several of them, or another one.
    #[default]
    Unknown,
    Scram,
    OAuth,
}

impl Mechanism {
    const fn of(offered: Mechanisms) -> Self {
        match (offered.scram || offered.scram_plus, offered.oauth) {
            (true, false) => Self::Scram,
            (false, true) => Self::OAuth,
            (true, true) | (false, false) => Self::Unknown,
        }
    }

    /// What its first message contains.
    const fn first(self) -> Wanted {
        match self {
            // A name and a random value.
            Self::Scram => Wanted::Nothing,
            Self::OAuth => Wanted::Secret(PasswordForm::Token),
            Self::Unknown => Wanted::Secret(PasswordForm::Unknown),
        }
    }

    /// What its other messages contain.
    const fn next(self) -> Wanted {
        match self {
            Self::Scram => Wanted::Secret(PasswordForm::Sasl),
            // One byte, after the server has refused the token (RFC 7628 section 3.2.3).
            Self::OAuth => Wanted::Nothing,
            Self::Unknown => Wanted::Secret(PasswordForm::Unknown),
        }
    }
}

fn of_request(request: AuthRequest, mechanism: &mut Mechanism) -> Wanted {
    match request {
        AuthRequest::CleartextPassword => Wanted::Secret(PasswordForm::Clear),
        AuthRequest::Md5Password => Wanted::Secret(PasswordForm::Md5),
        AuthRequest::Sasl(offered) => {
            *mechanism = Mechanism::of(offered);
            mechanism.first()
        }
        AuthRequest::SaslContinue { .. } => mechanism.next(),
        AuthRequest::Gss | AuthRequest::GssContinue | AuthRequest::Sspi => {
            Wanted::Secret(PasswordForm::Gssapi)
        }
        AuthRequest::Ok | AuthRequest::SaslFinal => Wanted::Nothing,
        AuthRequest::Unknown(_) => Wanted::Secret(PasswordForm::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::postgres::frame::message;

    #[test]
    fn passwords_are_counted_and_not_kept() {
        for (request, form) in [
            (&[0, 0, 0, 3][..], PasswordForm::Clear),
            (&[0, 0, 0, 5, 1, 2, 3, 4], PasswordForm::Md5),
            (b"\0\0\0\x0aOAUTHBEARER\0\0", PasswordForm::Token),
            (
                b"\0\0\0\x0aOAUTHBEARER\0SCRAM-SHA-256\0\0",
                PasswordForm::Unknown,
            ),
            (b"\0\0\0\x0aOTHER\0\0", PasswordForm::Unknown),
            (b"\0\0\0\x0br=x,s=y,i=4096", PasswordForm::Unknown),
        ] {
            let mut login = Login::default();
            let mut seen = Seen::default();
            let asked = message(backend::AUTHENTICATION, request);
            assert_eq!(login.server(&asked, &mut seen), Attention::Needed);
            for byte in message(frontend::PASSWORD, b"hunter2\0") {
                assert_eq!(login.client(&[byte], &mut seen), Attention::Needed);
            }
            assert_eq!(seen.plaintext_passwords, 1);
            assert_eq!(seen.password_form, Some(form));
            assert!(!format!("{seen:?}{login:?}").contains("hunter2"));
            let ready = message(backend::READY_FOR_QUERY, b"I");
            assert_eq!(login.server(&ready, &mut seen), Attention::Over);
        }
    }

    #[test]
    fn of_scram_the_proof_counts_and_of_oauth_the_token() {
        for (mechanism, form) in [
            ("SCRAM-SHA-256", PasswordForm::Sasl),
            ("OAUTHBEARER", PasswordForm::Token),
        ] {
            let (mut login, mut seen) = (Login::default(), Seen::default());
            let asked = [&b"\0\0\0\x0a"[..], mechanism.as_bytes(), b"\0\0"].concat();
            for request in [&asked[..], b"\0\0\0\x0bmore"] {
                login.server(&message(backend::AUTHENTICATION, request), &mut seen);
                login.client(&message(frontend::PASSWORD, b"hunter2\0"), &mut seen);
            }
            assert_eq!(seen.plaintext_passwords, 1, "{mechanism}");
            assert_eq!(seen.password_form, Some(form));
        }
    }

    #[test]
    fn an_error_ends_the_login_and_is_escaped() {
        let mut seen = Seen::default();
        let error = message(
            backend::ERROR_RESPONSE,
            b"SFATAL\0C28P01\0Mno \x1b[2Jentry\0\0",
        );
        assert_eq!(Login::default().server(&error, &mut seen), Attention::Over);
        assert_eq!(
            seen.server_error.as_deref(),
            Some("no \\x1b[2Jentry (SQLSTATE 28P01)")
        );
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_read_without_a_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            size in 1_usize..40,
        ) {
            let (mut login, mut seen) = (Login::default(), Seen::default());
            for piece in bytes.chunks(size) {
                let _ = login.client(piece, &mut seen);
                let _ = login.server(piece, &mut seen);
            }
        }
    }
}
