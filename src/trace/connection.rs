//! One connection through the relay, and all of them.

use serde::Serialize;

use super::seen::{Channel, Seen, Step};
use crate::escape::Shown;
use crate::words::words;

words! {
    /// Where a connection was led.
    To {
        /// To the server.
        Server = "server",
        /// To an endpoint whose certificate the application should trust.
        Control = "control",
        /// To an endpoint whose certificate is from an unknown authority.
        UnknownCa = "unknown-ca",
        /// To an endpoint whose certificate is for another name.
        WrongHost = "wrong-host",
        /// To an endpoint without TLS.
        NoTls = "no-tls",
    }

    /// Which side was the first to end a connection.
    Closer {
        /// The application.
        Application = "application",
        /// The server.
        Server = "server",
        /// The relay: see the detail.
        Relay = "relay",
        /// None: both sides were open when the trace ended.
        Nobody = "none",
    }
}

/// One connection.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Connection {
    /// Counted from 1.
    pub number: u64,
    /// Where it was led.
    pub to: To,
    /// When it began, from the beginning of the trace.
    pub began_seconds: f64,
    /// How long it lasted.
    pub seconds: f64,
    /// What could be read.
    #[serde(flatten)]
    pub seen: Seen,
    /// Bytes from the application.
    pub bytes_sent: u64,
    /// Bytes from the server.
    pub bytes_received: u64,
    /// Which side was the first to end it.
    pub closed_by: Closer,
    /// Why the relay ended it.
    pub detail: Option<Shown>,
}

/// The numbers of a trace. They count what the list of connections leaves out, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counts {
    /// Connections to the server; those of `--probe` are not among them.
    pub connections: u64,
    /// Sessions over TLS.
    pub tls_sessions: u64,
    /// Sessions that GSSAPI encrypts.
    pub gssapi_sessions: u64,
    /// Connections whose StartupMessage was in plain text, or that went on in plain text after TLS had begun.
    pub plaintext_sessions: u64,
    /// Requests to cancel a query in plain text.
    pub plaintext_cancels: u64,
    /// Passwords, or proofs of one, in plain text.
    pub plaintext_passwords: u64,
    /// The most connections that were open at once.
    pub open_at_once: u64,
    /// Connections that the list leaves out.
    pub left_out: u64,
}

impl Counts {
    /// Sessions at the server, however they were protected.
    pub const fn sessions(&self) -> u64 {
        self.tls_sessions
            .saturating_add(self.gssapi_sessions)
            .saturating_add(self.plaintext_sessions)
    }
}

/// Everything that went through the relay. Bounded.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The numbers.
    pub counts: Counts,
    /// The connections, as they ended.
    pub connections: Vec<Connection>,
    kept: [usize; 9],
}

impl Log {
    /// Adds a connection that has ended.
    pub fn add(&mut self, connection: Connection) {
        let seen = &connection.seen;
        if connection.to == To::Server {
            let counts = &mut self.counts;
            counts.connections = counts.connections.saturating_add(1);
            let session = match seen.channel {
                Channel::None => None,
                Channel::Tls => Some(&mut counts.tls_sessions),
                Channel::Gssapi => Some(&mut counts.gssapi_sessions),
                Channel::Plaintext => Some(&mut counts.plaintext_sessions),
            };
            if let Some(count) = session {
                *count = count.saturating_add(1);
            }
            if seen.has(Step::PlaintextCancel) {
                counts.plaintext_cancels = counts.plaintext_cancels.saturating_add(1);
            }
            counts.plaintext_passwords = counts
                .plaintext_passwords
                .saturating_add(seen.plaintext_passwords.into());
        }
        if self.has_room(&connection) {
            self.connections.push(connection);
        } else {
            self.counts.left_out = self.counts.left_out.saturating_add(1);
        }
    }

    /// Of every sort of connection that is judged the first ones are kept, so that none hides another.
    fn has_room(&mut self, connection: &Connection) -> bool {
        let seen = &connection.seen;
        let sort = match (connection.to == To::Server, seen.channel) {
            (false, _) => 0,
            (true, Channel::Plaintext) if seen.has(Step::SslRequest) => 1,
            (true, Channel::Plaintext) => 2,
            (true, _) if seen.has(Step::PlaintextCancel) => 3,
            (true, _) if seen.has(Step::Foreign) => 4,
            (true, Channel::Tls) => 5,
            (true, Channel::Gssapi) => 6,
            (true, Channel::None) if seen.tls_failed() => 7,
            (true, Channel::None) => 8,
        };
        match self.kept.get_mut(sort) {
            Some(kept) if *kept < MAX_OF_A_SORT => {
                *kept = kept.saturating_add(1);
                true
            }
            Some(_) | None => false,
        }
    }
}

/// How many connections of a sort are kept.
const MAX_OF_A_SORT: usize = 250;
