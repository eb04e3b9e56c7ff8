//! `pgtls check`: every endpoint of every string, one after the other.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use std::time::Duration;

use anyhow::Context;
use pem::{EncodeConfig, LineEnding, Pem};
use pgtls::conninfo::{ConnInfo, Endpoint, Route, World};
use pgtls::diagnose::{Diagnosis, conninfo_error, diagnose, trust_error, unchecked};
use pgtls::exit::Exit;
use pgtls::policy::Policy;
use pgtls::probe::{Task, probe};
use pgtls::report::{EndpointReport, Report};
use pgtls::trust::{self, Choice, Trust};

use super::clients::{Own, Stores};
use super::{demands, output};
use crate::cli::{Check, Hosts};
use crate::machine::{Machine, bytes_of};

pub(crate) fn run(args: &Check) -> anyhow::Result<Exit> {
    let (endpoints, exit) = check(args, &Machine)?;
    if exit == Exit::Interrupted {
        // Where standard error is closed, the exit code says so alone.
        let _ = writeln!(
            std::io::stderr(),
            "pgtls: interrupted: not everything was checked"
        );
    }
    output::print(&Report::new(endpoints, exit), exit, args.output)
}

/// The reports of all endpoints, and the exit code that they come to together.
pub(super) fn check(
    args: &Check,
    world: &dyn World,
) -> anyhow::Result<(Vec<EndpointReport>, Exit)> {
    let mut policy = demands::policy(&args.demands);
    policy.min_tls = args.min_tls;
    if let Some(file) = &args.expect_cert {
        policy.expected = Some(Box::new(demands::certificate(file)?));
    }
    let mut run = Run {
        args,
        world,
        policy,
        now: demands::moment(&args.demands)?,
        presented: Vec::new(),
        reports: Vec::new(),
        stores: args.clients.then(Stores::new).transpose()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let only_environment = [OsString::new()];
    let strings: &[OsString] = if args.conninfo.is_empty() {
        &only_environment
    } else {
        &args.conninfo
    };
    let checked = runtime.block_on(async {
        tokio::select! {
            biased;
            () = interruption() => Ok(Exit::Interrupted),
            exit = run.check_strings(strings) => exit,
        }
    });
    // A resolver or a file that hangs must not keep the process.
    runtime.shutdown_background();
    let exit = checked?;
    if let Some(file) = &args.save_chain {
        save_chain(file, &run.presented)?;
    }
    Ok((run.reports, exit))
}

/// Comes with Ctrl-C.
async fn interruption() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Nobody catches the signal then, and it ends the process by itself.
        std::future::pending::<()>().await;
    }
}

fn save_chain(file: &Path, presented: &[Arc<[u8]>]) -> anyhow::Result<()> {
    let blocks: Vec<Pem> = presented
        .iter()
        .map(|der| Pem::new("CERTIFICATE", der.to_vec()))
        .collect();
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    std::fs::write(file, pem::encode_many_config(&blocks, config))
        .with_context(|| format!("could not write the presented chain to {}", file.display()))
}

/// What stays the same from endpoint to endpoint, and what is gathered on the way.
struct Run<'a> {
    args: &'a Check,
    world: &'a dyn World,
    policy: Policy,
    now: i64,
    presented: Vec<Arc<[u8]>>,
    /// What is known so far.
    reports: Vec<EndpointReport>,
    /// Of the client libraries, if they are asked about.
    stores: Option<Stores>,
}

impl Run<'_> {
    async fn check_strings(&mut self, strings: &[OsString]) -> anyhow::Result<Exit> {
        let mut exits = Vec::new();
        for string in strings {
            exits.push(self.check_string(string).await?);
        }
        Ok(Exit::of_all(exits))
    }

    async fn check_string(&mut self, string: &OsStr) -> anyhow::Result<Exit> {
        let conninfo = match ConnInfo::read(&bytes_of(string), self.world) {
            Ok(conninfo) => Arc::new(conninfo),
            Err(error) => {
                let diagnosis = conninfo_error(&error);
                self.reports.push(EndpointReport::unread(&diagnosis));
                return Ok(diagnosis.exit);
            }
        };
        let trust = gather(&conninfo, self.args.trust.as_ref()).await?;
        // What the string says counts for the others, whatever --trust says.
        let without_option = match (&self.stores, &self.args.trust) {
            (Some(_), Some(_)) => Some(gather(&conninfo, None).await?),
            _ => None,
        };
        let own = without_option.as_ref().unwrap_or(&trust);
        let own = own.as_ref();
        let mut exits = Vec::new();
        for endpoint in &conninfo.endpoints {
            let checked = match &trust {
                Ok(trust) => self.check_endpoint(&conninfo, endpoint, trust, own).await,
                Err(error) => {
                    let diagnosis = trust_error(&conninfo, error);
                    self.without_connecting(&conninfo, endpoint, own, &diagnosis)
                        .await
                }
            };
            self.reports.push(checked.report);
            // libpq goes on to the next host only after a failed connect.
            if self.args.hosts == Hosts::Any && checked.went == Went::Connected {
                return Ok(checked.exit);
            }
            exits.push(checked.exit);
        }
        Ok(Exit::of_all(exits))
    }

    async fn check_endpoint(
        &mut self,
        conninfo: &Arc<ConnInfo>,
        endpoint: &Endpoint,
        trust: &Arc<Trust>,
        own: Own<'_>,
    ) -> Checked {
        if let Some(diagnosis) = unchecked(conninfo, endpoint, trust) {
            return self
                .without_connecting(conninfo, endpoint, own, &diagnosis)
                .await;
        }
        let task = self.task(conninfo, endpoint, Arc::clone(trust));
        let observation = probe(&task).await;
        let diagnosis = diagnose(&task, &observation, &self.policy);
        let presented = observation
            .judgement()
            .map(|judgement| &judgement.certificates);
        let presented = presented.into_iter().flatten();
        self.presented
            .extend(presented.map(|certificate| Arc::clone(&certificate.der)));
        let report = EndpointReport::checked(&task, &observation, &diagnosis);
        let verdicts = self
            .stores_for(endpoint)
            .map(|stores| stores.verdicts(&task, own, &observation, &diagnosis));
        Checked {
            report: report.with_clients(verdicts.as_deref()),
            exit: diagnosis.exit,
            went: match observation.address {
                Some(_) => Went::Connected,
                None => Went::Nowhere,
            },
        }
    }

    async fn without_connecting(
        &self,
        conninfo: &Arc<ConnInfo>,
        endpoint: &Endpoint,
        own: Own<'_>,
        diagnosis: &Diagnosis,
    ) -> Checked {
        let report = EndpointReport::unchecked(conninfo, endpoint, diagnosis);
        let verdicts = match self.stores_for(endpoint) {
            Some(stores) => {
                let task = self.task(conninfo, endpoint, stores.stand_in());
                stores.verdicts_unchecked(task, own).await
            }
            None => None,
        };
        Checked {
            report: report.with_clients(verdicts.as_deref()),
            exit: diagnosis.exit,
            went: Went::Nowhere,
        }
    }

    /// On a Unix-domain socket nobody speaks TLS, so that there is nothing to say of anybody.
    fn stores_for(&self, endpoint: &Endpoint) -> Option<&Stores> {
        let stores = self.stores.as_ref();
        stores.filter(|_| endpoint.route() != Route::Socket)
    }

    fn task(&self, conninfo: &Arc<ConnInfo>, endpoint: &Endpoint, trust: Arc<Trust>) -> Task {
        Task {
            conninfo: Arc::clone(conninfo),
            endpoint: endpoint.clone(),
            trust,
            now: self.now,
            timeout: timeout(self.args, conninfo),
        }
    }
}

/// Reads the files that the string names, on a thread of its own: a pipe may keep it waiting, and
/// Ctrl-C shall not wait along.
async fn gather(
    conninfo: &Arc<ConnInfo>,
    choice: Option<&Choice>,
) -> anyhow::Result<Result<Arc<Trust>, trust::Error>> {
    let (conninfo, choice) = (Arc::clone(conninfo), choice.cloned());
    tokio::task::spawn_blocking(move || Trust::gather(&conninfo, choice.as_ref()).map(Arc::new))
        .await
        .context("could not read the files that the connection string names")
}

/// What came of one endpoint.
struct Checked {
    report: EndpointReport,
    exit: Exit,
    went: Went,
}

/// Did TCP connect?
#[derive(PartialEq, Eq)]
enum Went {
    Connected,
    Nowhere,
}

fn timeout(args: &Check, conninfo: &ConnInfo) -> Duration {
    let configured = conninfo
        .connect_timeout
        .as_ref()
        .map(|setting| setting.value);
    args.timeout.or(configured).unwrap_or(DEFAULT_TIMEOUT)
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
