//! `pgtls check`: every endpoint of every string, many at once.

use std::cell::RefCell;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, bail};
use pem::{EncodeConfig, LineEnding, Pem};
use pgtls::audit::offers;
use pgtls::conninfo::{ConnInfo, Endpoint, Route, World};
use pgtls::diagnose::{Diagnosis, diagnose, diagnose_login, rehearse, trust_error, unchecked};
use pgtls::exit::Exit;
use pgtls::fleet::{self, Turns};
use pgtls::login::login;
use pgtls::policy::{Policy, Strictness};
use pgtls::probe::{Task, probe_in_turn};
use pgtls::report::{EndpointReport, Report};
use pgtls::trust::{SharedTrust, Trust};
use tokio::time::Instant;

use super::clients::{Own, Stores};
use super::demands::{self, NewRoots};
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
        turns: Turns::default(),
        also: args.also_trust.as_deref().map(demands::roots).transpose()?,
        stores: sources
            .iter()
            .any(|source| wants_clients(args, source))
            .then(Stores::new)
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
    let blocks: Vec<Pem> = presented
        .map(|der| Pem::new("CERTIFICATE", der.to_vec()))
        .collect();
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    std::fs::write(file, pem::encode_many_config(&blocks, config))
        .with_context(|| format!("could not write the presented chain to {}", file.display()))
}

/// What stays the same from endpoint to endpoint.
pub(super) struct Run<'a> {
    pub(super) args: &'a Check,
    pub(super) world: &'a dyn World,
    policy: Policy,
    /// The moment of the judgement, in seconds since 1970, when the run began.
    now: i64,
    began: Instant,
    pub(super) trusts: Arc<Mutex<SharedTrust>>,
    /// Who is to shake hands next.
    pub(super) turns: Turns,
    /// The roots of a CA to come, if its coming is rehearsed.
    also: Option<NewRoots>,
    /// Of the client libraries, if any endpoint is to be asked about them.
    stores: Option<Stores>,
}

/// What came of a unit.
struct Done {
    checked: Vec<Checked>,
    exit: Exit,
}

/// What came of one endpoint.
struct Checked {
    report: EndpointReport,
    exit: Exit,
    went: Went,
    presented: Vec<Arc<[u8]>>,
}

/// Did TCP connect?
#[derive(PartialEq, Eq)]
enum Went {
    Connected,
    Nowhere,
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
        let policy = self.policy(unit.source);
        let timeout = |conninfo| match until {
            Some(until) => self
                .timeout(conninfo)
                .min(until.saturating_duration_since(Instant::now())),
            None => self.timeout(conninfo),
        };
        let mut checked: Vec<Checked> = Vec::new();
        for endpoint in endpoints {
            let one = match trust {
                Ok(trust) => {
                    let task = self.task(conninfo, endpoint, trust, timeout(conninfo));
                    self.check_endpoint(task, stores, own, &policy).await
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
            // libpq goes on to the next host only after a failed connect.
            if let (Hosts::Any, Some(last)) = (self.args.hosts, checked.last())
                && last.went == Went::Connected
            {
                let exit = last.exit;
                return Done { checked, exit };
            }
        }
        let exit = Exit::of_all(checked.iter().map(|one| one.exit));
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

    fn task(
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

    /// What an option says counts for all; then what the file says of the endpoint.
    fn policy(&self, source: &Source) -> Policy {
        let mut policy = self.policy.clone();
        policy.valid_for = policy.valid_for.or(source.policy.valid_for);
        policy.min_tls = policy.min_tls.or(source.policy.min_tls);
        if policy.pins.is_empty() {
            policy.pins.extend(source.policy.pins.iter().flatten());
        }
        if source.policy.strict == Some(true) {
            policy.strictness = Strictness::Strict;
        }
        policy
    }

    pub(super) fn timeout(&self, conninfo: &ConnInfo) -> Duration {
        let configured = conninfo
            .connect_timeout
            .as_ref()
            .map(|setting| setting.value);
        self.args.timeout.or(configured).unwrap_or(DEFAULT_TIMEOUT)
    }

    async fn check_endpoint(
        &self,
        task: Task,
        stores: Option<&Stores>,
        own: Own<'_>,
        policy: &Policy,
    ) -> Checked {
        if let Some(diagnosis) = unchecked(&task.conninfo, &task.endpoint, &task.trust) {
            let report = EndpointReport::unchecked(&task.conninfo, &task.endpoint, &diagnosis);
            let report = with_clients_unchecked(report, stores, Some(task), own).await;
            return Checked::without_connecting(report, &diagnosis);
        }
        let observation = probe_in_turn(&task, self.turns.wait()).await;
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
            let login = Box::pin(login(&task, &observation, policy, Instant::now() + left)).await;
            diagnosis = diagnose_login(&task, &observation, &login, policy, diagnosis);
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
            went: match observation.address {
                Some(_) => Went::Connected,
                None => Went::Nowhere,
            },
            presented: presented
                .map(|certificate| Arc::clone(&certificate.der))
                .collect(),
        }
    }
}

impl Checked {
    fn without_connecting(report: EndpointReport, diagnosis: &Diagnosis) -> Self {
        Self {
            report,
            exit: diagnosis.exit,
            went: Went::Nowhere,
            presented: Vec::new(),
        }
    }
}

/// What an option says counts for all; then what the file says of the endpoint.
fn wants_clients(args: &Check, source: &Source) -> bool {
    args.clients || source.policy.clients == Some(true)
}

/// Adds what other clients would do where pgtls itself has no reason, or no means, to connect.
async fn with_clients_unchecked(
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

fn named(report: EndpointReport, unit: &Unit<'_>) -> EndpointReport {
    EndpointReport {
        name: unit.source.name.clone(),
        location: unit.source.location.clone(),
        ..report
    }
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
