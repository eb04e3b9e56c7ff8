//! Are the endpoints of `pgtls lab` what its catalogue says, and does it see what clients do?

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/client.rs"]
mod client;
#[path = "../support/pki.rs"]
mod pki;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/skip.rs"]
mod skip;

mod endpoints;
mod programs;
mod running;
mod trials;
