//! Strategies for property tests with [`proptest`](mod@proptest): whatever is made is valid, and small when it
//! fails.
//!
//! | what | valid | just not valid |
//! |---|---|---|
//! | manifests, in both forms | [`manifests`], [`host_manifests`] | [`almost_valid_manifests`] |
//! | findings | [`findings`] | [`almost_valid_findings`] |
//! | tasks | [`tasks`] | [`almost_valid_tasks`] |
//! | what a plugin does | [`flows`], [`Call`] | |
//! | what targets do to it | [`fault_schedules`] | |
//!
//! ```
//! use oxg_manifest::Manifest;
//! use oxg_testkit::strategies;
//! use proptest::prelude::*;
//!
//! proptest! {
//!     #![proptest_config(ProptestConfig::with_cases(16))]
//!     # /*
//!     #[test]
//!     # */
//!     fn my_tool_takes_every_manifest(manifest in strategies::manifests()) {
//!         prop_assert!(Manifest::from_slice(manifest.to_string().as_bytes()).is_ok());
//!     }
//! }
//! # my_tool_takes_every_manifest();
//! ```
//!
//! A value that is just not valid comes with what is wrong with it, as [`AlmostValid`].

mod fault;
mod finding;
mod flow;
mod manifest;
mod task;

pub use fault::fault_schedules;
pub use finding::{almost_valid_findings, findings};
pub use flow::{Call, FLOW_HOSTS, FLOW_SECRET, flows};
pub use manifest::{almost_valid_manifests, host_manifests, manifests};
pub use task::{almost_valid_tasks, tasks};

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

/// A value that is valid but for one thing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AlmostValid {
    /// The value.
    pub value: Value,
    /// What is wrong with it.
    pub flaw: &'static str,
}

/// One way to spoil a value, and what is wrong then.
type Flaw = (&'static str, fn(&mut Value));

/// The values, each spoiled in one of these ways.
fn spoiled(
    values: impl Strategy<Value = Value>,
    flaws: &'static [Flaw],
) -> impl Strategy<Value = AlmostValid> {
    (values, any::<Index>()).prop_map(|(mut value, index)| {
        let (flaw, spoil) = *index.get(flaws);
        spoil(&mut value);
        AlmostValid { value, flaw }
    })
}

/// A text that shows whether anybody mistakes a character for markup, an end or an escape.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-zA-Z][a-zA-Z0-9 ,.]{0,30}", 1 => "[a-z]\\PC{0,20}[a-z]"]
}
