//! The report of a trace: every connection of an application, and what is wrong with what it does.

use serde::Serialize;

use super::{ToolReport, Verdict};
use crate::diagnose::{Code, Hint, Level};
use crate::escape::Shown;
use crate::exit::Exit;
use crate::trace::{Completion, Connection, Counts, Found, Probe, Trace, judge};

/// A whole trace.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TraceReport {
    /// 1.
    pub schema_version: u32,
    /// Whether nothing was found that is forbidden, and at least one session was seen.
    pub verdict: Verdict,
    /// The exit code of the run.
    pub exit_code: Exit,
    /// The program that made the report.
    pub tool: ToolReport,
    /// The server behind the relay.
    pub server: Shown,
    /// The program that was run; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandReport>,
    /// What was found, errors first.
    pub findings: Vec<TraceFindingReport>,
    /// The numbers.
    pub counts: Counts,
    /// What the application did at endpoints that it must refuse; absent without `--probe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probes: Option<Vec<Probe>>,
    /// The connections, as they ended. If there are many, the first ones of every sort.
    pub connections: Vec<Connection>,
}

/// The program that was run.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CommandReport {
    /// Its name, without arguments.
    pub program: Shown,
    /// Its exit status; `null` if a signal ended it.
    pub exit_status: Option<i32>,
}

/// One finding.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TraceFindingReport {
    /// Its severity. Errors decide the verdict.
    pub level: Level,
    /// The stable code.
    pub code: Code,
    /// What was observed.
    pub message: Shown,
    /// What to do.
    #[serde(skip_serializing_if = "Hint::is_empty")]
    pub hint: Hint,
    /// The numbers of the connections that show it, the first few.
    pub connections: Vec<u64>,
}

impl TraceReport {
    /// The report of a trace.
    #[must_use]
    pub fn of(trace: Trace) -> Self {
        let found = judge(&trace);
        let errors = found
            .iter()
            .filter(|one| one.finding.level == Level::Error)
            .map(|one| one.finding.code.exit(one.finding.stage));
        let exit_code = match trace.completion {
            Completion::Whole => Exit::of_all(errors),
            Completion::Interrupted => Exit::Interrupted,
        };
        Self {
            schema_version: 1,
            verdict: Verdict::of(exit_code),
            exit_code,
            tool: ToolReport::this(),
            server: trace.server,
            command: trace.command.map(|command| CommandReport {
                program: command.program,
                exit_status: command.status,
            }),
            findings: found.into_iter().map(of_finding).collect(),
            counts: trace.log.counts,
            probes: (!trace.probes.is_empty()).then_some(trace.probes),
            connections: trace.log.connections,
        }
    }
}

fn of_finding(found: Found) -> TraceFindingReport {
    TraceFindingReport {
        level: found.finding.level,
        code: found.finding.code,
        message: found.finding.message,
        hint: found.finding.hint,
        connections: found.connections,
    }
}
