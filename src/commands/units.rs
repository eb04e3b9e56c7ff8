//! From connection strings to what is checked at once: endpoints, each with whom it trusts.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use pgtls::connect;
use pgtls::conninfo::{ConnInfo, Endpoint, HostAddr, Route, TargetSessionAttrs};
use pgtls::diagnose::{Diagnosis, conninfo_error};
use pgtls::fleet;
use pgtls::trust::{self, Choice, SharedTrust, Trust, TrustRequest};
use tokio::time::Instant;

use super::check::Run;
use super::sources::Source;
use crate::cli::Hosts;

/// What is checked at once and has one verdict: an endpoint, or, where any host of a string will do,
/// all of them in turn.
pub(super) struct Unit<'a> {
    pub(super) source: &'a Source,
    pub(super) hosts: Hopeful,
}

/// Can it be checked at all?
pub(super) enum Hopeful {
    /// The string cannot be read.
    Unread {
        diagnosis: Diagnosis,
        /// What some clients take it for, if they are asked about.
        others: Option<Others>,
    },
    /// It can.
    Read {
        conninfo: Arc<ConnInfo>,
        endpoints: Vec<Endpoint>,
        trust: Gathered,
        /// What the string itself trusts, `--trust` aside: all that other clients know of.
        own: Gathered,
    },
}

/// A string as some clients read it.
pub(super) struct Others {
    pub(super) conninfo: Arc<ConnInfo>,
    pub(super) own: Gathered,
}

pub(super) type Gathered = Arc<Result<Arc<Trust>, trust::Error>>;

impl<'a> Run<'a> {
    /// What a string comes to.
    pub(super) async fn units(&self, source: &'a Source) -> anyhow::Result<Vec<Unit<'a>>> {
        let conninfo = match ConnInfo::read(&source.text, self.world) {
            Ok(conninfo) => Arc::new(conninfo),
            Err(error) => {
                let hosts = Hopeful::Unread {
                    diagnosis: conninfo_error(&error),
                    others: self.as_others_might(source).await?,
                };
                return Ok(vec![Unit { source, hosts }]);
            }
        };
        let choice = self.args.trust.as_ref().or(source.policy.trust.as_ref());
        let trust = Arc::new(gather(&self.trusts, &conninfo, choice).await?);
        let own = match (self.stores(source), choice) {
            (Some(_), Some(_)) => Arc::new(gather(&self.trusts, &conninfo, None).await?),
            _ => Arc::clone(&trust),
        };
        Ok(self.grouped(source, &conninfo, &conninfo.endpoints, &trust, &own))
    }

    async fn as_others_might(&self, source: &Source) -> anyhow::Result<Option<Others>> {
        let read = ConnInfo::read_as_others_might(&source.text, self.world);
        let (Some(_), Some(conninfo)) = (self.stores(source), read.map(Arc::new)) else {
            return Ok(None);
        };
        let own = Arc::new(gather(&self.trusts, &conninfo, None).await?);
        Ok(Some(Others { conninfo, own }))
    }

    /// The same with an endpoint for every address that a name has.
    pub(super) async fn by_address(
        &self,
        units: Vec<Unit<'a>>,
        jobs: NonZeroUsize,
    ) -> Vec<Unit<'a>> {
        let mut resolved: Vec<Vec<Unit<'a>>> = Vec::new();
        resolved.resize_with(units.len(), Vec::new);
        let work = units.into_iter().map(|unit| self.resolve(unit));
        fleet::each(work, jobs, &self.turns, |place, units| {
            if let Some(slot) = resolved.get_mut(place) {
                *slot = units;
            }
        })
        .await;
        resolved.into_iter().flatten().collect()
    }

    async fn resolve(&self, unit: Unit<'a>) -> Vec<Unit<'a>> {
        let Unit { source, hosts } = unit;
        let (conninfo, endpoints, trust, own) = match hosts {
            Hopeful::Unread { .. } => return vec![Unit { source, hosts }],
            Hopeful::Read {
                conninfo,
                endpoints,
                trust,
                own,
            } => (conninfo, endpoints, trust, own),
        };
        let mut all = Vec::new();
        for endpoint in &endpoints {
            all.extend(each_address(endpoint, self.timeout(&conninfo)).await);
        }
        self.grouped(source, &conninfo, &all, &trust, &own)
    }

    /// One unit an endpoint; or one of all, where any host will do, or where a host may be of another kind
    /// than `target_session_attrs` wants as long as one of them is not.
    fn grouped(
        &self,
        source: &'a Source,
        conninfo: &Arc<ConnInfo>,
        endpoints: &[Endpoint],
        trust: &Gathered,
        own: &Gathered,
    ) -> Vec<Unit<'a>> {
        let wanted = conninfo.target_session_attrs();
        let any_kind = wanted.is_none_or(|wanted| wanted == TargetSessionAttrs::Any);
        let together = match self.args.hosts {
            Hosts::All if any_kind || !self.args.login => 1,
            Hosts::All | Hosts::Any => endpoints.len().max(1),
        };
        let units = endpoints.chunks(together).map(|endpoints| Unit {
            source,
            hosts: Hopeful::Read {
                conninfo: Arc::clone(conninfo),
                endpoints: endpoints.to_vec(),
                trust: Arc::clone(trust),
                own: Arc::clone(own),
            },
        });
        units.collect()
    }
}

/// Reads the files that the string names; on a thread of its own where a pipe may keep it waiting,
/// as Ctrl-C shall not wait along.
pub(super) async fn gather(
    trusts: &Arc<Mutex<SharedTrust>>,
    conninfo: &ConnInfo,
    choice: Option<&Choice>,
) -> anyhow::Result<Result<Arc<Trust>, trust::Error>> {
    let request = TrustRequest::new(conninfo, choice);
    if !request.may_wait() {
        return Ok(lock(trusts).gather(request));
    }
    let trusts = Arc::clone(trusts);
    tokio::task::spawn_blocking(move || lock(&trusts).gather(request))
        .await
        .context("could not read the files that the connection string names")
}

/// An endpoint for every address that its name has. A name that does not resolve stays, and is
/// reported as such.
pub(super) async fn each_address(endpoint: &Endpoint, timeout: Duration) -> Vec<Endpoint> {
    let addresses = match endpoint.route() {
        Route::Name(_) => connect::resolve(endpoint, Instant::now() + timeout).await,
        Route::Address(_) | Route::Socket => Ok(Vec::new()),
    };
    match addresses.unwrap_or_default().as_slice() {
        [] => vec![endpoint.clone()],
        addresses => addresses
            .iter()
            .map(|address| Endpoint {
                hostaddr: HostAddr::from_bytes(address.ip().to_string().as_bytes()),
                ..endpoint.clone()
            })
            .collect(),
    }
}

fn lock(trusts: &Mutex<SharedTrust>) -> MutexGuard<'_, SharedTrust> {
    trusts.lock().unwrap_or_else(PoisonError::into_inner)
}
