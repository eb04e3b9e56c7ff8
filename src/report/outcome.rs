//! How endpoints and runs ended, in the words that all formats for people share.

use super::{EndpointReport, FindingReport, Report, Verdict};
use crate::diagnose::Level;
use crate::exit::Exit;

/// How an endpoint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It passed.
    Pass,
    /// It passed in a mode that proves nothing.
    Unverified,
    /// It failed.
    Fail,
    /// It was not finished, because the run was interrupted.
    Skip,
    /// A request for a certificate with nothing wrong in it: the CA decides the rest.
    Open,
}

impl Outcome {
    pub(super) fn of(endpoint: &EndpointReport) -> Self {
        match (endpoint.verdict, endpoint.exit_code) {
            (Verdict::Pass, _) if endpoint.unverified => Self::Unverified,
            (Verdict::Pass, _) => Self::Pass,
            (Verdict::Fail, Exit::Interrupted) => Self::Skip,
            (Verdict::Fail, Exit::Unreachable) if endpoint.certificate_request.is_some() => {
                Self::Open
            }
            (Verdict::Fail, _) => Self::Fail,
        }
    }

    /// How a run ended. Nothing has failed where the user has ended it, or where a CA must decide.
    pub(super) fn of_run(report: &Report) -> Self {
        let tally = Tally::of(&report.endpoints);
        match report.verdict {
            Verdict::Pass if tally.unverified > 0 && tally.verified == 0 => Self::Unverified,
            Verdict::Pass => Self::Pass,
            Verdict::Fail if report.exit_code == Exit::Interrupted && tally.failed == 0 => {
                Self::Skip
            }
            Verdict::Fail if tally.failed == 0 && tally.skipped > 0 => Self::Skip,
            Verdict::Fail if tally.failed == 0 && tally.open > 0 => Self::Open,
            Verdict::Fail => Self::Fail,
        }
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Unverified => "PASS (unverified)",
            Self::Fail => "FAIL",
            Self::Skip => "SKIP",
            Self::Open => "OPEN",
        }
    }
}

impl EndpointReport {
    /// The warnings among its findings.
    pub(super) fn warnings(&self) -> impl Iterator<Item = &FindingReport> {
        let findings = self.findings.iter();
        findings.filter(|finding| finding.level.known() == Some(Level::Warning))
    }

    /// The finding to name if there is room for one: the error, or else the first warning.
    pub(super) fn decisive(&self) -> Option<&FindingReport> {
        self.error.as_ref().or_else(|| self.warnings().next())
    }

    /// How much a finding of it weighs. What is wrong with a host that is not needed does not fail the run.
    pub(super) fn level_of(&self, finding: &FindingReport) -> Option<Level> {
        match (finding.level.known(), self.spare) {
            (Some(Level::Error), true) => Some(Level::Warning),
            (level, true | false) => level,
        }
    }
}

/// How many endpoints ended in each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Those that proved who they are, as far as the mode requires it.
    pub(super) verified: usize,
    pub(super) unverified: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
    pub(super) open: usize,
}

impl Tally {
    pub(super) fn of<'a>(endpoints: impl IntoIterator<Item = &'a EndpointReport>) -> Self {
        let mut tally = Self::default();
        for endpoint in endpoints {
            let count = match Outcome::of(endpoint) {
                Outcome::Pass => &mut tally.verified,
                Outcome::Unverified => &mut tally.unverified,
                Outcome::Fail => &mut tally.failed,
                Outcome::Skip => &mut tally.skipped,
                Outcome::Open => &mut tally.open,
            };
            *count = count.saturating_add(1);
        }
        tally
    }

    pub(super) fn passed(&self) -> usize {
        self.verified.saturating_add(self.unverified)
    }
}

/// The answer of a run in a sentence that begins with a small letter.
pub(super) fn headline(report: &Report) -> String {
    let tally = Tally::of(&report.endpoints);
    let (all, passed) = (report.endpoints.len(), tally.passed());
    let open = match tally.open {
        0 => "",
        1 => ", 1 is open",
        open => &format!(", {open} are open"),
    };
    let skipped = match tally.skipped {
        0 => "",
        1 => ", 1 was not finished",
        skipped => &format!(", {skipped} were not finished"),
    };
    let others = format!("{open}{skipped}");
    match (
        report.verdict,
        tally.failed,
        tally.skipped.saturating_add(tally.open),
    ) {
        (Verdict::Pass, 0, 0) if all == 1 => "the endpoint passed".to_owned(),
        (Verdict::Pass, 0, 0) => format!("all {all} endpoints passed"),
        // Of several hosts one is enough.
        (Verdict::Pass, ..) => format!("{passed} of {all} endpoints passed{others}"),
        // Interrupted: what was not checked did not pass.
        (Verdict::Fail, 0, 0) => format!("{all} passed, the others were not checked"),
        (Verdict::Fail, 0, _) => format!("{passed} of {all} endpoints passed{others}"),
        (Verdict::Fail, ..) if all == 1 => "the endpoint failed".to_owned(),
        (Verdict::Fail, failed, _) => format!("{failed} of {all} endpoints failed{others}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn every_format_for_people_has_the_same_words() {
        let report = sample::with(&[
            sample::passing(),
            sample::unverified(),
            sample::unfinished(),
        ]);
        type Write = fn(&mut dyn std::io::Write, &Report) -> std::io::Result<()>;
        let formats: [(&str, Write); 4] = [
            ("github", crate::report::github::write),
            ("html", crate::report::html::write),
            ("markdown", crate::report::markdown::write),
            ("text", |out, report| {
                let view = crate::report::text::View::PLAIN;
                crate::report::text::write(out, report, view)
            }),
        ];
        for (format, write) in formats {
            let mut out = Vec::new();
            write(&mut out, &report).unwrap();
            let text = String::from_utf8(out).unwrap();
            for word in ["PASS", "PASS (unverified)", "SKIP"] {
                assert!(text.contains(word), "{format}: {word}: {text}");
            }
            assert!(!text.contains("FAIL"), "{format}: {text}");
        }
    }

    #[test]
    fn the_outcome_of_a_run_is_the_same_in_every_format_for_people() {
        let (pass, fail, skipped) = (sample::passing, sample::wrong_host, sample::unfinished);
        let (open, unverified) = (sample::requested, sample::unverified);
        for (endpoints, sign, class) in [
            (vec![pass(), pass()], "✅", "pass"),
            (vec![unverified(), unverified()], "⚠️", "warn"),
            (vec![unverified(), pass()], "✅", "pass"),
            (vec![pass(), skipped()], "⏭️", "warn"),
            (vec![pass(), open()], "❔", "warn"),
            (vec![open()], "❔", "warn"),
            (vec![open(), fail()], "❌", "fail"),
        ] {
            let report = sample::with(&endpoints);
            let markdown = crate::report::markdown::within(&report, usize::MAX);
            assert!(
                markdown.starts_with(&format!("## {sign} pgtls: ")),
                "{markdown}"
            );
            let mut page = Vec::new();
            crate::report::html::write(&mut page, &report).unwrap();
            let page = String::from_utf8(page).unwrap();
            assert!(
                page.contains(&format!("<header class=\"{class}\">")),
                "{page}"
            );
        }
    }

    /// `--hosts any` with two strings: the second one fails, the first one needs one of its hosts only.
    #[test]
    fn a_host_that_its_string_does_not_need_is_no_error_in_a_run_that_fails() {
        let report = sample::with(&[sample::spare(), sample::passing(), sample::wrong_host()]);
        let thresholds = crate::report::nagios::Thresholds::default();
        type Write = fn(&mut dyn std::io::Write, &Report) -> std::io::Result<()>;
        let formats: [(Write, &str, usize); 4] = [
            (crate::report::github::write, "::error ", 1),
            (crate::report::junit::write, "<failure ", 1),
            (crate::report::junit::write, "<skipped ", 1),
            (crate::report::sarif::write, "\"level\": \"error\"", 1),
        ];
        for (write, sign, count) in formats {
            let mut out = Vec::new();
            write(&mut out, &report).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert_eq!(text.matches(sign).count(), count, "{sign}: {text}");
        }
        assert_eq!(
            crate::report::nagios::state(&report, thresholds),
            crate::report::nagios::State::Critical
        );
        let others = Report {
            verdict: Verdict::Fail,
            ..sample::with(&[sample::spare(), sample::passing(), sample::unfinished()])
        };
        assert_eq!(
            crate::report::nagios::state(&others, thresholds),
            crate::report::nagios::State::Unknown
        );
    }

    #[test]
    fn what_was_not_finished_did_not_fail() {
        let any = |endpoints: &[EndpointReport]| Report {
            verdict: Verdict::Pass,
            ..sample::with(endpoints)
        };
        let open = sample::requested;
        let (pass, fail, skipped) = (sample::passing, sample::wrong_host, sample::unfinished);
        for (report, told) in [
            (sample::with(&[pass()]), "the endpoint passed"),
            (sample::with(&[pass(), pass()]), "all 2 endpoints passed"),
            (any(&[fail(), pass()]), "1 of 2 endpoints passed"),
            (
                any(&[pass(), skipped()]),
                "1 of 2 endpoints passed, 1 was not finished",
            ),
            (
                sample::with(&[open(), pass()]),
                "1 of 2 endpoints passed, 1 is open",
            ),
            (sample::with(&[fail()]), "the endpoint failed"),
            (sample::with(&[fail(), pass()]), "1 of 2 endpoints failed"),
            (
                sample::with(&[fail(), skipped(), skipped()]),
                "1 of 3 endpoints failed, 2 were not finished",
            ),
            (
                sample::with(&[pass(), skipped()]),
                "1 of 2 endpoints passed, 1 was not finished",
            ),
            (
                Report {
                    verdict: Verdict::Fail,
                    ..sample::with(&[pass()])
                },
                "1 passed, the others were not checked",
            ),
        ] {
            assert_eq!(headline(&report), told);
        }
    }
}
