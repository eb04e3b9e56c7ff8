//! `pgtls conninfo`: the settings of a connection, and where each comes from.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use pgtls::conninfo::{ConnInfo, Origin};
use pgtls::diagnose::conninfo_error;
use pgtls::escape::escape;
use pgtls::exit::Exit;
use pgtls::os::bytes_of;
use pgtls::report::{EndpointReport, Report, json, text};
use serde::Serialize;

use super::{output, setting_row};
use crate::cli::{Color, Conninfo, Shape};
use crate::machine::Machine;

#[derive(Serialize)]
struct Document {
    parameters: BTreeMap<&'static str, Parameter>,
}

#[derive(Serialize)]
struct Parameter {
    value: String,
    source: &'static str,
}

pub(crate) fn run(args: &Conninfo) -> anyhow::Result<ExitCode> {
    let text = args.conninfo.clone().unwrap_or_default();
    let conninfo = match ConnInfo::read(&bytes_of(&text), &Machine) {
        Ok(conninfo) => conninfo,
        Err(error) => {
            let diagnosis = conninfo_error(&error);
            let report = Report::new(vec![EndpointReport::unread(&diagnosis)], diagnosis.exit);
            output::to_stdout(|out| match args.format {
                Shape::Text => text::write(out, &report, output::palette(Color::Auto)),
                Shape::Json => json::write(out, &report),
            })?;
            return Ok(diagnosis.exit.into());
        }
    };
    output::to_stdout(|out| match args.format {
        Shape::Text => write_text(out, &conninfo),
        Shape::Json => json::write(out, &document(&conninfo)),
    })?;
    Ok(Exit::Passed.into())
}

fn document(conninfo: &ConnInfo) -> Document {
    let parameters = conninfo
        .parameters()
        .map(|(keyword, setting)| {
            let value = setting_row::value(keyword, setting);
            let source = match setting.origin {
                Origin::String { .. } => "string",
                Origin::Service { .. } => "service",
                Origin::Environment(_) => "environment",
                Origin::Default => "default",
            };
            (keyword.as_str(), Parameter { value, source })
        })
        .collect();
    Document { parameters }
}

fn write_text(out: &mut dyn Write, conninfo: &ConnInfo) -> io::Result<()> {
    let rows: Vec<(&str, String, String)> = conninfo
        .parameters()
        .map(|(keyword, setting)| {
            let value = setting_row::value(keyword, setting);
            (
                keyword.as_str(),
                value,
                match keyword.since() {
                    None => setting_row::origin(keyword, setting),
                    Some(since) => format!(
                        "{} (libpq {since} and newer only)",
                        escape(&setting.origin.to_string())
                    ),
                },
            )
        })
        .chain(setting_row::home_files(conninfo))
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
