//! Test a 0xGen plugin without a host, without a port, without waiting.
//!
//! ```
//! # mod plugin {
//! # use oxg_sdk::prelude::*;
//! # #[derive(Default)]
//! # pub struct HeaderAudit;
//! # #[oxg_sdk::plugin]
//! # impl Plugin for HeaderAudit {
//! #     async fn on_task(&self, ctx: &Context<Self>, task: Task) -> Result<TaskOutcome> {
//! #         let url: Url = task.input::<std::collections::HashMap<String, Url>>()?.remove("url").unwrap();
//! #         let page = ctx.http().get(&url).send().await?;
//! #         let finding = Finding::low("web.header.missing", "there is none");
//! #         ctx.emit(finding.target(page.url())).await?;
//! #         Ok(TaskOutcome::done())
//! #     }
//! # }
//! # }
//! # use plugin::HeaderAudit;
//! use oxg_testkit::prelude::*;
//!
//! #[oxg_testkit::test]
//! async fn reports_a_bare_page(t: Testkit<HeaderAudit>) {
//!     t.http().on(get("https://shop.test/")).reply(200).body("<html>");
//!     let run = t.task(json!({ "url": "https://shop.test/" })).await;
//!     run.assert_findings([finding("web.header.missing").at_least(Low)]);
//!     run.assert_no_leaks();
//! }
//! ```
//!
//! The broker behind a [`Testkit`] is the real one, `oxg-broker`, in memory and in the test's own
//! runtime: encoding, limits and policy are those of production. Scripted are the targets
//! ([`Targets`]), the secrets (each a canary that [`Run::assert_no_leaks`] looks for), and time,
//! which moves on by itself when nothing else does. What is not scripted is denied.
//!
//! | what | where |
//! |---|---|
//! | the test | [`macro@test`], [`Testkit`] |
//! | scripted web servers | [`Targets`], [`get`], [`request`], [`Reply`], [`Answer`] |
//! | what goes wrong with the broker itself | [`Calls`], [`Call`] |
//! | where secrets come from | [`Secrets`] |
//! | what happens to the host during a run | [`Testkit::restart_broker`] and its neighbours |
//! | scripted WebSockets | [`Conversation`], [`Answer::websocket`] |
//! | what goes wrong, and when | [`Fault`], [`Gate`] |
//! | real exchanges, recorded and replayed | [`Cassette`] |
//! | what a run did | [`Run`], [`Sent`] |
//! | expected findings, decisions, log lines | [`finding`], [`allowed`], [`denied`], [`Logs`] |
//! | a function that takes one client | `mock`, with the feature `mock` |
//! | property tests | `strategies`, with the feature `proptest` |
//! | the built plugin as a process | [`PluginProcess`] |
//! | peers that break the rules | [`hostile`] |
//! | sockets in place of memory | [`Transport`] |
//! | plugins and brokers in any language, against the protocol | `conformance`, with the feature of that name |

mod calls;
mod cassette;
#[cfg(feature = "conformance")]
pub mod conformance;
mod control;
mod findings;
mod host;
pub mod hostile;
mod kit;
#[cfg(feature = "mock")]
pub mod mock;
mod path;
pub mod prelude;
mod process;
mod run;
mod secrets;
#[cfg(feature = "proptest")]
pub mod strategies;
mod targets;
mod tasks;
mod text;
mod transport;

pub use calls::{Call, CallExpectation, Calls};
pub use cassette::{Cassette, MAX_BODY_BYTES, MAX_FILE_BYTES, MAX_INTERACTIONS};
pub use findings::{Expected, finding};
pub use kit::Testkit;
pub use process::PluginProcess;
pub use run::{Decided, Ended, Logs, Run, allowed, denied};
pub use secrets::{SecretExpectation, Secrets};
pub use targets::{
    Answer, Conversation, Expectation, Fault, Gate, Pattern, Reply, Sent, Targets, get, request,
};

pub use transport::Transport;

pub use oxg_sdk_macros::test;

/// For the code that the macro writes.
#[doc(hidden)]
pub mod __private {
    pub use crate::kit::run;
}

/// The code of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
