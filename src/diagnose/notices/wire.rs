//! Other findings about the connection.

use super::{Code, Finding, Stage, info};
use crate::diagnose::explain::refusal::{self, Asked};
use crate::escape::escape;
use crate::probe::{Session, Task};
use crate::wire::postgres::FirstAnswer;

/// Notices about an established session.
pub(in crate::diagnose) fn of_session(task: &Task, session: &Session) -> Vec<Finding> {
    [login(task, session), hello_retry(session)]
        .into_iter()
        .flatten()
        .collect()
}

/// What the server says about the login, which has nothing to do with TLS.
fn login(task: &Task, session: &Session) -> Option<Finding> {
    let Some(FirstAnswer::Error(error)) = &session.first_answer else {
        return None;
    };
    let message = format!(
        "TLS is fine, but the server refuses this user: {}",
        escape(&error.message)
    );
    let asked = Asked::new(task, Some(&session.judgement));
    Some(info(Code::LoginFailed, Stage::Handshake, message).hint(refusal::advice(&asked, error)))
}

fn hello_retry(session: &Session) -> Option<Finding> {
    session.tls.hello_retry_request.then(|| {
        let group = session.tls.group.map_or("another group", |group| group.name);
        let message = format!(
            "the server asked for another key share ({group}): every connection needs one more round trip"
        );
        info(Code::HelloRetryRequest, Stage::Handshake, message).hint(
            "Clients offer X25519 or P-256 first. Make the server accept both: ssl_groups = 'X25519:prime256v1' (PostgreSQL 18), or ssl_ecdh_curve = 'prime256v1' in older versions.",
        )
    })
}
