//! Peers that break the rules on purpose: a broker that lies, a plugin that attacks.
//!
//! They speak raw bytes over any stream, so that a client or a broker in whatever language can be
//! held against them. The SDK and `oxg-broker` are, in this crate's own tests.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
//! use oxg_sdk::channel::{BrokerChannel, TokenSource};
//! use oxg_sdk::clients::Clients;
//! use oxg_testkit::hostile::HostileBroker;
//!
//! for hostile in HostileBroker::ALL {
//!     let connect = move || std::future::ready(Ok(hostile.connect()));
//!     let token = TokenSource::value("tok-0123456789abcdef")?;
//!     let channel = BrokerChannel::from_connector(connect).token(token).build();
//!     let session = Clients::new(channel, Default::default()).session().await;
//!     // A session of another plugin is well-formed all the same.
//!     assert!(session.is_err() || hostile == HostileBroker::WrongIds, "{hostile:?}");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod broker;
mod plugin;
mod wire;

pub use broker::HostileBroker;
pub use plugin::{Attack, HostilePlugin};
