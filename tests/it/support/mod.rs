//! What the topics share: clients and servers to run, certificates to serve, and skipping.

#[cfg(unix)]
pub(crate) mod alone;
pub(crate) mod certs;
pub(crate) mod client;
pub(crate) mod fed;
pub(crate) mod fleet_lab;
#[cfg(unix)]
pub(crate) mod flight;
#[cfg(unix)]
pub(crate) mod haproxy;
pub(crate) mod json_schema;
#[cfg(unix)]
pub(crate) mod libpq;
#[cfg(unix)]
pub(crate) mod library;
#[cfg(unix)]
pub(crate) mod middlebox;
pub(crate) mod peer;
#[cfg(unix)]
pub(crate) mod pgbouncer;
pub(crate) mod pki;
pub(crate) mod port;
#[cfg(unix)]
pub(crate) mod postgres;
#[cfg(unix)]
pub(crate) mod python;
#[cfg(unix)]
pub(crate) mod random;
pub(crate) mod rsa_key;
pub(crate) mod sample;
pub(crate) mod scripted;
pub(crate) mod serving;
pub(crate) mod skip;
pub(crate) mod tool;
