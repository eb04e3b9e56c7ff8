//! What the application did at endpoints that it must refuse.

use super::advice::{READABLE, advice};
use super::{Found, Trace, error, to_server};
use crate::diagnose::{Code, Hint, Stage};
use crate::trace::connection::To;
use crate::trace::probe::{Probe, Reaction, Trap};
use crate::trace::seen::Step;

const ONE_BY_ONE: &str = "Trace its connections one by one: set its pool to one connection.";

pub(super) fn of_probe(trace: &Trace, probe: &Probe) -> Option<Found> {
    let place = probe.endpoint.place();
    let sent = match probe.reaction {
        Reaction::Refused | Reaction::Looked => return None,
        Reaction::NotReached => {
            return Some(open(format!("the application did not come to {place}")));
        }
        Reaction::NotTested => {
            return Some(open(format!(
                "at {place}, the application refused the authority: what it does with the name is not known"
            )));
        }
        Reaction::NotEnded => {
            return Some(open(format!(
                "at {place}, the command had not ended in time, and was ended"
            )));
        }
        Reaction::Fewer => {
            let mut found = open(format!(
                "at {place}, the application made fewer connections ({}) than it had sessions at the server ({}): what the others verify is not known",
                probe.connections,
                trace.log.counts.sessions()
            ));
            found.finding.hint = found.finding.hint.then(ONE_BY_ONE);
            return Some(found);
        }
        Reaction::Alike => {
            let mut found = open(format!(
                "at {place}, the application refused {} times, and it had several sessions at the server ({}): a second try may stand for a connection that did not come",
                probe.connections,
                trace.log.counts.sessions()
            ));
            found.finding.hint = found.finding.hint.then(ONE_BY_ONE);
            return Some(found);
        }
        Reaction::Interrupted => {
            return Some(open(format!(
                "the trace was interrupted before {place} was tried"
            )));
        }
        Reaction::WentOn => "started its session",
        Reaction::SentPassword => "started its session and sent its password",
        Reaction::WentOnInPlaintext => "started its session in plain text",
        Reaction::SentPasswordInPlaintext => {
            "started its session in plain text and sent its password"
        }
    };
    let first = to_server(trace).next();
    let advice = advice(trace, first);
    let has_tried = has_tried_tls(trace, probe.endpoint.to());
    let (code, message, hint) = match (probe.endpoint, probe.reaction.is_plaintext()) {
        (Trap::UnknownCa | Trap::WrongHost | Trap::NoTls, true) if !has_tried => (
            Code::PlaintextSession,
            format!("at {place}, the application {sent}, without asking for TLS"),
            Hint::say(READABLE),
        ),
        (Trap::NoTls, _) => (
            Code::FallsBackToPlaintext,
            format!("at {place}, the application {sent}"),
            Hint::say("An attacker between the two ends can refuse TLS in the server's place."),
        ),
        (Trap::UnknownCa, true) | (Trap::WrongHost, true) => (
            Code::FallsBackToPlaintext,
            format!("at {place}, the application {sent} after TLS had failed"),
            Hint::say("An attacker between the two ends can make TLS fail."),
        ),
        (Trap::UnknownCa, false) => (
            Code::DoesNotVerify,
            format!("at {place}, the application {sent}"),
            Hint::say(
                "Its TLS does not stop an attacker between the two ends: anyone can make such a certificate.",
            ),
        ),
        (Trap::WrongHost, false) => (
            Code::DoesNotVerify,
            format!("at {place}, the application {sent}"),
            Hint::say(
                "Anyone with any certificate of an authority that it trusts can take the server's place.",
            ),
        ),
    };
    Some(error(
        code,
        Stage::Verify,
        message,
        hint.and(advice),
        [].into_iter(),
    ))
}

/// A question that was not answered has not passed.
fn open(message: String) -> Found {
    let hint = Hint::say("What it would do there is not known, so this is not a pass.");
    error(
        Code::NothingTraced,
        Stage::Connect,
        message,
        hint,
        [].into_iter(),
    )
}

/// Did the application try TLS where it was led?
fn has_tried_tls(trace: &Trace, to: To) -> bool {
    let mut there = trace.log.connections.iter().filter(|one| one.to == to);
    there.any(|one| one.seen.has(Step::SslRequest) || one.seen.has(Step::DirectTls))
}
