//! Ctrl-C, and the other polite ways to end a program.

use std::io;
use std::sync::mpsc::Sender;

use anyhow::Context;

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
    let signals = signals().context("could not watch for Ctrl-C")?;
    drop(guard);
    std::thread::Builder::new()
        .spawn(move || {
            runtime.block_on(signals);
            let _ = tell.send(Interrupted);
        })
        .context("could not start a thread")?;
    Ok(())
}

/// Comes with the first signal. They are caught when this function returns.
#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signals() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
