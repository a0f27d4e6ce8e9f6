//! `/v1/secrets` and `/v1/leases`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use http_body::Frame;
use http_body_util::BodyExt as _;
use oxg_manifest::Capability;
use oxg_protocol::secret::SecretVersion;
use oxg_protocol::{LeaseId, SecretName, header};
use tokio::sync::mpsc;
use tokio::time::{interval, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::{Answer, json_answer, no_content, no_store};
use crate::body::BodyError;
use crate::call::Call;
use crate::secrets::Secrets;

/// How often a source is asked for a new value while somebody watches.
const LOOK_EVERY: Duration = Duration::from_secs(10);

pub(super) async fn get(call: &Call<'_>, name: &SecretName) -> Answer {
    call.require_secret(name)?;
    Ok(no_store(json_answer(&call.session.secrets.lend(name).await?)?))
}

/// Tells of the secret's versions until the call's deadline or the end of the session.
pub(super) async fn watch(call: &Call<'_>, name: &SecretName) -> Answer {
    call.require_secret(name)?;
    let mut versions = call.session.secrets.watch(name).await?;
    let (secrets, name) = (Arc::clone(&call.session.secrets), name.clone());
    let (sender, receiver) = mpsc::channel(1);
    let (deadline, ended) = (call.deadline, call.session.ended.clone());
    let task = tokio::spawn(async move {
        versions.mark_changed();
        let mut look = interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = sleep_until(deadline) => return,
                () = sender.closed() => return,
                () = ended.cancelled() => return,
                _ = look.tick() => if is_over(&secrets, &name).await { return },
                changed = versions.changed() => {
                    let version = SecretVersion::new(*versions.borrow_and_update());
                    let Ok(mut line) = serde_json::to_vec(&version) else { return };
                    line.push(b'\n');
                    if changed.is_err() || sender.send(line.into()).await.is_err() {
                        return;
                    }
                }
            }
        }
    });
    let body = Lines { receiver, _task: AbortOnDropHandle::new(task) };
    let mut response = Response::new(body.boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(header::NDJSON));
    Ok(no_store(response))
}

/// Whether there is nothing to watch any more. A source that fails may come back.
async fn is_over(secrets: &Secrets, name: &SecretName) -> bool {
    secrets.look(name).await.is_err_and(|refusal| refusal.code().is_denial())
}

/// What a task sends, and the task, which ends with it.
struct Lines {
    receiver: mpsc::Receiver<Bytes>,
    _task: AbortOnDropHandle<()>,
}

impl http_body::Body for Lines {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.receiver.poll_recv(cx).map(|line| line.map(|line| Ok(Frame::data(line))))
    }
}

pub(super) fn renew(call: &Call<'_>, id: &LeaseId) -> Answer {
    call.require(Capability::Secrets)?;
    Ok(no_store(json_answer(&call.session.secrets.renew(id)?)?))
}

pub(super) fn give_back(call: &Call<'_>, id: &LeaseId) -> Answer {
    call.session.secrets.give_back(id);
    Ok(no_content())
}
