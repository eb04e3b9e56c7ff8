//! Endpoints that answer by a script.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::hosts::Visitor;
use super::super::unit::{Readable, Unreadable};
use super::super::{Checked, Observed, Source, Subject};
use crate::connect;
use crate::conninfo::{Endpoint, TargetSessionAttrs};
use crate::diagnose::{Code, Diagnosis, Finding, Hint, Level, OtherHosts, Stage};
use crate::exit::Exit;
use crate::handshake::Tls;
use crate::login::{self, Entered, Login, Role, Sight, Step, Unread};
use crate::probe::{LibpqOffer, Moment, Observation, Stop, Task, Timings};
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
    /// Nothing comes.
    Silent,
}

use Answer::{Connected, OfAnotherKind, Refuses, Silent, Unreachable};

pub(super) const PASSES: Answer = Connected(Exit::Passed);

/// Answers by host. The last answer of a host is for all further visits.
pub(super) struct Script {
    answers: RefCell<HashMap<&'static str, VecDeque<Answer>>>,
    pub(super) visits: RefCell<Vec<Visit>>,
    /// How long each visit takes.
    pub(super) takes: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Visit {
    host: String,
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
        }
    }

    pub(super) fn hosts(&self) -> Vec<String> {
        let visits = self.visits.borrow();
        visits.iter().map(|visit| visit.host.clone()).collect()
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
    ) -> Checked<'a> {
        let host = endpoint.host.as_ref().unwrap().as_bytes();
        let host = String::from_utf8(host.to_vec()).unwrap();
        self.visits.borrow_mut().push(Visit {
            host: host.clone(),
            others,
            limit,
            at: Instant::now(),
        });
        sleep(self.takes).await;
        let answer = self.answer(&host);
        if answer == Silent {
            pending::<()>().await;
        }
        let exit = match answer {
            Unreachable | Silent => Exit::Unreachable,
            Connected(exit) | OfAnotherKind(exit) => exit,
            Refuses(_) => Exit::Login,
        };
        let task = Task {
            oldest: crate::verify::Oldest::default(),
            keys: crate::handshake::ServerKeys::Any,
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
                observation: Arc::new(observation(answer)),
                rotation: None,
                login: login_of(answer),
            })),
            diagnosis: diagnosis(exit),
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
            clients: None,
            dialect: None,
        }
    }

    /// A name has two addresses.
    async fn addresses(&self, endpoint: &Endpoint, _: Duration) -> Vec<Endpoint> {
        vec![endpoint.clone(), endpoint.clone()]
    }
}

fn observation(answer: Answer) -> Observation {
    let attempts = Vec::new();
    Observation {
        timings: Timings::default(),
        address: match answer {
            Unreachable | Silent => None,
            Connected(_) | Refuses(_) | OfAnotherKind(_) => Some(([127, 0, 0, 1], 5432).into()),
        },
        outcome: Err(Stop::Connect(connect::Error::Refused { attempts })),
        negotiation_fallback: None,
        newer: None,
        libpq_offer: LibpqOffer::NotMade,
        large_hello: None,
    }
}

fn login_of(answer: Answer) -> Option<Login> {
    let outcome = match answer {
        Unreachable | Connected(_) | Silent => return None,
        Refuses(sqlstate) => Err(login::Error::Server {
            error: ServerError {
                sqlstate: Some(sqlstate.to_owned()),
                ..ServerError::default()
            },
            step: Step::Startup,
        }),
        OfAnotherKind(_) => Ok(Entered {
            server_version: None,
            tls: Tls::default(),
            session: Err(Unread::NoRow),
            differences: Vec::new(),
            sight: Sight::Unknown,
            pgbouncer: None,
            unwanted: Some((TargetSessionAttrs::Standby, Role::ReadWrite)),
        }),
    };
    Some(Login {
        method: None,
        bound: false,
        disclosed: None,
        ignored_file: None,
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
