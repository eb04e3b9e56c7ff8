//! Endpoints that answer by a script.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::hosts::Visitor;
use super::super::unit::{Readable, Unreadable};
use super::super::{Checked, Observed, Source, Subject};
use crate::connect;
use crate::conninfo::{Endpoint, HostAddr, Route, TargetSessionAttrs};
use crate::diagnose::{Code, Diagnosis, Finding, Hint, Level, OtherHosts, Stage};
use crate::exit::Exit;
use crate::handshake::Tls;
use crate::login::{self, Entered, Login, Role, Sight, Step, Unread};
use crate::negotiate;
use crate::probe::{Moment, Observation, Stop, Task, pinned};
use crate::wire::postgres::ServerError;

/// How an endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// There is no connection.
    Unreachable,
    /// There is one, and the check ends like this.
    Connected(Exit),
    /// The login fails with this SQLSTATE.
    Refuses(&'static str),
    /// The login succeeds, but `target_session_attrs` does not match.
    OfAnotherKind(Exit),
    /// The login succeeds, and everything matches.
    Wanted,
    /// Nothing comes.
    Silent,
    /// There is a connection, and nothing comes until the time is over.
    TimedOut,
    /// A Unix-domain socket.
    Socket(Door),
    /// The check ends like this before there is a connection.
    Unasked(Exit, Door),
}

/// Whether an endpoint accepts connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    Open,
    Closed,
}

use Answer::{
    Connected, OfAnotherKind, Refuses, Silent, Socket, TimedOut, Unasked, Unreachable, Wanted,
};

pub(super) const PASSES: Answer = Connected(Exit::Passed);

/// Answers by host. The last answer of a host is for all further visits.
pub(super) struct Script {
    answers: RefCell<HashMap<&'static str, VecDeque<Answer>>>,
    pub(super) visits: RefCell<Vec<Visit>>,
    /// How long each visit takes.
    pub(super) takes: Duration,
    /// The addresses of the names, for each look-up one entry; the last is for all further ones. The last part of an
    /// address is the name that answers. Other names have two addresses, which answer alike.
    names: RefCell<HashMap<&'static str, VecDeque<Option<&'static [u8]>>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Visit {
    pub(super) host: String,
    pub(super) others: OtherHosts,
    pub(super) limit: Duration,
    pub(super) at: Instant,
}

impl Script {
    pub(super) fn new(answers: &[(&'static str, &[Answer])]) -> Self {
        let answers = answers.iter();
        Self {
            answers: RefCell::new(
                answers
                    .map(|(host, answers)| (*host, answers.iter().copied().collect()))
                    .collect(),
            ),
            visits: RefCell::default(),
            takes: Duration::ZERO,
            names: RefCell::default(),
        }
    }

    /// The same, and this name has these addresses: at each of them the host with this letter answers. `None` is a
    /// look-up that fails.
    pub(super) fn naming(self, name: &'static str, lookups: &[Option<&'static [u8]>]) -> Self {
        let lookups = lookups.iter().copied().collect();
        self.names.borrow_mut().insert(name, lookups);
        self
    }

    pub(super) fn hosts(&self) -> Vec<String> {
        let visits = self.visits.borrow();
        visits.iter().map(|visit| visit.host.clone()).collect()
    }

    /// Who answers at this endpoint.
    fn at(&self, endpoint: &Endpoint) -> String {
        if let Some(HostAddr {
            ip: IpAddr::V4(ip), ..
        }) = &endpoint.hostaddr
        {
            return char::from(ip.octets()[3]).to_string();
        }
        let host = endpoint.host.as_ref().unwrap().as_bytes();
        let host = String::from_utf8(host.to_vec()).unwrap();
        let names = self.names.borrow();
        match names.get(host.as_str()).and_then(|lookups| lookups[0]) {
            Some(addresses) => char::from(addresses[0]).to_string(),
            None => host,
        }
    }

    fn answer(&self, host: &str) -> Answer {
        let mut answers = self.answers.borrow_mut();
        let answers = answers.get_mut(host).unwrap();
        match answers.len() {
            1 => answers[0],
            _ => answers.pop_front().unwrap(),
        }
    }
}

impl Visitor for Script {
    async fn visit<'a>(
        &self,
        source: &'a Source,
        readable: &Readable,
        endpoint: &Endpoint,
        others: OtherHosts,
        limit: Duration,
        fault: Option<connect::Error>,
    ) -> Checked<'a> {
        let host = self.at(endpoint);
        self.visits.borrow_mut().push(Visit {
            host: host.clone(),
            others,
            limit,
            at: Instant::now(),
        });
        sleep(self.takes).await;
        let answer = match fault {
            Some(_) => Unreachable,
            None => self.answer(&host),
        };
        if answer == Silent {
            pending::<()>().await;
        }
        let exit = match answer {
            Unreachable | Silent | TimedOut => Exit::Unreachable,
            Wanted => Exit::Passed,
            Connected(exit) | OfAnotherKind(exit) | Unasked(exit, _) => exit,
            Refuses(_) => Exit::Login,
            Socket(_) => Exit::NoTls,
        };
        if let Unasked(..) = answer {
            return Checked {
                spare: false,
                source,
                subject: Subject::Unchecked {
                    conninfo: Arc::clone(&readable.conninfo),
                    endpoint: endpoint.clone(),
                },
                diagnosis: diagnosis(exit),
                clients: None,
                dialect: None,
            };
        }
        let task = Task {
            oldest: crate::verify::Oldest::default(),
            keys: crate::handshake::ServerKeys::Any,
            alpn: crate::handshake::Alpn::Named,
            conninfo: Arc::clone(&readable.conninfo),
            endpoint: endpoint.clone(),
            trust: Arc::clone((*readable.trust).as_ref().unwrap()),
            now: 0,
            moment: Moment::Present,
            timeout: limit,
        };
        Checked {
            source,
            subject: Subject::Observed(Box::new(Observed {
                task,
                observation: Arc::new(observation(answer, &host)),
                rotation: None,
                login: login_of(answer),
            })),
            diagnosis: diagnosis(exit),
            spare: false,
            clients: None,
            dialect: None,
        }
    }

    async fn visit_unreadable<'a>(
        &self,
        source: &'a Source,
        unreadable: &Unreadable,
    ) -> Checked<'a> {
        Checked {
            source,
            subject: Subject::Unread,
            diagnosis: unreadable.diagnosis.clone(),
            spare: false,
            clients: None,
            dialect: None,
        }
    }

    async fn addresses(
        &self,
        endpoint: &Endpoint,
        _: Duration,
    ) -> Result<Vec<Endpoint>, connect::Error> {
        let Route::Name(name) = endpoint.route() else {
            return Ok(vec![endpoint.clone()]);
        };
        let mut names = self.names.borrow_mut();
        let Some(lookups) = names.get_mut(std::str::from_utf8(name).unwrap()) else {
            let address = ([127, 0, 0, name[0]], endpoint.port).into();
            return Ok(vec![pinned(endpoint, address), pinned(endpoint, address)]);
        };
        let lookup = match lookups.len() {
            1 => lookups[0],
            _ => lookups.pop_front().unwrap(),
        };
        let addresses = lookup.ok_or_else(no_address)?;
        let addresses = addresses.iter();
        Ok(addresses
            .map(|last| pinned(endpoint, ([127, 0, 0, *last], endpoint.port).into()))
            .collect())
    }

    async fn knock(&self, endpoint: &Endpoint, _: Duration) -> Result<(), connect::Error> {
        match self.answer(&self.at(endpoint)) {
            Socket(Door::Open) | Unasked(_, Door::Open) => Ok(()),
            _ => Err(no_address()),
        }
    }
}

fn no_address() -> connect::Error {
    connect::Error::Resolve {
        host: String::new(),
        source: std::io::ErrorKind::NotFound.into(),
    }
}

fn observation(answer: Answer, host: &str) -> Observation {
    let attempts = Vec::new();
    let last = host.bytes().next().unwrap();
    Observation {
        address: match answer {
            Unreachable | Silent | Socket(_) | Unasked(..) => None,
            Connected(_) | Refuses(_) | OfAnotherKind(_) | Wanted | TimedOut => {
                Some(([127, 0, 0, last], 5432).into())
            }
        },
        outcome: Err(match answer {
            TimedOut => Stop::Negotiate(negotiate::Error::Timeout),
            Socket(_) => Stop::Connect(connect::Error::UnixSocket {
                path: String::new(),
            }),
            Unreachable | Silent | Unasked(..) | Connected(_) | Refuses(_) | Wanted
            | OfAnotherKind(_) => Stop::Connect(connect::Error::Refused { attempts }),
        }),
        ..Observation::unreached(no_address())
    }
}

fn login_of(answer: Answer) -> Option<Login> {
    let outcome = match answer {
        Unreachable | Connected(_) | Silent | TimedOut | Socket(_) | Unasked(..) => return None,
        Refuses(sqlstate) => Err(login::Error::Server {
            error: ServerError {
                sqlstate: Some(sqlstate.to_owned()),
                ..ServerError::default()
            },
            step: Step::Startup,
        }),
        Wanted | OfAnotherKind(_) => Ok(Entered {
            server_version: None,
            tls: Tls::default(),
            session: Err(Unread::NoRow),
            differences: Vec::new(),
            sight: Sight::Unknown,
            pgbouncer: None,
            unwanted: (answer != Wanted).then_some((TargetSessionAttrs::Standby, Role::ReadWrite)),
        }),
    };
    Some(Login {
        method: None,
        bound: false,
        disclosed: None,
        ignored_file: None,
        near_line: None,
        outcome,
        took: Duration::ZERO,
    })
}

fn diagnosis(exit: Exit) -> Diagnosis {
    let error = Finding {
        level: Level::Error,
        code: match exit {
            Exit::Unreachable => Code::Refused,
            _ => Code::LoginFailed,
        },
        stage: Stage::Connect,
        message: "".into(),
        hint: Hint::default(),
    };
    Diagnosis {
        exit,
        error: (exit != Exit::Passed).then_some(error),
        findings: Vec::new(),
    }
}
