//! Turns connection strings into units: endpoints, each with its trust.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::hosts::belong_together;
use super::{CheckRequest, Error, Source, Subject};
use crate::connect;
use crate::conninfo::{ConnInfo, Endpoint, Route, Secret, World};
use crate::diagnose::{Diagnosis, refusal};
use crate::dialect::{Dialect, ReadAs, View, understand};
use crate::probe::pinned;
use crate::trust::{self, SharedTrust, Trust, TrustRequest};
use crate::workers;

/// A unit is checked at once and has one verdict: an endpoint, or all endpoints of a string that
/// share a verdict.
pub(super) struct Unit<'a> {
    pub(super) source: &'a Source,
    pub(super) parsed: Result<Readable, Unreadable>,
}

/// A string that libpq accepts, or another driver.
#[derive(Clone)]
pub(super) struct Readable {
    pub(super) conninfo: Arc<ConnInfo>,
    /// Whose string it is.
    pub(super) read_as: Arc<ReadAs>,
    /// The string in libpq's words.
    pub(super) words: Secret,
    /// What its driver sees of the machine.
    pub(super) view: View,
    /// Those of the string that belong to the unit; at least one.
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) trust: TrustResult,
    /// What the string itself trusts, without `--trust`: other clients know only this.
    pub(super) own: TrustResult,
    /// How the clients that were asked for read it, if only its own driver reads it as we do.
    pub(super) by_others: Option<Arc<ReadByOthers>>,
}

/// A string that is refused.
pub(super) struct Unreadable {
    pub(super) diagnosis: Diagnosis,
    /// Whether it is libpq's own, or nearly, so that it can be corrected.
    pub(super) is_libpqs: bool,
    /// How some clients read it, if that was requested.
    pub(super) by_others: Option<ReadByOthers>,
}

/// A string as some clients read it.
pub(super) struct ReadByOthers {
    pub(super) conninfo: Arc<ConnInfo>,
    pub(super) own: TrustResult,
}

pub(super) type TrustResult = Arc<Result<Arc<Trust>, trust::Error>>;

impl<'a> Unit<'a> {
    /// The units of a string.
    pub(super) async fn of(
        source: &'a Source,
        request: &CheckRequest,
        world: &dyn World,
        trusts: &SharedTrust,
    ) -> Result<Vec<Self>, Error> {
        let understood = match understand(source.input(), source.dialect, world) {
            Ok(understood) => understood,
            Err(error) => {
                let unreadable = Unreadable {
                    diagnosis: refusal(&error),
                    is_libpqs: error.is_libpqs(),
                    by_others: read_by_others(source, world, trusts).await?,
                };
                return Ok(vec![Self {
                    source,
                    parsed: Err(unreadable),
                }]);
            }
        };
        let conninfo = Arc::new(understood.conninfo);
        let asked = TrustRequest::new(&conninfo, source.trust.as_ref());
        let trust = Arc::new(gather(trusts, asked).await?);
        let own = if source.clients && source.trust.is_some() {
            let asked = TrustRequest::new(&conninfo, None);
            Arc::new(gather(trusts, asked).await?)
        } else {
            Arc::clone(&trust)
        };
        let by_others = if understood.read_as.dialect == Dialect::Libpq {
            None
        } else {
            read_by_others(source, world, trusts).await?.map(Arc::new)
        };
        let readable = Readable {
            endpoints: conninfo.endpoints.clone(),
            conninfo,
            read_as: Arc::new(understood.read_as),
            words: understood.words,
            view: understood.view,
            trust,
            own,
            by_others,
        };
        Ok(grouped(source, &readable, request))
    }

    /// What to call it while it is being checked.
    pub(super) fn name(&self) -> String {
        if let Some(name) = &self.source.label.name {
            return name.clone();
        }
        match self
            .parsed
            .as_ref()
            .map(|readable| readable.endpoints.first())
        {
            Ok(Some(endpoint)) => endpoint.to_string(),
            Ok(None) | Err(_) => "a connection string".to_owned(),
        }
    }

    /// What is known of it before it was checked: its first endpoint stands for all.
    pub(super) fn subject(self) -> Subject {
        match self.parsed {
            Ok(readable) => match readable.endpoints.into_iter().next() {
                Some(endpoint) => Subject::Unchecked {
                    conninfo: readable.conninfo,
                    endpoint,
                },
                None => Subject::Unread,
            },
            Err(_) => Subject::Unread,
        }
    }

    /// The same with other endpoints.
    pub(super) fn with_endpoints(
        self,
        endpoints: Vec<Endpoint>,
        request: &CheckRequest,
    ) -> Vec<Self> {
        let Self { source, parsed } = self;
        match parsed {
            Ok(readable) => {
                let readable = Readable {
                    endpoints,
                    ..readable
                };
                grouped(source, &readable, request)
            }
            Err(unreadable) => vec![Self {
                source,
                parsed: Err(unreadable),
            }],
        }
    }
}

async fn read_by_others(
    source: &Source,
    world: &dyn World,
    trusts: &SharedTrust,
) -> Result<Option<ReadByOthers>, Error> {
    if !source.clients {
        return Ok(None);
    }
    let Some(conninfo) = ConnInfo::read_as_others_might(&source.text, world) else {
        return Ok(None);
    };
    let own = gather(trusts, TrustRequest::new(&conninfo, None)).await?;
    Ok(Some(ReadByOthers {
        conninfo: Arc::new(conninfo),
        own: Arc::new(own),
    }))
}

/// One unit per endpoint, or one for all of them.
fn grouped<'a>(source: &'a Source, readable: &Readable, request: &CheckRequest) -> Vec<Unit<'a>> {
    let together = if belong_together(&readable.conninfo, request) {
        readable.endpoints.len().max(1)
    } else {
        1
    };
    let units = readable.endpoints.chunks(together);
    let units = units.map(|endpoints| Unit {
        source,
        parsed: Ok(Readable {
            endpoints: endpoints.to_vec(),
            ..readable.clone()
        }),
    });
    units.collect()
}

/// Reads the files of a request. If it may have to wait for a pipe, it runs on its own thread, so
/// that an interruption takes effect at once.
///
/// # Errors
/// The thread failed. Faults of the files are in the inner result.
pub async fn gather(
    trusts: &SharedTrust,
    request: TrustRequest,
) -> Result<Result<Arc<Trust>, trust::Error>, Error> {
    if !request.may_wait() {
        return Ok(trusts.gather(request));
    }
    let trusts = trusts.clone();
    workers::waiting(move || trusts.gather(request))
        .await
        .map_err(Error::Reading)
}

/// One endpoint for every address of its name.
///
/// # Errors
/// The name does not resolve: which addresses it has is not known.
pub async fn each_address(
    endpoint: &Endpoint,
    limit: Duration,
) -> Result<Vec<Endpoint>, connect::Error> {
    match endpoint.route() {
        Route::Name(_) => {
            let addresses = connect::resolve(endpoint, Instant::now() + limit).await?;
            let addresses = addresses.into_iter();
            Ok(addresses.map(|one| pinned(endpoint, one)).collect())
        }
        Route::Address(_) | Route::Socket => Ok(vec![endpoint.clone()]),
    }
}
