//! Many endpoints at a glance: one line for each that passes, what decides for each that does not, and a summary.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use super::page::{count, wrap_under};
use super::paragraph;
use super::table::{Kind, Table};
use super::{Detail, Order, Selection, View};
use crate::exit::Exit;
use crate::report::outcome::{Outcome, Tally};
use crate::report::{EndpointReport, Report, Verdict, labels};

/// An endpoint, and what to call it.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) endpoint: &'a EndpointReport,
    pub(super) label: &'a str,
}

impl Entry<'_> {
    /// What to call it in a table. Those of one name are the addresses of that name, if it was looked up.
    pub(super) fn called(&self) -> String {
        match &self.endpoint.hostaddr {
            Some(address) if self.label != self.endpoint.label() => {
                format!("{} ({address})", self.label)
            }
            Some(_) | None => self.label.to_owned(),
        }
    }

    fn passes(&self) -> bool {
        self.endpoint.verdict == Verdict::Pass
    }
}

/// Writes the answer, the endpoints and the summary.
pub(super) fn write(out: &mut dyn Write, report: &Report, view: View) -> io::Result<()> {
    let labels = labels(&report.endpoints);
    let entries = report.endpoints.iter().zip(&labels);
    let mut entries: Vec<Entry<'_>> = entries
        .map(|(endpoint, label)| Entry { endpoint, label })
        .collect();
    if entries.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", answer(report, &entries, view))?;
    sort(&mut entries, view.order);
    let shown: Vec<Entry<'_>> = entries
        .iter()
        .filter(|entry| view.selection == Selection::All || !entry.passes())
        .copied()
        .collect();
    match (view.detail, Kind::of(&entries)) {
        (Detail::Full, _) => {
            for entry in &shown {
                writeln!(out)?;
                paragraph::write(out, entry.endpoint, entry.label, view)?;
            }
        }
        (Detail::Brief, Kind::Checks) => write_checks(out, &shown, view)?,
        (Detail::Brief, Kind::Audits) => write_audits(out, &shown, view)?,
    }
    writeln!(
        out,
        "\n{}",
        wrap_under(&summary(&entries), "", "  ", view.page)
    )
}

/// What fails in its place, and what passes in one line.
fn write_checks(out: &mut dyn Write, entries: &[Entry<'_>], view: View) -> io::Result<()> {
    let passing: Vec<Entry<'_>> = entries.iter().filter(|one| one.passes()).copied().collect();
    let table = Table::new(&passing, Kind::Checks, view);
    let few = entries.len() <= FEW;
    let mut before: Option<&Entry<'_>> = None;
    let mut headed = false;
    for (entry, next) in with_next(entries) {
        if entry.passes() {
            if before.is_none_or(|before| !before.passes()) {
                writeln!(out)?;
            }
            if !headed {
                table.write_head(out)?;
            }
            headed = true;
            table.write_row(out, entry)?;
        } else if few && Outcome::of(entry.endpoint) != Outcome::Skip {
            writeln!(out)?;
            paragraph::write(out, entry.endpoint, entry.label, view)?;
        } else {
            write_failure(out, before, entry, next, view)?;
        }
        before = Some(entry);
    }
    Ok(())
}

/// One line for each server, because what they accept is to be compared; then what fails.
fn write_audits(out: &mut dyn Write, entries: &[Entry<'_>], view: View) -> io::Result<()> {
    let table = Table::new(entries, Kind::Audits, view);
    writeln!(out)?;
    table.write_head(out)?;
    for entry in entries {
        table.write_row(out, entry)?;
    }
    let failing: Vec<Entry<'_>> = entries
        .iter()
        .filter(|one| !one.passes())
        .copied()
        .collect();
    let mut before = None;
    for (entry, next) in with_next(&failing) {
        write_failure(out, before, entry, next, view)?;
        before = Some(entry);
    }
    Ok(())
}

/// The verdict, and the cause unless the next one has it as well.
fn write_failure(
    out: &mut dyn Write,
    before: Option<&Entry<'_>>,
    entry: &Entry<'_>,
    next: Option<&Entry<'_>>,
    view: View,
) -> io::Result<()> {
    let alike = |other: Option<&Entry<'_>>| {
        other.is_some_and(|other| paragraph::have_one_cause(entry.endpoint, other.endpoint))
    };
    if !alike(before) {
        writeln!(out)?;
    }
    let line = paragraph::verdict_line(entry.endpoint, entry.label, view);
    writeln!(out, "{line}")?;
    if alike(next) {
        return Ok(());
    }
    paragraph::write_cause(out, entry.endpoint, view)
}

/// Each with the one after it.
fn with_next<'a, 'e>(
    entries: &'a [Entry<'e>],
) -> impl Iterator<Item = (&'a Entry<'e>, Option<&'a Entry<'e>>)> {
    let next = entries.iter().skip(1).map(Some).chain([None]);
    entries.iter().zip(next)
}

/// The first line: the verdict of the run.
fn answer(report: &Report, entries: &[Entry<'_>], view: View) -> String {
    let tally = Tally::of(entries.iter().map(|entry| entry.endpoint));
    let (passed, unverified) = (tally.passed(), tally.unverified);
    let mut text = format!("{passed} of {} endpoints passed", entries.len());
    if unverified > 0 {
        text.push_str(&format!(", {unverified} of them unverified"));
    }
    for (number, what) in [(tally.skipped, "not finished"), (tally.open, "open")] {
        if number > 0 {
            text.push_str(&format!(", {number} {what}"));
        }
    }
    match report.verdict {
        Verdict::Pass => {}
        Verdict::Fail => text.push_str(&format!("  exit {}", report.exit_code.number())),
    }
    Outcome::of_run(report).line(&text, view)
}

/// The last line: how many of each kind, and what expires next.
fn summary(entries: &[Entry<'_>]) -> String {
    let tally = Tally::of(entries.iter().map(|entry| entry.endpoint));
    let mut warned = 0_usize;
    let mut causes: BTreeMap<String, usize> = BTreeMap::new();
    for Entry { endpoint, .. } in entries {
        if Outcome::of(endpoint) == Outcome::Fail {
            let cause = endpoint.error.as_ref().map(|error| error.code.to_string());
            let cause = causes.entry(cause.unwrap_or_default()).or_default();
            *cause = cause.saturating_add(1);
        }
        warned = warned.saturating_add(endpoint.warnings().count());
    }
    let mut causes: Vec<(String, usize)> = causes.into_iter().collect();
    causes.sort_by_key(|(_, count)| Reverse(*count));
    let causes: Vec<String> = causes
        .into_iter()
        .map(|(cause, count)| format!("{count} {cause}"))
        .collect();
    let mut parts = vec![format!("{} passed", tally.verified)];
    for (number, what) in [
        (tally.unverified, "passed unverified".to_owned()),
        (tally.failed, format!("failed ({})", causes.join(", "))),
        (tally.open, "open (certificate requests)".to_owned()),
        (tally.skipped, "not finished".to_owned()),
    ] {
        if number > 0 {
            parts.push(format!("{number} {what}"));
        }
    }
    if warned > 0 {
        parts.push(count(warned, "warning"));
    }
    let next = entries
        .iter()
        .filter(|entry| entry.passes())
        .filter_map(|entry| {
            Some((
                usize::try_from(entry.endpoint.days_left()?).ok()?,
                entry.label,
            ))
        })
        .min_by_key(|(days, _)| *days);
    let next = next.map_or_else(String::new, |(days, label)| {
        format!("; next expiry: {label} in {}", count(days, "day"))
    });
    format!("{} endpoints: {}{next}", entries.len(), parts.join(", "))
}

fn sort(entries: &mut [Entry<'_>], order: Order) {
    let expiry = |entry: &Entry<'_>| entry.endpoint.days_left().unwrap_or(i64::MAX);
    match order {
        Order::Input => {}
        Order::Name => entries.sort_by(|a, b| a.label.cmp(b.label)),
        Order::Expiry => entries.sort_by_key(expiry),
        // Those with one cause stand together.
        Order::Worst => entries.sort_by_key(|entry| {
            let error = entry.endpoint.error.as_ref();
            let cause = error.map(|error| error.code.to_string());
            (Reverse(severity(entry)), cause, expiry(entry))
        }),
    }
}

/// The greater, the worse.
fn severity(entry: &Entry<'_>) -> u8 {
    match entry.endpoint.exit_code {
        Exit::Passed => match Outcome::of(entry.endpoint) {
            Outcome::Unverified => 2,
            Outcome::Pass | Outcome::Fail | Outcome::Skip | Outcome::Open => {
                u8::from(entry.endpoint.warnings().next().is_some())
            }
        },
        Exit::Interrupted => 3,
        Exit::Unmet => 4,
        Exit::Usage => 5,
        Exit::Login => 6,
        Exit::Unreachable => 7,
        Exit::Handshake => 8,
        Exit::NoTls => 9,
        Exit::WrongHost => 10,
        Exit::Untrusted => 11,
    }
}

/// So few are shown with their evidence.
const FEW: usize = 4;
