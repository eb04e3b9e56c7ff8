//! The output during a run: results as they come, changes of state, a progress bar.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pgtls::check::{Checked, Observer};
use pgtls::escape::escape;
use pgtls::report::{EndpointReport, json};

use super::output::{Printed, to_stdout};
use crate::cli::{Format, Output};

/// Prints progress for people on standard error, and JSON lines as they come.
pub(super) struct Live {
    printed: Printed,
    quiet: bool,
    failure: Option<anyhow::Error>,
    bar: Option<ProgressBar>,
}

impl Live {
    pub(super) fn new(output: &Output) -> Self {
        Self {
            printed: match output.format {
                Format::Jsonl if !output.quiet => Printed::Lines,
                _ => Printed::Nothing,
            },
            quiet: output.quiet,
            failure: None,
            bar: None,
        }
    }

    /// What has been written to standard output.
    ///
    /// # Errors
    /// It could not be written.
    pub(super) fn finish(self) -> anyhow::Result<Printed> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.failure.map_or(Ok(self.printed), Err)
    }
}

impl Live {
    /// An endpoint is done, and this is its report.
    pub(super) fn reported(&mut self, report: &EndpointReport) {
        if self.prints_lines() {
            let written = to_stdout(|out| json::write_line(out, report));
            self.failure = written.err();
        }
    }

    fn prints_lines(&self) -> bool {
        self.printed == Printed::Lines && self.failure.is_none()
    }
}

impl Observer for Live {
    fn begin(&mut self, endpoints: usize) {
        if !self.quiet && endpoints > FEW && io::stderr().is_terminal() {
            let length = u64::try_from(endpoints).unwrap_or(u64::MAX);
            let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} checked, {elapsed}");
            self.bar = Some(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())));
        }
    }

    fn done(&mut self, checked: &Checked<'_>) {
        if self.prints_lines() {
            self.reported(&EndpointReport::of(checked));
        }
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    fn changed(&mut self, checked: &Checked<'_>) {
        if self.quiet {
            return;
        }
        let report = EndpointReport::of(checked);
        let state = match &report.error {
            Some(error) => format!("{}: {}", error.code, error.message),
            None => "passes".to_owned(),
        };
        let line = format!("pgtls: {}: {}", report.label(), escape(&state));
        // If standard error is closed, it cannot be reported.
        let say = || writeln!(io::stderr(), "{line}").unwrap_or_default();
        match &self.bar {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }
}

/// This few endpoints are done before a bar could be read.
const FEW: usize = 8;
