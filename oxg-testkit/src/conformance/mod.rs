//! Does a plugin, or a broker, in any language, keep to the protocol?
//!
//! A *case* is one rule of the protocol and a way to try it. Cases are data: those of this crate
//! are embedded, and [`CaseFile::read_dir`] reads more. A [`PluginSuite`] starts the program once a
//! case, with an environment built from nothing, against the real broker behind a tap that can
//! answer in the broker's place. A [`BrokerSuite`] sends requests to a broker's socket.
//!
//! ```no_run
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use oxg_manifest::Manifest;
//! use oxg_testkit::conformance::{KnownFailing, PluginSuite};
//! use serde_json::json;
//!
//! let manifest = Manifest::read("manifest.json")?;
//! let suite = PluginSuite::new("target/debug/header-audit", manifest)
//!     .task(json!({ "url": "https://shop.test/" }));
//! let report = suite.run(|_| {}).await?;
//! report.against(&KnownFailing::default())?.assert_conforms();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | what | where |
//! |---|---|
//! | a plugin under test | [`PluginSuite`] |
//! | a broker under test | [`BrokerSuite`] |
//! | what came of it | [`Report`], [`Outcome`], [`Verdict`] |
//! | cases that are known to fail | [`KnownFailing`] |
//! | cases of one's own | [`CaseFile`] |
//! | the list of all cases | [`infos`] |

mod broker;
mod case;
mod error;
mod known;
mod load;
mod plugin;
mod report;

pub use broker::BrokerSuite;
pub use case::{CaseId, CaseIdError, CaseInfo, Kind};
pub use error::{CaseError, ConformanceError};
pub use known::KnownFailing;
pub use load::{CaseFile, infos};
pub use plugin::PluginSuite;
pub use report::{Failure, Outcome, Report, Verdict};
