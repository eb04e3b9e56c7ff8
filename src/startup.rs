//! Sends the startup packet over a TLS session and reads the server's first answer.
//!
//! Under TLS 1.3 a server refuses a client certificate after the handshake is finished for the
//! client, and PostgreSQL reports a missing one only in its first answer. Silence proves nothing,
//! so we send the packet to a server that requested a certificate. It contains no secret.

#![deny(clippy::wildcard_enum_match_arm)]

use tokio::time::Instant;

use crate::handshake::{Error, Session};
use crate::wire::postgres::FirstAnswer;
use crate::wire::postgres::frame::TERMINATE;
use crate::wire::postgres::startup::startup_message;

/// Sends a startup packet for `user` and `database`, and reads the first answer.
///
/// PostgreSQL documentation, "Message Flow", section "Start-up".
///
/// # Errors
/// What TLS reports, mainly an alert about the client certificate.
pub async fn first_answer(
    session: &mut Session,
    user: &[u8],
    database: &[u8],
    deadline: Instant,
) -> Result<FirstAnswer, Error> {
    session
        .send(&startup_message(user, database), deadline)
        .await?;
    let mut answer = Vec::new();
    // Not an array: it would take space in every endpoint in flight, and few get here.
    let mut buffer = vec![0; 4096];
    while !FirstAnswer::is_decided(&answer) {
        match session.receive(&mut buffer, deadline).await? {
            0 => break,
            count => answer.extend_from_slice(buffer.get(..count).unwrap_or_default()),
        }
    }
    let first = FirstAnswer::decode(&answer);
    if first.lets_us_in() {
        // A backend is running for us now. End it normally, so that the server does not log an
        // error.
        session.send(&TERMINATE, deadline).await?;
    }
    Ok(first)
}
