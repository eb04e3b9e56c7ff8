//! `pgtls scan`: turns options into a request, and what was found into a report.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{anyhow, bail};
use pgtls::check::{self, CheckRequest, Label, Location, Source, check};
use pgtls::conninfo::shown_path;
use pgtls::demands::Strictness;
use pgtls::exit::Exit;
use pgtls::report::scan_text::{self, Listed};
use pgtls::report::text::View;
use pgtls::report::{EndpointReport, Report, ScanReport, github, json, sarif, text};
use pgtls::scan::{Excluded, Ignored, Pipe, Scan, ScanRequest, scan};
use pgtls::trust::Mebibytes;

use super::demands::now;
use super::progress::{Manner, Noise, Progress};
use super::sources::read;
use super::{output, run as runtime};
use crate::cli::{ScanFiles, ScanFormat};
use crate::machine::{Machine, jobs};

pub(crate) fn run(args: &ScanFiles) -> anyhow::Result<ExitCode> {
    let request = request(args)?;
    let manner = Manner::of(Noise::unless_quiet(args.quiet));
    let progress = Progress::new(manner);
    progress.say("searching files");
    let found = progress.during(|| scan(&request));
    let endpoints = args.check.then(|| connect(&found, manner)).transpose()?;
    let strictness = if args.strict {
        Strictness::Strict
    } else {
        Strictness::Lenient
    };
    let report = ScanReport::of(&found, strictness, endpoints);
    let exit = report.exit_code;
    if !args.quiet {
        write(&report, args)?;
    }
    Ok(exit.into())
}

fn request(args: &ScanFiles) -> anyhow::Result<ScanRequest> {
    let (pipes, paths): (Vec<PathBuf>, Vec<PathBuf>) = args
        .paths
        .iter()
        .cloned()
        .partition(|path| path.as_os_str() == "-");
    for path in &paths {
        // A directory that is not there contains nothing: that must not pass.
        if let Err(error) = std::fs::symlink_metadata(path) {
            bail!("{}: {}", shown_path(path), error.kind());
        }
    }
    let input = pipes.first().map(|pipe| {
        read(pipe, MAX_INPUT).map(|bytes| Pipe {
            name: pipe.clone(),
            bytes,
        })
    });
    let input = input.transpose()?;
    let excluded = Excluded::new(&args.exclude)
        .map_err(|(pattern, why)| anyhow!("--exclude {pattern}: {why}"))?;
    Ok(ScanRequest {
        paths,
        input,
        ignored: if args.no_ignore {
            Ignored::Read
        } else {
            Ignored::LeftOut
        },
        excluded,
        largest: args.max_file_size,
        allowed: args.ignore.clone(),
    })
}

/// All secrets of a large cluster.
const MAX_INPUT: Mebibytes = Mebibytes(256);

/// Connects with each string once, however often it was found.
fn connect(found: &Scan, manner: Manner) -> anyhow::Result<(Vec<EndpointReport>, Exit)> {
    let mut seen = HashSet::new();
    let sources: Vec<Source> = found
        .strings
        .iter()
        .filter_map(|string| {
            let text = string.found.text.as_ref()?.expose().to_vec();
            seen.insert((text.clone(), string.found.asked))
                .then(|| Source {
                    text,
                    given: check::Given::String,
                    dialect: string.found.asked,
                    label: Label {
                        name: string.found.key.as_ref().map(ToString::to_string),
                        location: Some(Location {
                            file: string.path.clone(),
                            line: string.found.line,
                        }),
                    },
                    ..Source::default()
                })
        })
        .collect();
    if sources.is_empty() {
        return Ok((Vec::new(), Exit::Passed));
    }
    let request = CheckRequest::new(now(), jobs(None));
    let progress = Progress::new(manner);
    let mut observer = progress.clone();
    let work = check(
        &request,
        &sources,
        &Machine,
        &mut observer,
        runtime::ctrl_c(),
    );
    let outcome = runtime::block_on(progress.beside(work));
    progress.clear();
    let outcome = outcome??;
    let exit = outcome.exit();
    Ok((Report::of(outcome, request.now).endpoints, exit))
}

fn write(report: &ScanReport, args: &ScanFiles) -> anyhow::Result<()> {
    let listed = if args.verbose {
        Listed::All
    } else {
        Listed::Faulty
    };
    let view = View {
        palette: output::palette(args.color),
        ..output::usual()
    };
    output::to_stdout(|out| match args.format {
        ScanFormat::Text => {
            if let Some(endpoints) = report
                .endpoints
                .as_ref()
                .filter(|endpoints| !endpoints.is_empty())
            {
                let checked = Report::merged(endpoints.clone(), report.exit_code);
                text::write(out, &checked, view)?;
                writeln!(out)?;
            }
            scan_text::write(out, report, listed, view)
        }
        ScanFormat::Json => json::write(out, report),
        ScanFormat::Sarif => sarif::write_scan(out, report),
        ScanFormat::Github => github::write_scan(out, report),
    })
}
