//! What would come of a connection string, judged with as few connections as possible.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::time::Instant;

use super::{Case, Place, State};
use crate::check::unit::gather;
use crate::conninfo::{ConnInfo, Endpoint, Error, Setting, World};
use crate::demands::Demands;
use crate::diagnose::{Aim, Diagnosis, conninfo_error, diagnose_as, trust_error, unchecked};
use crate::handshake::{self, Alpn, Refusal, ServerKeys};
use crate::probe::{LibpqOffer, Observation, Proof, Session, Stop, Task, probe, refused_by_older};
use crate::trust::{Trust, TrustRequest};
use crate::verify::Judgement;

/// What a state of things leads to.
pub(super) struct Reached {
    pub(super) diagnosis: Diagnosis,
    /// The string, if it can be read.
    pub(super) conninfo: Option<Arc<ConnInfo>>,
    /// Why it cannot be read.
    pub(super) refusal: Option<Error>,
}

impl Reached {
    /// What was found already.
    pub(super) fn found(state: &State, diagnosis: Diagnosis, world: &dyn World) -> Self {
        let (conninfo, refusal) = match ConnInfo::read(state.text.expose(), world) {
            Ok(conninfo) => (Some(Arc::new(conninfo)), None),
            Err(refusal) => (None, Some(refusal)),
        };
        Self {
            diagnosis,
            conninfo,
            refusal,
        }
    }
}

/// What is known of the wire: the first observation, and those that were made to prove something.
pub(super) struct Wires<'a> {
    seen: Option<(&'a Task, &'a Observation)>,
    probed: RefCell<Vec<(Task, Observation)>>,
    left: Cell<u8>,
}

impl<'a> Wires<'a> {
    pub(super) fn new(seen: Option<(&'a Task, &'a Observation)>) -> Self {
        Self {
            seen,
            probed: RefCell::default(),
            left: Cell::new(MAX_PROBES),
        }
    }

    /// The certificates that a server presented here.
    pub(super) fn presented(&self) -> Vec<Vec<u8>> {
        let certificates = |observation: &Observation| -> Option<Vec<Vec<u8>>> {
            let judgement = observation.judgement()?;
            let presented = judgement.certificates.iter();
            Some(presented.map(|one| one.der.to_vec()).collect())
        };
        let probed = self.probed.borrow();
        let probed = probed.iter().rev().find_map(|(_, seen)| certificates(seen));
        probed
            .or_else(|| self.seen.and_then(|(_, seen)| certificates(seen)))
            .unwrap_or_default()
    }

    /// The verdict on a task whose wire was seen before; `None` if only another look tells.
    fn known(&self, task: &Task, demands: &Demands, aim: Aim) -> Option<Diagnosis> {
        let probed = self.probed.borrow();
        let later = probed.iter().rev().map(|(task, seen)| (task, seen));
        later
            .chain(self.seen)
            .filter(|(before, seen)| is_same_wire(before, task) && tells_of_others(seen))
            .map(|(_, seen)| {
                let again = seen
                    .judgement()
                    .and_then(|judgement| rejudged(task, seen, judgement));
                diagnose_as(task, again.as_ref().unwrap_or(seen), demands, aim)
            })
            .next()
    }
}

/// The same observation with the trust and the host of another task; `None` if they change nothing.
///
/// Where the server was refused for its chain or name, and now is not, it counts as a session: what the server
/// would have said to us then is not known.
fn rejudged(task: &Task, seen: &Observation, judgement: &Judgement) -> Option<Observation> {
    let judgement = again(task, judgement)?;
    let mut newer = None;
    if let Some(newest) = &seen.newer {
        let session = Session {
            tls: newest.tls.clone(),
            judgement: again(task, &newest.judgement)?,
            first_answer: newest.first_answer.clone(),
            proof: newest.proof,
        };
        // As in a check, the other certificate counts only where older versions alone refuse this one.
        if !refused_by_older(task, &session) {
            return Some(Observation {
                timings: seen.timings,
                address: seen.address,
                outcome: Ok(session),
                negotiation_fallback: None,
                libpq_offer: seen.libpq_offer,
                newer: None,
                large_hello: seen.large_hello,
            });
        }
        newer = Some(Box::new(session));
    }
    let satisfied = judgement.satisfies(task.trust.level).is_ok();
    let (tls, first_answer, proof) = match &seen.outcome {
        Ok(session) => (
            session.tls.clone(),
            session.first_answer.clone(),
            session.proof,
        ),
        Err(stop) if satisfied && !is_refusal(stop) => return None,
        Err(_) => (seen.tls()?.clone(), None, Proof::Finished),
    };
    Some(Observation {
        timings: seen.timings,
        address: seen.address,
        outcome: Ok(Session {
            tls,
            judgement,
            first_answer,
            proof,
        }),
        negotiation_fallback: None,
        libpq_offer: seen.libpq_offer,
        newer,
        large_hello: seen.large_hello,
    })
}

/// The same certificates, judged for this task; `None` if one of them cannot be read.
fn again(task: &Task, judgement: &Judgement) -> Option<Judgement> {
    if judgement.unparsable.is_some() {
        return None;
    }
    let presented: Vec<&[u8]> = judgement.certificates.iter().map(|one| &*one.der).collect();
    Some(task.judge(&presented))
}

/// A second look that ends with the chain or the name has not checked the server's proof of its key. What
/// another string leads to there, only another look tells.
fn tells_of_others(seen: &Observation) -> bool {
    seen.outcome.is_ok()
        || !matches!(
            seen.libpq_offer,
            LibpqOffer::Answered | LibpqOffer::Decisive
        )
}

/// Whether it was us who ended the handshake, because of the chain or the name.
fn is_refusal(stop: &Stop) -> bool {
    let Stop::Handshake {
        error: handshake::Error::Refused(refusal),
        ..
    } = stop
    else {
        return false;
    };
    !matches!(refusal, Refusal::MayNotSign(_) | Refusal::Unsupported)
}

/// Whether both tasks send the same bytes to the same server, as far as we decide them.
fn is_same_wire(one: &Task, other: &Task) -> bool {
    let settings = |task: &Task| {
        let conninfo = &task.conninfo;
        (
            conninfo.sslnegotiation.value,
            conninfo.sslsni.value,
            conninfo
                .ssl_min_protocol_version
                .as_ref()
                .map(|setting| setting.value),
            conninfo
                .ssl_max_protocol_version
                .as_ref()
                .map(|setting| setting.value),
        )
    };
    let identity = |task: &Task| {
        let identity = task.trust.identity.as_ref();
        identity.map(|identity| identity.chain.clone())
    };
    one.endpoint == other.endpoint
        && settings(one) == settings(other)
        && identity(one) == identity(other)
}

impl Case<'_> {
    /// What this state leads to; `None` if that cannot be found out.
    pub(super) async fn reach(&self, state: &State) -> Option<Reached> {
        let clinic = self.clinic;
        let conninfo = match ConnInfo::read(state.text.expose(), self.world) {
            Ok(conninfo) => Arc::new(conninfo),
            Err(refusal) => {
                return Some(Reached {
                    diagnosis: conninfo_error(&refusal),
                    conninfo: None,
                    refusal: Some(refusal),
                });
            }
        };
        let reached = |diagnosis: Diagnosis| {
            let diagnosis = match self.source.roots() {
                Some(file) => diagnosis.with_roots(&conninfo, file),
                None => diagnosis,
            };
            Some(Reached {
                diagnosis,
                conninfo: Some(Arc::clone(&conninfo)),
                refusal: None,
            })
        };
        let endpoint = self.endpoint(&conninfo)?;
        let asked = TrustRequest::new(&conninfo, self.source.trust.as_ref());
        let asked = asked.supposing(state.supposed.clone());
        let trust = match gather(&clinic.trusts, asked).await.ok()? {
            Ok(trust) => trust,
            Err(error) => return reached(trust_error(&conninfo, &error)),
        };
        if let Some(diagnosis) = unchecked(&conninfo, &endpoint, &trust, self.oldest) {
            return reached(diagnosis);
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        let task = Task {
            conninfo: Arc::clone(&conninfo),
            endpoint,
            trust,
            now: clinic.clock.judged_at(),
            moment: clinic.clock.moment,
            timeout: left,
            oldest: self.oldest,
            keys: ServerKeys::Any,
            alpn: Alpn::Named,
        };
        if let Some(diagnosis) = self.wires.known(&task, &self.source.demands, clinic.aim) {
            return reached(diagnosis);
        }
        let probes = self.wires.left.get();
        if probes == 0 || left.is_zero() {
            return None;
        }
        self.wires.left.set(probes.saturating_sub(1));
        let look = match self.is_as_asked(&task, state) {
            true => task.clone(),
            false => Task {
                trust: Arc::new(Trust::nobody()),
                ..task.clone()
            },
        };
        let observation = Box::pin(probe(&look)).await;
        self.wires
            .probed
            .borrow_mut()
            .push((task.clone(), observation));
        reached(self.wires.known(&task, &self.source.demands, clinic.aim)?)
    }

    /// Whether the server is judged by the roots and the name of the user's own string. Where a guess of ours took
    /// their place, the server is only looked at: it must get neither a client certificate nor a user's name.
    fn is_as_asked(&self, task: &Task, state: &State) -> bool {
        let Some(own) = &self.own else { return false };
        let roots = |conninfo: &ConnInfo| {
            let path = |setting: &Option<Setting<PathBuf>>| {
                setting.as_ref().map(|setting| setting.value.clone())
            };
            (
                conninfo.sslmode.value,
                conninfo
                    .sslrootcert
                    .as_ref()
                    .map(|setting| setting.value.clone()),
                path(&conninfo.sslcrl),
                path(&conninfo.sslcrldir),
            )
        };
        roots(own) == roots(&task.conninfo)
            && own.endpoints == task.conninfo.endpoints
            && !state.supposed.has_contents()
    }

    /// The endpoint of a changed string that stands for the checked one.
    fn endpoint(&self, conninfo: &ConnInfo) -> Option<Endpoint> {
        match (&self.place, conninfo.endpoints.as_slice()) {
            (Place::Only, [endpoint]) => Some(endpoint.clone()),
            (Place::Only, _) => None,
            (Place::At(position, checked), endpoints) => {
                let endpoint = endpoints.get(*position)?.clone();
                // An address that was looked up stays the same.
                let looked_up = endpoint.host == checked.host && endpoint.port == checked.port;
                Some(if looked_up && endpoint.hostaddr.is_none() {
                    (**checked).clone()
                } else {
                    endpoint
                })
            }
        }
    }
}

/// Connections to prove something, besides that of the check itself.
const MAX_PROBES: u8 = 3;
