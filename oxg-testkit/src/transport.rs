//! How the plugin of a test reaches its broker.

use std::io;

use oxg_broker::{Listener, Session};
use oxg_redact::Redactor;
use oxg_sdk::channel::{BrokerChannel, ChannelBuilder, TokenSource};
use secrecy::ExposeSecret as _;

use crate::host::Host;

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

/// The way of one session to the broker, and what must live as long as it is used.
pub(crate) struct Way {
    pub(crate) channel: BrokerChannel,
    _listener: Option<Listener>,
    _directory: Option<tempfile::TempDir>,
}

impl Transport {
    /// # Panics
    /// If the system has no folder, socket or port for it.
    #[allow(clippy::panic, reason = "a testkit that cannot be reached is a failed test")]
    pub(crate) async fn open(self, host: &Host, session: &Session, redactor: &Redactor) -> Way {
        let token = TokenSource::value(session.token().expose_secret());
        let token = token.unwrap_or_else(|error| panic!("the token cannot be used: {error}"));
        let build =
            |channel: ChannelBuilder| channel.token(token).redactor(redactor.clone()).build();
        let listener = match self {
            Self::Memory => {
                let channel = build(in_memory(host));
                return Way { channel, _listener: None, _directory: None };
            }
            Self::Unix => {
                let directory = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
                let listener = host.broker.listen_unix(directory.path().join("broker.sock"));
                listener.map(|listener| (listener, Some(directory)))
            }
            Self::Tcp => {
                let listener = host.broker.listen_tcp(([127, 0, 0, 1], 0).into()).await;
                listener.map(|listener| (listener, None))
            }
        };
        let (listener, directory) = listener.unwrap_or_else(|error| panic!("{error}"));
        let channel = BrokerChannel::builder(listener.endpoint());
        let channel = build(channel.unwrap_or_else(|error| panic!("{error}")));
        Way { channel, _listener: Some(listener), _directory: directory }
    }
}

fn in_memory(host: &Host) -> ChannelBuilder {
    let (broker, outage) = (host.broker.clone(), host.outage.clone());
    BrokerChannel::from_connector(move || {
        let stream = (!outage.is_on()).then(|| broker.connect());
        std::future::ready(stream.ok_or_else(|| io::ErrorKind::ConnectionRefused.into()))
    })
}
