//! Turns an observation into findings: what is wrong, how we know, what to do. Pure.
//!
//! Advice is only here. The diagnosis depends on evidence (types, certificates, bytes), never on
//! the text of an error message.

#![deny(clippy::wildcard_enum_match_arm)]

mod calendar;
mod cause;
mod code;
mod explain;
mod finding;
mod fix;
mod hint;
mod lifetime;
mod notices;
mod symptom;

use std::net::IpAddr;
use std::path::Path;

use crate::conninfo::{ConnInfo, Host, Keyword};
use crate::demands::{Demands, Strictness, Unmet, Verification, proves_nothing, unmet};
use crate::exit::Exit;
use crate::handshake::Tls;
use crate::probe::{LibpqOffer, Moment, Observation, Session, Stop, Task};
use crate::trust::{self, Trust};
use crate::verify::{Judgement, Rules, Unsatisfied};

use explain::{
    chain, client_certificate, connect, demands, name, negotiation_fallback, openssl_conf, request,
    second_look, versions, wire,
};

pub use code::Code;
pub use explain::archive::{archive_error, archive_note};
pub use explain::audit::add_audit;
pub use explain::audit::profile::add_profiles;
pub use explain::certificate_request::{diagnose_request, left_to_the_ca, request_file_error};
pub use explain::clients::{ClientDiagnosis, diagnose_clients};
pub use explain::conninfo::{conninfo_error, refusal};
pub use explain::corrected;
pub use explain::files::{server_files_error, trust_error, trust_error_offline};
pub use explain::hosts_file::{
    hosts_file_empty, hosts_file_error, hosts_file_unreadable, key_not_checked, never_sent,
    no_hosts_line,
};
pub use explain::interrupted::{NoResult, no_result, not_finished};
pub use explain::login::{OtherHosts, diagnose_login};
pub use explain::plaintext::add_plaintext;
pub use explain::request::unchecked;
pub use explain::rotation::{Rehearsal, Rotation, rehearse, rehearse_for};
pub use finding::{Finding, Level, Stage};
pub use fix::{Contents, Fix, FixKind, Made, Program, Standing, Trial};
pub use hint::{Advice, Hint, Settled};
pub use notices::{client_of, login_not_checked, random_order};
pub use symptom::Symptom;

/// All findings about one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The exit code.
    pub exit: Exit,
    /// Why it failed; `None` if and only if `exit` is [`Exit::Passed`].
    pub error: Option<Finding>,
    /// All other findings, most useful first.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    fn passed() -> Self {
        Self {
            exit: Exit::Passed,
            error: None,
            findings: Vec::new(),
        }
    }

    /// The exit code is that of the finding's code.
    fn failed(error: Finding) -> Self {
        Self {
            exit: error.code.exit(error.stage),
            error: Some(error),
            findings: Vec::new(),
        }
    }

    /// The same where `--trust` names the roots: psql does not know the option, so each string that changes names the file.
    #[must_use]
    pub fn with_roots(mut self, conninfo: &ConnInfo, file: &Path) -> Self {
        let roots = (Keyword::SslRootCert, file.as_os_str().as_encoded_bytes());
        for finding in self.error.iter_mut().chain(&mut self.findings) {
            let hint = std::mem::take(&mut finding.hint);
            finding.hint = hint.settled(|fix| {
                Settled::Kept(match (fix.kind, &fix.trial) {
                    (FixKind::String, Some(trial)) => Fix {
                        standing: fix.standing,
                        ..with_roots(conninfo, trial, roots)
                    },
                    (FixKind::String, None)
                    | (FixKind::File | FixKind::ServerSetting | FixKind::Command, _) => fix,
                })
            });
        }
        self
    }

    /// Turns a pass into a failure with this finding. What fails already gets one more finding.
    fn fail_or_add(&mut self, finding: Finding) {
        self.fail_or_add_with(finding.code.exit(finding.stage), finding);
    }

    /// The same, with the exit code of another fault.
    fn fail_or_add_with(&mut self, exit: Exit, finding: Finding) {
        if self.exit == Exit::Passed {
            self.exit = exit;
            self.error = Some(finding);
        } else {
            self.findings.push(finding);
        }
    }

    /// The error, if there is one, then all other findings.
    pub fn all(&self) -> impl Iterator<Item = &Finding> {
        self.error.iter().chain(&self.findings)
    }

    /// Every change that was judged and helps, each once.
    pub fn proven(&self) -> impl Iterator<Item = &Fix> {
        let fixes: Vec<&Fix> = self
            .all()
            .flat_map(|finding| finding.hint.fixes())
            .filter(|fix| fix.standing == Standing::Proven)
            .collect();
        let mut seen: Vec<&Fix> = Vec::new();
        for fix in fixes {
            if !seen
                .iter()
                .any(|other| other.kind == fix.kind && other.after == fix.after)
            {
                seen.push(fix);
            }
        }
        seen.into_iter()
    }

    /// Adds a finding, which counts like any other under `--strict`.
    #[must_use]
    pub fn with(mut self, finding: Finding, strictness: Strictness) -> Self {
        self.findings.push(finding);
        apply_strictness(&mut self, strictness);
        self
    }
}

/// The context of a judgement.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The connection string; `None` if files are judged.
    pub conninfo: Option<&'a ConnInfo>,
    /// What we trust.
    pub trust: &'a Trust,
    /// What must be verified.
    pub level: trust::Level,
    /// The time and the rules.
    pub rules: &'a Rules,
    /// Whether that time is the present.
    pub moment: Moment,
    /// The name to verify, as written.
    pub host: Option<&'a [u8]>,
    /// The address of the connection.
    pub address: Option<IpAddr>,
}

impl<'a> Context<'a> {
    /// The context of a task; the address is known after a server has answered.
    fn of(task: &'a Task, rules: &'a Rules) -> Self {
        Self {
            conninfo: Some(&task.conninfo),
            trust: &task.trust,
            level: task.trust.level,
            rules,
            moment: task.moment,
            host: task.endpoint.host.as_ref().map(Host::as_bytes),
            address: None,
        }
    }
}

/// Says what happened at an endpoint, and why.
pub fn diagnose(task: &Task, observation: &Observation, demands: &Demands) -> Diagnosis {
    diagnose_as(task, observation, demands, Aim::Check)
}

/// What a diagnosis is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// Would a client with this string connect?
    Check,
    /// What does the server accept? That needs no client certificate.
    Audit,
}

/// The same for another purpose.
pub fn diagnose_as(
    task: &Task,
    observation: &Observation,
    demands: &Demands,
    aim: Aim,
) -> Diagnosis {
    let rules = task.rules();
    let context = Context {
        address: observation.address.map(|address| address.ip()),
        ..Context::of(task, &rules)
    };
    let mut diagnosis = verdict(
        task,
        &context,
        &observation.outcome,
        observation.libpq_offer,
    );
    if let Some(fallback) = &observation.negotiation_fallback {
        negotiation_fallback::advise(&mut diagnosis, task, &context, (fallback, aim));
    }
    if aim == Aim::Audit {
        diagnosis = client_certificate::excused(diagnosis, &observation.outcome);
    }
    let refused = observation
        .shown()
        .find_map(|(judgement, _)| openssl_conf::refused_by_level(task, judgement));
    if let (Exit::Passed, Some(refused)) = (diagnosis.exit, refused) {
        diagnosis = Diagnosis {
            findings: diagnosis.findings,
            ..Diagnosis::failed(refused)
        };
    }
    if diagnosis.exit == Exit::Passed {
        let mut shown = observation.shown();
        while let (Exit::Passed, Some((judgement, tls))) = (diagnosis.exit, shown.next()) {
            let demands = demands.of_one_shown(observation, judgement);
            demand(&mut diagnosis, &context, judgement, Some(tls), &demands);
        }
        if let Ok(session) = &observation.outcome {
            let of_session = notices::of_session(task, session);
            diagnosis.findings.extend(of_session);
            diagnosis.findings.extend(notices::of_client(task, session));
        }
    }
    let large_hello = observation.large_hello.as_ref();
    let lost = large_hello.and_then(notices::large_hello);
    diagnosis.findings.extend(lost);
    if let Some(newer) = &observation.newer {
        let older = observation.judgement();
        let found = older.and_then(|older| versions::another_for_newer(older, &newer.judgement));
        diagnosis.findings.extend(found);
    }
    diagnosis.findings.extend(notices::of_settings(task));
    if !diagnosis
        .all()
        .any(|finding| finding.code == Code::OpensslConf)
    {
        let notice = openssl_conf::notice(task, observation);
        diagnosis.findings.extend(notice);
    }
    if let Some(judgement) = observation.judgement() {
        diagnosis
            .findings
            .extend(notices::of_trust(task, judgement));
        diagnosis
            .findings
            .extend(notices::of_chain(&context, judgement));
    }
    drop_repeated_end(&mut diagnosis);
    if let Some(error) = &diagnosis.error
        && error.code == Code::NotAuthenticated
    {
        // Its notice says the same.
        diagnosis
            .findings
            .retain(|finding| finding.code != Code::NotAuthenticated);
    }
    diagnosis.findings.sort_by_key(|finding| finding.level);
    apply_strictness(&mut diagnosis, demands.strictness);
    diagnosis
}

/// The string of a fix, with these roots in place of any others.
fn with_roots(conninfo: &ConnInfo, trial: &Trial, roots: (Keyword, &[u8])) -> Fix {
    let mut changes = trial.settings();
    changes.retain(|(keyword, _)| *keyword != roots.0);
    changes.push(roots);
    let fix = corrected(conninfo, &changes);
    let made = trial.made.iter().cloned();
    made.fold(fix, |fix, made| fix.making(made.path, made.contents))
}

/// Says what would happen to a server that presents this chain under this name.
pub fn diagnose_offline(
    context: &Context<'_>,
    judgement: &Judgement,
    demands: &Demands,
) -> Diagnosis {
    let mut diagnosis = match judgement.satisfies(context.level) {
        Ok(()) => Diagnosis::passed(),
        Err(reason) => unsatisfied(context, judgement, &reason),
    };
    if diagnosis.exit == Exit::Passed {
        demand(&mut diagnosis, context, judgement, None, demands);
    }
    diagnosis
        .findings
        .extend(notices::of_chain(context, judgement));
    drop_repeated_end(&mut diagnosis);
    apply_strictness(&mut diagnosis, demands.strictness);
    diagnosis
}

/// A demand that the end of a certificate does not meet says all that the notice about it would say.
fn drop_repeated_end(diagnosis: &mut Diagnosis) {
    // The subject, in quotation marks.
    let named = |finding: &Finding| {
        let (_, rest) = finding.message.split_once('"')?;
        rest.rsplit_once('"').map(|(name, _)| name.to_owned())
    };
    let Some(name) = diagnosis
        .error
        .as_ref()
        .filter(|error| error.code == Code::ExpiresSoon)
        .and_then(named)
    else {
        return;
    };
    diagnosis.findings.retain(|finding| {
        finding.code != Code::ExpiresSoon || named(finding).as_ref() != Some(&name)
    });
}

fn verdict(
    task: &Task,
    context: &Context<'_>,
    outcome: &Result<Session, Stop>,
    libpq_offer: LibpqOffer,
) -> Diagnosis {
    match outcome {
        Ok(session) => match session.judgement.satisfies(task.trust.level) {
            Err(reason) => unsatisfied(context, &session.judgement, &reason),
            Ok(()) => client_certificate::after_handshake(task, session)
                .or_else(|| client_certificate::at_chosen_time(task, session))
                .unwrap_or_else(Diagnosis::passed),
        },
        Err(Stop::Connect(error)) => connect::connect(task, error),
        Err(Stop::Negotiate(error)) => wire::negotiate(task, error),
        Err(Stop::Handshake {
            error,
            tls,
            judgement,
            progress,
        }) => {
            let refused = judgement.as_ref().and_then(|judgement| {
                let reason = judgement.satisfies(task.trust.level).err()?;
                Some(unsatisfied(context, judgement, &reason))
            });
            refused.unwrap_or_else(|| wire::handshake(task, error, (tls, *progress), libpq_offer))
        }
        // The certificates were approved before, if there were any.
        Err(Stop::SecondLook { fault, tls, .. }) => second_look::explain(task, fault, tls),
    }
}

fn unsatisfied(
    context: &Context<'_>,
    judgement: &Judgement,
    reason: &Unsatisfied<'_>,
) -> Diagnosis {
    match reason {
        Unsatisfied::Unparsable { position, error } => {
            let message = format!(
                "certificate {position} of the chain (0 is the server's own) cannot be parsed: {error}"
            );
            let finding = Finding::error(Code::MalformedCertificate, Stage::Verify, message)
                .hint("Reissue that certificate, or remove it from the server's ssl_cert_file.");
            Diagnosis::failed(finding)
        }
        Unsatisfied::Chain(fault) => {
            let first = chain::explain(context, judgement, fault);
            let mut findings = other_faults(context, judgement, first.code);
            findings.extend(notices::versions_differ(judgement));
            Diagnosis {
                findings,
                ..Diagnosis::failed(first)
            }
        }
        Unsatisfied::Name(fault) => Diagnosis::failed(name::wrong_name(context, judgement, fault)),
        Unsatisfied::NoHost => Diagnosis::failed(request::no_host_name()),
        Unsatisfied::NotForTls(leaf) => Diagnosis::failed(chain::not_for_tls(leaf).hint(
            "Make a new key of at least RSA 2048 or ECDSA P-256, and get a certificate for it.",
        )),
        Unsatisfied::NewerOpenSslOnly(what) => {
            Diagnosis::failed(versions::refused_by_older(context, judgement, *what))
        }
        Unsatisfied::NewerLibpqOnly(fault) => {
            Diagnosis::failed(versions::refused_by_older_libpq(context, judgement, fault))
        }
    }
}

/// What would fail next if the first fault were fixed: one finding per code, in libpq's order.
fn other_faults(context: &Context<'_>, judgement: &Judgement, first: Code) -> Vec<Finding> {
    let mut seen = vec![first];
    let chain = judgement.path.faults.iter().skip(1);
    let mut found: Vec<Finding> = chain
        .map(|fault| chain::explain(context, judgement, fault))
        .collect();
    if let (trust::Level::ChainAndName, Some(Err(fault))) = (context.level, &judgement.name) {
        found.push(name::wrong_name(context, judgement, fault));
    }
    found.retain(|finding| {
        let new = !seen.contains(&finding.code);
        seen.push(finding.code);
        new
    });
    found
}

/// Turns a pass into exit code 1 if a demand is not met.
fn demand(
    diagnosis: &mut Diagnosis,
    context: &Context<'_>,
    judgement: &Judgement,
    tls: Option<&Tls>,
    demands: &Demands,
) {
    let mut unmet = unmet(demands, judgement, tls, context.trust, context.rules);
    if let (Verification::Required, Some(_), Some(conninfo)) =
        (demands.verification, tls, context.conninfo)
        && proves_nothing(conninfo.sslmode.value, context.level)
    {
        unmet.insert(0, Unmet::Unverified);
    }
    let mut findings = unmet
        .iter()
        .map(|unmet| demands::explain(context, judgement, demands, unmet, tls));
    if let Some(first) = findings.next() {
        diagnosis.exit = first.code.exit(first.stage);
        diagnosis.error = Some(first);
        diagnosis.findings.extend(findings);
    }
}

/// Under `--strict` the first warning turns a pass into a failure.
fn apply_strictness(diagnosis: &mut Diagnosis, strictness: Strictness) {
    let warning = diagnosis
        .findings
        .iter()
        .position(|finding| finding.level == Level::Warning);
    if let (Strictness::Strict, Exit::Passed, Some(position)) =
        (strictness, diagnosis.exit, warning)
    {
        let warning = diagnosis.findings.remove(position);
        diagnosis.exit = Exit::Unmet;
        diagnosis.error = Some(Finding {
            level: Level::Error,
            ..warning
        });
    }
}
