//! `pgtls`: argv in, exit code out.

mod cli;
mod commands;
mod machine;

use std::io::Write;
use std::process::ExitCode;

use cli::Command;
use pgtls::escape::escape;
use pgtls::exit::Exit;

fn main() -> ExitCode {
    let result = match cli::parse().command {
        Command::Check(args) => commands::check::run(&args),
        Command::Conninfo(args) => commands::conninfo::run(&args),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Roots(args) => commands::roots::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Demo(output) => commands::demo::run(output),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            // Nothing was checked, and so nothing may pass; where even standard error is closed,
            // the exit code says so alone.
            let message = format!("{error:#}");
            let _ = writeln!(std::io::stderr(), "pgtls: {}", escape(&message));
            Exit::Usage.into()
        }
    }
}
