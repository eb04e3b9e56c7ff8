//! `--clients`: what the client libraries would do, also where pgtls itself does not connect.

use std::sync::Arc;

use pgtls::diagnose::{ClientVerdict, Diagnosis, Facts, clients, diagnose};
use pgtls::policy::Policy;
use pgtls::probe::{Observation, Task, probe};
use pgtls::trust::{self, Choice, FileRole, Trust};

/// The roots that some clients have of their own.
pub(super) struct Stores {
    mozilla: Arc<Trust>,
    machine: Trust,
}

impl Stores {
    pub(super) fn new() -> Result<Self, trust::Error> {
        Ok(Self {
            mozilla: Arc::new(Trust::offline(Some(&Choice::Mozilla), None)?),
            machine: Trust::offline(Some(&Choice::System), None)?,
        })
    }

    /// A trust to look at a server with that is not to be judged.
    pub(super) fn stand_in(&self) -> Arc<Trust> {
        Arc::clone(&self.mozilla)
    }

    /// The verdicts on an endpoint that was checked.
    pub(super) fn verdicts(
        &self,
        task: &Task,
        own: Result<&Trust, &trust::Error>,
        observation: &Observation,
        diagnosis: &Diagnosis,
    ) -> Vec<ClientVerdict> {
        clients(&Facts {
            conninfo: &task.conninfo,
            endpoint: &task.endpoint,
            own,
            given: Some(&task.trust),
            mozilla: &self.mozilla,
            machine: &self.machine,
            observation,
            diagnosis,
            now: task.now,
        })
    }

    /// The verdicts on an endpoint that pgtls has no reason to look at (no TLS is asked for) or no
    /// means to judge (no root file): others go there all the same, so what is there is found out.
    /// Nothing to say where the string's other files are at fault.
    pub(super) async fn verdicts_unchecked(
        &self,
        task: &Task,
        own: Result<&Trust, &trust::Error>,
    ) -> Option<Vec<ClientVerdict>> {
        if own.is_err_and(|error| !concerns_roots(error)) {
            return None;
        }
        let observation = probe(task).await;
        let diagnosis = diagnose(task, &observation, &Policy::default());
        Some(clients(&Facts {
            conninfo: &task.conninfo,
            endpoint: &task.endpoint,
            own,
            given: own.ok(),
            mozilla: &self.mozilla,
            machine: &self.machine,
            observation: &observation,
            diagnosis: &diagnosis,
            now: task.now,
        }))
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
