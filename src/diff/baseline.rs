//! Puts what changed since a baseline into the report of a check.

use super::{Change, Diff, Kind, Severity};
use crate::diagnose::{Code, Hint, Level, Stage};
use crate::exit::Exit;
use crate::report::{FindingReport, Report, Verdict};

/// Adds a finding for each change. Lost protection fails an endpoint that would pass, and so does a baseline that has
/// none of the endpoints. `file` is what to call the baseline, and `diff` compares it with this very report.
#[must_use]
pub fn apply(mut report: Report, diff: &Diff, file: &str) -> Report {
    let is_foreign = diff.compared().next().is_none();
    let mut failed = false;
    let mut lost = false;
    for (endpoint, compared) in report.endpoints.iter_mut().zip(&diff.endpoints) {
        for change in &compared.changes {
            let found = match is_foreign {
                true => Some(nothing_compared(file)),
                false => finding(change, file),
            };
            let Some(finding) = found else {
                continue;
            };
            let fails = finding.level == Level::Error && endpoint.verdict == Verdict::Pass;
            if fails {
                failed = true;
                endpoint.verdict = Verdict::Fail;
                endpoint.exit_code = Exit::Unmet;
                endpoint.error = Some(finding);
            } else {
                lost |= finding.level == Level::Error;
                endpoint.findings.push(finding);
            }
        }
        let level = |one: &FindingReport| one.level.known().unwrap_or(Level::Info);
        endpoint.findings.sort_by_key(level);
    }
    // Of several hosts one may be enough. What the others lost is what the string lost, and fails the run as well.
    let failed = failed || lost && report.verdict == Verdict::Pass;
    if failed && report.exit_code != Exit::Interrupted {
        report.exit_code = Exit::of_all([report.exit_code, Exit::Unmet]);
        report.verdict = Verdict::Fail;
    }
    report
}

/// If nothing was compared, nothing passed.
fn nothing_compared(file: &str) -> FindingReport {
    let message = format!(
        "compared with {file}: it has none of the endpoints of this check, so nothing was compared"
    );
    FindingReport {
        level: Level::Error.into(),
        code: Code::ChangedSinceBaseline.into(),
        stage: Stage::Policy.into(),
        message: message.into(),
        hint: Hint::say("Name the right file, or write it again: repeat the check with --update."),
    }
}

fn finding(change: &Change, file: &str) -> Option<FindingReport> {
    // Its own error says why.
    if matches!(change.kind, Kind::CheckFails | Kind::HostFails) {
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
