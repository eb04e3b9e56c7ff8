//! `pgtls check`: turns options into a request, and its outcome into a report.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use pgtls::check::{self, CheckRequest, NewRoots, Observer as _, Patience, Source, check};
use pgtls::conninfo::shown_path;
use pgtls::exit::Exit;
use pgtls::report::Report;

use super::demands::now;
use super::diff::Baseline;
use super::progress::Live;
use super::{certificate, complain, output, run, sources};
use crate::cli::{Check, Hosts};
use crate::config::Keys;
use crate::machine::{Machine, jobs};

pub(crate) fn run(args: &Check) -> anyhow::Result<ExitCode> {
    let sources = sources(args)?;
    let baseline = args.baseline.as_deref();
    let baseline = baseline.map(|file| Baseline::read(file, args.update, args.shard));
    let baseline = baseline.transpose()?;
    let mut live = match baseline {
        Some(_) => Live::new(&args.output).at_the_end(),
        None => Live::new(&args.output),
    };
    if sources.is_empty() {
        complain("no connection string belongs to this shard: nothing to check");
        let report = Report::new(Vec::new(), Exit::Passed, now());
        return output::print(&report, Exit::Passed, &args.output, live.finish()?);
    }
    let request = request(args)?;
    let progress = live.progress();
    let work = check(&request, &sources, &Machine, &mut live, run::ctrl_c());
    let outcome = run::block_on(progress.beside(work));
    let outcome = outcome?;
    if let Ok(outcome) = &outcome {
        for checked in outcome.unfinished() {
            live.done(checked);
        }
    }
    let printed = live.finish();
    let outcome = outcome?;
    let saved = args.save_chain.as_ref().map(|file| {
        let presented = outcome.checked().flat_map(|checked| checked.presented());
        certificate::write(file, presented)
    });
    let exit = outcome.exit();
    if exit == Exit::Interrupted {
        complain("interrupted: not everything was checked");
    }
    let mut report = Report::of(outcome, request.now);
    if let Some(baseline) = &baseline {
        report = baseline.compare(report)?;
    }
    let exit = report.exit_code;
    let code = output::print(&report, exit, &args.output, printed?)?;
    let updated = baseline.map(|baseline| baseline.update(&report));
    let failures = [saved, updated].into_iter().flatten();
    for failure in failures {
        output::settle(failure.err(), exit)?;
    }
    Ok(code)
}

fn request(args: &Check) -> anyhow::Result<CheckRequest> {
    let new_roots = args.also_trust.as_deref().map(|file| {
        NewRoots::read(file)
            .with_context(|| format!("could not read the roots of {}", shown_path(file)))
    });
    Ok(CheckRequest {
        at: args.demands.instant()?,
        patience: Patience {
            timeout: args.timeout,
            wait: args.wait,
        },
        hosts: match args.hosts {
            Hosts::All => check::Hosts::All,
            Hosts::Any => check::Hosts::Any,
        },
        all_addresses: args.all_addresses,
        login: args.login,
        new_roots: new_roots.transpose()?.map(Arc::new),
        ..CheckRequest::new(now(), jobs(args.jobs))
    })
}

/// The strings, and the demands on each: from options for all of them, or else from the file.
fn sources(args: &Check) -> anyhow::Result<Vec<Source>> {
    let options = Keys {
        min_tls: args.min_tls,
        require_verified: args.require_verified.then_some(true),
        refuse_plaintext: args.refuse_plaintext.then_some(true),
        trust: args.trust.clone(),
        clients: args.clients.then_some(true),
        ..args.demands.keys()
    };
    let expected = args.expect_cert.as_deref().map(certificate::read);
    let expected = expected.transpose()?.map(Box::new);
    let given = sources::Given {
        arguments: &args.conninfo,
        origin: &args.origin,
        from: args.from.as_deref(),
        config: args.config.as_deref(),
        unnamed: sources::Unnamed::MayBeConfigured,
    };
    let mut listed = sources::gather(given, &Machine)?;
    if let Some(shard) = args.shard {
        listed = sources::of_shard(listed, shard);
    }
    let sources = listed.into_iter().map(|listed| {
        let keys = options.over(&listed.keys);
        let mut source = listed.source(&keys, options.roots_over(&listed.keys));
        source.demands.expected.clone_from(&expected);
        source
    });
    Ok(sources.collect())
}
