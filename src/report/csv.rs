//! CSV for spreadsheets and inventories (RFC 4180): one row for each certificate of each endpoint, the first to expire
//! on top.

use std::io::{self, Write};

use super::{CertificateReport, EndpointReport, Report, labels};
use crate::escape::Shown;

/// Writes a header and the rows. An endpoint without certificates has one row, at the end.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let labels = labels(&report.endpoints);
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (endpoint, label) in report.endpoints.iter().zip(&labels) {
        let row = |certificate| Row {
            label,
            endpoint,
            certificate,
        };
        let client = endpoint.client_certificate.iter();
        let own =
            client.flat_map(|client| std::iter::once(&client.certificate).chain(&client.chain));
        let all: Vec<_> = endpoint.certificates.iter().flatten().chain(own).collect();
        if all.is_empty() {
            rows.push(row(None));
        }
        rows.extend(all.into_iter().map(|one| row(Some(one))));
    }
    rows.sort_by_key(|row| row.certificate.map_or(i64::MAX, |one| one.days_left));
    write!(out, "{}\r\n", COLUMNS.join(","))?;
    for row in rows {
        write!(out, "{}\r\n", cells(&row).join(","))?;
    }
    Ok(())
}

const COLUMNS: [&str; 16] = [
    "endpoint",
    "verdict",
    "exit_code",
    "code",
    "role",
    "subject",
    "issuer",
    "names",
    "serial",
    "not_before",
    "not_after",
    "days_left",
    "key",
    "signature_algorithm",
    "sha256_fingerprint",
    "unverified",
];

struct Row<'a> {
    label: &'a str,
    endpoint: &'a EndpointReport,
    certificate: Option<&'a CertificateReport>,
}

fn cells(row: &Row<'_>) -> [String; 16] {
    let Row {
        label,
        endpoint,
        certificate,
    } = row;
    let code = endpoint.error.as_ref().map(|error| error.code.to_string());
    let of = |value: fn(&CertificateReport) -> String| {
        certificate.map_or_else(String::new, |one| quoted(&value(one)))
    };
    [
        quoted(label),
        quoted(endpoint.verdict.name()),
        endpoint.exit_code.number().to_string(),
        quoted(&code.unwrap_or_default()),
        of(|one| one.role.to_string()),
        of(|one| one.subject.to_string()),
        of(|one| one.issuer.to_string()),
        of(|one| {
            let names: Vec<&str> = one.names.iter().map(Shown::as_str).collect();
            names.join(" ")
        }),
        of(|one| one.serial.to_string()),
        of(|one| one.not_before.to_string()),
        of(|one| one.not_after.to_string()),
        certificate.map_or_else(String::new, |one| one.days_left.to_string()),
        of(|one| one.key.to_string()),
        of(|one| one.signature_algorithm.to_string()),
        of(|one| one.sha256_fingerprint.to_string()),
        endpoint.unverified.to_string(),
    ]
}

/// A quoted cell. Spreadsheets take what begins with these signs for a formula (OWASP, "CSV Injection"), so an
/// apostrophe stands before them.
fn quoted(text: &str) -> String {
    let guard = match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => "'",
        false => "",
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn every_certificate_has_its_row_and_the_first_to_expire_is_on_top() {
        let mut out = Vec::new();
        write(&mut out, &sample::report()).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap().replace("\r\n", "\n"));
    }

    #[test]
    fn a_pass_that_proves_nothing_says_so() {
        for (endpoint, expected) in [(sample::unverified(), "true"), (sample::passing(), "false")] {
            let mut out = Vec::new();
            write(&mut out, &sample::with(&[endpoint])).unwrap();
            let out = String::from_utf8(out).unwrap();
            let mut lines = out.lines().map(|line| line.rsplit(',').next().unwrap());
            assert_eq!(lines.next(), Some("unverified"));
            assert_eq!(lines.next(), Some(expected), "{out}");
        }
    }

    #[test]
    fn no_cell_is_a_formula_or_ends_early() {
        for (text, expected) in [
            ("a", "\"a\""),
            ("a\"b,c", "\"a\"\"b,c\""),
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("@SUM(1)", "\"'@SUM(1)\""),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
