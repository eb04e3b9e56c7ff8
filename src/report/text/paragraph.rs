//! One endpoint in full: the verdict, what was found, and the evidence.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::page::{count, paint, wrap, wrap_under};
use super::{View, audit, clients, evidence};
use crate::diagnose::{Advice, Fix, Level};
use crate::exit::Exit;
use crate::report::{EndpointReport, FindingReport, Verdict};

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
    if Word::of(endpoint) == Word::Skip {
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
    Word::of(one) == Word::of(other) && (Word::of(one) == Word::Skip || told(one) == told(other))
}

fn causes(endpoint: &EndpointReport) -> impl Iterator<Item = &FindingReport> {
    endpoint
        .all_findings()
        .filter(|finding| match finding.level.known() {
            Some(Level::Error | Level::Warning) => true,
            Some(Level::Info) | None => false,
        })
}

/// How an endpoint ended, in a word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Pass,
    Unverified,
    Fail,
    Skip,
    /// A request for a certificate with nothing wrong in it: the CA decides the rest.
    Open,
}

impl Word {
    pub(super) fn of(endpoint: &EndpointReport) -> Self {
        match (endpoint.verdict, endpoint.exit_code) {
            (Verdict::Pass, _) if endpoint.unverified => Self::Unverified,
            (Verdict::Pass, _) => Self::Pass,
            (Verdict::Fail, Exit::Interrupted) => Self::Skip,
            (Verdict::Fail, Exit::Unreachable) if endpoint.certificate_request.is_some() => {
                Self::Open
            }
            (Verdict::Fail, _) => Self::Fail,
        }
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Unverified => "PASS (unverified)",
            Self::Fail => "FAIL",
            Self::Skip => "SKIP",
            Self::Open => "OPEN",
        }
    }

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
    let word = Word::of(endpoint);
    let mut parts = Vec::new();
    parts.extend(endpoint.name.as_ref().map(|_| label.to_owned()));
    parts.extend(place(endpoint));
    let mode = endpoint.sslmode.as_ref();
    parts.extend(mode.map(|mode| match word {
        Word::Unverified if endpoint.authenticated => {
            format!("sslmode={mode}: verified now, but libpq goes on without TLS if that fails")
        }
        Word::Unverified => {
            format!("sslmode={mode}: encrypted, but anyone could be answering")
        }
        Word::Pass | Word::Fail | Word::Skip | Word::Open => format!("sslmode={mode}"),
    }));
    match word {
        Word::Fail | Word::Open => {
            parts.push(format!("exit {}", endpoint.exit_code.number()));
        }
        Word::Skip => {
            let error = endpoint.error.as_ref();
            parts.extend(error.map(|error| error.message.to_string()));
        }
        Word::Pass | Word::Unverified => {}
    }
    let warnings = warnings(endpoint).count();
    if warnings > 0 {
        parts.push(format!("({})", count(warnings, "warning")));
    }
    word.line(&parts.join("  "), view)
}

/// The warnings of an endpoint.
pub(super) fn warnings(endpoint: &EndpointReport) -> impl Iterator<Item = &FindingReport> {
    let findings = endpoint.findings.iter();
    findings.filter(|finding| finding.level.known() == Some(Level::Warning))
}

/// Host and port, and the address where that is another text.
fn place(endpoint: &EndpointReport) -> Option<String> {
    let address = endpoint.hostaddr.as_deref();
    let host = endpoint.host.as_deref().or(address);
    let Some(port) = endpoint.port else {
        return host.map(ToOwned::to_owned);
    };
    let host = host.unwrap_or("(no host)");
    let bracketed = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let address = address.filter(|address| *address != host);
    let address = address.map_or_else(String::new, |address| format!(" ({address})"));
    Some(format!("{bracketed}:{port}{address}"))
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
