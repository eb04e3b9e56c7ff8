//! The report of a trace as JUnit XML: one test case for each thing that an application must not do.

use std::io::{self, Write};

use super::junit::{Case, Problem, Suite, Tag, write_suite};
use super::text::View;
use super::{TraceReport, trace_text};
use crate::diagnose::{Code, Level};
use crate::exit::Junit;

/// Writes one suite. The text report is the output of its first test case.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &TraceReport) -> io::Result<()> {
    let mut text = Vec::new();
    trace_text::write(&mut text, report, View::PLAIN)?;
    let mut output = String::from_utf8_lossy(&text).into_owned();
    let codes = CODES.iter().filter(|code| {
        let is_asked = (**code != Code::DoesNotVerify || report.probes.is_some())
            && (**code != Code::CommandFailed || report.command.is_some());
        is_asked || report.findings.iter().any(|found| found.code == **code)
    });
    let cases: Vec<Case> = codes
        .map(|code| Case {
            name: code.name().to_owned(),
            class: "pgtls.trace",
            time: None,
            place: None,
            problem: problem(report, *code),
            output: std::mem::take(&mut output),
        })
        .collect();
    let suite = Suite {
        name: "pgtls trace",
        checked_at: None,
        version: Some(&report.tool.version),
    };
    write_suite(out, &suite, &cases)
}

fn problem(report: &TraceReport, code: Code) -> Option<Problem> {
    let mut findings = report.findings.iter();
    let found = findings.find(|found| found.code == code && found.level == Level::Error)?;
    let all: Vec<String> = report
        .findings
        .iter()
        .filter(|other| other.code == code)
        .map(|other| format!("{}\n{}", other.message, other.hint))
        .collect();
    let exits = code.exits();
    let is_error = exits.iter().any(|exit| exit.junit() == Junit::Error);
    Some(Problem {
        tag: if is_error { Tag::Error } else { Tag::Failure },
        kind: code.name().to_owned(),
        message: found.message.to_string(),
        advice: all.join("\n"),
    })
}

const CODES: [Code; 6] = [
    Code::NothingTraced,
    Code::PlaintextSession,
    Code::FallsBackToPlaintext,
    Code::PlaintextCancel,
    Code::DoesNotVerify,
    Code::CommandFailed,
];
