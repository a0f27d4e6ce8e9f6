//! The script as the broker sees it: bytes on a connection, read as those of any target.

use std::sync::Mutex;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http_body_util::BodyExt as _;
use oxg_broker::egress::{
    CheckedRequest, Resolve, Resolving, ScriptedResolver, Sending, Upstream, UpstreamError,
    exchange,
};
use oxg_broker::full;
use oxg_protocol::host::HostName;
use tokio::io::{AsyncReadExt as _, DuplexStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::websocket::converse;
use super::wire::{self, Step};
use super::{Fault, Sent, Targets};

/// How much a connection holds between its two ends, in bytes.
const PIPE: usize = 64 << 10;

/// Every name is at one public address, which nobody ever dials; while a cassette is recorded, where
/// it really is.
#[derive(Debug)]
pub(crate) struct ScriptedResolve {
    targets: Targets,
    names: ScriptedResolver,
}

impl ScriptedResolve {
    pub(crate) fn new(targets: Targets) -> Self {
        Self { targets, names: resolver() }
    }
}

/// Every name is at one public address.
pub(crate) fn resolver() -> ScriptedResolver {
    ScriptedResolver::new().otherwise([[93, 184, 215, 14].into()])
}

impl Resolve for ScriptedResolve {
    fn resolve<'a>(&'a self, name: &'a HostName) -> Resolving<'a> {
        match self.targets.recorder() {
            Some(recorder) => Box::pin(async move { recorder.resolver().resolve(name).await }),
            None => self.names.resolve(name),
        }
    }
}

#[derive(Debug)]
pub(crate) struct ScriptedUpstream {
    targets: Targets,
    /// The far ends of connections. They end with the broker.
    running: Mutex<JoinSet<()>>,
}

impl ScriptedUpstream {
    pub(crate) fn new(targets: Targets) -> Self {
        Self { targets, running: Mutex::default() }
    }

    fn run(&self, target: impl Future<Output = ()> + Send + 'static) {
        let mut running = self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        while running.try_join_next().is_some() {}
        running.spawn(target);
    }
}

impl Upstream for ScriptedUpstream {
    fn send(&self, mut checked: CheckedRequest) -> Sending<'_> {
        Box::pin(async move {
            let body = std::mem::replace(checked.request.body_mut(), full(""));
            let body = body.collect().await;
            let body = body.map_err(|error| UpstreamError::NotScripted(error.to_string()))?;
            let sent = Sent {
                method: checked.request.method().to_string(),
                url: checked.url.clone(),
                headers: checked.request.headers().iter().map(text).collect(),
                body: body.to_bytes().to_vec(),
            };
            if let Some(recorder) = self.targets.recorder_of(&sent) {
                return recorder.exchange(checked, &sent).await;
            }
            let to_head = sent.method == "HEAD";
            let denied = || {
                UpstreamError::NotScripted(format!("no script covers {} {}", sent.method, sent.url))
            };
            let answering = self.targets.answer(sent.clone()).ok_or_else(denied)?;
            // The script has the body; on the wire the request goes without.
            let headers = checked.request.headers_mut();
            headers.remove(CONTENT_LENGTH);
            headers.remove(TRANSFER_ENCODING);
            let (near, far) = tokio::io::duplex(PIPE);
            let (targets, url) = (self.targets.clone(), sent.url.to_string());
            self.run(async move {
                let answer = answering.await;
                match answer.conversation() {
                    Some((talk, faults)) => {
                        if before(faults).await {
                            converse(talk, far, targets.begin(url)).await;
                        }
                    }
                    None => play(answer.steps(to_head), far).await,
                }
            });
            exchange(near, checked).await
        })
    }
}

pub(crate) fn text((name, value): (&http::HeaderName, &http::HeaderValue)) -> (String, String) {
    (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Gives the answer once the request has come.
async fn play(steps: Vec<Step>, mut stream: DuplexStream) {
    // An answer to what was not asked yet would be a fault of its own.
    if stream.read(&mut [0; 4096]).await.is_ok_and(|count| count > 0) {
        wire::play(steps, stream).await;
    }
}

/// What comes before a handshake; whether that comes at all.
async fn before(faults: &[Fault]) -> bool {
    for fault in faults {
        match fault {
            Fault::Delay(time) => sleep(*time).await,
            Fault::Hold(gate) => gate.pass().await,
            Fault::Stall => std::future::pending().await,
            Fault::Reset => return false,
            _ => {}
        }
    }
    true
}
