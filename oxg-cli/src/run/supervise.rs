//! Watching a plugin until it ends, and ending it if it does not.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use oxg_broker::Session;
use oxg_broker::launch::PluginProcess;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use crate::ending::Ending;
use crate::error::CliError;
use crate::terminal;

/// How long a plugin may take to stop once it is asked to.
const GRACE: Duration = Duration::from_secs(15);
/// How long the last lines of output are waited for: a process that the plugin left behind may
/// hold its output open.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Waits for the tasks, then for the plugin, for at most `limit`.
pub(crate) async fn supervise(
    mut process: PluginProcess,
    session: &Session,
    limit: Duration,
) -> Result<Ending, CliError> {
    let mut lines = process.take_output();
    let mut last_line = String::new();
    let deadline = Instant::now() + limit;
    let mut settled_at = None;
    let lost = |source| CliError::Machine { what: "wait for the plugin".to_owned(), source };
    let (status, forced) = loop {
        let alarm = settled_at.map_or(deadline, |settled: Instant| deadline.min(settled + GRACE));
        tokio::select! {
            biased;
            Some(line) = lines.recv() => {
                terminal::plugin_line(&line);
                remember(&mut last_line, line);
            }
            status = process.wait() => break (status.map_err(lost)?, None),
            () = session.settled(), if settled_at.is_none() => {
                session.drain();
                settled_at = Some(Instant::now());
            }
            () = sleep_until(alarm) => {
                let ending = match settled_at {
                    Some(_) => Ending::Hung { seconds: GRACE.as_secs() },
                    None => Ending::TimedOut { seconds: limit.as_secs() },
                };
                break (end(&mut process, &mut lines).await.map_err(lost)?, Some(ending));
            }
            _ = tokio::signal::ctrl_c() => {
                break (end(&mut process, &mut lines).await.map_err(lost)?, Some(Ending::Interrupted));
            }
        }
    };
    while let Ok(Some(line)) = timeout(LAST_LINES, lines.recv()).await {
        terminal::plugin_line(&line);
        remember(&mut last_line, line);
    }
    Ok(forced.unwrap_or_else(|| natural(status, settled_at.is_some(), session, last_line)))
}

/// Keeps the last line that says something.
fn remember(last_line: &mut String, line: String) {
    if !line.trim().is_empty() {
        *last_line = line;
    }
}

/// Stops the plugin while its output is shown.
async fn end(
    process: &mut PluginProcess,
    lines: &mut mpsc::Receiver<String>,
) -> std::io::Result<ExitStatus> {
    let mut stopping = std::pin::pin!(process.stop(GRACE));
    loop {
        tokio::select! {
            status = &mut stopping => return status,
            Some(line) = lines.recv() => terminal::plugin_line(&line),
        }
    }
}

fn natural(status: ExitStatus, drained: bool, session: &Session, last_line: String) -> Ending {
    // The plugin may be faster than this loop.
    let settled = drained || session.tasks().iter().all(|task| task.state.is_settled());
    match (status.code(), status.signal()) {
        (Some(0), _) if settled => Ending::Stopped,
        (Some(0), _) => Ending::LeftEarly,
        (Some(code), _) => Ending::Exited { code, last_line },
        (None, signal) => Ending::Killed { signal: signal.unwrap_or_default() },
    }
}
