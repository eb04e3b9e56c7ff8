//! What is known of each endpoint at the end of a run, and the exit code of all.

use std::sync::Arc;

use super::Source;
use super::hosts::Done;
use crate::conninfo::{ConnInfo, Endpoint};
use crate::diagnose::{ClientDiagnosis, Diagnosis, Rotation};
use crate::dialect::Dialect;
use crate::exit::Exit;
use crate::login::Login;
use crate::probe::{Observation, Task};
use crate::x509::Certificate;

/// How a run ended.
pub struct Outcome<'a> {
    pub(super) done: Vec<Done<'a>>,
    pub(super) end: End,
}

/// What ended it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Complete,
    Interrupted,
}

impl<'a> Outcome<'a> {
    /// The exit code of the run.
    pub fn exit(&self) -> Exit {
        match self.end {
            End::Interrupted => Exit::Interrupted,
            End::Complete => Exit::of_all(self.done.iter().map(|done| done.exit)),
        }
    }

    /// What is known of each endpoint, in the order of the input.
    pub fn checked(&self) -> impl Iterator<Item = &Checked<'a>> {
        self.done.iter().flat_map(|done| &done.checked)
    }

    /// What was not finished: no observer was told that it is done.
    pub fn unfinished(&self) -> impl Iterator<Item = &Checked<'a>> {
        let all = self.checked();
        all.filter(|checked| checked.exit() == Exit::Interrupted)
    }

    /// The same as [`Self::checked`], owned, so that each can be dropped after use: it holds the certificates of its server.
    pub fn into_checked(self) -> impl Iterator<Item = Checked<'a>> {
        self.done.into_iter().flat_map(|done| done.checked)
    }
}

/// What is known of one endpoint, or of a string without any.
pub struct Checked<'a> {
    /// The string that names it.
    pub source: &'a Source,
    /// How far we got.
    pub subject: Subject,
    /// What that means.
    pub diagnosis: Diagnosis,
    /// Whether it failed and need not pass, because another host of its string did.
    pub spare: bool,
    /// Whose string it is, if that is known.
    pub dialect: Option<Dialect>,
    /// What other client libraries would do, if that was requested and is known.
    pub clients: Option<Vec<ClientDiagnosis>>,
}

/// How far we got with an endpoint.
pub enum Subject {
    /// The string cannot be read.
    Unread,
    /// There is no reason, or no way, to connect.
    Unchecked {
        /// The string.
        conninfo: Arc<ConnInfo>,
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// It was checked.
    Observed(Box<Observed>),
}

/// What was observed at an endpoint.
pub struct Observed {
    /// What was checked.
    pub task: Task,
    /// The result of TLS.
    pub observation: Arc<Observation>,
    /// The rehearsal of a rotation, if there was one.
    pub rotation: Option<Rotation>,
    /// The login, if there was one.
    pub login: Option<Login>,
}

impl Checked<'_> {
    /// The exit code for this endpoint alone.
    pub fn exit(&self) -> Exit {
        self.diagnosis.exit
    }

    /// The certificates that the server presented, its own first.
    pub fn presented(&self) -> &[Certificate] {
        match &self.subject {
            Subject::Observed(observed) => observed
                .observation
                .judgement()
                .map_or(&[], |judgement| &judgement.certificates),
            Subject::Unread | Subject::Unchecked { .. } => &[],
        }
    }
}
