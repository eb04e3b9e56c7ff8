//! The report of a trace for people: the verdict, what is wrong, then the connections, equal ones once.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::text::{View, label, paint, wrap, write_body};
use super::{TraceFindingReport, TraceReport, Verdict};
use crate::diagnose::Level;
use crate::trace::{
    Channel, Closer, Connection, Handshake, Hello, PasswordForm, Probe, Reaction, Seen, Side, Step,
    To,
};

/// Writes the report.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &TraceReport, view: View) -> io::Result<()> {
    writeln!(out, "{}", verdict_line(report, view))?;
    for finding in &report.findings {
        write_finding(out, finding, view)?;
    }
    for probe in report.probes.iter().flatten() {
        writeln!(out, "{}", wrap(&probe_line(probe), "probe ", view.page))?;
    }
    if !report.connections.is_empty() {
        writeln!(out)?;
    }
    write_connections(out, report, view)
}

fn verdict_line(report: &TraceReport, view: View) -> String {
    let (word, colour) = match report.verdict {
        Verdict::Pass => ("PASS", AnsiColor::Green),
        Verdict::Fail => ("FAIL", AnsiColor::Red),
    };
    format!(
        "{} {}: {}",
        paint(
            word,
            Style::new().bold().fg_color(Some(colour.into())),
            view.palette
        ),
        report.server,
        summary(report)
    )
}

/// The numbers in words.
pub(super) fn summary(report: &TraceReport) -> String {
    let counts = &report.counts;
    let mut parts = vec![count(counts.connections, "connection")];
    for (number, word) in [
        (counts.tls_sessions, "over TLS"),
        (counts.gssapi_sessions, "encrypted by GSSAPI"),
        (counts.plaintext_sessions, "in plain text"),
    ] {
        if number > 0 {
            parts.push(format!("{} {word}", count(number, "session")));
        }
    }
    if counts.plaintext_passwords > 0 {
        let passwords = count(counts.plaintext_passwords, "password");
        parts.push(format!("{passwords} or proofs of one in plain text"));
    }
    if counts.plaintext_cancels > 0 {
        let requests = count(counts.plaintext_cancels, "cancel request");
        parts.push(format!("{requests} in plain text"));
    }
    if counts.open_at_once > 1 {
        parts.push(format!("at most {} at once", counts.open_at_once));
    }
    parts.join(", ")
}

fn count(number: u64, word: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {word}{plural}")
}

fn write_finding(out: &mut dyn Write, finding: &TraceFindingReport, view: View) -> io::Result<()> {
    writeln!(out, "{}", label(finding.level, finding.code, view))?;
    write_body(out, &finding.message, &finding.hint, view)?;
    if finding.level == Level::Error {
        writeln!(out, "    More: pgtls explain {}", finding.code)?;
    }
    Ok(())
}

/// What the application did at one endpoint.
pub(super) fn probe_line(probe: &Probe) -> String {
    let did = match probe.reaction {
        Reaction::NotReached => "the application did not come",
        Reaction::NotTested => {
            "not tested: the application does not trust the authority of this trace"
        }
        Reaction::NotEnded => "not tested: the command had not ended in time",
        Reaction::Fewer => {
            "not tested: the application stopped at a refusal, before all its connections"
        }
        Reaction::Alike => {
            "not tested: a second try may stand for another of the application's connections"
        }
        Reaction::Interrupted => "not tested: the trace was interrupted before",
        Reaction::Refused => "the application refused",
        Reaction::Looked => "the application finished the handshake and closed without a session",
        Reaction::WentOn => "THE APPLICATION WENT ON",
        Reaction::SentPassword => "THE APPLICATION WENT ON AND SENT ITS PASSWORD",
        Reaction::WentOnInPlaintext => "THE APPLICATION WENT ON IN PLAIN TEXT",
        Reaction::SentPasswordInPlaintext => "THE APPLICATION SENT ITS PASSWORD IN PLAIN TEXT",
    };
    format!(
        "{}: {did} ({})",
        probe.endpoint,
        count(probe.connections, "connection")
    )
}

fn write_connections(out: &mut dyn Write, report: &TraceReport, view: View) -> io::Result<()> {
    let mut groups: Vec<((String, String), Vec<&Connection>)> = Vec::new();
    for connection in &report.connections {
        let key = (what(connection), closed(connection));
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, members)) => members.push(connection),
            None => groups.push((key, vec![connection])),
        }
    }
    for ((text, closed), members) in groups.iter().take(MAX_GROUPS) {
        let label = match members.as_slice() {
            [one] => format!("#{}", one.number),
            [first, ..] => format!("#{} and {} like it", first.number, members.len() - 1),
            [] => String::new(),
        };
        let line = format!("{label}: {text}; {closed}; {}", amount(members));
        writeln!(out, "{}", wrap(&line, "", view.page))?;
    }
    let left = groups.len().saturating_sub(MAX_GROUPS);
    if left > 0 {
        writeln!(out, "{left} more groups of connections are not shown")?;
    }
    if report.counts.left_out > 0 {
        let left = count(report.counts.left_out, "connection");
        writeln!(
            out,
            "{left} more of these sorts were counted, and are not listed"
        )?;
    }
    Ok(())
}

/// Sorts of connections that are shown.
const MAX_GROUPS: usize = 20;

/// A connection on one line, as it happens.
pub fn line(connection: &Connection) -> String {
    format!(
        "#{}: {}; {}; {}",
        connection.number,
        what(connection),
        closed(connection),
        amount(&[connection])
    )
}

/// What a connection is like, without what differs from one to the next.
fn what(connection: &Connection) -> String {
    let seen = &connection.seen;
    let mut parts = Vec::new();
    match connection.to {
        To::Server => {}
        trap @ (To::Control | To::UnknownCa | To::WrongHost | To::NoTls) => {
            parts.push(format!("probe {trap}"));
        }
    }
    parts.extend(seen.steps.iter().map(|one| step(*one).to_owned()));
    parts.extend(seen.client_hello.as_ref().map(hello));
    if let Some(choice) = &seen.server_hello {
        let group = choice.group.as_deref();
        let group = group.map_or_else(String::new, |group| format!(", {group}"));
        let retried = match choice.retried {
            true => " after a HelloRetryRequest",
            false => "",
        };
        parts.push(format!(
            "the server chose {}, {}{group}{retried}",
            choice.version, choice.cipher
        ));
    }
    if let Some(certificate) = seen.certificates.first() {
        parts.push(format!("certificate of {certificate}"));
    }
    parts.extend(client_certificate(seen));
    for alert in &seen.alerts {
        let from = match alert.from {
            Side::Application => "the application",
            Side::Server => "the server",
        };
        parts.push(match &alert.alert {
            Some(name) => format!("{from} sent the alert {name}"),
            None => format!("{from} sent an encrypted alert"),
        });
    }
    parts.extend(outcome(seen));
    if let Some(startup) = &seen.startup {
        let user = startup.user.as_deref().unwrap_or("none");
        let database = startup.database.as_deref().unwrap_or("none");
        parts.push(format!("user {user}, database {database}"));
        for (name, value) in &startup.parameters {
            parts.push(format!("{name} {value}"));
        }
    }
    parts.extend(password(seen));
    if let Some(error) = &seen.server_error {
        parts.push(format!("the server said: {error}"));
    }
    if parts.is_empty() {
        parts.push("nothing was sent".to_owned());
    }
    parts.join("; ")
}

fn step(step: Step) -> &'static str {
    match step {
        Step::SslRequest => "asked for TLS",
        Step::SslAccepted => "the server agreed",
        Step::SslRefused => "the server has no TLS",
        Step::GssencRequest => "asked for GSSAPI encryption",
        Step::GssencAccepted => "the server agreed",
        Step::GssencRefused => "the server has none",
        Step::Error => "the server answered with an error",
        Step::StrangeAnswer => "the server sent what PostgreSQL does not send here",
        Step::TooManyRequests => "asked more often than the answers could be told apart",
        Step::DirectTls => "began TLS without asking",
        Step::PlaintextStartup => "STARTED A SESSION IN PLAIN TEXT",
        Step::PlaintextAfterTls => "WENT ON IN PLAIN TEXT AFTER IT HAD BEGUN TLS",
        Step::PlaintextCancel => "ASKED TO CANCEL A QUERY IN PLAIN TEXT",
        Step::Foreign => "SENT PLAIN TEXT THAT IS NOT POSTGRESQL'S PROTOCOL",
    }
}

fn hello(hello: &Hello) -> String {
    let name = hello
        .sni
        .as_deref()
        .map_or_else(|| "no SNI".to_owned(), |name| format!("SNI {name}"));
    let protocols: Vec<&str> = hello.alpn.iter().map(|name| &**name).collect();
    let protocols = match protocols.as_slice() {
        [] => "no ALPN".to_owned(),
        some => format!("ALPN {}", some.join(" ")),
    };
    let library = hello
        .library
        .map_or_else(String::new, |library| format!(" of {library}"));
    format!(
        "ClientHello{library}: {}, {name}, {protocols}, {} bytes, {}",
        hello.versions.join(" "),
        hello.bytes,
        hello.ja4
    )
}

fn client_certificate(seen: &Seen) -> Option<String> {
    use crate::trace::ClientCertificate::{Missing, NotRequested, Requested, Sent, Unknown};
    let text = match seen.client_certificate {
        Unknown | NotRequested => return None,
        Requested => "the server asked for a client certificate",
        Missing => "the server asked for a client certificate, and got none",
        Sent => "the application sent a client certificate",
    };
    Some(text.to_owned())
}

fn outcome(seen: &Seen) -> Option<String> {
    let text = match (seen.channel, seen.handshake) {
        (Channel::Tls, _) => "session over TLS",
        (Channel::Gssapi, _) => "session encrypted by GSSAPI",
        (Channel::Plaintext, _) | (Channel::None, Handshake::None) => return None,
        (Channel::None, Handshake::NotBegun) => "no ClientHello came",
        (Channel::None, Handshake::Unanswered) => "the ClientHello was not answered",
        (Channel::None, Handshake::RefusedByServer) => "the server refused",
        (Channel::None, Handshake::RefusedByApplication) => "the application refused",
        (Channel::None, Handshake::Abandoned) => "TLS was not finished",
        (Channel::None, Handshake::Finished) => "TLS was set up, without a session",
        (Channel::None, Handshake::NotTls) => "what was sent is not TLS",
    };
    Some(text.to_owned())
}

fn password(seen: &Seen) -> Option<String> {
    let what = match seen.password_form? {
        PasswordForm::Clear => "SENT ITS PASSWORD IN CLEAR TEXT",
        PasswordForm::Md5 => "sent an MD5 hash of its password",
        PasswordForm::Token => "SENT A TOKEN IN CLEAR TEXT (OAUTHBEARER)",
        PasswordForm::Sasl => "sent a proof of its password (SCRAM)",
        PasswordForm::Gssapi => "sent a token of GSSAPI",
        PasswordForm::Unknown => "sent something like a password",
    };
    Some(what.to_owned())
}

/// Who closed, and why.
fn closed(connection: &Connection) -> String {
    let how = match connection.closed_by {
        Closer::Application => "closed by the application",
        Closer::Server => "closed by the server",
        Closer::Nobody => "open",
        Closer::Relay => "closed by the relay",
    };
    let detail = connection.detail.as_deref();
    let detail = detail.map_or_else(String::new, |detail| format!(": {detail}"));
    format!("{how}{detail}")
}

/// How long it took, and how much passed.
fn amount(members: &[&Connection]) -> String {
    let sent: u64 = members.iter().map(|one| one.bytes_sent).sum();
    let received: u64 = members.iter().map(|one| one.bytes_received).sum();
    let longest = members.iter().map(|one| one.seconds).fold(0.0, f64::max);
    let after = match members {
        [_] => "after",
        _ => "after at most",
    };
    format!("{after} {longest:.3} s; {sent} bytes sent, {received} received")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::sample;

    fn text(connections: impl IntoIterator<Item = Connection>) -> String {
        let mut text = Vec::new();
        let report = TraceReport::of(sample::trace(connections));
        write(&mut text, &report, View::PLAIN).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn connection(number: u64, closed_by: Closer, detail: Option<&str>) -> Connection {
        Connection {
            closed_by,
            detail: detail.map(Into::into),
            ..sample::connection(number)
        }
    }

    #[test]
    fn connections_that_ended_in_another_way_are_not_alike() {
        let text = text(vec![
            connection(1, Closer::Application, None),
            connection(2, Closer::Server, None),
            connection(3, Closer::Application, None),
            connection(4, Closer::Relay, Some("refused")),
            connection(5, Closer::Relay, Some("timeout")),
        ]);
        for line in [
            "#1 and 1 like it: nothing was sent; closed by the application;",
            "#2: nothing was sent; closed by the server;",
            "#4: nothing was sent; closed by the relay: refused;",
            "#5: nothing was sent; closed by the relay: timeout;",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn what_is_left_out_is_not_called_judged() {
        let many = (1..=400).map(|number| connection(number, Closer::Application, None));
        let text = text(many);
        assert!(
            text.contains("150 connections more of these sorts were counted, and are not listed"),
            "{text}"
        );
    }
}
