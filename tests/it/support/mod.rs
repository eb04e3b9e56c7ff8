//! What the topics share: clients and servers to run, certificates to serve, and skipping.

pub(crate) mod alone;
pub(crate) mod certs;
pub(crate) mod client;
pub(crate) mod fed;
pub(crate) mod fleet_lab;
pub(crate) mod haproxy;
pub(crate) mod json_schema;
pub(crate) mod libpq;
pub(crate) mod library;
pub(crate) mod middlebox;
pub(crate) mod peer;
pub(crate) mod pgbouncer;
pub(crate) mod pki;
pub(crate) mod postgres;
pub(crate) mod python;
pub(crate) mod rsa_key;
pub(crate) mod sample;
pub(crate) mod scripted;
pub(crate) mod serving;
pub(crate) mod skip;
pub(crate) mod tool;
