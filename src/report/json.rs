//! The report as one JSON document, or as one line of JSON per endpoint.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;

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
    endpoints.try_for_each(|endpoint| write_line(out, endpoint))
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
    fn every_line_is_one_endpoint_and_nothing_else() {
        let report = sample::report();
        let mut out = Vec::new();
        write_lines(&mut out, &report).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), report.endpoints.len());
        for (line, endpoint) in text.lines().zip(&report.endpoints) {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(value, serde_json::to_value(endpoint).unwrap());
        }
    }
}
