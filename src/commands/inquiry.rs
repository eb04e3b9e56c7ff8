//! One endpoint, from its settings to its report.

use std::sync::Arc;
use std::time::Duration;

use pgtls::conninfo::{ConnInfo, Endpoint};
use pgtls::diagnose::{Diagnosis, diagnose, trust_error, unchecked};
use pgtls::exit::Exit;
use pgtls::policy::Policy;
use pgtls::probe::{Observation, Task, probe};
use pgtls::report::EndpointReport;
use pgtls::trust::{self, Choice, Trust};

use super::clients::Stores;

/// What is to be found out.
pub(super) struct Inquiry<'a> {
    pub(super) conninfo: &'a Arc<ConnInfo>,
    pub(super) endpoint: &'a Endpoint,
    /// The anchors to use, whatever the string says.
    pub(super) choice: Option<&'a Choice>,
    /// For the whole endpoint.
    pub(super) timeout: Duration,
    /// The moment of the judgement, in seconds since 1970.
    pub(super) now: i64,
    /// Of the client libraries, if they are asked about.
    pub(super) stores: Option<&'a Stores>,
}

/// What came of one endpoint.
pub(super) struct Checked {
    pub(super) report: EndpointReport,
    pub(super) exit: Exit,
    pub(super) went: Went,
    pub(super) presented: Vec<Arc<[u8]>>,
}

/// Did TCP connect?
#[derive(PartialEq, Eq)]
pub(super) enum Went {
    Connected,
    Nowhere,
}

impl Checked {
    /// What was not connected to.
    pub(super) fn nowhere(report: EndpointReport, exit: Exit) -> Self {
        Self {
            report,
            exit,
            went: Went::Nowhere,
            presented: Vec::new(),
        }
    }
}

impl Inquiry<'_> {
    /// Checks the endpoint, unless there is a reason not even to connect.
    pub(super) async fn check(&self, trust: &Arc<Trust>, policy: &Policy) -> Checked {
        if let Some(diagnosis) = unchecked(self.conninfo, self.endpoint, trust) {
            return self.without_connecting(Ok(trust), &diagnosis).await;
        }
        let task = self.task(trust);
        let observation = probe(&task).await;
        let diagnosis = diagnose(&task, &observation, policy);
        let report = EndpointReport::checked(&task, &observation, &diagnosis);
        let presented = observation
            .judgement()
            .map(|judgement| &judgement.certificates);
        let presented = presented.into_iter().flatten();
        Checked {
            report: self.with_clients(report, &task, &observation, &diagnosis),
            exit: diagnosis.exit,
            went: match observation.address {
                Some(_) => Went::Connected,
                None => Went::Nowhere,
            },
            presented: presented
                .map(|certificate| Arc::clone(&certificate.der))
                .collect(),
        }
    }

    /// What there is to say where the files of the string cannot be used.
    pub(super) async fn without_trust(&self, error: &trust::Error) -> Checked {
        let diagnosis = trust_error(self.conninfo, error);
        self.without_connecting(Err(error), &diagnosis).await
    }

    fn with_clients(
        &self,
        report: EndpointReport,
        task: &Task,
        observation: &Observation,
        diagnosis: &Diagnosis,
    ) -> EndpointReport {
        let Some(stores) = self.stores else {
            return report;
        };
        // What the string says counts for the others, whatever --trust says.
        let own = match self.choice {
            Some(_) => Trust::gather(self.conninfo, None).map(Arc::new),
            None => Ok(Arc::clone(&task.trust)),
        };
        let own = own.as_deref();
        report.with_clients(&stores.verdicts(task, own, observation, diagnosis))
    }

    async fn without_connecting(
        &self,
        trust: Result<&Arc<Trust>, &trust::Error>,
        diagnosis: &Diagnosis,
    ) -> Checked {
        let report = EndpointReport::unchecked(self.conninfo, self.endpoint, diagnosis);
        let verdicts = match self.stores {
            Some(stores) => {
                let seen = trust.map_or_else(|_| stores.stand_in(), Arc::clone);
                let own = trust.map(|trust| &**trust);
                stores.verdicts_unchecked(&self.task(&seen), own).await
            }
            None => None,
        };
        let report = match verdicts {
            Some(verdicts) => report.with_clients(&verdicts),
            None => report,
        };
        Checked::nowhere(report, diagnosis.exit)
    }

    fn task(&self, trust: &Arc<Trust>) -> Task {
        Task {
            conninfo: Arc::clone(self.conninfo),
            endpoint: self.endpoint.clone(),
            trust: Arc::clone(trust),
            now: self.now,
            timeout: self.timeout,
        }
    }
}
