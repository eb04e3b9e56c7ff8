//! Puts what changed since a baseline into the report of a check.

use super::{Change, Diff, Kind, Severity};
use crate::diagnose::{Code, Hint, Level, Stage};
use crate::exit::Exit;
use crate::report::{FindingReport, Report, Verdict};

/// Adds a finding for each change. Lost protection fails an endpoint that would pass. `file` is what to call the
/// baseline, and `diff` compares it with this very report.
#[must_use]
pub fn apply(mut report: Report, diff: &Diff, file: &str) -> Report {
    for (endpoint, compared) in report.endpoints.iter_mut().zip(&diff.endpoints) {
        for change in &compared.changes {
            let Some(finding) = finding(change, file) else {
                continue;
            };
            let fails = finding.level == Level::Error && endpoint.verdict == Verdict::Pass;
            if fails {
                endpoint.verdict = Verdict::Fail;
                endpoint.exit_code = Exit::Unmet;
                endpoint.error = Some(finding);
            } else {
                endpoint.findings.push(finding);
            }
        }
    }
    if report.exit_code != Exit::Interrupted {
        let exits = report.endpoints.iter().map(|endpoint| endpoint.exit_code);
        report.exit_code = Exit::of_all(exits);
        if report.exit_code != Exit::Passed {
            report.verdict = Verdict::Fail;
        }
    }
    report
}

fn finding(change: &Change, file: &str) -> Option<FindingReport> {
    // Its own error says why.
    if change.kind == Kind::CheckFails {
        return None;
    }
    let (level, code, hint) = match change.severity() {
        Severity::Quiet => return None,
        Severity::Told => (Level::Info, Code::ChangedSinceBaseline, Hint::default()),
        Severity::Lost => (
            Level::Error,
            Code::ProtectionLost,
            Hint::say("If that is intended, accept it: repeat the check with --update."),
        ),
    };
    Some(FindingReport {
        level: level.into(),
        code: code.into(),
        stage: Stage::Policy.into(),
        message: format!("compared with {file}: {}", change.message()).into(),
        hint,
    })
}
