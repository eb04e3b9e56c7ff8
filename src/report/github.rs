//! Annotations for GitHub Actions: "Workflow commands for GitHub Actions" in GitHub's
//! documentation, escaped as its toolkit does (`escapeData` and `escapeProperty`).

use std::io::{self, Write};

use super::outcome::Outcome;
use super::{EndpointReport, FindingReport, Report, ScanReport, Verdict, full_text, labels};
use crate::diagnose::Level;

/// Writes a verdict line for every endpoint, then its annotations. Infos get none, because GitHub
/// shows only ten of each kind per step.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    for (endpoint, label) in report.endpoints.iter().zip(labels(&report.endpoints)) {
        let verdict = Outcome::of(endpoint).text();
        // A line that begins with a word, so that a name with `::` does not start a command.
        writeln!(out, "{verdict} {}", data(&label))?;
        for findings in endpoint.findings_by_code() {
            annotate(out, (endpoint, &label), &findings)?;
        }
    }
    Ok(())
}

/// Writes an annotation of no place in a file.
pub(crate) fn annotation(
    out: &mut dyn Write,
    command: &'static str,
    title: &str,
    message: &str,
) -> io::Result<()> {
    let title = property(title);
    writeln!(out, "::{command} title={title}::{}", data(message))
}

fn annotate(
    out: &mut dyn Write,
    (endpoint, label): (&EndpointReport, &str),
    findings: &[&FindingReport],
) -> io::Result<()> {
    let Some(finding) = findings.first() else {
        return Ok(());
    };
    let command = match endpoint.level_of(finding) {
        Some(Level::Error) => "error",
        Some(Level::Warning) => "warning",
        Some(Level::Info) | None => return Ok(()),
    };
    let title = format!("{label} {}", finding.code);
    write!(out, "::{command} title={}", property(&title))?;
    if let Some(location) = &endpoint.location {
        let file = property(&location.file);
        write!(out, ",file={file},line={}", location.line)?;
    }
    writeln!(out, "::{}", data(&full_text(findings)))
}

/// Writes an annotation for every finding of a scan but infos, then those of its endpoints.
///
/// # Errors
/// If `out` cannot be written.
pub fn write_scan(out: &mut dyn Write, report: &ScanReport) -> io::Result<()> {
    for finding in &report.findings {
        let command = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info => continue,
        };
        let (file, line) = (property(&finding.file), finding.line);
        let title = property(finding.code.name());
        let text = data(&finding.full_text());
        writeln!(
            out,
            "::{command} title={title},file={file},line={line}::{text}"
        )?;
    }
    let endpoints = report.endpoints.as_deref().unwrap_or_default();
    for (endpoint, label) in endpoints.iter().zip(labels(endpoints)) {
        for findings in endpoint.findings_by_code() {
            annotate(out, (endpoint, &label), &findings)?;
        }
    }
    let verdict = match report.verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail => "FAIL",
    };
    writeln!(
        out,
        "{verdict} {} connection strings in {} files",
        report.strings.len(),
        report.files
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn rendered() -> String {
        let mut out = Vec::new();
        write(&mut out, &sample::report()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_endpoint_has_its_line_and_every_error_its_annotation() {
        insta::assert_snapshot!(rendered());
    }

    #[test]
    fn a_host_that_a_run_does_not_need_is_a_warning() {
        let mut out = Vec::new();
        write(&mut out, &sample::of_one_host()).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(
            out.contains("::warning title=") && !out.contains("::error"),
            "{out}"
        );
    }

    #[test]
    fn no_text_from_a_server_starts_a_command() {
        for line in rendered().lines() {
            let known = ["PASS ", "FAIL ", "::error title=", "::warning title="];
            assert!(known.iter().any(|start| line.starts_with(start)), "{line}");
        }
    }

    #[test]
    fn properties_and_data_are_escaped_as_github_demands() {
        assert_eq!(property("a:b,c%d\r\n"), "a%3Ab%2Cc%25d%0D%0A");
        assert_eq!(data("a:b,c%d\r\n"), "a:b,c%25d%0D%0A");
    }
}
