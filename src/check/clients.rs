//! `--clients`: what the client libraries would do, also where pgtls itself does not connect.

use std::sync::Arc;

use crate::clients::{Client, Facts, Verification, predict, verification};
use crate::conninfo::{SystemRoots, World};
use crate::demands::Demands;
use crate::diagnose::{ClientDiagnosis, Diagnosis, diagnose, diagnose_clients};
use crate::probe::{Observation, Task, ask_large_hello, probe};
use crate::trust::{self, Choice, FileRole, Trust};
use crate::workers;

use super::unit::TrustResult;

/// What the string itself trusts, without `--trust`.
type Own<'a> = Result<&'a Arc<Trust>, &'a trust::Error>;

/// The built-in roots of some clients.
pub(super) struct Stores {
    mozilla: Arc<Trust>,
    machine: Trust,
}

impl Stores {
    pub(super) fn new(world: &dyn World) -> Result<Self, trust::Error> {
        let system_roots = SystemRoots::read(world);
        Ok(Self {
            mozilla: Arc::new(Trust::offline(Some(&Choice::Mozilla), None, &system_roots)?),
            machine: Trust::offline(Some(&Choice::System), None, &system_roots)?,
        })
    }

    /// A trust for connections whose server is not judged.
    pub(super) fn stand_in(&self) -> Arc<Trust> {
        Arc::clone(&self.mozilla)
    }

    /// The verdicts for a checked endpoint.
    pub(super) fn verdicts(
        &self,
        task: &Task,
        own: &TrustResult,
        observation: &Observation,
        diagnosis: &Diagnosis,
    ) -> Vec<ClientDiagnosis> {
        let own = (**own).as_ref();
        self.ask(task, own, Some(&task.trust), observation, diagnosis)
    }

    /// The verdicts for an endpoint that pgtls has no reason to check (no TLS is requested) or
    /// cannot judge (no root file). Other clients still connect, so we find out what is there.
    /// `None` if another file of the string has a fault.
    pub(super) async fn verdicts_unchecked(
        self: &Arc<Self>,
        mut task: Task,
        own: &TrustResult,
    ) -> Option<Vec<ClientDiagnosis>> {
        match (**own).as_ref() {
            Ok(own) => task.trust = Arc::clone(own),
            Err(error) if concerns_roots(error) => {}
            Err(_) => return None,
        }
        let mut observation = probe(&task).await;
        ask_large_hello(&task, &mut observation).await;
        let (stores, own) = (Arc::clone(self), Arc::clone(own));
        let asking = workers::aside(observation.weight(&task.trust), move || {
            let diagnosis = diagnose(&task, &observation, &Demands::default());
            let own = (*own).as_ref();
            let given = own.ok().map(|own| &**own);
            stores.ask(&task, own, given, &observation, &diagnosis)
        });
        Some(asking.await)
    }

    /// What the rules of one client for certificates say of a checked endpoint.
    pub(super) fn verification(
        &self,
        client: Client,
        task: &Task,
        own: &TrustResult,
        observation: &Observation,
        diagnosis: &Diagnosis,
    ) -> Verification {
        let own = (**own).as_ref();
        let facts = self.facts(task, own, Some(&task.trust), observation, diagnosis);
        verification(&facts, client, task.trust.level)
    }

    fn ask(
        &self,
        task: &Task,
        own: Own<'_>,
        given: Option<&Trust>,
        observation: &Observation,
        diagnosis: &Diagnosis,
    ) -> Vec<ClientDiagnosis> {
        let verdicts = predict(&self.facts(task, own, given, observation, diagnosis));
        diagnose_clients(verdicts, diagnosis)
    }

    fn facts<'f>(
        &'f self,
        task: &'f Task,
        own: Own<'f>,
        given: Option<&'f Trust>,
        observation: &'f Observation,
        diagnosis: &'f Diagnosis,
    ) -> Facts<'f> {
        Facts {
            conninfo: &task.conninfo,
            endpoint: &task.endpoint,
            own: own.map(|own| &**own),
            given,
            mozilla: &self.mozilla,
            machine: &self.machine,
            observation,
            failure: diagnosis.failure(),
            now: task.now,
        }
    }
}

fn concerns_roots(error: &trust::Error) -> bool {
    match error {
        trust::Error::Missing { role, .. }
        | trust::Error::Unreadable { role, .. }
        | trust::Error::Unusable { role, .. } => *role == FileRole::Roots,
        trust::Error::Identity { .. } => false,
    }
}
