//! Checks one endpoint: observes, diagnoses and, if requested, logs in.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::clients::Stores;
use super::cure::{Clinic, Words, judged};
use super::fleet::Turns;
use super::hosts::Visitor;
use super::next::Next;
use super::servers::{Servers, Visit};
use super::unit::{ReadByOthers, Readable, TrustResult, Unreadable, each_address};
use super::{CheckRequest, Checked, Observed, Source, Subject};
use crate::audit::{Limits, plaintext};
use crate::connect;
use crate::conninfo::{ConnInfo, Endpoint, Route, World};
use crate::demands::{Demands, PlaintextRule};
use crate::diagnose::{
    Aim, ClientDiagnosis, Diagnosis, OtherHosts, Rotation, add_plaintext, client_of, diagnose,
    diagnose_login, login_not_checked, random_order, rehearse, trust_error, unchecked,
};
use crate::exit::Exit;
use crate::handshake::{Alpn, ServerKeys};
use crate::login::{Login, login};
use crate::probe::{Moment, Observation, Task, ask_large_hello, offers, probe_in_turn};
use crate::trust::Trust;
use crate::verify::Oldest;
use crate::workers::{self, Weight};

/// The real endpoints, and what all visits share.
pub(super) struct Network<'a> {
    request: &'a CheckRequest,
    clock: Clock,
    clinic: Clinic<'a>,
    /// The visits at each server.
    servers: Servers,
    /// The queue before the handshake.
    turns: &'a Turns,
    /// The stores of the client libraries, if any endpoint needs them.
    stores: Option<Arc<Stores>>,
}

impl Visitor for Network<'_> {
    async fn visit<'s>(
        &self,
        source: &'s Source,
        readable: &Readable,
        endpoint: &Endpoint,
        others: OtherHosts,
        limit: Duration,
        fault: Option<connect::Error>,
    ) -> Checked<'s> {
        let checked = self
            .visit_as_libpq(source, readable, endpoint, others, limit, fault)
            .await;
        self.as_its_driver(checked, readable).await
    }

    async fn visit_unreadable<'s>(
        &self,
        source: &'s Source,
        unreadable: &Unreadable,
    ) -> Checked<'s> {
        let by_others = unreadable.by_others.as_ref();
        let checked = Checked {
            source,
            subject: Subject::Unread,
            diagnosis: unreadable.diagnosis.clone(),
            spare: false,
            dialect: None,
            clients: match (self.stores(source), by_others) {
                (Some(stores), Some(by_others)) => {
                    self.verdicts_of_others(stores, by_others, source.oldest)
                        .await
                }
                _ => None,
            },
        };
        if !unreadable.is_libpqs {
            return checked;
        }
        let words = Words {
            text: &source.text,
            world: self.clinic.world(),
            oldest: source.oldest,
        };
        let limit = self.request.patience.timeout.unwrap_or(PATIENCE);
        judged(&self.clinic, checked, words, patience(Some(limit))).await
    }

    async fn addresses(
        &self,
        endpoint: &Endpoint,
        limit: Duration,
    ) -> Result<Vec<Endpoint>, connect::Error> {
        each_address(endpoint, limit).await
    }

    async fn knock(&self, endpoint: &Endpoint, limit: Duration) -> Result<(), connect::Error> {
        let _visit = self.enter(endpoint).await;
        connect::knock(endpoint, Instant::now() + limit).await
    }
}

impl<'a> Network<'a> {
    pub(super) fn new(
        request: &'a CheckRequest,
        stores: Option<Stores>,
        turns: &'a Turns,
        world: &'a dyn World,
    ) -> Self {
        let clock = Clock::starting(request);
        Self {
            request,
            clock,
            clinic: Clinic::new(world, clock, Aim::Check),
            servers: Servers::default(),
            turns,
            stores: stores.map(Arc::new),
        }
    }

    /// The verdict on the libpq string with the same meaning.
    async fn visit_as_libpq<'s>(
        &self,
        source: &'s Source,
        readable: &Readable,
        endpoint: &Endpoint,
        others: OtherHosts,
        limit: Duration,
        fault: Option<connect::Error>,
    ) -> Checked<'s> {
        let Readable {
            conninfo,
            trust,
            own,
            ..
        } = readable;
        let stores = self.stores_of(source, readable);
        let seen = readable.view.of(self.clinic.world());
        let oldest = source.oldest.with_stack(readable.read_as.stack);
        let words = Words {
            text: readable.words.expose(),
            world: &seen,
            oldest,
        };
        let trust = match &**trust {
            Ok(trust) => trust,
            Err(error) => {
                let stand_in = stores.map(|stores| stores.stand_in());
                let task =
                    stand_in.map(|trust| self.task(conninfo, endpoint, &trust, limit, oldest));
                let checked = Checked {
                    source,
                    subject: Subject::Unchecked {
                        conninfo: Arc::clone(conninfo),
                        endpoint: endpoint.clone(),
                    },
                    diagnosis: trust_error(conninfo, error),
                    spare: false,
                    dialect: None,
                    clients: verdicts_unchecked(stores, task, own).await,
                };
                return judged(&self.clinic, checked, words, patience(Some(limit))).await;
            }
        };
        let task = self.task(conninfo, endpoint, trust, limit, oldest);
        if let Some(diagnosis) = unchecked(conninfo, endpoint, trust, oldest) {
            let checked = Checked {
                source,
                subject: Subject::Unchecked {
                    conninfo: Arc::clone(conninfo),
                    endpoint: endpoint.clone(),
                },
                diagnosis,
                spare: false,
                dialect: None,
                clients: verdicts_unchecked(stores, Some(task), own).await,
            };
            return judged(&self.clinic, checked, words, patience(Some(limit))).await;
        }
        let checked = self
            .observe(source, readable, task, others, stores, fault)
            .await;
        let checked = self.beside_other_addresses(checked).await;
        judged(&self.clinic, checked, words, patience(Some(limit))).await
    }

    /// What fails at the address that answered, with the other addresses of the name, which libpq does not try then.
    async fn beside_other_addresses<'s>(&self, mut checked: Checked<'s>) -> Checked<'s> {
        let Subject::Observed(observed) = &checked.subject else {
            return checked;
        };
        let (task, observation) = (&observed.task, &observed.observation);
        let left = task.timeout.saturating_sub(observation.timings.total);
        let (Some(answered), [_]) = (observation.address, &task.conninfo.endpoints[..]) else {
            return checked;
        };
        let ends_here = Next::after(&checked) == Some(Next::Stays);
        if observed.login.is_some() || !ends_here || !checked.diagnosis.is_about_one_address() {
            return checked;
        }
        let looked_up = connect::resolve(&task.endpoint, Instant::now() + left).await;
        let addresses: Vec<IpAddr> = looked_up.iter().flatten().map(SocketAddr::ip).collect();
        checked.diagnosis = checked
            .diagnosis
            .with_other_addresses(task, answered.ip(), &addresses);
        checked
    }

    /// The same for the driver whose string it is: how it was read, and what the driver's own rules say of the server.
    async fn as_its_driver<'s>(
        &self,
        mut checked: Checked<'s>,
        readable: &Readable,
    ) -> Checked<'s> {
        checked.dialect = Some(readable.read_as.dialect);
        if let (Some(stores), Some(by_others)) = (self.stores(checked.source), &readable.by_others)
        {
            let oldest = checked.source.oldest;
            checked.clients = self.verdicts_of_others(stores, by_others, oldest).await;
        }
        let observed = match &checked.subject {
            Subject::Observed(observed) => Some((&observed.task, &observed.observation)),
            Subject::Unread | Subject::Unchecked { .. } => None,
        };
        let demands = &checked.source.demands;
        let diagnosis = checked.diagnosis.clone();
        checked.diagnosis = self
            .driver_says(diagnosis, readable, observed, demands)
            .await;
        checked
    }

    /// The diagnosis with what the driver of the string adds to it.
    async fn driver_says(
        &self,
        diagnosis: Diagnosis,
        readable: &Readable,
        observed: Option<(&Task, &Arc<Observation>)>,
        demands: &Demands,
    ) -> Diagnosis {
        let read_as = &readable.read_as;
        let fault = readable.trust.as_ref().as_ref().err();
        let mut diagnosis = diagnosis.of_dialect(read_as, &readable.conninfo, demands, fault);
        if let Some((task, _)) = observed {
            let identity = task.trust.identity.as_ref();
            diagnosis = diagnosis.with_driver_key(read_as, identity, demands.strictness);
        }
        let (Some(client), Some(stores), Some((task, observation))) =
            (client_of(read_as.stack), self.stores.as_ref(), observed)
        else {
            return diagnosis;
        };
        let (stores, own) = (Arc::clone(stores), Arc::clone(&readable.own));
        let (task, observation) = (task.clone(), Arc::clone(observation));
        let known = diagnosis.clone();
        let asking = workers::aside(observation.weight(&task.trust), move || {
            stores.verification(client, &task, &own, &observation, &known)
        });
        let said = asking.await;
        diagnosis.with_driver(read_as, &said, demands.strictness)
    }

    /// Observes an endpoint, unless the `fault` is known. Logs in if that is requested and everything else passes.
    async fn observe<'s>(
        &self,
        source: &'s Source,
        readable: &Readable,
        task: Task,
        others: OtherHosts,
        stores: Option<&Arc<Stores>>,
        fault: Option<connect::Error>,
    ) -> Checked<'s> {
        let own = &readable.own;
        let demands = &source.demands;
        let visit = self.enter(&task.endpoint).await;
        let answered = async {
            visit.answered();
            self.turns.wait().await;
        };
        let mut observation = match fault {
            None => probe_in_turn(&task, answered).await,
            Some(fault) => Observation::unreached(fault),
        };
        if observation.address.is_some() && observation.timings.total < task.timeout {
            visit.answered();
        }
        if stores.is_some() {
            ask_large_hello(&task, &mut observation).await;
        }
        let observation = Arc::new(observation);
        let weight = observation.weight(&task.trust);
        let (mut diagnosis, rotation) = self.judge(&task, &observation, demands, weight).await;
        let left = task.timeout.saturating_sub(observation.timings.total);
        if let Some(offers) = offers(&task, &observation, Instant::now() + left).await {
            diagnosis = diagnosis.with_offers(&task, &offers);
        }
        if let Some(rotation) = &rotation {
            diagnosis = diagnosis.with(rotation.finding.clone(), demands.strictness);
        }
        if let Some(finding) = random_order(&task) {
            diagnosis = diagnosis.with(finding, demands.strictness);
        }
        if let (false, Some(finding)) = (self.request.login, login_not_checked(&task)) {
            diagnosis = diagnosis.with(finding, demands.strictness);
        }
        if demands.plaintext == PlaintextRule::MustBeRefused && diagnosis.exit == Exit::Passed {
            let limits = Limits {
                jobs: NonZeroUsize::MIN,
                patience: task.timeout,
                total: task.timeout,
            };
            // On the heap, so that a check that does not ask needs no space for it.
            let asked = Box::pin(plaintext(&task, &observation, &limits)).await;
            add_plaintext(&mut diagnosis, &observation, &asked.unwrap_or_default());
        }
        let mut entry = None;
        if self.request.login
            && self
                .may_log_in(&diagnosis, readable, (&task, &observation), demands)
                .await
        {
            let present = Task {
                // Where there are two certificates, the password goes to the one that every version accepts.
                keys: match observation.newer {
                    Some(_) => ServerKeys::Classic,
                    None => task.keys,
                },
                ..self.at_present(&task)
            };
            let deadline = Instant::now() + left;
            let chosen = (task.moment == Moment::Chosen).then_some(task.now);
            let login = log_in((&present, chosen), &observation, demands, deadline).await;
            diagnosis = diagnose_login(&present, &observation, &login, demands, diagnosis, others);
            entry = Some(login);
        }
        let clients = match stores {
            Some(stores) => {
                let (stores, own) = (Arc::clone(stores), Arc::clone(own));
                let (task, observation) = (task.clone(), Arc::clone(&observation));
                let diagnosis = diagnosis.clone();
                let asking = workers::aside(weight, move || {
                    stores.verdicts(&task, &own, &observation, &diagnosis)
                });
                Some(asking.await)
            }
            None => None,
        };
        Checked {
            source,
            subject: Subject::Observed(Box::new(Observed {
                task,
                observation,
                rotation,
                login: entry,
            })),
            diagnosis,
            spare: false,
            dialect: None,
            clients,
        }
    }

    /// Nothing is sent to a server that fails any demand, including `--strict`, for libpq or for the string's own driver.
    async fn may_log_in(
        &self,
        diagnosis: &Diagnosis,
        readable: &Readable,
        observed: (&Task, &Arc<Observation>),
        demands: &Demands,
    ) -> bool {
        if diagnosis.exit != Exit::Passed {
            return false;
        }
        let of_driver = self.driver_says(diagnosis.clone(), readable, Some(observed), demands);
        of_driver.await.exit == Exit::Passed
    }

    /// Diagnoses what was observed, and rehearses the rotation.
    async fn judge(
        &self,
        task: &Task,
        observation: &Arc<Observation>,
        demands: &Demands,
        weight: Weight,
    ) -> (Diagnosis, Option<Rotation>) {
        let (task, observation) = (task.clone(), Arc::clone(observation));
        let (demands, new) = (demands.clone(), self.request.new_roots.clone());
        let judging = workers::aside(weight, move || {
            let rotation = new
                .as_deref()
                .and_then(|new| rehearse(&task, &observation, &new.file, &new.trust));
            (diagnose(&task, &observation, &demands), rotation)
        });
        judging.await
    }

    /// Completes when the server has room.
    async fn enter(&self, endpoint: &Endpoint) -> Visit<'_> {
        let host = match endpoint.route() {
            Route::Address(address) => address.to_string(),
            Route::Name(name) => String::from_utf8_lossy(name).into_owned(),
            Route::Socket => String::new(),
        };
        self.servers.visit(host, endpoint.port).await
    }

    fn task(
        &self,
        conninfo: &Arc<ConnInfo>,
        endpoint: &Endpoint,
        trust: &Arc<Trust>,
        timeout: Duration,
        oldest: Oldest,
    ) -> Task {
        Task {
            conninfo: Arc::clone(conninfo),
            endpoint: endpoint.clone(),
            trust: Arc::clone(trust),
            now: self.clock.judged_at(),
            moment: self.clock.moment,
            timeout,
            oldest,
            keys: ServerKeys::Any,
            alpn: Alpn::Named,
        }
    }

    /// Even with `--at`, a password is sent only if the certificates are valid at present as well.
    fn at_present(&self, task: &Task) -> Task {
        Task {
            now: self.clock.at_present(),
            moment: Moment::Present,
            ..task.clone()
        }
    }

    /// The stores of the client libraries, if this string needs them.
    fn stores(&self, source: &Source) -> Option<&Arc<Stores>> {
        self.stores.as_ref().filter(|_| source.clients)
    }

    /// The same while the string is judged as libpq's: what other clients do with one that libpq cannot read is asked once,
    /// afterwards.
    fn stores_of(&self, source: &Source, readable: &Readable) -> Option<&Arc<Stores>> {
        self.stores(source).filter(|_| readable.by_others.is_none())
    }

    /// How other clients treat a string that libpq cannot read.
    async fn verdicts_of_others(
        &self,
        stores: &Arc<Stores>,
        by_others: &ReadByOthers,
        oldest: Oldest,
    ) -> Option<Vec<ClientDiagnosis>> {
        let ReadByOthers { conninfo, own } = by_others;
        let endpoint = conninfo.endpoints.first()?;
        let limit = self.request.patience.time_limit(conninfo);
        let task = self.task(conninfo, endpoint, &stores.stand_in(), limit, oldest);
        verdicts_unchecked(Some(stores), Some(task), own).await
    }
}

/// Logs in where the rounds of SCRAM, whose number the server decides, delay no check of another server.
async fn log_in(
    (present, chosen): (&Task, Option<i64>),
    observation: &Arc<Observation>,
    demands: &Demands,
    deadline: Instant,
) -> Login {
    let (task, observation) = (present.clone(), Arc::clone(observation));
    let demands = demands.clone();
    let entering = async move { login(&task, chosen, &observation, &demands, deadline).await };
    // On the heap, so that a check without a login needs no space for one.
    Box::pin(workers::beside(entering)).await
}

/// The time of a run. After a long wait, the time at its end counts.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    began: Instant,
    now: i64,
    judged: i64,
    /// Which of the two that is.
    pub(super) moment: Moment,
}

impl Clock {
    pub(super) fn starting(request: &CheckRequest) -> Self {
        Self {
            began: Instant::now(),
            now: request.now,
            judged: request.at.unwrap_or(request.now),
            moment: match request.at {
                Some(_) => Moment::Chosen,
                None => Moment::Present,
            },
        }
    }

    /// When certificates are judged: with `--at`, another time than the present.
    pub(super) fn judged_at(self) -> i64 {
        self.later(self.judged)
    }

    fn at_present(self) -> i64 {
        self.later(self.now)
    }

    /// Moves a time from the start of the run by the time that has passed since.
    fn later(self, moment: i64) -> i64 {
        let passed = i64::try_from(self.began.elapsed().as_secs()).unwrap_or(i64::MAX);
        moment.saturating_add(passed)
    }
}

/// Until when advice may be judged, if this is the limit of the endpoint.
pub(super) fn patience(limit: Option<Duration>) -> Instant {
    Instant::now() + limit.map_or(PATIENCE, |limit| limit.min(PATIENCE))
}

/// Time to judge the advice of one endpoint.
const PATIENCE: Duration = Duration::from_secs(5);

/// What other clients would do if pgtls itself has no reason, or no way, to connect.
async fn verdicts_unchecked(
    stores: Option<&Arc<Stores>>,
    task: Option<Task>,
    own: &TrustResult,
) -> Option<Vec<ClientDiagnosis>> {
    let (stores, task) = stores.zip(task)?;
    if task.endpoint.route() == Route::Socket {
        return None;
    }
    stores.verdicts_unchecked(task, own).await
}
