//! PostgreSQL's protocol, version 3 (PostgreSQL documentation, "Frontend/Backend Protocol").

pub mod auth;
pub mod error;
pub mod frame;
pub mod startup;

pub use auth::{AuthRequest, Mechanisms};
pub use error::{ServerError, Severity};
pub use startup::FirstAnswer;
