//! One endpoint in full: the verdict, what was found, and the evidence.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::page::{count, paint, wrap, wrap_under};
use super::{View, audit, clients, evidence};
use crate::diagnose::{Advice, Fix, Level};
use crate::report::outcome::Outcome;
use crate::report::{EndpointReport, FindingReport, place};

/// Writes everything that is known of an endpoint.
pub(super) fn write(
    out: &mut dyn Write,
    endpoint: &EndpointReport,
    label: &str,
    view: View,
) -> io::Result<()> {
    writeln!(out, "{}", verdict_line(endpoint, label, view))?;
    for finding in endpoint.all_findings() {
        write_finding(out, finding, view)?;
        if finding.level == Level::Error {
            writeln!(out, "{HINT}More: pgtls explain {}", finding.code)?;
        }
    }
    write_evidence(out, endpoint, view)
}

/// Writes what was observed, without the findings.
pub(super) fn write_evidence(
    out: &mut dyn Write,
    endpoint: &EndpointReport,
    view: View,
) -> io::Result<()> {
    evidence::write(out, endpoint, view)?;
    clients::write(out, endpoint.clients.as_deref().unwrap_or_default(), view)?;
    match &endpoint.audit {
        Some(found) => audit::write(out, found, view),
        None => Ok(()),
    }
}

/// Writes what decides about an endpoint; of the other findings those that are more than useful to know.
pub(super) fn write_cause(
    out: &mut dyn Write,
    endpoint: &EndpointReport,
    view: View,
) -> io::Result<()> {
    if Outcome::of(endpoint) == Outcome::Skip {
        return Ok(());
    }
    causes(endpoint).try_for_each(|finding| write_finding(out, finding, view))
}

/// Do both fail for the same reason, with the same advice? Then that need not be said twice.
pub(super) fn have_one_cause(one: &EndpointReport, other: &EndpointReport) -> bool {
    let told = |endpoint| {
        let causes = causes(endpoint);
        let texts = causes.map(|one| (&one.code, &one.message, &one.hint));
        texts.collect::<Vec<_>>()
    };
    Outcome::of(one) == Outcome::of(other)
        && (Outcome::of(one) == Outcome::Skip || told(one) == told(other))
}

fn causes(endpoint: &EndpointReport) -> impl Iterator<Item = &FindingReport> {
    endpoint
        .all_findings()
        .filter(|finding| match finding.level.known() {
            Some(Level::Error | Level::Warning) => true,
            Some(Level::Info) | None => false,
        })
}

impl Outcome {
    pub(super) fn painted(self, view: View) -> String {
        let colour = match self {
            Self::Pass => AnsiColor::Green,
            Self::Unverified | Self::Skip | Self::Open => AnsiColor::Yellow,
            Self::Fail => AnsiColor::Red,
        };
        paint(self.text(), bold(colour), view.palette)
    }

    /// A line that begins with the word.
    pub(super) fn line(self, rest: &str, view: View) -> String {
        let line = format!("{}  {rest}", self.text());
        // Wrapped first, then coloured: escape codes have no width.
        let wrapped = wrap_under(&line, "", "      ", view.page);
        wrapped.replacen(self.text(), &self.painted(view), 1)
    }
}

/// The verdict, and what was checked.
pub(super) fn verdict_line(endpoint: &EndpointReport, label: &str, view: View) -> String {
    let word = Outcome::of(endpoint);
    let mut parts = Vec::new();
    let place = place_and_address(endpoint);
    // What could not be read is called by its line in the file.
    let is_line = place.is_none() && endpoint.location.is_some();
    if endpoint.name.is_some() || is_line {
        parts.push(label.to_owned());
    }
    parts.extend(place);
    let mode = endpoint.sslmode.as_ref();
    parts.extend(mode.map(|mode| match word {
        Outcome::Unverified if endpoint.authenticated => {
            format!("sslmode={mode}: verified now, but libpq goes on without TLS if that fails")
        }
        Outcome::Unverified => {
            format!("sslmode={mode}: encrypted, but anyone could be answering")
        }
        Outcome::Pass | Outcome::Fail | Outcome::Skip | Outcome::Open => {
            format!("sslmode={mode}")
        }
    }));
    match word {
        Outcome::Fail | Outcome::Open => {
            parts.push(format!("exit {}", endpoint.exit_code.number()));
        }
        Outcome::Skip => {
            let error = endpoint.error.as_ref();
            parts.extend(error.map(|error| error.message.to_string()));
        }
        Outcome::Pass | Outcome::Unverified => {}
    }
    let warnings = endpoint.warnings().count();
    if warnings > 0 {
        parts.push(format!("({})", count(warnings, "warning")));
    }
    word.line(&parts.join("  "), view)
}

/// Host and port, and the address where that is another text.
fn place_and_address(endpoint: &EndpointReport) -> Option<String> {
    let address = endpoint.hostaddr.as_deref();
    let host = endpoint.host.as_deref().or(address);
    let place = place(host, endpoint.port)?;
    let address = address.filter(|_| endpoint.port.is_some() && host != address);
    let address = address.map_or_else(String::new, |address| format!(" ({address})"));
    Some(format!("{place}{address}"))
}

fn write_finding(out: &mut dyn Write, finding: &FindingReport, view: View) -> io::Result<()> {
    let colour = match finding.level.known() {
        Some(Level::Error) => AnsiColor::Red,
        Some(Level::Warning) => AnsiColor::Yellow,
        Some(Level::Info) | None => AnsiColor::Cyan,
    };
    let label = format!("{} {}:", finding.level, finding.code);
    // Wrapped with the plain label, then coloured: escape codes have no width.
    let text = wrap(&format!("{label} {}", finding.message), "  ", view.page);
    let painted = paint(&label, bold(colour), view.palette);
    writeln!(out, "{}", text.replacen(&label, &painted, 1))?;
    for advice in finding.hint.lines() {
        match advice {
            Advice::Say(text) => writeln!(out, "{}", wrap(text, HINT, view.page))?,
            Advice::Show(text) | Advice::Do(Fix { after: text, .. }) => {
                writeln!(out, "{HINT}    {text}")?;
            }
        }
    }
    Ok(())
}

pub(super) fn bold(colour: AnsiColor) -> Style {
    Style::new().bold().fg_color(Some(colour.into()))
}

/// The indent of further lines of a finding.
const HINT: &str = "    ";
