//! One file a command: what was typed in, what is printed and the exit code out.

pub(crate) mod check;
pub(crate) mod conninfo;
pub(crate) mod demo;
mod output;
pub(crate) mod roots;
