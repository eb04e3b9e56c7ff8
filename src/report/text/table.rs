//! One line for each of many endpoints, with a column for each kind of fact.

use std::collections::BTreeSet;
use std::io::{self, Write};

use anstyle::AnsiColor;
use textwrap::core::display_width;

use super::View;
use super::fleet::Entry;
use super::page::{count, paint, wrap};
use super::paragraph::bold;
use crate::report::outcome::Outcome;
use crate::report::{Answer, AuditReport, EndpointReport, RehearsalReport, RotationReport};
use crate::wire::tls::TlsVersion;

/// What the lines tell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What was checked.
    Checks,
    /// What the servers accept.
    Audits,
}

impl Kind {
    pub(super) fn of(entries: &[Entry<'_>]) -> Self {
        let audited = entries.iter().any(|one| one.endpoint.audit.is_some());
        if audited { Self::Audits } else { Self::Checks }
    }

    fn cells(self, endpoint: &EndpointReport) -> Vec<Cell> {
        let mut cells = match self {
            Self::Checks => checked(endpoint),
            Self::Audits => audited(endpoint.audit.as_ref()),
        };
        cells.push(days(endpoint));
        if let (Self::Checks, Some(rotation)) = (self, &endpoint.rotation) {
            cells.push(rehearsed(rotation));
        }
        cells
    }
}

/// One fact.
struct Cell {
    /// The title of its column.
    title: &'static str,
    /// The fact under that title.
    text: String,
    /// The fact without a title.
    alone: String,
    colour: Option<AnsiColor>,
}

impl Cell {
    fn new(title: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            title,
            alone: text.clone(),
            text,
            colour: None,
        }
    }

    fn alone(self, alone: String) -> Self {
        Self { alone, ..self }
    }

    fn alarming(self, is_bad: bool) -> Self {
        let colour = is_bad.then_some(AnsiColor::Red);
        Self { colour, ..self }
    }
}

fn checked(endpoint: &EndpointReport) -> Vec<Cell> {
    let mode = endpoint.sslmode.as_ref();
    let tls = endpoint.tls.as_ref();
    let protocol = tls.and_then(|tls| tls.protocol.as_ref());
    vec![
        Cell::new("sslmode", mode.map_or_else(dash, ToString::to_string)),
        Cell::new("TLS", protocol.map_or_else(dash, ToString::to_string)),
    ]
}

fn days(endpoint: &EndpointReport) -> Cell {
    let title = "days left";
    match endpoint.days_left() {
        None => Cell::new(title, dash()),
        Some(days) => match usize::try_from(days) {
            Err(_) => Cell::new(title, "expired").alarming(true),
            Ok(days) => {
                Cell::new(title, days.to_string()).alone(format!("{} left", count(days, "day")))
            }
        },
    }
}

/// Would it pass with the new roots alone, and if not, with the old ones beside them?
fn rehearsed(rotation: &RotationReport) -> Cell {
    let verdict = |rehearsal: &RehearsalReport| match &rehearsal.code {
        None => "pass".to_owned(),
        Some(_) => format!("exit {}", rehearsal.exit_code.number()),
    };
    let text = match &rotation.alone.code {
        None => verdict(&rotation.alone),
        Some(_) => format!(
            "{}, both {}",
            verdict(&rotation.alone),
            verdict(&rotation.both)
        ),
    };
    let alone = format!("new roots: {text}");
    Cell::new("new roots", text)
        .alone(alone)
        .alarming(rotation.alone.code.is_some())
}

fn audited(audit: Option<&AuditReport>) -> Vec<Cell> {
    let plaintext = audit.map(|audit| &audit.plaintext.outcome);
    let accepted = plaintext.is_some_and(|outcome| *outcome == Answer::Accepted);
    let plaintext = match plaintext {
        Some(_) if accepted => "ACCEPTED".to_owned(),
        Some(outcome) if *outcome == Answer::Unknown => "UNKNOWN".to_owned(),
        outcome => outcome.map_or_else(dash, ToString::to_string),
    };
    let tls = audit.and_then(|audit| audit.tls.as_ref());
    let protocols = tls.map(|tls| tls.protocols.as_slice()).unwrap_or_default();
    let protocols = protocols
        .iter()
        .filter(|protocol| protocol.answer.outcome == Answer::Accepted);
    let legacy = protocols.clone().any(|protocol| {
        let version = protocol.version.known();
        version.is_some_and(TlsVersion::is_legacy)
    });
    let versions: Vec<String> = protocols
        .clone()
        .map(|protocol| protocol.version.to_string().replace("TLSv", ""))
        .collect();
    let versions = if versions.is_empty() {
        dash()
    } else {
        versions.join(" ")
    };
    let details = protocols.filter_map(|protocol| protocol.accepted.as_ref());
    let quantum = details.clone().any(|accepted| accepted.post_quantum);
    let weak: BTreeSet<&str> = details
        .flat_map(|accepted| &accepted.suites)
        .filter(|suite| !suite.weaknesses.is_empty())
        .map(|suite| suite.cipher.as_str())
        .collect();
    let (quantum, weak) = match tls {
        None => (dash(), dash()),
        Some(_) => (
            if quantum { "yes" } else { "no" }.to_owned(),
            weak.len().to_string(),
        ),
    };
    let phrase = |what: &str, text: &str| format!("{what} {text}");
    vec![
        Cell::new("plaintext", plaintext.clone())
            .alone(phrase("plaintext", &plaintext))
            .alarming(accepted),
        Cell::new("TLS", versions.clone())
            .alone(phrase("TLS", &versions))
            .alarming(legacy),
        Cell::new("weak suites", weak.clone()).alone(phrase("weak suites:", &weak)),
        Cell::new("post-quantum", quantum.clone()).alone(phrase("post-quantum:", &quantum)),
    ]
}

fn dash() -> String {
    "-".to_owned()
}

/// How the lines are arranged.
enum Arrangement {
    /// In columns. What is the same everywhere may be in the head instead.
    Columns {
        widths: Vec<usize>,
        common: Vec<Option<String>>,
    },
    /// The facts under the endpoint, because a line has no room for them.
    Below,
}

/// Lines with the same columns.
pub(super) struct Table {
    kind: Kind,
    view: View,
    word: usize,
    label: usize,
    titles: Vec<&'static str>,
    arrangement: Arrangement,
}

impl Table {
    pub(super) fn new(entries: &[Entry<'_>], kind: Kind, view: View) -> Self {
        let longest = |text: &dyn Fn(&Entry<'_>) -> usize| entries.iter().map(text).max();
        let word = longest(&|one| Outcome::of(one.endpoint).text().len()).unwrap_or(0);
        let label = longest(&|one| display_width(&one.called()))
            .unwrap_or(0)
            .max(TITLE.len());
        let rows: Vec<Vec<Cell>> = entries.iter().map(|one| kind.cells(one.endpoint)).collect();
        let widest = rows.iter().max_by_key(|cells| cells.len());
        let titles: Vec<&'static str> = widest
            .map(|cells| cells.iter().map(|cell| cell.title).collect())
            .unwrap_or_default();
        let columns = titles.iter().enumerate().map(|(place, title)| {
            let cells = || rows.iter().filter_map(|cells| cells.get(place));
            let width = cells().map(|cell| display_width(&cell.text)).max();
            let first = cells().next();
            let all_same = first.filter(|first| cells().all(|cell| cell.text == first.text));
            (
                width.unwrap_or(0).max(title.len()),
                all_same.map(|cell| cell.alone.clone()),
            )
        });
        let (widths, common): (Vec<usize>, Vec<Option<String>>) = columns.unzip();
        let room = view.page.columns();
        let needed = |common: &[Option<String>]| {
            let columns = widths.iter().zip(common);
            columns
                .filter(|(_, common)| common.is_none())
                .map(|(width, _)| width.saturating_add(2))
                .fold(
                    word.saturating_add(2).saturating_add(label),
                    usize::saturating_add,
                )
        };
        let none = vec![None; widths.len()];
        let arrangement = if needed(&none) <= room {
            Arrangement::Columns {
                widths,
                common: none,
            }
        } else if needed(&common) <= room {
            Arrangement::Columns { widths, common }
        } else {
            Arrangement::Below
        };
        Self {
            kind,
            view,
            word,
            label,
            titles,
            arrangement,
        }
    }

    /// The titles of the columns.
    pub(super) fn write_head(&self, out: &mut dyn Write) -> io::Result<()> {
        let Arrangement::Columns { widths, common } = &self.arrangement else {
            return Ok(());
        };
        let same: Vec<&str> = common.iter().flatten().map(String::as_str).collect();
        if !same.is_empty() {
            let line = format!("all of these: {}", same.join(", "));
            writeln!(out, "{}", wrap(&line, "", self.view.page))?;
        }
        let (word, label) = (self.word, self.label);
        let mut line = format!("{:word$}  {TITLE:label$}", "");
        for ((title, width), common) in self.titles.iter().zip(widths).zip(common) {
            if common.is_none() {
                line.push_str(&format!("  {title:width$}"));
            }
        }
        writeln!(out, "{}", line.trim_end())
    }

    /// The line of an endpoint, and the codes of its warnings.
    pub(super) fn write_row(&self, out: &mut dyn Write, entry: &Entry<'_>) -> io::Result<()> {
        let (word, label) = (self.word, self.label);
        let verdict = Outcome::of(entry.endpoint);
        let blank = word.saturating_sub(verdict.text().len());
        let mut painted = format!("{}{:blank$}  ", verdict.painted(self.view), "");
        let mut used = word.saturating_add(2);
        let cells = self.kind.cells(entry.endpoint);
        match &self.arrangement {
            Arrangement::Below => {
                writeln!(out, "{painted}{}", entry.called())?;
                let facts: Vec<String> = cells.into_iter().map(|cell| cell.alone).collect();
                writeln!(out, "{}", wrap(&facts.join(", "), UNDER, self.view.page))?;
                self.write_warnings(out, entry)
            }
            Arrangement::Columns { widths, common } => {
                painted.push_str(&format!("{:label$}", entry.called()));
                used = used.saturating_add(label);
                for ((cell, width), common) in cells.iter().zip(widths).zip(common) {
                    if common.is_some() {
                        continue;
                    }
                    let text = format!("{:width$}", cell.text);
                    let text = match cell.colour {
                        Some(colour) => paint(&text, bold(colour), self.view.palette),
                        None => text,
                    };
                    painted.push_str(&format!("  {text}"));
                    used = used.saturating_add(*width).saturating_add(2);
                }
                let notes = notes(entry.endpoint);
                let fits = used.saturating_add(2).saturating_add(notes.len());
                if notes.is_empty() || fits > self.view.page.columns() {
                    writeln!(out, "{}", painted.trim_end())?;
                    self.write_warnings(out, entry)
                } else {
                    writeln!(out, "{painted}  {}", self.yellow(&notes))
                }
            }
        }
    }

    fn write_warnings(&self, out: &mut dyn Write, entry: &Entry<'_>) -> io::Result<()> {
        let notes = notes(entry.endpoint);
        if notes.is_empty() {
            return Ok(());
        }
        let wrapped = wrap(&notes, UNDER, self.view.page);
        writeln!(out, "{}", self.yellow(&wrapped))
    }

    fn yellow(&self, text: &str) -> String {
        paint(text, bold(AnsiColor::Yellow), self.view.palette)
    }
}

/// The codes of its warnings, each once.
fn notes(endpoint: &EndpointReport) -> String {
    let mut codes: Vec<(String, usize)> = Vec::new();
    for warning in endpoint.warnings() {
        let code = warning.code.to_string();
        match codes.iter_mut().find(|(known, _)| *known == code) {
            Some((_, number)) => *number = number.saturating_add(1),
            None => codes.push((code, 1)),
        }
    }
    let told: Vec<String> = codes
        .iter()
        .map(|(code, number)| match number {
            1 => code.clone(),
            number => format!("{code} ({number})"),
        })
        .collect();
    match codes.as_slice() {
        [] => String::new(),
        [(_, 1)] => format!("warning: {}", told.join(", ")),
        [..] => format!("warnings: {}", told.join(", ")),
    }
}

/// The title of the first column.
const TITLE: &str = "endpoint";

/// The indent of what does not fit into the line of an endpoint.
const UNDER: &str = "      ";
