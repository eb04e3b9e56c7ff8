//! `pgtls`: runs a command line and returns an exit code.
//!
//! Everything that can be tested without a process is in the library. Each of these modules only uses
//! those before it:
//!
//! | module | from | to |
//! | --- | --- | --- |
//! | `machine` | | this machine's environment, files and user |
//! | `cli` | argv | a command with its options |
//! | `config` | `pgtls.toml` | the same as options would say |
//! | `commands` | a command | bytes and an exit code |

mod cli;
mod commands;
mod config;
mod machine;

use std::io::Write;
use std::process::ExitCode;

use cli::{Command, Format};
use pgtls::escape::escape;
use pgtls::exit::Exit;
use pgtls::report::nagios;

/// musl's own allocator maps and unmaps pages throughout a check (benches/README.md).
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    let command = cli::parse();
    let format = command.format();
    let result = match command {
        Command::Audit(args) => commands::audit::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Conninfo(args) => commands::conninfo::run(&args),
        Command::Translate(args) => commands::translate::run(&args),
        Command::Scan(args) => commands::scan::run(&args),
        Command::Trace(args) => commands::trace::run(&args),
        Command::Serve(args) => commands::serve::run(&args).map(Exit::into),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Diff(args) => commands::diff::run(&args),
        Command::Report(args) => commands::report::run(&args),
        Command::Roots(args) => commands::roots::run(&args).map(Exit::into),
        Command::Explain(args) => commands::explain::run(&args).map(Exit::into),
        #[cfg(feature = "lab")]
        Command::Lab(args) => commands::lab::run(&args).map(Exit::into),
        #[cfg(feature = "lab")]
        Command::Demo(output) => commands::demo::run(&output),
        Command::Completions(args) => commands::shell::completions(&args).map(Exit::into),
        Command::Man => commands::shell::man().map(Exit::into),
        Command::Help(args) => commands::shell::help(&args).map(Exit::into),
        Command::Version => commands::shell::version().map(Exit::into),
    };
    result.unwrap_or_else(|error| {
        // Nothing was checked, so nothing may pass.
        complain(&error);
        match format {
            Some(Format::Nagios) => {
                let _ = nagios::write_unknown(&mut std::io::stdout(), &format!("{error:#}"));
                nagios::State::Unknown.number().into()
            }
            _ => Exit::Usage.into(),
        }
    })
}

/// Prints the error on standard error. If that is closed, only the exit code reports it.
fn complain(error: &anyhow::Error) {
    let message = format!("{error:#}");
    let _ = writeln!(std::io::stderr(), "pgtls: {}", escape(&message));
}
