//! What was not seen, and why: no session, a command that failed, no server name.

use super::{Found, Naming, Trace, error, numbers, to_server};
use crate::diagnose::{Code, Finding, Hint, Level, Stage};
use crate::trace::connection::{Closer, Connection};
use crate::trace::seen::{AlertSeen, Handshake, Side, Step};

/// What was not seen has not passed.
pub(super) fn nothing(trace: &Trace) -> Option<Found> {
    if trace.log.counts.sessions() > 0 {
        return None;
    }
    let Some(last) = to_server(trace).last() else {
        let hint = match &trace.command {
            Some(_) => Hint::say(
                "The command gets PGHOST, PGHOSTADDR, PGPORT and DATABASE_URL. A program with its own settings must be told to connect to the relay.",
            )
            .then("Only libpq reads PGHOSTADDR. For another driver, set --name localhost, or let the server's name lead to this machine in the hosts file."),
            None => Hint::say("Set host and port of the application to those of the relay."),
        };
        let message = match trace.log.connections.as_slice() {
            [] => "no connection came through the relay",
            [_, ..] => "no connection was led to the server: all were for --probe",
        };
        return Some(error(
            Code::NothingTraced,
            Stage::Connect,
            message.to_owned(),
            hint,
            [].into_iter(),
        ));
    };
    let why = match (&last.detail, &last.seen.server_error) {
        (Some(detail), _) => detail.to_string(),
        (None, Some(error)) => format!("the server said: {error}"),
        (None, None) if last.seen.tls_failed() => why_failed(last),
        (None, None) if last.seen.handshake == Handshake::Finished => {
            let alert = last.seen.alerts.iter().any(|one| one.from == Side::Server);
            match alert {
                true => "TLS was set up, and then the server sent an encrypted alert".to_owned(),
                false => format!("TLS was set up, and then {}", closed(last)),
            }
        }
        (None, None) => closed(last).to_owned(),
    };
    let message = format!("no session began. Connection {}: {why}", last.number);
    let hint =
        Hint::say("What an application does with a session was not seen, so this is not a pass.");
    let hint = match last.seen.handshake {
        Handshake::RefusedByApplication if distrusts(last) => hint.then(
            "Perhaps its roots lack the CA that signed the server's certificate, or the intermediate between them was not sent: check the server itself with pgtls check.",
        ),
        Handshake::RefusedByApplication | Handshake::Abandoned => hint.then(
            "An application that verifies the server's name must connect to that name: with --name NAME the command is told to.",
        ),
        Handshake::None
        | Handshake::NotBegun
        | Handshake::Unanswered
        | Handshake::RefusedByServer
        | Handshake::Finished
        | Handshake::NotTls => hint,
    };
    Some(error(
        Code::NothingTraced,
        Stage::Connect,
        message,
        hint,
        [last].into_iter(),
    ))
}

/// Whether the application says that no CA that it knows signed the certificate.
fn distrusts(connection: &Connection) -> bool {
    let unknown_ca = |one: &AlertSeen| {
        one.from == Side::Application && one.alert.as_deref() == Some("unknown_ca")
    };
    connection.seen.alerts.iter().any(unknown_ca)
}

pub(super) fn command(trace: &Trace) -> Option<Found> {
    let command = trace.command.as_ref()?;
    let how = match command.status {
        Some(0) => return None,
        Some(status) => format!("with exit status {status}"),
        None => "by a signal".to_owned(),
    };
    let message = format!("{} ended {how}", command.program);
    let hint = Hint::say("Its own messages are on standard error.");
    Some(error(
        Code::CommandFailed,
        Stage::Policy,
        message,
        hint,
        [].into_iter(),
    ))
}

pub(super) fn why_failed(connection: &Connection) -> String {
    let seen = &connection.seen;
    let alert = seen.alerts.last().map(|alert| {
        let from = match alert.from {
            Side::Application => "the application",
            Side::Server => "the server",
        };
        match &alert.alert {
            Some(name) => format!("{from} sent an alert: {name}"),
            None => format!("{from} sent an encrypted alert"),
        }
    });
    let how = match seen.handshake {
        Handshake::None => answer(connection),
        Handshake::Unanswered if connection.seen.has(Step::TooManyRequests) => answer(connection),
        Handshake::NotBegun => "no ClientHello was sent",
        Handshake::Unanswered => "the ClientHello was not answered",
        Handshake::RefusedByServer => "the server refused",
        Handshake::RefusedByApplication => "the application refused",
        Handshake::Abandoned => {
            return alert
                .unwrap_or_else(|| format!("{} after the server's answer", closed(connection)));
        }
        Handshake::Finished => "it was finished",
        Handshake::NotTls => "what was sent is not TLS",
    };
    alert.unwrap_or_else(|| how.to_owned())
}

/// What the server answered to the request for TLS. After an error, or what PostgreSQL does not send, it is not heard.
pub(super) fn answer(connection: &Connection) -> &'static str {
    if connection.seen.has(Step::TooManyRequests) {
        return "the application sent so many requests without waiting for an answer that the answers were not read";
    }
    let mut steps = connection.seen.steps.iter();
    let answer = steps.find_map(|step| match step {
        Step::SslAccepted => Some("the server agreed to TLS"),
        Step::SslRefused => Some("the server refused TLS"),
        Step::Error => Some("the server answered with an error"),
        Step::StrangeAnswer => Some("the server sent something that PostgreSQL does not send"),
        Step::SslRequest
        | Step::GssencRequest
        | Step::GssencAccepted
        | Step::GssencRefused
        | Step::TooManyRequests
        | Step::DirectTls
        | Step::PlaintextStartup
        | Step::PlaintextAfterTls
        | Step::PlaintextCancel
        | Step::Foreign => None,
    });
    answer.unwrap_or("the server did not answer the request for TLS")
}

fn closed(connection: &Connection) -> &'static str {
    match connection.closed_by {
        Closer::Application => "the application closed it",
        Closer::Server => "the server closed it",
        Closer::Relay => "the relay closed it",
        Closer::Nobody => "it was still open when the trace ended",
    }
}

pub(super) fn no_name(trace: &Trace) -> Option<Found> {
    let level = match trace.naming {
        Naming::Told => Level::Warning,
        Naming::Unknown => Level::Info,
        Naming::Address => return None,
    };
    let silent: Vec<&Connection> = to_server(trace)
        .filter(|connection| {
            let hello = connection.seen.client_hello.as_ref();
            hello.is_some_and(|hello| hello.sni.is_none())
        })
        .collect();
    let first = *silent.first()?;
    let message = format!(
        "the ClientHello of connection {} has no server name (SNI)",
        first.number
    );
    let hint = Hint::say(
        "A proxy or a provider that serves several names on one address cannot choose the certificate.",
    )
    .then("libpq sends the name unless sslsni=0 is set, or an address is its host.");
    let finding = Finding {
        level,
        code: Code::SendsNoSni,
        stage: Stage::Handshake,
        message: message.into(),
        hint,
    };
    Some(Found {
        finding,
        connections: numbers(silent.into_iter()),
    })
}
