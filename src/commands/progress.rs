//! What a run says while it goes on: results as they come, changes of state, a progress bar.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pgtls::escape::escape;
use pgtls::report::{EndpointReport, json};

use super::output::{Printed, to_stdout};
use crate::cli::{Format, Output};

/// Hears of everything that happens.
pub(super) trait Observer {
    /// So many endpoints are to be checked.
    fn begin(&self, endpoints: usize);
    /// An endpoint is done.
    fn done(&mut self, report: &EndpointReport);
    /// The state of an endpoint that is waited for has changed.
    fn changed(&self, report: &EndpointReport);
}

/// Says nothing.
pub(super) struct Silent;

impl Observer for Silent {
    fn begin(&self, _: usize) {}
    fn done(&mut self, _: &EndpointReport) {}
    fn changed(&self, _: &EndpointReport) {}
}

/// Says on standard error what people want to see, and prints JSON lines as they come.
pub(super) struct Live {
    printed: Printed,
    quiet: bool,
    failure: Option<anyhow::Error>,
    bar: OnceLock<ProgressBar>,
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
            bar: OnceLock::new(),
        }
    }

    /// What is on standard output now.
    ///
    /// # Errors
    /// It could not be written.
    pub(super) fn finish(self) -> anyhow::Result<Printed> {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
        self.failure.map_or(Ok(self.printed), Err)
    }
}

impl Observer for Live {
    fn begin(&self, endpoints: usize) {
        if !self.quiet && endpoints > FEW && io::stderr().is_terminal() {
            let length = u64::try_from(endpoints).unwrap_or(u64::MAX);
            let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} checked, {elapsed}");
            self.bar.get_or_init(|| {
                bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            });
        }
    }

    fn done(&mut self, report: &EndpointReport) {
        if self.printed == Printed::Lines && self.failure.is_none() {
            let written = to_stdout(|out| json::write_line(out, report));
            self.failure = written.err();
        }
        if let Some(bar) = self.bar.get() {
            bar.inc(1);
        }
    }

    fn changed(&self, report: &EndpointReport) {
        if self.quiet {
            return;
        }
        let state = match &report.error {
            Some(error) => format!("{}: {}", error.code, error.message),
            None => "passes".to_owned(),
        };
        let line = format!("pgtls: {}: {}", report.label(), escape(&state));
        // Where standard error is closed there is nobody to tell.
        let say = || writeln!(io::stderr(), "{line}").unwrap_or_default();
        match self.bar.get() {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }
}

/// So many endpoints are done before a bar could be read.
const FEW: usize = 8;
