use std::future::Future;
use std::io;

/// Ends when the process is asked to stop: SIGTERM or SIGINT, and Ctrl-C elsewhere.
#[cfg(unix)]
pub(super) fn shutdown() -> io::Result<impl Future<Output = ()> + Send> {
    use crate::select::first;
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        first(terminate.recv(), interrupt.recv()).await;
    })
}

/// Ends when the process is asked to stop: SIGTERM or SIGINT, and Ctrl-C elsewhere.
#[cfg(not(unix))]
pub(super) fn shutdown() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
