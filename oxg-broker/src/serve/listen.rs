//! The sockets that a broker listens on.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};
use std::time::Duration;

use oxg_protocol::Endpoint;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Server;
use crate::error::BrokerError;

/// A socket that the broker listens on. Dropped, or when the broker shuts down, it accepts no more
/// and a Unix socket's file goes.
#[derive(Debug)]
pub struct Listener {
    endpoint: Endpoint,
    stop: CancellationToken,
    file: Option<Arc<SocketFile>>,
}

/// The file of a Unix socket. It is removed once, while the socket is still open: what stands
/// there later is another's.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    removed: Once,
}

impl SocketFile {
    fn remove(&self) {
        self.removed.call_once(|| {
            let _ = std::fs::remove_file(&self.path);
        });
    }
}

impl Listener {
    /// Where it listens, as `OXG_BROKER` says it.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            file.remove();
        }
        self.stop.cancel();
    }
}

impl Server {
    pub(crate) fn listen_unix(&self, path: &Path) -> Result<Listener, BrokerError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let endpoint = Endpoint::Unix(path.clone());
        let listener = bind_unix(&path).map_err(|source| failed(&endpoint, source))?;
        let file = Arc::new(SocketFile { path, removed: Once::new() });
        let own = rustix::process::geteuid().as_raw();
        let stop = self.accept_loop(OwnUser { file: file.clone(), listener, own });
        Ok(Listener { endpoint, stop, file: Some(file) })
    }

    pub(crate) async fn listen_tcp(&self, address: SocketAddr) -> Result<Listener, BrokerError> {
        let wanted = Endpoint::Tcp(address);
        if !address.ip().is_loopback() {
            let source =
                io::Error::new(io::ErrorKind::InvalidInput, "plain TCP is for loopback only");
            return Err(failed(&wanted, source));
        }
        let bound = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) = bound.await.map_err(|source| failed(&wanted, source))?;
        let stop = self.accept_loop(listener);
        Ok(Listener { endpoint: Endpoint::Tcp(address), stop, file: None })
    }

    /// Serves what `listener` gives until the token is cancelled.
    fn accept_loop(&self, listener: impl Accept) -> CancellationToken {
        let stop = self.stop.child_token();
        let stopped = stop.clone();
        let server = self.clone();
        self.tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
            loop {
                let slot = server.slots.clone().acquire_owned().await.ok();
                match listener.next().await {
                    Ok(Some(stream)) => {
                        server.serve(stream, slot);
                    }
                    Ok(None) => {}
                    // Out of file descriptors, mostly: wait for some connection to end.
                    Err(_) => sleep(Duration::from_millis(50)).await,
                }
            }
        }));
        stopped
    }
}

/// A socket that gives streams.
trait Accept: Send + Sync + 'static {
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// The next stream; `None` for a peer that may not come in.
    fn next(&self) -> impl Future<Output = io::Result<Option<Self::Stream>>> + Send;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<Option<TcpStream>> {
        let (stream, _) = self.accept().await?;
        // A peer that left already is found out when it is read from.
        let _ = stream.set_nodelay(true);
        Ok(Some(stream))
    }
}

/// A Unix socket for the processes of one user.
struct OwnUser {
    file: Arc<SocketFile>,
    listener: UnixListener,
    own: u32,
}

impl Drop for OwnUser {
    fn drop(&mut self) {
        self.file.remove();
    }
}

impl Accept for OwnUser {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<Option<UnixStream>> {
        let (stream, _) = self.listener.accept().await?;
        let peer = stream.peer_cred().ok();
        Ok(peer.is_some_and(|peer| peer.uid() == self.own).then_some(stream))
    }
}

/// The longest path of a Unix socket on Linux, in bytes.
const MAX_PATH: usize = 107;

fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    if path.as_os_str().len() > MAX_PATH {
        let text = format!(
            "the path of a Unix socket has at most {MAX_PATH} bytes; choose a shorter folder, with TMPDIR for one"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let abandoned = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
        && std::os::unix::net::UnixStream::connect(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    if abandoned {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

fn failed(endpoint: &Endpoint, source: io::Error) -> BrokerError {
    BrokerError::Listen { endpoint: endpoint.to_string(), source }
}
