//! Where a report goes: standard output and files, in the requested formats and colour.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use pgtls::conninfo::shown_path;
use pgtls::exit::Exit;
use pgtls::os;
use pgtls::report::text::{Detail, Order, Page, Palette, Selection, View};
use pgtls::report::{
    Report, csv, github, html, ics, json, junit, markdown, nagios, prometheus, sarif, text,
};

use super::file;
use crate::cli::{Color, Format, Output, Sort};

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
    let view = view(output);
    let plain = View {
        palette: Palette::Plain,
        page: Page::Stream,
        ..view
    };
    for wanted in &output.reports {
        let mut text = Vec::new();
        let written = render(&mut text, report, output, wanted.format, plain)
            .and_then(|()| file::replace(&wanted.file, &text));
        let file = shown_path(&wanted.file);
        results.push(written.with_context(|| format!("could not write the report {file}")));
    }
    // Of a plugin's output the first line counts, and that is then the failure's.
    let is_forestalled = output.format == Format::Nagios
        && exit == Exit::Passed
        && results.iter().any(Result::is_err);
    if !output.quiet && !is_forestalled {
        results.push(to_stdout(|out| match printed {
            Printed::Nothing => render(out, report, output, output.format, view),
            Printed::Lines => json::write_end(out, report),
        }));
    }
    let failure = results.into_iter().find_map(Result::err);
    let printing = match output.format {
        Format::Github if !output.quiet => Printing::Annotations,
        _ => Printing::Other,
    };
    if let Some(summary) = step_summary(printing) {
        append_summary(&summary, |room| markdown::within(report, room).into_bytes());
    }
    settle(failure, exit)?;
    Ok(match output.format {
        Format::Nagios => nagios::state(report, output.thresholds()).number().into(),
        _ => exit.into(),
    })
}

/// What could not be written must not pass. Any other verdict keeps its exit code.
///
/// # Errors
/// The failure, if the verdict is a pass.
pub(super) fn settle(failure: Option<anyhow::Error>, exit: Exit) -> anyhow::Result<()> {
    match (failure, exit) {
        (Some(error), Exit::Passed) => Err(error),
        (Some(error), _) => {
            crate::complain(&error);
            Ok(())
        }
        (None, _) => Ok(()),
    }
}

/// What goes to standard output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Printing {
    /// Annotations for a job of GitHub Actions.
    Annotations,
    /// Something else, or nothing.
    Other,
}

/// Where a job of GitHub Actions collects its summary, if annotations are printed for one.
pub(super) fn step_summary(printing: Printing) -> Option<PathBuf> {
    let wanted = printing == Printing::Annotations;
    let set = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| wanted && !file.is_empty());
    set.map(PathBuf::from)
}

/// Appends what `text` makes of the room that is left, in bytes. Nobody asked for this file, and the verdict is on
/// standard output: if it cannot be written, the exit code stays.
pub(super) fn append_summary(summary: &Path, text: impl FnOnce(usize) -> Vec<u8>) {
    let written = file::append(summary, |length| {
        let room = MAX_SUMMARY.saturating_sub(usize::try_from(length).unwrap_or(usize::MAX));
        let between: &[u8] = if length > 0 { b"\n" } else { b"" };
        [between, &text(room)].concat()
    });
    let written = written.with_context(|| {
        let file = shown_path(summary);
        format!("could not append the report to the job summary {file} (GITHUB_STEP_SUMMARY)")
    });
    if let Err(error) = written {
        crate::complain(&error);
    }
}

/// GitHub refuses the summary of a step if it is longer ("Step isolation and limits" in its documentation).
const MAX_SUMMARY: usize = 1024 * 1024;

fn render(
    out: &mut dyn Write,
    report: &Report,
    output: &Output,
    format: Format,
    view: View,
) -> io::Result<()> {
    match format {
        Format::Text => text::write(out, report, view),
        Format::Json => json::write(out, report),
        Format::Jsonl => json::write_lines(out, report),
        Format::Junit => junit::write(out, report),
        Format::Sarif => sarif::write(out, report),
        Format::Github => github::write(out, report),
        Format::Nagios => nagios::write(out, report, output.thresholds()),
        Format::Prometheus => prometheus::write(out, report),
        Format::Markdown => markdown::write(out, report),
        Format::Html => html::write(out, report),
        Format::Csv => csv::write(out, report),
        Format::Ics => ics::write(out, report),
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

/// How standard output shows a report of a command without options for that.
pub(super) fn usual() -> View {
    View {
        palette: palette(Color::Auto),
        page: page(),
        ..View::PLAIN
    }
}

/// How standard output shows a report.
fn view(output: &Output) -> View {
    View {
        palette: palette(output.color),
        page: page(),
        detail: match output.verbose {
            true => Detail::Full,
            false => Detail::Brief,
        },
        order: match output.sort {
            Sort::Worst => Order::Worst,
            Sort::Input => Order::Input,
            Sort::Name => Order::Name,
            Sort::Expiry => Order::Expiry,
        },
        selection: match output.failures_only {
            true => Selection::Failures,
            false => Selection::All,
        },
    }
}

/// The width that `COLUMNS` sets, or else that of the terminal.
fn page() -> Page {
    let set = std::env::var("COLUMNS").ok();
    let set = set
        .and_then(|columns| columns.parse().ok())
        .filter(|columns| *columns > 0);
    let columns = set.or_else(|| {
        let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
        Some(usize::from(width.0))
    });
    columns.map_or(Page::Stream, Page::of)
}

pub(super) fn palette(color: Color) -> Palette {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    // 0 switches a variable off (bixense.com/clicolors).
    let forced = |name| set(name).is_some_and(|value| value != "0");
    let wanted = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR").is_some() => false,
        Color::Auto if forced("FORCE_COLOR") || forced("CLICOLOR_FORCE") => true,
        Color::Auto => {
            io::stdout().is_terminal()
                && set("CLICOLOR").is_none_or(|value| value != "0")
                && set("TERM").is_none_or(|term| term != "dumb")
        }
    };
    if wanted && os::show_colours() {
        Palette::Colour
    } else {
        Palette::Plain
    }
}
