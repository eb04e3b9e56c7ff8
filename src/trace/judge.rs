//! What is wrong with what an application does. Pure.

mod advice;
mod nothing;
mod plaintext;
mod probes;

use super::connection::{Connection, Log, To};
use super::probe::Probe;
use crate::diagnose::{Code, Finding, Hint, Level, Stage};
use crate::dialect::Dialect;
use crate::escape::Shown;

use nothing::{command, no_name, nothing};
use plaintext::{cancels, fallback, foreign, plaintext};
use probes::of_probe;

/// A whole trace.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Where the server is.
    pub server: Shown,
    /// Whether the application was told to connect to a name.
    pub naming: Naming,
    /// Whose string names the server.
    pub dialect: Dialect,
    /// The program that was run.
    pub command: Option<Command>,
    /// What went through the relay.
    pub log: Log,
    /// What the application did at endpoints that it must refuse; none without `--probe`.
    pub probes: Vec<Probe>,
    /// Whether all was tried that was asked for.
    pub completion: Completion,
}

/// Whether a trace came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// It did.
    Whole,
    /// It was ended before, by Ctrl-C or a similar signal.
    Interrupted,
}

/// What the application knows of the server's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// It was told to connect to a host name.
    Told,
    /// It was told to connect to an address, which is never sent in a ClientHello.
    Address,
    /// It has its own settings.
    Unknown,
}

/// A program, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its name, without arguments, which may be secret.
    pub program: Shown,
    /// Its exit status; `None` if a signal ended it.
    pub status: Option<i32>,
}

/// A finding, and the connections that show it.
#[derive(Clone, Debug)]
pub struct Found {
    /// What was found.
    pub finding: Finding,
    /// Their numbers, the first few.
    pub connections: Vec<u64>,
}

/// All findings, errors first.
pub fn judge(trace: &Trace) -> Vec<Found> {
    let mut found = Vec::new();
    found.extend(fallback(trace));
    found.extend(plaintext(trace));
    found.extend(foreign(trace));
    found.extend(cancels(trace));
    found.extend(
        trace
            .probes
            .iter()
            .filter_map(|probe| of_probe(trace, probe)),
    );
    found.extend(nothing(trace));
    found.extend(command(trace));
    found.extend(no_name(trace));
    found
}

fn to_server(trace: &Trace) -> impl Iterator<Item = &Connection> {
    let all = trace.log.connections.iter();
    all.filter(|connection| connection.to == To::Server)
}

fn error<'t>(
    code: Code,
    stage: Stage,
    message: String,
    hint: Hint,
    connections: impl Iterator<Item = &'t Connection>,
) -> Found {
    let finding = Finding {
        level: Level::Error,
        code,
        stage,
        message: message.into(),
        hint,
    };
    Found {
        finding,
        connections: numbers(connections),
    }
}

fn numbers<'t>(connections: impl Iterator<Item = &'t Connection>) -> Vec<u64> {
    let mut numbers: Vec<u64> = connections.map(|one| one.number).collect();
    numbers.sort_unstable();
    numbers.truncate(MAX_NUMBERS);
    numbers
}

/// How many connections a finding names.
const MAX_NUMBERS: usize = 20;

#[cfg(test)]
mod tests;
