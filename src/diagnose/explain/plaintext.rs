//! What a server does with a session without TLS, where a check asks for that.

use super::audit::accepted::plaintext;
use super::audit::{advice, error, told};
use super::front::Front;
use crate::audit::{Asked, Plaintext};
use crate::diagnose::{Code, Diagnosis};
use crate::probe::Observation;

/// Adds what the server does with a session without TLS, where that must be refused. What is not known does not pass.
pub fn add_plaintext(
    diagnosis: &mut Diagnosis,
    observation: &Observation,
    asked: &Asked<Plaintext>,
) {
    let front = observation.tls().map_or(Front::Unknown, Front::of);
    let finding = match asked.answer() {
        Ok(Plaintext::Refused(_) | Plaintext::TlsOnly) => return,
        Ok(Plaintext::Accepted(login)) => plaintext(*login, front),
        Err(reason) => {
            let message = format!(
                "it is not known whether the server starts sessions without TLS: {}",
                told(reason)
            );
            let again = "Run the check again.";
            let hint = advice(reason, again, again);
            error(Code::AuditIncomplete, message).hint(hint)
        }
    };
    diagnosis.fail_or_add(finding);
}
