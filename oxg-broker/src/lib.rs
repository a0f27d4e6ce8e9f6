//! The host's side of the oxg family: a reference broker for plugins.
//!
//! Everything that a plugin does goes through a broker, which decides, does it, and writes the
//! decision down. This one is made to develop and test against, on one machine.
//!
//! | where | what |
//! |---|---|
//! | [`Broker`], [`BrokerBuilder`] | the broker, and what its host reads back: findings, audit, logs |
//! | [`Session`], [`SessionBuilder`] | one run of one plugin: its token, secrets, tasks, artifacts |
//! | [`Listener`] | a Unix socket or a loopback port; [`Broker::connect`] does without either |
//! | [`policy`] | where a plugin may go: pure, no I/O |
//! | [`secrets`] | where secrets come from: a file, the environment, a program, Vault |
//! | [`tasks`] | where tasks are kept: in memory, or so that they survive the process |
//! | [`egress`] | the two things that a test may script: resolving names and reaching targets |
//! | [`intercept`] | a third: what becomes of a call, for a broker that fails on purpose |
//! | `ObjectArtifacts` | with the feature `object-store`: artifacts that brokers share |
//! | [`launch`] | starting a plugin as a process with an environment built from nothing |
//!
//! Data flows one way: [connection](Broker::connect) → gate for malformed bytes → dispatcher →
//! service → store.
//!
//! What it does not do yet: kernel-level isolation, mutual TLS.

mod api;
mod artifacts;
mod audit;
mod body;
mod broker;
mod call;
mod directory;
pub mod egress;
mod error;
mod findings;
mod gate;
pub mod intercept;
mod jsonl;
pub mod launch;
pub mod policy;
mod random;
pub mod secrets;
mod serve;
mod services;
mod session;
mod sessions;
pub mod tasks;

#[cfg(feature = "object-store")]
pub use artifacts::{ObjectArtifacts, ObjectStoreError};
pub use body::{Body, BodyError, CutShort, full};
pub use broker::{Broker, BrokerBuilder};
pub use error::BrokerError;
pub use serve::{GRACE, Listener};
pub use session::{Session, SessionBuilder};
pub use tasks::{TaskState, TaskView};
