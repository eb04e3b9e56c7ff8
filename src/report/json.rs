//! The report as one JSON document, or as one line of JSON per endpoint.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::{Report, RunEnd};
use crate::exit::Exit;

/// Writes one indented document and a newline.
///
/// # Errors
/// If `out` cannot be written.
pub fn write<T: Serialize>(out: &mut dyn Write, document: &T) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    out.write_all(b"\n")
}

/// Writes one value on one line.
///
/// # Errors
/// If `out` cannot be written.
pub fn write_line<T: Serialize>(out: &mut dyn Write, value: &T) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// Writes one line an endpoint.
///
/// # Errors
/// If `out` cannot be written.
pub fn write_lines(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let mut endpoints = report.endpoints.iter();
    endpoints.try_for_each(|endpoint| write_line(out, endpoint))?;
    write_end(out, report)
}

/// Writes the line that says how many endpoints there were. It is missing if the run was interrupted, so that its lines
/// cannot pass for all of them.
///
/// # Errors
/// If `out` cannot be written.
pub fn write_end(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    if report.exit_code == Exit::Interrupted {
        return Ok(());
    }
    let end = RunEnd {
        run_endpoints: report.endpoints.len(),
        exit_code: Some(report.exit_code),
        checked_at: report.checked_at.clone(),
        tool: report.tool.clone(),
    };
    write_line(out, &end)
}

/// Whether a document can be read by its `schema_version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// It can.
    Known,
    /// A newer version of pgtls wrote it, in a form that this one cannot read.
    Newer,
    /// It is no document of pgtls.
    Foreign,
}

impl Version {
    /// That of a document.
    pub fn of(document: &Value) -> Self {
        match document.get("schema_version").and_then(Value::as_u64) {
            Some(1) => Self::Known,
            Some(2..) => Self::Newer,
            Some(0) | None => Self::Foreign,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_document_contains_everything() {
        let mut out = Vec::new();
        write(&mut out, &sample::report()).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn lines_are_one_endpoint_each_and_the_last_one_their_number() {
        let mut report = sample::report();
        let mut out = Vec::new();
        write_lines(&mut out, &report).unwrap();
        let text = String::from_utf8(out).unwrap();
        let mut lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let end = serde_json::json!({
            "run_endpoints": report.endpoints.len(),
            "exit_code": report.exit_code.number(),
            "checked_at": "2026-11-27T21:20:00Z",
            "tool": {"name": "pgtls", "version": "1.2.3"},
        });
        assert_eq!(lines.pop(), Some(end));
        let endpoints = report.endpoints.iter();
        let endpoints: Vec<_> = endpoints
            .map(|endpoint| serde_json::to_value(endpoint).unwrap())
            .collect();
        assert_eq!(lines, endpoints);

        report.exit_code = Exit::Interrupted;
        let mut out = Vec::new();
        write_end(&mut out, &report).unwrap();
        assert_eq!(out, b"");
    }
}
