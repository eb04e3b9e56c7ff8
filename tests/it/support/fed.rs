//! Programs that read standard input.

use std::io::{self, Write as _};
use std::process::{Command, Output, Stdio};

/// Runs a program with this text on its standard input. It may end before it has read everything.
///
/// # Errors
/// The program cannot be started, because it is not installed.
pub(crate) fn fed(command: &mut Command, text: impl AsRef<[u8]>) -> io::Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().unwrap();
    let text = text.as_ref();
    std::thread::scope(|scope| {
        // If it ends early, its output and its exit status say why.
        scope.spawn(move || input.write_all(text));
        child.wait_with_output()
    })
}
