//! The two protocols as bytes: each number, decoder and encoder once. Pure and bounded.
//!
//! The input is untrusted. A decoder accepts any bytes, reports what has arrived so far, and never
//! panics.

#![deny(clippy::wildcard_enum_match_arm)]

mod fields;
pub mod foreign;
pub mod postgres;
pub mod tls;

pub(crate) use fields::Fields;

/// Bytes that violate the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these bytes do not follow the protocol")]
pub struct Malformed;
