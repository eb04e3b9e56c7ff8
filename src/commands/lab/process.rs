//! The program under test: starts it, watches it, and ends it with all its children.

use std::io::{self, PipeReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use pgtls::lab::ProgramEnd;
use pgtls::os;

use crate::commands::run::Interrupted;

/// The result of a run.
pub(in crate::commands) struct Ran {
    /// `None` if it was interrupted.
    pub(in crate::commands) end: Option<ProgramEnd>,
    pub(in crate::commands) duration: Duration,
    /// The end of its output.
    pub(in crate::commands) output: String,
}

/// Runs it in its own process group, so that nothing outlives it.
///
/// # Errors
/// If it cannot be started or watched.
pub(in crate::commands) fn run(
    mut command: Command,
    patience: Duration,
    interrupted: &Receiver<Interrupted>,
) -> io::Result<Ran> {
    let (reader, writer) = io::pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    os::lead_group(&mut command);
    let began = Instant::now();
    let mut child = command.spawn()?;
    // It holds the writing end of the pipe, which would otherwise never close.
    drop(command);
    let output = tail(reader)?;
    let waited = wait(&mut child, began, patience, interrupted);
    // Before its process ID can be reused.
    os::kill_group(&mut child);
    let status = child.wait()?;
    let end = match waited? {
        Waited::Ended => Some(
            status
                .code()
                .map_or(ProgramEnd::Signalled, ProgramEnd::Exited),
        ),
        Waited::Late => Some(ProgramEnd::Killed),
        Waited::Interrupted => None,
    };
    Ok(Ran {
        end,
        duration: began.elapsed(),
        // A process that it left in another group may hold the pipe open.
        output: output.recv_timeout(GRACE).unwrap_or_default(),
    })
}

enum Waited {
    Ended,
    Late,
    Interrupted,
}

fn wait(
    child: &mut Child,
    began: Instant,
    patience: Duration,
    interrupted: &Receiver<Interrupted>,
) -> io::Result<Waited> {
    loop {
        if os::has_ended(child)? {
            return Ok(Waited::Ended);
        }
        let Some(left) = patience.checked_sub(began.elapsed()) else {
            return Ok(Waited::Late);
        };
        match interrupted.recv_timeout(left.min(LOOK)) {
            Ok(Interrupted) => return Ok(Waited::Interrupted),
            Err(RecvTimeoutError::Timeout) => {}
            // An interruption is no longer possible.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK),
        }
    }
}

/// Reads everything, and returns the end of it.
fn tail(mut reader: PipeReader) -> io::Result<Receiver<String>> {
    let (hand_over, output) = channel();
    std::thread::Builder::new().spawn(move || {
        let mut kept = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            kept.extend_from_slice(buffer.get(..count).unwrap_or_default());
            let superfluous = kept.len().saturating_sub(MAX_OUTPUT);
            kept.drain(..superfluous);
        }
        let _ = hand_over.send(String::from_utf8_lossy(&kept).into_owned());
    })?;
    Ok(output)
}

/// The interval at which we check whether the program has ended.
const LOOK: Duration = Duration::from_millis(10);

/// How long to wait for the end of its output.
const GRACE: Duration = Duration::from_millis(500);

/// How many bytes of a program's output are kept.
const MAX_OUTPUT: usize = 2_000;
