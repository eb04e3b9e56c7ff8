//! Connections on standard output, as they happen. A reader that does not read must not stop the relay.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};

use anyhow::Context as _;
use pgtls::report::trace_text;
use pgtls::trace::Connection;

use crate::commands::output;

/// A thread that prints them.
pub(super) struct Shown {
    lines: SyncSender<String>,
    printing: JoinHandle<()>,
    left_out: AtomicU64,
}

impl Shown {
    pub(super) fn start() -> anyhow::Result<Self> {
        let (lines, queue) = sync_channel::<String>(MAX_LINES);
        let printing = Builder::new()
            .spawn(move || {
                for line in queue {
                    // A reader that has gone away is not an error: the relay goes on.
                    let _ = output::to_stdout(|out| writeln!(out, "{line}"));
                }
            })
            .context("could not start a thread")?;
        Ok(Self {
            lines,
            printing,
            left_out: AtomicU64::new(0),
        })
    }

    /// Prints a connection, unless too many lines wait.
    pub(super) fn show(&self, connection: &Connection) {
        match self.lines.try_send(trace_text::line(connection)) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                self.left_out.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Prints what waits, and how much was left out.
    pub(super) fn finish(self) {
        drop(self.lines);
        // It cannot panic.
        let _ = self.printing.join();
        let left_out = self.left_out.into_inner();
        if left_out > 0 {
            let _ = output::to_stdout(|out| {
                writeln!(
                    out,
                    "{left_out} lines were left out: they were not read in time"
                )
            });
        }
    }
}

/// Lines that may wait.
const MAX_LINES: usize = 1_000;
