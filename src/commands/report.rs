//! `pgtls report`: the reports of several runs as one.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use pgtls::conninfo::shown_path;
use pgtls::exit::Exit;
use pgtls::report::{Report, merge};
use pgtls::trust::Mebibytes;

use super::output::{self, Printed};
use super::sources::read_text;
use crate::cli::Merge;

pub(crate) fn run(args: &Merge) -> anyhow::Result<ExitCode> {
    let mut endpoints = Vec::new();
    let mut exits = Vec::new();
    let mut begun = Vec::new();
    for file in &args.files {
        let merged = merge::read(&read_text(file, MAX_REPORT)?).with_context(|| shown(file))?;
        endpoints.extend(merged.endpoints);
        exits.push(merged.exit);
        begun.push(merged.checked_at);
    }
    if endpoints.is_empty() {
        // If nothing was checked, nothing passed.
        bail!("none of the files contains an endpoint");
    }
    let exit = Exit::of_all(exits);
    let report = Report {
        checked_at: merge::earliest(begun),
        ..Report::merged(endpoints, exit)
    };
    output::print(&report, exit, &args.output, Printed::Nothing)
}

/// Enough for the reports of some ten thousand endpoints.
pub(super) const MAX_REPORT: Mebibytes = Mebibytes(256);

pub(super) fn shown(file: &Path) -> String {
    match file.to_str() {
        Some("-") => "standard input".to_owned(),
        _ => shown_path(file),
    }
}
