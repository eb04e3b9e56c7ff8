//! `pgtls check`: every endpoint of every string, many at once.

use std::cell::RefCell;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use anyhow::{Context, bail};
use pgtls::conninfo::{ConnInfo, TargetSessionAttrs, World};
use pgtls::demands::Demands;
use pgtls::diagnose::{OtherHosts, trust_error};
use pgtls::exit::Exit;
use pgtls::fleet::{self, Servers, Turns};
use pgtls::report::{EndpointReport, Report};
use pgtls::trust::{SharedTrust, encode_pem};
use tokio::time::Instant;

use super::clients::Stores;
use super::demands::{self, NewRoots};
use super::endpoint::{Checked, Libpq, with_clients_unchecked};
use super::output;
use super::progress::{Live, Observer};
use super::sources::{self, Source};
use super::units::{Hopeful, Others, Unit};
use crate::cli::{Check, Hosts};
use crate::machine::{Machine, jobs};

pub(crate) fn run(args: &Check) -> anyhow::Result<ExitCode> {
    let mut live = Live::new(&args.output);
    let checked = check(args, &Machine, &mut live);
    let printed = live.finish();
    let (endpoints, exit) = checked?;
    if exit == Exit::Interrupted {
        // Where standard error is closed, the exit code says so alone.
        let _ = writeln!(
            std::io::stderr(),
            "pgtls: interrupted: not everything was checked"
        );
    }
    output::print(&Report::new(endpoints, exit), exit, &args.output, printed?)
}

/// The reports of all endpoints, and the exit code that they come to together.
pub(super) fn check(
    args: &Check,
    world: &dyn World,
    observer: &mut dyn Observer,
) -> anyhow::Result<(Vec<EndpointReport>, Exit)> {
    let mut policy = demands::policy(&args.demands);
    policy.min_tls = args.min_tls;
    if let Some(file) = &args.expect_cert {
        policy.expected = Some(Box::new(demands::certificate(file)?));
    }
    let mut sources = sources::gather(
        &args.conninfo,
        args.from.as_deref(),
        args.config.as_deref(),
        world,
    )?;
    if let Some(shard) = args.shard {
        sources = sources::of_shard(sources, shard);
    }
    if sources.is_empty() {
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(
            std::io::stderr(),
            "pgtls: no connection string belongs to this shard: nothing to check"
        );
        return Ok((Vec::new(), Exit::Passed));
    }
    let run = Run {
        args,
        world,
        policy,
        now: demands::moment(&args.demands)?,
        began: Instant::now(),
        trusts: Arc::default(),
        servers: Servers::default(),
        turns: Turns::default(),
        also: args.also_trust.as_deref().map(demands::roots).transpose()?,
        stores: sources
            .iter()
            .any(|source| wants_clients(args, source))
            .then(|| Stores::new(world))
            .transpose()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut results = Vec::new();
    let observer = RefCell::new(observer);
    let checked = runtime.block_on(async {
        tokio::select! {
            biased;
            () = interruption() => Ok(End::Interrupted),
            end = run.check_all(&sources, &mut results, &observer) => end,
        }
    });
    // A resolver or a file that hangs must not keep the process.
    runtime.shutdown_background();
    let end = checked?;
    if matches!(end, End::Complete) && (results.is_empty() || results.iter().any(Option::is_none)) {
        // A bug of ours, if ever; what was not checked must not pass.
        bail!("not every endpoint was checked");
    }
    let results: Vec<Done> = results.into_iter().flatten().collect();
    let exit = match end {
        End::Interrupted => Exit::Interrupted,
        End::Complete => Exit::of_all(results.iter().map(|done| done.exit)),
    };
    let checked: Vec<Checked> = results.into_iter().flat_map(|done| done.checked).collect();
    if let Some(file) = &args.save_chain {
        save_chain(file, checked.iter().flat_map(|one| &one.presented))?;
    }
    Ok((checked.into_iter().map(|one| one.report).collect(), exit))
}

/// How a run ends.
enum End {
    Complete,
    Interrupted,
}

/// Comes with Ctrl-C.
pub(super) async fn interruption() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Nobody catches the signal then, and it ends the process by itself.
        std::future::pending::<()>().await;
    }
}

fn save_chain<'a>(
    file: &Path,
    presented: impl Iterator<Item = &'a Arc<[u8]>>,
) -> anyhow::Result<()> {
    let blocks: String = presented
        .map(|der| encode_pem("CERTIFICATE", der))
        .collect();
    std::fs::write(file, blocks)
        .with_context(|| format!("could not write the presented chain to {}", file.display()))
}

/// What stays the same from endpoint to endpoint.
pub(super) struct Run<'a> {
    pub(super) args: &'a Check,
    pub(super) world: &'a dyn World,
    pub(super) policy: Demands,
    /// The moment of the judgement, in seconds since 1970, when the run began.
    pub(super) now: i64,
    pub(super) began: Instant,
    pub(super) trusts: Arc<Mutex<SharedTrust>>,
    /// Who is at which server.
    pub(super) servers: Servers,
    /// Who is to shake hands next.
    pub(super) turns: Turns,
    /// The roots of a CA to come, if its coming is rehearsed.
    pub(super) also: Option<NewRoots>,
    /// Of the client libraries, if any endpoint is to be asked about them.
    stores: Option<Stores>,
}

/// What came of a unit.
struct Done {
    checked: Vec<Checked>,
    exit: Exit,
}

type SharedObserver<'a> = RefCell<&'a mut dyn Observer>;

impl<'a> Run<'a> {
    /// Checks everything; what is known stands in `results` at every moment, in the order of the
    /// input.
    async fn check_all(
        &self,
        sources: &'a [Source],
        results: &mut Vec<Option<Done>>,
        observer: &SharedObserver<'_>,
    ) -> anyhow::Result<End> {
        let jobs = jobs(self.args.jobs);
        let mut units = Vec::new();
        for source in sources {
            units.extend(self.units(source).await?);
        }
        if self.args.all_addresses {
            units = self.by_address(units, jobs).await;
        }
        results.resize_with(units.len(), || None);
        observer.borrow().begin(units.len());
        // Boxed, as it changes hands on its way into the crowd, and is large.
        let work = units
            .iter()
            .map(|unit| Box::pin(self.check_patiently(unit, observer)));
        fleet::each(work, jobs, &self.turns, |place, done: Done| {
            for one in &done.checked {
                observer.borrow_mut().done(&one.report);
            }
            if let Some(result) = results.get_mut(place) {
                *result = Some(done);
            }
        })
        .await;
        Ok(End::Complete)
    }

    /// Checks a unit, with `--wait` until it can be reached, and says each change of its state.
    async fn check_patiently(&self, unit: &Unit<'_>, observer: &SharedObserver<'_>) -> Done {
        let Some(wait) = self.args.wait else {
            return self.check_unit(unit, None).await;
        };
        // Counted from here: whoever had to queue for a turn is not given less.
        let until = Instant::now() + wait;
        let mut said = None;
        fleet::retry(
            until,
            async || self.check_unit(unit, Some(until)).await,
            |done| {
                let again = done.exit == Exit::Unreachable;
                if let Some(last) = done.checked.last() {
                    let state = last.report.error.as_ref().map(|error| error.code.clone());
                    if (again || said.is_some()) && said.as_ref() != Some(&state) {
                        observer.borrow().changed(&last.report);
                        said = Some(state);
                    }
                }
                again
            },
        )
        .await
    }

    async fn check_unit(&self, unit: &Unit<'_>, until: Option<Instant>) -> Done {
        let stores = self.stores(unit.source);
        let (conninfo, endpoints, trust, own) = match &unit.hosts {
            Hopeful::Unread { diagnosis, others } => {
                let report = EndpointReport::unread(diagnosis);
                let report = self.with_others(report, stores, others.as_ref()).await;
                return Done {
                    checked: vec![Checked::without_connecting(named(report, unit), diagnosis)],
                    exit: diagnosis.exit,
                };
            }
            Hopeful::Read {
                conninfo,
                endpoints,
                trust,
                own,
            } => (conninfo, endpoints, &**trust, (**own).as_ref()),
        };
        let policy = unit.source.policy_over(&self.policy);
        let timeout = |conninfo| match until {
            Some(until) => self
                .timeout(conninfo)
                .min(until.saturating_duration_since(Instant::now())),
            None => self.timeout(conninfo),
        };
        let mut checked: Vec<Checked> = Vec::new();
        for (place, endpoint) in endpoints.iter().enumerate() {
            let to_come = endpoints.len() > place.saturating_add(1);
            let one = match trust {
                Ok(trust) => {
                    let task = self.task(conninfo, endpoint, trust, timeout(conninfo));
                    let others = if to_come || checked.iter().any(Checked::is_taken) {
                        OtherHosts::Serve
                    } else {
                        OtherHosts::Fail
                    };
                    self.check_endpoint(task, stores, own, &policy, others)
                        .await
                }
                Err(error) => {
                    let diagnosis = trust_error(conninfo, error);
                    let report = EndpointReport::unchecked(conninfo, endpoint, &diagnosis);
                    let stand_in = stores.map(Stores::stand_in);
                    let task = stand_in
                        .map(|trust| self.task(conninfo, endpoint, &trust, timeout(conninfo)));
                    let report = with_clients_unchecked(report, stores, task, own).await;
                    Checked::without_connecting(report, &diagnosis)
                }
            };
            checked.push(Checked {
                report: named(one.report, unit),
                ..one
            });
            if let (Hosts::Any, Some(last)) = (self.args.hosts, checked.last())
                && last.libpq == Libpq::Stays
            {
                let exit = last.exit;
                return Done { checked, exit };
            }
        }
        // Without a standby libpq comes back to the first host that would have it.
        let any = self.args.hosts == Hosts::Any && prefers_standby(conninfo);
        let exit = if any && checked.iter().any(|one| one.exit == Exit::Passed) {
            Exit::Passed
        } else {
            Exit::of_all(checked.iter().map(|one| one.exit))
        };
        Done { checked, exit }
    }

    /// Adds what other clients make of a string that libpq cannot read.
    async fn with_others(
        &self,
        report: EndpointReport,
        stores: Option<&Stores>,
        others: Option<&Others>,
    ) -> EndpointReport {
        let (Some(Others { conninfo, own }), Some(stores)) = (others, stores) else {
            return report;
        };
        let Some(endpoint) = conninfo.endpoints.first() else {
            return report;
        };
        let stand_in = stores.stand_in();
        let task = self.task(conninfo, endpoint, &stand_in, self.timeout(conninfo));
        with_clients_unchecked(report, Some(stores), Some(task), (**own).as_ref()).await
    }

    /// Of the client libraries, if this endpoint is to be asked about them.
    pub(super) fn stores(&self, source: &Source) -> Option<&Stores> {
        let stores = self.stores.as_ref();
        stores.filter(|_| wants_clients(self.args, source))
    }
}

/// What an option says counts for all; then what the file says of the endpoint.
fn wants_clients(args: &Check, source: &Source) -> bool {
    args.clients || source.policy.clients == Some(true)
}

fn prefers_standby(conninfo: &ConnInfo) -> bool {
    conninfo.target_session_attrs() == Some(TargetSessionAttrs::PreferStandby)
}

fn named(report: EndpointReport, unit: &Unit<'_>) -> EndpointReport {
    EndpointReport {
        name: unit.source.name.as_deref().map(Into::into),
        location: unit.source.location.clone(),
        ..report
    }
}
