//! Outbound HTTP. Every request goes through the broker, which checks it against the manifest,
//! speaks TLS itself and writes the audit.
//!
//! Redirects are not followed and bodies not decompressed: an answer is what the target sent.

mod client;
mod error;
mod into_url;
mod request;
mod response;

pub use client::HttpClient;
pub use error::HttpError;
pub use into_url::IntoUrl;
pub use request::RequestBuilder;
pub use response::HttpResponse;
