use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::BytesMut;
use oxg_protocol::SecretName;
use oxg_protocol::secret::SecretVersion;
use tokio::sync::watch::Sender;
use tokio::time::{Instant, sleep};

use super::source::SecretSource;
use super::{Secret, SecretError, SecretStore};
use crate::channel::Body;
use crate::select::{Either, first};

/// The longest line that tells of a version, in bytes.
const MAX_LINE: usize = 4096;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Sends each new version to `sender`, until nobody listens, the secret is refused, or the store is
/// gone.
pub(super) async fn follow(
    store: Weak<SecretStore>,
    source: Arc<dyn SecretSource>,
    name: SecretName,
    sender: Sender<Secret>,
) {
    let following = async {
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            match versions(&store, &*source, &name, &sender).await {
                Err(error) if !error.is_passing() => {
                    if let SecretError::NotGranted { problem, .. } = &error
                        && let Some(store) = store.upgrade()
                    {
                        store.refused(&name, problem);
                    }
                    tracing::warn!(secret = %name, error = %error, "the secret is not watched any more");
                    return;
                }
                Err(error) => tracing::debug!(secret = %name, error = %error, "watching again"),
                Ok(()) => {}
            }
            // A watch that lasted was a good one.
            let lasted = began.elapsed() > LONGEST_PAUSE;
            pause = if lasted { FIRST_PAUSE } else { LONGEST_PAUSE.min(pause * 2) };
            sleep(pause).await;
        }
    };
    if let Either::First(()) =
        first(std::pin::pin!(following), std::pin::pin!(sender.closed())).await
    {
        tracing::trace!(secret = %name, "watching ended");
    }
}

/// Reads one stream of versions to its end.
async fn versions(
    store: &Weak<SecretStore>,
    source: &dyn SecretSource,
    name: &SecretName,
    sender: &Sender<Secret>,
) -> Result<(), SecretError> {
    let body = source.versions(name).await.map_err(|error| SecretError::of_call(name, error))?;
    let mut lines = Lines { body, buffer: BytesMut::new() };
    while let Some(line) = lines.next().await? {
        let Ok(SecretVersion { version, .. }) = serde_json::from_slice(&line) else {
            continue;
        };
        if version == sender.borrow().version() {
            continue;
        }
        let Some(store) = store.upgrade() else {
            return Ok(());
        };
        sender.send_replace(store.refresh(source, name).await?);
    }
    Ok(())
}

struct Lines {
    body: Body,
    buffer: BytesMut,
}

impl Lines {
    async fn next(&mut self) -> Result<Option<BytesMut>, SecretError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.buffer.split_to(end + 1)));
            }
            if self.buffer.len() > MAX_LINE {
                return Err(crate::channel::BodyError::TooLarge { limit: MAX_LINE }.into());
            }
            match self.body.chunk().await {
                Some(chunk) => self.buffer.extend_from_slice(&chunk?),
                None => return Ok(None),
            }
        }
    }
}
