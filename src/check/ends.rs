//! When a pass ends by itself.

use super::{Checked, Subject};
use crate::exit::Exit;
use crate::handshake::ClientCertificateRequest;
use crate::probe::{Observation, Task};
use crate::trust::Level;
use crate::verify::client_path;
use crate::x509::{Certificate, Crl, NextUpdate};

impl Checked<'_> {
    /// When the first of the things ends that a pass depends on, in seconds since 1970-01-01T00:00:00Z: a certificate of
    /// the verified path, a CRL, the client's own certificate. From that second on the verdict may be another. `None` if
    /// nothing ends, or it is not a pass.
    pub fn ends(&self) -> Option<i64> {
        match &self.subject {
            Subject::Observed(observed) if self.exit() == Exit::Passed => {
                first_end(&observed.task, &observed.observation)
            }
            Subject::Observed(_) | Subject::Unread | Subject::Unchecked { .. } => None,
        }
    }
}

fn first_end(task: &Task, observation: &Observation) -> Option<i64> {
    // Without verification the server's dates are not looked at.
    let is_verified = task.trust.level > Level::Encryption;
    let shown = observation.shown().filter(|_| is_verified);
    let path: Vec<&Certificate> = shown
        .flat_map(|(judgement, _)| judgement.path_certificates())
        .collect();
    // A newer CRL of the same issuer may take its place. Then the next check says so.
    let covers = |crl: &&Crl| path.iter().any(|one| one.issuer == crl.issuer);
    let lists = task.trust.crls.iter().flat_map(|crls| crls.iter());
    let lists = lists
        .filter(covers)
        .filter_map(|crl| match crl.next_update {
            NextUpdate::At(end) => Some(end),
            NextUpdate::Absent | NextUpdate::Unreadable => None,
        });
    let sent = observation
        .tls()
        .is_some_and(|tls| tls.client_certificate == ClientCertificateRequest::Sent);
    let own = task.trust.identity.as_ref().filter(|_| sent);
    let own = own.map(|identity| client_path(&identity.certificates));
    let certificates = path.iter().copied().chain(own.into_iter().flatten());
    let ends = certificates.filter_map(|one| one.not_after);
    // What had ended before has not decided.
    ends.chain(lists).filter(|end| *end > task.now).min()
}
