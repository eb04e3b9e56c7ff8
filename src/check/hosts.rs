//! Several hosts in one string, in libpq's order: where it stays, where it continues, and the verdict
//! for the whole string (`PQconnectPoll` in PostgreSQL's fe-connect.c).

use std::time::Duration;

use super::unit::{Readable, Unreadable};
use super::{CheckRequest, Checked, Hosts, Source};
use crate::conninfo::{ConnInfo, Endpoint, TargetSessionAttrs};
use crate::diagnose::OtherHosts;
use crate::exit::Exit;
use crate::login::{self, Login};
use crate::wire::postgres::error::sqlstate;

/// Checks endpoints. A trait, so that tests can decide how each of them ends.
pub(super) trait Visitor {
    /// Checks an endpoint of a string within the time limit.
    async fn visit<'a>(
        &self,
        source: &'a Source,
        readable: &Readable,
        endpoint: &Endpoint,
        others: OtherHosts,
        limit: Duration,
    ) -> Checked<'a>;

    /// Reports a string that libpq cannot read.
    async fn visit_unreadable<'a>(
        &self,
        source: &'a Source,
        unreadable: &Unreadable,
    ) -> Checked<'a>;

    /// An endpoint for every address that the endpoint's name has.
    async fn addresses(&self, endpoint: &Endpoint, limit: Duration) -> Vec<Endpoint>;
}

/// The endpoints that were checked together for one verdict.
pub(super) struct Done<'a> {
    pub(super) checked: Vec<Checked<'a>>,
    decides: Decides,
}

/// Which of them decides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decides {
    /// All of them.
    Every,
    /// The one at which libpq stays.
    Stay,
    /// The same. If there is none, any that passes, because libpq returns to it
    /// (`target_session_attrs=prefer-standby`).
    StayOrReturn,
}

impl Done<'_> {
    pub(super) fn exit(&self) -> Exit {
        let exits = || self.checked.iter().map(Checked::exit);
        if self.decides == Decides::Every {
            return Exit::of_all(exits());
        }
        match self.checked.last() {
            Some(last) if last.next() == Next::Stays => last.exit(),
            _ if self.decides == Decides::StayOrReturn
                && exits().any(|exit| exit == Exit::Passed) =>
            {
                Exit::Passed
            }
            _ => Exit::of_all(exits()),
        }
    }
}

impl<'a> Done<'a> {
    /// Says how long [`Patience::wait`](super::Patience::wait) lasted.
    pub(super) fn gave_up(&mut self, wait: Duration, attempts: usize) {
        let errors = self.checked.iter_mut();
        for error in errors.filter_map(|checked| checked.diagnosis.error.as_mut()) {
            let said = format!("Gave up after {wait:?} (--wait). Attempts: {attempts}.");
            error.hint = std::mem::take(&mut error.hint).then(said);
        }
    }

    /// A string without endpoints.
    pub(super) fn single(checked: Checked<'a>) -> Self {
        Self {
            checked: vec![checked],
            decides: Decides::Every,
        }
    }
}

/// What libpq does after this host, if a string has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It connects here, or gives up.
    Stays,
    /// It tries the next host: there is no connection, the server is starting up, or it does not
    /// match `target_session_attrs`.
    GoesOn,
}

impl Next {
    pub(super) fn after(login: &Login) -> Self {
        let next = match &login.outcome {
            Ok(entered) => entered.unwanted.is_some(),
            Err(login::Error::Server { error, .. }) => {
                error.sqlstate.as_deref() == Some(sqlstate::CANNOT_CONNECT_NOW)
            }
            Err(_) => false,
        };
        if next { Self::GoesOn } else { Self::Stays }
    }
}

/// Checks the endpoints of a unit in the order of the string; with [`Hosts::Any`] only as far as
/// libpq would go. `limit` is called before each of them.
pub(super) async fn in_turn<'a>(
    source: &'a Source,
    readable: &Readable,
    hosts: Hosts,
    limit: impl Fn() -> Duration,
    visitor: &impl Visitor,
) -> Done<'a> {
    let decides = match hosts {
        Hosts::All => Decides::Every,
        Hosts::Any if prefers_standby(&readable.conninfo) => Decides::StayOrReturn,
        Hosts::Any => Decides::Stay,
    };
    let mut checked: Vec<Checked<'a>> = Vec::new();
    let mut endpoints = readable.endpoints.iter().peekable();
    while let Some(endpoint) = endpoints.next() {
        let others = if endpoints.peek().is_some() || checked.iter().any(Checked::is_taken) {
            OtherHosts::Serve
        } else {
            OtherHosts::Fail
        };
        let one = visitor.visit(source, readable, endpoint, others, limit());
        let one = one.await;
        let next = one.next();
        checked.push(one);
        if hosts == Hosts::Any && next == Next::Stays {
            break;
        }
    }
    Done { checked, decides }
}

/// Whether the endpoints of a string have one verdict together: any host will do, or hosts may fail
/// `target_session_attrs` as long as one of them matches.
pub(super) fn belong_together(conninfo: &ConnInfo, request: &CheckRequest) -> bool {
    let wanted = conninfo.target_session_attrs();
    let any_kind = wanted.is_none_or(|wanted| wanted == TargetSessionAttrs::Any);
    match request.hosts {
        Hosts::All => request.login && !any_kind,
        Hosts::Any => true,
    }
}

fn prefers_standby(conninfo: &ConnInfo) -> bool {
    conninfo.target_session_attrs() == Some(TargetSessionAttrs::PreferStandby)
}
