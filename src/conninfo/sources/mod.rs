//! What fills in where the string is silent: the service file, the environment, the password file.

pub(super) mod env;
pub(super) mod passfile;
pub(super) mod service;
