//! The way to log in that the server chose.

/// How the server authenticated us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Without a request: `trust`, a client certificate, or another proof that needs no answer.
    None,
    /// By the password itself.
    Password,
    /// By the password's MD5 hash.
    Md5,
    /// By SCRAM-SHA-256.
    ScramSha256,
    /// By a method that pgtls does not support.
    Other,
}

impl Method {
    /// Its name in `require_auth`.
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
