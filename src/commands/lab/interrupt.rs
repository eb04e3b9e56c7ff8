//! Ctrl-C, and the other polite ways to end a program.

use std::sync::mpsc::Sender;

use anyhow::Context;
use pgtls::os::termination;

/// The end is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interrupted;

/// From now on the signals end nothing by themselves; the first of them is told.
pub(super) fn watch(tell: Sender<Interrupted>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    let guard = runtime.enter();
    let signals = termination().context("could not watch for Ctrl-C")?;
    drop(guard);
    std::thread::Builder::new()
        .spawn(move || {
            runtime.block_on(signals);
            let _ = tell.send(Interrupted);
        })
        .context("could not start a thread")?;
    Ok(())
}
