//! The HTTP server that everything leads to: `GET /bytes/N` answers with N bytes; whatever has a
//! body is read to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::Result;

const PIECE: &[u8] = &[b'x'; 64 << 10];

/// A port of loopback that waits to be served.
pub struct Target {
    listener: TcpListener,
    address: SocketAddr,
}

impl Target {
    /// Takes any free port.
    pub async fn bind() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until it is dropped.
    pub async fn serve(self) -> Result<()> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                // How a connection ends is the client's affair.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer))
                    .await;
            });
        }
    }
}

async fn answer(request: Request<Incoming>) -> std::result::Result<Response<Repeat>, Infallible> {
    let size = request.uri().path().strip_prefix("/bytes/").and_then(|size| size.parse().ok());
    let mut response = Response::new(Repeat::new(size.unwrap_or(0)));
    if size.is_none() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    let mut body = request.into_body();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        if frame.is_err() {
            *response.status_mut() = StatusCode::BAD_REQUEST;
            break;
        }
    }
    Ok(response)
}

/// A body of so many bytes, none of them allocated.
pub struct Repeat {
    left: u64,
}

impl Repeat {
    /// A body of `size` bytes.
    #[must_use]
    pub fn new(size: u64) -> Self {
        Self { left: size }
    }
}

impl Body for Repeat {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let size = usize::try_from(self.left).unwrap_or(PIECE.len()).min(PIECE.len());
        self.left -= size as u64;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&PIECE[..size])))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
