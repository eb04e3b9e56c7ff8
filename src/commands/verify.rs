//! `pgtls verify`: the verdict on a server's files before they are installed.

use std::path::Path;
use std::process::ExitCode;

use pgtls::conninfo::SystemRoots;
use pgtls::demands::Demands;
use pgtls::diagnose::{
    Context, Diagnosis, Finding, diagnose_offline, server_files_error, trust_error_offline,
};
use pgtls::exit::Exit;
use pgtls::os::bytes_of;
use pgtls::report::{EndpointReport, Report};
use pgtls::trust::{Choice, Error, Level, Trust, identity};
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
    let (hosts_file, certificate) = match &args.file {
        Some(file) if is_hosts_file(file) => (Some(file), None),
        Some(file) => (None, Some(file)),
        None => (args.hosts_file.as_ref(), args.cert.as_ref()),
    };
    let chain = match (hosts_file, certificate) {
        (None, Some(certificate)) => match server_files(certificate, args.key.as_deref()) {
            Ok(chain) => Some(chain),
            Err(error) => return Ok(refused(&server_files_error(&error))),
        },
        (Some(_), _) | (None, None) => None,
    };
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
    let judged = match (hosts_file, chain) {
        (Some(file), _) => hosts::verify(file, &hosts, &judge),
        (None, Some(chain)) if hosts.is_empty() => vec![judge.chain(&chain, None)],
        (None, chain) => {
            let chain = chain.unwrap_or_default();
            hosts
                .iter()
                .map(|host| judge.chain(&chain, Some(host)))
                .collect()
        }
    };
    let exits: Vec<Exit> = judged.iter().map(|(_, exit)| *exit).collect();
    let endpoints = judged.into_iter().map(|(endpoint, _)| endpoint);
    Ok((endpoints.collect(), Exit::of_all(exits)))
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
