//! The program that is traced: starts it, and waits for it.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use pgtls::conninfo::shown_path;
use pgtls::os;
use tokio::time::sleep;

use crate::cli::Trace;
use crate::commands::run;

/// Its command line, if there is one.
pub(super) fn command(args: &Trace) -> Option<Command> {
    let (program, arguments) = args.command.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments);
    Some(command)
}

/// Starts it with our own input. What it prints goes where the report does not.
pub(super) fn start(mut command: Command, args: &Trace) -> anyhow::Result<Child> {
    if args.output.is_none() && !args.quiet {
        command.stdout(Stdio::from(io::stderr()));
    }
    let program = shown_path(Path::new(command.get_program()));
    command
        .spawn()
        .with_context(|| format!("could not run {program}"))
}

/// How it ended: its exit status, `None` for a signal.
pub(super) async fn wait(child: &mut Child) -> anyhow::Result<Option<i32>> {
    let mut interruptions = 0;
    let mut stopped = std::pin::pin!(os::termination().context("could not watch for signals")?);
    let mut is_stopped = false;
    while !os::has_ended(child).context("could not watch the command")? {
        tokio::select! {
            biased;
            // A terminal sends it to the command, too, which may go on, as psql does.
            () = run::ctrl_c() => {
                interruptions += 1;
                is_stopped = true;
                match interruptions {
                    1 => {
                        let _ = writeln!(io::stderr(), "pgtls: the command is still running; press Ctrl-C again to end it");
                    }
                    _ => { let _ = child.kill(); }
                }
            }
            () = &mut stopped, if !is_stopped => {
                is_stopped = true;
                let _ = child.kill();
            }
            () = sleep(LOOK) => {}
        }
    }
    let status = child.wait().context("could not watch the command")?;
    Ok(status.code())
}

/// The interval at which we check whether it has ended.
const LOOK: Duration = Duration::from_millis(10);
