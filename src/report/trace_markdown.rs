//! The report of a trace as Markdown: the verdict, what is wrong and what to do, with the connections folded.

use std::io::{self, Write};

use super::markdown::{code, fenced, prose, told};
use super::text::View;
use super::{TraceReport, Verdict, trace_text};

/// Writes the report.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &TraceReport) -> io::Result<()> {
    let sign = match report.verdict {
        Verdict::Pass => "✅",
        Verdict::Fail => "❌",
    };
    writeln!(out, "## {sign} pgtls trace: {}\n", code(&report.server))?;
    writeln!(out, "{}\n", prose(&trace_text::summary(report)))?;
    for finding in &report.findings {
        let told = told(
            finding.level,
            finding.code.name(),
            &finding.message,
            &finding.hint,
        );
        write!(out, "{told}")?;
    }
    let probes: Vec<String> = report
        .probes
        .iter()
        .flatten()
        .map(trace_text::probe_line)
        .collect();
    for line in &probes {
        writeln!(out, "- {}", code(line))?;
    }
    if !probes.is_empty() {
        writeln!(out)?;
    }
    let mut text = Vec::new();
    trace_text::write(&mut text, report, View::PLAIN)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    writeln!(
        out,
        "<details><summary>Connections</summary>\n\n{}\n</details>",
        fenced(text.trim_end())
    )
}
