//! WebSockets (RFC 6455) through the broker, which checks and audits them like requests.
//!
//! ```no_run
//! # async fn example(http: oxg_sdk::clients::http::HttpClient) -> oxg_sdk::Result {
//! use oxg_sdk::clients::websocket::{CloseCode, Message, WebSocketBuilder};
//!
//! let mut socket = WebSocketBuilder::new(http, "wss://live.shop.test/feed")
//!     .subprotocol("prices.v1")
//!     .connect()
//!     .await?;
//! socket.send(Message::text("subscribe")).await?;
//! while let Some(message) = socket.receive().await {
//!     println!("{} bytes", message?.len());
//! }
//! socket.close(CloseCode::NORMAL, "").await?;
//! # Ok(())
//! # }
//! ```

mod builder;
mod close;
mod error;
mod message;
mod socket;

pub use builder::WebSocketBuilder;
pub use close::{Close, CloseCode};
pub use error::{HandshakeError, WebSocketError};
pub use message::Message;
pub use socket::WebSocket;
