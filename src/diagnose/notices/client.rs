//! What the server accepted of the client, but will not for long.

use super::chain::expiring;
use super::{Code, Finding, Hint, Level, Stage, warning};
use crate::conninfo::shown_path;
use crate::diagnose::calendar::{day, moment, span};
use crate::diagnose::explain::renewal::{Role, renewal};
use crate::diagnose::lifetime::ending;
use crate::handshake::ClientCertificateRequest;
use crate::probe::{Moment, Session, Task};
use crate::verify::client_path;

/// What is to be said about a client certificate that the server got.
pub(in crate::diagnose) fn of_client(task: &Task, session: &Session) -> Vec<Finding> {
    let (ClientCertificateRequest::Sent, Some(identity)) =
        (session.tls.client_certificate, &task.trust.identity)
    else {
        return Vec::new();
    };
    let file = shown_path(&identity.certificate_path);
    let mut found = Vec::new();
    for certificate in client_path(&identity.certificates) {
        if let Some(left) = ending(certificate, task.now) {
            found.push(expiring(Level::Warning, certificate, left, Role::Client));
        }
        // With --at this is an error.
        if task.moment == Moment::Chosen {
            continue;
        }
        let accepted = |what: String, hint: Hint| {
            let message = format!(
                "the client certificate \"{file}\" {what}, but the server accepted it: it does not check client certificates, or its clock is wrong"
            );
            warning(Code::ClientCertExpired, Stage::Handshake, message).hint(hint)
        };
        if let Some(end) = certificate.not_after.filter(|end| *end <= task.now) {
            let what = format!(
                "expired {} ago, on {}",
                span(task.now.saturating_sub(end)),
                day(end)
            );
            found.push(accepted(what, renewal(certificate, Role::Client)));
        }
        if let Some(start) = certificate.not_before.filter(|start| *start > task.now) {
            let what = format!("is not valid before {}", moment(start));
            let hint = format!("The clock of this machine says {}.", moment(task.now));
            found.push(accepted(what, hint.into()));
        }
    }
    found
}
