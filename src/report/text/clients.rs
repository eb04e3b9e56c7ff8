//! What other clients would do, for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::View;
use super::page::{paint, wrap};
use crate::clients::{Basis, Outcome};
use crate::report::ClientReport;

/// A table: who connects, who would check, and why. Those with the same result share a row. Dangers
/// are in capitals.
pub(super) fn write(out: &mut dyn Write, clients: &[ClientReport], view: View) -> io::Result<()> {
    if clients.is_empty() {
        return Ok(());
    }
    let layout = Layout::of(view);
    match layout {
        Layout::Table => writeln!(out, "\n  {:<22}{:<13}client", "outcome", "certificate")?,
        Layout::List => writeln!(out, "\n  outcome, certificate: clients")?,
    }
    for (index, first) in clients.iter().enumerate() {
        let alike = |other: &&ClientReport| {
            (
                &other.outcome,
                &other.certificate,
                &other.code,
                &other.reason,
            ) == (
                &first.outcome,
                &first.certificate,
                &first.code,
                &first.reason,
            )
        };
        if clients.iter().take(index).any(|earlier| alike(&earlier)) {
            continue;
        }
        let names: Vec<String> = clients.iter().filter(alike).map(client_name).collect();
        let names = names.join(", ");
        let (outcome, colour) = told(first);
        let painted = |text: &str| {
            let style = Style::new().bold().fg_color(Some(colour.into()));
            paint(text, style, view.palette)
        };
        let certificate = &first.certificate;
        let code = first
            .code
            .as_ref()
            .map_or_else(String::new, |code| format!("{code}: "));
        let reason = format!("{code}{}", first.reason);
        match layout {
            Layout::Table => {
                let indent = " ".repeat(CLIENT_COLUMNS);
                let names = wrap(&names, &indent, view.page);
                let (outcome, names) = (painted(&format!("{outcome:<22}")), names.trim_start());
                writeln!(out, "  {outcome}{certificate:<13}{names}")?;
                writeln!(out, "{}", wrap(&reason, &indent, view.page))?;
            }
            Layout::List => {
                writeln!(out, "  {}, {certificate}:", painted(&outcome))?;
                writeln!(out, "{}", wrap(&names, "    ", view.page))?;
                writeln!(out, "{}", wrap(&reason, "    ", view.page))?;
            }
        }
    }
    let legend = "outcome: what this client does with these settings, in the form that it reads. certificate: whether it would accept this server with these roots in its strictest mode. *: from documentation, not measured.";
    writeln!(out, "{}", wrap(legend, "  ", view.page))
}

/// How the clients are arranged.
#[derive(Clone, Copy)]
enum Layout {
    /// With a column for each kind of fact.
    Table,
    /// One fact under the other, where columns would leave no room.
    List,
}

impl Layout {
    fn of(view: View) -> Self {
        match view.page.columns() {
            ..TABLE_COLUMNS => Self::List,
            _ => Self::Table,
        }
    }
}

/// What a client does, and the colour for it. A danger is in capitals.
fn told(client: &ClientReport) -> (String, AnsiColor) {
    let (words, colour) = match client.outcome.known() {
        Some(Outcome::Verified) => ("connects, verified", AnsiColor::Green),
        Some(Outcome::Unverified) => ("CONNECTS, UNVERIFIED", AnsiColor::Red),
        Some(Outcome::Plaintext) => ("PLAIN TEXT", AnsiColor::Red),
        Some(Outcome::Refused) => ("refuses", AnsiColor::Yellow),
        Some(Outcome::Unknown) => ("unknown", AnsiColor::Yellow),
        Some(Outcome::InvalidSetting) => ("settings rejected", AnsiColor::Yellow),
        None => return (client.outcome.to_string(), AnsiColor::Yellow),
    };
    (words.to_owned(), colour)
}

fn client_name(client: &ClientReport) -> String {
    match client.basis.known() {
        Some(Basis::Measured) => client.client.to_string(),
        Some(Basis::Documented) | None => format!("{} *", client.client),
    }
}

/// Columns before the reason in the table of clients.
const CLIENT_COLUMNS: usize = 37;

/// Columns that a table needs.
const TABLE_COLUMNS: usize = 70;
