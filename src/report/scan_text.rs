//! The report of a scan for people: findings by file and line, then one line with the numbers.

use std::io::{self, Write};

use super::text::{View, label, write_body};
use super::{ScanFindingReport, ScanReport, StringReport};
use crate::diagnose::Level;

/// Which strings are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Those with findings.
    Faulty,
    /// All.
    All,
}

/// Writes the report.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(
    out: &mut dyn Write,
    report: &ScanReport,
    listed: Listed,
    view: View,
) -> io::Result<()> {
    if listed == Listed::All {
        for string in &report.strings {
            write_string(out, string)?;
        }
        if !report.strings.is_empty() && !report.findings.is_empty() {
            writeln!(out)?;
        }
    }
    for finding in &report.findings {
        write_finding(out, finding, view)?;
    }
    if !report.findings.is_empty() {
        writeln!(out)?;
    }
    writeln!(out, "{}", summary(report))
}

/// `file:line` first, so that terminals and editors open it.
fn write_string(out: &mut dyn Write, string: &StringReport) -> io::Result<()> {
    write!(out, "{}:{}: {}", string.file, string.line, string.verdict)?;
    if let Some(key) = &string.key {
        write!(out, " {key}")?;
    }
    if let Some(dialect) = string.dialect {
        write!(out, " ({})", dialect.name())?;
    }
    if let Some(conninfo) = &string.conninfo {
        write!(out, ": {conninfo}")?;
    }
    writeln!(out)
}

fn write_finding(out: &mut dyn Write, finding: &ScanFindingReport, view: View) -> io::Result<()> {
    let painted = label(finding.level, finding.code, view);
    let key = finding
        .key
        .as_ref()
        .map_or_else(String::new, |key| format!(" {key}"));
    writeln!(out, "{}:{}: {painted}{key}", finding.file, finding.line)?;
    write_body(out, &finding.message, &finding.hint, view)
}

fn summary(report: &ScanReport) -> String {
    let count = |number: usize, word: &str| {
        let plural = if number == 1 { "" } else { "s" };
        format!("{number} {word}{plural}")
    };
    let of = |level: Level| {
        report
            .findings
            .iter()
            .filter(|finding| finding.level == level)
            .count()
    };
    let strings = count(report.strings.len(), "connection string");
    let files = count(report.files, "file");
    let numbers = [(of(Level::Error), "error"), (of(Level::Warning), "warning")];
    let numbers: Vec<String> = numbers
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| count(*number, word))
        .collect();
    let found = if numbers.is_empty() {
        "nothing to report".to_owned()
    } else {
        numbers.join(", ")
    };
    let mut text = format!("{strings} in {files}: {found}");
    if !report.skipped.is_empty() {
        text.push_str(&format!(
            "; {} not searched",
            count(report.skipped.len(), "file")
        ));
    }
    text
}
