//! Names to addresses.

#[cfg(feature = "hickory")]
mod hickory;
mod scripted;

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;

use oxg_protocol::host::HostName;

#[cfg(feature = "hickory")]
pub use hickory::HickoryResolver;
pub use scripted::ScriptedResolver;

/// What [`Resolve::resolve`] returns.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Finds the addresses of a name. The broker asks once a request, checks *every* answer, and dials
/// only what it checked.
pub trait Resolve: Send + Sync + 'static {
    /// Every address of `name`. The broker gives it the time of
    /// [`Limits::dns_ms`](oxg_protocol::Limits).
    fn resolve<'a>(&'a self, name: &'a HostName) -> Resolving<'a>;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a HostName) -> Resolving<'a> {
        Box::pin(async move {
            // With the root dot no search domain is tried.
            let absolute = format!("{name}.");
            let found = tokio::net::lookup_host((absolute, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}
