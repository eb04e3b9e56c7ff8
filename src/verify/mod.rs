//! A chain, the trust and a moment in; what is wrong with it out.
//!
//! libpq leaves the chain to OpenSSL's `X509_verify_cert`, whose rules are its own: neither those
//! of RFC 5280 to the letter nor those of any Rust crate. They are written down here in the order
//! in which OpenSSL applies them, for the versions 3.0 to 3.5. Nothing here reads a socket, a clock
//! or a file.

mod build;
pub mod chain;
mod constraints;
mod crl;
mod fault;
mod level;
mod purpose;
mod signature;
mod validity;

pub use chain::{PathReport, Revocation, Rules, Step, check};
pub use fault::{Fault, FaultKind};
pub use purpose::{Mismatch, Purpose, is_self_signed, likely_issued};
