//! A calendar (RFC 5545): one day for each certificate that a session depends on, the day on which it expires.

use std::io::{self, Write};

use super::Report;
use super::expiry::{Expiry, expiries};
use crate::words::first_few;

/// Writes the calendar. Calendars that import it again know the events by the certificates' fingerprints.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    for fixed in [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//pgtls//pgtls//EN",
    ] {
        line(out, fixed)?;
    }
    for one in expiries(&report.endpoints) {
        event(out, &one)?;
    }
    line(out, "END:VCALENDAR")
}

fn event(out: &mut dyn Write, expiry: &Expiry<'_>) -> io::Result<()> {
    let Expiry { certificate, users } = expiry;
    let (Some(end), Some(begin)) = (
        compact(&certificate.not_after),
        compact(&certificate.not_before),
    ) else {
        // It has no day.
        return Ok(());
    };
    let day = end.get(..8).unwrap_or(&end);
    let summary = format!("TLS certificate expires: {}", certificate.subject);
    let description = format!(
        "{} of {}. Expires at {}. Issued by {}. Serial {}.",
        certificate.role,
        first_few(users, MAX_USERS, ", "),
        certificate.not_after,
        certificate.issuer,
        certificate.serial
    );
    let summary = text(&summary);
    for content in [
        "BEGIN:VEVENT",
        &format!("UID:{}@pgtls", certificate.sha256_fingerprint),
        // The certificate itself is what is dated, so that the same report is the same file.
        &format!("DTSTAMP:{begin}"),
        &format!("DTSTART;VALUE=DATE:{day}"),
        &format!("SUMMARY:{summary}"),
        &format!("DESCRIPTION:{}", text(&description)),
        "TRANSP:TRANSPARENT",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "TRIGGER:-P30D",
        &format!("DESCRIPTION:{summary}"),
        "END:VALARM",
        "END:VEVENT",
    ] {
        line(out, content)?;
    }
    Ok(())
}

/// RFC 3339 in UTC as `20270131T120000Z`; `None` if it is not an instant.
fn compact(instant: &str) -> Option<String> {
    let short: String = instant.chars().filter(|c| !"-:".contains(*c)).collect();
    let (date, time) = short.split_once('T')?;
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let is_instant = digits(date, 8) && time.strip_suffix('Z').is_some_and(|time| digits(time, 6));
    is_instant.then_some(short)
}

/// A text value (section 3.3.11).
fn text(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace(';', "\\;")
        .replace(',', "\\,")
        .replace(['\r', '\n'], " ")
}

/// A content line, folded after at most 75 bytes (section 3.1).
fn line(out: &mut dyn Write, content: &str) -> io::Result<()> {
    let mut length = 0_usize;
    for c in content.chars() {
        if length.saturating_add(c.len_utf8()) > MAX_LINE {
            out.write_all(b"\r\n ")?;
            length = 1;
        }
        write!(out, "{c}")?;
        length = length.saturating_add(c.len_utf8());
    }
    out.write_all(b"\r\n")
}

/// Bytes of a line without its end.
const MAX_LINE: usize = 75;

/// Endpoints that an event names.
const MAX_USERS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn every_certificate_has_one_day() {
        let mut out = Vec::new();
        write(&mut out, &sample::report()).unwrap();
        let text = String::from_utf8(out).unwrap();
        for line in text.split("\r\n") {
            assert!(
                line.len() <= MAX_LINE && !line.contains(['\r', '\n']),
                "{line:?}"
            );
        }
        assert_eq!(
            text.matches("BEGIN:VEVENT").count(),
            text.matches("END:VEVENT").count()
        );
        insta::assert_snapshot!(text.replace("\r\n", "\n"));
    }

    #[test]
    fn text_cannot_end_a_line_or_a_value() {
        assert_eq!(text("a;b,c\\d\r\nEND:VEVENT"), "a\\;b\\,c\\\\d  END:VEVENT");
        assert_eq!(
            compact("2027-01-31T12:00:00Z").as_deref(),
            Some("20270131T120000Z")
        );
        assert_eq!(compact("unreadable"), None);
    }
}
