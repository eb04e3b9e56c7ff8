//! `pgtls conninfo`: the settings of a connection, and where each comes from.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::bail;
use pgtls::check::with_readable;
use pgtls::conninfo::{ConnInfo, Keyword, Origin, Secret};
use pgtls::diagnose::refusal;
use pgtls::dialect::{Dialect, Note, ReadAs, Understood, understand};
use pgtls::escape::escape;
use pgtls::exit::Exit;
use pgtls::report::{EndpointReport, Report, json, text};
use serde::Serialize;

use super::demands::now;
use super::sources::{self, Given};
use super::{output, setting_row};
use crate::cli::{Conninfo, Shape, StringOptions};
use crate::machine::Machine;

#[derive(Serialize)]
struct Document {
    dialect: Dialect,
    notes: Vec<Remark>,
    parameters: BTreeMap<&'static str, Parameter>,
}

/// What is lost, or means something else.
#[derive(Serialize)]
pub(super) struct Remark {
    setting: String,
    message: String,
}

impl Remark {
    pub(super) fn of(notes: &[Note]) -> Vec<Self> {
        let remark = |note: &Note| Self {
            setting: escape(&note.setting).to_string(),
            message: escape(&note.message).to_string(),
        };
        notes.iter().map(remark).collect()
    }
}

#[derive(Serialize)]
struct Parameter {
    value: String,
    source: &'static str,
    /// The first libpq that knows the keyword, if not all do: older ones refuse the string, or ignore the variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    since_libpq: Option<u8>,
}

pub(crate) fn run(args: &Conninfo) -> anyhow::Result<ExitCode> {
    let understood = match one(&args.conninfo, &args.origin, args.format)? {
        Ok(understood) => understood,
        Err(exit) => return Ok(exit),
    };
    output::to_stdout(|out| match args.format {
        Shape::Text => write_text(out, &understood),
        Shape::Json => json::write(out, &document(&understood)),
    })?;
    Ok(Exit::Passed.into())
}

/// The one string of a command line, understood; or a report of why it is not, which is printed, with its exit code.
pub(super) fn one(
    arguments: &[std::ffi::OsString],
    origin: &StringOptions,
    format: Shape,
) -> anyhow::Result<Result<Understood, ExitCode>> {
    let read = one_as_written(arguments, origin, format)?;
    Ok(read.map(|(understood, _)| understood))
}

/// The same, with the string as it was written; empty if the environment decides.
pub(super) fn one_as_written(
    arguments: &[std::ffi::OsString],
    origin: &StringOptions,
    format: Shape,
) -> anyhow::Result<Result<(Understood, Secret), ExitCode>> {
    let given = Given {
        arguments,
        origin,
        from: None,
        config: None,
        unnamed: sources::Unnamed::Environment,
    };
    let sources = sources::gather(given, &Machine)?;
    let [source] = sources.as_slice() else {
        bail!("give one connection string; there are {}", sources.len());
    };
    Ok(match understand(source.input(), source.dialect, &Machine) {
        Ok(understood) => Ok((understood, Secret::new(source.text.clone()))),
        Err(error) => {
            let mut diagnosis = refusal(&error);
            if error.is_libpqs() {
                diagnosis = with_readable(diagnosis, &source.text, &Machine);
            }
            let endpoints = vec![EndpointReport::unread(&diagnosis)];
            let report = Report::new(endpoints, diagnosis.exit, now());
            output::to_stdout(|out| match format {
                Shape::Text => text::write(out, &report, output::usual()),
                Shape::Json => json::write(out, &report),
            })?;
            Err(diagnosis.exit.into())
        }
    })
}

fn document(understood: &Understood) -> Document {
    let parameters = understood
        .conninfo
        .parameters()
        .map(|(keyword, setting)| {
            let value = setting_row::value(keyword, setting);
            let source = match setting.origin {
                Origin::String { .. } => "string",
                Origin::Service { .. } => "service",
                Origin::Environment(_) => "environment",
                Origin::Default => "default",
            };
            let parameter = Parameter {
                value,
                source,
                since_libpq: since(keyword, &setting.origin),
            };
            (keyword.as_str(), parameter)
        })
        .collect();
    Document {
        dialect: understood.read_as.dialect,
        notes: Remark::of(&understood.read_as.notes),
        parameters,
    }
}

fn write_text(out: &mut dyn Write, understood: &Understood) -> io::Result<()> {
    write_reading(out, &understood.read_as, &understood.conninfo)?;
    let rows: Vec<(&str, String, String)> = understood
        .conninfo
        .parameters()
        .map(|(keyword, setting)| {
            let value = setting_row::value(keyword, setting);
            (
                keyword.as_str(),
                value,
                match since(keyword, &setting.origin) {
                    None => setting_row::origin(keyword, setting),
                    Some(since) => format!(
                        "{} (libpq {since} and newer only)",
                        escape(&setting.origin.to_string())
                    ),
                },
            )
        })
        .chain(
            setting_row::home_files(&understood.conninfo)
                .into_iter()
                .map(setting_row::of_home),
        )
        .collect();
    let width =
        |cell: fn(&(&str, String, String)) -> usize| rows.iter().map(cell).max().unwrap_or(0);
    let keywords = width(|row| row.0.len());
    let values = width(|row| row.1.chars().count()).min(40);
    for (keyword, value, origin) in &rows {
        writeln!(out, "{keyword:<keywords$}  {value:<values$}  {origin}")?;
    }
    Ok(())
}

/// The first libpq that knows the keyword, if it was set and not all do.
fn since(keyword: Keyword, origin: &Origin) -> Option<u8> {
    match origin {
        Origin::Default => None,
        Origin::String { .. } | Origin::Service { .. } | Origin::Environment(_) => keyword.since(),
    }
}

/// How a string of another driver was read.
fn write_reading(out: &mut dyn Write, read_as: &ReadAs, conninfo: &ConnInfo) -> io::Result<()> {
    if read_as.dialect == Dialect::Libpq {
        return Ok(());
    }
    writeln!(out, "read as {}:", read_as.dialect.title())?;
    writeln!(out, "    {}", escape(&conninfo.redacted()))?;
    for note in &read_as.notes {
        writeln!(out, "{}: {}", escape(&note.setting), escape(&note.message))?;
    }
    writeln!(out)
}
