//! The one runtime of a command, and Ctrl-C.

#[cfg(feature = "lab")]
use std::sync::mpsc::Sender;

use anyhow::Context;
use pgtls::os;
use tokio::runtime::Runtime;

/// Does the work on this thread.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = runtime()?;
    let done = runtime.block_on(work);
    // A hanging resolver or file must not keep the process alive.
    runtime.shutdown_background();
    Ok(done)
}

/// Completes with Ctrl-C.
pub(super) async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        // The signal is not caught then, and ends the process by itself.
        std::future::pending::<()>().await;
    }
}

/// What ends a service, and what makes it read its configuration again. They are caught from now on. Needs the
/// runtime.
pub(super) fn service_signals() -> anyhow::Result<(impl Future<Output = ()>, os::Reloads)> {
    let end = os::end_of_service().context("could not watch for signals")?;
    let reloads = os::Reloads::watch().context("could not watch for signals")?;
    Ok((end, reloads))
}

/// The user has asked the program to end.
#[cfg(feature = "lab")]
#[derive(Clone, Copy, Debug)]
pub(super) struct Interrupted;

/// From now on Ctrl-C and similar signals do not end the program by themselves. The first of them is
/// sent to `tell`.
#[cfg(feature = "lab")]
pub(super) fn watch(tell: Sender<Interrupted>) -> anyhow::Result<()> {
    let runtime = runtime()?;
    let guard = runtime.enter();
    let signals = os::termination().context("could not watch for Ctrl-C")?;
    drop(guard);
    std::thread::Builder::new()
        .spawn(move || {
            runtime.block_on(signals);
            let _ = tell.send(Interrupted);
        })
        .context("could not start a thread")?;
    Ok(())
}

fn runtime() -> anyhow::Result<Runtime> {
    os::try_to_watch_signals().context("could not watch for Ctrl-C")?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("could not start the runtime")
}
