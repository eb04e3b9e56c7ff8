//! Where a report goes: standard output and files, in the requested formats and colour.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use pgtls::conninfo::shown_path;
use pgtls::exit::Exit;
use pgtls::report::text::Palette;
use pgtls::report::{Report, github, html, json, junit, markdown, nagios, prometheus, sarif, text};

use super::file;
use crate::cli::{Color, Format, Output};

/// What has already been written to standard output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Printed {
    /// Nothing.
    Nothing,
    /// Every endpoint, as it was done: JSON lines.
    Lines,
}

/// Writes the report to all requested places. If writing fails, the verdict's exit code stays, except for
/// a pass: what could not be reported must not pass.
pub(super) fn print(
    report: &Report,
    exit: Exit,
    output: &Output,
    printed: Printed,
) -> anyhow::Result<ExitCode> {
    let mut results = Vec::new();
    for wanted in &output.reports {
        let mut text = Vec::new();
        let written = render(&mut text, report, output, wanted.format, Palette::Plain)
            .and_then(|()| file::replace(&wanted.file, &text));
        let file = shown_path(&wanted.file);
        results.push(written.with_context(|| format!("could not write the report {file}")));
    }
    if !output.quiet {
        results.push(to_stdout(|out| match printed {
            Printed::Nothing => render(out, report, output, output.format, palette(output.color)),
            Printed::Lines => json::write_end(out, report),
        }));
    }
    let failure = results.into_iter().find_map(Result::err);
    if let Some(summary) = step_summary(output) {
        // Nobody asked for this file, and the verdict is on standard output: the exit code stays.
        if let Err(error) = append_summary(&summary, report) {
            crate::complain(&error);
        }
    }
    match (failure, exit) {
        (Some(error), Exit::Passed) => return Err(error),
        (Some(error), _) => crate::complain(&error),
        (None, _) => {}
    }
    Ok(match output.format {
        Format::Nagios => nagios::state(report, output.thresholds()).number().into(),
        _ => exit.into(),
    })
}

/// Where a job of GitHub Actions collects its summary, if annotations are printed for one.
fn step_summary(output: &Output) -> Option<PathBuf> {
    let wanted = output.format == Format::Github && !output.quiet;
    let set = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| wanted && !file.is_empty());
    set.map(PathBuf::from)
}

fn append_summary(summary: &Path, report: &Report) -> anyhow::Result<()> {
    file::append(summary, |length| {
        let room = MAX_SUMMARY.saturating_sub(usize::try_from(length).unwrap_or(usize::MAX));
        let text = markdown::within(report, room);
        let between = if length > 0 { "\n" } else { "" };
        format!("{between}{text}").into_bytes()
    })
    .with_context(|| {
        let file = shown_path(summary);
        format!("could not append the report to the job summary {file} (GITHUB_STEP_SUMMARY)")
    })
}

/// GitHub refuses the summary of a step if it is longer ("Step isolation and limits" in its documentation).
const MAX_SUMMARY: usize = 1024 * 1024;

fn render(
    out: &mut dyn Write,
    report: &Report,
    output: &Output,
    format: Format,
    palette: Palette,
) -> io::Result<()> {
    match format {
        Format::Text => text::write(out, report, palette),
        Format::Json => json::write(out, report),
        Format::Jsonl => json::write_lines(out, report),
        Format::Junit => junit::write(out, report),
        Format::Sarif => sarif::write(out, report),
        Format::Github => github::write(out, report),
        Format::Nagios => nagios::write(out, report, output.thresholds()),
        Format::Prometheus => prometheus::write(out, report),
        Format::Markdown => markdown::write(out, report),
        Format::Html => html::write(out, report),
    }
}

/// Writes to standard output. A reader that has gone away (`| head`) is not an error.
pub(super) fn to_stdout(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("could not write to standard output")
        }
        _ => Ok(()),
    }
}

pub(super) fn palette(color: Color) -> Palette {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let wanted = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            io::stdout().is_terminal()
                && set("NO_COLOR").is_none()
                && set("TERM").is_none_or(|term| term != "dumb")
        }
    };
    if wanted {
        Palette::Colour
    } else {
        Palette::Plain
    }
}
