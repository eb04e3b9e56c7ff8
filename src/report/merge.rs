//! Reads the reports of other runs, to be combined: JSON documents, or lines of JSON.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::json::Version;
use super::{EndpointReport, Report, RunEnd, Verdict};
use crate::escape::Shown;
use crate::exit::Exit;

/// Why a file is refused. Nothing of its text is repeated.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct Error {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a line or a document.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not JSON, or incomplete JSON.
    #[error("not complete JSON; only files of --format json or jsonl can be merged")]
    Json,
    /// Some other JSON.
    #[error("JSON, but not a report or an endpoint as --format json or jsonl writes it")]
    Endpoint,
    /// A version that cannot be read here.
    #[error("a newer version of pgtls wrote it, in a form that this one cannot read")]
    Newer,
    /// It failed, and none of its endpoints did.
    #[error("the run did not finish: it does not have every endpoint")]
    Unfinished,
    /// A verdict that contradicts its exit code or its error.
    #[error("the verdict, the exit code and the error contradict each other")]
    Contradiction,
    /// A run that passed, and no endpoint that did.
    #[error("a run passed, but none of its endpoints did")]
    NothingPassed,
    /// The run was stopped, or an older version wrote the file.
    #[error("the file ends without the number of endpoints of its run: the run did not finish")]
    NoEnd,
    /// Lines are missing, or there twice.
    #[error("the file ends with {found} endpoints, but its runs had {expected}")]
    Count {
        /// In its runs.
        expected: usize,
        /// In the file.
        found: usize,
    },
}

/// The endpoints of one or more runs.
#[derive(Debug)]
pub struct Merged {
    /// All of them.
    pub endpoints: Vec<EndpointReport>,
    /// The exit code of all runs together. Of several hosts one may be enough, so it is not always that of all endpoints.
    pub exit: Exit,
    /// When the first run began, if all of them say so. RFC 3339 in UTC.
    pub checked_at: Option<Shown>,
}

/// Reads a file of `--format jsonl` or `--format json`. It may contain several runs.
///
/// # Errors
/// The first line or document that is not complete, and the end of the file if it does not have as many endpoints as
/// its runs had: what was not read must not count as passed.
pub fn read(text: &[u8]) -> Result<Merged, Error> {
    match holds_documents(text) {
        true => read_documents(text),
        false => read_lines(text),
    }
}

fn read_lines(text: &[u8]) -> Result<Merged, Error> {
    let mut file = Contents::default();
    for (text, line) in text.split(|byte| *byte == b'\n').zip(1..) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        // serde_json limits the depth.
        let value = serde_json::from_slice(text).map_err(|_| Fault::Json);
        let part = value.and_then(part_of_lines);
        file.add(part.map_err(|fault| Error { line, fault })?, line);
    }
    file.end()
}

/// Whether it begins with a whole report, with a list, or with another document of several lines.
fn holds_documents(text: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Document {
        endpoints: Option<IgnoredAny>,
    }
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<Document>();
    let first = values.next();
    let whole = text.get(..values.byte_offset()).unwrap_or_default();
    let is_document = |document: Document| document.endpoints.is_some() || lines_in(whole) > 0;
    text.trim_ascii_start().starts_with(b"[")
        || first.is_some_and(|first| first.is_ok_and(is_document))
}

/// Whole reports one after the other, or lists of them or of lines (`jq --slurp`).
fn read_documents(text: &[u8]) -> Result<Merged, Error> {
    let mut file = Contents::default();
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<Value>();
    let (mut line, mut before) = (1_usize, 0);
    while let Some(value) = values.next() {
        let mut value = value.map_err(|error| Error {
            line: error.line(),
            fault: Fault::Json,
        })?;
        let end = values.byte_offset();
        line = line.saturating_add(lines_in(text.get(before..end).unwrap_or_default()));
        before = end;
        let parts = match value.as_array_mut() {
            Some(parts) => std::mem::take(parts),
            None => vec![value],
        };
        for part in parts {
            let part = match part.get("endpoints").is_some() {
                true => document(part),
                false => part_of_lines(part),
            };
            file.add(part.map_err(|fault| Error { line, fault })?, line);
        }
    }
    file.end()
}

/// How many lines end in a text.
fn lines_in(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}

/// What a file contains, as far as it was read.
#[derive(Default)]
struct Contents {
    endpoints: Vec<EndpointReport>,
    /// How many endpoints its runs had; nothing before the end of the first of them.
    expected: Option<usize>,
    /// How each run ended. Older versions did not write it in the last line.
    exits: Vec<Option<Exit>>,
    begun: Vec<Option<Shown>>,
    last_line: usize,
}

impl Contents {
    fn add(&mut self, part: Part, line: usize) {
        self.last_line = line;
        match part {
            Part::Endpoint(report) => self.endpoints.push(*report),
            Part::End(end) => self.run(end.run_endpoints, end.exit_code, end.checked_at),
            Part::Document(report) => {
                let endpoints = report.endpoints.len();
                self.run(endpoints, Some(report.exit_code), report.checked_at);
                self.endpoints.extend(report.endpoints);
            }
        }
    }

    fn run(&mut self, endpoints: usize, exit: Option<Exit>, checked_at: Option<Shown>) {
        self.expected = Some(self.expected.unwrap_or(0).saturating_add(endpoints));
        self.exits.push(exit);
        self.begun.push(checked_at);
    }

    fn end(self) -> Result<Merged, Error> {
        let line = self.last_line.max(1);
        let found = self.endpoints.len();
        let exit = match self.expected {
            None => Err(Fault::NoEnd),
            Some(expected) if expected != found => Err(Fault::Count { expected, found }),
            Some(_) => self.exit(),
        };
        Ok(Merged {
            exit: exit.map_err(|fault| Error { line, fault })?,
            endpoints: self.endpoints,
            checked_at: earliest(self.begun),
        })
    }

    /// The exit code of all runs together. Where a run does not say how it ended, every endpoint counts. Lines do not say
    /// which run they belong to.
    fn exit(&self) -> Result<Exit, Fault> {
        let all = Exit::of_all(self.endpoints.iter().map(|one| one.exit_code));
        let runs: Option<Vec<Exit>> = self.exits.iter().copied().collect();
        let Some(runs) = runs else { return Ok(all) };
        match (Exit::of_all(runs), all) {
            (exit, Exit::Passed) if exit != Exit::Passed => Err(Fault::Unfinished),
            (Exit::Passed, _) if nothing_passed(&self.endpoints) => Err(Fault::NothingPassed),
            (exit, _) => Ok(exit),
        }
    }
}

/// The earliest, if all are known: in UTC the order of the texts is that of the times.
pub fn earliest(begun: Vec<Option<Shown>>) -> Option<Shown> {
    let all: Option<Vec<Shown>> = begun.into_iter().collect();
    all?.into_iter().min()
}

enum Part {
    Endpoint(Box<EndpointReport>),
    End(RunEnd),
    Document(Box<Report>),
}

/// A line of `--format jsonl`. Text is escaped as it is read, because other programs may have changed the file.
fn part_of_lines(value: Value) -> Result<Part, Fault> {
    if value.get("run_endpoints").is_some() {
        let end = serde_json::from_value(value).map_err(|_| Fault::Endpoint)?;
        return Ok(Part::End(end));
    }
    let report: EndpointReport = serde_json::from_value(value).map_err(|_| Fault::Endpoint)?;
    consistent(&report)?;
    Ok(Part::Endpoint(Box::new(report)))
}

fn document(value: Value) -> Result<Part, Fault> {
    match Version::of(&value) {
        Version::Known => {}
        Version::Newer => return Err(Fault::Newer),
        Version::Foreign => return Err(Fault::Endpoint),
    }
    let mut report: Report = serde_json::from_value(value).map_err(|_| Fault::Endpoint)?;
    report.endpoints.iter().try_for_each(consistent)?;
    let passed = report.exit_code == Exit::Passed;
    if (report.verdict == Verdict::Pass) != passed {
        return Err(Fault::Contradiction);
    }
    // An interrupt may have come before all endpoints were known.
    let mut endpoints = report.endpoints.iter();
    if !passed && endpoints.all(|one| one.exit_code == Exit::Passed) {
        return Err(Fault::Unfinished);
    }
    if passed && nothing_passed(&report.endpoints) {
        return Err(Fault::NothingPassed);
    }
    // Older versions did not write it.
    for one in &mut report.endpoints {
        one.spare |= passed && one.exit_code != Exit::Passed;
    }
    Ok(Part::Document(Box::new(report)))
}

/// Whether there are endpoints, and none of them passed.
fn nothing_passed(endpoints: &[EndpointReport]) -> bool {
    let mut each = endpoints.iter();
    !endpoints.is_empty() && each.all(|one| one.exit_code != Exit::Passed)
}

fn consistent(report: &EndpointReport) -> Result<(), Fault> {
    let passed = report.exit_code == Exit::Passed;
    match (report.verdict == Verdict::Pass) == passed && report.error.is_none() == passed {
        true => Ok(()),
        false => Err(Fault::Contradiction),
    }
}

#[cfg(test)]
mod tests;
