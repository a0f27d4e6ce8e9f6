use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use http::HeaderValue;
use oxg_protocol::Endpoint;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::ChannelError;
use super::io::{HyperIo, Io};

type Connecting = Pin<Box<dyn Future<Output = io::Result<HyperIo>> + Send>>;

/// Gives streams to the broker.
#[derive(Clone)]
pub(super) struct Connector {
    dial: Arc<dyn Fn() -> Connecting + Send + Sync>,
    /// Where the streams lead, for people.
    peer: Arc<str>,
    /// The `Host` of API calls.
    pub(super) host: HeaderValue,
}

impl Connector {
    pub(super) fn to_endpoint(endpoint: &Endpoint) -> Result<Self, ChannelError> {
        let mut connector = match endpoint {
            #[cfg(unix)]
            Endpoint::Unix(path) => {
                let path = path.clone();
                Self::from_fn(move || tokio::net::UnixStream::connect(path.clone()))
            }
            Endpoint::Tcp(address) => {
                let address = *address;
                let mut connector = Self::from_fn(move || async move {
                    let stream = TcpStream::connect(address).await?;
                    stream.set_nodelay(true)?;
                    Ok(stream)
                });
                if let Ok(host) = HeaderValue::try_from(address.to_string()) {
                    connector.host = host;
                }
                connector
            }
            Endpoint::Tls { .. } => {
                return Err(unsupported(
                    endpoint,
                    "this build has no TLS; use unix:/PATH or http://127.0.0.1:PORT",
                ));
            }
            _ => {
                return Err(unsupported(
                    endpoint,
                    "this system or build does not know its kind; use http://127.0.0.1:PORT",
                ));
            }
        };
        connector.peer = endpoint.to_string().into();
        Ok(connector)
    }

    pub(super) fn from_fn<F, C, I>(connect: F) -> Self
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Future<Output = io::Result<I>> + Send + 'static,
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self {
            dial: Arc::new(move || {
                let connecting = connect();
                Box::pin(async move {
                    let stream: Box<dyn Io> = Box::new(connecting.await?);
                    Ok(HyperIo::new(stream))
                })
            }),
            peer: "its in-memory address".into(),
            host: HeaderValue::from_static("localhost"),
        }
    }

    pub(super) async fn connect(&self) -> Result<HyperIo, ChannelError> {
        (self.dial)()
            .await
            .map_err(|source| ChannelError::Connect { peer: self.peer.to_string(), source })
    }
}

fn unsupported(endpoint: &Endpoint, reason: &'static str) -> ChannelError {
    ChannelError::Unsupported { endpoint: endpoint.to_string(), reason }
}
