//! Real exchanges on their way into a cassette.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Response;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use http_body_util::{BodyExt as _, Limited};
use oxg_broker::egress::{CheckedRequest, Dialer, Resolve, Upstream, UpstreamError};
use oxg_broker::{Body, full};
use oxg_protocol::SecretName;

use super::file::{self, Interaction};
use super::scrub::Scrub;
use super::{MAX_BODY_BYTES, MAX_INTERACTIONS};
use crate::host::lock;
use crate::targets::{Sent, text};

/// What to record, and how.
pub(super) struct Plan {
    pub(super) path: PathBuf,
    pub(super) loopback: Vec<u16>,
    pub(super) secrets: Vec<(SecretName, String)>,
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) upstream: Option<Arc<dyn Upstream>>,
}

/// A cassette that is being recorded. A clone is the same one.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Inner>);

struct Inner {
    path: PathBuf,
    loopback: Vec<u16>,
    secrets: Vec<(SecretName, String)>,
    resolver: Arc<dyn Resolve>,
    upstream: Arc<dyn Upstream>,
    scrub: Scrub,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    recorded: Vec<Interaction>,
    complaints: Vec<String>,
}

impl Recorder {
    pub(super) fn new(plan: Plan) -> Result<Self, String> {
        let upstream = match plan.upstream {
            Some(upstream) => upstream,
            None => Arc::new(Dialer::with_web_roots().map_err(|error| error.to_string())?),
        };
        Ok(Self(Arc::new(Inner {
            path: plan.path,
            loopback: plan.loopback,
            secrets: plan.secrets,
            resolver: plan.resolver,
            upstream,
            scrub: Scrub::default(),
            state: Mutex::default(),
        })))
    }

    pub(crate) fn loopback(&self) -> &[u16] {
        &self.0.loopback
    }

    /// The real values of secrets, in place of their canaries.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (SecretName, String)> {
        self.0.secrets.iter().cloned()
    }

    pub(crate) fn resolver(&self) -> Arc<dyn Resolve> {
        Arc::clone(&self.0.resolver)
    }

    pub(super) fn scrub(&self) -> &Scrub {
        &self.0.scrub
    }

    /// Sends the request, whose body is that of `sent`, and keeps the exchange.
    pub(crate) async fn exchange(
        &self,
        mut checked: CheckedRequest,
        sent: &Sent,
    ) -> Result<Response<Body>, UpstreamError> {
        *checked.request.body_mut() = full(Bytes::from(sent.body.clone()));
        // A compressed body could not be redacted, nor read.
        checked.request.headers_mut().remove(ACCEPT_ENCODING);
        let answer = match self.0.upstream.send(checked).await {
            Ok(answer) => answer,
            Err(error) => {
                self.complain(sent, &error.to_string());
                return Err(error);
            }
        };
        let (head, body) = answer.into_parts();
        let body = match Limited::new(body, MAX_BODY_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                let why =
                    format!("its body was not read ({MAX_BODY_BYTES} bytes are the most): {error}");
                self.complain(sent, &why);
                return Err(UpstreamError::Protocol(error));
            }
        };
        if head.headers.get(CONTENT_ENCODING).is_some_and(|value| value != "identity") {
            self.complain(sent, "the answer is compressed, so that nothing can be cut out of it");
        } else {
            self.keep(sent, &head, &body);
        }
        Ok(Response::from_parts(head, full(body)))
    }

    fn keep(&self, sent: &Sent, head: &http::response::Parts, body: &[u8]) {
        let headers: Vec<_> = head.headers.iter().map(text).collect();
        let scrub = self.scrub();
        let request = scrub.request(sent);
        let response = scrub.response(head.status.as_u16(), &headers, body);
        match (request, response) {
            (Ok(request), Ok(response)) => {
                let mut state = lock(&self.0.state);
                if state.recorded.len() < MAX_INTERACTIONS {
                    let (note, repeat) = (None, false);
                    state.recorded.push(Interaction { note, repeat, request, response });
                    return;
                }
                drop(state);
                self.complain(sent, &format!("{MAX_INTERACTIONS} exchanges are the most"));
            }
            (Err(error), _) | (_, Err(error)) => self.complain(sent, &error),
        }
    }

    fn complain(&self, sent: &Sent, why: &str) {
        let url = self.scrub().text(sent.url.as_str());
        let why = self.scrub().text(why);
        let complaint = format!("not recorded: {} {url}\n  {why}", sent.method);
        lock(&self.0.state).complaints.push(complaint);
    }

    /// What could not be recorded, a paragraph each.
    pub(crate) fn complaints(&self) -> Vec<String> {
        lock(&self.0.state).complaints.clone()
    }

    /// Writes the cassette.
    pub(crate) fn save(&self) -> Result<(), String> {
        let recorded = lock(&self.0.state).recorded.clone();
        let path = &self.0.path;
        let written = file::write(path, recorded);
        written.map_err(|error| format!("{} was not written: {error}", path.display()))
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("path", &self.0.path).finish_non_exhaustive()
    }
}
