//! What the application did at endpoints that it must refuse.

use super::advice::advice;
use super::{Found, Trace, error, to_server};
use crate::diagnose::{Code, Hint, Stage};
use crate::trace::probe::{Probe, Reaction, Trap};

pub(super) fn of_probe(trace: &Trace, probe: &Probe) -> Option<Found> {
    let sent = match probe.reaction {
        Reaction::Refused | Reaction::NotTested | Reaction::Looked => return None,
        Reaction::NotReached => {
            let message = format!("the application did not come to {}", probe.endpoint.place());
            let hint = Hint::say("What it would do there is not known, so this is not a pass.");
            return Some(error(
                Code::NothingTraced,
                Stage::Connect,
                message,
                hint,
                [].into_iter(),
            ));
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
    let (code, message, hint) = match (probe.endpoint, probe.reaction.is_plaintext()) {
        (Trap::NoTls, _) => (
            Code::FallsBackToPlaintext,
            format!("at an endpoint that refuses TLS, the application {sent}"),
            Hint::say("An attacker between the two ends can refuse TLS in the server's place."),
        ),
        (Trap::UnknownCa, true) | (Trap::WrongHost, true) => (
            Code::FallsBackToPlaintext,
            format!(
                "at {}, the application {sent} after it had refused the certificate",
                probe.endpoint.place()
            ),
            Hint::say("An attacker between the two ends can make TLS fail."),
        ),
        (Trap::UnknownCa, false) => (
            Code::DoesNotVerify,
            format!("at {}, the application {sent}", probe.endpoint.place()),
            Hint::say(
                "Its TLS does not stop an attacker between the two ends: anyone can make such a certificate.",
            ),
        ),
        (Trap::WrongHost, false) => (
            Code::DoesNotVerify,
            format!("at {}, the application {sent}", probe.endpoint.place()),
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
