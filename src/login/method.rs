//! The way to log in that the server chose.

/// How the server had us prove who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Not at all: `trust`, or a client certificate, or some other proof that needs no answer.
    None,
    /// By the password itself.
    Password,
    /// By the password's MD5 hash.
    Md5,
    /// By SCRAM-SHA-256.
    ScramSha256,
    /// By something that pgtls does not speak.
    Other,
}

impl Method {
    /// As `require_auth` spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Password => "password",
            Self::Md5 => "md5",
            Self::ScramSha256 => "scram-sha-256",
            Self::Other => "other",
        }
    }
}
