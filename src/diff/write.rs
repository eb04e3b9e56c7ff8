//! What changed, as text, JSON, Markdown and annotations.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::{Compared, Diff, Kind, Severity};
use crate::exit::Exit;
use crate::report::Verdict;
use crate::report::github::annotation;
use crate::report::markdown::{cell, prose};
use crate::report::text::{Palette, paint};

/// For people: the answer first, then each endpoint with a change.
///
/// # Errors
/// If `out` cannot be written.
pub fn text(out: &mut dyn Write, diff: &Diff, palette: Palette) -> io::Result<()> {
    let painted = |text: &str, colour: AnsiColor| {
        let style = Style::new().bold().fg_color(Some(colour.into()));
        paint(text, style, palette)
    };
    let (answer, numbers) = headline(diff);
    let colour = match diff.exit() {
        Exit::Passed => AnsiColor::Green,
        _ => AnsiColor::Red,
    };
    let (word, rest) = answer.split_at(answer.find(' ').unwrap_or(answer.len()));
    writeln!(out, "{}{rest}  {numbers}", painted(word, colour))?;
    for compared in worst_first(diff) {
        writeln!(out, "\n{}", compared.label)?;
        for change in &compared.changes {
            let word = match change.severity() {
                Severity::Quiet => painted("ok", AnsiColor::Green) + "  ",
                Severity::Told => painted("note", AnsiColor::Yellow),
                Severity::Lost => painted("LOST", AnsiColor::Red),
            };
            writeln!(out, "  {word}  {}: {}", change.kind, change.message())?;
        }
    }
    Ok(())
}

/// The answer, and how many endpoints changed in which way.
fn headline(diff: &Diff) -> (String, String) {
    let all = diff.compared().count();
    let count = |severity: Severity| {
        let such = |one: &&Compared| one.severity() == Some(severity);
        diff.compared().filter(such).count()
    };
    let (lost, told, quiet) = (
        count(Severity::Lost),
        count(Severity::Told),
        count(Severity::Quiet),
    );
    let same = all
        .saturating_sub(lost)
        .saturating_sub(told)
        .saturating_sub(quiet);
    let answer = match lost {
        0 => "PASS  no protection was lost".to_owned(),
        1 => "FAIL  protection was lost at 1 endpoint".to_owned(),
        lost => format!("FAIL  protection was lost at {lost} endpoints"),
    };
    let added = diff.endpoints.len().saturating_sub(all);
    let uncompared = match (added, diff.gone.len()) {
        (0, 0) => String::new(),
        (added, 0) => format!("; not compared: {added} new"),
        (0, gone) => format!("; not compared: {gone} gone"),
        (added, gone) => format!("; not compared: {added} new, {gone} gone"),
    };
    let numbers = format!(
        "({all} compared: {lost} lost, {told} changed, {quiet} renewed, {same} the same{uncompared})"
    );
    (answer, numbers)
}

/// The endpoints with a change, those that lost something first.
fn worst_first(diff: &Diff) -> Vec<&Compared> {
    let mut changed: Vec<&Compared> = diff
        .all()
        .filter(|compared| !compared.changes.is_empty())
        .collect();
    changed.sort_by_key(|compared| std::cmp::Reverse(compared.severity()));
    changed
}

/// What changed between two runs. Fields are only ever added, and readers must expect new kinds of change.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Document<'a> {
    /// 1.
    schema_version: u32,
    /// Whether no protection was lost.
    verdict: Verdict,
    /// 1 if protection was lost anywhere.
    exit_code: Exit,
    /// The endpoints of the new run in its order, then those that only the old run had.
    endpoints: Vec<Endpoint<'a>>,
}

/// What changed at one endpoint.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Endpoint<'a> {
    /// What to call it. No two of one run have the same.
    endpoint: &'a str,
    /// That of its worst change; `null` if nothing changed.
    severity: Option<Severity>,
    /// The worst first.
    changes: Vec<ChangeDocument<'a>>,
}

/// One change.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Change"))]
struct ChangeDocument<'a> {
    /// What changed.
    kind: Kind,
    /// How much it matters.
    severity: Severity,
    /// What it was; `null` if there is no word for it.
    before: Option<&'a str>,
    /// What it is; `null` if there is no word for it.
    after: Option<&'a str>,
    /// The change in a sentence.
    message: String,
}

/// One document with every endpoint of both runs.
///
/// # Errors
/// If `out` cannot be written.
pub fn json(out: &mut dyn Write, diff: &Diff) -> io::Result<()> {
    let exit_code = diff.exit();
    let document = Document {
        schema_version: 1,
        verdict: match exit_code {
            Exit::Passed => Verdict::Pass,
            _ => Verdict::Fail,
        },
        exit_code,
        endpoints: diff.all().map(endpoint_document).collect(),
    };
    crate::report::json::write(out, &document)
}

fn endpoint_document(compared: &Compared) -> Endpoint<'_> {
    Endpoint {
        endpoint: &compared.label,
        severity: compared.severity(),
        changes: compared
            .changes
            .iter()
            .map(|one| ChangeDocument {
                kind: one.kind,
                severity: one.severity(),
                before: one.before.as_deref(),
                after: one.after.as_deref(),
                message: one.message().to_string(),
            })
            .collect(),
    }
}

/// A table for pull requests.
///
/// # Errors
/// If `out` cannot be written.
pub fn markdown(out: &mut dyn Write, diff: &Diff) -> io::Result<()> {
    out.write_all(markdown_within(diff, usize::MAX).as_bytes())
}

/// The table in at most about this many bytes: rows that do not fit are left out, and their number is stated.
pub fn markdown_within(diff: &Diff, limit: usize) -> String {
    let sign = match diff.exit() {
        Exit::Passed => "✅",
        _ => "❌",
    };
    let (answer, numbers) = headline(diff);
    let mut page = format!("## {sign} pgtls diff: {answer}  {numbers}\n\n");
    let rows: Vec<String> = worst_first(diff).into_iter().flat_map(rows).collect();
    if rows.is_empty() {
        return page;
    }
    page.push_str("| | Endpoint | Change | What |\n| --- | --- | --- | --- |\n");
    let limit = limit.saturating_sub(ROOM_FOR_NOTE);
    for (index, row) in rows.iter().enumerate() {
        if page.len().saturating_add(row.len()) > limit {
            let left = rows.len().saturating_sub(index);
            let note = format!("\n{left} changes are not listed: the report would be too long.\n");
            page.push_str(&note);
            break;
        }
        page.push_str(row);
    }
    page
}

/// One row for each change.
fn rows(compared: &Compared) -> impl Iterator<Item = String> {
    let label = cell(&compared.label);
    compared.changes.iter().map(move |change| {
        let word = match change.severity() {
            Severity::Quiet => "✅ ok",
            Severity::Told => "ℹ️ note",
            Severity::Lost => "❌ LOST",
        };
        let what = prose(&change.message().replace('|', "\\x7c"));
        format!("| {word} | {label} | `{}` | {what} |\n", change.kind)
    })
}

/// Bytes for the sentence about what was left out.
const ROOM_FOR_NOTE: usize = 128;

/// Annotations for GitHub Actions: an error for what was lost, a warning for what should be known.
///
/// # Errors
/// If `out` cannot be written.
pub fn github(out: &mut dyn Write, diff: &Diff) -> io::Result<()> {
    let (answer, numbers) = headline(diff);
    writeln!(out, "{answer}  {numbers}")?;
    for compared in worst_first(diff) {
        for change in &compared.changes {
            let command = match change.severity() {
                Severity::Quiet => continue,
                Severity::Told => "warning",
                Severity::Lost => "error",
            };
            let title = format!("{} {}", compared.label, change.kind);
            annotation(out, command, &title, &change.message())?;
        }
    }
    Ok(())
}
