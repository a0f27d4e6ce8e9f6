//! Where the tap listens. It can be away, and come back.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oxg_protocol::Endpoint;
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::case::Transport;
use super::tap::Tap;

/// Where the tap listens. Dropped, it ends every connection.
pub(super) struct Socket {
    address: Address,
    tap: Arc<Tap>,
    /// None while it is away.
    open: Option<Open>,
}

enum Address {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

struct Open {
    tasks: TaskTracker,
    stop: CancellationToken,
    _stop: DropGuard,
}

impl Socket {
    pub(super) async fn open(
        transport: Transport,
        folder: &Path,
        tap: Arc<Tap>,
    ) -> io::Result<Self> {
        let address = match transport {
            Transport::Unix => Address::Unix(folder.join("broker.sock")),
            Transport::Tcp => Address::Tcp(([127, 0, 0, 1], 0).into()),
        };
        let mut socket = Self { address, tap, open: None };
        socket.come_back().await?;
        Ok(socket)
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        match &self.address {
            Address::Unix(path) => Endpoint::Unix(path.clone()),
            Address::Tcp(address) => Endpoint::Tcp(*address),
        }
    }

    /// Ends every connection and takes no more.
    pub(super) async fn go_away(&mut self) {
        if let Some(open) = self.open.take() {
            open.stop.cancel();
            open.tasks.close();
            open.tasks.wait().await;
        }
        if let Address::Unix(path) = &self.address {
            // Nobody else made it; that it is gone already is as good.
            let _ = std::fs::remove_file(path);
        }
    }

    /// Listens where it did before.
    pub(super) async fn come_back(&mut self) -> io::Result<()> {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (tap, inner, stopped) = (Arc::clone(&self.tap), tasks.clone(), stop.clone());
        match &mut self.address {
            Address::Unix(path) => {
                let listener = UnixListener::bind(path)?;
                tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
                    while let Ok((stream, _)) = listener.accept().await {
                        let serving = Arc::clone(&tap).serve(stream);
                        inner.spawn(stopped.clone().run_until_cancelled_owned(serving));
                    }
                }));
            }
            Address::Tcp(address) => {
                let listener = TcpListener::bind(*address).await?;
                *address = listener.local_addr()?;
                tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
                    while let Ok((stream, _)) = listener.accept().await {
                        let serving = Arc::clone(&tap).serve(stream);
                        inner.spawn(stopped.clone().run_until_cancelled_owned(serving));
                    }
                }));
            }
        }
        self.open = Some(Open { tasks, _stop: stop.clone().drop_guard(), stop });
        Ok(())
    }
}
