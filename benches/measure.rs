//! Runs a program to its end and prints its cost: wall time in seconds, CPU time in microseconds,
//! peak memory in KiB, and page faults without disk access.
//!
//! `benches/compare` is a large process, and the kernel counts the parent's memory for a child that
//! shares it until it executes. This one is small.

#![allow(clippy::print_stderr, reason = "it is how the figures get out")]

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::Context as _;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().context("name a program")?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status()?;
    let wall = began.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = (usage.user_time() + usage.system_time()).num_microseconds();
    let (memory, faults) = (usage.max_rss(), usage.minor_page_faults());
    eprintln!("{wall:.6} {cpu} {memory} {faults}");
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
