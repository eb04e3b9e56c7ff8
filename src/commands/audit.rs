//! `pgtls audit`: what every endpoint accepts, one connection at a time.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use pgtls::audit::{Limits, audit};
use pgtls::check::{
    Advisor, CheckRequest, Observed, Patience, Source, Subject, each_address, gather,
};
use pgtls::connect;
use pgtls::conninfo::{ConnInfo, Endpoint, Route, Secret, World, shown_path};
use pgtls::diagnose::{
    Aim, Diagnosis, add_audit, add_profiles, diagnose_as, not_finished, refusal, trust_error,
    unchecked,
};
use pgtls::dialect::{ReadAs, View, understand};
use pgtls::exit::Exit;
use pgtls::handshake::{Alpn, ServerKeys};
use pgtls::probe::{Moment, Observation, Task, probe};
use pgtls::profile::{BUILTIN, Made, Profile, builtin_text, judge};
use pgtls::report::{EndpointReport, Report, day, instant};
use pgtls::trust::{Mebibytes, SharedTrust, Trust, TrustRequest};

use super::demands::now;
use super::progress::Live;
use super::sources::{self, Listed};
use super::{complain, file, output, run};
use crate::cli::Audit;
use crate::config::Keys;
use crate::machine::Machine;

pub(crate) fn run(args: &Audit) -> anyhow::Result<ExitCode> {
    let world = Machine;
    let began = now();
    let given = sources::Given {
        arguments: &args.conninfo,
        origin: &args.origin,
        from: None,
        config: args.config.as_deref(),
        unnamed: sources::Unnamed::MayBeConfigured,
    };
    let sources = sources::gather(given, &world)?;
    let advised = CheckRequest {
        at: args.demands.instant()?,
        ..CheckRequest::new(began, NonZeroUsize::MIN)
    };
    let run = AuditRun {
        args,
        options: Keys {
            trust: args.trust.clone(),
            ..args.demands.keys()
        },
        now: args.demands.instant()?.unwrap_or_else(now),
        profiles: args
            .profile
            .iter()
            .map(|name| profile(name))
            .collect::<anyhow::Result<_>>()?,
        made: RefCell::default(),
        advisor: Advisor::new(&advised, &world, Aim::Audit),
    };
    let mut live = Live::new(&args.output);
    let progress = live.progress();
    let mut plans: Vec<Plan<'_>> = sources
        .iter()
        .map(|source| Plan::of(source, &world))
        .collect();
    let end = run::block_on(progress.beside(async {
        tokio::select! {
            biased;
            () = run::ctrl_c() => Ok(End::Interrupted),
            done = run.audit_all(&mut plans, &mut live) => done.map(|()| End::Complete),
        }
    }))?;
    if let Ok(End::Interrupted) = end {
        for plan in &mut plans {
            plan.give_up(&mut live);
        }
    }
    let printed = live.finish();
    let end = end?;
    let printed = printed?;
    let results: Vec<Audited> = plans.into_iter().flat_map(|plan| plan.done).collect();
    let exit = if end == End::Interrupted || results.is_empty() {
        complain("interrupted: not everything was audited");
        Exit::Interrupted
    } else {
        Exit::of_all(results.iter().map(|audited| audited.exit))
    };
    let endpoints = results.into_iter().map(|audited| audited.report).collect();
    let report = Report::new(endpoints, exit, began);
    let code = output::print(&report, exit, &args.output, printed)?;
    if let Some(file) = &args.make_profile {
        if exit == Exit::Interrupted {
            complain("--make-profile: nothing is written, because not everything was audited");
        } else {
            let failure = write_profile(file, &run.made.borrow()).err();
            output::settle(failure, exit)?;
        }
    }
    Ok(code)
}

/// What all endpoints of a run share.
struct AuditRun<'a> {
    args: &'a Audit,
    options: Keys,
    /// The time of the judgement, in seconds since 1970.
    now: i64,
    /// What every endpoint is compared with.
    profiles: Vec<Profile>,
    /// What the endpoints do, for `--make-profile`.
    made: RefCell<Made>,
    /// Judges what is advised.
    advisor: Advisor<'a>,
}

/// A profile that is built in, or from a file.
fn profile(name: &Path) -> anyhow::Result<Profile> {
    let text = match name.to_str().and_then(builtin_text) {
        Some(text) => text.to_owned(),
        None => {
            let bytes = sources::read(name, MAX_PROFILE).with_context(|| {
                let known = BUILTIN.join(", ");
                format!(
                    "--profile: neither the name of a profile ({known}) nor a file that can be read"
                )
            })?;
            String::from_utf8(bytes)
                .map_err(|_| anyhow!("--profile {}: it is not UTF-8", shown_path(name)))?
        }
    };
    Profile::read(&text).with_context(|| format!("--profile {}", shown_path(name)))
}

/// A profile has a few rules.
const MAX_PROFILE: Mebibytes = Mebibytes(1);

fn write_profile(path: &Path, made: &Made) -> anyhow::Result<()> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let text = made
        .text(&name, day(&instant(Some(now()))))
        .context("--make-profile: no server spoke TLS, so there is nothing to write")?;
    file::replace(path, text.as_bytes())
        .with_context(|| format!("--make-profile {}", shown_path(path)))
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Complete,
    Interrupted,
}

/// An endpoint, audited.
struct Audited {
    report: EndpointReport,
    exit: Exit,
}

/// What is to be audited, and what is known of it so far.
struct Plan<'a> {
    source: &'a Listed,
    understood: Result<Readable, Unreadable>,
    /// Those without a result, the next one last.
    left: Vec<Endpoint>,
    done: Vec<Audited>,
}

/// A string that can be read.
#[derive(Clone)]
struct Readable {
    conninfo: Arc<ConnInfo>,
    read_as: ReadAs,
    /// The string in libpq's words.
    words: Secret,
    /// What its driver sees of the machine.
    view: View,
}

/// What all endpoints of a string share.
struct Case {
    source: Source,
    keys: Keys,
    readable: Readable,
}

impl Case {
    /// The advice in the words of the string's driver.
    fn in_its_words(&self, diagnosis: Diagnosis) -> Diagnosis {
        let Readable {
            conninfo, read_as, ..
        } = &self.readable;
        diagnosis.of_dialect(read_as, conninfo, &self.keys.demands(), None)
    }
}

/// A string that cannot be read.
struct Unreadable {
    diagnosis: Diagnosis,
    /// Whether libpq refuses it, and not the reader of another dialect.
    is_libpqs: bool,
}

impl<'a> Plan<'a> {
    fn of(source: &'a Listed, world: &dyn World) -> Self {
        let understood = understand(source.input(), source.dialect, world);
        let understood = understood
            .map(|understood| Readable {
                conninfo: Arc::new(understood.conninfo),
                read_as: understood.read_as,
                words: understood.words,
                view: understood.view,
            })
            .map_err(|error| Unreadable {
                diagnosis: refusal(&error),
                is_libpqs: error.is_libpqs(),
            });
        let mut plan = Self {
            source,
            understood,
            left: Vec::new(),
            done: Vec::new(),
        };
        if let Ok(readable) = &plan.understood {
            plan.left.clone_from(&readable.conninfo.endpoints);
            plan.left.reverse();
        }
        plan
    }

    fn add(&mut self, audited: Audited, live: &mut Live) {
        let dialect = self.understood.as_ref().ok();
        let report = audited
            .report
            .labelled(&self.source.label)
            .in_dialect(dialect.map(|readable| readable.read_as.dialect));
        live.reported(&report);
        self.done.push(Audited { report, ..audited });
    }

    /// What has no result is not finished.
    fn give_up(&mut self, live: &mut Live) {
        let diagnosis = not_finished(None);
        let exit = diagnosis.exit;
        match &self.understood {
            Err(_) if self.done.is_empty() => {
                let report = EndpointReport::unread(&diagnosis);
                self.add(Audited { report, exit }, live);
            }
            Err(_) => {}
            Ok(readable) => {
                let conninfo = Arc::clone(&readable.conninfo);
                while let Some(endpoint) = self.left.pop() {
                    let report = EndpointReport::unchecked(&conninfo, &endpoint, &diagnosis);
                    self.add(Audited { report, exit }, live);
                }
            }
        }
    }
}

impl AuditRun<'_> {
    /// Audits one endpoint after another. The plans always have what is known so far.
    async fn audit_all(&self, plans: &mut [Plan<'_>], live: &mut Live) -> anyhow::Result<()> {
        let trusts = SharedTrust::default();
        let progress = live.progress();
        progress.expect(plans.len());
        for (place, plan) in plans.iter_mut().enumerate() {
            progress.begun(place);
            self.audit_string(plan, &trusts, live, |name| progress.call(place, name))
                .await?;
            progress.ended(place);
        }
        Ok(())
    }

    async fn audit_string(
        &self,
        plan: &mut Plan<'_>,
        trusts: &SharedTrust,
        live: &mut Live,
        call: impl Fn(String),
    ) -> anyhow::Result<()> {
        let keys = self.options.over(&plan.source.keys);
        let chosen = self.options.roots_over(&plan.source.keys);
        let source = Source {
            clients: false,
            ..plan.source.source(&keys, chosen.clone())
        };
        let readable = match &plan.understood {
            Ok(readable) => readable.clone(),
            Err(unreadable) => {
                let mut diagnosis = unreadable.diagnosis.clone();
                if unreadable.is_libpqs {
                    let found = (Subject::Unread, diagnosis);
                    let limit = self.args.timeout;
                    diagnosis = self.advisor.judged(&source, None, found, limit).await;
                }
                let report = EndpointReport::unread(&diagnosis);
                let exit = diagnosis.exit;
                plan.add(Audited { report, exit }, live);
                return Ok(());
            }
        };
        let case = Case {
            source: Source {
                oldest: keys.oldest().with_stack(readable.read_as.stack),
                ..source
            },
            keys,
            readable,
        };
        let conninfo = Arc::clone(&case.readable.conninfo);
        let request = TrustRequest::new(&conninfo, chosen.as_ref());
        let trust = gather(trusts, request).await?;
        while let Some(endpoint) = plan.left.last().cloned() {
            let mut fault = None;
            if self.args.all_addresses && matches!(endpoint.route(), Route::Name(_)) {
                match each_address(&endpoint, self.timeout(&conninfo)).await {
                    Ok(addresses) => {
                        plan.left.pop();
                        plan.left.extend(addresses.into_iter().rev());
                        continue;
                    }
                    Err(error) => fault = Some(error),
                }
            }
            let name = plan.source.label.name.clone();
            call(name.unwrap_or_else(|| endpoint.to_string()));
            let audited = match &trust {
                Ok(trust) => self.audit_endpoint(&case, &endpoint, trust, fault).await,
                Err(error) => {
                    let found = trust_error(&conninfo, error);
                    self.not_audited(&case, &endpoint, found).await
                }
            };
            plan.left.pop();
            plan.add(audited, live);
        }
        Ok(())
    }

    /// An endpoint that there is no reason, or no way, to connect to.
    async fn not_audited(&self, case: &Case, endpoint: &Endpoint, found: Diagnosis) -> Audited {
        let conninfo = &case.readable.conninfo;
        let subject = Subject::Unchecked {
            conninfo: Arc::clone(conninfo),
            endpoint: endpoint.clone(),
        };
        let diagnosis = self.judged(case, subject, found).await;
        let diagnosis = case.in_its_words(diagnosis);
        let report = EndpointReport::unchecked(conninfo, endpoint, &diagnosis);
        let exit = diagnosis.exit;
        Audited { report, exit }
    }

    /// The diagnosis with only the advice that helps.
    async fn judged(&self, case: &Case, subject: Subject, diagnosis: Diagnosis) -> Diagnosis {
        let readable = &case.readable;
        let words = Some((&readable.words, &readable.view));
        let limit = Some(self.timeout(&readable.conninfo));
        let found = (subject, diagnosis);
        self.advisor.judged(&case.source, words, found, limit).await
    }

    async fn audit_endpoint(
        &self,
        case: &Case,
        endpoint: &Endpoint,
        trust: &Arc<Trust>,
        fault: Option<connect::Error>,
    ) -> Audited {
        let keys = &case.keys;
        let conninfo = &case.readable.conninfo;
        let oldest = case.source.oldest;
        if let Some(found) = unchecked(conninfo, endpoint, trust, oldest) {
            return self.not_audited(case, endpoint, found).await;
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
            oldest,
            keys: ServerKeys::Any,
            alpn: Alpn::Named,
        };
        let demands = keys.demands();
        let observation = Arc::new(match fault {
            Some(fault) => Observation::unreached(fault),
            None => probe(&task).await,
        });
        let diagnosis = diagnose_as(&task, &observation, &demands, Aim::Audit);
        let subject = Subject::Observed(Box::new(Observed {
            task: task.clone(),
            observation: Arc::clone(&observation),
            rotation: None,
            login: None,
        }));
        let diagnosis = self.judged(case, subject, diagnosis).await;
        let mut diagnosis = case.in_its_words(diagnosis);
        let limits = Limits {
            jobs: self.args.jobs,
            patience: task.timeout,
            total: self.args.deadline,
        };
        let found = audit(&task, &observation, &limits).await;
        if let Some(found) = &found {
            let rules = keys.audit_rules();
            add_audit(
                &mut diagnosis,
                (&task, &observation),
                found,
                &rules,
                demands.strictness,
            );
            self.made.borrow_mut().add(found);
        }
        let judged: Vec<_> = found
            .iter()
            .flat_map(|found| {
                let profiles = self.profiles.iter();
                profiles.map(|profile| judge(profile, found, task.trust.level))
            })
            .collect();
        add_profiles(&mut diagnosis, &judged, demands.strictness);
        let report = EndpointReport::checked(&task, &observation, &diagnosis);
        let report = report.with_audit(&task, &observation, found.as_ref(), &judged);
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
