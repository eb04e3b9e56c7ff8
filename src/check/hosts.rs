//! Several hosts in one string, and several addresses of a host: where libpq may go, and the verdict for the whole string.

use std::time::Duration;

use super::next::Next;
use super::unit::{Readable, Unreadable};
use super::{CheckRequest, Checked, Hosts, Source, Subject};
use crate::connect;
use crate::conninfo::{ConnInfo, Endpoint, LoadBalanceHosts, Route, TargetSessionAttrs};
use crate::diagnose::OtherHosts;
use crate::exit::Exit;

/// Checks endpoints. A trait, so that tests can decide how each of them ends.
pub(super) trait Visitor {
    /// Checks an endpoint of a string within the time limit, or reports the `fault` for which its addresses are unknown.
    async fn visit<'a>(
        &self,
        source: &'a Source,
        readable: &Readable,
        endpoint: &Endpoint,
        others: OtherHosts,
        limit: Duration,
        fault: Option<connect::Error>,
    ) -> Checked<'a>;

    /// Reports a string that libpq cannot read.
    async fn visit_unreadable<'a>(
        &self,
        source: &'a Source,
        unreadable: &Unreadable,
    ) -> Checked<'a>;

    /// An endpoint for every address that the endpoint's name has.
    async fn addresses(
        &self,
        endpoint: &Endpoint,
        limit: Duration,
    ) -> Result<Vec<Endpoint>, connect::Error>;

    /// Whether the endpoint accepts a connection, on which nothing is sent.
    async fn knock(&self, endpoint: &Endpoint, limit: Duration) -> Result<(), connect::Error>;
}

/// The endpoints that were checked together for one verdict.
pub(super) struct Done<'a> {
    pub(super) checked: Vec<Checked<'a>>,
    pub(super) exit: Exit,
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
            exit: checked.exit(),
            checked: vec![checked],
        }
    }
}

/// Which addresses of a host are checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Addresses {
    /// The first at which libpq stays.
    First,
    /// Each, because libpq takes any of those that answer.
    Answering,
    /// Each, because the user wants it.
    Every,
}

impl Addresses {
    fn of(conninfo: &ConnInfo, request: &CheckRequest) -> Self {
        match conninfo.load_balance_hosts() {
            _ if request.all_addresses => Self::Every,
            Some(LoadBalanceHosts::Random) => Self::Answering,
            Some(LoadBalanceHosts::Disable) | None => Self::First,
        }
    }
}

/// What was found at the addresses of one host, and what libpq does there.
struct Host<'a> {
    visits: Vec<(Checked<'a>, Next)>,
    addresses: Addresses,
}

impl<'a> Host<'a> {
    fn answering(&self) -> impl Iterator<Item = &(Checked<'a>, Next)> {
        let visits = self.visits.iter();
        visits.filter(|(_, next)| *next != Next::Address)
    }

    fn exit(&self) -> Exit {
        let all = || self.visits.iter().map(|(one, _)| one.exit());
        let is_silent = self.answering().next().is_none();
        if is_silent || self.addresses == Addresses::Every {
            return Exit::of_all(all());
        }
        Exit::of_all(self.answering().map(|(one, _)| one.exit()))
    }

    /// Does libpq go no further, whichever address it takes?
    fn is_last(&self) -> bool {
        let mut answering = self.answering().map(|(_, next)| *next).peekable();
        answering.peek().is_some() && answering.all(|next| next == Next::Stays)
    }

    /// May it end here?
    fn may_be_last(&self) -> bool {
        self.visits.iter().any(|(_, next)| match next {
            Next::Stays | Next::Unknown => true,
            Next::Host | Next::Address => false,
        })
    }

    /// Would it have chosen this one?
    fn is_taken(&self) -> bool {
        self.is_last() && self.exit() == Exit::Passed
    }
}

/// The visits to the hosts of a unit.
struct Tour<'t, 'a, V, L> {
    source: &'a Source,
    readable: &'t Readable,
    request: &'t CheckRequest,
    visitor: &'t V,
    /// Called before each visit.
    limit: L,
}

impl<'a, V: Visitor, L: Fn() -> Duration> Tour<'_, 'a, V, L> {
    async fn host(&self, host: &Endpoint, others: OtherHosts) -> Host<'a> {
        let addresses = Addresses::of(&self.readable.conninfo, self.request);
        let visits = match addresses {
            Addresses::First => vec![self.first_address(host, others).await],
            Addresses::Answering | Addresses::Every => self.each_address(host, others).await,
        };
        Host { visits, addresses }
    }

    async fn each_address(&self, host: &Endpoint, others: OtherHosts) -> Vec<(Checked<'a>, Next)> {
        let all = match self.visitor.addresses(host, (self.limit)()).await {
            Ok(all) => all,
            Err(fault) => return vec![self.visit(host, others, Some(fault)).await],
        };
        let mut visits = Vec::new();
        for address in &all {
            visits.push(self.visit(address, others, None).await);
        }
        visits
    }

    /// The address that accepts is the first. If it is silent until `connect_timeout`, libpq tries the others.
    async fn first_address(&self, host: &Endpoint, others: OtherHosts) -> (Checked<'a>, Next) {
        let first = self.visit(host, others, None).await;
        let (Some(silent), Next::Address, Route::Name(_)) =
            (first.0.address(), first.1, host.route())
        else {
            return first;
        };
        let Ok(all) = self.visitor.addresses(host, (self.limit)()).await else {
            // libpq knows the others from its first look-up.
            return (first.0, Next::Stays);
        };
        let is_other = |one: &&Endpoint| {
            let address = one.hostaddr.as_ref();
            address.is_none_or(|address| address.ip != silent.ip())
        };
        for address in all.iter().filter(is_other) {
            let (mut other, next) = self.visit(address, others, None).await;
            if next != Next::Address {
                other.stands_for(host);
                return (other, next);
            }
        }
        first
    }

    async fn visit(
        &self,
        endpoint: &Endpoint,
        others: OtherHosts,
        fault: Option<connect::Error>,
    ) -> (Checked<'a>, Next) {
        let (source, limit) = (self.source, (self.limit)());
        let visiting = self
            .visitor
            .visit(source, self.readable, endpoint, others, limit, fault);
        let checked = visiting.await;
        let next = match (Next::after(&checked), self.request.hosts) {
            (Some(next), _) => next,
            // It fails in any case.
            (None, Hosts::All) => Next::Stays,
            (None, Hosts::Any) => match self.visitor.knock(endpoint, (self.limit)()).await {
                Ok(()) => Next::Stays,
                Err(error) => Next::after_failed(&error),
            },
        };
        (checked, next)
    }
}

/// Checks the endpoints of a unit in the order of the string; with [`Hosts::Any`] only as far as
/// libpq may go. `limit` is called before each of them.
pub(super) async fn in_turn<'a>(
    source: &'a Source,
    readable: &Readable,
    request: &CheckRequest,
    limit: impl Fn() -> Duration,
    visitor: &impl Visitor,
) -> Done<'a> {
    let tour = Tour {
        source,
        readable,
        request,
        visitor,
        limit,
    };
    let conninfo = &readable.conninfo;
    let mut hosts: Vec<Host<'a>> = Vec::new();
    let mut endpoints = readable.endpoints.iter().peekable();
    while let Some(endpoint) = endpoints.next() {
        let others = if endpoints.peek().is_some() || hosts.iter().any(Host::is_taken) {
            OtherHosts::Serve
        } else {
            OtherHosts::Fail
        };
        let host = tour.host(endpoint, others).await;
        let is_last = request.hosts == Hosts::Any && !is_shuffled(conninfo) && host.is_last();
        hosts.push(host);
        if is_last {
            break;
        }
    }
    let exit = match request.hosts {
        Hosts::All => Exit::of_all(hosts.iter().map(Host::exit)),
        Hosts::Any => any(&hosts, conninfo),
    };
    let returns = conninfo.target_session_attrs() == Some(TargetSessionAttrs::PreferStandby);
    let none_serves = !returns && !hosts.iter().any(Host::is_taken);
    let visits = hosts.into_iter().flat_map(|host| host.visits);
    let mut checked: Vec<Checked<'_>> = visits.map(|(checked, _)| checked).collect();
    if none_serves {
        for one in &mut checked {
            one.diagnosis.without_another_host();
        }
    }
    if exit == Exit::Passed {
        for one in &mut checked {
            one.spare = one.exit() != Exit::Passed;
        }
    }
    Done { checked, exit }
}

/// Each host at which libpq may end must pass. If there is none, it returns to any that it has passed by, but only with
/// `target_session_attrs=prefer-standby`.
fn any(hosts: &[Host<'_>], conninfo: &ConnInfo) -> Exit {
    let mut ends = hosts.iter().filter(|host| host.may_be_last()).peekable();
    if ends.peek().is_some() {
        return Exit::of_all(ends.map(Host::exit));
    }
    let returns = conninfo.target_session_attrs() == Some(TargetSessionAttrs::PreferStandby);
    let mut exits = hosts.iter().map(Host::exit);
    match returns && exits.any(|exit| exit == Exit::Passed) {
        true => Exit::Passed,
        false => Exit::of_all(hosts.iter().map(Host::exit)),
    }
}

fn is_shuffled(conninfo: &ConnInfo) -> bool {
    conninfo.load_balance_hosts() == Some(LoadBalanceHosts::Random)
}

/// Whether the endpoints of a string have one verdict together: any host will do, or hosts may fail
/// `target_session_attrs` as long as one of them matches.
pub(super) fn belong_together(conninfo: &ConnInfo, request: &CheckRequest) -> bool {
    match request.hosts {
        Hosts::All => request.login && conninfo.wants_a_role(),
        Hosts::Any => true,
    }
}

impl Checked<'_> {
    /// The address that accepted the connection.
    fn address(&self) -> Option<std::net::SocketAddr> {
        match &self.subject {
            Subject::Observed(observed) => observed.observation.address,
            Subject::Unread | Subject::Unchecked { .. } => None,
        }
    }

    /// What was found at one of its addresses is the verdict of the host.
    fn stands_for(&mut self, host: &Endpoint) {
        match &mut self.subject {
            Subject::Observed(observed) => observed.task.endpoint.clone_from(host),
            Subject::Unchecked { endpoint, .. } => endpoint.clone_from(host),
            Subject::Unread => {}
        }
    }
}
