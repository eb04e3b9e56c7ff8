//! The program that is traced: starts it, and waits for it.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use pgtls::conninfo::shown_path;
use pgtls::os::{self, Request, Signals};
use pgtls::trace::Completion;
use tokio::time::sleep;

use crate::cli::Trace;

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

/// How it ended.
pub(super) struct Ended {
    /// Its exit status, `None` for a signal.
    pub(super) status: Option<i32>,
    /// Whether we were asked to end meanwhile.
    #[cfg(feature = "lab")]
    pub(super) completion: Completion,
}

/// Waits for its end, and ends it if we are asked to end: Ctrl-C must be pressed twice, because a terminal sends it to
/// the command, too, which may go on, as psql does.
pub(super) async fn wait(
    child: &mut Child,
    signals: &mut Signals,
    args: &Trace,
) -> anyhow::Result<Ended> {
    let mut completion = Completion::Whole;
    while !os::has_ended(child).context("could not watch the command")? {
        let request = tokio::select! {
            biased;
            request = signals.next() => request,
            () = sleep(LOOK) => continue,
        };
        match (request, completion) {
            (Request::Interrupt, Completion::Whole) => {
                if !args.quiet {
                    let _ = writeln!(
                        io::stderr(),
                        "pgtls: the command is still running; press Ctrl-C again to end it"
                    );
                }
            }
            (Request::Interrupt, Completion::Interrupted) | (Request::End, _) => {
                let _ = child.kill();
            }
        }
        completion = Completion::Interrupted;
    }
    let status = child.wait().context("could not watch the command")?;
    Ok(Ended {
        status: status.code(),
        #[cfg(feature = "lab")]
        completion,
    })
}

/// The interval at which we check whether it has ended.
const LOOK: Duration = Duration::from_millis(10);
