//! How to require TLS, in the words of the driver that the application uses.

use super::{Trace, to_server};
use crate::diagnose::Hint;
use crate::trace::connection::Connection;
use crate::trace::driver::{Driver, Words};
use crate::trace::library::Library;

/// What plain text means.
pub(super) const READABLE: &str =
    "Everything that is sent and received can be read and changed on the way.";

/// How to require TLS, in the driver's own words.
pub(super) fn required(trace: &Trace, connection: &Connection) -> Hint {
    advice(trace, Some(connection))
}

pub(super) fn advice(trace: &Trace, connection: Option<&Connection>) -> Hint {
    let mut hint = Hint::default();
    for driver in drivers(trace, connection) {
        let Words {
            driver,
            place,
            text,
        } = driver.words();
        hint = hint
            .then(format!(
                "Require TLS and verify the server. {driver}, {place}:"
            ))
            .show(text);
    }
    hint
}

/// The drivers that a connection may be from: as it says itself, as its TLS library tells, or else the one whose string
/// names the server.
fn drivers(trace: &Trace, connection: Option<&Connection>) -> Vec<Driver> {
    let startup = connection.and_then(|one| one.seen.startup.as_ref());
    if let Some(named) = startup.and_then(Driver::of_startup) {
        return vec![named];
    }
    let of_string = Driver::Dialect(trace.dialect);
    let library = to_server(trace).find_map(|one| one.seen.client_hello.as_ref()?.library);
    match library.map_or(&[][..], Library::drivers) {
        [] => vec![of_string],
        some if some.contains(&of_string) => vec![of_string],
        some => some.to_vec(),
    }
}
