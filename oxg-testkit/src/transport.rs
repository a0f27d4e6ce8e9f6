//! How the plugin of a test reaches its broker.

use oxg_broker::{Broker, Listener};
use oxg_sdk::channel::{BrokerChannel, ChannelBuilder};

/// How the plugin of a test reaches its broker. The broker is the same on each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Transport {
    /// A stream in memory; time may be the test's own.
    #[default]
    Memory,
    /// A Unix socket in a folder of the test's. Needs real time: a paused clock runs on while the
    /// system has bytes under way.
    Unix,
    /// A free port of loopback. Needs real time.
    Tcp,
}

/// The way to the broker, and what must live as long as it is used.
pub(crate) struct Way {
    pub(crate) channel: ChannelBuilder,
    _listener: Option<Listener>,
    _directory: Option<tempfile::TempDir>,
}

impl Transport {
    /// # Panics
    /// If the system has no folder, socket or port for it.
    #[allow(clippy::panic, reason = "a testkit that cannot be reached is a failed test")]
    pub(crate) async fn open(self, broker: &Broker) -> Way {
        let listener = match self {
            Self::Memory => {
                let broker = broker.clone();
                let connect = move || std::future::ready(Ok(broker.connect()));
                let channel = BrokerChannel::from_connector(connect);
                return Way { channel, _listener: None, _directory: None };
            }
            Self::Unix => {
                let directory = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
                let listener = broker.listen_unix(directory.path().join("broker.sock"));
                listener.map(|listener| (listener, Some(directory)))
            }
            Self::Tcp => {
                let listener = broker.listen_tcp(([127, 0, 0, 1], 0).into()).await;
                listener.map(|listener| (listener, None))
            }
        };
        let (listener, directory) = listener.unwrap_or_else(|error| panic!("{error}"));
        let channel = BrokerChannel::builder(listener.endpoint());
        let channel = channel.unwrap_or_else(|error| panic!("{error}"));
        Way { channel, _listener: Some(listener), _directory: directory }
    }
}
