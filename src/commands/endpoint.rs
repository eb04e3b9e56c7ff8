//! One endpoint of `pgtls check`: observed, diagnosed, logged in to if asked, reported.

use std::sync::Arc;
use std::time::Duration;

use pgtls::audit::offers;
use pgtls::conninfo::{ConnInfo, Endpoint, Route};
use pgtls::demands::Demands;
use pgtls::diagnose::{Diagnosis, OtherHosts, diagnose, diagnose_login, rehearse, unchecked};
use pgtls::exit::Exit;
use pgtls::fleet::Visit;
use pgtls::login::{self, Login, login};
use pgtls::probe::{Task, probe_in_turn};
use pgtls::report::EndpointReport;
use pgtls::trust::Trust;
use tokio::time::Instant;

use super::check::Run;
use super::clients::{Own, Stores};
use super::demands;

/// What came of one endpoint.
pub(super) struct Checked {
    pub(super) report: EndpointReport,
    pub(super) exit: Exit,
    pub(super) libpq: Libpq,
    pub(super) presented: Vec<Arc<[u8]>>,
}

/// What libpq does after this host, where a string has several.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Libpq {
    /// It connects here, or gives up.
    Stays,
    /// It tries the next host: nobody answers here, the server is starting up, or it is not of the kind
    /// that `target_session_attrs` wants.
    GoesOn,
}

impl Run<'_> {
    /// Checks it, and logs in if that is asked for and all else holds.
    pub(super) async fn check_endpoint(
        &self,
        task: Task,
        stores: Option<&Stores>,
        own: Own<'_>,
        policy: &Demands,
        others: OtherHosts,
    ) -> Checked {
        if let Some(diagnosis) = unchecked(&task.conninfo, &task.endpoint, &task.trust) {
            let report = EndpointReport::unchecked(&task.conninfo, &task.endpoint, &diagnosis);
            let report = with_clients_unchecked(report, stores, Some(task), own).await;
            return Checked::without_connecting(report, &diagnosis);
        }
        let visit = self.visit(&task.endpoint).await;
        let observation = probe_in_turn(&task, async {
            visit.answered();
            self.turns.wait().await;
        })
        .await;
        if observation.address.is_some() && observation.timings.total < task.timeout {
            visit.answered();
        }
        let mut diagnosis = diagnose(&task, &observation, policy);
        let left = task.timeout.saturating_sub(observation.timings.total);
        if let Some(offers) = offers(&task, &observation, Instant::now() + left).await {
            diagnosis = diagnosis.with_offers(&task, &offers);
        }
        let new = self.also.as_ref();
        let rotation = new.and_then(|new| rehearse(&task, &observation, &new.file, &new.trust));
        if let Some(rotation) = &rotation {
            diagnosis = diagnosis.with(rotation.finding.clone(), policy.strictness);
        }
        let mut entry = None;
        // Nothing is sent to a server that any demand refuses, `--strict` included.
        if self.args.login && diagnosis.exit == Exit::Passed {
            // On the heap: a check without a login shall not keep room for one.
            let today = self.today(&task);
            let deadline = Instant::now() + left;
            let login = Box::pin(login(&today, &observation, policy, deadline)).await;
            diagnosis = diagnose_login(&today, &observation, &login, policy, diagnosis, others);
            entry = Some(login);
        }
        let report = EndpointReport::checked(&task, &observation, &diagnosis)
            .with_rotation(rotation.as_ref())
            .with_login(&task.conninfo, entry.as_ref());
        let presented = observation
            .judgement()
            .map(|judgement| &judgement.certificates);
        let presented = presented.into_iter().flatten();
        Checked {
            report: match stores {
                Some(stores) => report.with_clients(Some(&stores.verdicts(
                    &task,
                    own,
                    &observation,
                    &diagnosis,
                ))),
                None => report,
            },
            exit: diagnosis.exit,
            libpq: match observation.address {
                Some(_) => entry.as_ref().map_or(Libpq::Stays, Libpq::after),
                None => Libpq::GoesOn,
            },
            presented: presented
                .map(|certificate| Arc::clone(&certificate.der))
                .collect(),
        }
    }

    /// Comes when there is room at the server.
    async fn visit(&self, endpoint: &Endpoint) -> Visit<'_> {
        let host = match endpoint.route() {
            Route::Address(address) => address.to_string(),
            Route::Name(name) => String::from_utf8_lossy(name).into_owned(),
            Route::Socket => String::new(),
        };
        self.servers.visit(host, endpoint.port).await
    }

    /// Whatever moment the certificates are judged at (`--at`), a password goes only where they hold now.
    fn today(&self, task: &Task) -> Task {
        Task {
            now: match self.args.demands.at {
                Some(_) => demands::now(),
                None => task.now,
            },
            ..task.clone()
        }
    }

    pub(super) fn task(
        &self,
        conninfo: &Arc<ConnInfo>,
        endpoint: &Endpoint,
        trust: &Arc<Trust>,
        timeout: Duration,
    ) -> Task {
        // Who waits long is judged by the clock at the end of the wait.
        let waited = i64::try_from(self.began.elapsed().as_secs()).unwrap_or(i64::MAX);
        Task {
            conninfo: Arc::clone(conninfo),
            endpoint: endpoint.clone(),
            trust: Arc::clone(trust),
            now: self.now.saturating_add(waited),
            timeout,
        }
    }

    pub(super) fn timeout(&self, conninfo: &ConnInfo) -> Duration {
        demands::timeout(self.args.timeout, conninfo)
    }
}

impl Libpq {
    /// `PQconnectPoll`.
    fn after(login: &Login) -> Self {
        let next = match &login.outcome {
            Ok(entered) => entered.unwanted.is_some(),
            Err(login::Error::Server { error, .. }) => {
                error.sqlstate.as_deref() == Some(CANNOT_CONNECT_NOW)
            }
            Err(_) => false,
        };
        if next { Self::GoesOn } else { Self::Stays }
    }
}

impl Checked {
    /// Would libpq have taken this one?
    pub(super) fn is_taken(&self) -> bool {
        self.exit == Exit::Passed && self.libpq == Libpq::Stays
    }

    pub(super) fn without_connecting(report: EndpointReport, diagnosis: &Diagnosis) -> Self {
        Self {
            report,
            exit: diagnosis.exit,
            libpq: Libpq::GoesOn,
            presented: Vec::new(),
        }
    }
}

/// Adds what other clients would do where pgtls itself has no reason, or no means, to connect.
pub(super) async fn with_clients_unchecked(
    report: EndpointReport,
    stores: Option<&Stores>,
    task: Option<Task>,
    own: Own<'_>,
) -> EndpointReport {
    let (Some(stores), Some(task)) = (stores, task) else {
        return report;
    };
    if task.endpoint.route() == Route::Socket {
        return report;
    }
    let verdicts = stores.verdicts_unchecked(task, own).await;
    report.with_clients(verdicts.as_deref())
}

/// The server is starting up, shutting down or recovering.
const CANNOT_CONNECT_NOW: &str = "57P03";
