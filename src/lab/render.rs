//! The output of a lab as text, JSON and JUnit. Pure.

use std::collections::HashMap;
use std::io::{self, Write};

use super::bench::{Lab, Secret};
use super::fault::{Fault, Libpq};
use super::observation::{Channel, ClientCertificate, Deed, End, Hello, Observation, Opening};
use super::outcome::{Conduct, Doubt, Verdict, judge};
use super::trial::{Attempt, ProgramEnd, Trial};
use crate::clients::Acceptance;
use crate::escape::escape;
use crate::report::ClientReport;
use crate::report::junit;
use crate::report::text::{Page, wrap};

/// Writes the catalogue: name, what libpq does, description.
///
/// # Errors
/// If `out` cannot be written.
pub fn write_list(out: &mut dyn Write) -> io::Result<()> {
    Fault::ALL.iter().try_for_each(|fault| {
        let (name, libpq) = (fault.name(), libpq(*fault));
        let description = fault.description();
        writeln!(out, "{name:NAME$}  {libpq:<LIBPQ$}  {description}")
    })
}

/// Writes the running endpoints: what libpq does, which other client libraries reach another verdict,
/// and the connection string.
///
/// # Errors
/// If `out` cannot be written.
pub fn write_started(
    out: &mut dyn Write,
    lab: &Lab,
    expected: &HashMap<Fault, Vec<ClientReport>>,
) -> io::Result<()> {
    lab.benches.iter().try_for_each(|bench| {
        let (name, libpq) = (bench.fault.name(), libpq(bench.fault));
        writeln!(out, "{name:NAME$}  libpq {libpq}")?;
        if let Some(line) = expected
            .get(&bench.fault)
            .and_then(|clients| dissenters(bench.fault, clients))
        {
            writeln!(out, "{}", wrap(&line, "    ", Page::Stream))?;
        }
        writeln!(out, "    {}", escape(&bench.uri(Secret::Hidden)))
    })
}

/// The client libraries whose verification, given the same roots, reaches another verdict than
/// libpq's.
fn dissenters(fault: Fault, clients: &[ClientReport]) -> Option<String> {
    let (other, verdict) = match fault.libpq() {
        Libpq::Connects => (Acceptance::Refuses, "refuse"),
        Libpq::Refuses(..) => (Acceptance::Accepts, "accept"),
    };
    let names: Vec<String> = clients
        .iter()
        .filter(|client| client.certificate == other)
        .map(|client| client.client.to_string())
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "in their strictest mode, {verdict} its certificate: {}",
            names.join(", ")
        )
    })
}

/// One connection in one line.
pub fn observation_line(fault: Fault, seen: &Observation) -> String {
    let mut parts = vec![opening(seen)];
    parts.extend(seen.hello.as_ref().map(offer));
    if let Some(tls) = &seen.tls {
        parts.push(format!("{}, {}", tls.protocol, tls.cipher));
    }
    match seen.client_certificate {
        ClientCertificate::NotRequested => {}
        ClientCertificate::Missing => parts.push("no client certificate".to_owned()),
        ClientCertificate::Sent => parts.push("a client certificate".to_owned()),
    }
    parts.push(deed(seen.deed(), seen.password, Some(seen)));
    let verdict = match judge(fault.duty(), seen.deed()) {
        Verdict::Untested => "-",
        verdict @ (Verdict::Safe | Verdict::Unsafe | Verdict::RefusedGood) => word(verdict),
    };
    let (name, number) = (fault.name(), seen.connection);
    format!("{name} #{number}  {verdict}  {}", parts.join("; "))
}

/// One connection as a line of JSON.
pub fn observation_json(fault: Fault, seen: &Observation) -> serde_json::Value {
    serde_json::json!({
        "fault": fault.name(),
        "deed": seen.deed(),
        "verdict": judge(fault.duty(), seen.deed()),
        "observation": seen,
    })
}

/// Writes a trial as a table, with the program's own output if something is wrong.
///
/// # Errors
/// If `out` cannot be written.
pub fn write_table(out: &mut dyn Write, trial: &Trial) -> io::Result<()> {
    writeln!(
        out,
        "{:NAME$}  {:SHORT$}  {:VERDICT$}  the client",
        "fault", "libpq", "verdict"
    )?;
    for attempt in &trial.attempts {
        let fault = attempt.conduct.fault;
        let (name, libpq) = (fault.name(), short_libpq(fault));
        let verdict = word(attempt.conduct.verdict);
        let did = did(attempt);
        writeln!(
            out,
            "{name:NAME$}  {libpq:SHORT$}  {verdict:VERDICT$}  {did}"
        )?;
    }
    let wrong = |attempt: &&Attempt| attempt.conduct.verdict != Verdict::Safe;
    for attempt in trial.attempts.iter().filter(wrong) {
        writeln!(
            out,
            "\n{}: {}",
            attempt.conduct.fault.name(),
            advice(&attempt.conduct)
        )?;
        for line in attempt.output.lines() {
            writeln!(out, "    {}", escape(line))?;
        }
    }
    writeln!(out, "\n{}: {}", escape(&trial.program), summary(trial))
}

/// Writes a trial as one JSON document.
///
/// # Errors
/// If `out` cannot be written.
pub fn write_json(out: &mut dyn Write, trial: &Trial) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, trial)?;
    writeln!(out)
}

/// Writes a trial as JUnit XML: one test case per endpoint. What was not tested is an error, every
/// other problem a failure.
///
/// # Errors
/// If `out` cannot be written.
pub fn write_junit(out: &mut dyn Write, trial: &Trial) -> io::Result<()> {
    let cases: Vec<junit::Case> = trial.attempts.iter().map(test_case).collect();
    let suite = junit::Suite {
        name: "pgtls lab",
        checked_at: None,
        version: Some(env!("CARGO_PKG_VERSION")),
    };
    junit::write_suite(out, &suite, &cases)
}

fn test_case(attempt: &Attempt) -> junit::Case {
    let problem = |tag| junit::Problem {
        tag,
        kind: word(attempt.conduct.verdict).to_owned(),
        message: did(attempt),
        advice: advice(&attempt.conduct).to_owned(),
    };
    junit::Case {
        name: attempt.conduct.fault.name().to_owned(),
        class: "pgtls.lab",
        time: Some(attempt.duration),
        place: None,
        problem: match attempt.conduct.verdict {
            Verdict::Safe => None,
            Verdict::Unsafe | Verdict::RefusedGood => Some(problem(junit::Tag::Failure)),
            Verdict::Untested => Some(problem(junit::Tag::Error)),
        },
        output: attempt.output.clone(),
    }
}

fn libpq(fault: Fault) -> String {
    match fault.libpq() {
        Libpq::Connects => "connects".to_owned(),
        Libpq::Refuses(exit, code) => format!("refuses: {} {}", exit.number(), code.name()),
    }
}

fn short_libpq(fault: Fault) -> &'static str {
    match fault.libpq() {
        Libpq::Connects => "connects",
        Libpq::Refuses(..) => "refuses",
    }
}

fn opening(seen: &Observation) -> String {
    let opening = match seen.opening {
        Opening::Nothing => "sent nothing",
        Opening::SslRequest => "SSLRequest",
        Opening::DirectTls => "direct TLS",
        Opening::Plaintext => "plain text",
        Opening::CancelRequest => "CancelRequest",
        Opening::Nonsense => "not PostgreSQL's protocol",
    };
    if seen.gssenc_request {
        format!("GSSENCRequest, {opening}")
    } else {
        opening.to_owned()
    }
}

fn offer(hello: &Hello) -> String {
    let sni = hello.sni.as_deref().unwrap_or("none");
    let alpn = if hello.alpn.is_empty() {
        "none".to_owned()
    } else {
        hello.alpn.join(" ")
    };
    let versions = hello.versions.join(" ");
    let groups = hello.groups.join(" ");
    format!("SNI {sni}, ALPN {alpn}, offers {versions}, {groups}")
}

/// The result of an attempt, in a few words.
fn did(attempt: &Attempt) -> String {
    let Conduct {
        connections,
        password,
        ..
    } = &attempt.conduct;
    let mut did = deed(attempt.conduct.deed, *password, connections.last());
    match attempt.program_end {
        ProgramEnd::Killed => did.push_str(&format!(
            "; killed after {:.0} s",
            attempt.duration.as_secs_f64()
        )),
        ProgramEnd::Signalled => did.push_str("; ended by a signal"),
        ProgramEnd::Exited(_) => {}
    }
    did.push_str(match attempt.conduct.doubt {
        Some(Doubt::FewerConnections) => "; fewer connections than at the good endpoint",
        Some(Doubt::NotToldApart) => "; several sessions at the good endpoint",
        Some(Doubt::NotEnded) | None => "",
    });
    did
}

fn deed(deed: Deed, password: Option<Channel>, last: Option<&Observation>) -> String {
    let how = match (deed, password) {
        (Deed::Nothing, _) => "never asked for a session",
        (Deed::Refused, _) => {
            let refusal = last.map(refusal).unwrap_or_default();
            return format!("refused{refusal}");
        }
        (Deed::Looked, _) => "disconnected after the handshake",
        (Deed::Accepted, None) => "accepted, sent no password",
        (Deed::Accepted, Some(_)) => "accepted, sent its password",
        (Deed::Plaintext, None | Some(Channel::Tls)) => "went on in plain text",
        (Deed::Plaintext, Some(Channel::Plaintext)) => "SENT ITS PASSWORD IN PLAIN TEXT",
    };
    how.to_owned()
}

fn refusal(seen: &Observation) -> String {
    match (seen.end, &seen.detail, &seen.tls) {
        (End::Alert, Some(alert), _) => format!(": alert {alert}"),
        (End::HungUp, _, Some(_)) => ": closed the connection after the handshake".to_owned(),
        (End::Terminated | End::HungUp, _, None) if seen.hello.is_some() => {
            ": closed the connection in the handshake".to_owned()
        }
        (End::ByServer, Some(reason), _) => format!(": {}", escape(reason)),
        (End::Deadline, ..) => ": stopped answering".to_owned(),
        _ => String::new(),
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Safe => "safe",
        Verdict::Unsafe => "UNSAFE",
        Verdict::RefusedGood => "REFUSED",
        Verdict::Untested => "UNTESTED",
    }
}

/// What to do about a verdict.
fn advice(conduct: &Conduct) -> &'static str {
    match conduct.doubt {
        Some(Doubt::NotEnded) => {
            return "it did not end by itself, so what it would have done next is not known: if its time was up, give it more with --timeout, or let it give up sooner; else find out what ended it";
        }
        Some(Doubt::FewerConnections) => {
            return "it ended before it had made all the connections that it makes to the good endpoint: test each kind of connection by itself, or let the program go on after a refusal";
        }
        Some(Doubt::NotToldApart) => {
            return "it has several sessions at the good endpoint, and here each of its tries may be for one and the same of them: set its pool to one connection, or test each kind of connection by itself";
        }
        None => {}
    }
    match (conduct.verdict, conduct.deed) {
        (Verdict::Safe, ..) => "nothing to do",
        (Verdict::Unsafe, Deed::Plaintext) => {
            "it goes on without TLS if the server has none: set sslmode=verify-full, or the library's equivalent"
        }
        (Verdict::Unsafe, ..) if conduct.fault == Fault::Revoked => {
            "it does not check the CRL: set sslcrl, if its library supports CRLs"
        }
        (Verdict::Unsafe, ..) => {
            "it does not verify what it must: set sslmode=verify-full and the root file, or the library's equivalent"
        }
        (Verdict::RefusedGood, ..) => {
            "nothing is wrong with this endpoint: check that the program reads PGSSLROOTCERT or DATABASE_URL. Its output, if any, follows"
        }
        (Verdict::Untested, Deed::Looked) => {
            "it completed the handshake and did not log in: if it only checks TLS, use --gate. If not, see its output, if any, below"
        }
        (Verdict::Untested, ..) => {
            "it never asked this endpoint for a session: check that the program reads PGHOST and PGPORT, or DATABASE_URL. Its output, if any, follows"
        }
    }
}

fn summary(trial: &Trial) -> String {
    let counts = [
        (Verdict::Safe, "safe"),
        (Verdict::Unsafe, "unsafe"),
        (Verdict::RefusedGood, "refused although good"),
        (Verdict::Untested, "untested"),
    ];
    let counts = counts.map(|(verdict, name)| (trial.count(verdict), name));
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    counts.join(", ")
}

/// Widths of columns.
const NAME: usize = 20;
const LIBPQ: usize = 31;
const SHORT: usize = 8;
const VERDICT: usize = 8;
