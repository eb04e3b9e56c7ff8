//! What a server does with a session without TLS, where a check asks for that.

use super::audit::{error, failed, plaintext, told};
use crate::audit::{Asked, Plaintext, Unknown};
use crate::diagnose::{Code, Diagnosis, Hint};
use crate::exit::Exit;

/// Adds what the server does with a session without TLS, where that must be refused. What is not known does not pass.
pub fn add_plaintext(diagnosis: &mut Diagnosis, asked: &Asked<Plaintext>) {
    let finding = match asked.answer() {
        Ok(Plaintext::Refused(_) | Plaintext::TlsOnly) => return,
        Ok(Plaintext::Accepted(login)) => plaintext(*login),
        Err(reason) => {
            let message = format!(
                "it is not known whether the server starts sessions without TLS: {}",
                told(reason)
            );
            let hint = match reason {
                Unknown::RefusedAnyway(_) => {
                    Hint::say("Set a user and a database that may log in. No password is needed:")
                        .show("user=NAME dbname=NAME")
                }
                Unknown::OutOfTime
                | Unknown::NotAsked
                | Unknown::Connect(_)
                | Unknown::Negotiate(_)
                | Unknown::Handshake(_)
                | Unknown::Closed
                | Unknown::Timeout
                | Unknown::NotTls
                | Unknown::NotPostgres
                | Unknown::Unoffered
                | Unknown::Contradiction
                | Unknown::Busy => "Run the check again.".into(),
            };
            error(Code::AuditIncomplete, message).hint(hint)
        }
    };
    let (exit, finding) = failed(finding);
    if diagnosis.exit == Exit::Passed {
        diagnosis.exit = exit;
        diagnosis.error = Some(finding);
    } else {
        diagnosis.findings.push(finding);
    }
}
