//! What libpq does after an endpoint (`PQconnectPoll` and `connectDBComplete` in PostgreSQL's fe-connect.c).

use super::{Checked, Observed, Subject};
use crate::connect::{self, Waiting};
use crate::exit::Exit;
use crate::login::{self, Login, Step};
use crate::probe::{Session, Stop};
use crate::wire::postgres::error::sqlstate;
use crate::wire::postgres::{FirstAnswer, ServerError};
use crate::{handshake, negotiate};

/// What libpq does after this endpoint, if there are others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It connects here, or gives up.
    Stays,
    /// It connects here or tries the next host: only a login would tell which kind of server this is.
    Unknown,
    /// It tries the next host: the server is starting up, or does not match `target_session_attrs`
    /// (`try_next_host`).
    Host,
    /// It tries the next address, and after the last one the next host: there is no connection, or no answer
    /// until `connect_timeout` (`try_next_addr`).
    Address,
}

impl Next {
    /// `None` if nobody has tried to connect.
    pub(super) fn after(checked: &Checked<'_>) -> Option<Self> {
        let observed = match &checked.subject {
            Subject::Observed(observed) => observed,
            Subject::Unread | Subject::Unchecked { .. } => return None,
        };
        let observation = &observed.observation;
        if let (None, Err(Stop::Connect(error))) = (observation.address, &observation.outcome) {
            return match error {
                connect::Error::UnixSocket { .. } => None,
                connect::Error::Resolve { .. }
                | connect::Error::Refused { .. }
                | connect::Error::Timeout { .. } => Some(Self::after_failed(error)),
            };
        }
        Some(match &observed.login {
            Some(login) => Self::after_login(observed, login),
            None if checked.exit() == Exit::Passed && observed.task.conninfo.wants_a_role() => {
                Self::Unknown
            }
            None if is_given_up(observed) => Self::Address,
            None => Self::after_first_answer(observed),
        })
    }

    /// There is no connection.
    pub(super) fn after_failed(error: &connect::Error) -> Self {
        match error {
            // libpq waits longer for the resolver.
            connect::Error::Timeout {
                waiting_for: Waiting::Resolution,
                ..
            } => Self::Stays,
            connect::Error::Timeout {
                waiting_for: Waiting::Connection,
                ..
            }
            | connect::Error::UnixSocket { .. }
            | connect::Error::Resolve { .. }
            | connect::Error::Refused { .. } => Self::Address,
        }
    }

    /// A server that asked for a client certificate has answered a startup packet.
    fn after_first_answer(observed: &Observed) -> Self {
        match &observed.observation.outcome {
            Ok(Session {
                judgement,
                first_answer: Some(FirstAnswer::Error(error)),
                ..
            }) if is_starting(error) && judgement.satisfies(observed.task.trust.level).is_ok() => {
                Self::Host
            }
            Ok(_) | Err(_) => Self::Stays,
        }
    }

    fn after_login(observed: &Observed, login: &Login) -> Self {
        match &login.outcome {
            Ok(entered) if entered.unwanted.is_some() => Self::Host,
            Err(login::Error::Server { error, .. }) if is_starting(error) => Self::Host,
            // Afterwards libpq is connected.
            Err(login::Error::Timeout(
                Step::Startup | Step::Answer | Step::Proof | Step::Verified | Step::Authenticated,
            )) if has_waited(observed) => Self::Address,
            Ok(_) | Err(_) => Self::Stays,
        }
    }
}

/// Does the server start up, shut down or recover?
fn is_starting(error: &ServerError) -> bool {
    error.sqlstate.as_deref() == Some(sqlstate::CANNOT_CONNECT_NOW)
}

/// Was the server silent for so long that libpq, too, has given it up?
fn is_given_up(observed: &Observed) -> bool {
    has_waited(observed) && is_silent(observed)
}

/// Was there as much time as libpq has?
fn has_waited(observed: &Observed) -> bool {
    let limit = observed.task.conninfo.connect_timeout.as_ref();
    limit.is_some_and(|limit| observed.task.timeout >= limit.value)
}

/// After the first bytes of a handshake libpq may have refused them at once, so that is not silence. After a finished one
/// it has accepted them.
fn is_silent(observed: &Observed) -> bool {
    match &observed.observation.outcome {
        Err(Stop::Negotiate(negotiate::Error::Timeout)) => true,
        Err(Stop::Handshake {
            error:
                handshake::Error::Timeout {
                    received: None | Some(0),
                },
            judgement,
            ..
        }) => judgement
            .as_ref()
            .is_none_or(|judgement| judgement.satisfies(observed.task.trust.level).is_ok()),
        Ok(_)
        | Err(
            Stop::Connect(_)
            | Stop::Negotiate(_)
            | Stop::Handshake { .. }
            | Stop::SecondLook { .. },
        ) => false,
    }
}
