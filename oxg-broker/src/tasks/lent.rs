//! Deliveries on their way to a plugin.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use oxg_manifest::PluginName;
use oxg_protocol::task::{Deliveries, Delivery};

use super::{Holder, TaskStore};
use crate::body::{Body, BodyError};

/// Deliveries that nobody has seen yet. Dropped like that, they are given back: a connection that
/// died before its answer holds no task.
pub(crate) struct Lent {
    store: Arc<dyn TaskStore>,
    plugin: PluginName,
    deliveries: Deliveries,
}

impl Lent {
    pub(super) fn new(
        store: Arc<dyn TaskStore>,
        plugin: PluginName,
        deliveries: Deliveries,
    ) -> Self {
        Self { store, plugin, deliveries }
    }

    pub(crate) fn deliveries(&self) -> &[Delivery] {
        &self.deliveries.deliveries
    }

    /// What is told to the plugin.
    pub(crate) fn answer(&self) -> &Deliveries {
        &self.deliveries
    }

    /// `body`, which holds the deliveries; they count as seen once it has been taken.
    pub(crate) fn in_body(self, body: Body) -> Body {
        Sending { body, lent: self }.boxed_unsync()
    }

    fn seen(&mut self) {
        self.deliveries.deliveries.clear();
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let unseen = std::mem::take(&mut self.deliveries.deliveries);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if unseen.is_empty() {
            return;
        }
        let (store, plugin) = (self.store.clone(), self.plugin.clone());
        runtime.spawn(async move {
            for delivery in unseen {
                let holder = Holder { task: delivery.task_id, token: delivery.lease_token };
                // If this fails the lease ends by itself.
                let _ = store.release(&plugin, holder).await;
            }
        });
    }
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").field("count", &self.deliveries().len()).finish_non_exhaustive()
    }
}

struct Sending {
    body: Body,
    lent: Lent,
}

impl http_body::Body for Sending {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() {
            self.lent.seen();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
