//! `/probe`: checks now what a request names. Requests for one name share one check.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::check::{CheckRequest, Patience, Silent, Source, check};
use crate::conninfo::{Nowhere, World};
use crate::report::EndpointReport;
use crate::report::prometheus::{Family, Kind};

use super::metrics::write_reports;
use super::state::Labelled;
use super::{Core, Strangers, Target, free};

/// The checks that are running, by what the request named.
pub(super) type Probes = HashMap<String, watch::Receiver<Option<Answer>>>;

/// What came of it: metrics, or why there are none.
pub(super) type Answer = Result<Rc<[u8]>, Failure>;

/// Why nothing was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The configuration has no such name.
    Unknown,
    /// What the request names must not be checked, for this reason.
    Forbidden(String),
    /// Too many are running.
    Busy,
    /// The check broke off.
    Broken,
}

/// Checks what is named so, or waits for the check that is running. `patience` limits both.
pub(super) async fn probe(core: &Rc<Core>, name: &str, patience: Duration) -> Answer {
    let mut result = match running(core, name) {
        Some(result) => result,
        None => start(core, name, patience)?,
    };
    let done = result.wait_for(Option::is_some).await;
    match done.as_deref() {
        Ok(Some(answer)) => answer.clone(),
        Ok(None) | Err(_) => Err(Failure::Broken),
    }
}

fn running(core: &Core, name: &str) -> Option<watch::Receiver<Option<Answer>>> {
    core.probes.borrow().get(name).cloned()
}

/// A check that a request asked for.
struct Job {
    subject: Subject,
    begun: Instant,
}

enum Subject {
    /// A target of the configuration.
    Known(Box<Target>),
    /// A string of the request.
    Stranger(String),
}

fn start(
    core: &Rc<Core>,
    name: &str,
    patience: Duration,
) -> Result<watch::Receiver<Option<Answer>>, Failure> {
    let board = core.board.borrow();
    let known = board.named(name).map(|slot| slot.target.clone());
    let known = known.map(|target| Subject::Known(Box::new(target)));
    let subject = match (known, core.settings.strangers) {
        (Some(known), _) => known,
        (None, Strangers::Allowed) => Subject::Stranger(name.to_owned()),
        (None, Strangers::Refused) => return Err(Failure::Unknown),
    };
    let mut totals = core.totals.borrow_mut();
    if totals.probes >= core.settings.limits.probes {
        totals.refused = totals.refused.saturating_add(1);
        return Err(Failure::Busy);
    }
    totals.probes = totals.probes.saturating_add(1);
    let (tell, result) = watch::channel(None);
    let entry = Running {
        core: Rc::clone(core),
        name: name.to_owned(),
    };
    core.probes
        .borrow_mut()
        .insert(name.to_owned(), result.clone());
    let job = Job {
        subject,
        begun: Instant::now(),
    };
    tokio::task::spawn_local(async move {
        let answer = job.check(&entry.core, patience).await;
        // Those who asked may have gone.
        let _ = tell.send(Some(answer));
        drop(entry);
    });
    Ok(result)
}

/// Is removed from the list when it ends, also after a panic.
struct Running {
    core: Rc<Core>,
    name: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.core.probes.borrow_mut().remove(&self.name);
        let mut totals = self.core.totals.borrow_mut();
        totals.probes = totals.probes.saturating_sub(1);
    }
}

impl Job {
    async fn check(self, core: &Core, patience: Duration) -> Answer {
        let nowhere = Nowhere;
        let (source, world, target): (Source, &dyn World, _) = match self.subject {
            Subject::Known(target) => (target.wanted.source.clone(), &*core.world, Some(target)),
            Subject::Stranger(text) => {
                let source = free::source(&text, self.begun + patience).await;
                (source.map_err(Failure::Forbidden)?, &nowhere, None)
            }
        };
        let request = CheckRequest {
            patience: Patience {
                timeout: core.settings.timeout,
                wait: None,
            },
            ..CheckRequest::new((core.settings.calendar)(), core.settings.jobs)
        };
        let sources = [source];
        let left = patience.saturating_sub(self.begun.elapsed());
        let outcome = check(&request, &sources, world, &mut Silent, sleep(left)).await;
        let outcome = outcome.map_err(|_| Failure::Broken)?;
        let reports: Vec<EndpointReport> = outcome.checked().map(EndpointReport::of).collect();
        let labelled = reports.into_iter().enumerate().map(|(place, report)| {
            let label = match &target {
                Some(target) => target.label(place),
                None => report.label(),
            };
            (label, std::borrow::Cow::Owned(report))
        });
        let labelled: Vec<Labelled<'_>> = labelled.collect();
        let mut out = Vec::new();
        let written = write_reports(&mut out, &labelled).and_then(|()| {
            DURATION.write(&mut out, |sample| {
                sample("", &[], self.begun.elapsed().as_secs_f64());
            })
        });
        match written {
            Ok(()) => Ok(out.into()),
            Err(_) => Err(Failure::Broken),
        }
    }
}

const DURATION: Family = Family {
    name: "pgtls_probe_duration_seconds",
    help: "How long this check took",
    kind: Kind::Gauge,
};
