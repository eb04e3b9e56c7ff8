//! What was sent in plain text, and how it came to that.

use super::advice::{READABLE, required};
use super::nothing::{answer, why_failed};
use super::{Found, Trace, error, to_server};
use crate::diagnose::{Code, Hint, Stage};
use crate::trace::connection::{Closer, Connection};
use crate::trace::seen::{Channel, PasswordForm, Step};

/// TLS was tried first, in the same connection or in the one before.
pub(super) fn fallback(trace: &Trace) -> Option<Found> {
    let fallen: Vec<(&Connection, Tried<'_>)> = sessions(trace)
        .filter_map(|connection| Some((connection, tried(trace, connection)?)))
        .collect();
    let (first, tried) = fallen.first()?;
    let message = match tried {
        Tried::Here if first.seen.has(Step::PlaintextAfterTls) => format!(
            "the application began TLS in connection {}, and then sent plain text",
            first.number
        ),
        Tried::Here => format!(
            "{}, and the application went on in plain text in connection {}",
            answer(first),
            first.number
        ),
        Tried::Before(before) => format!(
            "TLS failed in connection {} ({}), and the application began again in plain text in connection {}",
            before.number,
            why_failed(before),
            first.number
        ),
    };
    let all: Vec<&Connection> = fallen.iter().map(|(one, _)| *one).collect();
    let hint = Hint::say(
        "An attacker between the two ends can make TLS fail, and then reads and changes everything.",
    )
    .and(required(trace, first));
    Some(error(
        Code::FallsBackToPlaintext,
        Stage::Negotiate,
        format!("{message}{}", passwords(&all)),
        hint,
        all.into_iter(),
    ))
}

/// Where an application tried TLS before it went on in plain text.
#[derive(Clone, Copy)]
enum Tried<'t> {
    /// In the same connection.
    Here,
    /// In a connection before, where it failed.
    Before(&'t Connection),
}

/// `None` if TLS was not tried.
fn tried<'t>(trace: &'t Trace, connection: &Connection) -> Option<Tried<'t>> {
    if connection.seen.has(Step::SslRequest) || connection.seen.has(Step::DirectTls) {
        return Some(Tried::Here);
    }
    let before = to_server(trace).filter(|other| {
        other.number < connection.number
            && other.seen.tls_failed()
            && other.seen.channel == Channel::None
            && other.closed_by != Closer::Relay
    });
    // A second try follows the first: later connections have their own settings.
    let last = before.max_by_key(|other| other.number)?;
    let gap = connection.began_seconds - (last.began_seconds + last.seconds);
    let follows = gap.abs() < MOMENT || connection.number == last.number.saturating_add(1);
    follows.then_some(Tried::Before(last))
}

/// Seconds between two tries of one application.
const MOMENT: f64 = 2.0;

/// TLS was not tried at all.
pub(super) fn plaintext(trace: &Trace) -> Option<Found> {
    let plain: Vec<&Connection> = sessions(trace)
        .filter(|connection| tried(trace, connection).is_none())
        .collect();
    let first = *plain.first()?;
    let startup = first.seen.startup.as_ref();
    let who = startup.and_then(|startup| startup.user.as_deref());
    let who = who.unwrap_or("(none)");
    let database = startup.and_then(|startup| startup.database.as_deref());
    let database = database.unwrap_or(who);
    let others = match (plain.len(), trace.log.counts.left_out) {
        (1, _) => String::new(),
        (several, 0) => format!(", as {several} connections did"),
        (several, _) => format!(", as at least {several} connections did"),
    };
    let message = format!(
        "connection {} started a session in plain text without asking for TLS{others}: user \"{who}\", database \"{database}\"{}",
        first.number,
        passwords(&plain)
    );
    let mut hint = Hint::say(READABLE);
    let tls_follows = to_server(trace)
        .any(|other| other.number > first.number && other.seen.has(Step::SslRequest));
    if first.seen.server_error.is_some() && tls_follows {
        hint = hint.then(
            "It tried TLS after the server had refused: that is sslmode=allow, plain text first.",
        );
    }
    Some(error(
        Code::PlaintextSession,
        Stage::Negotiate,
        message,
        hint.and(required(trace, first)),
        plain.into_iter(),
    ))
}

/// Something else was sent.
pub(super) fn foreign(trace: &Trace) -> Option<Found> {
    let foreign: Vec<&Connection> = to_server(trace)
        .filter(|connection| connection.seen.has(Step::Foreign))
        .collect();
    let first = *foreign.first()?;
    Some(error(
        Code::PlaintextSession,
        Stage::Negotiate,
        format!(
            "connection {} sent plain text that is not PostgreSQL's protocol",
            first.number
        ),
        Hint::say(READABLE).and(required(trace, first)),
        foreign.into_iter(),
    ))
}

/// Those that are not encrypted.
fn sessions(trace: &Trace) -> impl Iterator<Item = &Connection> {
    to_server(trace).filter(|connection| connection.seen.channel == Channel::Plaintext)
}

/// What was sent besides, if that was a password: the worst of it.
fn passwords(connections: &[&Connection]) -> String {
    let sent = connections
        .iter()
        .filter(|one| one.seen.plaintext_passwords > 0)
        .filter_map(|one| Some((one.seen.password_form?, one.number)));
    let Some((form, number)) = sent.min() else {
        return String::new();
    };
    let what = match form {
        PasswordForm::Clear => "its password in clear text",
        PasswordForm::Token => "a token (OAUTHBEARER), which anyone who reads it can use",
        PasswordForm::Md5 => "an MD5 hash of its password, which can be guessed at",
        PasswordForm::Unknown => "something like a password",
        PasswordForm::Gssapi => "a token of GSSAPI",
        PasswordForm::Sasl => "a proof of its password (SCRAM), not the password",
    };
    match connections {
        [_] => format!("; it sent {what}"),
        _ => format!("; in connection {number} it sent {what}"),
    }
}

pub(super) fn cancels(trace: &Trace) -> Option<Found> {
    let plain: Vec<&Connection> = to_server(trace)
        .filter(|connection| connection.seen.has(Step::PlaintextCancel))
        .collect();
    let first = plain.first()?;
    let message = format!(
        "connection {} asked to cancel a query in plain text",
        first.number
    );
    let hint = Hint::say(
        "The request contains the key that cancels every query of that session. Anyone who reads it can use it.",
    )
    .then(
"With libpq 17 or newer a program can call PQcancelCreate and PQcancelBlocking, which encrypt it. PQcancel never does.",
    );
    Some(error(
        Code::PlaintextCancel,
        Stage::Negotiate,
        message,
        hint,
        plain.iter().copied(),
    ))
}
