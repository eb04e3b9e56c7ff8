//! `pgtls verify`: the verdict on a server's files before they are installed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use pgtls::check::Label;
use pgtls::conninfo::{SystemRoots, shown_path};
use pgtls::demands::Demands;
use pgtls::diagnose::{
    Context, Diagnosis, Finding, diagnose_offline, server_files_error, trust_error_offline,
};
use pgtls::exit::Exit;
use pgtls::os::bytes_of;
use pgtls::report::{EndpointReport, Report};
use pgtls::trust::{Choice, Error, Level, Trust, identity, read_bounded};
use pgtls::verify::{Oldest, Purpose, Revocation, Rules, judge};

use super::demands::now;
use super::hosts::{self, is_hosts_file};
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
    let chains: Vec<Subject<'_>> = inputs
        .iter()
        .map(|input| match input {
            Input::Hosts(file) => Subject::Hosts(file),
            Input::Certificate(file) => match server_files(file, args.key.as_deref()) {
                Ok(chain) => Subject::Chain(file, chain),
                Err(error) => Subject::Refused(file, server_files_error(&error)),
            },
        })
        .collect();
    if let [Subject::Refused(_, diagnosis)] = chains.as_slice() {
        return Ok(refused(diagnosis));
    }
    let trust = match Trust::offline(
        choice.as_ref(),
        args.sslcrl.as_deref(),
        &SystemRoots::read(&Machine),
    ) {
        Ok(trust) => trust,
        Err(error) => return Ok(refused(&trust_error_offline(&error))),
    };
    let rules = Rules {
        now: args.demands.instant()?.unwrap_or_else(now),
        revocation: trust
            .crls
            .clone()
            .map_or(Revocation::Off, Revocation::WholeChain),
        purpose: Purpose::SslServer,
    };
    let judge = Judge {
        trust: &trust,
        rules: &rules,
        demands: args.demands.keys().demands(),
        oldest: args.demands.keys().oldest(),
    };
    let hosts: Vec<Vec<u8>> = args.host.iter().map(|host| bytes_of(host)).collect();
    let several = chains.len() > 1;
    let mut judged: Vec<Judged> = Vec::new();
    for subject in &chains {
        match subject {
            Subject::Hosts(file) => judged.extend(hosts::verify(file, &hosts, &judge)),
            Subject::Refused(file, diagnosis) => {
                let report = named(EndpointReport::unread(diagnosis), file);
                judged.push((report, diagnosis.exit));
            }
            Subject::Chain(file, chain) => {
                let mut wanted: Vec<Option<&Vec<u8>>> = hosts.iter().map(Some).collect();
                if wanted.is_empty() {
                    wanted.push(None);
                }
                judged.extend(wanted.into_iter().map(|host| {
                    let (report, exit) = judge.chain(chain, host);
                    match several {
                        true => (named(report, file), exit),
                        false => (report, exit),
                    }
                }));
            }
        }
    }
    let exits: Vec<Exit> = judged.iter().map(|(_, exit)| *exit).collect();
    let endpoints = judged.into_iter().map(|(endpoint, _)| endpoint);
    Ok((endpoints.collect(), Exit::of_all(exits)))
}

/// A file to verify.
enum Input {
    /// A server's certificate.
    Certificate(PathBuf),
    /// `pg_hosts.conf`.
    Hosts(PathBuf),
}

/// What was read of it.
enum Subject<'a> {
    Chain(&'a Path, Vec<Vec<u8>>),
    Refused(&'a Path, Diagnosis),
    Hosts(&'a Path),
}

/// The files that the arguments name, a directory by the certificates in it.
fn inputs(args: &Verify) -> anyhow::Result<Vec<Input>> {
    let mut inputs = Vec::new();
    inputs.extend(args.hosts_file.clone().map(Input::Hosts));
    inputs.extend(args.cert.clone().map(Input::Certificate));
    for file in &args.files {
        if file.is_dir() {
            let found = certificates_in(file)?;
            if found.is_empty() {
                bail!(
                    "there is no .crt, .cer or .pem file with a certificate in {}",
                    shown_path(file)
                );
            }
            inputs.extend(found.into_iter().map(Input::Certificate));
        } else if is_hosts_file(file) {
            inputs.push(Input::Hosts(file.clone()));
        } else {
            inputs.push(Input::Certificate(file.clone()));
        }
    }
    if args.key.is_some() && inputs.len() > 1 {
        bail!("--key belongs to one certificate, but there are several files to verify");
    }
    Ok(inputs)
}

/// The files of a directory that contain a certificate, by name. What cannot be read is among them: it must not pass
/// for verified.
fn certificates_in(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let unreadable = || format!("could not list {}", shown_path(directory));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        let is_named = path.extension().is_some_and(|end| {
            let end = end.to_ascii_lowercase();
            ["crt", "cer", "pem"].iter().any(|one| end == *one)
        });
        if !is_named || path.is_dir() {
            continue;
        }
        // A key alone has nothing to verify.
        let is_key = read_bounded(&path).is_ok_and(|text| {
            let has = |words: &[u8]| text.windows(words.len()).any(|part| part == words);
            has(b"PRIVATE KEY-----") && !has(b"CERTIFICATE-----")
        });
        if !is_key {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The report with the file's name, to tell it from others.
fn named(report: EndpointReport, file: &Path) -> EndpointReport {
    report.labelled(&Label {
        name: Some(shown_path(file)),
        location: None,
    })
}

fn refused(diagnosis: &Diagnosis) -> (Vec<EndpointReport>, Exit) {
    (vec![EndpointReport::unread(diagnosis)], diagnosis.exit)
}

/// A report and its exit code.
pub(super) type Judged = (EndpointReport, Exit);

/// What all chains are judged by.
pub(super) struct Judge<'a> {
    trust: &'a Trust,
    rules: &'a Rules,
    pub(super) demands: Demands,
    oldest: Oldest,
}

impl Judge<'_> {
    /// The verdict on a chain for a host, or on the chain alone.
    pub(super) fn chain(&self, chain: &[Vec<u8>], host: Option<&Vec<u8>>) -> Judged {
        self.chain_with(chain, host, &[])
    }

    /// The same with more findings.
    pub(super) fn chain_with(
        &self,
        chain: &[Vec<u8>],
        host: Option<&Vec<u8>>,
        findings: &[Finding],
    ) -> Judged {
        let host = host.map(Vec::as_slice);
        let context = Context {
            conninfo: None,
            trust: self.trust,
            level: host.map_or(Level::Chain, |_| Level::ChainAndName),
            rules: self.rules,
            host,
            address: None,
        };
        let judgement = judge(chain, self.trust, host, self.rules).since(self.oldest);
        let mut diagnosis = diagnose_offline(&context, &judgement, &self.demands);
        for finding in findings {
            diagnosis = diagnosis.with(finding.clone(), self.demands.strictness);
        }
        let report = EndpointReport::offline(&context, &judgement, &diagnosis);
        (report, diagnosis.exit)
    }
}

/// The chain of a server's files, its key compared if there is one.
pub(super) fn server_files(certificate: &Path, key: Option<&Path>) -> Result<Vec<Vec<u8>>, Error> {
    let chain = match key {
        Some(key) => identity::load_pair(certificate, key)?.chain,
        None => identity::load_chain(certificate)?,
    };
    let chain = chain.iter().map(|certificate| certificate.to_vec());
    Ok(chain.collect())
}
