//! One thing that was found: how bad, where, what, and what to do.

use super::{Code, Hint};
use crate::escape::Shown;
use crate::exit::Exit;
use crate::words::words;

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// Its stable name.
    pub code: Code,
    /// Where on the straight line it was found.
    pub stage: Stage,
    /// What was seen.
    pub message: Shown,
    /// What to do.
    pub hint: Hint,
}

words! {
    /// How bad a finding is.
    Level {
        /// It decides the verdict, or would if what does were mended.
        Error = "error",
        /// It does not, but somebody will be sorry.
        Warning = "warning",
        /// Good to know.
        Info = "info",
    }

    /// The stages of a check.
    Stage {
        /// Reading the connection string.
        Conninfo = "conninfo",
        /// Reading the files it names.
        Trust = "trust",
        /// Name resolution and TCP.
        Connect = "connect",
        /// SSLRequest.
        Negotiate = "negotiate",
        /// TLS.
        Handshake = "handshake",
        /// Chain and name.
        Verify = "verify",
        /// What was asked for besides.
        Policy = "policy",
        /// Logging in, on a connection of its own.
        Login = "login",
        /// What else the endpoint accepts.
        Audit = "audit",
    }
}

impl Stage {
    /// The exit code of what fails at this stage, unless its code has another.
    pub fn exit(self) -> Exit {
        match self {
            Self::Conninfo | Self::Trust => Exit::Usage,
            Self::Connect => Exit::Unreachable,
            Self::Negotiate => Exit::NoTls,
            Self::Handshake => Exit::Handshake,
            Self::Verify => Exit::Untrusted,
            Self::Policy | Self::Audit => Exit::Unmet,
            Self::Login => Exit::Login,
        }
    }
}

impl Finding {
    pub(super) fn new(level: Level, code: Code, stage: Stage, message: impl Into<Shown>) -> Self {
        Self {
            level,
            code,
            stage,
            message: message.into(),
            hint: Hint::default(),
        }
    }

    pub(super) fn error(code: Code, stage: Stage, message: impl Into<Shown>) -> Self {
        Self::new(Level::Error, code, stage, message)
    }

    pub(super) fn hint(self, hint: impl Into<Hint>) -> Self {
        Self {
            hint: hint.into(),
            ..self
        }
    }
}
