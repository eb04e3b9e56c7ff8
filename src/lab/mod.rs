//! Throw-away endpoints on loopback: a PostgreSQL server as far as TLS can see.
//!
//! Each speaks SSLRequest and direct TLS, and ends every session with an ErrorResponse, for there
//! is no database behind it. Keys and certificates are made when it starts and die with it.

mod authority;
mod server;

pub use authority::{Authority, Issued};
pub use server::{Endpoint, Error};
