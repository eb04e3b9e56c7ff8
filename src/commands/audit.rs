//! `pgtls audit`: what every endpoint accepts, one connection at a time.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use pgtls::audit::{self, Limits, audit};
use pgtls::connect;
use pgtls::conninfo::{ConnInfo, Endpoint, HostAddr, Route, World};
use pgtls::diagnose::{add_audit, conninfo_error, diagnose, trust_error, unchecked};
use pgtls::exit::Exit;
use pgtls::policy::{Policy, Strictness};
use pgtls::probe::{Task, probe};
use pgtls::report::{EndpointReport, Report};
use pgtls::trust::{SharedTrust, Trust};
use tokio::time::Instant;

use super::check::interruption;
use super::progress::{Live, Observer};
use super::sources::{self, Source};
use super::{demands, output};
use crate::cli::Audit;
use crate::machine::Machine;

pub(crate) fn run(args: &Audit) -> anyhow::Result<ExitCode> {
    let world = Machine;
    let sources = sources::gather(&args.conninfo, None, args.config.as_deref(), &world)?;
    let run = Run {
        args,
        world: &world,
        policy: demands::policy(&args.demands),
        now: demands::moment(&args.demands)?,
    };
    let mut live = Live::new(&args.output);
    let mut results = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let interrupted = runtime.block_on(async {
        tokio::select! {
            biased;
            () = interruption() => true,
            () = run.audit_all(&sources, &mut results, &mut live) => false,
        }
    });
    // A resolver that hangs must not keep the process.
    runtime.shutdown_background();
    let printed = live.finish()?;
    let exit = if interrupted || results.is_empty() {
        // Where standard error is closed, the exit code says so alone.
        let _ = writeln!(
            std::io::stderr(),
            "pgtls: interrupted: not everything was audited"
        );
        Exit::Interrupted
    } else {
        Exit::of_all(results.iter().map(|(_, exit)| *exit))
    };
    let endpoints = results.into_iter().map(|(report, _)| report).collect();
    output::print(&Report::new(endpoints, exit), exit, &args.output, printed)
}

struct Run<'a> {
    args: &'a Audit,
    world: &'a dyn World,
    policy: Policy,
    /// The moment of the judgement, in seconds since 1970.
    now: i64,
}

type Done = (EndpointReport, Exit);

impl Run<'_> {
    /// Audits one endpoint after the other; what is known stands in `results` at every moment.
    async fn audit_all(&self, sources: &[Source], results: &mut Vec<Done>, live: &mut Live) {
        let mut trusts = SharedTrust::default();
        for source in sources {
            let conninfo = match ConnInfo::read(&source.text, self.world) {
                Ok(conninfo) => Arc::new(conninfo),
                Err(error) => {
                    let diagnosis = conninfo_error(&error);
                    let report = EndpointReport::unread(&diagnosis);
                    self.add(source, report, diagnosis.exit, results, live);
                    continue;
                }
            };
            let choice = self.args.trust.as_ref().or(source.policy.trust.as_ref());
            let trust = trusts.gather(&conninfo, choice);
            for endpoint in self.endpoints(&conninfo).await {
                let (report, exit) = match &trust {
                    Ok(trust) => {
                        self.audit_endpoint(source, &conninfo, &endpoint, trust)
                            .await
                    }
                    Err(error) => {
                        let diagnosis = trust_error(&conninfo, error);
                        let report = EndpointReport::unchecked(&conninfo, &endpoint, &diagnosis);
                        (report, diagnosis.exit)
                    }
                };
                self.add(source, report, exit, results, live);
            }
        }
    }

    fn add(
        &self,
        source: &Source,
        report: EndpointReport,
        exit: Exit,
        results: &mut Vec<Done>,
        live: &mut Live,
    ) {
        let report = EndpointReport {
            name: source.name.clone(),
            location: source.location.clone(),
            ..report
        };
        live.done(&report);
        results.push((report, exit));
    }

    /// The string's endpoints, or every address of them.
    async fn endpoints(&self, conninfo: &ConnInfo) -> Vec<Endpoint> {
        if !self.args.all_addresses {
            return conninfo.endpoints.clone();
        }
        let mut all = Vec::new();
        for endpoint in &conninfo.endpoints {
            let deadline = Instant::now() + self.timeout(conninfo);
            let addresses = match endpoint.route() {
                Route::Name(_) => connect::resolve(endpoint, deadline).await,
                Route::Address(_) | Route::Socket => Ok(Vec::new()),
            };
            match addresses.unwrap_or_default().as_slice() {
                [] => all.push(endpoint.clone()),
                addresses => all.extend(addresses.iter().map(|address| Endpoint {
                    hostaddr: HostAddr::from_bytes(address.ip().to_string().as_bytes()),
                    ..endpoint.clone()
                })),
            }
        }
        all
    }

    async fn audit_endpoint(
        &self,
        source: &Source,
        conninfo: &Arc<ConnInfo>,
        endpoint: &Endpoint,
        trust: &Arc<Trust>,
    ) -> Done {
        if let Some(diagnosis) = unchecked(conninfo, endpoint, trust) {
            let report = EndpointReport::unchecked(conninfo, endpoint, &diagnosis);
            return (report, diagnosis.exit);
        }
        let task = Task {
            conninfo: Arc::clone(conninfo),
            endpoint: endpoint.clone(),
            trust: Arc::clone(trust),
            now: self.now,
            timeout: self.timeout(conninfo),
        };
        let policy = self.policy(source);
        let observation = probe(&task).await;
        let mut diagnosis = diagnose(&task, &observation, &policy);
        let limits = Limits {
            jobs: self.args.jobs,
            patience: task.timeout,
            total: self.args.deadline,
        };
        let found = audit(&task, &observation, &limits).await;
        if let Some(found) = &found {
            let rules = source.policy.audit.over(audit::Policy::default());
            add_audit(&mut diagnosis, &task, found, &rules, policy.strictness);
        }
        let report = EndpointReport::checked(&task, &observation, &diagnosis);
        let report = report.with_audit(&task, &observation, found.as_ref());
        (report, diagnosis.exit)
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

    fn timeout(&self, conninfo: &ConnInfo) -> Duration {
        let configured = conninfo
            .connect_timeout
            .as_ref()
            .map(|setting| setting.value);
        self.args.timeout.or(configured).unwrap_or(DEFAULT_TIMEOUT)
    }
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
