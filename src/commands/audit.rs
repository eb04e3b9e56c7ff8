//! `pgtls audit`: what every endpoint accepts, one connection at a time.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use pgtls::audit::{Limits, audit};
use pgtls::check::{Patience, each_address, gather};
use pgtls::conninfo::{ConnInfo, Endpoint, World};
use pgtls::diagnose::{add_audit, diagnose, refusal, trust_error, unchecked};
use pgtls::dialect::{ReadAs, understand};
use pgtls::exit::Exit;
use pgtls::probe::{Moment, Task, probe};
use pgtls::report::{EndpointReport, Report};
use pgtls::trust::{SharedTrust, Trust, TrustRequest};

use super::demands::now;
use super::progress::Live;
use super::sources::{self, Listed};
use super::{output, run};
use crate::cli::Audit;
use crate::config::Keys;
use crate::machine::Machine;

pub(crate) fn run(args: &Audit) -> anyhow::Result<ExitCode> {
    let world = Machine;
    let given = sources::Given {
        arguments: &args.conninfo,
        origin: &args.origin,
        from: None,
        config: args.config.as_deref(),
    };
    let sources = sources::gather(given, &world)?;
    let run = AuditRun {
        args,
        world: &world,
        options: Keys {
            trust: args.trust.clone(),
            ..args.demands.keys()
        },
        now: args.demands.instant()?.unwrap_or_else(now),
    };
    let mut live = Live::new(&args.output);
    let mut results = Vec::new();
    let interrupted = run::block_on(async {
        tokio::select! {
            biased;
            () = run::ctrl_c() => Ok(true),
            done = run.audit_all(&sources, &mut results, &mut live) => done.map(|()| false),
        }
    })?;
    let printed = live.finish();
    let interrupted = interrupted?;
    let printed = printed?;
    let exit = if interrupted || results.is_empty() {
        // If standard error is closed, only the exit code reports it.
        let _ = writeln!(
            std::io::stderr(),
            "pgtls: interrupted: not everything was audited"
        );
        Exit::Interrupted
    } else {
        Exit::of_all(results.iter().map(|audited| audited.exit))
    };
    let endpoints = results.into_iter().map(|audited| audited.report).collect();
    output::print(&Report::new(endpoints, exit), exit, &args.output, printed)
}

/// What all endpoints of a run share.
struct AuditRun<'a> {
    args: &'a Audit,
    world: &'a dyn World,
    options: Keys,
    /// The time of the judgement, in seconds since 1970.
    now: i64,
}

/// An endpoint, audited.
struct Audited {
    report: EndpointReport,
    exit: Exit,
}

impl AuditRun<'_> {
    /// Audits one endpoint after another. `results` always has what is known so far.
    async fn audit_all(
        &self,
        sources: &[Listed],
        results: &mut Vec<Audited>,
        live: &mut Live,
    ) -> anyhow::Result<()> {
        let trusts = SharedTrust::default();
        for source in sources {
            let understood = match understand(source.input(), source.dialect, self.world) {
                Ok(understood) => understood,
                Err(error) => {
                    let diagnosis = refusal(&error);
                    let report = EndpointReport::unread(&diagnosis);
                    let exit = diagnosis.exit;
                    self.add(source, Audited { report, exit }, results, live);
                    continue;
                }
            };
            let conninfo = Arc::new(understood.conninfo);
            let read_as = understood.read_as;
            let keys = self.options.over(&source.keys);
            let request = TrustRequest::new(&conninfo, keys.trust.as_ref());
            let trust = gather(&trusts, request).await?;
            for endpoint in self.endpoints(&conninfo).await {
                let audited = match &trust {
                    Ok(trust) => {
                        self.audit_endpoint(&keys, &conninfo, &read_as, &endpoint, trust)
                            .await
                    }
                    Err(error) => {
                        let strictness = keys.demands().strictness;
                        let diagnosis = trust_error(&conninfo, error)
                            .of_dialect(&read_as, &conninfo, strictness);
                        let report = EndpointReport::unchecked(&conninfo, &endpoint, &diagnosis);
                        let exit = diagnosis.exit;
                        Audited { report, exit }
                    }
                };
                let report = audited.report.in_dialect(Some(read_as.dialect));
                self.add(source, Audited { report, ..audited }, results, live);
            }
        }
        Ok(())
    }

    fn add(&self, source: &Listed, audited: Audited, results: &mut Vec<Audited>, live: &mut Live) {
        let report = audited.report.labelled(&source.label);
        live.reported(&report);
        results.push(Audited { report, ..audited });
    }

    /// The string's endpoints, or every address of them.
    async fn endpoints(&self, conninfo: &ConnInfo) -> Vec<Endpoint> {
        if !self.args.all_addresses {
            return conninfo.endpoints.clone();
        }
        let mut all = Vec::new();
        for endpoint in &conninfo.endpoints {
            all.extend(each_address(endpoint, self.timeout(conninfo)).await);
        }
        all
    }

    async fn audit_endpoint(
        &self,
        keys: &Keys,
        conninfo: &Arc<ConnInfo>,
        read_as: &ReadAs,
        endpoint: &Endpoint,
        trust: &Arc<Trust>,
    ) -> Audited {
        if let Some(diagnosis) = unchecked(conninfo, endpoint, trust, keys.oldest()) {
            let strictness = keys.demands().strictness;
            let diagnosis = diagnosis.of_dialect(read_as, conninfo, strictness);
            let report = EndpointReport::unchecked(conninfo, endpoint, &diagnosis);
            let exit = diagnosis.exit;
            return Audited { report, exit };
        }
        let task = Task {
            conninfo: Arc::clone(conninfo),
            endpoint: endpoint.clone(),
            trust: Arc::clone(trust),
            now: self.now,
            moment: match self.args.demands.at {
                Some(_) => Moment::Chosen,
                None => Moment::Present,
            },
            timeout: self.timeout(conninfo),
            oldest: keys.oldest(),
        };
        let demands = keys.demands();
        let observation = probe(&task).await;
        let mut diagnosis = diagnose(&task, &observation, &demands).of_dialect(
            read_as,
            conninfo,
            demands.strictness,
        );
        let limits = Limits {
            jobs: self.args.jobs,
            patience: task.timeout,
            total: self.args.deadline,
        };
        let found = audit(&task, &observation, &limits).await;
        if let Some(found) = &found {
            let rules = keys.audit.rules();
            add_audit(&mut diagnosis, &task, found, &rules, demands.strictness);
        }
        let report = EndpointReport::checked(&task, &observation, &diagnosis);
        let report = report.with_audit(&task, &observation, found.as_ref());
        let exit = diagnosis.exit;
        Audited { report, exit }
    }

    fn timeout(&self, conninfo: &ConnInfo) -> Duration {
        let patience = Patience {
            timeout: self.args.timeout,
            wait: None,
        };
        patience.time_limit(conninfo)
    }
}
