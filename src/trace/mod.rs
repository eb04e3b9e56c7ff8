//! What an application really does: a relay that passes bytes unchanged, and reads what can be read of them.
//!
//! The readers are pure, one file each: `negotiation` (the requests before TLS), `client_hello` with `fingerprint` and
//! `library`, `handshake` (the rest of TLS) with `lengths` (what is encrypted in TLS 1.3), `gssapi`, `startup` and `login`
//! (sessions in plain text). A `conversation` puts them together; `records` and `units` cut what passes by into
//! pieces. What they return is in `seen`. `relay` is the only part that does anything. `judge` says what is wrong.

#![deny(clippy::wildcard_enum_match_arm)]

mod client_hello;
mod connection;
mod conversation;
mod driver;
mod fingerprint;
mod gssapi;
mod handshake;
mod judge;
mod lengths;
mod library;
mod login;
mod negotiation;
mod probe;
mod records;
mod relay;
#[cfg(test)]
pub(crate) mod sample;
mod seen;
mod startup;
mod units;

pub use connection::{Closer, Connection, Counts, Log, To};
pub use conversation::Conversation;
pub use judge::{Command, Completion, Found, Naming, Trace, judge};
pub use library::Library;
pub use probe::{Probe, Reaction, Trap};
pub use relay::{Destination, Event, Limits, Relay, Switch};
pub use seen::{
    AlertSeen, Channel, Choice, ClientCertificate, Handshake, Hello, PasswordForm, Seen, Side, Step,
};
pub use startup::Startup;
