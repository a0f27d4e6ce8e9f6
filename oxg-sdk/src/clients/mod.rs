//! Typed clients, each a thin face over the [`BrokerChannel`](crate::channel::BrokerChannel).
//!
//! A plugin gets them from its [`Context`](crate::Context), bound to the task at hand: calls carry
//! the task's id into the audit and never outlive its deadline. Functions that take one client are
//! generic over one of the [`traits`], and so can be tested alone.

mod api;
mod artifacts;
mod connect;
mod findings;
pub mod http;
mod logs;
mod scope;
mod secrets;
mod tasks;
pub mod traits;
#[cfg(feature = "websocket")]
pub mod websocket;

pub use api::ApiError;
pub use artifacts::{
    Artifact, ArtifactError, ArtifactList, ArtifactsClient, Progress, PutArtifact,
};
pub use connect::Clients;
pub use findings::{FindingError, FindingsClient};
pub use secrets::{Secret, SecretError, SecretsClient};
pub use tasks::{TaskError, TasksClient};

pub(crate) use api::Api;
pub(crate) use logs::LogsClient;
pub(crate) use scope::Scope;
pub(crate) use secrets::SecretStore;
