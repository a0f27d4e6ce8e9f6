//! Outbound HTTP. Every request goes through the broker, which checks it against the manifest,
//! speaks TLS itself and writes the audit.
//!
//! | what | where |
//! |---|---|
//! | requests | [`HttpClient`], [`RequestBuilder`] |
//! | secrets that the plugin never holds | [`secret`] |
//! | redirects, each a new and checked request | [`Redirect`], [`Redirected`] |
//! | retries | [`RetryPolicy`] |
//! | bodies in gzip, brotli and zstd, with the feature `decompression` | `Decompression` |
//! | answers | [`HttpResponse`] |
//! | errors | [`HttpError`] |

mod client;
#[cfg(feature = "decompression")]
mod decompress;
mod error;
mod exchange;
mod follow;
mod inject;
mod into_url;
mod invalid;
mod pairs;
mod redirect;
mod request;
mod response;
#[cfg(all(feature = "workspace", unix))]
mod save;
mod secret_handle;
mod text;

pub use crate::channel::RetryPolicy;
pub use client::HttpClient;
#[cfg(feature = "decompression")]
pub use decompress::{Decompression, DecompressionError};
pub use error::HttpError;
pub use follow::Redirected;
pub use into_url::IntoUrl;
pub use invalid::InvalidRequest;
pub use pairs::PairsError;
pub use redirect::{Redirect, RedirectError};
pub use request::RequestBuilder;
pub use response::HttpResponse;
pub use secret_handle::{IntoHeaderValue, SecretHandle, SecretValue, secret};
