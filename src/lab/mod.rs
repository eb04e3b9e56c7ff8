//! Throw-away endpoints, good and broken: PostgreSQL servers as far as TLS is concerned.
//!
//! Each speaks SSLRequest and direct TLS. Those of a [`Lab`] have one [`Fault`] each, accept every
//! client that tolerates it, and record what every client did ([`Observation`], [`Conduct`]); those
//! of [`Endpoint::start`] end every session with an error message. None has a database. Keys and
//! certificates are made when a lab starts and have no other use.
//!
//! RSA keys of 1024 bits are not one of the faults: the cryptography library neither makes them nor
//! signs with them.

#![deny(clippy::wildcard_enum_match_arm)]

mod answer;
mod authority;
mod backend;
mod bench;
mod deadline;
mod fault;
mod hello;
mod material;
mod message;
mod observation;
mod outcome;
mod packet;
mod render;
mod rewrite;
mod server;
mod session;
mod trial;
mod workshop;

pub use authority::{Authority, Issued};
pub use bench::{
    Bench, DATABASE, Error as LabError, Lab, PASSWORD, Place, Secret, USER, Watcher, may_own,
};
pub use fault::{Duty, Fault, Libpq};
pub use material::Error as MaterialError;
pub use observation::{Channel, ClientCertificate, Deed, End, Hello, Observation, Opening, Tls};
pub use outcome::{Conduct, Doubt, Verdict, judge};
pub use render::{
    observation_json, observation_line, write_json, write_junit, write_list, write_started,
    write_table,
};
pub use server::{Endpoint, Error};
pub use trial::{Attempt, Completion, ProgramEnd, Trial};

/// The version of the lab's JSON: it increases when a field changes its meaning or is removed.
pub const SCHEMA_VERSION: u32 = 1;
