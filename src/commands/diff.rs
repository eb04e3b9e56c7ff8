//! `pgtls diff` and `check --baseline`: what changed between two runs.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use pgtls::conninfo::shown_path;
use pgtls::diff::{self, Run};
use pgtls::exit::Exit;
use pgtls::report::{Report, Verdict, json};

use super::output::{Printing, append_summary, palette, step_summary, to_stdout};
use super::sources::read_text;
use super::{complain, file, report};
use crate::cli::{Color, Diff, DiffFormat, Shard};

pub(crate) fn run(args: &Diff) -> anyhow::Result<ExitCode> {
    if args.old == Path::new("-") && args.new == Path::new("-") {
        bail!("only one of the two reports can be standard input");
    }
    let diff = diff::Diff::of(&read_run(&args.old)?, &read_run(&args.new)?);
    if diff.compared().next().is_none() {
        // If nothing was compared, nothing passed.
        bail!("the two reports have no endpoint in common, so nothing was compared");
    }
    if !args.quiet {
        to_stdout(|out| match args.format {
            DiffFormat::Text => diff::text(out, &diff, palette(Color::Auto)),
            DiffFormat::Json => diff::json(out, &diff),
            DiffFormat::Markdown => diff::markdown(out, &diff),
            DiffFormat::Github => diff::github(out, &diff),
        })?;
        let printing = match args.format {
            DiffFormat::Github => Printing::Annotations,
            DiffFormat::Text | DiffFormat::Json | DiffFormat::Markdown => Printing::Other,
        };
        if let Some(summary) = step_summary(printing) {
            append_summary(&summary, |room| {
                diff::markdown_within(&diff, room).into_bytes()
            });
        }
    }
    Ok(diff.exit().into())
}

fn read_run(file: &Path) -> anyhow::Result<Run> {
    Run::read(&read_text(file, report::MAX_REPORT)?).with_context(|| report::shown(file))
}

/// What `--baseline` names.
pub(super) struct Baseline<'a> {
    pub(super) file: &'a Path,
    /// `None` if `--update` will make it.
    run: Option<Run>,
    update: bool,
}

impl<'a> Baseline<'a> {
    /// Reads it before anything is checked. A shard cannot be compared: which strings it has changes with the strings,
    /// so what it lost would look like what another shard has.
    ///
    /// # Errors
    /// It cannot be read, or is not a report; or the run checks only a part of the strings.
    pub(super) fn read(file: &'a Path, update: bool, shard: Option<Shard>) -> anyhow::Result<Self> {
        if shard.is_some() {
            bail!(
                "--shard checks a part of the strings, and --baseline compares all of them. Let each shard write \
                 --report json=FILE, merge the files with `pgtls report --format json`, and compare with `pgtls diff`"
            );
        }
        let run = match (file.try_exists(), update) {
            (Ok(false), true) => None,
            (Ok(false), false) => bail!(
                "the baseline {} does not exist; to write it, add --update",
                shown_path(file)
            ),
            _ => Some(read_run(file)?),
        };
        Ok(Self { file, run, update })
    }

    /// The report with what changed; with `--update` as it is.
    ///
    /// # Errors
    /// The report cannot be compared.
    pub(super) fn compare(&self, report: Report) -> anyhow::Result<Report> {
        let Some(old) = self.run.as_ref().filter(|_| !self.update) else {
            return Ok(report);
        };
        if report.exit_code == Exit::Interrupted || report.endpoints.is_empty() {
            return Ok(report);
        }
        let file = shown_path(self.file);
        let now = Run::of(&report).context("could not compare the report with the baseline")?;
        let diff = diff::Diff::of(old, &now);
        for gone in &diff.gone {
            complain(&format!("{} is in {file}, but was not checked", gone.label));
        }
        Ok(diff::apply(report, &diff, &file))
    }

    /// With `--update` the report becomes the baseline, if the check passes.
    ///
    /// # Errors
    /// The baseline cannot be written.
    pub(super) fn update(&self, report: &Report) -> anyhow::Result<()> {
        if !self.update {
            return Ok(());
        }
        let file = shown_path(self.file);
        if report.verdict != Verdict::Pass || report.endpoints.is_empty() {
            complain(&format!("{file} is not updated: the check did not pass"));
            return Ok(());
        }
        let mut text = Vec::new();
        json::write(&mut text, report)?;
        file::replace(self.file, &text)
            .with_context(|| format!("could not write the baseline {file}"))?;
        if let Some(old) = &self.run {
            let now = Run::of(report).context("could not compare the report with the baseline")?;
            for gone in &diff::Diff::of(old, &now).gone {
                complain(&format!(
                    "{} is no longer in {file}: it was not checked",
                    gone.label
                ));
            }
        }
        Ok(())
    }
}
