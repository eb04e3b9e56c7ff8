//! One finding: level, code, stage, message, and what to do.

use super::hint::in_words_of_this_system;
use super::{Code, Hint};
use crate::escape::Shown;
use crate::exit::Exit;
use crate::words::words;

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its severity.
    pub level: Level,
    /// Its stable name.
    pub code: Code,
    /// The stage at which it was found.
    pub stage: Stage,
    /// What was observed.
    pub message: Shown,
    /// What to do.
    pub hint: Hint,
}

words! {
    /// The severity of a finding.
    Level {
        /// It decides the verdict, or would if the fault that decides it were fixed.
        Error = "error",
        /// It does not decide the verdict, but is a risk.
        Warning = "warning",
        /// Useful to know.
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
        /// Additional demands.
        Policy = "policy",
        /// Logging in, on a separate connection.
        Login = "login",
        /// What else the endpoint accepts.
        Audit = "audit",
    }
}

impl Stage {
    /// The exit code of a failure at this stage, unless its code has another.
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
            message: in_words_of_this_system(message.into()),
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
