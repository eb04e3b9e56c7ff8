//! What other clients would do, for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::ClientReport;
use super::text::{Palette, paint, wrap};
use crate::clients::{Basis, Outcome};

/// A table: who connects, who would check, and why. Those with the same result share a row. Dangers
/// are in capitals.
pub(super) fn write(
    out: &mut dyn Write,
    clients: &[ClientReport],
    palette: Palette,
) -> io::Result<()> {
    if clients.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n  {:<22}{:<13}client", "outcome", "certificate")?;
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
        let (outcome, colour) = told(first);
        let names = wrap(&names.join(", "), &" ".repeat(CLIENT_COLUMNS));
        let padded = format!("{outcome:<22}");
        let painted = paint(
            &padded,
            Style::new().bold().fg_color(Some(colour.into())),
            palette,
        );
        writeln!(
            out,
            "  {painted}{:<13}{}",
            first.certificate,
            names.trim_start()
        )?;
        let code = first
            .code
            .as_ref()
            .map_or_else(String::new, |code| format!("{code}: "));
        let reason = format!("{code}{}", first.reason);
        writeln!(out, "{}", wrap(&reason, &" ".repeat(CLIENT_COLUMNS)))?;
    }
    let legend = "outcome: what this client does with these settings, in the form that it reads. certificate: whether it would accept this server with these roots in its strictest mode. *: from documentation, not measured.";
    writeln!(out, "{}", wrap(legend, "  "))
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
