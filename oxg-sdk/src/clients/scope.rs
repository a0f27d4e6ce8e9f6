use oxg_protocol::{TaskId, TraceId};
use tokio::time::Instant;

use crate::channel::CallOptions;

/// On whose behalf calls are made, and until when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    pub(crate) task: Option<TaskId>,
    pub(crate) until: Option<Instant>,
    pub(crate) trace: Option<TraceId>,
}

impl Scope {
    pub(crate) fn options(&self) -> CallOptions {
        self.bind(CallOptions::new())
    }

    /// `options`, on behalf of this scope.
    pub(crate) fn bind(&self, options: CallOptions) -> CallOptions {
        options.task(self.task.clone()).until(self.until).trace(self.trace)
    }
}
