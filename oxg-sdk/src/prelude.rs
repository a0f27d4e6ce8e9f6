//! Everything that a plugin usually needs: `use oxg_sdk::prelude::*;`.

pub use std::time::Duration;

pub use http::HeaderMap;
pub use oxg_protocol::{Finding, Severity, Url};
/// The crate too: what `derive(JsonSchema)` writes names it.
#[cfg(feature = "schema")]
pub use schemars::{self, JsonSchema};
pub use serde::{Deserialize, Serialize};
pub use serde_json::json;
pub use tracing::{debug, error, info, trace, warn};

pub use crate::clients::Secret;
pub use crate::clients::http::{HttpResponse, secret};
pub use crate::{Context, Failure, Plugin, Redact, Result, Task, TaskOutcome};

/// A number of seconds.
#[must_use]
pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
