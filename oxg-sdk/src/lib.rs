//! Write plugins for 0xGen.
//!
//! A plugin is a program of its own, without network. All that it may do, it does through the
//! host's *broker*; this crate gives it typed clients, logs that cannot leak, and a run loop.
//!
//! ```
//! use oxg_sdk::prelude::*;
//!
//! #[derive(Deserialize)]
//! struct Scan {
//!     url: Url,
//! }
//!
//! struct Titles;
//!
//! # /*
//! #[oxg_sdk::plugin]
//! # */ #[oxg_sdk::plugin(manifest = "tests/support/manifest.json")]
//! impl Plugin for Titles {
//!     async fn on_task(&self, ctx: &Context<Self>, task: Task) -> Result<TaskOutcome> {
//!         let scan: Scan = task.input()?;
//!         let page = ctx.http().get(&scan.url).timeout(secs(10)).send().await?;
//!         info!(status = page.status().as_u16(), "fetched");
//!         ctx.emit(Finding::info("web.page.seen", "There is a page").target(page.url())).await?;
//!         Ok(TaskOutcome::done())
//!     }
//! }
//! ```
//!
//! | what | where |
//! |---|---|
//! | what an author writes | [`Plugin`], [`Context`], [`Task`], [`TaskOutcome`], [`Failure`] |
//! | what the compiler checks | [`declared`] |
//! | files of the workspace | `workspace`, with the feature `workspace` |
//! | typed clients | [`clients`], [`clients::http`] |
//! | the way to the broker | [`channel`] |
//! | logs | [`logging`] |
//! | values that do not print | [`sensitive`], [`Redact`](macro@Redact) |
//! | running | [`main`](macro@main), [`run()`], [`Runtime`] |
//! | environment and exit codes | [`env`](mod@env), [`exit`] |

mod config;
mod config_schema;
mod context;
mod failure;
mod json_path;
mod outcome;
mod plugin;
mod random;
mod select;
mod signal;
mod task;

pub mod channel;
pub mod clients;
pub mod declared;
pub mod env;
pub mod exit;
pub mod logging;
pub mod prelude;
pub mod run;
pub mod sensitive;
#[cfg(all(feature = "workspace", unix))]
pub mod workspace;

pub use config::{ConfigError, NoConfig};
pub use context::Context;
pub use declared::Declared;
pub use failure::{Failure, Result};
pub use outcome::TaskOutcome;
pub use plugin::Plugin;
pub use run::{RunError, RunSummary, Runtime, run};
pub use task::{InputError, Task};

pub use http;
pub use oxg_protocol as protocol;
pub use oxg_redact as redact;
pub use oxg_sdk_macros::{Redact, main, plugin};
#[cfg(feature = "schema")]
pub use schemars::{self, JsonSchema};
pub use tracing;

/// What only mocks make.
#[doc(hidden)]
pub mod __mock {
    use oxg_protocol::{SecretName, Url};
    use secrecy::SecretString;

    use crate::channel::Body;
    use crate::clients::Secret;
    use crate::clients::http::HttpResponse;

    #[must_use]
    pub fn secret(name: SecretName, value: SecretString) -> Secret {
        Secret::new(name, value, 1)
    }

    #[must_use]
    pub fn response(url: Url, answer: http::Response<Body>) -> HttpResponse {
        HttpResponse::new(url, Vec::new(), answer)
    }
}

/// For the code that the macros write.
#[doc(hidden)]
pub mod __private {
    pub use crate::config_schema::{Described, Probe, Undescribed};
    pub use crate::run::main;
    pub use crate::sensitive::{Guarded, HIDDEN_PII, HIDDEN_SECRET};
    pub use serde_json::Value;
}
