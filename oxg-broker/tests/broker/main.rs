//! The broker as its plugins and targets meet it: over sockets, pipes and processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod api;
mod artifacts;
mod audit;
mod crash;
mod disk;
mod egress;
mod faults;
mod http2;
mod inject;
mod launch;
mod limits;
mod listen;
mod malformed;
mod policy;
mod pool;
mod reports;
mod secrets;
mod support;
mod tasks;
mod time;
#[cfg(feature = "vault")]
mod vault;
mod websocket;
