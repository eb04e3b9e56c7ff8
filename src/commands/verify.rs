//! `pgtls verify`: the verdict on a server's files before they are installed.

use std::process::ExitCode;

use pgtls::conninfo::SystemRoots;
use pgtls::diagnose::{
    Context, Diagnosis, diagnose_offline, server_files_error, trust_error_offline,
};
use pgtls::exit::Exit;
use pgtls::os::bytes_of;
use pgtls::report::{EndpointReport, Report};
use pgtls::trust::{Choice, Error, Level, Trust, identity};
use pgtls::verify::{Purpose, Revocation, Rules, judge};

use super::demands::now;
use super::output::{self, Printed};
use crate::cli::Verify;
use crate::machine::Machine;

pub(crate) fn run(args: &Verify) -> anyhow::Result<ExitCode> {
    let (endpoints, exit) = verify(args)?;
    output::print(
        &Report::new(endpoints, exit),
        exit,
        &args.output,
        Printed::Nothing,
    )
}

fn verify(args: &Verify) -> anyhow::Result<(Vec<EndpointReport>, Exit)> {
    let refused = |diagnosis: Diagnosis| (vec![EndpointReport::unread(&diagnosis)], diagnosis.exit);
    let chain = match server_files(args) {
        Ok(chain) => chain,
        Err(error) => return Ok(refused(server_files_error(&error))),
    };
    let choice = args.sslrootcert.as_ref().map(|path| match path.to_str() {
        Some("system") => Choice::System,
        _ => Choice::File(path.clone()),
    });
    let trust = match Trust::offline(
        choice.as_ref(),
        args.sslcrl.as_deref(),
        &SystemRoots::read(&Machine),
    ) {
        Ok(trust) => trust,
        Err(error) => return Ok(refused(trust_error_offline(&error))),
    };
    let rules = Rules {
        now: args.demands.instant()?.unwrap_or_else(now),
        revocation: trust
            .crls
            .clone()
            .map_or(Revocation::Off, Revocation::WholeChain),
        purpose: Purpose::SslServer,
    };
    let demands = args.demands.keys().demands();
    let hosts: Vec<Option<Vec<u8>>> = if args.host.is_empty() {
        vec![None]
    } else {
        args.host.iter().map(|host| Some(bytes_of(host))).collect()
    };
    let mut endpoints = Vec::new();
    let mut exits = Vec::new();
    for host in &hosts {
        let host = host.as_deref();
        let context = Context {
            conninfo: None,
            trust: &trust,
            level: host.map_or(Level::Chain, |_| Level::ChainAndName),
            rules: &rules,
            host,
            address: None,
        };
        let judgement = judge(&chain, &trust, host, &rules).since(args.demands.oldest());
        let diagnosis = diagnose_offline(&context, &judgement, &demands);
        endpoints.push(EndpointReport::offline(&context, &judgement, &diagnosis));
        exits.push(diagnosis.exit);
    }
    Ok((endpoints, Exit::of_all(exits)))
}

fn server_files(args: &Verify) -> Result<Vec<Vec<u8>>, Error> {
    let chain = match &args.key {
        Some(key) => identity::load_pair(&args.cert, key)?.chain,
        None => identity::load_chain(&args.cert)?,
    };
    Ok(chain
        .iter()
        .map(|certificate| certificate.to_vec())
        .collect())
}
