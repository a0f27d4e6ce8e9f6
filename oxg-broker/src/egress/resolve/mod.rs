//! Names to addresses.

#[cfg(feature = "hickory")]
mod hickory;
mod scripted;

use std::future::Future;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::pin::Pin;

use oxg_protocol::host::HostName;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

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

/// The most look-ups of the system's at a time. Each takes a thread, and one that is given up keeps
/// its own until the system gives up too: without a bound, names that nobody answers for would take
/// the threads that files are read and written on.
const MAX_LOOKUPS: usize = 64;
static LOOKUPS: Semaphore = Semaphore::const_new(MAX_LOOKUPS);

/// The resolver of the operating system. At most 64 look-ups of a process are under way; the next
/// one waits.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a HostName) -> Resolving<'a> {
        // With the root dot no search domain is tried.
        let absolute = format!("{name}.");
        Box::pin(on_thread(&LOOKUPS, move || {
            let found = (absolute.as_str(), 0).to_socket_addrs()?;
            Ok(found.map(|address| address.ip()).collect())
        }))
    }
}

/// Does `work` on a thread of its own, one of as many as there are `places`.
async fn on_thread<T: Send + 'static>(
    places: &'static Semaphore,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let place = places.acquire().await.map_err(io::Error::other)?;
    let working = spawn_blocking(move || {
        let _place = place;
        work()
    });
    working.await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn a_look_up_that_is_given_up_keeps_its_place_until_its_thread_ends() {
        static PLACES: Semaphore = Semaphore::const_new(1);
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (end, ended) = channel::<()>();
        let stuck = tokio::spawn(on_thread(&PLACES, move || {
            let _ = begun.send(());
            let _ = ended.recv();
            Ok(())
        }));
        has_begun.await.unwrap();
        stuck.abort();
        assert!(stuck.await.unwrap_err().is_cancelled());
        assert_eq!(PLACES.available_permits(), 0);
        drop(end);
        assert_eq!(on_thread(&PLACES, || Ok(7)).await.unwrap(), 7);
    }
}
