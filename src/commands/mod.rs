//! One file per command: turns the arguments into output and an exit code.

pub(crate) mod audit;
mod calendar;
mod certificate;
pub(crate) mod check;
pub(crate) mod conninfo;
mod demands;
#[cfg(feature = "lab")]
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod explain;
mod file;
#[cfg(feature = "lab")]
pub(crate) mod lab;
mod output;
mod progress;
pub(crate) mod report;
pub(crate) mod roots;
mod run;
pub(crate) mod scan;
pub(crate) mod serve;
mod setting_row;
pub(crate) mod shell;
mod sources;
pub(crate) mod trace;
pub(crate) mod translate;
pub(crate) mod verify;

use std::io::Write as _;

/// A remark on standard error. If that is closed, only the exit code reports it.
fn complain(message: &str) {
    let _ = writeln!(
        std::io::stderr(),
        "pgtls: {}",
        pgtls::escape::escape(message)
    );
}
