//! What was sent in plain text, and how it came to that.

use super::advice::required;
use super::nothing::why_failed;
use super::{Found, Trace, error, to_server};
use crate::diagnose::{Code, Hint, Stage};
use crate::trace::connection::{Closer, Connection};
use crate::trace::seen::{Channel, PasswordForm, Step};

/// TLS was tried first, in the same connection or in the one before.
pub(super) fn fallback(trace: &Trace) -> Option<Found> {
    let fallen: Vec<(&Connection, Option<&Connection>)> = to_server(trace)
        .filter(|connection| connection.seen.channel == Channel::Plaintext)
        .filter_map(|connection| Some((connection, fell_from(trace, connection)?)))
        .collect();
    let (first, before) = fallen.first()?;
    let message = match before {
        None => format!(
            "the server refused TLS, and the application went on in plain text in connection {}",
            first.number
        ),
        Some(before) => format!(
            "TLS failed in connection {} ({}), and the application began again in plain text in connection {}",
            before.number,
            why_failed(before),
            first.number
        ),
    };
    let message = format!(
        "{message}{}",
        passwords(&fallen.iter().map(|(one, _)| *one).collect::<Vec<_>>())
    );
    let hint = Hint::say(
        "An attacker between the two ends can make TLS fail, and then reads and changes everything.",
    )
    .and(required(trace, first));
    Some(error(
        Code::FallsBackToPlaintext,
        Stage::Negotiate,
        message,
        hint,
        fallen.iter().map(|(one, _)| *one),
    ))
}

/// How a connection in plain text came about: `Some(None)` if TLS was refused in the same connection, the connection
/// before if TLS failed there; `None` if TLS was not tried.
fn fell_from<'t>(trace: &'t Trace, connection: &Connection) -> Option<Option<&'t Connection>> {
    if connection.seen.has(Step::SslRequest) {
        return Some(None);
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
    (gap.abs() < MOMENT || connection.number == last.number.saturating_add(1)).then_some(Some(last))
}

/// Seconds between two tries of one application.
const MOMENT: f64 = 2.0;

/// TLS was not tried at all.
pub(super) fn plaintext(trace: &Trace) -> Option<Found> {
    let plain: Vec<&Connection> = to_server(trace)
        .filter(|connection| match connection.seen.channel {
            Channel::Plaintext => fell_from(trace, connection).is_none(),
            Channel::None | Channel::Tls | Channel::Gssapi => connection.seen.has(Step::Foreign),
        })
        .collect();
    let first = *plain.first()?;
    let message = match &first.seen.startup {
        None => format!(
            "connection {} sent plain text that is not PostgreSQL's protocol",
            first.number
        ),
        Some(startup) => {
            let who = startup.user.as_deref().unwrap_or("(none)");
            let database = startup.database.as_deref().unwrap_or(who);
            let others = match plain.len() {
                1 => String::new(),
                several => format!(", as {several} connections did"),
            };
            format!(
                "connection {} started a session in plain text without asking for TLS{others}: user \"{who}\", database \"{database}\"{}",
                first.number,
                passwords(&plain)
            )
        }
    };
    let mut hint =
        Hint::say("Everything that is sent and received can be read and changed on the way.");
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

/// What was sent besides, if that was a password.
fn passwords(connections: &[&Connection]) -> String {
    let sent: u32 = connections
        .iter()
        .map(|one| one.seen.plaintext_passwords)
        .fold(0, u32::saturating_add);
    let form = connections.iter().find_map(|one| one.seen.password_form);
    match form {
        _ if sent == 0 => String::new(),
        None => String::new(),
        Some(PasswordForm::Clear) => "; its password was sent in clear text".to_owned(),
        Some(PasswordForm::Token) => {
            "; a token was sent (OAUTHBEARER), which anyone who reads it can use".to_owned()
        }
        Some(PasswordForm::Md5) => {
            "; an MD5 hash of its password was sent, which can be guessed at".to_owned()
        }
        Some(PasswordForm::Sasl) => {
            "; a proof of its password was sent (SCRAM), not the password".to_owned()
        }
        Some(PasswordForm::Gssapi) => "; a token of GSSAPI was sent".to_owned(),
        Some(PasswordForm::Unknown) => "; something like a password was sent".to_owned(),
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
