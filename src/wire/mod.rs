//! The two protocols as bytes: every number, every decoder and every encoder once. Pure and bounded.
//!
//! What is read here comes from strangers: a decoder takes any bytes, says what they are as far as
//! they have arrived, and never panics.

#![deny(clippy::wildcard_enum_match_arm)]

mod fields;
pub mod postgres;
pub mod tls;

pub(crate) use fields::Fields;

/// Bytes that are not what the protocol says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these bytes do not follow the protocol")]
pub struct Malformed;
