//! Streams that let only well-formed messages through.
//!
//! hyper parses leniently: it takes bare line feeds, drops a `Content-Length` beside
//! `Transfer-Encoding`, forgets what stood in the request target, and takes white space and
//! extensions in the size of a chunk. The gate reads the same bytes first, in both directions, heads
//! and the framing of bodies alike. Once a connection has switched to another protocol, the gate is
//! open.

mod body;
mod head;
mod request;
mod response;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use head::{MAX_LINES, MAX_RESPONSE_LINES, Violation};
pub(crate) use request::{REFUSED_PATH, RequestGate};
pub(crate) use response::{ResponseGate, Turns};
pub(crate) use stream::Gated;
