//! Whether libpq would answer the server's request. Pure.

use super::refusal::{MAX_ITERATIONS, Refusal};
use crate::conninfo::{AuthMethod, ChannelBinding, RequireAuth, SslCertMode};
use crate::handshake::ClientCertificateRequest;
use crate::wire::postgres::{AuthRequest, Mechanisms};

/// What the string requires, and what we have.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) require_auth: Option<RequireAuth>,
    /// The value as written, for messages.
    pub(super) required: String,
    pub(super) channel_binding: ChannelBinding,
    pub(super) sslcertmode: SslCertMode,
    pub(super) credential: Credential,
    pub(super) certificate: ClientCertificateRequest,
    /// `tls-server-end-point` (RFC 5929 section 4), to which SCRAM can be bound; `None` if the certificate's
    /// signature defines no hash.
    pub(super) end_point: Option<Vec<u8>>,
}

/// What we could answer a request for a password with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    /// A password of the string, the environment or the password file.
    Password,
    /// Nothing.
    Nothing,
}

/// How far we have authenticated ourselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing was requested, or not everything was answered.
    #[default]
    Unfinished,
    /// The password was sent, or the server's SCRAM proof received.
    Finished,
    /// The same, and SCRAM was bound to the channel.
    FinishedBound,
}

impl Rules {
    /// Would libpq continue with this request, and can we? The order is that of
    /// `check_expected_areq` and `pg_SASL_init`.
    pub(super) fn judge(&self, request: AuthRequest, progress: Progress) -> Result<(), Refusal> {
        match request {
            AuthRequest::Ok => self.judge_ok(progress),
            AuthRequest::CleartextPassword => {
                self.allow(
                    AuthMethod::Password,
                    "server requested a cleartext password",
                )?;
                self.password_alone()
            }
            AuthRequest::Md5Password => {
                self.allow(AuthMethod::Md5, "server requested a hashed password")?;
                self.password_alone()
            }
            AuthRequest::Gss | AuthRequest::GssContinue => {
                self.allow(AuthMethod::Gss, "server requested GSSAPI authentication")?;
                self.unbindable()?;
                Err(Refusal::Unsupported("GSSAPI authentication"))
            }
            AuthRequest::Sspi => {
                self.allow(AuthMethod::Sspi, "server requested SSPI authentication")?;
                self.unbindable()?;
                Err(Refusal::Unsupported("SSPI authentication"))
            }
            AuthRequest::Sasl(offered) => self.judge_sasl(offered),
            AuthRequest::SaslContinue {
                iterations: Some(count),
            } if count > MAX_ITERATIONS => Err(Refusal::Iterations(count)),
            AuthRequest::SaslContinue { .. } | AuthRequest::SaslFinal => Ok(()),
            AuthRequest::Unknown(_) => {
                Err(Refusal::Unsupported("an unknown kind of authentication"))
            }
        }
    }

    fn judge_ok(&self, progress: Progress) -> Result<(), Refusal> {
        if progress == Progress::Unfinished {
            self.allow(AuthMethod::None, "server did not complete authentication")?;
        }
        if self.sslcertmode == SslCertMode::Require
            && self.certificate != ClientCertificateRequest::Sent
        {
            return Err(Refusal::NoClientCertificate);
        }
        if self.channel_binding == ChannelBinding::Require && progress != Progress::FinishedBound {
            return Err(Refusal::NotBound);
        }
        Ok(())
    }

    fn judge_sasl(&self, offered: Mechanisms) -> Result<(), Refusal> {
        self.allow(
            AuthMethod::ScramSha256,
            "server requested SASL authentication",
        )?;
        let binds = offered.scram_plus && self.channel_binding != ChannelBinding::Disable;
        if !binds && !offered.scram {
            return Err(Refusal::Unsupported(
                "a SASL mechanism other than SCRAM-SHA-256",
            ));
        }
        if !binds && self.channel_binding == ChannelBinding::Require {
            return Err(Refusal::NoChannelBinding);
        }
        self.need_password()?;
        if binds && self.end_point.is_none() {
            return Err(Refusal::NoDigest);
        }
        Ok(())
    }

    fn password_alone(&self) -> Result<(), Refusal> {
        self.unbindable()?;
        self.need_password()
    }

    fn unbindable(&self) -> Result<(), Refusal> {
        match self.channel_binding {
            ChannelBinding::Require => Err(Refusal::NoChannelBinding),
            ChannelBinding::Prefer | ChannelBinding::Disable => Ok(()),
        }
    }

    fn need_password(&self) -> Result<(), Refusal> {
        match self.credential {
            Credential::Password => Ok(()),
            Credential::Nothing => Err(Refusal::NoPassword),
        }
    }

    fn allow(&self, method: AuthMethod, asked: &'static str) -> Result<(), Refusal> {
        let allowed = match &self.require_auth {
            None => true,
            Some(RequireAuth::Only(methods)) => methods.contains(&method),
            Some(RequireAuth::Not(methods)) => !methods.contains(&method),
        };
        if allowed {
            Ok(())
        } else {
            Err(Refusal::NotAllowed {
                required: self.required.clone(),
                asked,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLUS: AuthRequest = AuthRequest::Sasl(Mechanisms {
        scram: true,
        scram_plus: true,
        oauth: false,
    });
    const PLAIN: AuthRequest = AuthRequest::Sasl(Mechanisms {
        scram: true,
        scram_plus: false,
        oauth: false,
    });
    const OTHER: AuthRequest = AuthRequest::Sasl(Mechanisms {
        scram: false,
        scram_plus: false,
        oauth: false,
    });

    fn rules() -> Rules {
        Rules {
            require_auth: None,
            required: String::new(),
            channel_binding: ChannelBinding::Prefer,
            sslcertmode: SslCertMode::Allow,
            credential: Credential::Password,
            certificate: ClientCertificateRequest::NotRequested,
            end_point: Some(vec![7; 32]),
        }
    }

    /// The first word of the refusal's Rust name.
    fn judged(rules: &Rules, request: AuthRequest, progress: Progress) -> String {
        match rules.judge(request, progress) {
            Ok(()) => "goes on".to_owned(),
            Err(refusal) => format!("{refusal:?}")
                .split([' ', '(', '{'])
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    }

    #[test]
    fn require_auth_is_libpqs() {
        use AuthMethod::{Md5, None, Password, ScramSha256};
        for (demand, request, progress, expected) in [
            (
                RequireAuth::Only(vec![ScramSha256]),
                PLUS,
                Progress::Unfinished,
                "goes on",
            ),
            (
                RequireAuth::Only(vec![ScramSha256]),
                AuthRequest::Md5Password,
                Progress::Unfinished,
                "NotAllowed",
            ),
            (
                RequireAuth::Only(vec![ScramSha256]),
                AuthRequest::Ok,
                Progress::Unfinished,
                "NotAllowed",
            ),
            (
                RequireAuth::Only(vec![ScramSha256]),
                AuthRequest::Ok,
                Progress::Finished,
                "goes on",
            ),
            (
                RequireAuth::Only(vec![None]),
                AuthRequest::Ok,
                Progress::Unfinished,
                "goes on",
            ),
            (
                RequireAuth::Only(vec![None]),
                AuthRequest::CleartextPassword,
                Progress::Unfinished,
                "NotAllowed",
            ),
            (
                RequireAuth::Not(vec![Password]),
                AuthRequest::CleartextPassword,
                Progress::Unfinished,
                "NotAllowed",
            ),
            (
                RequireAuth::Not(vec![Password, Md5]),
                AuthRequest::Ok,
                Progress::Unfinished,
                "goes on",
            ),
            (
                RequireAuth::Not(vec![None]),
                AuthRequest::Ok,
                Progress::Unfinished,
                "NotAllowed",
            ),
            (
                RequireAuth::Not(vec![None]),
                AuthRequest::Ok,
                Progress::Finished,
                "goes on",
            ),
        ] {
            let rules = Rules {
                require_auth: Some(demand.clone()),
                ..rules()
            };
            assert_eq!(
                judged(&rules, request, progress),
                expected,
                "{demand:?} {request:?}"
            );
        }
    }

    #[test]
    fn channel_binding_is_libpqs() {
        use ChannelBinding::{Disable, Prefer, Require};
        const PRESENT: Option<u8> = Some(7);
        const ABSENT: Option<u8> = None;
        for (binding, end_point, request, progress, expected) in [
            (Prefer, PRESENT, PLUS, Progress::Unfinished, "goes on"),
            (Prefer, ABSENT, PLUS, Progress::Unfinished, "NoDigest"),
            (Disable, ABSENT, PLUS, Progress::Unfinished, "goes on"),
            (Prefer, ABSENT, PLAIN, Progress::Unfinished, "goes on"),
            (Require, PRESENT, PLUS, Progress::Unfinished, "goes on"),
            (
                Require,
                PRESENT,
                PLAIN,
                Progress::Unfinished,
                "NoChannelBinding",
            ),
            (
                Require,
                PRESENT,
                AuthRequest::Md5Password,
                Progress::Unfinished,
                "NoChannelBinding",
            ),
            (
                Require,
                PRESENT,
                AuthRequest::CleartextPassword,
                Progress::Unfinished,
                "NoChannelBinding",
            ),
            (
                Require,
                PRESENT,
                AuthRequest::Ok,
                Progress::Unfinished,
                "NotBound",
            ),
            (
                Require,
                PRESENT,
                AuthRequest::Ok,
                Progress::Finished,
                "NotBound",
            ),
            (
                Require,
                PRESENT,
                AuthRequest::Ok,
                Progress::FinishedBound,
                "goes on",
            ),
            (Prefer, PRESENT, OTHER, Progress::Unfinished, "Unsupported"),
        ] {
            let rules = Rules {
                channel_binding: binding,
                end_point: end_point.map(|byte| vec![byte; 32]),
                ..rules()
            };
            assert_eq!(
                judged(&rules, request, progress),
                expected,
                "{binding:?} {end_point:?} {request:?} {progress:?}"
            );
        }
    }

    #[test]
    fn nothing_is_answered_without_a_password_and_no_endless_sum_is_done() {
        let without = Rules {
            credential: Credential::Nothing,
            ..rules()
        };
        for request in [
            AuthRequest::CleartextPassword,
            AuthRequest::Md5Password,
            PLUS,
            PLAIN,
        ] {
            assert_eq!(
                judged(&without, request, Progress::Unfinished),
                "NoPassword"
            );
        }
        assert_eq!(
            judged(&without, AuthRequest::Ok, Progress::Unfinished),
            "goes on"
        );
        for (count, expected) in [
            (4096, "goes on"),
            (100_000, "goes on"),
            (4_000_000_000, "Iterations"),
        ] {
            let request = AuthRequest::SaslContinue {
                iterations: Some(count),
            };
            assert_eq!(judged(&rules(), request, Progress::Unfinished), expected);
        }
    }

    #[test]
    fn a_demanded_client_certificate_must_have_been_sent() {
        let demanding = |certificate| Rules {
            sslcertmode: SslCertMode::Require,
            certificate,
            ..rules()
        };
        let sent = demanding(ClientCertificateRequest::Sent);
        let none = demanding(ClientCertificateRequest::RequestedNoneSent);
        assert_eq!(
            judged(&sent, AuthRequest::Ok, Progress::Unfinished),
            "goes on"
        );
        assert_eq!(
            judged(&none, AuthRequest::Ok, Progress::Unfinished),
            "NoClientCertificate"
        );
    }
}
