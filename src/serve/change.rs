//! The line about a target that is not as it was.

use std::fmt;

use crate::escape::Shown;
use crate::exit::Exit;
use crate::report::Verdict;

/// A target is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub target: Shown,
    /// The exit code before; nothing if this is the first result.
    pub before: Option<Exit>,
    /// The exit code now.
    pub exit: Exit,
    /// The code of the finding that decided.
    pub code: Option<String>,
    /// What was seen.
    pub message: Option<Shown>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            before,
            exit,
            code,
            message,
        } = self;
        match Verdict::of(*exit) {
            Verdict::Pass => write!(f, "{target}: PASS")?,
            Verdict::Fail => write!(f, "{target}: FAIL, exit {}", exit.number())?,
        }
        if let Some(code) = code {
            write!(f, ", {code}")?;
        }
        if let Some(message) = message {
            write!(f, ": {message}")?;
        }
        match before {
            Some(Exit::Passed) => f.write_str(" (passed before)"),
            Some(before) => write!(f, " (exit {} before)", before.number()),
            None => Ok(()),
        }
    }
}
