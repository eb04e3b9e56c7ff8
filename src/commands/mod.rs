//! One file a command: what was typed in, what is printed and the exit code out.

pub(crate) mod audit;
pub(crate) mod check;
mod clients;
pub(crate) mod conninfo;
mod demands;
pub(crate) mod demo;
mod endpoint;
pub(crate) mod explain;
pub(crate) mod lab;
mod output;
mod progress;
pub(crate) mod report;
pub(crate) mod roots;
pub(crate) mod shell;
mod sources;
mod units;
pub(crate) mod verify;
