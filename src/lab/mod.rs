//! Throw-away endpoints: PostgreSQL servers as far as TLS can see, good and broken.
//!
//! Each speaks SSLRequest and direct TLS. Those of a [`Lab`] have one [`Fault`] each, let everybody
//! in who does not mind it, and note what every client did ([`Observation`], [`Conduct`]); those of
//! [`Endpoint::start`] end every session with an error message. There is no database behind any.
//! Keys and certificates are made when a lab starts and are good for nothing else.
//!
//! RSA keys of 1024 bits are not among the faults: the cryptography library makes none and signs
//! with none.

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
pub use outcome::{Conduct, Verdict, judge};
pub use render::{
    observation_json, observation_line, write_json, write_junit, write_list, write_started,
    write_table,
};
pub use server::{Endpoint, Error};
pub use trial::{Attempt, Completion, ProgramEnd, Trial};

/// The version of the lab's JSON: it grows when a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 1;
