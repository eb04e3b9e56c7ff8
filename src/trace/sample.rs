//! A trace for tests.

use super::{Closer, Completion, Connection, Log, Naming, Seen, To, Trace};
use crate::dialect::Dialect;

/// A connection on which nothing was sent.
pub(crate) fn connection(number: u64) -> Connection {
    Connection {
        number,
        to: To::Server,
        began_seconds: 1.0,
        seconds: 0.1,
        seen: Seen::default(),
        bytes_sent: 0,
        bytes_received: 0,
        closed_by: Closer::Application,
        detail: None,
    }
}

/// A whole trace with these connections.
pub(crate) fn trace(connections: impl IntoIterator<Item = Connection>) -> Trace {
    let mut log = Log::default();
    connections.into_iter().for_each(|one| log.add(one));
    Trace {
        server: "db.example:5432".into(),
        naming: Naming::Told,
        dialect: Dialect::Libpq,
        command: None,
        log,
        probes: Vec::new(),
        completion: Completion::Whole,
    }
}
