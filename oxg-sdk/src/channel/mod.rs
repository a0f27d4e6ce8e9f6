//! The one way to the broker: [`BrokerChannel`], a [`tower::Service`].
//!
//! ```text
//! BrokerChannel = deadline → concurrency limit → retry → problem → stamp → pool
//! ```
//!
//! Each step is a module of its own, and a plain `async fn`: one call is one allocation, however many
//! steps there are. Layers of an author's own go on top. The pool keeps a few idle HTTP/1.1 connections over a Unix
//! socket, loopback TCP, or whatever a test puts there; the caller of a call drives its connection. The *stamp* writes the fields that every
//! call carries (token, deadline, protocol version, task). *Problem* turns an answer with the
//! header `oxg-error` into [`ChannelError::Broker`]; an answer without it is the target's, whatever
//! its status.

mod body;
mod body_file;
mod budget;
mod builder;
mod call;
mod connection;
mod connector;
mod deadline;
mod error;
mod io;
mod limit;
mod pool;
mod pooled_body;
mod problem;
mod retry;
mod retry_after;
mod retry_policy;
mod service;
mod stamp;
mod token;
#[cfg(feature = "websocket")]
mod upgrade;

pub use body::{Body, BodyError};
pub use builder::ChannelBuilder;
pub use call::CallOptions;
pub(crate) use deadline::{GRACE, MAX as MAX_DEADLINE};
pub(crate) use error::describe;
pub use error::{BoxError, ChannelError};
pub use retry_policy::RetryPolicy;
pub use service::{BrokerChannel, ChannelFuture};
pub use token::{TokenError, TokenSource};

#[cfg(feature = "websocket")]
pub(crate) use {io::Io, upgrade::upgraded};
