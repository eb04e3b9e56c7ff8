//! Findings that do not decide the verdict, but that the user should know.

mod chain;
mod client;
mod dialect;
mod driver_files;
mod login;
mod removal;
mod settings;
mod versions;
mod wire;

use super::{Code, Context, Finding, Fix, Hint, Level, Stage};
use crate::escape::Shown;

pub(super) use chain::of_chain;
pub(super) use client::of_client;
pub use dialect::client_of;
pub use login::login_not_checked;
pub use settings::random_order;
pub(super) use settings::{of_settings, of_trust};
pub(super) use versions::versions_differ;
pub(super) use wire::{large_hello, of_session};

fn warning(code: Code, stage: Stage, message: impl Into<Shown>) -> Finding {
    Finding::new(Level::Warning, code, stage, message)
}

fn info(code: Code, stage: Stage, message: impl Into<Shown>) -> Finding {
    Finding::new(Level::Info, code, stage, message)
}
