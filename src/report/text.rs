//! The report for people: the verdict first, then cause, evidence and fix.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use textwrap::Options;

use super::{
    CertificateReport, ClientCertificateUse, EndpointReport, FindingReport, LoginMethod,
    RehearsalReport, Report, TlsReport, TrustSource, Verdict, audit_text, clients_text,
};
use crate::diagnose::{Advice, Fix, Level};
use crate::escape::Shown;
use crate::words::Named;

/// Whether the text may contain colour codes. No meaning depends on colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// No escape sequences.
    Plain,
    /// ANSI colours.
    Colour,
}

/// Writes the report, one paragraph per endpoint.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &Report, palette: Palette) -> io::Result<()> {
    for (index, endpoint) in report.endpoints.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write_endpoint(out, endpoint, palette)?;
    }
    if report.endpoints.len() > FEW {
        write_table(out, &report.endpoints)?;
    }
    if report.endpoints.len() > 1 {
        write_summary(out, &report.endpoints)?;
    }
    Ok(())
}

/// One line per endpoint, to find one among many.
fn write_table(out: &mut dyn Write, endpoints: &[EndpointReport]) -> io::Result<()> {
    let labels: Vec<String> = endpoints.iter().map(EndpointReport::label).collect();
    let widths = labels.iter().map(|label| label.chars().count());
    let width = widths.max().unwrap_or(0).clamp(8, MAX_LABEL);
    writeln!(
        out,
        "\n{:<width$}  verdict  exit  {:<26}  {:<7}  days left",
        "endpoint", "code", "TLS"
    )?;
    for (endpoint, label) in endpoints.iter().zip(&labels) {
        let verdict = match endpoint.verdict {
            Verdict::Pass => "PASS",
            Verdict::Fail => "FAIL",
        };
        let dash = || "-".to_owned();
        let error = endpoint.error.as_ref();
        let code = error.map_or_else(dash, |error| error.code.to_string());
        let tls = endpoint.tls.as_ref();
        let protocol = tls.and_then(|tls| tls.protocol.as_ref());
        let days = endpoint.days_left();
        writeln!(
            out,
            "{label:<width$}  {verdict:<7}  {:>4}  {code:<26}  {:<7}  {:>9}",
            endpoint.exit_code.number(),
            protocol.map_or_else(dash, ToString::to_string),
            days.map_or_else(dash, |days| match days {
                ..0 => "expired".to_owned(),
                days => days.to_string(),
            }),
        )?;
    }
    Ok(())
}

/// How many passed. If there are many endpoints, it lists the failed ones again at the end.
fn write_summary(out: &mut dyn Write, endpoints: &[EndpointReport]) -> io::Result<()> {
    let failed: Vec<&EndpointReport> = endpoints
        .iter()
        .filter(|endpoint| endpoint.verdict == Verdict::Fail)
        .collect();
    let passed = endpoints.len().saturating_sub(failed.len());
    writeln!(out, "\n{passed} of {} endpoints passed", endpoints.len())?;
    if endpoints.len() > FEW {
        for endpoint in failed {
            let error = endpoint.error.as_ref();
            let what = error.map(|error| format!(": {}: {}", error.code, error.message));
            let line = format!("FAIL  {}{}", endpoint.label(), what.unwrap_or_default());
            writeln!(out, "{}", wrap(&line, "  "))?;
        }
    }
    Ok(())
}

/// The paragraph of one endpoint, without colour.
pub fn endpoint(endpoint: &EndpointReport) -> String {
    let mut out = Vec::new();
    // Writing to memory cannot fail.
    let _ = write_endpoint(&mut out, endpoint, Palette::Plain);
    String::from_utf8_lossy(&out).into_owned()
}

fn write_endpoint(
    out: &mut dyn Write,
    endpoint: &EndpointReport,
    palette: Palette,
) -> io::Result<()> {
    writeln!(out, "{}", verdict_line(endpoint, palette))?;
    if let Some(error) = &endpoint.error {
        write_finding(out, error, palette)?;
    }
    if let Some(tls) = &endpoint.tls {
        write_tls(out, tls, endpoint.verdict)?;
    }
    write_chain(out, endpoint.certificates.as_deref().unwrap_or_default())?;
    write_client(out, endpoint)?;
    write_trust(out, endpoint)?;
    write_name(out, endpoint)?;
    write_rotation(out, endpoint)?;
    write_login(out, endpoint)?;
    write_timings(out, endpoint)?;
    for finding in &endpoint.findings {
        write_finding(out, finding, palette)?;
    }
    let clients = endpoint.clients.as_deref().unwrap_or_default();
    clients_text::write(out, clients, palette)?;
    match &endpoint.audit {
        Some(audit) => audit_text::write(out, audit, palette),
        None => Ok(()),
    }
}

fn verdict_line(endpoint: &EndpointReport, palette: Palette) -> String {
    let (word, colour) = match endpoint.verdict {
        Verdict::Pass => ("PASS", AnsiColor::Green),
        Verdict::Fail => ("FAIL", AnsiColor::Red),
    };
    let mut line = paint(
        word,
        Style::new().bold().fg_color(Some(colour.into())),
        palette,
    );
    if let Some(name) = &endpoint.name {
        line.push_str(&format!("  {name}"));
    }
    let address = endpoint.hostaddr.as_deref();
    let host = endpoint.host.as_deref().or(address);
    if let (Some(host), None) = (host, endpoint.port) {
        line.push_str(&format!("  {host}"));
    }
    if let Some(port) = endpoint.port {
        let host = host.unwrap_or("(no host)");
        let bracketed = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        line.push_str(&format!("  {bracketed}:{port}"));
        if let Some(address) = address.filter(|address| *address != host) {
            line.push_str(&format!(" ({address})"));
        }
    }
    if let Some(mode) = &endpoint.sslmode {
        line.push_str(&format!("  sslmode={mode}"));
    }
    if endpoint.verdict == Verdict::Fail {
        line.push_str(&format!("  exit {}", endpoint.exit_code.number()));
    }
    line
}

fn write_finding(out: &mut dyn Write, finding: &FindingReport, palette: Palette) -> io::Result<()> {
    let colour = match finding.level.known() {
        Some(Level::Error) => AnsiColor::Red,
        Some(Level::Warning) => AnsiColor::Yellow,
        Some(Level::Info) | None => AnsiColor::Cyan,
    };
    let label = format!("{} {}:", finding.level, finding.code);
    // Wrapped with the plain label, then coloured: escape codes have no width.
    let text = wrap(&format!("{label} {}", finding.message), "  ");
    let painted = paint(
        &label,
        Style::new().bold().fg_color(Some(colour.into())),
        palette,
    );
    writeln!(out, "{}", text.replacen(&label, &painted, 1))?;
    for advice in finding.hint.lines() {
        match advice {
            Advice::Say(text) => writeln!(out, "{}", wrap(text, HINT))?,
            Advice::Show(text) | Advice::Do(Fix { after: text, .. }) => {
                writeln!(out, "{HINT}    {text}")?;
            }
        }
    }
    if finding.level == Level::Error {
        writeln!(out, "    More: pgtls explain {}", finding.code)?;
    }
    Ok(())
}

/// psql's own line, only if psql would print it: after a connection that passed.
fn write_tls(out: &mut dyn Write, tls: &TlsReport, verdict: Verdict) -> io::Result<()> {
    let (Some(protocol), Some(cipher), Some(bits)) = (&tls.protocol, &tls.cipher, tls.bits) else {
        return Ok(());
    };
    match verdict {
        Verdict::Pass => writeln!(
            out,
            "SSL connection (protocol: {protocol}, cipher: {cipher}, bits: {bits}, compression: off)"
        )?,
        Verdict::Fail => row(out, "tls", &format!("{protocol}, {cipher}, {bits} bits"))?,
    }
    let mut details = Vec::new();
    let post_quantum = match tls.post_quantum {
        Some(true) => " (post-quantum)",
        Some(false) | None => "",
    };
    let group = tls.group.as_ref();
    details.extend(group.map(|group| format!("group {group}{post_quantum}")));
    if tls.hello_retry_request {
        details.push("after a HelloRetryRequest".to_owned());
    }
    details.extend(tls.alpn.as_ref().map(|alpn| format!("ALPN {alpn}")));
    details.push(match &tls.sni {
        Some(sni) => format!("SNI {sni}"),
        None => "no SNI".to_owned(),
    });
    if tls.client_certificate != ClientCertificateUse::NotRequested {
        details.push(format!("client certificate {}", tls.client_certificate));
    }
    row(out, "", &details.join(", "))
}

fn write_chain(out: &mut dyn Write, certificates: &[CertificateReport]) -> io::Result<()> {
    for (index, certificate) in certificates.iter().enumerate() {
        let label = if index == 0 { "chain" } else { "" };
        let CertificateReport {
            role, subject, key, ..
        } = certificate;
        row(out, label, &format!("{role}: {subject}"))?;
        row(
            out,
            "",
            &format!(
                "  {key}, {}, {}",
                certificate.signature_algorithm,
                until(certificate)
            ),
        )?;
    }
    Ok(())
}

/// When it ends, and how long that is.
fn until(certificate: &CertificateReport) -> String {
    let day = certificate
        .not_after
        .get(..10)
        .unwrap_or(&certificate.not_after);
    let left = match certificate.days_left {
        days if days < 0 => "expired".to_owned(),
        days => format!("{} left", count(days.unsigned_abs(), "day")),
    };
    format!("until {day} ({left})")
}

/// The client's own certificate, and what became of it.
fn write_client(out: &mut dyn Write, endpoint: &EndpointReport) -> io::Result<()> {
    let Some(client) = &endpoint.client_certificate else {
        return Ok(());
    };
    let certificate = &client.certificate;
    let known = endpoint.tls.as_ref().map(|tls| &tls.client_certificate);
    let purposes = match client.purposes.as_slice() {
        [] => String::new(),
        purposes => {
            let names: Vec<&str> = purposes.iter().map(Shown::as_str).collect();
            format!(", for {}", names.join(" and "))
        }
    };
    let used = known.map_or_else(String::new, |known| format!(", {known}"));
    row(
        out,
        "client",
        &format!("{} ({}){used}", certificate.subject, client.file),
    )?;
    row(
        out,
        "",
        &format!("  {}{purposes}, {}", certificate.key, until(certificate)),
    )?;
    row(
        out,
        "",
        &format!(
            "  issued by {}, serial {}",
            certificate.issuer, certificate.serial
        ),
    )?;
    for above in &client.chain {
        row(
            out,
            "",
            &format!("  intermediate: {}, {}", above.subject, until(above)),
        )?;
    }
    Ok(())
}

fn write_trust(out: &mut dyn Write, endpoint: &EndpointReport) -> io::Result<()> {
    let Some(trust) = &endpoint.trust else {
        return Ok(());
    };
    let source = &trust.source;
    let place = match (source.known(), &trust.path) {
        (Some(TrustSource::System), _) => format!("the roots of this machine ({source})"),
        (Some(TrustSource::Bundled), _) => format!("the built-in roots ({source})"),
        (Some(TrustSource::Mozilla), _) => format!("Mozilla's roots, built in ({source})"),
        (Some(TrustSource::SslRootCert | TrustSource::Home) | None, Some(path)) => {
            match &trust.origin {
                Some(origin) => format!("{path} ({source}, from {origin})"),
                None => format!("{path} ({source})"),
            }
        }
        (Some(TrustSource::SslRootCert | TrustSource::Home) | None, None) => source.to_string(),
    };
    row(out, "trust", &place)?;
    match &trust.crl {
        Some(crl) => row(out, "crl", crl),
        None => Ok(()),
    }
}

fn write_name(out: &mut dyn Write, endpoint: &EndpointReport) -> io::Result<()> {
    let Some(names) = &endpoint.name_match else {
        return Ok(());
    };
    let (Some(matched), Some(rule)) = (&names.matched, &names.rule) else {
        let shown: Vec<&str> = names
            .names
            .iter()
            .map(Shown::as_str)
            .take(MAX_NAMES)
            .collect();
        let more = names.names.len().saturating_sub(shown.len());
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let wanted = endpoint.host.as_deref().unwrap_or("(none)");
        row(out, "name", &format!("wanted     {wanted}"))?;
        return row(out, "", &format!("presented  {}{more}", shown.join(", ")));
    };
    row(out, "name", &format!("{matched} ({rule})"))
}

fn write_rotation(out: &mut dyn Write, endpoint: &EndpointReport) -> io::Result<()> {
    let Some(rotation) = &endpoint.rotation else {
        return Ok(());
    };
    let verdict = |rehearsal: &RehearsalReport| match &rehearsal.code {
        None => "pass".to_owned(),
        Some(code) => format!("exit {} ({code})", rehearsal.exit_code.number()),
    };
    let today = format!("with today's roots: {}", verdict(&rotation.today));
    row(out, "roots", &today)?;
    let alone = format!("with {} alone: {}", rotation.file, verdict(&rotation.alone));
    row(out, "", &alone)?;
    row(out, "", &format!("with both: {}", verdict(&rotation.both)))
}

fn write_login(out: &mut dyn Write, endpoint: &EndpointReport) -> io::Result<()> {
    let Some(login) = &endpoint.login else {
        return Ok(());
    };
    let who = format!("user {}, database {}", login.user, login.database);
    let how = match (&login.method, &login.channel_binding) {
        (Some(Named::Known(LoginMethod::None)), _) => ", no password asked for".to_owned(),
        (Some(method), Some(_)) => format!(", {method} bound to this channel"),
        (Some(method), None) => format!(", {method}"),
        (None, _) => String::new(),
    };
    let came = if login.succeeded { "" } else { "refused: " };
    row(out, "login", &format!("{came}{who}{how}"))?;
    if let Some(version) = &login.server_version {
        row(out, "", &format!("server version {version}"))?;
    }
    let Some(session) = &login.pg_stat_ssl else {
        return Ok(());
    };
    let same = match login.same_session {
        Some(true) => "as negotiated here",
        Some(false) => "NOT what was negotiated here",
        None => "the same as here, but not proven to be the same session",
    };
    let parts = [&session.version, &session.cipher, &session.client_dn];
    let parts: Vec<&str> = parts.into_iter().flatten().map(Shown::as_str).collect();
    let seen = if session.ssl {
        parts.join(", ")
    } else {
        "no TLS".to_owned()
    };
    row(out, "", &format!("pg_stat_ssl: {seen} ({same})"))
}

fn write_timings(out: &mut dyn Write, endpoint: &EndpointReport) -> io::Result<()> {
    let Some(timings) = &endpoint.timings_ms else {
        return Ok(());
    };
    // The steps have the unit of the whole.
    let (_, size) = unit(timings.total);
    let steps = [
        ("resolve", timings.resolve),
        ("connect", timings.connect),
        ("SSLRequest", timings.ssl_request),
        ("handshake", timings.handshake),
    ];
    let steps: Vec<String> = steps
        .into_iter()
        .filter_map(|(step, time)| Some(format!("{step} {:.1}", time? / size)))
        .collect();
    let steps = if steps.is_empty() {
        String::new()
    } else {
        format!(" ({})", steps.join(", "))
    };
    let login = endpoint.login.as_ref();
    let login = login.map_or_else(String::new, |login| {
        format!("; login {}", duration(login.took_ms))
    });
    row(
        out,
        "time",
        &format!("{}{steps}{login}", duration(timings.total)),
    )
}

/// The unit for a time in milliseconds, as people read it, and how many milliseconds it has.
fn unit(ms: f64) -> (&'static str, f64) {
    if ms < 1_000.0 {
        ("ms", 1.0)
    } else {
        ("s", 1_000.0)
    }
}

fn duration(ms: f64) -> String {
    let (unit, size) = unit(ms);
    format!("{:.1} {unit}", ms / size)
}

fn row(out: &mut dyn Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{}", wrap(text, &format!("  {label:<6} ")))
}

/// Wraps each line of `text` under a first-line indent.
pub(crate) fn wrap(text: &str, indent: &str) -> String {
    let blank = " ".repeat(indent.len());
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let indent = if index == 0 { indent } else { &blank };
        let fits = indent.len().saturating_add(line.len()) < WIDTH;
        if fits {
            lines.push(format!("{indent}{line}"));
        } else {
            let options = Options::new(WIDTH)
                .initial_indent(indent)
                .subsequent_indent(&blank)
                .break_words(false)
                .word_splitter(textwrap::WordSplitter::NoHyphenation);
            lines.extend(textwrap::wrap(line, options).into_iter().map(String::from));
        }
    }
    lines.join("\n")
}

fn count(number: u64, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

pub(super) fn paint(text: &str, style: Style, palette: Palette) -> String {
    match palette {
        Palette::Plain => text.to_owned(),
        Palette::Colour => format!("{style}{text}{style:#}"),
    }
}

/// The indent of further lines of a finding.
const HINT: &str = "    ";

/// Up to this many endpoints there is no table.
const FEW: usize = 4;

/// Columns of an endpoint's name in the table.
const MAX_LABEL: usize = 60;

/// Columns.
const WIDTH: usize = 100;

/// Names of a certificate that are listed before "and N more".
const MAX_NAMES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_time_is_told_in_seconds() {
        for (ms, told) in [(0.04, "0.0 ms"), (999.4, "999.4 ms"), (6_001.8, "6.0 s")] {
            assert_eq!(duration(ms), told);
        }
    }
    use crate::report::sample;

    #[test]
    fn many_endpoints_end_with_a_table_and_the_failures_once_more() {
        let mut out = Vec::new();
        write_table(&mut out, &sample::report().endpoints).unwrap();
        write_summary(&mut out, &sample::report().endpoints).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}
