//! The report for people: the answer first, then cause and fix, then the evidence.
//!
//! `paragraph.rs` writes one endpoint in full, with the rows of `evidence.rs`, `audit.rs` and `clients.rs`; `fleet.rs`
//! writes many endpoints, most of them as one line of the table in `table.rs`; `page.rs` makes lines fit.

mod audit;
mod clients;
mod evidence;
mod finding;
mod fleet;
mod page;
mod paragraph;
mod table;

use std::io::{self, Write};

pub(crate) use finding::{label, write_body};
use page::wrap_under;
pub use page::{Page, Palette};
pub(crate) use page::{paint, wrap};

use super::{EndpointReport, Report, Verdict};

/// How to write a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// With or without colours.
    pub palette: Palette,
    /// How wide.
    pub page: Page,
    /// How much of each endpoint.
    pub detail: Detail,
    /// In which order.
    pub order: Order,
    /// Which endpoints.
    pub selection: Selection,
}

impl View {
    /// For a reader of which nothing is known.
    pub const PLAIN: Self = Self {
        palette: Palette::Plain,
        page: Page::Stream,
        detail: Detail::Brief,
        order: Order::Worst,
        selection: Selection::All,
    };
}

/// How much of each endpoint is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What decides. Of several endpoints, those that pass have one line.
    Brief,
    /// Everything: every endpoint in full, and certificates with their names, serial numbers and fingerprints.
    Full,
}

/// The order of several endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// What fails first, then what expires first.
    Worst,
    /// As they were given.
    Input,
    /// By name.
    Name,
    /// What expires first.
    Expiry,
}

/// Which endpoints are shown. All of them are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All.
    All,
    /// Those that do not pass.
    Failures,
}

/// Writes the report: one endpoint in full, or many at a glance.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &Report, view: View) -> io::Result<()> {
    match report.endpoints.as_slice() {
        [endpoint] if view.selection == Selection::Failures => match endpoint.verdict {
            Verdict::Pass => {
                let line = paragraph::verdict_line(endpoint, &endpoint.label(), view);
                writeln!(out, "{line}")?;
            }
            Verdict::Fail => paragraph::write(out, endpoint, &endpoint.label(), view)?,
        },
        [endpoint] => paragraph::write(out, endpoint, &endpoint.label(), view)?,
        _ => fleet::write(out, report, view)?,
    }
    write_origin(out, report, view)
}

/// When the report was made, and by what.
fn write_origin(out: &mut dyn Write, report: &Report, view: View) -> io::Result<()> {
    let (Some(instant), Some(tool)) = (&report.checked_at, &report.tool) else {
        return Ok(());
    };
    let line = format!("checked {instant} by {} {}", tool.name, tool.version);
    writeln!(out, "{}", wrap_under(&line, "", "  ", view.page))
}

/// The paragraph of one endpoint, without colour.
pub fn endpoint(endpoint: &EndpointReport, label: &str) -> String {
    in_memory(|out| paragraph::write(out, endpoint, label, View::PLAIN))
}

/// The same without the findings.
pub(super) fn evidence(endpoint: &EndpointReport, label: &str) -> String {
    in_memory(|out| {
        let line = paragraph::verdict_line(endpoint, label, View::PLAIN);
        writeln!(out, "{line}")?;
        paragraph::write_evidence(out, endpoint, View::PLAIN)
    })
}

fn in_memory(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    // Writing to memory cannot fail.
    let _ = write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests;
