//! The part of TLS that is not encrypted: records, alerts, hellos, and the registries of their
//! numbers.

pub mod alert;
pub mod flight;
pub mod group;
pub mod hello;
pub mod libpq_hello;
pub(crate) mod message;
pub mod offer;
pub mod record;
pub mod reply;
pub mod suite;
mod suite_table;
pub mod version;

pub use alert::Alert;
pub use group::Group;
pub use hello::{ALPN, Alpn, ClientHello};
pub use offer::Offer;
pub use suite::{KeyExchange, Suite, Weakness};
pub use version::TlsVersion;
