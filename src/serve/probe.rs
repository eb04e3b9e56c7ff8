//! `/probe`: checks now what a request names. Requests for one target share one check.

use std::borrow::Cow;
use std::collections::HashMap;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::check::{CheckRequest, Patience, Silent, Source, check};
use crate::conninfo::{Nowhere, World};
use crate::diagnose::not_finished;
use crate::report::EndpointReport;

use super::free::Stranger;
use super::metrics::of_check;
use super::schedule::Id;
use super::target::label_at;
use super::{Core, Strangers, Target};

/// The checks that are running.
pub(super) type Probes = HashMap<Key, Rc<Running>>;

/// What is checked. A target that a reload has changed is another one, even if it has the same name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// A target of the configuration.
    Known(Id),
    /// A string of the request.
    Stranger(String),
}

/// A check that requests wait for.
pub(super) struct Running {
    /// What metrics call its endpoints.
    labels: Vec<String>,
    /// Those who wait listen.
    tell: watch::Sender<Option<Answer>>,
}

/// What came of it: metrics, or why there are none.
pub(super) type Answer = Result<Bytes, Failure>;

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

/// Checks what is named so, or waits for the check that is running. `patience` limits this wait alone: others may have
/// more of it.
pub(super) async fn probe(core: &Rc<Core>, name: &str, patience: Duration) -> Answer {
    let running = running(core, name)?;
    let mut result = running.tell.subscribe();
    let waiting = result.wait_for(Option::is_some);
    match timeout(patience, waiting).await {
        Ok(Ok(done)) => done.clone().unwrap_or(Err(Failure::Broken)),
        Ok(Err(_)) => Err(Failure::Broken),
        Err(_) => {
            let report = EndpointReport::unread(&not_finished(Some(patience)));
            let labels = running.labels.iter();
            let reports = labels.map(|label| (label.clone(), Cow::Borrowed(&report)));
            Ok(of_check(&reports.collect::<Vec<_>>(), patience).into())
        }
    }
}

enum Subject {
    Known(Box<Source>),
    Stranger(Stranger),
}

/// The check of what is named so, which begins if it is not running.
fn running(core: &Rc<Core>, name: &str) -> Result<Rc<Running>, Failure> {
    let board = core.board.borrow();
    let known = board.named(name);
    let key = match (known, core.settings.strangers) {
        (Some(slot), _) => Key::Known(slot.id),
        (None, Strangers::Allowed) => Key::Stranger(name.to_owned()),
        (None, Strangers::Refused) => return Err(Failure::Unknown),
    };
    let mut probes = core.probes.borrow_mut();
    if let Some(running) = probes.get(&key) {
        return Ok(Rc::clone(running));
    }
    let (subject, labels) = match known {
        Some(slot) => {
            let Target { wanted, labels, .. } = &slot.target;
            let source = Box::new(wanted.source.clone());
            (Subject::Known(source), labels.clone())
        }
        None => {
            let stranger = Stranger::read(name).map_err(Failure::Forbidden)?;
            let labels = vec![stranger.label()];
            (Subject::Stranger(stranger), labels)
        }
    };
    let mut totals = core.totals.borrow_mut();
    if totals.probes >= core.settings.limits.probes {
        totals.refused = totals.refused.saturating_add(1);
        return Err(Failure::Busy);
    }
    totals.probes = totals.probes.saturating_add(1);
    let (tell, _) = watch::channel(None);
    let running = Rc::new(Running { labels, tell });
    probes.insert(key.clone(), Rc::clone(&running));
    let (core, known) = (Rc::clone(core), Rc::clone(&running));
    tokio::task::spawn_local(async move {
        let answer = checked(&core, subject, &running).await;
        running.tell.send_replace(Some(answer));
        core.probes.borrow_mut().remove(&key);
        let mut totals = core.totals.borrow_mut();
        totals.probes = totals.probes.saturating_sub(1);
    });
    Ok(known)
}

/// Checks for as long as somebody waits.
async fn checked(core: &Core, subject: Subject, running: &Running) -> Answer {
    let begun = Instant::now();
    let mut unwanted = pin!(async {
        let _ = timeout(LONGEST, running.tell.closed()).await;
    });
    let (source, world): (_, &dyn World) = match subject {
        Subject::Known(source) => (*source, &*core.world),
        Subject::Stranger(stranger) => {
            let source = tokio::select! {
                source = stranger.source(begun + LONGEST) => source.map_err(Failure::Forbidden)?,
                () = unwanted.as_mut() => return Err(Failure::Broken),
            };
            (source, &Nowhere)
        }
    };
    let limits = core.settings.limits;
    let request = CheckRequest {
        patience: Patience {
            timeout: core.settings.timeout,
            wait: None,
        },
        ..CheckRequest::new((core.settings.calendar)(), limits.probe_endpoints)
    };
    let sources = [source];
    let outcome = check(&request, &sources, world, &mut Silent, unwanted).await;
    let outcome = outcome.map_err(|_| Failure::Broken)?;
    let reports = outcome.checked().map(EndpointReport::of).enumerate();
    let reports =
        reports.map(|(place, report)| (label_at(&running.labels, place), Cow::Owned(report)));
    Ok(of_check(&reports.collect::<Vec<_>>(), begun.elapsed()).into())
}

/// The longest check, and the longest wait for one.
pub(super) const LONGEST: Duration = Duration::from_secs(60);
