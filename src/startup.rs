//! A TLS session in, the server's first answer out: the startup packet and what comes back.
//!
//! Under TLS 1.3 a server refuses a client certificate after the client believes the handshake
//! done, and PostgreSQL asks for a missing one only in its first answer. Silence proves nothing,
//! so a server that requested a certificate is asked. No secret is in the packet.

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
/// Whatever TLS reports, an alert about the client certificate above all.
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
    // Not an array: every endpoint in flight would have it inside, and few come here.
    let mut buffer = vec![0; 4096];
    while !FirstAnswer::is_decided(&answer) {
        match session.receive(&mut buffer, deadline).await? {
            0 => break,
            count => answer.extend_from_slice(buffer.get(..count).unwrap_or_default()),
        }
    }
    let first = FirstAnswer::decode(&answer);
    if first.lets_us_in() {
        // A backend is running for us by now: end it in the way that its log calls normal.
        session.send(&TERMINATE, deadline).await?;
    }
    Ok(first)
}
