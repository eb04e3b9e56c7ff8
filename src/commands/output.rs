//! Where a report goes: standard output, in the format and colour asked for.

use std::io::{self, BufWriter, IsTerminal, Write};

use anyhow::Context;
use pgtls::exit::Exit;
use pgtls::report::text::Palette;
use pgtls::report::{Report, json, text};

use crate::cli::{Color, Format, Output};

/// Prints the report; the verdict's exit code stands whatever happens to the printing.
pub(super) fn print(report: &Report, exit: Exit, output: Output) -> anyhow::Result<Exit> {
    if !output.quiet {
        to_stdout(|out| match output.format {
            Format::Text => text::write(out, report, palette(output.color)),
            Format::Json => json::write(out, report),
        })?;
    }
    Ok(exit)
}

/// Writes to standard output. A reader that has gone away (`| head`) is no error.
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

fn palette(color: Color) -> Palette {
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
