//! Sources for what the string does not set: the service file, the environment, the password file.

pub(super) mod env;
pub(super) mod openssl_conf;
pub(super) mod passfile;
pub(super) mod service;
