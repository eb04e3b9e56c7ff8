//! `pgtls verify`: the verdict on a server's files before they are installed.

mod beside;
mod hosts;
mod inputs;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use pgtls::check::{Label, NewRoots, judged_files};
use pgtls::conninfo::{SystemRoots, host_and_port, shown_path};
use pgtls::demands::Demands;
use pgtls::diagnose::{
    Context, Diagnosis, Finding, archive_error, archive_note, diagnose_offline, diagnose_request,
    rehearse_for, request_file_error, server_files_error, trust_error_offline,
};
use pgtls::escape::escape;
use pgtls::exit::Exit;
use pgtls::os::bytes_of;
use pgtls::probe::Moment;
use pgtls::report::{EndpointReport, Report};
use pgtls::secrecy::Taken;
use pgtls::trust::server_archive::{Archived, open_archive};
use pgtls::trust::server_files::{CertificateFile, check_key};
use pgtls::trust::{Choice, Error, IdentityError, Level, Supposed, Trust};
use pgtls::verify::{Oldest, Purpose, Revocation, Rules, judge, judge_request};
use pgtls::x509::{Certificate, CertificateRequest};

use self::hosts::HostsFile;
use self::inputs::{Input, inputs};
use super::demands::now;
use super::output::{self, Printed};
use crate::cli::Verify;
use crate::machine::Machine;

pub(crate) fn run(args: &Verify) -> anyhow::Result<ExitCode> {
    let (endpoints, exit) = verify(args)?;
    output::print(
        &Report::new(endpoints, exit, now()),
        exit,
        &args.output,
        Printed::Nothing,
    )
}

fn verify(args: &Verify) -> anyhow::Result<(Vec<EndpointReport>, Exit)> {
    let choice = args.sslrootcert.as_ref().map(|path| match path.to_str() {
        Some("system") => Choice::System,
        _ => Choice::File(path.clone()),
    });
    let inputs = inputs(args)?;
    let key = args.key.as_deref();
    let password = inputs::password(args, &Machine)?;
    let password = password.as_deref();
    let subjects: Vec<Subject<'_>> = inputs
        .iter()
        .map(|input| Subject::of(input, key, password))
        .collect();
    if let [Subject::Refused(_, diagnosis)] = subjects.as_slice() {
        return Ok(refused(diagnosis));
    }
    let trust = match trust(choice.as_ref(), args.sslcrl.as_deref()) {
        Ok(trust) => trust,
        Err(diagnosis) => return Ok(refused(&diagnosis)),
    };
    let rules = Rules {
        now: args.demands.instant()?.unwrap_or_else(now),
        revocation: trust
            .crls
            .clone()
            .map_or(Revocation::Off, Revocation::WholeChain),
        purpose: Purpose::SslServer,
    };
    let new_roots = args.also_trust.as_deref().map(|file| {
        NewRoots::read(file)
            .with_context(|| format!("could not read the roots of {}", shown_path(file)))
    });
    let judge = Judge {
        new_roots: new_roots.transpose()?,
        trust: &trust,
        rules: &rules,
        moment: match args.demands.at {
            Some(_) => Moment::Chosen,
            None => Moment::Present,
        },
        demands: args.demands.keys().demands(),
        oldest: args.demands.keys().oldest(),
    };
    let hosts: Vec<Vec<u8>> = args.host.iter().map(|host| bytes_of(host)).collect();
    for host in &hosts {
        if let Some((name, _)) = host_and_port(host).filter(|(name, _)| *name != host.as_slice()) {
            bail!("--host takes only the name: --host {}", escape(name));
        }
        // A whole URL may have been pasted.
        if host.iter().any(|byte| b"@/=".contains(byte)) {
            bail!("--host takes only the name of a host. {}", Taken::Astray);
        }
    }
    let naming = match subjects.as_slice() {
        [_, _, ..] => Naming::File,
        [_] | [] => Naming::Host,
    };
    let mut judged: Vec<Judged> = Vec::new();
    for subject in &subjects {
        match subject {
            Subject::Hosts(file) => judged.extend(file.verify(&hosts, &judge)),
            Subject::Refused(file, diagnosis) => {
                let report = named(EndpointReport::unread(diagnosis), file);
                judged.push((report, diagnosis.exit));
            }
            Subject::Chain(file, chain) => judged
                .extend(each_host(&hosts).map(|host| naming.apply(judge.chain(chain, host), file))),
            Subject::Archive(file, archive) => judged.extend(each_host(&hosts).map(|host| {
                let note = archive_note(file, archive);
                let verdict = judge.chain_with(&archive.to_der(), host, &[note]);
                naming.apply(verdict, file)
            })),
            // Always by its name: it must not be taken for a server.
            Subject::Request(file, request) => judged.extend(
                each_host(&hosts)
                    .map(|host| Naming::File.apply(judge.request(request, host), file)),
            ),
        }
    }
    let exits: Vec<Exit> = judged.iter().map(|(_, exit)| *exit).collect();
    let endpoints = judged.into_iter().map(|(endpoint, _)| endpoint);
    Ok((endpoints.collect(), Exit::of_all(exits)))
}

/// The roots and the CRLs.
pub(super) fn trust(choice: Option<&Choice>, crls: Option<&Path>) -> Result<Trust, Diagnosis> {
    let system = SystemRoots::read(&Machine);
    let roots = match choice {
        Some(Choice::File(file)) => Some(file.as_path()),
        Some(Choice::Bundled | Choice::BundledRoot(_) | Choice::Mozilla | Choice::System)
        | None => None,
    };
    let files: Vec<&Path> = roots.into_iter().chain(crls).collect();
    Trust::offline(choice, crls, &system).map_err(|error| {
        judged_files(trust_error_offline(&error), &files, |changed| {
            let choice = choice.map(|choice| match choice {
                Choice::File(file) => Choice::File(changed.path(file).to_owned()),
                Choice::Bundled | Choice::BundledRoot(_) | Choice::Mozilla | Choice::System => {
                    choice.clone()
                }
            });
            let crls = crls.map(|file| changed.path(file));
            let again = Trust::offline_supposing(choice.as_ref(), crls, &system, &changed.supposed);
            again.err().map(|error| trust_error_offline(&error))
        })
    })
}

/// What was read of a file.
enum Subject<'a> {
    Chain(&'a Path, Vec<Vec<u8>>),
    Archive(&'a Path, Box<Archived>),
    Request(&'a Path, &'a CertificateRequest),
    Refused(&'a Path, Diagnosis),
    Hosts(&'a HostsFile),
}

impl<'a> Subject<'a> {
    fn of(input: &'a Input, key: Option<&Path>, password: Option<&[u8]>) -> Self {
        match input {
            Input::Hosts(file) => Self::Hosts(file),
            Input::Certificate(file) => match server_files(file, key) {
                Ok(chain) => Self::Chain(file.path(), chain),
                Err(error) => Self::Refused(file.path(), unusable(file.path(), key, &error)),
            },
            Input::Pair(file, beside) => {
                let other = match file.with_key(beside) {
                    Err(error @ IdentityError::Mismatch { .. }) => Some(error),
                    Ok(_) | Err(_) => None,
                };
                match (other, server_files(file, None)) {
                    (Some(error), _) => {
                        let why = unusable(file.path(), Some(beside), &error.into());
                        Self::Refused(file.path(), why)
                    }
                    (None, Ok(chain)) => Self::Chain(file.path(), chain),
                    (None, Err(error)) => {
                        Self::Refused(file.path(), unusable(file.path(), None, &error))
                    }
                }
            }
            Input::Archive(file, contents) => match open_archive(contents, password) {
                Err(error) => Self::Refused(file, archive_error(file, &error)),
                Ok(archive) => match key.map(|key| belongs(&archive.own, file, key)) {
                    Some(Err(diagnosis)) => Self::Refused(file, diagnosis),
                    Some(Ok(())) | None => Self::Archive(file, Box::new(archive)),
                },
            },
            Input::Request(file, request) => match &**request {
                Err(fault) => Self::Refused(file, request_file_error(file, fault)),
                Ok(request) => match key.map(|key| belongs(&request.copied, file, key)) {
                    Some(Err(diagnosis)) => Self::Refused(file, diagnosis),
                    Some(Ok(())) | None => Self::Request(file, request),
                },
            },
        }
    }
}

/// Does a key file belong to this certificate? What its advice leads to is judged.
fn belongs(own: &Certificate, file: &Path, key: &Path) -> Result<(), Diagnosis> {
    let check = |key: &Path, supposed: &Supposed| {
        let checked = check_key(own, file, key, supposed);
        checked.map_err(|error| server_files_error(&error.into()))
    };
    check(key, Supposed::nothing()).map_err(|diagnosis| {
        judged_files(diagnosis, &[key], |changed| {
            check(changed.path(key), &changed.supposed).err()
        })
    })
}

/// Every host, or none once.
fn each_host(hosts: &[Vec<u8>]) -> impl Iterator<Item = Option<&Vec<u8>>> {
    let none = hosts.is_empty().then_some(None);
    hosts.iter().map(Some).chain(none)
}

/// The report with the file's name, to tell it from others.
fn named(report: EndpointReport, file: &Path) -> EndpointReport {
    report.labelled(&Label {
        name: Some(shown_path(file)),
        location: None,
    })
}

/// What to call what was judged.
#[derive(Clone, Copy)]
enum Naming {
    /// By its file.
    File,
    /// By its host: there is only this one file.
    Host,
}

impl Naming {
    fn apply(self, (report, exit): Judged, file: &Path) -> Judged {
        match self {
            Self::File => (named(report, file), exit),
            Self::Host => (report, exit),
        }
    }
}

fn refused(diagnosis: &Diagnosis) -> (Vec<EndpointReport>, Exit) {
    (vec![EndpointReport::unread(diagnosis)], diagnosis.exit)
}

/// A report and its exit code.
pub(super) type Judged = (EndpointReport, Exit);

/// What all chains are judged by.
pub(super) struct Judge<'a> {
    /// Those of a rotation that is rehearsed.
    new_roots: Option<NewRoots>,
    trust: &'a Trust,
    rules: &'a Rules,
    moment: Moment,
    pub(super) demands: Demands,
    oldest: Oldest,
}

impl Judge<'_> {
    /// The verdict on a chain for a host, or on the chain alone.
    pub(super) fn chain(&self, chain: &[Vec<u8>], host: Option<&Vec<u8>>) -> Judged {
        self.chain_with(chain, host, &[])
    }

    /// What a certificate made from a request would be for a host.
    fn request(&self, request: &CertificateRequest, host: Option<&Vec<u8>>) -> Judged {
        let host = host.map(Vec::as_slice);
        let judged = judge_request(request, host, self.oldest);
        let diagnosis = diagnose_request(&self.context(host), &judged);
        let report = EndpointReport::requested(host, &judged, &diagnosis);
        (report, diagnosis.exit)
    }

    fn context<'a>(&'a self, host: Option<&'a [u8]>) -> Context<'a> {
        Context {
            conninfo: None,
            trust: self.trust,
            level: host.map_or(Level::Chain, |_| Level::ChainAndName),
            rules: self.rules,
            moment: self.moment,
            host,
            address: None,
        }
    }

    /// The same with more findings.
    pub(super) fn chain_with(
        &self,
        chain: &[Vec<u8>],
        host: Option<&Vec<u8>>,
        findings: &[Finding],
    ) -> Judged {
        let host = host.map(Vec::as_slice);
        let context = self.context(host);
        let judgement = judge(chain, self.trust, host, self.rules).since(self.oldest);
        let mut diagnosis = diagnose_offline(&context, &judgement, &self.demands);
        let rotation = self
            .new_roots
            .as_ref()
            .map(|new| rehearse_for(&context, &judgement, &new.file, &new.trust));
        let rehearsed = rotation.iter().map(|rotation| &rotation.finding);
        for finding in findings.iter().chain(rehearsed) {
            diagnosis = diagnosis.with(finding.clone(), self.demands.strictness);
        }
        let report = EndpointReport::offline(&context, &judgement, &diagnosis)
            .with_rotation(rotation.as_ref());
        (report, diagnosis.exit)
    }
}

/// The chain of a server's files, its key compared if there is one.
pub(super) fn server_files(
    certificate: &CertificateFile,
    key: Option<&Path>,
) -> Result<Vec<Vec<u8>>, Error> {
    files_supposing(certificate, key, Supposed::nothing())
}

fn files_supposing(
    certificate: &CertificateFile,
    key: Option<&Path>,
    supposed: &Supposed,
) -> Result<Vec<Vec<u8>>, Error> {
    let chain = match key {
        Some(key) => certificate.with_key_supposing(key, supposed)?.chain,
        None => certificate.chain()?,
    };
    Ok(chain.iter().map(|one| one.to_vec()).collect())
}

/// Why a server would not start with these files. What the advice leads to is judged.
pub(super) fn unusable(certificate: &Path, key: Option<&Path>, error: &Error) -> Diagnosis {
    let files: Vec<&Path> = key.into_iter().chain([certificate]).collect();
    judged_files(server_files_error(error), &files, |changed| {
        let file = changed.path(certificate).to_owned();
        let file = CertificateFile::supposing(file, &changed.supposed);
        let key = key.map(|key| changed.path(key));
        let again = files_supposing(&file, key, &changed.supposed);
        again.err().map(|error| server_files_error(&error))
    })
}
